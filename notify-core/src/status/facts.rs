//! What a run says of itself: names and values, such as `rows` and `44`.

use std::fmt::{self, Display, Write as _};

use crate::format::fields::{Fields, Page};
use crate::format::text;
use crate::os::{isolate, redact};

/// The most facts of a run.
pub(crate) const MOST: usize = 32;

/// The longest name and the longest value, in bytes.
const LONGEST_NAME: usize = 64;
const LONGEST_VALUE: usize = 256;

/// What stands before a fact's name in a status file.
const PREFIX: &str = "fact.";

/// What a run says of itself, in the order in which it was first said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts(Vec<(String, String)>);

/// Why a fact, or a part of it, is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dropped {
    Name,
    Number,
    /// What is beyond the longest value.
    Value,
    Panicked,
}

impl Dropped {
    /// Says what may be written instead.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Name => {
                "a fact is dropped: its name must be 1 to 64 of the letters `a` to `z`, digits, `_`, `.` and `-`"
            }
            Self::Number => "a fact is dropped: a run may have 32",
            Self::Value => "a fact is cut: its value may have 256 bytes",
            Self::Panicked => "a fact is dropped: its value panicked when it was written",
        }
    }
}

impl Facts {
    /// Says a fact, in the place of an earlier one of that name.
    pub(crate) fn put(&mut self, name: &str, mut value: String) -> Result<(), Dropped> {
        let cut = if value.len() > LONGEST_VALUE {
            // Hidden before it is cut: half a secret would be known from no other text.
            value = redact::hide(value).into_owned();
            value.truncate(text::floor_char_boundary(&value, LONGEST_VALUE));
            Err(Dropped::Value)
        } else {
            Ok(())
        };
        if let Some((_, known)) = self.0.iter_mut().find(|(known, _)| known == name) {
            *known = value;
            return cut;
        }
        if !is_name(name) {
            return Err(Dropped::Name);
        }
        if self.0.len() == MOST {
            return Err(Dropped::Number);
        }
        self.0.push((name.to_owned(), value));
        cut
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn to_vec(&self) -> Vec<(String, String)> {
        self.0.clone()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut facts = self.iter();
        facts
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let facts = self.0.iter();
        facts.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Makes them fit to be read by anybody: as a terminal shows them, in one line, without secrets.
    pub(crate) fn readable(mut self) -> Self {
        for (_, value) in &mut self.0 {
            *value = redact::line(value, LONGEST_VALUE);
        }
        self
    }

    /// Reads the facts of a status file, and no more than there may be.
    pub(crate) fn read(fields: &Fields) -> Self {
        let mut facts = Self::default();
        for (key, value) in fields.iter() {
            if let Some(name) = key.strip_prefix(PREFIX)
                && facts.get(name).is_none()
            {
                let _ = facts.put(name, value.to_owned());
            }
        }
        facts
    }

    /// Writes them into a status file.
    pub(crate) fn write(&self, page: &mut Page) {
        for (name, value) in self.iter() {
            page.put(&format!("{PREFIX}{name}"), value);
        }
    }
}

/// A text that stops what writes without end.
struct Short(String);

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Room for a secret that stands where it is cut.
        let room = LONGEST_VALUE + redact::LONGEST - self.0.len();
        self.0 += text::first_bytes(text, room);
        if text.len() > room {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}

/// Writes the value of a fact, as far as it comes: foreign code shows it.
pub(crate) fn written(value: impl Display) -> Result<String, Dropped> {
    let written = isolate::contain(|| {
        let mut short = Short(String::new());
        let _ = write!(short, "{value}");
        short.0
    });
    written.ok_or(Dropped::Panicked)
}

/// Returns whether a fact may be called that: it is a part of a key.
fn is_name(name: &str) -> bool {
    let is_fitting = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b'-')
    };
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_fitting)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Issue 17, point 3.
    #[test]
    fn a_fact_has_a_name_that_is_a_part_of_a_key_and_the_last_value_counts() {
        let mut facts = Facts::default();
        for (name, value, expected) in [
            ("rows", "44", Ok(())),
            ("file.name", "orders.csv", Ok(())),
            ("a-b_2", "", Ok(())),
            ("rows", "45", Ok(())),
            ("", "x", Err(Dropped::Name)),
            ("Rows", "x", Err(Dropped::Name)),
            ("a b", "x", Err(Dropped::Name)),
            ("a: b", "x", Err(Dropped::Name)),
            ("é", "x", Err(Dropped::Name)),
        ] {
            assert_eq!(facts.put(name, value.to_owned()), expected, "{name}");
        }
        assert_eq!(facts.put(&"a".repeat(64), String::new()), Ok(()));
        assert_eq!(
            facts.put(&"a".repeat(65), String::new()),
            Err(Dropped::Name)
        );
        let first: Vec<_> = facts.iter().take(2).collect();
        assert_eq!(first, [("rows", "45"), ("file.name", "orders.csv")]);
    }

    /// Issue 17, point 3.
    #[test]
    fn a_run_has_32_facts_of_256_bytes_and_what_is_beyond_is_dropped() {
        let mut facts = Facts::default();
        for number in 0..MOST {
            assert_eq!(facts.put(&format!("n{number}"), String::new()), Ok(()));
        }
        assert_eq!(facts.put("more", String::new()), Err(Dropped::Number));
        assert_eq!(facts.put("n7", "again".to_owned()), Ok(()));
        assert_eq!(facts.get("n7"), Some("again"));
        assert_eq!(facts.put("n8", "é".repeat(128)), Ok(()));
        assert_eq!(facts.put("n8", "x".repeat(255) + "é"), Err(Dropped::Value));
        assert_eq!(facts.get("n8"), Some(&*"x".repeat(255)));
    }

    #[test]
    fn facts_are_shown_in_one_line_as_a_terminal_would_show_them() {
        let mut facts = Facts::default();
        facts
            .put("file", "\x1b[31ma\nb\tc\x1b[0m".to_owned())
            .unwrap();
        assert_eq!(facts.readable().get("file"), Some("a b c"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        /// Issue 17, point 3.
        #[test]
        fn whatever_was_said_is_within_the_bounds_and_read_back_from_a_file(
            said in prop::collection::vec((any::<String>(), any::<String>()), 0..50),
            good in prop::collection::vec(("[a-z0-9_.-]{1,4}", "\\PC{0,300}"), 0..60),
        ) {
            let mut facts = Facts::default();
            for (name, value) in said.into_iter().chain(good) {
                let _ = facts.put(&name, value);
            }
            let facts = facts.readable();
            prop_assert!(facts.iter().count() <= MOST);
            for (name, value) in facts.iter() {
                prop_assert!(is_name(name) && value.len() <= LONGEST_VALUE);
            }
            let mut page = Page::new(64);
            facts.write(&mut page);
            prop_assert_eq!(Facts::read(&Fields::parse(&page.end(""))), facts);
        }
    }
}
