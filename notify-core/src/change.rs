//! What the end of a run changes: the job's new status, and the alert that tells of it.

mod end;
mod journal;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use self::end::End;
pub(crate) use self::journal::Texts;
use crate::alert::Alert;
use crate::id;
use crate::outcome::Outcome;
use crate::rules::{Attempt, Decision, Past, Reason, Settings};
use crate::status::{Held, Status};
use crate::time::{self, Time};

/// A run that has ended, but for its outcome.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) run: u64,
    pub(crate) job: Cow<'static, str>,
    /// `module :: function`.
    pub(crate) location: Cow<'static, str>,
    /// `file:line`.
    pub(crate) source: Cow<'static, str>,
    pub(crate) begun: Time,
    /// `None` where it is not known, for it died.
    pub(crate) took: Option<Duration>,
    pub(crate) host: Cow<'static, str>,
    pub(crate) pid: Option<u32>,
    pub(crate) exe: Option<Cow<'static, str>>,
    /// The version of the job's crate.
    pub(crate) version: Option<Cow<'static, str>>,
    /// How often the job is meant to run.
    pub(crate) every_hours: Option<f64>,
    /// Where its alerts go; the empty text is nowhere.
    pub(crate) channel: Cow<'static, str>,
    pub(crate) attempt: Option<Attempt>,
    pub(crate) nested: bool,
    /// Whether people were told that it was overdue.
    pub(crate) was_overdue: bool,
    /// Whom a failure mentions.
    pub(crate) mention: Option<Cow<'static, str>>,
    /// What its alerts say of where it ran.
    pub(crate) facts: Cow<'static, [(String, String)]>,
    /// What its alerts say beside the error.
    pub(crate) notes: Vec<String>,
}

/// Where an alert of a job goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    pub(crate) channel: &'a str,
    /// The folders of its destinations' queues; none where alerts can only be kept in memory.
    pub(crate) queues: &'a [String],
}

/// A job's new status, and the alert that tells of it: both happen, or neither.
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
    /// An alert that was held, and is not to be told any more: where it waits.
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

/// What the rules make of the end of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) status: Option<Status>,
    /// In a box, for it is large, and there seldom is one.
    pub(crate) alert: Option<Box<Alert>>,
    /// Whether the alert is held back; the status says how long.
    pub(crate) is_held: bool,
    /// An alert that was held, and is not to be told any more: where it waits.
    pub(crate) withdrawn: Vec<String>,
    pub(crate) decision: Decision,
}

/// What a verdict depends on beside the run and the job's past.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Read under the job's lock.
    pub(crate) now: Time,
    pub(crate) settings: Settings,
    /// `None` where nobody can be told.
    pub(crate) address: Option<Address<'a>>,
    /// Whether the same panic was told already.
    pub(crate) told_already: bool,
}

/// Works out the new status of a job, and what people are told; `None` where nothing changes.
pub(crate) fn of(
    past: &Past,
    ended: &Ended,
    outcome: &Outcome,
    context: &Context<'_>,
) -> Option<Verdict> {
    if *outcome == Outcome::Cancelled && ended.nested {
        let cancelled = Some(context.now);
        return Some(unchanged(Status {
            cancelled,
            ..past.status()?.clone()
        }));
    }
    if let Outcome::NotCounted(why) = outcome {
        let not_counted = Some(format!("{}, {why}", time::show(context.now)));
        return Some(unchanged(Status {
            not_counted,
            ..past.status()?.clone()
        }));
    }
    let end = End::new(past, ended, outcome, *context);
    let course = end.course();
    let due = end.decide(past, &course);
    let withheld = end.hold(due);
    let decision = withheld.map_or(due, |reason| Decision {
        send: false,
        reason,
    });
    let until = withheld
        .filter(|reason| matches!(reason, Reason::Attempt | Reason::After))
        .map(|_| end.held_until());
    let address = end.context.address;
    let held = until.and_then(|until| {
        let name = held_name(until, ended.run);
        let queues = address?.queues.iter();
        Some(Held {
            until,
            alerts: queues.map(|queue| format!("{queue}/{name}")).collect(),
        })
    });
    let earlier = end.previous.and_then(|previous| previous.held.as_ref());
    let status = end.status(decision, &course, held.as_ref());
    let is_over = earlier.filter(|earlier| status.held.as_ref() != Some(*earlier));
    Some(Verdict {
        withdrawn: is_over
            .filter(|_| !end.leaves_status)
            .map(|held| held.alerts.clone())
            .unwrap_or_default(),
        alert: address
            .filter(|_| decision.send || held.is_some())
            .map(|address| Box::new(end.alert(address, &course, &status))),
        is_held: held.is_some(),
        decision,
        status: Some(status).filter(|_| !end.leaves_status),
    })
}

/// Names the file of an alert that is held until then.
pub(crate) fn held_name(until: Time, run: u64) -> String {
    let micros = until.timestamp_micros().max(0).cast_unsigned();
    [id::hex(micros), id::hex(run)].join("-")
}

/// The run proves nothing of the job: the status stays, but for a line that says so.
fn unchanged(status: Status) -> Verdict {
    Verdict {
        status: Some(status),
        alert: None,
        is_held: false,
        withdrawn: Vec::new(),
        decision: Decision {
            send: false,
            reason: Reason::NothingNew,
        },
    }
}

#[cfg(test)]
mod tests;
