//! One end of a run: lock, decide, write; the same for runs that finished, that the exit of the
//! process ended, and that died.

use std::io;
use std::sync::Arc;

use chrono::Utc;

use crate::alert::Alert;
use crate::change::{self, Change, Context, Ended, Place};
use crate::delivery;
use crate::lock::Lock;
use crate::memory::{self, Event};
use crate::name;
use crate::outcome::Outcome;
use crate::route::{Routes, Way};
use crate::rules::{Past, Settings};
use crate::setup::Setup;
use crate::status::{Held, Status};
use crate::store::{Locked, Queued, Store};
use crate::time::{Time, to_micros};
use crate::warn::{self, Warning};

/// The end of a run, to be reported.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) ended: Ended,
    pub(crate) outcome: &'a Outcome,
    pub(crate) settings: Settings,
    /// Where the run is recorded as under way.
    pub(crate) place: Option<Place>,
}

/// Finds where a job's alerts go; warns where a failure would go nowhere.
pub(crate) fn routes(
    setup: &Setup,
    channel: &str,
    ended: &mut Ended,
    outcome: &Outcome,
    warnings: &mut Vec<Warning>,
) -> Option<Arc<Routes>> {
    match setup.way(channel, outcome.state()) {
        Way::To(routes) => Some(routes),
        Way::Instead(routes, note) => {
            ended.notes.push(note);
            Some(routes)
        }
        Way::Silent => None,
        Way::Nowhere(warning) => {
            warnings.push(warning);
            None
        }
    }
}

impl Report<'_> {
    /// Makes the report: afterwards the status is written, and the alert on its way.
    ///
    /// `still_open` is asked under the job's lock whether there is anything left to report. The
    /// warnings are the caller's to tell: a logger is foreign code, and may never return.
    pub(crate) fn make(
        &self,
        store: Option<&Store>,
        routes: Option<&Routes>,
        still_open: impl FnOnce() -> bool,
        warnings: &mut Vec<Warning>,
    ) {
        let told = self.settle(store, routes, still_open, warnings);
        let (Some(routes), Some((alert, queued))) = (routes, told) else {
            return;
        };
        for (number, route) in routes.all.iter().enumerate() {
            match queued.get(number) {
                Some(Queued::Waits(entry)) => delivery::queued(route, entry),
                Some(Queued::Held) => delivery::look(route),
                Some(Queued::Not) | None => delivery::from_memory(route, alert.clone()),
            }
        }
    }

    /// Locks the job, decides, and writes; returns the alert, if one is due, and what became of it
    /// in each queue.
    fn settle(
        &self,
        store: Option<&Store>,
        routes: Option<&Routes>,
        still_open: impl FnOnce() -> bool,
        warnings: &mut Vec<Warning>,
    ) -> Option<(Alert, Vec<Queued>)> {
        let job = &self.ended.job;
        let file = name::file_name(job);
        let locked = store.and_then(|store| lock(store, &file, warnings));
        if !still_open() {
            return None;
        }
        // Read under the lock: a time from before it could lie before the previous run's.
        let now = to_micros(Utc::now());
        let past = locked.as_ref().map_or(Past::Unknown, Locked::read);
        if past == Past::Unreadable {
            let message =
                format!("the status file of {job} cannot be understood, and is written anew");
            warnings.push(Warning::new(format!("unreadable {file}"), message));
        }
        let recent = memory::recall(&file);
        let may_lag = recent.as_ref().is_some_and(memory::Recent::may_lag);
        let past = match recent {
            Some(recent) => recent.correct(past),
            None => past,
        };
        // A held alert that leaves now is told; while this lasts, it stays.
        let (past, _locks) = match store {
            Some(store) => settle_held(store, past, now),
            None => (past, Vec::new()),
        };
        let channel = routes.map(|routes| routes.channel.as_str());
        let event = event(self.outcome).zip(channel);
        let context = Context {
            now,
            settings: self.settings,
            address: routes.map(Routes::address),
            told_already: event.is_some_and(|(event, channel)| memory::was_told(event, channel)),
        };
        let verdict = change::of(&past, &self.ended, self.outcome, &context)?;
        if let (Some((event, channel)), Some(_)) = (event, &verdict.alert) {
            memory::tell(event, channel);
        }

        let Some(locked) = locked else {
            if let Some(status) = verdict.status {
                memory::could_not_write(&file, status);
            }
            return verdict.alert.map(|alert| (alert, Vec::new()));
        };
        if may_lag
            && verdict.alert.is_none()
            && !locked.is_passed_by()
            && let (Some(status), Some(previous)) = (&verdict.status, past.status())
            && status.says_the_same_as(previous)
            && locked.touch(status, self.place.as_ref()).is_ok()
        {
            memory::touched(&file);
            return None;
        }
        let queues = routes.filter(|_| verdict.alert.is_some());
        let queues = queues.map(|routes| routes.queues.clone());
        let change = Change {
            file: file.clone(),
            status: verdict.status,
            alert: verdict.alert,
            queues: queues.unwrap_or_default(),
            is_held: verdict.is_held,
            withdrawn: verdict.withdrawn,
            place: self.place.clone(),
            settings: Some(self.settings),
        };
        let written = locked.change(&change);
        if let Some(status) = change.status {
            match written.status_error {
                None => {
                    memory::wrote(&file, &status);
                    warn::over("status");
                }
                Some(error) => {
                    memory::could_not_write(&file, status);
                    let message = format!("the status file of {job} cannot be written: {error}");
                    warnings.push(Warning::new("status", message));
                }
            }
        }
        if let Some(error) = written.queue_error {
            let message =
                format!("an alert cannot be queued on disk ({error}), and is sent from memory");
            warnings.push(Warning::new("queue", message));
        }
        change.alert.map(|alert| (alert, written.queued))
    }
}

/// Finds out whether an alert that was held has left, or is to leave by now: then people were told.
/// One that stays does so for as long as the locks are held.
fn settle_held(store: &Store, past: Past, now: Time) -> (Past, Vec<Lock>) {
    let Past::Known(status) = &past else {
        return (past, Vec::new());
    };
    let Some(held) = &status.held else {
        return (past, Vec::new());
    };
    let outbox = store.outbox();
    if held.until <= now {
        let queues = held.alerts.iter().filter_map(|alert| alert.split_once('/'));
        for (queue, _) in queues {
            // Where it cannot, it leaves with the next sender.
            let _ = outbox.queue(queue).release(now);
        }
    } else {
        let locks = held.alerts.iter().map(|alert| outbox.lock_held(alert));
        match locks.collect::<io::Result<Option<Vec<_>>>>() {
            Ok(None) => {}
            Ok(Some(locks)) => return (past, locks),
            Err(_) => return (past, Vec::new()),
        }
    }
    (Past::Known(Box::new(after(held, status))), Vec::new())
}

/// Returns what a status is once its held alert has left.
pub(crate) fn after(held: &Held, status: &Status) -> Status {
    Status {
        alerted: Some(held.until),
        held: None,
        withheld_since: None,
        told_errors: status.fingerprint.iter().cloned().collect(),
        ..status.clone()
    }
}

fn lock<'a>(store: &'a Store, file: &'a str, warnings: &mut Vec<Warning>) -> Option<Locked<'a>> {
    let directory = store.directory().display();
    match store.lock(file) {
        Ok(locked) => {
            if locked.is_passed_by() {
                let message = format!(
                    "another process holds a lock of `{directory}` and does not let go: it is passed by"
                );
                warnings.push(Warning::new("stuck lock", message));
            }
            warn::over("directory in use");
            Some(locked)
        }
        Err(error) => {
            let message = format!(
                "the notify directory `{directory}` cannot be used ({error}): alerts are sent from memory"
            );
            warnings.push(Warning::new("directory in use", message));
            None
        }
    }
}

/// Names what ends several jobs at once.
fn event(outcome: &Outcome) -> Option<Event> {
    match outcome {
        Outcome::Panicked(panic) => Some(Event::Panic(panic.identity)),
        Outcome::Exited(_) | Outcome::Signalled(_) => Some(Event::Exit),
        _ => None,
    }
}
