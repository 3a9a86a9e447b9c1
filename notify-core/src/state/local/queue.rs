//! The alerts that wait for one destination, those held back for it, and those it has refused.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use chrono::DateTime;

use super::silences::Silences;
use super::spool::{PATIENCE, held_until, names};
use crate::format::time::Time;
use crate::message::alert::Alert;
use crate::message::dropped::Dropped;
use crate::os::ffi;
use crate::os::file::{self, Durable, Links, PRIVATE};
use crate::os::lock::Lock;
use crate::state::dropped::Loss;
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
const LOSS: &str = ".given-up";
const LOSS_LOCK: &str = ".given-up.lock";
const HANDLES: &str = ".handles";

/// What a message is known by is kept for so long after something was last sent to it: a reminder comes far sooner.
pub(in crate::state) const STALE: Duration = Duration::from_secs(90 * 24 * 3600);

/// So many alerts are counted at once, before they are removed: their names fit into the file.
const BATCH: usize = 1_000;

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
    /// Tells whether the other is this queue; compared as text, for that is much less work than part by
    /// part.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.folder.as_os_str() == other.folder.as_os_str()
    }

    /// Tells whether it stands in for a queue of a shared store.
    pub(crate) fn is_aside(&self) -> bool {
        self.is_aside
    }

    /// Returns the same as one that does.
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

    /// Puts an alert at the end, durably. The same alert put twice is there once.
    pub(crate) fn put(&self, alert: &Alert, content: &str) -> io::Result<Entry> {
        let entry = Entry::of(alert);
        self.place(&self.folder, entry.name(), content)?;
        Ok(entry)
    }

    /// Keeps an alert back, durably; it leaves when its file's name says so, unless it is withdrawn.
    pub(crate) fn hold(&self, content: &str, name: &str) -> io::Result<()> {
        self.place(&self.held, name, content)
    }

    /// Writes a file into a folder, which is made where it is missing.
    fn place(&self, folder: &Path, name: &str, content: &str) -> io::Result<()> {
        let path = folder.join(name);
        match write(&path, content, Durable::Yes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make(folder)?;
                write(&path, content, Durable::Yes)
            }
            written => written,
        }
    }

    /// Lets the held alerts leave whose time has come, but for those of jobs that are quiet by plan, and
    /// returns when the next one may.
    pub(crate) fn release(&self, now: Time) -> io::Result<Option<Time>> {
        self.release_to(now, &mut Vec::new())
    }

    /// The same, and adds those that leave to `left`.
    pub(crate) fn release_to(&self, now: Time, left: &mut Vec<Entry>) -> io::Result<Option<Time>> {
        let mut next = None;
        let mut later = |until: Time| next = Some(next.map_or(until, |next: Time| next.min(until)));
        let mut silences = None;
        for name in names(&self.held) {
            let Some(until) = held_until(&name) else {
                continue;
            };
            if until > now {
                later(until);
                continue;
            }
            let path = self.held.join(&name);
            // A run that ends now decides by it whether it was told.
            let Some(lock) = Lock::acquire_existing(&path, Duration::ZERO)? else {
                continue;
            };
            if !path.exists() {
                continue;
            }
            let content = file::read_open(lock.file(), LIMIT)?;
            let alert = Alert::parse(&content);
            let silences = silences.get_or_insert_with(|| Silences::around(&self.held));
            let quiet = alert
                .as_ref()
                .and_then(|alert| silences.quiet(&alert.job, self.user, now));
            if let Some(quiet) = quiet {
                later(quiet.until);
                continue;
            }
            // What cannot be read is for the sender to put aside, and to tell.
            let entry = alert.map_or_else(
                || Entry::parse(name.replacen('-', "-00000000-", 1)),
                |alert| Some(Entry::of(&alert)),
            );
            let Some(entry) = entry else { continue };
            self.make(&self.folder)?;
            fs::rename(&path, self.path(&entry))?;
            left.push(entry);
        }
        Ok(next)
    }

    /// Takes over all that waits in another queue. What is held there leaves as well, for a status that
    /// names its place takes it for told once it is gone.
    pub(crate) fn adopt(&self, other: &Self) -> io::Result<usize> {
        other.release(DateTime::<chrono::Utc>::MAX_UTC)?;
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
        file::sync_folder_of(&self.folder.join(LOCK))?;
        file::sync_folder_of(&other.folder.join(LOCK))?;
        Ok(adopted)
    }

    /// Tells whether alerts are held back here.
    pub(crate) fn has_held(&self) -> bool {
        !names(&self.held).is_empty()
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
            file::make_private_folder(folder, self.user)?;
        }
        file::sync_folder_of(folder)
    }

    /// Returns what waits, the oldest first.
    pub(crate) fn list(&self) -> Vec<Entry> {
        let mut entries: Vec<_> = names(&self.folder)
            .into_iter()
            .filter_map(Entry::parse)
            .collect();
        entries.sort_unstable();
        // One that is being cut has two names for a moment: it is not to be counted twice.
        entries.dedup_by(|one, other| one.is_same_alert_as(other));
        entries
    }

    /// Tells whether an alert still waits.
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

    /// Reads an alert, be it being sent or not; `None` where it is gone.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub(crate) fn read(&self, entry: &Entry) -> io::Result<Option<Alert>> {
        let content = file::read(&self.path(entry), LIMIT, Links::Refuse)?;
        Ok(content.and_then(|content| Alert::parse(&content)))
    }

    /// Removes an alert that was accepted.
    ///
    /// # Errors
    ///
    /// Where it cannot be removed; the sender must not send it again then.
    pub(crate) fn remove(&self, entry: &Entry) -> io::Result<()> {
        remove_if_there(&self.path(entry))
    }

    /// Moves an alert that will never be accepted to `rejected/`, with the reason beside it.
    pub(crate) fn reject(&self, entry: &Entry, reason: &str) -> io::Result<PathBuf> {
        for folder in self.rejected.parent().into_iter().chain([&*self.rejected]) {
            file::make_private_folder(folder, self.user)?;
        }
        let rejected = self.rejected.join(entry.name());
        // The rename first: after a crash between the two the alert is in one place.
        fs::rename(self.path(entry), &rejected)?;
        let beside = self.rejected.join(format!("{}.reason", entry.name()));
        write(&beside, &format!("{reason}\n"), Durable::No)?;
        Ok(rejected)
    }

    /// Removes alerts that are not told, and counts them; not those that are being sent. Stops at
    /// the deadline; where another is at it, waits for that one if there is a deadline.
    ///
    /// Each batch is counted, together with its names, before it is removed: after a crash between
    /// the two the next one knows what is counted already.
    ///
    /// # Errors
    ///
    /// Where it cannot be counted: nothing is removed then.
    pub(crate) fn give_up(&self, entries: &[Entry], deadline: Option<Instant>) -> io::Result<()> {
        // At the exit the other may be a thread of this process, which ends before it is done.
        let patience = deadline.map_or(Duration::ZERO, |deadline| {
            deadline
                .saturating_duration_since(Instant::now())
                .min(PATIENCE)
        });
        let goes_on = || deadline.is_none_or(|deadline| Instant::now() < deadline);
        let Some(_lock) = Lock::acquire(&self.folder.join(LOSS_LOCK), patience)? else {
            return Ok(());
        };
        for entries in entries.chunks(BATCH) {
            if !goes_on() {
                break;
            }
            let before = self.settled_loss()?;
            let mut loss = before.clone();
            loss.count(entries);
            self.set_loss(&loss, Durable::Yes)?;
            let mut gone = Vec::with_capacity(entries.len());
            for entry in entries.iter().take_while(|_| goes_on()) {
                let path = self.path(entry);
                let is_free = Lock::acquire_existing(&path, Duration::ZERO)?;
                if is_free.is_some() && path.exists() {
                    self.remove(entry)?;
                    gone.push(entry.clone());
                }
            }
            let mut loss = before;
            loss.count(&gone);
            loss.going.clear();
            self.set_loss(&loss, Durable::No)?;
        }
        Ok(())
    }

    /// Reads what was given up since the last message that said so.
    pub(crate) fn loss(&self) -> io::Result<Loss> {
        let content = file::read(&self.folder.join(LOSS), LIMIT, Links::Refuse)?;
        Ok(content.map_or_else(Loss::default, |content| Loss::parse(&content)))
    }

    /// Returns what a message can say of it; waits for whoever is at it, for some of what is counted
    /// meanwhile may be told by that very message.
    pub(crate) fn loss_to_tell(&self) -> io::Result<Dropped> {
        if !self.folder.join(LOSS).try_exists()? {
            return Ok(Dropped::default());
        }
        match Lock::acquire(&self.folder.join(LOSS_LOCK), ffi::within(PATIENCE))? {
            Some(_lock) => Ok(self.settled_loss()?.dropped),
            None => Ok(Dropped::default()),
        }
    }

    /// Takes off what a message that was accepted has said.
    ///
    /// # Errors
    ///
    /// Where it cannot be written: it is said again then.
    pub(crate) fn told(&self, told: &Dropped) -> io::Result<()> {
        let lock = Lock::acquire(&self.folder.join(LOSS_LOCK), ffi::within(PATIENCE))?;
        let _lock = lock.ok_or(io::ErrorKind::WouldBlock)?;
        let mut loss = self.settled_loss()?;
        loss.tell(told);
        if !loss.is_empty() {
            return self.set_loss(&loss, Durable::Yes);
        }
        remove_if_there(&self.folder.join(LOSS))
    }

    /// Returns what was given up, once all of it is gone: a dead process may have counted some and
    /// not removed them.
    fn settled_loss(&self) -> io::Result<Loss> {
        let mut loss = self.loss()?;
        for entry in loss.going.drain(..).filter_map(Entry::parse) {
            self.remove(&entry)?;
        }
        Ok(loss)
    }

    fn set_loss(&self, loss: &Loss, durable: Durable) -> io::Result<()> {
        write(&self.folder.join(LOSS), &loss.render(), durable)
    }

    /// Asks for the right to send, without waiting.
    pub(crate) fn turn(&self) -> io::Result<Turn> {
        match Lock::acquire(&self.folder.join(LOCK), Duration::ZERO)? {
            Some(lock) => Ok(Turn::Mine(Box::new(lock))),
            None if self.has_stuck_sender() => Ok(Turn::Stuck),
            None => Ok(Turn::Others),
        }
    }

    /// A sender writes the queue's pace before and after each message.
    fn has_stuck_sender(&self) -> bool {
        let written = fs::symlink_metadata(self.folder.join(PACE)).and_then(|file| file.modified());
        written.is_ok_and(|time| {
            SystemTime::now()
                .duration_since(time)
                .is_ok_and(|age| age > STUCK)
        })
    }

    /// Reads what the queue's last sender, in whichever process, left for the next.
    pub(crate) fn pace(&self, now: Time) -> Pace {
        let content = file::read(&self.folder.join(PACE), LIMIT * 16, Links::Refuse)
            .ok()
            .flatten();
        content.map_or_else(|| Pace::new(now), |content| Pace::parse(&content, now))
    }

    /// Writes what the queue's next sender must know.
    ///
    /// # Errors
    ///
    /// Where it cannot be written; the sender itself must not forget it then.
    pub(crate) fn set_pace(&self, pace: &Pace) -> io::Result<()> {
        write(&self.folder.join(PACE), &pace.render(), Durable::No)
    }

    /// Reads which jobs' failures have left for another channel.
    pub(crate) fn moved(&self) -> Moved {
        let content = file::read(&self.folder.join(MOVED), LIMIT * 16, Links::Refuse);
        let content = content.ok().flatten();
        content.map_or_else(Moved::default, |content| Moved::parse(&content))
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// Where it cannot be written; what follows is then sent to the queue's own destination.
    pub(crate) fn set_moved(&self, moved: &Moved) -> io::Result<()> {
        let path = self.folder.join(MOVED);
        if moved.is_empty() {
            return remove_if_there(&path);
        }
        write(&path, &moved.render(), Durable::Yes)
    }

    /// Reads what is kept of a message, by the key of what it speaks of; `None` where nothing is.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub(crate) fn handle(&self, key: &str) -> io::Result<Option<String>> {
        file::read(&self.handle_path(key), LIMIT, Links::Refuse)
    }

    /// Keeps that of a message.
    ///
    /// # Errors
    ///
    /// Where it cannot be written; the old one is whole then.
    pub(crate) fn set_handle(&self, key: &str, text: &str) -> io::Result<()> {
        let path = self.handle_path(key);
        match write(&path, text, Durable::No) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make(&self.folder)?;
                file::make_private_folder(&self.folder.join(HANDLES), self.user)?;
                write(&path, text, Durable::No)
            }
            written => written,
        }
    }

    /// Forgets a message.
    ///
    /// # Errors
    ///
    /// Where it cannot be removed.
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

    fn path(&self, entry: &Entry) -> PathBuf {
        self.folder.join(entry.name())
    }
}

/// Writes a file by way of a hidden one beside it.
fn write(path: &Path, content: &str, durable: Durable) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default();
    let is_hidden = name.as_encoded_bytes().starts_with(b".");
    let (before, after) = if is_hidden { ("", ".new") } else { (".", "") };
    let hidden: OsString = [OsStr::new(before), name, OsStr::new(after)]
        .into_iter()
        .collect();
    let temporary = path.with_file_name(hidden);
    file::replace(path, &temporary, content, PRIVATE, durable).map(drop)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
