//! What each service takes, by its own documentation: for the unit tests of `notify-core`, and for
//! the receivers of the tests of the whole.

pub mod discord;
pub mod google_chat;
pub mod jsm;
pub mod mail;
pub mod matrix;
pub mod ntfy;
pub mod pagerduty;
pub mod slack;
pub mod slack_bot;
pub mod teams;
pub mod telegram;

use serde_json::{Map, Value};

/// What is wrong with a part of a message, and where.
type Problem = String;

/// Returns an object that has no keys but these.
fn object<'a>(
    value: &'a Value,
    place: &str,
    keys: &[&str],
) -> Result<&'a Map<String, Value>, Problem> {
    let object = value
        .as_object()
        .ok_or_else(|| format!("{place}: no object"))?;
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(format!("{place}: unknown key {key}")),
        None => Ok(object),
    }
}

/// Returns a text, if there is one at all, that is not blank and no longer than that in UTF-16.
fn text<'a>(
    object: &'a Map<String, Value>,
    key: &str,
    limit: usize,
) -> Result<Option<&'a str>, Problem> {
    let Some(value) = object.get(key) else {
        return Ok(None);
    };
    let text = value.as_str().ok_or_else(|| format!("{key}: no text"))?;
    let length = text.encode_utf16().count();
    if text.trim().is_empty() {
        Err(format!("{key}: is required"))
    } else if length > limit {
        Err(format!("{key}: {length} characters, of {limit}"))
    } else {
        Ok(Some(text))
    }
}

fn required<'a>(
    object: &'a Map<String, Value>,
    key: &str,
    limit: usize,
) -> Result<&'a str, Problem> {
    text(object, key, limit)?.ok_or_else(|| format!("{key}: is missing"))
}

/// Returns a list of at most so many.
fn list<'a>(
    object: &'a Map<String, Value>,
    key: &str,
    limit: usize,
) -> Result<&'a [Value], Problem> {
    let Some(value) = object.get(key) else {
        return Ok(&[]);
    };
    let list = value.as_array().ok_or_else(|| format!("{key}: no list"))?;
    if list.len() > limit {
        return Err(format!("{key}: {} of {limit}", list.len()));
    }
    Ok(list)
}

/// Checks a time as ISO 8601 writes it, to the second or finer.
fn time(object: &Map<String, Value>, key: &str) -> Result<(), Problem> {
    let Some(value) = object.get(key) else {
        return Ok(());
    };
    let time = value.as_str().unwrap_or_default();
    let shape: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    if shape.starts_with("0000-00-00T00:00:00") && time.ends_with('Z') {
        Ok(())
    } else {
        Err(format!("{key}: no time: {value}"))
    }
}

/// Returns a text without the characters that a backslash precedes, and without the backslashes.
fn unescaped(text: &str) -> String {
    let mut rest = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            chars.next();
            // So that what stood on both sides does not meet.
            rest.push('\u{0}');
        } else {
            rest.push(c);
        }
    }
    rest
}

/// Finds the first of some texts that is in a text.
fn none_of(text: &str, place: &str, live: &[&str]) -> Result<(), Problem> {
    match live.iter().find(|live| text.contains(**live)) {
        Some(live) => Err(format!("{place}: has a live {live}")),
        None => Ok(()),
    }
}
