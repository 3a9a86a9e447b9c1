//! What people read: one alert, or a digest of many.

pub(crate) mod alert;
mod cut;
pub(crate) mod digest;
pub(crate) mod dropped;
pub(crate) mod links;
pub(crate) mod writer;
pub(crate) mod written;
