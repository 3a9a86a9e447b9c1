//! The ends of runs that their threads are reporting: the exit of the process waits for them.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::runs::registry::{OPEN, Open};
use crate::runs::sharded::Sharded;

thread_local! {
    /// How many ends this thread is at.
    static OWN: Cell<usize> = const { Cell::new(0) };
}

/// How long the exit sleeps between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// The end of a run, from before it leaves the runs under way until all of it is written.
pub(super) struct UnderWay {
    taken: &'static AtomicUsize,
    is_counted: Cell<bool>,
}

impl UnderWay {
    pub(super) fn begin(number: u64, runs: &'static Sharded<Open>) -> Self {
        let end = Self {
            taken: runs.taken(number),
            is_counted: Cell::new(false),
        };
        end.resume();
        end
    }

    /// Counts the end, which [`pause`](Self::pause) has left out.
    pub(super) fn resume(&self) {
        if !self.is_counted.replace(true) {
            self.taken.fetch_add(1, Ordering::AcqRel);
            OWN.set(OWN.get() + 1);
        }
    }

    /// Leaves it to the exit, if that comes meanwhile.
    pub(super) fn pause(&self) {
        if self.is_counted.replace(false) {
            self.taken.fetch_sub(1, Ordering::AcqRel);
            OWN.set(OWN.get() - 1);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.pause();
    }
}

/// Returns how many ends this thread is at. If it exits now, it comes to the end of none of them.
pub(super) fn own() -> usize {
    OWN.get()
}

/// Returns whether no thread is at an end but one that is at `own`.
pub(super) fn are_none_but(own: usize) -> bool {
    OPEN.get().all_taken() <= own
}

/// Waits until no thread is at an end but one that is at `own`.
pub(super) fn wait_for_others(own: usize, deadline: Instant) {
    while !are_none_but(own) && Instant::now() < deadline {
        thread::sleep(PAUSE);
    }
}
