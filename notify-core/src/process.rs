//! State that belongs to one process: after a fork the child finds its own, empty.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::OnceLock;

thread_local! {
    /// The process that this thread knows to be in; 0 where it must ask.
    static KNOWN: Cell<u32> = const { Cell::new(0) };
}

/// While this lives, its thread does not ask the system again which process it is in. Only for
/// stretches of our own code: foreign code may fork.
#[derive(Debug)]
#[must_use = "it ends with this"]
pub(crate) struct Known {
    before: u32,
    /// It belongs to its thread.
    not_send: PhantomData<*const ()>,
}

/// Asks the system which process this is, for a stretch of code that needs to know it often.
pub(crate) fn know() -> Known {
    let pid = std::process::id();
    Known {
        before: KNOWN.try_with(|known| known.replace(pid)).unwrap_or(0),
        not_send: PhantomData,
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        let _ = KNOWN.try_with(|known| known.set(self.before));
    }
}

/// Returns this process's id.
pub(crate) fn id() -> u32 {
    match KNOWN.try_with(Cell::get) {
        Ok(pid) if pid != 0 => pid,
        _ => std::process::id(),
    }
}

/// A value per process. A fork copies the parent's memory, and with it locks that another thread
/// held and threads that are not there: the child must not wait for them.
#[derive(Debug)]
pub(crate) struct PerProcess<T: 'static> {
    first: OnceLock<Generation<T>>,
    /// What the child does with its copy of the parent's value, such as to close its files.
    let_go: fn(&T),
}

#[derive(Debug)]
struct Generation<T: 'static> {
    pid: u32,
    value: T,
    forked: OnceLock<Box<Generation<T>>>,
}

impl<T: Default> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self::letting_go(|_| {})
    }

    pub(crate) const fn letting_go(let_go: fn(&T)) -> Self {
        Self {
            first: OnceLock::new(),
            let_go,
        }
    }

    /// Returns this process's value.
    pub(crate) fn get(&'static self) -> &'static T {
        let pid = id();
        let mut generation = self.first.get_or_init(|| Generation::new(pid));
        while generation.pid != pid {
            generation = generation.forked.get_or_init(|| {
                (self.let_go)(&generation.value);
                Box::new(Generation::new(pid))
            });
        }
        &generation.value
    }
}

impl<T: Default> Generation<T> {
    fn new(pid: u32) -> Self {
        Self {
            pid,
            value: T::default(),
            forked: OnceLock::new(),
        }
    }
}
