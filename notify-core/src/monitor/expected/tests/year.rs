//! A year of a hundred scheduled jobs on hosts whose clocks jump, with the clock in the test's hand: each missed run is
//! sent, once, and nothing else is.
//!
//! What is due, what cron starts and what is missed is worked out here anew, and shares nothing with what is tested:
//! the days by rules written out, cron by the loop of Debian's, and a missed run as docs/schedules.md has it.

use std::collections::BTreeSet;
use std::ops::Range;

use chrono::{Datelike as _, NaiveDate};
use chrono_tz::Tz;

use self::host::Host;
use super::*;
use crate::monitor::watcher::clock::{Clock, SetBack};

mod host;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// As a watch looks, in seconds.
const LOOK: i64 = 60;

/// A line of a crontab, and what it means.
struct Line {
    text: &'static str,
    /// How many of the hundred jobs have it.
    jobs: u64,
    is_fixed: bool,
    is_due_on: fn(NaiveDate) -> bool,
    /// The minutes of a day.
    minutes: fn() -> Vec<i64>,
}

fn weekday(date: NaiveDate) -> u32 {
    date.weekday().num_days_from_sunday()
}

fn lines() -> [Line; 11] {
    let line = |text, jobs, is_due_on, minutes| Line {
        text,
        jobs,
        is_fixed: true,
        is_due_on,
        minutes,
    };
    let always: fn(NaiveDate) -> bool = |_| true;
    let on_weekdays: fn(NaiveDate) -> bool = |date| (1..=5).contains(&weekday(date));
    let wild = |line| Line {
        is_fixed: false,
        ..line
    };
    [
        line("5 3 * * 1-5", 20, on_weekdays, || vec![185]),
        line("30 2 * * *", 20, always, || vec![150]),
        wild(line("0 */6 * * *", 10, always, || vec![0, 360, 720, 1080])),
        line("@daily", 12, always, || vec![0]),
        line("0 22 * * sun", 8, |date| weekday(date) == 0, || vec![1320]),
        line("0 4 1 * *", 8, |date| date.day() == 1, || vec![240]),
        line("15 1,13 * * *", 8, always, || vec![75, 795]),
        line(
            "30 1 1-7 * 1",
            9,
            |date| date.day() <= 7 || weekday(date) == 1,
            || vec![90],
        ),
        wild(line("0 * * * *", 1, always, || {
            (0..24).map(|hour| hour * 60).collect()
        })),
        wild(line("*/30 6-8 * * 1-5", 2, on_weekdays, || {
            (12..18).map(|half| half * 30).collect()
        })),
        line("@yearly", 2, |date| date.ordinal() == 1, || vec![0]),
    ]
}

const ZONES: [Tz; 5] = [
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::Australia__Lord_Howe,
    Tz::UTC,
    Tz::Africa__Cairo,
];

/// A generator of numbers, the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).cast_signed() % sides.max(1)
    }
}

fn utc_of(seconds: i64) -> Time {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// A time at which a job is due, in seconds of a clock that is never set.
#[derive(Debug, Clone, Copy)]
struct Due {
    at: i64,
    grace: i64,
    early: i64,
}

fn dues(line: &Line, zone: Tz, wall: &[i64], minutes: &Range<i64>) -> Vec<Due> {
    let host = Host::new(zone, minutes.clone(), &[]);
    let mut starts = host.starts(wall, line.is_fixed);
    starts.dedup();
    let around = starts.windows(3);
    around
        .map(|around| {
            let pause = (around[1] - around[0]).min(around[2] - around[1]) * MINUTE;
            Due {
                at: around[1] * MINUTE,
                grace: (pause / 10).max(HOUR.min(pause / 2)),
                early: (10 * MINUTE).min(pause / 4),
            }
        })
        .collect()
}

/// What becomes of what cron starts: when a run begins, in seconds that pass.
fn runs(starts: &[i64], dues: &[Due], host: &Host, dice: &mut Dice) -> BTreeSet<i64> {
    let mut runs = BTreeSet::new();
    let mut fails_to_start = 0;
    for start in starts.iter().map(|minute| minute * MINUTE) {
        if fails_to_start > 0 {
            fails_to_start -= 1;
            continue;
        }
        let shown = host.shows(start);
        let number = dues.partition_point(|due| due.at <= shown);
        let due = dues[number.saturating_sub(1)];
        let pause = dues.get(number).map_or(DAY, |next| next.at - due.at);
        match dice.roll(40) {
            // Once, or for a while.
            0 => fails_to_start = [0, 0, 3, 11][usize::try_from(dice.roll(4)).unwrap()],
            // Later than the grace allows, and before the next.
            1 => {
                let room = pause - due.grace - due.early - 4 * LOOK;
                runs.insert(start + due.grace + 2 * LOOK + dice.roll(room));
            }
            // Late, within the grace.
            2..8 => {
                runs.insert(start + dice.roll(due.grace - 1));
            }
            // Early.
            8 => {
                runs.insert(start - dice.roll(due.early - 1));
            }
            // Twice.
            9 => runs.extend([start, start + 30]),
            _ => {
                runs.insert(start + dice.roll(2));
            }
        }
    }
    runs
}

/// A missed run, and when that is to be sent.
#[derive(Debug)]
struct MissedRun {
    due: Due,
    sent_by: i64,
}

/// Works out what is missed: a time that a host's clock shows, or jumps over, without a run from a little before until
/// the end of the grace, which begins anew where the clock is set. What the clock shows again is due again only where it
/// was set back by three hours or more: cron then begins anew.
fn missed(dues: &[Due], runs: &[Run], jumps: &[(i64, i64)], host: &Host) -> Vec<MissedRun> {
    let anew: Vec<_> = jumps
        .iter()
        .filter(|(_, by)| *by <= -180)
        .map(|(at, _)| at * MINUTE)
        .collect();
    let over = |due: &Due, from: i64| {
        let mut over = host.reaches(due.at + due.grace, from)?;
        loop {
            let set = jumps.iter().map(|(at, _)| at * MINUTE);
            let set = set.take_while(|set| *set <= over).last();
            let later = set.map_or(over, |set| over.max(set + due.grace));
            let later = host.reaches(due.at + due.grace, later)?;
            if later == over {
                return Some(over);
            }
            over = later;
        }
    };
    let ran = |due: &Due, from: i64, over: i64| {
        let number = runs.partition_point(|run| run.at < from);
        let of_time = runs[number..].iter().take_while(|run| run.at <= over);
        let mut shown = of_time.map(|run| run.shown);
        shown.any(|shown| shown >= due.at - due.early)
    };
    let mut missed = Vec::new();
    for due in dues {
        let is_shown_again = |at: &i64| host.shows(*at) < due.at;
        let mut froms: Vec<_> = anew.iter().copied().filter(is_shown_again).collect();
        froms.insert(0, i64::MIN);
        for (number, from) in froms.iter().enumerate() {
            let next = froms.get(number + 1).copied().unwrap_or(i64::MAX);
            let first = host.reaches(due.at - due.early, *from);
            let (Some(first), Some(over)) = (first, over(due, *from)) else {
                continue;
            };
            if over < next && !ran(due, first, over) {
                missed.push(MissedRun {
                    due: *due,
                    sent_by: over,
                });
            }
        }
    }
    missed
}

/// A run: when it begins by a clock that is never set, and by that of its host.
#[derive(Debug, Clone, Copy)]
struct Run {
    at: i64,
    shown: i64,
}

/// What is sent, and when.
#[derive(Debug)]
struct Sent {
    at: i64,
    shown: Time,
    missed: Missed,
}

/// Watches a job with the looks that may matter.
fn watch(expected: &Expected, runs: &[Run], looks: &BTreeSet<i64>, host: &Host) -> Vec<Sent> {
    let mut sent: Vec<Sent> = Vec::new();
    let (mut clock, mut set_back) = (Clock::default(), SetBack::default());
    let from = utc_of(host.shows(*looks.first().unwrap()));
    // Nothing begins or is sent twice in the same microsecond.
    let micros = |number: usize| TimeDelta::microseconds(i64::try_from(number).unwrap());
    for (look, now) in looks.iter().copied().enumerate() {
        let shown = utc_of(host.shows(now)) + micros(look);
        let set_by = clock.look(shown, Duration::from_secs(now.unsigned_abs()));
        let number = runs.partition_point(|run| run.at <= now);
        let latest = number.checked_sub(1).map(|number| runs[number]);
        let last = sent.last().map(|sent| (sent.at, sent.shown));
        // The end of a run forgets it.
        let last = last.filter(|(at, _)| latest.is_none_or(|run| run.at <= *at));
        let begun = latest.map_or(from, |run| utc_of(run.shown) + micros(number));
        let last = last.map(|(_, shown)| shown);
        set_back.note(set_by, shown, [("etl.load", begun, last)].into_iter());
        let (since, last) = set_back.of("etl.load", begun, last);
        let job = Watched { since, sent: last };
        let missed = expected.to_send(&job, shown, clock.was_set(), TimeDelta::zero());
        sent.extend(missed.map(|missed| Sent {
            at: now,
            shown,
            missed,
        }));
    }
    sent
}

/// Sets the clock of a host now and then: by minutes and hours, as a time server does, and by more, as one that was
/// suspended, or had a wrong date.
fn jumps(minutes: &Range<i64>, dice: &mut Dice) -> Vec<(i64, i64)> {
    let mut jumps = Vec::new();
    let mut at = minutes.start;
    loop {
        at += match dice.roll(8) {
            0 => 1 + dice.roll(90),
            _ => 60 + dice.roll(30 * DAY / MINUTE),
        };
        if at >= minutes.end {
            return jumps;
        }
        let by = match dice.roll(10) {
            0 => 180 + dice.roll(30 * 60),
            1 => 10 * 60,
            _ => 2 + dice.roll(170),
        };
        jumps.push((at, if dice.roll(2) == 0 { by } else { -by }));
    }
}

#[test]
fn of_a_year_of_a_hundred_jobs_each_missed_run_is_sent_once_and_nothing_else_is() {
    let minute_of = |text| utc(text).timestamp() / MINUTE;
    let year = minute_of("2026-01-01 00:30")..minute_of("2027-01-01 00:30");
    let around = minute_of("2024-12-01 00:00")..minute_of("2028-02-01 00:00");
    let mut dice = Dice(18);
    let (mut jobs, mut all_runs, mut all_missed, mut all_jumps) = (0, 0, 0, 0);
    for line in lines() {
        let days = NaiveDate::from_ymd_opt(2024, 12, 1).unwrap();
        let days = days
            .iter_days()
            .take(1200)
            .filter(|day| (line.is_due_on)(*day));
        let midnights = days.map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc());
        let of_day = (line.minutes)();
        let wall: Vec<_> = midnights
            .flat_map(|midnight| {
                of_day
                    .iter()
                    .map(move |minute| midnight.timestamp() / MINUTE + minute)
            })
            .collect();
        for number in 0..line.jobs {
            let zone = ZONES[jobs % ZONES.len()];
            let expected = expected(line.text, zone.name());
            let dues = dues(&line, zone, &wall, &around);
            let jumps = jumps(&year, &mut dice);
            let host = Host::new(zone, year.clone(), &jumps);
            let starts = host.starts(&wall, line.is_fixed);
            let runs: Vec<_> = runs(&starts, &dues, &host, &mut dice)
                .into_iter()
                .map(|at| Run {
                    at,
                    shown: host.shows(at),
                })
                .collect();
            let from = year.start * MINUTE;
            let dues: Vec<_> = dues.into_iter().filter(|due| due.at > from).collect();
            let missed = missed(&dues, &runs, &jumps, &host);
            let mut looks: BTreeSet<_> = dues
                .iter()
                .filter_map(|due| host.reaches(due.at + due.grace, i64::MIN))
                .chain(missed.iter().map(|missed| missed.sent_by))
                .flat_map(|at| [at - 1, at, at + LOOK])
                .chain(runs.iter().map(|run| run.at + 1))
                .chain(jumps.iter().map(|(at, _)| at * MINUTE + dice.roll(LOOK)))
                .collect();
            looks.insert(from);
            looks.retain(|look| (from..year.end * MINUTE).contains(look));
            let sent = watch(&expected, &runs, &looks, &host);
            let what = format!("{} in {zone}, number {number}", line.text);
            compare(&what, &missed, &sent, &host, year.end * MINUTE);
            jobs += 1;
            all_runs += runs.len();
            all_missed += missed.len();
            all_jumps += jumps.len();
        }
    }
    assert_eq!(jobs, 100);
    assert!(all_runs > 30_000 && all_missed > 1_500 && all_jumps > 2000);
}

fn compare(what: &str, missed: &[MissedRun], sent: &[Sent], host: &Host, end: i64) {
    let mut is_sent = vec![false; missed.len()];
    for Sent {
        at,
        missed: delivered,
        ..
    } in sent
    {
        let mut is_news = false;
        for (missed, is_sent) in missed.iter().zip(&mut is_sent) {
            let dues = delivered.due.timestamp()..=delivered.last.timestamp();
            if dues.contains(&missed.due.at) && !*is_sent && missed.sent_by <= *at {
                assert!(
                    at - missed.sent_by <= 2 * LOOK,
                    "{what}: {missed:?} is sent late: {at}"
                );
                *is_sent = true;
                is_news = true;
            }
        }
        let shown = utc_of(host.shows(*at));
        assert!(
            is_news,
            "{what}: at {at} ({shown}) {delivered:?} is no news"
        );
    }
    for (missed, is_sent) in missed.iter().zip(is_sent) {
        assert!(
            is_sent || missed.sent_by + 2 * LOOK >= end,
            "{what}: {missed:?} is not sent"
        );
    }
}
