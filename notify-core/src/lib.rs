//! The engine of `pipeline-notify`: most people want the `pipeline-notify` crate, which re-exports
//! what is public here.
//!
//! The rooms, each importing only from those above it in this list:
//!
//! 0. `error`, `text`, `time`, `name`
//! 1. `outcome`
//! 2. `job`, `panic`
//! 6. `report`
//! 7. `classify`, `filter`, `future`, `run`

mod job;
mod name;
mod outcome;
mod report;

/// What the expansion of `#[notify]` calls: no part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::job::{Arguments, Site};
}
