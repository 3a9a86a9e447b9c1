//! The runs of this process: their registry, their reports, and the runs of processes that died.

pub(crate) mod asked;
pub(crate) mod consult;
mod dedup;
mod definition;
pub(crate) mod end;
pub(crate) mod handle;
pub(crate) mod last_lines;
#[cfg(feature = "tracing")]
pub(crate) mod layer;
mod log_ring;
pub(crate) mod overdue;
pub(crate) mod overlap;
pub(crate) mod panic;
pub(crate) mod postponed;
pub(crate) mod reaper;
mod registry;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod run_data;
mod sharded;
pub(crate) mod shutdown;
pub(crate) mod stack;
mod under_way;
mod unended;
