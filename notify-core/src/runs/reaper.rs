//! Finds the runs of processes that died, by their records, and reports them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::format::fields::Fields;
use crate::format::time::{self, Time};
use crate::job;
use crate::os::clock;
use crate::os::engine::{Part, Slot};
use crate::os::warning::Warning;
use crate::runs::overdue;
use crate::runs::registry;
use crate::runs::report::Report;
use crate::settings::in_force;
use crate::settings::route::Routes;
use crate::settings::setup::Setup;
use crate::state::ExpiredRuns;
use crate::state::Store;
use crate::state::change::RunKey;
use crate::state::run_record::Recorded;
use crate::status::outcome::Outcome;

/// How often a process looks: a killed job is no hurry, and a folder of many records is.
const EVERY: Duration = Duration::from_secs(60);

/// How long a run may be held up by those that died before it, after a power cut say.
const PATIENCE: Duration = Duration::from_millis(500);

/// When this process looks again. No lock, for each run asks, on every thread.
static AGAIN: Part<Again> = Part::new(Slot::Reaper);

struct Again {
    begun: Instant,
    /// In seconds after `begun`.
    due: AtomicU64,
    /// Whether it last looked by the settings that the program has installed.
    installed: AtomicBool,
}

impl Default for Again {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            due: AtomicU64::new(0),
            installed: AtomicBool::new(false),
        }
    }
}

impl Again {
    /// Returns whether this run is to look; of several at once the first is.
    fn is_due(&self, now: Instant, installed: bool) -> bool {
        let order = Ordering::Relaxed;
        let (at, due) = (
            now.saturating_duration_since(self.begun).as_secs(),
            self.due.load(order),
        );
        if at < due && self.installed.load(order) == installed {
            return false;
        }
        let next = at + EVERY.as_secs();
        if self.due.compare_exchange(due, next, order, order).is_err() {
            return false;
        }
        self.installed.store(installed, order);
        true
    }

    /// Returns whether the time to look has come.
    fn is_open(&self, now: Instant) -> bool {
        let at = now.saturating_duration_since(self.begun).as_secs();
        at >= self.due.load(Ordering::Relaxed)
    }
}

/// Looks for the dead of the notify directory, at most once a minute, and reports them: before the
/// run that looks ends, so that an earlier death of its own job does not overtake it. The warnings are
/// to be reported once that run is written down. Returns whether it has looked.
pub(crate) fn look_for(setup: &'static Setup, now: Instant, warnings: &mut Vec<Warning>) -> bool {
    let is_due = AGAIN.get().is_due(now, setup.is_installed());
    if is_due {
        look(setup, warnings);
    }
    is_due
}

/// How long a run of a store that other hosts share goes on before it looks: what it waits for is a server.
const LATER: Duration = Duration::from_secs(1);

/// Who was missing then, and still is so long after, is gone.
const ONCE_MORE: Duration = Duration::from_secs(16);

/// The same as a run begins, which nothing may hold up: not here, where others share the store.
pub(crate) fn look_as_one_begins(
    number: u64,
    setup: &'static Setup,
    now: Instant,
    warnings: &mut Vec<Warning>,
) -> bool {
    if setup.store().is_none_or(Store::answers_at_once) {
        return look_for(setup, now, warnings);
    }
    if AGAIN.get().is_open(now) {
        overdue::watch(now + LATER, number, look_meanwhile);
    }
    false
}

fn look_meanwhile(number: u64) {
    if !registry::is_under_way(number) {
        return;
    }
    let (setup, now, mut warnings) = (in_force::setup_so_far(), Instant::now(), Vec::new());
    look_for(setup, now, &mut warnings);
    warnings.into_iter().for_each(Warning::warn);
    overdue::watch(now + ONCE_MORE, number, look_once_more);
}

fn look_once_more(number: u64) {
    if registry::is_under_way(number) {
        let mut warnings = Vec::new();
        look(in_force::setup_so_far(), &mut warnings);
        warnings.into_iter().for_each(Warning::warn);
    }
}

/// Looks for the dead of the notify directory, and reports them.
pub(crate) fn look(setup: &Setup, warnings: &mut Vec<Warning>) {
    let Some(store) = setup.store() else { return };
    let dead = store.expired_runs();
    if let Some(refusal) = store.refusal() {
        let message = format!(
            "{store} does not take that a run is under way ({refusal}): if its process is killed, nothing is sent"
        );
        warnings.push(Warning::new("run refused", message));
    }
    let begun = Instant::now();
    // What does not fit is found by the next who looks.
    dead.into_iter()
        .take_while(|_| begun.elapsed() < PATIENCE)
        .for_each(|dead| bury(setup, dead, warnings));
}

/// Reports the runs of a dead process, and removes its record if each could be reported.
fn bury(setup: &Setup, dead: ExpiredRuns, warnings: &mut Vec<Warning>) {
    let mut is_left = false;
    for (run, recorded) in dead.runs() {
        // Of a damaged one nothing can be said.
        if let Some(recorded) = recorded {
            is_left |= !report_death(setup, &dead, run, recorded, warnings);
        }
    }
    if !is_left {
        dead.remove();
    }
}

/// What is known of a death, and what may have been the cause: the commonest first.
const DIED: &str = "died: the process disappeared (SIGTERM, SIGINT, SIGHUP, kill -9, out of memory, a crash, or power loss)";

/// The same of `pipeline-notify run`, which no signal ends that can be handed on.
const DIED_OF_RUN: &str =
    "died: the process disappeared (kill -9, out of memory, a crash, or power loss)";

/// The same of a process that may have been cut off from the store before it ended.
const DIED_OR_ENDED: &str = "died: the process disappeared (SIGTERM, SIGINT, SIGHUP, kill -9, out of memory, a crash, or power loss), \
    or it ended while it could not reach the store";

/// What is known of a process that may go on.
const LOST_CONTACT: &str = "lost contact: the connection of the process to the store is gone (the process was killed, or its network, \
    its host or the store failed); if the process goes on, its end is reported then";

/// Says what is `known` of the end of a process, between which times it came, and which process that was.
fn death(known: &str, process: &Fields, begun: Time) -> String {
    let words = |key| process.get(key).unwrap_or("?");
    let gone = clock::now();
    let is_same_day = begun.date_naive() == gone.date_naive();
    let show = if is_same_day {
        time::clock
    } else {
        time::second
    };
    let [begun, gone] = [begun, gone].map(show);
    format!(
        "{known}\n  \
         Started {begun}, gone by {gone} UTC.\n  \
         process {} on {}, {}",
        words("pid"),
        words("host"),
        words("exe"),
    )
}

/// Reports one run; `false` where another program has its destination.
fn report_death(
    setup: &Setup,
    dead: &ExpiredRuns,
    run: &RunKey,
    recorded: Recorded<'_>,
    warnings: &mut Vec<Warning>,
) -> bool {
    let process = dead.process();
    let Recorded {
        mut ended,
        settings,
        queues,
        has_returned,
    } = recorded;
    let died = |known| Outcome::Died(death(known, process, ended.begun));
    let outcome = match dead.successor() {
        _ if has_returned => Outcome::Returned,
        Some(program) => Outcome::NotCounted(format!("replaced by {program}")),
        None if dead.may_live() => died(LOST_CONTACT),
        None if dead.is_cut() => died(DIED_OR_ENDED),
        None if ended.source == job::SOURCE_OF_RUN => died(DIED_OF_RUN),
        None => died(DIED),
    };
    if let Some(progress) = ended.heard.progress {
        // How long the rest would have taken is no news any more.
        let progress = progress.words(Time::MAX_UTC);
        ended.notes.push(format!("it had come to {progress}"));
    }
    let needs_routes = !matches!(outcome, Outcome::NotCounted(_));
    let mut report = Report {
        run: Some(run.clone()),
        ..Report::new(ended, &outcome, settings, setup)
    };
    if queues.is_empty() || !needs_routes {
        report.find_routes(warnings);
    } else {
        let is_its_own = |routes: &Arc<Routes>| routes.queues == *queues;
        let channel = &report.ended.channel;
        let known = setup.routes(channel).filter(is_its_own);
        report.routes = known.or_else(|| setup.routes_anew(channel).filter(is_its_own));
        if report.routes.is_none() {
            return false;
        }
    }
    report.make(|_| dead.is_open(run), warnings);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_looks_at_once_then_each_minute_and_anew_once_settings_are_installed() {
        let again = Again::default();
        let at = |seconds| again.begun + Duration::from_secs(seconds);
        for (seconds, installed, is_due) in [
            (0, false, true),
            (59, false, false),
            (60, false, true),
            (61, true, true),
            (119, true, false),
            (121, true, true),
        ] {
            assert_eq!(again.is_due(at(seconds), installed), is_due, "{seconds}");
        }
    }
}
