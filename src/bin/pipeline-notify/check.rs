//! `check`: a monitoring plugin, as <https://www.monitoring-plugins.org/doc/guidelines.html> asks.

mod findings;
mod problem;

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use notify_core::__cli::{self as look, Health, Jobs, Queue, Run};
use serde_json::json;

use self::findings::Findings;
use self::problem::{Alarm, Kind, Problem};
use crate::output::Output;
use crate::words::plain;
use crate::{Common, Failure, json, span};

/// `UNKNOWN`.
pub(crate) const FAILURE: u8 = 3;

/// The most lines after the first: monitors cut long answers anywhere.
const LINES: usize = 50;

#[derive(Debug, Args)]
#[command(after_help = "States and exit codes:
  0 OK        all jobs work
  1 WARNING   a run is overdue; alerts are not delivered; a failure is silenced
  2 CRITICAL  a job failed; a run died and was not reported; a run is missed
  3 UNKNOWN   a JOB is not there; a file cannot be read; no jobs at all

A run is missed when the last one began longer ago than it should run, and the grace: as the attribute's every_hours says, or --every. One that is under way is not missed, but overdue after as long. Alerts are not delivered when they wait for over 15 minutes, or were refused.")]
pub(crate) struct Arguments {
    /// Jobs to check, by name; `*` stands for any characters [default: all]
    #[arg(value_name = "JOB")]
    jobs: Vec<String>,
    /// How often the jobs should run, such as 24h [default: their `every_hours`]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    every: Option<Duration>,
    /// How late a run may begin [default: 10 % of how often it should, or 1h if that is more]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    grace: Option<Duration>,
    /// How long a run may take [default: as often as it should run]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    overdue: Option<Duration>,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let (jobs, runs, queues) = match self.see(common) {
            Ok(seen) => seen,
            // A monitor shows standard output alone.
            Err(Failure::Message(message)) => {
                output.set_code(Alarm::Unknown.code());
                if common.json {
                    output.json(&json!({ "state": "UNKNOWN", "message": message }))?;
                } else {
                    output.line(&format!("UNKNOWN - {}", inert(&message)))?;
                }
                return Ok(Alarm::Unknown.code());
            }
            Err(error) => return Err(error),
        };
        let findings = self.judge(&jobs, &runs, &queues, Utc::now());
        let alarm = findings.alarm();
        output.set_code(alarm.code());
        let counts = findings.counts(&jobs, &runs, &queues);
        let first = findings.first_line(&jobs);
        if common.json {
            let problems = findings.problems.iter().map(|problem| {
                json!({
                    "kind": problem.kind.as_str(),
                    "state": problem.kind.alarm().as_str(),
                    "job": problem.job,
                    "message": problem.words,
                })
            });
            output.json(&json!({
                "state": alarm.as_str(),
                "message": first,
                "counts": counts.iter().map(|(name, number)| ((*name).to_owned(), json!(number))).collect::<serde_json::Map<_, _>>(),
                "problems": problems.collect::<Vec<_>>(),
                "now": json::time(findings.now),
            }))?;
        } else {
            let values = self.performance(&findings, &counts, &jobs);
            output.line(&format!(
                "{} - {} | {}",
                alarm.as_str(),
                inert(&first),
                values.join(" ")
            ))?;
            if findings.problems.len() > 1 {
                list(&findings.problems, output)?;
            }
        }
        Ok(alarm.code())
    }

    fn see(&self, common: &Common) -> Result<(Jobs, Vec<Run>, Vec<Queue>), Failure> {
        let directory = common.directory()?;
        let see = || -> std::io::Result<_> {
            let jobs = look::jobs(&directory, &self.jobs)?;
            let (runs, _) = look::runs(&directory, &self.jobs)?;
            let names: Vec<_> = jobs.jobs.iter().map(|job| job.name.clone()).collect();
            let of = Some(&*names).filter(|_| !self.jobs.is_empty());
            Ok((jobs, runs, look::queues(&directory, of)?.0))
        };
        see().map_err(|error| {
            Failure::Message(format!("`{}` cannot be read: {error}", directory.display()))
        })
    }

    /// What a monitor draws curves of.
    fn performance<Name: std::fmt::Display>(
        &self,
        findings: &Findings,
        counts: &[(Name, usize)],
        jobs: &Jobs,
    ) -> Vec<String> {
        let counts = counts.iter();
        let mut values: Vec<_> = counts
            .map(|(name, number)| format!("{name}={number}"))
            .collect();
        if let [job] = &*jobs.jobs {
            let age = (findings.now - job.begun).num_seconds().max(0);
            let every = self.every_of(job.every_hours);
            let limit = every.map_or_else(String::new, |every| {
                look::limit(every, self.grace).as_secs().to_string()
            });
            values.push(format!("age={age}s;;{limit};0"));
            let took = job.took.map(|took| took.as_secs_f64());
            values.extend(took.map(|took| format!("took={took:.3}s;;;0")));
        }
        values
    }

    fn judge(&self, jobs: &Jobs, runs: &[Run], queues: &[Queue], now: DateTime<Utc>) -> Findings {
        let mut findings = Findings {
            now,
            problems: Vec::new(),
        };
        let mut under_way: HashMap<&str, Vec<&Run>> = HashMap::new();
        for run in runs {
            under_way.entry(&run.job).or_default().push(run);
        }
        let every: HashMap<_, _> = jobs
            .jobs
            .iter()
            .map(|job| (&*job.name, job.every_hours))
            .collect();
        for job in &jobs.jobs {
            findings.judge_state(job);
            let lives = |run: &&&Run| run.health != Health::Dead;
            let is_under_way = under_way
                .get(&*job.name)
                .is_some_and(|runs| runs.iter().any(|run| lives(&run)));
            if let Some(every) = self.every_of(job.every_hours)
                && !is_under_way
            {
                findings.judge_age(job, every, look::limit(every, self.grace));
            }
        }
        for run in runs {
            let every = every.get(&*run.job).copied().flatten().or(run.every_hours);
            findings.judge_run(run, self.overdue.or_else(|| self.every_of(every)));
        }
        findings.judge_queues(queues);
        for file in &jobs.unreadable {
            let words = format!(
                "{}: the status file cannot be read: {}",
                file.name, file.reason
            );
            findings.add(Kind::Unreadable, Some(&file.name), words);
        }
        for name in &jobs.missing {
            if !runs.iter().any(|run| run.is_named(name)) {
                findings.add(
                    Kind::Missing,
                    Some(name),
                    format!("{name}: there is no such job"),
                );
            }
        }
        if self.jobs.is_empty()
            && jobs.jobs.is_empty()
            && jobs.unreadable.is_empty()
            && runs.is_empty()
        {
            findings.add(Kind::NoJobs, None, "there are no jobs yet".to_owned());
        }
        findings
            .problems
            .sort_by_key(|problem| std::cmp::Reverse(problem.kind.alarm()));
        findings
    }

    fn every_of(&self, every_hours: Option<f64>) -> Option<Duration> {
        let seconds = every_hours.map(|hours| hours * 3600.0);
        self.every
            .or_else(|| Duration::try_from_secs_f64(seconds?).ok())
    }
}

/// Names the problems one by one.
fn list(problems: &[Problem], output: &mut Output) -> Result<(), Failure> {
    for problem in problems.iter().take(LINES) {
        let alarm = problem.kind.alarm().as_str();
        output.line(&format!("[{alarm}] {}", inert(&problem.words)))?;
    }
    if problems.len() > LINES {
        output.line(&format!("and {} more", problems.len() - LINES))?;
    }
    Ok(())
}

/// Takes out what would begin the performance data.
fn inert(text: &str) -> String {
    plain(text).replace('|', "/")
}
