//! Locks and status files that stay open between two uses, so that a job which is called in a tight
//! loop need not open its own at each call.
//!
//! A lock is taken out for as long as it is used, for two threads on one descriptor would not exclude
//! each other: the second one opens its own.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::os::engine::{PerProcess, Slot};
use crate::os::file::{self, Identity, Links};
use crate::os::lock::Lock;

/// Locks that are kept, each with a status file: ten descriptors, however many jobs there are.
const MOST: usize = 5;

/// How long one counts as the file at its path: somebody may move the folder away.
const AGE: Duration = Duration::from_secs(1);

/// A forked child closes its copies: a lock of its parent's would outlive the parent otherwise.
static KEPT: PerProcess<Mutex<Vec<(Key, Handle)>>> =
    PerProcess::beginning(Slot::Descriptors, |parents| {
        if let Some(Ok(mut kept)) = parents.map(Mutex::try_lock) {
            kept.drain(..).for_each(|(_, handle)| handle.close());
        }
        Mutex::default()
    });

/// Names a lock: a notify directory that this process uses, and the lock's number in it.
pub(crate) type Key = (usize, usize);

/// A lock that is held, and can be kept open afterwards.
#[derive(Debug)]
pub(crate) struct Handle {
    lock: Lock,
    identity: Identity,
    opened: Instant,
    status: Option<StatusFile>,
}

/// The status file that was last written under a lock.
#[derive(Debug)]
struct StatusFile {
    name: String,
    file: File,
    identity: Identity,
}

/// Takes the lock of that name if it is kept; `None` also where another process holds it for longer
/// than `patience`.
pub(crate) fn take(key: Key, patience: Duration, now: Instant) -> Option<Handle> {
    let handle = {
        let mut kept = kept();
        let index = kept.iter().position(|(known, _)| *known == key)?;
        kept.swap_remove(index).1
    };
    if handle.is_young(now) && handle.lock.again(patience).is_ok_and(|is| is) {
        Some(handle)
    } else {
        handle.close();
        None
    }
}

/// Ends a lock, and keeps it for the next use if there is room.
pub(crate) fn keep(key: Key, handle: Handle) {
    handle.lock.unlock();
    let mut kept = kept();
    if kept.len() == MOST
        && let Some(old) = kept
            .iter()
            .position(|(_, handle)| !handle.is_young(Instant::now()))
    {
        kept.swap_remove(old).1.close();
    }
    if kept.len() < MOST && kept.iter().all(|(known, _)| *known != key) {
        kept.push((key, handle));
    }
}

fn kept() -> MutexGuard<'static, Vec<(Key, Handle)>> {
    KEPT.get().lock().unwrap_or_else(PoisonError::into_inner)
}

impl Handle {
    /// Takes a lock that was opened now; returns also how long its file is.
    ///
    /// # Errors
    ///
    /// Where nothing can be learnt of its file.
    pub(crate) fn new(lock: Lock) -> io::Result<(Self, u64)> {
        let file = lock.file().metadata()?;
        let handle = Self {
            identity: Identity::from(&file)?,
            lock,
            opened: Instant::now(),
            status: None,
        };
        Ok((handle, file.len()))
    }

    /// Tells whether the lock's file is still the one at `path`, and the descriptor still that file's.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        let is_ours = |found: io::Result<Identity>| found.is_ok_and(|found| found == self.identity);
        is_ours(Identity::at(path)) && is_ours(Identity::of(self.file()))
    }

    /// Returns the status file at `path`, as long as that is the one that is open already; its owner
    /// must still read in it that the descriptor is not another file's by now.
    pub(crate) fn status_file(&self, name: &str, path: &Path) -> Option<&File> {
        let status = self.status.as_ref().filter(|status| status.name == name)?;
        (Identity::at(path).ok()? == status.identity).then_some(&status.file)
    }

    /// Returns the status file that was last found, opened or written.
    pub(crate) fn kept_status_file(&self) -> Option<&File> {
        Some(&self.status.as_ref()?.file)
    }

    /// Opens the status file at `path`, and keeps it.
    pub(crate) fn open_status_file(&mut self, name: &str, path: &Path) -> io::Result<&File> {
        let options = &mut OpenOptions::new();
        let (file, metadata) =
            file::open_known(path, options.read(true).write(true), Links::Refuse)?;
        let identity = Identity::from(&metadata)?;
        Ok(self.keep_status_file(name, file, identity))
    }

    /// Keeps a status file that was opened or written.
    pub(crate) fn keep_status_file(&mut self, name: &str, file: File, identity: Identity) -> &File {
        if let Some(earlier) = self.status.take() {
            file::close(earlier.file, &earlier.identity, |file| file);
        }
        let status = StatusFile {
            name: name.to_owned(),
            file,
            identity,
        };
        &self.status.insert(status).file
    }

    /// The file that is locked.
    pub(crate) fn file(&self) -> &File {
        self.lock.file()
    }

    fn is_young(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.opened) < AGE
    }

    pub(crate) fn close(self) {
        if let Some(status) = self.status {
            file::close(status.file, &status.identity, |file| file);
        }
        file::close(self.lock, &self.identity, Lock::file);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn a_lock_whose_descriptor_is_another_files_by_now_is_not_the_one_at_its_path() {
        let folder = Folder::new();
        let [path, other] = ["lock", "other"].map(|name| folder.path().join(name));
        let lock = |path: &Path| Lock::acquire(path, Duration::ZERO).unwrap().unwrap();
        let (mut handle, _) = Handle::new(lock(&path)).unwrap();
        assert!(handle.is_at(&path));
        // As where the program closes all that is open, and opens a file of its own.
        handle.lock = lock(&other);
        assert!(!handle.is_at(&path), "a journal would overwrite that file");
    }
}
