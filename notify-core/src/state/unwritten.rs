//! What this process last decided and could not write: the directory may be full, or not writable, and
//! not every run is to be a first run then.

use std::collections::HashMap;

use crate::os::engine::{Part, Slot};
use crate::os::mutex::Mutex;
use crate::rules::Past;
use crate::status::Status;

/// Jobs whose statuses are remembered; only programs that name jobs at run time have so many.
const MAX_JOBS: usize = 1024;

static UNWRITTEN: Part<Mutex<HashMap<String, Status>>> = Part::new(Slot::Unstored);

pub(super) fn remember(job: &str, status: Status) {
    let mut unwritten = UNWRITTEN.get().lock();
    if unwritten.len() < MAX_JOBS || unwritten.contains_key(job) {
        unwritten.insert(job.to_owned(), status);
    }
}

/// Forgets it: a later one was written.
pub(super) fn forget(job: &str) {
    UNWRITTEN.get().lock().remove(job);
}

/// Corrects what the store says of a job: the newer of that and of what could not be written counts.
pub(super) fn correct(job: &str, past: Past) -> Past {
    let unwritten = UNWRITTEN.get().lock();
    match (past, unwritten.get(job)) {
        (Past::Known(status), Some(unwritten)) if status.begun >= unwritten.begun => {
            Past::Known(status)
        }
        (_, Some(unwritten)) => Past::Known(Box::new(unwritten.clone())),
        (past, None) => past,
    }
}
