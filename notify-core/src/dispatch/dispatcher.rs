//! The background thread that takes alerts from the outbox to their destinations.

use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};

use crate::dispatch::batch::MOST;
use crate::dispatch::follow_up;
use crate::dispatch::ledger;
use crate::dispatch::refuge;
use crate::dispatch::sender::{self, Next};
use crate::dispatch::shed;
use crate::dispatch::standing::Standing;
use crate::error::Error;
use crate::format::time::Time;
use crate::message::alert::Alert;
use crate::notifier::{FollowUps, Refusal};
use crate::os::engine::{Part, Slot};
use crate::os::ffi;
use crate::os::random;
use crate::os::warning::Warning;
use crate::os::worker::{Work, Worker};
use crate::settings::config;
use crate::settings::in_force;
use crate::settings::route::Route;
use crate::settings::setup::Setup;
use crate::state::entry::Entry;
use crate::state::moved::Moved;
use crate::state::rate::Pace;
use crate::state::{Queue, Queued, Store, Turn, UNUSABLE};

/// Alerts that are kept in memory, for one destination, where there is no directory for them.
const KEPT: usize = 100;

/// After so many alerts of this process it looks whether too many wait.
const OWN: usize = 1_000;

/// The longest that a drain goes on, where it is given longer than there is time.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// When to try again to show how a run has ended.
const SHOW_AGAIN: TimeDelta = TimeDelta::minutes(1);

/// How soon to look again at a queue from which another process sends.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(1);

/// The same at the exit, where somebody waits: the first time, and in the end.
const LOOK_AGAIN_AT_EXIT: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(10)];

/// The least where many hosts send from the queue, and each look asks the store.
const LOOK_AGAIN_IN_A_FLEET: Duration = Duration::from_millis(200);

/// What is younger waits for so long, so as not to overtake what is older.
const SOON: TimeDelta = TimeDelta::seconds(2);

/// But not at the exit, once so little of its time is left.
const LAST_CHANCE: Duration = Duration::from_secs(1);

static DELIVERY: Part<Worker<Delivery>> = Part::new(Slot::Delivery);

#[derive(Default)]
struct Delivery {
    lines: Vec<Line>,
    is_woken: bool,
    /// When something may leave that could not at the last look.
    look_at: Option<Instant>,
}

/// What waits for one destination.
struct Line {
    route: Route,
    /// The keys of what this process has queued on disk: its exit waits for that.
    own: HashSet<String>,
    memory: Memory,
    /// How the runs stand whose beginnings were sent to it, as far as it is to show that.
    standings: Vec<Standing>,
    /// Whether one is being shown that says how a run has ended.
    is_showing: bool,
}

/// Alerts that could not be queued on disk.
struct Memory {
    alerts: Vec<Alert>,
    /// The jobs whose failures were sent to `alerts`.
    moved: Moved,
    pace: Pace,
    /// Whether some are being sent.
    is_sending: bool,
}

/// Takes over an alert that was committed, and what became of it in the queues of `routes`: it is sent
/// from there or from memory. Tells whether it is not held back.
pub(crate) fn accept(routes: &[Route], alert: &Alert, in_queues: &[Queued]) -> bool {
    for (number, route) in routes.iter().enumerate() {
        match in_queues.get(number) {
            Some(Queued::Waits(entry)) => queued(route, entry),
            #[cfg(feature = "postgres")]
            Some(Queued::Aside(queue, entry)) => queued(&route.by(queue.clone()), entry),
            Some(Queued::Held) => look(route),
            Some(Queued::Not) | None => from_memory(route, alert.clone()),
        }
    }
    !in_queues.contains(&Queued::Held)
}

/// Sends what was queued, soon, and on another thread.
pub(crate) fn queued(route: &Route, entry: &Entry) {
    let mut own = 0;
    wake(route, |line| {
        line.own.insert(entry.key());
        own = line.own.len();
        // It cannot leave before the others, for which the thread is at work or has set itself a time.
        own == 1
    });
    if own.is_multiple_of(OWN) && !ffi::has_begun() {
        // So much is left where the thread hangs in a notifier: then another keeps to the bound.
        let route = route.clone();
        let thread = thread::Builder::new().name("notify-surplus".to_owned());
        let _ = thread.spawn(move || shed(&route));
    }
}

fn shed(route: &Route) {
    if let Some(queue) = &route.queue {
        shed::shed(route, queue, &ledger::waiting_in(queue), MOST, None);
        DELIVERY.get().settle(route);
    }
}

/// Sends an alert that could not be queued.
pub(crate) fn from_memory(route: &Route, alert: Alert) {
    let mut is_lost = false;
    wake(route, |line| {
        is_lost = line.memory.alerts.len() >= KEPT;
        if !is_lost {
            line.memory.alerts.push(alert);
        }
        true
    });
    if is_lost {
        tell_lost(route);
    }
}

/// Has the message of a run's beginning show how the run stands, once no alert waits, where messages are edited.
pub(crate) fn show(route: &Route, standing: Standing) {
    if route.queue.is_none() || follow_up::of(route) == FollowUps::Messages {
        return;
    }
    wake(route, |line| {
        line.standings
            .retain(|known| !known.is_of_run_of(&standing));
        line.standings.push(standing);
        true
    });
}

/// Sends what dead processes have left in the queue of a destination.
pub(crate) fn take_over(route: &Route) {
    let own = route.queue.as_ref();
    if own.is_some_and(Queue::may_have_some) {
        look(route);
    }
    if let Some(aside) = own.and_then(Queue::aside)
        && aside.may_have_some()
    {
        look(&route.by(aside));
    }
}

/// Looks at a queue: something in it may leave now, or later.
pub(crate) fn look(route: &Route) {
    wake(route, |_| true);
}

/// Changes what waits for a destination, and wakes the thread where that says so.
fn wake(route: &Route, change: impl FnOnce(&mut Line) -> bool) {
    let delivery = DELIVERY.get();
    let mut state = delivery.lock();
    if state.line(route).is_none() {
        state.lines.push(Line::new(route.clone()));
    }
    let must_look = state.line(route).is_some_and(change);
    let is_running = delivery.is_running();
    if is_running && !must_look {
        return;
    }
    state.is_woken = true;
    drop(state);
    if is_running || !ffi::has_begun() {
        // Without a thread the exit delivers.
        let _ = delivery.wake();
    }
}

/// Tells whether something of this process's waits, without waiting for long to learn it.
pub(crate) fn is_waited_for() -> bool {
    let delivery = DELIVERY.get();
    for _ in 0..100 {
        match delivery.try_lock() {
            Some(state) => return state.lines.iter().any(Line::is_waited_for),
            None => thread::sleep(Duration::from_millis(1)),
        }
    }
    true
}

/// Sends what this process has queued, until it is sent, or cannot be before the deadline; then
/// tells what is left.
pub(crate) fn finish(deadline: Instant) {
    let delivery = DELIVERY.get();
    let [mut look_again, in_the_end] = LOOK_AGAIN_AT_EXIT;
    loop {
        let lines = delivery.routes(Line::is_waited_for);
        // Another thread may hang in a request: this one must be able to say so at the deadline.
        let steps: Vec<_> = lines
            .iter()
            .map(|route| step(route, Some(deadline)))
            .collect();
        if look_again == in_the_end {
            // By now it is another process, and what that has sent is not waited for.
            for route in &lines {
                delivery.settle(route);
            }
        }
        let now = Utc::now();
        let waiting = lines
            .iter()
            .zip(steps)
            .filter(|(route, _)| delivery.waits_for(route));
        let pauses = waiting.map(|(route, next)| match next {
            Next::At(time) => (time - now).to_std().unwrap_or_default(),
            Next::Nothing | Next::Others => look_again.max(pause_of(route)),
        });
        let left = deadline.saturating_duration_since(Instant::now());
        match pauses.min() {
            // The thread of this process may be done sooner.
            Some(pause) if pause < left => {
                delivery.wait_while(pause, |state| state.lines.iter().any(Line::is_waited_for));
            }
            Some(_) => break,
            // Not what has just gone to another channel.
            None if delivery.routes(Line::is_waited_for).is_empty() => return,
            None if left.is_zero() => break,
            None => {}
        }
        look_again = (look_again * 2).min(in_the_end);
    }
    for route in delivery.routes(Line::has_alerts) {
        let Route { channel, mend, .. } = &route;
        let lost = delivery.in_memory(&route);
        // A fault of its own: that the channel takes nothing now was told, and that it waits.
        let (fault, place) = match lost {
            0 => (
                ledger::fault(channel),
                "they wait on disk for the next run".to_owned(),
            ),
            1 => (format!("loss of {channel}"), "1 alert is lost".to_owned()),
            lost => (
                format!("loss of {channel}"),
                format!("{lost} alerts are lost"),
            ),
        };
        let message = format!(
            "channel `{channel}` ({mend}) did not take all alerts before the exit: {place}"
        );
        Warning::new(fault, message).tell();
    }
}

/// Sends what waits in the notify directory for the channels that this program has, be it of this
/// process or of earlier ones, for at most `patience`, or a day.
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
    let deadline = Instant::now() + patience.min(LONGEST);
    let setup = in_force::setup();
    let store = setup.store().ok_or(Error::NoDirectory)?;
    loop {
        // What leaves a broken channel may open another's queue.
        let lines = routes_of_queues(setup, store);
        let steps: Vec<_> = lines
            .iter()
            .map(|route| step(route, Some(deadline)))
            .collect();
        let now = Utc::now();
        let pause = lines
            .iter()
            .zip(&steps)
            .filter_map(|(route, next)| match next {
                Next::Nothing => None,
                Next::At(time) => Some((*time - now).to_std().unwrap_or_default()),
                Next::Others => Some(LOOK_AGAIN_AT_EXIT[1].max(pause_of(route))),
            });
        let left = deadline.saturating_duration_since(Instant::now());
        let queues = routes_of_queues(setup, store).into_iter();
        let mut queues = queues.filter_map(|route| route.queue);
        match pause.min() {
            Some(pause) if pause < left => thread::sleep(pause),
            // It has just come from a broken channel's.
            None if !left.is_zero()
                && queues.any(|queue| !ledger::waiting_in(&queue).is_empty()) =>
            {
                thread::sleep(LOOK_AGAIN_AT_EXIT[1]);
            }
            _ => return Ok(queues.map(|queue| queue.list().len()).sum()),
        }
    }
}

/// Has the held alerts leave whose time has come, whichever job they are of. They are waited for at the
/// exit as this process's own are, for the next process may be as short as this one.
pub(crate) fn release_due(setup: &Setup, store: &Store) {
    let now = Utc::now();
    let due = store.due_queues(now);
    if due.is_empty() {
        return;
    }
    for route in routes_of_queues(setup, store) {
        let Some(queue) = route.queue.as_ref() else {
            continue;
        };
        let mut left = Vec::new();
        if due.contains(queue.name()) && queue.release_to(now, &mut left).is_ok() {
            for entry in &left {
                queued(&route, entry);
            }
        }
    }
}

/// Sends what waits in all queues whose destinations are known here, soon, and on another thread.
pub(crate) fn take_over_all(setup: &Setup, store: &Store) {
    routes_of_queues(setup, store).iter().for_each(take_over);
}

/// Returns the destinations of the queues that are there, as far as they are known here.
fn routes_of_queues(setup: &Setup, store: &Store) -> Vec<Route> {
    let mut found = Vec::new();
    for queue in store.queues() {
        let channel = queue.channel();
        let routes = if config::is_channel_name(channel) {
            setup.routes(channel)
        } else {
            None
        };
        let routes = routes.as_ref().map_or(&[][..], |routes| &routes.all);
        found.extend(routes.iter().filter_map(|route| route.from(&queue)));
    }
    found
}

impl Work for Delivery {
    const NAME: &'static str = "notify-delivery";
    type Step = ();

    fn next(&mut self) -> Result<(), Option<Duration>> {
        let left = |at: Instant| at.saturating_duration_since(Instant::now());
        let pause = self.look_at.map(left);
        if self.is_woken || pause.is_some_and(|pause| pause.is_zero()) {
            (self.is_woken, self.look_at) = (false, None);
            return Ok(());
        }
        Err(pause)
    }

    fn act(delivery: &'static Worker<Self>, (): ()) {
        let routes = delivery.routes(|_| true);
        let steps: Vec<_> = routes.iter().map(|route| step(route, None)).collect();
        let now = Utc::now();
        let pause = steps.into_iter().filter_map(|next| match next {
            Next::Nothing => None,
            Next::At(time) => Some(time - now),
            Next::Others => Some(LOOK_AGAIN),
        });
        let pause = pause.min().map(|pause| pause.to_std().unwrap_or_default());
        delivery.lock().look_at = pause.and_then(|pause| Instant::now().checked_add(pause));
    }
}

/// Returns how long at least to wait before a queue is looked at again from which others send.
fn pause_of(route: &Route) -> Duration {
    let queue = route.queue.as_ref();
    match queue.filter(|queue| queue.is_of_a_fleet()) {
        Some(_) => LOOK_AGAIN_IN_A_FLEET,
        None => Duration::ZERO,
    }
}

/// Sends what may leave now for one destination; then, where nothing waits, shows how runs stand.
fn step(route: &Route, deadline: Option<Instant>) -> Next {
    let next = send(route, deadline);
    let delivery = DELIVERY.get();
    if next != Next::Nothing {
        if let (Next::At(_), Some(_), Some(line)) = (next, deadline, delivery.lock().line(route)) {
            // The exit waits for none that stands behind others' alerts.
            if !line.has_alerts() {
                line.standings.clear();
            }
        }
        return next;
    }
    let Some(queue) = &route.queue else {
        return next;
    };
    let has_none = |line: &mut Line| line.standings.is_empty();
    if delivery.lock().line(route).is_none_or(has_none) {
        return next;
    }
    let turn = queue.turn();
    if matches!(turn, Ok(Turn::Others)) {
        return Next::Others;
    }
    let standings = match delivery.lock().line(route) {
        Some(line) => {
            line.is_showing = line.standings.iter().any(Standing::is_last);
            std::mem::take(&mut line.standings)
        }
        None => Vec::new(),
    };
    let shown = standings.into_iter();
    let mut later: Vec<_> = shown
        .filter_map(|standing| standing.show(route, queue, deadline))
        .collect();
    let mut state = delivery.lock();
    let Some(line) = state.line(route) else {
        return next;
    };
    line.is_showing = false;
    later.retain(|_| deadline.is_none());
    let is_left = !later.is_empty();
    line.standings.append(&mut later);
    if is_left {
        Next::At(Utc::now() + SHOW_AGAIN)
    } else {
        next
    }
}

/// Sends what may leave now for one destination, the oldest first: from disk, and what could not be
/// queued there.
fn send(route: &Route, deadline: Option<Instant>) -> Next {
    let mut ways: [fn(&Route, Option<Instant>) -> Next; 2] = [send_from_queue, send_from_memory];
    if DELIVERY.get().has_older_in_memory(route) {
        ways.reverse();
    }
    let next = ways[0](route, deadline);
    if goes_first(next, deadline) {
        return next;
    }
    match (next, ways[1](route, deadline)) {
        (Next::At(one), Next::At(other)) => Next::At(one.min(other)),
        // Others are looked at again soon, whatever waits for long.
        (Next::Others, _) | (_, Next::Others) => Next::Others,
        (Next::Nothing, next) | (next, Next::Nothing) => next,
    }
}

/// Tells whether what is older is about to leave, so that what is younger must not go before it: a
/// recovery would overtake its failure.
fn goes_first(older: Next, deadline: Option<Instant>) -> bool {
    match (older, deadline) {
        (Next::Nothing, _) | (Next::At(_), Some(_)) => false,
        (Next::At(time), None) => time - Utc::now() <= SOON,
        (Next::Others, None) => true,
        (Next::Others, Some(deadline)) => {
            deadline.saturating_duration_since(Instant::now()) > LAST_CHANCE
        }
    }
}

/// Sends what may leave now from disk.
fn send_from_queue(route: &Route, deadline: Option<Instant>) -> Next {
    let Some(queue) = &route.queue else {
        return Next::Nothing;
    };
    let released = queue.release(queue.now());
    let sent =
        released.and_then(|held| Ok((sender::from_queue(route, queue, deadline, queued)?, held)));
    let (next, held) = sent.unwrap_or_else(|error| {
        let message = format!("the outbox cannot be read, and its alerts wait: {error}");
        let fault = if queue.is_of_a_fleet() {
            UNUSABLE
        } else {
            "outbox"
        };
        Warning::new(fault, message).tell();
        (Next::At(Utc::now() + TimeDelta::minutes(1)), None)
    });
    // Where another sends, it may be this process's thread, at its last message: what dead processes have
    // left is not to be left again for that.
    let is_settled = match next {
        Next::Nothing => true,
        Next::At(_) => deadline.is_some(),
        Next::Others => false,
    };
    if is_settled {
        DELIVERY.get().settle(route);
    }
    // The queue's clock may be another than this host's.
    let ahead = queue.now() - Utc::now();
    let next = match next {
        Next::At(time) => Next::At(time - ahead),
        next => next,
    };
    match (next, deadline, held.map(|until| until - ahead)) {
        // What was queued since the last look has woken nobody.
        (Next::Nothing, None, _) if DELIVERY.get().waits_on_disk(route) => Next::At(Utc::now()),
        // At the exit nobody waits for what is held.
        (Next::Nothing, None, Some(until)) => Next::At(until),
        (next, ..) => next,
    }
}

/// The same for what could not be queued.
fn send_from_memory(route: &Route, deadline: Option<Instant>) -> Next {
    let delivery = DELIVERY.get();
    leave_memory(route);
    let now = Utc::now();
    let most = sender::most(route);
    let taken = delivery
        .lock()
        .line(route)
        .map_or(Err(Next::Nothing), |line| {
            line.memory.take(most, now, deadline.is_some())
        });
    let alerts = match taken {
        Ok(alerts) => alerts,
        Err(next) => return next,
    };
    let sent = sender::ask(route, &alerts, deadline);
    sender::tell(route, &alerts, &sent);
    let mut state = delivery.lock();
    let Some(line) = state.line(route) else {
        return Next::Nothing;
    };
    let memory = &mut line.memory;
    memory.is_sending = false;
    let now = Utc::now();
    let is_refused = match &sent {
        Ok(()) | Err(Refusal::Alert { .. }) => true,
        // All of them are counted.
        Err(Refusal::Unknown { .. } | Refusal::Gone { .. }) => {
            alerts.iter().fold(true, |all, alert| {
                let is_over = memory.pace.doubt(alert.id(), now);
                all && is_over
            })
        }
        Err(Refusal::Temporary { .. } | Refusal::Channel { .. }) => false,
    };
    match sent {
        _ if is_refused => {
            for alert in &alerts {
                memory.pace.forget(alert.id());
            }
            memory.pace.answered(now);
            if memory.alerts.is_empty() {
                return Next::Nothing;
            }
            return Next::At(memory.pace.next(now, deadline.is_some()));
        }
        Err(Refusal::Temporary { retry_after, .. }) => {
            memory.pace.failed(now, retry_after, random::jitter());
        }
        Err(Refusal::Channel { reason }) => memory.pace.broken(now, &reason),
        Ok(()) | Err(_) => memory.pace.failed(now, None, random::jitter()),
    }
    memory.alerts.splice(0..0, alerts);
    let is_lost = memory.alerts.len() > KEPT;
    memory.alerts.truncate(KEPT);
    let next = memory.pace.next(now, deadline.is_some());
    drop(state);
    if is_lost {
        tell_lost(route);
    }
    leave_memory(route);
    Next::At(next)
}

impl Memory {
    /// Takes what the next message tells.
    fn take(&mut self, most: usize, now: Time, is_urgent: bool) -> Result<Vec<Alert>, Next> {
        if self.is_sending {
            return Err(Next::Others);
        }
        if self.alerts.is_empty() {
            return Err(Next::Nothing);
        }
        let next = self.pace.next(now, is_urgent);
        if next > now {
            return Err(Next::At(next));
        }
        self.is_sending = true;
        self.pace.begin([], now);
        let most = self.alerts.len().min(most);
        Ok(self.alerts.drain(..most).collect())
    }
}

/// Has `alerts` send what its own channel, which is broken, does not take.
fn leave_memory(route: &Route) {
    let delivery = DELIVERY.get();
    let waits = |line: &mut Line| !line.memory.alerts.is_empty();
    if !delivery.lock().line(route).is_some_and(waits) {
        return;
    }
    let Some(refuge) = refuge::in_memory(route) else {
        return;
    };
    let taken = match delivery.lock().line(route) {
        Some(line) => {
            let Memory {
                alerts,
                moved,
                pace,
                ..
            } = &mut line.memory;
            refuge::take_from(alerts, moved, pace, Utc::now())
        }
        None => Vec::new(),
    };
    for (alert, reason) in taken {
        for other in &refuge.all {
            from_memory(other, refuge::copy(route, &alert, &reason));
        }
    }
}

/// Warns that there are more alerts than are kept in memory.
fn tell_lost(route: &Route) {
    let Route { channel, mend, .. } = route;
    let message = format!(
        "channel `{channel}` ({mend}) takes no alerts: {KEPT} are in memory, and every further one is lost"
    );
    Warning::new(format!("memory of {channel}"), message).tell();
}

impl Worker<Delivery> {
    fn routes(&self, chosen: impl Fn(&Line) -> bool) -> Vec<Route> {
        self.lock()
            .lines
            .iter()
            .filter(|line| chosen(line))
            .map(|line| line.route.clone())
            .collect()
    }

    fn waits_on_disk(&self, route: &Route) -> bool {
        let mut state = self.lock();
        state.line(route).is_some_and(|line| !line.own.is_empty())
    }

    /// Counts what could not be queued and is not sent.
    fn in_memory(&self, route: &Route) -> usize {
        let mut state = self.lock();
        state.line(route).map_or(0, |line| line.memory.alerts.len())
    }

    fn waits_for(&self, route: &Route) -> bool {
        self.lock()
            .line(route)
            .is_some_and(|line| line.is_waited_for())
    }

    /// Tells whether what could not be queued is older than what waits on disk.
    fn has_older_in_memory(&self, route: &Route) -> bool {
        let oldest = match self.lock().line(route) {
            Some(line) if line.memory.is_sending => return true,
            Some(line) => line.memory.alerts.first().map(Entry::of),
            None => None,
        };
        let (Some(oldest), Some(queue)) = (oldest, &route.queue) else {
            return false;
        };
        let waiting = ledger::waiting_in(queue);
        waiting.first().is_none_or(|first| oldest < *first)
    }

    /// Forgets what this process queued and is sent, by whichever process.
    fn settle(&self, route: &Route) {
        let Some(queue) = &route.queue else { return };
        // What is queued from here on is not in the list.
        let Some(own) = self.lock().line(route).map(|line| line.own.clone()) else {
            return;
        };
        let waiting = ledger::waiting_in(queue);
        let waiting: HashSet<_> = waiting.iter().map(Entry::key).collect();
        if let Some(line) = self.lock().line(route) {
            line.own
                .retain(|key| waiting.contains(key) || !own.contains(key));
        }
    }
}

impl Delivery {
    fn line(&mut self, route: &Route) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.route.is(route))
    }
}

impl Line {
    fn new(route: Route) -> Self {
        let memory = Memory {
            alerts: Vec::new(),
            moved: Moved::default(),
            pace: Pace::new(Utc::now()),
            is_sending: false,
        };
        Self {
            route,
            own: HashSet::new(),
            memory,
            standings: Vec::new(),
            is_showing: false,
        }
    }

    fn is_waited_for(&self) -> bool {
        self.has_alerts() || self.is_showing || self.standings.iter().any(Standing::is_last)
    }

    /// Tells whether alerts of this process wait.
    fn has_alerts(&self) -> bool {
        !self.own.is_empty() || !self.memory.alerts.is_empty() || self.memory.is_sending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::notifier::Notifier;
    use crate::testing::{Folder, alert};

    /// Issue 13, point 5.
    #[cfg(unix)]
    #[test]
    fn a_child_that_is_forked_while_a_thread_gives_alerts_to_deliver_does_not_wait_for_it() {
        assert!(crate::testing::a_run_ends_in_a_fork_while(|| DELIVERY
            .get()
            .lock()));
    }

    /// Takes whatever it is given.
    struct Taker;

    impl Notifier for Taker {
        fn notify(&self, _alerts: &[Alert], _timeout: Duration) -> Result<(), Refusal> {
            Ok(())
        }
    }

    /// A destination with one alert on disk that this process has queued; no thread is at work.
    fn route(folder: &Folder) -> (Route, Queue) {
        let outbox = crate::state::local::spool::Outbox::new(folder.path(), ffi::user_id());
        let queue = Queue::from(outbox.queue("alerts-0"));
        let route = Route {
            number: 0,
            channel: format!("alerts {}", folder.path().display()),
            queue: Some(queue.clone()),
            notifier: Arc::new(Taker),
            mend: "it".to_owned(),
        };
        let alert = alert("etl", "a1");
        let entry = queue.put(&alert, &alert.render()).unwrap();
        let mut line = Line::new(route.clone());
        line.own.insert(entry.key());
        DELIVERY.get().lock().lines.push(line);
        (route, queue)
    }

    fn forget(route: &Route) {
        DELIVERY
            .get()
            .lock()
            .lines
            .retain(|line| !line.route.is(route));
    }

    #[test]
    fn what_was_sent_is_not_waited_for_while_another_alert_is_held() {
        let folder = Folder::new();
        let (route, queue) = route(&folder);
        let until = Utc::now() + TimeDelta::hours(1);
        let name = crate::rules::transition::held_name(until, 7);
        queue.hold(&alert("held", "a2").render(), &name).unwrap();

        let next = send_from_queue(&route, None);
        assert!(queue.list().is_empty(), "it was sent");
        assert!(matches!(next, Next::At(time) if time > Utc::now() + TimeDelta::minutes(50)));
        // Or the next one would take itself for the second that waits, and wake nobody.
        assert!(!DELIVERY.get().waits_on_disk(&route));
        forget(&route);
    }

    #[test]
    fn a_queue_from_which_others_send_is_looked_at_again_though_memory_waits_for_long() {
        let folder = Folder::new();
        let (route, queue) = route(&folder);
        let mut older = alert("older", "a0");
        older.decided -= TimeDelta::hours(1);
        if let Some(line) = DELIVERY.get().lock().line(&route) {
            line.memory.alerts.push(older);
            line.memory.pace.broken(Utc::now(), "it is gone");
        }
        let turn = queue.turn().unwrap();
        assert_eq!(step(&route, None), Next::Others);
        drop(turn);
        forget(&route);
    }
}
