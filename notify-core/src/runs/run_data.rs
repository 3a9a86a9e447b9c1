//! What a run says of itself while it is under way, from whichever thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::os::engine::{Part, Slot};
use crate::status::facts::{Dropped, Facts};

/// How often a value is tried to be reached. Its lock is held for less than a microsecond, but in a child
/// that was forked meanwhile nobody lets go of it.
const TRIES: usize = 1_000;

/// Those of the runs that have said something.
static SAID: Part<Mutex<HashMap<u64, Arc<RunData>>>> = Part::new(Slot::Said);

/// How many they are: mostly none, and then no run need look.
static COUNT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The run that last said something on this thread.
    static LATEST: RefCell<Option<(u64, Arc<RunData>)>> = const { RefCell::new(None) };
}

/// What one run has said so far.
#[derive(Debug)]
pub(crate) struct RunData {
    /// `None` once the run has ended.
    facts: Mutex<Option<Facts>>,
}

impl RunData {
    /// Says a fact of the run, unless that has ended.
    pub(crate) fn put(&self, name: &str, value: String) -> Result<(), Dropped> {
        match self.facts().as_mut().and_then(|facts| facts.as_mut()) {
            Some(facts) => facts.put(name, value),
            None => Ok(()),
        }
    }

    fn facts(&self) -> Option<MutexGuard<'_, Option<Facts>>> {
        for _ in 0..TRIES {
            match self.facts.try_lock() {
                Ok(facts) => return Some(facts),
                Err(std::sync::TryLockError::Poisoned(facts)) => return Some(facts.into_inner()),
                Err(std::sync::TryLockError::WouldBlock) => thread::yield_now(),
            }
        }
        None
    }
}

/// Returns the data of a run that is under way.
pub(crate) fn of(run: u64) -> Arc<RunData> {
    let known = LATEST.try_with(|latest| match &*latest.try_borrow().ok()? {
        Some((number, data)) if *number == run => Some(Arc::clone(data)),
        _ => None,
    });
    if let Ok(Some(data)) = known {
        return data;
    }
    let data = Arc::clone(said().entry(run).or_insert_with(|| {
        COUNT.fetch_add(1, Ordering::Relaxed);
        let facts = Mutex::new(Some(Facts::default()));
        Arc::new(RunData { facts })
    }));
    let _ = LATEST.try_with(|latest| {
        if let Ok(mut latest) = latest.try_borrow_mut() {
            *latest = Some((run, Arc::clone(&data)));
        }
    });
    data
}

/// Returns what a run has said so far.
pub(crate) fn so_far(run: u64) -> Facts {
    let data = find(|said| said.get(&run).cloned());
    let facts = data.and_then(|data| data.facts()?.clone());
    facts.unwrap_or_default().readable()
}

/// Tells whether a run has said anything.
pub(crate) fn has_said(run: u64) -> bool {
    find(|said| said.get(&run).cloned()).is_some()
}

/// Returns what a run has said that ends now, and hears no more of it.
pub(crate) fn end(run: u64) -> Facts {
    let data = find(|said| {
        let data = said.remove(&run)?;
        COUNT.fetch_sub(1, Ordering::Relaxed);
        Some(data)
    });
    let facts = data.and_then(|data| data.facts()?.take());
    facts.unwrap_or_default().readable()
}

fn find(
    look: impl FnOnce(&mut HashMap<u64, Arc<RunData>>) -> Option<Arc<RunData>>,
) -> Option<Arc<RunData>> {
    if COUNT.load(Ordering::Relaxed) == 0 {
        return None;
    }
    look(&mut said())
}

fn said() -> MutexGuard<'static, HashMap<u64, Arc<RunData>>> {
    SAID.get().lock().unwrap_or_else(PoisonError::into_inner)
}
