//! What a destination knows messages by, a file each.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{LIMIT, Queue, remove_if_there, write};
use crate::format::time::Time;
use crate::os::file::{self, Durable, Links};
use crate::os::folder;
use crate::state::local::spool::names;

const HANDLES: &str = ".handles";

/// What a message is known by is kept for so long after something was last sent to it: a reminder comes far sooner.
pub(in crate::state) const STALE: Duration = Duration::from_secs(90 * 24 * 3600);

impl Queue {
    pub(crate) fn handle(&self, key: &str) -> io::Result<Option<String>> {
        file::read(&self.handle_path(key), LIMIT, Links::Refuse)
    }

    pub(crate) fn set_handle(&self, key: &str, text: &str) -> io::Result<()> {
        let folder = self.folder.join(HANDLES);
        let make = || {
            self.make(&self.folder)?;
            folder::make_private(&folder, self.user)
        };
        folder::made_if_missing(make, || write(&folder, key, text, Durable::No))
    }

    pub(crate) fn forget_handle(&self, key: &str) -> io::Result<()> {
        remove_if_there(&self.handle_path(key))
    }

    /// Forgets the messages to which nothing was sent for [`STALE`]: of a job that never works again, or a run whose
    /// end nobody saw.
    pub(crate) fn forget_stale_handles(&self, now: Time) {
        let limit = SystemTime::from(now).checked_sub(STALE);
        let is_stale = |path: &Path| {
            let written = fs::symlink_metadata(path).and_then(|file| file.modified());
            written.is_ok_and(|written| limit.is_some_and(|limit| written < limit))
        };
        let paths = names(&self.folder.join(HANDLES)).into_iter();
        let stale = paths.map(|key| self.handle_path(&key));
        for path in stale.filter(|path| is_stale(path)) {
            // What cannot be removed is tried again with the next message.
            let _ = fs::remove_file(path);
        }
    }

    /// Returns the keys of what is kept.
    #[cfg(test)]
    pub(crate) fn handle_keys(&self) -> Vec<String> {
        names(&self.folder.join(HANDLES))
    }

    fn handle_path(&self, key: &str) -> PathBuf {
        self.folder.join(HANDLES).join(key)
    }
}
