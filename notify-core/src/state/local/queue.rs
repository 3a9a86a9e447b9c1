//! The alerts that wait for one destination, and those that it has refused. The boundary, [`Queue`](crate::state::Queue),
//! says what each method does.

pub(in crate::state) mod handles;
mod held;
mod loss;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::DateTime;

use super::spool::{job_digits, names};
use crate::format::order;
use crate::format::time::Time;
use crate::message::alert::Alert;
use crate::os::file::{self, Durable, Links, PRIVATE};
use crate::os::folder::{self, Folder};
use crate::os::lock::Lock;
use crate::state::entry::Entry;
use crate::state::moved::Moved;
use crate::state::rate::Pace;
use crate::state::turn::{Claim, Turn};

/// The largest file that is read.
const LIMIT: u64 = 256 * 1024;

/// A sender that has made no progress for this long is passed by.
const STUCK: Duration = Duration::from_secs(30);

const LOCK: &str = ".lock";
const PACE: &str = ".pace";
const MOVED: &str = ".moved";

/// The alerts that wait for one destination.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Queue {
    pub(super) folder: PathBuf,
    pub(super) held: PathBuf,
    pub(super) rejected: PathBuf,
    pub(super) user: u32,
    /// Whether it stands in for a queue of a shared store.
    pub(super) is_aside: bool,
}

impl Queue {
    /// Returns whether the other is this queue; compared as text, for that is much less work than part by
    /// part.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.folder.as_os_str() == other.folder.as_os_str()
    }

    /// Returns whether it stands in for a queue of a shared store.
    pub(crate) fn is_aside(&self) -> bool {
        self.is_aside
    }

    #[cfg(feature = "postgres")]
    pub(in crate::state) fn aside(self) -> Self {
        Self {
            is_aside: true,
            ..self
        }
    }

    /// Returns its folder's name, by which it is found again.
    pub(crate) fn name(&self) -> &str {
        self.folder
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
    }

    pub(crate) fn put(&self, alert: &Alert, content: &str) -> io::Result<Entry> {
        let entry = Entry::of(alert);
        self.place(&self.folder, entry.name(), content)?;
        Ok(entry)
    }

    /// Writes a file into a folder, which is made where it is missing.
    fn place(&self, folder: &Path, name: &str, content: &str) -> io::Result<()> {
        let write = || write(folder, name, content, Durable::Yes);
        folder::made_if_missing(|| self.make(folder), write)
    }

    pub(crate) fn adopt(&self, other: &Self) -> io::Result<usize> {
        other.release_to(DateTime::<chrono::Utc>::MAX_UTC, &mut Vec::new())?;
        let entries = other.list();
        if entries.is_empty() {
            return Ok(0);
        }
        if matches!(other.turn()?, Turn::Others) {
            return Err(io::Error::other(
                "another process sends from that queue now",
            ));
        }
        self.make(&self.folder)?;
        let mut adopted = 0;
        for entry in entries {
            let path = other.path(&entry);
            let lock = Lock::acquire_existing(&path, Duration::ZERO)?;
            if lock.is_some() && path.exists() {
                fs::rename(&path, self.path(&entry))?;
                adopted += 1;
            }
        }
        // The new place first: after a power cut an alert is in one of them, or in both.
        Folder::open(&self.folder)?.sync()?;
        Folder::open(&other.folder)?.sync()?;
        Ok(adopted)
    }

    fn make(&self, folder: &Path) -> io::Result<()> {
        let folders = || folder.parent().into_iter().chain([folder]);
        // A link in their place would lead elsewhere.
        let is_folder =
            |folder: &Path| fs::symlink_metadata(folder).is_ok_and(|folder| folder.is_dir());
        if folders().all(is_folder) {
            return Ok(());
        }
        for folder in folders() {
            folder::make_private(folder, self.user)?;
        }
        // The name of a new folder is in the one above.
        folder
            .parent()
            .map_or(Ok(()), |above| Folder::open(above)?.sync())
    }

    pub(crate) fn list(&self) -> Vec<Entry> {
        let mut entries: Vec<_> = names(&self.folder)
            .into_iter()
            .filter_map(Entry::parse)
            .collect();
        order::sort(&mut entries);
        // An alert that is being cut has two names for a moment, and counts once.
        entries.dedup_by(|one, other| one.is_same_alert_as(other));
        entries
    }

    pub(crate) fn holds(&self, entry: &Entry) -> bool {
        self.path(entry).exists()
    }

    /// Reads an alert for sending, and locks it, so that nobody else sends it meanwhile; `None`
    /// where it is gone or being sent.
    pub(crate) fn take(&self, entry: &Entry) -> io::Result<Option<(Alert, Claim)>> {
        let path = self.path(entry);
        let Some(lock) = Lock::acquire_existing(&path, Duration::ZERO)? else {
            return Ok(None);
        };
        let content = file::read_open(lock.file(), LIMIT)?;
        // It may have been sent and removed between the opening and the lock.
        if !path.exists() {
            return Ok(None);
        }
        let alert = Alert::parse(&content)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an alert"))?;
        Ok(Some((alert, Claim(Box::new(lock)))))
    }

    pub(crate) fn read(&self, entry: &Entry) -> io::Result<Option<Alert>> {
        let content = file::read(&self.path(entry), LIMIT, Links::Refuse)?;
        Ok(content.and_then(|content| Alert::parse(&content)))
    }

    /// Has the alerts of a job name it otherwise, but for what is being sent.
    pub(crate) fn rename_waiting(&self, from: &str, to: &str) -> io::Result<()> {
        let digits = job_digits(from);
        for entry in self.list() {
            if entry.job() != digits {
                continue;
            }
            let Ok(Some((alert, _claim))) = self.take(&entry) else {
                continue;
            };
            if &*alert.job != from {
                continue;
            }
            let renamed = Alert {
                job: to.to_owned(),
                ..alert
            };
            let name = Entry::of(&renamed);
            // One file throughout: it is sent once, by the one name or the other.
            fs::rename(self.path(&entry), self.path(&name))?;
            write(&self.folder, name.name(), &renamed.render(), Durable::Yes)?;
        }
        Ok(())
    }

    /// Removes an alert that was accepted. Where it cannot be removed, the sender must not send it again.
    pub(crate) fn remove(&self, entry: &Entry) -> io::Result<()> {
        remove_if_there(&self.path(entry))
    }

    /// Moves an alert that will never be accepted to `rejected/`, with the reason beside it.
    pub(crate) fn reject(&self, entry: &Entry, reason: &str) -> io::Result<PathBuf> {
        for folder in self.rejected.parent().into_iter().chain([&*self.rejected]) {
            folder::make_private(folder, self.user)?;
        }
        let rejected = self.rejected.join(entry.name());
        // The rename first: after a crash between the two the alert is in one place.
        fs::rename(self.path(entry), &rejected)?;
        write(
            &self.rejected,
            &beside(entry),
            &format!("{reason}\n"),
            Durable::No,
        )?;
        Ok(rejected)
    }

    #[cfg(feature = "cli")]
    pub(crate) fn rejection(&self, entry: &Entry) -> io::Result<Option<String>> {
        let reason = file::read(&self.rejected.join(beside(entry)), LIMIT, Links::Refuse)?;
        Ok(reason.map(|reason| reason.trim().to_owned()))
    }

    pub(crate) fn turn(&self) -> io::Result<Turn> {
        match Lock::acquire(&self.folder.join(LOCK), Duration::ZERO)? {
            Some(lock) => {
                // The one before may have written the pace long ago.
                let _ = lock.file().set_modified(SystemTime::now());
                Ok(Turn::Mine(Box::new(lock)))
            }
            None if self.has_stuck_sender() => Ok(Turn::Stuck),
            None => Ok(Turn::Others),
        }
    }

    /// A sender notes in its lock when it has begun, and writes the queue's pace before and after each message.
    fn has_stuck_sender(&self) -> bool {
        let is_old = |name| {
            let file = fs::symlink_metadata(self.folder.join(name));
            let written = file.and_then(|file| file.modified());
            let age = written.map(|written| SystemTime::now().duration_since(written));
            age.is_ok_and(|age| age.is_ok_and(|age| age > STUCK))
        };
        is_old(PACE) && is_old(LOCK)
    }

    pub(crate) fn pace(&self, now: Time) -> Pace {
        let content = file::read(&self.folder.join(PACE), LIMIT * 16, Links::Refuse)
            .ok()
            .flatten();
        content.map_or_else(|| Pace::new(now), |content| Pace::parse(&content, now))
    }

    pub(crate) fn set_pace(&self, pace: &Pace) -> io::Result<()> {
        write(&self.folder, PACE, &pace.render(), Durable::No)
    }

    pub(crate) fn moved(&self) -> Moved {
        let content = file::read(&self.folder.join(MOVED), LIMIT * 16, Links::Refuse);
        let content = content.ok().flatten();
        content.map_or_else(Moved::default, |content| Moved::parse(&content))
    }

    pub(crate) fn set_moved(&self, moved: &Moved) -> io::Result<()> {
        if moved.is_empty() {
            return remove_if_there(&self.folder.join(MOVED));
        }
        write(&self.folder, MOVED, &moved.render(), Durable::Yes)
    }

    fn path(&self, entry: &Entry) -> PathBuf {
        self.folder.join(entry.name())
    }
}

/// Names the file beside a refused alert that says why.
fn beside(entry: &Entry) -> String {
    format!("{}.reason", entry.name())
}

/// Writes a file by way of a hidden one beside it.
fn write(folder: &Path, name: &str, content: &str, durable: Durable) -> io::Result<()> {
    let is_hidden = name.starts_with('.');
    let (before, after) = if is_hidden { ("", ".new") } else { (".", "") };
    let temporary = [before, name, after].concat();
    Folder::open(folder)?.replace(name, &temporary, content, PRIVATE, durable)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    file::if_there(fs::remove_file(path)).map(drop)
}

#[cfg(test)]
mod tests;
