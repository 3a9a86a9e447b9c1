//! What waits in a queue beyond its bounds: given up, counted, and said once.

use std::io;
use std::time::{Duration, Instant};

use crate::dispatch::batch::{self, Bounds};
use crate::message::dropped::thousands;
use crate::os::warning::{self, Warning};
use crate::settings::route::Route;
use crate::state::Queue;
use crate::state::entry::Entry;

/// How long alerts are cut before each message: each costs a durable write, which takes time from
/// the sending, and all that it saves is room on the disk.
const CUTTING: Duration = Duration::from_millis(100);

/// Brings a queue within its bounds, until the deadline; tells whether anything was to be done.
pub(crate) fn give_up(
    route: &Route,
    queue: &Queue,
    waiting: &[Entry],
    bounds: Bounds,
    deadline: Option<Instant>,
) -> bool {
    let surplus = batch::surplus(waiting, bounds);
    if surplus.given_up.is_empty() && surplus.shrunk.is_empty() {
        return false;
    }
    let Route { channel, mend, .. } = route;
    let first = thousands(bounds.first as u64);
    let waits = format!("more than {first} alerts wait for channel `{channel}` ({mend})");
    let message = match reduce(queue, &surplus, deadline) {
        Ok(()) => format!(
            "{waits}: repeats are dropped and counted, others are cut to their first line, and beyond {} they are counted, too",
            thousands(bounds.second as u64)
        ),
        Err(error) => format!("{waits}, and they cannot be made fewer: {error}"),
    };
    Warning::new(fault(channel), message).tell();
    true
}

/// Gives up and cuts what is beyond the bounds.
fn reduce(queue: &Queue, surplus: &batch::Surplus, deadline: Option<Instant>) -> io::Result<()> {
    let goes_on = || deadline.is_none_or(|deadline| Instant::now() < deadline);
    if !surplus.given_up.is_empty() {
        queue.give_up(&surplus.given_up, deadline)?;
    }
    let begun = Instant::now();
    for entry in &surplus.shrunk {
        if !goes_on() || begun.elapsed() > CUTTING {
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
    warning::over(&fault(channel));
}

fn fault(channel: &str) -> String {
    format!("surplus of {channel}")
}
