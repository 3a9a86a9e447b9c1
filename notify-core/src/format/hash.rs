//! Hashes that are the same in every process.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

/// Hashes without a key: what is hashed is no secret.
pub(crate) fn hash(text: &str) -> u64 {
    begin(text).finish()
}

/// Begins the hash of a text that goes on: what it begins with is hashed once, however often it goes on otherwise.
pub(crate) fn begin(text: &str) -> SipHasher13 {
    let mut hasher = SipHasher13::new_with_key(&[0; 16]);
    hasher.write(text.as_bytes());
    hasher
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
    push_hex(&mut text, number);
    text
}

pub(crate) fn push_hex(text: &mut String, number: u64) {
    *text += str::from_utf8(&digits(number)).unwrap_or_default();
}

/// Returns the hexadecimal digits of a number.
pub(crate) fn digits(number: u64) -> [u8; 16] {
    let half = |bits: u64| {
        // One nibble a byte, then its digit: all eight at once.
        let bits = (bits | bits << 16) & 0x0000_ffff_0000_ffff;
        let bits = (bits | bits << 8) & 0x00ff_00ff_00ff_00ff;
        let nibbles = (bits | bits << 4) & 0x0f0f_0f0f_0f0f_0f0f;
        let letters = (nibbles + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
        nibbles + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'9' - 1)
    };
    let mut digits = [0; 16];
    let (left, right) = digits.split_at_mut(8);
    left.copy_from_slice(&half(number >> 32).to_be_bytes());
    right.copy_from_slice(&half(number & 0xffff_ffff).to_be_bytes());
    digits
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

        #[test]
        fn a_text_has_the_same_hash_in_two_parts(beginning in any::<String>(), rest in any::<String>()) {
            let whole = hash(&format!("{beginning}{rest}"));
            let mut hasher = begin(&beginning);
            hasher.write(rest.as_bytes());
            prop_assert_eq!(hasher.finish(), whole);
        }
    }

    #[test]
    fn a_hash_is_the_same_for_ever() {
        assert_eq!(hash("etl.load"), 0xd6f9_ad35_a7d4_6cd9);
        assert_ne!(keyed_hash(&[1; 16], "etl.load"), hash("etl.load"));
    }
}
