//! Records of the runs under way: one file for each process, whose lock says that it lives.
//!
//! A record begins with a block that describes the process; a slot follows for each outermost run.
//! The kernel drops the lock when the process ends, however it ends.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};

pub(crate) use super::lease_format::block;
#[cfg(test)]
pub(crate) use super::lease_format::blocks;
use super::lease_format::{ENDED, Pattern, set_capacity};
pub(crate) use super::lease_scan::Expired;
use crate::format::fields::Fields;
use crate::os::engine::{self, Part};
use crate::os::file::{self, Links, Mark};
use crate::os::mutex::Mutex;
use crate::os::random;
use crate::state::change::RunKey;
use crate::state::run_record::Definition;

/// A forked child closes its copy of the file: the lock would outlive the parent otherwise.
static RECORD: Part<Mutex<Option<Record>>> = Part::beginning(engine::Slot::Record, |parents| {
    if let Some(mut record) = parents.and_then(Mutex::try_lock) {
        record.take().into_iter().for_each(Record::let_go);
    }
    Mutex::default()
});

/// This process's record.
pub(super) struct Record {
    /// It is locked for as long as it is open.
    file: File,
    /// It is on the file as long as the program has not closed that.
    mark: Mark,
    pub(super) path: PathBuf,
    folder: PathBuf,
    name: Arc<str>,
    slots: Vec<Slot>,
    end: u64,
    /// The blocks of the last runs of definitions.
    known: Vec<(Definition, Pattern)>,
}

struct Slot {
    offset: u64,
    capacity: usize,
    run: Option<u64>,
    /// The record says so already.
    has_ended: bool,
}

/// Writes down that a run has begun, of which what is its `own` comes last. If it is of a `definition`, the rest is kept
/// for the next of its runs.
pub(crate) fn begin(
    folder: &Path,
    run: u64,
    (same, own): (&str, &str),
    definition: Option<Definition>,
    process: impl FnOnce() -> Fields,
) -> io::Result<()> {
    let mut record = lock();
    if record
        .as_ref()
        .is_some_and(|record| !record.is_usable(folder))
    {
        remove(record.take());
    }
    let mut pattern = Pattern::new(same, own);
    let record = match &mut *record {
        Some(record) => {
            record.begin(run, &mut pattern.block)?;
            record
        }
        None => {
            let process = process().render();
            record.insert(Record::create(folder, run, &pattern.block, &process)?)
        }
    };
    if let Some(definition) = definition {
        record.known.retain(|(known, _)| *known != definition);
        record.known.push((definition, pattern));
    }
    Ok(())
}

/// Writes down that another run of a definition has begun; `false` where none is known, or that cannot be done.
pub(crate) fn begin_again(folder: &Path, run: u64, definition: Definition, own: &str) -> bool {
    let mut record = lock();
    let Some(record) = record.as_mut().filter(|record| record.is_usable(folder)) else {
        return false;
    };
    let mut known = mem::take(&mut record.known);
    let of_it = known.iter_mut().find(|(known, _)| *known == definition);
    let block = of_it.and_then(|(_, pattern)| pattern.ending(own));
    let begun = block.map(|block| record.begin(run, block));
    // After a fault all go the whole way once, which says when it is over.
    if !matches!(begun, Some(Err(_))) {
        record.known = known;
    }
    matches!(begun, Some(Ok(())))
}

pub(crate) fn end(run: u64) {
    if let Some(record) = &mut *lock() {
        record.end(run);
    }
}

/// Returns where a run stands, so that its end can be a part of a change.
pub(crate) fn key(run: u64) -> Option<RunKey> {
    lock().as_ref()?.key(run)
}

/// Removes this process's record, at its exit, if no run is under way.
pub(crate) fn close() {
    let mut record = lock();
    let is_idle = |record: &mut Record| record.slots.iter().all(|slot| slot.run.is_none());
    if let Some(record) = record.take_if(is_idle) {
        let _ = fs::remove_file(&record.path);
        // The exit closes it.
        mem::forget(record.file);
    }
}

fn remove(record: Option<Record>) {
    if let Some(record) = record {
        let _ = fs::remove_file(&record.path);
        record.let_go();
    }
}

/// Writes into this process's record that a run has ended; `false` where that cannot be done, or it is
/// the run of another process.
pub(super) fn end_own(run: &RunKey) -> bool {
    let mut record = lock();
    let record = record.as_mut().filter(|record| record.has(run));
    record.is_some_and(|record| record.end_at(run.offset).is_some_and(|ended| ended.is_ok()))
}

/// Writes into a record that a run has ended.
pub(super) fn end_at(folder: &Path, run: &RunKey) -> io::Result<()> {
    if let Some(record) = &mut *lock()
        && record.has(run)
        && record.is_in(folder)
        && let Some(ended) = record.end_at(run.offset)
    {
        return ended;
    }
    write_ended(&folder.join(&*run.record), run.offset)
}

fn write_ended(record: &Path, offset: u64) -> io::Result<()> {
    let file = file::open(record, OpenOptions::new().write(true), Links::Refuse)?;
    file::write_at(&file, &[ENDED], offset)
}

pub(super) fn lock() -> MutexGuard<'static, Option<Record>> {
    RECORD.get().lock()
}

impl Record {
    /// Writes the record under a hidden name, locks it, and only then shows it: one that is seen
    /// without its lock is dead.
    fn create(folder: &Path, run: u64, first: &[u8], process: &str) -> io::Result<Self> {
        let name = format!("{}-{:016x}", engine::pid(), random::number());
        let temporary = folder.join(format!(".{name}"));
        let path = folder.join(&name);
        let options = &mut OpenOptions::new();
        let (file, _) = file::open_private(&temporary, options.read(true).write(true))?;
        let written = (|| {
            file.try_lock().map_err(io::Error::from)?;
            let process = block(process);
            file::write_at(&file, &[&*process, first].concat(), 0)?;
            let slot = Slot {
                offset: process.len() as u64,
                capacity: first.len(),
                run: Some(run),
                has_ended: false,
            };
            let record = Self {
                mark: Mark::set(&file)?,
                file,
                path: path.clone(),
                folder: folder.to_owned(),
                name: name.into(),
                end: slot.offset + first.len() as u64,
                slots: vec![slot],
                known: Vec::new(),
            };
            fs::rename(&temporary, &path)?;
            Ok(record)
        })();
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Writes a run into a slot. One that is there already, and of which a `Config` that was installed
    /// meanwhile has changed what is to be sent, is written anew before the old slot is freed.
    fn begin(&mut self, run: u64, block: &mut [u8]) -> io::Result<()> {
        let earlier = self.slots.iter().position(|slot| slot.run == Some(run));
        let free = self
            .slots
            .iter_mut()
            .find(|slot| slot.run.is_none() && slot.capacity >= block.len());
        if let Some(slot) = free {
            set_capacity(block, slot.capacity);
            file::write_at(&self.file, block, slot.offset)?;
            slot.run = Some(run);
            slot.has_ended = false;
        } else {
            set_capacity(block, block.len());
            file::write_at(&self.file, block, self.end)?;
            self.slots.push(Slot {
                offset: self.end,
                capacity: block.len(),
                run: Some(run),
                has_ended: false,
            });
            self.end += block.len() as u64;
        }
        if let Some(earlier) = earlier {
            self.slots[earlier].run = None;
            self.end_slot(earlier)?;
        }
        Ok(())
    }

    fn end(&mut self, run: u64) {
        if let Some(slot) = self.slots.iter().position(|slot| slot.run == Some(run)) {
            let _ = self.end_slot(slot);
            self.slots[slot].run = None;
        }
    }

    /// Writes that the run of a slot has ended, unless that was written already.
    fn end_slot(&mut self, slot: usize) -> io::Result<()> {
        let Slot {
            offset, has_ended, ..
        } = self.slots[slot];
        if has_ended {
            return Ok(());
        }
        if self.is_open() {
            file::write_at(&self.file, &[ENDED], offset)?;
        } else {
            write_ended(&self.path, offset)?;
        }
        self.slots[slot].has_ended = true;
        Ok(())
    }

    /// Returns whether the descriptor is still the record's: some programs close all that are open, and
    /// what they open next gets the number.
    fn is_open(&self) -> bool {
        self.mark.is_on(&self.file)
    }

    fn is_usable(&self, folder: &Path) -> bool {
        self.is_in(folder) && self.is_open()
    }

    fn has(&self, run: &RunKey) -> bool {
        Arc::ptr_eq(&self.name, &run.record) || self.name == run.record
    }

    fn end_at(&mut self, offset: u64) -> Option<io::Result<()>> {
        let is_there = |slot: &Slot| slot.offset == offset;
        let slot = self.slots.iter().position(is_there)?;
        Some(self.end_slot(slot))
    }

    fn key(&self, run: u64) -> Option<RunKey> {
        let slot = self.slots.iter().find(|slot| slot.run == Some(run))?;
        Some(RunKey {
            record: self.name.clone(),
            offset: slot.offset,
        })
    }

    /// Closes the file, and with it the lock; unless its descriptor is the program's by now.
    fn let_go(self) {
        if !self.is_open() {
            mem::forget(self.file);
        }
    }

    /// Compared as text, for that is much less work than part by part.
    fn is_in(&self, folder: &Path) -> bool {
        self.folder.as_os_str() == folder.as_os_str()
    }
}

#[cfg(test)]
mod tests;
