//! The alerts that wait to be sent, counted by destination.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use crate::format::time::Time;
use crate::state::place::{Place, Waiting};
use crate::state::{channel_of, job_digits, time_of};

/// The alerts of one destination that were not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "counts")]
pub struct Queue {
    /// The user whose it is, as a number; empty in a shared store.
    pub user: String,
    /// The name of its folder.
    pub name: String,
    pub channel: String,
    pub waiting: usize,
    /// When the oldest that waits was decided.
    pub oldest: Option<Time>,
    /// Those that are held back until their time comes.
    pub held: usize,
    pub rejected: usize,
    /// Where the rejected ones are, each with its reason beside it.
    pub rejected_folder: PathBuf,
}

/// Returns the queues in which alerts of the jobs that `jobs` names were left, of any job where it
/// is `None`, and how many users' queues cannot be read.
///
/// # Errors
///
/// Where the directory cannot be read.
pub fn queues(place: &Place, jobs: Option<&[String]>) -> io::Result<(Vec<Queue>, usize)> {
    let digits = |job: &String| job_digits(job);
    let jobs: Option<BTreeSet<_>> = jobs.map(|jobs| jobs.iter().map(digits).collect());
    let (all, closed) = place.queues()?;
    let queues = all
        .into_iter()
        .map(|waiting| Queue::of(waiting, jobs.as_ref()));
    let is_empty = |queue: &Queue| queue.waiting + queue.held + queue.rejected == 0;
    Ok((queues.filter(|queue| !is_empty(queue)).collect(), closed))
}

impl Queue {
    fn of(queue: Waiting, jobs: Option<&BTreeSet<String>>) -> Self {
        let is_wanted = |file: &&String| {
            let job = file.split('-').nth(1).unwrap_or_default();
            jobs.is_none_or(|jobs| jobs.contains(job))
        };
        let waiting = queue.unsent.iter().filter(is_wanted);
        Self {
            channel: channel_of(&queue.name).to_owned(),
            oldest: waiting.clone().filter_map(|name| time_of(name)).min(),
            waiting: waiting.count(),
            // The names of held alerts do not say whose they are.
            held: match jobs {
                None => queue.held.len(),
                Some(_) => 0,
            },
            rejected: queue.rejected.iter().filter(is_wanted).count(),
            rejected_folder: queue.rejected_folder,
            user: queue.user,
            name: queue.name,
        }
    }
}
