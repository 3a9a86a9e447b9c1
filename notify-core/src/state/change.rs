//! What the end of a run changes: the job's new status, and its alert.

use std::sync::Arc;

use crate::message::alert::Alert;
use crate::rules::Settings;
use crate::status::Status;

/// A job's new status and its alert: both happen, or neither.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Change {
    /// The status file's name.
    pub(crate) file: String,
    /// `None` leaves it: a later run has written it.
    pub(crate) status: Option<Status>,
    pub(crate) alert: Option<Alert>,
    /// The folders of the queues that the alert goes to.
    pub(crate) queues: Vec<String>,
    /// Whether the alert is held back; the status says how long.
    pub(crate) is_held: bool,
    /// An alert that was held and must no longer be sent: where it waits.
    pub(crate) withdrawn: Vec<String>,
    /// Where the run is recorded as under way, which it is no longer.
    pub(crate) place: Option<Place>,
    /// What decided, for the job's history; the journal does not hold it.
    pub(crate) settings: Option<Settings>,
}

/// Where a run stands in the records of runs under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) record: Arc<str>,
    pub(crate) offset: u64,
}

/// What a change writes: each text is in several files.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(crate) status: Option<String>,
    pub(crate) alert: Option<String>,
}

impl Texts {
    pub(crate) fn of(change: &Change) -> Self {
        let status = change.status.as_ref().map(Status::render);
        match (&change.alert, status) {
            (Some(alert), Some(status)) => Self {
                alert: Some(alert.render_with(&status)),
                status: Some(status),
            },
            (alert, status) => Self {
                alert: alert.as_ref().map(Alert::render),
                status,
            },
        }
    }
}
