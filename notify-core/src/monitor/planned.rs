//! Planned quiet, as the command sees it.

use std::path::PathBuf;

use crate::format::time::Time;
use crate::monitor::view::Job;
use crate::rules::quiet::Repeat;
use crate::state::place::Place;
use crate::state::{self, Silences};
use crate::status::Quiet;

/// A window of planned quiet that is open, or comes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the line says")]
pub struct Planned {
    /// The pattern of its jobs.
    pub jobs: String,
    /// When it begins and ends, now or next.
    pub from: Time,
    pub until: Time,
    pub repeat: Option<&'static str>,
    pub by: Option<String>,
    pub because: Option<String>,
    pub file: PathBuf,
    /// The user whose file it is, as a number.
    pub owner: u32,
    entry: state::Planned,
}

/// Reads what is planned in a notify directory or a store: the first to begin stands first. Then come the files and
/// lines that do not count, and why.
#[must_use]
pub fn planned(place: &Place, now: Time) -> (Vec<Planned>, Vec<String>) {
    let Silences { all, faults } = place.silences();
    let windows = all.into_iter().filter_map(|planned| {
        let window = &planned.window;
        let (from, until) = window.next(now)?;
        Some(Planned {
            jobs: window.jobs.clone(),
            from,
            until,
            repeat: window.repeat.map(Repeat::as_str),
            by: window.by.clone(),
            because: window.because.clone(),
            file: planned.file.clone(),
            owner: planned.owner,
            entry: planned,
        })
    });
    let mut windows: Vec<_> = windows.collect();
    windows.sort_by(|one, other| (one.from, &one.jobs).cmp(&(other.from, &other.jobs)));
    (windows, faults)
}

/// Says of each job whether it is quiet now.
pub fn mark_quiet(planned: &[Planned], place: &Place, jobs: &mut [Job], now: Time) {
    let open: Vec<_> = planned
        .iter()
        .filter(|window| window.is_open(now))
        .collect();
    for job in jobs {
        let mut named = open
            .iter()
            .filter(|window| window.names(&job.name))
            .peekable();
        // Whose it is need not be asked where nothing is planned for that name.
        if named.peek().is_some()
            && let Ok(owner) = place.owner(&job.file)
        {
            let last = named
                .filter(|window| window.entry.counts_for(owner))
                .max_by_key(|window| window.until);
            job.quiet = last.map(|window| Quiet {
                until: window.until,
                because: window.because.clone(),
            });
        }
    }
}

impl Planned {
    /// Returns whether it is about a job of that name, whoever's that is.
    #[must_use]
    pub fn names(&self, job: &str) -> bool {
        self.entry.window.names(job)
    }

    /// Returns whether it is open.
    #[must_use]
    pub fn is_open(&self, now: Time) -> bool {
        self.from <= now
    }
}
