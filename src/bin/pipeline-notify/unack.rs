//! `unack`: takes back that somebody is at a failure.

use clap::Args;
use notify_core::__cli::Desk;
use serde_json::json;

use crate::output::Output;
use crate::words::plain;
use crate::{Common, Failure};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(after_help = "Reminders are sent again as they are due.

Exit codes:
  0  it is no longer acknowledged
  2  it was not, or there is no such job; see standard error")]
pub(crate) struct Arguments {
    /// The job that is acknowledged
    #[arg(value_name = "JOB")]
    job: String,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let desk = Desk::at(&common.place()?, crate::user())?;
        let by = desk.unacknowledge(&self.job)?;
        if common.json {
            output.json(&json!({ "job": self.job, "was_acknowledged_by": by }))?;
        } else {
            output.say(&format!(
                "{} is no longer acknowledged (it was by {})",
                plain(&self.job),
                plain(&by)
            ))?;
        }
        Ok(0)
    }
}
