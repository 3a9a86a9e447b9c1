//! Records of the runs under way: one file for each process, which its lock tells to be alive.
//!
//! A record begins with a block that describes the process; a slot follows for each outermost run.
//! The kernel drops the lock when the process ends, however it ends.

#[cfg(feature = "cli")]
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::change::Place;
use crate::fields::Fields;
use crate::file::{self, Links, Mark};
use crate::id;
use crate::process::{self, PerProcess};
use crate::time::Time;

/// Blocks and slots are multiples of this, so that a freed slot fits most runs.
const UNIT: usize = 512;

/// The length of what precedes a block's text: its state, its capacity, the text's length, its hash.
const HEAD: usize = 37;

/// The largest record that is read: some ten thousand runs at once.
const LIMIT: u64 = 16 * 1024 * 1024;

/// A record that has not been shown for this long never will be.
const UNSHOWN: Duration = Duration::from_secs(60);

const OPEN: char = 'o';
const ENDED: u8 = b'e';

/// A forked child closes its copy of the file: the lock would outlive the parent otherwise.
static RECORD: PerProcess<Mutex<Option<Record>>> = PerProcess::letting_go(|parents| {
    if let Ok(mut record) = parents.try_lock() {
        record.take().into_iter().for_each(Record::let_go);
    }
});

/// This process's record.
#[derive(Debug)]
struct Record {
    /// It is locked for as long as it is open.
    file: File,
    /// It is on the file as long as the program has not closed that.
    mark: Mark,
    path: PathBuf,
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

/// A record whose process is dead.
#[derive(Debug)]
pub(crate) struct Dead {
    /// It is locked, so that nobody else reports it meanwhile.
    file: File,
    path: PathBuf,
    /// When the process is last known to have been alive.
    pub(crate) seen: Time,
    pub(crate) process: Fields,
    /// The runs that were under way.
    pub(crate) runs: Vec<(Place, Fields)>,
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
pub(crate) fn place(run: u64) -> Option<Place> {
    lock().as_ref()?.place(run)
}

/// Removes this process's record, at its exit, if no run is under way.
pub(crate) fn close() {
    let mut record = lock();
    if record
        .as_ref()
        .is_some_and(|record| record.slots.iter().all(|slot| slot.run.is_none()))
    {
        remove(record.take());
    }
}

fn remove(record: Option<Record>) {
    if let Some(record) = record {
        let _ = fs::remove_file(&record.path);
        record.let_go();
    }
}

/// Writes into a record that the run there has ended.
pub(crate) fn end_at(folder: &Path, place: &Place) -> io::Result<()> {
    if let Some(record) = &mut *lock()
        && record.name == place.record
        && record.is_in(folder)
        && let Some(slot) = record
            .slots
            .iter()
            .position(|slot| slot.offset == place.offset)
    {
        return record.end_slot(slot);
    }
    write_ended(&folder.join(&*place.record), place.offset)
}

fn write_ended(record: &Path, offset: u64) -> io::Result<()> {
    let file = file::open(record, OpenOptions::new().write(true), Links::Refuse)?;
    file::write_at(&file, &[ENDED], offset)
}

/// Finds the records of dead processes, but for those that cannot be judged from here: in the order in
/// which they died, so that of one job's deaths the first is the news.
pub(crate) fn find_dead(folder: &Path, judge: impl Fn(&Fields) -> bool) -> Vec<Dead> {
    let own = lock().as_ref().map(|record| record.path.clone());
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let mut dead: Vec<_> = entries
        .filter(|path| Some(path) != own.as_ref())
        .filter_map(|path| Dead::open(path, &judge).ok().flatten())
        .collect();
    dead.sort_by_key(|dead| dead.seen);
    dead
}

/// Returns the records that no process has locked: those of the dead, and of this process none.
#[cfg(feature = "cli")]
pub(crate) fn unlocked(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let shown = entries.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    let is_free = |path: &PathBuf| {
        file::open(path, OpenOptions::new().read(true), Links::Refuse)
            // Shared, so that two that look do not see each other's lock.
            .is_ok_and(|file| file.try_lock_shared().is_ok())
    };
    shown.map(|entry| entry.path()).filter(is_free).collect()
}

/// A record as others see it.
#[cfg(feature = "cli")]
#[derive(Debug)]
pub(crate) struct Seen {
    /// Whether a process holds its lock.
    pub(crate) is_locked: bool,
    pub(crate) process: Fields,
    /// The runs that are under way in it.
    pub(crate) runs: Vec<Fields>,
}

/// Looks at the records of a folder, and leaves them as they are.
#[cfg(feature = "cli")]
pub(crate) fn look(folder: &Path) -> io::Result<Vec<Seen>> {
    let mut seen = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
        if path.file_name().is_some_and(is_hidden) {
            continue;
        }
        // One that is gone has ended meanwhile.
        if let Ok(file) = file::open(&path, OpenOptions::new().read(true), Links::Refuse) {
            // Shared, so that two that look do not see each other's lock.
            let is_locked = file.try_lock_shared().is_err();
            if is_locked || is_still_at(&file, &path).unwrap_or(false) {
                seen.extend(
                    file::read_open(&file, LIMIT).map(|content| Seen::parse(&content, is_locked)),
                );
            }
        }
    }
    Ok(seen)
}

#[cfg(feature = "cli")]
impl Seen {
    fn parse(content: &str, is_locked: bool) -> Self {
        let mut blocks = blocks(content);
        Self {
            is_locked,
            process: blocks.next().map(|block| block.fields).unwrap_or_default(),
            runs: blocks
                .filter(|block| block.is_open)
                .map(|block| block.fields)
                .collect(),
        }
    }
}

fn lock() -> MutexGuard<'static, Option<Record>> {
    RECORD.get().lock().unwrap_or_else(PoisonError::into_inner)
}

impl Record {
    /// Writes the record under a hidden name, locks it, and only then shows it: one that is seen
    /// without its lock is dead.
    fn create(folder: &Path, run: u64, fields: &str, process: &str) -> io::Result<Self> {
        let name = format!("{}-{:016x}", process::id(), id::random());
        let temporary = folder.join(format!(".{name}"));
        let path = folder.join(&name);
        let (file, metadata) = file::open_known(
            &temporary,
            OpenOptions::new().read(true).write(true).create_new(true),
            Links::Refuse,
        )?;
        let written = (|| {
            file::set_mode(&file, &metadata, 0o600)?;
            file.try_lock().map_err(io::Error::from)?;
            let block = block(process);
            file::write_at(&file, &block, 0)?;
            let mut record = Self {
                mark: Mark::set(&file)?,
                file,
                path: path.clone(),
                folder: folder.to_owned(),
                name: name.into(),
                slots: Vec::new(),
                end: block.len() as u64,
            };
            record.begin(run, fields)?;
            fs::rename(&temporary, &path)?;
            Ok(record)
        })();
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Writes a run into a slot. One that is there already, and of which a `Config` that was installed
    /// meanwhile has changed what is to be told, is written anew before the old slot is freed.
    fn begin(&mut self, run: u64, fields: &str) -> io::Result<()> {
        let earlier = self.slots.iter().position(|slot| slot.run == Some(run));
        let mut block = block(fields);
        let free = self
            .slots
            .iter_mut()
            .find(|slot| slot.run.is_none() && slot.capacity >= block.len());
        if let Some(slot) = free {
            set_capacity(&mut block, slot.capacity);
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

    /// Tells whether the descriptor is still the record's: some programs close all that are open, and
    /// what they open next gets the number.
    fn is_open(&self) -> bool {
        self.mark.is_on(&self.file)
    }

    fn place(&self, run: u64) -> Option<Place> {
        let slot = self.slots.iter().find(|slot| slot.run == Some(run))?;
        Some(Place {
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

impl Dead {
    fn open(path: PathBuf, judge: impl Fn(&Fields) -> bool) -> io::Result<Option<Self>> {
        let Some(name) = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
        else {
            return Ok(None);
        };
        let file = file::open(
            &path,
            OpenOptions::new().read(true).write(true),
            Links::Refuse,
        )?;
        if name.starts_with('.') {
            // Its process died before it showed its record, or is about to: not even its lock may
            // be touched then.
            let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
            if age > UNSHOWN && file.try_lock().is_ok() {
                fs::remove_file(&path)?;
            }
            return Ok(None);
        }
        if file.try_lock().is_err() || !is_still_at(&file, &path)? {
            return Ok(None);
        }
        let seen = DateTime::<Utc>::from(file.metadata()?.modified()?);
        let content = file::read_open(&file, LIMIT)?;
        let mut blocks = blocks(&content);
        let process = blocks.next().map(|block| block.fields).unwrap_or_default();
        if !judge(&process) {
            return Ok(None);
        }
        let runs = blocks
            .filter(|block| block.is_open)
            .map(|block| {
                (
                    Place {
                        record: name.clone().into(),
                        offset: block.offset,
                    },
                    block.fields,
                )
            })
            .collect();
        Ok(Some(Self {
            file,
            path,
            seen,
            process,
            runs,
        }))
    }

    /// Tells whether a run is still unreported: its end may stand in a journal that has only now
    /// been finished.
    pub(crate) fn is_open(&self, place: &Place) -> bool {
        let mut state = [ENDED];
        file::read_at(&self.file, &mut state, place.offset)
            .is_ok_and(|length| length == 1 && state != [ENDED])
    }

    /// Removes the record, once each of its runs is reported.
    pub(crate) fn remove(self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Lays out a text as a block: its head, the text, and room up to the next unit.
pub(crate) fn block(text: &str) -> Vec<u8> {
    let capacity = (HEAD + text.len()).next_multiple_of(UNIT);
    let mut block = String::with_capacity(capacity);
    block.push(OPEN);
    for (number, digits) in [
        (capacity as u64, 8),
        (text.len() as u64, 8),
        (id::hash(text), 16),
    ] {
        block.push(' ');
        id::push_hex(&mut block, number, digits);
    }
    block.push('\n');
    block += text;
    let mut block = block.into_bytes();
    block.resize(capacity, b'\n');
    block
}

/// Corrects the capacity in a block's head, for a slot that is larger than the block.
fn set_capacity(block: &mut [u8], capacity: usize) {
    let mut digits = String::with_capacity(8);
    id::push_hex(&mut digits, capacity as u64, 8);
    block[2..10].copy_from_slice(digits.as_bytes());
}

/// A block as it was read.
#[derive(Debug)]
pub(crate) struct Block {
    offset: u64,
    pub(crate) is_open: bool,
    pub(crate) fields: Fields,
}

/// Reads a record's blocks; one that was not written to its end never began.
pub(crate) fn blocks(content: &str) -> impl Iterator<Item = Block> {
    let mut offset = 0;
    std::iter::from_fn(move || {
        let head = content.get(offset..offset + HEAD)?;
        let mut parts = head.trim_end().split(' ');
        let is_open = parts.next()?.starts_with(OPEN);
        let mut number = || u64::from_str_radix(parts.next()?, 16).ok();
        let capacity = usize::try_from(number()?)
            .ok()
            .filter(|capacity| *capacity >= HEAD)?;
        let length = usize::try_from(number()?).ok()?;
        let sum = number()?;
        let text = content
            .get(offset + HEAD..(offset + HEAD).checked_add(length)?)
            .unwrap_or_default();
        let block = Block {
            offset: offset as u64,
            is_open: is_open && id::hash(text) == sum,
            fields: Fields::parse(text),
        };
        offset = offset.checked_add(capacity)?;
        Some(block)
    })
}

#[cfg(unix)]
fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let (open, there) = (file.metadata()?, fs::symlink_metadata(path)?);
    Ok((open.dev(), open.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn is_still_at(_file: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
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
