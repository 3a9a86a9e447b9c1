//! What stands in for the store while it cannot be reached: a notify directory of this host, where there is one. A
//! failure is noted there, so that its recovery is known; once the store has the job's next change, the note goes.
//! Its alert waits there until it is sent, by this process or by a later one: under the name that its queue has in
//! the store, by which whoever knows the destination finds it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Instant;

use super::Shared;
use crate::rules::Past;
use crate::state::change::Change;
use crate::state::local::Directory;
use crate::state::local::queue::Queue;
use crate::state::local::spool::Outbox;
use crate::state::{self, Access, Committed, Decide, Queued, Seen};
use crate::status::State;

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

    /// Returns the queue that stands in for that of the store.
    pub(super) fn queue(&self, name: &str) -> Option<Queue> {
        Some(self.outbox()?.queue(name).aside())
    }

    /// Returns the names of the queues that are there.
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
    /// Decides by what is noted on this host, for the store cannot be reached; `None` where there is no place
    /// for a note. Where nothing is noted, nothing is known: an `OK` is silent.
    pub(in crate::state) fn update_unreached(
        &self,
        job: &str,
        at: Instant,
        decide: Decide<'_>,
    ) -> Option<Committed> {
        let directory = self.substitute.directory()?;
        let (mut unnoted, mut names) = (None, Vec::new());
        let decide = &mut |seen: &Seen<'_>| {
            let unknown = Past::Unknown;
            let past = match seen.past {
                Past::Missing => &unknown,
                past => past,
            };
            let is_noted = past.status().is_some();
            let mut change = decide(&Seen {
                past,
                now: seen.now,
                access: Access::Memory,
            })?;
            names.clone_from(&change.queues);
            change.ends = None;
            let status = change.status.as_ref();
            let is_failure = status.is_some_and(|status| status.state == State::Error);
            if is_noted || is_failure {
                unnoted = None;
                return Some(change);
            }
            unnoted = change.alert.take();
            None
        };
        let committed = directory.update(job, at, decide, None).ok()?;
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

    /// Says in which queue an alert waits.
    fn aside(&self, name: &str, queued: Queued) -> Queued {
        match (queued, self.substitute.queue(name)) {
            (Queued::Waits(entry), Some(queue)) => Queued::Aside(state::Queue::Local(queue), entry),
            (queued, _) => queued,
        }
    }

    /// The newer of what the store says of a job and of what was noted here counts.
    pub(super) fn correct_by_local(&self, job: &str, past: Past) -> Past {
        match (self.substitute.read(job), past) {
            (Some(Past::Known(noted)), Past::Known(status)) if noted.begun <= status.begun => {
                Past::Known(status)
            }
            (Some(Past::Known(noted)), _) => Past::Known(noted),
            (_, past) => past,
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
