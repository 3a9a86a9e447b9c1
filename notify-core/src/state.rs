//! The boundary: where the state of jobs lives. Everything above sees jobs, runs, queues and events; no
//! path, lock, offset or name of a file.
//!
//! A job changes in one transaction, [`update`](Store::update): the engine reads the past, asks what
//! to change, and makes the change whole or not at all. Keys are opaque: what is in them is the engine's
//! business. An engine knows a change by its random id, never by a counter or a clock.

pub(crate) mod change;
pub(crate) mod dropped;
pub(crate) mod entry;
pub(crate) mod history;
pub(crate) mod local;
pub(crate) mod moved;
pub(crate) mod rate;
pub(crate) mod run_record;
mod unwritten;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use self::change::{Change, RunKey};
use self::entry::Entry;
use self::history::Answered;
pub(crate) use self::local::READABLE;
pub(crate) use self::local::lease::Expired as ExpiredRuns;
pub(crate) use self::local::queue::{Claim, Queue, Turn};
use self::run_record::Recorded;
use crate::format::time::{Micros, Time};
use crate::job::name;
use crate::rules::Past;
#[cfg(feature = "cli")]
use crate::rules::quiet::Window;
use crate::status::{Quiet, Status};

/// An engine that keeps the state of jobs.
#[derive(Debug)]
pub(crate) enum Store {
    /// A notify directory on this machine.
    Local(local::Directory),
}

/// Names a job to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobKey<'a>(Cow<'a, str>);

impl<'a> JobKey<'a> {
    /// Returns the key of the job of that name.
    pub(crate) fn of(job: &'a str) -> Self {
        Self(name::file_name(job))
    }

    /// Returns the key of a job as the store lists it.
    pub(crate) fn listed(job: &'a str) -> Self {
        Self(Cow::Borrowed(job))
    }
}

/// What a change of a job is decided by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) past: &'a Past,
    /// By the engine's clock, read when nobody else could change the job any more.
    pub(crate) now: Time,
    pub(crate) access: Access,
}

/// Who else can change a job meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nobody.
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
    pub(crate) decide: &'a dyn Fn(&Seen<'_>) -> Option<Change>,
}

/// What makes two runs of a job alike, of which all else is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind<'a> {
    /// Tells its definition from others of the program.
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

/// What became of an alert on its way to one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Queued {
    /// It waits there to be sent.
    Waits(Entry),
    /// It is held back.
    Held,
    /// It could not be queued.
    Not,
}

/// What became of a change.
#[derive(Debug, Default)]
pub(crate) struct Committed {
    /// The alert, and what became of it in each of its queues.
    pub(crate) alert: Option<(Box<crate::message::alert::Alert>, Vec<Queued>)>,
    /// Whether the store was asked, and not the memory of this process alone.
    pub(crate) is_exchanged: bool,
    /// Whether a process holds the job, and was passed by.
    pub(crate) is_passed_by: bool,
    /// Whether a status was written.
    pub(crate) is_written: bool,
    /// Why the alert could not be queued.
    pub(crate) queue_error: Option<io::Error>,
    /// Why the status could not be written.
    pub(crate) status_error: Option<io::Error>,
}

/// What became of the wish to give a job another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Local(local) = self;
        write!(f, "the notify directory `{}`", local.directory().display())
    }
}

impl Store {
    /// Opens the notify directory `directory`, which is made where it is missing; `mode` is that of its
    /// status files.
    ///
    /// # Errors
    ///
    /// Where it cannot be used.
    pub(crate) fn open(directory: &Path, mode: u32) -> io::Result<Self> {
        local::Directory::open(directory, mode).map(Self::Local)
    }

    /// Ends a run in memory alone, if it repeats the one before: it is written a little later, see
    /// [`flush`](Self::flush). Tells whether that may be.
    pub(crate) fn repeat(&self, job: &JobKey<'_>, run: &Repeat<'_>) -> bool {
        let Self::Local(local) = self;
        local.repeat(&job.0, run)
    }

    /// Changes a job, whole or not at all, and ends its run with that, `at` that time. Where a `repeat` of the run
    /// is given, another like it may be written later.
    ///
    /// # Errors
    ///
    /// Where the store cannot be used now: nothing is changed then, and [`update_unstored`] is what is left.
    pub(crate) fn update(
        &self,
        job: &JobKey<'_>,
        at: Instant,
        decide: Decide<'_>,
        again: Option<Again<'_>>,
    ) -> io::Result<Committed> {
        let Self::Local(local) = self;
        local.update(&job.0, at, decide, again)
    }

    /// Changes what a job's status says, and nothing that people are told: `change` returns the status to
    /// write, and may be asked again.
    ///
    /// # Errors
    ///
    /// Where it cannot be written; the old status is whole then.
    pub(crate) fn amend(
        &self,
        job: &JobKey<'_>,
        change: &mut dyn FnMut(&Status) -> Option<Status>,
    ) -> io::Result<()> {
        let Self::Local(local) = self;
        local.amend(&job.0, change)
    }

    /// Reads what is known of a job.
    pub(crate) fn read(&self, job: &JobKey<'_>) -> Past {
        let Self::Local(local) = self;
        local.read(&job.0)
    }

    /// Writes what silent runs have changed in memory alone for as long as they may, `at` the end of an
    /// outermost run.
    pub(crate) fn flush_due(&self, at: Instant) {
        let Self::Local(local) = self;
        local.flush_due(at);
    }

    /// Writes all that silent runs have changed in memory alone.
    pub(crate) fn flush(&self) {
        let Self::Local(local) = self;
        local.flush();
    }

    /// Returns whether there is anything to flush; `None` where that cannot be learnt at once.
    pub(crate) fn is_behind(&self) -> Option<bool> {
        let Self::Local(local) = self;
        local.is_behind()
    }

    /// Writes down that a run of this process is under way.
    ///
    /// # Errors
    ///
    /// Where that cannot be done; the run's death would go unreported.
    pub(crate) fn begin_run(&self, number: u64, run: &Recorded<'_>) -> io::Result<()> {
        let Self::Local(local) = self;
        local.begin_run(number, run)
    }

    /// Returns the runs whose processes are gone, in the order in which these died. Nobody else reports
    /// them while this lasts.
    pub(crate) fn expired_runs(&self) -> Vec<ExpiredRuns> {
        let Self::Local(local) = self;
        local.expired_runs()
    }

    /// Returns the queue of a destination, which only those find who know the destination's identity.
    ///
    /// # Errors
    ///
    /// Where there can be no queues.
    pub(crate) fn queue(&self, channel: &str, identity: &str) -> io::Result<Queue> {
        let Self::Local(local) = self;
        let name = local.outbox().queue_name(channel, identity)?;
        Ok(local.outbox().queue(&name))
    }

    /// Returns the queues in which alerts wait or are held.
    pub(crate) fn queues(&self) -> Vec<Queue> {
        let Self::Local(local) = self;
        let outbox = local.outbox();
        let names = outbox.queue_names();
        names.iter().map(|name| outbox.queue(name)).collect()
    }

    /// Returns the names of the queues with a held alert whose time has come.
    pub(crate) fn due_queues(&self, now: Time) -> BTreeSet<String> {
        let Self::Local(local) = self;
        local.outbox().due(now)
    }

    /// Adds to a job's history what a destination said of an alert.
    pub(crate) fn append(&self, job: &JobKey<'_>, answered: Answered) {
        let Self::Local(local) = self;
        local.history().add_answer(&job.0, answered);
    }

    /// Gives a job another name: the next run under it goes on where the last one ended.
    ///
    /// # Errors
    ///
    /// Where that cannot be done.
    pub(crate) fn rename(&self, from: &JobKey<'_>, to: &JobKey<'_>) -> io::Result<Renamed> {
        let Self::Local(local) = self;
        local.rename(&from.0, &to.0)
    }

    /// Names the processes that have runs under way and are gone; nobody has reported them.
    pub(crate) fn unwatched_runs(&self) -> BTreeSet<String> {
        let Self::Local(local) = self;
        local.unwatched_runs()
    }

    /// Reads what a build of before has noted of the missed runs that it told.
    pub(crate) fn missed_before(&self) -> String {
        let Self::Local(local) = self;
        local.missed_before()
    }

    /// Returns the planned quiet of a job of this user, where there is one now, and what is wrong with the
    /// plans.
    pub(crate) fn quiet(&self, job: &str, now: Time) -> (Option<Quiet>, Vec<String>) {
        let Self::Local(local) = self;
        local.quiet(job, now)
    }

    /// Takes out the planned quiets of this user that `goes` names, adds one, and returns how many were
    /// taken out.
    ///
    /// # Errors
    ///
    /// Where that cannot be written; all stay then.
    #[cfg(feature = "cli")]
    pub(crate) fn plan(
        &self,
        now: Time,
        goes: impl Fn(&Window) -> bool,
        new: Option<&Window>,
    ) -> io::Result<usize> {
        let Self::Local(local) = self;
        local.plan(now, goes, new)
    }

    /// Changes the list of the jobs that never ran, and that people heard of: one process at a time.
    ///
    /// # Errors
    ///
    /// Where that cannot be done; the old list is whole then.
    #[cfg(feature = "cli")]
    pub(crate) fn change_never_run(&self, change: impl FnOnce(&str) -> String) -> io::Result<()> {
        let Self::Local(local) = self;
        local.change_never_run(change)
    }

    /// Looks at the runs of this user that are under way, process by process.
    ///
    /// # Errors
    ///
    /// Where they cannot be seen.
    pub(crate) fn look_at_runs(&self) -> io::Result<Vec<local::lease_scan::Seen>> {
        let Self::Local(local) = self;
        local.look_at_runs()
    }

    /// Returns the notify directory.
    pub(crate) fn directory(&self) -> &Path {
        let Self::Local(local) = self;
        local.directory()
    }
}

/// Decides by what this process remembers alone, for there is no store that can be used.
pub(crate) fn update_unstored(job: &JobKey<'_>, decide: Decide<'_>) -> Committed {
    let past = unwritten::correct(&job.0, Past::Unknown);
    let change = decide(&Seen {
        past: &past,
        now: local::now(),
        access: Access::Memory,
    });
    let Some(change) = change else {
        return Committed::default();
    };
    if let Some(status) = change.status.or(change.noted) {
        unwritten::remember(&job.0, status);
    }
    Committed {
        alert: change.alert.map(|alert| (alert, Vec::new())),
        ..Committed::default()
    }
}

/// Returns the key of a run of this process that is under way, so that its end can be a part of a change.
pub(crate) fn run_key(number: u64) -> Option<RunKey> {
    local::lease::key(number)
}

/// Writes down that a run of this process has ended, wherever it was written down.
pub(crate) fn end_run(number: u64) {
    local::lease::end(number);
}

/// Lets go of what this process holds in its store, at its exit, if no run is under way.
pub(crate) fn close() {
    local::lease::close();
}
