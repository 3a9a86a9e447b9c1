//! Facade.

pub use notify_macros::notify;

#[doc(hidden)]
pub use notify_core::__private;
