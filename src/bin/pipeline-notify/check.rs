//! `check`: a monitoring plugin, as <https://www.monitoring-plugins.org/doc/guidelines.html> asks.

mod findings;
mod problem;

use std::collections::{HashMap, HashSet};
use std::io;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use notify_core::__cli::{
    self as look, AllAwaited, ClockChanges, Expected, Health, Jobs, Place, Planned, Queue, Run,
    Said, Schedule,
};
use serde_json::json;

pub(crate) use self::findings::Findings;
use self::problem::Problem;
pub(crate) use self::problem::{Alarm, Kind};
use crate::by_whom::ByWhom;
use crate::output::Output;
use crate::words::plain;
use crate::{Common, Failure, json, span};

/// `UNKNOWN`.
pub(crate) const FAILURE: u8 = 3;

/// The most lines after the first: monitors cut long answers anywhere.
const LINES: usize = 50;

#[derive(Debug, Default, Args)]
#[command(after_help = "States and exit codes:
  0 OK        all jobs work
  1 WARNING   a run is overdue; a schedule, or a line of planned quiet, is
              wrong; alerts are not delivered; a failure is silenced or
              acknowledged; a planned quiet is on, whatever it covers
  2 CRITICAL  a job failed; a run died and was not reported; a run is missed
  3 UNKNOWN   a JOB is not there; a file cannot be read; no jobs at all; an
              option is wrong

A run is missed when none has begun by the time at which one was due, and the grace: as the attribute's schedule or every_hours says, or --schedule or --every. One that is under way is not missed, but overdue after as long. Alerts are not delivered when they wait for over 15 minutes, or were refused.")]
pub(crate) struct Arguments {
    /// Jobs to check, by name; `*` stands for any characters [default: all]
    #[arg(value_name = "JOB")]
    jobs: Vec<String>,
    /// How often the jobs should run, such as 24h [default: their `every_hours`]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    every: Option<Duration>,
    /// When the jobs should run, as in a crontab, such as '5 3 * * 1-5' [default: their `schedule`]
    #[arg(long, value_name = "SCHEDULE", conflicts_with = "every")]
    schedule: Option<String>,
    /// The time zone of --schedule, such as Europe/Berlin [default: the jobs', or this host's]
    #[arg(
        long,
        value_name = "ZONE",
        requires = "schedule",
        conflicts_with = "every"
    )]
    timezone: Option<String>,
    /// How late a run may begin, where its job does not say [default: 10 % of the time between two runs, or 1h if
    /// that is more; of a schedule at most half of that time]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    grace: Option<Duration>,
    #[command(flatten)]
    clock_changes: ByWhom,
    /// How long a run may take [default: as often as it should run]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    overdue: Option<Duration>,
}

/// What there is to judge.
pub(crate) struct Seen {
    pub(crate) jobs: Jobs,
    pub(crate) planned: Vec<Planned>,
    /// Files and lines of planned quiet that do not count, and why.
    pub(crate) faults: Vec<String>,
    pub(crate) runs: Vec<Run>,
    pub(crate) queues: Vec<Queue>,
    /// Users whose runs and alerts cannot be seen.
    pub(crate) closed: usize,
    /// The jobs that should run, whether they ever did or not.
    pub(crate) awaited: AllAwaited,
}

impl Seen {
    /// Looks at the jobs that `wanted` names, at all where it names none.
    pub(crate) fn of(place: &Place, wanted: &[String], now: DateTime<Utc>) -> io::Result<Self> {
        let mut jobs = look::jobs(place, wanted)?;
        let (planned, faults) = look::planned(place, now);
        look::mark_quiet(&planned, place, &mut jobs.jobs, now);
        let (runs, closed) = look::runs(place, wanted)?;
        let names: Vec<_> = jobs.jobs.iter().map(|job| job.name.clone()).collect();
        let of = Some(&*names).filter(|_| !wanted.is_empty());
        let (queues, closed_too) = look::queues(place, of)?;
        Ok(Self {
            jobs,
            planned,
            faults,
            runs,
            queues,
            closed: closed.max(closed_too),
            awaited: look::awaited(place),
        })
    }
}

impl Arguments {
    /// Returns a check of those jobs, of all where none is named, that says this of when they should run.
    pub(crate) fn of(jobs: &[String], said: &Said) -> Self {
        Self {
            jobs: jobs.to_vec(),
            grace: said.grace,
            clock_changes: ByWhom {
                clock_changes: said.clock_changes,
            },
            ..Self::default()
        }
    }

    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let (seen, now) = match self.see(common) {
            Ok(seen) => seen,
            // A monitor shows standard output alone.
            Err(Failure::Message(message)) => {
                return unknown(&message, common.json, output);
            }
            Err(error) => return Err(error),
        };
        let findings = self.judge(&seen, now);
        let alarm = findings.alarm();
        output.set_code(alarm.code());
        let counts = findings.counts(&seen.jobs, &seen.runs, &seen.queues);
        let first = findings.first_line(&seen.jobs);
        if common.json {
            let problems = findings.problems.iter().map(|problem| {
                json!({
                    "kind": problem.kind.as_str(),
                    "state": problem.kind.alarm().as_str(),
                    "job": problem.job,
                    "message": problem.to_string(),
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
            let values = self.performance(&findings, &counts, &seen.jobs);
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

    fn see(&self, common: &Common) -> Result<(Seen, DateTime<Utc>), Failure> {
        if let Some(line) = &self.schedule {
            // Of each job it would be a warning of its own.
            let zone = self.timezone.as_deref().unwrap_or("UTC");
            Schedule::new(line, zone, ClockChanges::Cron)?;
        }
        let place = common.place()?;
        let now = look::now();
        let seen = Seen::of(&place, &self.jobs, now).map_err(Failure::unreadable(&place))?;
        Ok((seen, now))
    }

    /// What a monitor draws curves of.
    fn performance(
        &self,
        findings: &Findings,
        counts: &[(&str, usize)],
        jobs: &Jobs,
    ) -> Vec<String> {
        let counts = counts.iter();
        let mut values: Vec<_> = counts
            .map(|(name, number)| format!("{name}={number}"))
            .collect();
        if let [job] = &*jobs.jobs {
            let age = (findings.now - job.begun).num_seconds().max(0);
            let expected = job.expected(&self.said()).ok().flatten();
            let deadline = expected.and_then(|expected| expected.deadline(job.begun));
            let limit = deadline.map_or_else(String::new, |deadline| {
                (deadline - job.begun).num_seconds().to_string()
            });
            values.push(format!("age={age}s;;{limit};0"));
            let took = job.took.map(|took| took.as_secs_f64());
            values.extend(took.map(|took| format!("took={took:.3}s;;;0")));
        }
        values
    }

    /// Finds what is wrong. Of a job that is quiet by plan nothing is worse than a warning.
    pub(crate) fn judge(&self, seen: &Seen, now: DateTime<Utc>) -> Findings {
        let Seen {
            jobs,
            planned,
            faults,
            runs,
            queues,
            awaited,
            ..
        } = seen;
        let mut findings = Findings {
            now,
            problems: Vec::new(),
        };
        let mut under_way: HashMap<&str, Vec<&Run>> = HashMap::new();
        for run in runs {
            under_way.entry(&run.job).or_default().push(run);
        }
        let expected = self.judge_jobs(jobs, &under_way, &mut findings);
        for run in runs {
            let own = || run.expected(&self.said()).ok().flatten();
            let when = expected.get(&*run.job).cloned().or_else(own);
            let pause = when.map(|when| when.pause(run.begun));
            findings.judge_run(run, self.overdue.or(pause));
        }
        self.judge_awaited(jobs, &under_way, awaited, &mut findings);
        findings.judge_queues(queues);
        // A check of one job among many is about that job.
        for fault in faults.iter().filter(|_| self.jobs.is_empty()) {
            findings.add(Kind::Plan, None, fault.clone());
        }
        for file in &jobs.unreadable {
            let words = format!("the status file cannot be read: {}", file.reason);
            findings.add(Kind::Unreadable, Some(&file.name), words);
        }
        self.judge_missing(seen, &mut findings);
        findings.calm(jobs, planned);
        findings
            .problems
            .sort_by_key(|problem| std::cmp::Reverse(problem.kind.alarm()));
        findings
    }

    /// Finds the jobs that were asked for and are not there, or that there is none at all.
    fn judge_missing(&self, seen: &Seen, findings: &mut Findings) {
        let (jobs, runs, awaited) = (&seen.jobs, &seen.runs, &seen.awaited.all);
        for name in &jobs.missing {
            let mut expected = awaited.iter();
            let is_expected = expected.any(|awaited| look::is_fit(name, &awaited.job));
            if !is_expected && !runs.iter().any(|run| run.is_named(name)) {
                let words = "there is no such job".to_owned();
                findings.add(Kind::Missing, Some(name), words);
            }
        }
        let is_empty = jobs.jobs.is_empty() && jobs.unreadable.is_empty();
        if self.jobs.is_empty() && is_empty && runs.is_empty() && awaited.is_empty() {
            findings.add(Kind::NoJobs, None, "there are no jobs yet".to_owned());
        }
    }

    /// Judges the jobs that have run; returns when each should run again.
    fn judge_jobs<'a>(
        &self,
        jobs: &'a Jobs,
        under_way: &HashMap<&str, Vec<&Run>>,
        findings: &mut Findings,
    ) -> HashMap<&'a str, Expected> {
        let said = self.said();
        let mut expected = HashMap::new();
        for job in &jobs.jobs {
            findings.judge_state(job);
            let lives = |run: &&Run| run.health != Health::Dead;
            let runs = under_way.get(&*job.name);
            let is_under_way = runs.is_some_and(|runs| runs.iter().any(lives));
            match job.expected(&said) {
                Ok(Some(when)) => {
                    if !is_under_way {
                        findings.judge_age(job, &when);
                    }
                    expected.insert(&*job.name, when);
                }
                Ok(None) => {}
                Err(fault) => {
                    let words = format!("missed runs are not noticed: {fault}");
                    findings.add(Kind::Schedule, Some(&job.name), words);
                }
            }
        }
        expected
    }

    /// Judges the jobs that should have run and never did.
    fn judge_awaited(
        &self,
        jobs: &Jobs,
        under_way: &HashMap<&str, Vec<&Run>>,
        awaited: &AllAwaited,
        findings: &mut Findings,
    ) {
        let known: HashSet<_> = jobs.jobs.iter().map(|job| &*job.name).collect();
        let has_run = |job: &str| known.contains(job) || under_way.contains_key(job);
        let never_ran = awaited.all.iter().filter(|one| !has_run(&one.job));
        for one in never_ran.filter(|one| self.is_named(&one.job)) {
            findings.judge_awaited(one, &self.said());
        }
        for fault in &awaited.faults {
            findings.add(Kind::Schedule, None, fault.clone());
        }
    }

    fn is_named(&self, job: &str) -> bool {
        self.jobs.is_empty() || self.jobs.iter().any(|name| look::is_fit(name, job))
    }

    /// What the options say of when jobs should run.
    fn said(&self) -> Said {
        Said {
            every: self.every,
            schedule: self.schedule.clone(),
            timezone: self.timezone.clone(),
            ..self.clock_changes.said(self.grace)
        }
    }
}

/// Says of one job that it has missed a run.
pub(crate) fn missed(place: &Place, job: &str, now: DateTime<Utc>) -> io::Result<Option<String>> {
    let wanted = [job.to_owned()];
    let seen = Seen::of(place, &wanted, now)?;
    let findings = Arguments::of(&wanted, &Said::default()).judge(&seen, now);
    let mut missed = findings.missed().filter(|(name, _)| *name == job);
    Ok(missed.next().map(|(_, problem)| problem.words.clone()))
}

/// Names the problems one by one.
fn list(problems: &[Problem], output: &mut Output) -> Result<(), Failure> {
    for problem in problems.iter().take(LINES) {
        let alarm = problem.kind.alarm().as_str();
        output.line(&format!("[{alarm}] {}", inert(&problem.to_string())))?;
    }
    if problems.len() > LINES {
        output.line(&format!("and {} more", problems.len() - LINES))?;
    }
    Ok(())
}

/// Answers why nothing can be said of the jobs.
pub(crate) fn unknown(message: &str, json: bool, output: &mut Output) -> Result<u8, Failure> {
    let code = Alarm::Unknown.code();
    output.set_code(code);
    if json {
        output.json(&json!({ "state": "UNKNOWN", "message": message }))?;
    } else {
        output.line(&format!("UNKNOWN - {}", inert(message)))?;
    }
    Ok(code)
}

/// Takes out what would begin the performance data.
fn inert(text: &str) -> String {
    plain(text).replace('|', "/")
}
