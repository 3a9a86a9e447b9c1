//! The end of the process, by whichever way: what its runs came to, and time for delivery.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dispatch::dispatcher;
use crate::notifier::heartbeat;
use crate::os::clock;
use crate::os::engine::{Part, Slot};
use crate::os::ffi;
use crate::os::inbox::Inbox;
use crate::os::isolate;
use crate::os::mutex::Mutex;
#[cfg(unix)]
use crate::os::signals::{self, Next};
use crate::os::thread;
use crate::os::warning::Warning;
use crate::runs::end::{end_all, nothing_is_left};
use crate::runs::panic::{self, OnAbort};
use crate::runs::postponed;
use crate::runs::registry::has_returned;
use crate::runs::stack;
use crate::runs::under_way;
use crate::settings::in_force;
use crate::state;
use crate::status::outcome::Outcome;

/// How long before the deadline the last work ends, so that there is time to say what is left, on a busy machine too: a
/// twentieth of the exit, at least and at most this.
const MARGIN: [Duration; 2] = [Duration::from_millis(40), Duration::from_millis(250)];

/// So long an exit waits at least where it decides what `main` came to: to write that takes a few
/// milliseconds, and nobody else knows the exit code.
const WRITING: Duration = Duration::from_millis(250);

/// How far the last work has come, and what its wait is to know besides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// What the runs came to is written.
    Written,
    /// All is done.
    Done,
    /// A signal came: nobody waits for delivery any more.
    CutShort,
}

type Steps = Arc<Inbox<Step>>;

/// The last work, which ends by a time, and calls what it is given once all is written.
type Work = Box<dyn FnOnce(Instant, &dyn Fn()) + Send>;

/// The wait of the exit that is under way, once one is.
static LEAVING: Part<Mutex<Option<Steps>>> = Part::new(Slot::Exit);

/// Has this called when the process ends.
pub(crate) fn prepare() {
    ffi::at_exit(at_exit);
    panic::on_abort(AT_ABORT);
    #[cfg(unix)]
    signals::at_signal(at_signal);
}

/// Called by the system at the exit: reports the runs that it ends, and gives delivery its time.
fn at_exit(code: Option<i32>) {
    let steps = Steps::default();
    if let Some(mut leaving) = LEAVING.get().try_lock() {
        *leaving = Some(steps.clone());
    }
    if nothing_is_left() {
        state::close();
        return;
    }
    // An `exit(0)` on another thread says that all went well.
    let inside = ffi::is_main_thread().then(stack::at_exit);
    end_runs(Outcome::Exited(code), inside, &steps);
}

/// Reports the runs that the end of the process cuts short, and gives delivery its time; see [`end_all`] for `inside`.
fn end_runs(outcome: Outcome, inside: Option<Vec<u64>>, steps: &Steps) {
    let own = under_way::own();
    let work = move |deadline, written: &dyn Fn()| {
        end_all(&outcome, inside.as_deref())
            .into_iter()
            .for_each(Warning::warn);
        under_way::wait_for_others(own, deadline);
        written();
        finish(deadline);
    };
    work_until_the_deadline(steps, Box::new(work));
}

/// Called when a signal is about to end the process: the same. Where it exits already, its delivery is
/// cut short, and the exit code stays.
#[cfg(unix)]
fn at_signal(name: &'static str) -> Next {
    // The exit holds it for a moment alone.
    let leaving = LEAVING.get().lock().clone();
    if let Some(steps) = leaving {
        steps.put(Step::CutShort);
        return Next::Leaves;
    }
    end_runs(Outcome::Signalled(name), None, &Steps::default());
    Next::Ends
}

/// What the panic hook does where a panic ends the process: all its runs end with it. Of threads that panic together
/// the first one records that, and whoever is sooner at its end waits for it.
const AT_ABORT: OnAbort = OnAbort {
    record: |panic| {
        let outcome = Outcome::Panicked(panic.clone());
        by_the_deadline(move |_| end_all(&outcome, None).into_iter().for_each(Warning::warn));
    },
    deliver: || {
        let own = under_way::own();
        by_the_deadline(move |deadline| {
            under_way::wait_for_others(own, deadline);
            finish(deadline);
        });
    },
};

/// Does the last work of a process that is no run's own, and delivers what came of it.
pub(crate) fn end_with(work: impl FnOnce(Instant) + Send + 'static) {
    by_the_deadline(move |deadline| {
        work(deadline);
        finish(deadline);
    });
}

/// Gives delivery and the heartbeat their time.
fn finish(deadline: Instant) {
    let heard = heartbeat::deadline(deadline);
    postponed::finish(deadline);
    // Delivery may take until the process is gone: the next would find a record, though of no run.
    state::close();
    dispatcher::finish(deadline);
    // A store that was away may be back by now.
    if let Some(store) = in_force::setup_so_far().opened_store() {
        store.flush();
    }
    heartbeat::finish(heard);
    state::close();
}

/// Does the last work of the process, within the time that its exit may take.
fn by_the_deadline(work: impl FnOnce(Instant) + Send + 'static) {
    let work = |deadline, written: &dyn Fn()| {
        written();
        work(deadline);
    };
    work_until_the_deadline(&Steps::default(), Box::new(work));
}

/// The same where the wait may be cut short, once `work` has said that all is written.
///
/// It takes no lock for long, and hands over to a thread, because this one may hold what a logger
/// or a notifier waits for.
fn work_until_the_deadline(steps: &Steps, work: Work) {
    let begun = Instant::now();
    let mut deadline = ffi::begin(in_force::setup().exit);
    let [least, most] = MARGIN;
    let margin = (deadline.saturating_duration_since(begun) / 20).clamp(least, most);
    let before_deadline = |by| deadline.checked_sub(by).unwrap_or(deadline);
    let in_time = before_deadline(margin);
    // Asked before the work takes the runs.
    let mut written_by = if has_returned() {
        deadline.max(Instant::now() + WRITING)
    } else {
        deadline
    };
    let done = steps.clone();
    let work = move || {
        let written = || done.put(Step::Written);
        let _ = isolate::contain(|| work(in_time, &written));
        done.put(Step::Done);
    };
    if thread::spawn("notify-exit", work).is_err() {
        return;
    }
    // A notifier or a disk may keep the work for longer than it was given: another thread says then what is left.
    let mut is_late_at = Some(before_deadline(margin / 2)).filter(|late| *late > begun);
    let (mut is_written, mut is_cut_short) = (false, false);
    while !(is_written && is_cut_short) {
        let until = is_late_at.unwrap_or(if is_written { deadline } else { written_by });
        match steps.take(until.saturating_duration_since(Instant::now())) {
            Some(Step::Written) => is_written = true,
            Some(Step::CutShort) => is_cut_short = true,
            None if is_late_at.take().is_some() => {
                let exit = clock::now() - begun.elapsed();
                let _ = thread::spawn("notify-left", move || {
                    let _ = isolate::contain(|| dispatcher::leave(exit));
                });
                // On a machine that is busy, or stood still, the deadline may be over by now.
                let said_by = Instant::now() + margin / 2;
                deadline = deadline.max(said_by);
                written_by = written_by.max(said_by);
            }
            Some(Step::Done) | None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 13, point 5.
    #[cfg(unix)]
    #[test]
    fn a_child_that_is_forked_while_a_thread_leaves_does_not_wait_for_it() {
        assert!(crate::testing::a_run_ends_in_a_fork_while(|| LEAVING
            .get()
            .lock()));
    }
}
