//! A change of a job: one statement, which makes it whole where all that it was decided by is still so, and otherwise
//! answers what is there, by which it is decided anew. It is first decided by what this process knows already.
//!
//! A change is known by its random id. Where the answer is lost, the history says whether it was made.

mod asked;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) use asked::{Asked, Attempt, prepare};

use super::Shared;
use super::fault::Fault;
use super::link::{Link, deadline};
use super::memory::Known;
use super::plans::Planned;
use super::session::{Rows, row};
use crate::format::json::{self, Value};
use crate::os::clock;
use crate::os::random;
use crate::rules::Past;
use crate::state::change::Change;
use crate::state::entry::Entry;
use crate::state::unwritten;
use crate::state::{Access, Again, Committed, Decide, Queued, Seen};
use crate::status::Status;

/// How often a change is decided anew where others are faster.
const TRIES: u32 = 5;

/// After so many it pauses, for up to this time.
const PATIENT_TRIES: u32 = 2;
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Reads what is known of a job: the id of its last change, its status, the planned quiet, and which alerts of it are held.
pub(super) const READ: &str = "SELECT coalesce(j.change, ''), coalesce(j.status, ''), \
    coalesce((SELECT p.body FROM pn.plan p WHERE p.name = 'quiet'), ''), \
    (SELECT coalesce(jsonb_agg(a.queue || '/' || a.name), '[]')::text FROM pn.alert a \
    WHERE a.job = n.name AND a.state = 'held') \
    FROM (SELECT $1::text AS name) n LEFT JOIN pn.job j ON j.name = n.name";

/// What a change of a job is decided by.
pub(super) struct Row {
    /// The id of its last change; empty where there was none.
    pub(super) change: String,
    /// What that has left.
    pub(super) past: Past,
    pub(super) planned: Arc<Planned>,
    /// Its held alerts, each with its queue.
    pub(super) held: Vec<String>,
}

impl Row {
    pub(super) fn of(link: &Link, job: &str, until: Instant) -> Result<Self, Fault> {
        let rows = link.heed(link.ask(READ, &[job], until))?;
        Self::read(link, rows).ok_or_else(|| Fault::Later("it answers nothing".to_owned()))
    }

    pub(super) fn read(link: &Link, rows: Rows) -> Option<Self> {
        let [change, status, planned, held] = row(rows)?;
        let held = match json::read(&held) {
            Some(Value::Array(held)) => held,
            _ => Vec::new(),
        };
        let held = held.iter().filter_map(Value::as_str);
        Some(Self {
            held: held.map(str::to_owned).collect(),
            ..Self::new(link, change, &status, planned)
        })
    }

    /// Takes what is there of a job of which no alert is held.
    fn new(link: &Link, change: String, status: &str, planned: String) -> Self {
        let past = match status {
            "" => Past::Missing,
            status => Status::parse(status)
                .map_or(Past::Unreadable, |status| Past::Known(Box::new(status))),
        };
        Self {
            change,
            past,
            planned: link.plan(planned),
            held: Vec::new(),
        }
    }
}

impl Shared {
    /// Changes a job: in memory alone, where its run says nothing new and may stay there; else by one
    /// statement, as often as others are faster.
    pub(crate) fn update(
        &self,
        job: &str,
        at: Instant,
        decide: Decide<'_>,
        again: Option<Again<'_>>,
    ) -> io::Result<Committed> {
        let link = self.link();
        if Self::stays_in_memory(&link, job, at, &mut *decide, again) {
            return Ok(Committed::default());
        }
        let mut known = link.memory.lock().remove(job).map(Known::taken);
        let mut seen = link.runs.lock().ahead.remove(job);
        let done = self.exchange(&link, job, known.as_mut(), at, &mut seen, decide);
        // What is in memory alone stays there, where the store was not changed; and what was seen of the job is
        // what is known of it, where the store cannot be asked.
        if !matches!(done, Ok(Some(_))) {
            let seen = seen.filter(|_| done.is_err());
            let known = known.or_else(|| seen.and_then(|row| Known::seen(job, &row, at)));
            link.memory
                .lock()
                .extend(known.map(|known| (job.to_owned(), known)));
        }
        let exchanged = Committed {
            is_exchanged: true,
            ..Committed::default()
        };
        Ok(done?.unwrap_or(exchanged))
    }

    /// Has the store make a change; `None` where there is nothing to change.
    fn exchange(
        &self,
        link: &Link,
        job: &str,
        mut known: Option<&mut Known>,
        at: Instant,
        seen: &mut Option<Row>,
        decide: Decide<'_>,
    ) -> Result<Option<Committed>, Fault> {
        let until = deadline();
        if seen.is_none() {
            *seen = known.as_ref().and_then(|known| known.row(link));
        }
        for tried in 0..TRIES {
            let row = match seen {
                Some(row) => row,
                None => seen.insert(Row::of(link, job, until)?),
            };
            let (past, guarded) = self.settle_held(row);
            let past = match &mut known {
                Some(known) => known.correct(past, &row.change, clock::now()),
                None => past,
            };
            let past = self.correct_by_local(job, unwritten::correct(job, past));
            let now = clock::now();
            let change = decide(&Seen {
                past: &past,
                now,
                access: Access::Alone,
                planned: Some(&row.planned.silences),
            });
            let Some(change) = change else {
                return Ok(None);
            };
            let asked = Asked {
                past: &past,
                guarded: &guarded,
                ..Asked::new(job, row, &change)
            };
            match asked.make(link, until)? {
                Attempt::Made => {
                    self.forget_local(job);
                    let Asked { id, .. } = asked;
                    return Ok(Some(committed(link, job, &id, change, at)));
                }
                Attempt::Reported => return Ok(None),
                Attempt::Stale(there) => *seen = there.map(|row| *row),
            }
            if tried >= PATIENT_TRIES {
                std::thread::sleep(LONGEST_PAUSE.mul_f64(random::jitter()));
                *seen = None;
            }
        }
        Err(Fault::Later(
            "others change the job all the time".to_owned(),
        ))
    }

    /// Finds out whether an alert that was held has left, or is to leave by now: then people hear of it.
    /// Returns those that are held still, which the change must find so.
    fn settle_held(&self, seen: &Row) -> (Past, Vec<String>) {
        let past = seen.past.clone();
        let Some(held) = past.status().and_then(|status| status.held.clone()) else {
            return (past, Vec::new());
        };
        let mut there = seen.held.clone();
        if held.until <= clock::now() {
            let queues = held.alerts.iter().filter_map(|alert| alert.split_once('/'));
            for (queue, name) in queues {
                let queue = self.queue(queue);
                // Where it cannot, it leaves with the next sender.
                if queue.release_to(clock::now(), &mut Vec::new()).is_ok() && !queue.is_held(name) {
                    there.clear();
                }
            }
        }
        if held.alerts.iter().all(|alert| there.contains(alert)) {
            return (past, held.alerts);
        }
        let left = past.status().map(|status| status.after_leaving(&held));
        let past = left.map_or(past, |status| Past::Known(Box::new(status)));
        (past, Vec::new())
    }

    /// Writes a status of which nothing is sent.
    pub(crate) fn amend(
        &self,
        job: &str,
        change: &mut dyn FnMut(&Status) -> Option<Status>,
    ) -> io::Result<()> {
        let link = self.link();
        let until = deadline();
        for _ in 0..TRIES {
            let seen = Row::of(&link, job, until)?;
            let Some(status) = seen.past.status().and_then(&mut *change) else {
                return Ok(());
            };
            link.memory.lock().remove(job);
            link.runs.lock().ahead.remove(job);
            let change = Change {
                noted: Some(status),
                ..Change::default()
            };
            let asked = Asked::new(job, &seen, &change);
            if matches!(asked.make(&link, until)?, Attempt::Made) {
                return Ok(());
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// Answers what became of a change that was made, and remembers it.
fn committed(link: &Link, job: &str, id: &str, change: Change, at: Instant) -> Committed {
    unwritten::forget(job);
    let queued = change.alert.as_ref().map(|alert| {
        let entry = Entry::of(alert);
        let is_held = change.status.as_ref().filter(|_| change.is_held);
        let is_held = is_held.is_some_and(|status| status.held.is_some());
        let queued = |_: &String| {
            if is_held {
                Queued::Held
            } else {
                Queued::Waits(entry.clone())
            }
        };
        change.queues.iter().map(queued).collect()
    });
    let is_written = change.status.is_some();
    if let Some(run) = change.ends.as_ref().filter(|run| link.is_own(run)) {
        link.runs.lock().is_over(run.offset);
    }
    if let Some(status) = change.noted.or(change.status).filter(|_| !change.removes) {
        let known = Known::new(job, status, id, at);
        link.memory.lock().insert(job.to_owned(), known);
    }
    Committed {
        alert: change.alert.zip(queued),
        is_exchanged: true,
        is_written,
        ..Committed::default()
    }
}
