//! Sheds load: what waits in a queue beyond its bound is dropped, counted, and said in one message.

use std::io;
use std::time::Instant;

use crate::dispatch::batch::{self, Surplus};
use crate::dispatch::ledger;
use crate::message::dropped::thousands;
use crate::os::warning::{self, Warning};
use crate::settings::route::Route;
use crate::state::Queue;
use crate::state::entry::Entry;

/// Brings a queue within its bound, until the deadline; returns whether anything was to be done.
pub(crate) fn shed(
    route: &Route,
    queue: &Queue,
    waiting: &[Entry],
    most: usize,
    deadline: Option<Instant>,
) -> bool {
    let surplus = batch::surplus(waiting, most);
    if surplus == Surplus::default() {
        return false;
    }
    let Route { channel, mend, .. } = route;
    let most = thousands(most as u64);
    let waits = format!("more than {most} alerts wait for channel `{channel}` ({mend})");
    let message = match drop_all(queue, &surplus, deadline) {
        Ok(()) => format!(
            "{waits}: the oldest repeats are dropped and counted, then the newest of the others, whose jobs send them anew at their next run"
        ),
        Err(error) => format!("{waits}, and they cannot be made fewer: {error}"),
    };
    Warning::new(fault(route), message).warn();
    true
}

fn drop_all(queue: &Queue, surplus: &Surplus, deadline: Option<Instant>) -> io::Result<()> {
    queue.give_up(&surplus.repeats, deadline)?;
    for entry in &surplus.others {
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Ok(());
        }
        // Before it is removed: after a crash between the two it is sent twice, and not never.
        if let Ok(Some((alert, _claim))) = queue.take(entry) {
            ledger::send_anew(&alert);
        }
    }
    queue.give_up(&surplus.others, deadline)
}

/// Records that a queue is within its bound again, so that the next time is reported.
pub(crate) fn over(route: &Route) {
    warning::over(&fault(route));
}

fn fault(route: &Route) -> String {
    format!("surplus of {}", ledger::fault(route))
}
