use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;

use super::event::{DEFAULTS, parse_settings, render_settings};
use super::*;
use crate::format::time::Time;
use crate::rules::Settings;
use crate::status::State;
use crate::status::Status;
use crate::status::decision::Decided;
use crate::status::facts::Facts;
use crate::testing::Folder;
use std::time::Duration;

fn noon() -> Time {
    DateTime::from_timestamp(1_795_348_800, 0).unwrap()
}

fn ran(number: i64, decision: &str, alert: Option<&str>) -> Event {
    Event::Ran(Ran {
        begun: noon() + TimeDelta::minutes(number),
        state: State::Ok,
        took: Some(Duration::from_millis(1500)),
        runs: 1,
        decision: Decided::of(None, decision),
        alert: alert.map(str::to_owned),
        error: String::new(),
        last: None,
        decided: alert.map(|_| noon()),
        channel: alert.map(|_| "alerts".to_owned()),
        held: None,
        settings: Some(Settings::default()),
        facts: Facts::default(),
    })
}

fn runs(events: &[Event]) -> u64 {
    events
        .iter()
        .map(|event| match event {
            Event::Ran(ran) => ran.runs,
            Event::Answered(_) => 0,
        })
        .sum()
}

#[test]
fn of_runs_that_are_alike_the_latest_are_kept_one_by_one_and_the_earlier_are_counted() {
    let mut events: Vec<_> = (0..200)
        .map(|number| ran(number, "OK as before", None))
        .collect();
    events[100] = ran(100, "sent: the status changed", Some("a1"));
    let shortened = |events: &[Event]| -> Vec<Event> {
        let lines: Vec<_> = events.iter().map(Event::render).collect();
        let lines = shortened(lines.iter().map(String::as_str));
        let events = lines.iter().map(|line| Event::parse(line).unwrap());
        events.collect()
    };
    let Event::Ran(latest) = &mut events[99] else {
        unreachable!()
    };
    latest.took = Some(Duration::from_secs(9));
    latest.settings = Some(Settings {
        after: 3,
        ..Settings::default()
    });
    let _ = latest.facts.put("rows", "44".to_owned());
    let latest = latest.clone();
    let short = shortened(&events);
    assert_eq!((short.len(), runs(&short)), (3 + RECENT_RUNS, 200));
    // They are one line, from the first to the latest, which says how they are now.
    let counted = Event::Ran(Ran {
        begun: noon(),
        runs: 100,
        last: Some(latest.begun),
        ..latest
    });
    assert_eq!(short[0], counted);
    assert_eq!(short[3..], events[150..]);
    assert_eq!(shortened(&short), short);
}

#[test]
fn runs_are_alike_that_no_message_and_no_word_tells_apart() {
    let as_before = |change: fn(&mut Ran)| {
        let Event::Ran(mut ran) = ran(1, "not sent: as before", None) else {
            unreachable!()
        };
        ran.error = "refused after 7 s".to_owned();
        change(&mut ran);
        ran
    };
    let sent: fn(&mut Ran) = |ran| ran.alert = Some("a1".to_owned());
    let one = as_before(|_| {});
    assert!(one.is_like(&as_before(|ran| ran.error = "refused after 8 s".to_owned())));
    for change in [
        sent,
        |ran| ran.state = State::Error,
        |ran| ran.decision = Decided::of(None, "not sent: too soon"),
        |ran| ran.error = "no route".to_owned(),
    ] {
        let other = as_before(change);
        assert!(!one.is_like(&other) && !other.is_like(&one), "{other:?}");
    }
    assert!(
        !as_before(sent).is_like(&as_before(sent)),
        "each message has its line"
    );
}

/// The first failure was pushed out by the lines of a weekend.
#[test]
fn errors_that_are_alike_but_for_numbers_are_counted_and_others_are_not() {
    let failed = |number: i64| {
        let Event::Ran(ran) = ran(number, "not sent: as before", None) else {
            unreachable!()
        };
        let error = match number {
            100 => "exited with code 2: refused after 7 s".to_owned(),
            number => format!("exited with code 1: refused after {number} s"),
        };
        Event::Ran(Ran { error, ..ran }).render()
    };
    let lines: Vec<_> = (0..200).map(failed).collect();
    let short = shortened(lines.iter().map(String::as_str));
    assert_eq!(short.len(), 3 + RECENT_RUNS, "{short:#?}");
    assert!(short[0].contains("refused after 0 s"), "{}", short[0]);
}

#[test]
fn a_history_stays_small_and_its_latest_lines_are_whole() {
    let folder = Folder::new();
    let history = History::new(folder.path());
    let mut status = Status::parse("ERROR\n2026-11-22 13:00:00:123456 UTC\nx\n\nno\n").unwrap();
    for number in 0..3000 {
        status.decision = Decided::of(None, &format!("told: {number}"));
        let change = Change {
            status: Some(status.clone()),
            ..Change::default()
        };
        history.add_change("etl", &change);
    }
    let length = std::fs::metadata(history.path("etl")).unwrap().len();
    assert!(length <= MAX_BYTES, "{length}");
    let events = history.read("etl");
    let Some(Event::Ran(last)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(last.decision, Decided::of(None, "told: 2999"));
    history.rename("etl", "load").unwrap();
    assert_eq!(
        (history.read("etl").len(), history.read("load")),
        (0, events)
    );
    history.forget("load").unwrap();
    assert!(history.read("load").is_empty());
}

/// The file is anybody's, and a sum that is too large panics in a debug build.
#[test]
fn counts_that_are_too_large_for_a_sum_are_the_largest() {
    let line =
        "ran\t2026-11-22 13:00:00:123456 UTC\tERROR\t1500000\t18446744073709551615\ttold: x\t\tno";
    let short = shortened(std::iter::repeat_n(line, RECENT_RUNS + 2));
    let Some(Event::Ran(ran)) = Event::parse(&short[0]) else {
        panic!("{short:?}")
    };
    assert_eq!((short.len(), ran.runs), (1 + RECENT_RUNS, u64::MAX));
}

#[test]
fn a_line_of_an_earlier_version_can_be_read() {
    let line =
        "ran\t2026-11-22 13:00:00:123456 UTC\tERROR\t1500000\t3\ttold: it fails again\t0a1b\tno";
    let Some(Event::Ran(ran)) = Event::parse(line) else {
        panic!("{line}")
    };
    assert_eq!((ran.runs, &*ran.error), (3, "no"));
    assert_eq!((ran.last, ran.channel, ran.settings), (None, None, None));
    assert!(ran.facts.is_empty());
}

#[test]
fn settings_are_written_where_they_were_set_and_read_back() {
    let defaults = Settings::default();
    assert_eq!(render_settings(&defaults), DEFAULTS);
    let all = Settings {
        silent: Duration::from_nanos(300_000_001),
        ok_silent: None,
        remind: Duration::ZERO,
        after: 3,
        flapping: true,
    };
    for settings in [
        defaults,
        all,
        Settings {
            after: 2,
            ..defaults
        },
    ] {
        assert_eq!(parse_settings(&render_settings(&settings)), settings);
    }
    assert_eq!(parse_settings("silent=NaN after=x remind=-1 y"), defaults);
}

#[test]
fn an_alert_that_leaves_the_status_is_in_the_history_as_well() {
    let alert = crate::testing::alert_of(crate::message::alert::Kind::Overdue);
    let ran = Ran::new(&Change {
        alert: Some(Box::new(alert.clone())),
        ..Change::default()
    });
    let ran = ran.unwrap();
    assert_eq!(
        (ran.alert, ran.decided),
        (Some(alert.id), Some(alert.decided))
    );
    assert_eq!(Ran::new(&Change::default()), None);
    // A run that proves nothing is no second one of the run before it.
    let mut status = alert.status;
    let ran = |status: &Status| {
        Ran::new(&Change {
            status: Some(status.clone()),
            settings: Some(Settings::default()),
            ..Change::default()
        })
    };
    assert!(ran(&status).is_some());
    status.not_counted = Some("2026-11-22, it did not run".to_owned());
    assert_eq!(ran(&status), None);
}

proptest! {
    #[test]
    fn any_event_is_read_back_as_it_was(decision in any::<String>(), error in any::<String>(), answer in any::<String>(), fact in any::<String>()) {
        let Event::Ran(ran) = ran(1, &decision, None) else { unreachable!() };
        let mut facts = Facts::default();
        let _ = facts.put("rows", "44".to_owned());
        let _ = facts.put("file", fact);
        let facts = facts.readable();
        let ran = Event::Ran(Ran { error, facts, held: Some(noon()), last: Some(noon()), ..ran });
        prop_assert_eq!(Event::parse(&ran.render()), Some(ran));
        let answered = Event::Answered(Answered {
            at: noon(),
            alert: "a1".to_owned(),
            channel: "alerts".to_owned(),
            answer,
        });
        prop_assert_eq!(Event::parse(&answered.render()), Some(answered));
    }

    #[test]
    fn any_line_can_be_read(line in any::<String>()) {
        let _ = Event::parse(&line);
    }
}
