//! Faults of ours, told once while they last: to the log, or to standard error where no logger takes
//! them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use log::Level;

use crate::os::isolate;
use crate::os::per_process::PerProcess;
use crate::os::redact;

/// Faults that are remembered; a program that makes up new ones without end is told of these.
const REMEMBERED: usize = 1000;

/// What filters of a log know this library by.
const TARGET: &str = "pipeline_notify";

/// A forked child knows what its parent has told.
static LASTING: PerProcess<Mutex<BTreeSet<String>>> = PerProcess::inheriting(|parents| {
    let known = parents.try_lock().map(|known| known.clone());
    Mutex::new(known.unwrap_or_default())
});

fn lasting() -> MutexGuard<'static, BTreeSet<String>> {
    LASTING.get().lock().unwrap_or_else(PoisonError::into_inner)
}

/// A fault of ours. It is gathered where a lock is held, and told where none is: a logger is
/// foreign code.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a fault that is not told is a silence"]
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

    /// Tells it, unless it was told and still lasts.
    pub(crate) fn tell(self) {
        {
            let mut lasting = lasting();
            if lasting.len() >= REMEMBERED || !lasting.insert(self.fault) {
                return;
            }
        }
        let message = redact::hide(self.message);
        if !log(Level::Warn, || (&*message).into()) {
            let _ = writeln!(std::io::stderr(), "pipeline-notify: {message}");
        }
    }
}

/// Hands a line to the logger, and tells whether that takes such lines: one that takes errors alone, or one
/// crate's records, would swallow it. A logger that panics has taken nothing: it is foreign code, and the
/// threads that deliver must live on.
pub(crate) fn log<'a>(level: Level, line: impl FnOnce() -> Cow<'a, str>) -> bool {
    let taken = isolate::contain(|| {
        let is_taken = log::log_enabled!(target: TARGET, level);
        if is_taken {
            log::log!(target: TARGET, level, "{}", line());
        }
        is_taken
    });
    taken.unwrap_or(false)
}

/// Ends a fault, so that it is told again when it comes back.
pub(crate) fn over(fault: &str) {
    lasting().remove(fault);
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// issue 12, point 21
    #[test]
    fn a_child_that_is_forked_while_a_thread_warns_does_not_wait_for_it() {
        let ends = crate::testing::ends_in_a_fork_while(lasting, || over("a fault"));
        assert!(ends);
    }

    #[test]
    fn a_forked_child_knows_which_faults_were_told() {
        lasting().insert("told before the fork".to_owned());
        let ends = crate::os::ffi::ends_in_a_fork(|| {
            assert!(lasting().contains("told before the fork"));
        });
        assert!(ends);
    }
}
