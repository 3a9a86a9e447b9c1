//! Faults of ours, told once while they last: to the log, or to standard error where no logger is.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use crate::redact;

/// Faults that are remembered; a program that makes up new ones without end is told of these.
const REMEMBERED: usize = 1000;

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
        if log::max_level() == log::LevelFilter::Off {
            let _ = writeln!(std::io::stderr(), "pipeline-notify: {message}");
        } else {
            log::warn!(target: "pipeline_notify", "{message}");
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
