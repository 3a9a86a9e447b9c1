//! Whether two errors are the same but for numbers, ids, times, paths and the order of words.

mod code;
mod form;
mod noise;

use std::borrow::Cow;

use crate::format::hash;
use crate::format::order;
use crate::format::text;
use code::Context;

/// The part of an error that is compared.
const COMPARED: usize = 16 * 1024;

/// Returns eight digits that two errors share if nothing but numbers, ids, times, paths and the order
/// of their words sets them apart. A backtrace does not count.
pub(crate) fn of(error: &str) -> String {
    let message = text::first_bytes(text::before_backtrace(error).trim(), COMPARED);
    if code::is_alone(message) {
        return short_hash(message);
    }
    let mut words = Words::default();
    message.lines().for_each(|line| words.read(line));
    let mut essence = words.kept;
    // The order of what is kept in a hash table is another each time.
    order::sort(&mut essence);
    let essence = match essence.join(" ") {
        words_alone if !words_alone.is_empty() => words_alone,
        _ if words.has_noise => "#".to_owned(),
        _ => message.to_owned(),
    };
    short_hash(&essence)
}

/// Returns whether the lines of two errors are the same in that sense.
pub(crate) fn is_one(one: &str, other: &str) -> bool {
    one == other || of(one) == of(other)
}

fn short_hash(essence: &str) -> String {
    format!("{:08x}", hash::hash(essence) >> 32)
}

/// The words of an error that distinguish it from others.
#[derive(Default)]
struct Words {
    kept: Vec<String>,
    has_noise: bool,
    /// What the line says so far of the next word.
    context: Context,
    /// Whether the last was a number, which a unit may follow.
    after_number: bool,
}

/// What stands between two blanks, brackets or quotation marks.
#[derive(Clone, Copy)]
struct Chunk<'a> {
    text: &'a str,
    /// Whether a mark parts it from the next one.
    is_last: bool,
    /// Whether what follows is another item of a list, of which it says nothing.
    ends_item: bool,
}

impl Words {
    fn read(&mut self, line: &str) {
        (self.context, self.after_number) = (Context::default(), false);
        let line = without_values(line);
        let codes = form::codes(&line).into_iter().map(str::to_lowercase);
        self.kept.extend(codes);
        let chunks = chunks(&line);
        for (at, chunk) in chunks.iter().enumerate() {
            let next = chunks.get(at + 1).map(|next| next.text);
            self.add(chunk.text, next.filter(|_| !chunk.is_last), next);
            // In `{"a": 1, "b": 2}` the `b` is no unit.
            self.after_number &= !chunk.is_last;
            if chunk.is_last {
                self.context.end_clause();
            }
            if chunk.ends_item {
                self.context.end_item();
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
        self.context.compare(chunk, follows);
        if code::is_of_vendor(chunk) {
            return self.code(chunk);
        }
        if self.context.is_code(chunk, follows) {
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
            self.context.is_log |= chunk.contains(':');
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
        if self.context.is_code(part, follows) {
            return self.code(part);
        }
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        if is_number || noise::is_measure(part) {
            return self.noise(true);
        }
        if noise::is_id(part)
            || is_behind_hyphen && noise::is_suffix(part)
            || self.context.expects_id() && noise::is_named_id(part)
        {
            return self.noise(false);
        }
        let mut word = part.to_lowercase();
        if self.after_number && noise::is_unit(&word) {
            return self.noise(true);
        }
        self.context.read(part, &word);
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
        self.context.pass_noise(is_number);
    }

    fn code(&mut self, code: &str) {
        self.after_number = false;
        self.context.pass_code();
        self.kept.push(code.to_lowercase());
    }
}

/// What stands before and behind the values of a row, which databases and their libraries show.
const VALUES: [(&str, &str); 5] = [
    ("Failing row contains (", ")"),
    ("Duplicate entry '", "' for key"),
    ("The duplicate key value is (", ")"),
    ("[parameters: ", "]"),
    ("dup key: {", "}"),
];

/// Leaves out the values of a row, as a unique index shows them, too: `Key (id)=(17) already exists.`
fn without_values(line: &str) -> Cow<'_, str> {
    let of_key = line.contains("Key (").then_some((")=(", ")"));
    let mut marks = of_key.into_iter().chain(VALUES);
    let Some((before, behind)) = marks.find(|(before, _)| line.contains(before)) else {
        return line.into();
    };
    let (head, values) = line.split_once(before).unwrap_or_default();
    let (_, rest) = values.rsplit_once(behind).unwrap_or_default();
    format!("{head}{before}{behind}{rest}").into()
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
