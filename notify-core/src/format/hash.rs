//! Hashes that are the same in every process.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

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

/// Adds the last so many hexadecimal digits of a number to a text, 16 at most.
pub(crate) fn push_hex(text: &mut String, number: u64, digits: usize) {
    let (mut all, mut left) = ([0; 16], number);
    for digit in all.iter_mut().rev() {
        let nibble = usize::try_from(left & 0xf).unwrap_or_default();
        *digit = b"0123456789abcdef"[nibble];
        left >>= 4;
    }
    let begin = all.len().saturating_sub(digits);
    *text += str::from_utf8(&all[begin..]).unwrap_or_default();
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
    fn a_hash_is_the_same_for_ever() {
        assert_eq!(hash("etl.load"), 0xd6f9_ad35_a7d4_6cd9);
        assert_ne!(keyed_hash(&[1; 16], "etl.load"), hash("etl.load"));
    }
}
