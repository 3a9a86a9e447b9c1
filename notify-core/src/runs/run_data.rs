//! What a run says of itself while it is under way, from whichever thread.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::format::order;
use crate::os::clock;
use crate::os::engine::{Part, Slot};
use crate::os::ffi::Lent;
use crate::os::mutex::Mutex;
use crate::runs::log_ring::{self, Line, Ring};
use crate::runs::stack;
use crate::status::facts::{Dropped, Facts};
use crate::status::heard::Heard;
use crate::status::log_lines::LogLines;
use crate::status::progress::Progress;

/// The total of a run that does not know it.
pub(crate) const UNKNOWN: u64 = u64::MAX;

/// Those of the runs that have said something.
static SAID: Part<Mutex<HashMap<u64, Arc<RunData>>>> = Part::new(Slot::Said);

/// How many they are: mostly none, and then no run need look.
static COUNT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The run that last said something on this thread.
    static LATEST: Cell<Option<Arc<RunData>>> = const { Cell::new(None) };
}

/// What one run has said so far.
pub(crate) struct RunData {
    number: u64,
    /// Those that it is inside, the outermost first.
    around: Vec<u64>,
    /// How much is done, and of how much. They are written without a clock or a lock: a loop calls for it.
    done: AtomicU64,
    total: AtomicU64,
    /// When that was first said, and how much was done then.
    first: OnceLock<(Instant, u64)>,
    /// The same, where less was done at a look than at the one before: the next part of the work has its own pace.
    anew: Mutex<Option<(Instant, u64)>>,
    /// How much was done at the last look.
    seen: AtomicU64,
    /// Whether something of it is to be written into the record of runs under way.
    is_news: AtomicBool,
    /// Whether somebody looks for that.
    is_watched: AtomicBool,
    /// `None` once the run has ended.
    said: Lent<Option<Said>>,
}

#[derive(Clone, Default)]
struct Said {
    facts: Facts,
    lines: Ring,
}

impl Said {
    fn heard(self, has_failed: bool) -> Heard {
        Heard {
            facts: self.facts.readable(),
            log_lines: if has_failed {
                self.lines.readable()
            } else {
                LogLines::default()
            },
            progress: None,
        }
    }
}

impl RunData {
    fn new(number: u64, around: Vec<u64>) -> Self {
        Self {
            number,
            around,
            done: AtomicU64::default(),
            total: AtomicU64::new(UNKNOWN),
            first: OnceLock::new(),
            anew: Mutex::default(),
            seen: AtomicU64::default(),
            is_news: AtomicBool::default(),
            is_watched: AtomicBool::default(),
            said: Lent::new(Some(Said::default())),
        }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Returns whether it is that run, or inside it.
    fn is_of(&self, run: u64) -> bool {
        self.number == run || self.around.contains(&run)
    }

    /// Says how far the run has come.
    pub(crate) fn advance(&self, done: u64, total: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        if self.first.get().is_none() {
            let _ = self.first.set((Instant::now(), done));
        }
        // It is set seldom: another thread reads it.
        if !self.is_news.load(Ordering::Relaxed) {
            self.is_news.store(true, Ordering::Relaxed);
        }
    }

    /// Returns how far it has come, if it says so.
    fn progress(&self) -> Option<Progress> {
        let mut since = *self.first.get()?;
        let total = self.total.load(Ordering::Relaxed);
        let total = (total != UNKNOWN).then_some(total);
        let done = self.done.load(Ordering::Relaxed);
        // In a child that was forked meanwhile nobody lets go of it.
        if let Some(mut anew) = self.anew.try_lock() {
            if self.seen.swap(done, Ordering::Relaxed) > done {
                *anew = Some((Instant::now(), done));
            }
            since = anew.unwrap_or(since);
        }
        let (at, first) = since;
        Some(Progress::new(
            first,
            done,
            total,
            at.elapsed(),
            clock::now(),
        ))
    }

    /// Takes the duty to look for its news; `false` where somebody has it.
    pub(crate) fn take_watch(&self) -> bool {
        !self.is_watched.load(Ordering::Relaxed) && !self.is_watched.swap(true, Ordering::Relaxed)
    }

    /// Says a fact of the run, unless that has ended.
    pub(crate) fn put(&self, name: &str, value: String) -> Result<(), Dropped> {
        self.is_news.store(true, Ordering::Relaxed);
        let put = |said: &mut Option<Said>| said.as_mut().map(|said| said.facts.put(name, value));
        self.said.with(put).flatten().unwrap_or(Ok(()))
    }

    /// Keeps a line that the run has logged, unless that has ended.
    #[inline]
    pub(crate) fn log(&self, line: Line) {
        let old = self.said.with(|said| match said {
            Some(said) => said.lines.push(line),
            None => Some(line),
        });
        old.flatten().into_iter().for_each(log_ring::reuse);
    }
}

pub(crate) fn of(run: u64) -> Arc<RunData> {
    with(run, Arc::clone)
}

/// Lends the data of a run that is under way. The run that last said something on this thread is lent without being
/// counted, for two counts are a fifth of what a log line costs.
#[inline]
pub(crate) fn with<R>(run: u64, used: impl FnOnce(&Arc<RunData>) -> R) -> R {
    let latest = LATEST.try_with(Cell::take).ok().flatten();
    let data = latest.filter(|data| data.number == run);
    let data = data.unwrap_or_else(|| found(run));
    let result = used(&data);
    let _ = LATEST.try_with(|latest| latest.set(Some(data)));
    result
}

/// Returns the data of a run on this thread's stack.
#[cold]
fn found(run: u64) -> Arc<RunData> {
    of_inside(run, &stack::around(run))
}

/// Returns the data of a run that is inside those.
fn of_inside(run: u64, around: &[u64]) -> Arc<RunData> {
    let mut said = SAID.get().lock();
    let data = said.entry(run).or_insert_with(|| {
        COUNT.fetch_add(1, Ordering::Relaxed);
        Arc::new(RunData::new(run, around.to_vec()))
    });
    Arc::clone(data)
}

/// Returns what a run has said so far, and how far the innermost run has come in it that says so; where something is
/// wrong with it, also what was logged in it and in those inside it.
pub(crate) fn so_far(run: u64, with_lines: bool) -> Heard {
    if COUNT.load(Ordering::Relaxed) == 0 {
        return Heard::default();
    }
    let all = SAID.get().lock();
    let inside = all.values().filter(|data| data.is_of(run));
    let mut inside: Vec<_> = inside.cloned().collect();
    drop(all);
    order::sort_by_key(&mut inside, |data| data.around.len());
    let mut so_far = Said::default();
    for data in &inside {
        let is_own = data.number == run;
        if (is_own || with_lines)
            && let Some(said) = data.said.with(|said| said.clone()).flatten()
        {
            so_far.lines.append(said.lines);
            if is_own {
                so_far.facts = said.facts;
            }
        }
    }
    let says = inside
        .iter()
        .filter_map(|data| Some((data.first.get()?.0, data)));
    let innermost = says.max_by_key(|(first, _)| *first);
    Heard {
        progress: innermost.and_then(|(_, data)| data.progress()),
        ..so_far.heard(with_lines)
    }
}

pub(crate) fn has_said(run: u64) -> bool {
    find(|said| said.get(&run).cloned()).is_some()
}

/// Returns the runs that one is inside, the outermost first, and whether it has said something since this was last
/// asked; `None` where it has ended.
pub(crate) fn take_news(run: u64) -> Option<(Vec<u64>, bool)> {
    let data = find(|said| said.get(&run).cloned())?;
    Some((
        data.around.clone(),
        data.is_news.swap(false, Ordering::Relaxed),
    ))
}

/// Returns what a run has said that ends now, and hears no more of it. What it has logged was logged inside the
/// run around it, too, if that `is_open`.
pub(crate) fn end(run: u64, is_open: impl FnOnce(u64) -> bool, has_failed: bool) -> Heard {
    let data = find(|said| {
        let data = said.remove(&run)?;
        COUNT.fetch_sub(1, Ordering::Relaxed);
        Some(data)
    });
    let Some(data) = data else {
        return Heard::default();
    };
    let ended = data.said.with(Option::take).flatten().unwrap_or_default();
    if let Some((outer, around)) = data.around.split_last()
        && !ended.lines.is_empty()
        && is_open(*outer)
    {
        of_inside(*outer, around).said.with(|outer| {
            if let Some(outer) = outer {
                outer.lines.append(ended.lines.clone());
            }
        });
    }
    ended.heard(has_failed)
}

fn find(
    look: impl FnOnce(&mut HashMap<u64, Arc<RunData>>) -> Option<Arc<RunData>>,
) -> Option<Arc<RunData>> {
    if COUNT.load(Ordering::Relaxed) == 0 {
        return None;
    }
    look(&mut SAID.get().lock())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 17, point 5: a program counts the files, and then the rows.
    #[test]
    fn what_counts_anew_has_a_pace_of_its_own() {
        let run = RunData::new(1, Vec::new());
        let until = |done, total| {
            run.advance(done, total);
            run.progress().unwrap().until
        };
        assert_eq!(until(0, 100), None, "no pace yet");
        assert!(until(90, 100).is_some());
        assert_eq!(until(1, 50), None, "no pace of the rows yet");
        assert!(until(25, 50).is_some());
        assert!(until(25, 100).is_some(), "there are more of them");
    }
}
