//! `rename`: gives a job another name, as when its function moved.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use notify_core::__cli::{self as look, Desk, Health, Place, runs};
use serde_json::json;

use crate::output::{self, Output};
use crate::words::plain;
use crate::{Common, Failure, expect};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(
    after_help = "The next run under the new name goes on where the last one under the old name ended: a failure stays one incident, and the move itself sends no message. Alerts that wait take the new name, too.

Exit codes:
  0  it has the new name
  2  it has not: no such job, or the new name is taken; see standard error"
)]
pub(crate) struct Arguments {
    /// The job's name so far
    #[arg(value_name = "OLD")]
    old: String,
    /// Its new name, as the function or its `name = …` makes it
    #[arg(value_name = "NEW", value_parser = NonEmptyStringValueParser::new())]
    new: String,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let place = common.place()?;
        let desk = Desk::at(&place, crate::user())?;
        desk.rename(&self.old, &self.new)?;
        if common.json {
            output.json(&json!({ "old": self.old, "new": self.new }))?;
        } else {
            output.say(&format!("{} is now {}", plain(&self.old), plain(&self.new)))?;
        }
        warn_of_runs(&desk, &self.old);
        warn_of_expectations(&place, &self.old);
        self.warn_of_plans(&place);
        Ok(0)
    }

    /// Warns of a planned quiet that names the job no longer.
    fn warn_of_plans(&self, place: &Place) {
        let (planned, _) = look::planned(place, look::now());
        let named = planned.iter().filter(|window| window.names(&self.old));
        for window in named.filter(|window| !window.names(&self.new)) {
            let (jobs, new) = (plain(&window.jobs), plain(&self.new));
            output::complain(&format!(
                "the planned quiet of `{jobs}` does not hold for `{new}`"
            ));
        }
    }
}

/// Warns where a job is still expected by a name that it has no longer: it would be reported as one that never ran.
pub(crate) fn warn_of_expectations(place: &Place, job: &str) {
    let awaited = look::awaited(place).all.into_iter();
    for one in awaited.filter(|one| one.job == job) {
        let next = expect::next(&one, look::now());
        let file = one.file.display().to_string();
        output::complain(&format!(
            "`{}` is still expected {}, by `{}`: `pipeline-notify expect {} --remove` takes out what that command has written",
            plain(job),
            plain(&next),
            plain(&file),
            plain(job)
        ));
    }
}

/// Warns where a run is under way, whose end will write the old file again.
pub(crate) fn warn_of_runs(desk: &Desk, job: &str) {
    let (runs, _) = runs(desk.place(), &[job.to_owned()]).unwrap_or_default();
    if runs.iter().any(|run| run.health == Health::Alive) {
        output::complain(&format!(
            "a run of `{}` is going on, and writes the old status file again when it ends",
            plain(job)
        ));
    }
}
