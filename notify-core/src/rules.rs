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
mod tests {
    use chrono::{DateTime, TimeDelta};
    use proptest::prelude::*;

    use super::*;

    fn noon() -> Time {
        DateTime::from_timestamp(1_795_348_800, 0).unwrap()
    }

    fn seconds(seconds: f64) -> TimeDelta {
        #[expect(clippy::cast_possible_truncation, reason = "test values are small")]
        TimeDelta::microseconds((seconds * 1e6).round() as i64)
    }

    /// A status of `age` seconds whose alert is `alerted` seconds old.
    fn past(state: State, age: f64, alerted: Option<f64>) -> Past {
        let begun = noon() - seconds(age);
        Past::Known(Box::new(Status {
            begun,
            since: begun,
            alerted: alerted.map(|age| noon() - seconds(age)),
            ..Status::parse(&format!("{state}\n2018-08-12 09:05:01:000007 UTC\n")).unwrap()
        }))
    }

    #[test]
    fn each_rule_decides_where_it_is_the_first_that_holds() {
        use Reason::*;
        use State::{Error, Ok};
        let defaults = Settings::default();
        let never = Settings {
            ok_silent: None,
            ..defaults
        };
        let patient = Settings {
            silent: 4 * time::HOUR,
            ..defaults
        };
        let (send, silent) = (true, false);
        let table = [
            // past, state now, settings, sent?, why
            (Past::Missing, Ok, defaults, send, First),
            (Past::Missing, Error, defaults, send, First),
            (Past::Unreadable, Ok, defaults, send, Unreadable),
            (Past::Unreadable, Error, defaults, send, Unreadable),
            (Past::Unknown, Ok, defaults, silent, NoMemory),
            (Past::Unknown, Error, defaults, send, First),
            (past(Ok, 0.1, None), Error, defaults, send, Changed),
            (past(Error, 0.1, Some(0.1)), Ok, defaults, send, Changed),
            (past(Error, 0.9, Some(0.9)), Error, defaults, silent, Recent),
            (
                past(Error, 1.0, Some(1.0)),
                Error,
                defaults,
                send,
                StillFailing,
            ),
            (past(Ok, 0.9, Some(9999.0)), Ok, defaults, silent, Recent),
            (past(Ok, 3564.0, None), Ok, defaults, silent, NothingNew),
            (past(Ok, 3564.1, None), Ok, defaults, send, StillOk),
            // a lasting silence: it fails each half second, and the last alert is an hour old
            (
                past(Error, 0.5, Some(3564.0)),
                Error,
                defaults,
                silent,
                Recent,
            ),
            (
                past(Error, 0.5, Some(3564.1)),
                Error,
                defaults,
                send,
                Reminder,
            ),
            // the larger of the two settings counts
            (
                past(Error, 0.5, Some(3.9 * 3600.0)),
                Error,
                patient,
                silent,
                Recent,
            ),
            (
                past(Error, 0.5, Some(4.1 * 3600.0)),
                Error,
                patient,
                send,
                Reminder,
            ),
            // no alert was sent
            (past(Error, 0.1, None), Error, defaults, send, UnsentFailure),
            // no OK at all, but a recovery
            (Past::Missing, Ok, never, silent, OkNever),
            (Past::Unreadable, Ok, never, silent, OkNever),
            (past(Ok, 99_999.0, None), Ok, never, silent, OkNever),
            (past(Error, 5.0, Some(5.0)), Ok, never, send, Changed),
            // clocks: a little ahead is just now, far ahead is old
            (past(Ok, -400.0, None), Ok, defaults, silent, Recent),
            (past(Ok, -4000.0, None), Ok, defaults, send, StillOk),
            (
                past(Error, -400.0, Some(-400.0)),
                Error,
                defaults,
                silent,
                Recent,
            ),
            (
                past(Error, -4000.0, Some(-4000.0)),
                Error,
                defaults,
                send,
                Reminder,
            ),
        ];
        for (past, state, settings, send, reason) in table {
            let decision = decide(&past, state, noon(), &settings);
            assert_eq!(decision, Decision { send, reason }, "{past:?} now {state}");
        }
    }

    /// Issue 13, point 6: they are lengths of time inside, and the same text in the files as before.
    #[test]
    fn times_stand_in_files_as_seconds_and_infinity_is_never() {
        let set = |name, seconds| {
            let mut settings = Settings::default();
            settings.set_time(name, seconds);
            settings
        };
        for (name, seconds, text) in [
            ("silent", 0.3, "0.3"),
            ("silent", 14_256.0, "14256"),
            ("ok-silent", 0.0, "0"),
            ("ok-silent", f64::INFINITY, "inf"),
            ("remind", 0.29 * 3600.0, "1044"),
            ("remind", f64::MAX, "18446744073709552000"),
        ] {
            let settings = set(name, seconds);
            let written: Vec<_> = settings.times_set().collect();
            let [(key, value)] = written[..] else {
                panic!("{name}={seconds}: {written:?}")
            };
            assert_eq!((key, &*value.to_string()), (name, text));
            assert_eq!(set(key, text.parse().unwrap()), settings);
        }
        assert_eq!(Settings::default().times_set().next(), None);
        assert_eq!(set("ok-silent", f64::INFINITY).ok_silent, None);
        // A number that is none, of a damaged file, is no panic.
        assert_eq!(set("remind", f64::NAN).remind, Duration::ZERO);
    }

    /// The article's five sentences (four on the alert, and "the last status file", which each run
    /// writes anew with the time at which it began), as somebody would act on them with pencil and
    /// paper.
    struct Pencil {
        last: Option<(State, u32)>,
        silent_seconds: f64,
        ok_silent_hours: f64,
    }

    impl Pencil {
        /// Times are in milliseconds.
        fn alerts(&mut self, began: u32, ended: u32, state: State) -> bool {
            let Some((previous, written)) = self.last.replace((state, began)) else {
                return true; // "If status file does not exist, alert."
            };
            if (previous == State::Ok) != (state == State::Ok) {
                return true; // "If the current status differs from the previous status, alert."
            }
            let old = f64::from(ended - written) / 1000.0;
            if state == State::Ok {
                // "If both statuses are 'OK', and the last status file is older than a specified age"
                old > self.ok_silent_hours * 60.0 * 60.0 && old >= self.silent_seconds
            } else {
                // "If both statuses are 'ERROR', and the last status file is older than a (short) age"
                old >= self.silent_seconds
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Our rules send all that the article's send; what they send beyond that is a reminder.
        #[test]
        fn over_any_history_the_article_is_followed_and_only_reminders_are_added(
            runs in prop::collection::vec((any::<bool>(), 0_u32..8_000_000, 0_u32..3_000_000), 1..60),
            silent in prop::sample::select(vec![0.0, 0.5, 1.0, 60.0, 7200.0]),
            ok_silent_hours in prop::sample::select(vec![0.0, 0.01, 0.99, 24.0]),
        ) {
            let settings = Settings {
                silent: time::seconds(silent),
                ok_silent: Some(time::hours(ok_silent_hours)),
                ..Settings::default()
            };
            let mut pencil = Pencil { last: None, silent_seconds: silent, ok_silent_hours };
            let mut past = Past::Missing;
            let at = |milliseconds: u32| noon() + TimeDelta::milliseconds(milliseconds.into());
            let mut clock = 0;
            let mut sent = 0;
            for (ok, pause, took) in runs {
                let state = if ok { State::Ok } else { State::Error };
                let began = clock + pause;
                let ended = began + took;
                clock = ended;
                let now = at(ended);
                let article = pencil.alerts(began, ended, state);
                let decision = decide(&past, state, now, &settings);
                prop_assert_eq!(decision.send, article || decision.reason == Reason::Reminder);
                if decision.send {
                    sent = ended;
                }
                if state == State::Error {
                    prop_assert!(f64::from(ended - sent) / 1e3 <= settings.longest_silence().as_secs_f64(), "a lasting silence");
                }
                past = Past::Known(Box::new(Status {
                    begun: at(began),
                    alerted: Some(at(sent)),
                    ..Status::parse(&format!("{state}\n2018-08-12 09:05:01:000007 UTC\n")).unwrap()
                }));
            }
        }
    }
}
