//! The runs under way.

use std::io;
use std::sync::Arc;

use crate::format::pattern::is_fit;
use crate::format::time::Time;
use crate::job::name;
use crate::monitor::expected::{Expected, Said};
use crate::os::machine::Machine;
use crate::state::SeenRuns as Seen;
use crate::state::place::Place;
use crate::state::run_record::Recorded;
use crate::status::plan::Plan;
use crate::status::progress::Progress;

/// Whether a run is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Its process lives.
    Alive,
    /// Its process died, and no run has reported it yet.
    Dead,
    /// It is another machine's, of which nothing is known here.
    Unknown,
}

/// A run that has begun, and whose end nobody has reported.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "as its record says")]
pub struct Run {
    pub job: String,
    pub begun: Time,
    pub pid: Option<u32>,
    pub host: String,
    pub health: Health,
    pub channel: String,
    pub every_hours: Option<f64>,
    pub progress: Option<Progress>,
    pub(crate) plan: Option<Arc<Plan>>,
}

/// Returns the runs that are under way, the oldest first, of all users whose records can be read
/// here, and how many users' cannot.
///
/// # Errors
///
/// Where the directory cannot be read.
pub fn runs(place: &Place, wanted: &[String]) -> io::Result<(Vec<Run>, usize)> {
    let (seen, closed) = place.live_runs()?;
    let runs = seen
        .iter()
        .flat_map(|seen| runs_of(seen, place.judges_all()));
    let mut runs: Vec<_> = runs.collect();
    runs.retain(|run: &Run| wanted.is_empty() || wanted.iter().any(|name| run.is_named(name)));
    runs.sort_by(|one, other| (one.begun, &one.job).cmp(&(other.begun, &other.job)));
    Ok((runs, closed))
}

impl Run {
    /// Returns when its job should run, as for a [`Job`].
    ///
    /// # Errors
    ///
    /// What is wrong with its schedule, and where.
    pub fn expected(&self, said: &Said) -> Result<Option<Expected>, String> {
        Expected::new(self.plan.as_deref(), self.every_hours, said)
    }

    /// Returns whether a name or a pattern is that of its job.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        is_fit(name, &self.job) || is_fit(name, &name::file_name(&self.job))
    }
}

fn runs_of(seen: &Seen, judges_all: bool) -> Vec<Run> {
    if !seen.is_locked && Recorded::successor(&seen.process).is_some() {
        // It has become another program, whose end is not ours to report.
        return Vec::new();
    }
    let health = match seen.is_locked {
        true => Health::Alive,
        false if judges_all || Machine::this().can_judge(&seen.process) => Health::Dead,
        false => Health::Unknown,
    };
    let runs = seen.runs.iter();
    let recorded = runs.filter_map(|run| Recorded::read(run, &seen.process));
    let runs = recorded.map(|recorded| Run {
        job: recorded.ended.job.into_owned(),
        begun: recorded.ended.begun,
        pid: recorded.ended.pid,
        host: recorded.ended.host.into_owned(),
        health,
        channel: recorded.ended.channel.into_owned(),
        every_hours: recorded.ended.every_hours,
        progress: recorded.ended.heard.progress,
        plan: recorded.ended.plan,
    });
    runs.collect()
}
