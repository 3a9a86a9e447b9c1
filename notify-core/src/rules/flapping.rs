//! A job whose status changes to and fro, and how it becomes steady again.

use std::time::Duration;

use crate::format::text;
use crate::format::time::{self, Time};
use crate::status::{Flapping, State, Status};

/// The change of status that counts as flapping.
const CHANGES: u64 = 5;

/// A status that has lasted this long, and for [`RUNS`] runs, is steady.
pub(crate) const STEADY: Duration = time::HOUR;
const RUNS: u64 = 3;

/// What a run makes of a job's changes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Course {
    Steady,
    /// It changes, but not often enough to count as flapping.
    Changing(Flapping),
    /// It flaps from now on.
    Begins(Flapping),
    /// It flaps on.
    GoesOn(Flapping),
    /// It was reported as flapping, and is steady again.
    Ends(Flapping),
}

/// Follows a job through a run that began at `begun`, and that leaves it in `state`.
pub(crate) fn follow(previous: Option<&Status>, state: State, begun: Time, now: Time) -> Course {
    let Some(previous) = previous else {
        return Course::Steady;
    };
    let was_steady = time::age(previous.since, begun) >= STEADY && previous.runs >= RUNS;
    let has_changed = previous.state != state;
    let mut flapping = match (&previous.flapping, has_changed) {
        (None, false) => return Course::Steady,
        (Some(flapping), false) => flapping.clone(),
        (Some(flapping), true) if !was_steady || flapping.sent.is_some() => flapping.clone(),
        (_, true) => Flapping {
            changes: 0,
            runs: 0,
            failed: 0,
            since: begun,
            sent: None,
        },
    };
    flapping.runs = flapping.runs.saturating_add(1);
    let failed = u64::from(state == State::Error);
    flapping.failed = flapping.failed.saturating_add(failed);
    if has_changed {
        flapping.changes = flapping.changes.saturating_add(1);
    } else if time::age(previous.since, now) >= STEADY && previous.runs.saturating_add(1) >= RUNS {
        return match flapping.sent {
            Some(_) => Course::Ends(flapping),
            None => Course::Steady,
        };
    }
    match flapping.sent {
        Some(_) => Course::GoesOn(flapping),
        None if flapping.changes >= CHANGES => Course::Begins(flapping),
        None => Course::Changing(flapping),
    }
}

impl Flapping {
    pub(crate) fn words(&self) -> String {
        format!(
            "{} changes, {} of {} runs failed since {}",
            self.changes,
            self.failed,
            self.runs,
            time::show(self.since)
        )
    }

    /// Writes it as a line of the status file.
    pub(crate) fn render(&self) -> String {
        match self.sent {
            Some(sent) => format!("{}, told {}", self.words(), time::show(sent)),
            None => self.words(),
        }
    }

    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (words, sent) = match line.split_once(", told ") {
            Some((words, sent)) => (words, Some(time::parse(sent)?)),
            None => (line, None),
        };
        let (changes, rest) = words.split_once(" changes, ")?;
        let (failed, rest) = rest.split_once(" of ")?;
        let (runs, since) = rest.split_once(" runs failed since ")?;
        Some(Self {
            changes: text::number(changes)?,
            runs: text::number(runs)?,
            failed: text::number(failed)?,
            since: time::parse(since)?,
            sent,
        })
    }
}
