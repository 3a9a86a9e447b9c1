//! What this process knows of its jobs, so that a silent run need not ask the disk: write-behind.
//!
//! A run that says nothing new changes memory alone, for a short time after the job's status was exchanged
//! with the disk, and as long as nobody else has changed what the job's status says: the id in the job's lock
//! file says so. Times and counts alone leave the id, so that processes that are all silent do not disturb each
//! other. Everything else takes the whole way, and takes the job out of memory meanwhile.

mod job;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, MutexGuard};
use std::time::{Duration, Instant};

use super::lock_file::{self, Descriptor, LockFile};
use super::{Directory, LOCKS, lease};
use crate::format::time::Micros;
use crate::os::ffi::OnceBox;
use crate::os::mutex::{self, Mutex};
use crate::rules::Past;
use crate::state::Repeat;

pub(in crate::state) use job::{Alike, Job, Shown};

/// For so long after an exchange with the disk a silent run may stay in memory.
pub(super) const MAX_BEHIND: Duration = Duration::from_millis(50);
pub(super) const MAX_BEHIND_MICROS: Micros = 50_000;

/// Silent runs that follow one another have a line in the history so often.
pub(super) const HISTORY_EVERY: Duration = Duration::from_secs(1);

/// Jobs of one lock that are remembered: only programs that name jobs at run time have so many.
const MAX_JOBS_OF_LOCK: usize = 4;

/// Lock files that are kept open to read ids; of others the file is opened each time.
const MAX_OPEN: usize = 8;

/// A kept file that was not read for this long makes room for another.
const IDLE: Duration = Duration::from_secs(1);

/// A thread waits for so long for another of its process that has taken a job out of memory; else both would wait for
/// each other's lock of the file, which wakes nobody.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);

/// When nothing is to be written.
const NEVER: u64 = u64::MAX;

/// The jobs of one process in one notify directory.
pub(super) struct Memory {
    /// Made when they are first used, for most processes have few jobs.
    slots: [OnceBox<JobsOfLock>; LOCKS],
    /// The first time at which something may have to be written, in microseconds after `begun`.
    due: AtomicU64,
    begun: Instant,
    /// How many lock files are open.
    open: AtomicUsize,
}

/// The jobs of one lock, on cache lines of their own.
#[derive(Default)]
#[repr(align(128))]
struct JobsOfLock {
    slot: Mutex<Slot>,
    /// The descriptor of the kept lock file.
    descriptor: Descriptor,
    /// Wakes those who wait for a thread on the whole way.
    is_back: Condvar,
}

#[derive(Default)]
struct Slot {
    /// Kept to read the id. Who locks it takes it out: two threads on one descriptor would not exclude each other.
    lock_file: Option<LockFile>,
    used: Option<Instant>,
    jobs: Vec<Job>,
    /// How many threads of this process are on the whole way.
    away: usize,
    /// How many wait for one of those: to wake nobody costs a system call, too.
    waiting: usize,
}

/// The whole way of one thread: it has perhaps taken the job out of memory, and others wait for what it brings back.
pub(super) struct WholeWay<'a>(&'a JobsOfLock);

impl Drop for WholeWay<'_> {
    fn drop(&mut self) {
        let mut slot = self.0.slot.lock();
        slot.away -= 1;
        if slot.waiting > 0 {
            self.0.is_back.notify_all();
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            slots: [const { OnceBox::new() }; LOCKS],
            due: AtomicU64::new(NEVER),
            begun: Instant::now(),
            open: AtomicUsize::new(0),
        }
    }
}

impl Memory {
    fn of_lock(&self, number: usize) -> &JobsOfLock {
        self.slots[number].get_or_make(JobsOfLock::default)
    }

    fn slot(&self, number: usize) -> MutexGuard<'_, Slot> {
        self.of_lock(number).slot.lock()
    }

    fn used(&self) -> impl Iterator<Item = &JobsOfLock> {
        self.slots.iter().filter_map(OnceBox::get)
    }

    /// Takes a job out, for as long as its run takes the whole way: other runs must do the same meanwhile.
    pub(super) fn take(&self, slot: usize, file: &str) -> Option<Job> {
        let jobs = &mut self.slot(slot).jobs;
        let index = jobs.iter().position(|job| job.file == file)?;
        let mut job = jobs.swap_remove(index);
        job.catch_up();
        Some(job)
    }

    /// Returns what this process last left of a job, and leaves it in.
    pub(super) fn past(&self, slot: usize, file: &str) -> Option<Past> {
        let jobs = &mut self.slot(slot).jobs;
        let job = jobs.iter_mut().find(|job| job.file == file)?;
        job.catch_up();
        Some(job.past.clone())
    }

    /// Remembers a job, which is still locked.
    pub(super) fn put(&self, slot: usize, job: Job) {
        let jobs = &mut self.slot(slot).jobs;
        if jobs.len() >= MAX_JOBS_OF_LOCK {
            let written = jobs.iter().enumerate().filter(|(_, job)| !job.is_behind());
            match written.min_by_key(|(_, job)| job.until) {
                Some((oldest, _)) => drop(jobs.swap_remove(oldest)),
                None if job.is_behind() => {}
                None => return,
            }
        }
        if job.is_behind() {
            self.note_due(&job);
        }
        jobs.push(job);
    }

    /// Has other threads wait for what this one brings back.
    pub(super) fn go_the_whole_way(&self, number: usize) -> WholeWay<'_> {
        let of_lock = self.of_lock(number);
        of_lock.slot.lock().away += 1;
        WholeWay(of_lock)
    }

    /// Takes out the file of a lock, to lock it.
    pub(super) fn take_lock_file(&self, number: usize) -> Option<LockFile> {
        let of_lock = self.of_lock(number);
        let mut slot = of_lock.slot.lock();
        let kept = slot.lock_file.take()?;
        of_lock.descriptor.set(None);
        self.open.fetch_sub(1, Ordering::Relaxed);
        Some(kept)
    }

    /// Ends a lock, and keeps its file to read the id of its last change.
    pub(super) fn keep(&self, number: usize, lock_file: LockFile) {
        lock_file.unlock();
        let of_lock = self.of_lock(number);
        let mut slot = of_lock.slot.lock();
        let old = slot.lock_file.take();
        let is_wanted = !slot.jobs.is_empty();
        let new = if is_wanted && (old.is_some() || self.make_room()) {
            slot.lock_file.replace(lock_file)
        } else {
            Some(lock_file)
        };
        if old.is_some() && slot.lock_file.is_none() {
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
        of_lock.descriptor.set(slot.lock_file.as_ref());
        drop(slot);
        old.into_iter().chain(new).for_each(LockFile::close);
    }

    /// Makes room for one more open file; `false` where all are in use.
    fn make_room(&self) -> bool {
        let more = |open: usize| (open < MAX_OPEN).then_some(open + 1);
        let order = Ordering::Relaxed;
        if self.open.fetch_update(order, order, more).is_ok() {
            return true;
        }
        let now = Instant::now();
        let is_idle = |used: Instant| now.saturating_duration_since(used) >= IDLE;
        let idle = self.used().find_map(|of_lock| {
            let mut slot = of_lock.slot.try_lock()?;
            let is_idle = slot.used.is_none_or(is_idle);
            let idle = slot.lock_file.take_if(|_| is_idle)?;
            of_lock.descriptor.set(None);
            Some(idle)
        });
        let has_room = idle.is_some();
        idle.into_iter().for_each(LockFile::close);
        has_room
    }

    /// Returns the jobs of which runs are in memory alone; those for which `at` is not too late are left, if
    /// that is given.
    pub(super) fn behind(&self, at: Option<Instant>) -> Vec<String> {
        if at.is_some_and(|at| self.micros(at) < self.due.load(Ordering::Relaxed)) {
            return Vec::new();
        }
        self.due.store(NEVER, Ordering::Relaxed);
        let mut behind = Vec::new();
        for of_lock in self.used() {
            let slot = of_lock.slot.lock();
            for job in slot.jobs.iter().filter(|job| job.is_behind()) {
                // Also of one that is about to be written, for that may fail.
                self.note_due(job);
                if at.is_none_or(|at| !job.is_young(at)) {
                    behind.push(job.file.clone());
                }
            }
        }
        behind
    }

    /// Returns whether runs are in memory alone; `None` where that cannot be learnt at once.
    pub(super) fn is_behind(&self) -> Option<bool> {
        if self.due.load(Ordering::Relaxed) == NEVER {
            return Some(false);
        }
        for of_lock in self.used() {
            let slot = of_lock.slot.try_lock()?;
            if slot.jobs.iter().any(Job::is_behind) {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Closes a parent's files, in its forked child.
    pub(super) fn let_go(&self) {
        for of_lock in self.used() {
            if let Some(mut slot) = of_lock.slot.try_lock() {
                of_lock.descriptor.set(None);
                slot.lock_file.take().into_iter().for_each(LockFile::close);
            }
        }
    }

    fn note_due(&self, job: &Job) {
        let due = self.micros(job.until);
        // Looked at first: a write would take the line from other threads.
        if due < self.due.load(Ordering::Relaxed) {
            self.due.fetch_min(due, Ordering::Relaxed);
        }
    }

    fn micros(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.begun).as_micros();
        u64::try_from(since).unwrap_or(NEVER)
    }
}

impl Directory {
    /// Ends a run in memory alone, where it repeats the one before and may stay there; returns whether it does.
    pub(super) fn stays_in_memory(&self, slot_number: usize, file: &str, run: &Repeat<'_>) -> bool {
        let memory = self.memory();
        let of_lock = memory.of_lock(slot_number);
        // Before the lock, for which others wait; what another thread has changed meanwhile is read anew.
        let mut id = of_lock.descriptor.id();
        let mut slot = of_lock.slot.lock();
        let is_out =
            |slot: &mut Slot| slot.away > 0 && slot.jobs.iter().all(|job| job.file != file);
        if is_out(&mut slot) {
            slot.waiting += 1;
            let waited = of_lock.is_back.wait_timeout_while(slot, PATIENCE, is_out);
            slot = mutex::whole(waited).0;
            slot.waiting -= 1;
            id = None;
        }
        let Slot {
            lock_file,
            used,
            jobs,
            ..
        } = &mut *slot;
        let is_it = |job: &&mut Job| job.file == file && job.is_young(run.at);
        let Some(job) = jobs.iter_mut().find(is_it) else {
            return false;
        };
        *used = Some(run.at);
        let mut is_unchanged = || match lock_file {
            _ if id == Some(job.id) => true,
            Some(lock_file) => lock_file.is_at(job.id),
            None => lock_file::is_at(&self.lock_path(slot_number), job.id),
        };
        let stays = job.is_near(run.ended_at())
            && job.is_repeated_by(run)
            && is_unchanged()
            && run.ends.is_none_or(lease::end_own);
        if stays {
            if job.behind == 0 {
                memory.note_due(job);
            }
            job.add_repeat(run);
        }
        stays
    }
}
