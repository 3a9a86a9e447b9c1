//! What happened to a job: its runs, those that were alike as one, with what was answered to them.

use std::collections::HashMap;
use std::time::Duration;

use super::What;
use super::answers::{Places, Reply, replies};
use crate::format::time::Time;
use crate::state::history::{Answered, Event, Ran};
use crate::status::State;

/// Something that happened to a job; runs that were alike are one.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    /// What it is.
    pub what: What,
    /// When the first run began.
    pub begun: Time,
    /// When the last one began.
    pub last: Time,
    /// When the first run ended, and it was decided.
    pub decided: Time,
    /// How many runs.
    pub runs: u64,
    /// How they ended.
    pub state: State,
    /// How long the last one took.
    pub took: Option<Duration>,
    /// Whether they were told and by which rule, as it was written down.
    pub decision: String,
    /// Whether people were told.
    pub is_told: bool,
    /// The first line of the error.
    pub error: String,
    /// What the run said of itself: names and values. Runs that said different things are not one.
    pub facts: Vec<(String, String)>,
    /// The ids of the alerts.
    pub alerts: Vec<String>,
    /// What became of them.
    pub replies: Vec<Reply>,
}

/// Puts what was answered beside what was told, and counts runs that were alike.
pub(super) fn tell(lines: Vec<Event>, places: &Places) -> Vec<Happened> {
    let mut runs = Vec::new();
    let mut answers: HashMap<String, Vec<Answered>> = HashMap::new();
    for line in lines {
        match line {
            Event::Ran(ran) => runs.push(ran),
            Event::Answered(answered) => answers
                .entry(answered.alert.clone())
                .or_default()
                .push(answered),
        }
    }
    let mut told: Vec<Happened> = Vec::new();
    let mut earlier = None;
    for (number, ran) in runs.iter().enumerate() {
        let what = ran.what(earlier);
        if what == What::Runs {
            earlier = Some(ran.begun);
        }
        let answers = ran.alert.as_ref().and_then(|id| answers.get(id));
        let replies = replies(
            ran,
            answers.map_or(&[], Vec::as_slice),
            places,
            &runs[number + 1..],
        );
        let next = Happened::new(ran, what, replies);
        match told.last_mut() {
            Some(last) if last.is_like(&next) => last.join(next),
            _ => told.push(next),
        }
    }
    told
}

impl Happened {
    fn new(ran: &Ran, what: What, replies: Vec<Reply>) -> Self {
        Self {
            what,
            begun: ran.begun,
            last: ran.last.unwrap_or(ran.begun),
            decided: ran.decided_at(),
            runs: ran.runs,
            state: ran.state,
            took: ran.took,
            decision: ran.decision.clone(),
            is_told: ran.decision.starts_with("told"),
            error: ran.error.clone(),
            facts: ran.facts.to_vec(),
            alerts: ran.alert.iter().cloned().collect(),
            replies,
        }
    }

    fn is_like(&self, next: &Self) -> bool {
        let said = |one: &Self| -> Vec<(Option<String>, String)> {
            let replies = one.replies.iter();
            replies
                .map(|reply| (reply.channel.clone(), reply.words.clone()))
                .collect()
        };
        let is_run = self.what == What::Runs && next.what == What::Runs;
        is_run
            && (self.state, &self.decision, &self.error, &self.facts)
                == (next.state, &next.decision, &next.error, &next.facts)
            && self.alerts.is_empty() == next.alerts.is_empty()
            && said(self) == said(next)
    }

    fn join(&mut self, next: Self) {
        self.runs += next.runs;
        self.last = next.last;
        self.took = next.took;
        self.alerts.extend(next.alerts);
        for (reply, next) in self.replies.iter_mut().zip(next.replies) {
            reply.times += next.times;
            reply.at = next.at;
            reply.later = reply.later.max(next.later);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::rules::Settings;
    use crate::status::facts::Facts;

    fn minutes(minutes: i64) -> Time {
        DateTime::from_timestamp(1_795_348_800, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    fn ran(minute: i64, state: State, decision: &str, alert: Option<&str>) -> Event {
        Event::Ran(Ran {
            begun: minutes(minute),
            state,
            took: Some(Duration::from_secs(2)),
            runs: 1,
            decision: decision.to_owned(),
            alert: alert.map(str::to_owned),
            error: String::new(),
            last: None,
            decided: None,
            channel: alert.map(|_| "alerts".to_owned()),
            held: None,
            settings: Some(Settings::default()),
            facts: Facts::default(),
        })
    }

    fn answer(minute: i64, alert: &str, answer: &str) -> Event {
        Event::Answered(Answered {
            at: minutes(minute) + TimeDelta::seconds(3),
            alert: alert.to_owned(),
            channel: "alerts".to_owned(),
            answer: answer.to_owned(),
        })
    }

    #[test]
    fn runs_that_were_alike_are_one_with_what_was_answered_to_them() {
        use State::{Error, Ok};
        let events = vec![
            ran(0, Ok, "not told: OK as before", None),
            ran(5, Ok, "not told: OK as before", None),
            ran(10, Error, "told: the status changed", Some("a1")),
            answer(10, "a1", "not now: answered 503"),
            answer(11, "a1", "not now: answered 503"),
            answer(12, "a1", "accepted"),
            ran(15, Error, "told: it fails again", Some("a2")),
            answer(15, "a2", "accepted"),
            ran(20, Error, "told: it fails again", Some("a3")),
            answer(21, "a3", "accepted"),
            ran(25, Error, "told: it fails again", Some("a4")),
        ];
        let places = Places {
            waiting: HashMap::from([("a4".to_owned(), vec!["alerts".to_owned()])]),
            held: HashMap::new(),
        };
        let told = tell(events, &places);
        let runs: Vec<_> = told.iter().map(|told| (told.runs, told.last)).collect();
        let expected = [(2, 5), (1, 10), (2, 20), (1, 25)];
        assert_eq!(runs, expected.map(|(runs, minute)| (runs, minutes(minute))));
        let replies = |at: usize| -> Vec<_> {
            let replies = told[at].replies.iter();
            replies
                .map(|reply| {
                    (
                        &*reply.words,
                        reply.times,
                        reply.later.map(|time| time.as_secs()),
                    )
                })
                .collect()
        };
        assert_eq!(
            replies(1),
            [
                ("not now: answered 503", 2, Some(61)),
                ("accepted", 1, Some(121))
            ]
        );
        assert_eq!(replies(2), [("accepted", 2, Some(61))]);
        assert_eq!(replies(3), [("waits", 0, None)]);
    }

    #[test]
    fn a_held_alert_says_where_it_went() {
        let mut events = vec![
            ran(0, State::Error, "not told: x", Some("a1")),
            ran(5, State::Error, "not told: x", Some("a2")),
            ran(10, State::Ok, "not told: y", None),
            ran(15, State::Error, "not told: x", Some("a3")),
        ];
        for event in &mut events {
            if let Event::Ran(ran) = event {
                ran.held = ran.alert.as_ref().map(|_| minutes(60));
            }
        }
        let places = Places {
            waiting: HashMap::new(),
            held: HashMap::from([("a3".to_owned(), minutes(60))]),
        };
        let told = tell(events, &places);
        let words: Vec<_> = told.iter().flat_map(|told| &told.replies).collect();
        let words: Vec<_> = words.iter().map(|reply| &*reply.words).collect();
        assert_eq!(
            words,
            [
                "taken back, for a later one says the same",
                "taken back, for it worked again",
                "held back"
            ]
        );
    }

    #[test]
    fn an_alert_that_was_held_when_a_person_silenced_its_error_is_taken_back() {
        let decision = "not told: fewer failures in a row than after";
        let mut events = [
            ran(0, State::Error, decision, Some("a1")),
            ran(0, State::Error, decision, Some("a2")),
        ];
        let [Event::Ran(held), Event::Ran(silenced)] = &mut events else {
            panic!("{events:?}")
        };
        held.held = Some(minutes(60));
        silenced.settings = None;
        let told = tell(events.to_vec(), &Places::default());
        let replies = told.iter().flat_map(|told| &told.replies);
        let words: Vec<_> = replies.map(|reply| &*reply.words).collect();
        let taken_back = "taken back, for a person has silenced it";
        assert_eq!(words, [taken_back, "no answer is known"]);
        assert_eq!(told[1].what, What::Person);
    }
}
