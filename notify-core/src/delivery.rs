//! The background thread that takes alerts from the outbox to their destinations.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};

use crate::alert::Alert;
use crate::config;
use crate::error::Error;
use crate::exit;
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

/// The most alerts that one digest names: a line each, and Slack shows some 4,000 characters.
const DIGEST: usize = 40;

/// Alerts that are kept in memory, for one destination, where there is no directory for them.
const KEPT: usize = 100;

/// How soon to look again at a queue from which another process sends.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(1);

/// The same at the exit, where somebody waits.
const LOOK_AGAIN_AT_EXIT: Duration = Duration::from_millis(10);

static DELIVERY: PerProcess<Delivery> = PerProcess::new();

#[derive(Default)]
struct Delivery {
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Default)]
struct State {
    /// By channel and queue.
    lines: BTreeMap<(String, Option<Queue>), Line>,
    /// Of queues where it cannot be written, as on a full disk.
    paces: BTreeMap<Queue, Pace>,
    /// Accepted alerts that could not be removed from the disk.
    sent: HashSet<Entry>,
    is_running: bool,
    is_woken: bool,
}

/// What waits for one destination.
struct Line {
    route: Route,
    /// What this process has queued on disk: its exit waits for that.
    own: HashSet<Entry>,
    memory: Memory,
}

/// Alerts that could not be queued on disk.
struct Memory {
    alerts: Vec<Alert>,
    pace: Pace,
    /// Whether some are being sent.
    is_sending: bool,
}

/// What a sender found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Nothing waits.
    Nothing,
    /// Something waits, and may leave then.
    At(Time),
    /// Another sender is at work.
    Others,
}

/// Sends what was queued, soon, and on another thread.
pub(crate) fn queued(route: &Route, entry: Entry) {
    wake(route, |line| {
        line.own.insert(entry);
    });
}

/// Sends an alert that could not be queued.
pub(crate) fn from_memory(route: &Route, alert: Alert) {
    wake(route, |line| {
        if line.memory.alerts.len() < KEPT {
            line.memory.alerts.push(alert);
        }
    });
}

/// Sends what dead processes have left in the queue of a destination.
pub(crate) fn take_over(route: &Route) {
    if route
        .queue
        .as_ref()
        .is_some_and(|queue| !queue.list().is_empty())
    {
        wake(route, |_| {});
    }
}

fn wake(route: &Route, change: impl FnOnce(&mut Line)) {
    let delivery = DELIVERY.get();
    let mut state = delivery.lock();
    let key = (route.channel.clone(), route.queue.clone());
    change(
        state
            .lines
            .entry(key)
            .or_insert_with(|| Line::new(route.clone())),
    );
    state.is_woken = true;
    if !state.is_running && !exit::has_begun() {
        let thread = thread::Builder::new()
            .name("notify-delivery".to_owned())
            .spawn(run);
        state.is_running = thread.is_ok();
    }
    delivery.woken.notify_all();
}

/// Tells whether something of this process's waits, without waiting for long to learn it.
pub(crate) fn is_waited_for() -> bool {
    let delivery = DELIVERY.get();
    for _ in 0..100 {
        match delivery.state.try_lock() {
            Ok(state) => return state.lines.values().any(Line::is_waited_for),
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    }
    true
}

/// Sends what this process has queued, until it is sent, or cannot be before the deadline; then
/// tells what is left.
pub(crate) fn finish(deadline: Instant) {
    let delivery = DELIVERY.get();
    loop {
        let lines = delivery.routes(Line::is_waited_for);
        // Another thread may hang in a request: this one must be able to say so at the deadline.
        let steps: Vec<_> = lines
            .iter()
            .map(|route| step(route, Some(deadline)))
            .collect();
        let now = Utc::now();
        let waiting = lines
            .iter()
            .zip(steps)
            .filter(|(route, _)| delivery.waits_for(route));
        let pauses = waiting.map(|(_, next)| match next {
            Next::At(time) => (time - now).to_std().unwrap_or_default(),
            Next::Nothing | Next::Others => LOOK_AGAIN_AT_EXIT,
        });
        let left = deadline.saturating_duration_since(Instant::now());
        match pauses.min() {
            Some(pause) if pause < left => thread::sleep(pause),
            Some(_) => break,
            None => return,
        }
    }
    for route in delivery.routes(Line::is_waited_for) {
        let Route { channel, mend, .. } = &route;
        let place = if route.queue.is_some() {
            "they wait on disk for the next run"
        } else {
            "they are lost"
        };
        let message = format!(
            "channel `{channel}` ({mend}) did not take all alerts before the exit: {place}"
        );
        Warning::new(fault(channel), message).tell();
    }
}

/// Sends what waits in the notify directory for the channels that this program has, be it of this
/// process or of earlier ones, for at most `patience`.
///
/// Returns how many alerts still wait. `#[notify]` calls this by itself when a run ends with an
/// alert; call it where many short runs were killed, or before a machine is taken away.
///
/// # Errors
///
/// [`Error::NoDirectory`] where there is no notify directory that can be used.
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
///
/// # fn main() -> Result<(), pipeline_notify::Error> {
/// let left = pipeline_notify::drain(Duration::from_secs(30))?;
/// assert_eq!(left, 0, "some alerts could not be delivered yet");
/// # Ok(())
/// # }
/// ```
pub fn drain(patience: Duration) -> Result<usize, Error> {
    let deadline = Instant::now() + patience;
    let setup = setup::setup();
    let store = setup.store().ok_or(Error::NoDirectory)?;
    let mut lines = Vec::new();
    for name in store.outbox().queue_names() {
        let channel = name.rsplit_once('-').map_or("", |(channel, _)| channel);
        let route = if config::is_channel_name(channel) {
            setup.route(channel)
        } else {
            None
        };
        lines.extend(route.filter(|route| route.is_queue(&name)));
    }
    loop {
        let steps: Vec<_> = lines
            .iter()
            .map(|route| step(route, Some(deadline)))
            .collect();
        let now = Utc::now();
        let pause = steps.iter().filter_map(|next| match next {
            Next::Nothing => None,
            Next::At(time) => Some((*time - now).to_std().unwrap_or_default()),
            Next::Others => Some(LOOK_AGAIN_AT_EXIT),
        });
        let left = deadline.saturating_duration_since(Instant::now());
        match pause.min() {
            Some(pause) if pause < left => thread::sleep(pause),
            _ => {
                return Ok(lines
                    .iter()
                    .filter_map(|route| route.queue.as_ref())
                    .map(|queue| queue.list().len())
                    .sum());
            }
        }
    }
}

/// The background thread.
fn run() {
    let delivery = DELIVERY.get();
    loop {
        delivery.lock().is_woken = false;
        let steps = delivery
            .routes(|_| true)
            .iter()
            .map(|route| step(route, None))
            .collect::<Vec<_>>();
        let now = Utc::now();
        let pause = steps.into_iter().filter_map(|next| match next {
            Next::Nothing => None,
            Next::At(time) => Some(time - now),
            Next::Others => Some(LOOK_AGAIN),
        });
        let pause = pause.min().map(|pause| pause.to_std().unwrap_or_default());
        let state = delivery.lock();
        let _ = match pause {
            Some(pause) => delivery
                .woken
                .wait_timeout_while(state, pause, |state| !state.is_woken)
                .map(|_| ())
                .is_ok(),
            None => delivery
                .woken
                .wait_while(state, |state| !state.is_woken)
                .map(|_| ())
                .is_ok(),
        };
    }
}

/// Sends what may leave now for one destination.
fn step(route: &Route, deadline: Option<Instant>) -> Next {
    let from_memory = send_from_memory(route, deadline);
    let from_queue = match &route.queue {
        Some(queue) => send_from_queue(route, queue, deadline).unwrap_or_else(|error| {
            let message = format!("the outbox cannot be read ({error}): its alerts wait");
            Warning::new("outbox", message).tell();
            Next::At(Utc::now() + TimeDelta::minutes(1))
        }),
        None => Next::Nothing,
    };
    if deadline.is_some() || from_queue == Next::Nothing {
        DELIVERY.get().settle(route);
    }
    match (from_memory, from_queue) {
        (Next::At(one), Next::At(other)) => Next::At(one.min(other)),
        (Next::Nothing, next) | (next, _) => next,
    }
}

fn send_from_queue(
    route: &Route,
    queue: &Queue,
    deadline: Option<Instant>,
) -> std::io::Result<Next> {
    if waiting_in(queue).is_empty() {
        return Ok(Next::Nothing);
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
            return Ok(Next::Nothing);
        }
        let next = pace.next(now, deadline.is_some());
        if next > now {
            return Ok(Next::At(next));
        }
        let ids: HashSet<_> = waiting.iter().map(Entry::id).collect();
        pace.retain(|id| ids.contains(id));
        let chosen = outbox::choose(&waiting, &pace, DIGEST);
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
    let kept = DELIVERY.get().lock().paces.get(queue).cloned();
    kept.unwrap_or_else(|| queue.pace(now))
}

/// Keeps a queue's pace for its next sender; for this process alone where it cannot be written.
fn keep_pace(queue: &Queue, pace: Pace) {
    let written = queue.set_pace(&pace);
    let mut state = DELIVERY.get().lock();
    if written.is_ok() {
        state.paces.remove(queue);
    } else {
        state.paces.insert(queue.clone(), pace);
    }
}

/// Removes an alert that is done with, or remembers that it is.
fn remove(queue: &Queue, entry: &Entry) {
    if let Err(error) = queue.remove(entry) {
        DELIVERY.get().lock().sent.insert(entry.clone());
        let message = format!("an alert that was sent cannot be removed from the outbox: {error}");
        Warning::new("outbox removal", message).tell();
    }
}

/// Returns what waits, but for what was sent and could not be removed.
fn waiting_in(queue: &Queue) -> Vec<Entry> {
    let mut waiting = queue.list();
    let state = DELIVERY.get().lock();
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

fn send_from_memory(route: &Route, deadline: Option<Instant>) -> Next {
    let delivery = DELIVERY.get();
    let now = Utc::now();
    let alerts = {
        let mut state = delivery.lock();
        let Some(line) = state.line(route) else {
            return Next::Nothing;
        };
        let memory = &mut line.memory;
        if memory.is_sending {
            return Next::Others;
        }
        if memory.alerts.is_empty() {
            return Next::Nothing;
        }
        let next = memory.pace.next(now, deadline.is_some());
        if next > now {
            return Next::At(next);
        }
        memory.is_sending = true;
        memory.pace.begin([], now);
        std::mem::take(&mut memory.alerts)
    };
    let sent = send(route, &alerts, deadline);
    let mut state = delivery.lock();
    let Some(line) = state.line(route) else {
        return Next::Nothing;
    };
    let memory = &mut line.memory;
    memory.is_sending = false;
    let now = Utc::now();
    match sent {
        Ok(()) | Err(Refusal::Alert { .. }) => {
            memory.pace.answered();
            return Next::Nothing;
        }
        Err(Refusal::Temporary { retry_after, .. }) => {
            memory.pace.failed(now, retry_after, id::jitter());
        }
        Err(Refusal::Channel { .. }) => memory.pace.broken(now),
    }
    memory.alerts.splice(0..0, alerts);
    memory.alerts.truncate(KEPT);
    Next::At(memory.pace.next(now, deadline.is_some()))
}

/// Calls the notifier, and tells once what it said.
fn send(route: &Route, alerts: &[Alert], deadline: Option<Instant>) -> Result<(), Refusal> {
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
fn fault(channel: &str) -> String {
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
    if let Some(store) = setup::setup_so_far().store()
        && let Ok(locked) = store.lock(&name::file_name(&alert.job))
    {
        locked.untell(alert.decided);
    }
}

impl Delivery {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn routes(&self, chosen: impl Fn(&Line) -> bool) -> Vec<Route> {
        self.lock()
            .lines
            .values()
            .filter(|line| chosen(line))
            .map(|line| line.route.clone())
            .collect()
    }

    fn waits_for(&self, route: &Route) -> bool {
        self.lock()
            .line(route)
            .is_some_and(|line| line.is_waited_for())
    }

    /// Forgets what this process queued and is sent, by whichever process.
    fn settle(&self, route: &Route) {
        let Some(queue) = &route.queue else { return };
        let mut state = self.lock();
        let sent = std::mem::take(&mut state.sent);
        if let Some(line) = state.line(route) {
            line.own
                .retain(|entry| queue.holds(entry) && !sent.contains(entry));
        }
        state.sent = sent;
    }
}

impl State {
    fn line(&mut self, route: &Route) -> Option<&mut Line> {
        self.lines
            .get_mut(&(route.channel.clone(), route.queue.clone()))
    }
}

impl Line {
    fn new(route: Route) -> Self {
        let memory = Memory {
            alerts: Vec::new(),
            pace: Pace::new(Utc::now()),
            is_sending: false,
        };
        Self {
            route,
            own: HashSet::new(),
            memory,
        }
    }

    fn is_waited_for(&self) -> bool {
        !self.own.is_empty() || !self.memory.alerts.is_empty() || self.memory.is_sending
    }
}
