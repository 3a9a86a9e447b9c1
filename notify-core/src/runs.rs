//! The runs of this process: their registry, their reports, and the runs of processes that died.

pub(crate) mod asked;
mod dedup;
pub(crate) mod overdue;
pub(crate) mod overlap;
pub(crate) mod panic;
pub(crate) mod reaper;
pub(crate) mod registry;
pub(crate) mod report;
pub(crate) mod shutdown;
pub(crate) mod stack;
