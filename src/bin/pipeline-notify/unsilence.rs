//! `unsilence`: ends a silence, or a planned quiet, before its time.

use clap::Args;
use notify_core::__cli::{self as look, Desk, Refused};
use serde_json::json;

use crate::output::Output;
use crate::words::{self, count, plain};
use crate::{Common, Failure, json};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(
    after_help = "The job's next failed run sends its alert as if nothing had been silenced. A planned quiet is named as it was planned, as by `silence --list`: 'etl.*' ends that of etl.*, and no other.

Exit codes:
  0  it is no longer silenced
  2  it was not, or there is no such job; see standard error"
)]
pub(crate) struct Arguments {
    /// The job that is silenced, or the pattern of a planned quiet
    #[arg(value_name = "JOB")]
    job: String,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let desk = Desk::at(&common.place()?, crate::user())?;
        let job = &self.job;
        let planned = desk.unplan(job);
        let until = match (desk.unsilence(job), &planned) {
            (Ok(until), _) => Some(until),
            (Err(_), Ok(1..) | Err(_)) => None,
            (Err(Refused::NoJob { .. }), Ok(0)) if job.contains('*') => {
                return Err(Refused::NotSilenced(job.clone()).into());
            }
            (Err(error), Ok(0)) => return Err(error.into()),
        };
        let planned = match planned {
            Err(error) if until.is_none() => return Err(error.into()),
            planned => planned.unwrap_or_default(),
        };
        let still = desk.still_quiet(job);
        if common.json {
            output.json(&json!({
                "job": job,
                "was_silenced_until": until.map(json::time),
                "planned": planned,
                "still_quiet_by": still,
            }))?;
            return Ok(0);
        }
        let name = plain(job);
        if let Some(until) = until {
            let until = words::local_in_zone(until, look::now());
            output.say(&format!(
                "{name} is no longer silenced (it was until {until})"
            ))?;
        }
        if planned > 0 {
            let quiets = count(planned, "planned quiet");
            output.say(&format!("{quiets} of {name} ended"))?;
        }
        for pattern in still {
            output.say(&format!("{name} is still quiet, by {}", plain(&pattern)))?;
        }
        Ok(0)
    }
}
