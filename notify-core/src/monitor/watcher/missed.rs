//! Runs that did not come: who should have run, and what people hear of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::io;

use chrono::TimeDelta;

use super::{Guard, is_own};
use crate::format::fields::Fields;
use crate::format::hash;
use crate::format::time::{self, Time};
use crate::job::name;
use crate::monitor::awaited::{self, Awaited};
use crate::monitor::expected::{Expected, Missed, Watched};
use crate::monitor::operator;
use crate::monitor::view::{self, Health, Job};
use crate::os::clock;
use crate::os::warning::{self, Warning};
use crate::rules::Past;
use crate::rules::transition::Ended;
use crate::runs::report::Report;
use crate::status::outcome::Outcome;

/// Times, each of a status file. In the list of a build of before, of jobs that were missed, each is that of
/// the last run before; in the list of jobs that never ran, it is when people last heard of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reported(BTreeMap<String, Time>);

impl Reported {
    pub(super) fn parse(content: &str) -> Self {
        let lines = Fields::parse(content).all("told").into_iter();
        let missed = lines.filter_map(|line| {
            let (time, file) = line.split_once(" UTC ")?;
            Some((file.to_owned(), time::parse(time)?))
        });
        Self(missed.collect())
    }

    /// Returns when people last heard that a job has missed a run.
    pub(super) fn of(&self, job: &Job) -> Option<Time> {
        job.missed.max(self.0.get(&job.file).copied())
    }

    fn render(&self) -> String {
        let mut fields = Fields::default();
        for (file, time) in &self.0 {
            fields.put("told", format!("{} {file}", time::show(*time)));
        }
        fields.render()
    }
}

impl Guard {
    /// Sends, once each, the runs that did not come. One that cannot be sent keeps no other from it.
    pub(super) fn send_missed(&mut self, jobs: &[Job]) -> io::Result<()> {
        let place = self.place();
        let runs = view::runs(&place, &[])?.0;
        let living = runs.iter().filter(|run| run.health != Health::Dead);
        let under_way: HashSet<_> = living.map(|run| &*run.job).collect();
        let idle = jobs.iter().filter(|job| !under_way.contains(&*job.name));
        for job in idle.filter(|job| is_own(&place, &job.file)) {
            match job.expected(&self.said) {
                Ok(Some(expected)) => self.look_at_job(job, &expected),
                Ok(None) => {}
                Err(fault) => warn_of_fault(&job.name, &fault),
            }
        }
        self.send_never_run(jobs, &under_way)
    }

    fn look_at_job(&mut self, job: &Job, expected: &Expected) {
        let now = clock::now();
        // An older build has sent it, and it is not sent again before the job runs.
        if self.reported_before.0.get(&job.file) == Some(&job.begun) {
            return;
        }
        let (since, sent) = self.set_back.of(&job.file, job.begun, self.sent.of(job));
        let watched = Watched { since, sent };
        if let Some(missed) = self.to_send(expected, &watched, now) {
            let words = expected.words(Some(job.begun), &missed, now);
            let channel = job.channel.clone();
            let is_news = |past: &Past| match past {
                Past::Known(status) => (status.begun, status.missed) == (job.begun, job.missed),
                // Where nothing can be written down, it is sent all the same.
                past => *past == Past::Unknown,
            };
            if self.send_one(missing(job, missed.due, sent), channel, words, is_news) {
                self.sent.0.insert(job.file.clone(), now);
            }
        }
    }

    fn to_send(&self, expected: &Expected, watched: &Watched, now: Time) -> Option<Missed> {
        let silent = self.setup.rules.longest_silence();
        let silent = TimeDelta::from_std(silent).unwrap_or(TimeDelta::MAX);
        expected.to_send(watched, now, self.clock.was_set(), silent)
    }

    /// Sends what is expected of jobs that have no status yet.
    fn send_never_run(&self, jobs: &[Job], under_way: &HashSet<&str>) -> io::Result<()> {
        let awaited = awaited::awaited(&self.place());
        if awaited.faults.is_empty() {
            warning::over("expected");
        } else {
            Warning::new("expected", awaited.faults.join("; ")).warn();
        }
        let known: HashSet<_> = jobs.iter().map(|job| &*job.name).collect();
        let is_new = |job: &str| !known.contains(job) && !under_way.contains(job);
        let never_ran: Vec<_> = awaited.all.iter().filter(|one| is_new(&one.job)).collect();
        if never_ran.is_empty() {
            return Ok(());
        }
        // Another that watches sends none that this one sends.
        self.store.change_never_run(|content| {
            let before = Reported::parse(content);
            let mut sent = Reported::default();
            for awaited in never_ran {
                let file = name::file_name(&awaited.job).into_owned();
                let earlier = before.0.get(&file).copied();
                if let Some(time) = self.look_at_awaited(awaited, earlier).or(earlier) {
                    sent.0.insert(file, time);
                }
            }
            sent.render()
        })
    }

    /// Returns when people hear that a job has never run, where that is now.
    fn look_at_awaited(&self, awaited: &Awaited, sent: Option<Time>) -> Option<Time> {
        let now = clock::now();
        let expected = awaited.expected_by(&self.said).ok()?;
        let watched = Watched {
            since: self.set_back.expected(awaited.since, now),
            sent,
        };
        let missed = self.to_send(&expected, &watched, now)?;
        let words = expected.words(None, &missed, now);
        let ended = Ended {
            // It has no function yet: where somebody says that it should run is what there is to look at.
            location: format!("expected by {}", awaited.file.display()).into(),
            due: Some(missed.due),
            ..Ended::new(
                event(&awaited.job, missed.due, sent),
                awaited.job.clone(),
                missed.due,
            )
        };
        self.send_one(ended, awaited.channel.clone(), words, |_| true)
            .then_some(now)
    }

    /// Sends that one run did not come; `false` where it cannot be sent now.
    fn send_one(
        &self,
        mut ended: Ended,
        channel: Option<String>,
        words: String,
        is_news: impl Fn(&Past) -> bool,
    ) -> bool {
        let setup = self.setup;
        let channel = channel.unwrap_or_else(|| setup.default_channel.clone());
        ended.facts = operator::context(setup).into();
        ended.channel = channel.into();
        if ended.host.is_empty() {
            ended.host = setup.host.clone().into();
        }
        let mut warnings = Vec::new();
        let outcome = Outcome::Missed(words);
        let mut report = Report::new(ended, &outcome, setup.rules, setup);
        report.find_routes(&mut warnings);
        let is_sent = report.routes.is_some() && report.make(is_news, &mut warnings);
        warnings.into_iter().for_each(Warning::warn);
        is_sent
    }
}

fn warn_of_fault(job: &str, fault: &str) {
    let message = format!("{job}: missed runs are not noticed: {fault}");
    Warning::new(format!("schedule of {job}"), message).warn();
}

/// The same for all who send it, so that a reader knows a repeat, and another for each reminder: Matrix and Google Chat
/// show one message of an id.
fn event(job: &str, due: Time, sent: Option<Time>) -> u64 {
    let due = due.timestamp_micros();
    let again = sent.map(|sent| format!(", again after {}", sent.timestamp_micros()));
    let again = again.unwrap_or_default();
    hash::hash(&format!("{job} missed the run of {due}{again}"))
}

/// Describes the run that did not come, after the last one that did, where people last heard of that at `sent`.
fn missing(job: &Job, due: Time, sent: Option<Time>) -> Ended {
    Ended {
        location: job.location.clone().into(),
        source: job.source.clone().unwrap_or_default().into(),
        host: job.host.clone().unwrap_or_default().into(),
        exe: job.exe.clone().map(Cow::Owned),
        version: job.version.clone().map(Cow::Owned),
        every_hours: job.every_hours,
        plan: job.plan.clone(),
        due: Some(due),
        runbook: job.runbook.clone().map(Cow::Owned),
        owner: job.owner.clone().map(Cow::Owned),
        ..Ended::new(event(&job.name, due, sent), job.name.clone(), job.begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_back_as_they_were_written() {
        let noon = chrono::DateTime::from_timestamp(1_795_348_800, 0).unwrap();
        let mut reported = Reported::default();
        for (file, hours) in [("etl.load", 1), ("a b\nc: d", 2)] {
            reported
                .0
                .insert(file.to_owned(), noon + TimeDelta::hours(hours));
        }
        assert_eq!(Reported::parse(&reported.render()), reported);
        assert_eq!(Reported::parse("nonsense\ntold: x\n"), Reported::default());
    }
}
