//! The engine of `pipeline-notify`: most people want the `pipeline-notify` crate, which re-exports
//! what is public here.
//!
//! The rooms of the house, each importing only from floors below its own:
//!
//! | floor | rooms | |
//! |---|---|---|
//! | 0 | `error`, `text`, `time`, `fields`, `id`, `name` | |
//! | 1 | `status`, `outcome`, `fingerprint`, `flapping`, `rules`, `alert`, `change`, `pace` | pure: time is an argument |
//! | 2 | `exit` (the one place with `unsafe`), `process`, `machine`, `file`, `warn`, `panic`, `job` | |
//! | 3 | `lock`, `destination`, `secret`, `samples` | |
//! | 4 | `notifier`, `outbox`, `running` | destinations, and what is on disk |
//! | 5 | `store` | the notify directory |
//! | 6 | `config`, `setup` (the one that reads the environment), `route` | settings, and where alerts go |
//! | 7 | `memory`, `overdue`, `signals`, `sender` | what this process remembers, watches, and sends |
//! | 8 | `delivery` | the background thread |
//! | 9 | `report` | one end of a run: lock, decide, write |
//! | 10 | `recorded`, `deaths`, `life` | runs that died, and those of this process |
//! | 11 | `shutdown` | the end of the process |
//! | 10 | `panic`, `arguments`, `classify`, `filter`, `future`, `run` | what the expansion calls |

// Programs may print and give up; a library may not.
#![warn(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod alert;
mod arguments;
mod change;
#[expect(missing_docs, reason = "the expansion alone calls it")]
mod classify;
mod config;
mod deaths;
mod delivery;
mod destination;
mod error;
mod exit;
mod fields;
mod file;
#[expect(missing_docs, reason = "the expansion alone calls it")]
mod filter;
mod fingerprint;
mod flapping;
#[expect(missing_docs, reason = "the expansion alone calls it")]
mod future;
mod id;
mod job;
mod life;
mod lock;
mod machine;
mod memory;
mod name;
mod notifier;
mod outbox;
mod outcome;
mod overdue;
mod pace;
mod panic;
mod process;
mod recorded;
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
mod status;
mod store;
#[cfg(test)]
mod testing;
mod text;
mod time;
mod warn;

pub use alert::{Alert, Kind, message};
pub use config::Config;
pub use delivery::drain;
pub use error::Error;
pub use notifier::{Exec, Json, Notifier, Refusal, Slack};
pub use panic::install_panic_hook;
pub use samples::{samples, test_alert};
pub use status::State;

/// What the expansion of `#[notify]` calls: no part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use std::any::type_name;
    pub use std::option::Option;
    pub use std::pin::pin;

    pub use crate::classify::{Probe, Split, Verdict, returned};
    pub use crate::filter::{Listed, error, when};
    pub use crate::future::{make, opaque};
    pub use crate::job::{Arguments, Site};
    pub use crate::run::{Body, Frame, Guard, Output, Plain, name, terminate};

    /// Traits for their methods alone: one import of all costs a build less than one each, and
    /// brings no name of ours into the sight of a user's expression.
    pub mod rungs {
        pub use crate::classify::{
            AnyValue as _, ByDebug as _, ByDisplay as _, ByDisplayAndDebug as _, ByError as _,
            ByName as _, ByTarget as _, Success as _,
        };
    }

    /// Those of `errors(…)`.
    pub mod finds {
        pub use crate::filter::{
            FindAny as _, FindError as _, FindTarget as _, ListedError as _, ListedOther as _,
            NoDowncast as _,
        };
    }

    /// Those that choose how a body is run.
    pub mod ways {
        pub use crate::future::AnyFuture as _;
        pub use crate::run::AnyType as _;
    }
}
