//! The engine of `pipeline-notify`: most people want the `pipeline-notify` crate, which re-exports
//! what is public here.
//!
//! The rooms of the house, each importing only from its own floor and those below:
//!
//! | floor | rooms | |
//! |---|---|---|
//! | 0 | `error`, `text`, `time`, `fields`, `process`, `id`, `name` | |
//! | 1 | `status`, `outcome`, `fingerprint`, `flapping`, `error_count`, `rules`, `alert`, `digest`, `change`, `pace`, `backlog`, `loss` | pure: time is an argument |
//! | 0 | `error`, `text`, `terminal`, `time`, `fields`, `process`, `id`, `name` | |
//! | 0 | `error`, `text`, `backtrace`, `time`, `fields`, `process`, `id`, `name` | |
//! | 0 | `error`, `text`, `time`, `fields`, `process`, `asked`, `id`, `name` | |
//! | 1 | `status`, `outcome`, `fingerprint`, `flapping`, `rules`, `alert`, `digest`, `change`, `pace`, `backlog`, `loss` | pure: time is an argument |
//! | 0 | `error`, `text`, `terminal`, `time`, `fields`, `process`, `id`, `name` | |
//! | 1 | `headline`, `status`, `outcome`, `fingerprint`, `flapping`, `rules`, `alert`, `digest`, `change`, `pace`, `backlog`, `loss` | pure: time is an argument |
//! | 2 | `exit` | the one place with `unsafe` |
//! | 3 | `machine`, `file`, `warn`, `panic`, `job` | |
//! | 0 | `error`, `redact`, `text`, `time`, `fields`, `process`, `id`, `name` | |
//! | 1 | `status`, `outcome`, `fingerprint`, `flapping`, `rules`, `alert`, `digest`, `change`, `pace`, `backlog`, `loss` | pure: time is an argument |
//! | 2 | `exit`, `harness` | the one place with `unsafe`; what tells a test |
//! | 3 | `machine`, `file`, `landlord`, `warn`, `panic`, `job` | |
//! | 4 | `lock`, `destination`, `secret`, `samples` | |
//! | 5 | `kept`, `notifier`, `outbox`, `running`, `history` | destinations, and what is on disk |
//! | 6 | `store`, `heartbeat` | the notify directory; each run, told to a service that misses runs |
//! | 7 | `config`, `directory`, `pipes`, `facts`, `variables`, `setup` (the one that reads the environment), `confidential`, `route` | settings, what no text may show, and where alerts go |
//! | 8 | `memory`, `overdue`, `signals`, `surplus`, `sender` | what this process remembers, watches, and sends |
//! | 9 | `delivery` | the background thread |
//! | 10 | `report` | one end of a run: lock, decide, write |
//! | 11 | `recorded`, `deaths`, `life` | runs that died, and those of this process |
//! | 12 | `shutdown` | the end of the process |
//! | 12 | `look`, `near`, `story`, `act` (feature `cli`) | what the command sees of a notify directory, and does in it |
//! | 13 | `wrap` with `child`, `stderr`, `cgroup`, `mistake`, `unrunnable`; `guard` with `missed`, `withheld` (feature `cli`) | any program as a job; a watch over a notify directory |
//! | 11 | `panic`, `arguments`, `classify`, `filter`, `future`, `run` | what the expansion calls |

// Programs may print and give up; a library may not.
#![warn(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

#[cfg(feature = "cli")]
mod act;
mod alert;
mod arguments;
mod asked;
mod backlog;
mod backtrace;
mod bounded;
#[cfg(feature = "cli")]
mod cgroup;
mod change;
#[cfg(feature = "cli")]
mod child;
#[expect(missing_docs, reason = "the expansion alone calls it")]
mod classify;
mod confidential;
mod config;
mod deaths;
mod delivery;
mod destination;
mod destinations;
mod digest;
mod directory;
mod entry;
mod environment;
mod error;
mod error_count;
mod exit;
mod facts;
mod fields;
mod file;
#[expect(missing_docs, reason = "the expansion alone calls it")]
mod filter;
mod fingerprint;
mod flapping;
#[expect(missing_docs, reason = "the expansion alone calls it")]
mod future;
#[cfg(test)]
mod fuzz;
#[cfg(feature = "cli")]
mod guard;
mod harness;
mod headline;
mod heartbeat;
mod history;
mod id;
mod in_force;
mod isolate;
mod job;
mod kept;
mod landlord;
mod ledger;
mod life;
mod lock;
#[cfg(feature = "cli")]
mod look;
mod loss;
mod machine;
mod memory;
#[cfg(feature = "cli")]
mod missed;
#[cfg(feature = "cli")]
mod mistake;
mod moved;
mod name;
#[cfg(feature = "cli")]
mod near;
mod notifier;
mod outbox;
mod outcome;
mod overdue;
mod pace;
mod panic;
mod pipes;
mod process;
mod random;
mod recorded;
mod redact;
mod refuge;
mod report;
mod route;
mod rules;
#[expect(missing_docs, reason = "the expansion alone calls it")]
mod run;
mod running;
mod samples;
mod secret;
mod sender;
mod setup;
mod shutdown;
#[cfg(unix)]
mod signals;
mod stack;
mod status;
#[cfg(feature = "cli")]
mod stderr;
mod store;
#[cfg(feature = "cli")]
mod story;
mod surplus;
#[cfg_attr(
    not(any(feature = "cli", test)),
    expect(dead_code, reason = "the command alone keeps a screen")
)]
mod terminal;
#[cfg(test)]
mod testing;
mod text;
mod time;
mod transition;
#[cfg(feature = "cli")]
mod unrunnable;
mod variables;
mod warn;
#[cfg(feature = "cli")]
mod withheld;
#[cfg(feature = "cli")]
mod wrap;
#[cfg(test)]
mod year;

pub use alert::{Alert, Kind};
pub use config::Config;
pub use delivery::drain;
pub use destinations::channels;
pub use digest::message;
pub use error::Error;
pub use notifier::{Discord, Exec, Json, Notifier, PagerDuty, Refusal, Slack, Teams};
pub use panic::install_panic_hook;
pub use samples::{samples, test_alert};
pub use status::State;

/// What the expansion of `#[notify]` calls: no part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use std::option::Option;
    pub use std::pin::pin;

    pub use crate::classify::{AnyValue, Probe, Split, Verdict, look, nothing};
    pub use crate::filter::{Listed, error, says_yes, when};
    pub use crate::future::{make, opaque};
    pub use crate::job::{Arguments, Site};
    pub use crate::run::{Frame, Guard, Output, Returns, name, once, run, terminate};

    /// Traits for their methods alone: one import of all costs a build less than one each, and
    /// brings no name of ours into the sight of a user's expression.
    pub mod rungs {
        pub use crate::classify::NoExitCode as _;
        pub use crate::future::AnyFuture as _;
        pub use crate::run::AnyType as _;
    }

    /// Those of `errors(…)`.
    pub mod finds {
        pub use crate::filter::{
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
    pub use crate::act::{Answer, Desk, Forgotten, Refused, Silenced, Told, channels, test, user};
    pub use crate::child::signal_named;
    pub use crate::guard::{Beginning, Guard};
    pub use crate::job::Arguments;
    pub use crate::look::{
        Health, Job, Jobs, Queue, Run, Silence, Unreadable, directory, jobs, queues, readable,
        runs, span,
    };
    pub use crate::missed::limit;
    pub use crate::near::no_job;
    pub use crate::story::{
        Chance, Happened, Hold, Outlook, Recent, Reply, Rules, Story, What, recent, story,
    };
    pub use crate::wrap::{Codes, Wrapped};
}
