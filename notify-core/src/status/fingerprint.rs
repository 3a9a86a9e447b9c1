//! Whether two errors are the same but for numbers, ids, times, paths and the order of words.

mod noise;

use crate::format::hash;
use crate::format::text;

/// The part of an error that is compared.
const COMPARED: usize = 16 * 1024;

/// A word or number after one of these is a code, and no noise.
const CODE_WORDS: &[&str] = &[
    "code", "errno", "sqlstate", "sqlcode", "signal", "rc", "hresult",
];

/// A number after one of these may be a code. It is none where it counts something.
const WEAK_CODE_WORDS: &[&str] = &["error", "err", "status", "exit", "exited", "response"];

/// A number after one of these is a code where HTTP has it for errors.
const ANSWER_WORDS: &[&str] = &[
    "http",
    "returned",
    "responded",
    "replied",
    "answered",
    "got",
    "received",
    "with",
];

/// These may stand between such a word and the code.
const BETWEEN: &[&str] = &[
    "is", "was", "of", "some", "with", "by", "number", "value", "no",
];

/// What may follow a code that counts nothing.
const AFTER_CODE: &[&str] = &[
    "for", "from", "on", "at", "in", "while", "when", "after", "during", "to",
];

/// What follows one of these is an id.
const ID_WORDS: &[&str] = &[
    "id",
    "ids",
    "uuid",
    "guid",
    "ulid",
    "token",
    "nonce",
    "hash",
    "sha",
    "commit",
    "digest",
    "etag",
    "checksum",
    "requestid",
    "traceid",
    "spanid",
    "sessionid",
    "txid",
    "xid",
];

/// Returns eight digits that two errors share if nothing but numbers, ids, times, paths and the order
/// of their words sets them apart. A backtrace does not count.
pub(crate) fn of(error: &str) -> String {
    let message = text::first_bytes(text::before_backtrace(error).trim(), COMPARED);
    let mut words = Words::default();
    message.lines().for_each(|line| words.read(line));
    let mut essence = words.kept;
    // The order of what is kept in a hash table is another each time.
    essence.sort_unstable();
    let essence = match essence.join(" ") {
        words_alone if !words_alone.is_empty() => words_alone,
        _ if words.has_noise => "#".to_owned(),
        _ => message.to_owned(),
    };
    format!("{:08x}", hash::hash(&essence) >> 32)
}

/// What the words before say of the next one.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Expected {
    #[default]
    Word,
    Code,
    PerhapsCode,
    PerhapsHttpCode,
    Id,
}

/// The words of an error that distinguish it from others.
#[derive(Debug, Default)]
struct Words {
    kept: Vec<String>,
    has_noise: bool,
    expected: Expected,
    /// Whether the last was a number, which a unit may follow.
    after_number: bool,
}

/// What stands between two blanks, brackets or quotation marks.
#[derive(Debug, Clone, Copy)]
struct Chunk<'a> {
    text: &'a str,
    /// Whether a mark parts it from the next one.
    is_last: bool,
    /// Whether what follows is another item of a list, of which it says nothing.
    ends_item: bool,
}

impl Words {
    fn read(&mut self, line: &str) {
        (self.expected, self.after_number) = (Expected::Word, false);
        let chunks = chunks(line);
        for (at, chunk) in chunks.iter().enumerate() {
            let next = chunks.get(at + 1).map(|next| next.text);
            self.add(chunk.text, next.filter(|_| !chunk.is_last), next);
            // In `{"a": 1, "b": 2}` the `b` is no unit.
            self.after_number &= !chunk.is_last;
            if chunk.ends_item {
                self.expected = Expected::Word;
            }
        }
    }

    /// Adds what is between two blanks: `follows` is what follows without a mark, `next` in any case.
    fn add(&mut self, chunk: &str, follows: Option<&str>, next: Option<&str>) {
        if let Some(host) = noise::host(chunk) {
            self.noise(false);
            return self.add_words(host, None);
        }
        if noise::is_path(chunk) {
            return self.noise(false);
        }
        let signed = chunk.trim_end_matches(|c: char| !c.is_alphanumeric());
        let chunk = signed.trim_start_matches(|c: char| !c.is_alphanumeric() && c != ':');
        if chunk.is_empty() {
            return;
        }
        if self.is_code(chunk, follows) {
            // -1 and 1 are two codes.
            let is_negative = signed.ends_with(&format!("-{chunk}"));
            return self.code(if is_negative { signed } else { chunk });
        }
        let word = chunk.to_lowercase();
        let is_by_date = || {
            next.is_some_and(|next| {
                next.starts_with(|c: char| c.is_ascii_digit())
                    || noise::is_date_word(&next.to_lowercase())
            })
        };
        if noise::is_number(chunk) {
            self.noise(true);
        } else if self.after_number && noise::is_unit(&word)
            || noise::is_measure(chunk)
            || noise::is_date_word(&word) && (self.after_number || is_by_date())
        {
            // `1 h 5 min` goes on, and so does a date.
            self.noise(true);
        } else if noise::is_token(chunk) {
            self.noise(false);
        } else {
            let mut rest = chunk;
            while let Some((before, after)) = noise::find_uuid(rest) {
                self.add_words(before, None);
                self.noise(false);
                rest = after;
            }
            self.add_words(rest, follows);
        }
    }

    /// Adds what letters and digits there are in it.
    fn add_words(&mut self, chunk: &str, follows: Option<&str>) {
        if noise::is_number(chunk) {
            return self.noise(true);
        }
        let mut is_behind_hyphen = false;
        let mut parts = chunk
            .split_inclusive(|c: char| !c.is_alphanumeric())
            .peekable();
        while let Some(with_mark) = parts.next() {
            let part = with_mark.trim_end_matches(|c: char| !c.is_alphanumeric());
            let follows = follows.filter(|_| part.len() == with_mark.len());
            // `report-Nov-2026.pdf`
            let begins_with_digit = |next: &&str| next.starts_with(|c: char| c.is_ascii_digit());
            let is_by_number = self.after_number || parts.peek().is_some_and(begins_with_digit);
            if is_by_number && noise::is_date_word(&part.to_lowercase()) {
                self.noise(true);
            } else if !part.is_empty() {
                self.add_part(part, is_behind_hyphen, follows);
            }
            is_behind_hyphen = with_mark.ends_with('-');
        }
    }

    fn add_part(&mut self, part: &str, is_behind_hyphen: bool, follows: Option<&str>) {
        if self.is_code(part, follows) {
            return self.code(part);
        }
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        if is_number || noise::is_measure(part) {
            return self.noise(true);
        }
        if noise::is_id(part)
            || is_behind_hyphen && noise::is_suffix(part)
            || self.expected == Expected::Id && noise::is_named_id(part)
        {
            return self.noise(false);
        }
        let mut word = part.to_lowercase();
        if self.after_number && noise::is_unit(&word) {
            return self.noise(true);
        }
        self.expected = self.expects(part, &word);
        // `worker3` and `worker4` differ by their numbers alone.
        if !noise::is_name(part) && word.contains(|c: char| c.is_ascii_digit()) {
            word.retain(|c| !c.is_ascii_digit());
            self.has_noise = true;
        }
        // `1 row` and `2 rows`
        if self.after_number && word.len() > 3 && word.ends_with('s') {
            word.pop();
        }
        self.after_number = false;
        self.kept.push(word);
    }

    fn noise(&mut self, is_number: bool) {
        self.has_noise = true;
        self.after_number = is_number;
        // `HTTP/1.1 404`
        if !(is_number && self.expected == Expected::PerhapsHttpCode) {
            self.expected = Expected::Word;
        }
    }

    fn code(&mut self, code: &str) {
        // Another may follow: `ERROR 1045 (28000)`.
        self.after_number = false;
        self.kept.push(code.to_lowercase());
    }

    fn expects(&self, part: &str, word: &str) -> Expected {
        // In `statusCode` the last word counts.
        let is_capital = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
        let hump = part.as_bytes().windows(2).rposition(is_capital);
        let last = hump.map_or_else(String::new, |at| part[at + 1..].to_lowercase());
        let is_of = |words: &[&str]| words.contains(&word) || words.contains(&&*last);
        match () {
            () if is_of(CODE_WORDS) => Expected::Code,
            () if is_of(WEAK_CODE_WORDS) => Expected::PerhapsCode,
            () if is_of(ID_WORDS) => Expected::Id,
            () if BETWEEN.contains(&word) && self.expected != Expected::Word => self.expected,
            () if ANSWER_WORDS.contains(&word) => Expected::PerhapsHttpCode,
            () => Expected::Word,
        }
    }

    /// Returns whether it is a code, which distinguishes one error from another.
    fn is_code(&self, part: &str, follows: Option<&str>) -> bool {
        let is_http = matches!(part.parse::<u16>(), Ok(400..600));
        let counts_nothing = follows.is_none_or(|follows| {
            AFTER_CODE.contains(&&*follows.to_lowercase())
                || is_http && follows.starts_with(|c: char| c.is_ascii_uppercase())
        });
        match self.expected {
            Expected::Word | Expected::Id => false,
            Expected::Code => has_form_of_code(part, 4),
            Expected::PerhapsCode => counts_nothing && has_form_of_code(part, 1),
            Expected::PerhapsHttpCode => counts_nothing && is_http,
        }
    }
}

/// Returns whether it looks like a code: `12`, `E0433` with so many letters at most, `42P01`,
/// `0xC0000005`.
fn has_form_of_code(part: &str, letters: usize) -> bool {
    if let Some(hex) = part.strip_prefix("0x").or(part.strip_prefix("0X")) {
        let is_short = hex.len() <= 4;
        // Those of Windows.
        let is_windows = hex.len() == 8 && hex.starts_with(['8', 'c', 'C']);
        return (is_short || is_windows) && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let number = part.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_windows = number.len() == 10 && (number.starts_with('3') || number.starts_with("10737"));
    if is_number && (number.len() <= 5 || is_windows) && part.len() - number.len() <= letters {
        return true;
    }
    // Those of SQL.
    let is_sql = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    letters > 1
        && part.len() == 5
        && part.bytes().all(is_sql)
        && part.bytes().any(|byte| byte.is_ascii_digit())
}

/// Takes a line apart at its blanks, brackets, quotation marks, and what ends a clause.
fn chunks(line: &str) -> Vec<Chunk<'_>> {
    let parts = |c: char| c.is_whitespace() || ",;=()[]{}<>\"'`|".contains(c);
    let mut chunks: Vec<Chunk<'_>> = Vec::new();
    for with_mark in line.split_inclusive(parts) {
        let text = with_mark.strip_suffix(parts).unwrap_or(with_mark);
        let is_parted =
            !with_mark.ends_with(char::is_whitespace) || text.ends_with(['.', ':', '!', '?']);
        let ends_item = with_mark.ends_with([',', ';']);
        if text.is_empty() {
            if is_parted && let Some(last) = chunks.last_mut() {
                last.is_last = true;
                last.ends_item |= ends_item;
            }
            continue;
        }
        chunks.push(Chunk {
            text,
            is_last: is_parted,
            ends_item,
        });
    }
    chunks
}

#[cfg(test)]
mod tests;
