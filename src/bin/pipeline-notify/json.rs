//! What `--json` answers: the fields of the files, by their names, times as RFC 3339.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use notify_core::__cli::{Announcement, Health, Job, Planned, Queue, Run, Said, Since, Unreadable};
use serde_json::{Value, json};

pub(crate) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).as_seconds_f64()
}

pub(crate) fn job(job: &Job, now: DateTime<Utc>, said: &Said) -> Value {
    let (schedule, timezone) = job.schedule().unzip();
    let expected = job.expected(said);
    let fault = expected.as_ref().err();
    let next = expected.as_ref().ok().and_then(Option::as_ref);
    let next = next.and_then(|expected| expected.next(Since::Run(job.begun), now));
    json!({
        "job": job.name,
        "file": job.file,
        "status": job.state.as_str(),
        "begun": time(job.begun),
        "age_seconds": seconds(job.begun, now),
        "since": time(job.since),
        "runs": job.runs,
        "runs_total": job.runs_total,
        "failures_total": job.failures_total,
        "last_ok": job.last_ok.map(time),
        "took_seconds": job.took.map(|took| Duration::as_secs_f64(&took)),
        "error": Some(&job.error).filter(|error| !error.is_empty()),
        "passed_over": job.passed_over,
        "not_counted": job.not_counted,
        "alerted": job.alerted.map(time),
        "decision": job.decision(),
        "decision_code": job.decision_code(),
        "incident": job.incident,
        "silenced_until": job.silence_now(now).map(|silence| time(silence.until)),
        "silenced_because": job.silence_now(now).and_then(|silence| silence.because.as_ref()),
        "silenced_by_rule": job.silenced_by_rule,
        "quiet_until": job.quiet.as_ref().map(|quiet| time(quiet.until)),
        "quiet_because": job.quiet.as_ref().and_then(|quiet| quiet.because.as_ref()),
        "acknowledged_by": job.acknowledged(now).map(|one| &one.by),
        "acknowledged_until": job.acknowledged(now).and_then(|one| one.until).map(time),
        "acknowledged_because": job.acknowledged(now).and_then(|one| one.because.as_ref()),
        "flapping": job.is_flapping,
        "every_hours": job.every_hours,
        "schedule": schedule,
        "timezone": timezone.flatten(),
        "schedule_fault": fault,
        "next": next.map(time),
        "location": job.location,
        "host": job.host,
        "pid": job.pid,
        "exe": job.exe,
        "source": job.source,
        "version": job.version,
        "runbook": job.runbook,
        "owner": job.owner,
        "facts": facts(&job.facts),
    })
}

/// Names and values as an object.
pub(crate) fn facts(facts: &[(String, String)]) -> Value {
    let facts = facts.iter();
    facts
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

pub(crate) fn unreadable(file: &Unreadable) -> Value {
    json!({ "job": file.name, "file": file.file, "reason": file.reason })
}

pub(crate) fn planned(window: &Planned, now: DateTime<Utc>) -> Value {
    json!({
        "jobs": window.jobs,
        "from": time(window.from),
        "until": time(window.until),
        "open": window.is_open(now),
        "repeat": window.repeat,
        "by": window.by,
        "because": window.because,
        "file": window.file.to_string_lossy(),
        "user": window.owner.to_string(),
    })
}

pub(crate) fn run(run: &Run, now: DateTime<Utc>) -> Value {
    json!({
        "job": run.job,
        "begun": time(run.begun),
        "age_seconds": seconds(run.begun, now),
        "pid": run.pid,
        "host": run.host,
        "channel": run.channel,
        "progress": run.progress.map(|progress| json!({
            "done": progress.done,
            "total": progress.total,
            "until": progress.until.map(time),
        })),
        "state": match run.health {
            Health::Alive => "alive",
            Health::Dead => "dead",
            Health::Unknown => "unknown",
        },
    })
}

pub(crate) fn queue(queue: &Queue) -> Value {
    json!({
        "queue": queue.name,
        "channel": queue.channel,
        "user": queue.user,
        "waiting": queue.waiting,
        "oldest": queue.oldest.map(time),
        "held": queue.held,
        "rejected": queue.rejected,
        "rejected_folder": queue.rejected_folder.to_string_lossy(),
    })
}

pub(crate) fn announcement(announcement: &Announcement) -> Value {
    let (word, channel) = match announcement {
        Announcement::Delivered(channel) => ("delivered", Some(channel)),
        Announcement::Refused(channel, _) => ("refused", Some(channel)),
        Announcement::Waits(channel) => ("waits", Some(channel)),
        Announcement::Nowhere(channel) => ("nowhere", Some(channel)),
        Announcement::Nobody => ("nobody", None),
    };
    json!({ "result": word, "channel": channel })
}
