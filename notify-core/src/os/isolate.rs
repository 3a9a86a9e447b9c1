//! Runs foreign code, and stops its panics at the call.

use std::any::Any;
use std::cell::Cell;
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

thread_local! {
    /// Whether annotated functions run bare on this thread: it is of ours, or a run that ends on it asks the program.
    static IS_BARE: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether annotated functions run bare on this thread.
pub(crate) fn is_bare() -> bool {
    IS_BARE.try_with(Cell::get).unwrap_or(false)
}

/// Runs code of the program that we call: what is annotated runs bare in it, for the end of one run is no place for
/// another, and no alert is sent about alerts.
pub(crate) fn bare<R>(foreign: impl FnOnce() -> R) -> R {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            let _ = IS_BARE.try_with(|is_bare| is_bare.set(self.0));
        }
    }
    let _before = Before(
        IS_BARE
            .try_with(|is_bare| is_bare.replace(true))
            .unwrap_or(false),
    );
    foreign()
}
