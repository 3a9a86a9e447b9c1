//! `ack`: says that somebody is at a failure.

use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use notify_core::__cli::{self as look, Desk};
use serde_json::json;

use crate::output::Output;
use crate::words::{self, plain};
use crate::{Common, Failure, json, moment, span};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(
    after_help = "The channel gets a message who is at it. No reminder is sent while the job fails with this error; another error, and the recovery, are sent. `check` says WARNING meanwhile. It ends with the failure, or with the time of --for, or once the job fails with another error.

Exit codes:
  0  it is acknowledged
  2  it is not: no such job, or it works; see standard error"
)]
pub(crate) struct Arguments {
    /// The job that fails
    #[arg(value_name = "JOB")]
    job: String,
    /// What is done about it
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    because: String,
    /// For how long, such as 2h or 1d12h [default: until the job works again]
    #[arg(long = "for", value_name = "TIME", value_parser = span::parse)]
    time: Option<Duration>,
    /// The channel to inform [default: as of `silence`]
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let place = common.place()?;
        let now = look::now();
        let until = self.time.map(|time| moment::after(now, time));
        let until = until.transpose()?;
        let because = Some(self.because.trim()).filter(|because| !because.is_empty());
        let user = crate::user();
        let desk = Desk::at(&place, user.clone())?;
        let channel = crate::channel(self.channel.as_deref())?;
        let taken = desk.acknowledge(&self.job, until, because, channel)?;
        if common.json {
            output.json(&json!({
                "job": taken.job,
                "error": taken.error,
                "by": user,
                "until": until.map(json::time),
                "because": because,
                "told": json::announcement(&taken.announcement),
            }))?;
            return Ok(0);
        }
        let until = until.map_or_else(
            || "until it works again".to_owned(),
            |until| format!("until {}", words::local_in_zone(until, now)),
        );
        output.say(&format!(
            "{} is acknowledged by {} {until}: {}",
            plain(&taken.job),
            plain(&user),
            plain(&taken.error)
        ))?;
        output.say(&words::announcement(&taken.announcement))?;
        Ok(0)
    }
}
