//! What stands in for the store while it cannot be reached: a notify directory of this host, where there is one. A
//! failure is noted there, so that its recovery is known; once the store has the job's next change, the note goes.
//! What this process knows of the job counts beside the note: a failure that the store has is over where its job works
//! again meanwhile. Where the store is back before the process ends, it is given the note at once.
//!
//! Its alert waits there until it is sent, by this process or by a later one: under the name that its queue has in
//! the store, by which whoever knows the destination finds it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Instant;

use super::Shared;
use super::fault::Fault;
use super::link::{Link, deadline};
use super::memory::Known;
use super::transaction::{Asked, Attempt, Row};
use crate::rules::Past;
use crate::state::change::Change;
use crate::state::local::Directory;
use crate::state::local::queue::Queue;
use crate::state::local::spool::Outbox;
use crate::state::{self, Access, Committed, Decide, Queued, Seen, unwritten};
use crate::status::{State, Status};

/// Its place below the notify directory of the settings, whose status files are not to be mixed with notes.
const FOLDER: &str = ".without-store";

/// A notify directory of this host, opened when it is first needed.
#[derive(Debug)]
pub(super) struct Substitute {
    path: Option<PathBuf>,
    mode: u32,
    directory: OnceLock<Option<Directory>>,
}

impl Substitute {
    pub(super) fn new(path: Option<&Path>, mode: u32) -> Self {
        Self {
            path: path.map(|path| path.join(FOLDER)),
            mode,
            directory: OnceLock::new(),
        }
    }

    /// Returns the directory, which is made where it is missing.
    fn directory(&self) -> Option<&Directory> {
        let open = || Directory::open(self.path.as_ref()?, self.mode).ok();
        self.directory.get_or_init(open).as_ref()
    }

    fn outbox(&self) -> Option<Outbox> {
        Some(Directory::outbox_of(self.path.as_ref()?))
    }

    pub(super) fn queue(&self, name: &str) -> Option<Queue> {
        Some(self.outbox()?.queue(name).aside())
    }

    pub(super) fn queue_names(&self) -> Vec<String> {
        let outbox = self.outbox();
        outbox
            .map(|outbox| outbox.queue_names())
            .unwrap_or_default()
    }

    /// Reads what was noted of a job. Most hosts never note anything.
    fn read(&self, job: &str) -> Option<Past> {
        let path = self.path.as_ref()?.join(job);
        let is_there = path.symlink_metadata().is_ok_and(|file| file.is_file());
        is_there.then(|| self.directory().map(|directory| directory.read(job)))?
    }
}

impl Shared {
    /// Decides by what is noted on this host and what this process knows of the job, for the store cannot be reached;
    /// `None` where there is no place for a note. Where nothing is known, an `OK` is silent.
    pub(in crate::state) fn update_unreached(
        &self,
        job: &str,
        at: Instant,
        decide: Decide<'_>,
    ) -> Option<Committed> {
        let directory = self.substitute.directory()?;
        let known = self.known(job);
        let (mut unnoted, mut names) = (None, Vec::new());
        let decide = &mut |seen: &Seen<'_>| {
            let past = newer(seen.past, &known);
            let is_noted = seen.past.status().is_some() || is_failing(past);
            let mut change = decide(&Seen {
                past,
                now: seen.now,
                access: Access::Memory,
                planned: None,
            })?;
            names.clone_from(&change.queues);
            change.ends = None;
            let status = change.status.as_ref();
            if is_noted || status.is_some_and(|status| status.state == State::Error) {
                unnoted = None;
                return Some(change);
            }
            unnoted = change.alert.take();
            None
        };
        let committed = directory.update(job, at, decide, None).ok()?;
        if committed.is_written {
            self.is_unrecorded(job);
        }
        let noted = committed.alert.map(|(alert, queued)| {
            let queued = names.iter().zip(queued);
            (
                alert,
                queued
                    .map(|(name, queued)| self.aside(name, queued))
                    .collect(),
            )
        });
        Some(Committed {
            alert: noted.or_else(|| unnoted.map(|alert| (alert, Vec::new()))),
            queue_error: committed.queue_error,
            ..Committed::default()
        })
    }

    /// Returns what this process knows of a job, for the store cannot be reached.
    pub(in crate::state) fn known(&self, job: &str) -> Past {
        let link = self.link();
        let mut memory = link.memory.lock();
        let past = memory.get_mut(job).and_then(Known::past);
        past.cloned().unwrap_or(Past::Unknown)
    }

    /// Notes that a change of a job is not written to the store yet.
    pub(in crate::state) fn is_unrecorded(&self, job: &str) {
        self.unrecorded.lock().insert(job.to_owned());
    }

    /// Writes to the store what was not written while it was away, once it is back.
    pub(super) fn record_late(&self) {
        if self.unrecorded.lock().is_empty() {
            return;
        }
        let link = self.link();
        if link.up().is_none() || link.closed().is_some() {
            return;
        }
        let jobs = std::mem::take(&mut *self.unrecorded.lock());
        let left = jobs
            .into_iter()
            .filter(|job| self.record(&link, job).is_err());
        let left: Vec<_> = left.collect();
        self.unrecorded.lock().extend(left);
    }

    /// Writes to the store what was noted of a job since its last change there.
    fn record(&self, link: &Link, job: &str) -> Result<(), Fault> {
        let until = deadline();
        let seen = Row::of(link, job, until)?;
        let past = &seen.past;
        let noted = self.correct_by_local(job, unwritten::correct(job, past.clone()));
        // What is held back is for the job's next run.
        let is_held = |past: &Past| past.status().is_some_and(|status| status.held.is_some());
        let Past::Known(status) = &noted else {
            return Ok(());
        };
        if is_held(past) || is_held(&noted) {
            return Ok(());
        }
        if noted != *past {
            let change = Change {
                status: Some(Status::clone(status)),
                ..Change::default()
            };
            let asked = Asked::new(job, &seen, &change);
            if !matches!(asked.make(link, until)?, Attempt::Made) {
                return Err(Fault::Later("others change the job".to_owned()));
            }
            link.memory.lock().remove(job);
            link.runs.lock().ahead.remove(job);
        }
        unwritten::forget(job);
        self.forget_local(job);
        Ok(())
    }

    /// Says in which queue an alert waits.
    fn aside(&self, name: &str, queued: Queued) -> Queued {
        match (queued, self.substitute.queue(name)) {
            (Queued::Waits(entry), Some(queue)) => Queued::Aside(state::Queue::Local(queue), entry),
            (queued, _) => queued,
        }
    }

    /// The newer of what the store says of a job and of what was noted here counts.
    pub(super) fn correct_by_local(&self, job: &str, past: Past) -> Past {
        match self.substitute.read(job) {
            Some(noted @ Past::Known(_)) => newer(&past, &noted).clone(),
            _ => past,
        }
    }

    /// Removes the note on a job, which the store knows of now.
    pub(super) fn forget_local(&self, job: &str) {
        if self.substitute.read(job).is_some()
            && let Some(directory) = self.substitute.directory()
        {
            let removal = |_: &Seen<'_>| {
                Some(Change {
                    removes: true,
                    ..Change::default()
                })
            };
            // Where it cannot be removed, it is older than what the store says by now.
            let _ = directory.update(job, Instant::now(), &mut { removal }, None);
        }
    }
}

/// Returns the newer of two pasts of a job: where one is not known, the other, and of the same age the first.
fn newer<'a>(one: &'a Past, other: &'a Past) -> &'a Past {
    match (one, other) {
        (Past::Known(first), Past::Known(second)) if second.begun > first.begun => other,
        (Past::Known(_), _) => one,
        (Past::Missing, _) | (_, Past::Known(_)) => other,
        _ => one,
    }
}

fn is_failing(past: &Past) -> bool {
    past.status()
        .is_some_and(|status| status.state == State::Error)
}
