//! A job, by its status file.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::shown_name;
use crate::format::time::Time;
use crate::monitor::expected::{Expected, Said};
use crate::status::decision::{Decided, Fate, Reason};
use crate::status::plan::Plan;
use crate::status::{LINE, OVERDUE, Quiet, State, Status, fingerprint};

/// A job, by its status file.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields of the status file, by their names")]
pub struct Job {
    /// As the code names it; the file's own name where that was cut.
    pub name: String,
    pub file: String,
    pub state: State,
    pub begun: Time,
    pub since: Time,
    pub took: Option<Duration>,
    pub runs: u64,
    /// How many runs have ended since that is counted, and how many of them failed.
    pub runs_total: u64,
    pub failures_total: u64,
    /// When the latest run began that worked, where that is known.
    pub last_ok: Option<Time>,
    pub location: String,
    /// The first line of the error, empty where there is none.
    pub error: String,
    pub passed_over: Option<String>,
    /// The latest run after that which proved nothing: when it ended, and why.
    pub not_counted: Option<String>,
    pub alerted: Option<Time>,
    pub incident: Option<String>,
    pub(crate) decided: Option<Decided>,
    pub silence: Option<Silence>,
    pub acknowledged: Option<Acknowledged>,
    /// The planned quiet that is now, once that was [looked up](crate::__cli::mark_quiet).
    pub quiet: Option<Quiet>,
    /// The planned quiet in which an alert was withheld that is due once it ends.
    pub withheld: Option<Quiet>,
    /// Whether an alert is held back.
    pub is_held: bool,
    pub is_flapping: bool,
    /// When people last heard that no run has come after the latest one.
    pub missed: Option<Time>,
    pub host: Option<String>,
    pub pid: Option<u32>,
    pub exe: Option<String>,
    pub source: Option<String>,
    pub version: Option<String>,
    pub every_hours: Option<f64>,
    pub(crate) plan: Option<Arc<Plan>>,
    /// Where its alerts go, where that is known; the empty text is nowhere.
    pub channel: Option<String>,
    /// Where the last alert of its incident went, if not to its own channel.
    pub alerted_channel: Option<String>,
    pub runbook: Option<String>,
    pub owner: Option<String>,
    /// Why the program's rule sends nothing of its failure.
    pub silenced_by_rule: Option<String>,
    /// What the latest run said of itself: names and values.
    pub facts: Vec<(String, String)>,
}

/// What a person has silenced.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the status file says")]
pub struct Silence {
    pub until: Time,
    pub because: Option<String>,
    /// Whether it is of the error with which the job fails now, or, where it works, of overdue runs.
    pub is_of_this_error: bool,
}

/// Who is at a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the status file says")]
pub struct Acknowledged {
    pub by: String,
    pub until: Option<Time>,
    pub because: Option<String>,
    /// Whether it is of the error with which the job fails now.
    pub is_of_this_error: bool,
}

impl Job {
    pub(crate) fn new(file: &str, status: Status) -> Self {
        let error = fingerprint(&status);
        Self {
            name: shown_name(file),
            file: file.to_owned(),
            error: match status.state {
                State::Error => status.headline(LINE),
                State::Ok => String::new(),
            },
            silence: status.silence.map(|silence| Silence {
                until: silence.until,
                is_of_this_error: match status.state {
                    State::Error => error.as_ref() == Some(&silence.error),
                    State::Ok => silence.error == OVERDUE,
                },
                because: silence.because,
            }),
            acknowledged: status.acknowledged.map(|acknowledged| Acknowledged {
                is_of_this_error: error.as_ref() == Some(&acknowledged.error),
                by: acknowledged.by,
                until: acknowledged.until,
                because: acknowledged.because,
            }),
            quiet: None,
            withheld: status.quiet,
            is_held: status.held.is_some(),
            runs_total: status.runs_total,
            failures_total: status.failures_total,
            last_ok: match status.state {
                State::Ok => Some(status.begun),
                State::Error => status.last_ok,
            },
            state: status.state,
            begun: status.begun,
            since: status.since,
            took: status.took,
            runs: status.runs,
            location: status.location.into_owned(),
            passed_over: status.passed_over,
            not_counted: status.not_counted,
            alerted: status.alerted,
            incident: status.incident,
            decided: status.decision,
            is_flapping: status
                .flapping
                .is_some_and(|flapping| flapping.sent.is_some()),
            missed: status.missed,
            host: status.host.map(Cow::into_owned),
            pid: status.pid,
            exe: status.exe.map(Cow::into_owned),
            source: status.source.map(Cow::into_owned),
            version: status.version.map(Cow::into_owned),
            every_hours: status.every_hours,
            plan: status.plan,
            runbook: status.runbook.map(Cow::into_owned),
            owner: status.owner.map(Cow::into_owned),
            silenced_by_rule: status.silenced_by_rule,
            facts: status.facts.to_vec(),
            channel: status.channel.map(Cow::into_owned),
            alerted_channel: status.alerted_channel,
        }
    }

    /// Returns when it should run, as it says itself or as `said`; `None` where nobody says.
    ///
    /// # Errors
    ///
    /// What is wrong with its schedule, and where.
    pub fn expected(&self, said: &Said) -> Result<Option<Expected>, String> {
        Expected::new(self.plan.as_deref(), self.every_hours, said)
    }

    /// Returns its schedule and its time zone, as it says them.
    #[must_use]
    pub fn schedule(&self) -> Option<(&str, Option<&str>)> {
        let plan = self.plan.as_ref()?;
        Some((plan.schedule.as_deref()?, plan.timezone.as_deref()))
    }

    /// Returns what was decided of the last run's alert, in words.
    #[must_use]
    pub fn decision(&self) -> Option<String> {
        self.decided.as_ref().map(Decided::words)
    }

    /// Returns the code that stands beside those words.
    #[must_use]
    pub fn decision_code(&self) -> Option<String> {
        self.decided.as_ref().and_then(Decided::code)
    }

    /// Returns whether the last alert had no destination that could take it.
    #[must_use]
    pub fn is_undelivered(&self) -> bool {
        self.decided.as_ref().and_then(Decided::fate) == Some(Fate::Undelivered)
    }

    /// Returns whether the last failure was held back because another attempt follows.
    #[must_use]
    pub fn attempt_follows(&self) -> bool {
        self.decided.as_ref().and_then(Decided::reason) == Some(Reason::Attempt)
    }

    /// Returns whether a rule of the program has decided on the last run.
    #[must_use]
    pub fn is_ruled(&self) -> bool {
        self.decided.as_ref().and_then(Decided::reason) == Some(Reason::Rule)
    }

    /// Returns whether it fails, and a person or the program's rule has silenced that.
    #[must_use]
    pub fn is_silenced(&self, now: Time) -> bool {
        self.silence_now(now).is_some()
            || self.state == State::Error && self.silenced_by_rule.is_some()
    }

    /// Returns the silence of its failure, where a person has silenced that.
    #[must_use]
    pub fn silence_now(&self, now: Time) -> Option<&Silence> {
        let silence = self.silence.as_ref().filter(|_| self.state == State::Error);
        silence.filter(|silence| silence.is_of_this_error && silence.until > now)
    }

    /// Returns who is at its failure, while that lasts.
    #[must_use]
    pub fn acknowledged(&self, now: Time) -> Option<&Acknowledged> {
        let one = self.acknowledged.as_ref();
        let one = one.filter(|one| one.is_of_this_error && self.state == State::Error);
        one.filter(|one| one.until.is_none_or(|until| until > now))
    }
}

/// The fingerprint of a failing job's error; files of the article do not have one.
pub(crate) fn fingerprint(status: &Status) -> Option<String> {
    let is_error = status.state == State::Error;
    let known = status.fingerprint.clone();
    known.or_else(|| is_error.then(|| fingerprint::of(&status.text)))
}
