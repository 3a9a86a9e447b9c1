//! What was dropped from a queue because too much waited, until a message says so.

use std::io;
use std::time::{Duration, Instant};

use super::{LIMIT, Queue, remove_if_there, write};
use crate::message::dropped::Dropped;
use crate::os::ffi;
use crate::os::file::{self, Durable, Links};
use crate::os::lock::Lock;
use crate::state::dropped::Loss;
use crate::state::entry::Entry;
use crate::state::local::spool::PATIENCE;

pub(super) const LOSS: &str = ".given-up";
const LOSS_LOCK: &str = ".given-up.lock";

/// How many alerts are counted at once before they are removed. Their names fit into the file.
const BATCH: usize = 1_000;

impl Queue {
    /// Removes alerts that are not to be sent, and counts them; not those that are being sent. Stops at
    /// the deadline; where another is at it, waits for that one if there is a deadline.
    ///
    /// Each batch is counted, together with its names, before it is removed: after a crash between
    /// the two the next one knows what is counted already.
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

    pub(crate) fn loss(&self) -> io::Result<Loss> {
        let content = file::read(&self.folder.join(LOSS), LIMIT, Links::Refuse)?;
        Ok(content.map_or_else(Loss::default, |content| Loss::parse(&content)))
    }

    pub(crate) fn loss_to_report(&self) -> io::Result<Dropped> {
        if !self.folder.join(LOSS).try_exists()? {
            return Ok(Dropped::default());
        }
        match Lock::acquire(&self.folder.join(LOSS_LOCK), ffi::within(PATIENCE))? {
            Some(_lock) => Ok(self.settled_loss()?.dropped),
            None => Ok(Dropped::default()),
        }
    }

    pub(crate) fn loss_sent(&self, said: &Dropped) -> io::Result<()> {
        let lock = Lock::acquire(&self.folder.join(LOSS_LOCK), ffi::within(PATIENCE))?;
        let _lock = lock.ok_or(io::ErrorKind::WouldBlock)?;
        let mut loss = self.settled_loss()?;
        loss.take_off(said);
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

    pub(super) fn set_loss(&self, loss: &Loss, durable: Durable) -> io::Result<()> {
        write(&self.folder, LOSS, &loss.render(), durable)
    }
}
