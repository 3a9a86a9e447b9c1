//! `check`: a monitoring plugin, as <https://www.monitoring-plugins.org/doc/guidelines.html> asks.

mod problem;

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use notify_core::__cli::{self as look, Health, Job, Jobs, Queue, Run};
use notify_core::State;
use serde_json::json;

use self::problem::{Alarm, Kind, Problem};
use crate::output::Output;
use crate::words::{self, count, plain};
use crate::{Common, Failure, json, span};

/// `UNKNOWN`.
pub(crate) const FAILURE: u8 = 3;

/// An alert that has waited for longer is not on its way.
const WAIT: Duration = Duration::from_secs(15 * 60);

/// As many lines follow the first; monitors cut long answers anywhere.
const LINES: usize = 50;

/// A longer first line is not shown as a whole.
const FIRST: usize = 200;

#[derive(Debug, Args)]
#[command(after_help = "States and exit codes:
  0 OK        all jobs work
  1 WARNING   a run is overdue; alerts are not delivered; a failure is silenced
  2 CRITICAL  a job failed; a run died and is untold; a run is missed
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

/// What was seen, and what is wrong with it.
struct Findings {
    now: DateTime<Utc>,
    problems: Vec<Problem>,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
        let seen = common.directory().and_then(|directory| {
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
        });
        let (jobs, runs, queues) = match seen {
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
            let mut values: Vec<_> = counts
                .iter()
                .map(|(name, number)| format!("{name}={number}"))
                .collect();
            if let [job] = &*jobs.jobs {
                let age = (findings.now - job.begun).num_seconds().max(0);
                let every = self.every_of(job.every_hours);
                let limit = every.map_or_else(String::new, |every| {
                    look::limit(every, self.grace).as_secs().to_string()
                });
                values.push(format!("age={age}s;;{limit};0"));
                values.extend(
                    job.took
                        .map(|took| format!("took={:.3}s;;;0", took.as_secs_f64())),
                );
            }
            output.line(&format!(
                "{} - {} | {}",
                alarm.as_str(),
                inert(&first),
                values.join(" ")
            ))?;
            if findings.problems.len() > 1 {
                for problem in findings.problems.iter().take(LINES) {
                    let alarm = problem.kind.alarm().as_str();
                    output.line(&format!("[{alarm}] {}", inert(&problem.words)))?;
                }
                if findings.problems.len() > LINES {
                    output.line(&format!("and {} more", findings.problems.len() - LINES))?;
                }
            }
        }
        Ok(alarm.code())
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

impl Findings {
    fn add(&mut self, kind: Kind, job: Option<&str>, words: String) {
        self.problems.push(Problem {
            kind,
            job: job.map(str::to_owned),
            words,
        });
    }

    fn judge_state(&mut self, job: &Job) {
        if job.state == State::Ok {
            return;
        }
        let error = if job.error.is_empty() {
            "no error text"
        } else {
            &job.error
        };
        let since = words::since(job.since, self.now);
        if let Some(silence) = job.silence.as_ref().filter(|_| job.is_silenced(self.now)) {
            let until = words::local(silence.until, self.now);
            let because = silence.because.as_deref();
            let because = because.map_or_else(String::new, |because| format!(" ({because})"));
            let words = format!(
                "{}: silenced until {until}{because}, has failed for {since}: {error}",
                job.name
            );
            self.add(Kind::Silenced, Some(&job.name), words);
        } else {
            let runs = count(usize::try_from(job.runs).unwrap_or(usize::MAX), "run");
            let words = format!("{}: has failed for {since}, {runs}: {error}", job.name);
            self.add(Kind::Failed, Some(&job.name), words);
        }
    }

    fn judge_age(&mut self, job: &Job, every: Duration, limit: Duration) {
        let should = words::span(every);
        // Beyond what the clocks of two hosts may differ by.
        if job.begun > self.now + chrono::TimeDelta::minutes(10) {
            let words = format!(
                "{}: its last run lies ahead of this clock: set the clocks right",
                job.name
            );
            self.add(Kind::Missed, Some(&job.name), words);
        } else if (self.now - job.begun).to_std().is_ok_and(|age| age > limit) {
            let age = words::since(job.begun, self.now);
            let words = format!(
                "{}: has missed a run: the last began {age} ago, and it should run every {should}",
                job.name
            );
            self.add(Kind::Missed, Some(&job.name), words);
        }
    }

    fn judge_run(&mut self, run: &Run, limit: Option<Duration>) {
        let since = words::since(run.begun, self.now);
        let pid = run
            .pid
            .map_or_else(String::new, |pid| format!("pid {pid} on "));
        let place = format!("{pid}{}", run.host);
        if run.health == Health::Dead {
            let words = format!(
                "{}: a run died without a word ({place}, begun {since} ago)",
                run.job
            );
            self.add(Kind::Dead, Some(&run.job), words);
        } else if let Some(limit) = limit
            && (self.now - run.begun).to_std().is_ok_and(|age| age > limit)
        {
            let lives = match run.health {
                Health::Unknown => "has not ended, and may be dead: its machine is another",
                Health::Alive | Health::Dead => "is overdue: it is still running",
            };
            let words = format!("{}: a run {lives} ({place}, begun {since} ago)", run.job);
            self.add(Kind::Overdue, Some(&run.job), words);
        }
    }

    fn judge_queues(&mut self, queues: &[Queue]) {
        for queue in queues {
            let channel = &queue.channel;
            if let Some(oldest) = queue.oldest
                && (self.now - oldest).to_std().is_ok_and(|age| age > WAIT)
            {
                let alerts = count(queue.waiting, "alert");
                let since = words::since(oldest, self.now);
                let words = format!(
                    "channel {channel}: {alerts} not delivered, the oldest for {since}: try `pipeline-notify drain`"
                );
                self.add(Kind::Waiting, None, words);
            }
            if queue.rejected > 0 {
                let alerts = count(queue.rejected, "alert");
                let folder = queue.rejected_folder.display();
                let words = format!(
                    "channel {channel}: {alerts} refused: the reasons are in {folder}, remove what is dealt with"
                );
                self.add(Kind::Rejected, None, words);
            }
        }
    }

    fn alarm(&self) -> Alarm {
        let alarms = self.problems.iter().map(|problem| problem.kind.alarm());
        alarms.max().unwrap_or(Alarm::Ok)
    }

    fn number(&self, kind: Kind) -> usize {
        self.problems
            .iter()
            .filter(|problem| problem.kind == kind)
            .count()
    }

    fn first_line(&self, jobs: &Jobs) -> String {
        let all = jobs.jobs.len() + jobs.unreadable.len();
        let line = match &*self.problems {
            [] => match &*jobs.jobs {
                [job] => format!(
                    "{}: OK since {}",
                    job.name,
                    words::since(job.since, self.now)
                ),
                _ => count(all, "job"),
            },
            [problem] => problem.words.clone(),
            [worst, others @ ..] => format!(
                "{}, {}: {}; and {} more",
                count(all, "job"),
                count(self.problems.len(), "problem"),
                worst.words,
                others.len()
            ),
        };
        words::cut(&line, FIRST).into_owned()
    }

    fn counts(&self, jobs: &Jobs, runs: &[Run], queues: &[Queue]) -> [(&'static str, usize); 9] {
        let sum = |number: fn(&Queue) -> usize| queues.iter().map(number).sum::<usize>();
        [
            ("jobs", jobs.jobs.len() + jobs.unreadable.len()),
            ("failed", self.number(Kind::Failed)),
            ("silenced", self.number(Kind::Silenced)),
            ("dead", self.number(Kind::Dead)),
            ("missed", self.number(Kind::Missed)),
            ("overdue", self.number(Kind::Overdue)),
            (
                "running",
                runs.iter()
                    .filter(|run| run.health == Health::Alive)
                    .count(),
            ),
            ("waiting", sum(|queue| queue.waiting)),
            ("rejected", sum(|queue| queue.rejected)),
        ]
    }
}

/// Takes out what would begin the performance data.
fn inert(text: &str) -> String {
    plain(text).replace('|', "/")
}
