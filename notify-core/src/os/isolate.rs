//! Runs foreign code, and stops its panics at the call.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a panic carries.
pub(crate) type Payload = Box<dyn Any + Send>;

#[inline]
pub(crate) fn catch<R>(body: impl FnOnce() -> R) -> Result<R, Payload> {
    // Whoever asks resumes the panic, so nobody sees what it left half done.
    catch_unwind(AssertUnwindSafe(body))
}

/// Runs foreign code that has no say in what becomes of a run; a panic in it is `None`.
#[inline]
pub(crate) fn contain<R>(foreign: impl FnOnce() -> R) -> Option<R> {
    catch(foreign).map_err(discard).ok()
}

/// Drops a payload, whose destructor is foreign code too.
fn discard(payload: Payload) {
    if let Err(second) = catch(|| drop(payload)) {
        std::mem::forget(second);
    }
}
