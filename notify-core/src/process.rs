//! State that belongs to one process: after a fork the child finds its own, empty.

use std::sync::OnceLock;

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
        let pid = std::process::id();
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
