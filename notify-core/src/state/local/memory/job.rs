//! A job as this process knows it: its past, and the silent runs that no file has yet.

use std::time::{Duration, Instant};

use super::{MAX_BEHIND, MAX_BEHIND_MICROS};
use crate::format::time::{self, Micros, Time};
use crate::rules::Past;
use crate::state::local::lock_file::Id;
use crate::state::{Access, Again, Kind, Repeat, Seen};
use crate::status::decision::Decided;
use crate::status::{State, Status};

/// A job as this process last left it.
#[derive(Debug)]
pub(in crate::state) struct Job {
    pub(super) file: String,
    /// What its last run made of it.
    pub(super) past: Past,
    /// The status file that says so, where it was written as a whole.
    pub(in crate::state::local) text: Option<String>,
    pub(super) shown: Shown,
    /// The change that wrote what is on the disk.
    pub(in crate::state::local) id: Id,
    /// How long its runs may stay in memory,
    pub(super) until: Instant,
    /// and when it was last exchanged with the disk, by the clock, which may jump.
    pub(super) exchanged_at: Micros,
    /// Which runs repeat the one that has left `past`, if some do,
    pub(in crate::state) alike: Option<Alike>,
    /// and those that have.
    pub(super) repeated: Repeated,
    /// When its history last had a line of this process.
    pub(in crate::state::local) noted: Instant,
    /// Runs that are in memory alone.
    pub(super) behind: u64,
}

/// Which runs repeat another.
#[derive(Debug)]
pub(in crate::state) struct Alike {
    definition: usize,
    error: Option<String>,
    /// They end by then.
    until: Micros,
    /// What is decided on them.
    decision: Option<Decided>,
}

/// Runs that have repeated another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Repeated {
    pub(super) number: u64,
    /// When the one that is shown began, of these and the one that they repeat, and how long it took.
    begun: Micros,
    took: Option<Duration>,
    pid: Option<u32>,
}

impl Repeated {
    /// None has repeated the one of this status.
    fn none(status: &Status) -> Self {
        Self {
            number: 0,
            begun: status.begun.timestamp_micros(),
            took: status.took,
            pid: status.pid,
        }
    }
}

impl Alike {
    /// Finds out which runs repeat the one that leaves this status, until then: the rules are asked about that last
    /// moment. The older a status and an alert are, the sooner they send: what is silent then is silent before.
    pub(in crate::state) fn of(again: Again<'_>, status: &Status, until: Micros) -> Option<Self> {
        // A run that has left the status of a newer one says nothing of the runs that write their own.
        if status.begun != again.begun {
            return None;
        }
        let past = Past::Known(Box::new(status.clone()));
        let change = (again.decide)(&Seen {
            past: &past,
            now: time::from_micros(until),
            access: Access::Alone,
            planned: None,
        });
        let change = change.filter(|change| change.is_nothing_new(&past))?;
        Some(Self {
            definition: again.kind.definition,
            error: again.kind.error.map(str::to_owned),
            until,
            decision: change.status?.decision,
        })
    }

    pub(in crate::state::local) fn kind(&self) -> Kind<'_> {
        Kind {
            definition: self.definition,
            error: self.error.as_deref(),
        }
    }
}

/// The run that the disk shows, by what it is known, and how many runs it counts.
#[derive(Debug)]
pub(in crate::state) struct Shown {
    begun: Time,
    pid: Option<u32>,
    runs: u64,
    decision: Option<Decided>,
    runs_total: u64,
    failures_total: u64,
}

impl Shown {
    pub(in crate::state) fn of(status: &Status) -> Self {
        Self {
            begun: status.begun,
            pid: status.pid,
            runs: status.runs,
            decision: status.decision.clone(),
            runs_total: status.runs_total,
            failures_total: status.failures_total,
        }
    }
}

impl Job {
    /// Remembers a status that was written.
    pub(in crate::state) fn new(
        file: &str,
        status: Status,
        id: Id,
        (exchanged, exchanged_at): (Instant, Micros),
        noted: Instant,
        alike: Option<Alike>,
    ) -> Self {
        Self {
            file: file.to_owned(),
            repeated: Repeated::none(&status),
            shown: Shown::of(&status),
            past: Past::Known(Box::new(status)),
            text: None,
            id,
            until: exchanged + MAX_BEHIND,
            exchanged_at,
            alike,
            noted,
            behind: 0,
        }
    }

    pub(in crate::state) fn is_behind(&self) -> bool {
        self.behind > 0
    }

    /// Returns what a status file says, where it is as this process has left it and no run is in memory alone.
    pub(in crate::state::local) fn past_of(&self, content: &str) -> Option<&Past> {
        let is_it = !self.is_behind() && self.text.as_deref() == Some(content);
        is_it.then_some(&self.past)
    }

    /// Makes what is remembered the status after the last run that has repeated another.
    pub(in crate::state) fn catch_up(&mut self) {
        let number = std::mem::take(&mut self.repeated.number);
        if let (Past::Known(status), Some(alike)) = (&mut self.past, &self.alike)
            && number > 0
        {
            let Repeated {
                begun, took, pid, ..
            } = self.repeated;
            (status.begun, status.took, status.pid) = (time::from_micros(begun), took, pid);
            status.decision.clone_from(&alike.decision);
            status.runs = status.runs.saturating_add(number);
            status.runs_total = status.runs_total.saturating_add(number);
            if status.state == State::Error {
                status.failures_total = status.failures_total.saturating_add(number);
            }
        }
    }

    /// Returns whether that is the end of a run that repeats the one before. It may have begun a little before others
    /// that have ended, as on another thread.
    pub(in crate::state) fn is_repeated_by(&self, run: &Repeat<'_>) -> bool {
        let is_alike = |alike: &Alike| alike.kind() == run.kind && run.ended_at() <= alike.until;
        self.alike.as_ref().is_some_and(is_alike)
            && run.begun + MAX_BEHIND_MICROS >= self.repeated.begun
    }

    /// Adds a run that repeats the one before. As the rules have it, of those that work the one that ended last is shown,
    /// and of those that fail the one that began last.
    pub(in crate::state) fn add_repeat(&mut self, run: &Repeat<'_>) {
        let repeated = &mut self.repeated;
        repeated.number += 1;
        if run.kind.error.is_none() || run.begun >= repeated.begun {
            (repeated.begun, repeated.took, repeated.pid) =
                (run.begun, Some(run.took), Some(run.pid));
        }
        self.behind += 1;
    }

    /// Adds to what was read from the disk the runs that are in memory alone; `id` is that of the last change.
    /// Where a run in memory and the run on the disk differ, the one that began later is shown.
    pub(in crate::state) fn correct(&self, past: Past, id: Option<Id>, now: Time) -> Past {
        let mut status = match past {
            Past::Known(status) => status,
            past => return past,
        };
        let Some(own) = self.past.status().filter(|_| self.is_behind()) else {
            return Past::Known(status);
        };
        if self.is_of(&status) {
            let is_own = (status.begun, status.pid) == (self.shown.begun, self.shown.pid);
            // What began after now came before the clock was set back, and before whatever is shown; so it did where
            // what is shown began before what was shown then.
            let was_set_back = own.begun > now || status.begun < self.shown.begun;
            if is_own || own.begun > status.begun && !was_set_back {
                (status.begun, status.took, status.pid) = (own.begun, own.took, own.pid);
                // What somebody has said of the last alert stays said.
                if id == Some(self.id) || status.decision == self.shown.decision {
                    status.decision.clone_from(&own.decision);
                }
            }
            status.runs = status.runs.saturating_add(self.behind);
        }
        if status.state == State::Error {
            let last_ok = match own.state {
                State::Ok => Some(own.begun),
                State::Error => own.last_ok,
            };
            let known = [status.last_ok, last_ok].into_iter().flatten();
            // What lies ahead came before the clock was set back.
            status.last_ok = known.max_by_key(|time| (*time <= now, *time));
        }
        // These count the runs in whatever state.
        let runs = own.runs_total.saturating_sub(self.shown.runs_total);
        let failures = own.failures_total.saturating_sub(self.shown.failures_total);
        status.runs_total = status.runs_total.saturating_add(runs);
        status.failures_total = status.failures_total.saturating_add(failures);
        Past::Known(status)
    }

    /// Adds a silent run that has seen the change of that id, and what it has left on the disk; the status,
    /// with all that is in memory alone, is written when this process's last exchange is old enough.
    pub(in crate::state::local) fn follow(
        mut self,
        shown: Shown,
        status: Status,
        id: Id,
        alike: Option<Alike>,
    ) -> Self {
        self.behind = status.runs.saturating_sub(shown.runs);
        self.repeated = Repeated::none(&status);
        self.alike = alike;
        self.shown = shown;
        (self.past, self.id) = (Past::Known(Box::new(status)), id);
        self
    }

    /// Adds a silent run to those that are in memory alone.
    #[cfg(feature = "postgres")]
    pub(in crate::state) fn add_silent(&mut self, status: Status) {
        self.repeated = Repeated::none(&status);
        self.past = Past::Known(Box::new(status));
        self.behind += 1;
    }

    /// Returns what its last run made of it.
    #[cfg(feature = "postgres")]
    pub(in crate::state) fn past(&self) -> &Past {
        &self.past
    }

    /// Returns whether this process has left a later status than that: of more runs, the last of which began later. One that
    /// began before and has ended since is one more.
    #[cfg(feature = "postgres")]
    pub(in crate::state) fn has_left_later_than(&self, status: &Status) -> bool {
        let Shown {
            begun, runs_total, ..
        } = self.shown;
        status.begun < begun && status.runs_total < runs_total
    }

    #[cfg(feature = "postgres")]
    pub(in crate::state) fn runs_behind(&self) -> u64 {
        self.behind
    }

    /// Notes that so many of them were written, by the change of that id.
    #[cfg(feature = "postgres")]
    pub(in crate::state) fn is_written(&mut self, shown: Shown, id: Id, runs: u64) {
        self.behind = self.behind.saturating_sub(runs);
        (self.shown, self.id) = (shown, id);
    }

    pub(in crate::state::local) fn may_stay(&self, at: Instant, now: Time) -> bool {
        self.is_young(at) && self.is_near(now.timestamp_micros())
    }

    /// Returns whether that is the status of its runs, which ends with another.
    pub(in crate::state) fn is_of(&self, status: &Status) -> bool {
        let own = self.past.status();
        own.is_some_and(|own| (own.state, own.since) == (status.state, status.since))
    }

    /// Returns whether no more time has passed by the clock, either.
    pub(in crate::state::local) fn is_near(&self, now: Micros) -> bool {
        now.abs_diff(self.exchanged_at) < MAX_BEHIND_MICROS.unsigned_abs()
    }

    pub(in crate::state::local) fn is_young(&self, at: Instant) -> bool {
        at < self.until
    }
}
