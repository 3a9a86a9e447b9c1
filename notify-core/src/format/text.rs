//! Text from outside: bounded, cut, and escaped.

use std::borrow::Cow;

use crate::format::terminal;

/// The longest text of a status file, in bytes.
pub(crate) const LIMIT: usize = 64 * 1024;

/// Cuts `text` in the middle, so that it has at most `limit` bytes, and names the cut.
pub(crate) fn cut<'a>(text: impl Into<Cow<'a, str>>, limit: usize) -> Cow<'a, str> {
    let text = text.into();
    if text.len() <= limit {
        return text;
    }
    let notice = |missing: usize| format!("\n[… {missing} bytes cut …]\n");
    let room = limit.saturating_sub(notice(text.len()).len());
    // The head says what went wrong, the tail where it comes from.
    let head = first_bytes(&text, room - room / 3);
    let tail = last_bytes(&text, room / 3);
    let missing = text.len() - head.len() - tail.len();
    Cow::Owned(format!("{head}{}{tail}", notice(missing)))
}

/// Gives a text less room each time, `room` at first, until what becomes of it is within a limit by a measure. What has
/// no room left is as it is.
#[inline(never)]
pub(crate) fn shrink(
    mut room: usize,
    limit: usize,
    measure: &dyn Fn(&str) -> usize,
    render: &dyn Fn(usize) -> String,
) -> String {
    loop {
        let rendered = render(room);
        let length = measure(&rendered);
        if length <= limit || room == 0 {
            return rendered;
        }
        // In proportion to what the rendering adds, and always less than before.
        room = (room.saturating_mul(limit) / length).min(room - 1);
    }
}

/// Returns what a reader is to see of a text from outside: what a terminal would show of it, and no
/// mark that turns the direction of writing, by which a text reads as another.
#[must_use]
pub fn readable(text: &str) -> Cow<'_, str> {
    // Most texts are, and a look at their bytes costs least.
    if are_all(text, |byte| matches!(byte, b' '..=b'~' | b'\n')) {
        return text.into();
    }
    let turns = |c: char| turns_writing(c);
    let shown = terminal::shown(text);
    if shown.contains(turns) {
        shown.replace(turns, "").into()
    } else {
        shown
    }
}

/// The same for services that refuse an empty text: where nothing is left, a sign stands for it.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let seen = readable(text);
    if seen.trim().is_empty() && !text.trim().is_empty() {
        "\u{fffd}".into()
    } else {
        seen
    }
}

/// Returns whether a mark turns the direction of writing.
pub(crate) fn turns_writing(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

pub(crate) fn before_backtrace(text: &str) -> &str {
    let mut at = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        if is_backtrace_heading(line) || is_first_frame(line, next) {
            return &text[..at];
        }
        at += line.len();
    }
    text
}

fn is_backtrace_heading(line: &str) -> bool {
    // Go's stands under the name of its thread.
    if line.starts_with("goroutine ") && line.trim_end().ends_with("]:") {
        return true;
    }
    let heading = line.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let rest = strip_prefix_ignoring_case(heading, "stack ").unwrap_or(heading);
    let is_word_alone = |rest: &str| rest.is_empty() || rest.starts_with([':', ' ']);
    let rest = strip_prefix_ignoring_case(rest, "backtrace");
    // A sentence may begin with the word, but a heading has no word before it.
    rest.is_some_and(|rest| is_word_alone(rest) && !rest.trim_start().starts_with("is "))
}

/// Returns whether a backtrace begins there that has no heading.
fn is_first_frame(line: &str, next: &str) -> bool {
    let is_frame = |line: &str, number: &str| {
        let frame = line.trim_start().strip_prefix(number);
        frame.is_some_and(|frame| frame.contains("::") || frame.starts_with('<'))
    };
    let is_indented = line.starts_with(' ');
    is_indented
        && line.trim_start().starts_with("0: ")
        && (is_frame(line, "0: ") || is_frame(next, "1: ") || next.trim_start().starts_with("at "))
}

/// Does what `str::to_ascii_lowercase` does, which the compiler would put in at each call, 400 bytes long.
#[inline(never)]
pub(crate) fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// Reads a number: for the same reason in one place.
#[inline(never)]
pub(crate) fn number(digits: &str) -> Option<u64> {
    digits.parse().ok()
}

/// As `str::strip_prefix`, for ASCII letters of any case.
#[inline(never)]
pub(crate) fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

pub(crate) fn first_line(text: &str, limit: usize) -> &str {
    first_bytes(text.trim_start().lines().next().unwrap_or_default(), limit)
}

/// Returns whether there is nothing to see in a text.
#[inline(never)]
pub(crate) fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Returns as much of the beginning as `limit` bytes hold, ending between two characters.
pub(crate) fn first_bytes(text: &str, limit: usize) -> &str {
    &text[..floor_char_boundary(text, limit)]
}

/// std's method of that name is younger than the oldest compiler that we support.
#[inline(never)]
pub(crate) fn floor_char_boundary(text: &str, index: usize) -> usize {
    let mut end = index.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

/// Returns as much of the end as `limit` bytes hold, beginning between two characters.
pub(crate) fn last_bytes(text: &str, limit: usize) -> &str {
    let mut begin = text.len().saturating_sub(limit);
    while !text.is_char_boundary(begin) {
        begin += 1;
    }
    &text[begin..]
}

/// Escapes what would end a line or move a terminal's cursor; [`unescape`] undoes it.
pub(crate) fn escape(value: &str) -> Cow<'_, str> {
    // What is ASCII, as most is, need not be taken apart into characters.
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && (byte != b'\\');
    if are_all(value, is_plain) || !value.contains(is_escaped) {
        return Cow::Borrowed(value);
    }
    let mut escaped = String::with_capacity(value.len() + 8);
    for c in value.chars() {
        if is_escaped(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Returns whether all bytes of a text are such; 16 are looked at to their end, so that the compiler can take them at
/// once.
#[inline]
fn are_all(text: &str, is_such: impl Fn(u8) -> bool) -> bool {
    let are_such = |bytes: &[u8; 16]| bytes.iter().fold(true, |all, byte| all & is_such(*byte));
    let (many, rest) = text.as_bytes().as_chunks();
    many.iter().all(are_such) && rest.iter().all(|byte| is_such(*byte))
}

fn is_escaped(c: char) -> bool {
    c.is_control() || c == '\\' || turns_writing(c)
}

/// Undoes [`escape`]; what is no escape is left as it is.
pub(crate) fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    unescape_into(&mut text, value);
    Cow::Owned(text)
}

pub(crate) fn unescape_into(text: &mut String, value: &str) {
    let mut rest = value;
    while let Some(at) = rest.find('\\') {
        *text += &rest[..at];
        rest = &rest[at..];
        let (c, length) = unescape_first(rest).unwrap_or(('\\', 1));
        text.push(c);
        rest = &rest[length..];
    }
    *text += rest;
}

/// Reads the escape that `text` begins with: its character, and its length in bytes.
fn unescape_first(text: &str) -> Option<(char, usize)> {
    let simple = match text.as_bytes().get(1)? {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'\\' => '\\',
        b'u' => {
            let code = text
                .get(3..text.find('}')?)
                .filter(|_| text[2..].starts_with('{'))?;
            let c = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
            return Some((c, code.len() + 4));
        }
        _ => return None,
    };
    Some((simple, 2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_is_one_line_and_comes_back_as_it_was(value in any::<String>()) {
            let escaped = escape(&value);
            prop_assert!(!escaped.contains(|c: char| c.is_control() || turns_writing(c)));
            prop_assert_eq!(&*unescape(&escaped), &value);
        }

        /// Issue 12, point 23.
        #[test]
        fn nothing_that_a_terminal_obeys_is_left_of_a_text(
            parts in prop::collection::vec(prop_oneof![
                any::<String>(),
                "\\x1b\\[[0-9;?]{0,4}[A-Za-z]",
                "\\x1b\\][0-9];[a-z]{0,5}(\\x07|\\x1b\\\\)",
                "[\r\n\t\x08\u{9b}\u{202a}-\u{202e}\u{2066}-\u{2069}]{0,3}",
            ], 0..9),
        ) {
            let text = parts.concat();
            let seen = readable(&text);
            prop_assert!(!seen.contains(|c: char| turns_writing(c) || c.is_control() && !"\n\t".contains(c)));
            prop_assert_eq!(&readable(&seen), &seen);
        }

        #[test]
        fn a_cut_text_is_within_its_limit(text in "\\PC{0,400}", limit in 64_usize..200) {
            prop_assert!(cut(&text, limit).len() <= limit);
        }
    }
}
