//! A host whose clock is set, and what Debian's cron (3.0pl1, `cron.c`) starts on it.

use std::ops::Range;

use chrono::{Offset as _, TimeZone as _};
use chrono_tz::Tz;

use super::{DAY, MINUTE, utc_of};

/// A time in which the clock of a host runs on, in minutes.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    /// What passes, by a clock that is never set.
    pub(super) steady: Range<i64>,
    /// What is to be added for the clock of the host, and for that on its wall.
    pub(super) host: i64,
    wall: i64,
}

/// A host, whose clock is set.
pub(super) struct Host {
    zone: Tz,
    pub(super) stretches: Vec<Stretch>,
}

impl Host {
    /// Makes a host of which the clock is set at those minutes, by so many.
    pub(super) fn new(zone: Tz, minutes: Range<i64>, jumps: &[(i64, i64)]) -> Self {
        let mut host = Self {
            zone,
            stretches: Vec::new(),
        };
        let (mut start, mut offset) = (minutes.start, 0);
        for (at, by) in jumps.iter().copied().chain([(minutes.end, 0)]) {
            host.stretch(start..at, offset);
            (start, offset) = (at, offset + by);
        }
        host
    }

    /// Adds the stretches of a clock that runs on, parted where summer time begins or ends.
    fn stretch(&mut self, steady: Range<i64>, host: i64) {
        let zone = self.zone;
        let wall = |minute: i64| {
            let time = utc_of((minute + host) * MINUTE).naive_utc();
            let ahead = zone.offset_from_utc_datetime(&time).fix();
            i64::from(ahead.local_minus_utc()) / MINUTE + host
        };
        let mut add = |steady: Range<i64>| {
            if !steady.is_empty() {
                let wall = wall(steady.start);
                self.stretches.push(Stretch { steady, host, wall });
            }
        };
        let mut start = steady.start;
        let mut day = start;
        while day < steady.end {
            let next = (day + DAY / MINUTE).min(steady.end);
            if wall(next) != wall(day) {
                let (mut before, mut after) = (day, next);
                while after - before > 1 {
                    let middle = i64::midpoint(before, after);
                    if wall(middle) == wall(day) {
                        before = middle;
                    } else {
                        after = middle;
                    }
                }
                add(start..after);
                start = after;
            }
            day = next;
        }
        add(start..steady.end);
    }

    /// Returns when its clock first shows so much or more, from then on.
    pub(super) fn reaches(&self, shown: i64, from: i64) -> Option<i64> {
        self.stretches.iter().find_map(|stretch| {
            let start = from.max(stretch.steady.start * MINUTE);
            let time = start.max(shown - stretch.host * MINUTE);
            (time < stretch.steady.end * MINUTE).then_some(time)
        })
    }

    /// Returns what its clock shows, in seconds.
    pub(super) fn shows(&self, steady: i64) -> i64 {
        let later = |stretch: &Stretch| stretch.steady.start * MINUTE <= steady;
        let number = self.stretches.partition_point(later);
        steady + self.stretches[number.saturating_sub(1)].host * MINUTE
    }

    /// Returns the minutes at which Debian's cron starts a job that is due at those minutes of the wall's clock.
    pub(super) fn starts(&self, due: &[i64], is_fixed: bool) -> Vec<i64> {
        let between = |minutes: Range<i64>| {
            let number = |minute| due.partition_point(|due| *due < minute);
            &due[number(minutes.start)..number(minutes.end).max(number(minutes.start))]
        };
        let mut starts = Vec::new();
        // cron has done what was due by then.
        let mut done = i64::MIN;
        for Stretch { steady, wall, .. } in &self.stretches {
            let now = steady.start + wall;
            match now.saturating_sub(done) {
                // It woke up late: all is run. Clocks went ahead: what is fixed is made up for.
                2..=5 => starts.extend(between(done + 1..now).iter().map(|_| steady.start)),
                6..=180 if is_fixed => {
                    starts.extend(between(done + 1..now).iter().map(|_| steady.start));
                }
                // Clocks went back: what is fixed was run.
                -179..=1 => {}
                // What has a `*` goes on. The clock was set: all begins anew.
                _ => done = now - 1,
            }
            let due = between(now..steady.end + wall).iter();
            let due = due.filter(|due| !is_fixed || **due > done);
            starts.extend(due.map(|due| due - wall));
            done = done.max(steady.end + wall - 1);
        }
        starts
    }
}
