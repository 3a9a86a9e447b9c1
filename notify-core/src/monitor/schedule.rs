//! When a job should run: a line of a crontab, in a time zone.

pub(crate) mod line;

use std::iter;
use std::time::Duration;

use chrono::{
    DateTime, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeDelta,
    TimeZone as _,
};
use chrono_tz::Tz;

use self::line::Line;
use crate::format::time::{self, Time};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// No search goes further: the 29th of February falls on each day of the week within this time.
const DAYS: usize = 41 * 366;

/// Where clocks change by as much or more, cron takes it for a clock that was set, and begins anew.
pub(crate) const CLOCK_WAS_SET: TimeDelta = TimeDelta::hours(3);

/// Who starts the job: schedulers differ in what is due while clocks change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClockChanges {
    /// Debian's cron. A fixed time that is left out is due when that ends; one that comes twice is due the first
    /// time. A line with `*` in minute or hour follows the clock on the wall.
    #[default]
    Cron,
    /// A timer of systemd: what is left out is not due, and what comes twice is due the first time.
    Systemd,
    /// A `CronJob` of Kubernetes: what is left out is not due, and what comes twice is due both times.
    Kubernetes,
}

/// When a job should run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    line: Line,
    zone: Tz,
    clock_changes: ClockChanges,
}

impl ClockChanges {
    const ALL: [Self; 3] = [Self::Cron, Self::Systemd, Self::Kubernetes];

    /// Finds one by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|changes| changes.name() == name)
    }

    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cron => "cron",
            Self::Systemd => "systemd",
            Self::Kubernetes => "kubernetes",
        }
    }
}

impl Schedule {
    /// Reads a line and the name of a time zone.
    ///
    /// # Errors
    ///
    /// What is wrong, and where.
    pub fn new(line: &str, zone: &str, clock_changes: ClockChanges) -> Result<Self, String> {
        let text = line.trim().to_owned();
        let line = Line::parse(line).map_err(|fault| format!("the schedule {fault}"))?;
        let zone = zone.parse().map_err(|_| {
            format!("there is no time zone `{zone}`: write a name such as `Europe/Berlin` or `UTC`")
        })?;
        Ok(Self {
            text,
            line,
            zone,
            clock_changes,
        })
    }

    /// Returns the line.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the name of its time zone.
    #[must_use]
    pub fn zone(&self) -> &'static str {
        self.zone.name()
    }

    /// Writes a time as the clock of its zone shows it: `Sun 2026-11-29 03:05 (Europe/Berlin)`.
    #[must_use]
    pub fn clock(&self, time: Time) -> String {
        let local = self.local(time);
        format!("{} ({})", local.format("%a %Y-%m-%d %H:%M"), self.zone())
    }

    /// Returns a time as the clock of its zone shows it.
    pub(crate) fn local(&self, time: Time) -> DateTime<Tz> {
        time.with_timezone(&self.zone)
    }

    /// Says what its scheduler reads otherwise than people may mean.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.line.remarks
    }

    /// Returns when it is due next after that; `None` where that lies beyond all calendars.
    #[must_use]
    pub fn next(&self, after: Time) -> Option<Time> {
        // What a change of the clocks leaves out may be due on the day after.
        let from = self.local(after).date_naive().pred_opt()?;
        let mut dates = from.iter_days().take(DAYS);
        dates.find_map(|date| self.on(date).find(|time| *time > after))
    }

    /// Returns when it was last due by that.
    #[must_use]
    pub fn latest(&self, by: Time) -> Option<Time> {
        let from = self.local(by).date_naive().succ_opt()?;
        let mut dates = iter::successors(Some(from), NaiveDate::pred_opt).take(DAYS);
        dates.find_map(|date| self.on(date).rfind(|time| *time <= by))
    }

    /// Returns how late a run may begin: a tenth of the shorter of the times to the one due before and after, or
    /// an hour if that is more, but never more than half of it, so that the next run is not taken for this one.
    #[must_use]
    pub fn grace(&self, due: Time) -> Duration {
        let pause = self.pause(due);
        (pause / 10).max(HOUR.min(pause / 2))
    }

    /// Returns the shorter of the times to the one that was due before and to the one after.
    pub(crate) fn pause(&self, due: Time) -> Duration {
        let before = self.latest(due - TimeDelta::microseconds(1));
        let before = before.map(|before| time::between(before, due));
        let after = self.next(due).map(|after| time::between(due, after));
        before.into_iter().chain(after).min().unwrap_or(HOUR)
    }

    fn offset(&self, utc: NaiveDateTime) -> chrono::FixedOffset {
        self.zone.offset_from_utc_datetime(&utc).fix()
    }

    /// Returns the times of one day at which it is due, in their order: one of them twice where it is due twice
    /// at once.
    fn on(&self, date: NaiveDate) -> Box<dyn DoubleEndedIterator<Item = Time> + '_> {
        if !self.line.is_due_on(date) {
            return Box::new(iter::empty());
        }
        let times = self.line.times().map(move |time| date.and_time(time));
        // Clocks do not change twice within three days.
        let midnight = |days| self.offset(date.and_time(NaiveTime::MIN) + TimeDelta::days(days));
        let offset = midnight(-1);
        if offset == midnight(2) {
            let at = move |local: NaiveDateTime| Some(local.checked_sub_offset(offset)?.and_utc());
            return Box::new(times.filter_map(at));
        }
        let mut times: Vec<_> = times.flat_map(|local| self.at(local)).flatten().collect();
        times.sort_unstable();
        Box::new(times.into_iter())
    }

    /// Returns when a time that the clock on the wall may show is due.
    fn at(&self, local: NaiveDateTime) -> [Option<Time>; 2] {
        let is_made_up = self.clock_changes == ClockChanges::Cron && self.line.is_fixed;
        match self.zone.from_local_datetime(&local) {
            MappedLocalTime::Single(time) => [Some(time.to_utc()), None],
            MappedLocalTime::Ambiguous(first, second) => {
                let is_once = match self.clock_changes {
                    ClockChanges::Cron => {
                        is_made_up && second.to_utc() - first.to_utc() <= CLOCK_WAS_SET
                    }
                    ClockChanges::Systemd => true,
                    ClockChanges::Kubernetes => false,
                };
                [
                    Some(first.to_utc()),
                    Some(second.to_utc()).filter(|_| !is_once),
                ]
            }
            MappedLocalTime::None if is_made_up => [self.end_of_gap(local), None],
            MappedLocalTime::None => [None, None],
        }
    }

    /// Returns when the clock on the wall has left out a time; `None` where it has left out too much.
    fn end_of_gap(&self, local: NaiveDateTime) -> Option<Time> {
        let day = TimeDelta::days(1);
        let (before, after) = (self.offset(local - day), self.offset(local + day));
        let left_out =
            TimeDelta::seconds((after.local_minus_utc() - before.local_minus_utc()).into());
        if left_out >= CLOCK_WAS_SET {
            return None;
        }
        let minutes = (1..=left_out.num_minutes()).map(TimeDelta::minutes);
        let mut times = minutes
            .filter_map(|minutes| self.zone.from_local_datetime(&(local + minutes)).earliest());
        times.next().map(|time| time.to_utc())
    }
}

#[cfg(test)]
mod tests;
