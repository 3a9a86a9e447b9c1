//! What happened to a job: its runs, those that were alike as one, with what was answered to them.

use std::collections::HashMap;
use std::time::Duration;

use super::What;
use super::answers::{Places, Reply, replies};
use crate::format::time::Time;
use crate::state::history::{Answered, Event, Ran};
use crate::status::State;
use crate::status::decision::{Decided, Fate};
use crate::status::fingerprint;

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
    /// Whether their alert was sent and by which rule, as it was written down.
    pub decision: String,
    /// The code that stands beside it.
    pub code: Option<String>,
    /// Whether their alert was sent.
    pub is_sent: bool,
    /// The first line of the error, of the first run.
    pub error: String,
    /// What the run said of itself: names and values. Runs that said different things are not one.
    pub facts: Vec<(String, String)>,
    /// The ids of the alerts.
    pub alerts: Vec<String>,
    /// What became of them.
    pub replies: Vec<Reply>,
}

/// Puts the answers beside the alerts, and counts runs that were alike.
pub(super) fn happened(lines: Vec<Event>, places: &Places) -> Vec<Happened> {
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
    let mut events: Vec<Happened> = Vec::new();
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
        match events.last_mut() {
            Some(last) if last.is_like(&next) => last.join(next),
            _ => events.push(next),
        }
    }
    events
}

impl Happened {
    fn new(ran: &Ran, what: What, replies: Vec<Reply>) -> Self {
        let decision = ran.decision.as_ref();
        Self {
            what,
            begun: ran.begun,
            last: ran.last.unwrap_or(ran.begun),
            decided: ran.decided_at(),
            runs: ran.runs,
            state: ran.state,
            took: ran.took,
            decision: decision.map(Decided::words).unwrap_or_default(),
            code: decision.and_then(Decided::code),
            is_sent: decision.and_then(Decided::fate) == Some(Fate::Sent),
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
            && (self.state, &self.decision, &self.facts)
                == (next.state, &next.decision, &next.facts)
            && fingerprint::is_one(&self.error, &next.error)
            && self.alerts.is_empty() == next.alerts.is_empty()
            && said(self) == said(next)
    }

    fn join(&mut self, next: Self) {
        self.runs = self.runs.saturating_add(next.runs);
        self.last = next.last;
        self.took = next.took;
        self.alerts.extend(next.alerts);
        for (reply, next) in self.replies.iter_mut().zip(next.replies) {
            reply.times = reply.times.saturating_add(next.times);
            reply.at = next.at;
            reply.later = reply.later.max(next.later);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::rules::{Reason, Settings};
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
            decision: Decided::of(None, decision),
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
            ran(0, Ok, "not sent: still OK", None),
            ran(5, Ok, "not sent: still OK", None),
            ran(10, Error, "sent: the status changed", Some("a1")),
            answer(10, "a1", "not now: answered 503"),
            answer(11, "a1", "not now: answered 503"),
            answer(12, "a1", "accepted"),
            ran(15, Error, "sent: still failing", Some("a2")),
            answer(15, "a2", "accepted"),
            ran(20, Error, "sent: still failing", Some("a3")),
            answer(21, "a3", "accepted"),
            ran(25, Error, "sent: still failing", Some("a4")),
        ];
        let places = Places {
            waiting: HashMap::from([("a4".to_owned(), vec!["alerts".to_owned()])]),
            held: HashMap::new(),
        };
        let happened = happened(events, &places);
        let runs: Vec<_> = happened
            .iter()
            .map(|happened| (happened.runs, happened.last))
            .collect();
        let expected = [(2, 5), (1, 10), (2, 20), (1, 25)];
        assert_eq!(runs, expected.map(|(runs, minute)| (runs, minutes(minute))));
        let replies = |at: usize| -> Vec<_> {
            let replies = happened[at].replies.iter();
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
    fn errors_that_are_alike_but_for_numbers_are_one_line() {
        let failed = |minute, error: &str| {
            let Event::Ran(ran) = ran(minute, State::Error, "not sent: as before", None) else {
                unreachable!()
            };
            Event::Ran(Ran {
                error: error.to_owned(),
                ..ran
            })
        };
        let events = vec![
            failed(0, "refused after 12 s"),
            failed(5, "refused after 17 s"),
            failed(10, "error code 4: refused"),
            failed(15, "error code 5: refused"),
        ];
        let happened = happened(events, &Places::default());
        let runs: Vec<_> = happened.iter().map(|one| (one.runs, &*one.error)).collect();
        let expected = [
            (2, "refused after 12 s"),
            (1, "error code 4: refused"),
            (1, "error code 5: refused"),
        ];
        assert_eq!(runs, expected);
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
        let happened = happened(events, &places);
        let words: Vec<_> = happened
            .iter()
            .flat_map(|happened| &happened.replies)
            .collect();
        let words: Vec<_> = words.iter().map(|reply| &*reply.words).collect();
        assert_eq!(
            words,
            [
                "taken back: a later alert says the same",
                "taken back: the job worked again",
                "held back"
            ]
        );
    }

    #[test]
    fn an_alert_that_was_held_when_a_person_silenced_its_error_is_taken_back() {
        let decision = "not sent: fewer failures in a row than `after`";
        let mut events = [
            ran(0, State::Error, decision, Some("a1")),
            ran(0, State::Error, decision, Some("a2")),
        ];
        let [Event::Ran(held), Event::Ran(silenced)] = &mut events else {
            panic!("{events:?}")
        };
        held.held = Some(minutes(60));
        silenced.settings = None;
        let happened = happened(events.to_vec(), &Places::default());
        let replies = happened.iter().flat_map(|happened| &happened.replies);
        let words: Vec<_> = replies.map(|reply| &*reply.words).collect();
        let taken_back = "taken back: a person silenced it";
        assert_eq!(words, [taken_back, "no answer is known"]);
        assert_eq!(happened[1].what, What::Person);
    }

    /// Issue 13, point 1: what a line is about goes by its code, and by the words of a line that has none.
    #[test]
    fn other_words_change_nothing_that_is_shown_but_the_words() {
        use What::{Aside, Runs, SilenceOver};
        let lines = |words: fn(&Decided) -> Option<Decided>| -> Vec<Event> {
            let decided = [
                (State::Ok, Fate::NotSent, Reason::NothingNew),
                (State::Ok, Fate::NotSent, Reason::NothingNew),
                (State::Error, Fate::Sent, Reason::Changed),
                (State::Error, Fate::Sent, Reason::Overdue),
                (State::Error, Fate::Sent, Reason::Older),
                (State::Error, Fate::NotSent, Reason::Overtaken),
                (State::Error, Fate::Sent, Reason::SilenceOver),
                (State::Error, Fate::Undelivered, Reason::UnsentFailure),
            ];
            let lines = (0..).zip(decided).map(|(minute, (state, fate, reason))| {
                let Event::Ran(ran) = ran(minute, state, "", None) else {
                    unreachable!()
                };
                let decision = words(&Decided::By(fate, reason));
                Event::Ran(Ran { decision, ..ran })
            });
            lines.collect()
        };
        let shown = |lines| -> Vec<_> {
            let events = happened(lines, &Places::default()).into_iter();
            events
                .map(|event| (event.what, event.runs, event.is_sent, event.state))
                .collect()
        };
        let today = shown(lines(|decided| Some(decided.clone())));
        let reworded = |decided: &Decided| Decided::of(decided.code().as_deref(), "in new words");
        assert_eq!(shown(lines(reworded)), today);
        let what: Vec<_> = today.iter().map(|(what, ..)| *what).collect();
        assert_eq!(what, [Runs, Runs, Aside, Aside, Aside, SilenceOver, Runs]);
        let without_code = |decided: &Decided| Decided::of(None, &decided.words());
        assert_eq!(shown(lines(without_code)), today);
    }
}
