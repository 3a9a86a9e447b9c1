//! `run`: runs a command as a job.

use std::ffi::OsString;

use clap::Args;
use notify_core::__cli::{Arguments as Settings, Wrapped};

use crate::output::Output;
use crate::{Common, Failure};

/// As of `env`, `nice` and `timeout`, where it is they that fail.
pub(crate) const FAILURE: u8 = 125;

#[derive(Debug, Args)]
#[command(
    after_help = "The command gets our standard input, output and error, and the signals that we get: TERM, INT, HUP, QUIT, USR1 and USR2. When it fails, the end of what it wrote to standard error is in the alert; what it was called with is not.

Exit codes are the command's own, and:
  125  it was not run: an option makes no sense; see standard error
  126  it cannot be run
  127  it is not there
Where a signal kills the command, the same signal kills this; where that would write a core, and as process 1 of a container, the exit code is 128 + the signal's number."
)]
pub(crate) struct Arguments {
    /// The job's name [default: run. and the command's file name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Where alerts go, '' for nowhere [default: that of `NOTIFY_CHANNEL`, or alerts]
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// A repeat within so many seconds is not told
    #[arg(long, value_name = "SECONDS")]
    silent_seconds: Option<f64>,
    /// An OK is told when the last run began so many hours ago; `never` tells recoveries alone
    #[arg(long, value_name = "HOURS", value_parser = hours)]
    ok_silent_hours: Option<f64>,
    /// A failure is told again after so many hours, come what may
    #[arg(long, value_name = "HOURS")]
    remind_hours: Option<f64>,
    /// A failure is told at the N-th failed run in a row
    #[arg(long, value_name = "N")]
    after: Option<u64>,
    /// A run that goes on for so many minutes is told
    #[arg(long, value_name = "MINUTES")]
    overdue_minutes: Option<f64>,
    /// How often it is meant to run, for `watch` and `check`
    #[arg(long, value_name = "HOURS")]
    every_hours: Option<f64>,
    /// Whom a failure mentions: ids of Slack's users and groups, @here, @channel
    #[arg(long, value_name = "WHOM")]
    mention: Option<String>,
    /// Refused, and not shown: there is no answer but the command's own
    #[arg(long, hide = true)]
    json: bool,
    /// The command, and what it is called with
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, _: &mut Output) -> Result<u8, Failure> {
        let Some((command, arguments)) = self.command.split_first() else {
            return Err(Failure::Message("there is no command to run".to_owned()));
        };
        if self.json {
            let message = "what is written here is the command's, and so there is no --json: `pipeline-notify status --json` says how it ended; nothing was run";
            return Err(Failure::Message(message.to_owned()));
        }
        let wrapped = Wrapped {
            command: command.clone(),
            arguments: arguments.to_vec(),
            name: self.name.clone().filter(|name| !name.is_empty()),
            settings: self.settings()?,
            directory: common.dir.clone(),
        };
        Ok(wrapped.run())
    }

    /// The same as the attribute's arguments.
    fn settings(&self) -> Result<Settings, Failure> {
        let mut settings = Settings::new();
        if let Some(channel) = &self.channel {
            settings = settings.channel(|| channel);
        }
        if let Some(seconds) = self.silent_seconds {
            settings = settings.silent_seconds(|| seconds);
        }
        if let Some(hours) = self.ok_silent_hours {
            settings = settings.ok_silent_hours(|| hours);
        }
        if let Some(hours) = self.remind_hours {
            settings = settings.remind_hours(|| hours);
        }
        if let Some(runs) = self.after {
            settings = settings.after(|| runs);
        }
        if let Some(minutes) = self.overdue_minutes {
            settings = settings.overdue_minutes(|| minutes);
        }
        if let Some(hours) = self.every_hours {
            settings = settings.every_hours(|| hours);
        }
        if let Some(whom) = &self.mention {
            settings = settings.mention(|| whom);
        }
        match settings.problems.first() {
            None => Ok(settings),
            Some(problem) => {
                let problem = problem.replace(": the default stands in", "");
                Err(Failure::Message(format!("{problem}; nothing was run")))
            }
        }
    }
}

fn hours(text: &str) -> Result<f64, String> {
    if text == "never" {
        return Ok(f64::INFINITY);
    }
    let hours = text.parse().map_err(|_| "write a number, or never");
    Ok(hours?)
}
