//! What people read: one alert, or a digest of many.

pub(crate) mod alert;
pub(crate) mod digest;
pub(crate) mod links;
