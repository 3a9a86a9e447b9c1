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
#[derive(Clone, PartialEq)]
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows a job from its first `OK`. `5E 60O` is a run that fails 5 minutes after, and one that works an hour after that;
    /// the answer names what each makes of it, with the changes so far.
    fn courses(runs: &str) -> String {
        let mut begun = time::from_micros(1_795_348_800_000_000);
        let mut status = Status::new(State::Ok, begun);
        let mut courses = Vec::new();
        for run in runs.split_whitespace() {
            let (minutes, state) = run.split_at(run.len() - 1);
            let state = match state {
                "E" => State::Error,
                _ => State::Ok,
            };
            begun += chrono::TimeDelta::minutes(minutes.parse().unwrap());
            let course = follow(Some(&status), state, begun, begun);
            let (name, flapping, sent) = match course {
                Course::Steady => ("steady", None, None),
                Course::Changing(flapping) => ("", Some(flapping), None),
                Course::Begins(flapping) => ("begins ", Some(flapping), Some(begun)),
                Course::GoesOn(flapping) => ("on ", Some(flapping), Some(begun)),
                Course::Ends(_) => ("ends", None, None),
            };
            let changes = flapping
                .as_ref()
                .map(|flapping| flapping.changes.to_string());
            courses.push(format!("{name}{}", changes.unwrap_or_default()));
            let is_same = status.state == state;
            status = Status {
                since: if is_same { status.since } else { begun },
                runs: if is_same { status.runs + 1 } else { 1 },
                flapping: flapping.map(|flapping| Flapping { sent, ..flapping }),
                ..Status::new(state, begun)
            };
        }
        courses.join(", ")
    }

    #[test]
    fn a_job_flaps_at_its_fifth_change_without_an_hour_and_three_runs_in_one_status() {
        for (runs, expected) in [
            (
                "5O 5O 5E 5O 5E 5O 5E 5O",
                "steady, steady, 1, 2, 3, 4, begins 5, on 6",
            ),
            // An hour alone makes it not steady, nor do three runs.
            ("60E 60O 60E 60O 60E", "1, 2, 3, 4, begins 5"),
            ("5E 5O 60O 5E", "1, 2, 2, 3"),
            (
                "5E 5O 5O 5O 5E 5E 5E 5O 5O 5O 5E",
                "1, 2, 2, 2, 3, 3, 3, 4, 4, 4, begins 5",
            ),
            // Both do,
            ("5E 30O 30O 30O 5E", "1, 2, 2, steady, 1"),
            // where a pause makes up the hour, too,
            ("5E 5O 5O 5O 49E", "1, 2, 2, 2, 3"),
            ("5E 5O 5O 5O 50E", "1, 2, 2, 2, 1"),
            ("5E 5O 5O 55E", "1, 2, 2, 3"),
            // but for a job of which people heard that it flaps: that has its own end.
            (
                "5E 5O 5E 5O 5E 5O 5O 5O 50E 30E 30E",
                "1, 2, 3, 4, begins 5, on 6, on 6, on 6, on 7, on 7, ends",
            ),
        ] {
            assert_eq!(courses(runs), expected, "{runs}");
        }
    }
}
