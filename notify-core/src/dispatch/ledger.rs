//! What is written down of alerts on their way: that they are done with, what was answered, and whether
//! their jobs count as told.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::Utc;

use crate::format::time::{Time, to_micros};
use crate::job::name;
use crate::message::alert::Alert;
use crate::os::engine::{PerProcess, Slot};
use crate::os::warning::Warning;
use crate::settings::in_force;
use crate::settings::route::Route;
use crate::state::entry::Entry;
use crate::state::history::Answered;
use crate::state::local::spool::Queue;
use crate::state::rate::Pace;
use crate::status::State;

/// Tells whoever sends that an alert waits in a queue.
pub(crate) type Queued = fn(&Route, &Entry);

static UNWRITTEN: PerProcess<Mutex<Unwritten>> = PerProcess::new(Slot::Unwritten);

/// What should stand on disk and cannot, as where that is full.
#[derive(Debug, Default)]
struct Unwritten {
    paces: BTreeMap<Queue, Pace>,
    /// The keys of accepted alerts that could not be removed.
    sent: HashSet<String>,
    /// The keys of alerts that nobody can be told now, which their status says already.
    untold: HashSet<String>,
}

fn unwritten() -> MutexGuard<'static, Unwritten> {
    UNWRITTEN
        .get()
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// Returns a queue's pace, as its last sender left it.
pub(crate) fn pace_of(queue: &Queue, now: Time) -> Pace {
    let kept = unwritten().paces.get(queue).cloned();
    kept.unwrap_or_else(|| queue.pace(now))
}

/// Keeps a queue's pace for its next sender; for this process alone where it cannot be written.
pub(crate) fn keep_pace(queue: &Queue, pace: Pace) {
    let written = queue.set_pace(&pace);
    let mut state = unwritten();
    if written.is_ok() {
        state.paces.remove(queue);
    } else {
        state.paces.insert(queue.clone(), pace);
    }
}

/// Tells whether this process meets an alert for the first time that nobody can be told now.
pub(crate) fn is_first_time(entry: &Entry) -> bool {
    unwritten().untold.insert(entry.key())
}

/// Removes an alert that is done with, or remembers that it is.
pub(crate) fn remove(queue: &Queue, entry: &Entry) {
    if let Err(error) = queue.remove(entry) {
        unwritten().sent.insert(entry.key());
        let message = format!("an alert that was sent cannot be removed from the outbox: {error}");
        Warning::new("outbox removal", message).tell();
    }
}

/// Returns what waits, but for what was sent and could not be removed.
pub(crate) fn waiting_in(queue: &Queue) -> Vec<Entry> {
    let mut waiting = queue.list();
    let state = unwritten();
    if !state.sent.is_empty() {
        waiting.retain(|entry| !state.sent.contains(&entry.key()));
    }
    waiting
}

/// Adds to the history of an alert's job what became of it.
pub(crate) fn add_answer(alert: &Alert, answer: String) {
    if let Some(store) = in_force::setup_so_far().store() {
        let answered = Answered {
            at: to_micros(Utc::now()),
            alert: alert.id.clone(),
            channel: alert.channel.clone(),
            answer,
        };
        let file = name::file_name(&alert.job);
        store.history().add_answer(&file, answered);
    }
}

/// Has the status say that nobody was told by an alert, which still `waits` or is gone, and why.
pub(crate) fn untell(alert: &Alert, waits: bool, why: &str) {
    if let Some(store) = in_force::setup_so_far().store()
        && let Ok(mut locked) = store.lock(&name::file_name(&alert.job))
    {
        locked.untell(alert, waits, why);
    }
}

/// Has the status say that people were told, though it had been taken back.
pub(crate) fn tell_after_all(alert: &Alert) {
    if alert.status.state == State::Error
        && let Some(store) = in_force::setup_so_far().store()
        && let Ok(mut locked) = store.lock(&name::file_name(&alert.job))
    {
        locked.tell_after_all(alert.decided, alert.incident());
    }
}

/// Names the fault of a channel that takes nothing.
pub(crate) fn fault(channel: &str) -> String {
    format!("channel {channel}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 13, point 5.
    #[cfg(unix)]
    #[test]
    fn a_child_that_is_forked_while_a_thread_notes_what_is_unwritten_does_not_wait_for_it() {
        assert!(crate::testing::a_run_ends_in_a_fork_while(unwritten));
    }
}
