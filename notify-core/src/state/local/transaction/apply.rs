//! A change is made: by way of the journal in the job's lock file, where it has an alert.

use std::fs;
use std::io;

use super::{Locked, Written};
use crate::message::alert::Alert;
use crate::os::file::SizeLimit;
use crate::os::folder;
use crate::os::landlord::Landlord;
use crate::os::random;
use crate::state::Queued;
use crate::state::change::{Change, Texts};
use crate::state::local::{Directory, journal, lease, lock_name};

impl Locked<'_> {
    /// Makes a change: the alert is queued and the status written, or after a crash whoever locks
    /// the job next does both.
    pub(in crate::state::local) fn change(&mut self, change: &Change) -> Written {
        let texts = Texts::of(change);
        let _asked = SizeLimit::ask();
        // Without one, as on a full disk, a crash now can send the alert again.
        let _ = self.write_journal(change, &texts);
        let mut written = self.apply(self.file, change, &texts);
        self.close_journal(self.file, change, &texts, &written);
        self.store.history.add_change(self.file, change);
        if written.status_error.is_none() {
            self.text = texts.status;
        }
        if let Some(left) = &change.noted {
            // After a crash before this the same may be sent again.
            written.lacks_note = self.write(left).is_err();
        }
        if change.removes && written.status_error.is_none() {
            written.status_error = self.remove().err();
        }
        written
    }

    fn remove(&self) -> io::Result<()> {
        fs::remove_file(self.store.path.join(self.file))?;
        self.store.history.forget(self.file)
    }

    fn apply(&mut self, file: &str, change: &Change, texts: &Texts) -> Written {
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
            // What cannot be removed is sent late, which is better than never.
            let _ = self.store.outbox.withdraw(withdrawn);
        }
        if let Some(run) = &change.ends {
            // Before the status, lest a run whose end is written down be reported as dead.
            let _ = lease::end_at(&self.store.running, run);
        }
        if let Some(status) = &texts.status {
            written.status_error = self.replace(file, status).err();
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

    pub(in crate::state::local) fn replace(&self, file: &str, content: &str) -> io::Result<()> {
        let mut temporary = lock_name(self.slot) + ".new";
        if self.is_passed_by() {
            temporary += &format!("-{:016x}", random::number());
        }
        let temporary = folder::path_in(&self.store.locks, &temporary);
        let Directory {
            path: directory,
            mode,
            may_have_landlord,
            ..
        } = self.store;
        let landlord = may_have_landlord.then(|| Landlord::of(directory)).flatten();
        let path = match &landlord {
            Some(landlord) => landlord.at(file.as_ref()),
            None => folder::path_in(directory, file),
        };
        let new = folder::replace(&path, &temporary, content, *mode)?;
        if let Some(landlord) = landlord {
            landlord.give(&new);
        }
        Ok(())
    }

    /// Writes the journal, which is the lock's own file: every run opens that anyway. A status without an
    /// alert need not outlive a power cut.
    pub(in crate::state::local) fn write_journal(
        &mut self,
        change: &Change,
        texts: &Texts,
    ) -> io::Result<()> {
        let journal = journal::render(self.file, change, texts);
        let lock = self.lock.as_mut().ok_or(io::ErrorKind::WouldBlock)?;
        lock.write_journal(&journal, change.alert.is_some())
    }

    /// Ends the journal of a change that was made; but where its status could not be written, leaves that
    /// there, so that the next run knows of it. The alert would come back with the whole.
    fn close_journal(&mut self, file: &str, change: &Change, texts: &Texts, written: &Written) {
        let pending = match &written.status_error {
            Some(_) => Some(journal::of_status(file, change, texts)),
            None => self.pending_of_other.clone(),
        };
        let Some((lock, pending)) = self.lock.as_mut().zip(pending) else {
            self.pending = None;
            return self.renew_id();
        };
        let is_kept = lock.write_journal(&pending, false).is_ok();
        if file == self.file {
            self.pending = change.status.clone().filter(|_| is_kept);
        } else if is_kept {
            self.pending_of_other = Some(pending);
        }
    }

    /// Makes a change that a dead process left half done, or whose status could not be written.
    pub(in crate::state::local) fn finish_journal(&mut self) -> io::Result<()> {
        let Some(lock) = &mut self.lock else {
            return Ok(());
        };
        let Some(journal) = lock.journal()? else {
            return Ok(());
        };
        let Some((file, change)) = journal::parse(&journal) else {
            return lock.clear();
        };
        let texts = Texts::of(&change);
        let written = self.apply(&file, &change, &texts);
        self.close_journal(&file, &change, &texts, &written);
        Ok(())
    }
}
