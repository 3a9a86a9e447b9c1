//! The engine of `pipeline-notify`: most people want the `pipeline-notify` crate, which re-exports
//! what is public here.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | job | an annotated function, or a command under `run`; its name is the status file's name |
//! | run | one call of a job |
//! | outermost | a run with no other run on its thread's stack, or being polled on it, when it begins |
//! | outcome | how a run ended: returned, failed, panicked, exited, was cancelled, died, or proves nothing |
//! | status | what the status file says after the latest run: `OK` or `ERROR`, when, where, what |
//! | incident | the time from a job's first `ERROR` to its next `OK` |
//! | fingerprint | what distinguishes an error from others: its words, without numbers, ids, times and paths |
//! | transition | what the end of a run makes of the status, and of what is sent |
//! | decision | whether an alert is sent, and the rule that says so |
//! | held | an alert that waits for the next attempt, the N-th failure, or its time |
//! | store | where the state of jobs lives: a notify directory, or tables of a shared database |
//! | change | a status and an alert that are written together or not at all; a random id names it |
//! | write-behind | silent runs change memory alone, and the store learns of them a little later |
//! | journal | the change as it stands in the lock file until it is done: a write-ahead log |
//! | lease | the record of a run under way; its lock says that the process lives |
//! | reaper | reports the runs whose process is gone |
//! | alert | one message that the rules decided to send |
//! | channel | a named destination, `alerts` if nothing is said |
//! | route | one destination of a channel: its notifier and its queue |
//! | notifier | code that takes an alert to a service |
//! | handle | what a service knows a message by, so that it can be edited and replied to |
//! | thread | the message of one incident or several, with what is to be known to go on in it |
//! | spool | all queues of a user in a notify directory |
//! | shed | to drop and count what waits beyond the bounds |
//! | refuge | the channel `alerts`, where the failures of a broken channel go |
//!
//! # Rooms
//!
//! Each room imports only from those below it in this table, which `tests/house.rs` checks.
//!
//! | room | |
//! |---|---|
//! | `attribute` | what the expansion of `#[notify]` calls |
//! | `monitor` | the command's view of a notify directory, and what it does there (feature `cli`) |
//! | `runs` | the runs of this process: registry, report, reaper, overdue, shutdown, panics |
//! | `dispatch` | the background thread, the sender, batches, load shedding |
//! | `settings` | `Config`, the environment, the settings in force, and where alerts go |
//! | `notifier` | the destinations, one file each, and what they share |
//! | `state` | the boundary: the state of jobs, runs and queues; `local` is the notify directory, whose files nobody above knows |
//! | `job` | the annotated function: its site, name and arguments |
//! | `rules` | which run sends an alert: policy, flapping, transition; pure, time is an argument |
//! | `message` | one alert, and a digest of many |
//! | `status` | the status file, outcomes, fingerprints |
//! | `os` | the one file with `unsafe`, files, locks, signals, what no text may show |
//! | `format` | text, times, fields, hashes, headlines |
//! | `error` | the public error type |

#![cfg_attr(
    not(feature = "cli"),
    expect(
        dead_code,
        unreachable_pub,
        unused_imports,
        reason = "what the command alone uses is checked where that is built"
    )
)]
// Programs may print and give up; a library may not.
#![warn(
    clippy::expect_used, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used
)]

mod attribute;
mod dispatch;
mod error;
mod format;
mod job;
mod message;
#[cfg(feature = "cli")]
mod monitor;
mod notifier;
mod os;
mod rules;
mod runs;
mod settings;
mod state;
mod status;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use dispatch::dispatcher::drain;
pub use error::Error;
pub use message::alert::{Alert, Kind};
pub use message::digest::message;
pub use message::written::Message;
pub use notifier::samples::{samples, test_alert};
pub use notifier::{
    Discord, Exec, FollowUps, Json, Notifier, PagerDuty, Refusal, Service, Slack, Teams,
};
pub use rules::decision::Decision;
pub use rules::occasion::{Occasion, Previous};
pub use runs::handle::{Handle, current, fact, progress, progress_unknown};
pub use runs::last_lines::LastLines;
#[cfg(feature = "tracing")]
pub use runs::layer::LastLinesLayer;
pub use runs::panic::install_panic_hook;
pub use settings::config::Config;
pub use settings::destinations::{Destination, channels};
pub use status::State;
pub use status::outcome::OutcomeKind;

/// What the expansion of `#[notify]` calls: no part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use std::option::Option;
    pub use std::pin::pin;

    pub use crate::attribute::classify::{AnyValue, Probe, Split, Verdict, look, nothing};
    pub use crate::attribute::filter::{Listed, error, says_yes, when};
    pub use crate::attribute::future::{make, opaque};
    pub use crate::attribute::run::{Frame, Guard, Output, Returns, name, once, run, terminate};
    pub use crate::job::{Arguments, Site};

    /// Traits for their methods alone: one import of all costs a build less than one each, and
    /// brings no name of ours into the sight of a user's expression.
    pub mod rungs {
        pub use crate::attribute::classify::NoExitCode as _;
        pub use crate::attribute::future::AnyFuture as _;
        pub use crate::attribute::run::AnyType as _;
    }

    /// Those of `errors(…)`.
    pub mod finds {
        pub use crate::attribute::filter::{
            Bare as _, Differ as _, FindAny as _, FindBehind as _, FindError as _,
            FindPointed as _, FindReport as _, FindShared as _, ListedError as _, ListedOther as _,
            NoDowncast as _,
        };
    }
}

/// What the command `pipeline-notify` sees and does: no part of the public interface.
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod __cli {
    pub use crate::format::pattern::is_fit;
    pub use crate::format::span::parse as parse_span;
    pub use crate::format::text::readable;
    pub use crate::format::time::span;
    pub use crate::job::Arguments;
    pub use crate::monitor::awaited::{AllAwaited, Awaited, await_no_more, awaited};
    pub use crate::monitor::command::child::signal_named;
    pub use crate::monitor::command::{Codes, Wrapped};
    pub use crate::monitor::expected::{Expected, Missed, Said, Since};
    pub use crate::monitor::operator::{
        Announcement, Answer, Desk, Forgotten, Marked, Moment, Plan, Refused, Written, channels,
        test, user,
    };
    pub use crate::monitor::planned::{Planned, mark_quiet, planned};
    pub use crate::monitor::schedule::{ClockChanges, Schedule};
    pub use crate::monitor::size_limit::outlive_size_limit;
    pub use crate::monitor::tables::{init_store, store_script};
    pub use crate::monitor::timeline::{
        Chance, Happened, Outlook, Recent, Reply, Rules, Story, What, recent, story,
    };
    pub use crate::monitor::view::{
        Acknowledged, Health, Job, Jobs, Queue, Run, Silence, Unreadable, directory, job_names,
        jobs, named_store, queues, runs,
    };
    pub use crate::monitor::watcher::users::{become_user, watch_all};
    pub use crate::monitor::watcher::{Beginning, Guard};
    pub use crate::os::clock::now;
    pub use crate::os::random::number as random;
    pub use crate::state::place::Place;
    pub use crate::status::Quiet;
    pub use crate::status::progress::Progress;
}
