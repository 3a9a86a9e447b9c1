//! What this process knows of its jobs, so that a silent run need not ask the disk: write-behind.
//!
//! A run that tells nothing new changes memory alone, for a short time after the job's status was exchanged
//! with the disk, and as long as nobody else has changed what the job's status says: the id in the job's lock
//! file says so. Times and counts alone leave the id, so that processes that are all silent do not disturb each
//! other. Everything else takes the whole way, and takes the job out of memory meanwhile.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::lock_file::{self, Id, LockFile};
use super::{Directory, LOCKS, lease};
use crate::format::time::Time;
use crate::rules::Past;
use crate::state::{Access, Decide, Seen};
use crate::status::decision::Decided;
use crate::status::{State, Status};

/// For so long after an exchange with the disk a silent run may stay in memory.
pub(super) const MAX_BEHIND: Duration = Duration::from_millis(50);

/// Silent runs that follow one another have a line in the history so often.
pub(super) const HISTORY_EVERY: Duration = Duration::from_secs(1);

/// Jobs of one lock that are remembered: only programs that name jobs at run time have so many.
const MAX_JOBS_OF_LOCK: usize = 4;

/// Lock files that are kept open to read ids; of others the file is opened each time.
const MAX_OPEN: usize = 8;

/// One that was not read for so long makes room for another.
const IDLE: Duration = Duration::from_secs(1);

/// When nothing is to be written.
const NEVER: u64 = u64::MAX;

/// The jobs of one process in one notify directory.
#[derive(Debug)]
pub(super) struct Memory {
    slots: Vec<Mutex<Slot>>,
    /// The first time at which something may have to be written, in microseconds after `begun`.
    due: AtomicU64,
    begun: Instant,
    /// How many lock files are open.
    open: AtomicUsize,
}

/// The jobs of one lock.
#[derive(Debug, Default)]
struct Slot {
    /// Kept to read the id, and never to lock: two threads on one descriptor would not exclude each other.
    lock_file: Option<LockFile>,
    used: Option<Instant>,
    jobs: Vec<Job>,
}

/// A job as this process last left it.
#[derive(Debug)]
pub(in crate::state) struct Job {
    file: String,
    /// What its last run made of it.
    past: Past,
    shown: Shown,
    /// The change that wrote what is on the disk.
    id: Id,
    /// When it was last exchanged with the disk,
    exchanged: Instant,
    /// and by the clock, which may jump.
    exchanged_at: Time,
    /// When its history last had a line of this process.
    pub(super) noted: Instant,
    /// Runs that are in memory alone.
    behind: u64,
}

/// By what the run that the disk shows is known, and how many it counts.
#[derive(Debug)]
pub(in crate::state) struct Shown {
    begun: Time,
    pid: Option<u32>,
    runs: u64,
    decision: Option<Decided>,
    runs_total: u64,
    failures_total: u64,
}

impl Shown {
    pub(in crate::state) fn of(status: &Status) -> Self {
        Self {
            begun: status.begun,
            pid: status.pid,
            runs: status.runs,
            decision: status.decision.clone(),
            runs_total: status.runs_total,
            failures_total: status.failures_total,
        }
    }
}

impl Job {
    /// Remembers a status that was written.
    pub(in crate::state) fn new(
        file: &str,
        status: Status,
        id: Id,
        (exchanged, exchanged_at): (Instant, Time),
        noted: Instant,
    ) -> Self {
        Self {
            file: file.to_owned(),
            shown: Shown::of(&status),
            past: Past::Known(Box::new(status)),
            id,
            exchanged,
            exchanged_at,
            noted,
            behind: 0,
        }
    }

    /// Tells whether runs of it are in memory alone.
    pub(in crate::state) fn is_behind(&self) -> bool {
        self.behind > 0
    }

    /// Adds to what was read from the disk the runs that are in memory alone; `id` is that of the last change.
    /// Of two runs of which the disk shows one, the one that began later is shown.
    pub(in crate::state) fn correct(&self, past: Past, id: Option<Id>, now: Time) -> Past {
        let mut status = match past {
            Past::Known(status) => status,
            past => return past,
        };
        let Some(own) = self.past.status().filter(|_| self.is_behind()) else {
            return Past::Known(status);
        };
        if self.is_of(&status) {
            let is_own = (status.begun, status.pid) == (self.shown.begun, self.shown.pid);
            // What began after now came before the clock was set back, and before whatever is shown.
            if is_own || own.begun > status.begun && own.begun <= now {
                (status.begun, status.took, status.pid) = (own.begun, own.took, own.pid);
                // What somebody has said of the last alert stays said.
                if id == Some(self.id) || status.decision == self.shown.decision {
                    status.decision.clone_from(&own.decision);
                }
            }
            status.runs = status.runs.saturating_add(self.behind);
        }
        if status.state == State::Error {
            let last_ok = match own.state {
                State::Ok => Some(own.begun),
                State::Error => own.last_ok,
            };
            let known = [status.last_ok, last_ok].into_iter().flatten();
            // What lies ahead came before the clock was set back.
            status.last_ok = known.max_by_key(|time| (*time <= now, *time));
        }
        // These count the runs in whatever state.
        status.runs_total += own.runs_total.saturating_sub(self.shown.runs_total);
        status.failures_total += own.failures_total.saturating_sub(self.shown.failures_total);
        Past::Known(status)
    }

    /// Adds a silent run that has seen the change of that id, and what it has left on the disk; the status,
    /// with all that is in memory alone, is written when this process's last exchange is old enough.
    pub(super) fn follow(mut self, shown: Shown, status: Status, id: Id) -> Self {
        self.behind = status.runs.saturating_sub(shown.runs);
        self.shown = shown;
        (self.past, self.id) = (Past::Known(Box::new(status)), id);
        self
    }

    /// Adds a silent run to those that are in memory alone.
    #[cfg(feature = "postgres")]
    pub(in crate::state) fn add_silent(&mut self, status: Status) {
        self.past = Past::Known(Box::new(status));
        self.behind += 1;
    }

    /// Returns what its last run made of it.
    #[cfg(feature = "postgres")]
    pub(in crate::state) fn past(&self) -> &Past {
        &self.past
    }

    /// Counts the runs that are in memory alone.
    #[cfg(feature = "postgres")]
    pub(in crate::state) fn runs_behind(&self) -> u64 {
        self.behind
    }

    /// Notes that so many of them were written, by the change of that id.
    #[cfg(feature = "postgres")]
    pub(in crate::state) fn is_written(&mut self, shown: Shown, id: Id, runs: u64) {
        self.behind = self.behind.saturating_sub(runs);
        (self.shown, self.id) = (shown, id);
    }

    /// Tells whether its runs may stay in memory.
    pub(super) fn may_stay(&self, at: Instant, now: Time) -> bool {
        self.is_young(at) && self.is_near(now)
    }

    /// Tells whether that is the status of its runs, which ends with another.
    pub(super) fn is_of(&self, status: &Status) -> bool {
        let own = self.past.status();
        own.is_some_and(|own| (own.state, own.since) == (status.state, status.since))
    }

    /// Tells whether no more time has passed by the clock, either.
    fn is_near(&self, now: Time) -> bool {
        let passed = (now - self.exchanged_at).abs().to_std();
        passed.is_ok_and(|passed| passed < MAX_BEHIND)
    }

    fn is_young(&self, at: Instant) -> bool {
        at.saturating_duration_since(self.exchanged) < MAX_BEHIND
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            slots: (0..LOCKS).map(|_| Mutex::default()).collect(),
            due: AtomicU64::new(NEVER),
            begun: Instant::now(),
            open: AtomicUsize::new(0),
        }
    }
}

impl Memory {
    fn slot(&self, slot: usize) -> MutexGuard<'_, Slot> {
        self.slots[slot]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a job out, for as long as its run takes the whole way: other runs must do the same meanwhile.
    pub(super) fn take(&self, slot: usize, file: &str) -> Option<Job> {
        let jobs = &mut self.slot(slot).jobs;
        let index = jobs.iter().position(|job| job.file == file)?;
        Some(jobs.swap_remove(index))
    }

    /// Remembers a job, which is still locked.
    pub(super) fn put(&self, slot: usize, job: Job) {
        let jobs = &mut self.slot(slot).jobs;
        if jobs.len() >= MAX_JOBS_OF_LOCK {
            let is_old = |other: &Job| !other.is_behind() && !other.is_young(job.exchanged);
            let old = jobs.iter().position(is_old);
            match old.or_else(|| jobs.iter().position(|job| !job.is_behind())) {
                Some(other) => drop(jobs.swap_remove(other)),
                None if job.is_behind() => {}
                None => return,
            }
        }
        if job.is_behind() {
            self.note_due(&job);
        }
        jobs.push(job);
    }

    /// Ends a lock, and keeps its file to read the id of its last change.
    pub(super) fn keep(&self, slot: usize, lock_file: LockFile) {
        lock_file.unlock();
        let mut slot = self.slot(slot);
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
        let idle = self.slots.iter().find_map(|slot| {
            let mut slot = slot.try_lock().ok()?;
            let is_idle = slot.used.is_none_or(is_idle);
            slot.lock_file.take_if(|_| is_idle)
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
        for slot in 0..LOCKS {
            let slot = self.slot(slot);
            for job in slot.jobs.iter().filter(|job| job.is_behind()) {
                if at.is_some_and(|at| job.is_young(at)) {
                    self.note_due(job);
                } else {
                    behind.push(job.file.clone());
                }
            }
        }
        behind
    }

    /// Tells whether runs are in memory alone; `None` where that cannot be learnt at once.
    pub(super) fn is_behind(&self) -> Option<bool> {
        if self.due.load(Ordering::Relaxed) == NEVER {
            return Some(false);
        }
        for slot in &self.slots {
            if slot.try_lock().ok()?.jobs.iter().any(Job::is_behind) {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Closes a parent's files, in its forked child.
    pub(super) fn let_go(&self) {
        for slot in &self.slots {
            if let Ok(mut slot) = slot.try_lock() {
                slot.lock_file.take().into_iter().for_each(LockFile::close);
            }
        }
    }

    fn note_due(&self, job: &Job) {
        let due = self.micros(job.exchanged + MAX_BEHIND);
        self.due.fetch_min(due, Ordering::Relaxed);
    }

    fn micros(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.begun).as_micros();
        u64::try_from(since).unwrap_or(NEVER)
    }
}

impl Directory {
    /// Ends a run in memory alone, where it may stay there; tells whether it does.
    pub(super) fn stays_in_memory(
        &self,
        slot_number: usize,
        file: &str,
        at: Instant,
        decide: Decide<'_>,
    ) -> bool {
        let memory = self.memory();
        let mut slot = memory.slot(slot_number);
        let Slot {
            lock_file,
            used,
            jobs,
        } = &mut *slot;
        let is_it = |job: &&mut Job| job.file == file && job.is_young(at);
        let Some(job) = jobs.iter_mut().find(is_it) else {
            return false;
        };
        *used = Some(at);
        let is_unchanged = match lock_file {
            Some(lock_file) => lock_file.is_at(job.id),
            None => lock_file::is_at(&self.lock_path(slot_number), job.id),
        };
        let now = self.now();
        if !is_unchanged || !job.is_near(now) {
            return false;
        }
        let change = decide(&Seen {
            past: &job.past,
            now,
            access: Access::Alone,
        });
        let Some(change) = change else { return true };
        if !change.is_nothing_new(&job.past) || !change.ends.as_ref().is_none_or(lease::end_own) {
            return false;
        }
        if let (Past::Known(known), Some(status)) = (&mut job.past, change.status) {
            **known = status;
            job.behind += 1;
            memory.note_due(job);
        }
        true
    }
}
