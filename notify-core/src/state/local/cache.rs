//! What this process remembers of its jobs, beside what their status files say.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::format::time::Time;
use crate::os::engine::{PerProcess, Slot};
use crate::rules::Past;
use crate::state::local::Known;
use crate::status::Status;

/// Jobs that are remembered. Of more than these the files alone are known, as of the jobs of
/// another process; only programs that name jobs at run time have so many.
const JOBS: usize = 1024;

/// Events that are remembered, so as to be told once.
const EVENTS: usize = 64;

/// How long a status file may lag behind in all but its time.
const LAG: Duration = Duration::from_secs(1);

static MEMORY: PerProcess<Memory> = PerProcess::new(Slot::Jobs);

#[derive(Debug, Default)]
struct Memory {
    jobs: Mutex<HashMap<String, Recent>>,
    told: Mutex<VecDeque<Told>>,
}

/// One thing that ends several jobs, and is told once per channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A panic, by its identity.
    Panic(usize),
    /// The exit of the process.
    Exit,
}

/// A job that speaks for an event on a channel: the others need not.
#[derive(Debug, Clone)]
struct Told {
    event: Event,
    channel: String,
    job: String,
    /// Whether its alert is sent, or on its way; else it fails as people know already.
    is_sent: bool,
}

/// The latest runs of a job.
#[derive(Debug, Clone)]
pub(crate) struct Recent {
    /// When the status file was last written whole.
    written: Option<Instant>,
    /// What it says.
    pub(crate) known: Option<Arc<Known>>,
    /// The present status began then: what follows counts for that one alone.
    since: Time,
    /// Runs since then that only touched the file.
    touched: u64,
    /// The status where it could not be written.
    unwritten: Option<Box<Status>>,
}

/// Returns what is remembered of the job with that status file.
pub(crate) fn recall(file: &str) -> Option<Recent> {
    jobs().get(file).cloned()
}

/// Remembers a status that was written whole, as that text.
pub(crate) fn wrote(file: &str, status: Status, content: String) {
    remember(
        file,
        Recent {
            written: Some(Instant::now()),
            since: status.since,
            known: Known::new(status, content).map(Arc::new),
            touched: 0,
            unwritten: None,
        },
    );
}

/// Remembers a run that only touched the status file, which says what is `known`: a status that began
/// at `since`, be it by another process.
pub(crate) fn touched(file: &str, since: Time, known: Option<Arc<Known>>) {
    if let Some(recent) = jobs().get_mut(file) {
        if recent.since != since {
            (recent.since, recent.touched) = (since, 0);
        }
        recent.touched += 1;
        recent.known = known.or(recent.known.take());
    }
}

/// Remembers a status that could not be written.
pub(crate) fn could_not_write(file: &str, status: Status) {
    remember(
        file,
        Recent {
            written: None,
            known: None,
            since: status.since,
            touched: 0,
            unwritten: Some(Box::new(status)),
        },
    );
}

/// Returns the jobs whose status files lag behind, and forgets that they do.
pub(crate) fn take_lagging() -> Vec<(String, Recent)> {
    let mut jobs = jobs();
    let lagging = jobs.iter().filter(|(_, recent)| recent.touched > 0);
    let lagging: Vec<_> = lagging
        .map(|(file, recent)| (file.clone(), recent.clone()))
        .collect();
    for (file, _) in &lagging {
        jobs.remove(file);
    }
    lagging
}

/// Tells whether a status file lags behind; `None` where that cannot be learnt at once.
pub(crate) fn is_lagging() -> Option<bool> {
    let jobs = MEMORY.get().jobs.try_lock().ok()?;
    Some(jobs.values().any(|recent| recent.touched > 0))
}

/// Returns the job that speaks for an event on a channel, and whether it has sent it.
pub(crate) fn spoken(event: Event, channel: &str) -> Option<(String, bool)> {
    let told = told();
    let of_event = |told: &&Told| told.event == event && told.channel == channel;
    let found = told.iter().find(of_event)?;
    Some((found.job.clone(), found.is_sent))
}

/// Remembers that a job speaks for an event on a channel: it is sent, or it is known to fail so. What
/// was held back, silenced, or had nowhere to go must not come here.
pub(crate) fn speak(event: Event, channel: &str, job: &str, is_sent: bool) {
    let mut told = told();
    let mut of_event = told.iter_mut();
    let known = of_event.find(|told| told.event == event && told.channel == channel);
    if let Some(known) = known {
        if is_sent && !known.is_sent {
            (known.job, known.is_sent) = (job.to_owned(), true);
        }
        return;
    }
    if told.len() == EVENTS {
        told.pop_front();
    }
    told.push_back(Told {
        event,
        channel: channel.to_owned(),
        job: job.to_owned(),
        is_sent,
    });
}

impl Recent {
    /// Corrects what the status file says: it may lag behind, or not have been writable.
    pub(crate) fn correct(&self, past: Past) -> Past {
        match (past, &self.unwritten) {
            (Past::Known(mut status), None) => {
                if status.since == self.since {
                    status.runs = status.runs.saturating_add(self.touched);
                }
                Past::Known(status)
            }
            (Past::Known(status), Some(unwritten)) if status.begun >= unwritten.begun => {
                Past::Known(status)
            }
            (_, Some(unwritten)) => Past::Known(unwritten.clone()),
            (past, None) => past,
        }
    }

    /// Tells whether the status file may lag behind a little longer.
    pub(crate) fn may_lag(&self, now: Instant) -> bool {
        self.written
            .is_some_and(|written| now.saturating_duration_since(written) < LAG)
    }
}

fn remember(file: &str, recent: Recent) {
    let mut jobs = jobs();
    if jobs.len() >= JOBS && !jobs.contains_key(file) {
        let now = Instant::now();
        jobs.retain(|_, recent| {
            recent.touched > 0 || recent.unwritten.is_some() || recent.may_lag(now)
        });
        if jobs.len() >= JOBS {
            return;
        }
    }
    jobs.insert(file.to_owned(), recent);
}

fn jobs() -> MutexGuard<'static, HashMap<String, Recent>> {
    MEMORY
        .get()
        .jobs
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

fn told() -> MutexGuard<'static, VecDeque<Told>> {
    MEMORY
        .get()
        .told
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn runs_that_only_touched_the_file_count_though_another_process_has_changed_the_status() {
        let file = "runs that only touched the file";
        let ok = Status::parse("OK\n2026-11-22 13:00:00:123456 UTC\netl :: run\n").unwrap();
        wrote(file, ok.clone(), ok.render());
        touched(file, ok.since, None);
        // Another process fails, and then this one, silently.
        let since = ok.since + TimeDelta::seconds(1);
        let failed = Status { since, ..ok };
        touched(file, since, None);
        touched(file, since, None);
        let past = recall(file).unwrap().correct(Past::Known(Box::new(failed)));
        assert_eq!(past.status().map(|status| status.runs), Some(3));
    }
}
