//! Runs of a job that go on in other processes.

use crate::format::time::Time;
use crate::os::engine;
use crate::state::Store;
use crate::state::run_record::Recorded;

/// Finds an outermost run of a job in another process of this user that lives: when it began, and where it is.
pub(crate) fn elsewhere(store: &Store, job: &str, host: &str) -> Option<(Time, String)> {
    let seen = store.look_at_runs().ok()?;
    let living = seen.iter().filter(|seen| seen.is_locked);
    let runs = living.flat_map(|seen| {
        let read = |run| Recorded::read(run, &seen.process);
        seen.runs.iter().filter_map(read)
    });
    let is_own = |pid, on: &str| pid == Some(engine::pid()) && on == host;
    let mut runs = runs.map(|recorded| recorded.ended);
    let run = runs.find(|run| run.job == job && !is_own(run.pid, &run.host))?;
    let pid = run
        .pid
        .map_or_else(String::new, |pid| format!("process {pid} "));
    Some((run.begun, format!("{pid}on {}", run.host)))
}
