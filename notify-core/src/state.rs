//! Where the state of jobs lives.

pub(crate) mod change;
pub(crate) mod dropped;
pub(crate) mod entry;
pub(crate) mod history;
pub(crate) mod local;
pub(crate) mod moved;
pub(crate) mod rate;
pub(crate) mod run_record;
