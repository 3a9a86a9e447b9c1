//! Issue 18, point 1: what is due when, beside what real schedulers do.

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;

/// What Debian's cron, systemd and the cron library of Kubernetes really did; `tests/schedules.sh` runs them.
const OBSERVED: &str = include_str!("../../../../tests/schedules/observed.tsv");

fn cron(line: &str, zone: &str) -> Schedule {
    Schedule::new(line, zone, ClockChanges::Cron).unwrap()
}

fn utc(text: &str) -> Time {
    time::parse(&format!("{text}:00:000000 UTC")).unwrap()
}

/// All times from one to before another; the same twice where it is due twice.
fn all(schedule: &Schedule, from: Time, to: Time) -> Vec<Time> {
    let first = schedule.local(from).date_naive().pred_opt().unwrap();
    // Two days touch four where an hour is left out of them.
    let days = first.iter_days().take(5);
    let mut times: Vec<_> = days.flat_map(|date| schedule.on(date)).collect();
    times.retain(|time| (from..to).contains(time));
    times.sort_unstable();
    times
}

#[test]
fn what_is_due_when_clocks_change_is_what_the_real_scheduler_does() {
    let mut wrong = Vec::new();
    let mut lines = 0;
    for row in OBSERVED.lines().skip(1) {
        let [zone, day, line, by_cron, by_systemd, by_kubernetes] =
            *row.split('\t').collect::<Vec<_>>()
        else {
            panic!("{row}");
        };
        lines += 1;
        let zone_of: Tz = zone.parse().unwrap();
        let day: NaiveDate = day.parse().unwrap();
        let at = |hour| {
            let local = day.and_hms_opt(hour, 0, 0).unwrap();
            zone_of.from_local_datetime(&local).unwrap().to_utc()
        };
        for (changes, observed) in [
            (ClockChanges::Cron, by_cron),
            (ClockChanges::Systemd, by_systemd),
            (ClockChanges::Kubernetes, by_kubernetes),
        ] {
            // Its library counts whole hours where clocks change by half of one, and has both days in `*/2`
            // fit as either: `docs/schedules.md` says so.
            let is_other = zone == "Australia/Lord_Howe"
                || line.ends_with("25 * */2")
                || observed == "refused";
            if changes == ClockChanges::Kubernetes && is_other {
                continue;
            }
            let schedule = Schedule::new(line, zone, changes).unwrap();
            let expected = all(&schedule, at(0), at(5));
            let mut expected: Vec<_> = expected
                .iter()
                .map(|time| time.format("%H:%M").to_string())
                .collect();
            if changes != ClockChanges::Cron {
                expected.dedup();
            }
            let expected = expected.join(" ");
            if expected != observed {
                wrong.push(format!(
                    "{changes:?} {zone} {day} {line}:\n   ours {expected}\n   real {observed}"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n{} wrong",
        wrong.join("\n"),
        wrong.len()
    );
    assert!(lines >= 40 * 6, "{lines}");
}

/// The table of the docs has each line of each day, and a letter beside each difference, which the docs explain.
#[test]
fn each_difference_in_the_table_of_the_docs_is_explained() {
    let table = include_str!("../../../../docs/schedules-table.md");
    let docs = include_str!("../../../../docs/schedules.md");
    let mut rows = 0;
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, _, cron, systemd, kubernetes, letters, _] = *cells else {
            panic!("{row}");
        };
        rows += 1;
        let differ = cron != systemd || cron != kubernetes;
        assert_eq!(differ, !letters.is_empty(), "{row}");
        for letter in letters.split_whitespace() {
            assert!(docs.contains(&format!("- **{letter}**: ")), "{row}");
        }
    }
    assert_eq!(rows, OBSERVED.lines().count() - 1);
    assert!(rows >= 40 * 6, "{rows}");
}

/// What `crontab -n` of Debian's cron says of each line: taken (t) or refused (r); and what is said here.
#[test]
fn what_cron_refuses_and_what_it_never_runs_is_refused_with_the_place_and_a_word() {
    for (line, column, word) in [
        (
            "* * 0 * *",
            "column 5 (day of month `0`)",
            "goes from 1 to 31",
        ),
        ("60 * * * *", "column 1 (minute `60`)", "goes from 0 to 59"),
        ("5 24 * * *", "column 3 (hour `24`)", "goes from 0 to 23"),
        ("5 3 * 13 *", "column 7 (month `13`)", "from `jan` to `dec`"),
        (
            "5 3 * * 1-8",
            "column 9 (day of week `1-8`)",
            "goes from 0 to 7, or by name from `sun` to `sat`",
        ),
        (
            "5 3 * * 1,2,monday",
            "column 13 (day of week `monday`)",
            "by name from `sun`",
        ),
        (
            "5 3 L * *",
            "column 5 (day of month `L`)",
            "cron has no `L`",
        ),
        ("5 3 LW * *", "", "cron has no `L`"),
        ("5 3 15W * *", "column 5", "cron has no `W`"),
        ("5 3 * * 5L", "column 9", "cron has no `L`"),
        (
            "5 3 * * 5#3",
            "column 9",
            "cron reads `5#3` as `5`, which is each Friday, and passes over the rest: write `5`",
        ),
        ("5 3 ? * *", "column 5", "cron has no `?`: write `*`"),
        ("H 3 * * *", "column 1", "cron has no `H`"),
        ("5/15 * * * *", "column 1", "write `5-59/15`"),
        ("1,5/15 * * * *", "column 3", "write `5-59/15`"),
        ("*/0 * * * *", "", "a step is a number from 1"),
        ("1-5/ * * * *", "", "a step is a number from 1"),
        ("1-5/2x * * * *", "", "a step is a number from 1"),
        (
            "5, * * * *",
            "column 3",
            "a comma stands between two numbers",
        ),
        ("5,,6 * * * *", "", "a comma stands between two numbers"),
        (
            "5 22-2 * * *",
            "column 3",
            "cron takes `22-2`, and it is never due: write `22-23,0-2`",
        ),
        ("5 3 * * fri-sun", "column 9", "never due: write `5-6,0`"),
        ("5 3 * * 5-1", "", "write `5-6,0-1`"),
        ("5 3 * nov-feb *", "", "write `11-12,1-2`"),
        (
            "5 3 31 2 *",
            "`5 3 31 2 *`",
            "never due: no such month has that day",
        ),
        ("5 3 31 2,4,6,9,11 *", "", "never due"),
        ("5 3 30 2 */2", "", "never due"),
        ("*5 * * * *", "", "cron reads `*5` as `*`"),
        ("1.5 * * * *", "", "cron reads `1.5` as `1`"),
        ("1-2-3 * * * *", "", "cron reads `1-2-3` as `1-2`"),
        ("1~5 * * * *", "", "cron reads `1~5` as `1`"),
        ("4294967296 * * * *", "", "goes from 0 to 59"),
        ("-5 * * * *", "", "goes from 0 to 59"),
        ("é * * * *", "column 1 (minute `é`)", "goes from 0 to 59"),
        ("", "``", "write five fields"),
        ("5 3 * *", "", "it has 4 of five fields"),
        (
            "0 5 3 * * 1-5",
            "",
            "it has 6 fields, and cron has five, from the minute on: there are no seconds",
        ),
        ("@reboot", "", "no time at which a job is due"),
        ("@Daily", "", "cron knows `@yearly`"),
        ("@every 5m", "", "cron knows `@yearly`"),
    ] {
        let fault = Line::parse(line).expect_err(line).to_string();
        assert!(
            fault.contains(column) && fault.contains(word),
            "{line}: {fault}"
        );
    }
}

#[test]
fn what_cron_takes_is_taken() {
    let from = utc("2026-11-28 12:00");
    for (line, next) in [
        ("5 3 * * 1-5", "2026-11-30 03:05"),
        ("05 003 * * *", "2026-11-29 03:05"),
        ("\t5  3 *\t* * ", "2026-11-29 03:05"),
        ("5 3 * * 7", "2026-11-29 03:05"),
        ("5 3 * * SUN", "2026-11-29 03:05"),
        ("5 3 * * 1", "2026-11-30 03:05"),
        ("5 3 * * fri-7", "2026-11-29 03:05"),
        ("5 3 * * sun-tue", "2026-11-29 03:05"),
        ("5 3 1 Jan-mar *", "2027-01-01 03:05"),
        ("*,5 * * * *", "2026-11-28 12:01"),
        ("5,* * * * *", "2026-11-28 12:01"),
        ("*/90 * * * *", "2026-11-28 13:00"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("0 0 29 2 */7", "2032-02-29 00:00"),
        // Either of two days, but both where one begins with `*`.
        ("0 0 1 * 1", "2026-11-30 00:00"),
        ("0 0 */10 * 1", "2026-12-21 00:00"),
        ("0 0 1 * */3", "2027-05-01 00:00"),
        ("@hourly", "2026-11-28 13:00"),
        ("@daily", "2026-11-29 00:00"),
        ("@midnight", "2026-11-29 00:00"),
        ("@weekly", "2026-11-29 00:00"),
        ("@monthly", "2026-12-01 00:00"),
        ("@yearly", "2027-01-01 00:00"),
        (" @annually ", "2027-01-01 00:00"),
    ] {
        assert_eq!(cron(line, "UTC").next(from), Some(utc(next)), "{line}");
    }
}

#[test]
fn what_cron_reads_otherwise_than_people_mean_is_said() {
    for (line, remark) in [
        (
            "*/90 * * * *",
            "`*/90` counts anew with each hour: after minute 0 it is due at 0",
        ),
        ("*/7 * * * *", "after minute 56 it is due at 0"),
        (
            "0 */5 * * *",
            "`*/5` counts anew with each day: after hour 20 it is due at 0",
        ),
        (
            "0 3 1 * 1",
            "on each day of month `1`, and on each day of week `1`, too",
        ),
        ("0 3 */2 * 1", "both day of month `*/2` and day of week `1`"),
    ] {
        let schedule = cron(line, "UTC");
        let said = schedule.remarks().join("; ");
        assert!(said.contains(remark), "{line}: {said}");
    }
    for line in [
        "*/15 * * * *", "0 */6 * * *", "5 3 * * 1-5", "5 3 1 * *", "0 0 * * */2", "@weekly",
    ] {
        assert!(cron(line, "UTC").remarks().is_empty(), "{line}");
    }
}

#[test]
fn clocks_that_change_at_midnight_by_half_an_hour_or_by_a_day_are_known() {
    let next = |line, zone, from| cron(line, zone).next(utc(from)).unwrap();
    // Cairo leaves out midnight.
    assert_eq!(
        next("0 0 * * *", "Africa/Cairo", "2026-04-23 12:00"),
        utc("2026-04-23 22:00")
    );
    assert_eq!(
        next("@daily", "Africa/Cairo", "2026-04-23 22:00"),
        utc("2026-04-24 21:00")
    );
    // Lord Howe leaves out half an hour.
    assert_eq!(
        next("15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00"),
        utc("2026-10-03 15:30")
    );
    // Samoa left out the 30th of December: cron takes that for a clock that was set.
    assert_eq!(
        next("0 12 30 * *", "Pacific/Apia", "2011-12-28 00:00"),
        utc("2012-01-29 22:00")
    );
    assert_eq!(
        next("0 12 * * *", "Pacific/Apia", "2011-12-29 23:00"),
        utc("2011-12-30 22:00")
    );
}

#[test]
fn a_time_zone_that_is_not_there_is_named() {
    let fault = Schedule::new("5 3 * * *", "Europe/Berln", ClockChanges::Cron).unwrap_err();
    assert!(fault.contains("no time zone `Europe/Berln`"), "{fault}");
}

#[test]
fn the_grace_is_an_hour_and_less_where_runs_follow_one_another_sooner() {
    let minutes = |line| {
        let schedule = cron(line, "UTC");
        let due = schedule.next(utc("2026-11-24 12:00")).unwrap();
        schedule.grace(due).as_secs() / 60
    };
    assert_eq!(minutes("*/10 * * * *"), 5);
    assert_eq!(minutes("0 * * * *"), 30);
    assert_eq!(minutes("0 */6 * * *"), 60);
    assert_eq!(minutes("5 3 * * *"), 144);
    // On Monday as on Tuesday, though Friday is three days before.
    assert_eq!(minutes("5 3 * * 1-5"), 144);
    assert_eq!(minutes("5 3 1 * *"), 30 * 144);
}

proptest! {
    #[test]
    fn any_text_is_a_line_or_a_fault_with_its_place(text in "[ -~]{0,20}|([0-9*/,#LW?a-z-]{1,6} ){4,6}|\\PC{0,12}") {
        match Schedule::new(&text, "Europe/Berlin", ClockChanges::Cron) {
            Ok(schedule) => {
                let now = utc("2026-11-28 12:00");
                prop_assert!(schedule.next(now).is_some_and(|next| next > now));
                prop_assert!(schedule.latest(now).is_some_and(|last| last <= now));
            }
            Err(fault) => prop_assert!(fault.contains(": "), "{}", fault),
        }
    }

    #[test]
    fn the_next_and_the_latest_time_are_those_of_the_whole_list(
        number in 0..49usize,
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Nuuk"]),
        minutes in 0..527_040i64,
        changes in prop::sample::select(ClockChanges::ALL.to_vec()),
    ) {
        let lines = include_str!("../../../../tests/schedules/lines.tsv");
        let line = lines.lines().nth(number).unwrap().split('\t').next().unwrap();
        let schedule = Schedule::new(line, zone, changes).unwrap();
        let now = DateTime::from_timestamp(1_767_225_600 + 60 * minutes, 0).unwrap();
        let near = all(&schedule, now - TimeDelta::days(1), now + TimeDelta::days(1));
        let next = near.iter().copied().find(|time| *time > now);
        let latest = near.iter().copied().rfind(|time| *time <= now);
        let (is_next, is_latest) = (schedule.next(now).unwrap(), schedule.latest(now).unwrap());
        prop_assert!(next.is_none_or(|next| next == is_next) && is_next > now);
        prop_assert!(latest.is_none_or(|latest| latest == is_latest) && is_latest <= now);
        prop_assert!(next.is_some() || is_next >= now + TimeDelta::days(1));
        prop_assert!(latest.is_some() || is_latest < now - TimeDelta::days(1));
    }
}
