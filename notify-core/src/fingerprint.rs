//! Tells whether two errors are the same but for numbers, ids, times and paths.

use crate::id;
use crate::text;

/// As much of an error as is compared: causes stand in its first lines, backtraces follow.
const COMPARED: usize = 4 * 1024;

/// Returns eight digits that two errors share if nothing but numbers, ids, times and paths sets
/// them apart.
pub(crate) fn of(error: &str) -> String {
    let error = text::first_bytes(error.trim(), COMPARED);
    // A backtrace is after an empty line.
    let message = error.split("\n\n").next().unwrap_or_default();
    let words = message.split_whitespace().map(essence);
    let essence = words.collect::<Vec<_>>().join(" ");
    format!("{:08x}", id::hash(&essence) >> 32)
}

/// Takes out of a word what differs from one time to the next.
fn essence(word: &str) -> String {
    if word.contains(['/', '\\']) {
        return "/".to_owned();
    }
    if is_uuid(word.trim_matches(|c: char| !c.is_alphanumeric())) {
        return "#".to_owned();
    }
    let mut essence = String::with_capacity(word.len());
    for part in word.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let end = part.trim_end_matches(|c: char| !c.is_alphanumeric());
        let rest = &part[end.len()..];
        if is_id(end) {
            essence.push('#');
        } else {
            // `worker3` and `worker4` differ by their numbers alone.
            essence.extend(end.chars().filter(|c| !c.is_ascii_digit()));
            if end.contains(|c: char| c.is_ascii_digit()) {
                essence.push('#');
            }
        }
        essence += rest;
    }
    if !essence.contains('#') {
        return essence;
    }
    // One number or many, such as the parts of a time or of an address.
    while let Some(at) = ["##", "#:#", "#-#", "#.#"]
        .iter()
        .find_map(|many| essence.find(many))
    {
        let end = essence[at + 1..]
            .find('#')
            .map_or(at + 1, |next| at + 1 + next);
        essence.replace_range(at..end, "");
    }
    essence
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36
        && word.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Tells whether a part of a word is an id in hexadecimal digits.
fn is_id(part: &str) -> bool {
    part.len() >= 6
        && part.bytes().all(|byte| byte.is_ascii_hexdigit())
        && part.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_ids_times_and_paths_do_not_make_another_error() {
        for (one, other) in [
            ("took 12.5 s", "took 7 s"),
            ("row 17 of 200", "row 18 of 1999"),
            (
                "no such file: /data/2026-11-21/a.csv",
                "no such file: /data/2026-11-22/b.csv",
            ),
            ("run 7f3a91c2 failed", "run 00aa17ff failed"),
            (
                "order 550e8400-e29b-41d4-a716-446655440000 is bad",
                "order 16fd2706-8baf-433b-82eb-8c7fada847da is bad",
            ),
            ("at 2026-11-22T13:00:00Z", "at 2026-11-23T09:15:59Z"),
            ("at 13:00:00.123", "at 9:07:00"),
            ("worker3 is gone", "worker12 is gone"),
            (
                "connection to 10.0.0.1:5432 refused",
                "connection to 10.0.3.17:5433 refused",
            ),
            ("refused\n\nbacktrace: one", "refused\n\nbacktrace: two"),
            ("a  b", "a b\n"),
        ] {
            assert_eq!(of(one), of(other), "{one} / {other}");
        }
    }

    #[test]
    fn other_words_make_another_error() {
        for (one, other) in [
            ("connection refused", "connection reset"),
            (
                "disk full\n  caused by: quota",
                "disk full\n  caused by: no space",
            ),
            ("panicked: no", "no"),
            ("table face is missing", "table cafe is missing"),
            ("", "no"),
        ] {
            assert_ne!(of(one), of(other), "{one} / {other}");
        }
    }

    proptest! {
        #[test]
        fn any_error_has_one(error in any::<String>()) {
            prop_assert_eq!(of(&error).len(), 8);
        }

        #[test]
        fn any_two_numbers_are_alike(one in any::<u64>(), other in any::<u64>()) {
            prop_assert_eq!(of(&format!("row {one}: bad")), of(&format!("row {other}: bad")));
        }
    }
}
