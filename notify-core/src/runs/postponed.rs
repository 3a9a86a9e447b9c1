//! Ends of runs about which a shared store could not be asked in time, though it is about to answer, as where a whole
//! fleet begins at once. The job goes on; they are reported in their order as soon as the store answers, and without
//! it once that takes too long.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::os::clock;
use crate::os::engine::{Part, Slot};
use crate::os::warning::Warning;
use crate::os::worker::{Work, Worker};
use crate::rules::transition::Ended;
use crate::rules::{Past, Settings};
use crate::runs::report::Report;
use crate::settings::in_force;
use crate::settings::route::Routes;
use crate::state::change::RunKey;
use crate::state::{Store, Wait};
use crate::status::outcome::Outcome;

/// How long one waits, where the process goes on.
const PATIENCE: Duration = Duration::from_secs(8);

/// How much of the exit's time is left to send what comes of them.
const SENDING: Duration = Duration::from_millis(1500);

/// How soon to look again whether the store answers.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// So many may wait.
const MOST: usize = 1_000;

/// Whether there is a store that may be away; without one nothing of this is in the program.
const MAY_COME: bool = cfg!(feature = "postgres");

static POSTPONED: Part<Worker<Postponed>> = Part::new(Slot::Postponed);

#[derive(Default)]
struct Postponed {
    ends: VecDeque<End>,
    is_at_work: bool,
    /// When the exit waits no longer.
    until: Option<Instant>,
}

/// The end of a run, with all that its report takes.
struct End {
    ended: Ended,
    outcome: Outcome,
    settings: Settings,
    run: Option<RunKey>,
    routes: Option<Arc<Routes>>,
    until: Instant,
}

/// Makes a report now, or has it made later. Where the program has a say it is made now: its functions need not be
/// there any more.
pub(crate) fn make(report: &Report<'_>, warnings: &mut Vec<Warning>) {
    let may_wait = report.program.is_silent() && !report.store.is_none_or(Store::answers_at_once);
    if !MAY_COME || !may_wait {
        report.make(|_| true, warnings);
        return;
    }
    let worker = POSTPONED.get();
    // Those of before come first.
    if worker.lock().is_idle() && report.make_if_reached(Wait::Restart, |_| true, warnings) {
        return;
    }
    let end = End {
        ended: report.ended.clone(),
        outcome: report.outcome.clone(),
        settings: report.settings,
        run: report.run.clone(),
        routes: report.routes.clone(),
        until: Instant::now() + PATIENCE,
    };
    let is_full = {
        let mut postponed = worker.lock();
        let is_full = postponed.ends.len() >= MOST;
        if !is_full {
            postponed.ends.push_back(end);
        }
        is_full
    };
    if is_full {
        report.make(|_| true, warnings);
    } else if worker.wake().is_err() {
        // Without a thread nobody waits.
        while let Some(end) = { worker.lock().ends.pop_front() } {
            end.report(Wait::No, warnings);
        }
    }
}

/// Returns whether all are reported, without waiting for long to learn it.
pub(crate) fn is_idle() -> bool {
    if !MAY_COME {
        return true;
    }
    let postponed = POSTPONED.get().try_lock();
    postponed.is_some_and(|postponed| postponed.is_idle())
}

/// Waits until all are reported, at the exit.
pub(crate) fn finish(deadline: Instant) {
    if !MAY_COME {
        return;
    }
    let worker = POSTPONED.get();
    worker.lock().until = Some(deadline.checked_sub(SENDING).unwrap_or(deadline));
    let left = deadline.saturating_duration_since(Instant::now());
    worker.wait_while(left, |postponed| !postponed.is_idle());
}

impl Postponed {
    fn is_idle(&self) -> bool {
        self.ends.is_empty() && !self.is_at_work
    }
}

impl End {
    /// Makes the report, without the store where that is not one to wait for; returns whether it was made.
    fn report(&self, wait: Wait, warnings: &mut Vec<Warning>) -> bool {
        let setup = in_force::setup();
        let report = Report {
            run: self.run.clone(),
            routes: self.routes.clone(),
            ..Report::new(self.ended.clone(), &self.outcome, self.settings, setup)
        };
        // The store may have made it already, and its answer is what was lost.
        let begun = self.ended.by_the_clock(clock::first_ahead()).begun;
        let is_open = |past: &Past| past.status().is_none_or(|status| status.begun != begun);
        report.make_if_reached(wait, is_open, warnings)
    }
}

impl Work for Postponed {
    const NAME: &'static str = "notify-postponed";
    type Step = End;

    fn next(&mut self) -> Result<End, Option<Duration>> {
        let end = self.ends.pop_front();
        self.is_at_work = end.is_some();
        end.ok_or(None)
    }

    fn act(worker: &'static Worker<Self>, end: End) {
        let store = in_force::setup().store();
        let wait = || {
            let exit = worker.lock().until;
            let until = exit.map_or(end.until, |exit| exit.min(end.until));
            match exit {
                _ if Instant::now() >= until => Wait::No,
                // The exit does not wait for one that is gone.
                Some(_) => Wait::Answer,
                None => Wait::Restart,
            }
        };
        let mut warnings = Vec::new();
        loop {
            while store.is_some_and(|store| store.is_coming(wait())) {
                thread::sleep(LOOK_AGAIN);
            }
            if end.report(wait(), &mut warnings) {
                break;
            }
        }
        warnings.into_iter().for_each(Warning::warn);
    }

    /// The exit, which waits for this, goes on.
    fn done(&mut self) {
        self.is_at_work = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 13, point 5.
    #[cfg(unix)]
    #[test]
    fn a_child_that_is_forked_while_a_thread_postpones_does_not_wait_for_it() {
        assert!(crate::testing::a_run_ends_in_a_fork_while(|| POSTPONED
            .get()
            .lock()));
    }
}
