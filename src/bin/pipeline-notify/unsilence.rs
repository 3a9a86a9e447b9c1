//! `unsilence`: ends a silence before its time.

use chrono::Utc;
use clap::Args;
use notify_core::__cli::Desk;
use serde_json::json;

use crate::output::Output;
use crate::words::{self, plain};
use crate::{Common, Failure, json};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(
    after_help = "The job's next failed run sends its alert as if nothing had been silenced.

Exit codes:
  0  it is no longer silenced
  2  it was not, or there is no such job; see standard error"
)]
pub(crate) struct Arguments {
    /// The job that is silenced
    #[arg(value_name = "JOB")]
    job: String,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let desk = Desk::open(Some(&common.directory()?), crate::user())?;
        let until = desk.unsilence(&self.job)?;
        if common.json {
            output.json(&json!({ "job": self.job, "was_silenced_until": json::time(until) }))?;
        } else {
            let until = words::local_in_zone(until, Utc::now());
            output.say(&format!(
                "{} is no longer silenced (it was until {until})",
                plain(&self.job)
            ))?;
        }
        Ok(0)
    }
}
