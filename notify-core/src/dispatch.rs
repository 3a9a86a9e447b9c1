//! From a committed alert to its notifiers: the background thread, the sender, batches, load shedding.

pub(crate) mod batch;
mod budget;
pub(crate) mod dispatcher;
mod follow_up;
pub(crate) mod ledger;
pub(crate) mod refuge;
pub(crate) mod sender;
pub(crate) mod shed;
pub(crate) mod standing;
pub(crate) mod thread;
