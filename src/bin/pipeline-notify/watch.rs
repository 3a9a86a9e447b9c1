//! `watch`: stays, and reports what no run can report.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use clap::Args;
use notify_core::__cli::{Beginning, Guard};

use crate::output::{self, Output};
use crate::words::{count, plain};
use crate::{Common, Failure, span};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(
    after_help = "It reports a run whose process died (kill -9 included) within a second, a job that has missed a run (by its every_hours) once, and a failure whose silence is over if the job has not run since. It sends alerts that wait, also those that other processes left. It reports only the jobs of its own user, to the channels that its environment names. You may restart it or run two: each event is sent only once.

At SIGTERM or SIGINT it looks once more, sends what it can within NOTIFY_EXIT_SECONDS, and exits with 0. A second signal ends it at once. Standard error says what it watches and what it cannot do.

Exit codes:
  0  it was asked to end
  2  it cannot watch; see standard error"
)]
pub(crate) struct Arguments {
    /// How often to look for jobs that should have run, and for silences that are over
    #[arg(long, value_name = "TIME", value_parser = span::parse, default_value = "60s")]
    every: Duration,
    /// How late a run may begin [default: 10 % of how often it should, or 1h if that is more]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    grace: Option<Duration>,
    /// Refused, and not shown: there is no answer
    #[arg(long, hide = true)]
    json: bool,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, _: &mut Output) -> Result<u8, Failure> {
        if self.json {
            let message =
                "`watch` has no answer, and so no --json: use `pipeline-notify status --json`";
            return Err(Failure::Message(message.to_owned()));
        }
        let guard = Guard::new(common.dir.as_deref(), self.every, self.grace)?;
        output::complain(&words(&guard.beginning()));
        guard.watch();
        // After the ^C, so that the prompt has its own line.
        if io::stderr().is_terminal() {
            let _ = writeln!(io::stderr());
        }
        Ok(0)
    }
}

fn words(beginning: &Beginning) -> String {
    let directory = beginning.directory.display().to_string();
    let jobs = count(beginning.jobs, "job");
    let runs = count(beginning.runs, "run");
    let expected = beginning.expected;
    let channels = if beginning.channels.is_empty() {
        "there is no destination: set SLACK_ALERTS_WEBHOOK_URL to a webhook".to_owned()
    } else {
        format!("alerts go to {}", beginning.channels.join(", "))
    };
    let mut without = beginning.without.join(", ");
    if !without.is_empty() {
        without = format!(
            "; of its jobs' channels, these have no destination in this environment: {without}"
        );
    }
    let directory = plain(&directory);
    let without = plain(&without);
    format!(
        "watching {directory} ({jobs}, {expected} with every_hours, {runs} under way); {channels}{without}"
    )
}
