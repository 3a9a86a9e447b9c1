//! `silence`: withholds the error with which a job fails, or that its runs are overdue, for some time;
//! or plans a quiet, in which nothing is sent.

mod list;

use std::time::Duration;

use chrono::{DateTime, Local, Utc};
use clap::Args;
use notify_core::__cli::{self as look, Desk, Moment, Plan, Written};
use serde_json::json;

use crate::output::Output;
use crate::words::{self, count, plain};
use crate::{Common, Failure, json, moment, span};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(
    after_help = "Of a job that fails, only this error is silenced: another error and the recovery are still sent. After three other errors the rest wait for the reminder, which says how many there were. For a job that works but takes too long, its overdue alerts are silenced. The channel gets a message who silenced it and until when. A failure that outlasts the silence is sent by its next run, or by `watch` before that.

With --from, --repeat, --all or a pattern, a quiet is planned: nothing is sent of those jobs, present or to come, but recoveries of failures that were sent. What still fails, or is still missing, at its end is sent then, once. Deployment tools may write such plans as files: see docs/cli.md.

`status`, `check` (WARNING) and `page` show both.

Exit codes:
  0  it is silenced, or listed
  2  it is not: no such job, or it works in time; see standard error"
)]
pub(crate) struct Arguments {
    /// The job that fails, or whose runs are overdue; or a pattern, in which `*` stands for any characters
    #[arg(value_name = "JOB", required_unless_present = "list")]
    job: Option<String>,
    /// Plan a quiet from then on, in local time: 'Sat 22:00', '2026-11-28 22:00' or '22:00'
    #[arg(long, value_name = "WHEN", conflicts_with = "channel")]
    from: Option<String>,
    /// For how long, such as 2h or 1d12h
    #[arg(long = "for", id = "time", value_name = "TIME", value_parser = span::parse, conflicts_with = "until")]
    time: Option<Duration>,
    /// Until when, in local time: 'Mon 08:00', '2026-11-23 08:00' or '08:00'
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Have the quiet come again, by the clock of this host's time zone; it lasts 24h at most
    #[arg(long, value_name = "HOW OFTEN", value_parser = ["daily", "weekly"], conflicts_with = "channel")]
    repeat: Option<String>,
    /// Withhold everything but recoveries, and not this error alone; --from and patterns imply it
    #[arg(long, conflicts_with = "channel")]
    all: bool,
    /// Why, for the message and the screens
    #[arg(long, value_name = "TEXT")]
    because: Option<String>,
    /// The channel that gets a message [default: the job's, where a run under way or its status file names it, or `NOTIFY_CHANNEL`, or alerts]
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// List what is silenced, acknowledged and planned
    #[arg(long, conflicts_with_all = ["job", "from", "time", "until", "repeat", "all", "because", "channel"])]
    list: bool,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let place = common.place()?;
        let Some(job) = &self.job else {
            return list::run(&place, common.json, output);
        };
        let now = look::now();
        let (from, until) = self.times(now)?;
        let desk = Desk::at(&place, crate::user())?;
        if job.contains('*') || self.from.is_some() || self.repeat.is_some() || self.all {
            self.plan(&desk, job, (from, until), common, output)
        } else {
            self.silence(&desk, job, until.time, common, output)
        }
    }

    /// Returns when it begins and ends.
    fn times(&self, now: DateTime<Utc>) -> Result<(Moment, Moment), String> {
        let now = Moment {
            time: now,
            wall: now.with_timezone(&Local).naive_local(),
        };
        let from = match &self.from {
            Some(from) => moment::parse(from, &now, &Local)?,
            None => now,
        };
        let until = match (self.time, &self.until) {
            (Some(time), _) => {
                let until = moment::after(from.time, time)?;
                Moment {
                    time: until,
                    wall: from.wall + (until - from.time),
                }
            }
            (None, Some(until)) => {
                let at = |error| match &self.from {
                    Some(from) => format!("{error} at `{from}`"),
                    None => error,
                };
                moment::parse(until, &from, &Local).map_err(at)?
            }
            (None, None) => {
                let message =
                    "say --for how long, or --until when: --for 2h, or --until 'Mon 08:00'";
                return Err(message.to_owned());
            }
        };
        if until.time <= from.time && self.repeat.is_none() {
            return Err("clocks change between these two times, and leave nothing between them: give others".to_owned());
        }
        Ok((from, until))
    }

    fn because(&self) -> Option<&str> {
        let because = self.because.as_deref().map(str::trim);
        because.filter(|because| !because.is_empty())
    }

    fn silence(
        &self,
        desk: &Desk,
        job: &str,
        until: DateTime<Utc>,
        common: &Common,
        output: &mut Output,
    ) -> Result<u8, Failure> {
        let channel = crate::channel(self.channel.as_deref())?;
        let silenced = desk.silence(job, until, self.because(), channel)?;
        if common.json {
            output.json(&json!({
                "job": silenced.job,
                "error": silenced.error,
                "until": json::time(until),
                "because": self.because(),
                "told": json::announcement(&silenced.announcement),
            }))?;
        } else {
            let until = words::local_in_zone(until, look::now());
            output.say(&format!(
                "{} is silenced until {until}: {}",
                plain(&silenced.job),
                plain(&silenced.error)
            ))?;
            output.say(&words::announcement(&silenced.announcement))?;
        }
        Ok(0)
    }

    fn plan(
        &self,
        desk: &Desk,
        jobs: &str,
        (from, until): (Moment, Moment),
        common: &Common,
        output: &mut Output,
    ) -> Result<u8, Failure> {
        if self.channel.is_some() {
            return Err("a planned quiet is sent to no channel: leave out --channel".into());
        }
        let Written {
            from,
            until,
            jobs: named,
        } = desk.plan(&Plan {
            jobs,
            from,
            until,
            repeat: self.repeat.as_deref(),
            because: self.because(),
        })?;
        if common.json {
            output.json(&json!({
                "jobs": jobs,
                "from": json::time(from),
                "until": json::time(until),
                "repeat": self.repeat,
                "because": self.because(),
                "jobs_at_present": named,
            }))?;
            return Ok(0);
        }
        let now = look::now();
        let quiet = words::quiet(from, until, now);
        let repeat = self.repeat.as_ref();
        let repeat = repeat.map_or_else(String::new, |repeat| format!(", {repeat}"));
        let named = count(named, "job");
        output.say(&format!(
            "{} is {quiet}{repeat}: {named} at present",
            plain(jobs)
        ))?;
        Ok(0)
    }
}
