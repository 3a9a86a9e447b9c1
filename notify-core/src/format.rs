//! Text, times, fields and hashes: the forms that all other rooms write in.

pub(crate) mod backtrace;
pub(crate) mod clone;
pub(crate) mod debug;
pub(crate) mod fields;
pub(crate) mod hash;
pub(crate) mod headline;
pub(crate) mod json;
pub(crate) mod link;
pub(crate) mod order;
pub(crate) mod pattern;
pub(crate) mod percent;
pub(crate) mod span;
pub(crate) mod terminal;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod zone;
