//! Runs that died without a word: found by their records, and reported.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use chrono::Utc;

use crate::format::fields::Fields;
use crate::format::time::Time;
use crate::os::engine::{Part, Slot};
use crate::os::warning::Warning;
use crate::runs::consult::Program;
use crate::runs::report::{self, Report};
use crate::settings::setup::Setup;
use crate::state::ExpiredRuns;
use crate::state::change::RunKey;
use crate::state::run_record::Recorded;
use crate::status::outcome::Outcome;

/// How often a process looks: a killed job is no hurry, and a folder of many records is.
const EVERY: Duration = Duration::from_secs(60);

/// How long a run may be held up by those that died before it, after a power cut say.
const PATIENCE: Duration = Duration::from_millis(500);

/// When this process last looked, and whether by the settings that the program has installed.
static LOOKED: Part<Mutex<Option<(Instant, bool)>>> = Part::new(Slot::Reaper);

/// Looks for the dead of the notify directory, at most once a minute, and reports them: before the
/// run that looks ends, so that an earlier death of its own job does not overtake it. The warnings are
/// to be told once that run is written down.
pub(crate) fn look_for(setup: &'static Setup, now: Instant, warnings: &mut Vec<Warning>) {
    let installed = setup.is_installed();
    {
        let Ok(mut looked) = LOOKED.get().try_lock() else {
            return;
        };
        if looked.is_some_and(|(at, with)| {
            now.saturating_duration_since(at) < EVERY && with == installed
        }) {
            return;
        }
        *looked = Some((now, installed));
    }
    look(setup, warnings);
}

/// Looks for the dead of the notify directory, and reports them.
pub(crate) fn look(setup: &Setup, warnings: &mut Vec<Warning>) {
    let Some(store) = setup.store() else { return };
    let dead = store.expired_runs();
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

const CLOCK: &str = "%H:%M:%S";
const DAY_AND_CLOCK: &str = "%Y-%m-%d %H:%M:%S";

/// Says what is known of a death, and what may have been the cause: the commonest first.
fn death(process: &Fields, begun: Time) -> String {
    let causes = "died: the process disappeared (SIGTERM, SIGINT, SIGHUP, kill -9, out of memory, a crash, or power loss)";
    gone(causes, process, begun)
}

/// The same of a process that may go on.
fn lost_contact(process: &Fields, begun: Time) -> String {
    let causes = "lost contact: the connection of the process to the store is gone (its network, its host, or the store); \
                  the process may go on, and its end is reported then";
    gone(causes, process, begun)
}

fn gone(causes: &str, process: &Fields, begun: Time) -> String {
    let words = |key| process.get(key).unwrap_or("?");
    let gone = Utc::now();
    let is_same_day = begun.date_naive() == gone.date_naive();
    let format = if is_same_day { CLOCK } else { DAY_AND_CLOCK };
    let [begun, gone] = [begun, gone].map(|time| time.format(format));
    format!(
        "{causes}\n  \
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
    let channel = ended.channel.clone();
    let outcome = match dead.successor() {
        _ if has_returned => Outcome::Returned,
        Some(program) => Outcome::NotCounted(format!("replaced by {program}")),
        None if dead.may_live() => Outcome::Died(lost_contact(process, ended.begun)),
        None => Outcome::Died(death(process, ended.begun)),
    };
    if let Some(progress) = ended.heard.progress {
        // How long the rest would have taken is no news any more.
        let progress = progress.words(Time::MAX_UTC);
        ended.notes.push(format!("it had come to {progress}"));
    }
    let needs_routes = !matches!(outcome, Outcome::NotCounted(_));
    let routes = if queues.is_empty() || !needs_routes {
        report::routes(setup, &channel, &mut ended.notes, &outcome, warnings)
    } else {
        let routes = setup.routes(&channel);
        let Some(routes) = routes.filter(|routes| routes.queues == *queues) else {
            return false;
        };
        Some(routes)
    };
    Report {
        ended,
        outcome: &outcome,
        settings,
        run: Some(run.clone()),
        now: Instant::now(),
        setup,
        program: Program::default(),
    }
    .make(
        setup.store(),
        routes.as_deref(),
        |_| dead.is_open(run),
        warnings,
    );
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 13, point 5.
    #[cfg(unix)]
    #[test]
    fn a_child_that_is_forked_while_a_thread_looks_for_the_dead_does_not_wait_for_it() {
        assert!(crate::testing::a_run_ends_in_a_fork_while(|| LOOKED
            .get()
            .lock()
            .unwrap()));
    }
}
