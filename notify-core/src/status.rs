//! The status of a job: what its status file says after the latest run.

pub(crate) mod bounded;
pub(crate) mod cause;
pub(crate) mod decision;
pub(crate) mod error_count;
pub(crate) mod facts;
mod file;
pub(crate) mod fingerprint;
pub(crate) mod heard;
pub(crate) mod log_lines;
pub(crate) mod outcome;
pub(crate) mod plan;
pub(crate) mod progress;
mod withheld;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::format::clone::clone_in_one_place;
use crate::format::headline::headline;
use crate::format::time::Time;
use crate::status::decision::Decided;
use crate::status::error_count::ErrorCount;
use crate::status::facts::Facts;
use crate::status::log_lines::LogLines;
use crate::status::plan::Plan;

pub use withheld::Quiet;
pub(crate) use withheld::{Acknowledged, Held, OVERDUE, Silence};

/// Whether a job works.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{State, test_alert};
///
/// let works = test_alert("alerts").state();
/// assert_eq!((works, works.as_str()), (State::Ok, "OK"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Its latest run succeeded.
    Ok,
    /// Its latest run failed.
    Error,
}

/// The longest line that stands for an error.
pub(crate) const LINE: usize = 500;

impl State {
    /// Returns the status file's first line: `OK` or `ERROR`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Error => "ERROR",
        }
    }

    pub(crate) fn parse(line: &str) -> Option<Self> {
        [Self::Ok, Self::Error]
            .into_iter()
            .find(|state| state.as_str() == line.trim())
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is the same at each run of a job, or was read.
pub(crate) type Text = Cow<'static, str>;

/// A job's changes of status since it was last steady.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flapping {
    pub(crate) changes: u64,
    pub(crate) runs: u64,
    pub(crate) failed: u64,
    pub(crate) since: Time,
    /// When the last alert was sent that it flaps.
    pub(crate) sent: Option<Time>,
}

/// What a status file says.
#[derive(Debug, PartialEq)]
pub(crate) struct Status {
    pub(crate) state: State,
    /// When the latest run began, as in the article.
    pub(crate) begun: Time,
    /// `module :: function`.
    pub(crate) location: Text,
    pub(crate) took: Option<Duration>,
    /// When the first run of the present state began.
    pub(crate) since: Time,
    /// How many runs the present state has lasted.
    pub(crate) runs: u64,
    /// How many runs have ended since that is counted, and how many of them failed.
    pub(crate) runs_total: u64,
    pub(crate) failures_total: u64,
    /// When the latest run began that worked, of a job that fails.
    pub(crate) last_ok: Option<Time>,
    /// When the last alert was sent; `None` where none was.
    pub(crate) alerted: Option<Time>,
    /// The other job that sent it, because one event ended both: the recovery is that one's.
    pub(crate) alerted_by: Option<String>,
    /// The id of the incident that is open.
    pub(crate) incident: Option<String>,
    /// The error's fingerprint, where there is one.
    pub(crate) fingerprint: Option<String>,
    /// The first line of the error that began the incident.
    pub(crate) first_error: Option<String>,
    /// The errors of the incident that were sent, by their fingerprints.
    pub(crate) sent_errors: Vec<String>,
    /// The other errors within the present silence.
    pub(crate) other_errors: ErrorCount,
    /// The errors of runs that ended after a newer one, and left the status as that had set it.
    pub(crate) older_errors: ErrorCount,
    /// When the last alert was sent that a run is overdue; `None` once one has ended in time.
    pub(crate) overdue: Option<Time>,
    /// When the last alert was sent that no run has come after the latest one.
    pub(crate) missed: Option<Time>,
    /// When that run was due.
    pub(crate) missed_due: Option<Time>,
    /// When the last alert was sent that a run was too short or too long; `None` once a run was neither.
    pub(crate) took_alerted: Option<Time>,
    /// When the last alert was sent that runs overlap.
    pub(crate) overlap_alerted: Option<Time>,
    /// The alert that is held back.
    pub(crate) held: Option<Held>,
    /// When the first failure was held back that was not sent, in this incident or in one
    /// that ended before.
    pub(crate) withheld_since: Option<Time>,
    /// What a person has silenced.
    pub(crate) silence: Option<Silence>,
    /// Who is at the failure.
    pub(crate) acknowledged: Option<Acknowledged>,
    /// The planned quiet in which an alert was withheld that is due once it ends.
    pub(crate) quiet: Option<Quiet>,
    /// How the status changes to and fro.
    pub(crate) flapping: Option<Flapping>,
    /// Why an alert was sent for the latest run, or not.
    pub(crate) decision: Option<Decided>,
    pub(crate) host: Option<Text>,
    pub(crate) pid: Option<u32>,
    pub(crate) exe: Option<Text>,
    /// `file:line` of the function.
    pub(crate) source: Option<Text>,
    /// The version of the job's crate.
    pub(crate) version: Option<Text>,
    /// The version with which it last worked.
    pub(crate) ok_version: Option<Text>,
    /// How often it is meant to run, in hours.
    pub(crate) every_hours: Option<f64>,
    /// When it is meant to run.
    pub(crate) plan: Option<Arc<Plan>>,
    /// Where its alerts go, of a job that can be missed, or is silenced; the empty text is nowhere.
    pub(crate) channel: Option<Text>,
    /// Whom a failure mentions that is withheld, for whoever sends it when the silence is over.
    pub(crate) mention: Option<Text>,
    /// What to do when it fails: the address of a page.
    pub(crate) runbook: Option<Text>,
    /// Whose job it is.
    pub(crate) owner: Option<Text>,
    /// Where the incident's last alert went, if not to the job's own channel: later ones follow it.
    pub(crate) alerted_channel: Option<String>,
    /// Why a rule of the program sends nothing of a failure.
    pub(crate) silenced_by_rule: Option<String>,
    /// What the latest run said of itself.
    pub(crate) facts: Facts,
    /// The error that `errors(…)` or `when` left out.
    pub(crate) passed_over: Option<String>,
    /// When a run inside another one was last cancelled.
    pub(crate) cancelled: Option<Time>,
    /// When and why the latest run was one that proves nothing.
    pub(crate) not_counted: Option<String>,
    /// The error.
    pub(crate) text: String,
    /// What the run has logged last, if it failed.
    pub(crate) log_lines: LogLines,
}

clone_in_one_place! {
    Status {
        state, begun, location, took, since, runs, runs_total, failures_total, last_ok, alerted, alerted_by,
        incident, fingerprint, first_error, sent_errors, other_errors, older_errors, overdue, missed,
        missed_due, took_alerted, overlap_alerted, held, withheld_since, silence, acknowledged, quiet, flapping,
        decision, host, pid, exe, source, version, ok_version, every_hours, plan, channel, mention, runbook, owner,
        alerted_channel, silenced_by_rule, facts, passed_over, cancelled, not_counted, text, log_lines,
    }
}

/// Compares two statuses but for some fields. Each field is named, so that the compiler asks about a new one.
macro_rules! are_alike {
    ($one:ident, $other:ident, but for { $($left_out:ident),+ $(,)? } in { $($field:ident),+ $(,)? }) => {{
        let Self { $($left_out: _,)+ $($field),+ } = $one;
        $(*$field == $other.$field)&&+
    }};
}

impl Status {
    /// The status of a job after a first run, of which nothing else is known.
    pub(crate) fn new(state: State, begun: Time) -> Self {
        macro_rules! with_nothing_of {
            ($($field:ident),+ $(,)?) => {
                Self { state, begun, since: begun, runs: 1, $($field: Default::default()),+ }
            };
        }
        with_nothing_of! {
            location, took, runs_total, failures_total, last_ok, alerted, alerted_by, incident, fingerprint,
            first_error, sent_errors, other_errors, older_errors, overdue, missed, missed_due, took_alerted,
            overlap_alerted, held, withheld_since, silence, acknowledged, quiet, flapping, decision, host, pid, exe,
            source, version, ok_version, every_hours, plan, channel, mention, runbook, owner, alerted_channel,
            silenced_by_rule, facts, passed_over, cancelled, not_counted, text, log_lines,
        }
    }

    /// Returns how many runs and failures of the job are known. A file of before the totals knows those since its
    /// state is what it is.
    pub(crate) fn totals(&self) -> (u64, u64) {
        let failures = match self.state {
            State::Ok => 0,
            State::Error => self.runs,
        };
        (
            self.runs_total.max(self.runs),
            self.failures_total.max(failures),
        )
    }

    /// Returns the error in one line of at most `limit` bytes, an empty one where there is none.
    pub(crate) fn headline(&self, limit: usize) -> String {
        if self.text.trim().is_empty() {
            return String::new();
        }
        headline(&self.text, limit)
    }

    /// Returns whether no alert was sent for it, nor for an error of its incident.
    pub(crate) fn is_unheard(&self) -> bool {
        self.alerted.is_none() && self.sent_errors.is_empty()
    }

    /// Returns what the status is once the alert that it held back has left.
    pub(crate) fn after_leaving(&self, held: &Held) -> Self {
        Self {
            alerted: Some(held.until),
            alerted_by: None,
            other_errors: ErrorCount::default(),
            held: None,
            withheld_since: None,
            sent_errors: self.fingerprint.iter().cloned().collect(),
            ..self.clone()
        }
    }

    /// Returns whether nothing but times, counts and log lines, which name times, sets this status apart from
    /// `previous`, so that its file need not be written anew.
    pub(crate) fn says_the_same_as(&self, previous: &Self) -> bool {
        // To compare nothing with nothing costs 100 ns on some processors.
        self.text.len() == previous.text.len()
            && (self.text.is_empty() || self.text == previous.text)
            && are_alike! {
                self, previous, but for {
                    begun, took, runs, runs_total, failures_total, pid, decision, log_lines, text,
                } in {
                    state, location, since, last_ok, alerted, incident, fingerprint, first_error, sent_errors, alerted_by,
                    other_errors, older_errors, overdue, missed, missed_due, took_alerted, overlap_alerted, held,
                    withheld_since, silence, acknowledged, quiet, flapping, host, exe, source, version, ok_version,
                    every_hours, plan, channel, mention, runbook, owner, alerted_channel, silenced_by_rule, facts, passed_over,
                    cancelled, not_counted,
                }
            }
    }
}

#[cfg(test)]
mod tests;
