//! Faults of ours, told once while they last: to the log, or to standard error where no logger takes
//! them.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use crate::redact;

/// Faults that are remembered; a program that makes up new ones without end is told of these.
const REMEMBERED: usize = 1000;

/// What filters of a log know this library by.
const TARGET: &str = "pipeline_notify";

static LASTING: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

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
            let mut lasting = LASTING.lock().unwrap_or_else(PoisonError::into_inner);
            if lasting.len() >= REMEMBERED || !lasting.insert(self.fault) {
                return;
            }
        }
        let message = redact::hide(self.message);
        // A logger that takes errors alone, or one crate's records, would swallow it.
        if log::log_enabled!(target: TARGET, log::Level::Warn) {
            log::warn!(target: TARGET, "{message}");
        } else {
            let _ = writeln!(std::io::stderr(), "pipeline-notify: {message}");
        }
    }
}

/// Ends a fault, so that it is told again when it comes back.
pub(crate) fn over(fault: &str) {
    LASTING
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(fault);
}
