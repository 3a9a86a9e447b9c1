//! A job's status file under its lock: read, decided on, replaced, or changed together with an alert.
//!
//! A change is a journal first, in the job's lock file: whoever locks the job next and finds one
//! finishes it. Without that, a crash between the alert and the status would leave people believing
//! what is not so, for ever.

mod apply;

use std::io;
use std::path::Path;
use std::time::Instant;

use super::lock_file::{Id, LockFile};
use super::memory::{Alike, HISTORY_EVERY, Job, MAX_BEHIND_MICROS, Shown, WholeWay};
use super::{Directory, MAX_STATUS_BYTES, lease};
use crate::os::file::{self, Links};
use crate::os::folder;
use crate::os::lock::Lock;
use crate::rules::Past;
use crate::state::change::Change;
use crate::state::unwritten;
use crate::state::{Access, Again, Committed, Decide, Queued, Seen};
use crate::status::Status;

/// A job's status file, locked.
pub(crate) struct Locked<'a> {
    pub(super) store: &'a Directory,
    pub(super) file: &'a str,
    slot: usize,
    /// `None` where another process does not let go of it.
    pub(super) lock: Option<LockFile>,
    /// The id of the change that this has made,
    id: Option<Id>,
    /// and the status file that it has written.
    text: Option<String>,
    /// A status that the journal holds, for it could not be written.
    pub(super) pending: Option<Status>,
    /// The journal of another job of this lock, of which the same is true.
    pending_of_other: Option<String>,
    /// Ends after the lock is kept.
    _way: WholeWay<'a>,
}

/// What became of a change.
#[derive(Default)]
pub(super) struct Written {
    /// What became of the alert, for each of its queues.
    pub(super) queued: Vec<Queued>,
    /// Why the alert could not be queued.
    queue_error: Option<io::Error>,
    /// Why the status could not be written.
    pub(super) status_error: Option<io::Error>,
    /// Whether the status that is left could not be written.
    lacks_note: bool,
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if let Some(lock) = self.lock.take() {
            self.store.memory().keep(self.slot, lock);
        }
    }
}

impl<'a> Locked<'a> {
    pub(super) fn new(
        store: &'a Directory,
        file: &'a str,
        slot: usize,
        lock: Option<LockFile>,
        way: WholeWay<'a>,
    ) -> Self {
        Self {
            store,
            file,
            slot,
            lock,
            id: None,
            text: None,
            pending: None,
            pending_of_other: None,
            _way: way,
        }
    }

    /// Returns whether another process holds the lock and does not let go of it.
    pub(super) fn is_passed_by(&self) -> bool {
        self.lock.is_none()
    }

    pub(super) fn read(&self) -> Past {
        self.read_beside(None)
    }

    /// Reads what is known of the job; a file that is as this process has left it is not parsed anew.
    fn read_beside(&self, known: Option<&Job>) -> Past {
        if let Some(pending) = &self.pending {
            return Past::Known(Box::new(pending.clone()));
        }
        let content = content(&folder::path_in(&self.store.path, self.file));
        let unchanged = known.and_then(|known| known.past_of(content.as_ref().ok()?.as_deref()?));
        unchanged.cloned().unwrap_or_else(|| parse(content))
    }

    /// Asks what to change, and changes it. Other runs of this process take the whole way, too, until it
    /// is done: this one has taken the job out of memory.
    pub(super) fn update(
        mut self,
        at: Instant,
        decide: Decide<'_>,
        again: Option<Again<'_>>,
    ) -> Committed {
        let mut known = self.store.memory().take(self.slot, self.file);
        let on_disk = self.read_beside(known.as_ref());
        let id = self.lock.as_ref().and_then(LockFile::id);
        let shown = on_disk.status().map(Shown::of);
        let past = match &known {
            Some(known) => known.correct(on_disk, id, self.store.now()),
            None => on_disk,
        };
        let past = unwritten::correct(self.file, past);
        // A held alert that leaves now is sent; while the locks last, it stays.
        let (past, _locks) = settle_held(self.store, past);
        let (is_passed_by, now) = (self.is_passed_by(), self.store.now());
        let change = decide(&Seen {
            past: &past,
            now,
            access: if is_passed_by {
                Access::PassedBy
            } else {
                Access::Alone
            },
            planned: None,
        });
        let Some(change) = change else {
            self.put_back(known);
            return Committed {
                is_exchanged: true,
                is_passed_by,
                ..Committed::default()
            };
        };
        let is_nothing_new = !is_passed_by && change.is_nothing_new(&past);
        // Most processes have one run of a job, and after an alert a job seldom goes on as before.
        let again = again.filter(|_| is_nothing_new && known.is_some());
        // Somebody has changed the job since this process wrote it, which was a moment ago.
        if is_nothing_new
            && let (Some(id), Some(shown), Some(status)) = (id, shown, &change.status)
            && change.ends.as_ref().is_none_or(lease::end_own)
            && let Some(known) = known.take_if(|known| known.may_stay(at, now))
        {
            let alike = self.alike(again, status);
            let job = known.follow(shown, status.clone(), id, alike);
            self.store.memory().put(self.slot, job);
            return Committed {
                is_exchanged: true,
                ..Committed::default()
            };
        }
        let noted = known.as_ref().map(|known| known.noted);
        let noted = noted.filter(|noted| at.saturating_duration_since(*noted) < HISTORY_EVERY);
        let (written, noted) = if is_nothing_new && self.exchange(&change, &past, id) {
            let note = || {
                self.store.history.add_change(self.file, &change);
                at
            };
            (Written::default(), noted.unwrap_or_else(note))
        } else {
            (self.change(&change), at)
        };
        self.leave(change, written, known, again, (at, noted))
    }

    /// Remembers what a change has left, or that it could not be written, and says what became of it.
    fn leave(
        &mut self,
        change: Change,
        written: Written,
        known: Option<Job>,
        again: Option<Again<'_>>,
        (at, noted): (Instant, Instant),
    ) -> Committed {
        let Change {
            status,
            alert,
            noted: left,
            removes,
            ..
        } = change;
        let committed = Committed {
            is_exchanged: true,
            is_passed_by: self.is_passed_by(),
            is_written: status.is_some() && written.status_error.is_none(),
            alert: alert.map(|alert| (alert, written.queued)),
            queue_error: written.queue_error,
            status_error: written.status_error,
        };
        match (status, left.filter(|_| !written.lacks_note)) {
            (Some(status), None) if committed.status_error.is_some() => {
                unwritten::remember(self.file, status);
            }
            (_, Some(status)) | (Some(status), None) => {
                unwritten::forget(self.file);
                let alike = self.alike(again, &status);
                self.remember(status, at, noted, alike);
            }
            (None, None) if removes => {}
            (None, None) => self.put_back(known),
        }
        committed
    }

    /// Writes a status of which nothing is sent.
    pub(super) fn amend(
        mut self,
        change: &mut dyn FnMut(&Status) -> Option<Status>,
    ) -> io::Result<()> {
        let past = self.read();
        match past.status().and_then(change) {
            Some(status) => self.write(&status),
            None => Ok(()),
        }
    }

    /// Writes the runs that are in memory alone.
    pub(super) fn catch_up(mut self, at: Instant) {
        let Some(mut known) = self.store.memory().take(self.slot, self.file) else {
            return;
        };
        let id = self.lock.as_ref().and_then(LockFile::id);
        if self.is_passed_by() || !known.is_behind() {
            return self.put_back(Some(known));
        }
        if let Past::Known(status) = known.correct(self.read(), id, self.store.now()) {
            self.id = id;
            let written = match id {
                Some(_) => self.write_status(&status),
                None => self.write(&status),
            };
            if written.is_ok() {
                // Where somebody has changed the job since, the run that ends next repeats nothing.
                let alike = known.alike.take_if(|_| id == Some(known.id));
                self.remember(*status, at, known.noted, alike);
            } else {
                self.put_back(Some(known));
            }
        }
    }

    /// Remembers what was written by the change that this has made.
    fn remember(&mut self, status: Status, at: Instant, noted: Instant, alike: Option<Alike>) {
        if let Some(id) = self.id {
            let exchanged = (at, (self.store.clock)());
            let mut job = Job::new(self.file, status, id, exchanged, noted, alike);
            job.text = self.text.take();
            self.store.memory().put(self.slot, job);
        }
    }

    /// Finds out which runs repeat the one that leaves this status.
    fn alike(&self, again: Option<Again<'_>>, status: &Status) -> Option<Alike> {
        let again = again?;
        Alike::of(again, status, (self.store.clock)() + MAX_BEHIND_MICROS)
    }

    fn put_back(&self, known: Option<Job>) {
        if let Some(known) = known {
            self.store.memory().put(self.slot, known);
        }
    }

    /// Writes a status that says nothing new but times and counts; returns whether that was done. It is one
    /// step, and needs no journal; nor an id, for what others remember still holds, but where a run has ended
    /// that began before the one that they know.
    fn exchange(&mut self, change: &Change, past: &Past, id: Option<Id>) -> bool {
        let (Some(status), Some(previous)) = (&change.status, past.status()) else {
            return false;
        };
        if !change.ends.as_ref().is_none_or(lease::end_own) {
            return false;
        }
        self.id = id.filter(|_| status.begun >= previous.begun);
        let written = match self.id {
            Some(_) => self.write_status(status),
            None => self.write(status),
        };
        written.is_ok()
    }

    /// Writes the status alone. Where it cannot be written, the old status is whole.
    pub(super) fn write(&mut self, status: &Status) -> io::Result<()> {
        // First, for others must not go by what they remember once the status is another.
        if self.pending.is_none() {
            self.renew_id();
        }
        self.write_status(status)?;
        // The journal would bring the old status back.
        if self.pending.take().is_some() {
            self.renew_id();
        }
        Ok(())
    }

    fn write_status(&mut self, status: &Status) -> io::Result<()> {
        let text = status.render();
        self.replace(self.file, &text)?;
        self.text = Some(text);
        Ok(())
    }

    /// Writes a new id, which never takes the place of a journal that is still to be finished: while
    /// that is there, nobody remembers an id.
    pub(super) fn renew_id(&mut self) {
        let lock = self.lock.as_mut();
        let lock = lock.filter(|_| self.pending_of_other.is_none());
        self.id = lock.and_then(|lock| lock.write_id().ok());
    }
}

pub(super) fn read(path: &Path) -> Past {
    parse(content(path))
}

fn content(path: &Path) -> io::Result<Option<String>> {
    file::read(path, MAX_STATUS_BYTES, Links::Refuse)
}

fn parse(content: io::Result<Option<String>>) -> Past {
    match content {
        Ok(None) => Past::Missing,
        Ok(Some(content)) => {
            Status::parse(&content).map_or(Past::Unreadable, |status| Past::Known(Box::new(status)))
        }
        Err(_) => Past::Unreadable,
    }
}

/// Finds out whether an alert that was held has left, or is to leave by now: then people hear of it.
/// An alert that stays does so for as long as the locks are held.
fn settle_held(store: &Directory, past: Past) -> (Past, Vec<Lock>) {
    let Past::Known(status) = &past else {
        return (past, Vec::new());
    };
    let Some(held) = &status.held else {
        return (past, Vec::new());
    };
    let (outbox, now) = (&store.outbox, store.now());
    if held.until <= now {
        let queues = held.alerts.iter().filter_map(|alert| alert.split_once('/'));
        for (queue, _) in queues {
            // Where it cannot, it leaves with the next sender.
            let _ = outbox.queue(queue).release_to(now, &mut Vec::new());
        }
    }
    // An alert that is due stays, too, while a planned quiet is on.
    let locks = held.alerts.iter().map(|alert| outbox.lock_held(alert));
    match locks.collect::<io::Result<Option<Vec<_>>>>() {
        Ok(None) => {}
        Ok(Some(locks)) => return (past, locks),
        Err(_) => return (past, Vec::new()),
    }
    (
        Past::Known(Box::new(status.after_leaving(held))),
        Vec::new(),
    )
}
