//! Work that is due while a run goes on, such as the report that it is overdue.
//!
//! Its thread exists only where a run may need it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::os::engine::{Part, Slot};
use crate::os::warning::Warning;
use crate::os::worker::{Work, Worker};

static WATCH: Part<Worker<Watch>> = Part::new(Slot::Overdue);

/// When something is to be done about each run under way, and what is called then.
#[derive(Default)]
struct Watch(BTreeMap<(Instant, u64), fn(u64)>);

/// Has `report` called with the run, if it is still under way at that time.
pub(crate) fn watch(at: Instant, run: u64, report: fn(u64)) {
    let watch = WATCH.get();
    watch.lock().0.insert((at, run), report);
    if let Err(error) = watch.wake() {
        let message = format!("there is no thread to watch runs that are under way: {error}");
        Warning::new("overdue", message).warn();
    }
}

/// Ends the watch over a run that has ended.
pub(crate) fn forget(at: Instant, run: u64) {
    WATCH.get().lock().0.remove(&(at, run));
}

impl Work for Watch {
    const NAME: &'static str = "notify-overdue";
    type Step = (u64, fn(u64));

    fn next(&mut self) -> Result<Self::Step, Option<Duration>> {
        let first = self.0.first_entry().ok_or(None)?;
        let (at, run) = *first.key();
        match at.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => Err(Some(left)),
            _ => Ok((run, first.remove())),
        }
    }

    fn act(_: &'static Worker<Self>, (run, report): Self::Step) {
        report(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 13, point 5.
    #[cfg(unix)]
    #[test]
    fn a_child_that_is_forked_while_a_thread_watches_a_run_does_not_wait_for_it() {
        assert!(crate::testing::a_run_ends_in_a_fork_while(|| WATCH
            .get()
            .lock()));
    }
}
