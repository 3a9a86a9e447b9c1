//! One step: what may leave now for one destination is sent, from disk and from memory.

use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::waiting::Memory;
use super::{DELIVERY, KEPT, from_memory, queued, warn_of_loss};
use crate::dispatch::refuge;
use crate::dispatch::sender::{self, Next};
use crate::dispatch::standing::Standing;
use crate::format::time::Time;
use crate::message::alert::Alert;
use crate::notifier::Refusal;
use crate::os::clock;
use crate::os::random;
use crate::os::warning::Warning;
use crate::settings::in_force;
use crate::settings::route::Route;
use crate::state::rate::Pace;
use crate::state::{Queue, Turn, UNUSABLE};

/// When to try again to show how a run has ended.
const SHOW_AGAIN: TimeDelta = TimeDelta::minutes(1);

/// What is younger waits for so long, so as not to overtake what is older.
const SOON: TimeDelta = TimeDelta::seconds(2);

/// But not at the exit, once so little of its time is left.
const LAST_CHANCE: Duration = Duration::from_secs(1);

/// Sends what may leave now for one destination; then, where nothing waits, shows how runs stand.
pub(super) fn step(route: &Route, deadline: Option<Instant>) -> Next {
    let delivery = DELIVERY.get();
    let queued = delivery.at_last(route);
    let route = queued.as_ref().unwrap_or(route);
    let is_by_thread = deadline.is_none();
    let (mut was_sending, mut looks) = (false, 0);
    delivery.change(route, |line| {
        (was_sending, looks) = (line.sends_since.is_some(), line.looks);
        let now = Some(clock::now());
        if is_by_thread {
            line.sends_since = now;
            line.looks = line.looks.wrapping_add(1);
        } else {
            line.tries_since = now;
        }
    });
    let next = send(route, deadline);
    delivery.change(route, |line| {
        // What the thread puts off may still leave at the exit, and that may have met the thread at its look.
        let is_tried = if is_by_thread {
            line.sends_since = None;
            false
        } else {
            line.tries_since = None;
            match next {
                Next::Nothing => true,
                // Nor is it over while the exit waits for the program's own, which may leave before it.
                Next::At(_) => !line.has_own(),
                Next::Others => !was_sending && line.looks == looks,
            }
        };
        if next == Next::Nothing || is_tried {
            line.is_left = false;
        }
    });
    if next != Next::Nothing {
        if let (Next::At(_), Some(_), Some(line)) = (next, deadline, delivery.lock().line(route)) {
            // The exit waits for none that stands behind others' alerts.
            if !line.has_alerts() {
                line.standings.clear();
            }
        }
        return next;
    }
    match &route.queue {
        Some(queue) => show(route, queue, deadline),
        None => next,
    }
}

/// Shows how runs stand, where no alert waits; returns when what could not be shown is tried again.
fn show(route: &Route, queue: &Queue, deadline: Option<Instant>) -> Next {
    let delivery = DELIVERY.get();
    if !delivery.is(route, |line| !line.standings.is_empty()) {
        return Next::Nothing;
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
        return Next::Nothing;
    };
    line.is_showing = false;
    later.retain(|_| deadline.is_none());
    let is_left = !later.is_empty();
    line.standings.append(&mut later);
    if is_left {
        Next::At(clock::now() + SHOW_AGAIN)
    } else {
        Next::Nothing
    }
}

/// Sends what may leave now for one destination, the oldest first: from disk, and what could not be
/// queued there.
fn send(route: &Route, deadline: Option<Instant>) -> Next {
    DELIVERY.get().queue_at_last(route);
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

/// Returns whether what is older is about to leave, so that what is younger must not go before it: a
/// recovery would overtake its failure.
fn goes_first(older: Next, deadline: Option<Instant>) -> bool {
    match (older, deadline) {
        (Next::Nothing, _) | (Next::At(_), Some(_)) => false,
        (Next::At(time), None) => time - clock::now() <= SOON,
        (Next::Others, None) => true,
        (Next::Others, Some(deadline)) => {
            deadline.saturating_duration_since(Instant::now()) > LAST_CHANCE
        }
    }
}

/// Sends what may leave now from disk.
pub(super) fn send_from_queue(route: &Route, deadline: Option<Instant>) -> Next {
    let Some(queue) = &route.queue else {
        return Next::Nothing;
    };
    let released = queue.release(clock::now());
    let sent =
        released.and_then(|held| Ok((sender::from_queue(route, queue, deadline, queued)?, held)));
    let (next, held) = sent.unwrap_or_else(|error| {
        let store = in_force::setup_so_far().opened_store();
        let (fault, message) = match store.filter(|_| queue.is_of_a_fleet()) {
            // One line says so for all that the store is asked, whichever comes first: it names the store.
            Some(store) => (
                UNUSABLE,
                format!("{store} cannot be used ({error}): the alerts in it wait"),
            ),
            None => (
                "outbox",
                format!("the outbox cannot be read, and its alerts wait: {error}"),
            ),
        };
        Warning::new(fault, message).warn();
        (Next::At(clock::now() + TimeDelta::minutes(1)), None)
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
    match (next, deadline, held) {
        // What was queued since the last look has woken nobody.
        (Next::Nothing, None, _) if DELIVERY.get().is(route, |line| !line.own.is_empty()) => {
            Next::At(clock::now())
        }
        // At the exit nobody waits for what is held.
        (Next::Nothing, None, Some(until)) => Next::At(until),
        (next, ..) => next,
    }
}

/// The same for what could not be queued.
fn send_from_memory(route: &Route, deadline: Option<Instant>) -> Next {
    let delivery = DELIVERY.get();
    leave_memory(route);
    let now = clock::now();
    let most = sender::most(route);
    let taken = delivery
        .lock()
        .line(route)
        .map_or(Err(Next::Nothing), |line| {
            line.memory.take(most, now, deadline.is_some())
        });
    let mut alerts = match taken {
        Ok(alerts) => alerts,
        Err(next) => return next,
    };
    let sent = sender::ask(route, &alerts, deadline);
    // They wait in no queue, though the destination may have one, as where the disk is full.
    let unqueued = Route {
        queue: None,
        ..route.clone()
    };
    sender::warn(&unqueued, &alerts, &sent);
    let mut state = delivery.lock();
    let Some(line) = state.line(route) else {
        return Next::Nothing;
    };
    let memory = &mut line.memory;
    memory.is_sending = false;
    let now = clock::now();
    match sent {
        _ if is_final(&sent, &alerts, &mut memory.pace, now) => {
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
    alerts.append(&mut memory.alerts);
    memory.alerts = alerts;
    let is_lost = memory.alerts.len() > KEPT;
    memory.alerts.truncate(KEPT);
    let next = memory.pace.next(now, deadline.is_some());
    drop(state);
    if is_lost {
        warn_of_loss(route);
    }
    leave_memory(route);
    Next::At(next)
}

/// Returns whether alerts in memory are done with: they were taken, or refused for good or too often.
fn is_final(sent: &Result<(), Refusal>, alerts: &[Alert], pace: &mut Pace, now: Time) -> bool {
    match sent {
        Ok(()) | Err(Refusal::Alert { .. }) => true,
        // All of them are counted.
        Err(Refusal::Unknown { .. } | Refusal::Gone { .. }) => {
            alerts.iter().fold(true, |all, alert| {
                let is_over = pace.doubt(alert.id(), now);
                all && is_over
            })
        }
        Err(Refusal::Temporary { .. } | Refusal::Channel { .. }) => false,
    }
}

/// Has `alerts` send what its own channel, which is broken, does not take.
fn leave_memory(route: &Route) {
    let delivery = DELIVERY.get();
    if !delivery.is(route, |line| !line.memory.alerts.is_empty()) {
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
            refuge::take_from(alerts, moved, pace, clock::now())
        }
        None => Vec::new(),
    };
    for (alert, reason) in taken {
        for other in &refuge.all {
            from_memory(other, refuge::copy(route, &alert, &reason));
        }
    }
}
