//! Faults of this library, written once while they last: to the log, or to standard error where no logger takes
//! them.

use std::borrow::Cow;
use std::io;
#[cfg(not(unix))]
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use log::Level;

#[cfg(unix)]
use crate::os::engine;
use crate::os::engine::{Part, Slot};
#[cfg(unix)]
use crate::os::ffi;
use crate::os::isolate;
use crate::os::mutex::Mutex;
use crate::os::redact;

/// Faults that are remembered; a program that produces new ones without end gets only these.
const REMEMBERED: usize = 1000;

/// What filters of a log know this library by.
pub(crate) const TARGET: &str = "pipeline_notify";

/// A forked child knows what its parent has written.
static LASTING: Part<Mutex<Vec<String>>> = Part::beginning(Slot::Warnings, |parents| {
    let known = parents.and_then(|parents| Some(parents.try_lock()?.clone()));
    Mutex::new(known.unwrap_or_default())
});

/// A fault of this library. It is created where a lock is held, and written where none is: a logger is
/// foreign code.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a fault must be written"]
pub(crate) struct Warning {
    fault: String,
    message: String,
}

impl Warning {
    /// Makes the warning of a fault; `fault` is what [`over`] ends.
    pub(crate) fn new(fault: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            fault: fault.into(),
            message: message.into(),
        }
    }

    pub(crate) fn is(&self, fault: &str) -> bool {
        self.fault == fault
    }

    /// Logs it, unless it was logged before and still lasts.
    pub(crate) fn warn(self) {
        {
            let mut lasting = LASTING.get().lock();
            if lasting.len() >= REMEMBERED || lasting.contains(&self.fault) {
                return;
            }
            lasting.push(self.fault);
        }
        let message = redact::hide(self.message);
        if !log(Level::Warn, &|| (&*message).into()) {
            let is_within = IS_WITHIN_A_LINE.swap(false, Ordering::Relaxed);
            let before = if is_within { "\n" } else { "" };
            print(&format!("{before}pipeline-notify: {message}\n"));
        }
    }
}

/// Whether what was last passed on to standard error is a line without its end.
static IS_WITHIN_A_LINE: AtomicBool = AtomicBool::new(false);

/// Notes what was passed on to standard error, so that a warning begins a line of its own.
#[cfg(feature = "cli")]
pub(crate) fn follows(bytes: &[u8]) {
    if let Some(last) = bytes.last() {
        IS_WITHIN_A_LINE.store(*last != b'\n', Ordering::Relaxed);
    }
}

/// Writes a line to standard error, and not into one of the program's: in a forked child past std's lock, which a thread
/// may have held that is not there.
fn print(line: &str) {
    let stderr = io::stderr();
    #[cfg(unix)]
    {
        let _whole = (!engine::is_forked()).then(|| stderr.lock());
        ffi::print(line);
    }
    #[cfg(not(unix))]
    let _ = stderr.lock().write_all(line.as_bytes());
}

/// Hands a line to the logger, and returns whether that takes such lines: one that takes errors alone, or one
/// crate's records, would swallow it. A logger that panics has taken nothing: it is foreign code, and the
/// threads that deliver must live on.
pub(crate) fn log<'a>(level: Level, line: &dyn Fn() -> Cow<'a, str>) -> bool {
    let taken = isolate::contain(|| {
        let is_taken = log::log_enabled!(target: TARGET, level);
        if is_taken {
            log::log!(target: TARGET, level, "{}", line());
        }
        is_taken
    });
    taken.unwrap_or(false)
}

/// Ends a fault, so that it is written again when it comes back.
pub(crate) fn over(fault: &str) {
    LASTING.get().lock().retain(|lasting| lasting != fault);
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Issue 13, point 5.
    #[cfg(unix)]
    #[test]
    fn a_child_that_is_forked_while_a_thread_warns_does_not_wait_for_it() {
        assert!(crate::testing::a_run_ends_in_a_fork_while(|| LASTING
            .get()
            .lock()));
    }

    /// Issue 13, point 5: what the program prints is under a lock of std's.
    #[test]
    fn a_child_that_is_forked_while_a_thread_prints_does_not_wait_for_it() {
        let _own = engine::own::begin();
        let ends = crate::testing::ends_in_a_fork_while(
            || io::stderr().lock(),
            || Warning::new("printed", "a warning of a test").warn(),
        );
        assert!(ends);
    }

    #[test]
    fn a_forked_child_knows_which_faults_were_logged() {
        LASTING
            .get()
            .lock()
            .push("logged before the fork".to_owned());
        let ends = ffi::ends_in_a_fork(|| {
            let known = "logged before the fork".to_owned();
            assert!(LASTING.get().lock().contains(&known));
        });
        assert!(ends);
    }
}
