//! Numbers that nobody can predict.

use std::cell::RefCell;
use std::hash::{BuildHasher as _, DefaultHasher, Hasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::os::engine::{self, Part, Slot};

static OF_PROCESS: Part<DefaultHasher> = Part::beginning(Slot::Random, |_| begin());

thread_local! {
    /// The source of this thread's numbers, and the address of its process's engine. By the address a forked child
    /// knows that the source is its parent's.
    static SOURCE: RefCell<Option<(usize, DefaultHasher)>> = const { RefCell::new(None) };
}

/// Returns a number that no other run on any host will have.
#[must_use]
pub fn number() -> u64 {
    let engine = engine::address();
    let next = |source: &mut Option<(usize, DefaultHasher)>| {
        let source = match source.take() {
            Some(known) if known.0 == engine => source.insert(known),
            _ => source.insert((engine, begin())),
        };
        source.1.write_u64(0);
        source.1.finish()
    };
    SOURCE.with_borrow_mut(next)
}

/// Returns what this process always makes of a number, and no other process of any.
pub(crate) fn of(number: u64) -> u64 {
    let mut hasher = OF_PROCESS.get().clone();
    hasher.write_u64(number);
    hasher.finish()
}

/// Returns a hasher that begins otherwise in each thread of each process.
fn begin() -> DefaultHasher {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // std's hasher is seeded by the system; a forked child has its parent's seed, hence the pid.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(engine::pid());
    hasher.write_u64(COUNT.fetch_add(1, Ordering::Relaxed));
    hasher.write_u128(
        SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default()
            .as_nanos(),
    );
    hasher
}

/// Returns a number from 0 to 1.
pub(crate) fn jitter() -> f64 {
    f64::from(u32::try_from(number() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::thread;

    use super::*;

    #[test]
    fn two_numbers_differ_and_a_jitter_is_a_part_of_one() {
        assert_ne!(number(), number());
        assert!((0.0..=1.0).contains(&jitter()));
    }

    /// Issue 14, point 3: a number costs no look at the clock, and is nobody else's all the same.
    #[test]
    fn the_numbers_of_all_threads_differ() {
        let some = || (0..1000).map(|_| number()).collect::<Vec<_>>();
        let threads = [(); 8].map(|()| thread::spawn(some));
        let all = threads.into_iter().flat_map(|all| all.join().unwrap());
        assert_eq!(all.collect::<HashSet<_>>().len(), 8000);
    }

    /// A run's id is made from its number, each time that the id is wanted.
    #[cfg(unix)]
    #[test]
    fn a_number_has_one_id_in_its_process_and_another_in_a_forked_child() {
        let folder = crate::testing::Folder::new();
        let path = folder.path().join("ids");
        let ids = || [1, 2, u64::MAX].map(of);
        assert_eq!(ids(), ids());
        assert_eq!(HashSet::from(ids()).len(), 3);
        assert!(crate::os::ffi::ends_in_a_fork(|| {
            std::fs::write(&path, ids().map(|id| id.to_string()).join(" ")).unwrap();
        }));
        let childs = std::fs::read_to_string(&path).unwrap();
        let childs: Vec<u64> = childs.split(' ').map(|id| id.parse().unwrap()).collect();
        assert_eq!(childs.len(), 3);
        assert!(childs.iter().all(|id| !ids().contains(id)));
    }

    /// Issue 14, point 3.
    #[cfg(unix)]
    #[test]
    fn a_forked_child_has_other_numbers_than_its_parent() {
        let folder = crate::testing::Folder::new();
        let path = folder.path().join("numbers");
        // The thread has begun before the fork.
        let _ = number();
        let some = || (0..100).map(|_| number()).collect::<HashSet<_>>();
        assert!(crate::os::ffi::ends_in_a_fork(|| {
            let lines: Vec<_> = some().iter().map(u64::to_string).collect();
            std::fs::write(&path, lines.join("\n")).unwrap();
        }));
        let own = some();
        let childs = std::fs::read_to_string(&path).unwrap();
        assert_eq!(childs.lines().count(), 100);
        assert!(
            childs
                .lines()
                .all(|number| !own.contains(&number.parse().unwrap()))
        );
    }
}
