//! The records of other processes: of the dead to report them, of all others to look at them.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::lease::lock;
use super::lease_format::{ENDED, blocks};
use super::spool::names;
use crate::format::fields::Fields;
use crate::format::order;
use crate::format::time::Time;
use crate::os::file::{self, Identity, Links};
use crate::state::change::RunKey;

/// The largest record that is read: some ten thousand runs at once.
const LIMIT: u64 = 16 * 1024 * 1024;

/// A record that has not been shown for this long never will be.
pub(super) const UNSHOWN: Duration = Duration::from_secs(60);

/// The record of a process that is dead.
pub(crate) struct Expired {
    /// It is locked, so that nobody else reports it meanwhile.
    file: File,
    path: PathBuf,
    /// When the process is last known to have been alive.
    seen: Time,
    process: Fields,
    /// The runs that were under way.
    pub(super) runs: Vec<(RunKey, Fields)>,
}

/// Finds the records of dead processes, but for those that cannot be judged from here: in the order in
/// which they died, so that of one job's deaths the first is the news.
pub(super) fn find_dead(folder: &Path, judge: impl Fn(&Fields) -> bool) -> Vec<Expired> {
    let own = lock().as_ref().map(|record| record.path.clone());
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let mut dead: Vec<_> = entries
        .filter(|path| Some(path) != own.as_ref())
        .filter_map(|path| Expired::open(path, &judge).ok().flatten())
        .collect();
    order::sort_by_key(&mut dead, |dead| dead.seen);
    dead
}

impl Expired {
    fn open(path: PathBuf, judge: impl Fn(&Fields) -> bool) -> io::Result<Option<Self>> {
        let Some(name) = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
        else {
            return Ok(None);
        };
        let file = file::open(
            &path,
            OpenOptions::new().read(true).write(true),
            Links::Refuse,
        )?;
        if name.starts_with('.') {
            // Its process died before it showed its record, or is about to: not even its lock may
            // be touched then.
            let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
            if age > UNSHOWN && file.try_lock().is_ok() {
                fs::remove_file(&path)?;
            }
            return Ok(None);
        }
        if file.try_lock().is_err() || !is_still_at(&file, &path)? {
            return Ok(None);
        }
        let seen = DateTime::<Utc>::from(file.metadata()?.modified()?);
        let content = file::read_open(&file, LIMIT)?;
        let mut blocks = blocks(&content);
        let process = blocks.next().map(|block| block.fields).unwrap_or_default();
        if !judge(&process) {
            return Ok(None);
        }
        let runs = blocks
            .filter(|block| block.is_open)
            .map(|block| {
                (
                    RunKey {
                        record: name.clone().into(),
                        offset: block.offset,
                    },
                    block.fields,
                )
            })
            .collect();
        Ok(Some(Self {
            file,
            path,
            seen,
            process,
            runs,
        }))
    }

    pub(crate) fn process(&self) -> &Fields {
        &self.process
    }

    /// Returns the runs that were under way, as the record says.
    pub(crate) fn open_runs(&self) -> &[(RunKey, Fields)] {
        &self.runs
    }

    /// Returns whether a run is still unreported: its end may stand in a journal that has only now
    /// been finished.
    pub(crate) fn is_open(&self, run: &RunKey) -> bool {
        let mut state = [ENDED];
        file::read_at(&self.file, &mut state, run.offset)
            .is_ok_and(|length| length == 1 && state != [ENDED])
    }

    /// Removes the record, once each of its runs is reported.
    pub(crate) fn remove(self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Names the records that no process has locked: those of the dead, and of this process none.
pub(super) fn unlocked(folder: &Path) -> BTreeSet<String> {
    let is_free = |path: &Path| {
        file::open(path, OpenOptions::new().read(true), Links::Refuse)
            // Shared, so that two that look do not see each other's lock.
            .is_ok_and(|file| file.try_lock_shared().is_ok())
    };
    let mut free = BTreeSet::new();
    free.extend(
        names(folder)
            .into_iter()
            .filter(|name| is_free(&folder.join(name))),
    );
    free
}

/// A record as others see it.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Whether a process holds its lock.
    pub(crate) is_locked: bool,
    pub(crate) process: Fields,
    /// The runs that are under way in it.
    pub(crate) runs: Vec<Fields>,
}

/// Looks at the records of a folder, and leaves them as they are.
pub(crate) fn look(folder: &Path) -> io::Result<Vec<Seen>> {
    let mut seen = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
        if path.file_name().is_some_and(is_hidden) {
            continue;
        }
        // A process whose record is gone has ended meanwhile.
        if let Ok(file) = file::open(&path, OpenOptions::new().read(true), Links::Refuse) {
            // Shared, so that two that look do not see each other's lock.
            let is_locked = file.try_lock_shared().is_err();
            if is_locked || is_still_at(&file, &path).unwrap_or(false) {
                seen.extend(
                    file::read_open(&file, LIMIT).map(|content| Seen::parse(&content, is_locked)),
                );
            }
        }
    }
    Ok(seen)
}

impl Seen {
    fn parse(content: &str, is_locked: bool) -> Self {
        let mut blocks = blocks(content);
        Self {
            is_locked,
            process: blocks.next().map(|block| block.fields).unwrap_or_default(),
            runs: blocks
                .filter(|block| block.is_open)
                .map(|block| block.fields)
                .collect(),
        }
    }
}

/// Returns whether a file that was opened at a path is there still.
fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    let there = Identity::from(&fs::symlink_metadata(path)?)?;
    Ok(Identity::of(file)? == there)
}
