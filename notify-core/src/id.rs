//! Random ids, and hashes that are the same in every process.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use siphasher::sip::SipHasher13;

use crate::process;

/// Returns a number that no other run on any host will have.
pub(crate) fn random() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // std's hasher is seeded by the system; a forked child has its parent's seed, hence the pid.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(process::id());
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
    f64::from(u32::try_from(random() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

/// Hashes without a key: what is hashed is no secret.
pub(crate) fn hash(text: &str) -> u64 {
    keyed_hash(&[0; 16], text)
}

/// Hashes a secret, so that it can neither be read back nor guessed at without the key.
pub(crate) fn keyed_hash(key: &[u8; 16], secret: &str) -> u64 {
    let mut hasher = SipHasher13::new_with_key(key);
    hasher.write(secret.as_bytes());
    hasher.finish()
}

/// Writes a number in 16 hexadecimal digits: each run writes some, and a format costs much more.
pub(crate) fn hex(number: u64) -> String {
    let mut text = String::with_capacity(16);
    push_hex(&mut text, number, 16);
    text
}

/// Adds the last so many hexadecimal digits of a number to a text.
pub(crate) fn push_hex(text: &mut String, number: u64, digits: u32) {
    for place in (0..digits).rev() {
        let nibble = usize::try_from(number >> (4 * place) & 0xf).unwrap_or_default();
        text.push(char::from(b"0123456789abcdef"[nibble]));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_is_written_in_sixteen_digits(number in any::<u64>()) {
            prop_assert_eq!(hex(number), format!("{number:016x}"));
        }
    }

    #[test]
    fn two_ids_differ_and_a_hash_is_the_same_for_ever() {
        assert_ne!(random(), random());
        assert_eq!(hash("etl.load"), 0xd6f9_ad35_a7d4_6cd9);
        assert_ne!(keyed_hash(&[1; 16], "etl.load"), hash("etl.load"));
        assert!((0.0..=1.0).contains(&jitter()));
    }
}
