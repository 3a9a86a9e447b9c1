//! The one format of every file here: `key: value` lines, an empty line, a text.

use crate::format::text::{escape, unescape_into};

/// What a file says: its fields in their order, and its text.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Fields {
    /// All keys and values, one after the other: a job's file is read at each of its runs.
    words: String,
    places: Vec<Place>,
    pub(crate) text: String,
}

/// Where a key and its value stand: the key up to the value, the value up to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    key: usize,
    value: usize,
    end: usize,
}

impl Fields {
    /// Reads a file. A line that is no field is passed over, and of two equal keys the first counts.
    pub(crate) fn parse(content: &str) -> Self {
        let mut read = Self {
            words: String::with_capacity(content.len()),
            places: Vec::with_capacity(32),
            text: String::new(),
        };
        let mut rest = content;
        while let Some((line, after)) = split_line(rest) {
            rest = after;
            if line.is_empty() {
                break;
            }
            if let Some((key, value)) = split_field(line) {
                read.add(key, |words| unescape_into(words, value));
            }
        }
        rest.clone_into(&mut read.text);
        read
    }

    pub(crate) fn put(&mut self, key: &str, value: impl AsRef<str>) {
        self.add(key, |words| words.push_str(value.as_ref()));
    }

    fn add(&mut self, key: &str, put_value: impl FnOnce(&mut String)) {
        let begin = self.words.len();
        self.words += key;
        let value = self.words.len();
        put_value(&mut self.words);
        self.places.push(Place {
            key: begin,
            value,
            end: self.words.len(),
        });
    }

    pub(crate) fn put_some(&mut self, key: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        // A length is compared before the letters, for most keys have another.
        let is_it = |place: &&Place| {
            place.value - place.key == key.len() && self.words[place.key..place.value] == *key
        };
        let place = self.places.iter().find(is_it)?;
        Some(&self.words[place.value..place.end])
    }

    /// Returns the values of every `key`.
    pub(crate) fn all(&self, key: &str) -> Vec<String> {
        self.iter()
            .filter(|(known, _)| *known == key)
            .map(|(_, value)| value.to_owned())
            .collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let word = |from: usize, to: usize| &self.words[from..to];
        let places = self.places.iter();
        places.map(move |place| (word(place.key, place.value), word(place.value, place.end)))
    }

    pub(crate) fn render(&self) -> String {
        let mut page = Page::new(256 + self.text.len());
        for (key, value) in self.iter() {
            page.put(key, value);
        }
        page.end(&self.text)
    }
}

/// A file that is being written.
pub(crate) struct Page(String);

impl Page {
    /// Begins a file of about that length.
    pub(crate) fn new(length: usize) -> Self {
        Self(String::with_capacity(length))
    }

    /// Writes a line that is no field.
    pub(crate) fn line(&mut self, line: &str) {
        self.0 += line;
        self.0.push('\n');
    }

    pub(crate) fn put(&mut self, key: &str, value: &str) {
        self.0 += key;
        self.0 += ": ";
        self.line(&escape(value));
    }

    pub(crate) fn put_some(&mut self, key: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.put(key, value.as_ref());
        }
    }

    pub(crate) fn end(mut self, text: &str) -> String {
        if !text.is_empty() {
            self.0.push('\n');
            self.0 += text;
        }
        self.0
    }
}

/// Splits off the first line, without its end; `None` when nothing is left.
pub(crate) fn split_line(text: &str) -> Option<(&str, &str)> {
    let (line, rest) = match text.split_once('\n') {
        Some(split) => split,
        None if text.is_empty() => return None,
        None => (text, ""),
    };
    Some((line.strip_suffix('\r').unwrap_or(line), rest))
}

/// Splits a line at its first colon and space.
fn split_field(line: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let colon = from + line.get(from..)?.find(':')?;
        if let Some(value) = line[colon + 1..].strip_prefix(' ') {
            return Some((&line[..colon], value));
        }
        from = colon + 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_two_equal_keys_the_first_counts_and_a_value_cannot_forge_a_field() {
        let mut fields = Fields::default();
        fields.put("host", "a\nalerted: never");
        fields.put("host", "b");
        fields.text = "one\n\ntwo\n".to_owned();
        let read = Fields::parse(&fields.render());
        assert_eq!(read, fields);
        assert_eq!(read.get("host"), Some("a\nalerted: never"));
        assert_eq!(read.get("alerted"), None);
    }

    proptest! {
        #[test]
        fn a_line_is_split_at_its_first_colon_and_space(line in "[a: \u{e4}]{0,12}") {
            prop_assert_eq!(split_field(&line), line.split_once(": "));
        }

        #[test]
        fn any_content_can_be_read(content in any::<String>()) {
            let _ = Fields::parse(&content);
        }

        #[test]
        fn what_is_written_is_read_back(values in prop::collection::vec(any::<String>(), 0..5), text in any::<String>()) {
            let mut fields = Fields::default();
            for (number, value) in values.into_iter().enumerate() {
                fields.put(&format!("key-{number}"), value);
            }
            fields.text = text;
            prop_assert_eq!(Fields::parse(&fields.render()), fields);
        }
    }
}
