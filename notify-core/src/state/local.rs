//! The notify directory: its folders, and the locks of its status files.

pub(crate) mod admin;
pub(crate) mod journal;
pub(crate) mod lease;
mod lease_format;
pub(crate) mod lease_scan;
mod lock_file;
#[cfg(feature = "cli")]
pub(in crate::state) mod look;
pub(in crate::state) mod memory;
pub(crate) mod queue;
pub(crate) mod silences;
pub(crate) mod spool;
mod transaction;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use self::lease::Expired;
use self::lock_file::{ID_LENGTH, LockFile};
use self::memory::Memory;
use self::transaction::Locked;
use crate::format::hash;
use crate::format::text;
use crate::format::time::{self, Micros, Time};
use crate::os::clock;
use crate::os::engine::PerProcess;
use crate::os::ffi;
use crate::os::file::{self, Durable, Links, PRIVATE};
use crate::os::folder::{self, Folder};
use crate::os::landlord::{self, Landlord};
use crate::os::lock::Lock;
use crate::os::machine::Machine;
use crate::rules::Past;
use crate::state::history::History;
use crate::state::local::spool::Outbox;
use crate::state::run_record::{self, Definition, Recorded};
use crate::state::{Again, Committed, Decide, Repeat};
use crate::status::Status;

/// How long a job's lock is waited for; once it was not to be had, it is not waited for again.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// Jobs share this many locks, so that jobs named at run time do not leave a lock each, for ever.
const LOCKS: usize = 256;

/// The folder of the notify directory in which each user has a hidden folder.
const HIDDEN: &str = ".pipeline-notify";

/// The largest status file that is read to its end.
pub(crate) const MAX_STATUS_BYTES: u64 = 2 * text::LIMIT as u64;

/// The mode of a status file, unless somebody wants less: everybody may read it.
pub(crate) const READABLE: u32 = 0o644;

/// A notify directory that can be used.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    hidden: PathBuf,
    running: PathBuf,
    locks: PathBuf,
    user: u32,
    outbox: Outbox,
    history: History,
    /// The locks that were not to be had.
    stuck: Vec<AtomicBool>,
    mode: u32,
    /// Whether it was another user's when root opened it: the status files that root writes there are to be given away.
    may_have_landlord: bool,
    /// A forked child has none of its parent's.
    memory: PerProcess<Memory>,
    clock: fn() -> Micros,
}

fn hidden_of(directory: &Path, user: u32) -> PathBuf {
    directory.join(HIDDEN).join(user.to_string())
}

impl Directory {
    /// Returns this user's outbox in a notify directory, which need not be there yet.
    #[cfg(feature = "postgres")]
    pub(in crate::state) fn outbox_of(directory: &Path) -> Outbox {
        let user = ffi::user_id();
        Outbox::new(&hidden_of(directory, user), user)
    }

    /// Makes the directory where it is missing, and the hidden folder of this user in it; `mode` is that of status
    /// files. It fails where somebody else has laid something in the folder's place.
    pub(crate) fn open(directory: &Path, mode: u32) -> io::Result<Self> {
        let user = ffi::user_id();
        let hidden = hidden_of(directory, user);
        let mut store = Self {
            path: directory.to_owned(),
            outbox: Outbox::new(&hidden, user),
            history: History::new(&hidden),
            running: hidden.join("running"),
            locks: hidden.join("locks"),
            hidden,
            user,
            stuck: (0..LOCKS).map(|_| AtomicBool::new(false)).collect(),
            mode,
            may_have_landlord: false,
            memory: PerProcess::letting_go(Memory::let_go),
            clock: clock::micros_now,
        };
        if !store.has_folders() {
            store.make_folders()?;
        }
        store.may_have_landlord = Landlord::may_be(directory);
        Ok(store)
    }

    /// Returns whether all folders are there, as they must be: mostly they are, and nothing need be made.
    fn has_folders(&self) -> bool {
        let shared = fs::symlink_metadata(self.path.join(HIDDEN));
        let private = [&self.hidden, &self.locks, &self.running];
        shared.is_ok_and(|shared| shared.is_dir())
            && private
                .into_iter()
                .all(|folder| folder::check_private(folder, self.user).is_ok())
    }

    fn make_folders(&self) -> io::Result<()> {
        landlord::make_folders(&self.path, folder_mode(self.mode))
            .map_err(|error| in_words(&self.path, error))?;
        let shared = self.path.join(HIDDEN);
        landlord::make_shared_folder(&shared)?;
        if !fs::symlink_metadata(&shared)?.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                "`.pipeline-notify` is not a folder",
            ));
        }
        folder::make_private(&self.hidden, self.user)?;
        folder::make_private(&self.locks, self.user)?;
        folder::make_private(&self.running, self.user)
    }

    pub(crate) fn look_at_runs(&self) -> io::Result<Vec<lease_scan::Seen>> {
        lease_scan::look(&self.running)
    }

    pub(crate) fn change_never_run(&self, change: impl FnOnce(&str) -> String) -> io::Result<()> {
        /// The largest list that is read.
        const LARGEST: u64 = 16 * 1024 * 1024;
        const PATIENCE: Duration = Duration::from_secs(2);
        let path = self.hidden.join("never-run");
        let lock = Lock::acquire(&path.with_extension("lock"), PATIENCE)?;
        let _lock = lock.ok_or(io::ErrorKind::WouldBlock)?;
        let before = file::read(&path, LARGEST, Links::Refuse)?.unwrap_or_default();
        let after = change(&before);
        if after != before {
            let hidden = Folder::open(&self.hidden)?;
            hidden.replace("never-run", "never-run.new", &after, PRIVATE, Durable::Yes)?;
        }
        Ok(())
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.path
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    fn memory(&self) -> &Memory {
        self.memory.get()
    }

    fn now(&self) -> Time {
        time::from_micros((self.clock)())
    }

    /// Ends a run in memory alone; returns whether that may be.
    pub(crate) fn repeat(&self, file: &str, hash: u64, run: &Repeat<'_>) -> bool {
        self.stays_in_memory(slot_of(hash), file, run)
    }

    /// Changes a job, the whole way: lock, read, decide, write.
    pub(crate) fn update(
        &self,
        file: &str,
        at: Instant,
        decide: Decide<'_>,
        again: Option<Again<'_>>,
    ) -> io::Result<Committed> {
        Ok(self.lock(file)?.update(at, decide, again))
    }

    pub(crate) fn amend(
        &self,
        file: &str,
        change: &mut dyn FnMut(&Status) -> Option<Status>,
    ) -> io::Result<()> {
        self.lock(file)?.amend(change)
    }

    /// Reads a job's status file, which may be half changed.
    pub(crate) fn read(&self, file: &str) -> Past {
        transaction::read(&self.path.join(file))
    }

    /// Returns what this process last left of a job: where the directory cannot be used, nothing newer can be learnt.
    pub(in crate::state) fn known(&self, file: &str) -> Past {
        let known = self.memory().past(slot(file), file);
        known.unwrap_or(Past::Unknown)
    }

    pub(crate) fn flush_due(&self, at: Instant) {
        for file in self.memory().behind(Some(at)) {
            self.catch_up(&file, at);
        }
    }

    pub(crate) fn flush(&self) {
        let now = Instant::now();
        for file in self.memory().behind(None) {
            self.catch_up(&file, now);
        }
    }

    pub(crate) fn is_behind(&self) -> Option<bool> {
        self.memory().is_behind()
    }

    /// Writes the runs of a job that are in memory alone. They are not worth the harm of writing where
    /// another process holds the lock.
    fn catch_up(&self, file: &str, at: Instant) {
        if let Ok(locked) = self.lock(file) {
            locked.catch_up(at);
        }
    }

    pub(crate) fn begin_run(
        &self,
        number: u64,
        run: &Recorded<'_>,
        definition: Option<Definition>,
    ) -> io::Result<()> {
        let begin = || {
            let own = run_record::own(run.ended.run, run.ended.begun);
            let text = (&*run.same(), &*own);
            lease::begin(&self.running, number, text, definition, || run.process())
        };
        folder::made_if_missing(|| self.make_folders(), begin)
    }

    pub(crate) fn begin_run_again(&self, number: u64, definition: Definition, own: &str) -> bool {
        lease::begin_again(&self.running, number, definition, own)
    }

    pub(crate) fn expired_runs(&self) -> Vec<Expired> {
        let judge = |process: &_| Machine::this().can_judge(process);
        let dead = lease_scan::find_dead(&self.running, judge);
        if !dead.is_empty() {
            // Finish half-done changes before records are removed: after a crash here they still make the next
            // run look.
            self.finish_journals();
        }
        dead
    }

    /// Locks a status file, and first finishes a change that a dead process left half done.
    pub(crate) fn lock<'a>(&'a self, file: &'a str) -> io::Result<Locked<'a>> {
        let slot = slot(file);
        let path = self.lock_path(slot);
        let wait = if self.stuck[slot].load(Ordering::Relaxed) {
            Duration::ZERO
        } else {
            ffi::within(LOCK_WAIT)
        };
        let way = self.memory().go_the_whole_way(slot);
        let kept = self.memory().take_lock_file(slot);
        let lock = match kept.and_then(|kept| kept.if_at(&path)) {
            Some(kept) => kept.again(wait)?,
            None => self.open_lock(&path, wait)?,
        };
        self.stuck[slot].store(lock.is_none(), Ordering::Relaxed);
        let mut locked = Locked::new(self, file, slot, lock, way);
        locked.finish_journal()?;
        Ok(locked)
    }

    fn open_lock(&self, path: &Path, patience: Duration) -> io::Result<Option<LockFile>> {
        // The directory may be deleted under us.
        let lock =
            folder::made_if_missing(|| self.make_folders(), || Lock::acquire(path, patience));
        lock?.map(LockFile::of).transpose()
    }

    /// Finishes every change that a dead process left half done: its job may never run again.
    pub(crate) fn finish_journals(&self) {
        for slot in 0..LOCKS {
            let path = self.lock_path(slot);
            let length = fs::symlink_metadata(&path).map_or(0, |file| file.len());
            if length <= ID_LENGTH {
                continue;
            }
            // A process that holds the lock has finished the old change, and is at one of its own.
            if let Ok(Some(lock)) = Lock::acquire_existing(&path, Duration::ZERO)
                && let Ok(lock) = LockFile::of(lock)
            {
                // What cannot be finished is left to the job's next run.
                let way = self.memory().go_the_whole_way(slot);
                let _ = Locked::new(self, "", slot, Some(lock), way).finish_journal();
            }
        }
    }

    fn lock_path(&self, slot: usize) -> PathBuf {
        folder::path_in(&self.locks, &lock_name(slot))
    }
}

fn lock_name(slot: usize) -> String {
    format!("{slot:02x}")
}

/// Says of a folder that cannot be made what stands in its place; to the system that is a file that exists.
fn in_words(path: &Path, error: io::Error) -> io::Error {
    let is_there = |path: &&Path| fs::symlink_metadata(path).is_ok();
    let Some(nearest) = path.ancestors().find(is_there) else {
        return error;
    };
    let what = match fs::metadata(nearest) {
        Ok(there) if there.is_dir() => return error,
        Ok(_) => "is not a folder",
        Err(_) => "is a link that leads to no folder",
    };
    let words = format!("`{}` {what}", nearest.display());
    io::Error::new(io::ErrorKind::NotADirectory, words)
}

/// Returns the number of a status file's lock.
fn slot(file: &str) -> usize {
    slot_of(hash::hash(file))
}

fn slot_of(hash: u64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "a remainder is small")]
    let slot = hash as usize % LOCKS;
    slot
}

/// Returns the mode of a new folder, by that of the files in it: who may read those may enter it.
fn folder_mode(files: u32) -> u32 {
    files | (files & 0o444) >> 2
}

#[cfg(test)]
mod tests;
