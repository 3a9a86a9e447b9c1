//! Objects of JSON, in little code.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Makes an object of JSON: `object! { "text": text, "wrap": true }`.
///
/// `serde_json::json!` would write a call of the serializer and an insertion for each entry where it stands, and
/// copy each text there.
macro_rules! object {
    ($($name:literal: $value:expr),* $(,)?) => {
        $crate::notifier::object::of(&mut [
            $(($name, $crate::notifier::object::Entry::from($value))),*
        ])
    };
}
pub(super) use object;

/// The value of an entry, which is not copied before the object is made.
pub(super) enum Entry<'a> {
    Text(&'a str),
    Value(Value),
}

impl<'a> From<&'a str> for Entry<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

macro_rules! entries_from {
    ($($kind:ty),*) => {
        $(impl From<$kind> for Entry<'_> {
            fn from(value: $kind) -> Self {
                Self::Value(value.into())
            }
        })*
    };
}

entries_from!(
    Value, Map<String, Value>, bool, u8, i32, u32, u64, i64, usize, String, Cow<'_, str>,
    Vec<Value>, Vec<&str>, &[Value], [Value; 1], [Value; 2], [&str; 1],
    Option<&str>, Option<u32>, Option<u64>, Option<f64>, Option<Value>
);

/// Makes an object of its entries, whose values it takes. One function, however often it is called.
#[inline(never)]
pub(super) fn of(entries: &mut [(&str, Entry<'_>)]) -> Value {
    let entries = entries.iter_mut().map(|(name, entry)| {
        let value = match entry {
            Entry::Text(text) => Value::from(*text),
            Entry::Value(value) => value.take(),
        };
        ((*name).to_owned(), value)
    });
    of_pairs(entries.collect())
}

/// The same of names that are made.
#[inline(never)]
pub(super) fn of_pairs(entries: Vec<(String, Value)>) -> Value {
    entries.into_iter().collect()
}
