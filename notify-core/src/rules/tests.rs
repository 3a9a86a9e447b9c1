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
