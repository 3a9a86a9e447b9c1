//! A lock between processes, with a bounded wait. It ends with its process.

use std::cell::Cell;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::os::file::{self, Links};
use crate::os::random;

/// The longest pause between two tries.
const PAUSE: Duration = Duration::from_micros(500);

/// A busy lock is waited for so many times as long as one that does not move.
const BUSY: u32 = 5;

/// A lock that is held. The file stays when the lock ends: one that is unlinked while another
/// process waits for it excludes nobody.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    /// What was known of the file when it was opened.
    metadata: Metadata,
    is_held: Cell<bool>,
}

impl Lock {
    /// Takes the lock of `path`, which is made where it is missing; `None` where another holds it for longer than
    /// `patience`. It fails where the file cannot be opened, or the file system has no locks.
    pub(crate) fn acquire(path: &Path, patience: Duration) -> io::Result<Option<Self>> {
        // Opened anew each time: two threads on one descriptor would not exclude each other.
        let options = &mut OpenOptions::new();
        let opened = file::open_private(path, options.read(true).write(true))?;
        Self::of(opened, patience)
    }

    /// Takes the lock of a file that must be there; `None` also where it is not.
    pub(crate) fn acquire_existing(path: &Path, patience: Duration) -> io::Result<Option<Self>> {
        let options = &mut OpenOptions::new();
        let opened = file::open_known(path, options.read(true).write(true), Links::Refuse);
        match file::if_there(opened)? {
            Some(opened) => Self::of(opened, patience),
            None => Ok(None),
        }
    }

    fn of((file, metadata): (File, Metadata), patience: Duration) -> io::Result<Option<Self>> {
        let lock = Self {
            file,
            metadata,
            is_held: Cell::new(false),
        };
        Ok(lock.again(patience)?.then_some(lock))
    }

    /// Takes the lock again after [`unlock`](Self::unlock); `false` where another holds it for longer than `patience`.
    /// It fails where the file system has no locks.
    pub(crate) fn again(&self, patience: Duration) -> io::Result<bool> {
        let Self { file, is_held, .. } = self;
        if is_taken(file)? {
            is_held.set(true);
            return Ok(true);
        }
        let written = || file.metadata().and_then(|file| file.modified()).ok();
        let begun = Instant::now();
        let mut progress = (begun, written());
        loop {
            if is_taken(file)? {
                is_held.set(true);
                return Ok(true);
            }
            // A lock that many want is not stuck: its holders write to the file.
            let now = Instant::now();
            if now - progress.0 >= patience {
                let last = written();
                if last == progress.1 || now - begun >= patience * BUSY {
                    return Ok(false);
                }
                progress = (now, last);
            }
            // A random pause, so that two processes do not always retry at the same time.
            thread::sleep(PAUSE.mul_f64(random::jitter()));
        }
    }

    /// Ends the lock, and leaves its file open.
    pub(crate) fn unlock(&self) {
        self.is_held.set(false);
        let _ = self.file.unlock();
    }

    /// What was known of the file before it was locked. Its length may have changed since.
    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }
}

/// Tries to lock a file.
fn is_taken(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        Err(_) => Ok(false),
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A forked child shares the descriptor: closing ours alone would leave the lock held. And the child that
        // closes one which was not held at the fork must not end a lock of its parent.
        if self.is_held.get() {
            self.unlock();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn a_copy_of_a_free_lock_ends_no_lock_that_was_taken_later() {
        let folder = Folder::new();
        let path = folder.path().join("lock");
        let take = || Lock::acquire(&path, Duration::ZERO).unwrap();
        let lock = take().unwrap();
        lock.unlock();
        // What a forked child has.
        let copy = Lock {
            file: lock.file.try_clone().unwrap(),
            metadata: lock.metadata.clone(),
            is_held: lock.is_held.clone(),
        };
        assert!(lock.again(Duration::ZERO).unwrap());
        drop(copy);
        assert!(take().is_none());
        lock.unlock();
        assert!(take().is_some());
    }
}
