//! The end of the process, by whichever way: what its runs came to, and time for delivery.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::delivery;
use crate::exit;
use crate::heartbeat;
use crate::life::{end_all, nothing_is_left};
use crate::outcome::Outcome;
use crate::panic::{self, OnAbort};
use crate::running;
use crate::setup;
#[cfg(unix)]
use crate::signals;
use crate::warn::Warning;

/// How long before the deadline the last work ends, so that there is time to say what is left.
const MARGIN: Duration = Duration::from_millis(40);

/// Has this called when the process ends.
pub(crate) fn prepare() {
    exit::at_exit(at_exit);
    panic::on_abort(AT_ABORT);
    #[cfg(unix)]
    signals::at_signal(at_signal);
}

/// Called by the system at the exit: reports the runs that it ends, and gives delivery its time.
fn at_exit(code: Option<i32>) {
    if nothing_is_left() {
        running::close();
        return;
    }
    by_the_deadline(move |deadline| {
        end_all(&Outcome::Exited(code))
            .into_iter()
            .for_each(Warning::tell);
        finish(deadline);
    });
}

#[cfg(unix)]
fn at_signal(name: &'static str) {
    by_the_deadline(move |deadline| {
        end_all(&Outcome::Signalled(name))
            .into_iter()
            .for_each(Warning::tell);
        finish(deadline);
    });
}

/// What the panic hook does where a panic ends the process: all its runs end with it.
const AT_ABORT: OnAbort = OnAbort {
    record: |panic, _| {
        let outcome = Outcome::Panicked(panic.clone());
        by_the_deadline(move |_| end_all(&outcome).into_iter().for_each(Warning::tell));
    },
    deliver: || by_the_deadline(finish),
};

/// Does the last work of a process that is no run's own, and delivers what came of it.
#[cfg(feature = "cli")]
pub(crate) fn end_with(work: impl FnOnce(Instant) + Send + 'static) {
    by_the_deadline(move |deadline| {
        work(deadline);
        finish(deadline);
    });
}

/// Gives delivery and the heartbeat their time.
fn finish(deadline: Instant) {
    let heard = heartbeat::deadline(deadline);
    delivery::finish(deadline);
    heartbeat::finish(heard);
    running::close();
}

/// Does the last work of the process, within the time that its exit may take.
///
/// It takes no lock for long, and hands over to a thread, because this one may hold what a logger
/// or a notifier waits for.
fn by_the_deadline(work: impl FnOnce(Instant) + Send + 'static) {
    let deadline = exit::begin(setup::setup().exit);
    let in_time = deadline.checked_sub(MARGIN).unwrap_or(deadline);
    let (done, is_done) = mpsc::channel();
    let work = move || {
        work(in_time);
        let _ = done.send(());
    };
    if thread::Builder::new()
        .name("notify-exit".to_owned())
        .spawn(work)
        .is_ok()
    {
        let _ = is_done.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}
