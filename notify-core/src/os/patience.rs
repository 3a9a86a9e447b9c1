//! A bounded wait for what another thread holds for moments.
//!
//! A thread that holds a lock for microseconds may be without a core for many milliseconds on a busy machine. In a child
//! that was forked meanwhile nobody lets go of it.

use std::thread;
use std::time::Duration;

/// How often it is asked at once,
const AT_ONCE: usize = 100;

/// and how often with a pause before.
const PAUSES: usize = 200;

const PAUSE: Duration = Duration::from_millis(1);

/// Asks until there is an answer, for some 0.2 seconds.
pub(crate) fn ask_for_a_while<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    for tried in 0..AT_ONCE + PAUSES {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if tried < AT_ONCE {
            thread::yield_now();
        } else {
            thread::sleep(PAUSE);
        }
    }
    None
}
