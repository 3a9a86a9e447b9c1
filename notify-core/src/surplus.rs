//! What waits in a queue beyond its bounds: given up, counted, and said once.

use std::io;
use std::time::Instant;

use crate::backlog::{self, Bounds, Entry};
use crate::digest::thousands;
use crate::outbox::Queue;
use crate::route::Route;
use crate::warn::{self, Warning};

/// So many alerts are cut at once: each costs a durable write, and what waits is to be sent.
const SHRUNK_AT_ONCE: usize = 200;

/// Brings a queue within its bounds, until the deadline; tells whether anything was to be done.
pub(crate) fn give_up(
    route: &Route,
    queue: &Queue,
    waiting: &[Entry],
    bounds: Bounds,
    deadline: Option<Instant>,
) -> bool {
    let surplus = backlog::surplus(waiting, bounds);
    if surplus.given_up.is_empty() && surplus.shrunk.is_empty() {
        return false;
    }
    let Route { channel, mend, .. } = route;
    let first = thousands(bounds.first as u64);
    let message = match reduce(queue, &surplus, deadline) {
        Ok(()) => format!(
            "channel `{channel}` ({mend}) does not take alerts, and more than {first} wait: repeats are given up and \
             counted, others are cut to their first line, and beyond {} counted, too",
            thousands(bounds.second as u64)
        ),
        Err(error) => format!(
            "channel `{channel}` ({mend}) does not take alerts, and more than {first} wait that cannot be cut: {error}"
        ),
    };
    Warning::new(fault(channel), message).tell();
    true
}

/// Gives up and cuts what is beyond the bounds.
fn reduce(queue: &Queue, surplus: &backlog::Surplus, deadline: Option<Instant>) -> io::Result<()> {
    let goes_on = || deadline.is_none_or(|deadline| Instant::now() < deadline);
    if !surplus.given_up.is_empty() {
        queue.give_up(&surplus.given_up, goes_on)?;
    }
    for entry in surplus.shrunk.iter().take(SHRUNK_AT_ONCE) {
        if !goes_on() {
            break;
        }
        match queue.shrink(entry) {
            // Its sender says that it cannot be read, and keeps it aside.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
            // It was sent meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            shrunk => shrunk?,
        }
    }
    Ok(())
}

/// Records that a queue is within its bounds again, so that the next time is told.
pub(crate) fn over(channel: &str) {
    warn::over(&fault(channel));
}

fn fault(channel: &str) -> String {
    format!("surplus of {channel}")
}
