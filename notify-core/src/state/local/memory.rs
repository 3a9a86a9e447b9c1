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
use crate::format::time::{self, Micros, Time};
use crate::os::ffi::OnceBox;
use crate::rules::Past;
use crate::state::{Access, Again, Kind, Repeat, Seen};
use crate::status::decision::Decided;
use crate::status::{State, Status};

/// For so long after an exchange with the disk a silent run may stay in memory.
pub(super) const MAX_BEHIND: Duration = Duration::from_millis(50);
pub(super) const MAX_BEHIND_MICROS: Micros = 50_000;

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
    /// Made when they are first used, for most processes have few jobs.
    slots: [OnceBox<Mutex<Slot>>; LOCKS],
    /// The first time at which something may have to be written, in microseconds after `begun`.
    due: AtomicU64,
    begun: Instant,
    /// How many lock files are open.
    open: AtomicUsize,
}

/// The jobs of one lock, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
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
    /// The status file that says so, where it was written as a whole.
    pub(super) text: Option<String>,
    shown: Shown,
    /// The change that wrote what is on the disk.
    id: Id,
    /// How long its runs may stay in memory,
    until: Instant,
    /// and when it was last exchanged with the disk, by the clock, which may jump.
    exchanged_at: Micros,
    /// Which runs repeat the one that has left `past`, if some do,
    pub(in crate::state) alike: Option<Alike>,
    /// and those that have.
    repeated: Repeated,
    /// When its history last had a line of this process.
    pub(super) noted: Instant,
    /// Runs that are in memory alone.
    behind: u64,
}

/// Which runs repeat another.
#[derive(Debug)]
pub(in crate::state) struct Alike {
    definition: usize,
    error: Option<String>,
    /// They end by then.
    until: Micros,
    /// What is decided on them.
    decision: Option<Decided>,
}

/// Runs that have repeated another.
#[derive(Debug, Default, Clone, Copy)]
struct Repeated {
    number: u64,
    /// When the last one began, and how long it took.
    begun: Micros,
    took: Duration,
    pid: u32,
}

impl Alike {
    /// Finds out which runs repeat the one that leaves this status, until then: the rules are asked about that last
    /// moment. The older a status and an alert are, the sooner they send: what is silent then is silent before.
    pub(in crate::state) fn of(again: Again<'_>, status: &Status, until: Micros) -> Option<Self> {
        let past = Past::Known(Box::new(status.clone()));
        let change = (again.decide)(&Seen {
            past: &past,
            now: time::from_micros(until),
            access: Access::Alone,
        });
        let change = change.filter(|change| change.is_nothing_new(&past))?;
        Some(Self {
            definition: again.kind.definition,
            error: again.kind.error.map(str::to_owned),
            until,
            decision: change.status?.decision,
        })
    }

    fn kind(&self) -> Kind<'_> {
        Kind {
            definition: self.definition,
            error: self.error.as_deref(),
        }
    }
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
        (exchanged, exchanged_at): (Instant, Micros),
        noted: Instant,
        alike: Option<Alike>,
    ) -> Self {
        let repeated = Repeated {
            begun: status.begun.timestamp_micros(),
            ..Repeated::default()
        };
        Self {
            file: file.to_owned(),
            shown: Shown::of(&status),
            past: Past::Known(Box::new(status)),
            text: None,
            id,
            until: exchanged + MAX_BEHIND,
            exchanged_at,
            alike,
            repeated,
            noted,
            behind: 0,
        }
    }

    /// Tells whether runs of it are in memory alone.
    pub(in crate::state) fn is_behind(&self) -> bool {
        self.behind > 0
    }

    /// Returns what a status file says, where it is as this process has left it and no run is in memory alone.
    pub(super) fn past_of(&self, content: &str) -> Option<&Past> {
        let is_it = !self.is_behind() && self.text.as_deref() == Some(content);
        is_it.then_some(&self.past)
    }

    /// Makes what is remembered the status after the last run that has repeated another.
    pub(in crate::state) fn catch_up(&mut self) {
        let number = std::mem::take(&mut self.repeated.number);
        if let (Past::Known(status), Some(alike)) = (&mut self.past, &self.alike)
            && number > 0
        {
            let Repeated {
                begun, took, pid, ..
            } = self.repeated;
            (status.begun, status.took) = (time::from_micros(begun), Some(took));
            status.pid = Some(pid);
            status.decision.clone_from(&alike.decision);
            status.runs = status.runs.saturating_add(number);
            status.runs_total += number;
            if status.state == State::Error {
                status.failures_total += number;
            }
        }
    }

    /// Tells whether that is the end of a run that repeats the one before.
    pub(in crate::state) fn is_repeated_by(&self, run: &Repeat<'_>, now: Micros) -> bool {
        let is_alike = |alike: &Alike| alike.kind() == run.kind && now <= alike.until;
        self.alike.as_ref().is_some_and(is_alike) && run.begun >= self.repeated.begun
    }

    /// Adds a run that repeats the one before.
    pub(in crate::state) fn add_repeat(&mut self, run: &Repeat<'_>) {
        let Repeat {
            begun, took, pid, ..
        } = *run;
        let number = self.repeated.number + 1;
        self.repeated = Repeated {
            number,
            begun,
            took,
            pid,
        };
        self.behind += 1;
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
    pub(super) fn follow(
        mut self,
        shown: Shown,
        status: Status,
        id: Id,
        alike: Option<Alike>,
    ) -> Self {
        self.behind = status.runs.saturating_sub(shown.runs);
        self.repeated.begun = status.begun.timestamp_micros();
        self.alike = alike;
        self.shown = shown;
        (self.past, self.id) = (Past::Known(Box::new(status)), id);
        self
    }

    /// Adds a silent run to those that are in memory alone.
    #[cfg(feature = "postgres")]
    pub(in crate::state) fn add_silent(&mut self, status: Status) {
        self.repeated.begun = status.begun.timestamp_micros();
        self.past = Past::Known(Box::new(status));
        self.behind += 1;
    }

    /// Returns what its last run made of it.
    #[cfg(feature = "postgres")]
    pub(in crate::state) fn past(&self) -> &Past {
        &self.past
    }

    /// Tells whether this process has left the status of a later run than that.
    #[cfg(feature = "postgres")]
    pub(in crate::state) fn has_left_later_than(&self, status: &Status) -> bool {
        status.begun < self.shown.begun
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
        self.is_young(at) && self.is_near(now.timestamp_micros())
    }

    /// Tells whether that is the status of its runs, which ends with another.
    pub(super) fn is_of(&self, status: &Status) -> bool {
        let own = self.past.status();
        own.is_some_and(|own| (own.state, own.since) == (status.state, status.since))
    }

    /// Tells whether no more time has passed by the clock, either.
    fn is_near(&self, now: Micros) -> bool {
        now.abs_diff(self.exchanged_at) < MAX_BEHIND_MICROS.unsigned_abs()
    }

    fn is_young(&self, at: Instant) -> bool {
        at < self.until
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
    fn slot(&self, slot: usize) -> MutexGuard<'_, Slot> {
        let slot = self.slots[slot].get_or_make(Mutex::default);
        slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns those that were used.
    fn slots(&self) -> impl Iterator<Item = &Mutex<Slot>> {
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
        let idle = self.slots().find_map(|slot| {
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
        for slot in self.slots() {
            let slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// Tells whether runs are in memory alone; `None` where that cannot be learnt at once.
    pub(super) fn is_behind(&self) -> Option<bool> {
        if self.due.load(Ordering::Relaxed) == NEVER {
            return Some(false);
        }
        for slot in self.slots() {
            if slot.try_lock().ok()?.jobs.iter().any(Job::is_behind) {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Closes a parent's files, in its forked child.
    pub(super) fn let_go(&self) {
        for slot in self.slots() {
            if let Ok(mut slot) = slot.try_lock() {
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
    /// Ends a run in memory alone, where it repeats the one before and may stay there; tells whether it does.
    pub(super) fn stays_in_memory(&self, slot_number: usize, file: &str, run: &Repeat<'_>) -> bool {
        let memory = self.memory();
        let mut slot = memory.slot(slot_number);
        let Slot {
            lock_file,
            used,
            jobs,
        } = &mut *slot;
        let is_it = |job: &&mut Job| job.file == file && job.is_young(run.at);
        let Some(job) = jobs.iter_mut().find(is_it) else {
            return false;
        };
        *used = Some(run.at);
        let is_unchanged = match lock_file {
            Some(lock_file) => lock_file.is_at(job.id),
            None => lock_file::is_at(&self.lock_path(slot_number), job.id),
        };
        let now = (self.clock)();
        let stays = is_unchanged
            && job.is_near(now)
            && job.is_repeated_by(run, now)
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
