//! Numbers that nobody can predict.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::os::engine;

/// Returns a number that no other run on any host will have.
#[must_use]
#[cfg_attr(
    not(feature = "cli"),
    expect(unreachable_pub, reason = "the command uses it")
)]
pub fn number() -> u64 {
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
    hasher.finish()
}

/// Returns a number from 0 to 1.
pub(crate) fn jitter() -> f64 {
    f64::from(u32::try_from(number() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_differ_and_a_jitter_is_a_part_of_one() {
        assert_ne!(number(), number());
        assert!((0.0..=1.0).contains(&jitter()));
    }
}
