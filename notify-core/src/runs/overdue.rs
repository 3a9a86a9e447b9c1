//! Runs that take longer than they should, watched by a thread that is there only where one may.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use crate::os::per_process::PerProcess;
use crate::os::warning::Warning;

static WATCH: PerProcess<Watch> = PerProcess::new();

#[derive(Debug, Default)]
struct Watch {
    due: Mutex<Due>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Due {
    /// When each run under way is overdue.
    runs: BTreeSet<(Instant, u64)>,
    is_watched: bool,
}

/// Has `tell` called with the run, if it is still under way at that time.
pub(crate) fn watch(at: Instant, run: u64, tell: fn(u64)) {
    let watch = WATCH.get();
    let mut due = watch.lock();
    due.runs.insert((at, run));
    if !due.is_watched {
        let thread = thread::Builder::new().name("notify-overdue".to_owned());
        match thread.spawn(move || watch.run(tell)) {
            Ok(_) => due.is_watched = true,
            Err(error) => {
                drop(due);
                let message =
                    format!("there is no thread to watch for runs that are overdue: {error}");
                Warning::new("overdue", message).tell();
                return;
            }
        }
    }
    watch.changed.notify_one();
}

/// Ends the watch over a run that has ended.
pub(crate) fn forget(at: Instant, run: u64) {
    WATCH.get().lock().runs.remove(&(at, run));
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: it sleeps until the next run is overdue.
    fn run(&self, tell: fn(u64)) {
        let mut due = self.lock();
        loop {
            let now = Instant::now();
            due = match due.runs.first().copied() {
                Some((at, run)) if at <= now => {
                    due.runs.pop_first();
                    drop(due);
                    tell(run);
                    self.lock()
                }
                Some((at, _)) => {
                    let waited = self.changed.wait_timeout(due, at - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self
                    .changed
                    .wait(due)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}
