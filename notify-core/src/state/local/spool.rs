//! Alerts on disk that no destination has accepted yet: a queue for each destination.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::DateTime;

use super::queue::Queue;
use crate::format::hash;
use crate::format::order;
use crate::format::time::Time;
use crate::os::ffi;
use crate::os::file::{self, Durable, Links, PRIVATE};
use crate::os::folder::{self, Folder};
use crate::os::lock::Lock;
use crate::os::random;

/// How long another process may take to make the key.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// All queues of a user in a notify directory.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    hidden: PathBuf,
    waiting: PathBuf,
    held: PathBuf,
    rejected: PathBuf,
    user: u32,
}

impl Outbox {
    pub(crate) fn new(hidden: &Path, user: u32) -> Self {
        Self {
            waiting: hidden.join("outbox"),
            held: hidden.join("held"),
            rejected: hidden.join("rejected"),
            hidden: hidden.to_owned(),
            user,
        }
    }

    /// Returns the queue of that name, which need not be there yet.
    pub(crate) fn queue(&self, name: &str) -> Queue {
        Queue {
            folder: folder::path_in(&self.waiting, name),
            held: folder::path_in(&self.held, name),
            rejected: folder::path_in(&self.rejected, name),
            user: self.user,
            is_aside: false,
        }
    }

    /// Names a destination's queue, so that only those who know the destination find it: the
    /// channel, and a hash of the identity under a key that never leaves this folder.
    pub(crate) fn queue_name(&self, channel: &str, identity: &str) -> io::Result<String> {
        Ok(format!(
            "{channel}-{:016x}",
            hash::keyed_hash(&self.key()?, identity)
        ))
    }

    pub(crate) fn queue_names(&self) -> Vec<String> {
        let folders = [&self.waiting, &self.held].map(|folder| names(folder));
        let mut all = folders.concat();
        order::sort(&mut all);
        all.dedup();
        all
    }

    pub(crate) fn due(&self, now: Time) -> Vec<String> {
        let is_due = |queue: &String| {
            let held = names(&self.held.join(queue)).into_iter();
            held.filter_map(|name| time_of(&name))
                .any(|until| until <= now)
        };
        let mut due = names(&self.held);
        due.retain(is_due);
        due
    }

    /// Removes an alert that was held, and is not to be sent any more.
    pub(crate) fn withdraw(&self, held: &str) -> io::Result<()> {
        file::if_there(fs::remove_file(self.held(held))).map(drop)
    }

    /// Keeps a held alert from leaving for as long as it is locked; `None` where it has left.
    pub(crate) fn lock_held(&self, held: &str) -> io::Result<Option<Lock>> {
        let path = self.held(held);
        let lock = Lock::acquire_existing(&path, ffi::within(PATIENCE))?;
        // It may have left between the opening and the lock.
        Ok(lock.filter(|_| path.exists()))
    }

    /// Has an alert that is held name its job otherwise, unless it has left.
    pub(crate) fn rename_held(&self, held: &str, job: &str) -> io::Result<()> {
        // It stays for as long.
        let Some(lock) = self.lock_held(held)? else {
            return Ok(());
        };
        match held.split_once('/') {
            Some((queue, name)) => self.queue(queue).rename_held(name, &lock, job),
            None => Ok(()),
        }
    }

    /// Has what waits of a job name it otherwise, but for what is being sent.
    pub(crate) fn rename_waiting(&self, from: &str, to: &str) -> io::Result<()> {
        let queues = names(&self.waiting).into_iter();
        queues
            .map(|queue| self.queue(&queue))
            .try_for_each(|queue| queue.rename_waiting(from, to))
    }

    fn held(&self, held: &str) -> PathBuf {
        let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.');
        let parts = held.split('/').filter(|part| is_plain(part)).take(2);
        parts.fold(self.held.clone(), |path, part| path.join(part))
    }

    fn key(&self) -> io::Result<[u8; 16]> {
        let path = self.hidden.join("key");
        let read = || -> io::Result<Option<[u8; 16]>> {
            let key = file::read(&path, 64, Links::Refuse)?;
            let number = key.map(|key| u128::from_str_radix(key.trim(), 16));
            let number = number.transpose().map_err(io::Error::other)?;
            Ok(number.map(u128::to_be_bytes))
        };
        if let Some(key) = read()? {
            return Ok(key);
        }
        // The first to come makes it, for two keys would make two queues of each destination.
        let lock = Lock::acquire(&self.hidden.join("key.lock"), ffi::within(PATIENCE))?;
        let _lock = lock.ok_or(io::ErrorKind::WouldBlock)?;
        if let Some(key) = read()? {
            return Ok(key);
        }
        let key = (u128::from(random::number()) << 64) | u128::from(random::number());
        let digits = format!("{key:032x}");
        Folder::open(&self.hidden)?.replace("key", "key.new", &digits, PRIVATE, Durable::Yes)?;
        Ok(key.to_be_bytes())
    }
}

/// Reads from the name of an alert's file when it was decided, or of one that is held, when it leaves.
pub(crate) fn time_of(name: &str) -> Option<Time> {
    let micros = i64::from_str_radix(name.split('-').next()?, 16).ok()?;
    DateTime::from_timestamp_micros(micros)
}

/// Returns what the names of a job's alerts have in common.
pub(crate) fn job_digits(job: &str) -> String {
    format!("{:08x}", hash::hash(job) >> 32)
}

/// Reads from the name of a queue whose alerts wait there.
pub(crate) fn channel_of(queue: &str) -> &str {
    queue.rsplit_once('-').map_or("", |(channel, _)| channel)
}

/// Returns the names in a folder, without those of hidden files.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string();
        names.extend(name.ok().filter(|name| !name.starts_with('.')));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn a_destination_has_one_queue_in_every_process_and_does_not_show_in_its_name() {
        let folder = Folder::new();
        let name = |identity| {
            Outbox::new(folder.path(), 0)
                .queue_name("alerts", identity)
                .unwrap()
        };
        assert_eq!(name("https://secret"), name("https://secret"));
        assert_ne!(name("https://secret"), name("https://other"));
        let elsewhere = Folder::new();
        let there = Outbox::new(elsewhere.path(), 0)
            .queue_name("alerts", "https://secret")
            .unwrap();
        assert_ne!(name("https://secret"), there, "the key is another");
    }
}
