//! What happened to a job, told in order: which rule decided each time, what became of its alerts, and
//! what would happen next. Nothing here makes or changes a file.

mod outlook;
mod reply;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;

pub use self::outlook::{Chance, Hold, Outlook};
pub use self::reply::Reply;
use self::reply::{Places, replies};
use crate::file::{self, Links};
use crate::history::{Answered, Event, History, Ran};
use crate::look::{self, Job};
use crate::rules::{self, Reason, Settings};
use crate::status::{State, Status};
use crate::store;
use crate::time::Time;

/// What is known of a job's past and future.
#[derive(Debug)]
pub struct Story {
    /// Its status file.
    pub job: Job,
    /// When its held alert leaves.
    pub held_until: Option<Time>,
    /// The settings that decided last.
    pub rules: Rules,
    /// Whether those are known; otherwise they are the defaults.
    pub knows_rules: bool,
    /// The oldest first; runs that were alike are one.
    pub events: Vec<Happened>,
    /// What would happen next.
    pub next: Vec<Outlook>,
    /// How many users' histories cannot be read.
    pub closed: usize,
}

/// The settings that the rules read, by the names of the attribute's arguments.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(
    missing_docs,
    reason = "the arguments of the attribute, by their names"
)]
pub struct Rules {
    pub silent_seconds: f64,
    /// Infinity is "no `OK` at all".
    pub ok_silent_hours: f64,
    pub remind_hours: f64,
    pub after: u64,
    pub flapping: bool,
}

/// What a line of the story is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Runs that ended.
    Runs,
    /// A run that should have ended, or one that was found dead when a later one had ended.
    Aside,
    /// What a person did to the status.
    Person,
    /// What a silence withheld, told when it was over.
    SilenceOver,
}

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
    /// The ids of the alerts.
    pub alerts: Vec<String>,
    /// What became of them.
    pub replies: Vec<Reply>,
}

/// A run, as a strip of runs shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "as they say")]
pub struct Recent {
    pub state: State,
    pub begun: Time,
    pub took: Option<Duration>,
    /// Runs that were alike.
    pub runs: u64,
}

/// Tells a job's story; `None` where it has no status file.
///
/// # Errors
///
/// Where that file or the directory cannot be read, or is no status file.
pub fn story(directory: &Path, name: &str, now: Time) -> io::Result<Option<Story>> {
    let Some(file) = look::find(directory, name) else {
        return Ok(None);
    };
    let content = file::read(&directory.join(&file), store::LIMIT, Links::Refuse)?;
    let Some(content) = content else {
        return Ok(None);
    };
    let status = Status::parse(&content)
        .ok_or_else(|| io::Error::other("its status file is no status file"))?;
    let (lines, closed) = lines(directory, &file)?;
    let known = lines.iter().rev().find_map(|line| match line {
        Event::Ran(ran) => ran.settings,
        Event::Answered(_) => None,
    });
    let settings = known.unwrap_or_default();
    let places = Places::of(directory, &file, &status)?;
    Ok(Some(Story {
        next: outlook::outlooks(&status, settings, now),
        held_until: status.held.as_ref().map(|held| held.until),
        rules: Rules::of(&settings),
        knows_rules: known.is_some(),
        events: tell(lines, &places),
        closed,
        job: Job::new(&file, status),
    }))
}

/// Returns a job's latest runs, the oldest first.
#[must_use]
pub fn recent(directory: &Path, file: &str, most: usize) -> Vec<Recent> {
    let lines = lines(directory, file).map(|(lines, _)| lines);
    let mut earlier = None;
    let mut runs = Vec::new();
    for line in lines.unwrap_or_default() {
        let Event::Ran(ran) = line else { continue };
        if ran.what(earlier) == What::Runs {
            earlier = Some(ran.begun);
            runs.push(Recent {
                state: ran.state,
                begun: ran.begun,
                took: ran.took,
                runs: ran.runs,
            });
        }
    }
    runs.split_off(runs.len().saturating_sub(most))
}

/// Reads what the users' histories say of a job, and counts those that cannot be read.
fn lines(directory: &Path, file: &str) -> io::Result<(Vec<Event>, usize)> {
    let (mut lines, mut closed, mut read) = (Vec::new(), 0, 0);
    for hidden in look::users(directory)? {
        // Its owner alone can look into it.
        if std::fs::read_dir(&hidden).is_err() {
            closed += 1;
            continue;
        }
        let events = History::new(&hidden).read(file);
        read += usize::from(!events.is_empty());
        lines.extend(events);
    }
    if read > 1 {
        lines.sort_by_key(|line| match line {
            Event::Ran(ran) => ran.decided_at(),
            Event::Answered(answered) => answered.at,
        });
    }
    Ok((lines, closed))
}

impl Ran {
    /// When it was decided whether it is told, as far as that is known.
    fn decided_at(&self) -> Time {
        let took = self.took.and_then(|took| TimeDelta::from_std(took).ok());
        let ended = || self.begun.checked_add_signed(took.unwrap_or_default());
        self.decided.or_else(ended).unwrap_or(self.begun)
    }

    /// Tells what it is about, from when the run before it began.
    fn what(&self, earlier: Option<Time>) -> What {
        let ends_with = |reason: Reason| self.decision.ends_with(reason.as_str());
        if ends_with(Reason::Overdue) || ends_with(Reason::Overtaken) {
            What::Aside
        } else if self.decision.ends_with(rules::SILENCE_OVER) {
            What::SilenceOver
        } else if self.settings.is_none() && earlier == Some(self.begun) {
            // A person's deed leaves the time of the last run.
            What::Person
        } else {
            What::Runs
        }
    }
}

/// Puts what was answered beside what was told, and counts runs that were alike.
fn tell(lines: Vec<Event>, places: &Places) -> Vec<Happened> {
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
            && (self.state, &self.decision, &self.error)
                == (next.state, &next.decision, &next.error)
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

impl Rules {
    fn of(settings: &Settings) -> Self {
        Self {
            silent_seconds: settings.silent,
            ok_silent_hours: settings.ok_silent / rules::HOUR,
            remind_hours: settings.remind / rules::HOUR,
            after: settings.after,
            flapping: settings.flapping,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

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
