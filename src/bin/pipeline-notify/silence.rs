//! `silence`: withholds the error with which a job fails, or that its runs are overdue, for some time.

use std::time::Duration;

use chrono::{Local, Utc};
use clap::{ArgGroup, Args};
use notify_core::__cli::Desk;
use serde_json::json;

use crate::output::Output;
use crate::words::{self, plain};
use crate::{Common, Failure, json, moment, span};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("end").required(true).args(["time", "until"]),
    after_help = "Only this error is silenced: another error and the recovery are still sent. After three other errors the rest wait for the reminder, which says how many there were. For a job that works but takes too long, its overdue alerts are silenced. The channel gets a message who silenced it and until when; `check` says WARNING meanwhile. A failure that outlasts the silence is told by its next run, or by `watch` before that.

Exit codes:
  0  it is silenced
  2  it is not: no such job, or it works in time; see standard error"
)]
pub(crate) struct Arguments {
    /// The job that fails, or whose runs are overdue
    #[arg(value_name = "JOB")]
    job: String,
    /// For how long, such as 2h or 1d12h
    #[arg(long = "for", id = "time", value_name = "TIME", value_parser = span::parse)]
    time: Option<Duration>,
    /// Until when, in local time: 'Mon 08:00', '2026-11-23 08:00' or '08:00'
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Why, for the message and the screens
    #[arg(long, value_name = "TEXT")]
    because: Option<String>,
    /// The channel that gets a message [default: the job's, where a run under way or its status file names it, or `NOTIFY_CHANNEL`, or alerts]
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let now = Utc::now();
        let until = match (self.time, &self.until) {
            (Some(time), _) => moment::after(now, time),
            (None, Some(until)) => moment::parse(until, &now.with_timezone(&Local)),
            (None, None) => Err("say --for how long, or --until when".to_owned()),
        };
        let until = until.map_err(Failure::Message)?;
        let because = self
            .because
            .as_deref()
            .map(str::trim)
            .filter(|because| !because.is_empty());
        let desk = Desk::open(Some(&common.directory()?), crate::user())?;
        let silenced = desk.silence(&self.job, until, because, self.channel.as_deref())?;
        if common.json {
            output.json(&json!({
                "job": silenced.job,
                "error": silenced.error,
                "until": json::time(until),
                "because": because,
                "told": json::told(&silenced.told),
            }))?;
        } else {
            let until = words::local_in_zone(until, now);
            output.say(&format!(
                "{} is silenced until {until}: {}",
                plain(&silenced.job),
                plain(&silenced.error)
            ))?;
            output.say(&words::told(&silenced.told))?;
        }
        Ok(0)
    }
}
