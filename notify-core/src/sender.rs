//! Sends what waits in a queue: when its pace allows, one sender at a time, and by what the
//! destination answers.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;

use crate::alert::Alert;
use crate::id;
use crate::lock::Lock;
use crate::name;
use crate::notifier::Refusal;
use crate::outbox::{self, Entry, Queue, Turn};
use crate::pace::Pace;
use crate::process::PerProcess;
use crate::route::Route;
use crate::setup;
use crate::time::Time;
use crate::warn::{self, Warning};

/// How long a destination may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

static UNWRITTEN: PerProcess<Mutex<Unwritten>> = PerProcess::new();

/// What should stand on disk and cannot, as where that is full.
#[derive(Debug, Default)]
struct Unwritten {
    paces: BTreeMap<Queue, Pace>,
    /// Accepted alerts that could not be removed.
    sent: HashSet<Entry>,
}

fn unwritten() -> MutexGuard<'static, Unwritten> {
    UNWRITTEN
        .get()
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// What a sender found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing waits.
    Nothing,
    /// Something waits, and may leave then.
    At(Time),
    /// Another sender is at work.
    Others,
}

/// Sends what may leave now; `deadline` is when whoever waits for it must go on.
///
/// # Errors
///
/// Where the queue cannot be locked.
pub(crate) fn from_queue(
    route: &Route,
    queue: &Queue,
    deadline: Option<Instant>,
) -> io::Result<Next> {
    let held = queue.release(Utc::now())?.map_or(Next::Nothing, Next::At);
    // At the exit nobody waits for what is held.
    let nothing = if deadline.is_some() {
        Next::Nothing
    } else {
        held
    };
    if waiting_in(queue).is_empty() {
        return Ok(nothing);
    }
    let turn = queue.turn()?;
    if matches!(turn, Turn::Others) {
        return Ok(Next::Others);
    }
    loop {
        let waiting = waiting_in(queue);
        let now = Utc::now();
        let mut pace = pace_of(queue, now);
        if waiting.is_empty() {
            return Ok(nothing);
        }
        let next = pace.next(now, deadline.is_some());
        if next > now {
            return Ok(Next::At(next));
        }
        let ids: HashSet<_> = waiting.iter().map(Entry::id).collect();
        pace.retain(|id| ids.contains(id));
        let chosen = outbox::choose(&waiting, &pace, most(route));
        let (entries, alerts, _locks) = take(queue, &chosen);
        if alerts.is_empty() {
            // Others are sending them.
            return Ok(if waiting.iter().any(|entry| queue.holds(entry)) {
                Next::Others
            } else {
                Next::Nothing
            });
        }
        pace.begin(alerts.iter().map(Alert::id), now);
        keep_pace(queue, pace.clone());
        let sent = send(route, &alerts, deadline);
        let now = Utc::now();
        match &sent {
            Ok(()) => {
                pace.answered();
                for entry in &entries {
                    remove(queue, entry);
                    pace.forget(entry.id());
                }
            }
            Err(Refusal::Temporary { retry_after, .. }) => {
                pace.failed(now, *retry_after, id::jitter());
            }
            Err(Refusal::Channel { .. }) => pace.broken(now),
            Err(Refusal::Alert { reason }) => {
                pace.answered();
                match &*entries {
                    [entry] => {
                        pace.forget(entry.id());
                        reject(queue, entry, &alerts[0], reason);
                    }
                    // One of them is to blame: each is tried by itself.
                    entries => entries.iter().for_each(|entry| pace.send_alone(entry.id())),
                }
            }
        }
        keep_pace(queue, pace);
    }
}

/// Returns a queue's pace, as its last sender left it.
fn pace_of(queue: &Queue, now: Time) -> Pace {
    let kept = unwritten().paces.get(queue).cloned();
    kept.unwrap_or_else(|| queue.pace(now))
}

/// Keeps a queue's pace for its next sender; for this process alone where it cannot be written.
fn keep_pace(queue: &Queue, pace: Pace) {
    let written = queue.set_pace(&pace);
    let mut state = unwritten();
    if written.is_ok() {
        state.paces.remove(queue);
    } else {
        state.paces.insert(queue.clone(), pace);
    }
}

/// Removes an alert that is done with, or remembers that it is.
fn remove(queue: &Queue, entry: &Entry) {
    if let Err(error) = queue.remove(entry) {
        unwritten().sent.insert(entry.clone());
        let message = format!("an alert that was sent cannot be removed from the outbox: {error}");
        Warning::new("outbox removal", message).tell();
    }
}

/// Returns what waits, but for what was sent and could not be removed.
pub(crate) fn waiting_in(queue: &Queue) -> Vec<Entry> {
    let mut waiting = queue.list();
    let state = unwritten();
    waiting.retain(|entry| !state.sent.contains(entry));
    waiting
}

/// Reads and locks what is to be sent; what cannot be read is put aside.
fn take(queue: &Queue, chosen: &[Entry]) -> (Vec<Entry>, Vec<Alert>, Vec<Lock>) {
    let (mut entries, mut alerts, mut locks) = (Vec::new(), Vec::new(), Vec::new());
    for entry in chosen {
        match queue.take(entry) {
            Ok(Some((alert, lock))) => {
                entries.push(entry.clone());
                alerts.push(alert);
                locks.push(lock);
            }
            Ok(None) => {}
            Err(error) => {
                let place = queue.reject(entry, &format!("cannot be read: {error}"));
                let place = place.map_or_else(
                    |error| format!("({error})"),
                    |place| format!("as `{}`", place.display()),
                );
                Warning::new(
                    "outbox entry",
                    format!("an alert in the outbox cannot be read ({error}): kept {place}"),
                )
                .tell();
            }
        }
    }
    (entries, alerts, locks)
}

/// Asks a notifier, which is foreign code, how many alerts its messages may tell.
fn most(route: &Route) -> usize {
    catch_unwind(AssertUnwindSafe(|| route.notifier.most())).map_or(1, |most| most.max(1))
}

/// Calls the notifier, and tells once what it said.
pub(crate) fn send(
    route: &Route,
    alerts: &[Alert],
    deadline: Option<Instant>,
) -> Result<(), Refusal> {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let timeout = left.map_or(TIMEOUT, |left| left.min(TIMEOUT));
    let sent = catch_unwind(AssertUnwindSafe(|| route.notifier.notify(alerts, timeout)))
        .unwrap_or_else(|_| Err(Refusal::temporary("the notifier panicked")));
    let Route { channel, mend, .. } = route;
    match &sent {
        Ok(()) => warn::over(&fault(channel)),
        Err(Refusal::Temporary { reason, .. }) => {
            log::debug!(target: "pipeline_notify", "channel `{channel}`: {reason}");
            let message = format!(
                "channel `{channel}` ({mend}) does not take alerts now ({reason}): they wait and are sent later"
            );
            Warning::new(fault(channel), message).tell();
        }
        Err(Refusal::Channel { reason }) => {
            let message = format!(
                "channel `{channel}` is broken ({reason}): its alerts wait until {mend} is mended"
            );
            Warning::new(fault(channel), message).tell();
        }
        Err(Refusal::Alert { reason }) => {
            let jobs: Vec<_> = alerts.iter().map(Alert::job).collect();
            let message = format!(
                "channel `{channel}` ({mend}) refused the alert of {} ({reason})",
                jobs.join(", ")
            );
            Warning::new(format!("refused {message}"), message).tell();
        }
    }
    sent
}

/// Names the fault of a channel that takes nothing.
pub(crate) fn fault(channel: &str) -> String {
    format!("channel {channel}")
}

/// Keeps an alert aside that nobody will be told, so that its job counts as untold.
fn reject(queue: &Queue, entry: &Entry, alert: &Alert, reason: &str) {
    if let Err(error) = queue.reject(entry, reason) {
        Warning::new(
            "rejected",
            format!("a refused alert cannot be kept aside: {error}"),
        )
        .tell();
        remove(queue, entry);
    }
    let setup = setup::setup_so_far();
    // With several destinations another one has told it.
    let is_only = setup
        .routes(&alert.channel)
        .is_none_or(|routes| routes.all.len() == 1);
    if is_only
        && let Some(store) = setup.store()
        && let Ok(locked) = store.lock(&name::file_name(&alert.job))
    {
        locked.untell(alert.decided);
    }
}
