//! `watch`: stays, and tells of what no run can tell.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::Args;
use notify_core::__cli::{Beginning, Guard};

use crate::output::{self, Output};
use crate::words::{count, plain};
use crate::{Common, Failure, metrics, page, span};

pub(crate) const FAILURE: u8 = 2;

#[derive(Debug, Args)]
#[command(
    after_help = "It tells of a run whose process died, kill -9 included, within a second; once of each job that should have run again, as its every_hours says; and of a failure that a person had silenced, when that is over and the job has not run since. It sends alerts that wait, also those that other processes have left. It tells of the jobs of its own user alone, to the channels that its environment names, and may be started anew or twice: nothing is told again.

At SIGTERM or SIGINT it looks once more, sends what it can within NOTIFY_EXIT_SECONDS, and ends with 0; a second signal ends it at once. It says on standard error what it watches, and what it cannot do.

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
    /// Keep a file of metrics fresh, as often, as `metrics -o FILE` writes it
    #[arg(long, value_name = "FILE.prom")]
    metrics: Option<PathBuf>,
    /// Keep a page fresh, as often, as `page -o FILE` writes it
    #[arg(long, value_name = "FILE.html")]
    page: Option<PathBuf>,
    /// Refused, and not shown: there is no answer
    #[arg(long, hide = true)]
    json: bool,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, _: &mut Output) -> Result<u8, Failure> {
        if self.json {
            let message = "nothing is answered here, and so there is no --json: `pipeline-notify status --json` says what goes on";
            return Err(Failure::Message(message.to_owned()));
        }
        let guard = Guard::new(common.dir.as_deref(), self.every, self.grace)?;
        output::complain(&words(&guard.beginning()));
        self.keep_files_fresh(&guard.beginning().directory);
        guard.watch();
        // Behind the ^C, so that the prompt has its own line.
        if io::stderr().is_terminal() {
            let _ = writeln!(io::stderr());
        }
        Ok(0)
    }
}

impl Arguments {
    /// Writes what is asked for, again and again, beside the watch: a folder of a network that hangs must
    /// not keep it from what it is for.
    fn keep_files_fresh(&self, directory: &Path) {
        let (directory, every) = (directory.to_owned(), self.every);
        let files = [
            (self.metrics.clone(), Kept::Metrics),
            (self.page.clone(), Kept::Page),
        ];
        for (file, kept) in files {
            let Some(file) = file else { continue };
            let directory = directory.clone();
            let keep = move || {
                let mut last = None;
                loop {
                    let fault = kept.write(&directory, &file).err();
                    // Once while it lasts.
                    if let Some(fault) = fault.as_ref().filter(|_| fault != last) {
                        output::complain(fault);
                    }
                    last = fault;
                    thread::sleep(every);
                }
            };
            if let Err(error) = thread::Builder::new().spawn(keep) {
                output::complain(&format!("there is no thread to keep a file fresh: {error}"));
            }
        }
    }
}

/// A file that is kept fresh.
#[derive(Debug, Clone, Copy)]
enum Kept {
    Metrics,
    Page,
}

impl Kept {
    fn write(self, directory: &Path, file: &Path) -> Result<(), String> {
        let written = match self {
            Self::Metrics => metrics::write(directory, file).map(drop),
            Self::Page => page::write(directory, file, page::TITLE).map(drop),
        };
        written.map_err(|failure| match failure {
            Failure::Message(message) => message,
            Failure::Output(error) => error.to_string(),
        })
    }
}

fn words(beginning: &Beginning) -> String {
    let directory = beginning.directory.display().to_string();
    let jobs = count(beginning.jobs, "job");
    let runs = count(beginning.runs, "run");
    let expected = beginning.expected;
    let channels = if beginning.channels.is_empty() {
        "nobody would hear: set SLACK_ALERTS_WEBHOOK_URL to a webhook".to_owned()
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
