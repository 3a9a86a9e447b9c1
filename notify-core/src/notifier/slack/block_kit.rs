//! The elements of Slack's Block Kit that a payload is made of.

use crate::format::json::{Value, object};
use crate::format::text::is_blank;

/// Makes links of the addresses in what the person who set up the job says of it; `None` where it
/// has none. Slack finds none by itself in a text that it is to leave as it is.
pub(super) fn links(line: &str) -> Option<Vec<Value>> {
    if line.contains(" bytes cut …]") {
        return None;
    }
    let mut parts = Vec::new();
    let mut before = String::new();
    for word in line.split_inclusive(' ') {
        let begin = word.find("https://").or_else(|| word.find("http://"));
        match begin {
            Some(at) if !word[at..].contains(['<', '>', '|', '"', '\'', '`']) => {
                let (start, address) = word.split_at(at);
                before += start;
                if !before.is_empty() {
                    parts.push(words(&before));
                }
                parts.push(object! { "type": "link", "url": address.trim_end() });
                before = " ".repeat(address.len() - address.trim_end().len());
            }
            _ => before += word,
        }
    }
    if parts.is_empty() {
        return None;
    }
    if !is_blank(&before) {
        parts.push(words(before.trim_end()));
    }
    Some(parts)
}

/// A text of ours in which Slack's own words have a meaning.
pub(super) fn mrkdwn(text: &str) -> Value {
    // Without `verbatim` Slack looks for mentions in what is plain text.
    object! { "type": "mrkdwn", "text": text, "verbatim": true }
}

/// A text in which nothing has a meaning, `:name:` neither.
pub(super) fn plain_text(text: &str) -> Value {
    object! { "type": "plain_text", "text": text, "emoji": false }
}

/// A line or more of a text in which nothing has a meaning.
pub(super) fn rich_text(elements: Vec<Value>) -> Value {
    object! {
        "type": "rich_text",
        "elements": [object! { "type": "rich_text_section", "elements": elements }],
    }
}

pub(super) fn words(text: &str) -> Value {
    object! { "type": "text", "text": text }
}

pub(super) fn bold(text: &str) -> Value {
    object! { "type": "text", "text": text, "style": object! { "bold": true } }
}

/// A block of code that is no markup: nothing in the text has a meaning.
/// <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block/>
pub(super) fn preformatted(text: &str) -> Value {
    object! {
        "type": "rich_text",
        "elements": [object! { "type": "rich_text_preformatted", "elements": [words(text)] }],
    }
}

pub(super) fn titled(title: &str, text: &str) -> Value {
    object! {
        "type": "rich_text",
        "elements": [
            object! { "type": "rich_text_section", "elements": [bold(title)] },
            object! { "type": "rich_text_preformatted", "elements": [words(text)] },
        ],
    }
}
