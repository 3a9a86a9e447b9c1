//! `expect`: says when a job should run that may never have run.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use notify_core::__cli::{self as look, Awaited, Place, Said, Schedule, Since};
use serde_json::{Value, json};

use crate::by_whom::ByWhom;
use crate::output::{self, Output};
use crate::words::plain;
use crate::{Common, Failure, json, span};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(
    after_help = "What a job says of itself (schedule, every_hours) is known once it has run; this is for the job that is never started. `watch` and `check` see from then on that its first run does not come. Once it has run, what it says of itself counts alone.

A deployment may write the same to a file of its own in the folder .expected of the notify directory: docs/schedules.md has the form.

Exit codes:
  0  it is expected from now on, or is not any more
  1  --remove: it was not expected
  2  it is not: the schedule is wrong, or the folder cannot be written; see
     standard error"
)]
pub(crate) struct Arguments {
    /// The job's name
    #[arg(value_name = "JOB", required_unless_present = "list")]
    job: Option<String>,
    /// When it should run, as in a crontab, such as '5 3 * * 1-5' or @daily
    #[arg(long, value_name = "SCHEDULE", conflicts_with = "every")]
    schedule: Option<String>,
    /// How often it should run, such as 6h
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    every: Option<Duration>,
    /// The time zone of the schedule, such as Europe/Berlin [default: this host's]
    #[arg(
        long,
        value_name = "ZONE",
        requires = "schedule",
        conflicts_with = "every"
    )]
    timezone: Option<String>,
    /// How late a run may begin [default: as for `watch`]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    grace: Option<Duration>,
    #[command(flatten)]
    clock_changes: ByWhom,
    /// Where its alerts go [default: that of `NOTIFY_CHANNEL` for `watch`, or alerts]
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// Expect it no more
    #[arg(long, conflicts_with_all = ["schedule", "every", "list"])]
    remove: bool,
    /// Show what is expected
    #[arg(long, conflicts_with_all = ["job", "schedule", "every"])]
    list: bool,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let place = common.place()?;
        let Some(job) = self.job.as_deref() else {
            return list(&place, common, output);
        };
        let written =
            |error: std::io::Error| format!("what `{place}` expects cannot be written: {error}");
        if self.remove {
            let was_there = look::await_no_more(&place, job).map_err(written)?;
            let words = if was_there {
                "is not expected any more"
            } else {
                "was not expected by this user"
            };
            if common.json {
                output.json(&json!({ "job": job, "removed": was_there }))?;
            } else {
                output.say(&format!("{} {words}", plain(job)))?;
            }
            return Ok(u8::from(!was_there));
        }
        if self.schedule.is_none() && self.every.is_none() {
            return Err("say when it should run: add --schedule '5 3 * * *' or --every 24h".into());
        }
        let mut awaited = self.awaited(job);
        let now = look::now();
        let expected = awaited.expected()?;
        // That of this host is not that of who looks.
        let zone = expected.schedule().map(Schedule::zone);
        awaited.said.timezone = zone.map(str::to_owned);
        awaited.write(&place).map_err(written)?;
        for remark in expected.schedule().into_iter().flat_map(Schedule::remarks) {
            output::complain(&plain(remark));
        }
        if common.json {
            output.json(&to_json(&awaited, now))?;
        } else {
            output.say(&format!(
                "{} is expected {}",
                plain(job),
                next(&awaited, now)
            ))?;
        }
        Ok(0)
    }

    fn awaited(&self, job: &str) -> Awaited {
        Awaited {
            job: job.to_owned(),
            said: Said {
                every: self.every,
                schedule: self.schedule.clone(),
                timezone: self.timezone.clone(),
                ..self.clock_changes.said(self.grace)
            },
            channel: self.channel.clone(),
            since: look::now(),
            file: Path::new("").to_owned(),
        }
    }
}

fn list(place: &Place, common: &Common, output: &mut Output) -> Result<u8, Failure> {
    let (found, now) = (look::awaited(place), look::now());
    for fault in &found.faults {
        output::complain(&plain(fault));
    }
    if common.json {
        let all = found.all.iter();
        let all: Vec<_> = all.map(|awaited| to_json(awaited, now)).collect();
        output.json(&json!({ "expected": all, "faults": found.faults }))?;
        return Ok(0);
    }
    if found.all.is_empty() {
        output.say("nothing is expected here but by the jobs that have run")?;
    }
    for awaited in &found.all {
        output.say(&plain(&format!("{} {}", awaited.job, next(awaited, now))))?;
    }
    Ok(0)
}

/// Says when it is expected next.
pub(crate) fn next(awaited: &Awaited, now: DateTime<Utc>) -> String {
    let Ok(expected) = awaited.expected() else {
        return "at no time".to_owned();
    };
    match expected.schedule() {
        Some(schedule) => match schedule.next(now) {
            Some(next) => format!("{}, by `{}`", schedule.clock(next), schedule.text()),
            None => format!("at no time, by `{}`", schedule.text()),
        },
        None => format!("every {}", look::span(expected.pause(now))),
    }
}

pub(crate) fn to_json(awaited: &Awaited, now: DateTime<Utc>) -> Value {
    let expected = awaited.expected().ok();
    let next = expected.and_then(|expected| expected.due(Since::Expected(now)));
    json!({
        "job": awaited.job,
        "schedule": awaited.said.schedule,
        "timezone": awaited.said.timezone,
        "every_seconds": awaited.said.every.map(|every| every.as_secs()),
        "channel": awaited.channel,
        "since": json::time(awaited.since),
        "next": next.map(json::time),
        "file": awaited.file.to_string_lossy(),
    })
}
