//! How often messages are edited, where a service counts that for an account as a whole: over all queues and
//! processes.

use chrono::TimeDelta;

use crate::dispatch::ledger;
use crate::format::fields::Fields;
use crate::format::time::{self, Time};
use crate::notifier::Ours;
use crate::os::isolate;
use crate::settings::in_force;
use crate::settings::route::Route;

/// Edits of an account within a minute. Services allow 50; recoveries, and what two processes count at once,
/// come on top.
const EDITS: usize = 40;

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// The place of what is counted: none of a channel, so that no alert waits there.
const PLACE: &str = ".edits";

const COUNT: &str = "count";

/// Returns whether a message may be edited now, and counts the edit.
pub(crate) fn takes_edit(route: &Route, now: Time) -> bool {
    let Some(account) = isolate::contain(|| route.notifier.counted_edits(Ours::new())).flatten()
    else {
        return true;
    };
    let queue = in_force::setup_so_far()
        .store()
        .and_then(|store| store.queue(PLACE, &account).ok());
    let Some(queue) = queue else {
        return true;
    };
    let kept = ledger::handle_of(&queue, COUNT).unwrap_or_default();
    let edits = Fields::parse(&kept).all("at");
    let edits = edits.iter().filter_map(|at| time::parse(at));
    let mut edits: Vec<_> = edits
        .filter(|at| *at <= now && now - *at < MINUTE)
        .collect();
    if edits.len() >= EDITS {
        return false;
    }
    edits.push(now);
    let mut fields = Fields::default();
    for at in edits {
        fields.put("at", time::show(at));
    }
    ledger::keep_handle(&queue, COUNT, Some(fields.render()));
    true
}
