//! The runs under way in this process: what is known of each, and which there are.

use std::borrow::Cow;
use std::sync::{Arc, MutexGuard};
use std::time::Instant;

use crate::format::time::Time;
use crate::job::{Cancelled, Job};
use crate::notifier::heartbeat::Heartbeat;
use crate::os::clock::{self, Moment, Whose};
use crate::os::engine::{self, Part, Slot};
use crate::os::random;
use crate::os::warning::Warning;
use crate::rules::Settings;
use crate::rules::transition::Ended;
use crate::runs::asked;
use crate::runs::run_data::{self, RunData};
use crate::runs::sharded::{Sharded, Values};
use crate::settings::route::Way;
use crate::settings::setup::Setup;
use crate::state::Kind;
use crate::status::State;
use crate::status::heard::Heard;
use crate::status::outcome::Outcome;
/// The runs under way in this process.
pub(super) static OPEN: Part<Sharded<Open>> = Part::new(Slot::Runs);

pub(super) const WAS_OVERDUE: &str = "it was overdue, and has ended now";

/// What is known of a run under way.
#[derive(Clone)]
pub(super) struct Open {
    pub(super) number: u64,
    pub(super) job: &'static Job,
    /// The name, where the attribute's `name` made one for this run.
    pub(super) name: Option<String>,
    pub(super) begun: Moment,
    pub(super) started: Instant,
    pub(super) nested: bool,
    /// When it is overdue, if it ever is.
    pub(super) overdue_at: Option<Instant>,
    /// Whether an alert was sent of that.
    pub(super) was_overdue: bool,
    /// Whether its beginning was sent.
    pub(super) is_start_sent: bool,
    /// When it was last shown how far it has come.
    pub(super) shown: Option<Instant>,
    /// When the run of the same job began that began last of those that ended inside this one.
    pub(super) last_inside: Option<Moment>,
    /// The heartbeat that knows of its beginning.
    pub(super) heartbeat: Option<Arc<Heartbeat>>,
    /// When it returned, of a run whose outcome the exit of the process decides.
    pub(super) returned: Option<Instant>,
    /// What it has ended with, while the program is asked what it says to that.
    pub(super) asked: Option<Arc<Asked>>,
}

/// The end of a run about which the program is asked. If the process exits meanwhile, the built-in rules decide.
pub(super) struct Asked {
    pub(super) outcome: Outcome,
    pub(super) heard: Heard,
}

impl Open {
    /// Distinguishes it from all other runs, of whatever process.
    pub(super) fn id(&self) -> u64 {
        random::of(self.number)
    }

    /// Returns what makes another run one that repeats this one; `None` where more counts than what it has returned.
    pub(super) fn kind<'a>(
        &self,
        setup: &Setup,
        outcome: &'a Outcome,
        now: Instant,
    ) -> Option<Kind<'a>> {
        let error = match outcome {
            Outcome::Returned => None,
            Outcome::Failed(error) => Some(&**error),
            _ => return None,
        };
        let arguments = &self.job.arguments;
        let is_plain = arguments.rule.is_none()
            && setup.rule.is_none()
            && arguments.took.is_none()
            && self.overdue_at.is_none_or(|at| now < at)
            && !self.was_overdue
            && self.last_inside.is_none()
            && self.returned.is_none()
            && self.asked.is_none()
            && !run_data::has_said(self.number);
        is_plain.then(|| Kind {
            definition: std::ptr::from_ref(self.job).addr(),
            error,
        })
    }

    /// Reports to the heartbeat that it has begun, once.
    pub(super) fn beat(&mut self, setup: &Setup) -> Option<Warning> {
        // A beginning without an end would be taken for a run that hangs.
        if self.heartbeat == setup.heartbeat || asked::for_help() {
            return None;
        }
        self.heartbeat.clone_from(&setup.heartbeat);
        let heartbeat = self.heartbeat.as_ref()?;
        heartbeat.begin(&self.job_name(setup), self.id()).err()
    }

    /// Reports to it what the run came to.
    pub(super) fn beat_end(&self, setup: &Setup, outcome: &Outcome) -> Option<Warning> {
        let (job, run) = (self.job_name(setup), self.id());
        setup.heartbeat.as_ref()?.end(&job, run, outcome).err()
    }

    /// What its alerts say beside the error.
    pub(super) fn notes(&self) -> Vec<String> {
        let notes = [
            (self.job.is_debug_build, "debug build"),
            (self.was_overdue, WAS_OVERDUE),
        ];
        let notes = notes.into_iter().filter(|(holds, _)| *holds);
        notes.map(|(_, note)| note.to_owned()).collect()
    }

    pub(super) fn channel<'a>(&self, setup: &'a Setup) -> &'a str {
        let own = self.job.arguments.channel.as_ref();
        own.unwrap_or(&setup.default_channel)
    }

    pub(super) fn settings(&self, setup: &Setup) -> Settings {
        let (own, rules) = (&self.job.arguments, setup.rules);
        Settings {
            after: own.after.unwrap_or(rules.after),
            flapping: own.flapping.unwrap_or(rules.flapping),
            ..rules.with_times(own.silent_seconds, own.ok_silent_hours, own.remind_hours)
        }
    }

    pub(super) fn begun(&self) -> Time {
        self.begun.time(clock::first_ahead())
    }

    /// Returns whether its failures go to the channel of that name.
    pub(super) fn is_on(&self, channel: &str, setup: &Setup) -> bool {
        let own = self.channel(setup);
        let leads_there = |way: Way| way.routes.channel == channel;
        own == channel
            || setup
                .way(own, State::Error)
                .is_ok_and(|way| way.is_some_and(leads_there))
    }

    pub(super) fn is_of_job_of(&self, other: &Self) -> bool {
        std::ptr::eq(self.job, other.job) && self.name == other.name
    }

    /// Notes that another run of its job has ended inside it: of those that overlap any may be the last.
    pub(super) fn note_inside(&mut self, begun: Moment) {
        let known = clock::first_ahead();
        let is_later = |last: Moment| begun.micros(known) >= last.micros(known);
        if self.last_inside.is_none_or(is_later) {
            self.last_inside = Some(begun);
        }
    }

    /// Returns whether its cancellation says nothing of the job.
    pub(super) fn keeps_cancelled(&self) -> bool {
        self.job.arguments.cancelled == Some(Cancelled::Keep)
    }

    /// The job's name, as its status file has it.
    pub(super) fn job_name(&self, setup: &Setup) -> Cow<'static, str> {
        match (&self.name, &setup.instance) {
            (None, None) => Cow::Borrowed(&self.job.name),
            (Some(name), None) => Cow::Owned(name.clone()),
            (name, Some(instance)) => {
                let name = name.as_ref().unwrap_or(&self.job.name);
                Cow::Owned(format!("{name}@{instance}"))
            }
        }
    }

    pub(super) fn ended(&self, setup: &'static Setup, now: Instant) -> Ended {
        let arguments = &self.job.arguments;
        let known = clock::first_ahead();
        Ended {
            by: known.map_or(Whose::Host, |_| Whose::All),
            location: Cow::Borrowed(&self.job.location),
            source: Cow::Borrowed(&self.job.source),
            took: Some(
                self.returned
                    .unwrap_or(now)
                    .saturating_duration_since(self.started),
            ),
            host: Cow::Borrowed(&setup.host),
            pid: Some(engine::pid()),
            exe: setup.exe.as_deref().map(Cow::Borrowed),
            version: self.job.version.as_deref().map(Cow::Borrowed),
            every_hours: arguments.every_hours,
            plan: self.job.plan.clone(),
            channel: Cow::Borrowed(self.channel(setup)),
            attempt: setup.attempt,
            mention: arguments.mention.as_deref().map(Cow::Borrowed),
            runbook: arguments.runbook.as_deref().map(Cow::Borrowed),
            owner: arguments.owner.as_deref().map(Cow::Borrowed),
            heard: Heard::default(),
            facts: Cow::Borrowed(&*setup.facts),
            nested: self.nested || self.keeps_cancelled(),
            was_overdue: self.was_overdue,
            should_take: arguments.took,
            is_in_time: self.overdue_at.is_none_or(|at| now < at),
            last_inside: self.last_inside.map(|inside| inside.time(known)),
            notes: self.notes(),
            ..Ended::new(self.id(), self.job_name(setup), self.begun.time(known))
        }
    }
}

/// Returns the runs under way among which that of this number is.
pub(super) fn open_runs(number: u64) -> MutexGuard<'static, Values<Open>> {
    OPEN.get().of(number)
}

pub(super) fn is_under_way(number: u64) -> bool {
    open_runs(number).contains_key(&number)
}

/// Returns the one outermost run that is under way; `None` where there is none, or several.
pub(crate) fn sole() -> Option<Arc<RunData>> {
    let mut sole = None;
    for open in OPEN.get().patiently() {
        for (number, run) in open?.iter().filter(|(_, run)| !run.nested) {
            if sole.replace((*number, run.asked.is_none())).is_some() {
                return None;
            }
        }
    }
    let (number, is_unasked) = sole?;
    is_unasked.then(|| run_data::of(number))
}

/// Returns whether the first of two runs under way began after the other.
pub(crate) fn is_later(one: u64, other: u64) -> bool {
    let started = |number| Some(OPEN.get().of_patiently(number)?.get(&number)?.started);
    one != other
        && started(one)
            .zip(started(other))
            .is_some_and(|(one, other)| one > other)
}

/// Returns whether the exit decides what a `main` came to that has returned.
pub(crate) fn has_returned() -> bool {
    let has = |open: &Values<Open>| open.values().any(|run| run.returned.is_some());
    let mut open = OPEN.get().try_all().flatten();
    open.any(|open| has(&open))
}
