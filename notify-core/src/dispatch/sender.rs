//! Sends what waits in a queue: when its pace allows, and one sender at a time.

mod answer;

use std::borrow::Cow;
use std::io;
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::dispatch::batch::{self, MOST};
use crate::dispatch::follow_up::{self, Sent};
use crate::dispatch::ledger::{self, Queued};
use crate::dispatch::refuge;
use crate::dispatch::shed;
use crate::format::time::Time;
use crate::message::alert::Alert;
use crate::message::dropped::Dropped;
use crate::notifier::Refusal;
use crate::os::clock;
use crate::os::ffi;
use crate::os::isolate;
use crate::os::random;
use crate::os::warning::Warning;
use crate::settings::route::Route;
use crate::state::entry::Entry;
use crate::state::rate::Pace;
use crate::state::{Claim, Look, Queue, Turn};

pub(crate) use answer::warn;
use answer::{lasting, put_off, settle, settle_doubt, write_down};

/// A destination that has not answered for so long as the process ends is taken for one that hangs; for half of the
/// exit, where that is shorter.
const HANGS: TimeDelta = TimeDelta::seconds(1);

/// In less it cannot be expected to answer, as where the exit waits for nothing.
const TOO_SOON: TimeDelta = TimeDelta::milliseconds(50);

/// How soon at most a sender looks again that has no time left: the process may go on for long after its exit is over.
const LATER: Duration = Duration::from_secs(1);

/// How long a sender waits for alerts that others hold.
const PATIENCE: Duration = Duration::from_millis(200);

/// What is being sent, and nobody else sends meanwhile.
type Taken = (Vec<Entry>, Vec<Alert>, Vec<Claim>);

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
pub(crate) fn from_queue(
    route: &Route,
    queue: &Queue,
    deadline: Option<Instant>,
    on_queued: Queued,
) -> io::Result<Next> {
    let waiting = if queue.is_of_a_fleet() {
        let look = ledger::look(queue, clock::now());
        if let Some(next) = waits_until(route, queue, &look, deadline) {
            return Ok(Next::At(next));
        }
        look.waiting
    } else {
        ledger::waiting_in(queue)
    };
    if waiting.is_empty() {
        return Ok(Next::Nothing);
    }
    let turn = queue.turn()?;
    if matches!(turn, Turn::Others) {
        // The other may be long at one message.
        shed::shed(route, queue, &waiting, MOST, deadline);
        return Ok(Next::Others);
    }
    // What waits may be much, and is listed anew now that nobody else sends it.
    drop(waiting);
    let mut asked = Vec::new();
    loop {
        let mut look = ledger::look(queue, clock::now());
        if shed::shed(route, queue, &look.waiting, MOST, deadline) {
            look = ledger::look(queue, clock::now());
        }
        let now = clock::now();
        if refuge::move_from(route, queue, &look, &asked, deadline, on_queued) {
            look.waiting = ledger::waiting_in(queue);
        }
        let waiting = look.waiting;
        if waiting.is_empty() {
            return Ok(Next::Nothing);
        }
        let mut pace = look.pace.every(follow_up::pause(route));
        let due = match due_now(queue, &pace, &waiting, now, deadline) {
            Ok(due) => due,
            Err(next) => return Ok(Next::At(next)),
        };
        pace.forget_others_than(&waiting);
        // Before the alerts are taken: what is given up meanwhile is for the next message.
        let loss = look.loss.unwrap_or_else(|| loss_of(queue));
        let taken = take_next(queue, &due, &pace, most(route));
        let (entries, mut alerts, _claims) = of_one_message(route, queue, taken);
        if alerts.is_empty() {
            // Others are sending them.
            return Ok(if waiting.iter().any(|entry| queue.holds(entry)) {
                Next::Others
            } else {
                Next::Nothing
            });
        }
        ledger::note_recoveries(&mut alerts, &entries, &waiting, now);
        pace.begin(alerts.iter().map(Alert::id), now);
        ledger::keep_pace(queue, pace.clone());
        match send(route, queue, &entries, alerts, pace, &loss, deadline) {
            Some(Err(Refusal::Channel { .. })) => asked = entries,
            Some(Ok(())) if waiting.len() <= MOST => shed::over(route),
            Some(_) | None => {}
        }
    }
}

/// Returns when the next message of a fleet may leave, if not now, without taking the turn: many may wait for the same
/// moment, and each turn is written through to the store's disk.
fn waits_until(
    route: &Route,
    queue: &Queue,
    look: &Look,
    deadline: Option<Instant>,
) -> Option<Time> {
    if look.waiting.is_empty() || look.waiting.len() > MOST {
        return None;
    }
    let now = clock::now();
    let pace = look.pace.clone().every(follow_up::pause(route));
    let next = next_of(queue, &pace, &look.waiting, now, deadline);
    (next > now && !pace.was_broken()).then_some(next)
}

/// Returns the alerts that may leave now, or when the next message may.
fn due_now<'a>(
    queue: &Queue,
    pace: &Pace,
    waiting: &'a [Entry],
    now: Time,
    deadline: Option<Instant>,
) -> Result<Cow<'a, [Entry]>, Time> {
    let (due, later) = batch::due(waiting, pace, now);
    let next = next_of(queue, pace, waiting, now, deadline);
    let next = later
        .filter(|_| due.is_empty())
        .map_or(next, |later| next.max(later));
    if next > now {
        return Err(next);
    }
    // It would be cut off, and may arrive all the same.
    let (over, took) = (deadline.or_else(ffi::deadline), pace.just_took(now));
    if over.is_some_and(|over| over < Instant::now() + took) {
        return Err(now + took.max(LATER));
    }
    Ok(due)
}

/// Sends one message, and writes down what became of it; `None` where it is put off.
fn send(
    route: &Route,
    queue: &Queue,
    entries: &[Entry],
    mut alerts: Vec<Alert>,
    mut pace: Pace,
    loss: &Dropped,
    deadline: Option<Instant>,
) -> Option<Result<(), Refusal>> {
    if let Some(last) = alerts.last_mut() {
        last.dropped = Some(loss.clone()).filter(|loss| loss.count() > 0);
    }
    let begun = Instant::now();
    let sent = follow_up::send(route, queue, &alerts, deadline).map_err(lasting);
    let unanswered = follow_up::unanswered(deadline, begun);
    let now = clock::now();
    match sent {
        Ok(Sent::Unshown(pause)) => {
            put_off(entries, &mut pace, pause, now);
            ledger::keep_pace(queue, pace);
            return None;
        }
        Ok(Sent::Twice) => pace.count_another(),
        Ok(Sent::Whole) | Err(_) => {}
    }
    let sent = settle_doubt(sent.map(|_| ()), entries, &mut pace, now);
    warn(route, &alerts, &sent);
    if sent.is_err() {
        write_down(&alerts, &sent);
    }
    // What was taken goes at once: what happens before may have it sent again.
    settle(queue, entries, &alerts, &sent, &mut pace, now, unanswered);
    // An exit that comes now is to know that this message was answered.
    ledger::keep_pace(queue, pace);
    if sent.is_ok() {
        write_down(&alerts, &sent);
        if loss.count() > 0 {
            take_off_loss(queue, loss);
        }
    }
    Some(sent)
}

/// Counts a message as failed that the end of the process cuts off after a while, or the exit of the next one would wait
/// for the same destination at once. It is one of those that are sent `since` then, and the exit has begun at `exit`.
pub(crate) fn count_cut_off(route: &Route, since: Time, exit: Time) {
    let Some(queue) = &route.queue else { return };
    let now = clock::now();
    let mut pace = ledger::pace_of(queue, now);
    // Not what was answered, nor what was sent before, while the thread has waited for the store.
    let sent = pace.asked_since().filter(|sent| *sent >= since);
    if let Some(given) = sent.map(|sent| now - sent)
        && given >= HANGS.min((now - exit) / 2).max(TOO_SOON)
    {
        let given = given.to_std().unwrap_or_default();
        pace.not_answered(now, given, random::jitter());
        ledger::keep_pace(queue, pace);
    }
}

/// Returns when the next message may leave.
fn next_of(
    queue: &Queue,
    pace: &Pace,
    waiting: &[Entry],
    now: Time,
    deadline: Option<Instant>,
) -> Time {
    let pace = match deadline {
        Some(deadline) => &*pace.given(follow_up::time_until(Some(deadline), Instant::now())),
        None => pace,
    };
    let newest = waiting.last().filter(|_| queue.gathers_at_exit());
    match newest.map(Entry::decided) {
        Some(newest) => pace.next_of_fleet(now, newest),
        None => pace.next(now, deadline.is_some()),
    }
}

/// Returns what was dropped, and no message has said yet.
fn loss_of(queue: &Queue) -> Dropped {
    queue.loss_to_report().unwrap_or_else(|error| {
        let message = format!("the count of dropped alerts cannot be read: {error}");
        Warning::new("outbox loss", message).warn();
        Dropped::default()
    })
}

/// Forgets what was given up, for a message has said it.
fn take_off_loss(queue: &Queue, loss: &Dropped) {
    if let Err(error) = queue.loss_sent(loss) {
        let message = format!(
            "the count of dropped alerts cannot be reset, and the next message repeats it: {error}"
        );
        Warning::new("outbox loss", message).warn();
    }
}

/// Takes the alerts of the next message, and leaves out what others are sending.
fn take_next(queue: &Queue, waiting: &[Entry], pace: &Pace, most: usize) -> Taken {
    let mut waiting = Cow::Borrowed(waiting);
    loop {
        let chosen = batch::choose(&waiting, pace, most);
        let taken = take(queue, &chosen);
        if !taken.0.is_empty() || chosen.is_empty() {
            return taken;
        }
        waiting.to_mut().retain(|entry| !chosen.contains(entry));
    }
}

/// Keeps of what was taken what one message can hold; the rest is for the next.
fn of_one_message(route: &Route, queue: &Queue, taken: Taken) -> Taken {
    let (mut entries, mut alerts, mut claims) = taken;
    let goes = follow_up::together(route, queue, &alerts);
    for at in (0..goes.len()).rev().filter(|at| !goes[*at]) {
        entries.remove(at);
        alerts.remove(at);
        claims.remove(at);
    }
    (entries, alerts, claims)
}

/// Reads and locks what is to be sent; what cannot be read is put aside. What others hold is waited for a little: behind a
/// failure that another sender looks at its recovery would leave first.
fn take(queue: &Queue, chosen: &[Entry]) -> Taken {
    let (mut entries, mut alerts, mut claims) = (Vec::new(), Vec::new(), Vec::new());
    let until = Instant::now() + PATIENCE;
    for (entry, taken) in chosen.iter().zip(queue.take_all(chosen)) {
        let taken = match taken {
            Ok(None) => ledger::take_by(queue, entry, until),
            taken => taken,
        };
        match taken {
            Ok(Some((alert, claim))) => {
                entries.push(entry.clone());
                alerts.push(alert);
                claims.push(claim);
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
                .warn();
            }
        }
    }
    (entries, alerts, claims)
}

/// Asks a notifier, which is foreign code, how many alerts its messages may hold.
pub(crate) fn most(route: &Route) -> usize {
    isolate::contain(|| route.notifier.most()).map_or(1, |most| most.max(1))
}

/// Sends a message of its own, for which nothing is kept.
pub(crate) fn ask(
    route: &Route,
    alerts: &[Alert],
    deadline: Option<Instant>,
) -> Result<(), Refusal> {
    follow_up::call(route, deadline, |notifier, timeout| {
        notifier.notify(alerts, timeout)
    })
    .map_err(lasting)
}

#[cfg(test)]
mod tests;
