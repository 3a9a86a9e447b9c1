//! JSON in memory, and how it is written: <https://www.rfc-editor.org/rfc/rfc8259>.
//!
//! The crate `serde_json` is not below this library, for its values compare with numbers, `bool`s and texts: in a program
//! that is linked with it the compiler no longer concludes from `count == text.parse()?` what is to be parsed, and the
//! program stops compiling where somebody adds an attribute.

mod read;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Write;

pub(crate) use read::read;

#[derive(Clone, Default)]
pub(crate) enum Value {
    #[default]
    Null,
    Bool(bool),
    /// As it stands in the text: no digit is lost.
    Number(String),
    String(String),
    Array(Vec<Self>),
    /// In the order of the names, each of which is there once.
    Object(Vec<(String, Self)>),
}

impl Value {
    /// Writes a value without blanks, the entries of an object in the order of their names.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Null => *text += "null",
            Self::Bool(is_true) => *text += if *is_true { "true" } else { "false" },
            Self::Number(digits) => *text += digits,
            Self::String(value) => write_string(text, value),
            Self::Array(list) => {
                let mut before = '[';
                for value in list {
                    text.push(before);
                    value.write(text);
                    before = ',';
                }
                *text += if list.is_empty() { "[]" } else { "]" };
            }
            Self::Object(object) => {
                let mut before = '{';
                for (name, value) in object {
                    text.push(before);
                    write_string(text, name);
                    text.push(':');
                    value.write(text);
                    before = ',';
                }
                *text += if object.is_empty() { "{}" } else { "}" };
            }
        }
    }

    /// Returns the entry of a name, where this is an object that has one.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(object) => {
                let entry = object.iter().find(|(own, _)| own == name);
                entry.map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Returns what lies in objects within objects, by the names on the way.
    pub(crate) fn at(&self, names: &[&str]) -> Option<&Self> {
        names.iter().try_fold(self, |value, name| value.get(name))
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(digits) => digits
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite()),
            _ => None,
        }
    }

    /// Leaves out the entries whose names are not to be kept.
    pub(crate) fn keep(&mut self, is_kept: &dyn Fn(&str) -> bool) {
        if let Self::Object(object) = self {
            object.retain(|(name, _)| is_kept(name));
        }
    }

    /// Puts an entry into an object, in the place of one of that name.
    pub(crate) fn put(&mut self, name: &str, value: impl Into<Entry>) {
        self.add(name, value.into());
    }

    /// One function, however often and of whatever it is called.
    #[inline(never)]
    fn add(&mut self, name: &str, Entry(value): Entry) {
        if let (Self::Object(object), Some(value)) = (self, value) {
            match object.binary_search_by(|(own, _)| (**own).cmp(name)) {
                Ok(at) => object[at].1 = value,
                Err(at) => object.insert(at, (name.to_owned(), value)),
            }
        }
    }
}

fn write_string(text: &mut String, value: &str) {
    text.push('"');
    let mut rest = value;
    while let Some(at) = rest.find(|c| c < ' ' || c == '"' || c == '\\') {
        *text += &rest[..at];
        match rest.as_bytes()[at] {
            b'"' => *text += "\\\"",
            b'\\' => *text += "\\\\",
            b'\n' => *text += "\\n",
            b'\r' => *text += "\\r",
            b'\t' => *text += "\\t",
            control => _ = write!(text, "\\u{control:04x}"),
        }
        rest = &rest[at + 1..];
    }
    *text += rest;
    text.push('"');
}

/// What an object gets under a name, where it gets anything.
pub(crate) struct Entry(Option<Value>);

impl<T: Into<Value>> From<T> for Entry {
    fn from(value: T) -> Self {
        Self(Some(value.into()))
    }
}

/// Makes an entry that is there only where there is a value; an `Option` alone is `null` then.
pub(crate) fn some(value: Option<impl Into<Value>>) -> Entry {
    Entry(value.map(Into::into))
}

/// Makes an entry that is there only where a text or a list is not empty.
pub(crate) fn filled(value: impl Into<Value>) -> Entry {
    let is_empty = |value: &Value| match value {
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    Entry(Some(value.into()).filter(|value| !is_empty(value)))
}

/// Makes an object: `object! { "text": text, "wrap": true }`.
macro_rules! object {
    () => { $crate::format::json::Value::Object(Default::default()) };
    ($($name:literal: $value:expr),+ $(,)?) => {{
        let mut object = $crate::format::json::object!();
        $(object.put($name, $value);)+
        object
    }};
}
pub(crate) use object;

impl From<&str> for Value {
    #[inline(never)]
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        (&**text).into()
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<Cow<'_, str>> for Value {
    fn from(text: Cow<'_, str>) -> Self {
        Self::String(text.into_owned())
    }
}

impl From<bool> for Value {
    fn from(is_true: bool) -> Self {
        Self::Bool(is_true)
    }
}

macro_rules! whole_numbers {
    ($($kind:ty),*) => {
        $(impl From<$kind> for Value {
            fn from(number: $kind) -> Self {
                Self::Number(itoa::Buffer::new().format(number).to_owned())
            }
        })*
    };
}

whole_numbers!(u8, u32, i32, u64, i64, usize);

/// What is no number is `null`.
impl From<f64> for Value {
    fn from(number: f64) -> Self {
        if number.is_finite() {
            Self::Number(format!("{number:?}"))
        } else {
            Self::Null
        }
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(list: Vec<T>) -> Self {
        list.into_iter().collect()
    }
}

impl<T: Into<Self>, const N: usize> From<[T; N]> for Value {
    fn from(list: [T; N]) -> Self {
        list.into_iter().collect()
    }
}

impl<T: Into<Self>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(list: I) -> Self {
        Self::Array(list.into_iter().map(Into::into).collect())
    }
}
