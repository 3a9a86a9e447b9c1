//! Writes down what became of alerts: what is sent and removed, what was answered, and whether the status of their
//! job says that they were sent.

use std::collections::HashSet;
use std::io;
use std::sync::MutexGuard;
use std::thread;
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::format::time::{self, Time};
use crate::message::alert::{Alert, Kind};
use crate::os::clock;
use crate::os::engine::{Part, Slot};
use crate::os::mutex::Mutex;
use crate::os::warning::Warning;
use crate::rules::Past;
use crate::settings::in_force;
use crate::settings::route::Route;
use crate::state::entry::Entry;
use crate::state::history::Answered;
use crate::state::rate::Pace;
use crate::state::{Claim, JobKey, Look, Queue};
use crate::status::decision::{Decided, Fate, Reason};
use crate::status::{State, Status};

/// How soon to look again at an alert that others hold.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// What has waited for so long may be no longer so.
const LONG: TimeDelta = TimeDelta::seconds(10);

/// Says to the sender that an alert waits in a queue.
pub(crate) type Queued = fn(&Route, &Entry);

static UNWRITTEN: Part<Mutex<Unwritten>> = Part::new(Slot::Unwritten);

/// What should stand on disk and cannot, as where that is full.
#[derive(Default)]
struct Unwritten {
    paces: Vec<(Queue, Pace)>,
    /// The keys of accepted alerts that could not be removed.
    sent: HashSet<String>,
    /// The keys of alerts that cannot be sent now, which their status says already.
    unsent: HashSet<String>,
    /// What is kept of messages, by their keys; `None` where that should be gone.
    handles: Vec<((Queue, String), Option<String>)>,
}

fn unwritten() -> MutexGuard<'static, Unwritten> {
    UNWRITTEN.get().lock()
}

/// Returns a queue's pace, as its last sender left it.
pub(crate) fn pace_of(queue: &Queue, now: Time) -> Pace {
    unwritten_pace(queue).unwrap_or_else(|| queue.pace(now))
}

fn unwritten_pace(queue: &Queue) -> Option<Pace> {
    let state = unwritten();
    let mut kept = state.paces.iter().filter(|(known, _)| known == queue);
    kept.next().map(|(_, pace)| pace.clone())
}

/// Keeps a queue's pace for its next sender; for this process alone where it cannot be written.
pub(crate) fn keep_pace(queue: &Queue, pace: Pace) {
    let written = queue.set_pace(&pace);
    let mut state = unwritten();
    state.paces.retain(|(known, _)| known != queue);
    if written.is_err() {
        state.paces.push((queue.clone(), pace));
    }
}

/// Reads what is kept of a message, by the key of what it speaks of. What cannot be read is as good as gone: a
/// new message is sent then.
pub(crate) fn handle_of(queue: &Queue, key: &str) -> Option<String> {
    let state = unwritten();
    let is_of = |(known, of): &(Queue, String)| known == queue && of == key;
    let mut kept = state.handles.iter().filter(|(place, _)| is_of(place));
    let kept = kept.next().map(|(_, handle)| handle.clone());
    drop(state);
    kept.unwrap_or_else(|| queue.handle(key).ok().flatten())
}

/// Keeps that of a message, or forgets it; for this process alone where it cannot be written.
pub(crate) fn keep_handle(queue: &Queue, key: &str, handle: Option<String>) {
    let written = match &handle {
        Some(text) => queue.set_handle(key, text),
        None => queue.forget_handle(key),
    };
    let place = (queue.clone(), key.to_owned());
    let mut state = unwritten();
    state.handles.retain(|(known, _)| *known != place);
    if written.is_err() {
        state.handles.push((place, handle));
    }
}

/// Returns whether this process meets an alert for the first time that cannot be sent now.
pub(crate) fn is_first_time(entry: &Entry) -> bool {
    unwritten().unsent.insert(entry.key())
}

/// Removes an alert that is done with, or remembers that it is.
pub(crate) fn remove(queue: &Queue, entry: &Entry) {
    remove_all(queue, std::slice::from_ref(entry));
}

pub(crate) fn remove_all(queue: &Queue, entries: &[Entry]) {
    for (entry, error) in queue.remove_all(entries) {
        unwritten().sent.insert(entry.key());
        let message = format!("an alert that was sent cannot be removed from the outbox: {error}");
        Warning::new("outbox removal", message).warn();
    }
}

/// Returns what waits, but for what was sent and could not be removed.
pub(crate) fn waiting_in(queue: &Queue) -> Vec<Entry> {
    let mut waiting = queue.list();
    leave_out_sent(&mut waiting);
    waiting
}

fn leave_out_sent(waiting: &mut Vec<Entry>) {
    let state = unwritten();
    if !state.sent.is_empty() {
        waiting.retain(|entry| !state.sent.contains(&entry.key()));
    }
}

/// Looks at a queue, and knows what could not be written there.
pub(crate) fn look(queue: &Queue, now: Time) -> Look {
    let mut look = queue.look(now);
    leave_out_sent(&mut look.waiting);
    if let Some(pace) = unwritten_pace(queue) {
        look.pace = pace;
    }
    look
}

/// Takes an alert, and waits until then for others that hold it; `None` where it is gone, or still held.
pub(crate) fn take_by(
    queue: &Queue,
    entry: &Entry,
    until: Instant,
) -> io::Result<Option<(Alert, Claim)>> {
    loop {
        match queue.take(entry) {
            Ok(None) if queue.holds(entry) && Instant::now() < until => thread::sleep(LOOK_AGAIN),
            taken => return taken,
        }
    }
}

/// Adds to the history of an alert's job what became of it.
pub(crate) fn add_answer(alert: &Alert, answer: &str) {
    add_answers(std::slice::from_ref(alert), answer);
}

pub(crate) fn add_answers(alerts: &[Alert], answer: &str) {
    if let Some(store) = in_force::setup_so_far().store() {
        let at = clock::now();
        let answers = alerts.iter().map(|alert| {
            let answered = Answered {
                at,
                alert: alert.id.clone(),
                channel: alert.channel.clone(),
                answer: answer.to_owned(),
            };
            (JobKey::of(&alert.job), answered)
        });
        store.append(answers.collect());
    }
}

/// Has the status say that an alert, which still `waits` or is gone, was not sent, and why.
pub(crate) fn take_back(alert: &Alert, waits: bool, why: &str) {
    // Where it cannot be written, the worst is a failure that is sent at its reminder.
    amend(alert, &mut |status| taken_back(status, alert, waits, why));
}

/// Has the next run of an alert's job send it again, for the alert is dropped; not where another destination of
/// its channel has it.
pub(crate) fn send_anew(alert: &Alert) {
    if is_only(alert) {
        amend(alert, &mut |status| {
            // The repeats that followed it are dropped as well.
            let is_open = [status.state, alert.status.state] == [State::Error; 2]
                && status.incident.is_some()
                && status.incident.as_deref() == alert.incident();
            let alerted = if is_open {
                Some(sent_at(alert))
            } else {
                status.alerted
            };
            let mut dropped = status.clone();
            dropped.alerted = alerted;
            taken_back(
                &dropped,
                alert,
                false,
                "too many alerts waited, and this one was dropped",
            )
        });
    }
}

/// Returns whether no other destination may have sent an alert.
pub(crate) fn is_only(alert: &Alert) -> bool {
    let setup = in_force::setup_so_far();
    let routes = setup.routes(&alert.channel);
    routes.is_none_or(|routes| routes.all.len() == 1)
}

/// Has the status say that the alert was sent, though that had been taken back.
pub(crate) fn restore_sent(alert: &Alert) {
    if alert.status.state != State::Error {
        return;
    }
    // Where it cannot be written, the worst is a failure that is sent once more.
    amend(alert, &mut |status| {
        let is_unsent = status.state == State::Error
            && status.alerted.is_none()
            && status.incident.as_deref() == alert.incident();
        let mut status = is_unsent.then(|| status.clone())?;
        status.alerted = Some(alert.decided);
        status.decision = Some(Decided::By(Fate::Sent, Reason::ChannelMended));
        Some(status)
    });
}

/// Has failures that have waited say that their jobs work again, where no recovery waits behind them: that has gone
/// elsewhere, as where the channel had no destination meanwhile, and people would wait for it.
pub(crate) fn note_recoveries(
    alerts: &mut [Alert],
    entries: &[Entry],
    waiting: &[Entry],
    now: Time,
) {
    for (alert, entry) in alerts.iter_mut().zip(entries) {
        let is_old = alert.status.state == State::Error && now - alert.decided > LONG;
        let follows = |other: &Entry| other.job() == entry.job() && other > entry;
        if is_old && !waiting.iter().any(follows) {
            note_recovery(alert);
        }
    }
}

fn note_recovery(alert: &mut Alert) {
    let setup = in_force::setup_so_far();
    // A server is not asked once more for each of many.
    let store = setup.store().filter(|store| store.answers_at_once());
    let past = store.map(|store| store.read(&JobKey::of(&alert.job)));
    if let Some(Past::Known(status)) = past
        && status.state == State::Ok
        && status.since > alert.status.begun
    {
        let since = time::second(status.since);
        let note = format!("the job has worked again since {since} UTC");
        alert.notes.push(note);
    }
}

fn amend(alert: &Alert, change: &mut dyn FnMut(&Status) -> Option<Status>) {
    if let Some(store) = in_force::setup_so_far().store() {
        let _ = store.amend(&JobKey::of(&alert.job), change);
    }
}

/// Takes back that an alert was sent, and says why it was not; `None` where the status
/// speaks of another. One that `waits` may still be sent, and then so is what follows it.
fn taken_back(status: &Status, alert: &Alert, waits: bool, why: &str) -> Option<Status> {
    // What was held is sent when it leaves; until a run finds that it has, the status says it is held.
    let held = alert.status.held.as_ref();
    let is_leaving = held.is_some() && status.held.as_ref() == held;
    if !is_leaving && status.alerted != Some(sent_at(alert)) {
        return None;
    }
    let error = alert.status.fingerprint.iter().cloned();
    let sent_errors = match (waits, alert.kind) {
        (true, _) if is_leaving => error.collect(),
        // Without it nobody knows that the job fails, and nobody is to hear that it works again.
        (false, Kind::Failed) => Vec::new(),
        _ => status.sent_errors.clone(),
    };
    let mut status = status.clone();
    status.alerted = None;
    status.sent_errors = sent_errors;
    if is_leaving {
        status.held = None;
    }
    status.decision = Some(Decided::undelivered(why));
    Some(status)
}

/// Returns when an alert counts as sent by its status: where it was held, when it is to leave.
fn sent_at(alert: &Alert) -> Time {
    let held = alert.status.held.as_ref();
    held.map_or(alert.decided, |held| held.until)
}

/// Names the fault of a destination that takes nothing: another one of its channel may be well.
pub(crate) fn fault(route: &Route) -> String {
    format!("channel {} {}", route.channel, route.number)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::testing;

    /// Issue 13, point 5.
    #[cfg(unix)]
    #[test]
    fn a_child_that_is_forked_while_a_thread_notes_what_is_unwritten_does_not_wait_for_it() {
        assert!(testing::a_run_ends_in_a_fork_while(unwritten));
    }

    #[test]
    fn an_alert_that_was_refused_is_taken_back_if_the_status_still_speaks_of_it() {
        let refused = testing::alert("etl.run", "a1");
        let status = |at| Status {
            alerted: Some(at),
            ..refused.status.clone()
        };
        let taken_back = |at| taken_back(&status(at), &refused, false, "it was refused: gone");
        let of_this = taken_back(refused.decided).unwrap();
        assert_eq!(of_this.alerted, None);
        assert_eq!(taken_back(refused.decided + TimeDelta::seconds(1)), None);
    }
}
