//! What a silence withheld, sent when it is over: the job may not run again for a long time.

use std::io;
use std::time::Instant;

use crate::dispatch::dispatcher;
use crate::format::time::{self, Time};
use crate::message::alert::Kind;
use crate::monitor::operator;
use crate::monitor::view::Job;
use crate::os::ffi;
use crate::rules::Reason;
use crate::settings::setup::Setup;
use crate::state::Silences;
use crate::state::change::Change;
use crate::state::{Access, JobKey, Seen, Store};
use crate::status::decision::{Decided, Fate};
use crate::status::error_count::ErrorCount;
use crate::status::{State, Status};

/// Returns whether a job's silence, or a planned quiet, may have withheld what still holds, and is over.
pub(crate) fn may_be(job: &Job, plans: &Silences, now: Time) -> bool {
    let silence = job.silence.as_ref();
    let was_silenced = silence.is_some_and(|silence| silence.until <= now);
    job.state == State::Error
        && job.alerted.is_none()
        // What is held back has a time of its own to leave.
        && !job.is_held
        && !job.is_silenced(now)
        && (was_silenced || job.withheld.is_some())
        && plans.quiet(&job.name, ffi::user_id(), now).is_none()
}

/// Says what is over.
fn note(job: &Job) -> Option<String> {
    let silenced = job.silence.as_ref();
    let silenced =
        silenced.map(|silence| ("silenced", "the silence", silence.until, &silence.because));
    let was = "a planned quiet was on";
    let quiet = job.withheld.as_ref();
    let quiet = quiet.map(|quiet| (was, "the quiet", quiet.until, &quiet.because));
    let (was, what, until, because) = quiet.or(silenced)?;
    let was = format!("{was} until {} UTC", time::minute(until));
    let was = operator::with_reason(was, because.as_deref());
    Some(format!("{was}; {what} is over, and the job still fails"))
}

/// Sends it, and ends the silence: both happen, or neither.
pub(crate) fn send(job: &Job, plans: &Silences, setup: &Setup, store: &Store) -> io::Result<()> {
    let Some(note) = note(job) else {
        return Ok(());
    };
    let channel = job.alerted_channel.as_ref().or(job.channel.as_ref());
    let channel = channel.unwrap_or(&setup.default_channel);
    let (routes, notes) = operator::way(channel, note);
    // Where it cannot be sent now, it is sent once it can.
    let Some(routes) = routes else {
        return Ok(());
    };
    let mut decide = |seen: &Seen<'_>| {
        let status = seen.past.status()?;
        let (now, seen_job) = (seen.now, Job::new(&job.file, status.clone()));
        // A run that has ended since has sent it, or has found it mended.
        if seen.access != Access::Alone
            || !may_be(&seen_job, plans, now)
            || seen_job.begun != job.begun
        {
            return None;
        }
        let mention = status.mention.as_deref().map(str::to_owned);
        let mut notes = notes.clone();
        notes.extend(status.other_errors.words());
        let status = after_sending(status.clone(), now);
        let mut alert = operator::new_alert(
            Kind::StillFailing,
            seen_job.name,
            &routes,
            notes,
            status.clone(),
        );
        // The status file holds the same time: by it the alert is found again, and taken back where it is refused.
        alert.decided = now;
        alert.mention = mention;
        Some(Change {
            status: Some(status),
            alert: Some(alert),
            queues: operator::queues_of(Some(&routes)),
            ..Change::default()
        })
    };
    let key = JobKey::listed(&job.file);
    let committed = store.update(&key, Instant::now(), &mut decide, None)?;
    if let Some((alert, queued)) = committed.alert {
        dispatcher::accept(&routes.all, &alert, &queued);
    }
    committed.status_error.map_or(Ok(()), Err)
}

/// What a status is once that was sent.
fn after_sending(status: Status, now: Time) -> Status {
    let mut sent_errors = status.sent_errors.clone();
    let error = status.fingerprint.as_ref();
    let new = error.filter(|error| !status.sent_errors.contains(error));
    sent_errors.extend(new.cloned());
    Status {
        alerted: Some(now),
        alerted_by: None,
        sent_errors,
        other_errors: ErrorCount::default(),
        withheld_since: None,
        silence: None,
        quiet: None,
        mention: None,
        decision: Some(Decided::By(Fate::Sent, Reason::SilenceOver)),
        ..status
    }
}
