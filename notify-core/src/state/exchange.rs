//! What an engine is asked about a job, and what it answers.

use std::borrow::Cow;
use std::io;
use std::time::{Duration, Instant};

#[cfg(feature = "postgres")]
use super::Queue;
use crate::format::hash;
use crate::format::time::{Micros, Time};
use crate::job::name;
use crate::message::alert::Alert;
use crate::rules::Past;
use crate::state::change::{Change, RunKey};
use crate::state::entry::Entry;
use crate::state::local::silences::Silences;

/// Names a job to the store.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct JobKey<'a> {
    pub(super) file: Cow<'a, str>,
    /// The hash of that.
    pub(super) hash: u64,
}

impl<'a> JobKey<'a> {
    pub(crate) fn of(job: &'a str) -> Self {
        let file = name::file_name(job);
        let hash = hash::hash(&file);
        Self { file, hash }
    }

    /// Returns the key of a job as the store lists it.
    pub(crate) fn listed(job: &'a str) -> Self {
        Self::hashed(job, hash::hash(job))
    }

    pub(crate) fn hashed(job: &'a str, hash: u64) -> Self {
        let file = Cow::Borrowed(job);
        Self { file, hash }
    }
}

/// What a change of a job is decided by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) past: &'a Past,
    /// The time by the engine's clock, read when nobody else could change the job any more.
    pub(crate) now: Time,
    pub(crate) access: Access,
    /// The planned quiet that is known; it is asked for where none is.
    pub(crate) planned: Option<&'a Silences>,
}

/// Who else can change a job meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nobody can.
    Alone,
    /// Somebody who holds it and does not let go of it, and is passed by.
    PassedBy,
    /// The store cannot be used: nothing but this process's memory changes, and no alert can be queued.
    Memory,
}

/// Answers what to change; `None` where there is nothing to change. It is pure, and may be asked again
/// where another process was faster: the last answer counts.
pub(crate) type Decide<'a> = &'a mut dyn FnMut(&Seen<'_>) -> Option<Change>;

/// A run that a job may have repeated: what it came to, and what is decided on the same run again.
#[derive(Clone, Copy)]
pub(crate) struct Again<'a> {
    pub(crate) kind: Kind<'a>,
    pub(crate) begun: Time,
    pub(crate) decide: &'a dyn Fn(&Seen<'_>) -> Option<Change>,
}

/// What makes two runs of a job alike, of which all else is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind<'a> {
    /// Distinguishes its definition from others of the program.
    pub(crate) definition: usize,
    /// The error that it has returned, if it has.
    pub(crate) error: Option<&'a str>,
}

/// The end of a run that may be a repeat.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repeat<'a> {
    pub(crate) kind: Kind<'a>,
    pub(crate) begun: Micros,
    pub(crate) took: Duration,
    pub(crate) pid: u32,
    pub(crate) at: Instant,
    /// The run, where it was written down as under way.
    pub(crate) ends: Option<&'a RunKey>,
}

impl Repeat<'_> {
    /// Returns when it ended, as the clock stood at its begin: to read the clock again would be a tenth of a silent run.
    pub(in crate::state) fn ended_at(&self) -> Micros {
        let took = Micros::try_from(self.took.as_micros()).unwrap_or(Micros::MAX);
        self.begun.saturating_add(took)
    }
}

/// Which store one waits for that cannot be asked now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// No store is waited for.
    No,
    /// A store that has answered a moment ago, and is only slow.
    Answer,
    /// Also a store whose connection was lost a moment ago: it may be started anew.
    Restart,
}

/// What became of an alert on its way to one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Queued {
    /// It waits there to be sent.
    Waits(Entry),
    /// It waits in another queue of that destination, on this host, for the shared store cannot be reached.
    #[cfg(feature = "postgres")]
    Aside(Queue, Entry),
    /// It is held back.
    Held,
    /// It could not be queued.
    Not,
}

/// What became of a change.
#[derive(Debug, Default)]
pub(crate) struct Committed {
    /// The alert, and what became of it in each of its queues.
    pub(crate) alert: Option<(Box<Alert>, Vec<Queued>)>,
    /// Whether the store was asked, and not the memory of this process alone.
    pub(crate) is_exchanged: bool,
    /// Whether a process holds the job, and was passed by.
    pub(crate) is_passed_by: bool,
    /// Whether a status was written.
    #[cfg_attr(
        not(any(test, feature = "postgres")),
        expect(dead_code, reason = "who stands in for a shared store asks")
    )]
    pub(crate) is_written: bool,
    /// Why the alert could not be queued.
    pub(crate) queue_error: Option<io::Error>,
    /// Why the status could not be written.
    pub(crate) status_error: Option<io::Error>,
}

/// What became of the wish to give a job another name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renamed {
    Yes,
    /// Somebody holds one of the jobs, and does not let go of it.
    Busy,
    /// There is no such job.
    Missing,
    /// Its status cannot be understood.
    Unreadable,
    /// Another job has that name.
    Exists,
}
