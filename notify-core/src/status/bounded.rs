//! A writer that stops what writes for ever.

use std::fmt::{self, Write as _};

use crate::format::text::{LIMIT, first_bytes, last_bytes};
use crate::os::redact;

/// How much an error may write before it is stopped: one of 100 MB must cost neither time nor memory.
const MAX_WRITTEN: usize = 16 * LIMIT;

/// How much of the head and of the tail of what is too long is shown: with the mark between them and what stands
/// around them, such as the place of a panic, it has room in a status file, which would cut it once more.
const SHOWN_BYTES: usize = (LIMIT - 1024) / 2;

/// How much of each is kept: room for a secret that stands where it is cut.
const KEPT_BYTES: usize = SHOWN_BYTES + redact::LONGEST;

/// A writer that keeps the head and the tail of what is written to it, and stops one that goes on
/// for ever.
#[derive(Default)]
pub(crate) struct Bounded {
    head: String,
    tail: String,
    written: usize,
}

impl Bounded {
    /// Returns what was written, with what is missing named where it is missing; no secret is cut in
    /// two, because nobody could recognise its halves.
    pub(crate) fn into_string(self) -> String {
        // What was stopped would have written more.
        let more = if self.written > MAX_WRITTEN {
            "more than "
        } else {
            ""
        };
        self.shown(more)
    }

    /// Returns the same of a text that is there, so that no more of it is to come.
    pub(crate) fn of(text: &str) -> String {
        let mut bounded = Self::default();
        let _ = bounded.write_str(text);
        bounded.shown("")
    }

    fn shown(self, more: &str) -> String {
        if self.written <= LIMIT {
            return self.head + &self.tail;
        }
        let is_whole = self.written == self.head.len() + self.tail.len();
        let (head, tail) = if is_whole {
            let whole = self.head + &self.tail;
            (whole.clone(), whole)
        } else {
            (self.head, self.tail)
        };
        let before = redact::cut_before(&head, first_bytes(&head, SHOWN_BYTES).len());
        let after = tail.len() - last_bytes(&tail, SHOWN_BYTES).len();
        let (head, tail) = (&head[..before], &tail[redact::cut_after(&tail, after)..]);
        let missing = self.written - head.len() - tail.len();
        format!("{head}\n[… {more}{missing} bytes cut …]\n{tail}")
    }
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = if self.tail.is_empty() {
            KEPT_BYTES.saturating_sub(self.head.len())
        } else {
            0
        };
        let head = first_bytes(text, room);
        if self.written == 0 {
            // Room for most errors at once.
            self.head = String::with_capacity(256);
        }
        self.head += head;
        let rest = &text[head.len()..];
        if !rest.is_empty() {
            self.tail += last_bytes(rest, KEPT_BYTES);
            if self.tail.len() > 2 * KEPT_BYTES {
                self.tail = last_bytes(&self.tail, KEPT_BYTES).to_owned();
            }
        }
        self.written += text.len();
        if self.written > MAX_WRITTEN {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_text_is_kept_whole() {
        let mut writer = Bounded::default();
        write!(writer, "disk {}", 1).unwrap();
        assert_eq!(writer.into_string(), "disk 1");
    }

    #[test]
    fn a_long_text_keeps_its_head_and_its_tail_and_names_the_cut() {
        let mut writer = Bounded::default();
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

    /// A status file cuts what is longer than its limit: the text would have two marks, one beside the other.
    #[test]
    fn a_long_text_is_cut_once_also_with_what_stands_around_it() {
        for length in [LIMIT + 1, 100_000, 2 * MAX_WRITTEN] {
            let mut writer = Bounded::default();
            let _ = writer.write_str(&"x".repeat(length));
            let text = format!(
                "panicked: {}\n  at src/main.rs:42:5\n",
                writer.into_string()
            );
            assert!(text.len() <= LIMIT, "{}", text.len());
            assert_eq!(text.matches("bytes cut …]").count(), 1);
        }
    }

    #[test]
    fn an_endless_text_is_stopped() {
        let mut writer = Bounded::default();
        let mut chunks = 0;
        while writer.write_str(&"x".repeat(1024)).is_ok() {
            chunks += 1;
            assert!(chunks <= MAX_WRITTEN / 1024);
        }
        assert!(writer.into_string().contains("more than"));
    }

    proptest! {
        #[test]
        fn what_the_bounded_writer_keeps_is_all_where_it_fits(parts in prop::collection::vec("\\PC{0,9}", 0..20)) {
            let mut writer = Bounded::default();
            for part in &parts {
                writer.write_str(part).unwrap();
            }
            prop_assert_eq!(writer.into_string(), parts.concat());
        }
    }
}
