//! The notify directory: status files, their locks, and the journal that changes them.
//!
//! A change is a journal first, in the job's lock file: whoever locks the job next and finds one
//! finishes it. Without that, a crash between the alert and the status would leave people believing
//! what is not so, for ever.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::alert::Alert;
use crate::backlog::Entry;
use crate::change::{Change, Place};
use crate::exit;
use crate::file::{self, Durable, Links};
use crate::history::History;
use crate::id;
use crate::kept::{self, Handle};
use crate::lock::Lock;
use crate::outbox::Outbox;
use crate::rules::Past;
use crate::running;
use crate::status::Status;
use crate::text;
use crate::time::{self, Time};

/// Everybody may read a status file.
const READABLE: u32 = 0o644;

/// The largest status file that is read to its end.
pub(crate) const LIMIT: u64 = 2 * text::LIMIT as u64;

/// The largest journal: a status, and the header of its alert.
const JOURNAL: u64 = 4 * text::LIMIT as u64;

/// How long a job's lock is waited for; once it was not to be had, it is not waited for again.
const PATIENCE: Duration = Duration::from_secs(2);

/// Jobs share this many locks, so that jobs named at run time do not leave a lock each, for ever.
const LOCKS: usize = 256;

/// What this process has written is known by heart up to this length.
const KNOWN: usize = 2048;

/// A notify directory that can be used.
#[derive(Debug)]
pub(crate) struct Store {
    /// Tells it from the others that this process has used.
    number: usize,
    directory: PathBuf,
    hidden: PathBuf,
    user: u32,
    outbox: Outbox,
    history: History,
    stuck: Vec<AtomicBool>,
}

/// A job's status file, locked.
#[derive(Debug)]
pub(crate) struct Locked<'a> {
    store: &'a Store,
    file: &'a str,
    slot: usize,
    /// `None` where another process does not let go of it.
    lock: Option<Handle>,
    /// Whether the status file that the lock keeps open is what this process has written, but for its
    /// time.
    is_known: bool,
    /// A status that the journal holds, for it could not be written.
    pending: Option<Status>,
}

/// What became of an alert on its way to one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Queued {
    /// It waits there to be sent.
    Waits(Entry),
    /// It is held back.
    Held,
    /// It could not be queued.
    Not,
}

/// What a status file says that this process has written, so that it need not be taken apart.
#[derive(Debug)]
pub(crate) struct Known {
    content: String,
    /// Lent to whoever decides by it, for a copy costs more than the decision.
    status: Mutex<Option<Box<Status>>>,
    runs: u64,
    /// Where the time stands.
    time: Range<usize>,
}

/// What became of a change.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// What became of the alert, for each of its queues.
    pub(crate) queued: Vec<Queued>,
    /// Why the alert could not be queued.
    pub(crate) queue_error: Option<io::Error>,
    /// Why the status could not be written.
    pub(crate) status_error: Option<io::Error>,
}

impl Store {
    /// Makes the directory where it is missing, and the hidden folder of this user in it.
    ///
    /// # Errors
    ///
    /// Where that cannot be done, or somebody else has laid something in the folder's place.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let user = exit::user_id();
        let hidden = directory.join(".pipeline-notify").join(user.to_string());
        let store = Self {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            directory: directory.to_owned(),
            outbox: Outbox::new(&hidden, user),
            history: History::new(&hidden),
            hidden,
            user,
            stuck: (0..LOCKS).map(|_| AtomicBool::new(false)).collect(),
        };
        store.make_folders()?;
        Ok(store)
    }

    fn make_folders(&self) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        let shared = self.directory.join(".pipeline-notify");
        match fs::create_dir(&shared) {
            Ok(()) => share_like(&shared, &self.directory)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        if !fs::symlink_metadata(&shared)?.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                "`.pipeline-notify` is not a folder",
            ));
        }
        file::make_private_folder(&self.hidden, self.user)?;
        file::make_private_folder(&self.hidden.join("locks"), self.user)?;
        file::make_private_folder(&self.running(), self.user)
    }

    /// The folder of the records of runs under way.
    pub(crate) fn running(&self) -> PathBuf {
        self.hidden.join("running")
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
        let path = self.hidden.join("locks").join(format!("{slot:02x}"));
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
        let mut locked = Locked {
            store: self,
            file,
            slot,
            lock: lock.map(Handle::new).transpose()?,
            is_known: false,
            pending: None,
        };
        locked.pending = locked.finish_journal()?;
        Ok(locked)
    }

    /// Finishes every change that a dead process left half done: its job may never run again.
    pub(crate) fn finish_journals(&self) {
        let locks = self.hidden.join("locks");
        for slot in 0..LOCKS {
            let path = locks.join(format!("{slot:02x}"));
            let is_empty = fs::symlink_metadata(&path).map_or(true, |file| file.len() == 0);
            if is_empty {
                continue;
            }
            // Whoever holds it has finished what there was, and is at a change of its own.
            if let Ok(Some(lock)) = Lock::acquire_existing(&path, Duration::ZERO) {
                let locked = Locked {
                    store: self,
                    file: "",
                    slot,
                    lock: Handle::new(lock).ok(),
                    is_known: false,
                    pending: None,
                };
                // What cannot be finished is left to the job's next run.
                let _ = locked.finish_journal();
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
    /// to touch the file, for which it does no harm if somebody has moved the folder away meanwhile.
    pub(crate) fn lock_again<'a>(&'a self, file: &'a str, now: Instant) -> Option<Locked<'a>> {
        let slot = slot(file);
        let locked = Locked {
            store: self,
            file,
            slot,
            lock: Some(kept::take((self.number, slot), self.patience(slot), now)?),
            is_known: false,
            pending: None,
        };
        let journal = locked.lock.as_ref()?.file();
        let is_empty = file::read_at(journal, &mut [0], 0).is_ok_and(|length| length == 0);
        is_empty.then_some(locked)
    }

    fn patience(&self, slot: usize) -> Duration {
        if self.stuck[slot].load(Ordering::Relaxed) {
            Duration::ZERO
        } else {
            exit::within(PATIENCE)
        }
    }
}

/// Returns the number of a status file's lock.
fn slot(file: &str) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "a remainder is small")]
    let slot = id::hash(file) as usize % LOCKS;
    slot
}

impl Known {
    /// Remembers a status that was written; `None` where it is too long.
    pub(crate) fn new(status: &Status) -> Option<Self> {
        let content = status.render();
        let status = Status::parse(&content).filter(|_| content.len() <= KNOWN)?;
        let start = status.state.as_str().len() + 1;
        Some(Self {
            time: start..(start + time::WIDTH).min(content.len()),
            content,
            runs: status.runs,
            status: Mutex::new(Some(Box::new(status))),
        })
    }

    /// Reads a file that says the same but for its time; `None` where it says anything else, or the
    /// status is lent.
    fn read(&self, content: &[u8]) -> Option<Box<Status>> {
        let time = self.time.clone();
        let own = self.content.as_bytes();
        let is_same = content.len() == own.len()
            && content[..time.start] == own[..time.start]
            && content[time.end..] == own[time.end..];
        let time = std::str::from_utf8(content.get(time)?).ok()?;
        let begun = time::parse(time).filter(|_| is_same)?;
        let mut status = self.lent().take()?;
        (status.begun, status.runs) = (begun, self.runs);
        Some(status)
    }

    fn lent(&self) -> MutexGuard<'_, Option<Box<Status>>> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if let Some(lock) = self.lock.take() {
            kept::keep((self.store.number, self.slot), lock);
        }
    }
}

impl Locked<'_> {
    /// Tells whether another process holds the lock and does not let go of it.
    pub(crate) fn is_passed_by(&self) -> bool {
        self.lock.is_none()
    }

    /// Reads what is known of the job.
    pub(crate) fn read(&self) -> Past {
        if let Some(pending) = &self.pending {
            return Past::Known(Box::new(pending.clone()));
        }
        match file::read(&self.path(), LIMIT, Links::Refuse) {
            Ok(None) => Past::Missing,
            Ok(Some(content)) => Status::parse(&content)
                .map_or(Past::Unreadable, |status| Past::Known(Box::new(status))),
            Err(_) => Past::Unreadable,
        }
    }

    /// Reads what is known of the job, which is what this process has written, unless others have
    /// written since.
    pub(crate) fn read_known(&mut self, known: Option<&Known>) -> Past {
        self.is_known = false;
        let path = self.path();
        let content = &mut [0; KNOWN + 1];
        let mut recognize = |file: &File| {
            let length = file::read_at(file, content, 0).ok()?;
            known?.read(&content[..length])
        };
        let Some(lock) = self
            .lock
            .as_mut()
            .filter(|_| self.pending.is_none() && known.is_some())
        else {
            return self.read();
        };
        let mut status = lock.status_file(self.file, &path).and_then(&mut recognize);
        if status.is_none() {
            let opened = lock.open_status_file(self.file, &path);
            status = opened.ok().and_then(recognize);
        }
        self.is_known = status.is_some();
        status.map_or_else(|| self.read(), Past::Known)
    }

    /// Gives back what [`read_known`](Self::read_known) has lent, of which the run has changed nothing
    /// but time and counts.
    pub(crate) fn give_back(&self, known: Option<&Known>, past: Past) {
        if self.is_known
            && let (Some(known), Past::Known(status)) = (known, past)
        {
            *known.lent() = Some(status);
        }
    }

    /// Overwrites the time in the status file, in place, which is all that has changed.
    ///
    /// # Errors
    ///
    /// Where it cannot be written; the old status is whole then.
    pub(crate) fn touch(&self, status: &Status, place: Option<&Place>) -> io::Result<()> {
        let opened;
        let known = self.lock.as_ref().filter(|_| self.is_known);
        let file = match known.and_then(Handle::kept_status_file) {
            Some(file) => file,
            None => {
                let options = &mut OpenOptions::new();
                opened = file::open(&self.path(), options.write(true), Links::Refuse)?;
                &opened
            }
        };
        if self.pending.is_some() {
            return Err(io::Error::other("the file is not what it should be"));
        }
        if let Some(place) = place {
            running::end_at(&self.store.running(), place)?;
        }
        let offset = status.state.as_str().len() as u64 + 1;
        file::write_at(file, time::show(status.begun).as_bytes(), offset)
    }

    /// Takes back that people were told at that time: the alert was refused.
    pub(crate) fn untell(&self, alerted: Time) {
        if let Past::Known(status) = self.read()
            && status.alerted == Some(alerted)
        {
            // Where it cannot be written, the worst is a failure told at its reminder.
            let _ = self.write(&Status {
                alerted: None,
                ..*status
            });
        }
    }

    /// Writes the status alone: nobody is told of it.
    ///
    /// # Errors
    ///
    /// Where it cannot be written; the old status is whole then.
    pub(crate) fn write(&self, status: &Status) -> io::Result<()> {
        self.replace(self.file, status)
    }

    /// Gives the status file another name.
    ///
    /// # Errors
    ///
    /// Where that cannot be done, or the status waits in the journal, which would bring the old name back.
    #[cfg(feature = "cli")]
    pub(crate) fn rename(&self, file: &str) -> io::Result<()> {
        if self.pending.is_some() {
            return Err(io::Error::other("its status file cannot be written"));
        }
        fs::rename(self.path(), self.store.directory.join(file))?;
        self.store.history.rename(self.file, file)
    }

    /// Removes the status file.
    ///
    /// # Errors
    ///
    /// Where that cannot be done.
    #[cfg(feature = "cli")]
    pub(crate) fn remove(&self) -> io::Result<()> {
        fs::remove_file(self.path())?;
        self.store.history.forget(self.file)
    }

    /// Makes a change: the alert is queued and the status written, or after a crash whoever locks
    /// the job next does both.
    pub(crate) fn change(&self, change: &Change) -> Written {
        let journal = self.write_journal(change);
        let written = self.apply(change);
        if journal.is_ok() {
            self.close_journal(change, &written);
        }
        self.store.history.add_change(change);
        written
    }

    fn apply(&self, change: &Change) -> Written {
        let mut written = Written::default();
        if let Some(alert) = &change.alert {
            for queue in &change.queues {
                match self.put(alert, queue, change) {
                    Ok(entry) => written.queued.push(entry),
                    Err(error) => {
                        written.queued.push(Queued::Not);
                        written.queue_error = Some(error);
                    }
                }
            }
        }
        for withdrawn in &change.withdrawn {
            // What cannot be removed is told late, which is better than never.
            let _ = self.store.outbox.withdraw(withdrawn);
        }
        if let Some(place) = &change.place {
            // Before the status, lest a run whose end is written down be reported as dead.
            let _ = running::end_at(&self.store.running(), place);
        }
        if let Some(status) = &change.status {
            written.status_error = self.replace(&change.file, status).err();
        }
        written
    }

    fn put(&self, alert: &Alert, queue: &str, change: &Change) -> io::Result<Queued> {
        let status = change.status.as_ref().filter(|_| change.is_held);
        let held = status.and_then(|status| status.held.as_ref());
        let path = held.and_then(|held| {
            let paths = held.alerts.iter();
            paths
                .filter_map(|path| path.split_once('/'))
                .find(|(of, _)| *of == queue)
        });
        let queue = self.store.outbox.queue(queue);
        match path {
            Some((_, name)) => queue.hold(alert, name).map(|()| Queued::Held),
            None => queue.put(alert).map(Queued::Waits),
        }
    }

    fn replace(&self, file: &str, status: &Status) -> io::Result<()> {
        let mut temporary = format!("{:02x}.new", self.slot);
        if self.is_passed_by() {
            temporary += &format!("-{:016x}", id::random());
        }
        let temporary = self.store.hidden.join("locks").join(temporary);
        let path = self.store.directory.join(file);
        file::replace(&path, &temporary, &status.render(), READABLE, Durable::No)
    }

    fn path(&self) -> PathBuf {
        self.store.directory.join(self.file)
    }

    /// Writes the journal, which is the lock's own file: every run opens that anyway.
    fn write_journal(&self, change: &Change) -> io::Result<()> {
        let Some(lock) = &self.lock else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let journal = change.render();
        let mut file = lock.file();
        // Over what is there, which on a full disk is all the room that there is.
        let written = file
            .rewind()
            .and_then(|()| file.write_all(journal.as_bytes()))
            .and_then(|()| file.set_len(journal.len() as u64))
            // A status without an alert need not outlive a power cut.
            .and_then(|()| {
                if change.alert.is_some() {
                    file.sync_data()
                } else {
                    Ok(())
                }
            });
        if written.is_err() {
            let _ = file.set_len(0);
        }
        written
    }

    /// Clears the journal of a change that was made; but for a status that could not be written, so
    /// that the next run knows of it. The alert would come back with the whole.
    fn close_journal(&self, change: &Change, written: &Written) {
        let pending = Change {
            alert: None,
            queues: Vec::new(),
            place: None,
            withdrawn: Vec::new(),
            ..change.clone()
        };
        if written.status_error.is_none() || self.write_journal(&pending).is_err() {
            let _ = self.lock.as_ref().map(|lock| lock.file().set_len(0));
        }
    }

    /// Makes a change that a dead process left half done, or whose status could not be written;
    /// returns the status if it still cannot.
    fn finish_journal(&self) -> io::Result<Option<Status>> {
        let Some(lock) = &self.lock else {
            return Ok(None);
        };
        if lock.file().metadata()?.len() == 0 {
            return Ok(None);
        }
        let Some(change) = Change::parse(&file::read_open(lock.file(), JOURNAL)?) else {
            lock.file().set_len(0)?;
            return Ok(None);
        };
        let written = self.apply(&change);
        self.close_journal(&change, &written);
        let is_pending = written.status_error.is_some() && change.file == self.file;
        Ok(change.status.filter(|_| is_pending))
    }
}

/// Lets those who may write to the notify directory make their own hidden folder in it.
#[cfg(unix)]
fn share_like(folder: &Path, directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(directory)?.permissions().mode();
    fs::set_permissions(folder, fs::Permissions::from_mode(mode & 0o777 | 0o1700))
}

#[cfg(not(unix))]
fn share_like(_folder: &Path, _directory: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Folder, alert};

    fn is_queued(written: &Written) -> bool {
        matches!(*written.queued, [Queued::Waits(_)])
    }

    fn entry(written: Written) -> Entry {
        match written.queued.into_iter().next() {
            Some(Queued::Waits(entry)) => entry,
            other => panic!("{other:?}"),
        }
    }

    fn change(alert: Option<Alert>) -> Change {
        let text = "ERROR\n2026-11-22 13:00:00:123456 UTC\netl :: run\nsince: 2026-11-22 13:00:00:123456 UTC\nruns: 1\n\nno\n";
        Change {
            file: "etl.run".to_owned(),
            status: Status::parse(text),
            queues: alert.iter().map(|_| "alerts-0".to_owned()).collect(),
            alert,
            ..Change::default()
        }
    }

    #[test]
    fn a_change_is_the_status_and_the_alert_and_leaves_no_journal() {
        let folder = Folder::new();
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.lock("etl.run").unwrap().read(), Past::Missing);
        let change = change(Some(alert("etl.run", "a1")));
        let written = store.lock("etl.run").unwrap().change(&change);
        assert!(written.status_error.is_none() && is_queued(&written));
        let locked = store.lock("etl.run").unwrap();
        assert_eq!(
            locked
                .lock
                .as_ref()
                .unwrap()
                .file()
                .metadata()
                .unwrap()
                .len(),
            0
        );
        assert!(matches!(locked.read(), Past::Known(_)));
        assert_eq!(store.outbox().queue("alerts-0").list().len(), 1);
    }

    #[test]
    fn a_change_that_a_dead_process_left_half_done_is_finished_by_the_next() {
        let folder = Folder::new();
        let store = Store::open(folder.path()).unwrap();
        let change = change(Some(alert("etl.run", "a1")));
        let locked = store.lock("etl.run").unwrap();
        locked.write_journal(&change).unwrap();
        // Half done: the alert is queued, the status is not written.
        store
            .outbox()
            .queue("alerts-0")
            .put(change.alert.as_ref().unwrap())
            .unwrap();
        drop(locked);

        let locked = store.lock("etl.run").unwrap();
        assert_eq!(
            locked.read(),
            Past::Known(Box::new(change.alert.clone().unwrap().status))
        );
        assert_eq!(
            store.outbox().queue("alerts-0").list().len(),
            1,
            "queued twice, and there once"
        );
    }

    #[test]
    fn a_change_that_was_left_half_done_is_finished_though_its_job_never_runs_again() {
        let folder = Folder::new();
        let store = Store::open(folder.path()).unwrap();
        let change = change(Some(alert("etl.run", "a1")));
        let locked = store.lock("etl.run").unwrap();
        locked.write_journal(&change).unwrap();
        store.finish_journals();
        assert_eq!(locked.read(), Past::Missing, "it is locked");
        drop(locked);
        store.finish_journals();
        let status = fs::read_to_string(folder.path().join("etl.run")).unwrap();
        assert_eq!(Status::parse(&status), change.status);
        assert_eq!(store.outbox().queue("alerts-0").list().len(), 1);
    }

    #[test]
    fn a_status_that_cannot_be_written_is_known_to_the_next_run_and_written_when_it_can_be() {
        let folder = Folder::new();
        let store = Store::open(folder.path()).unwrap();
        let in_the_way = folder.path().join("etl.run/x");
        fs::create_dir_all(&in_the_way).unwrap();
        let change = change(Some(alert("etl.run", "a1")));
        let written = store.lock("etl.run").unwrap().change(&change);
        assert!(written.status_error.is_some() && is_queued(&written));
        store
            .outbox()
            .queue("alerts-0")
            .remove(&entry(written))
            .unwrap();

        let known = Past::Known(Box::new(change.status.unwrap()));
        assert_eq!(store.lock("etl.run").unwrap().read(), known);
        assert!(
            store.outbox().queue("alerts-0").list().is_empty(),
            "the alert does not come back"
        );
        fs::remove_dir_all(folder.path().join("etl.run")).unwrap();
        let locked = store.lock("etl.run").unwrap();
        assert!(locked.pending.is_none());
        assert_eq!(locked.read(), known);
    }

    #[test]
    fn a_journal_that_was_not_written_to_its_end_never_happened() {
        let folder = Folder::new();
        let store = Store::open(folder.path()).unwrap();
        let journal = change(Some(alert("etl.run", "a1"))).render();
        let locked = store.lock("etl.run").unwrap();
        locked
            .lock
            .as_ref()
            .unwrap()
            .file()
            .write_all(&journal.as_bytes()[..journal.len() / 2])
            .unwrap();
        drop(locked);
        assert_eq!(store.lock("etl.run").unwrap().read(), Past::Missing);
        assert!(store.outbox().queue("alerts-0").list().is_empty());
    }

    #[test]
    fn a_touch_changes_the_time_and_nothing_else() {
        let folder = Folder::new();
        let store = Store::open(folder.path()).unwrap();
        let locked = store.lock("etl.run").unwrap();
        let status = change(None).status.unwrap();
        locked.write(&status).unwrap();
        let later = Status {
            begun: status.begun + chrono::TimeDelta::seconds(1),
            runs: 2,
            ..status.clone()
        };
        locked.touch(&later, None).unwrap();
        assert_eq!(
            locked.read(),
            Past::Known(Box::new(Status {
                begun: later.begun,
                ..status
            }))
        );
    }

    /// Locks by what was kept open; where the tests beside this one have taken that, anew.
    fn again(store: &Store) -> Locked<'_> {
        let again = store.lock_again("etl.run", Instant::now());
        again.unwrap_or_else(|| store.lock("etl.run").unwrap())
    }

    /// A store whose job has a status, with its lock kept, and what is known of it.
    fn touched_store(folder: &Folder) -> (Store, Known, Status) {
        let store = Store::open(folder.path()).unwrap();
        let status = change(None).status.unwrap();
        store.lock("etl.run").unwrap().write(&status).unwrap();
        let known = Known::new(&status).unwrap();
        (store, known, status)
    }

    #[test]
    fn a_touch_by_what_was_kept_open_follows_the_file_that_is_there() {
        let folder = Folder::new();
        let (store, known, status) = touched_store(&folder);
        for _ in 0..2 {
            let mut locked = again(&store);
            let past = locked.read_known(Some(&known));
            assert_eq!(past, locked.read());
            assert!(known.lent().is_none(), "it was not read anew");
            locked.give_back(Some(&known), past);
            locked.touch(&status, None).unwrap();
        }
        // As another process does it, with more to say.
        let other = Status {
            runs: 9,
            ..status.clone()
        };
        store.lock("etl.run").unwrap().write(&other).unwrap();
        let mut locked = again(&store);
        let past = locked.read_known(Some(&known));
        assert_eq!(past.status().unwrap().runs, 9);
        let later = Status {
            begun: status.begun + chrono::TimeDelta::seconds(1),
            ..other
        };
        locked.touch(&later, None).unwrap();
        assert_eq!(locked.read().status().unwrap().begun, later.begun);
        drop(locked);

        fs::remove_file(folder.path().join("etl.run")).unwrap();
        let mut locked = again(&store);
        assert_eq!(locked.read_known(Some(&known)), Past::Missing);
        assert!(locked.touch(&status, None).is_err());
    }

    #[test]
    fn a_lock_that_was_kept_open_is_of_no_use_while_a_change_is_half_done() {
        let folder = Folder::new();
        let (store, ..) = touched_store(&folder);
        let locked = store.lock("etl.run").unwrap();
        locked.write_journal(&change(None)).unwrap();
        drop(locked);
        assert!(store.lock_again("etl.run", Instant::now()).is_none());
        assert!(store.lock("etl.run").unwrap().pending.is_none());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_known_of_a_status_file_holds_for_no_link_to_one() {
        let folder = Folder::new();
        let (store, known, status) = touched_store(&folder);
        let path = folder.path().join("etl.run");
        let elsewhere = folder.path().join(".elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        let mut locked = again(&store);
        assert_eq!(locked.read_known(Some(&known)), Past::Unreadable);
        assert!(locked.touch(&status, None).is_err());
    }

    #[test]
    fn an_alert_that_was_refused_is_taken_back_if_the_status_still_speaks_of_it() {
        let folder = Folder::new();
        let store = Store::open(folder.path()).unwrap();
        let locked = store.lock("etl.run").unwrap();
        let status = change(None).status.unwrap();
        let alerted = status.begun;
        for (told, remains) in [
            (alerted, None),
            (alerted + chrono::TimeDelta::seconds(1), Some(())),
        ] {
            locked
                .write(&Status {
                    alerted: Some(told),
                    ..status.clone()
                })
                .unwrap();
            locked.untell(alerted);
            assert_eq!(locked.read().status().unwrap().alerted.map(|_| ()), remains);
        }
    }

    #[test]
    fn two_threads_never_hold_one_job() {
        let folder = Folder::new();
        let store = Store::open(folder.path()).unwrap();
        let count = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        // The lock that another thread has just kept open, if there is one.
                        let _locked = again(&store);
                        assert_eq!(count.fetch_add(1, Ordering::SeqCst), 0);
                        count.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
    }

    #[test]
    fn a_directory_that_is_deleted_meanwhile_is_made_again() {
        let folder = Folder::new();
        let directory = folder.path().join("notify");
        let store = Store::open(&directory).unwrap();
        fs::remove_dir_all(&directory).unwrap();
        let change = change(Some(alert("etl.run", "a1")));
        let written = store.lock("etl.run").unwrap().change(&change);
        assert!(
            written.status_error.is_none() && is_queued(&written),
            "{written:?}"
        );
    }

    #[test]
    fn a_glob_over_the_directory_sees_status_files_alone() {
        let folder = Folder::new();
        let store = Store::open(folder.path()).unwrap();
        store
            .lock("etl.run")
            .unwrap()
            .change(&change(Some(alert("etl.run", "a1"))));
        let names = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let seen: Vec<_> = names
            .filter(|name| !name.to_string_lossy().starts_with('.'))
            .collect();
        assert_eq!(seen, ["etl.run"]);
    }
}
