//! A year of a hundred scheduled jobs, with the clock in the test's hand: each missed run is sent, once, and
//! nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::monitor::watcher::clock::Clock;

/// As a watch looks.
const LOOK: i64 = 60;

/// Each some of the hundred.
const SCHEDULES: [(&str, usize); 11] = [
    ("5 3 * * 1-5", 20),
    ("30 2 * * *", 20),
    ("0 */6 * * *", 10),
    ("@daily", 12),
    ("0 22 * * sun", 8),
    ("0 4 1 * *", 8),
    ("15 1,13 * * *", 8),
    ("30 1 1-7 * 1", 9),
    ("0 * * * *", 1),
    ("*/30 6-8 * * 1-5", 2),
    ("@yearly", 2),
];

const ZONES: [&str; 5] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "UTC",
    "Africa/Cairo",
];

/// A generator of numbers, the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// What becomes of the runs of one job.
#[derive(Default)]
struct Course {
    /// When a run begins.
    runs: BTreeSet<Time>,
    /// The due times of those that do not come, or come when they have been missed.
    missed: BTreeSet<Time>,
}

/// Makes up a year of one job.
fn course(expected: &Expected, from: Time, to: Time, dice: &mut Dice) -> Course {
    let schedule = expected.schedule().unwrap();
    let mut course = Course::default();
    let mut due = schedule.next(from).unwrap();
    while due < to {
        let next = schedule.next(due).unwrap();
        let grace = expected.grace(due);
        let seconds = |dice: &mut Dice, most: TimeDelta| {
            TimeDelta::seconds(
                dice.roll(most.num_seconds().unsigned_abs().max(1))
                    .cast_signed(),
            )
        };
        match dice.roll(40) {
            0 => {
                course.missed.insert(due);
            }
            // Later than the grace allows, and before the next.
            1 => {
                let room = next - due - grace - delta(EARLY).min((next - due) / 4);
                course.missed.insert(due);
                course.runs.insert(
                    due + grace
                        + TimeDelta::seconds(LOOK)
                        + seconds(dice, room - TimeDelta::seconds(2 * LOOK)),
                );
            }
            // Late, within the grace.
            2..8 => {
                course.runs.insert(due + seconds(dice, grace));
            }
            // Early.
            8 => {
                let early = delta(EARLY.min(schedule.pause(due) / 4));
                course.runs.insert(due - seconds(dice, early));
            }
            // Twice.
            9 => {
                course.runs.insert(due);
                course.runs.insert(due + TimeDelta::seconds(30));
            }
            _ => {
                course
                    .runs
                    .insert(due + TimeDelta::milliseconds(dice.roll(2000).cast_signed()));
            }
        }
        due = next;
    }
    course
}

/// Watches a course with the looks that may matter; returns when what was sent, by the time at which the
/// last run of it was due.
fn watch(expected: &Expected, course: &Course, from: Time, to: Time) -> BTreeMap<Time, Vec<Time>> {
    let schedule = expected.schedule().unwrap();
    let mut looks = BTreeSet::new();
    let mut due = schedule.next(from).unwrap();
    while due < to {
        let over = due + expected.grace(due);
        for time in [
            due,
            over - TimeDelta::seconds(1),
            over,
            over + TimeDelta::seconds(LOOK),
        ] {
            looks.insert(time);
        }
        due = schedule.next(due).unwrap();
    }
    looks.extend(course.runs.iter().map(|run| *run + TimeDelta::seconds(1)));
    let mut sent: BTreeMap<Time, Vec<Time>> = BTreeMap::new();
    let mut job = Watched {
        begun: Some(from),
        since: from,
        sent: None,
    };
    for now in looks {
        job.begun = course
            .runs
            .range(..=now)
            .next_back()
            .copied()
            .or(Some(from));
        if job
            .sent
            .is_some_and(|sent| job.begun.is_some_and(|begun| begun > sent))
        {
            // As the end of a run does.
            job.sent = None;
        }
        if let Some(missed) = expected.to_send(&job, now, None, TimeDelta::zero()) {
            job.sent = Some(now);
            let last = schedule.latest(missed.over).unwrap();
            let is_of = |due: Time| due + expected.grace(due) == missed.over;
            let due = if is_of(last) {
                last
            } else {
                schedule.latest(last - TimeDelta::seconds(1)).unwrap()
            };
            sent.entry(due).or_default().push(now);
        }
    }
    sent
}

#[test]
fn of_a_year_of_a_hundred_jobs_each_missed_run_is_sent_once_and_nothing_else_is() {
    let (from, to) = (utc("2026-01-01 00:30"), utc("2027-01-01 00:30"));
    let mut dice = Dice(18);
    let (mut jobs, mut runs, mut missed) = (0, 0, 0);
    for (schedule, count) in SCHEDULES {
        for number in 0..count {
            let expected = expected(schedule, ZONES[number % ZONES.len()]);
            let course = course(&expected, from, to, &mut dice);
            let sent = watch(&expected, &course, from, to);
            for (due, times) in &sent {
                assert_eq!(times.len(), 1, "{schedule}: {due} is sent more than once");
                let over = *due + expected.grace(*due);
                assert!(
                    (times[0] - over).num_seconds() <= LOOK,
                    "{schedule}: {due} is sent late"
                );
            }
            let last = to - TimeDelta::days(60);
            let of = |dues: &BTreeSet<Time>| {
                dues.iter()
                    .filter(|due| **due < last)
                    .copied()
                    .collect::<Vec<_>>()
            };
            assert_eq!(
                of(&sent.keys().copied().collect()),
                of(&course.missed),
                "{schedule}"
            );
            (jobs, runs, missed) = (
                jobs + 1,
                runs + course.runs.len(),
                missed + course.missed.len(),
            );
        }
    }
    assert_eq!(jobs, 100);
    assert!(
        runs > 30_000 && missed > 1_500,
        "{runs} runs, {missed} missed"
    );
}

/// The clock jumps each other day, by minutes or hours, to and fro. cron makes up for a jump of less than three
/// hours ahead, and repeats what has a `*` in minute or hour; nothing else goes wrong. In the last twenty days of the
/// year the job runs no more, and that is sent, though the clock goes on jumping.
#[test]
fn a_clock_that_jumps_is_no_missed_run_and_hides_none() {
    let mut dice = Dice(18);
    let mut jumps = 0;
    for (schedule, repeats) in [
        ("30 2 * * *", false),
        ("5 3 * * 1-5", false),
        ("0 */6 * * *", true),
        ("0 * * * *", true),
    ] {
        let expected = expected(schedule, "Europe/Berlin");
        let cron = expected.schedule().unwrap();
        let mut wall = utc("2026-03-01 00:30");
        let (mut steady, mut clock) = (Duration::ZERO, Clock::default());
        // What cron has run up to.
        let mut ran = wall;
        let mut job = Watched {
            begun: Some(wall),
            since: wall,
            sent: None,
        };
        let step = 10 * LOOK;
        let (days, runs_for) = (365, 345);
        let mut is_sent = false;
        for number in 0..(days * 24 * 3600 / step) {
            wall += TimeDelta::seconds(step);
            steady += Duration::from_secs(step.unsigned_abs());
            if number % (2 * 24 * 3600 / step) == 17 {
                let minutes = dice.roll(170).cast_signed() + 5;
                wall += TimeDelta::minutes(if dice.roll(2) == 0 { minutes } else { -minutes });
                jumps += 1;
                if repeats {
                    ran = ran.min(wall);
                }
            }
            clock.look(wall, steady);
            // The job of a jump comes a moment later than the look that sees it.
            let sent = expected.to_send(&job, wall, clock.was_set(), TimeDelta::zero());
            if number * step >= runs_for * 24 * 3600 {
                is_sent |= sent.is_some();
                continue;
            }
            assert_eq!(sent, None, "{schedule}: at {wall}, {job:?}");
            if let Some(due) = cron.latest(wall).filter(|due| *due > ran) {
                ran = due;
                job.begun = Some(wall);
            }
        }
        assert!(is_sent, "{schedule}: it runs no more");
    }
    assert!(jumps >= 4 * 180, "{jumps}");
}
