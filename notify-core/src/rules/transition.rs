//! What the end of a run makes of a job's status, and of what people are told.

mod end;

use std::borrow::Cow;
use std::time::Duration;

use self::end::End;
use crate::format::hash;
use crate::format::time::{self, Time};
use crate::message::alert::Alert;
use crate::rules::{Attempt, Decision, Past, Reason, Settings};
use crate::status::facts::Facts;
use crate::status::outcome::Outcome;
use crate::status::{Held, Status};

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
    /// Whether a cancellation leaves the status: inside another run, or with `cancelled = "keep"`.
    pub(crate) nested: bool,
    /// Whether people were told that it was overdue.
    pub(crate) was_overdue: bool,
    /// Whether it is known that it was not overdue when it ended.
    pub(crate) is_in_time: bool,
    /// When the last run of the same job began that ended inside this one, which knows of it.
    pub(crate) last_inside: Option<Time>,
    /// Whom a failure mentions.
    pub(crate) mention: Option<Cow<'static, str>>,
    /// What its alerts say of where it ran.
    pub(crate) facts: Cow<'static, [(String, String)]>,
    /// What to do when it fails: the address of a page.
    pub(crate) runbook: Option<Cow<'static, str>>,
    /// Whose job it is.
    pub(crate) owner: Option<Cow<'static, str>>,
    /// What the run said of itself.
    pub(crate) said: Facts,
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

/// What the other jobs that one event ends have told of it, on the channel of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cover<'a> {
    /// The job that speaks for the event.
    pub(crate) job: &'a str,
    /// Whether its alert is sent, or on its way; else it fails as people know already.
    pub(crate) is_sent: bool,
}

/// What the rules make of the end of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) status: Option<Status>,
    /// The status of a run that began later, with what is now known beside it; the alert is not of it.
    pub(crate) left: Option<Box<Status>>,
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
    /// What another job has told of the event that ended this run.
    pub(crate) cover: Option<Cover<'a>>,
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
        .filter(|reason| matches!(reason, Reason::Attempt | Reason::After) && !end.keeps_status())
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
    let status = end.status(decision, &course, held.as_ref());
    let alert = address
        .filter(|_| decision.send || held.is_some())
        .map(|address| Box::new(end.alert(address, &course, decision, &status)));
    let written = if end.keeps_status() {
        end.kept(decision, &status)
    } else {
        Some(status)
    };
    let earlier = end.previous.and_then(|previous| previous.held.as_ref());
    let withdrawn = earlier.filter(|earlier| {
        let held = written.as_ref().map(|written| written.held.as_ref());
        held.is_some_and(|held| held != Some(*earlier))
    });
    // With an alert goes the status that it tells of, and a run that failed is none of one that works.
    let is_left = end.keeps_status() && (alert.is_some() || end.same.is_none());
    let (left, status) = if is_left {
        (written.map(Box::new), None)
    } else {
        (None, written)
    };
    Some(Verdict {
        status,
        left,
        withdrawn: withdrawn
            .map(|held| held.alerts.clone())
            .unwrap_or_default(),
        alert,
        is_held: held.is_some(),
        decision,
    })
}

/// Names the file of an alert that is held until then.
pub(crate) fn held_name(until: Time, run: u64) -> String {
    let micros = until.timestamp_micros().max(0).cast_unsigned();
    [hash::hex(micros), hash::hex(run)].join("-")
}

/// The run proves nothing of the job: the status stays, but for a line that says so.
fn unchanged(status: Status) -> Verdict {
    Verdict {
        status: Some(status),
        left: None,
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
