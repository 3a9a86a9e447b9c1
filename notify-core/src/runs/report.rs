//! Reports the end of a run: decides, and commits what that changes.
//!
//! Runs that finished, that the exit of the process ended, and that died are reported alike.

mod consultation;

use std::sync::Arc;
use std::time::Instant;

use crate::dispatch::dispatcher;
use crate::format::time::Time;
use crate::os::clock;
use crate::os::ffi;
use crate::os::warning::{self, Warning};
use crate::rules::transition::{self, Address, Cover, End, Ended, Transition};
use crate::rules::{Past, Reason, Settings};
use crate::runs::consult::{MOST, Program, Said};
use crate::runs::dedup::{self, Event};
use crate::settings::route::Routes;
use crate::settings::setup::Setup;
use crate::state::change::{Change, RunKey};
use crate::state::{
    self, Access, Again, Committed, Decide, JobKey, Kind, Seen, Store, UNUSABLE, Wait,
};
use crate::status::State;
use crate::status::outcome::Outcome;

/// What an alert says beside the error where the shared store could not be asked.
const UNRECORDED: &str = "the store cannot be reached: this is not recorded there, may be sent again, and its recovery may not be";

/// The same of what works again.
const UNRECORDED_RECOVERY: &str =
    "the store cannot be reached: this is not recorded there, and may be sent again";

/// The end of a run, to be reported.
pub(crate) struct Report<'a> {
    pub(crate) ended: Ended,
    pub(crate) outcome: &'a Outcome,
    pub(crate) settings: Settings,
    /// The run, where it was written down as under way.
    pub(crate) run: Option<RunKey>,
    /// When it is made.
    pub(crate) now: Instant,
    /// Who leads an alert to its channel, or another.
    pub(crate) setup: &'a Setup,
    /// Where it is written down; `None` where that is nowhere.
    pub(crate) store: Option<&'a Store>,
    /// Where its alert goes, unless a rule says otherwise.
    pub(crate) routes: Option<Arc<Routes>>,
    /// What makes another run one that repeats it; `None` where none does.
    pub(crate) kind: Option<Kind<'a>>,
    /// What the program itself has to say; nothing where it is not there.
    pub(crate) program: Program<'a>,
}

/// What an engine has seen, to be answered outside of it.
struct Open {
    past: Past,
    now: Time,
    access: Access,
}

/// Why a report is not made yet.
enum Unsettled {
    /// The program is to be asked about that.
    Ask(Box<Open>),
    /// The store is about to answer.
    Later,
}

impl<'a> Report<'a> {
    /// Reports something of which the program is not asked, nor a run written down.
    pub(crate) fn new(
        ended: Ended,
        outcome: &'a Outcome,
        settings: Settings,
        setup: &'a Setup,
    ) -> Self {
        Self {
            ended,
            outcome,
            settings,
            run: None,
            now: Instant::now(),
            setup,
            store: setup.store(),
            routes: None,
            kind: None,
            program: Program::default(),
        }
    }
}

impl Report<'_> {
    /// Finds where the job's alerts go; warns where a failure would go nowhere.
    pub(crate) fn find_routes(&mut self, warnings: &mut Vec<Warning>) {
        if matches!(self.outcome, Outcome::NotCounted(_)) {
            return;
        }
        match self.setup.way(&self.ended.channel, self.outcome.state()) {
            Ok(Some(way)) => {
                self.ended.notes.extend(way.note);
                self.routes = Some(way.routes);
            }
            Ok(None) => {}
            Err(warning) => warnings.push(warning),
        }
    }

    /// Makes the report: afterwards the status is written, and the alert on its way. Returns whether
    /// there is one that is not held back.
    ///
    /// `still_open` is asked, once nobody else can change the job, whether there is anything left to report.
    /// The warnings are the caller's to log: a logger is foreign code, and may never return.
    pub(crate) fn make(
        &self,
        still_open: impl Fn(&Past) -> bool,
        warnings: &mut Vec<Warning>,
    ) -> bool {
        let made = self.try_make(Wait::No, &still_open, warnings);
        made.unwrap_or(false)
    }

    /// The same, unless the store does not answer in time and is one to wait for; returns whether it was made.
    pub(crate) fn make_if_reached(
        &self,
        wait: Wait,
        still_open: impl Fn(&Past) -> bool,
        warnings: &mut Vec<Warning>,
    ) -> bool {
        self.try_make(wait, &still_open, warnings).is_some()
    }

    fn try_make(
        &self,
        wait: Wait,
        still_open: &dyn Fn(&Past) -> bool,
        warnings: &mut Vec<Warning>,
    ) -> Option<bool> {
        let mut said: Option<Said> = None;
        for asked in 1.. {
            let open = match self.settle(said.as_ref(), wait, still_open, warnings) {
                Ok(is_sent) => return Some(is_sent),
                Err(Unsettled::Later) => return None,
                Err(Unsettled::Ask(open)) => *open,
            };
            said = Some(self.consult(open, asked == MOST, warnings));
            if self.program.park.is_some_and(|run| !run.take_back()) {
                // The exit of the process has taken it.
                break;
            }
        }
        Some(false)
    }

    /// Has the store make the change, unless the program is to be asked about what was found there.
    fn settle(
        &self,
        said: Option<&Said>,
        wait: Wait,
        still_open: &dyn Fn(&Past) -> bool,
        warnings: &mut Vec<Warning>,
    ) -> Result<bool, Unsettled> {
        let (store, own) = (self.store, self.routes.as_deref());
        let routes = said.map_or(own, |said| said.routes(own));
        let (mut was_unreadable, mut speech, mut open) = (false, None, None);
        let mut faults = Vec::new();
        let mut decide = |seen: &Seen<'_>| {
            (was_unreadable, speech, open) = (*seen.past == Past::Unreadable, None, None);
            if !still_open(seen.past) {
                return None;
            }
            if self.must_ask(seen.past, said, routes) {
                open = Some(Open {
                    past: seen.past.clone(),
                    now: seen.now,
                    access: seen.access,
                });
                return None;
            }
            let mut transition = self.decide(seen, store, said, routes, &mut faults)?;
            if let Some(alert) = &mut transition.alert {
                alert
                    .notes
                    .extend(unrecorded(seen, store, alert.status.state));
            }
            speech = self::speech(&transition);
            Some(self.change(transition, routes))
        };
        // The same run once more, of which nothing is sent.
        let again = |seen: &Seen<'_>| {
            let is_asked = self.must_ask(seen.past, said, routes);
            let transition = self.decide(seen, None, said, routes, &mut Vec::new());
            Some(self.change(transition.filter(|_| !is_asked)?, routes))
        };
        let again = self.again(&again);
        let committed = self.commit(wait, &mut decide, again, warnings)?;
        if let Some(open) = open {
            return Err(Unsettled::Ask(Box::new(open)));
        }
        let faults = faults.into_iter();
        warnings.extend(faults.map(|fault| Warning::new(fault.clone(), fault)));
        if let (Some(is_sent), Some((event, channel))) = (speech, self.event(routes)) {
            dedup::speak(event, channel, &self.ended.job, is_sent);
        }
        if was_unreadable {
            let job = &self.ended.job;
            let message =
                format!("the status file of {job} cannot be understood, and is written anew");
            warnings.push(Warning::new(format!("unreadable {job}"), message));
        }
        self.warn(&committed, warnings);
        let Some((alert, queued)) = committed.alert else {
            return Ok(false);
        };
        Ok(routes.is_some_and(|routes| dispatcher::accept(&routes.all, &alert, &queued)))
    }

    /// Has the store make the change, or where it cannot be used, the memory of this process.
    fn commit(
        &self,
        wait: Wait,
        decide: Decide<'_>,
        again: Option<Again<'_>>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Committed, Unsettled> {
        let job = JobKey::of(&self.ended.job);
        if let Some(store) = self.store {
            match store.update(&job, self.now, &mut *decide, again) {
                Ok(committed) => return Ok(committed),
                Err(_) if store.is_coming(wait) => return Err(Unsettled::Later),
                Err(error) => {
                    let message =
                        format!("{store} cannot be used ({error}): alerts are sent from memory");
                    warnings.push(Warning::new(UNUSABLE, message));
                }
            }
        }
        Ok(state::update_unstored(self.store, &job, self.now, decide))
    }

    /// Describes the run to those that may repeat it.
    fn again<'b>(&'b self, decide: &'b dyn Fn(&Seen<'_>) -> Option<Change>) -> Option<Again<'b>> {
        Some(Again {
            kind: self.kind?,
            begun: self.ended.by_the_clock(clock::first_ahead()).begun,
            decide,
        })
    }

    /// Returns who speaks for what ended the run on its channel, and whether that was sent.
    fn spoken(&self, routes: Option<&Routes>) -> Option<(String, bool)> {
        let (event, channel) = self.event(routes)?;
        dedup::spoken(event, channel)
    }

    fn end<'a>(
        &'a self,
        run: &'a Ended,
        seen: &Seen<'a>,
        said: Option<&'a Said>,
        routes: Option<&'a Routes>,
        spoken: Option<&'a (String, bool)>,
    ) -> End<'a> {
        End {
            past: seen.past,
            run,
            outcome: self.outcome,
            now: seen.now,
            settings: self.settings,
            // Where no status can be written, nothing says that an alert waits.
            address: routes.map(Routes::address).map(|address| Address {
                queues: match seen.access {
                    Access::Memory => &[],
                    Access::Alone | Access::PassedBy => address.queues,
                },
                ..address
            }),
            cover: spoken.map(|(job, is_sent)| Cover {
                job,
                is_sent: *is_sent,
            }),
            quiet: None,
            answer: said.and_then(|said| said.answer.as_ref()),
        }
    }

    /// Works out what the run makes of the job, and what is wrong with the planned quiets.
    fn decide(
        &self,
        seen: &Seen<'_>,
        store: Option<&Store>,
        said: Option<&Said>,
        routes: Option<&Routes>,
        faults: &mut Vec<String>,
    ) -> Option<Transition> {
        let spoken = self.spoken(routes);
        let run = self.ended.by_the_clock(clock::first_ahead());
        let end = self.end(&run, seen, said, routes, spoken.as_ref());
        let mut transition = transition::of(&end)?;
        // A run of which nothing would be sent does not pay for the look.
        let is_sent = transition.alert.is_some() && !transition.is_held;
        if let Some(store) = store.filter(|_| is_sent) {
            let job = &self.ended.job;
            let (quiet, wrong) = match seen.planned {
                Some(planned) => planned.said_of(job, ffi::user_id(), end.now),
                None => store.quiet(job, end.now),
            };
            *faults = wrong;
            if quiet.is_some() {
                let quiet = quiet.as_ref();
                transition = transition::of(&End { quiet, ..end })?;
            }
        }
        if let (Some(alert), Some(said)) = (&mut transition.alert, said) {
            if let Some(message) = &said.message {
                alert.message = message.clone();
            }
            if let Some(elsewhere) = &said.elsewhere {
                alert.notes.extend(elsewhere.note.clone());
            }
        }
        Some(transition)
    }

    fn change(&self, transition: Transition, routes: Option<&Routes>) -> Change {
        let queues = routes.filter(|_| transition.alert.is_some());
        let queues = queues.map(|routes| routes.queues.clone());
        Change {
            status: transition.status,
            alert: transition.alert,
            queues: queues.unwrap_or_default(),
            is_held: transition.is_held,
            withdrawn: transition.withdrawn,
            ends: self.run.clone(),
            settings: Some(self.settings),
            noted: transition.left.map(|left| *left),
            removes: false,
        }
    }

    /// Names what ends several jobs at once, and the channel on which it is sent once. An exit with
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

    /// Adds what could not be done.
    fn warn(&self, committed: &Committed, warnings: &mut Vec<Warning>) {
        if let Some(store) = self.store.filter(|_| committed.is_passed_by) {
            let message = format!(
                "another process, or a thread of this one, holds a lock of {store} and does not release it: the status is written without the lock"
            );
            warnings.push(Warning::new("stuck lock", message));
        }
        if committed.is_exchanged && committed.status_error.is_none() {
            warning::over(UNUSABLE);
        }
        if let Some(error) = &committed.status_error {
            let job = &self.ended.job;
            let message = format!("the status file of {job} cannot be written: {error}");
            // The same fault: the next run may not so much as open its lock.
            warnings.push(Warning::new(UNUSABLE, message));
        }
        if let Some(error) = &committed.queue_error {
            let message =
                format!("an alert cannot be queued on disk ({error}), and is sent from memory");
            warnings.push(Warning::new("queue", message));
        }
    }
}

/// Says what follows for an alert where the shared store could not be asked.
fn unrecorded(seen: &Seen<'_>, store: Option<&Store>, state: State) -> Option<String> {
    let is_unreached =
        seen.access == Access::Memory && store.is_some_and(|store| store.directory().is_none());
    let note = match state {
        State::Ok => UNRECORDED_RECOVERY,
        State::Error => UNRECORDED,
    };
    is_unreached.then(|| note.to_owned())
}

/// Returns whether this job speaks for what ended it: `Some(true)` where it has sent that,
/// `Some(false)` where people know that it fails so.
fn speech(transition: &Transition) -> Option<bool> {
    let is_sent = transition.alert.is_some() && !transition.is_held;
    let is_known = matches!(
        transition.decision.reason,
        Reason::Recent | Reason::OtherErrors | Reason::FlappingOn
    );
    (is_sent || is_known && !transition.decision.send).then_some(is_sent)
}
