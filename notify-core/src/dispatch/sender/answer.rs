//! What the answer of a destination makes of the alerts that were sent to it: of the queue, of their jobs, and of what
//! people read.

use std::time::Duration;

use log::Level;

use crate::dispatch::ledger;
use crate::format::time::Time;
use crate::message::alert::{Alert, Kind};
use crate::notifier::Refusal;
use crate::os::random;
use crate::os::warning::{self, Warning};
use crate::settings::in_force;
use crate::settings::route::Route;
use crate::settings::setup::ALERTS;
use crate::state::Queue;
use crate::state::entry::Entry;
use crate::state::rate::Pace;

/// What becomes of alerts for which there is no directory.
const IN_MEMORY: &str = "they wait in memory, and those not delivered before the exit are lost";

/// Takes out of the queue what the destination has taken or will never take, and sets the pace for the rest.
/// `unanswered` is the time that the message was given, where it has taken all of that.
pub(super) fn settle(
    queue: &Queue,
    entries: &[Entry],
    alerts: &[Alert],
    sent: &Result<(), Refusal>,
    pace: &mut Pace,
    now: Time,
    unanswered: Option<Duration>,
) {
    match sent {
        Ok(()) => {
            if pace.was_broken() {
                alerts.iter().for_each(ledger::restore_sent);
            }
            pace.answered(now);
            ledger::remove_all(queue, entries);
            for entry in entries {
                pace.forget(entry.id());
            }
        }
        Err(Refusal::Temporary { retry_after, .. }) => match (retry_after, unanswered) {
            (None, Some(given)) => pace.not_answered(now, given, random::jitter()),
            (asked, _) => pace.failed(now, *asked, random::jitter()),
        },
        Err(Refusal::Unknown { .. } | Refusal::Gone { .. }) => {
            pace.failed(now, None, random::jitter());
        }
        Err(Refusal::Channel { reason }) => pace.broken(now, reason),
        Err(Refusal::Alert { reason }) => {
            pace.answered(now);
            match entries {
                [entry] => {
                    pace.forget(entry.id());
                    reject(queue, entry, &alerts[0], reason);
                }
                // One of them is to blame: each is tried by itself.
                entries => entries.iter().for_each(|entry| pace.send_alone(entry.id())),
            }
        }
    }
}

/// Has what was said, and is not shown yet in its message, wait for that by itself.
pub(super) fn put_off(entries: &[Entry], pace: &mut Pace, pause: Duration, now: Time) {
    pace.answered(now);
    for entry in entries {
        pace.put_off(entry.id(), now, pause);
    }
}

/// Takes a refusal that leaves open for how long it holds for one for good, once the alert was tried
/// for long enough by itself: of several one may be to blame.
pub(super) fn settle_doubt(
    sent: Result<(), Refusal>,
    entries: &[Entry],
    pace: &mut Pace,
    now: Time,
) -> Result<(), Refusal> {
    let Err(Refusal::Unknown { reason }) = sent else {
        return sent;
    };
    let over: Vec<_> = entries
        .iter()
        .filter(|entry| pace.doubt(entry.id(), now))
        .collect();
    if entries.len() == 1 && !over.is_empty() {
        let reason = format!("{reason}; it was tried for 24 hours, or 50 times");
        return Err(Refusal::Alert { reason });
    }
    for entry in over {
        pace.send_alone(entry.id());
    }
    Err(Refusal::Unknown { reason })
}

/// Takes a refusal that speaks of an earlier message, where there is none, for an unclear one.
pub(super) fn lasting(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Gone { reason } => Refusal::Unknown { reason },
        refusal => refusal,
    }
}

/// Warns once of what the notifier said.
pub(crate) fn warn(route: &Route, alerts: &[Alert], sent: &Result<(), Refusal>) {
    let Route { channel, mend, .. } = route;
    let place = |on_disk| match route.queue {
        Some(_) => on_disk,
        None => IN_MEMORY,
    };
    let fault = ledger::fault(route);
    let message = match sent {
        Ok(()) => return warning::over(&fault),
        Err(Refusal::Temporary { reason, .. }) => {
            warning::log(Level::Debug, &|| {
                format!("channel `{channel}`: {reason}").into()
            });
            let place = place("they wait on disk and are sent later");
            format!("channel `{channel}` ({mend}) does not take alerts now ({reason}): {place}")
        }
        Err(Refusal::Unknown { reason } | Refusal::Gone { reason }) => {
            let place = place("they wait on disk and are tried again for 24 hours or 50 times");
            format!("channel `{channel}` ({mend}) does not take alerts ({reason}): {place}")
        }
        Err(Refusal::Channel { reason }) => {
            let has_refuge = route.queue.is_some()
                && channel != ALERTS
                && in_force::setup_so_far()
                    .routes(ALERTS)
                    .is_some_and(|routes| !routes.queues.is_empty());
            let what = if has_refuge {
                format!("its failures go to `{ALERTS}`, its other alerts wait")
            } else {
                "its alerts wait".to_owned()
            };
            if route.queue.is_some() {
                format!("channel `{channel}` is broken ({reason}): {what} until {mend} is fixed")
            } else {
                format!("channel `{channel}` ({mend}) is broken ({reason}): {IN_MEMORY}")
            }
        }
        Err(Refusal::Alert { reason }) => {
            let jobs: Vec<_> = alerts.iter().map(Alert::job).collect();
            let message = format!(
                "channel `{channel}` ({mend}) refused the alert of {} ({reason})",
                jobs.join(", ")
            );
            return Warning::new(format!("refused {message}"), message).warn();
        }
    };
    Warning::new(fault, message).warn();
}

/// Adds to the histories of the jobs what the destination said.
pub(super) fn write_down(alerts: &[Alert], sent: &Result<(), Refusal>) {
    let answer = match sent {
        Ok(()) => "accepted".to_owned(),
        Err(
            Refusal::Temporary { reason, .. }
            | Refusal::Unknown { reason }
            | Refusal::Gone { reason },
        ) => {
            format!("not now: {reason}")
        }
        Err(Refusal::Channel { reason }) => format!("the channel is broken: {reason}"),
        Err(Refusal::Alert { reason }) => format!("refused: {reason}"),
    };
    ledger::add_answers(alerts, &answer);
}

/// Keeps an alert aside that was refused, and has the status of its job say that it was not sent.
fn reject(queue: &Queue, entry: &Entry, alert: &Alert, reason: &str) {
    // First, for an exit waits no longer than for what is in the queue.
    if ledger::is_only(alert) {
        ledger::take_back(alert, false, &format!("it was refused: {reason}"));
    }
    if let Err(error) = queue.reject(entry, reason) {
        Warning::new(
            "rejected",
            format!("a refused alert cannot be moved to `rejected/`: {error}"),
        )
        .warn();
        ledger::remove(queue, entry);
    }
    if alert.kind == Kind::Failed {
        withdraw_recovery(queue, entry, alert);
    }
}

/// Removes the recovery that waits behind a failure that was never sent.
fn withdraw_recovery(queue: &Queue, refused: &Entry, failed: &Alert) {
    let waiting = ledger::waiting_in(queue).into_iter();
    let mut later = waiting.filter(|entry| entry.job() == refused.job() && entry > refused);
    if let Some(next) = later.next()
        && let Ok(Some((alert, _claim))) = queue.take(&next)
        && alert.kind == Kind::Recovered
        && alert.job == failed.job
        && alert.incident == failed.incident
    {
        let why = "the failure before it was refused";
        ledger::remove(queue, &next);
        ledger::add_answer(&alert, &format!("not sent: {why}"));
        ledger::take_back(&alert, false, why);
    }
}
