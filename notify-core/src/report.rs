//! One end of a run: lock, decide, write; the same for runs that finished, that the exit of the
//! process ended, and that died.

use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;

use crate::alert::Alert;
use crate::change::{self, Change, Context, Ended, Place, Verdict};
use crate::delivery;
use crate::memory::{self, Event};
use crate::name;
use crate::outbox::Entry;
use crate::outcome::Outcome;
use crate::route::{Route, Way};
use crate::rules::{Past, Settings};
use crate::setup::Setup;
use crate::store::{Locked, Store};
use crate::time::to_micros;
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

/// Where the alert went, if one was due.
enum Told {
    Nothing,
    Queued(Entry),
    InMemory(Box<Alert>),
}

/// Finds where a job's alerts go; warns where a failure would go nowhere.
pub(crate) fn route(
    setup: &Setup,
    channel: &str,
    ended: &mut Ended,
    outcome: &Outcome,
    warnings: &mut Vec<Warning>,
) -> Option<Arc<Route>> {
    match setup.way(channel, outcome.state()) {
        Way::To(route) => Some(route),
        Way::Instead(route, note) => {
            ended.notes.push(note);
            Some(route)
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
        route: Option<&Route>,
        still_open: impl FnOnce() -> bool,
        warnings: &mut Vec<Warning>,
    ) {
        let file = name::file_name(&self.ended.job);
        if let Some(store) = store
            && self.repeat(store, route, &file)
        {
            return;
        }
        let told = self.settle(store, route, &file, still_open, warnings);
        if let Some(route) = route {
            match told {
                Told::Queued(entry) => delivery::queued(route, entry),
                Told::InMemory(alert) => delivery::from_memory(route, *alert),
                Told::Nothing => {}
            }
        }
    }

    /// Where nothing is new but the time, overwrites it and is done. The status file may lag behind
    /// in all else a little longer.
    fn repeat(&self, store: &Store, route: Option<&Route>, file: &str) -> bool {
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
        if let Some(verdict) = self.decide(&past, route)
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
    fn decide(&self, past: &Past, route: Option<&Route>) -> Option<Verdict> {
        let told_already = |(event, channel)| memory::was_told(event, channel);
        let context = Context {
            now: to_micros(Utc::now()),
            settings: self.settings,
            address: route.map(Route::address),
            told_already: self.event(route).is_some_and(told_already),
        };
        change::of(past, &self.ended, self.outcome, &context)
    }

    /// Names what ends several jobs at once, and the channel on which it is told once.
    fn event<'a>(&self, route: Option<&'a Route>) -> Option<(Event, &'a str)> {
        let event = match self.outcome {
            Outcome::Panicked(panic) => Event::Panic(panic.identity),
            Outcome::Exited(_) | Outcome::Signalled(_) => Event::Exit,
            _ => return None,
        };
        Some((event, &route?.channel))
    }

    /// Locks the job, decides, and writes.
    fn settle(
        &self,
        store: Option<&Store>,
        route: Option<&Route>,
        file: &str,
        still_open: impl FnOnce() -> bool,
        warnings: &mut Vec<Warning>,
    ) -> Told {
        let job = &self.ended.job;
        let locked = store.and_then(|store| lock(store, file, warnings));
        if !still_open() {
            return Told::Nothing;
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
        let Some(verdict) = self.decide(&past, route) else {
            return Told::Nothing;
        };
        if let (Some((event, channel)), Some(_)) = (self.event(route), &verdict.alert) {
            memory::tell(event, channel);
        }

        let Some(locked) = locked else {
            if let Some(status) = verdict.status {
                memory::could_not_write(file, status);
            }
            return verdict
                .alert
                .map_or(Told::Nothing, |alert| Told::InMemory(Box::new(alert)));
        };
        let queue = route
            .and_then(|route| route.queue.as_ref())
            .map(|queue| queue.name().to_owned())
            .filter(|_| verdict.alert.is_some());
        let change = Change {
            file: file.to_owned(),
            status: verdict.status,
            alert: verdict.alert,
            queue,
            place: self.place.clone(),
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
        match (written.queued, change.alert) {
            (Some(entry), _) => Told::Queued(entry),
            (None, Some(alert)) => Told::InMemory(Box::new(alert)),
            (None, None) => Told::Nothing,
        }
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
