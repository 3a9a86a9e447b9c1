//! One end of a run: decided, and what it changes committed; the same for runs that finished, that the
//! exit of the process ended, and that died.

use std::sync::Arc;
use std::time::Instant;

use crate::dispatch::dispatcher;
use crate::os::warning::{self, Warning};
use crate::rules::transition::{self, Address, Cover, End, Ended, Transition};
use crate::rules::{Past, Reason, Settings};
use crate::runs::dedup::{self, Event};
use crate::settings::route::{Routes, Way};
use crate::settings::setup::Setup;
use crate::state::change::{Change, RunKey};
use crate::state::{self, Access, Committed, JobKey, Seen, Store};
use crate::status::outcome::Outcome;

/// The fault of a store that cannot be used.
const UNUSABLE: &str = "directory in use";

/// The end of a run, to be reported.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) ended: Ended,
    pub(crate) outcome: &'a Outcome,
    pub(crate) settings: Settings,
    /// The run, where it was written down as under way.
    pub(crate) run: Option<RunKey>,
    /// When it is made.
    pub(crate) now: Instant,
}

/// Finds where a job's alerts go; warns where a failure would go nowhere.
pub(crate) fn routes(
    setup: &Setup,
    channel: &str,
    ended: &mut Ended,
    outcome: &Outcome,
    warnings: &mut Vec<Warning>,
) -> Option<Arc<Routes>> {
    if matches!(outcome, Outcome::NotCounted(_)) {
        return None;
    }
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
    /// Makes the report: afterwards the status is written, and the alert on its way. Returns whether
    /// there is one that is not held back.
    ///
    /// `still_open` is asked, once nobody else can change the job, whether there is anything left to report.
    /// The warnings are the caller's to tell: a logger is foreign code, and may never return.
    pub(crate) fn make(
        &self,
        store: Option<&Store>,
        routes: Option<&Routes>,
        still_open: impl Fn(&Past) -> bool,
        warnings: &mut Vec<Warning>,
    ) -> bool {
        let job = JobKey::of(&self.ended.job);
        let (mut was_unreadable, mut speech) = (false, None);
        let mut decide = |seen: &Seen<'_>| {
            (was_unreadable, speech) = (*seen.past == Past::Unreadable, None);
            if !still_open(seen.past) {
                return None;
            }
            let transition = self.decide(seen, routes)?;
            speech = self::speech(&transition);
            Some(self.change(transition, routes))
        };
        let committed = store.and_then(|store| {
            let committed = store.update(&job, self.now, &mut decide);
            let unusable = |error| {
                let message =
                    format!("{store} cannot be used ({error}): alerts are sent from memory");
                warnings.push(Warning::new(UNUSABLE, message));
            };
            committed.map_err(unusable).ok()
        });
        let committed = committed.unwrap_or_else(|| state::update_unstored(&job, &mut decide));
        if let (Some(is_sent), Some((event, channel))) = (speech, self.event(routes)) {
            dedup::speak(event, channel, &self.ended.job, is_sent);
        }
        if was_unreadable {
            let job = &self.ended.job;
            let message =
                format!("the status file of {job} cannot be understood, and is written anew");
            warnings.push(Warning::new(format!("unreadable {job}"), message));
        }
        self.warn(store, &committed, warnings);
        let Some((alert, queued)) = committed.alert else {
            return false;
        };
        routes.is_some_and(|routes| dispatcher::accept(&routes.all, &alert, &queued))
    }

    /// Works out what the run makes of the job.
    fn decide(&self, seen: &Seen<'_>, routes: Option<&Routes>) -> Option<Transition> {
        let spoken = self.event(routes);
        let spoken = spoken.and_then(|(event, channel)| dedup::spoken(event, channel));
        transition::of(&End {
            past: seen.past,
            run: &self.ended,
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
            cover: spoken.as_ref().map(|(job, is_sent)| Cover {
                job,
                is_sent: *is_sent,
            }),
        })
    }

    /// Returns what the store is to change.
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

    /// Adds what could not be done.
    fn warn(&self, store: Option<&Store>, committed: &Committed, warnings: &mut Vec<Warning>) {
        if let Some(store) = store.filter(|_| committed.is_passed_by) {
            let message = format!(
                "another process holds a lock of {store} and does not let go: it is passed by"
            );
            warnings.push(Warning::new("stuck lock", message));
        }
        if committed.is_exchanged {
            warning::over(UNUSABLE);
        }
        if committed.is_written {
            warning::over("status");
        }
        if let Some(error) = &committed.status_error {
            let job = &self.ended.job;
            let message = format!("the status file of {job} cannot be written: {error}");
            warnings.push(Warning::new("status", message));
        }
        if let Some(error) = &committed.queue_error {
            let message =
                format!("an alert cannot be queued on disk ({error}), and is sent from memory");
            warnings.push(Warning::new("queue", message));
        }
    }
}

/// Tells whether this job speaks for what ended it: `Some(true)` where it has sent that,
/// `Some(false)` where people know that it fails so.
fn speech(transition: &Transition) -> Option<bool> {
    let is_sent = transition.alert.is_some() && !transition.is_held;
    let is_known = matches!(
        transition.decision.reason,
        Reason::Recent | Reason::OtherErrors | Reason::FlappingOn
    );
    (is_sent || is_known && !transition.decision.send).then_some(is_sent)
}
