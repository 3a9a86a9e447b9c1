//! `metrics`: what is known of all jobs, in the text format of Prometheus (0.0.4).

#![expect(clippy::cast_precision_loss, reason = "a metric is a float")]

mod exposition;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use notify_core::__cli::{Health, Job, Place, Queue};
use notify_core::State;
use serde_json::json;

use self::exposition::{Exposition, Type};
use crate::check::{self, Findings, Kind, Seen};
use crate::output::Output;
use crate::words::{self, count, plain};
use crate::{Common, Failure, json, whole_file};

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
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let place = common.place()?;
        let Some(file) = &self.output else {
            if common.json {
                let message = "the metrics are Prometheus's text: leave out --json, or write them to a file with -o";
                return Err(Failure::Message(message.to_owned()));
            }
            let text = text(&place).map_err(|error| unreadable(&place, &error))?;
            output.raw(&text.content)?;
            return Ok(0);
        };
        let written = write(&place, file)?;
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
pub(crate) fn write(place: &Place, file: &Path) -> Result<Metrics, Failure> {
    let text = text(place).map_err(|error| unreadable(place, &error))?;
    whole_file::write(file, &text.content).map_err(|error| {
        Failure::Message(format!("`{}` cannot be written: {error}", file.display()))
    })?;
    Ok(text)
}

fn unreadable(place: &Place, error: &io::Error) -> Failure {
    Failure::Message(format!("`{}` cannot be read: {error}", place.display()))
}

/// The metrics of a notify directory.
pub(crate) struct Metrics {
    content: String,
    jobs: usize,
    now: DateTime<Utc>,
}

/// What a family says of a job.
type Of<'a> = &'a dyn Fn(&Job) -> Option<f64>;

/// What a family counts of a queue.
type OfQueue = fn(&Queue) -> usize;

/// What is known of a job beside its status.
#[derive(Debug, Clone, Copy, Default)]
struct Trouble {
    missed: u64,
    died: u64,
}

fn text(place: &Place) -> io::Result<Metrics> {
    let now = Utc::now();
    // As `check` sees it, lest the two disagree.
    let seen = Seen::of(place, &[], now)?;
    let findings = check::Arguments::default().judge(&seen, now);
    let Seen {
        jobs, runs, queues, ..
    } = &seen;
    let mut troubles: HashMap<&str, Trouble> = HashMap::new();
    for problem in &findings.problems {
        if let Some(job) = &problem.job {
            let trouble = troubles.entry(job).or_default();
            match problem.what {
                Kind::Missed => trouble.missed = 1,
                Kind::Dead => trouble.died += 1,
                _ => {}
            }
        }
    }
    let mut page = Exposition::default();
    let (own, rest) = jobs.jobs.split_at(jobs.jobs.len().min(JOBS));
    of_jobs(&mut page, own, rest, &troubles, now);
    of_queues(&mut page, queues);
    let all = jobs.jobs.len() + jobs.unreadable.len();
    page.family("jobs", Type::Gauge, "Jobs that have a status file.");
    page.value(&[], all as f64);
    page.family(
        "unreadable_files",
        Type::Gauge,
        "Status files that cannot be read.",
    );
    page.value(&[], jobs.unreadable.len() as f64);
    page.family("runs", Type::Gauge, "Runs that have begun, and have not ended: alive, dead, or unknown where their machine is another.");
    for (health, state) in [
        (Health::Alive, "alive"),
        (Health::Dead, "dead"),
        (Health::Unknown, "unknown"),
    ] {
        let runs = runs.iter().filter(|run| run.health == health);
        page.value(&[("state", state)], runs.count() as f64);
    }
    of_check(&mut page, &findings);
    Ok(Metrics {
        content: page.end(),
        jobs: all,
        now,
    })
}

/// Writes ten series a job, each of a family of its own; `rest` is summed, without the jobs' names.
fn of_jobs(
    page: &mut Exposition,
    own: &[Job],
    rest: &[Job],
    troubles: &HashMap<&str, Trouble>,
    now: DateTime<Utc>,
) {
    let trouble = |job: &Job| troubles.get(&*job.name).copied().unwrap_or_default();
    let is_failing = |job: &Job| job.state == State::Error;
    let is_calm = move |job: &Job| words::is_calm(job, now);
    let seconds = |time: DateTime<Utc>| time.timestamp_micros() as f64 / 1e6;
    let one = |is_so: bool| Some(f64::from(u8::from(is_so)));
    // Each with what counts of it in the sum: there nothing is silenced or quiet.
    let families: [(&str, Type, &str, Of, Option<Of>); 10] = [
        (
            "job_failing",
            Type::Gauge,
            "Whether the job fails: 1 where its latest run did.",
            &|job| one(is_failing(job)),
            Some(&|job| one(is_failing(job) && !is_calm(job))),
        ),
        (
            "job_silenced",
            Type::Gauge,
            "Whether the job fails, and that is silenced, acknowledged, or quiet by plan.",
            &|job| one(is_calm(job)),
            None,
        ),
        (
            "job_quiet",
            Type::Gauge,
            "Whether a planned quiet holds for the job.",
            &|job| one(job.quiet.is_some()),
            None,
        ),
        (
            "job_missed",
            Type::Gauge,
            "Whether the job should have run again by now.",
            &|job| Some(trouble(job).missed as f64),
            Some(&|job| {
                Some(if job.quiet.is_some() {
                    0.0
                } else {
                    trouble(job).missed as f64
                })
            }),
        ),
        (
            "job_died",
            Type::Gauge,
            "Runs of the job whose process is gone, and that nobody has reported yet.",
            &|job| Some(trouble(job).died as f64),
            Some(&|job| Some(trouble(job).died as f64)),
        ),
        (
            "job_last_run_timestamp_seconds",
            Type::Gauge,
            "When the job's latest run began.",
            &|job| Some(seconds(job.begun)),
            None,
        ),
        (
            "job_last_success_timestamp_seconds",
            Type::Gauge,
            "When the job's latest run began that worked.",
            &|job| job.last_ok.map(seconds),
            None,
        ),
        (
            "job_last_run_duration_seconds",
            Type::Gauge,
            "How long the job's latest run took.",
            &|job| job.took.map(|took| took.as_secs_f64()),
            None,
        ),
        (
            "job_runs_total",
            Type::Counter,
            "Runs of the job that have ended.",
            &|job| Some(job.runs_total as f64),
            Some(&|job| Some(job.runs_total as f64)),
        ),
        (
            "job_failures_total",
            Type::Counter,
            "Runs of the job that have failed.",
            &|job| Some(job.failures_total as f64),
            Some(&|job| Some(job.failures_total as f64)),
        ),
    ];
    for (name, kind, help, of, of_rest) in families {
        page.family(name, kind, help);
        for job in own {
            if let Some(value) = of(job) {
                page.value(&[("job_name", &job.name)], value);
            }
        }
        if let Some(of) = of_rest.filter(|_| !rest.is_empty()) {
            page.value(&[], rest.iter().filter_map(of).sum());
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
            page.value(&[("channel", channel)], sum as f64);
        }
    }
    let help = "When the oldest alert that waits was decided.";
    page.family("alerts_oldest_waiting_timestamp_seconds", Type::Gauge, help);
    for channel in &channels {
        if let Some(oldest) = of(queues, channel).filter_map(|queue| queue.oldest).min() {
            page.value(
                &[("channel", channel)],
                oldest.timestamp_micros() as f64 / 1e6,
            );
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
    page.value(&[], f64::from(findings.alarm().code()));
    page.family(
        "problems",
        Type::Gauge,
        "What `pipeline-notify check` finds, by kind.",
    );
    for kind in Kind::ALL {
        page.value(&[("kind", kind.as_str())], findings.number(kind) as f64);
    }
}
