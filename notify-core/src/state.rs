//! The boundary: where the state of jobs lives. Everything above sees jobs, runs, queues and events; no
//! path, lock, offset or name of a file.
//!
//! A job changes in one transaction, [`update`](Store::update): the engine reads the past, asks what
//! to change, and makes the change whole or not at all. Keys are opaque: what is in them is the engine's
//! business. An engine knows a change by its random id, never by a counter or a clock.
//!
//! Long on purpose: all that may be asked of an engine stands in one list, with what each engine does for it beside it.

/// Has either engine do it: in the same words, or the directory and the shared store each in its own.
macro_rules! either {
    ($store:expr, $found:ident => $done:expr) => {
        either!($store, $found => $done; $found => $done)
    };
    ($store:expr, $local:pat => $by_local:expr; $shared:pat => $by_shared:expr) => {
        either!(Self: $store, $local => $by_local; $shared => $by_shared)
    };
    ($kind:ident: $store:expr, $local:pat => $by_local:expr; $shared:pat => $by_shared:expr) => {
        match $store {
            $kind::Local($local) => $by_local,
            #[cfg(feature = "postgres")]
            $kind::Shared($shared) => $by_shared,
        }
    };
}

pub(crate) mod change;
pub(crate) mod dropped;
pub(crate) mod entry;
mod exchange;
mod expired;
pub(crate) mod history;
pub(crate) mod local;
pub(crate) mod moved;
#[cfg(feature = "cli")]
pub(crate) mod place;
mod queue;
pub(crate) mod rate;
pub(crate) mod run_record;
#[cfg(feature = "postgres")]
pub(crate) mod shared;
pub(crate) mod turn;
mod unwritten;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::Instant;

use self::change::RunKey;
pub(crate) use self::exchange::{
    Access, Again, Committed, Decide, JobKey, Kind, Queued, Renamed, Repeat, Seen, Wait,
};
pub(crate) use self::expired::ExpiredRuns;
use self::history::Answered;
pub(crate) use self::local::READABLE;
pub(crate) use self::local::lease_scan::Seen as SeenRuns;
pub(crate) use self::local::silences::{Planned, Silences};
pub(crate) use self::local::spool::{channel_of, job_digits, time_of};
pub(crate) use self::queue::{Left, Look, Queue};
use self::run_record::{Definition, Recorded};
pub(crate) use self::turn::{Claim, Turn};
use crate::format::time::Time;
use crate::os::clock;
use crate::rules::Past;
use crate::rules::quiet::Window;
use crate::status::{Quiet, Status};

/// The fault of a store that cannot be used: logged once, whoever meets it first.
pub(crate) const UNUSABLE: &str = "directory in use";

/// An engine that keeps the state of jobs.
pub(crate) enum Store {
    /// A notify directory on this machine.
    Local(local::Directory),
    /// A database that many hosts share.
    #[cfg(feature = "postgres")]
    Shared(shared::Shared),
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(local) => {
                write!(f, "the notify directory `{}`", local.directory().display())
            }
            #[cfg(feature = "postgres")]
            Self::Shared(shared) => write!(f, "{shared}"),
        }
    }
}

impl Store {
    /// Opens the notify directory `directory`, which is made where it is missing; `mode` is that of its
    /// status files.
    pub(crate) fn open(directory: &Path, mode: u32) -> io::Result<Self> {
        local::Directory::open(directory, mode).map(Self::Local)
    }

    /// Ends a run in memory alone, if it repeats the one before: it is written a little later, see
    /// [`flush`](Self::flush). Returns whether that may be.
    pub(crate) fn repeat(&self, job: &JobKey<'_>, run: &Repeat<'_>) -> bool {
        either!(self, local => local.repeat(&job.file, job.hash, run); shared => shared.repeat(&job.file, run))
    }

    /// Begins to connect to the shared store at `address`; `directory` is what stands in for it while it cannot be
    /// reached. The error says what is wrong with the address, without what is secret of it.
    #[cfg(feature = "postgres")]
    pub(crate) fn share(
        address: &str,
        password: Option<shared::Password>,
        directory: Option<&Path>,
        mode: u32,
    ) -> Result<Self, String> {
        shared::Shared::open(address, password, directory, mode).map(Self::Shared)
    }

    /// Returns the statements that make the tables of a store, for the schema of that address or the default one.
    #[cfg(all(feature = "cli", feature = "postgres"))]
    pub(crate) fn script(address: Option<&str>) -> Result<String, String> {
        shared::Shared::script(address)
    }

    /// Makes the tables of a shared store where they are missing, and says what is there.
    #[cfg(all(feature = "cli", feature = "postgres"))]
    pub(crate) fn look_at_tables(&self) -> io::Result<String> {
        match self {
            Self::Local(_) => Err(io::ErrorKind::Unsupported.into()),
            Self::Shared(shared) => shared.look_at_tables(),
        }
    }

    /// Changes a job, whole or not at all, and ends its run with that. A run that ends at `at` and says nothing new may
    /// be written a little later, see [`flush`](Self::flush). Where the store cannot be used now, nothing is changed,
    /// and [`update_unstored`] is what is left.
    pub(crate) fn update(
        &self,
        job: &JobKey<'_>,
        at: Instant,
        decide: Decide<'_>,
        again: Option<Again<'_>>,
    ) -> io::Result<Committed> {
        either!(self, engine => engine.update(&job.file, at, decide, again))
    }

    /// Returns whether it cannot be asked now, and is to be waited for.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(unused_variables, reason = "a directory is there, or is not")
    )]
    pub(crate) fn is_coming(&self, wait: Wait) -> bool {
        either!(self, _ => false; shared => shared.is_coming(wait))
    }

    /// Changes what a job's status says, and nothing that is sent: `change` returns the status to write, and may be
    /// asked again. Where it cannot be written, the old status is whole.
    pub(crate) fn amend(
        &self,
        job: &JobKey<'_>,
        change: &mut dyn FnMut(&Status) -> Option<Status>,
    ) -> io::Result<()> {
        either!(self, engine => engine.amend(&job.file, change))
    }

    /// Has what this thread asks have the time of one question together, until it lets go of that.
    #[cfg(feature = "postgres")]
    pub(crate) fn one_end(&self) -> Option<shared::OneEnd> {
        match self {
            Self::Local(_) => None,
            Self::Shared(_) => Some(shared::Shared::one_end()),
        }
    }

    /// Reads what is known of a job.
    pub(crate) fn read(&self, job: &JobKey<'_>) -> Past {
        either!(self, engine => engine.read(&job.file))
    }

    /// Writes what silent runs have changed in memory alone for as long as they may, `at` the end of an
    /// outermost run.
    pub(crate) fn flush_due(&self, at: Instant) {
        either!(self, engine => engine.flush_due(at));
    }

    /// Writes all that silent runs have changed in memory alone.
    pub(crate) fn flush(&self) {
        either!(self, engine => engine.flush());
    }

    /// Returns whether there is anything to flush; `None` where that cannot be learnt at once.
    pub(crate) fn is_behind(&self) -> Option<bool> {
        either!(self, engine => engine.is_behind())
    }

    /// Writes down that a run of this process is under way. The next of the same `definition` may begin again. Where
    /// that cannot be done, the run's death would go unreported.
    pub(crate) fn begin_run(
        &self,
        number: u64,
        run: &Recorded<'_>,
        definition: Option<Definition>,
    ) -> io::Result<()> {
        either!(self, engine => engine.begin_run(number, run, definition))
    }

    /// Writes down that a run is under way by what is its `own`, for the rest is known of its definition; `false` where
    /// it is not.
    pub(crate) fn begin_run_again(&self, number: u64, definition: Definition, own: &str) -> bool {
        either!(self, local => local.begin_run_again(number, definition, own); _ => false)
    }

    /// Returns whether nobody waits for a server, which may not answer now and in a moment may.
    pub(crate) fn answers_at_once(&self) -> bool {
        matches!(self, Self::Local(_))
    }

    /// Returns why the store does not take that a run is under way, where a person must do something first.
    pub(crate) fn refusal(&self) -> Option<String> {
        either!(self, _ => None; shared => shared.refusal())
    }

    /// Returns the runs whose processes are gone, in the order in which these died. Nobody else reports
    /// them while this lasts.
    pub(crate) fn expired_runs(&self) -> Vec<ExpiredRuns> {
        match self {
            Self::Local(local) => {
                let dead = local.expired_runs().into_iter();
                dead.map(ExpiredRuns::Local).collect()
            }
            #[cfg(feature = "postgres")]
            Self::Shared(shared) => {
                let gone = shared.expired_runs().into_iter();
                gone.map(ExpiredRuns::Shared).collect()
            }
        }
    }

    /// Returns the queue of a destination, which only those find who know the destination's identity.
    pub(crate) fn queue(&self, channel: &str, identity: &str) -> io::Result<Queue> {
        match self {
            Self::Local(local) => {
                let name = local.outbox().queue_name(channel, identity)?;
                Ok(local.outbox().queue(&name).into())
            }
            #[cfg(feature = "postgres")]
            Self::Shared(shared) => {
                let name = shared::queue::name(channel, identity);
                Ok(Queue::Shared(shared.queue(&name)))
            }
        }
    }

    /// Returns the queues in which alerts wait or are held.
    pub(crate) fn queues(&self) -> Vec<Queue> {
        match self {
            Self::Local(local) => {
                let outbox = local.outbox();
                let names = outbox.queue_names();
                names.iter().map(|name| outbox.queue(name).into()).collect()
            }
            #[cfg(feature = "postgres")]
            Self::Shared(shared) => {
                let names = shared.queue_names();
                let queues = names.iter().map(|name| Queue::Shared(shared.queue(name)));
                queues.chain(shared.queues_aside()).collect()
            }
        }
    }

    /// Returns the names of the queues with a held alert whose time has come.
    pub(crate) fn due_queues(&self, now: Time) -> Vec<String> {
        either!(self, local => local.outbox().due(now); shared => shared.due_queues(now))
    }

    /// Adds to the histories of jobs what a destination said of their alerts.
    pub(crate) fn append(&self, answers: Vec<(JobKey<'_>, Answered)>) {
        match self {
            Self::Local(local) => {
                for (job, answered) in answers {
                    local.history().add_answer(&job.file, answered);
                }
            }
            #[cfg(feature = "postgres")]
            Self::Shared(shared) => {
                let answers = answers.into_iter();
                shared.add_answers(answers.map(|(job, answered)| (job.file, answered)));
            }
        }
    }

    /// Gives a job another name: the next run under it goes on where the last one ended.
    pub(crate) fn rename(&self, from: &JobKey<'_>, to: &JobKey<'_>) -> io::Result<Renamed> {
        either!(self, engine => engine.rename(&from.file, &to.file))
    }

    /// Names the processes that have runs under way and are gone; nobody has reported them.
    pub(crate) fn unwatched_runs(&self) -> BTreeSet<String> {
        either!(self, engine => engine.unwatched_runs())
    }

    /// Returns how many looks at the runs of others one look costs, by the last one.
    pub(crate) fn cost_of_a_look(&self) -> u32 {
        either!(self, _ => 1; shared => shared.cost_of_a_look())
    }

    /// Reads what a build of before has noted of the missed runs that it sent.
    pub(crate) fn missed_before(&self) -> String {
        either!(self, engine => engine.missed_before())
    }

    /// Returns the planned quiet of a job of this user, where there is one now, and what is wrong with the
    /// plans.
    pub(crate) fn quiet(&self, job: &str, now: Time) -> (Option<Quiet>, Vec<String>) {
        either!(self, engine => engine.quiet(job, now))
    }

    /// Takes out the planned quiets of this user that `goes` names, adds one, and returns how many were taken out.
    /// Where that cannot be written, all stay.
    pub(crate) fn plan(
        &self,
        now: Time,
        goes: impl Fn(&Window) -> bool,
        new: Option<&Window>,
    ) -> io::Result<usize> {
        either!(self, engine => engine.plan(now, goes, new))
    }

    /// Changes the list of the jobs that never ran, and that people heard of: one process at a time. Where that cannot
    /// be done, the old list is whole.
    pub(crate) fn change_never_run(&self, change: impl FnOnce(&str) -> String) -> io::Result<()> {
        either!(self, engine => engine.change_never_run(change))
    }

    /// Looks at the runs of this user that are under way, process by process.
    pub(crate) fn look_at_runs(&self) -> io::Result<Vec<local::lease_scan::Seen>> {
        either!(self, engine => engine.look_at_runs())
    }

    /// Returns the notify directory, where the store is one.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unnecessary_wraps, reason = "another engine has none")
    )]
    pub(crate) fn directory(&self) -> Option<&Path> {
        either!(self, local => Some(local.directory()); _ => None)
    }
}

/// Decides by what this process remembers alone, for the store cannot be used, or there is none.
pub(crate) fn update_unstored(
    store: Option<&Store>,
    job: &JobKey<'_>,
    at: Instant,
    decide: Decide<'_>,
) -> Committed {
    #[cfg(feature = "postgres")]
    if let Some(Store::Shared(shared)) = store
        && let Some(committed) = shared.update_unreached(&job.file, at, &mut *decide)
    {
        return committed;
    }
    #[cfg(not(feature = "postgres"))]
    let _ = at;
    let known = match store {
        Some(Store::Local(local)) => local.known(&job.file),
        #[cfg(feature = "postgres")]
        Some(Store::Shared(shared)) => shared.known(&job.file),
        None => Past::Unknown,
    };
    let past = unwritten::correct(&job.file, known);
    let change = decide(&Seen {
        past: &past,
        now: clock::now(),
        access: Access::Memory,
        planned: None,
    });
    let Some(change) = change else {
        return Committed::default();
    };
    if let Some(status) = change.status.or(change.noted) {
        unwritten::remember(&job.file, status);
        #[cfg(feature = "postgres")]
        if let Some(Store::Shared(shared)) = store {
            shared.is_unrecorded(&job.file);
        }
    }
    Committed {
        alert: change.alert.map(|alert| (alert, Vec::new())),
        ..Committed::default()
    }
}

/// Returns the key of a run of this process that is under way, so that its end can be a part of a change.
pub(crate) fn run_key(number: u64) -> Option<RunKey> {
    #[cfg(feature = "postgres")]
    if let Some(key) = shared::life::key(number) {
        return Some(key);
    }
    local::lease::key(number)
}

/// Writes down that a run of this process has ended, wherever it was written down.
pub(crate) fn end_run(number: u64) {
    #[cfg(feature = "postgres")]
    shared::life::end(number);
    local::lease::end(number);
}

/// Lets go of what this process holds in its store, at its exit, if no run is under way.
pub(crate) fn close() {
    local::lease::close();
}
