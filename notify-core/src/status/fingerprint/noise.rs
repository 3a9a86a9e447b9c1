//! What differs from one time to the next, though the error is the same: numbers, measures, times,
//! addresses, ids, and paths.

use std::net::Ipv6Addr;

/// What may follow a number, in small letters: units of time and size, and the ends of ordinals.
const UNITS: &[&str] = &[
    "ns", "us", "µs", "μs", "ms", "s", "sec", "secs", "second", "seconds", "m", "min", "mins",
    "minute", "minutes", "h", "hr", "hrs", "hour", "hours", "d", "day", "days", "w", "week",
    "weeks", "millis", "millisecond", "milliseconds", "microsecond", "microseconds", "nanosecond",
    "nanoseconds", "b", "byte", "bytes", "k", "kb", "kib", "mb", "mib", "g", "gb", "gib", "tb",
    "tib", "bps", "kbps", "mbps", "gbps", "hz", "khz", "mhz", "ghz", "x", "st", "nd", "rd", "th",
    "am", "pm", "percent",
];

/// Words of a date, in small letters: they are no noise but beside a number or one another.
const DATE_WORDS: &[&str] = &[
    "jan", "january", "feb", "february", "mar", "march", "apr", "april", "may", "jun", "june",
    "jul", "july", "aug", "august", "sep", "sept", "september", "oct", "october", "nov",
    "november", "dec", "december", "mon", "monday", "tue", "tuesday", "wed", "wednesday", "thu",
    "thursday", "fri", "friday", "sat", "saturday", "sun", "sunday", "am", "pm", "utc", "gmt", "z",
    "cet", "cest", "est", "edt", "cst", "cdt", "pst", "pdt",
];

/// What Kubernetes makes its suffixes of: no vowels, so that they form no words.
const SUFFIX_LETTERS: &str = "bcdfghjklmnpqrstvwxz2456789";

/// This many hexadecimal digits are an id, even where all are letters.
const HASH: usize = 16;

const UUID: usize = 36;

/// Returns whether a lower-case word is a unit.
pub(super) fn is_unit(word: &str) -> bool {
    UNITS.contains(&word)
}

/// Returns whether a lower-case word is one of a date.
pub(super) fn is_date_word(word: &str) -> bool {
    DATE_WORDS.contains(&word)
}

/// Returns whether it is a path or an address with one.
pub(super) fn is_path(chunk: &str) -> bool {
    let bytes = chunk.as_bytes();
    let is_drive = matches!(bytes, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    let is_rooted = ["/", "./", "../", "~/", r"\\"]
        .iter()
        .any(|root| chunk.starts_with(root));
    let is_temporary = chunk.starts_with(".tmp") || chunk.starts_with("tmp.");
    if is_drive || is_rooted || is_temporary {
        return true;
    }
    match chunk.rsplit_once('/') {
        None => false,
        Some((folders, _)) if folders.contains('/') => true,
        // `a/b` is a path where it ends as a file does; `input/output` is none.
        Some((_, file)) => {
            let name = file.split(':').next().unwrap_or(file);
            name.rsplit_once('.').is_some_and(|(_, end)| {
                (1..=5).contains(&end.len())
                    && end.bytes().all(|byte| byte.is_ascii_alphanumeric())
                    && end.bytes().any(|byte| byte.is_ascii_alphabetic())
            })
        }
    }
}

/// Returns the host and the port of an address such as `https://user@host:80/path`.
pub(super) fn host(chunk: &str) -> Option<&str> {
    let (_, rest) = chunk.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    Some(authority.rsplit('@').next().unwrap_or_default())
}

/// Returns whether it is made of numbers alone: a number, a date, a time, a network address, a share.
pub(super) fn is_number(chunk: &str) -> bool {
    let has_digit = chunk.contains(|c: char| c.is_ascii_digit());
    let is_numeric = chunk.starts_with(|c: char| c.is_ascii_digit())
        && chunk
            .chars()
            .all(|c| c.is_ascii_digit() || "-:./+_%TtZz".contains(c));
    is_numeric
        || has_digit && chunk.parse::<f64>().is_ok()
        || chunk.contains(':') && chunk.parse::<Ipv6Addr>().is_ok()
        || is_hardware_address(chunk)
}

fn is_hardware_address(chunk: &str) -> bool {
    chunk.len() == 17
        && chunk.split([':', '-']).count() == 6
        && chunk
            .split([':', '-'])
            .all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Returns whether it is numbers with their units: `950ms`, `1.02s`, `2m3s`, `12GiB`.
pub(super) fn is_measure(chunk: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit() || ".,_".contains(c);
    let mut rest = chunk;
    while !rest.is_empty() {
        if !rest.starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        rest = rest.trim_start_matches(is_digit);
        let end = rest.find(is_digit).unwrap_or(rest.len());
        if !is_unit(&rest[..end].to_lowercase()) {
            return false;
        }
        rest = &rest[end..];
    }
    !chunk.is_empty()
}

/// Finds a UUID, in letters of any case, also as a part of a word.
pub(super) fn find_uuid(chunk: &str) -> Option<(&str, &str)> {
    let is_uuid = |window: &[u8]| {
        window.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let at = chunk.as_bytes().windows(UUID).position(is_uuid)?;
    Some((&chunk[..at], &chunk[at + UUID..]))
}

/// Returns whether a long word has the letters of a token and none of a name: base64, base62.
pub(super) fn is_token(chunk: &str) -> bool {
    let has = |is: fn(&u8) -> bool| chunk.as_bytes().iter().any(is);
    chunk.len() >= 20
        && chunk
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_+/=.".contains(&byte))
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && is_restless(chunk)
}

/// Returns whether a part of a word, letters and digits alone, is an id.
pub(super) fn is_id(part: &str) -> bool {
    let bytes = part.as_bytes();
    let is_hex = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_hexdigit);
    if let [b'0', b'x' | b'X', rest @ ..] = bytes
        && !rest.is_empty()
        && is_hex(rest)
    {
        return true;
    }
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    if is_hex(bytes) && (bytes.len() >= 6 && digits > 0 || bytes.len() >= HASH) {
        return true;
    }
    if digits == 0 || digits == bytes.len() || !part.is_ascii() || is_name(part) {
        return false;
    }
    let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
    if bytes[0].is_ascii_digit() {
        return bytes.len() >= 4;
    }
    // Digits among the letters; `worker3` has them at its end.
    if letters.bytes().any(|byte| byte.is_ascii_digit()) {
        return bytes.len() >= 5 || bytes.len() == 4 && digits >= 2;
    }
    bytes.len() >= 7 && !has_vowel(part) || bytes.len() >= 8 && is_restless(part)
}

/// Returns whether what follows a word such as `id` is one: here fewer signs of it are enough.
pub(super) fn is_named_id(part: &str) -> bool {
    let is_long = part.len() >= 6 && part.is_ascii();
    part.contains(|c: char| c.is_ascii_digit())
        || is_long && (!has_vowel(part) || part.bytes().all(|byte| byte.is_ascii_uppercase()))
        || part.len() >= 8 && is_restless(part)
}

/// Returns whether it can be the last part of a pod's name, behind a `-`, or the one before.
pub(super) fn is_suffix(part: &str) -> bool {
    matches!(part.len(), 5 | 8..=10) && part.chars().all(|c| SUFFIX_LETTERS.contains(c))
}

/// Returns whether it is the name of a type that has a number in it: `Utf8Error`, `S3Error`.
pub(super) fn is_name(part: &str) -> bool {
    let is_small = |c: char| c.is_ascii_lowercase();
    let head = part.trim_end_matches(is_small);
    let mut numbers = part.split(|c: char| !c.is_ascii_digit());
    part.starts_with(|c: char| c.is_ascii_uppercase())
        && part.len() - head.len() >= 3
        && head.ends_with(|c: char| c.is_ascii_uppercase())
        && numbers.by_ref().filter(|digits| !digits.is_empty()).count() == 1
}

fn has_vowel(part: &str) -> bool {
    part.contains(|c: char| "aeiouyAEIOUY".contains(c))
}

/// Returns whether small letters, capitals and digits take turns as they do in no name.
fn is_restless(part: &str) -> bool {
    let class = |byte: u8| match byte {
        b'0'..=b'9' => 0,
        b'A'..=b'Z' => 1,
        _ => 2,
    };
    let turns = part
        .as_bytes()
        .windows(2)
        .filter(|pair| class(pair[0]) != class(pair[1]));
    turns.count() * 5 >= (part.len() - 1) * 2
}
