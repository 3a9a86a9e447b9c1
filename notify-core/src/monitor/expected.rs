//! When a job should run again, and whether it has missed that. Time is an argument.

use std::fmt;
use std::iter;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone};

use crate::format::time::{self, Time};
use crate::monitor::schedule::{CLOCK_WAS_SET, ClockChanges, Schedule};
use crate::os::timezone;
use crate::status::plan::Plan;

/// The shortest grace of a job that should run every so often: a clock's change to or from summer time must
/// not be an alarm.
const SHORTEST_GRACE: Duration = Duration::from_secs(60 * 60);

/// A run that begins so much before its time, or a quarter of the time between two runs if that is less, is
/// the one that is due: clocks of hosts differ.
const EARLY: Duration = Duration::from_secs(10 * 60);

const MINUTE: f64 = 60.0;

/// From then on a date is written with its year.
const YEAR: Duration = Duration::from_secs(300 * 24 * 60 * 60);

/// More missed runs than these are not counted.
const COUNTED: usize = 1000;

/// When a job should run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    when: When,
    /// How late a run may begin, where that is said.
    grace: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum When {
    Every(Duration),
    At(Schedule),
}

/// What those say who look at a job, of when it should run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the options, by their names")]
pub struct Said {
    pub every: Option<Duration>,
    pub schedule: Option<String>,
    pub timezone: Option<String>,
    pub clock_changes: Option<ClockChanges>,
    pub grace: Option<Duration>,
}

/// Runs that did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// When the first of them was due.
    pub due: Time,
    /// When the last of them was due, and when it counted as missed.
    pub(crate) last: Time,
    pub(crate) over: Time,
}

/// From when on runs of a job are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Its last run began then; it may have been the one that was due a little later.
    Run(Time),
    /// It is expected since then, and has not run.
    Expected(Time),
}

/// Why somebody is to hear that a job has missed runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watched {
    pub(crate) since: Since,
    /// When people last heard that it has missed a run.
    pub(crate) sent: Option<Time>,
}

impl Expected {
    /// Puts together what a job says of itself and what others say of it; `None` where nobody says when it
    /// should run. A job's own grace and clock changes win, for they are of that job alone; an option that
    /// says when it should run is meant for the jobs that are named beside it.
    ///
    /// # Errors
    ///
    /// What is wrong with a schedule, and where.
    pub(crate) fn new(
        plan: Option<&Plan>,
        every_hours: Option<f64>,
        said: &Said,
    ) -> Result<Option<Self>, String> {
        let own = plan.and_then(|plan| plan.schedule.clone());
        let own_every = every_hours.map(time::hours);
        let schedule = match (&said.schedule, said.every) {
            (Some(schedule), _) => Some(schedule.clone()),
            (None, Some(_)) => None,
            (None, None) => own,
        };
        let minutes = plan.and_then(|plan| plan.grace_minutes);
        let grace = minutes.map(|minutes| time::seconds(minutes * MINUTE));
        let grace = grace.or(said.grace);
        let Some(line) = schedule else {
            let every = said.every.or(own_every);
            return Ok(every.map(|every| Self {
                when: When::Every(every),
                grace,
            }));
        };
        let own_zone = plan.and_then(|plan| plan.timezone.clone());
        // The host's here is that of who gives the schedule here.
        let here = || said.schedule.as_ref().and_then(|_| timezone::name());
        let zone = said.timezone.clone().or(own_zone).or_else(here);
        let Some(zone) = zone else {
            return Err(format!(
                "the time zone of the schedule `{line}` is not known: its host has none by name; say which, such as `Europe/Berlin`"
            ));
        };
        let clock_changes = match plan.and_then(|plan| plan.clock_changes.as_deref()) {
            Some(name) => ClockChanges::named(name)
                .ok_or_else(|| format!("`{name}` is none of cron, systemd and kubernetes"))?,
            None => said.clock_changes.unwrap_or_default(),
        };
        let schedule = Schedule::new(&line, &zone, clock_changes)?;
        Ok(Some(Self {
            when: When::At(schedule),
            grace,
        }))
    }

    /// Returns its schedule, where it has one.
    #[must_use]
    pub fn schedule(&self) -> Option<&Schedule> {
        match &self.when {
            When::At(schedule) => Some(schedule),
            When::Every(_) => None,
        }
    }

    /// Returns how late a run may begin that is due then.
    fn grace(&self, due: Time) -> TimeDelta {
        let grace = self.grace.unwrap_or_else(|| match &self.when {
            When::Every(every) => SHORTEST_GRACE.max(*every / 10),
            When::At(schedule) => schedule.grace(due),
        });
        delta(grace)
    }

    /// Returns the time between two runs, about then.
    #[must_use]
    pub fn pause(&self, about: Time) -> Duration {
        match &self.when {
            When::Every(every) => *every,
            When::At(schedule) => schedule.pause(about),
        }
    }

    /// Returns when it is due first.
    #[must_use]
    pub fn due(&self, since: Since) -> Option<Time> {
        match (&self.when, since) {
            (When::Every(every), Since::Run(time) | Since::Expected(time)) => {
                time.checked_add_signed(delta(*every))
            }
            (When::At(schedule), Since::Expected(time)) => schedule.next(time),
            (When::At(schedule), Since::Run(begun)) => {
                let due = schedule.next(begun)?;
                let ahead = time::between(begun, due);
                if ahead > EARLY || ahead > schedule.pause(due) / 4 {
                    return Some(due);
                }
                schedule.next(due)
            }
        }
    }

    /// Returns when it should run next, if all is well.
    #[must_use]
    pub fn next(&self, since: Since, now: Time) -> Option<Time> {
        let due = self.due(since)?;
        match &self.when {
            _ if due > now => Some(due),
            When::Every(_) => None,
            When::At(schedule) => schedule.next(now),
        }
    }

    /// Returns when a job has missed a run whose last run began then.
    #[must_use]
    pub fn deadline(&self, begun: Time) -> Option<Time> {
        let due = self.due(Since::Run(begun))?;
        due.checked_add_signed(self.grace(due))
    }

    /// Returns what a job has missed by now.
    #[must_use]
    pub fn missed(&self, since: Since, now: Time) -> Option<Missed> {
        let due = self.due(since).filter(|due| *due <= now)?;
        let first = due.checked_add_signed(self.grace(due))?;
        if first > now {
            return None;
        }
        let (last, over) = match &self.when {
            When::Every(every) => {
                let every = delta(*every);
                let since = (now - first).num_microseconds()?;
                let times = since
                    .checked_div(every.num_microseconds()?)
                    .unwrap_or_default();
                let passed = TimeDelta::microseconds(every.num_microseconds()? * times);
                (due + passed, first + passed)
            }
            When::At(schedule) => {
                // The grace is less than the time to the next one, but where somebody has said another.
                let latest = schedule.latest(now - self.grace.map_or(TimeDelta::zero(), delta))?;
                let earlier = || schedule.latest(latest - TimeDelta::microseconds(1));
                let ends = [Some(latest), earlier()].into_iter().flatten();
                let mut ends = ends.map(|due| (due, due + self.grace(due)));
                ends.find(|(_, end)| *end <= now)
                    .unwrap_or((due, first))
                    .max((due, first))
            }
        };
        Some(Missed { due, last, over })
    }

    /// Decides whether people are to hear now that a job has missed a run: each run once, at the end of its
    /// grace, but not again within `silent` while the job does not run. A clock that was set then has
    /// skipped over what was due: whoever starts the job makes up for it, or does not, and has the grace to do so.
    pub(crate) fn to_send(
        &self,
        job: &Watched,
        now: Time,
        clock_was_set: Option<Time>,
        silent: TimeDelta,
    ) -> Option<Missed> {
        let missed = self.missed(job.since, now)?;
        let (Since::Run(since) | Since::Expected(since)) = job.since;
        let is_sent = job.sent.is_some_and(|sent| {
            let is_of_now = sent >= since && sent <= now + CLOCK_WAS_SET;
            is_of_now && (missed.over <= sent || now - sent < silent)
        });
        let is_in_doubt = clock_was_set.is_some_and(|set| now < set + self.grace(missed.last));
        (!is_sent && !is_in_doubt).then_some(missed)
    }

    /// Says what a job has missed: `No run for 2 days (last: 26 Nov 03:52 UTC). Expected every 24 hours.`
    pub(crate) fn words(&self, begun: Option<Time>, missed: &Missed, now: Time) -> String {
        let none = match begun {
            Some(begun) => {
                let age = in_words(time::between(begun, now), false);
                format!("No run for {age} (last: {} UTC).", date(&begun, now))
            }
            None => "It has never run.".to_owned(),
        };
        match &self.when {
            When::Every(every) => format!("{none} Expected every {}.", in_words(*every, true)),
            When::At(schedule) => {
                let due = date(&schedule.local(missed.due), now);
                let zone = schedule.zone();
                let others = match self.count(missed, now) {
                    0 | 1 => String::new(),
                    2 => ", and once since".to_owned(),
                    COUNTED => format!(", and over {} times since", COUNTED - 2),
                    times => format!(", and {} times since", times - 1),
                };
                format!(
                    "{none} Expected {due} ({zone}){others}, by the schedule `{}`.",
                    schedule.text()
                )
            }
        }
    }

    /// Counts the runs that were missed.
    fn count(&self, missed: &Missed, now: Time) -> usize {
        let When::At(schedule) = &self.when else {
            return 1;
        };
        let dues = iter::successors(Some(missed.due), |due| schedule.next(*due));
        let over = dues.take_while(|due| *due + self.grace(*due) <= now);
        over.take(COUNTED).count()
    }
}

/// Writes a date on the clock of UTC or of a zone; where it is near, the year goes without saying.
fn date<Z: TimeZone>(time: &DateTime<Z>, now: Time) -> String
where
    Z::Offset: fmt::Display,
{
    let is_near = time::between(time.to_utc(), now) < YEAR;
    let format = if is_near {
        "%-d %b %H:%M"
    } else {
        "%-d %b %Y %H:%M"
    };
    time.format(format).to_string()
}

/// Writes a length of time in its largest unit of which there are two: `2 days`, `24 hours`. What is left over is
/// left out, or, where it is to be `exact`, the unit is one of which nothing is left over: `60 hours`.
fn in_words(time: Duration, exact: bool) -> String {
    let seconds = time.as_secs();
    let units = [(86400, "days"), (3600, "hours"), (60, "minutes")];
    let fits = |unit| seconds >= 2 * unit && (!exact || seconds.is_multiple_of(unit));
    let unit = units.iter().find(|(unit, _)| fits(*unit));
    match unit {
        Some((unit, name)) => format!("{} {name}", seconds / unit),
        None => format!("{seconds} seconds"),
    }
}

/// What is longer than any clock is as long as that.
fn delta(time: Duration) -> TimeDelta {
    const LONGEST: Duration = Duration::from_secs(200 * 366 * 24 * 60 * 60);
    TimeDelta::from_std(time.min(LONGEST)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
