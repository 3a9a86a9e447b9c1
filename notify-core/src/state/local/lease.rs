//! Records of the runs under way: one file for each process, whose lock says that it lives.
//!
//! A record begins with a block that describes the process; a slot follows for each outermost run.
//! The kernel drops the lock when the process ends, however it ends.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use super::lease_format::block;
#[cfg(test)]
pub(crate) use super::lease_format::blocks;
use super::lease_format::{ENDED, set_capacity};
pub(crate) use super::lease_scan::Expired;
use crate::format::fields::Fields;
use crate::os::engine::{self, Part};
use crate::os::file::{self, Links, Mark};
use crate::os::random;
use crate::state::change::RunKey;

/// A forked child closes its copy of the file: the lock would outlive the parent otherwise.
static RECORD: Part<Mutex<Option<Record>>> = Part::beginning(engine::Slot::Record, |parents| {
    if let Some(Ok(mut record)) = parents.map(Mutex::try_lock) {
        record.take().into_iter().for_each(Record::let_go);
    }
    Mutex::default()
});

/// This process's record.
#[derive(Debug)]
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
}

#[derive(Debug)]
struct Slot {
    offset: u64,
    capacity: usize,
    run: Option<u64>,
    /// The record says so already.
    has_ended: bool,
}

/// Writes down that a run has begun.
///
/// # Errors
///
/// Where the record cannot be written; the run's death would go unreported.
pub(crate) fn begin(
    folder: &Path,
    run: u64,
    fields: &str,
    process: impl FnOnce() -> Fields,
) -> io::Result<()> {
    let mut record = lock();
    let is_usable = |record: &Record| record.is_in(folder) && record.is_open();
    if record.as_ref().is_some_and(|record| !is_usable(record)) {
        remove(record.take());
    }
    match &mut *record {
        Some(record) => record.begin(run, fields),
        None => {
            *record = Some(Record::create(folder, run, fields, &process().render())?);
            Ok(())
        }
    }
}

/// Writes down that a run has ended.
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
        std::mem::forget(record.file);
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
    RECORD.get().lock().unwrap_or_else(PoisonError::into_inner)
}

impl Record {
    /// Writes the record under a hidden name, locks it, and only then shows it: one that is seen
    /// without its lock is dead.
    fn create(folder: &Path, run: u64, fields: &str, process: &str) -> io::Result<Self> {
        let name = format!("{}-{:016x}", engine::pid(), random::number());
        let temporary = folder.join(format!(".{name}"));
        let path = folder.join(&name);
        let options = &mut OpenOptions::new();
        let (file, _) = file::open_private(&temporary, options.read(true).write(true))?;
        let written = (|| {
            file.try_lock().map_err(io::Error::from)?;
            let (process, first) = (block(process), block(fields));
            file::write_at(&file, &[&*process, &*first].concat(), 0)?;
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
    fn begin(&mut self, run: u64, fields: &str) -> io::Result<()> {
        let earlier = self.slots.iter().position(|slot| slot.run == Some(run));
        let mut block = block(fields);
        let free = self
            .slots
            .iter_mut()
            .find(|slot| slot.run.is_none() && slot.capacity >= block.len());
        if let Some(slot) = free {
            if slot.capacity != block.len() {
                set_capacity(&mut block, slot.capacity);
            }
            file::write_at(&self.file, &block, slot.offset)?;
            slot.run = Some(run);
            slot.has_ended = false;
        } else {
            file::write_at(&self.file, &block, self.end)?;
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
            std::mem::forget(self.file);
        }
    }

    /// Compared as text, for that is much less work than part by part.
    fn is_in(&self, folder: &Path) -> bool {
        self.folder.as_os_str() == folder.as_os_str()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::state::local::lease_scan::{UNSHOWN, find_dead};
    use crate::testing::Folder;

    fn run(name: &str) -> String {
        format!("job: {name}\n")
    }

    /// The jobs of the runs that a process left under way which dies now.
    fn left_by(record: Record, folder: &Folder) -> Vec<String> {
        drop(record);
        let dead = find_dead(folder.path(), |_| true);
        let runs = dead.iter().flat_map(|dead| &dead.runs);
        runs.filter_map(|(_, run)| run.get("job").map(str::to_owned))
            .collect()
    }

    #[test]
    fn a_process_that_dies_leaves_its_open_runs_and_one_that_lives_leaves_none() {
        let folder = Folder::new();
        let mut record = Record::create(folder.path(), 1, &run("a"), &run("process")).unwrap();
        for (number, job) in [(2, "b"), (3, "c")] {
            record.begin(number, &run(job)).unwrap();
        }
        record.end(2);
        record.begin(4, &run("d")).unwrap();
        assert!(find_dead(folder.path(), |_| true).is_empty(), "it lives");
        assert_eq!(
            left_by(record, &folder),
            ["a", "d", "c"],
            "the freed slot is used again"
        );
    }

    #[test]
    fn processes_are_found_in_the_order_in_which_they_died() {
        let folder = Folder::new();
        for age in [3, 1, 4, 2] {
            let job = run(&age.to_string());
            let record = Record::create(folder.path(), 1, &job, &run("process")).unwrap();
            let time = SystemTime::now() - Duration::from_secs(age);
            record.file.set_modified(time).unwrap();
        }
        let dead = find_dead(folder.path(), |_| true);
        let jobs: Vec<_> = dead
            .iter()
            .filter_map(|dead| dead.runs[0].1.get("job"))
            .collect();
        assert_eq!(jobs, ["4", "3", "2", "1"]);
    }

    #[test]
    fn a_run_that_is_recorded_twice_is_ended_by_one_end() {
        let folder = Folder::new();
        let mut record = Record::create(folder.path(), 1, &run("a"), &run("process")).unwrap();
        record.begin(1, &run("a, by a Config")).unwrap();
        record.end(1);
        assert_eq!(left_by(record, &folder), Vec::<String>::new());
    }

    #[test]
    fn an_end_is_written_into_the_record_and_no_file_of_the_program() {
        let folder = Folder::new();
        let path = folder.path().join(".program's own");
        let mut record = Record::create(folder.path(), 1, &run("a"), &run("process")).unwrap();
        // As where the program closes all that is open, and opens a file of its own.
        record.file = File::create(&path).unwrap();
        record.end(1);
        assert_eq!(fs::read(&path).unwrap(), b"");
        assert_eq!(left_by(record, &folder), Vec::<String>::new());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_record_that_is_let_go_of_closes_no_file_of_the_program() {
        use std::os::fd::AsRawFd as _;
        let folder = Folder::new();
        let path = folder.path().join("program's own");
        let mut record = Record::create(folder.path(), 1, &run("a"), &run("process")).unwrap();
        // As in a forked child that closes all that is open, and opens a file of its own.
        record.file = File::create(&path).unwrap();
        let link = format!("/proc/self/fd/{}", record.file.as_raw_fd());
        record.let_go();
        assert_eq!(fs::read_link(link).unwrap(), path);
    }

    #[test]
    fn a_record_that_was_never_shown_is_removed_once_it_is_old_and_nobodys() {
        let folder = Folder::new();
        let make = |name: &str, age: Duration| {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
            file
        };
        make(".young", UNSHOWN / 2);
        make(".old", UNSHOWN * 2);
        let locked = make(".locked", UNSHOWN * 2);
        locked.lock().unwrap();
        assert!(find_dead(folder.path(), |_| true).is_empty());
        let left = |name: &str| folder.path().join(name).exists();
        assert_eq!([".young", ".old", ".locked"].map(left), [true, false, true]);
    }
}
