//! The file of a lock of jobs. It begins with the id of the last change of any of them: who knows a job's
//! status, and the id that it was written with, need not ask for it again while the id is the same. While
//! a change is half done, its journal stands there instead.
//!
//! A build of before the ids takes one for a journal that was not written to its end, and empties the file:
//! no id that anybody remembers is left then, either.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use crate::format::text;
use crate::os::ffi;
use crate::os::file::{self, Identity, Links};
use crate::os::lock::Lock;
use crate::os::random;

/// The largest journal: a status, and the header of its alert.
const MAX_JOURNAL: u64 = 4 * text::LIMIT as u64;

/// No journal is as short as an id.
pub(super) const ID_LENGTH: u64 = size_of::<Id>() as u64;

/// Begins no text, and so no journal.
const NO_TEXT: u8 = 0x80;

/// Names a change, at random.
pub(in crate::state) type Id = [u8; 8];

/// A lock's file, which is locked until [`unlock`](Self::unlock), and can be read from afterwards.
pub(super) struct LockFile {
    lock: Lock,
    content: Content,
}

/// What it holds.
#[derive(Clone, Copy)]
enum Content {
    Nothing,
    Id(Id),
    Journal,
}

impl LockFile {
    /// Takes a lock that was opened now.
    pub(super) fn of(lock: Lock) -> io::Result<Self> {
        let mut head = [0; size_of::<Id>() + 1];
        let length = file::read_at(lock.file(), &mut head, 0)?;
        let content = match head[..length].try_into() {
            Ok(id) => Content::Id(id),
            Err(_) if length < head.len() => Content::Nothing,
            Err(_) => Content::Journal,
        };
        Ok(Self { lock, content })
    }

    /// Returns this file, unless another is at `path` by now, or its descriptor is the program's.
    pub(super) fn if_at(self, path: &Path) -> Option<Self> {
        let opened = Identity::from(self.lock.metadata()).ok();
        let is_it = |found: io::Result<Metadata>| {
            found.is_ok_and(|found| Identity::from(&found).ok() == opened)
        };
        if opened.is_some() && is_it(fs::symlink_metadata(path)) && is_it(self.file().metadata()) {
            return Some(self);
        }
        self.close();
        None
    }

    /// Takes the lock again after [`unlock`](Self::unlock); `None` where another holds it for longer than `patience`.
    pub(super) fn again(self, patience: Duration) -> io::Result<Option<Self>> {
        let is_held = self.lock.again(patience)?;
        is_held.then(|| Self::of(self.lock)).transpose()
    }

    /// Reads the id of the last change, if there is one.
    pub(super) fn id(&self) -> Option<Id> {
        match self.content {
            Content::Id(id) => Some(id),
            Content::Nothing | Content::Journal => None,
        }
    }

    pub(super) fn journal(&self) -> io::Result<Option<String>> {
        match self.content {
            Content::Nothing | Content::Id(_) => Ok(None),
            Content::Journal => file::read_open(self.file(), MAX_JOURNAL).map(Some),
        }
    }

    /// Writes a journal over what is there, which on a full disk is all the room that there is. Where it cannot be
    /// written, there is none.
    pub(super) fn write_journal(&mut self, journal: &str, is_durable: bool) -> io::Result<()> {
        let write = || {
            file::write_at(self.file(), journal.as_bytes(), 0)?;
            // Anything else is shorter than a journal.
            if let Content::Journal = self.content {
                self.file().set_len(journal.len() as u64)?;
            }
            if is_durable {
                self.file().sync_data()?;
            }
            Ok(())
        };
        let written: io::Result<()> = write();
        self.content = Content::Journal;
        if written.is_err() {
            let _ = self.clear();
        }
        written
    }

    /// Writes a new id, over the journal of a change that is done.
    pub(super) fn write_id(&mut self) -> io::Result<Id> {
        let mut id = random::number().to_be_bytes();
        id[0] |= NO_TEXT;
        // Before the rest of a journal goes: no journal begins so.
        file::write_at(self.file(), &id, 0)?;
        if let Content::Journal = self.content {
            self.file().set_len(ID_LENGTH)?;
        }
        self.content = Content::Id(id);
        Ok(id)
    }

    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.file().set_len(0)?;
        self.content = Content::Nothing;
        Ok(())
    }

    pub(super) fn unlock(&self) {
        self.lock.unlock();
    }

    /// Returns whether the last change is the one of that id. A descriptor that the program has closed, and
    /// perhaps opened anew, reads anything else.
    pub(super) fn is_at(&self, id: Id) -> bool {
        has_id(self.file(), id)
    }

    /// Closes the file, unless its descriptor is the program's by now.
    pub(super) fn close(self) {
        // Where nothing distinguishes one file from another none was kept.
        if let Ok(identity) = Identity::from(self.lock.metadata()) {
            file::close(self, &identity, Self::file);
        }
    }

    fn file(&self) -> &File {
        self.lock.file()
    }
}

/// The descriptor of a kept lock file, for threads that read its id while another looks after the file: by then it may
/// be closed, or be another's, and what is read is then no id that anybody remembers.
pub(super) struct Descriptor(AtomicI32);

/// No file has it.
const NONE: i32 = -1;

impl Default for Descriptor {
    fn default() -> Self {
        Self(AtomicI32::new(NONE))
    }
}

impl Descriptor {
    pub(super) fn set(&self, kept: Option<&LockFile>) {
        let descriptor = kept.map_or(NONE, |kept| ffi::descriptor(kept.file()));
        self.0.store(descriptor, Ordering::Relaxed);
    }

    /// Reads what may be the id of the last change.
    pub(super) fn id(&self) -> Option<Id> {
        let mut found = Id::default();
        let descriptor = self.0.load(Ordering::Relaxed);
        let is_whole =
            descriptor != NONE && ffi::read_beginning(descriptor, &mut found) == Some(found.len());
        is_whole.then_some(found)
    }
}

/// Returns whether the last change in the lock's file at `path` is the one of that id.
pub(super) fn is_at(path: &Path, id: Id) -> bool {
    file::open(path, OpenOptions::new().read(true), Links::Refuse)
        .is_ok_and(|file| has_id(&file, id))
}

fn has_id(file: &File, id: Id) -> bool {
    let mut found = Id::default();
    file::read_at(file, &mut found, 0).is_ok_and(|length| length == found.len()) && found == id
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn a_descriptor_that_is_gone_or_is_another_files_by_now_reads_no_id_that_is_remembered() {
        let folder = Folder::new();
        let path = folder.path().join("lock");
        let lock = Lock::acquire(&path, Duration::ZERO).unwrap().unwrap();
        let mut kept = LockFile::of(lock).unwrap();
        let id = kept.write_id().unwrap();
        let descriptor = Descriptor::default();
        assert_eq!(descriptor.id(), None);
        descriptor.set(Some(&kept));
        assert_eq!(descriptor.id(), Some(id));
        let newer = kept.write_id().unwrap();
        assert_eq!(descriptor.id(), Some(newer));

        kept.close();
        assert_ne!(descriptor.id(), Some(newer));
        let others = folder.path().join("other");
        fs::write(&others, "of the program's own").unwrap();
        let _others: Vec<_> = (0..8).map(|_| File::open(&others).unwrap()).collect();
        assert_ne!(descriptor.id(), Some(newer));
    }
}
