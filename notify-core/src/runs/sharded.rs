//! Values by their numbers, in shards: threads that run jobs at the same time seldom wait for each other.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::os::mutex::Mutex;
use crate::os::patience::ask_for_a_while;

/// More threads than this share shards.
const SHARDS: usize = 16;

/// So many numbers a thread takes at once; they are of one shard.
const BLOCK: u64 = 1 << 16;

thread_local! {
    /// The next number of this thread, if it is not the first of a block.
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// Values by their numbers. A value is in a box, for it is moved in and out more often than it is looked at.
pub(crate) struct Sharded<T>([Shard<T>; SHARDS]);

/// The values of one shard, in the order of their numbers.
pub(crate) type Values<T> = BTreeMap<u64, Box<T>>;

/// On a cache line of its own, which no other thread writes to.
#[repr(align(128))]
struct Shard<T> {
    values: Mutex<Values<T>>,
    /// How many values were taken out that their threads still work with.
    taken: AtomicUsize,
}

/// Returns a number that nobody else in this process has; those of a thread grow, and say nothing of other threads.
pub(crate) fn number() -> u64 {
    static BLOCKS: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.get();
    let number = if next.is_multiple_of(BLOCK) {
        BLOCK * BLOCKS.fetch_add(1, Ordering::Relaxed)
    } else {
        next
    };
    NEXT.set(number + 1);
    number
}

impl<T> Default for Sharded<T> {
    fn default() -> Self {
        Self([(); SHARDS].map(|()| Shard {
            values: Mutex::default(),
            taken: AtomicUsize::new(0),
        }))
    }
}

impl<T> Sharded<T> {
    pub(crate) fn of(&self, number: u64) -> MutexGuard<'_, Values<T>> {
        self.0[shard(number)].values.lock()
    }

    /// As [`of`](Self::of), for one who must not wait for long; `None` where somebody holds the shard all the time.
    pub(crate) fn of_patiently(&self, number: u64) -> Option<MutexGuard<'_, Values<T>>> {
        self.0[shard(number)].try_for_a_while()
    }

    /// Returns the count of those values that were taken out of a number's shard, and are still worked with: who
    /// takes one counts it before, and until its work is done.
    pub(crate) fn taken(&self, number: u64) -> &AtomicUsize {
        &self.0[shard(number)].taken
    }

    pub(crate) fn all_taken(&self) -> usize {
        let taken = self.0.iter().map(|shard| &shard.taken);
        taken.map(|taken| taken.load(Ordering::Acquire)).sum()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = MutexGuard<'_, Values<T>>> {
        self.0.iter().map(|shard| shard.values.lock())
    }

    /// As [`all`](Self::all), for one who must not wait for long; `None` for shards that somebody holds all the time.
    pub(crate) fn patiently(&self) -> impl Iterator<Item = Option<MutexGuard<'_, Values<T>>>> {
        self.0.iter().map(Shard::try_for_a_while)
    }

    /// As [`all`](Self::all), for one who must not wait; `None` for shards that somebody holds now.
    pub(crate) fn try_all(&self) -> impl Iterator<Item = Option<MutexGuard<'_, Values<T>>>> {
        self.0.iter().map(|shard| shard.values.try_lock())
    }
}

impl<T> Shard<T> {
    fn try_for_a_while(&self) -> Option<MutexGuard<'_, Values<T>>> {
        ask_for_a_while(|| self.values.try_lock())
    }
}

fn shard(number: u64) -> usize {
    usize::try_from(number / BLOCK).unwrap_or_default() % SHARDS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;

    use super::*;

    /// Issue 14, point 1.
    #[test]
    fn no_two_values_have_one_number_and_those_of_a_thread_are_in_order() {
        let sharded: Sharded<u64> = Sharded::default();
        let work = || {
            let numbers: Vec<_> = (0..2 * BLOCK).map(|_| number()).collect();
            for number in &numbers {
                sharded.of(*number).insert(*number, Box::new(*number));
            }
            assert!(numbers.is_sorted());
        };
        thread::scope(|scope| {
            (0..4).for_each(|_| drop(scope.spawn(work)));
        });
        let all: BTreeSet<_> = sharded
            .all()
            .flat_map(|shard| shard.keys().copied().collect::<Vec<_>>())
            .collect();
        assert_eq!(all.len() as u64, 8 * BLOCK);
        assert!(
            sharded
                .all()
                .all(|shard| shard.iter().all(|(number, value)| **value == *number))
        );
    }
}
