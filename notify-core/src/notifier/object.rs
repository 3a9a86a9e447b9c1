//! Objects of JSON, in little code.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Makes an object of JSON: `object! { "text": text, "wrap": true }`.
///
/// `serde_json::json!` would write a call of the serializer and an insertion for each entry where it stands, and
/// copy each text there.
macro_rules! object {
    () => { serde_json::Value::Object(serde_json::Map::new()) };
    ($($name:literal: $value:expr),+ $(,)?) => {{
        let mut object = $crate::notifier::object::object!();
        $($crate::notifier::object::put(&mut object, $name, $value);)+
        object
    }};
}
pub(super) use object;

/// Writes JSON. `to_string` of a value would bring along what lays it out in lines.
pub(super) fn text(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Leaves out the entries whose names are not to be kept.
pub(super) fn keep(object: &mut Value, is_kept: &dyn Fn(&str) -> bool) {
    if let Value::Object(object) = object {
        object.retain(|name, _| is_kept(name));
    }
}

/// The value of an entry, which is not copied where it stands.
pub(super) enum Entry<'a> {
    Text(&'a str),
    Value(Value),
    Nothing,
}

/// Makes the value of an entry that is there only where there is a value; an `Option` alone is `null` then.
pub(super) fn some<'a>(value: Option<impl Into<Entry<'a>>>) -> Entry<'a> {
    value.map_or(Entry::Nothing, Into::into)
}

/// Makes the value of an entry that is there only where a text or a list is not empty.
pub(super) fn filled<'a>(value: impl Into<Entry<'a>>) -> Entry<'a> {
    match value.into() {
        Entry::Text("") => Entry::Nothing,
        Entry::Value(Value::String(text)) if text.is_empty() => Entry::Nothing,
        Entry::Value(Value::Array(list)) if list.is_empty() => Entry::Nothing,
        entry => entry,
    }
}

/// Puts an entry into an object, in the place of one of that name.
pub(super) fn put<'a>(object: &mut Value, name: &str, value: impl Into<Entry<'a>>) {
    add(object, name, value.into());
}

/// One function, however often and of whatever it is called.
#[inline(never)]
fn add(object: &mut Value, name: &str, entry: Entry<'_>) {
    let value = match entry {
        Entry::Text(text) => text.into(),
        Entry::Value(value) => value,
        Entry::Nothing => return,
    };
    if let Value::Object(object) = object {
        object.insert(name.to_owned(), value);
    }
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
