//! Text from outside: bounded, cut, and escaped.

use std::borrow::Cow;
use std::fmt;

use crate::redact;
use crate::terminal;

/// The longest text of a status file, in bytes.
pub(crate) const LIMIT: usize = 64 * 1024;

/// How much an error may write before it is stopped: one of 100 MB must cost neither time nor memory.
const PATIENCE: usize = 16 * LIMIT;

/// As much of the head and of the tail is kept: half of what is shown, and room for a secret that stands
/// where it is cut.
const KEPT: usize = LIMIT / 2 + redact::LONGEST;

/// A writer that keeps the head and the tail of what is written to it, and stops one that goes on
/// for ever.
#[derive(Debug, Default)]
pub(crate) struct Bounded {
    head: String,
    tail: String,
    written: usize,
}

impl Bounded {
    pub(crate) fn new() -> Self {
        Self {
            // Room for most errors at once.
            head: String::with_capacity(256),
            ..Self::default()
        }
    }

    /// Returns what was written, with what is missing named where it is missing; no secret is cut in
    /// two, for its halves would be told from no other text.
    pub(crate) fn into_string(self) -> String {
        if self.written <= LIMIT {
            return self.head + &self.tail;
        }
        let more = if self.written > PATIENCE {
            "more than "
        } else {
            ""
        };
        let is_whole = self.written == self.head.len() + self.tail.len();
        let (head, tail) = if is_whole {
            let whole = self.head + &self.tail;
            (whole.clone(), whole)
        } else {
            (self.head, self.tail)
        };
        let before = redact::cut_before(&head, first_bytes(&head, LIMIT / 2).len());
        let after = tail.len() - last_bytes(&tail, LIMIT / 2).len();
        let (head, tail) = (&head[..before], &tail[redact::cut_after(&tail, after)..]);
        let missing = self.written - head.len() - tail.len();
        format!("{head}\n[… {more}{missing} bytes cut …]\n{tail}")
    }
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = if self.tail.is_empty() {
            KEPT.saturating_sub(self.head.len())
        } else {
            0
        };
        let head = first_bytes(text, room);
        self.head += head;
        let rest = &text[head.len()..];
        if !rest.is_empty() {
            self.tail += last_bytes(rest, KEPT);
            if self.tail.len() > 2 * KEPT {
                self.tail = last_bytes(&self.tail, KEPT).to_owned();
            }
        }
        self.written += text.len();
        if self.written > PATIENCE {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}

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

/// Returns what a reader is to see of a text from outside: what a terminal would show of it, and no
/// mark that turns the direction of writing, by which a text reads as another.
pub(crate) fn readable(text: &str) -> Cow<'_, str> {
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

/// Tells whether a mark turns the direction of writing.
pub(crate) fn turns_writing(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns a text up to its backtrace, if it has one.
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

/// Tells whether a backtrace begins there that has no heading.
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

/// As `str::strip_prefix`, for ASCII letters of any case.
pub(crate) fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Returns the first line, at most `limit` bytes of it.
pub(crate) fn first_line(text: &str, limit: usize) -> &str {
    first_bytes(text.trim_start().lines().next().unwrap_or_default(), limit)
}

/// Returns as much of the beginning as `limit` bytes hold, ending between two characters.
pub(crate) fn first_bytes(text: &str, limit: usize) -> &str {
    &text[..floor_char_boundary(text, limit)]
}

/// std's method of that name is younger than the oldest compiler that we support.
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
    // What is ASCII, as most is, need not be taken apart into characters; looked at to its end, so that
    // the compiler can take many bytes at once.
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && (byte != b'\\');
    if value.bytes().fold(true, |all, byte| all & is_plain(byte)) || !value.contains(is_escaped) {
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

fn is_escaped(c: char) -> bool {
    c.is_control() || c == '\\' || turns_writing(c)
}

/// Undoes [`escape`]; what is no escape is left as it is.
pub(crate) fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('\\') {
        text += &rest[..at];
        rest = &rest[at..];
        let (c, length) = unescape_first(rest).unwrap_or(('\\', 1));
        text.push(c);
        rest = &rest[length..];
    }
    text + rest
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
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_text_is_kept_whole() {
        let mut writer = Bounded::new();
        write!(writer, "disk {}", 1).unwrap();
        assert_eq!(writer.into_string(), "disk 1");
    }

    #[test]
    fn a_long_text_keeps_its_head_and_its_tail_and_names_the_cut() {
        let mut writer = Bounded::new();
        write!(writer, "first").unwrap();
        for _ in 0..1000 {
            write!(writer, "{}", "é".repeat(100)).unwrap();
        }
        write!(writer, "last").unwrap();
        let text = writer.into_string();
        assert!(
            text.starts_with("firsté") && text.ends_with("élast"),
            "{}",
            text.len()
        );
        assert!(text.contains("bytes cut …]"));
        assert!(text.len() < LIMIT + 64);
    }

    #[test]
    fn an_endless_text_is_stopped() {
        let mut writer = Bounded::new();
        let mut chunks = 0;
        while writer.write_str(&"x".repeat(1024)).is_ok() {
            chunks += 1;
            assert!(chunks <= PATIENCE / 1024);
        }
        assert!(writer.into_string().contains("more than"));
    }

    proptest! {
        #[test]
        fn a_value_is_one_line_and_comes_back_as_it_was(value in any::<String>()) {
            let escaped = escape(&value);
            prop_assert!(!escaped.contains(|c: char| c.is_control() || turns_writing(c)));
            prop_assert_eq!(unescape(&escaped), value);
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

        #[test]
        fn what_the_bounded_writer_keeps_is_all_where_it_fits(parts in prop::collection::vec("\\PC{0,9}", 0..20)) {
            let mut writer = Bounded::new();
            for part in &parts {
                writer.write_str(part).unwrap();
            }
            prop_assert_eq!(writer.into_string(), parts.concat());
        }
    }
}
