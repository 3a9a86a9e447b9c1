//! The runs of this process, as far as the store is to know of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Gone;
use crate::os::clock::Whose;
use crate::state::Left;
use crate::state::shared::transaction::Row;

/// A run that has ended by then is never written down: those of a tight loop.
const NEW: Duration = Duration::from_millis(50);

/// The runs of this process.
#[derive(Default)]
pub(in crate::state::shared) struct Runs {
    under_way: BTreeMap<u64, Run>,
    /// What is known of this process.
    about: Option<Arc<str>>,
    /// Those that have ended, and stand in the store.
    pub(super) ended: Vec<u64>,
    has_written: bool,
    /// Why they cannot be written down, where a person must do something first.
    pub(super) refused: Option<String>,
    /// What was read of their jobs as they began, so that the end need not ask.
    pub(in crate::state::shared) ahead: HashMap<String, Row>,
    /// What was found then of those that are gone,
    pub(super) found: Option<Vec<Gone>>,
    /// and the queues in which alerts waited.
    pub(super) waiting: Option<HashSet<String>>,
}

struct Run {
    job: String,
    about: Arc<str>,
    text: String,
    by: Whose,
    begun: Instant,
    is_written: bool,
    /// Whether its end is on its way to the store: it must not be written down behind that.
    is_ending: bool,
}

/// A run that is to be written down.
pub(in crate::state::shared) struct New {
    pub(super) number: u64,
    pub(super) job: String,
    pub(super) about: Arc<str>,
    pub(super) text: String,
    pub(super) by: Whose,
}

impl Runs {
    /// Adds a run, and returns whether it is the first to be written down.
    pub(in crate::state::shared) fn begin(
        &mut self,
        number: u64,
        job: String,
        about: impl FnOnce() -> String,
        text: String,
        by: Whose,
    ) -> bool {
        let begun = Instant::now();
        let about = self.about.get_or_insert_with(|| about().into()).clone();
        let run = Run {
            job,
            about,
            text,
            by,
            begun,
            is_written: false,
            is_ending: false,
        };
        self.under_way.insert(number, run);
        !self.has_written
    }

    pub(super) fn is_any_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    pub(in crate::state::shared) fn has_written(&self) -> bool {
        self.has_written
    }

    pub(super) fn has(&self, number: u64) -> bool {
        self.under_way.contains_key(&number)
    }

    /// Takes out a run that has ended; its row goes a moment later, if there is one.
    pub(in crate::state::shared) fn end(&mut self, number: u64) {
        if let Some(run) = self.under_way.remove(&number) {
            self.ahead.remove(&run.job);
            if run.is_written {
                self.ended.push(number);
            }
        }
    }

    /// Notes whether the end of a run is on its way to the store.
    pub(in crate::state::shared) fn set_ending(&mut self, number: u64, is_ending: bool) {
        if let Some(run) = self.under_way.get_mut(&number) {
            run.is_ending = is_ending;
        }
    }

    /// Takes out a run whose row has gone with its end.
    pub(in crate::state::shared) fn is_over(&mut self, number: u64) {
        if let Some(run) = self.under_way.remove(&number) {
            self.ahead.remove(&run.job);
        }
    }

    /// Returns whether rows are left of runs that have ended.
    pub(in crate::state::shared) fn is_behind(&self) -> bool {
        !self.ended.is_empty()
    }

    /// Returns what others have left in a queue, once.
    pub(in crate::state::shared) fn left_in(&mut self, queue: &str) -> Left {
        // Only what was there at the beginning: of what came since somebody else knows.
        let found = self.waiting.as_mut().map(|waiting| waiting.remove(queue));
        match found {
            Some(true) => Left::Some,
            Some(false) => Left::Nothing,
            None => Left::Perhaps,
        }
    }

    /// Returns whether it is known that nothing waited as this process began.
    pub(in crate::state::shared) fn none_waits(&self) -> bool {
        self.waiting.as_ref().is_some_and(HashSet::is_empty)
    }

    pub(in crate::state::shared) fn register_anew(&mut self) {
        for run in self.under_way.values_mut() {
            run.is_written = false;
        }
    }

    pub(in crate::state::shared) fn take_new(&mut self, even_new: bool) -> Vec<New> {
        let is_old = |run: &Run| even_new || run.begun.elapsed() >= NEW;
        let runs = self.under_way.iter_mut();
        let new = runs.filter(|(_, run)| !run.is_written && !run.is_ending && is_old(run));
        let new = new.map(|(number, run)| {
            run.is_written = true;
            New {
                number: *number,
                job: run.job.clone(),
                about: run.about.clone(),
                text: run.text.clone(),
                by: run.by,
            }
        });
        let new: Vec<_> = new.collect();
        self.has_written |= !new.is_empty();
        new
    }

    pub(in crate::state::shared) fn take_ended(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.ended)
    }

    pub(super) fn not_written(&mut self, new: &[New]) {
        for new in new {
            if let Some(run) = self.under_way.get_mut(&new.number) {
                run.is_written = false;
            }
        }
    }
}
