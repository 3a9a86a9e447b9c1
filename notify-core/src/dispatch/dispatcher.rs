//! The background thread that takes alerts from the outbox to their destinations.

mod finish;
mod step;
mod waiting;

use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::dispatch::batch::MOST;
use crate::dispatch::follow_up;
use crate::dispatch::ledger;
use crate::dispatch::sender::Next;
use crate::dispatch::shed;
use crate::dispatch::standing::Standing;
use crate::message::alert::Alert;
use crate::notifier::FollowUps;
use crate::os::clock;
use crate::os::engine::{Part, Slot};
use crate::os::ffi;
use crate::os::thread;
use crate::os::warning::Warning;
use crate::os::worker::{Work, Worker};
use crate::settings::config;
use crate::settings::route::Route;
use crate::settings::setup::Setup;
use crate::state::entry::Entry;
use crate::state::{Left, Queued, Store};

pub use finish::drain;
pub(crate) use finish::{ask_anew, finish, is_waited_for, leave};
use step::step;
use waiting::{Delivery, Line};

/// Alerts that are kept in memory, for one destination, where there is no directory for them.
const KEPT: usize = 100;

/// After so many alerts of this process it looks whether too many wait.
const OWN: usize = 1_000;

/// How soon to look again at a queue from which another process sends.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(1);

static DELIVERY: Part<Worker<Delivery>> = Part::new(Slot::Delivery);

/// Takes over an alert that was committed, and what became of it in the queues of `routes`: it is sent
/// from there or from memory. Returns whether it is not held back.
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
        // So many queued alerts mean that the thread hangs in a notifier. Another thread sheds, so that the
        // bound holds anyway.
        let route = route.clone();
        let _ = thread::spawn("notify-surplus", move || shed(&route));
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
        warn_of_loss(route);
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

/// Sends what others have left in the queue of a destination. The exit has it tried once, for the next process may be
/// as short as this one.
fn take_over(route: &Route) {
    let Some(queue) = &route.queue else { return };
    let left = queue.left();
    if left != Left::Nothing {
        wake(route, |line| {
            line.is_left = left == Left::Some;
            true
        });
    }
    if let Some(aside) = queue.aside() {
        take_over(&route.by(aside));
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

/// Has the held alerts leave whose time has come, whichever job they are of. They are waited for at the
/// exit as this process's own are, for the next process may be as short as this one.
pub(crate) fn release_due(setup: &Setup, store: &Store) {
    let now = clock::now();
    let due = store.due_queues(now);
    if due.is_empty() {
        return;
    }
    for route in routes_of_queues(setup, store) {
        let Some(queue) = route.queue.as_ref() else {
            continue;
        };
        let mut left = Vec::new();
        if due.iter().any(|due| due == queue.name()) && queue.release_to(now, &mut left).is_ok() {
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

/// The same where that can be known at once; else what waits for the destinations of a run.
pub(crate) fn take_over_known(setup: &Setup, store: &Store, of_a_run: &[Route]) {
    if store.answers_at_once() {
        take_over_all(setup, store);
    } else {
        of_a_run.iter().for_each(take_over);
    }
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
        let now = clock::now();
        let pause = steps.into_iter().filter_map(|next| match next {
            Next::Nothing => None,
            Next::At(time) => Some(time - now),
            Next::Others => Some(LOOK_AGAIN),
        });
        let pause = pause.min().map(|pause| pause.to_std().unwrap_or_default());
        delivery.lock().look_at = pause.and_then(|pause| Instant::now().checked_add(pause));
    }

    fn done(&mut self) {
        // A step that has panicked has not said so.
        for line in &mut self.lines {
            line.sends_since = None;
        }
    }
}

/// Warns that there are more alerts than are kept in memory.
fn warn_of_loss(route: &Route) {
    let Route { channel, mend, .. } = route;
    let message = format!(
        "channel `{channel}` ({mend}) takes no alerts: {KEPT} are in memory, and every further one is lost"
    );
    Warning::new(format!("memory of {channel}"), message).warn();
}

#[cfg(test)]
mod tests;
