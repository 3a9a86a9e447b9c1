//! `metrics`: what is known of all jobs, in the text format of Prometheus (0.0.4).

#![expect(clippy::cast_precision_loss, reason = "a metric is a float")]

mod exposition;
mod labels;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use notify_core::__cli::{self as look, Health, Job, Place, Queue, Said};
use notify_core::State;
use serde_json::json;

use self::exposition::{Exposition, Type, label};
pub(crate) use self::labels::Labels;
use crate::by_whom::ByWhom;
use crate::check::{self, Findings, Kind, Seen};
use crate::output::{self, Output};
use crate::words::{self, count, plain};
use crate::{Common, Failure, json, span, whole_file};

pub(crate) const FAILURE: u8 = 2;

/// As many jobs have series of their own; the others are one sum.
const JOBS: usize = 10_000;

#[derive(Debug, Args)]
#[command(
    after_help = "A file is made whole under another name first, so that the node exporter's textfile collector never sees half of it: name it something.prom in the collector's folder. `watch --metrics FILE` keeps it fresh. docs/prometheus.md has alert rules, and a panel for Grafana.

Exit codes:
  0  the metrics are written, whatever the status of the jobs
  2  they are not: the directory cannot be read, or the file cannot be written"
)]
pub(crate) struct Arguments {
    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE.prom")]
    output: Option<PathBuf>,
    /// How late a run may begin, where its job does not say: as of `check`
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    grace: Option<Duration>,
    #[command(flatten)]
    clock_changes: ByWhom,
    #[command(flatten)]
    labels: Labels,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let place = common.place()?;
        let said = self.clock_changes.said(self.grace);
        let labels = self.labels.text()?;
        let is_file = |file: &&PathBuf| !output::is_standard(file);
        let Some(file) = self.output.as_ref().filter(is_file) else {
            if common.json {
                return Err("the metrics are Prometheus's text: leave out --json, or write them to a file with -o".into());
            }
            output.raw(&text(&place, &said, labels)?.content)?;
            return Ok(0);
        };
        let written = write(&place, file, &said, labels)?;
        if common.json {
            output.json(&json!({
                "file": file.to_string_lossy(),
                "bytes": written.content.len(),
                "jobs": written.jobs,
                "now": json::time(written.now),
            }))?;
        } else {
            let file = file.display().to_string();
            let jobs = count(written.jobs, "job");
            output.say(&format!("{} is written: {jobs}", plain(&file)))?;
        }
        Ok(0)
    }
}

/// Writes the metrics to a file, whole or not at all.
pub(crate) fn write(
    place: &Place,
    file: &Path,
    said: &Said,
    labels: String,
) -> Result<Metrics, Failure> {
    let text = text(place, said, labels)?;
    whole_file::write(file, &text.content).map_err(Failure::unwritable(file))?;
    Ok(text)
}

/// The metrics of a notify directory.
pub(crate) struct Metrics {
    content: String,
    jobs: usize,
    now: DateTime<Utc>,
}

/// What is known of a job.
#[derive(Debug)]
struct Known<'a> {
    name: &'a str,
    /// `None` where it has no status file: it should run and never did, or its first run died.
    job: Option<&'a Job>,
    is_quiet: bool,
    is_missed: bool,
    died: u64,
}

impl<'a> Known<'a> {
    fn nothing_of(name: &'a str) -> Self {
        Self {
            name,
            job: None,
            is_quiet: false,
            is_missed: false,
            died: 0,
        }
    }

    /// Returns all jobs by name, those without a status file as well.
    fn all(seen: &'a Seen, findings: &'a Findings) -> Vec<Self> {
        let jobs = seen.jobs.jobs.iter();
        let mut all: Vec<_> = jobs
            .map(|job| Self {
                job: Some(job),
                is_quiet: job.quiet.is_some(),
                ..Self::nothing_of(&job.name)
            })
            .collect();
        let places = all.iter().enumerate();
        let mut places: HashMap<_, _> = places.map(|(place, job)| (job.name, place)).collect();
        let awaited = seen.awaited.all.iter().map(|awaited| (&*awaited.job, None));
        let of_runs = findings.problems.iter().filter_map(|problem| {
            let is_of_runs = matches!(problem.what, Kind::Missed | Kind::Dead);
            Some((
                problem.job.as_deref().filter(|_| is_of_runs)?,
                Some(problem.what),
            ))
        });
        let is_open = |name: &str| {
            let mut windows = seen.planned.iter();
            windows.any(|window| window.is_open(findings.now) && window.names(name))
        };
        for (name, what) in awaited.chain(of_runs) {
            let place = *places.entry(name).or_insert_with(|| {
                all.push(Self {
                    is_quiet: is_open(name),
                    ..Self::nothing_of(name)
                });
                all.len() - 1
            });
            match what {
                Some(Kind::Missed) => all[place].is_missed = true,
                Some(_) => all[place].died += 1,
                None => {}
            }
        }
        all.sort_by_key(|known| known.name);
        all
    }
}

/// What a family says of a job.
type Of = fn(&Known<'_>, DateTime<Utc>) -> Option<f64>;

/// What a family counts of a queue.
type OfQueue = fn(&Queue) -> usize;

fn text(place: &Place, said: &Said, labels: String) -> Result<Metrics, Failure> {
    let now = look::now();
    // As `check` sees it, lest the two disagree.
    let seen = Seen::of(place, &[], now).map_err(Failure::unreadable(place))?;
    let findings = check::Arguments::of(&[], said).judge(&seen, now);
    let Seen {
        jobs, runs, queues, ..
    } = &seen;
    let mut page = Exposition::new(labels);
    let known = Known::all(&seen, &findings);
    let (own, rest) = known.split_at(known.len().min(JOBS));
    of_jobs(&mut page, own, rest, now);
    of_queues(&mut page, queues);
    let all = jobs.jobs.len() + jobs.unreadable.len();
    page.family("jobs", Type::Gauge, "Jobs that have a status file.");
    page.value("", all as f64);
    page.family(
        "unreadable_files",
        Type::Gauge,
        "Status files that cannot be read.",
    );
    page.value("", jobs.unreadable.len() as f64);
    page.family("runs", Type::Gauge, "Runs that have begun, and have not ended: alive, dead, or unknown where their machine is another.");
    for (health, state) in [
        (Health::Alive, "alive"),
        (Health::Dead, "dead"),
        (Health::Unknown, "unknown"),
    ] {
        let runs = runs.iter().filter(|run| run.health == health);
        page.value(&label("state", state), runs.count() as f64);
    }
    of_check(&mut page, &findings);
    Ok(Metrics {
        content: page.end(),
        jobs: all,
        now,
    })
}

/// The families of jobs. Each with what counts of it in the sum: there nothing is silenced or quiet.
const FAMILIES: [(&str, Type, &str, Of, Option<Of>); 10] = [
    (
        "job_failing",
        Type::Gauge,
        "Whether the job fails: 1 where its latest run did.",
        |known, _| Some(one(is_failing(known.job?))),
        Some(|known, now| {
            let job = known.job?;
            Some(one(is_failing(job) && !words::is_calm(job, now)))
        }),
    ),
    (
        "job_silenced",
        Type::Gauge,
        "Whether the job fails, and that is silenced, acknowledged, or quiet by plan.",
        |known, now| Some(one(words::is_calm(known.job?, now))),
        None,
    ),
    (
        "job_quiet",
        Type::Gauge,
        "Whether a planned quiet holds for the job.",
        |known, _| Some(one(known.is_quiet)),
        None,
    ),
    (
        "job_missed",
        Type::Gauge,
        "Whether the job should have run, or run again, by now.",
        |known, _| Some(one(known.is_missed)),
        Some(|known, _| Some(one(known.is_missed && !known.is_quiet))),
    ),
    (
        "job_died",
        Type::Gauge,
        "Runs of the job whose process is gone, and that nobody has reported yet.",
        |known, _| Some(known.died as f64),
        Some(|known, _| Some(known.died as f64)),
    ),
    (
        "job_last_run_timestamp_seconds",
        Type::Gauge,
        "When the job's latest run began.",
        |known, _| Some(seconds(known.job?.begun)),
        None,
    ),
    (
        "job_last_success_timestamp_seconds",
        Type::Gauge,
        "When the job's latest run began that worked.",
        |known, _| known.job?.last_ok.map(seconds),
        None,
    ),
    (
        "job_last_run_duration_seconds",
        Type::Gauge,
        "How long the job's latest run took.",
        |known, _| known.job?.took.map(|took| took.as_secs_f64()),
        None,
    ),
    (
        "job_runs_total",
        Type::Counter,
        "Runs of the job that have ended.",
        |known, _| Some(known.job?.runs_total as f64),
        Some(|known, _| Some(known.job?.runs_total as f64)),
    ),
    (
        "job_failures_total",
        Type::Counter,
        "Runs of the job that have failed.",
        |known, _| Some(known.job?.failures_total as f64),
        Some(|known, _| Some(known.job?.failures_total as f64)),
    ),
];

fn is_failing(job: &Job) -> bool {
    job.state == State::Error
}

fn seconds(time: DateTime<Utc>) -> f64 {
    time.timestamp_micros() as f64 / 1e6
}

fn one(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

/// Writes ten series a job, each of a family of its own; `rest` is summed, without the jobs' names.
fn of_jobs(page: &mut Exposition, own: &[Known<'_>], rest: &[Known<'_>], now: DateTime<Utc>) {
    let labels: Vec<_> = own.iter().map(|job| label("job_name", job.name)).collect();
    for (name, kind, help, of, of_rest) in FAMILIES {
        page.family(name, kind, help);
        for (known, label) in own.iter().zip(&labels) {
            if let Some(value) = of(known, now) {
                page.value(label, value);
            }
        }
        if let Some(of) = of_rest.filter(|_| !rest.is_empty()) {
            page.value("", rest.iter().filter_map(|known| of(known, now)).sum());
        }
    }
}

/// Writes what was not delivered, by channel: a channel may have several destinations.
fn of_queues(page: &mut Exposition, queues: &[Queue]) {
    let mut channels: Vec<_> = queues.iter().map(|queue| &*queue.channel).collect();
    channels.sort_unstable();
    channels.dedup();
    let families: [(&str, &str, OfQueue); 3] = [
        ("alerts_waiting", "Alerts that wait to be sent.", |queue| {
            queue.waiting
        }),
        (
            "alerts_held",
            "Alerts that are held back until their time comes.",
            |queue| queue.held,
        ),
        (
            "alerts_rejected",
            "Alerts that their destination has refused for good.",
            |queue| queue.rejected,
        ),
    ];
    for (name, help, number) in families {
        page.family(name, Type::Gauge, help);
        for channel in &channels {
            let sum: usize = of(queues, channel).map(number).sum();
            page.value(&label("channel", channel), sum as f64);
        }
    }
    let help = "When the oldest alert that waits was decided.";
    page.family("alerts_oldest_waiting_timestamp_seconds", Type::Gauge, help);
    for channel in &channels {
        if let Some(oldest) = of(queues, channel).filter_map(|queue| queue.oldest).min() {
            page.value(&label("channel", channel), seconds(oldest));
        }
    }
}

fn of<'a>(queues: &'a [Queue], channel: &'a str) -> impl Iterator<Item = &'a Queue> {
    queues.iter().filter(move |queue| queue.channel == channel)
}

/// Writes what `check` answers.
fn of_check(page: &mut Exposition, findings: &Findings) {
    let help = "What `pipeline-notify check` answers: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.";
    page.family("check_state", Type::Gauge, help);
    page.value("", f64::from(findings.alarm().code()));
    page.family(
        "problems",
        Type::Gauge,
        "What `pipeline-notify check` finds, by kind.",
    );
    for kind in Kind::ALL {
        page.value(&label("kind", kind.as_str()), findings.number(kind) as f64);
    }
}
