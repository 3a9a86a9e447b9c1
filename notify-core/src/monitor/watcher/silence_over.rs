//! What a silence withheld, told when it is over: the job may not run again for a long time.

use std::io;

use chrono::Utc;

use crate::dispatch::dispatcher;
use crate::format::time::{self, Time, to_micros};
use crate::message::alert::Kind;
use crate::monitor::operator;
use crate::monitor::view::{self, Job};
use crate::rules::{Past, Reason};
use crate::settings::setup::Setup;
use crate::state::change::Change;
use crate::state::local::{Queued, Store};
use crate::status::decision::{Decided, Fate};
use crate::status::error_count::ErrorCount;
use crate::status::{State, Status};

/// Returns whether a job's silence may have withheld what still holds.
pub(crate) fn may_be(job: &Job, now: Time) -> bool {
    let silence = job.silence.as_ref();
    job.state == State::Error
        && job.alerted.is_none()
        // What is held back has a time of its own to leave.
        && !job.is_held
        && silence.is_some_and(|silence| silence.until <= now)
}

/// Tells it, and ends the silence: both happen, or neither.
///
/// # Errors
///
/// Where the job's files cannot be used.
pub(crate) fn tell(job: &Job, setup: &Setup, store: &Store) -> io::Result<()> {
    let Some(silence) = &job.silence else {
        return Ok(());
    };
    let channel = job.channel.clone();
    let channel = channel.unwrap_or_else(|| setup.default_channel.clone());
    let until = time::show(silence.until);
    let because = silence.because.as_deref();
    let because = because.map_or_else(String::new, |because| format!(": {because}"));
    let note =
        format!("silenced until {until}{because}; the silence is over, and the job still fails");
    let (routes, notes) = operator::way(&channel, note);
    // Where nobody can be told now, it is told once somebody can.
    let Some(routes) = routes else {
        return Ok(());
    };
    let mut locked = store.lock(&job.file)?;
    let Past::Known(status) = locked.read() else {
        return Ok(());
    };
    let now = to_micros(Utc::now());
    let seen = Job::new(&job.file, (*status).clone());
    // A run that has ended since has told it, or has found it mended.
    if locked.is_passed_by() || !may_be(&seen, now) || seen.begun != job.begun {
        return Ok(());
    }
    let mut notes = notes;
    notes.extend(status.other_errors.words());
    let status = told(*status, now);
    let name = view::shown_name(&job.file);
    let mut alert = operator::new_alert(Kind::StillFailing, name, &routes, notes, status.clone());
    // By the very time it is found to be told, and taken back where it is refused.
    alert.decided = now;
    let change = Change {
        file: job.file.clone(),
        status: Some(status),
        alert: Some(alert.clone()),
        queues: operator::queues_of(Some(&routes)),
        ..Change::default()
    };
    let written = locked.change(&change);
    drop(locked);
    for (number, route) in routes.all.iter().enumerate() {
        match written.queued.get(number) {
            Some(Queued::Waits(entry)) => dispatcher::queued(route, entry),
            _ => dispatcher::from_memory(route, alert.clone()),
        }
    }
    written.status_error.map_or(Ok(()), Err)
}

/// What a status is once that was told.
fn told(status: Status, now: Time) -> Status {
    let mut told_errors = status.told_errors.clone();
    let error = status.fingerprint.as_ref();
    told_errors.extend(
        error
            .filter(|error| !status.told_errors.contains(error))
            .cloned(),
    );
    Status {
        alerted: Some(now),
        alerted_by: None,
        told_errors,
        other_errors: ErrorCount::default(),
        withheld_since: None,
        silence: None,
        decision: Some(Decided::By(Fate::Sent, Reason::SilenceOver)),
        ..status
    }
}
