//! What the end of a run changes: the job's new status, and its alert.

use std::sync::Arc;

use crate::message::alert::Alert;
use crate::rules::{Past, Settings};
use crate::status::Status;

/// A job's new status and its alert: both happen, or neither.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Change {
    /// `None` leaves it: a later run has written it.
    pub(crate) status: Option<Status>,
    /// In a box, for it is large, and there seldom is one.
    pub(crate) alert: Option<Box<Alert>>,
    /// The queues that the alert goes to, by their names.
    pub(crate) queues: Vec<String>,
    /// Whether the alert is held back; the status says how long.
    pub(crate) is_held: bool,
    /// An alert that was held, and is not to be sent any more: where it waits.
    pub(crate) withdrawn: Vec<String>,
    /// The run that ends with this.
    pub(crate) ends: Option<RunKey>,
    /// What decided, for the job's history; the journal does not hold it.
    pub(crate) settings: Option<Settings>,
    /// The status that is left, with what is now known beside it: written last, and none of the history.
    pub(crate) noted: Option<Status>,
    /// Whether the job is no more: its status and its history go last.
    pub(crate) removes: bool,
}

/// Names a run under way to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunKey {
    pub(in crate::state) record: Arc<str>,
    pub(in crate::state) offset: u64,
}

#[cfg(test)]
impl RunKey {
    pub(crate) fn new(record: &str, offset: u64) -> Self {
        let record = record.into();
        Self { record, offset }
    }
}

impl Change {
    /// Returns whether it changes nothing but times and counts of a job, and nobody hears of it.
    pub(in crate::state) fn is_nothing_new(&self, past: &Past) -> bool {
        let (Some(status), Some(previous)) = (&self.status, past.status()) else {
            return false;
        };
        // What was held back may leave or be taken back at any time.
        self.alert.is_none() && previous.held.is_none() && status.says_the_same_as(previous)
    }
}

/// What a change writes: each text is in several files.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) status: Option<String>,
    pub(crate) alert: Option<String>,
}

impl Texts {
    pub(crate) fn of(change: &Change) -> Self {
        let status = change.status.as_ref().map(Status::render);
        match (&change.alert, status) {
            // But where a message about what a person does shows less.
            (Some(alert), Some(status)) if Some(&alert.status) == change.status.as_ref() => Self {
                alert: Some(alert.render_with(&status)),
                status: Some(status),
            },
            (alert, status) => Self {
                alert: alert.as_ref().map(|alert| alert.render()),
                status,
            },
        }
    }
}
