//! The notify directory: its folders, and the locks of its status files.

pub(crate) mod cache;
pub(crate) mod descriptors;
pub(crate) mod journal;
pub(crate) mod lease;
mod lease_format;
pub(crate) mod lease_scan;
pub(crate) mod queue;
pub(crate) mod silences;
mod snapshot;
pub(crate) mod spool;
mod transaction;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub(crate) use self::snapshot::Known;
#[cfg(feature = "cli")]
pub(crate) use self::transaction::LIMIT;
pub(crate) use self::transaction::{Locked, Queued};
use crate::format::hash;
use crate::os::ffi;
use crate::os::file;
use crate::os::landlord;
use crate::os::lock::Lock;
use crate::state::history::History;
use crate::state::local::descriptors::Handle;
use crate::state::local::spool::Outbox;

/// How long a job's lock is waited for; once it was not to be had, it is not waited for again.
const PATIENCE: Duration = Duration::from_secs(2);

/// Jobs share this many locks, so that jobs named at run time do not leave a lock each, for ever.
const LOCKS: usize = 256;

/// The folder of the notify directory in which each user has a hidden folder.
const HIDDEN: &str = ".pipeline-notify";

/// A notify directory that can be used.
#[derive(Debug)]
pub(crate) struct Store {
    /// Tells it from the others that this process has used.
    number: usize,
    directory: PathBuf,
    hidden: PathBuf,
    running: PathBuf,
    user: u32,
    outbox: Outbox,
    history: History,
    stuck: Vec<AtomicBool>,
    mode: u32,
}

/// The mode of a status file, unless somebody wants less: everybody may read it.
pub(crate) const READABLE: u32 = 0o644;

impl Store {
    #[cfg(test)]
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        Self::with_mode(directory, READABLE)
    }

    /// Makes the directory where it is missing, and the hidden folder of this user in it; `mode` is that
    /// of status files.
    ///
    /// # Errors
    ///
    /// Where that cannot be done, or somebody else has laid something in the folder's place.
    pub(crate) fn with_mode(directory: &Path, mode: u32) -> io::Result<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let user = ffi::user_id();
        let hidden = directory.join(HIDDEN).join(user.to_string());
        let store = Self {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            directory: directory.to_owned(),
            outbox: Outbox::new(&hidden, user),
            history: History::new(&hidden),
            running: hidden.join("running"),
            hidden,
            user,
            stuck: (0..LOCKS).map(|_| AtomicBool::new(false)).collect(),
            mode,
        };
        store.make_folders()?;
        Ok(store)
    }

    fn make_folders(&self) -> io::Result<()> {
        landlord::make_folders(&self.directory, folder_mode(self.mode))?;
        let shared = self.directory.join(HIDDEN);
        match landlord::make_folder(&shared, shared_mode(&self.directory)?) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if !fs::symlink_metadata(&shared)?.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                "`.pipeline-notify` is not a folder",
            ));
        }
        file::make_private_folder(&self.hidden, self.user)?;
        file::make_private_folder(&self.hidden.join("locks"), self.user)?;
        file::make_private_folder(&self.running, self.user)
    }

    /// The folder of the records of runs under way.
    pub(crate) fn running(&self) -> &Path {
        &self.running
    }

    /// The file that says which missed runs people were told of.
    #[cfg(feature = "cli")]
    pub(crate) fn missed(&self) -> PathBuf {
        self.hidden.join("missed")
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// Locks a status file, and first finishes a change that a dead process left half done.
    ///
    /// # Errors
    ///
    /// Where there can be no lock, such as in a directory that cannot be written.
    pub(crate) fn lock<'a>(&'a self, file: &'a str) -> io::Result<Locked<'a>> {
        let slot = slot(file);
        let path = self.lock_path(slot);
        let patience = self.patience(slot);
        let lock = match Lock::acquire(&path, patience) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // The directory was deleted under us.
                self.make_folders()?;
                Lock::acquire(&path, patience)?
            }
            lock => lock?,
        };
        self.stuck[slot].store(lock.is_none(), Ordering::Relaxed);
        let (lock, journal) = lock.map(Handle::new).transpose()?.unzip();
        let mut locked = Locked::new(self, file, slot, lock);
        locked.pending = locked.finish_journal(journal.unwrap_or_default())?;
        Ok(locked)
    }

    /// Finishes every change that a dead process left half done: its job may never run again.
    pub(crate) fn finish_journals(&self) {
        for slot in 0..LOCKS {
            let path = self.lock_path(slot);
            let is_empty = fs::symlink_metadata(&path).map_or(true, |file| file.len() == 0);
            if is_empty {
                continue;
            }
            // Whoever holds it has finished what there was, and is at a change of its own.
            if let Ok(Some(lock)) = Lock::acquire_existing(&path, Duration::ZERO)
                && let Ok((lock, journal)) = Handle::new(lock)
            {
                let mut locked = Locked::new(self, "", slot, Some(lock));
                // What cannot be finished is left to the job's next run.
                let _ = locked.finish_journal(journal);
            }
        }
    }

    /// Locks two status files, in the order that all keep to; no second lock where one is for both.
    #[cfg(feature = "cli")]
    pub(crate) fn lock_both<'a>(
        &'a self,
        one: &'a str,
        other: &'a str,
    ) -> io::Result<(Locked<'a>, Option<Locked<'a>>)> {
        match slot(one).cmp(&slot(other)) {
            std::cmp::Ordering::Equal => Ok((self.lock(one)?, None)),
            std::cmp::Ordering::Less => {
                let one = self.lock(one)?;
                Ok((one, Some(self.lock(other)?)))
            }
            std::cmp::Ordering::Greater => {
                let other = self.lock(other)?;
                Ok((self.lock(one)?, Some(other)))
            }
        }
    }

    /// Locks a status file by a lock that was kept open, where there is one, and nothing is half done;
    /// somebody may have moved the folder away meanwhile, see [`if_current`](Locked::if_current).
    pub(crate) fn lock_again<'a>(&'a self, file: &'a str, now: Instant) -> Option<Locked<'a>> {
        let slot = slot(file);
        let lock = descriptors::take((self.number, slot), self.patience(slot), now)?;
        let mut locked = Locked::new(self, file, slot, Some(lock));
        locked.is_kept = true;
        let journal = locked.lock.as_ref()?.file();
        let is_empty = file::read_at(journal, &mut [0], 0).is_ok_and(|length| length == 0);
        is_empty.then_some(locked)
    }

    fn lock_path(&self, slot: usize) -> PathBuf {
        self.hidden.join("locks").join(format!("{slot:02x}"))
    }

    fn patience(&self, slot: usize) -> Duration {
        if self.stuck[slot].load(Ordering::Relaxed) {
            Duration::ZERO
        } else {
            ffi::within(PATIENCE)
        }
    }
}

/// Returns the number of a status file's lock.
fn slot(file: &str) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "a remainder is small")]
    let slot = hash::hash(file) as usize % LOCKS;
    slot
}

/// Returns the mode of a new folder, by that of the files in it: who may read those may enter it.
fn folder_mode(files: u32) -> u32 {
    files | (files & 0o444) >> 2
}

/// Returns a mode that lets those who may write to the notify directory make their own hidden folder in
/// one below it.
#[cfg(unix)]
fn shared_mode(directory: &Path) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(directory)?.permissions().mode();
    Ok(mode & 0o777 | 0o1700)
}

#[cfg(not(unix))]
fn shared_mode(_directory: &Path) -> io::Result<u32> {
    Ok(0o700)
}

#[cfg(test)]
mod tests;
