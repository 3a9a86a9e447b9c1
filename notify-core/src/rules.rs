//! The rules: which run sends an alert, and why.
//!
//! The numbered rules are the article's, to the letter; what stands around them closes its gaps.
//!
//! # One event, several jobs
//!
//! A panic, an exit or a signal goes from the innermost job outwards, and each decides in turn, by its
//! own status and settings. The first whose alert is sent, or on its way, speaks for the event on its
//! channel: the others write down that it was sent, and by whom. What is held back, silenced, or has no
//! destination speaks for nothing. A job that fails as people know already, and is silent by the rules
//! for that, speaks too, but only for a failure that the outer job's people know as well: that one does
//! not repeat it, while its reminder, a new error, and its own first failure are sent. Where the inner job no longer fails, or no longer speaks, an outer job that was reported by
//! another's alert alone counts as not sent: its next failure is sent. A
//! recovery is sent by the job that sent the failure.

pub(crate) mod decision;
pub(crate) mod flapping;
pub(crate) mod occasion;
pub(crate) mod quiet;
pub(crate) mod rule;
pub(crate) mod took;
pub(crate) mod transition;

use std::time::Duration;

use crate::format::time::{self, Time};
pub(crate) use crate::status::decision::Reason;
use crate::status::{State, Status};

/// The settings that the rules read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Settings {
    /// The same status again within this time sends nothing. 1 s.
    pub(crate) silent: Duration,
    /// `OK` again within this time sends nothing; `None` is "no `OK` at all". 0.99 h, so that an
    /// hourly job sends one each hour.
    pub(crate) ok_silent: Option<Duration>,
    /// While a job fails, a reminder is sent when the last alert is older than this and than
    /// `silent`. 0.99 h.
    pub(crate) remind: Duration,
    /// The failed run in a row that sends the alert. 1.
    pub(crate) after: u64,
    /// Whether a job whose status keeps changing is reported as flapping. Not.
    pub(crate) flapping: bool,
}

impl Settings {
    /// Returns them with those times that are given, in seconds, hours and hours.
    pub(crate) fn with_times(
        self,
        silent_seconds: Option<f64>,
        ok_silent_hours: Option<f64>,
        remind_hours: Option<f64>,
    ) -> Self {
        let or_never = |hours| time::or_never(hours, time::hours);
        Self {
            silent: silent_seconds.map_or(self.silent, time::seconds),
            ok_silent: ok_silent_hours.map_or(self.ok_silent, or_never),
            remind: remind_hours.map_or(self.remind, time::hours),
            ..self
        }
    }

    /// The longest that a failing job's alert may be withheld.
    pub(crate) fn longest_silence(&self) -> Duration {
        self.silent.max(self.remind)
    }

    /// Names its times as files hold them, in seconds; infinity is "never".
    pub(crate) fn times(&self) -> [(&'static str, f64); 3] {
        let ok_silent = self.ok_silent.as_ref().map(Duration::as_secs_f64);
        [
            ("silent", self.silent.as_secs_f64()),
            ("ok-silent", ok_silent.unwrap_or(f64::INFINITY)),
            ("remind", self.remind.as_secs_f64()),
        ]
    }

    /// Names those of its times that are not the defaults.
    pub(crate) fn times_set(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let pairs = self.times().into_iter().zip(Self::default().times());
        pairs.filter_map(|(time, default)| (time != default).then_some(time))
    }

    /// Sets the time of that name to what [`times`](Self::times) has named.
    pub(crate) fn set_time(&mut self, name: &str, seconds: f64) {
        match name {
            "silent" => self.silent = time::seconds(seconds),
            "ok-silent" => self.ok_silent = time::or_never(seconds, time::seconds),
            "remind" => self.remind = time::seconds(seconds),
            _ => {}
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            silent: Duration::from_secs(1),
            ok_silent: Some(Duration::from_secs(3564)),
            remind: Duration::from_secs(3564),
            after: 1,
            flapping: false,
        }
    }
}

/// Which attempt at the same work a run is, as an orchestrator counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) number: u64,
    pub(crate) of: u64,
}

impl Attempt {
    /// Reads `2/3`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (number, of) = text.split_once('/')?;
        let attempt = Self {
            number: number.trim().parse().ok()?,
            of: of.trim().parse().ok()?,
        };
        (1..=attempt.of)
            .contains(&attempt.number)
            .then_some(attempt)
    }

    fn is_last(self) -> bool {
        self.number >= self.of
    }
}

/// What is known of a job's earlier runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Past {
    /// There is no status file.
    Missing,
    /// There is a status file that cannot be understood.
    Unreadable,
    /// The notify directory cannot be used, so that nothing is known.
    Unknown,
    /// What the status file says.
    Known(Box<Status>),
}

impl Past {
    pub(crate) fn status(&self) -> Option<&Status> {
        match self {
            Self::Known(status) => Some(status),
            Self::Missing | Self::Unreadable | Self::Unknown => None,
        }
    }
}

/// Whether a run sends an alert, and the rule that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) send: bool,
    pub(crate) reason: Reason,
}

impl Decision {
    pub(crate) fn send(reason: Reason) -> Self {
        Self { send: true, reason }
    }

    pub(crate) fn silent(reason: Reason) -> Self {
        Self {
            send: false,
            reason,
        }
    }
}

/// Decides whether an alert is sent that a job is now in `state`.
pub(crate) fn decide(past: &Past, state: State, now: Time, settings: &Settings) -> Decision {
    let (send, silent) = (Decision::send, Decision::silent);
    let never_ok = state == State::Ok && settings.ok_silent.is_none();
    let previous = match past {
        Past::Missing | Past::Unreadable | Past::Unknown if never_ok => {
            return silent(Reason::OkNever);
        }
        Past::Unknown if state == State::Ok => return silent(Reason::NoMemory),
        Past::Missing | Past::Unknown => return send(Reason::First),
        Past::Unreadable => return send(Reason::Unreadable),
        Past::Known(previous) => previous,
    };
    if previous.state != state {
        return send(Reason::Changed);
    }
    if state == State::Error {
        match previous.alerted {
            None => return send(Reason::UnsentFailure),
            Some(alerted) if time::age(alerted, now) > settings.longest_silence() => {
                return send(Reason::Reminder);
            }
            Some(_) => {}
        }
    }
    let age = time::age(previous.begun, now);
    if age < settings.silent {
        return silent(Reason::Recent);
    }
    if state == State::Error {
        return send(Reason::StillFailing);
    }
    match settings.ok_silent {
        None => silent(Reason::OkNever),
        Some(longest) if age > longest => send(Reason::StillOk),
        Some(_) => silent(Reason::NothingNew),
    }
}

/// What may hold back an alert that is due.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that may hold it back"
)]
pub(crate) struct Situation {
    /// Whether a planned quiet is on, and this is no recovery of what was sent.
    pub(crate) is_quiet: bool,
    /// Whether a person has silenced this error.
    pub(crate) is_silenced: bool,
    /// Whether somebody is at this error.
    pub(crate) is_acknowledged: bool,
    pub(crate) attempt: Option<Attempt>,
    /// How many runs in a row have failed with this one, where its alert can wait on disk.
    pub(crate) failures: Option<u64>,
    /// Whether people know that the job fails.
    pub(crate) is_known: bool,
    /// When a held alert is sent at the latest.
    pub(crate) until: Time,
}

/// Decides whether an alert is held back, and why. Held is not dropped: it leaves at
/// `until`, unless an `OK` takes it back.
pub(crate) fn hold(situation: &Situation, now: Time, settings: &Settings) -> Option<Reason> {
    let by_people = [
        (situation.is_quiet, Reason::Quiet),
        (situation.is_silenced, Reason::Silenced),
        (situation.is_acknowledged, Reason::Acknowledged),
    ];
    if let Some((_, reason)) = by_people.into_iter().find(|(is_so, _)| *is_so) {
        return Some(reason);
    }
    // What cannot wait on disk nobody would send later.
    let failures = situation.failures?;
    if now >= situation.until {
        return None;
    }
    if situation.attempt.is_some_and(|attempt| !attempt.is_last()) {
        return Some(Reason::Attempt);
    }
    (failures < settings.after && !situation.is_known).then_some(Reason::After)
}

#[cfg(test)]
mod tests;
