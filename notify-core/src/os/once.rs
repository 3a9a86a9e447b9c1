//! A value that is made once, at its first use, by code that may take long: a user's, say.

use std::sync::Condvar;

use crate::os::engine::{Part, Slot};
use crate::os::ffi::OnceBox;
use crate::os::mutex::{self, Mutex};

/// The values that are being made now. A forked child has a list of its own, for it lacks its parent's threads.
static MAKERS: Part<Makers> = Part::new(Slot::Makers);

#[derive(Default)]
struct Makers {
    /// The addresses of the values.
    busy: Mutex<Vec<usize>>,
    changed: Condvar,
}

/// A value that one thread makes while the others of its process wait.
#[derive(Debug)]
pub(crate) struct Once<T> {
    value: OnceBox<T>,
}

impl<T: Send + Sync> Once<T> {
    pub(crate) const fn new() -> Self {
        Self {
            value: OnceBox::new(),
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.value.get()
    }

    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.value.get() {
            return value;
        }
        let makers = MAKERS.get();
        let address = std::ptr::from_ref(self).addr();
        let is_busy = |busy: &mut Vec<usize>| busy.contains(&address);
        let waited = makers.changed.wait_while(makers.busy.lock(), is_busy);
        let mut busy = mutex::whole(waited);
        if let Some(value) = self.value.get() {
            return value;
        }
        busy.push(address);
        drop(busy);
        let _busy = Busy { makers, address };
        self.value.get_or_make(make)
    }
}

impl<T: Send + Sync> From<T> for Once<T> {
    fn from(value: T) -> Self {
        let once = Self::new();
        once.get_or_make(|| value);
        once
    }
}

/// Lets the others go on, also where the maker panics.
struct Busy {
    makers: &'static Makers,
    address: usize,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.makers.busy.lock().retain(|busy| *busy != self.address);
        self.makers.changed.notify_all();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use crate::os::ffi::ends_in_a_fork;

    /// Issue 13, point 5: std's once would wait in the child for the parent's thread.
    #[test]
    fn the_threads_of_a_process_wait_for_one_maker_and_a_forked_child_makes_its_own() {
        let (once, made) = (Once::new(), AtomicUsize::new(0));
        let (begun, over) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            scope.spawn(|| {
                once.get_or_make(|| {
                    begun.wait();
                    over.wait();
                    made.fetch_add(1, Ordering::Relaxed)
                })
            });
            begun.wait();
            assert!(ends_in_a_fork(|| {
                assert_eq!(once.get_or_make(|| 7), &7);
                assert_eq!(once.get_or_make(|| 8), &7);
            }));
            let second = scope.spawn(|| once.get_or_make(|| made.fetch_add(1, Ordering::Relaxed)));
            over.wait();
            assert_eq!(second.join().unwrap(), &0);
        });
        assert_eq!(made.into_inner(), 1, "it is made once");
    }

    #[test]
    fn a_maker_that_panics_leaves_it_to_the_next() {
        let once = Once::new();
        let panicked = crate::os::isolate::contain(|| *once.get_or_make(|| panic!("no")));
        assert_eq!(panicked, None);
        assert_eq!(once.get_or_make(|| 5), &5);
    }
}
