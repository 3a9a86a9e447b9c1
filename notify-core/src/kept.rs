//! Locks that stay open between two uses, so that a job which is called in a tight loop need not
//! open its own at each call.
//!
//! One is taken out for as long as it is used, for two threads on one descriptor would not exclude
//! each other: the second one opens its own.

use std::fs::File;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::file::Identity;
use crate::lock::Lock;
use crate::process::PerProcess;

/// Descriptors that are kept: a few, however many jobs there are.
const MOST: usize = 8;

/// How long one counts as the file at its path: somebody may move the folder away.
const AGE: Duration = Duration::from_secs(1);

/// A forked child closes its copies: a lock of its parent's would outlive the parent otherwise.
static KEPT: PerProcess<Mutex<Vec<(Key, Handle)>>> = PerProcess::letting_go(|parents| {
    if let Ok(mut kept) = parents.try_lock() {
        kept.drain(..).for_each(|(_, handle)| handle.close());
    }
});

/// Names a lock: a notify directory that this process uses, and the lock's number in it.
pub(crate) type Key = (usize, usize);

/// A lock that is held, and can be kept open afterwards.
#[derive(Debug)]
pub(crate) struct Handle {
    lock: Lock,
    identity: Identity,
    opened: Instant,
}

/// Takes the lock of that name if it is kept; `None` also where another process holds it for longer
/// than `patience`.
pub(crate) fn take(key: Key, patience: Duration) -> Option<Handle> {
    let handle = {
        let mut kept = kept();
        let index = kept.iter().position(|(known, _)| *known == key)?;
        kept.swap_remove(index).1
    };
    if handle.is_young() && handle.lock.again(patience).is_ok_and(|is| is) {
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
        && let Some(old) = kept.iter().position(|(_, handle)| !handle.is_young())
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
    /// Takes a lock that was opened now.
    ///
    /// # Errors
    ///
    /// Where nothing can be learnt of its file.
    pub(crate) fn new(lock: Lock) -> io::Result<Self> {
        Ok(Self {
            identity: Identity::of(lock.file())?,
            lock,
            opened: Instant::now(),
        })
    }

    /// The file that is locked.
    pub(crate) fn file(&self) -> &File {
        self.lock.file()
    }

    fn is_young(&self) -> bool {
        self.opened.elapsed() < AGE
    }

    /// Closes it, unless the descriptor is another file's: some programs close all that are open, and
    /// what they open next gets the number.
    fn close(self) {
        if Identity::of(self.lock.file()).is_ok_and(|identity| identity == self.identity) {
            drop(self);
        } else {
            std::mem::forget(self);
        }
    }
}
