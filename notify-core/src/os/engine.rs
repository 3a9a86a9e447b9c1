//! The process-wide state, in one value: the engine. A forked child has a new one.
//!
//! A fork copies the parent's memory, and with it locks that another thread held, work that another thread
//! was at, and threads that are not there: the child must wait for none of them. So whatever one part of a
//! run leaves for the next stands in the engine, each kind in a slot of its own, and none is waited for
//! while it is made.

use std::any::Any;
use std::fmt;
use std::iter;

use crate::os::ffi::{OfProcess, OnceBox};

/// What an engine holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// Faults that last, and were logged.
    Warnings,
    Secrets,
    /// What makes the ids of runs.
    Random,
    /// Whether signals are watched.
    Signals,
    /// Values that are being made, and who makes them.
    Makers,
    /// Statuses that could not be stored.
    Unstored,
    /// The record of the runs under way.
    Record,
    /// The settings in force.
    Settings,
    /// Certificate authorities.
    Authorities,
    Heartbeats,
    Delivery,
    /// What should stand on disk and cannot.
    Unwritten,
    /// The runs under way.
    Runs,
    /// What runs under way have said of themselves.
    Said,
    /// Which job has which name.
    Names,
    /// What is done once, before or after the first end of a run.
    FirstEnd,
    /// Runs that may be overdue.
    Overdue,
    /// Ends of runs that wait for the store.
    Postponed,
    /// When the dead were last looked for.
    Reaper,
    /// Panics on their way.
    Panics,
    /// Events that end several jobs, and who speaks for them.
    Events,
    /// Connections to shared stores.
    #[cfg(feature = "postgres")]
    Links,
    /// The exit that is under way.
    Exit,
}

const SLOTS: usize = Slot::Exit as usize + 1;

/// The state of one process.
pub(crate) struct Engine {
    pid: u32,
    /// That of the process that forked this one, as it was then.
    parent: Option<&'static Self>,
    parts: [OnceBox<Box<Held>>; SLOTS],
}

/// What a slot holds.
type Held = dyn Any + Send + Sync;

static ENGINE: OfProcess<Engine> = OfProcess::new();

impl Engine {
    fn new(parent: Option<&'static Self>) -> Self {
        Self {
            pid: std::process::id(),
            parent,
            parts: [const { OnceBox::new() }; SLOTS],
        }
    }

    /// Returns the engine of this process. It costs no system call.
    fn this() -> &'static Self {
        #[cfg(test)]
        if let Some(own) = own::of_this_thread() {
            return own;
        }
        ENGINE.get_or_make(Self::new)
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Returns what is in a slot. Where it is empty `begin` fills it, with the copy of what the parent had at hand, or
    /// its own parent.
    fn find(&self, slot: Slot, begin: &dyn Fn(Option<&Held>) -> Box<Held>) -> &Held {
        let part = |engine: &'static Self| engine.parts[slot as usize].get();
        let held = self.parts[slot as usize].get_or_make(|| {
            let mut ancestors = iter::successors(self.parent, |engine| engine.parent);
            begin(ancestors.find_map(part).map(|held| &**held))
        });
        &**held
    }
}

pub(crate) fn pid() -> u32 {
    Engine::this().pid
}

/// Returns whether the process was forked by one that has used this library.
#[cfg(unix)]
pub(crate) fn is_forked() -> bool {
    Engine::this().parent.is_some()
}

/// Distinguishes the engine of this process from those of its ancestors, which stay in its memory.
pub(crate) fn address() -> usize {
    Engine::this().address()
}

/// Asks the system whether this is still the process of the engine, where a fork may go unnoticed otherwise:
/// before something is written to disk a child is to be found.
pub(crate) fn confirm() {
    let engine = Engine::this();
    if !ENGINE.is_sure() && engine.pid != std::process::id() {
        ENGINE.renew(Engine::new);
    }
}

/// A part of the engine, made when it is first asked for.
pub(crate) struct Part<T: 'static> {
    slot: Slot,
    /// Makes the value that a process begins with. A forked child passes its copy of the parent's value, in which
    /// a lock may be held for ever.
    begin: fn(Option<&T>) -> T,
    /// The value of the first process, and the address of its engine: few programs fork and need another.
    first: OnceBox<(usize, &'static T)>,
}

impl<T: Send + Sync + 'static> Part<T> {
    pub(crate) const fn new(slot: Slot) -> Self
    where
        T: Default,
    {
        Self::beginning(slot, |_| T::default())
    }

    pub(crate) const fn beginning(slot: Slot, begin: fn(Option<&T>) -> T) -> Self {
        Self {
            slot,
            begin,
            first: OnceBox::new(),
        }
    }

    pub(crate) fn get(&self) -> &'static T {
        let engine = Engine::this();
        match self.first.get() {
            Some((of, part)) if *of == engine.address() => part,
            _ => self.find(engine),
        }
    }

    #[cold]
    fn find(&self, engine: &'static Engine) -> &'static T {
        let begin = |parents: Option<&Held>| {
            let begun: Box<Held> = Box::new((self.begin)(parents.and_then(|it| it.downcast_ref())));
            begun
        };
        // Each slot is one part's.
        let found = engine.find(self.slot, &begin).downcast_ref();
        let found = found.unwrap_or_else(|| Box::leak(Box::new((self.begin)(None))));
        self.first.get_or_make(|| (engine.address(), found));
        found
    }
}

/// A value outside of the engine, of which each process has its own.
pub(crate) struct PerProcess<T> {
    first: OnceBox<Generation<T>>,
    /// What a forked child does with its copy of the parent's value, such as to close its files.
    let_go: fn(&T),
}

struct Generation<T> {
    /// The address of its process's engine.
    engine: usize,
    value: T,
    next: OnceBox<Self>,
}

impl<T: Default + Send + Sync> PerProcess<T> {
    pub(crate) const fn letting_go(let_go: fn(&T)) -> Self {
        Self {
            first: OnceBox::new(),
            let_go,
        }
    }

    pub(crate) fn get(&self) -> &T {
        let engine = address();
        let begin = || Generation {
            engine,
            value: T::default(),
            next: OnceBox::new(),
        };
        let mut generation = self.first.get_or_make(begin);
        while generation.engine != engine {
            generation = generation.next.get_or_make(|| {
                (self.let_go)(&generation.value);
                begin()
            });
        }
        &generation.value
    }
}

impl<T> fmt::Debug for PerProcess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerProcess").finish_non_exhaustive()
    }
}

/// An engine of a test's own.
#[cfg(test)]
pub(crate) mod own {
    use std::cell::Cell;

    use super::Engine;

    thread_local! {
        static OWN: Cell<Option<&'static Engine>> = const { Cell::new(None) };
    }

    pub(super) fn of_this_thread() -> Option<&'static Engine> {
        let own = OWN.get()?;
        if own.pid != std::process::id() {
            enter(Some(Box::leak(Box::new(Engine::new(Some(own))))));
        }
        OWN.get()
    }

    /// While this lives, its thread and the threads of its engine have an engine that no other test sees.
    #[must_use]
    pub(crate) struct Own(());

    pub(crate) fn begin() -> Own {
        enter(Some(Box::leak(Box::new(Engine::new(None)))));
        Own(())
    }

    impl Drop for Own {
        fn drop(&mut self) {
            enter(None);
        }
    }

    /// Has a thread share an engine.
    pub(crate) fn enter(engine: Option<&'static Engine>) {
        OWN.set(engine);
    }

    pub(crate) fn get() -> Option<&'static Engine> {
        OWN.get()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::Mutex;
    use std::thread;

    use super::*;
    use crate::os::ffi::ends_in_a_fork;

    /// No other part is in this slot of an engine of the test's own.
    static NUMBERS: Part<Mutex<Vec<u32>>> = Part::new(Slot::Unwritten);

    static KEPT: Part<u32> = Part::beginning(Slot::Exit, |parents| {
        parents.map_or(1, |parents| parents + 1)
    });

    /// Issue 13, point 5.
    #[test]
    fn a_forked_child_begins_anew_and_knows_what_its_ancestors_had() {
        let _own = own::begin();
        NUMBERS.get().lock().unwrap().push(7);
        assert_eq!((*KEPT.get(), pid()), (1, std::process::id()));
        let held = NUMBERS.get().lock().unwrap();
        assert!(ends_in_a_fork(|| {
            assert!(NUMBERS.get().lock().unwrap().is_empty());
            assert_eq!(pid(), std::process::id());
            // The grandchild is the first to ask for it.
            assert!(ends_in_a_fork(|| assert_eq!(*KEPT.get(), 2)));
            assert_eq!(*KEPT.get(), 2);
            assert!(ends_in_a_fork(|| assert_eq!(*KEPT.get(), 3)));
        }));
        assert_eq!(*held, [7]);
    }

    /// Issue 13, point 5.
    #[test]
    fn two_tests_have_engines_of_their_own() {
        let seen = [1, 2].map(|number| {
            thread::spawn(move || {
                let _own = own::begin();
                NUMBERS.get().lock().unwrap().push(number);
                NUMBERS.get().lock().unwrap().clone()
            })
        });
        assert_eq!(seen.map(|seen| seen.join().unwrap()), [[1], [2]]);
    }
}
