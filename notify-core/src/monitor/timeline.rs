//! What happened to a job, in order: which rule decided each time, what became of its alerts, and
//! what would happen next. Nothing here makes or changes a file.

mod answers;
mod entries;
mod forecast;

use std::io;
use std::time::Duration;

use self::answers::Places;
pub use self::answers::Reply;
pub use self::entries::Happened;
pub use self::forecast::{Chance, Outlook};
use crate::format::time::{self, Time};
use crate::monitor::planned;
use crate::monitor::view::{self, Job, Run};
use crate::rules::{Reason, Settings};
use crate::state::history::{Event, Ran};
use crate::state::place::Place;
use crate::status::decision::Decided;
use crate::status::{State, Status};

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
    /// What a silence withheld, sent when it was over.
    SilenceOver,
}

/// A run, as a strip of runs shows it.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "as they say")]
pub struct Recent {
    pub state: State,
    pub begun: Time,
    pub took: Option<Duration>,
    /// Runs that were alike.
    pub runs: u64,
    /// The first line of the error.
    pub error: String,
    /// What the last of them said of itself: names and values.
    pub facts: Vec<(String, String)>,
}

/// Returns a job's story, with its `runs` under way; `None` where it has no status file.
///
/// # Errors
///
/// Where that file or the directory cannot be read, or is no status file.
pub fn story(place: &Place, name: &str, runs: &[Run], now: Time) -> io::Result<Option<Story>> {
    let Some(file) = view::find(place, name) else {
        return Ok(None);
    };
    let content = place.text(&file)?;
    let Some(content) = content else {
        return Ok(None);
    };
    let status =
        Status::parse(&content).ok_or_else(|| io::Error::other("this is not a status file"))?;
    let (lines, closed) = lines(place, &file)?;
    let known = lines.iter().rev().find_map(|line| match line {
        Event::Ran(ran) => ran.settings,
        Event::Answered(_) => None,
    });
    let settings = known.unwrap_or_default();
    let places = Places::of(place, &file, &status)?;
    let mut job = Job::new(&file, status.clone());
    let (planned, _) = planned::planned(place, now);
    planned::mark_quiet(&planned, place, std::slice::from_mut(&mut job), now);
    let sent = status.overdue;
    let is_overdue = |run: &Run| run.job == job.name && sent.is_some_and(|sent| sent >= run.begun);
    let was_overdue = runs.iter().any(is_overdue);
    Ok(Some(Story {
        next: forecast::outlooks(&status, settings, job.quiet.as_ref(), was_overdue, now),
        held_until: status.held.as_ref().map(|held| held.until),
        rules: Rules::of(&settings),
        knows_rules: known.is_some(),
        events: entries::happened(lines, &places),
        closed,
        job,
    }))
}

/// Returns a job's latest runs, the oldest first.
#[must_use]
pub fn recent(place: &Place, file: &str, most: usize) -> Vec<Recent> {
    let lines = lines(place, file).map(|(lines, _)| lines);
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
                error: ran.error,
                facts: ran.facts.to_vec(),
            });
        }
    }
    runs.split_off(runs.len().saturating_sub(most))
}

/// Reads what the users' histories say of a job, and counts those that cannot be read.
fn lines(place: &Place, file: &str) -> io::Result<(Vec<Event>, usize)> {
    let (histories, closed) = place.histories(file)?;
    let read = histories
        .iter()
        .filter(|history| !history.is_empty())
        .count();
    let mut lines: Vec<_> = histories.into_iter().flatten().collect();
    if read > 1 {
        lines.sort_by_key(|line| match line {
            Event::Ran(ran) => ran.decided_at(),
            Event::Answered(answered) => answered.at,
        });
    }
    Ok((lines, closed))
}

impl Ran {
    /// When it was decided, as far as that is known.
    fn decided_at(&self) -> Time {
        let ended = || time::ended(self.begun, self.took);
        self.decided.unwrap_or_else(ended)
    }

    /// Returns what it is about, from when the run before it began.
    fn what(&self, earlier: Option<Time>) -> What {
        let reason = self.decision.as_ref().and_then(Decided::reason);
        if let Some(Reason::Overdue | Reason::Overtaken | Reason::Older) = reason {
            What::Aside
        } else if reason == Some(Reason::SilenceOver) {
            What::SilenceOver
        } else if self.settings.is_none() && earlier == Some(self.begun) {
            // A person's deed leaves the time of the last run.
            What::Person
        } else {
            What::Runs
        }
    }
}

impl Rules {
    fn of(settings: &Settings) -> Self {
        let hours = |time: Duration| time.div_duration_f64(time::HOUR);
        Self {
            silent_seconds: settings.silent.as_secs_f64(),
            ok_silent_hours: settings.ok_silent.map_or(f64::INFINITY, hours),
            remind_hours: hours(settings.remind),
            after: settings.after,
            flapping: settings.flapping,
        }
    }
}
