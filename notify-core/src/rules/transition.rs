//! What the end of a run makes of a job's status, and which alert it sends.
//!
//! One pass, each step in a file of its own: what is known (`case`), what the rules decide and what holds the
//! alert back (`decision`), the status (`status`), and the alert (`alert`).

mod alert;
mod case;
mod decision;
mod status;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use self::case::Case;
use crate::format::clone::clone_in_one_place;
use crate::format::hash;
use crate::format::time::{self, Micros, Time};
use crate::message::alert::Alert;
use crate::os::clock::Whose;
use crate::rules::decision::Decision as Answer;
use crate::rules::took::Took;
use crate::rules::{Attempt, Decision, Past, Reason, Settings};
use crate::status::heard::Heard;
use crate::status::outcome::Outcome;
use crate::status::plan::Plan;
use crate::status::{Quiet, Status};

/// A run that has ended, but for its outcome. What has the name of a field of [`Status`] means the same.
#[derive(Default)]
pub(crate) struct Ended {
    pub(crate) run: u64,
    pub(crate) job: Cow<'static, str>,
    pub(crate) location: Cow<'static, str>,
    pub(crate) source: Cow<'static, str>,
    pub(crate) begun: Time,
    /// Whose clock says so, and when [`last_inside`](Self::last_inside) began.
    pub(crate) by: Whose,
    /// `None` where it is not known, for it died.
    pub(crate) took: Option<Duration>,
    pub(crate) host: Cow<'static, str>,
    pub(crate) pid: Option<u32>,
    pub(crate) exe: Option<Cow<'static, str>>,
    pub(crate) version: Option<Cow<'static, str>>,
    pub(crate) every_hours: Option<f64>,
    pub(crate) plan: Option<Arc<Plan>>,
    /// Where its alerts go; the empty text is nowhere.
    pub(crate) channel: Cow<'static, str>,
    pub(crate) attempt: Option<Attempt>,
    /// Whether a cancellation leaves the status: inside another run, or with `cancelled = "keep"`.
    pub(crate) nested: bool,
    /// Whether an alert was sent that it was overdue.
    pub(crate) was_overdue: bool,
    /// When it was due, where it did not come.
    pub(crate) due: Option<Time>,
    /// How long it should take.
    pub(crate) should_take: Option<Took>,
    /// Whether it is known that it was not overdue when it ended.
    pub(crate) is_in_time: bool,
    /// When the run of the same job began that began last of those that ended inside this one, which knows of them.
    pub(crate) last_inside: Option<Time>,
    /// Whom a failure mentions.
    pub(crate) mention: Option<Cow<'static, str>>,
    /// What its alerts say of where it ran.
    pub(crate) facts: Cow<'static, [(String, String)]>,
    pub(crate) runbook: Option<Cow<'static, str>>,
    pub(crate) owner: Option<Cow<'static, str>>,
    /// What the program has said of it.
    pub(crate) heard: Heard,
    /// What its alerts say beside the error.
    pub(crate) notes: Vec<String>,
}

clone_in_one_place! {
    Ended {
        run, job, location, source, begun, by, took, host, pid, exe, version, every_hours, plan, channel,
        attempt, nested, was_overdue, due, should_take, is_in_time, last_inside, mention, facts, runbook, owner,
        heard, notes,
    }
}

impl Ended {
    /// Describes a run of which nothing else is known.
    pub(crate) fn new(run: u64, job: impl Into<Cow<'static, str>>, begun: Time) -> Self {
        Self {
            run,
            job: job.into(),
            begun,
            ..Self::default()
        }
    }

    /// Returns it with its times by the fleet's clock, which was ahead of this host's by so much when it was first known.
    pub(crate) fn by_the_clock(&self, first_ahead: Option<Micros>) -> Cow<'_, Self> {
        let Some(ahead) = first_ahead.filter(|ahead| self.by == Whose::Host && *ahead != 0) else {
            return Cow::Borrowed(self);
        };
        let moved = |time: Time| time::from_micros(time.timestamp_micros().saturating_add(ahead));
        let mut ended = self.clone();
        ended.begun = moved(self.begun);
        ended.last_inside = self.last_inside.map(moved);
        ended.by = Whose::All;
        Cow::Owned(ended)
    }
}

/// Where an alert of a job goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    pub(crate) channel: &'a str,
    /// The folders of its destinations' queues; none where alerts can only be kept in memory.
    pub(crate) queues: &'a [String],
}

/// What was sent on this job's channel by the other jobs that the same event ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cover<'a> {
    /// The job that speaks for the event.
    pub(crate) job: &'a str,
    /// Whether its alert is sent, or on its way. Otherwise an earlier alert has said that it fails.
    pub(crate) is_sent: bool,
}

/// The end of a run, and all that its transition depends on.
#[derive(Clone, Copy)]
pub(crate) struct End<'a> {
    pub(crate) past: &'a Past,
    pub(crate) run: &'a Ended,
    pub(crate) outcome: &'a Outcome,
    /// Read under the job's lock.
    pub(crate) now: Time,
    pub(crate) settings: Settings,
    /// `None` where there is no destination.
    pub(crate) address: Option<Address<'a>>,
    /// What another job has sent about the event that ended this run.
    pub(crate) cover: Option<Cover<'a>>,
    /// The planned quiet that is on for the job. It is looked up only where something would be sent.
    pub(crate) quiet: Option<&'a Quiet>,
    /// What a rule of the program has decided; `None` where none was asked.
    pub(crate) answer: Option<&'a Answer>,
}

/// What the end of a run changes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transition {
    /// What the rules decided, and why.
    pub(crate) decision: Decision,
    pub(crate) status: Option<Status>,
    /// The status of a run that began later, with what is now known beside it; the alert is not of it.
    pub(crate) left: Option<Box<Status>>,
    /// In a box, for it is large, and there seldom is one.
    pub(crate) alert: Option<Box<Alert>>,
    /// Whether the alert is held back; the status says how long.
    pub(crate) is_held: bool,
    /// An alert that was held and must no longer be sent: where it waits.
    pub(crate) withdrawn: Vec<String>,
}

/// Works out the new status of a job and its alert; `None` where nothing changes.
pub(crate) fn of(end: &End<'_>) -> Option<Transition> {
    match end.outcome {
        outcome if outcome.is_cancelled() && end.run.nested => {
            return unchanged(end, |status| status.cancelled = Some(end.now));
        }
        Outcome::NotCounted(why) => {
            let why = format!("{}, {why}", time::show(end.now));
            return unchanged(end, |status| status.not_counted = Some(why));
        }
        _ => {}
    }
    let case = Case::new(end);
    let settled = match case.ruled() {
        Some(answer) => case.settle(answer),
        None => case.hold(case.decide()),
    };
    let status = case.status(&settled);
    let has_alert = settled.decision.send || settled.held.is_some();
    let address = end.address.filter(|_| has_alert);
    let alert = address.map(|address| Box::new(case.alert(address, &settled, &status)));
    let keeps_status = case.keeps_status();
    let written = if keeps_status {
        case.status_of_other(&settled, &status)
    } else {
        Some(status)
    };
    let earlier = case.previous.and_then(|previous| previous.held.as_ref());
    let withdrawn = earlier.filter(|earlier| {
        let written = written.as_ref();
        written.is_some_and(|written| written.held.as_ref() != Some(*earlier))
    });
    let withdrawn = withdrawn.map(|held| held.alerts.clone());
    // An alert carries the status of its own run. A failed run leaves the status of a job that works.
    let (left, status) = if keeps_status && (alert.is_some() || case.same.is_none()) {
        (written.map(Box::new), None)
    } else {
        (None, written)
    };
    Some(Transition {
        decision: settled.decision,
        status,
        left,
        alert,
        is_held: settled.held.is_some(),
        withdrawn: withdrawn.unwrap_or_default(),
    })
}

/// The run proves nothing of the job: the status stays, but for a line that says so.
fn unchanged(end: &End<'_>, note: impl FnOnce(&mut Status)) -> Option<Transition> {
    let mut status = end.past.status()?.clone();
    note(&mut status);
    Some(Transition {
        decision: Decision::silent(Reason::NothingNew),
        status: Some(status),
        left: None,
        alert: None,
        is_held: false,
        withdrawn: Vec::new(),
    })
}

/// Names the file of an alert that is held until then.
pub(crate) fn held_name(until: Time, run: u64) -> String {
    let micros = until.timestamp_micros().max(0).cast_unsigned();
    [hash::hex(micros), hash::hex(run)].join("-")
}

#[cfg(test)]
mod tests;
