//! `watch`: stays, and reports what no run can report.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use notify_core::__cli::{self as look, Beginning, Guard, Place, Progress, Said};

use crate::by_whom::ByWhom;
use crate::output::{self, Output};
use crate::words::{count, plain};
use crate::{Common, Failure, metrics, page, span};

pub(crate) const FAILURE: u8 = 2;

/// Of so many runs it says how far they have come.
const MOST_SHOWN: usize = 5;

#[derive(Debug, Args)]
#[command(
    after_help = "It reports a run whose process died (kill -9 included) within a second, each missed run once at the end of its grace (by the job's schedule or every_hours, or by what `expect` or a file says of a job that never ran), and a failure whose silence is over if the job has not run since. It sends alerts that wait, also those that other processes left. It reports only the jobs of its own user (root: of every user with --all-users), to the channels that its environment names. You may restart it or run two: each event is sent only once.

At SIGTERM or SIGINT it looks once more, sends what it can within NOTIFY_EXIT_SECONDS, and exits with 0. A second signal ends it at once. Standard error says what it watches and what it cannot do. A notify directory that cannot be made yet, as on a volume that is mounted later, is waited for.

Exit codes:
  0  it was asked to end
  2  it cannot watch; see standard error"
)]
pub(crate) struct Arguments {
    /// How often to look for jobs that should have run, and for silences that are over
    #[arg(long, value_name = "TIME", value_parser = span::parse, default_value = "60s")]
    every: Duration,
    /// How late a run may begin, where its job does not say [default: 10 % of the time between two runs, or 1h if
    /// that is more; of a schedule at most half of that time]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    grace: Option<Duration>,
    /// Keep a file of metrics fresh, as often, as `metrics -o FILE` writes it
    #[arg(long, value_name = "FILE.prom", conflicts_with = "all_users")]
    metrics: Option<PathBuf>,
    #[command(flatten)]
    labels: metrics::Labels,
    /// Keep a page fresh, as often, as `page -o FILE` writes it
    #[arg(long, value_name = "FILE.html", conflicts_with = "all_users")]
    page: Option<PathBuf>,
    #[command(flatten)]
    clock_changes: ByWhom,
    /// As root: watch over the jobs of every user who has a folder there, by a child for each, which becomes that
    /// user; alerts go to the destinations of root's environment
    #[arg(long)]
    all_users: bool,
    /// Such a child: the user that it becomes
    #[arg(
        long = "as",
        value_name = "USER",
        hide = true,
        conflicts_with = "all_users"
    )]
    user: Option<u32>,
    /// Refused, and not shown: there is no answer
    #[arg(long, hide = true)]
    json: bool,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, _: &mut Output) -> Result<u8, Failure> {
        if self.json {
            return Err(
                "`watch` has no answer, and so no --json: use `pipeline-notify status --json`"
                    .into(),
            );
        }
        if self.every.is_zero() {
            return Err("--every: give a length of time above zero, such as 60s".into());
        }
        if self.metrics.is_none() && !self.labels.is_empty() {
            return Err("--label is of --metrics: give the file of metrics, too".into());
        }
        let labels = self.labels.text()?;
        if self.all_users {
            return self.watch_all(common);
        }
        if let Some(user) = self.user {
            look::become_user(&Self::folder(common)?, user)
                .map_err(|error| format!("the jobs of user {user} cannot be watched: {error}"))?;
        }
        let said = self.clock_changes.said(self.grace);
        let Some(guard) = Guard::new(common.dir.as_deref(), self.every, said.clone())? else {
            return Ok(0);
        };
        let beginning = guard.beginning();
        output::complain(&words(&beginning));
        self.keep_files_fresh(&beginning.place, &said, &labels);
        guard.watch();
        // After the ^C, so that the prompt has its own line.
        if io::stderr().is_terminal() {
            let _ = writeln!(io::stderr());
        }
        Ok(0)
    }

    /// Writes what is asked for, again and again, beside the watch.
    fn keep_files_fresh(&self, place: &Place, said: &Said, labels: &str) {
        if let Some(file) = self.metrics.clone() {
            let (place, said, labels) = (place.clone(), said.clone(), labels.to_owned());
            self.keep_fresh(move || metrics::write(&place, &file, &said, labels.clone()).map(drop));
        }
        if let Some(file) = self.page.clone() {
            let (place, said) = (place.clone(), said.clone());
            self.keep_fresh(move || {
                page::write(&place, &file, page::TITLE, said.clone()).map(drop)
            });
        }
    }

    /// Writes a file again and again, on a thread of its own: a folder of a network that hangs must not keep the
    /// watch from what it is for.
    fn keep_fresh(&self, write: impl Fn() -> Result<(), Failure> + Send + 'static) {
        let every = self.every;
        let keep = move || {
            let mut last = None;
            loop {
                let fault = write().err().map(|failure| failure.to_string());
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

    /// Returns the notify directory: a store is watched for all users anyway.
    fn folder(common: &Common) -> Result<PathBuf, Failure> {
        let place = common.place()?;
        let folder = place.folder().map(Path::to_owned);
        folder.ok_or_else(|| {
            format!("`{place}` is no folder: leave --all-users out, for a store has no users")
                .into()
        })
    }

    fn watch_all(&self, common: &Common) -> Result<u8, Failure> {
        let folder = Self::folder(common)?;
        let mut line = vec![
            "watch".into(),
            "--dir".into(),
            folder.clone().into_os_string(),
        ];
        let seconds = |time: Duration| format!("{}s", time.as_secs_f64()).into();
        line.extend(["--every".into(), seconds(self.every)]);
        if let Some(grace) = self.grace {
            line.extend(["--grace".into(), seconds(grace)]);
        }
        if let Some(changes) = self.clock_changes.clock_changes {
            line.extend(["--clock-changes".into(), changes.name().into()]);
        }
        let shown = folder.display().to_string();
        output::complain(&plain(&format!(
            "watching {shown} for each user who has a folder there"
        )));
        look::watch_all(&folder, &line)
            .map_err(|error| format!("`{shown}` cannot be watched for all users: {error}"))?;
        Ok(0)
    }
}

fn words(beginning: &Beginning) -> String {
    let place = beginning.place.to_string();
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
    let place = plain(&place);
    let without = plain(&without);
    let progress = progress(&beginning.progress, look::now());
    let there = if beginning.is_readable {
        let never_ran = match beginning.never_ran {
            0 => String::new(),
            number => format!(", {number} expected that never ran"),
        };
        format!(
            "{jobs}, {expected} with every_hours or a schedule{never_ran}, {runs} under way{progress}"
        )
    } else {
        "it cannot be read yet".to_owned()
    };
    format!("watching {place} ({there}); {channels}{without}")
}

/// Says how far some runs have come, and of how many more that is known.
fn progress(runs: &[(String, Progress)], now: DateTime<Utc>) -> String {
    let (shown, more) = runs.split_at(runs.len().min(MOST_SHOWN));
    let shown = shown
        .iter()
        .map(|(job, progress)| format!("{} {}", plain(job), progress.words(now)));
    let more = (!more.is_empty()).then(|| format!("{} more", more.len()));
    let all: Vec<_> = shown.chain(more).collect();
    if all.is_empty() {
        return String::new();
    }
    format!(": {}", all.join("; "))
}
