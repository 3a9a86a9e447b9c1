//! Sends what waits until it is sent or the time is over: at the exit of the process, and where the program asks.

use std::thread;
use std::time::{Duration, Instant};

use super::step::step;
use super::waiting::Line;
use super::{DELIVERY, routes_of_queues};
use crate::dispatch::ledger;
use crate::dispatch::sender::{self, Next};
use crate::error::Error;
use crate::format::time::Time;
use crate::os::clock;
#[cfg(test)]
use crate::os::engine::own;
use crate::os::isolate;
use crate::os::patience::ask_for_a_while;
use crate::os::thread::spawn;
use crate::os::warning::Warning;
use crate::settings::in_force;
use crate::settings::route::Route;
use crate::state::Turn;

/// The longest that a drain goes on, where it is given longer than there is time.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest that an exit goes on for the alerts of others, if it is given longer.
const FOR_OTHERS: Duration = Duration::from_secs(2);

/// How soon to look again at the exit, where somebody waits: the first time, and in the end.
const LOOK_AGAIN_AT_EXIT: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(10)];

/// The least where many hosts send from the queue, and each look asks the store.
const LOOK_AGAIN_IN_A_FLEET: Duration = Duration::from_millis(200);

/// Returns whether something of this process's waits, without waiting for long to learn it.
pub(crate) fn is_waited_for() -> bool {
    let state = ask_for_a_while(|| DELIVERY.get().try_lock());
    state.is_none_or(|state| state.lines.iter().any(Line::is_waited_for))
}

/// Sends what this process has queued, until it is sent, or cannot be before the deadline, and tries what others have
/// left. Then it says what it [leaves](leave).
pub(crate) fn finish(deadline: Instant) {
    let delivery = DELIVERY.get();
    let begun = clock::now();
    let [mut look_again, in_the_end] = LOOK_AGAIN_AT_EXIT;
    let for_others = deadline.min(Instant::now() + FOR_OTHERS);
    let others = delivery.routes(|line| line.is_left && !line.has_own());
    // What others have left behind the program's own leaves with that.
    let is_own = |line: &Line| {
        line.has_own() || line.is_left && !others.iter().any(|route| line.route.is(route))
    };
    let is_anothers =
        |line: &Line| !is_own(line) && line.is_waited_for() && Instant::now() < for_others;
    let is_waited_for = |line: &Line| is_own(line) || is_anothers(line);
    try_others(&others, for_others);
    try_at_once(&delivery.routes(is_own), deadline);
    loop {
        // What is tried already is looked at again when that is over.
        let lines = delivery.routes(|line| is_own(line) && line.tries_since.is_none());
        // Another thread may hang in a request: this one must be able to say so at the deadline.
        let steps = lines.iter().map(|route| step(route, Some(deadline)));
        let steps: Vec<_> = steps.collect();
        if look_again == in_the_end {
            // After the first quick looks the sender must be another process. What it has delivered leaves the
            // list of this one.
            for route in &lines {
                delivery.settle(route);
            }
        }
        let now = clock::now();
        let waiting = lines
            .iter()
            .zip(steps)
            .filter(|(route, _)| delivery.is(route, is_own));
        let pauses = waiting.map(|(route, next)| match next {
            Next::At(time) => (time - now).to_std().unwrap_or_default(),
            Next::Nothing | Next::Others => look_again.max(pause_of(route)),
        });
        let is_beside =
            |line: &Line| is_anothers(line) || is_own(line) && line.tries_since.is_some();
        let waits_beside = delivery.lock().lines.iter().any(is_beside);
        let pause = pauses.chain(waits_beside.then_some(look_again)).min();
        let has_own = delivery.lock().lines.iter().any(is_own);
        let until = if has_own { deadline } else { for_others };
        let left = until.saturating_duration_since(Instant::now());
        match pause {
            // The thread of this process may be done sooner.
            Some(pause) if pause < left => {
                delivery.wait_while(pause, |state| state.lines.iter().any(is_waited_for));
            }
            Some(_) => break,
            // Not what has just gone to another channel.
            None if left.is_zero() || delivery.routes(is_waited_for).is_empty() => break,
            None => {}
        }
        look_again = (look_again * 2).min(in_the_end);
    }
    leave(begun);
}

/// Says what the exit that has begun then leaves: a warning of this process's own alerts, and for the next process,
/// which destinations have not answered. Nothing is said twice.
pub(crate) fn leave(begun: Time) {
    let delivery = DELIVERY.get();
    let left = delivery.routes(Line::has_alerts);
    left.iter().for_each(warn_of_left);
    // The warnings first: the time is nearly over, and this is written to the disk.
    let state = delivery.lock();
    let cut_off: Vec<_> = state.lines.iter().filter_map(Line::under_way).collect();
    drop(state);
    for (route, since) in cut_off {
        sender::count_cut_off(&route, since, begun);
    }
}

/// Warns that some of this process's alerts are left, or lost.
fn warn_of_left(route: &Route) {
    let Route { channel, mend, .. } = route;
    let fault = ledger::fault(route);
    let (fault, place) = match DELIVERY.get().in_memory(route) {
        // An exit that is to send nothing has left nothing undone.
        0 if in_force::setup_so_far().exit.is_zero() => return,
        0 => (fault, "they wait on disk for the next run".to_owned()),
        // A fault of its own: that the channel takes nothing now, and that its alerts wait, was logged before.
        1 => (format!("loss of {fault}"), "1 alert is lost".to_owned()),
        lost => {
            let place = format!("{lost} alerts are lost");
            (format!("loss of {fault}"), place)
        }
    };
    let message =
        format!("channel `{channel}` ({mend}) did not take all alerts before the exit: {place}");
    Warning::new(fault, message).warn();
}

/// Tries what others have left for these destinations, on a thread of its own: neither this process's own alerts wait
/// for a destination of others that hangs, nor the exit for a notifier that goes on for longer than it was given.
fn try_others(others: &[Route], until: Instant) {
    if others.is_empty() {
        return;
    }
    let tried = others.to_vec();
    let work = move || {
        let _ = isolate::contain(|| try_until(&tried, until));
        // What is not tried is for the next.
        forget(&tried);
    };
    if spawn("notify-others", of_this_process(work)).is_err() {
        forget(others);
    }
}

/// Tries several destinations, each on a thread of its own: none waits for another that hangs.
fn try_at_once(lines: &[Route], deadline: Instant) {
    if lines.len() < 2 {
        return;
    }
    let is_tried = |route: &Route, since| {
        DELIVERY
            .get()
            .change(route, |line| line.tries_since = since);
    };
    for route in lines {
        is_tried(route, Some(clock::now()));
        let tried = route.clone();
        let work = move || {
            let _ = isolate::contain(|| step(&tried, Some(deadline)));
            is_tried(&tried, None);
        };
        if spawn("notify-exit", of_this_process(work)).is_err() {
            is_tried(route, None);
        }
    }
}

/// In a test, several processes are one.
fn of_this_process(work: impl FnOnce() + Send + 'static) -> impl FnOnce() + Send + 'static {
    #[cfg(test)]
    let own = own::get();
    move || {
        #[cfg(test)]
        own::enter(own);
        work();
    }
}

fn try_until(others: &[Route], until: Instant) {
    let left = || until.saturating_duration_since(Instant::now());
    // A message that there is hardly time for may arrive, and be sent once more. Who is asked is to know that the time
    // is over while there is time to write that down.
    let (least, margin) = (left() / 8, left() / 20);
    let [mut look_again, in_the_end] = LOOK_AGAIN_AT_EXIT;
    loop {
        let is_left = |route: &&Route| DELIVERY.get().is(route, |line| line.is_left);
        let lines: Vec<_> = others.iter().filter(is_left).collect();
        for route in &lines {
            if left() < least {
                return;
            }
            step(route, Some(until.checked_sub(margin).unwrap_or(until)));
        }
        let Some(pause) = lines.into_iter().map(pause_of).min() else {
            return;
        };
        thread::sleep(look_again.max(pause));
        look_again = (look_again * 2).min(in_the_end);
    }
}

fn forget(others: &[Route]) {
    for route in others {
        DELIVERY.get().change(route, |line| line.is_left = false);
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
        let steps = lines.iter().map(|route| step(route, Some(deadline)));
        let steps: Vec<_> = steps.collect();
        let now = clock::now();
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

/// Has each destination of this program asked at once, though it failed at its last answer: a person says so, who may have
/// mended it.
pub(crate) fn ask_anew() {
    let setup = in_force::setup();
    let store = setup.store().into_iter();
    let routes = store.flat_map(|store| routes_of_queues(setup, store));
    for queue in routes.filter_map(|route| route.queue) {
        // Where another sends, it is being asked.
        let turn = queue.turn();
        let mut pace = ledger::pace_of(&queue, clock::now());
        if matches!(turn, Ok(Turn::Mine(_))) && pace.ask_anew() {
            ledger::keep_pace(&queue, pace);
        }
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
