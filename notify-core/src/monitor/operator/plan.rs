//! Planned quiet: begun or planned, and ended, by a person.

use std::time::Duration;

use chrono::SubsecRound as _;

use super::{Desk, Refused, without_secrets};
use crate::format::pattern::is_fit;
use crate::format::time::Time;
use crate::format::zone::Zone;
use crate::monitor::{planned, view};
use crate::os::clock;
use crate::os::zoneinfo;
use crate::rules::quiet::{Repeat, Window};

/// A time in which nothing is to be sent.
#[derive(Debug)]
#[expect(missing_docs, reason = "the arguments of the command, by their names")]
pub struct Plan<'a> {
    /// A job, or a pattern.
    pub jobs: &'a str,
    pub from: Time,
    pub until: Time,
    /// `daily` or `weekly`, by this host's clock on the wall.
    pub repeat: Option<&'a str>,
    pub because: Option<&'a str>,
}

impl Desk {
    /// Plans a quiet, and returns how many jobs its pattern names at present.
    ///
    /// # Errors
    ///
    /// Where there can be no such window, or it cannot be written.
    pub fn plan(&self, plan: &Plan<'_>) -> Result<usize, Refused> {
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
        // In whole seconds, as the line has it, and to its very end.
        let from = plan.from.trunc_subsecs(0);
        let length = (plan.until - from).to_std().unwrap_or_default();
        let window = Window {
            jobs: plan.jobs.trim().to_owned(),
            from: zone.local(from),
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
        self.store()?.plan(clock::now(), |_| false, Some(&window))?;
        let files = self.place.files()?;
        let named = files
            .iter()
            .filter(|file| window.names(&view::shown_name(file)));
        Ok(named.count())
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
