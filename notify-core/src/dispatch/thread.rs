//! The message of one incident or several, and what must be known to continue it.

use std::time::Duration;

use crate::dispatch::ledger;
use crate::format::fields::Fields;
use crate::format::hash;
use crate::format::text;
use crate::format::time::{self, Time};
use crate::message::alert::{Alert, Kind};
use crate::message::digest;
use crate::state::Queue;
use crate::status::State;
use crate::status::decision::{Decided, Reason};

/// A message is edited at most once in this time, but for a recovery.
const EDIT_PAUSE: Duration = Duration::from_secs(60);

/// Failures that follow within this time are of the same outage.
const OUTAGE: Duration = Duration::from_secs(10);

/// How often an edit that says that all is over is tried.
const LAST_EDITS: u32 = 5;

/// The longest text of an alert that is kept, for all of a message together, and for each at least.
const KEPT: usize = 6_000;
const LEAST_KEPT: usize = 300;

/// The key of the thread that was opened last, to which what follows at once belongs.
const LATEST: &str = "latest";

/// A message that was posted, and what it says now.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct Thread {
    /// What the service knows the message by.
    pub(crate) handle: String,
    /// When alerts last opened it or joined it.
    opened: Option<Time>,
    edited: Option<Time>,
    /// Whether the service takes no edits of it.
    pub(crate) is_fixed: bool,
    /// How often the edit that says that all is over has failed.
    failed_edits: u32,
    /// The ids of the alerts that were sent last: after a crash they are not sent again.
    sent: Vec<String>,
    /// The latest alert of each incident that it speaks of, in their order.
    alerts: Vec<Alert>,
    /// What it was kept by, and is no more; no file holds it.
    left: Vec<String>,
}

/// Names to the store of handles what an alert may go on with: the message of its incident, or that of its run's
/// beginning.
fn keys(alert: &Alert) -> impl Iterator<Item = String> {
    let incident = incident_of(alert);
    let incident = incident.map(|incident| key_of(&alert.job, incident));
    let is_of_run = alert.kind != Kind::Overlapping;
    let run = is_of_run.then(|| key_of_run(&alert.job, alert.status.begun));
    incident.into_iter().chain(run)
}

/// Names what a message speaks of in an alert.
fn key(alert: &Alert) -> Option<String> {
    keys(alert).next()
}

fn key_of_run(job: &str, begun: Time) -> String {
    key_of(job, &time::show(begun))
}

fn key_of(job: &str, part: &str) -> String {
    hash::hex(hash::hash(&format!("{job}\n{part}")))
}

/// Has the message of an incident be that of its job's new name.
#[cfg(feature = "cli")]
pub(crate) fn rename(queue: &Queue, incident: &str, from: &str, to: &str) {
    let kept = ledger::handle_of(queue, &key_of(from, incident));
    let Some(mut thread) = kept.and_then(|text| Thread::follow(queue, &text)) else {
        return;
    };
    thread.forget(queue);
    for alert in thread.alerts.iter_mut().filter(|alert| alert.job == from) {
        to.clone_into(&mut alert.job);
    }
    thread.keep(queue, false);
}

/// Returns the incident that an alert speaks of: not the one in which a run has merely begun.
fn incident_of(alert: &Alert) -> Option<&str> {
    let is_of_it = !alert.kind.is_of_a_run();
    alert.incident.as_deref().filter(|_| is_of_it)
}

/// Returns whether an alert opens the message of a run, which shows how far that comes and how it ends.
pub(crate) fn begins_run(alert: &Alert) -> bool {
    alert.kind == Kind::Started
}

impl Thread {
    /// Finds the thread of an alert: that of its incident, or where it opens one, that of the same outage.
    pub(crate) fn of(queue: &Queue, alert: &Alert, now: Time) -> Option<Self> {
        let kept = keys(alert).find_map(|key| ledger::handle_of(queue, &key));
        match kept {
            Some(text) => Self::follow(queue, &text),
            None if alert.kind == Kind::Failed => {
                let latest = ledger::handle_of(queue, LATEST);
                let latest = latest.and_then(|text| Self::follow(queue, &text));
                latest.filter(|thread| thread.takes_in(alert, now))
            }
            None => None,
        }
    }

    /// Finds the message of a run's beginning, unless it speaks of more by now.
    pub(crate) fn of_run(queue: &Queue, job: &str, begun: Time) -> Option<Self> {
        let kept = ledger::handle_of(queue, &key_of_run(job, begun))?;
        let thread = Self::parse(&Fields::parse(&kept))?;
        (thread.alerts.len() == 1).then_some(thread)
    }

    /// Returns the alert that it speaks of, where there is one alone.
    pub(crate) fn only(&self) -> Option<&Alert> {
        self.alerts.first().filter(|_| self.alerts.len() == 1)
    }

    /// Reads a thread, or the one that a part of it leads to.
    fn follow(queue: &Queue, text: &str) -> Option<Self> {
        let fields = Fields::parse(text);
        match fields.get("part-of") {
            Some(first) => Self::parse(&Fields::parse(&ledger::handle_of(queue, first)?)),
            None => Self::parse(&fields),
        }
    }

    /// Begins one, of the alerts that a message was posted for; `None` where no incident of them goes on.
    pub(crate) fn begin(handle: String, alerts: &[Alert], now: Time) -> Option<Self> {
        let mut thread = Self {
            handle,
            opened: Some(now),
            ..Self::default()
        };
        thread.take(alerts);
        (!thread.is_over()).then_some(thread)
    }

    /// Goes on with another message.
    pub(crate) fn renewed(&self, handle: String) -> Self {
        Self {
            handle,
            edited: None,
            ..self.clone()
        }
    }

    /// Returns whether an incident that begins now is of the outage that opened this thread. Two incidents of a job
    /// never share a message.
    fn takes_in(&self, alert: &Alert, now: Time) -> bool {
        let is_now = self
            .opened
            .is_some_and(|opened| time::age(opened, now) <= OUTAGE);
        is_now
            && self.alerts.len() < digest::MOST
            && self.alerts.iter().all(|known| known.job != alert.job)
    }

    /// Returns whether this is the thread that the other was, before or after something was sent to it.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.handle == other.handle
    }

    /// Returns whether all of these can follow in it.
    pub(crate) fn has_room_for(&self, alerts: &[Alert]) -> bool {
        let new = alerts.iter().filter(|alert| self.place(alert).is_none());
        self.alerts.len() + new.count() <= digest::MOST
    }

    /// Returns those of some alerts that were not sent to it, or not for certain.
    pub(crate) fn unsent(&self, alerts: &[Alert]) -> Vec<Alert> {
        let unsent = alerts.iter().filter(|alert| !self.sent.contains(&alert.id));
        unsent.cloned().collect()
    }

    /// Takes in what is being sent: it is what the message says from now on.
    pub(crate) fn take(&mut self, alerts: &[Alert]) {
        for alert in alerts {
            match self.place(alert) {
                Some(place) => {
                    let before = std::mem::replace(&mut self.alerts[place], alert.clone());
                    if key(&before) != key(alert) {
                        self.left.extend(key(&before));
                    }
                }
                None if incident_of(alert).is_some() || begins_run(alert) => {
                    self.alerts.push(alert.clone());
                }
                None => {}
            }
        }
        let room = (KEPT / self.alerts.len().max(1)).max(LEAST_KEPT);
        for alert in &mut self.alerts {
            let kept = text::cut(alert.status.text.as_str(), room).into_owned();
            alert.status.text = kept;
            alert.dropped = None;
        }
        self.sent = alerts.iter().map(|alert| alert.id.clone()).collect();
    }

    /// Has what follows at once join it anew.
    pub(crate) fn opens(&mut self, now: Time) {
        self.opened = Some(now);
    }

    /// Returns whether it speaks of an alert's incident already.
    pub(crate) fn has(&self, alert: &Alert) -> bool {
        self.place(alert).is_some()
    }

    fn place(&self, alert: &Alert) -> Option<usize> {
        let is_of = |known: &Alert| match incident_of(known) {
            Some(incident) => Some(incident) == incident_of(alert),
            None => known.status.begun == alert.status.begun && alert.kind != Kind::Overlapping,
        };
        let is_of = |known: &Alert| known.job == alert.job && is_of(known);
        self.alerts.iter().position(is_of)
    }

    /// Returns what the message is to say: the latest of each incident, and how many are over.
    pub(crate) fn shown(&self) -> Vec<Alert> {
        let mut shown = self.alerts.clone();
        let all = shown.len();
        let over = shown.iter().filter(|alert| is_over(alert)).count();
        if let [first, _, ..] = &mut *shown {
            first.recovered = (over > 0).then_some((over, all));
        }
        shown
    }

    /// Returns whether each of its incidents is over.
    pub(crate) fn is_over(&self) -> bool {
        self.alerts.iter().all(is_over)
    }

    /// Returns whether it was of a run that goes on, and is not any more.
    pub(crate) fn was_of_run(&self) -> bool {
        !self.left.is_empty()
    }

    pub(crate) fn may_edit(&self, now: Time) -> bool {
        let is_recent = |edited: Time| time::age(edited, now) < EDIT_PAUSE;
        !self.is_fixed && !self.edited.is_some_and(is_recent)
    }

    pub(crate) fn was_edited(&mut self, now: Time) {
        self.edited = Some(now);
    }

    /// Returns what it was before something was sent to it of which no more than an edit was taken.
    pub(crate) fn edited_as(self, tried: &Self) -> Self {
        Self {
            edited: tried.edited,
            is_fixed: tried.is_fixed,
            ..self
        }
    }

    /// Counts that the edit has failed that was to say that all is over, and returns whether it is tried again.
    pub(crate) fn must_edit_again(&mut self) -> bool {
        self.failed_edits += 1;
        self.failed_edits < LAST_EDITS
    }

    pub(crate) fn owes_no_edit(&mut self) {
        self.failed_edits = 0;
    }

    /// Keeps it for what follows, or forgets it where all is over.
    pub(crate) fn keep(&self, queue: &Queue, is_latest: bool) {
        for key in &self.left {
            ledger::keep_handle(queue, key, None);
        }
        let keys: Vec<_> = self.alerts.iter().filter_map(key).collect();
        let Some((first, others)) = keys.split_first() else {
            return;
        };
        let is_owed = (1..LAST_EDITS).contains(&self.failed_edits);
        if self.is_over() && !is_owed {
            self.forget(queue);
            return;
        }
        ledger::keep_handle(queue, first, Some(self.render()));
        let part = || {
            let mut fields = Fields::default();
            fields.put("part-of", first.as_str());
            fields.render()
        };
        for key in others {
            if ledger::handle_of(queue, key).is_none() {
                ledger::keep_handle(queue, key, Some(part()));
            }
        }
        if is_latest {
            ledger::keep_handle(queue, LATEST, Some(part()));
        }
    }

    pub(crate) fn forget(&self, queue: &Queue) {
        let keys = self.alerts.iter().filter_map(key);
        for key in keys.chain(self.left.iter().cloned()) {
            ledger::keep_handle(queue, &key, None);
        }
    }

    fn render(&self) -> String {
        let mut fields = Fields::default();
        fields.put("handle", self.handle.as_str());
        fields.put_some("opened", self.opened.map(time::show));
        fields.put_some("edited", self.edited.map(time::show));
        if self.is_fixed {
            fields.put("edits", "refused");
        }
        fields.put("failed-edits", self.failed_edits.to_string());
        for id in &self.sent {
            fields.put("sent", id.as_str());
        }
        for alert in &self.alerts {
            fields.put("alert", alert.render());
        }
        fields.render()
    }

    fn parse(fields: &Fields) -> Option<Self> {
        let time = |key| fields.get(key).and_then(time::parse);
        let failed_edits = fields.get("failed-edits");
        let alerts = fields.all("alert");
        let alerts: Vec<_> = alerts
            .iter()
            .filter_map(|alert| Alert::parse(alert))
            .collect();
        Some(Self {
            handle: fields.get("handle")?.to_owned(),
            opened: time("opened"),
            edited: time("edited"),
            is_fixed: fields.get("edits") == Some("refused"),
            failed_edits: failed_edits
                .and_then(|number| number.parse().ok())
                .unwrap_or(0),
            sent: fields.all("sent"),
            alerts,
            left: Vec::new(),
        })
        .filter(|thread| !thread.alerts.is_empty())
    }
}

/// Returns whether an alert says that its job works again.
fn is_over(alert: &Alert) -> bool {
    let goes_on = alert.kind.is_of_a_run();
    alert.status.state == State::Ok && !goes_on
}

/// Returns whether an alert is to be noticed by all: what it says is new, or it reminds. What fails again as before,
/// or with another error, does not.
pub(crate) fn is_loud(alert: &Alert) -> bool {
    let reason = alert.status.decision.as_ref().and_then(Decided::reason);
    let is_reminder = matches!(
        reason,
        Some(
            Reason::Reminder | Reason::SilenceOver | Reason::UnsentFailure | Reason::ChannelMended
        )
    );
    // What was dropped before it is said by this one alone.
    alert.kind != Kind::StillFailing || is_reminder || alert.dropped.is_some()
}

/// Returns whether an alert has an error that the one before had not.
pub(crate) fn is_news(alert: &Alert) -> bool {
    is_loud(alert) || alert.earlier_error.is_some()
}

pub(crate) fn has_recovery(alerts: &[Alert]) -> bool {
    alerts.iter().any(is_over)
}
