//! A job's status file under its lock: read, touched, replaced, or changed together with an alert.
//!
//! A change is a journal first, in the job's lock file: whoever locks the job next and finds one
//! finishes it. Without that, a crash between the alert and the status would leave people believing
//! what is not so, for ever.

#[cfg(feature = "cli")]
use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::Store;
use super::snapshot::{self, Known};
use crate::format::text;
use crate::format::time::{self, Time};
use crate::message::alert::{Alert, Kind};
use crate::os::file::{self, Durable, Identity, Links};
use crate::os::landlord::Landlord;
use crate::os::random;
use crate::rules::Past;
use crate::state::change::{Change, Place, Texts};
use crate::state::entry::Entry;
use crate::state::local::descriptors::{self, Handle};
use crate::state::local::lease;
use crate::status::decision::{Decided, Fate, Reason};
use crate::status::{State, Status};

/// The largest status file that is read to its end.
pub(crate) const LIMIT: u64 = 2 * text::LIMIT as u64;

/// The largest journal: a status, and the header of its alert.
const JOURNAL: u64 = 4 * text::LIMIT as u64;

/// A job's status file, locked.
#[derive(Debug)]
pub(crate) struct Locked<'a> {
    pub(super) store: &'a Store,
    pub(super) file: &'a str,
    pub(super) slot: usize,
    /// `None` where another process does not let go of it.
    pub(super) lock: Option<Handle>,
    /// Whether the lock was open already.
    pub(super) is_kept: bool,
    /// What the status file that the lock keeps open says.
    pub(super) known: Option<Arc<Known>>,
    /// A status that the journal holds, for it could not be written.
    pub(super) pending: Option<Status>,
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

/// What became of a change.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// What became of the alert, for each of its queues.
    pub(crate) queued: Vec<Queued>,
    /// What was written, or was to be.
    pub(crate) texts: Texts,
    /// Why the alert could not be queued.
    pub(crate) queue_error: Option<io::Error>,
    /// Why the status could not be written.
    pub(crate) status_error: Option<io::Error>,
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if let Some(lock) = self.lock.take() {
            descriptors::keep((self.store.number, self.slot), lock);
        }
    }
}

impl<'a> Locked<'a> {
    pub(super) fn new(store: &'a Store, file: &'a str, slot: usize, lock: Option<Handle>) -> Self {
        Self {
            store,
            file,
            slot,
            lock,
            is_kept: false,
            known: None,
            pending: None,
        }
    }

    /// Tells whether this is the lock that others take. A kept one need not be: to touch the file that
    /// does no harm, but before a change it must be asked; `None` is the answer no, and ends the lock.
    pub(crate) fn if_current(mut self) -> Option<Self> {
        let path = self.store.lock_path(self.slot);
        if self.is_kept && !self.lock.as_ref()?.is_at(&path) {
            self.lock.take()?.close();
            return None;
        }
        Some(self)
    }

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

    /// Reads what is known of the job, which is what `known` says, unless others have written since.
    pub(crate) fn read_known(&mut self, known: Option<&Arc<Known>>) -> Past {
        let path = self.path();
        let (Some(known), Some(lock), None) = (known, &mut self.lock, &self.pending) else {
            return self.read();
        };
        let buffer = &mut [0; snapshot::LONGEST + 1];
        if let Some(file) = lock.status_file(self.file, &path)
            && let Ok(length) = file::read_at(file, buffer, 0)
            && let Some(status) = known.read(&buffer[..length])
        {
            self.known = Some(Arc::clone(known));
            return Past::Known(status);
        }
        let opened = lock.open_status_file(self.file, &path);
        let length = opened.and_then(|file| file::read_at(file, buffer, 0));
        let Ok(content) = length.map(|length| &buffer[..length]) else {
            return self.read();
        };
        if let Some(status) = known.read(content) {
            self.known = Some(Arc::clone(known));
            return Past::Known(status);
        }
        match Known::learn(content) {
            Some((learned, status)) => {
                self.known = Some(Arc::new(learned));
                Past::Known(Box::new(status))
            }
            None => self.read(),
        }
    }

    /// Returns what the status file says, if that was [`read`](Self::read_known) from the one that is
    /// kept open.
    pub(crate) fn known(&self) -> Option<Arc<Known>> {
        self.known.clone()
    }

    /// Gives back what [`read_known`](Self::read_known) has lent, of which the run has changed nothing
    /// but time and counts.
    pub(crate) fn give_back(&self, past: Past) {
        if let (Some(known), Past::Known(status)) = (&self.known, past) {
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
        let lock = self.lock.as_ref().filter(|_| self.known.is_some());
        let file = match lock.and_then(Handle::kept_status_file) {
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
            lease::end_at(self.store.running(), place)?;
        }
        let offset = status.state.as_str().len() as u64 + 1;
        file::write_at(file, time::show(status.begun).as_bytes(), offset)
    }

    /// Takes back that people were told by an alert, and says why they were not. One that `waits` may
    /// still be heard, and then so is what follows it.
    pub(crate) fn untell(&mut self, alert: &Alert, waits: bool, why: &str) {
        let Past::Known(status) = self.read() else {
            return;
        };
        // What was held is told when it leaves; until a run finds that it has, the status says it is held.
        let held = alert.status.held.as_ref();
        let is_leaving = held.is_some() && status.held.as_ref() == held;
        let told = held.map_or(alert.decided, |held| held.until);
        if !is_leaving && status.alerted != Some(told) {
            return;
        }
        let error = alert.status.fingerprint.iter().cloned();
        let told_errors = match (waits, alert.kind) {
            (true, _) if is_leaving => error.collect(),
            // Without it nobody has heard that the job fails, and nobody is to hear that it works again.
            (false, Kind::Failed) => Vec::new(),
            _ => status.told_errors.clone(),
        };
        // Where it cannot be written, the worst is a failure told at its reminder.
        let _ = self.write(&Status {
            alerted: None,
            told_errors,
            held: status.held.clone().filter(|_| !is_leaving),
            decision: Some(Decided::undelivered(why)),
            ..*status
        });
    }

    /// Says that people were told of an incident at that time, where it says that they were not.
    pub(crate) fn tell_after_all(&mut self, alerted: Time, incident: Option<&str>) {
        if let Past::Known(status) = self.read()
            && status.state == State::Error
            && status.alerted.is_none()
            && status.incident.as_deref() == incident
        {
            // Where it cannot be written, the worst is a failure told once more.
            let _ = self.write(&Status {
                alerted: Some(alerted),
                decision: Some(Decided::By(Fate::Sent, Reason::ChannelMended)),
                ..*status
            });
        }
    }

    /// Writes the status alone: nobody is told of it.
    ///
    /// # Errors
    ///
    /// Where it cannot be written; the old status is whole then.
    pub(crate) fn write(&mut self, status: &Status) -> io::Result<()> {
        self.replace(self.file, &status.render())
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
    pub(crate) fn change(&mut self, change: &Change) -> Written {
        let texts = Texts::of(change);
        let journal = self.write_journal(change, &texts);
        let mut written = self.apply(change, &texts);
        if journal.is_ok() {
            self.close_journal(change, &texts, &written);
        }
        self.store.history.add_change(change);
        written.texts = texts;
        written
    }

    fn apply(&mut self, change: &Change, texts: &Texts) -> Written {
        let mut written = Written::default();
        if let (Some(alert), Some(text)) = (&change.alert, &texts.alert) {
            for queue in &change.queues {
                match self.put(alert, text, queue, change) {
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
            let _ = lease::end_at(self.store.running(), place);
        }
        if let Some(status) = &texts.status {
            written.status_error = self.replace(&change.file, status).err();
        }
        written
    }

    fn put(&self, alert: &Alert, text: &str, queue: &str, change: &Change) -> io::Result<Queued> {
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
            Some((_, name)) => queue.hold(text, name).map(|()| Queued::Held),
            None => queue.put(alert, text).map(Queued::Waits),
        }
    }

    fn replace(&mut self, file: &str, content: &str) -> io::Result<()> {
        let mut temporary = format!("{:02x}.new", self.slot);
        if self.is_passed_by() {
            temporary += &format!("-{:016x}", random::number());
        }
        let temporary = self.store.hidden.join("locks").join(temporary);
        let Store {
            directory, mode, ..
        } = self.store;
        let landlord = Landlord::of(directory);
        let path = match &landlord {
            Some(landlord) => landlord.at(file.as_ref()),
            None => directory.join(file),
        };
        let (new, metadata) = file::replace(&path, &temporary, content, *mode, Durable::No)?;
        if let Some(landlord) = landlord {
            landlord.give(&new);
        }
        if let (Some(lock), Ok(identity)) = (&mut self.lock, Identity::from(&metadata)) {
            lock.keep_status_file(file, new, identity);
        }
        Ok(())
    }

    fn path(&self) -> PathBuf {
        let directory = self.store.directory.as_os_str();
        // Room for the name at once: each run asks.
        let mut path = PathBuf::with_capacity(directory.len() + 1 + self.file.len());
        path.push(directory);
        path.push(self.file);
        path
    }

    /// Writes the journal, which is the lock's own file: every run opens that anyway.
    pub(super) fn write_journal(&self, change: &Change, texts: &Texts) -> io::Result<()> {
        let Some(lock) = &self.lock else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let journal = change.render(texts);
        let file = lock.file();
        // Over what is there, which on a full disk is all the room that there is.
        let written = file::write_at(file, journal.as_bytes(), 0)
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
    fn close_journal(&self, change: &Change, texts: &Texts, written: &Written) {
        let is_kept = written.status_error.is_some() && {
            let pending = Change {
                alert: None,
                queues: Vec::new(),
                place: None,
                withdrawn: Vec::new(),
                ..change.clone()
            };
            let texts = Texts {
                alert: None,
                status: texts.status.clone(),
            };
            self.write_journal(&pending, &texts).is_ok()
        };
        if !is_kept {
            let _ = self.lock.as_ref().map(|lock| lock.file().set_len(0));
        }
    }

    /// Makes a change that a dead process left half done, or whose status could not be written;
    /// returns the status if it still cannot.
    pub(super) fn finish_journal(&mut self, length: u64) -> io::Result<Option<Status>> {
        let Some(lock) = self.lock.as_ref().filter(|_| length > 0) else {
            return Ok(None);
        };
        let Some(change) = Change::parse(&file::read_open(lock.file(), JOURNAL)?) else {
            lock.file().set_len(0)?;
            return Ok(None);
        };
        let texts = Texts::of(&change);
        let written = self.apply(&change, &texts);
        self.close_journal(&change, &texts, &written);
        let is_pending = written.status_error.is_some() && change.file == self.file;
        Ok(change.status.filter(|_| is_pending))
    }
}
