//! What is wrong with what was seen, one by one and summed up.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use notify_core::__cli::{Awaited, Expected, Health, Job, Jobs, Planned, Queue, Run, Said, Since};
use notify_core::State;

use super::problem::{Alarm, Kind, Problem};
use crate::words::{self, count};

/// An alert that has waited for longer is not on its way.
const WAIT: Duration = Duration::from_secs(15 * 60);

/// A longer first line is not shown as a whole.
const FIRST: usize = 200;

/// What was seen, and what is wrong with it.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) now: DateTime<Utc>,
    pub(crate) problems: Vec<Problem>,
}

impl Findings {
    /// Returns what is said of the jobs that have missed a run.
    pub(crate) fn missed(&self) -> impl Iterator<Item = (&str, &Problem)> {
        let missed = self.problems.iter();
        let missed = missed.filter(|problem| problem.what == Kind::Missed);
        missed.filter_map(|problem| Some((problem.job.as_deref()?, problem)))
    }

    pub(crate) fn add(&mut self, kind: Kind, job: Option<&str>, words: String) {
        self.problems.push(Problem {
            kind,
            what: kind,
            job: job.map(str::to_owned),
            words,
        });
    }

    pub(crate) fn judge_state(&mut self, job: &Job) {
        if job.state == State::Ok {
            return;
        }
        let error = if job.error.is_empty() {
            "no error text"
        } else {
            &job.error
        };
        let since = words::lasting(job.since, self.now);
        let kind = match job.acknowledged(self.now) {
            _ if job.is_silenced(self.now) => Kind::Silenced,
            Some(_) => Kind::Acknowledged,
            None => Kind::Failed,
        };
        let words = match words::calm(job, self.now, words::local_in_zone) {
            Some((calm, because)) => {
                let because = words::because(because);
                format!("{calm}{because}, has failed {since}: {error}")
            }
            None => {
                let runs = count(job.runs, "run");
                format!("has failed {since}, {runs}: {error}")
            }
        };
        self.add(kind, Some(&job.name), words);
    }

    /// Makes a warning of what is wrong with jobs that are quiet by plan, and says what is planned.
    pub(super) fn calm(&mut self, jobs: &Jobs, planned: &[Planned]) {
        let now = self.now;
        let open: Vec<_> = planned
            .iter()
            .filter(|window| window.is_open(now))
            .collect();
        let known: HashMap<_, _> = jobs.jobs.iter().map(|job| (&*job.name, job)).collect();
        for problem in &mut self.problems {
            if !matches!(problem.kind.alarm(), Alarm::Critical | Alarm::Unknown) {
                continue;
            }
            let name = problem.job.as_deref();
            let until = match name.and_then(|name| known.get(name)) {
                Some(job) => job.quiet.as_ref().map(|quiet| quiet.until),
                // Whose job that would be is not known, nor which jobs are to come.
                None => {
                    let is_about = |window: &&&Planned| name.is_none_or(|name| window.names(name));
                    open.iter()
                        .filter(is_about)
                        .map(|window| window.until)
                        .max()
                }
            };
            let Some(until) = until else { continue };
            // Of a job that fails it is said already.
            if problem.what != Kind::Failed {
                let until = words::local_in_zone(until, now);
                problem.words += &format!(" (quiet until {until})");
            }
            problem.kind = Kind::Quiet;
        }
        let is_asked = |window: &Planned| {
            jobs.jobs.iter().any(|job| window.names(&job.name))
                || jobs.missing.iter().any(|name| window.names(name))
                || jobs.jobs.is_empty() && jobs.missing.is_empty()
        };
        for window in open.into_iter().filter(|window| is_asked(window)) {
            self.add(Kind::Quiet, None, words::planned(window, now));
        }
    }

    pub(super) fn judge_age(&mut self, job: &Job, expected: &Expected) {
        // Beyond what the clocks of two hosts may differ by.
        if job.begun > self.now + chrono::TimeDelta::minutes(10) {
            let words = "its last run is in the future: check the clocks";
            self.add(Kind::Missed, Some(&job.name), words.to_owned());
        } else if let Some(missed) = expected.missed(Since::Run(job.begun), self.now) {
            let age = words::since(job.begun, self.now);
            let should = match expected.schedule() {
                Some(schedule) => {
                    let due = schedule.clock(missed.due);
                    format!("it was due {due}, by `{}`", schedule.text())
                }
                None => format!(
                    "it should run every {}",
                    words::span(expected.pause(self.now))
                ),
            };
            // A narrow screen shows the beginning.
            let words = format!("has missed a run: {should}; the last began {age} ago");
            self.add(Kind::Missed, Some(&job.name), words);
        }
    }

    /// Judges a job that has never run.
    pub(super) fn judge_awaited(&mut self, awaited: &Awaited, said: &Said) {
        let expected = awaited.expected_by(said).ok();
        let missed =
            expected.and_then(|expected| expected.missed(Since::Expected(awaited.since), self.now));
        if let Some(missed) = missed {
            let due = words::ago(missed.due, self.now);
            let words = format!("has never run, and was due {due}");
            self.add(Kind::Missed, Some(&awaited.job), words);
        }
    }

    pub(super) fn judge_run(&mut self, run: &Run, limit: Option<Duration>) {
        let begun = words::ago(run.begun, self.now);
        let pid = run
            .pid
            .map_or_else(String::new, |pid| format!("pid {pid} on "));
        let place = format!("{pid}{}", run.host);
        if run.health == Health::Dead {
            let words = format!("a run died and was not reported ({place}, begun {begun})");
            self.add(Kind::Dead, Some(&run.job), words);
        } else if let Some(limit) = limit
            && (self.now - run.begun).to_std().is_ok_and(|age| age > limit)
        {
            let lives = match run.health {
                Health::Unknown => "has not ended, and may be dead: it is on another machine",
                Health::Alive | Health::Dead => "is overdue: it is still running",
            };
            let words = format!("a run {lives} ({place}, begun {begun})");
            self.add(Kind::Overdue, Some(&run.job), words);
        }
    }

    pub(crate) fn judge_queues(&mut self, queues: &[Queue]) {
        for queue in queues {
            let channel = &queue.channel;
            if let Some(oldest) = queue.oldest
                && (self.now - oldest).to_std().is_ok_and(|age| age > WAIT)
            {
                let alerts = count(queue.waiting, "alert");
                let since = words::lasting(oldest, self.now);
                let words = format!(
                    "channel {channel}: {alerts} not delivered, the oldest {since}: try `pipeline-notify drain`"
                );
                self.add(Kind::Waiting, None, words);
            }
            if queue.rejected > 0 {
                let alerts = count(queue.rejected, "alert");
                let folder = queue.rejected_folder.display();
                // A store has no files.
                let (reason, both) = if queue.user.is_empty() {
                    ("`reason`", "the row")
                } else {
                    ("the `.reason` file", "both files")
                };
                let words = format!(
                    "channel {channel}: {alerts} refused for good: read {reason} in {folder}, fix the cause, delete {both}"
                );
                self.add(Kind::Rejected, None, words);
            }
        }
    }

    pub(crate) fn alarm(&self) -> Alarm {
        let alarms = self.problems.iter().map(|problem| problem.kind.alarm());
        alarms.max().unwrap_or(Alarm::Ok)
    }

    pub(crate) fn number(&self, kind: Kind) -> usize {
        self.problems
            .iter()
            .filter(|problem| problem.kind == kind)
            .count()
    }

    pub(crate) fn first_line(&self, jobs: &Jobs) -> String {
        let all = jobs.jobs.len() + jobs.unreadable.len();
        let line = match &*self.problems {
            [] => match &*jobs.jobs {
                [job] => format!("{}: OK {}", job.name, words::lasting(job.since, self.now)),
                _ => count(all, "job"),
            },
            [problem] => problem.to_string(),
            [worst, others @ ..] => format!(
                "{}, {}: {worst}; and {} more",
                count(all, "job"),
                count(self.problems.len(), "problem"),
                others.len()
            ),
        };
        words::cut(&line, FIRST).into_owned()
    }

    pub(crate) fn counts(
        &self,
        jobs: &Jobs,
        runs: &[Run],
        queues: &[Queue],
    ) -> [(&'static str, usize); 11] {
        let sum = |number: fn(&Queue) -> usize| queues.iter().map(number).sum::<usize>();
        let alive = runs.iter().filter(|run| run.health == Health::Alive);
        let quiet = jobs.jobs.iter().filter(|job| job.quiet.is_some());
        [
            ("jobs", jobs.jobs.len() + jobs.unreadable.len()),
            ("failed", self.number(Kind::Failed)),
            ("silenced", self.number(Kind::Silenced)),
            ("dead", self.number(Kind::Dead)),
            ("missed", self.number(Kind::Missed)),
            ("overdue", self.number(Kind::Overdue)),
            ("running", alive.count()),
            ("waiting", sum(|queue| queue.waiting)),
            ("rejected", sum(|queue| queue.rejected)),
            ("acknowledged", self.number(Kind::Acknowledged)),
            ("quiet", quiet.count()),
        ]
    }
}
