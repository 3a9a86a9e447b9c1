//! What stands in for the store while it cannot be reached: a notify directory of this host, where there is one. A
//! failure is noted there, so that its recovery is known; once the store has the job's next change, the note goes.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Instant;

use super::Shared;
use crate::rules::Past;
use crate::state::change::Change;
use crate::state::local::Directory;
use crate::state::{Access, Committed, Decide, Seen};
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
        let mut alert = None;
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
            // Nothing is queued here: it is sent by this process.
            alert = change.alert.take();
            change.queues = Vec::new();
            change.ends = None;
            let status = change.status.as_ref();
            let is_failure = status.is_some_and(|status| status.state == State::Error);
            (is_noted || is_failure).then_some(change)
        };
        directory.update(job, at, decide, None).ok()?;
        Some(Committed {
            alert: alert.map(|alert| (alert, Vec::new())),
            ..Committed::default()
        })
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
