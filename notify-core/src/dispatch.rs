//! From a committed alert to its notifiers: the background thread, the sender, batches, load shedding.

pub(crate) mod batch;
pub(crate) mod dispatcher;
pub(crate) mod ledger;
pub(crate) mod refuge;
pub(crate) mod sender;
pub(crate) mod shed;
