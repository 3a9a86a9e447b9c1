//! The progress of a run whose beginning was sent. Where messages can be edited, that message shows it.

use std::time::{Duration, Instant};

use crate::dispatch::budget;
use crate::dispatch::follow_up;
use crate::dispatch::thread::{self, Thread};
use crate::format::hash;
use crate::format::time::Time;
use crate::message::alert::{Alert, Kind};
use crate::notifier::Refusal;
use crate::os::clock;
use crate::settings::route::Route;
use crate::state::Queue;
use crate::status::State;

/// How long such an edit may take: an alert may wait behind it.
const TIMEOUT: Duration = Duration::from_secs(3);

/// How often the edit that says how a run has ended is tried.
const TRIES: u32 = 5;

/// How a run stands.
#[derive(Clone)]
pub(crate) struct Standing {
    job: String,
    begun: Time,
    comes: Comes,
    tries: u32,
}

/// What a run comes to.
#[derive(Debug, Clone)]
pub(crate) enum Comes {
    /// It goes on, and has come so far, in words.
    OnTo(String),
    ToAnEnd {
        state: State,
        text: String,
        took: Duration,
    },
}

impl Standing {
    pub(crate) fn new(job: String, begun: Time, comes: Comes) -> Self {
        Self {
            job,
            begun,
            comes,
            tries: 0,
        }
    }

    pub(crate) fn is_of_run_of(&self, other: &Self) -> bool {
        self.job == other.job && self.begun == other.begun
    }

    /// Returns whether the run has ended: nothing later says so.
    pub(crate) fn is_last(&self) -> bool {
        matches!(self.comes, Comes::ToAnEnd { .. })
    }

    /// Returns what the message of the beginning is to say.
    fn shown(&self, begun: &Alert) -> Alert {
        let mut shown = begun.clone();
        // An edit of its own: services know one that is sent twice by the id.
        shown.id = hash::hex(hash::hash(&format!("{} {:?}", begun.id, self.comes)));
        match &self.comes {
            Comes::OnTo(words) => shown.status.text.clone_from(words),
            Comes::ToAnEnd { state, text, took } => {
                shown.kind = Kind::of(None, *state);
                shown.incident = None;
                shown.status.state = *state;
                shown.status.text.clone_from(text);
                shown.status.took = Some(*took);
            }
        }
        shown
    }

    /// Shows it in the message of the run's beginning, if that is there and may be edited now. What cannot be shown
    /// is left out, for a later word takes its place; the last word is returned, to be shown later.
    pub(crate) fn show(
        mut self,
        route: &Route,
        queue: &Queue,
        deadline: Option<Instant>,
    ) -> Option<Self> {
        let now = clock::now();
        let mut thread = Thread::of_run(queue, &self.job, self.begun)?;
        let is_last = self.is_last();
        let begun = thread
            .only()
            .filter(|known| is_last || thread::begins_run(known));
        let shown = self.shown(begun?);
        let is_due = is_last || thread.may_edit(now);
        if thread.is_fixed || !is_due {
            return None;
        }
        self.tries += 1;
        let later = (is_last && self.tries < TRIES).then_some(self);
        if !budget::takes_edit(route, now) {
            return later;
        }
        let soon = Instant::now() + TIMEOUT;
        let deadline = deadline.map_or(soon, |deadline| deadline.min(soon));
        let edited = follow_up::call(route, Some(deadline), |notifier, timeout| {
            notifier.edit(&thread.handle, std::slice::from_ref(&shown), timeout)
        });
        thread.was_edited(now);
        match edited {
            Ok(()) => thread.take(&[shown]),
            Err(Refusal::Alert { .. }) => thread.is_fixed = true,
            Err(Refusal::Gone { .. }) => {
                thread.forget(queue);
                return None;
            }
            Err(_) => {
                thread.keep(queue, false);
                return later;
            }
        }
        thread.keep(queue, false);
        None
    }
}
