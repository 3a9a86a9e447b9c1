//! The status of a job: what its status file says after the latest run.

pub(crate) mod bounded;
pub(crate) mod cause;
pub(crate) mod decision;
pub(crate) mod error_count;
pub(crate) mod facts;
pub(crate) mod fingerprint;
pub(crate) mod heard;
pub(crate) mod log_lines;
pub(crate) mod outcome;
pub(crate) mod plan;
pub(crate) mod progress;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::format::fields::{Fields, Page, split_line};
use crate::format::headline::headline;
use crate::format::link;
use crate::format::text;
use crate::format::time::{self, Time};
use crate::status::decision::Decided;
use crate::status::error_count::ErrorCount;
use crate::status::facts::Facts;
use crate::status::log_lines::LogLines;
use crate::status::plan::Plan;

/// Whether a job works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Its latest run succeeded.
    Ok,
    /// Its latest run failed.
    Error,
}

const NOT_COUNTED: &str = "not counted";

/// How many log lines stand below the error.
const LOG_LINES: &str = "log-lines";

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
    pub(crate) told: Option<Time>,
}

/// What a status file says.
#[derive(Debug, Clone, PartialEq)]
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
    /// Of a job that fails, when its latest run began that worked.
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
    pub(crate) told_errors: Vec<String>,
    /// The other errors within the present silence.
    pub(crate) other_errors: ErrorCount,
    /// The errors of runs that ended after one that began later, and that left its status.
    pub(crate) older_errors: ErrorCount,
    /// When the last alert was sent that a run is overdue; `None` once one has ended in time.
    pub(crate) overdue: Option<Time>,
    /// When people last heard that no run has come after the latest one,
    pub(crate) missed: Option<Time>,
    /// and when that run was due.
    pub(crate) missed_due: Option<Time>,
    /// When people last heard that a run took too short or too long; `None` once one has not.
    pub(crate) took_alerted: Option<Time>,
    /// When people last heard that runs overlap.
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

/// An alert that is due and held back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    /// It is sent then at the latest.
    pub(crate) until: Time,
    /// Where it waits, for each destination: the queue's folder and the file.
    pub(crate) alerts: Vec<String>,
}

/// What stands for the error of a silence that is one of runs that are overdue.
pub(crate) const OVERDUE: &str = "overdue";

/// What a person has silenced: one error, for some time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Silence {
    pub(crate) until: Time,
    /// The error's fingerprint.
    pub(crate) error: String,
    pub(crate) because: Option<String>,
}

/// That somebody is at an error: it is not sent again until then, or while it lasts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Acknowledged {
    /// The error's fingerprint.
    pub(crate) error: String,
    pub(crate) by: String,
    pub(crate) until: Option<Time>,
    pub(crate) because: Option<String>,
}

/// A time in which alerts are withheld, by a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "cli"),
    expect(unreachable_pub, reason = "the command uses it")
)]
pub struct Quiet {
    /// When it ends.
    pub until: Time,
    /// Why, as its author says.
    pub because: Option<String>,
}

impl Held {
    fn parse(value: &str) -> Option<Self> {
        let (alerts, until) = value.split_once(" until ")?;
        Some(Self {
            until: time::parse(until)?,
            alerts: alerts.split(' ').map(str::to_owned).collect(),
        })
    }

    fn render(&self) -> String {
        format!("{} until {}", self.alerts.join(" "), time::show(self.until))
    }
}

/// Takes a value apart into what was said, and why.
fn split_because(value: &str) -> (&str, Option<String>) {
    match value.split_once(" because ") {
        Some((value, because)) => (value, Some(because.to_owned())),
        None => (value, None),
    }
}

/// Puts both together.
fn with_because(value: String, because: Option<&String>) -> String {
    match because {
        Some(because) => value + " because " + because,
        None => value,
    }
}

impl Silence {
    fn parse(value: &str) -> Option<Self> {
        let (error, rest) = value.split_once(" until ")?;
        let (until, because) = split_because(rest);
        Some(Self {
            until: time::parse(until)?,
            error: error.strip_prefix("error ")?.to_owned(),
            because,
        })
    }

    fn render(&self) -> String {
        let value = format!("error {} until {}", self.error, time::show(self.until));
        with_because(value, self.because.as_ref())
    }
}

impl Acknowledged {
    fn parse(value: &str) -> Option<Self> {
        let (value, because) = split_because(value);
        let (rest, by) = value.split_once(" by ")?;
        let (error, until) = match rest.split_once(" until ") {
            Some((error, until)) => (error, Some(time::parse(until)?)),
            None => (rest, None),
        };
        Some(Self {
            error: error.strip_prefix("error ")?.to_owned(),
            by: by.to_owned(),
            until,
            because,
        })
    }

    fn render(&self) -> String {
        let until = self.until.map(time::show);
        let until = until.map_or_else(String::new, |until| format!(" until {until}"));
        let value = format!("error {}{until} by {}", self.error, self.by);
        with_because(value, self.because.as_ref())
    }

    /// Tells whether it is not over yet.
    pub(crate) fn lasts(&self, now: Time) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

impl Quiet {
    fn parse(value: &str) -> Option<Self> {
        let (until, because) = split_because(value);
        Some(Self {
            until: time::parse(until.strip_prefix("until ")?)?,
            because,
        })
    }

    fn render(&self) -> String {
        with_because(
            format!("until {}", time::show(self.until)),
            self.because.as_ref(),
        )
    }
}

impl Status {
    /// The status of a job after a first run, of which nothing else is known.
    pub(crate) fn new(state: State, begun: Time) -> Self {
        Self {
            state,
            begun,
            location: "".into(),
            took: None,
            since: begun,
            runs: 1,
            runs_total: 0,
            failures_total: 0,
            last_ok: None,
            alerted: None,
            alerted_by: None,
            incident: None,
            fingerprint: None,
            first_error: None,
            told_errors: Vec::new(),
            other_errors: ErrorCount::default(),
            older_errors: ErrorCount::default(),
            overdue: None,
            missed: None,
            missed_due: None,
            took_alerted: None,
            overlap_alerted: None,
            held: None,
            withheld_since: None,
            silence: None,
            acknowledged: None,
            quiet: None,
            flapping: None,
            decision: None,
            host: None,
            pid: None,
            exe: None,
            source: None,
            version: None,
            ok_version: None,
            every_hours: None,
            plan: None,
            channel: None,
            runbook: None,
            owner: None,
            alerted_channel: None,
            silenced_by_rule: None,
            facts: Facts::default(),
            passed_over: None,
            cancelled: None,
            not_counted: None,
            text: String::new(),
            log_lines: LogLines::default(),
        }
    }

    /// Reads a status file, ours or the article's; `None` where it cannot be understood.
    pub(crate) fn parse(content: &str) -> Option<Self> {
        let (state, rest) = split_line(content)?;
        let (begun, rest) = split_line(rest)?;
        let (location, rest) = split_line(rest).unwrap_or_default();
        let state = State::parse(state)?;
        let begun = time::parse(begun)?;
        let mut fields = Fields::parse(rest);
        let lines = fields.get(LOG_LINES).and_then(|lines| lines.parse().ok());
        let below = std::mem::take(&mut fields.text);
        let (error, log_lines) = LogLines::split(below, lines.unwrap_or(0));
        let get = |key| fields.get(key);
        let time = |key| get(key).and_then(time::parse);
        let text = |key| get(key).map(str::to_owned);
        let same = |key| text(key).map(Text::Owned);
        let count = |key| get(key).and_then(ErrorCount::parse).unwrap_or_default();
        let number = |key| get(key).and_then(|number| number.parse().ok());
        let since = time("since");
        // The article's own file does not say when its message was sent: at that time.
        let alerted = if since.is_some() {
            time("alerted")
        } else {
            Some(begun)
        };
        Some(Self {
            state,
            begun,
            location: text::unescape(location).into_owned().into(),
            took: get("took").and_then(parse_seconds),
            since: since.unwrap_or(begun),
            runs: number("runs").unwrap_or(1),
            runs_total: number("runs-total").unwrap_or_default(),
            failures_total: number("failures-total").unwrap_or_default(),
            last_ok: time("last-ok"),
            alerted,
            incident: text("incident"),
            fingerprint: text("fingerprint"),
            first_error: text("first-error").or_else(|| {
                let first = || headline(&error, LINE);
                (state == State::Error).then(first)
            }),
            told_errors: match get("told-errors") {
                Some(told) => told.split_whitespace().map(str::to_owned).collect(),
                None if alerted.is_some() => text("fingerprint").into_iter().collect(),
                None => Vec::new(),
            },
            alerted_by: text("alerted-by"),
            other_errors: count("other-errors"),
            older_errors: count("older-errors"),
            overdue: time("overdue-alerted"),
            missed: time("missed"),
            missed_due: time("missed-due"),
            took_alerted: time("took-alerted"),
            overlap_alerted: time("overlap-alerted"),
            held: get("held").and_then(Held::parse),
            withheld_since: time("withheld-since"),
            silence: get("silenced").and_then(Silence::parse),
            acknowledged: get("acknowledged").and_then(Acknowledged::parse),
            quiet: get("quiet").and_then(Quiet::parse),
            flapping: get("flapping").and_then(Flapping::parse),
            decision: Decided::parse(&fields),
            host: same("host"),
            pid: get("pid").and_then(|pid| pid.parse().ok()),
            exe: same("exe"),
            source: same("source"),
            version: same("version"),
            ok_version: same("ok-version").or_else(|| match state {
                State::Ok => same("version"),
                State::Error => None,
            }),
            every_hours: get("every-hours")
                .and_then(|hours| hours.parse().ok())
                .filter(|hours| *hours > 0.0 && f64::is_finite(*hours)),
            plan: Plan::read(&fields).map(Arc::new),
            channel: same("channel"),
            // Another user may have written the file.
            runbook: same("runbook").filter(|url| link::check(url).is_ok()),
            owner: same("owner"),
            alerted_channel: text("alerted-channel"),
            silenced_by_rule: text("silenced-by-rule"),
            facts: Facts::read(&fields),
            passed_over: text("passed-over"),
            cancelled: time("cancelled"),
            not_counted: text(NOT_COUNTED),
            text: error,
            log_lines,
        })
    }

    /// Returns the error in one line of at most `limit` bytes, an empty one where there is none.
    pub(crate) fn headline(&self, limit: usize) -> String {
        if self.text.trim().is_empty() {
            return String::new();
        }
        headline(&self.text, limit)
    }

    /// Writes the status file.
    pub(crate) fn render(&self) -> String {
        let time = |time: Option<Time>| time.map(time::show);
        let mut page = Page::new(512 + self.text.len());
        page.line(self.state.as_str());
        page.line(&time::show(self.begun));
        page.line(&text::escape(&self.location));
        page.put_some(
            "took",
            self.took.map(|took| format!("{:.3} s", took.as_secs_f64())),
        );
        page.put("since", &time::show(self.since));
        page.put("runs", &self.runs.to_string());
        let total = |number: u64| (number > 0).then(|| number.to_string());
        page.put_some("runs-total", total(self.runs_total));
        page.put_some("failures-total", total(self.failures_total));
        page.put_some("last-ok", time(self.last_ok));
        page.put_some("alerted", time(self.alerted));
        page.put_some("alerted-by", self.alerted_by.as_deref());
        if let Some(decision) = &self.decision {
            decision.put(&mut page);
        }
        page.put_some("incident", self.incident.as_deref());
        page.put_some("fingerprint", self.fingerprint.as_deref());
        // What the text says already is not said twice.
        let text = self.headline(LINE);
        let first = self.first_error.as_deref();
        page.put_some("first-error", first.filter(|first| *first != text));
        let is_plain = self.alerted.is_some() && self.told_errors.iter().eq(&self.fingerprint);
        if !is_plain && (self.alerted.is_some() || !self.told_errors.is_empty()) {
            page.put("told-errors", &self.told_errors.join(" "));
        }
        page.put_some("other-errors", self.other_errors.render());
        page.put_some("older-errors", self.older_errors.render());
        page.put_some("overdue-alerted", time(self.overdue));
        page.put_some("missed", time(self.missed));
        page.put_some("missed-due", time(self.missed_due));
        page.put_some("took-alerted", time(self.took_alerted));
        page.put_some("overlap-alerted", time(self.overlap_alerted));
        page.put_some("held", self.held.as_ref().map(Held::render));
        page.put_some("withheld-since", time(self.withheld_since));
        page.put_some("silenced", self.silence.as_ref().map(Silence::render));
        page.put_some(
            "acknowledged",
            self.acknowledged.as_ref().map(Acknowledged::render),
        );
        page.put_some("quiet", self.quiet.as_ref().map(Quiet::render));
        page.put_some("flapping", self.flapping.as_ref().map(Flapping::render));
        page.put_some("host", self.host.as_deref());
        page.put_some("pid", self.pid.map(|pid| pid.to_string()));
        page.put_some("exe", self.exe.as_deref());
        page.put_some("source", self.source.as_deref());
        page.put_some("version", self.version.as_deref());
        let ok_version = self.ok_version.as_deref();
        page.put_some(
            "ok-version",
            ok_version.filter(|_| self.state == State::Error),
        );
        page.put_some(
            "every-hours",
            self.every_hours.map(|hours| hours.to_string()),
        );
        if let Some(plan) = &self.plan {
            plan.write(&mut page);
        }
        page.put_some("channel", self.channel.as_deref());
        page.put_some("runbook", self.runbook.as_deref());
        page.put_some("owner", self.owner.as_deref());
        page.put_some("alerted-channel", self.alerted_channel.as_deref());
        page.put_some("silenced-by-rule", self.silenced_by_rule.as_deref());
        self.facts.write(&mut page);
        page.put_some("passed-over", self.passed_over.as_deref());
        page.put_some("cancelled", time(self.cancelled));
        page.put_some(NOT_COUNTED, self.not_counted.as_deref());
        let lines = self.log_lines.len();
        page.put_some(LOG_LINES, (lines > 0).then(|| lines.to_string()));
        page.end(&self.log_lines.below(&self.text))
    }

    /// Returns whether no alert was sent for it, nor for an error of its incident.
    pub(crate) fn is_unheard(&self) -> bool {
        self.alerted.is_none() && self.told_errors.is_empty()
    }

    /// Returns what the status is once the alert that it held back has left.
    pub(crate) fn after_leaving(&self, held: &Held) -> Self {
        Self {
            alerted: Some(held.until),
            alerted_by: None,
            other_errors: ErrorCount::default(),
            held: None,
            withheld_since: None,
            told_errors: self.fingerprint.iter().cloned().collect(),
            ..self.clone()
        }
    }

    /// Returns whether nothing but times, counts and log lines, which name times, sets this status apart from
    /// `previous`, so that its file need not be written anew.
    pub(crate) fn says_the_same_as(&self, previous: &Self) -> bool {
        // Named one by one, so that the compiler asks about a new field.
        let Self {
            begun: _,
            took: _,
            runs: _,
            runs_total: _,
            failures_total: _,
            pid: _,
            decision: _,
            log_lines: _,
            state,
            location,
            since,
            last_ok,
            alerted,
            incident,
            fingerprint,
            first_error,
            told_errors,
            alerted_by,
            other_errors,
            older_errors,
            overdue,
            missed,
            missed_due,
            took_alerted,
            overlap_alerted,
            held,
            withheld_since,
            silence,
            acknowledged,
            quiet,
            flapping,
            host,
            exe,
            source,
            version,
            ok_version,
            every_hours,
            plan,
            channel,
            runbook,
            owner,
            alerted_channel,
            silenced_by_rule,
            facts,
            passed_over,
            cancelled,
            not_counted,
            text,
        } = self;
        *state == previous.state
            // To compare nothing with nothing costs 100 ns on some processors.
            && text.len() == previous.text.len()
            && (text.is_empty() || *text == previous.text)
            && *location == previous.location
            && *since == previous.since
            && *last_ok == previous.last_ok
            && *alerted == previous.alerted
            && *incident == previous.incident
            && *fingerprint == previous.fingerprint
            && *first_error == previous.first_error
            && *told_errors == previous.told_errors
            && *alerted_by == previous.alerted_by
            && *other_errors == previous.other_errors
            && *older_errors == previous.older_errors
            && *overdue == previous.overdue
            && *missed == previous.missed
            && *missed_due == previous.missed_due
            && *took_alerted == previous.took_alerted
            && *overlap_alerted == previous.overlap_alerted
            && *held == previous.held
            && *withheld_since == previous.withheld_since
            && *silence == previous.silence
            && *acknowledged == previous.acknowledged
            && *quiet == previous.quiet
            && *flapping == previous.flapping
            && *host == previous.host
            && *exe == previous.exe
            && *source == previous.source
            && *version == previous.version
            && *ok_version == previous.ok_version
            && *every_hours == previous.every_hours
            && *plan == previous.plan
            && *channel == previous.channel
            && *runbook == previous.runbook
            && *owner == previous.owner
            && *alerted_channel == previous.alerted_channel
            && *silenced_by_rule == previous.silenced_by_rule
            && *facts == previous.facts
            && *passed_over == previous.passed_over
            && *cancelled == previous.cancelled
            && *not_counted == previous.not_counted
    }
}

fn parse_seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.strip_suffix(" s")?.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FULL: &str = "ERROR
2026-11-22 13:00:00:123456 UTC
etl::load :: run
took: 252.118 s
since: 2026-11-22 11:00:00:000000 UTC
runs: 3
runs-total: 864
failures-total: 17
last-ok: 2026-11-22 10:00:00:000000 UTC
alerted: 2026-11-22 11:00:00:120000 UTC
alerted-by: etl.load
decision: not sent: another attempt follows (NOTIFY_ATTEMPT)
decision-code: not-sent attempt-follows
incident: 7f3a91c2
fingerprint: 0011aaff
first-error: disk full
told-errors: 0011aaff 0022aaff
other-errors: 3 sent, 2 not, last 2026-11-22 11:00:00:120000 UTC: 0011aaff 0022aaff
older-errors: 1 sent, 0 not, last 2026-11-22 11:00:00:120000 UTC: 0033aaff
overdue-alerted: 2026-11-22 11:00:00:120000 UTC
missed: 2026-11-22 12:30:00:120000 UTC
missed-due: 2026-11-22 11:30:00:000000 UTC
took-alerted: 2026-11-22 12:00:00:120000 UTC
overlap-alerted: 2026-11-22 11:30:00:120000 UTC
held: alerts-0123/0006-ab until 2026-11-22 14:00:00:000000 UTC
withheld-since: 2026-11-22 13:00:00:000000 UTC
silenced: error 0011aaff until 2026-11-23 08:00:00:000000 UTC because it is \\\\ known
acknowledged: error 0011aaff until 2026-11-23 08:00:00:000000 UTC by anna because the disk is on its way
quiet: until 2026-11-23 02:00:00:000000 UTC because the database moves
flapping: 5 changes, 4 of 9 runs failed since 2026-11-22 09:00:00:000000 UTC, told 2026-11-22 11:00:00:120000 UTC
host: worker-3
pid: 4242
exe: /opt/etl/bin/etl
source: src/load.rs:42
version: 1.4.2
ok-version: 1.4.1
every-hours: 24
schedule: 5 3 * * 1-5
timezone: Europe/Berlin
clock-changes: systemd
grace-minutes: 7.5
channel: data-alerts
runbook: https://wiki.example.com/orders
owner: team-data
alerted-channel: on-call
silenced-by-rule: not the third failure
fact.rows: 44
fact.file: orders.csv
not counted: 2026-11-22 13:30:00:000000 UTC, replaced by /usr/bin/rsync
log-lines: 2

connection refused
  caused by: no route to host

last log lines:
13:00:00.123 INFO etl::load: reading orders.csv
13:00:00.124 WARN etl::load: 2 rows are empty
";

    #[test]
    fn a_status_file_is_read_and_written_back_to_the_letter() {
        let status = Status::parse(FULL).unwrap();
        assert_eq!(status.runs, 3);
        assert_eq!(
            status.text,
            "connection refused\n  caused by: no route to host\n"
        );
        assert_eq!(status.log_lines.len(), 2);
        assert_eq!(status.render(), FULL);
    }

    #[test]
    fn a_file_of_the_articles_own_code_is_understood() {
        let file = "ERROR\n2018-08-12 09:05:01:000007 UTC\nabc :: func1\n\nTraceback (most recent call last):\nMySpecialError: omg!\n\n";
        let status = Status::parse(file).unwrap();
        assert_eq!(
            (status.state, &*status.location, status.runs),
            (State::Error, "abc :: func1", 1)
        );
        assert_eq!(status.alerted, Some(status.begun));
        assert!(status.text.starts_with("Traceback") && status.text.contains("omg!"));

        let file = "OK\n2018-08-12 09:05:01:000007 UTC\nabc :: func1\n";
        assert_eq!(Status::parse(file).unwrap().state, State::Ok);
    }

    #[test]
    fn a_damaged_file_is_no_status() {
        for file in [
            "",
            "\n",
            "OK",
            "OK\n",
            "OK\nyesterday\n",
            "FINE\n2018-08-12 09:05:01:000007 UTC\n",
            "\0\0\0",
        ] {
            assert_eq!(Status::parse(file), None, "{file:?}");
        }
    }

    #[test]
    fn unknown_keys_and_bad_values_do_not_make_a_file_unreadable() {
        let file = FULL.replace("runs: 3", "runs: many\nmood: good");
        let status = Status::parse(&file).unwrap();
        assert_eq!((status.runs, status.pid), (1, Some(4242)));
    }

    proptest! {
        #[test]
        fn any_content_can_be_read(content in any::<String>()) {
            let _ = Status::parse(&content);
        }

        #[test]
        fn whatever_follows_the_first_two_lines_the_status_is_read(rest in any::<String>()) {
            let file = format!("OK\n2018-08-12 09:05:01:000007 UTC\n{rest}");
            prop_assert_eq!(Status::parse(&file).unwrap().state, State::Ok);
        }
    }
}
