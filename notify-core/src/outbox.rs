//! Alerts on disk that no destination has accepted yet: a queue for each destination.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::DateTime;

use crate::alert::Alert;
use crate::exit;
use crate::file::{self, Durable, Links};
use crate::id;
use crate::lock::Lock;
use crate::pace::Pace;
use crate::time::Time;

/// The largest file that is read.
const LIMIT: u64 = 256 * 1024;

/// The mode of every file here: an alert can hold what only its owner may read.
const PRIVATE: u32 = 0o600;

/// How long another process may take to make the key.
const PATIENCE: Duration = Duration::from_secs(2);

/// A sender that has made no progress for this long is passed by.
const STUCK: Duration = Duration::from_secs(30);

const LOCK: &str = ".lock";
const PACE: &str = ".pace";

/// All queues of a user in a notify directory.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    hidden: PathBuf,
    user: u32,
}

/// The alerts that wait for one destination.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Queue {
    folder: PathBuf,
    held: PathBuf,
    rejected: PathBuf,
    user: u32,
}

/// An alert that waits: its file's name, which sorts by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Entry(String);

/// The right to send from a queue.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Nobody else sends while this is held.
    Mine(#[expect(dead_code, reason = "it is held")] Lock),
    /// The sender that holds the lock is stuck, and passed by.
    Stuck,
    /// Another sender is at work.
    Others,
}

impl Outbox {
    pub(crate) fn new(hidden: &Path, user: u32) -> Self {
        Self {
            hidden: hidden.to_owned(),
            user,
        }
    }

    /// Returns the queue of that name, which need not be there yet.
    pub(crate) fn queue(&self, name: &str) -> Queue {
        Queue {
            folder: self.hidden.join("outbox").join(name),
            held: self.hidden.join("held").join(name),
            rejected: self.hidden.join("rejected").join(name),
            user: self.user,
        }
    }

    /// Names a destination's queue, so that only those who know the destination find it: the
    /// channel, and a hash of the identity under a key that never leaves this folder.
    pub(crate) fn queue_name(&self, channel: &str, identity: &str) -> io::Result<String> {
        Ok(format!(
            "{channel}-{:016x}",
            id::keyed_hash(&self.key()?, identity)
        ))
    }

    /// Returns the names of all queues that are there.
    pub(crate) fn queue_names(&self) -> Vec<String> {
        let folders = ["outbox", "held"].map(|folder| names(&self.hidden.join(folder)));
        let names: BTreeSet<_> = folders.into_iter().flatten().collect();
        names.into_iter().collect()
    }

    /// Removes an alert that was held, and is not to be told any more.
    pub(crate) fn withdraw(&self, held: &str) -> io::Result<()> {
        match fs::remove_file(self.held(held)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Keeps a held alert from leaving for as long as it is locked; `None` where it has left.
    pub(crate) fn lock_held(&self, held: &str) -> io::Result<Option<Lock>> {
        let path = self.held(held);
        let lock = Lock::acquire_existing(&path, exit::within(PATIENCE))?;
        // It may have left between the opening and the lock.
        Ok(lock.filter(|_| path.exists()))
    }

    fn held(&self, held: &str) -> PathBuf {
        let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.');
        let parts = held.split('/').filter(|part| is_plain(part)).take(2);
        parts.fold(self.hidden.join("held"), |path, part| path.join(part))
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
        let lock = Lock::acquire(&self.hidden.join("key.lock"), exit::within(PATIENCE))?;
        let _lock = lock.ok_or(io::ErrorKind::WouldBlock)?;
        if let Some(key) = read()? {
            return Ok(key);
        }
        let key = (u128::from(id::random()) << 64) | u128::from(id::random());
        let new = self.hidden.join("key.new");
        file::replace(&path, &new, &format!("{key:032x}"), PRIVATE, Durable::Yes)?;
        Ok(key.to_be_bytes())
    }
}

impl Queue {
    /// Returns its folder's name, by which it is found again.
    pub(crate) fn name(&self) -> &str {
        self.folder
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
    }

    /// Puts an alert at the end, durably. The same alert put twice is there once.
    pub(crate) fn put(&self, alert: &Alert) -> io::Result<Entry> {
        self.make(&self.folder)?;
        let entry = Entry::of(alert);
        file::replace(
            &self.path(&entry),
            &self.hidden(&entry.0),
            &alert.render(),
            PRIVATE,
            Durable::Yes,
        )?;
        Ok(entry)
    }

    /// Keeps an alert back, durably; it leaves when its file's name says so, unless it is withdrawn.
    pub(crate) fn hold(&self, alert: &Alert, name: &str) -> io::Result<()> {
        self.make(&self.held)?;
        file::replace(
            &self.held.join(name),
            &self.held.join(format!(".{name}")),
            &alert.render(),
            PRIVATE,
            Durable::Yes,
        )
    }

    /// Lets the held alerts leave whose time has come, and returns when the next one may.
    pub(crate) fn release(&self, now: Time) -> io::Result<Option<Time>> {
        let mut next = None;
        for name in names(&self.held) {
            let Some(until) = held_until(&name) else {
                continue;
            };
            if until > now {
                next = Some(next.map_or(until, |next: Time| next.min(until)));
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
            // What cannot be read is for the sender to put aside, and to tell.
            let entry = Alert::parse(&content).map_or_else(
                || Entry(name.replacen('-', "-00000000-", 1)),
                |alert| Entry::of(&alert),
            );
            self.make(&self.folder)?;
            fs::rename(&path, self.path(&entry))?;
        }
        Ok(next)
    }

    /// Takes over all that waits in another queue. What is held there leaves as well, for a status that
    /// names its place takes it for told once it is gone.
    #[cfg(feature = "cli")]
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
        entries
    }

    /// Tells whether an alert still waits.
    pub(crate) fn holds(&self, entry: &Entry) -> bool {
        self.path(entry).exists()
    }

    /// Reads an alert for sending, and locks it, so that nobody else sends it meanwhile; `None`
    /// where it is gone or being sent.
    pub(crate) fn take(&self, entry: &Entry) -> io::Result<Option<(Alert, Lock)>> {
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
        Ok(Some((alert, lock)))
    }

    /// Removes an alert that was accepted.
    ///
    /// # Errors
    ///
    /// Where it cannot be removed; the sender must not send it again then.
    pub(crate) fn remove(&self, entry: &Entry) -> io::Result<()> {
        match fs::remove_file(self.path(entry)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Moves an alert that will never be accepted to `rejected/`, with the reason beside it.
    pub(crate) fn reject(&self, entry: &Entry, reason: &str) -> io::Result<PathBuf> {
        for folder in self.rejected.parent().into_iter().chain([&*self.rejected]) {
            file::make_private_folder(folder, self.user)?;
        }
        let rejected = self.rejected.join(&entry.0);
        // The rename first: after a crash between the two the alert is in one place.
        fs::rename(self.path(entry), &rejected)?;
        let beside = self.rejected.join(format!("{}.reason", entry.0));
        let temporary = self.rejected.join(format!(".{}", entry.0));
        file::replace(
            &beside,
            &temporary,
            &format!("{reason}\n"),
            PRIVATE,
            Durable::No,
        )?;
        Ok(rejected)
    }

    /// Asks for the right to send, without waiting.
    pub(crate) fn turn(&self) -> io::Result<Turn> {
        match Lock::acquire(&self.folder.join(LOCK), Duration::ZERO)? {
            Some(lock) => Ok(Turn::Mine(lock)),
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
        let temporary = self.hidden("pace.new");
        file::replace(
            &self.folder.join(PACE),
            &temporary,
            &pace.render(),
            PRIVATE,
            Durable::No,
        )
    }

    fn path(&self, entry: &Entry) -> PathBuf {
        self.folder.join(&entry.0)
    }

    fn hidden(&self, name: &str) -> PathBuf {
        self.folder.join(format!(".{name}"))
    }
}

impl Entry {
    fn of(alert: &Alert) -> Self {
        let micros = alert.decided.timestamp_micros().max(0);
        // Eight digits tell jobs apart well enough: two that share them only keep to one order.
        Self(format!(
            "{micros:016x}-{:08x}-{}",
            id::hash(&alert.job) >> 32,
            alert.id
        ))
    }

    fn parse(name: String) -> Option<Self> {
        let mut parts = name.splitn(3, '-');
        let is_hex = |part: Option<&str>| {
            part.is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
        };
        (is_hex(parts.next()) && is_hex(parts.next()) && is_hex(parts.next())).then_some(Self(name))
    }

    /// Returns the alert's id.
    pub(crate) fn id(&self) -> &str {
        self.0.rsplit('-').next().unwrap_or_default()
    }

    /// Returns what the alerts of one job have in common.
    pub(crate) fn job(&self) -> &str {
        self.0.split('-').nth(1).unwrap_or_default()
    }
}

/// Chooses what the next message tells: all that waits, the oldest first, up to `most`.
///
/// An alert that was tried too often steps aside, and with it those of its job, so that they stay
/// in order: they are chosen when nothing else waits.
pub(crate) fn choose(waiting: &[Entry], pace: &Pace, most: usize) -> Vec<Entry> {
    let aside: HashSet<_> = waiting
        .iter()
        .filter(|entry| pace.steps_aside(entry.id()))
        .map(Entry::job)
        .collect();
    let fresh = waiting.iter().filter(|entry| !aside.contains(entry.job()));
    let chosen: Vec<_> = fresh.take(most).cloned().collect();
    if !chosen.is_empty() {
        return chosen;
    }
    let alone = |entry: &&Entry| pace.must_go_alone(entry.id());
    match waiting.first() {
        Some(first) if alone(&first) => vec![first.clone()],
        _ => waiting
            .iter()
            .take_while(|entry| !alone(entry))
            .take(most)
            .cloned()
            .collect(),
    }
}

/// Reads from the name of a held alert's file when it leaves.
fn held_until(name: &str) -> Option<Time> {
    let micros = i64::from_str_radix(name.split('-').next()?, 16).ok()?;
    DateTime::from_timestamp_micros(micros)
}

/// Returns what the names of a job's alerts have in common.
#[cfg(feature = "cli")]
pub(crate) fn job_digits(job: &str) -> String {
    format!("{:08x}", id::hash(job) >> 32)
}

/// Reads from the name of a queue whose alerts wait there.
#[cfg(feature = "cli")]
pub(crate) fn channel_of(queue: &str) -> &str {
    queue.rsplit_once('-').map_or("", |(channel, _)| channel)
}

/// Reads from the name of an alert's file when it was decided.
#[cfg(feature = "cli")]
pub(crate) fn time_of(name: &str) -> Option<Time> {
    held_until(name)
}

/// Returns the names in a folder, without those of hidden files.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};

    use super::*;
    use crate::testing::{Folder, alert};

    fn queue(folder: &Folder) -> Queue {
        Outbox::new(folder.path(), exit::user_id()).queue("alerts-0")
    }

    /// Alerts of these jobs, a second apart; the job's name is the alert's id in hex.
    fn put(queue: &Queue, jobs: &[&str]) -> Vec<Entry> {
        let alerts = (0..).zip(jobs).map(|(second, job)| {
            let alert = alert(job, &format!("{second:x}"));
            Alert {
                decided: alert.decided + TimeDelta::seconds(second),
                ..alert
            }
        });
        alerts.map(|alert| queue.put(&alert).unwrap()).collect()
    }

    #[test]
    fn alerts_come_out_in_the_order_in_which_they_were_decided() {
        let folder = Folder::new();
        let queue = queue(&folder);
        let entries = put(&queue, &["b", "a", "c"]);
        assert_eq!(queue.list(), entries);
        let (taken, lock) = queue.take(&entries[1]).unwrap().unwrap();
        assert_eq!(taken.job, "a");
        assert!(
            queue.take(&entries[1]).unwrap().is_none(),
            "it is being sent"
        );
        drop(lock);
        queue.remove(&entries[1]).unwrap();
        assert!(queue.take(&entries[1]).unwrap().is_none() && !queue.holds(&entries[1]));
        assert_eq!(queue.list().len(), 2);
    }

    #[test]
    fn a_refused_alert_is_in_one_place_with_its_reason_beside_it() {
        let folder = Folder::new();
        let queue = queue(&folder);
        let entries = put(&queue, &["a"]);
        let place = queue.reject(&entries[0], "answered 400").unwrap();
        assert!(queue.list().is_empty() && place.is_file());
        assert_eq!(
            fs::read_to_string(place.with_extension("reason")).unwrap(),
            "answered 400\n"
        );
    }

    #[test]
    fn only_one_sender_has_its_turn() {
        let folder = Folder::new();
        let queue = queue(&folder);
        put(&queue, &["a"]);
        let mine = queue.turn().unwrap();
        assert!(matches!(mine, Turn::Mine(_)));
        assert!(matches!(queue.turn().unwrap(), Turn::Others));
        queue.set_pace(&Pace::new(Utc::now())).unwrap();
        assert!(matches!(queue.turn().unwrap(), Turn::Others));
        let pace = fs::File::open(queue.folder.join(PACE)).unwrap();
        pace.set_modified(SystemTime::now() - Duration::from_secs(31))
            .unwrap();
        assert!(matches!(queue.turn().unwrap(), Turn::Stuck));
        drop(mine);
        assert!(matches!(queue.turn().unwrap(), Turn::Mine(_)));
    }

    #[test]
    fn an_alert_that_keeps_failing_steps_aside_with_those_of_its_job() {
        let folder = Folder::new();
        let queue = queue(&folder);
        let entries = put(&queue, &["a", "b", "a", "c"]);
        let mut pace = Pace::new(Utc::now());
        assert_eq!(choose(&entries, &pace, 3), entries[..3]);
        for _ in 0..3 {
            pace.begin([entries[0].id()], Utc::now());
        }
        assert_eq!(
            choose(&entries, &pace, 9),
            [entries[1].clone(), entries[3].clone()]
        );
        assert_eq!(choose(&entries[2..3], &pace, 9), entries[2..3]);
        assert_eq!(choose(&entries[..1], &pace, 9), entries[..1]);
    }

    #[test]
    fn alerts_of_a_message_that_was_refused_leave_one_by_one() {
        let folder = Folder::new();
        let queue = queue(&folder);
        let entries = put(&queue, &["a", "b"]);
        let mut pace = Pace::new(Utc::now());
        for entry in &entries {
            pace.send_alone(entry.id());
        }
        assert_eq!(choose(&entries, &pace, 9), entries[..1]);
    }

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
