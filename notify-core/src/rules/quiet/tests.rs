use proptest::prelude::*;

use super::*;
use crate::format::time;

fn at(text: &str) -> Time {
    time::parse(&format!("{text}:00:000000 UTC")).unwrap()
}

fn zones(name: &str) -> Option<String> {
    (name == "Europe/Berlin").then(|| "CET-1CEST,M3.5.0,M10.5.0/3".to_owned())
}

fn window(line: &str) -> Window {
    Window::parse(line, zones).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// Issue 18, point 3.
#[test]
fn a_window_is_open_from_its_beginning_until_just_before_its_end() {
    let once = "etl.* from 2026-11-28T22:00Z for 4h because the database moves";
    let daily = "* from 2026-10-20T22:00 for 8h repeat daily zone Europe/Berlin";
    let weekly = "* from 2026-10-17T22:00 for 4h repeat weekly zone Europe/Berlin";
    let all_day = "* from 2026-11-28T22:00Z for 24h repeat daily";
    for (line, now, until) in [
        (once, "2026-11-28 21:59", None),
        (once, "2026-11-28 22:00", Some("2026-11-29 02:00")),
        (once, "2026-11-29 01:59", Some("2026-11-29 02:00")),
        (once, "2026-11-29 02:00", None),
        (once, "2026-12-05 22:00", None),
        // Summer time until 25 October at 03:00: 22:00 is 20:00, and 21:00 after it.
        (weekly, "2026-10-10 20:30", None),
        (weekly, "2026-10-17 20:00", Some("2026-10-18 00:00")),
        (weekly, "2026-10-18 20:00", None),
        (weekly, "2026-10-24 20:00", Some("2026-10-25 00:00")),
        (weekly, "2026-10-31 20:59", None),
        (weekly, "2026-10-31 21:00", Some("2026-11-01 01:00")),
        (weekly, "2036-03-22 23:00", Some("2036-03-23 01:00")),
        (weekly, "2036-03-29 23:00", Some("2036-03-30 01:00")),
        (weekly, "2036-04-05 23:59", Some("2036-04-06 00:00")),
        (daily, "2026-10-19 20:00", None),
        (daily, "2026-10-24 20:00", Some("2026-10-25 04:00")),
        (daily, "2026-10-25 04:00", None),
        (daily, "2026-10-25 21:00", Some("2026-10-26 05:00")),
        (all_day, "2026-11-30 21:59", Some("2026-11-30 22:00")),
        (all_day, "2026-11-30 22:00", Some("2026-12-01 22:00")),
    ] {
        assert_eq!(
            window(line).open_until(at(now)),
            until.map(at),
            "{line}: {now}"
        );
    }
    let next = window(weekly).next(at("2026-10-26 12:00"));
    assert_eq!(next, Some((at("2026-10-31 21:00"), at("2026-11-01 01:00"))));
    assert_eq!(
        window(weekly).next(at("2020-01-01 00:00")).unwrap().0,
        at("2026-10-17 20:00")
    );
    assert_eq!(window(once).next(at("2026-11-29 02:00")), None);
}

#[test]
fn of_several_windows_that_are_open_the_one_that_ends_last_counts() {
    let windows = [
        "etl.* from 2026-11-28T22:00Z for 4h because one",
        "etl.load from 2026-11-28T22:00Z for 6h because two",
        "web.* from 2026-11-28T22:00Z for 9h because three",
    ]
    .map(window);
    let why = |job| of(&windows, job, at("2026-11-28 23:00")).and_then(|quiet| quiet.because);
    assert_eq!(why("etl.load").as_deref(), Some("two"));
    assert_eq!(why("etl.other").as_deref(), Some("one"));
    assert_eq!(why("etl"), None);
}

/// Issue 18, point 3: a malformed line is a warning.
#[test]
fn a_line_that_is_no_window_says_what_is_wrong_and_what_to_write() {
    for (line, says) in [
        ("", "PATTERN from TIME for LENGTH"),
        ("etl.*", "PATTERN from TIME for LENGTH"),
        (" from 2026-11-28T22:00 for 4h", "the pattern is missing"),
        ("etl.* from tomorrow for 4h", "`tomorrow` is no time"),
        (
            "etl.* from 2026-11-28 22:00 for 4h",
            "`2026-11-28` is no time",
        ),
        ("etl.* from 2026-11-31T22:00 for 4h", "is no time"),
        ("etl.* from 2026-11-28T22:00", "no length"),
        (
            "etl.* from 2026-11-28T22:00 for 1h for 2h",
            "`for` is said twice",
        ),
        ("etl.* from 2026-11-28T22:00 for 0s", "no length"),
        (
            "etl.* from 2026-11-28T22:00 for ever",
            "`ever` is not a length of time",
        ),
        (
            "etl.* from 2026-11-28T22:00 for 4h repeat hourly",
            "daily or weekly",
        ),
        (
            "etl.* from 2026-11-28T22:00 for 25h repeat daily",
            "24h at most",
        ),
        (
            "etl.* from 2026-11-28T22:00 for 2d repeat weekly",
            "24h at most",
        ),
        (
            "etl.* from 2026-11-28T22:00 for 4h zone Mars/Olympus",
            "no time zone",
        ),
        (
            "etl.* from 2026-11-28T22:00Z for 4h zone Europe/Berlin",
            "leave out `zone`",
        ),
        (
            "etl.* from 2026-11-28T22:00 for 4h until 8",
            "`until` is no word",
        ),
    ] {
        let error = Window::parse(line, zones).expect_err(line);
        assert!(error.contains(says), "{line}: {error}");
    }
    let offset = window("a b from 2026-11-28T22:00:30+01:00 for 1d12h by anna");
    assert_eq!(
        offset.open_until(at("2026-11-30 09:00")),
        Some(at("2026-11-30 09:00") + TimeDelta::seconds(30))
    );
    assert!(offset.names("a b") && offset.by.as_deref() == Some("anna"));
    assert!(window("etl.*\tfrom 2026-11-28T22:00\tfor 4h").names("etl.load"));
    // Issue 18, point 3: seconds go without saying there, too.
    for from in ["22:00+01:00", "21:00Z", "21:00:00+00:00", "15:30-05:30"] {
        let window = window(&format!("etl.* from 2026-11-28T{from} for 4h"));
        assert_eq!(
            window.open_until(at("2026-11-28 21:00")),
            Some(at("2026-11-29 01:00")),
            "{from}"
        );
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        jobs in "[a-z*.%@ -]{0,8}[a-z*]",
        seconds in 1..86_400u64,
        from in 0..4_000_000_000i64,
        repeat in proptest::option::of(prop_oneof![Just(Repeat::Daily), Just(Repeat::Weekly)]),
        zone in prop_oneof![Just(""), Just("Europe/Berlin"), Just("EST5EDT,M3.2.0,M11.1.0")],
        by in proptest::option::of("[a-z]{1,5}( [a-z0-9]{1,5})?"),
        because in proptest::option::of("\\PC{0,20}[a-z\n]b"),
    ) {
        prop_assume!(!jobs.trim().is_empty() && !jobs.contains(" from "));
        let rule = zones(zone).unwrap_or_else(|| zone.to_owned());
        let window = Window {
            jobs: jobs.trim().to_owned(),
            from: DateTime::from_timestamp(from, 0).unwrap().naive_utc(),
            length: Duration::from_secs(seconds),
            repeat,
            zone_name: zone.to_owned(),
            zone: Zone::parse(&rule).unwrap_or(Zone::UTC),
            by,
            because: because.map(|why| why.trim().to_owned()),
        };
        let line = window.to_string();
        prop_assert_eq!(line.lines().count(), 1);
        prop_assert_eq!(Window::parse(&line, zones), Ok(window), "{}", line);
    }

    #[test]
    fn no_text_and_no_time_is_a_panic(line in "(\\PC{0,10} from [0-9]{4}-[0-9]{2}-[0-9]{2}T22:00 for [0-9]{1,9}[smhdw] ?(repeat (daily|weekly))?|\\PC{0,40})", seconds in any::<i32>()) {
        if let Ok(window) = Window::parse(&line, zones) {
            let now = DateTime::from_timestamp(i64::from(seconds) * 4, 0).unwrap();
            let until = window.open_until(now);
            prop_assert!(until.is_none_or(|until| until > now));
            prop_assert!(window.next(now).is_none_or(|(from, to)| to > now && from < to));
        }
    }
}
