//! One end of a run: lock, decide, write; the same for runs that finished, that the exit of the
//! process ended, and that died.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;

use crate::alert::Alert;
use crate::change::{self, Change, Context, Ended, Place, Verdict};
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
        let file = name::file_name(&self.ended.job);
        if let Some(store) = store
            && self.repeat(store, routes, &file)
        {
            return;
        }
        let told = self.settle(store, routes, &file, still_open, warnings);
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

    /// Where nothing is new but the time, overwrites it and is done. The status file may lag behind
    /// in all else a little longer.
    fn repeat(&self, store: &Store, routes: Option<&Routes>, file: &str) -> bool {
        let now = Instant::now();
        if !memory::may_lag(file, now) || matches!(self.outcome, Outcome::Died(_)) {
            return false;
        }
        let locked = store.lock_again(file, now);
        let Some(mut locked) = locked.or_else(|| store.lock(file).ok()) else {
            return false;
        };
        let Some(recent) = memory::recall(file).filter(|_| !locked.is_passed_by()) else {
            return false;
        };
        let past = recent.correct(locked.read_known(recent.known.as_deref()));
        if past.status().is_some_and(|status| status.held.is_some()) {
            // Whether people were told is still to be seen.
            return false;
        }
        if let Some(verdict) = self.decide(&past, routes)
            && verdict.alert.is_none()
            && let (Some(mut status), Some(previous)) = (verdict.status, past.status())
            && status.says_the_same_as(previous)
            && locked.touch(&status, self.place.as_ref()).is_ok()
        {
            memory::touched(file);
            locked.give_back(recent.known.as_deref(), past);
            return true;
        }
        false
    }

    /// Works out what the run changes, under the job's lock: a time from before it could lie before
    /// the previous run's.
    fn decide(&self, past: &Past, routes: Option<&Routes>) -> Option<Verdict> {
        let told_already = |(event, channel)| memory::was_told(event, channel);
        let context = Context {
            now: to_micros(Utc::now()),
            settings: self.settings,
            address: routes.map(Routes::address),
            told_already: self.event(routes).is_some_and(told_already),
        };
        change::of(past, &self.ended, self.outcome, &context)
    }

    /// Names what ends several jobs at once, and the channel on which it is told once.
    fn event<'a>(&self, routes: Option<&'a Routes>) -> Option<(Event, &'a str)> {
        let event = match self.outcome {
            Outcome::Panicked(panic) => Event::Panic(panic.identity),
            Outcome::Exited(_) | Outcome::Signalled(_) => Event::Exit,
            _ => return None,
        };
        Some((event, &routes?.channel))
    }

    /// Locks the job, decides, and writes; returns the alert, if one is due, and what became of it
    /// in each queue.
    fn settle(
        &self,
        store: Option<&Store>,
        routes: Option<&Routes>,
        file: &str,
        still_open: impl FnOnce() -> bool,
        warnings: &mut Vec<Warning>,
    ) -> Option<(Alert, Vec<Queued>)> {
        let job = &self.ended.job;
        let locked = store.and_then(|store| lock(store, file, warnings));
        if !still_open() {
            return None;
        }
        let past = locked.as_ref().map_or(Past::Unknown, Locked::read);
        if past == Past::Unreadable {
            let message =
                format!("the status file of {job} cannot be understood, and is written anew");
            warnings.push(Warning::new(format!("unreadable {file}"), message));
        }
        let past = match memory::recall(file) {
            Some(recent) => recent.correct(past),
            None => past,
        };
        // A held alert that leaves now is told; while this lasts, it stays.
        let (past, _locks) = match store {
            Some(store) => settle_held(store, past, to_micros(Utc::now())),
            None => (past, Vec::new()),
        };
        let verdict = self.decide(&past, routes)?;
        if let (Some((event, channel)), Some(_)) = (self.event(routes), &verdict.alert) {
            memory::tell(event, channel);
        }

        let Some(locked) = locked else {
            if let Some(status) = verdict.status {
                memory::could_not_write(file, status);
            }
            return verdict.alert.map(|alert| (alert, Vec::new()));
        };
        let queues = routes.filter(|_| verdict.alert.is_some());
        let queues = queues.map(|routes| routes.queues.clone());
        let change = Change {
            file: file.to_owned(),
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
                    memory::wrote(file, &status);
                    warn::over("status");
                }
                Some(error) => {
                    memory::could_not_write(file, status);
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
