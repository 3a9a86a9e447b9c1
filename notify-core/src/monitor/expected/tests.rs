//! Issue 18, point 1: what is missed, and what people hear of it.

use super::*;

mod year;

fn utc(text: &str) -> Time {
    time::parse(&format!("{text}:00:000000 UTC")).unwrap()
}

fn said(schedule: &str, zone: &str) -> Said {
    Said {
        schedule: Some(schedule.to_owned()),
        timezone: Some(zone.to_owned()),
        ..Said::default()
    }
}

fn expected(schedule: &str, zone: &str) -> Expected {
    Expected::new(None, None, &said(schedule, zone))
        .unwrap()
        .unwrap()
}

#[test]
fn a_run_is_missed_at_the_end_of_its_grace_and_one_that_is_a_little_early_is_that_run() {
    // On weekdays at 03:05; Friday was the 27th. The grace is a tenth of a day.
    let weekdays = expected("5 3 * * 1-5", "Europe/Berlin");
    let missed = |begun, now| {
        weekdays
            .missed(Since::Run(utc(begun)), utc(now))
            .map(|missed| missed.due)
    };
    let friday = "2026-11-27 02:05";
    for now in ["2026-11-28 12:00", "2026-11-30 02:05", "2026-11-30 04:28"] {
        assert_eq!(missed(friday, now), None, "{now}");
    }
    let monday = utc("2026-11-30 02:05");
    assert_eq!(missed(friday, "2026-11-30 04:29"), Some(monday));
    assert_eq!(
        missed(friday, "2026-12-03 12:00"),
        Some(monday),
        "the first of them"
    );
    assert_eq!(
        missed("2026-11-30 01:56", "2026-11-30 12:00"),
        None,
        "nine minutes early"
    );
    assert_eq!(
        missed("2026-11-30 01:54", "2026-11-30 12:00"),
        Some(monday),
        "too early"
    );
    assert_eq!(missed("2026-11-30 04:00", "2026-11-30 12:00"), None, "late");
    // What runs often has less of a grace.
    let often = expected("*/10 * * * *", "UTC");
    assert_eq!(
        often.missed(Since::Run(utc("2026-11-30 02:00")), utc("2026-11-30 02:14")),
        None
    );
    assert!(
        often
            .missed(Since::Run(utc("2026-11-30 02:00")), utc("2026-11-30 02:15"))
            .is_some()
    );
}

/// Issue 18, point 1: "`status` and `page` show the next time"; a run that begins a little early may be the one that is
/// due, but nobody has begun one yet.
#[test]
fn what_is_due_in_a_minute_is_next_and_is_missed_where_the_job_never_ran() {
    let daily = expected("5 3 * * *", "UTC");
    let (now, due) = (utc("2026-11-30 03:04"), utc("2026-11-30 03:05"));
    let yesterday = Since::Run(utc("2026-11-29 03:05"));
    assert_eq!(daily.next(yesterday, now), Some(due));
    assert_eq!(daily.next(Since::Expected(now), now), Some(due));
    let tomorrow = Some(utc("2026-12-01 03:05"));
    assert_eq!(daily.next(Since::Run(now), now), tomorrow);
    assert_eq!(daily.next(yesterday, due), tomorrow);
    let missed = daily.missed(Since::Expected(now), utc("2026-11-30 12:00"));
    assert_eq!(missed.map(|missed| missed.due), Some(due));
}

#[test]
fn what_should_run_every_so_often_is_missed_as_before() {
    let hours = |hours| {
        Expected::new(None, Some(hours), &Said::default())
            .unwrap()
            .unwrap()
    };
    let begun = utc("2026-11-22 12:00");
    let late = |every, after| {
        hours(every)
            .missed(Since::Run(begun), begun + TimeDelta::hours(after))
            .is_some()
    };
    // An hour at least, so that summer time is no alarm; a tenth of what is longer.
    assert_eq!([24, 25].map(|after| late(24.0, after)), [false, false]);
    assert!(late(24.0, 27) && late(1.0, 2) && !late(1.0, 1));
    assert!(!late(100.0, 109) && late(100.0, 110));
    assert!(!late(24.0, -5), "it lies ahead of this clock");
    assert!(!late(2e6, 1_000_000));
}

#[test]
fn a_jobs_own_grace_and_clock_changes_win_and_an_option_says_another_time() {
    let plan = Plan {
        schedule: Some("0 3 * * *".to_owned()),
        timezone: Some("UTC".to_owned()),
        clock_changes: None,
        grace_minutes: Some(5.0),
    };
    let begun = utc("2026-11-29 03:00");
    let deadline = |plan: &Plan, said: &Said| {
        let expected = Expected::new(Some(plan), None, said).unwrap().unwrap();
        expected.deadline(begun).unwrap()
    };
    let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
    let lenient = Said {
        grace: minutes(600),
        ..Said::default()
    };
    assert_eq!(deadline(&plan, &lenient), utc("2026-11-30 03:05"));
    let without = Plan {
        grace_minutes: None,
        ..plan.clone()
    };
    assert_eq!(deadline(&without, &lenient), utc("2026-11-30 13:00"));
    assert_eq!(
        deadline(&without, &Said::default()),
        utc("2026-11-30 05:24")
    );
    assert_eq!(
        deadline(&plan, &said("30 3 * * *", "Europe/Berlin")),
        utc("2026-11-30 02:35")
    );
    let hourly = Said {
        every: minutes(60),
        ..Said::default()
    };
    assert_eq!(deadline(&plan, &hourly), utc("2026-11-29 04:05"));
}

#[test]
fn what_is_wrong_is_said_and_a_zone_is_never_guessed() {
    let plan = |schedule: &str, zone: Option<&str>, changes: Option<&str>| {
        let plan = Plan {
            schedule: Some(schedule.to_owned()),
            timezone: zone.map(str::to_owned),
            clock_changes: changes.map(str::to_owned),
            grace_minutes: None,
        };
        Expected::new(Some(&plan), None, &Said::default()).unwrap_err()
    };
    for (fault, words) in [
        (
            plan("5 3 * * 1-9", Some("UTC"), None),
            "column 9 (day of week `1-9`)",
        ),
        (
            plan("5 3 * * *", Some("Mars/Olympus"), None),
            "no time zone `Mars/Olympus`",
        ),
        (
            plan("5 3 * * *", None, None),
            "the time zone of the schedule `5 3 * * *` is not known",
        ),
        (
            plan("5 3 * * *", Some("UTC"), Some("at")),
            "none of cron, systemd and kubernetes",
        ),
    ] {
        assert!(fault.contains(words), "{fault}");
    }
}

#[test]
fn people_read_what_was_due_on_the_clock_of_its_zone() {
    let daily = expected("5 3 * * *", "Europe/Berlin");
    let words = |begun: Option<&str>, now| {
        let begun = begun.map(utc);
        let missed = daily
            .missed(
                begun.map_or(Since::Expected(utc("2026-11-26 12:00")), Since::Run),
                utc(now),
            )
            .unwrap();
        daily.words(begun, &missed, utc(now))
    };
    assert_eq!(
        words(Some("2026-11-26 02:05"), "2026-11-27 05:00"),
        "No run for 26 hours (last: 26 Nov 02:05 UTC). Expected 27 Nov 03:05 (Europe/Berlin), by the schedule `5 3 * * *`."
    );
    assert_eq!(
        words(None, "2026-11-28 05:00"),
        "It has never run. Expected 27 Nov 03:05 (Europe/Berlin), and once since, by the schedule `5 3 * * *`."
    );
    assert!(
        words(None, "2030-11-28 05:00")
            .contains("27 Nov 2026 03:05 (Europe/Berlin), and over 998 times since")
    );
    let every = Expected::new(None, Some(24.0), &Said::default())
        .unwrap()
        .unwrap();
    let begun = utc("2026-11-22 12:00");
    let missed = every
        .missed(Since::Run(begun), begun + TimeDelta::hours(50))
        .unwrap();
    assert_eq!(
        every.words(Some(begun), &missed, begun + TimeDelta::hours(50)),
        "No run for 2 days (last: 22 Nov 12:00 UTC). Expected every 24 hours."
    );
    for (hours, words) in [(2.5, "150 minutes"), (48.0, "2 days"), (60.0, "60 hours")] {
        let every = Expected::new(None, Some(hours), &Said::default());
        let words = format!("It has never run. Expected every {words}.");
        let every = every.unwrap().unwrap();
        assert_eq!(every.words(None, &missed, begun), words, "{hours} hours");
    }
}

#[test]
fn a_missed_run_is_sent_once_and_the_next_one_too_but_not_within_the_silence() {
    let silent = TimeDelta::minutes(60);
    let daily = expected("0 3 * * *", "UTC");
    let job = |sent: Option<&str>| Watched {
        since: Since::Run(utc("2026-11-01 03:00")),
        sent: sent.map(utc),
    };
    let is_sent = |expected: &Expected, sent, now, set| {
        expected
            .to_send(&job(sent), utc(now), set, silent)
            .is_some()
    };
    assert!(is_sent(&daily, None, "2026-11-02 06:00", None));
    assert!(!is_sent(
        &daily,
        Some("2026-11-02 06:00"),
        "2026-11-03 05:00",
        None
    ));
    assert!(is_sent(
        &daily,
        Some("2026-11-02 06:00"),
        "2026-11-03 06:00",
        None
    ));
    assert!(
        is_sent(&daily, Some("2026-10-31 06:00"), "2026-11-02 06:00", None),
        "of before its last run"
    );
    assert!(
        !is_sent(&daily, Some("2026-11-03 05:24"), "2026-11-03 03:30", None),
        "the clock was set back by two hours"
    );
    let often = expected("*/5 * * * *", "UTC");
    assert!(is_sent(&often, None, "2026-11-01 03:08", None));
    assert!(!is_sent(
        &often,
        Some("2026-11-01 03:08"),
        "2026-11-01 04:00",
        None
    ));
    assert!(is_sent(
        &often,
        Some("2026-11-01 03:08"),
        "2026-11-01 04:08",
        None
    ));
}

/// A job without a schedule was heard of once, however long it did not run.
#[test]
fn what_should_run_every_so_often_is_sent_again_while_it_does_not() {
    let is_sent = |hours: f64, sent: Option<&str>, now: &str| {
        let expected = Expected::new(None, Some(hours), &Said::default());
        let job = Watched {
            since: Since::Run(utc("2026-11-01 03:00")),
            sent: sent.map(utc),
        };
        let hour = TimeDelta::minutes(60);
        let expected = expected.unwrap().unwrap();
        expected.to_send(&job, utc(now), None, hour).is_some()
    };
    let first = Some("2026-11-02 05:25");
    assert!(is_sent(24.0, None, "2026-11-02 05:25"));
    assert!(!is_sent(24.0, first, "2026-11-03 05:23"));
    assert!(is_sent(24.0, first, "2026-11-03 05:24"));
    assert!(is_sent(24.0, first, "2026-12-24 12:00"));
    assert!(!is_sent(0.1, first, "2026-11-02 06:24"));
    assert!(is_sent(0.1, first, "2026-11-02 06:25"));
}

#[test]
fn a_clock_that_was_set_gives_the_scheduler_the_grace_to_make_up_for_what_it_skipped() {
    let daily = expected("0 3 * * *", "UTC");
    let to_send = |begun, now, set| {
        let job = Watched {
            since: Since::Run(utc(begun)),
            sent: None,
        };
        daily
            .to_send(&job, utc(now), Some(utc(set)), TimeDelta::zero())
            .is_some()
    };
    // Set from 01:00 to 09:00, over 03:00 and its grace.
    assert!(!to_send(
        "2026-11-01 03:00", "2026-11-02 09:01", "2026-11-02 09:00"
    ));
    assert!(to_send(
        "2026-11-01 03:00", "2026-11-02 11:24", "2026-11-02 09:00"
    ));
}
