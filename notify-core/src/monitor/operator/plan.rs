//! Planned quiet: begun or planned, and ended, by a person.

use std::time::Duration;

use chrono::{NaiveDateTime, SubsecRound as _, TimeDelta};

use super::{Desk, Refused, without_secrets};
use crate::format::pattern::is_fit;
use crate::format::time::Time;
use crate::format::zone::Zone;
use crate::monitor::{planned, view};
use crate::os::clock;
use crate::os::zoneinfo;
use crate::rules::quiet::{Repeat, Window};

/// A time, and what the clock on the wall was said to show then: it never does where that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as they are called")]
pub struct Moment {
    pub time: Time,
    pub wall: NaiveDateTime,
}

/// A planned quiet, once it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// When it first begins, and ends.
    pub from: Time,
    /// See `from`.
    pub until: Time,
    /// How many jobs its pattern names at present.
    pub jobs: usize,
}

/// A time in which nothing is to be sent.
#[derive(Debug)]
#[expect(missing_docs, reason = "the arguments of the command, by their names")]
pub struct Plan<'a> {
    /// A job, or a pattern.
    pub jobs: &'a str,
    pub from: Moment,
    pub until: Moment,
    /// `daily` or `weekly`, by this host's clock on the wall.
    pub repeat: Option<&'a str>,
    pub because: Option<&'a str>,
}

impl Desk {
    /// Plans a quiet.
    ///
    /// # Errors
    ///
    /// Where there can be no such window, or it cannot be written.
    pub fn plan(&self, plan: &Plan<'_>) -> Result<Written, Refused> {
        let repeat = plan.repeat.map(Repeat::parse).transpose();
        let repeat = repeat.map_err(Refused::Window)?;
        let zone_name = match repeat {
            Some(_) => zoneinfo::rule_of_host().unwrap_or_default(),
            // It comes once: the clock on the wall does not matter.
            None => "UTC".to_owned(),
        };
        let zone = Zone::parse(&zone_name).ok_or_else(|| {
            let message =
                "the time zone of this host has no rule: name one, as in TZ=Europe/Berlin";
            Refused::Window(message.to_owned())
        })?;
        let (from, until) = (plan.from, plan.until);
        let lasts = until.time - from.time;
        // What comes again does so by the clock on the wall, whatever that does between its first beginning and end.
        let (from, length) = match repeat {
            Some(_) => {
                let on_wall = until.wall - from.wall;
                let is_forward = on_wall > TimeDelta::zero();
                (from.wall, if is_forward { on_wall } else { lasts })
            }
            None => (from.time.naive_utc(), lasts),
        };
        // In whole seconds, as the line has it, and to its very end.
        let length = (length + (from - from.trunc_subsecs(0))).to_std();
        let length = length.unwrap_or_default();
        let window = Window {
            jobs: plan.jobs.trim().to_owned(),
            from: from.trunc_subsecs(0),
            length: Duration::from_secs_f64(length.as_secs_f64().ceil()),
            repeat,
            zone_name: if zone == Zone::UTC {
                String::new()
            } else {
                zone_name
            },
            zone,
            by: Some(self.by.clone()),
            because: without_secrets(plan.because),
        };
        window.check().map_err(Refused::Window)?;
        let now = clock::now();
        self.store()?.plan(now, |_| false, Some(&window))?;
        let files = self.place.files()?;
        let named = files
            .iter()
            .filter(|file| window.names(&view::shown_name(file)));
        let (from, until) = window
            .next(now)
            .unwrap_or((plan.from.time, plan.until.time));
        Ok(Written {
            from,
            until,
            jobs: named.count(),
        })
    }

    /// Ends the planned quiets of just that pattern, and returns how many there were.
    ///
    /// # Errors
    ///
    /// Where others have planned it, or the plan cannot be written.
    pub fn unplan(&self, jobs: &str) -> Result<usize, Refused> {
        let now = clock::now();
        let (windows, _) = planned::planned(&self.place, now);
        let mut theirs = windows
            .iter()
            .filter(|window| window.jobs == jobs)
            .peekable();
        if theirs.peek().is_none() {
            return Ok(0);
        }
        let gone = self
            .store()?
            .plan(now, |window| window.jobs == jobs, None)?;
        match theirs.next() {
            Some(planned) if gone == 0 => Err(Refused::PlannedElsewhere {
                jobs: jobs.to_owned(),
                file: planned.file.clone(),
            }),
            _ => Ok(gone),
        }
    }

    /// Names the planned quiets that are open for a job or pattern all the same, by their own patterns.
    #[must_use]
    pub fn still_quiet(&self, jobs: &str) -> Vec<String> {
        let now = clock::now();
        let (windows, _) = planned::planned(&self.place, now);
        let open = windows.iter().filter(|window| window.is_open(now));
        let fits = open.filter(|window| is_fit(&window.jobs, jobs));
        fits.map(|window| window.jobs.clone()).collect()
    }
}
