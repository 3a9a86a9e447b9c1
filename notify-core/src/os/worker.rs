//! A background thread, and what it works on: it is started by whoever first gives it work.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, MutexGuard};
use std::time::Duration;

#[cfg(test)]
use crate::os::engine::own;
use crate::os::isolate;
use crate::os::mutex::{self, Mutex};
use crate::os::thread;

/// What a background thread works on.
pub(crate) trait Work: Default + Send + 'static {
    /// The name of the thread.
    const NAME: &'static str;

    /// One piece of the work.
    type Step;

    /// Takes the next step, or returns how long to wait for it as an error; `None` until somebody wakes the thread.
    fn next(&mut self) -> Result<Self::Step, Option<Duration>>;

    /// Does it: no lock is held meanwhile. A panic in it ends this step alone.
    fn act(worker: &'static Worker<Self>, step: Self::Step);

    /// Notes that it is done, whichever way.
    fn done(&mut self) {}
}

/// A background thread, and what it works on.
#[derive(Default)]
pub(crate) struct Worker<W> {
    work: Mutex<W>,
    changed: Condvar,
    is_running: AtomicBool,
}

impl<W: Work> Worker<W> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, W> {
        self.work.lock()
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, W>> {
        self.work.try_lock()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.is_running.load(Ordering::Acquire)
    }

    /// Starts the thread, unless it runs, and wakes it. Where there is no thread to be had, the next who asks tries
    /// again.
    pub(crate) fn wake(&'static self) -> io::Result<()> {
        if !self.is_running.swap(true, Ordering::AcqRel) {
            #[cfg(test)]
            let own = own::get();
            let run = move || {
                #[cfg(test)]
                own::enter(own);
                self.run();
            };
            if let Err(error) = thread::spawn(W::NAME, run) {
                self.is_running.store(false, Ordering::Release);
                return Err(error);
            }
        }
        self.changed.notify_all();
        Ok(())
    }

    /// Waits while the work is as `busy` says, at most so long.
    pub(crate) fn wait_while(&self, longest: Duration, mut busy: impl FnMut(&mut W) -> bool) {
        let _ = self
            .changed
            .wait_timeout_while(self.lock(), longest, |work| busy(work));
    }

    /// The thread.
    fn run(&'static self) {
        let mut work = self.lock();
        loop {
            work = match work.next() {
                Ok(step) => {
                    drop(work);
                    let _ = isolate::contain(|| W::act(self, step));
                    let mut work = self.lock();
                    work.done();
                    // For whoever waits until it is.
                    self.changed.notify_all();
                    work
                }
                Err(Some(pause)) => mutex::whole(self.changed.wait_timeout(work, pause)).0,
                Err(None) => mutex::whole(self.changed.wait(work)),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::time::Instant;

    use super::*;

    /// Numbers to be done; an odd one panics.
    #[derive(Default)]
    struct Numbers {
        waiting: VecDeque<u32>,
        done: Vec<u32>,
        is_at_work: bool,
    }

    impl Work for Numbers {
        const NAME: &'static str = "notify-test";
        type Step = u32;

        fn next(&mut self) -> Result<u32, Option<Duration>> {
            let next = self.waiting.pop_front();
            self.is_at_work |= next.is_some();
            next.ok_or(None)
        }

        fn act(worker: &'static Worker<Self>, step: u32) {
            worker.lock().done.push(step);
            assert!(step.is_multiple_of(2), "an odd number");
        }

        fn done(&mut self) {
            self.is_at_work = false;
        }
    }

    /// Issue 13, point 6: one thread serves all who wake it, and outlives a step that panics.
    #[test]
    fn the_thread_is_started_once_and_goes_on_after_a_panic() {
        let worker: &'static Worker<Numbers> = Box::leak(Box::default());
        assert!(!worker.is_running());
        for number in 0..20 {
            worker.lock().waiting.push_back(number);
            worker.wake().unwrap();
        }
        let begun = Instant::now();
        worker.wait_while(Duration::from_secs(60), |work| work.done.len() < 20);
        assert!(begun.elapsed() < Duration::from_secs(60), "it has stopped");
        // In order: there is one thread.
        assert_eq!(worker.lock().done, (0..20).collect::<Vec<_>>());
        assert!(worker.is_running());
    }

    /// Issue 15: an exit waits for the end of a step and for no longer, though that has panicked at its end.
    #[test]
    fn who_waits_for_a_step_goes_on_when_all_of_it_is_done() {
        let worker: &'static Worker<Numbers> = Box::leak(Box::default());
        worker.lock().waiting.push_back(1);
        worker.wake().unwrap();
        let begun = Instant::now();
        worker.wait_while(Duration::from_secs(60), |work| {
            work.done.is_empty() || work.is_at_work
        });
        assert!(begun.elapsed() < Duration::from_secs(60), "it still waits");
    }
}
