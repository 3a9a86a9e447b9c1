//! `forget`: removes the status of a job that no longer exists.

use clap::Args;
use notify_core::__cli::{self as look, Announcement, Desk};
use notify_core::State;
use serde_json::json;

use crate::output::Output;
use crate::words::{self, count, plain};
use crate::{Common, Failure, json, rename};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(
    after_help = "Where the job failed, its channel gets a message that the incident is closed, and services that keep incidents close theirs.

Exit codes:
  0  it is forgotten
  2  it is not: no such job, or its file cannot be removed; see standard error"
)]
pub(crate) struct Arguments {
    /// The job to forget
    #[arg(value_name = "JOB")]
    job: String,
    /// Send no message, even if it failed
    #[arg(long)]
    quiet: bool,
    /// The channel that gets a message [default: the job's, where a run under way or its status file names it, or `NOTIFY_CHANNEL`, or alerts]
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let place = common.place()?;
        let desk = Desk::at(&place, crate::user())?;
        let channel = crate::channel(self.channel.as_deref())?;
        let forgotten = desk.forget(&self.job, channel, self.quiet)?;
        if common.json {
            output.json(&json!({
                "job": forgotten.job,
                "status": forgotten.state.map(State::as_str),
                "since": forgotten.since.map(json::time),
                "runs": forgotten.runs,
                "error": Some(&forgotten.error).filter(|error| !error.is_empty()),
                "told": json::announcement(&forgotten.announcement),
            }))?;
        } else {
            let job = plain(&forgotten.job);
            let was = match (forgotten.state, forgotten.since) {
                (Some(state), Some(since)) => {
                    let runs = count(forgotten.runs, "run");
                    let since = words::lasting(since, look::now());
                    let error = plain(&forgotten.error);
                    let colon = if error.is_empty() { "" } else { ": " };
                    format!("it was {state} {since}, {runs}{colon}{error}")
                }
                _ => "its status file could not be understood".to_owned(),
            };
            output.say(&format!("{job} is forgotten: {was}"))?;
            if forgotten.announcement != Announcement::Nobody {
                output.say(&words::announcement(&forgotten.announcement))?;
            }
        }
        rename::warn_of_runs(&desk, &self.job);
        rename::warn_of_expectations(&place, &self.job);
        Ok(0)
    }
}
