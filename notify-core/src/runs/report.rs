//! One end of a run: lock, decide, write; the same for runs that finished, that the exit of the
//! process ended, and that died.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;

use crate::dispatch::dispatcher;
use crate::format::time::to_micros;
use crate::job::name;
use crate::message::alert::Alert;
use crate::os::lock::Lock;
use crate::os::warning::{self, Warning};
use crate::rules::decision::Decision;
use crate::rules::transition::{self, Address, Cover, End, Ended, Transition};
use crate::rules::{Past, Reason, Settings};
use crate::runs::consult::{Elsewhere, MOST, Program, Said};
use crate::settings::route::{Routes, Way};
use crate::settings::setup::Setup;
use crate::state::change::{Change, Place};
use crate::state::local::cache::{self, Event};
use crate::state::local::lease;
use crate::state::local::{Locked, Queued, Store};
use crate::status::error_count::ErrorCount;
use crate::status::outcome::Outcome;
use crate::status::{Held, State, Status};

/// The end of a run, to be reported.
pub(crate) struct Report<'a> {
    pub(crate) ended: Ended,
    pub(crate) outcome: &'a Outcome,
    pub(crate) settings: Settings,
    /// Where the run is recorded as under way.
    pub(crate) place: Option<Place>,
    /// When it is made.
    pub(crate) now: Instant,
    /// Who leads an alert to another channel.
    pub(crate) setup: &'a Setup,
    /// What the program itself has to say; nothing where it is not there.
    pub(crate) program: Program<'a>,
}

/// An alert, and what became of it in each queue.
type Told = (Alert, Vec<Queued>);

/// Why nothing was settled yet.
#[derive(Debug)]
enum Unsettled {
    /// A lock that was kept open is not the one that others take any more.
    Outdated,
    /// The program is to be asked, or a channel to be looked for, with what is known now.
    Ask(Box<Past>),
}

/// Finds where a job's alerts go; warns where a failure would go nowhere.
pub(crate) fn routes(
    setup: &Setup,
    channel: &str,
    notes: &mut Vec<String>,
    outcome: &Outcome,
    warnings: &mut Vec<Warning>,
) -> Option<Arc<Routes>> {
    if matches!(outcome, Outcome::NotCounted(_)) {
        return None;
    }
    match setup.way(channel, outcome.state()) {
        Way::To(routes) => Some(routes),
        Way::Instead(routes, note) => {
            notes.push(note);
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
    /// Makes the report: afterwards the status is written, and the alert on its way. Returns whether
    /// there is one that is not held back.
    ///
    /// `still_open` is asked under the job's lock whether there is anything left to report. The
    /// warnings are the caller's to tell: a logger is foreign code, and may never return.
    pub(crate) fn make(
        &self,
        store: Option<&Store>,
        routes: Option<&Routes>,
        still_open: impl Fn() -> bool,
        warnings: &mut Vec<Warning>,
    ) -> bool {
        let file = name::file_name(&self.ended.job);
        let mut said: Option<Said> = None;
        let mut asked = 0;
        let told = loop {
            match self.settle(store, routes, &file, &still_open, said.as_ref(), warnings) {
                Ok(told) => break told,
                Err(past) => {
                    asked += 1;
                    let is_last = asked == MOST;
                    said = Some(self.consult(*past, routes, store.is_some(), is_last, warnings));
                    if self.program.park.is_some_and(|run| !run.take_back()) {
                        return false;
                    }
                }
            }
        };
        let routes = said.as_ref().map_or(routes, |said| said.routes(routes));
        let (Some(routes), Some((alert, queued))) = (routes, told) else {
            return false;
        };
        let is_held = queued.contains(&Queued::Held);
        for (number, route) in routes.all.iter().enumerate() {
            match queued.get(number) {
                Some(Queued::Waits(entry)) => dispatcher::queued(route, entry),
                Some(Queued::Held) => dispatcher::look(route),
                Some(Queued::Not) | None => dispatcher::from_memory(route, alert.clone()),
            }
        }
        !is_held
    }

    /// Asks the program, outside of every lock, what it says to what is known.
    fn consult(
        &self,
        past: Past,
        routes: Option<&Routes>,
        is_locked: bool,
        is_last: bool,
        warnings: &mut Vec<Warning>,
    ) -> Said {
        // The program may exit: until it has answered the run is under way.
        if let Some(run) = self.program.park {
            run.park();
        }
        let known = match &past {
            Past::Known(status) => match &status.held {
                Some(held) if held.until <= to_micros(Utc::now()) => {
                    Past::Known(Box::new(after(held, status)))
                }
                _ => past.clone(),
            },
            other => other.clone(),
        };
        let earlier = named_channel(&past).and_then(|channel| self.lead_to(channel, warnings));
        let mut said = Said {
            past,
            answer: None,
            message: None,
            elsewhere: earlier,
            is_last,
        };
        let (to, spoken) = (said.routes(routes), self.spoken(said.routes(routes)));
        let end = self.end(&known, Some(&said), to, is_locked, spoken.as_ref());
        let answer = self.program.decide(&end, warnings);
        if let Some(channel) = answer.as_ref().and_then(Decision::channel) {
            said.elsewhere = if channel == self.ended.channel {
                None
            } else {
                self.lead_to(channel, warnings)
            };
        }
        said.answer = answer;
        let to = said.routes(routes);
        let transition = self.decide(&known, Some(&said), to, is_locked);
        said.message = transition.and_then(|transition| self.program.write(&transition, warnings));
        said
    }

    /// Finds what a channel leads to that a rule names; `None` where that is nothing, and the job's own stands in.
    fn lead_to(&self, channel: &str, warnings: &mut Vec<Warning>) -> Option<Elsewhere> {
        let mut notes = Vec::new();
        let routes = routes(self.setup, channel, &mut notes, self.outcome, warnings)?;
        Some(Elsewhere {
            channel: channel.to_owned(),
            routes,
            notes,
        })
    }

    /// Returns who speaks for what ended the run on its channel, and whether that was sent.
    fn spoken(&self, routes: Option<&Routes>) -> Option<(String, bool)> {
        let (event, channel) = self.event(routes)?;
        cache::spoken(event, channel)
    }

    /// Describes the end of the run, at a time read under the job's lock: one from before it could lie before
    /// the previous run's.
    fn end<'a>(
        &'a self,
        past: &'a Past,
        said: Option<&'a Said>,
        routes: Option<&'a Routes>,
        is_locked: bool,
        spoken: Option<&'a (String, bool)>,
    ) -> End<'a> {
        End {
            past,
            run: &self.ended,
            outcome: self.outcome,
            now: to_micros(Utc::now()),
            settings: self.settings,
            // Where no status can be written, nothing says that an alert waits.
            address: routes.map(Routes::address).map(|address| Address {
                queues: if is_locked { address.queues } else { &[] },
                ..address
            }),
            cover: spoken.map(|(job, is_sent)| Cover {
                job,
                is_sent: *is_sent,
            }),
            answer: said.and_then(|said| said.answer.as_ref()),
            named_channel: said.and_then(Said::channel),
        }
    }

    /// Works out what the run changes.
    fn decide(
        &self,
        past: &Past,
        said: Option<&Said>,
        routes: Option<&Routes>,
        is_locked: bool,
    ) -> Option<Transition> {
        let spoken = self.spoken(routes);
        let end = self.end(past, said, routes, is_locked, spoken.as_ref());
        let mut transition = transition::of(&end)?;
        if let (Some(alert), Some(said)) = (&mut transition.alert, said) {
            if let Some(message) = &said.message {
                alert.message = message.clone();
            }
            if let Some(elsewhere) = &said.elsewhere {
                alert.notes.extend(elsewhere.notes.iter().cloned());
            }
        }
        Some(transition)
    }

    /// Names what ends several jobs at once, and the channel on which it is told once. An exit with
    /// success is none: each job's own success counts.
    fn event<'a>(&self, routes: Option<&'a Routes>) -> Option<(Event, &'a str)> {
        if !self.outcome.is_event() {
            return None;
        }
        let event = match self.outcome {
            Outcome::Panicked(panic) => Event::Panic(panic.identity),
            Outcome::Exited(_) | Outcome::Signalled(_) => Event::Exit,
            _ => return None,
        };
        Some((event, &routes?.channel))
    }

    /// Lets this job speak for what ended it, if it has sent that, or people know that it fails so.
    fn speak(&self, routes: Option<&Routes>, transition: &Transition) {
        let Some((event, channel)) = self.event(routes) else {
            return;
        };
        let is_sent = transition.alert.is_some() && !transition.is_held;
        let is_known = matches!(
            transition.decision.reason,
            Reason::Recent | Reason::OtherErrors | Reason::FlappingOn
        );
        if is_sent || is_known && !transition.decision.send {
            cache::speak(event, channel, &self.ended.job, is_sent);
        }
    }

    /// Locks the job, decides, and writes; returns the alert, if one is due, and what became of it
    /// in each queue.
    fn settle(
        &self,
        store: Option<&Store>,
        routes: Option<&Routes>,
        file: &str,
        still_open: impl Fn() -> bool,
        said: Option<&Said>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<Told>, Box<Past>> {
        // Whether what was found is reported already can only be asked under the lock that all others take.
        let kept = store.filter(|_| !self.is_found());
        let kept = kept.and_then(|store| store.lock_again(file, self.now));
        if let Some(locked) = kept {
            match self.settle_under(Some(locked), store, routes, file, said, warnings) {
                Ok(told) => return Ok(told),
                Err(Unsettled::Ask(past)) => return Err(past),
                Err(Unsettled::Outdated) => {}
            }
        }
        let locked = store.and_then(|store| lock(store, file, warnings));
        if !still_open() {
            return Ok(None);
        }
        match self.settle_under(locked, store, routes, file, said, warnings) {
            Ok(told) => Ok(told),
            Err(Unsettled::Ask(past)) => Err(past),
            Err(Unsettled::Outdated) => Ok(None),
        }
    }

    /// The same under a lock, if that is the one that all others take.
    fn settle_under(
        &self,
        mut locked: Option<Locked<'_>>,
        store: Option<&Store>,
        routes: Option<&Routes>,
        file: &str,
        said: Option<&Said>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<Told>, Unsettled> {
        let recent = cache::recall(file);
        let known = recent.as_ref().and_then(|recent| recent.known.as_ref());
        let past = match &mut locked {
            Some(locked) => locked.read_known(known),
            None => Past::Unknown,
        };
        if past == Past::Unreadable {
            let message = format!(
                "the status file of {} cannot be understood, and is written anew",
                self.ended.job
            );
            warnings.push(Warning::new(format!("unreadable {file}"), message));
        }
        let past = match &recent {
            Some(recent) => recent.correct(past),
            None => past,
        };
        let must_ask = match said {
            None => !self.program.is_silent() || named_channel(&past).is_some(),
            Some(said) => !said.is_last && said.past != past,
        };
        if must_ask {
            return Err(Unsettled::Ask(Box::new(past)));
        }
        let was_held = past.status().is_some_and(|status| status.held.is_some());
        // A held alert that leaves now is told; while this lasts, it stays.
        let (past, _locks) = match store {
            Some(store) => settle_held(store, past),
            None => (past, Vec::new()),
        };
        let routes = said.map_or(routes, |said| said.routes(routes));
        let Some(transition) = self.decide(&past, said, routes, locked.is_some()) else {
            return Ok(None);
        };
        if let (Some(locked), Some(recent)) = (&locked, &recent)
            && !was_held
            && recent.may_lag(self.now)
            && self.touch(locked, &past, &transition)
            && let Some(status) = past.status()
        {
            self.speak(routes, &transition);
            cache::touched(file, status.since, locked.known());
            locked.give_back(past);
            return Ok(None);
        }
        let locked = locked.map(|locked| locked.if_current().ok_or(Unsettled::Outdated));
        let locked = locked.transpose()?;
        self.speak(routes, &transition);
        Ok(self.write(locked, routes, file, transition, warnings))
    }

    /// Where nothing is new but the time, overwrites that in the status file, which may lag behind in
    /// all else a little longer.
    fn touch(&self, locked: &Locked<'_>, past: &Past, transition: &Transition) -> bool {
        let is_silent = transition.alert.is_none() && !self.is_found() && !locked.is_passed_by();
        let (Some(status), Some(previous)) = (&transition.status, past.status()) else {
            return false;
        };
        is_silent
            && status.says_the_same_as(previous)
            && locked.touch(status, self.place.as_ref()).is_ok()
    }

    /// Writes what was decided.
    fn write(
        &self,
        locked: Option<Locked<'_>>,
        routes: Option<&Routes>,
        file: &str,
        transition: Transition,
        warnings: &mut Vec<Warning>,
    ) -> Option<Told> {
        let Some(mut locked) = locked else {
            if let Some(status) = transition.status.or(transition.left.map(|left| *left)) {
                cache::could_not_write(file, status);
            }
            return transition.alert.map(|alert| (*alert, Vec::new()));
        };
        let queues = routes.filter(|_| transition.alert.is_some());
        let queues = queues.map(|routes| routes.queues.clone());
        let change = Change {
            file: file.to_owned(),
            status: transition.status,
            alert: transition.alert.map(|alert| *alert),
            queues: queues.unwrap_or_default(),
            is_held: transition.is_held,
            withdrawn: transition.withdrawn,
            place: self.place.clone(),
            settings: Some(self.settings),
        };
        let written = locked.change(&change);
        // After a crash before this the same may be told again.
        if let Some(left) = transition.left
            && locked.write(&left).is_ok()
        {
            let content = left.render();
            cache::wrote(file, *left, content);
        }
        match (change.status, written.texts.status, written.status_error) {
            (Some(status), Some(content), None) => {
                cache::wrote(file, status, content);
                warning::over("status");
            }
            (Some(status), _, Some(error)) => {
                cache::could_not_write(file, status);
                let job = &self.ended.job;
                let message = format!("the status file of {job} cannot be written: {error}");
                warnings.push(Warning::new("status", message));
            }
            _ => {}
        }
        if let Some(error) = written.queue_error {
            let message =
                format!("an alert cannot be queued on disk ({error}), and is sent from memory");
            warnings.push(Warning::new("queue", message));
        }
        change.alert.map(|alert| (alert, written.queued))
    }

    /// Tells whether the run is one of another process, which has left its end to be found.
    fn is_found(&self) -> bool {
        let place = self.place.as_ref();
        place.is_some_and(|place| !lease::is_own(place))
    }
}

/// Finds out whether an alert that was held has left, or is to leave by now: then people were told.
/// One that stays does so for as long as the locks are held.
fn settle_held(store: &Store, past: Past) -> (Past, Vec<Lock>) {
    let Past::Known(status) = &past else {
        return (past, Vec::new());
    };
    let Some(held) = &status.held else {
        return (past, Vec::new());
    };
    let (outbox, now) = (store.outbox(), to_micros(Utc::now()));
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

/// Returns the channel that later alerts of an incident go to, where a rule has named one.
fn named_channel(past: &Past) -> Option<&str> {
    let status = past.status().filter(|status| status.state == State::Error);
    status?.alerted_channel.as_deref()
}

/// Returns what a status is once its held alert has left.
pub(crate) fn after(held: &Held, status: &Status) -> Status {
    Status {
        alerted: Some(held.until),
        alerted_by: None,
        other_errors: ErrorCount::default(),
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
            warning::over("directory in use");
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
