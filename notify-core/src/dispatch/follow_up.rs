//! One message for an incident, where a destination can edit its messages: what follows edits the message and
//! stands in its thread. A message that is gone is sent anew, so that no alert is lost.
//!
//! What a service knows a message by is kept beside the queue, once the service has answered: a crash between the
//! two costs a second message.

use std::time::{Duration, Instant};

use crate::dispatch::budget;
use crate::dispatch::thread::{self, Thread};
use crate::format::time::Time;
use crate::message::alert::Alert;
use crate::notifier::{FollowUps, Notifier, Ours, Refusal};
use crate::os::{self, clock, isolate};
use crate::settings::route::Route;
use crate::state::Queue;

/// How long a destination may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// When an edit is tried again that its service did not take, and said nothing of when.
const EDIT_AGAIN: Duration = Duration::from_secs(10);

/// What has become of alerts that a destination took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    Whole,
    /// They were shown in their message and said in its thread, which a service counts as two messages.
    Twice,
    /// They were said, and are to be shown in their message after a pause: nothing else waits for that.
    Unshown(Duration),
}

/// Returns how long a destination may take that is asked then.
pub(crate) fn time_until(deadline: Option<Instant>, now: Instant) -> Duration {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(now));
    left.map_or(TIMEOUT, |left| left.min(TIMEOUT))
}

/// Returns how long it may have taken at most, if all that is over.
pub(crate) fn unanswered(deadline: Option<Instant>, begun: Instant) -> Option<Duration> {
    Some(time_until(deadline, begun)).filter(|given| begun.elapsed() >= *given)
}

/// Calls a notifier, which is foreign code, for no longer than somebody waits.
pub(crate) fn call<T>(
    route: &Route,
    deadline: Option<Instant>,
    ask: impl FnOnce(&dyn Notifier, Duration) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let timeout = time_until(deadline, Instant::now());
    os::thread::as_the_program(|| isolate::contain(|| ask(&*route.notifier, timeout)))
        .unwrap_or_else(|| Err(Refusal::temporary("the notifier panicked")))
        .map_err(Refusal::redacted)
}

/// Asks how far apart the messages are to be.
pub(crate) fn pause(route: &Route) -> Duration {
    let pause = isolate::contain(|| route.notifier.pause(Ours::new()));
    pause.unwrap_or(Duration::from_secs(1))
}

/// Asks what can follow a message.
pub(crate) fn of(route: &Route) -> FollowUps {
    isolate::contain(|| route.notifier.follow_ups()).unwrap_or_default()
}

/// Returns of each of some alerts whether it leaves in one message with the first: those do that go to the same
/// thread, or where the first is of none, those that are of none.
pub(crate) fn together(route: &Route, queue: &Queue, alerts: &[Alert]) -> Vec<bool> {
    let now = clock::now();
    if of(route) == FollowUps::Messages {
        return vec![true; alerts.len()];
    }
    let mut first: Option<Option<Thread>> = None;
    let mut taken: Vec<Alert> = Vec::new();
    // In the order of each job: what stays behind has those of its job stay, too.
    let mut behind: Vec<&str> = Vec::new();
    let goes = |alert: &Alert, taken: &[Alert], first: &mut Option<Option<Thread>>| {
        let thread = Thread::of(queue, alert, now);
        let Some(first) = first else {
            *first = Some(thread);
            return true;
        };
        // It shows how far its run has come, and no other's.
        if taken.iter().chain([alert]).any(thread::begins_run) {
            return false;
        }
        match (&*first, thread) {
            (None, None) => taken
                .iter()
                .all(|other| other.job != alert.job || other.incident == alert.incident),
            (Some(first), Some(thread)) => {
                let new = [taken, std::slice::from_ref(alert)].concat();
                first.is(&thread) && first.has_room_for(&new) && !shares_a_job(&new)
            }
            _ => false,
        }
    };
    alerts
        .iter()
        .map(|alert| {
            let is_free = !behind.contains(&&*alert.job);
            let goes = is_free && goes(alert, &taken, &mut first);
            if goes {
                taken.push(alert.clone());
            } else {
                behind.push(&alert.job);
            }
            goes
        })
        .collect()
}

/// Returns whether two incidents of one job are among some alerts.
fn shares_a_job(alerts: &[Alert]) -> bool {
    alerts.iter().any(|one| {
        alerts
            .iter()
            .any(|other| other.job == one.job && other.incident != one.incident)
    })
}

/// Sends alerts as what they are to their incidents: the message that opens these, or what follows it. The refusal says
/// whether they are to be sent again.
pub(crate) fn send(
    route: &Route,
    queue: &Queue,
    alerts: &[Alert],
    deadline: Option<Instant>,
) -> Result<Sent, Refusal> {
    let now = clock::now();
    let follow_ups = of(route);
    let message = Message {
        route,
        queue,
        alerts,
        deadline,
        follow_ups,
        now,
    };
    let thread = match (follow_ups, alerts.first()) {
        (FollowUps::Messages, _) | (_, None) => {
            let ask = |notifier: &dyn Notifier, timeout| notifier.notify(alerts, timeout);
            return call(route, deadline, ask).map(|()| Sent::Whole);
        }
        (_, Some(first)) => Thread::of(queue, first, now),
    };
    match thread {
        Some(thread) => message.follow(thread),
        None => message.open().map(|()| Sent::Whole),
    }
}

/// What is being sent.
struct Message<'a> {
    route: &'a Route,
    queue: &'a Queue,
    alerts: &'a [Alert],
    deadline: Option<Instant>,
    follow_ups: FollowUps,
    now: Time,
}

impl Message<'_> {
    fn call<T>(
        &self,
        ask: impl FnOnce(&dyn Notifier, Duration) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        call(self.route, self.deadline, ask)
    }

    fn post(&self, alerts: &[Alert]) -> Result<Option<String>, Refusal> {
        self.call(|notifier, timeout| notifier.post(alerts, timeout))
    }

    /// Posts the message that opens its incidents.
    fn open(&self) -> Result<(), Refusal> {
        let handle = self.post(self.alerts)?;
        let thread = handle.and_then(|handle| Thread::begin(handle, self.alerts, self.now));
        if let Some(thread) = thread {
            let is_of_run = self.alerts.iter().any(thread::begins_run);
            thread.keep(self.queue, !is_of_run);
            self.queue.forget_stale_handles(self.now);
        }
        Ok(())
    }

    /// Edits the message, and replies to it. The edit comes first: it shows whether the message is still there.
    fn follow(&self, mut thread: Thread) -> Result<Sent, Refusal> {
        let unsent = thread.unsent(self.alerts);
        let is_over = thread::has_recovery(self.alerts);
        if unsent.is_empty() && !is_over {
            return Ok(Sent::Whole);
        }
        let joins = unsent.iter().any(|alert| !thread.has(alert));
        let before = thread.clone();
        thread.take(self.alerts);
        let is_urgent = is_over || thread.was_of_run();
        let edit = self.edit(&mut thread, is_urgent);
        let replied = match &edit {
            Err(refusal @ Refusal::Channel { .. }) => return Err(refusal.clone()),
            Err(Refusal::Gone { .. }) => return self.begin_anew(&thread),
            edit => self.reply(&thread, &unsent, matches!(edit, Ok(true))),
        };
        let is_said = match replied {
            Err(Refusal::Gone { .. }) => return self.begin_anew(&thread),
            Err(refusal) => {
                before.edited_as(&thread).keep(self.queue, false);
                return Err(refusal);
            }
            Ok(is_said) => is_said,
        };
        if joins {
            thread.opens(self.now);
        }
        let sent = match edit {
            Ok(true) if is_said => Sent::Twice,
            _ => Sent::Whole,
        };
        let owed = edit.err().filter(|_| match (is_over, is_said) {
            (true, _) => thread.must_edit_again(),
            // Nothing else has shown it.
            (false, is_said) => !is_said,
        });
        if owed.is_none() {
            thread.owes_no_edit();
        }
        thread.keep(self.queue, joins);
        match owed {
            Some(Refusal::Temporary { retry_after, .. }) if is_over => {
                Ok(Sent::Unshown(retry_after.unwrap_or(EDIT_AGAIN)))
            }
            owed => owed.map_or(Ok(sent), Err),
        }
    }

    /// Brings the message up to date, if it may be edited now; returns whether that was done. The end of a run or an
    /// incident is shown at once.
    fn edit(&self, thread: &mut Thread, is_urgent: bool) -> Result<bool, Refusal> {
        let is_due = thread.may_edit(self.now) && budget::takes_edit(self.route, self.now);
        if thread.is_fixed || !(is_due || is_urgent) {
            return Ok(false);
        }
        let shown = match thread.shown() {
            // As a whole, where it is the only one.
            one if one.len() == 1 => self.alerts[self.alerts.len() - 1..].to_vec(),
            shown => shown,
        };
        let edited = self.call(|notifier, timeout| notifier.edit(&thread.handle, &shown, timeout));
        match edited {
            Err(Refusal::Alert { .. }) => {
                thread.is_fixed = true;
                Ok(false)
            }
            Err(refusal @ (Refusal::Channel { .. } | Refusal::Gone { .. })) => Err(refusal),
            edited => {
                thread.was_edited(self.now);
                edited.map(|()| true)
            }
        }
    }

    /// Sends what follows: into the thread, or where there is none, what an edit alone would leave unnoticed.
    /// Returns whether there was anything to send.
    fn reply(&self, thread: &Thread, unsent: &[Alert], is_edited: bool) -> Result<bool, Refusal> {
        let is_loud = unsent.iter().any(thread::is_loud);
        let said: Vec<_> = match self.follow_ups {
            FollowUps::Threads => unsent.to_vec(),
            _ if is_edited => chosen(unsent, thread::is_loud),
            _ if thread.is_fixed => unsent.to_vec(),
            _ => chosen(unsent, thread::is_news),
        };
        if said.is_empty() {
            return Ok(false);
        }
        let said: Vec<_> = said
            .into_iter()
            .map(|alert| quiet(alert, is_loud))
            .collect();
        let is_loud = is_loud || self.follow_ups != FollowUps::Threads;
        self.call(|notifier, timeout| notifier.reply(&thread.handle, &said, is_loud, timeout))?;
        Ok(true)
    }

    /// Sends a new message in place of one that is gone, of all that this one said.
    fn begin_anew(&self, thread: &Thread) -> Result<Sent, Refusal> {
        let shown = match thread.shown() {
            one if one.len() == 1 => self.alerts.to_vec(),
            shown => shown,
        };
        match self.post(&shown)? {
            Some(handle) => thread.renewed(handle).keep(self.queue, false),
            None => thread.forget(self.queue),
        }
        Ok(Sent::Whole)
    }
}

fn chosen(alerts: &[Alert], is_chosen: impl Fn(&Alert) -> bool) -> Vec<Alert> {
    let chosen = alerts.iter().filter(|alert| is_chosen(alert));
    chosen.cloned().collect()
}

/// Leaves out whom an alert mentions, unless it is to be noticed.
fn quiet(mut alert: Alert, is_loud: bool) -> Alert {
    if !is_loud {
        alert.mention = None;
    }
    alert
}

#[cfg(test)]
mod tests;
