//! What Slack documents of a payload, as a receiver that forgives nothing. The tests of the whole
//! read it too.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "each of its two readers uses a part of it"
)]

use serde_json::Value;

/// Checks a payload of Slack, in which these mentions are live and no others, each once.
pub fn check(payload: &Value, mentions: &[&str]) -> Result<(), String> {
    keys(
        payload,
        &["text"],
        &["attachments", "unfurl_links", "unfurl_media"],
    )?;
    let text = string(&payload["text"])?;
    // 40,000 is the limit, and above 4,000 a message may be split.
    length("text", text, 3_900)?;
    let mut live = tokens(text)?;
    live.retain(|token| !is_address(token));
    live.sort_unstable();
    let mut expected = mentions.to_vec();
    expected.sort_unstable();
    if live != expected {
        return Err(format!("{live:?} are live, and not {expected:?}"));
    }
    let attachments = list(&payload["attachments"]);
    if attachments.len() > 20 {
        return Err("too_many_attachments".to_owned());
    }
    let mut count = 0;
    let mut written = 0;
    for attachment in attachments {
        keys(attachment, &["color", "fallback", "blocks"], &[])?;
        color(&attachment["color"])?;
        let fallback = string(&attachment["fallback"])?;
        length("fallback", fallback, 4_000)?;
        if fallback.contains(['<', '>']) {
            return Err(format!("a fallback is live: {fallback}"));
        }
        let blocks = list(&attachment["blocks"]);
        if blocks.is_empty() {
            return Err("no blocks".to_owned());
        }
        count += blocks.len();
        for block in blocks {
            written += check_block(block)?;
        }
    }
    if count > 50 || written > 12_000 {
        return Err(format!("{count} blocks of {written} characters"));
    }
    Ok(())
}

/// Returns how many characters a block has.
fn check_block(block: &Value) -> Result<usize, String> {
    match string(&block["type"])? {
        "section" => {
            keys(block, &["type"], &["text", "fields"])?;
            let mut written = 0;
            if block.get("text").is_some() {
                written += mrkdwn(&block["text"], 3_000)?;
            }
            if block.get("fields").is_some() {
                let fields = list(&block["fields"]);
                if !(1..=10).contains(&fields.len()) {
                    return Err(format!("{} fields", fields.len()));
                }
                for field in fields {
                    written += mrkdwn(field, 2_000)?;
                }
            }
            if written == 0 {
                return Err("a section without text and fields".to_owned());
            }
            Ok(written)
        }
        "context" => {
            keys(block, &["type", "elements"], &[])?;
            let elements = list(&block["elements"]);
            if !(1..=10).contains(&elements.len()) {
                return Err(format!("{} elements", elements.len()));
            }
            elements.iter().map(|element| mrkdwn(element, 3_000)).sum()
        }
        "rich_text" => {
            keys(block, &["type", "elements"], &[])?;
            let mut written = 0;
            for element in list(&block["elements"]) {
                keys(element, &["type", "elements"], &[])?;
                if element["type"] != "rich_text_preformatted" {
                    return Err(format!("{element}"));
                }
                for part in list(&element["elements"]) {
                    keys(part, &["type", "text"], &[])?;
                    if part["type"] != "text" {
                        return Err(format!("{part} could call somebody"));
                    }
                    written += length("code", string(&part["text"])?, 3_000)?;
                }
            }
            if written == 0 {
                return Err("an empty block of code".to_owned());
            }
            Ok(written)
        }
        other => Err(format!("a block of type `{other}`")),
    }
}

fn mrkdwn(object: &Value, limit: usize) -> Result<usize, String> {
    keys(object, &["type", "text", "verbatim"], &[])?;
    if object["type"] != "mrkdwn" || object["verbatim"] != true {
        return Err(format!("{object}"));
    }
    let text = string(&object["text"])?;
    for token in tokens(text)? {
        if !is_address(token) && !is_date(token) {
            return Err(format!("`{token}` is live in a block"));
        }
    }
    length("mrkdwn", text, limit)
}

/// Checks a payload for Mattermost and Rocket.Chat.
pub fn check_compatible(payload: &Value, mentions: &[&str]) -> Result<(), String> {
    keys(payload, &["text"], &["attachments"])?;
    let text = string(&payload["text"])?;
    let mut text = text.to_owned();
    for mention in mentions {
        let said = format!(" {mention}");
        if text.matches(&said).count() != 1 {
            return Err(format!("`{mention}` is not in {text}"));
        }
        text = text.replace(&said, "");
    }
    is_dead(&text)?;
    for attachment in list(&payload["attachments"]) {
        keys(
            attachment,
            &["color", "fallback", "text"],
            &["title", "fields"],
        )?;
        color(&attachment["color"])?;
        let text = attachment["text"].as_str().ok_or("no text")?;
        for text in [text, string(&attachment["fallback"])?] {
            is_dead(text)?;
            // The limit of Mattermost is 16,383 characters.
            if text.len() > 12_000 {
                return Err(format!("a text of {}", text.len()));
            }
        }
        if text.matches("```").count() % 2 != 0 || text.matches("```").count() > 2 {
            return Err(format!("the block of code is broken: {text}"));
        }
        if let Some(title) = attachment.get("title") {
            is_dead(string(title)?)?;
        }
        for field in list(&attachment["fields"]) {
            keys(field, &["title", "value", "short"], &[])?;
            is_dead(string(&field["title"])?)?;
            is_dead(string(&field["value"])?)?;
        }
    }
    Ok(())
}

/// Returns all that a reader of Slack sees of a payload, escapes undone.
pub fn shown(payload: &Value) -> String {
    fn collect(value: &Value, shown: &mut String) {
        match value {
            Value::Object(object) => {
                if let Some(Value::String(text)) = object.get("text") {
                    *shown += text;
                    shown.push('\n');
                }
                for (key, value) in object {
                    if key != "fallback" {
                        collect(value, shown);
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, shown)),
            _ => {}
        }
    }
    let mut text = String::new();
    collect(payload, &mut text);
    text
}

/// Tells whether nothing in a text of Markdown calls anybody.
fn is_dead(text: &str) -> Result<(), String> {
    is_readable(text)?;
    let lives = text.contains("<!")
        || text.contains("<@")
        || text
            .split('@')
            .skip(1)
            .any(|after| !after.starts_with('\u{200b}'));
    if lives {
        return Err(format!("live: {text}"));
    }
    Ok(())
}

/// Returns what stands between `<` and `>`, and fails where an escape is missing.
fn tokens(text: &str) -> Result<Vec<&str>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '>', '&']) {
        rest = &rest[at..];
        let end = if rest.starts_with('<') {
            let end = rest.find('>').ok_or("a `<` is not escaped")? + 1;
            tokens.push(&rest[..end]);
            end
        } else {
            let escapes = ["&amp;", "&lt;", "&gt;"];
            let escape = escapes.iter().find(|escape| rest.starts_with(**escape));
            escape.ok_or_else(|| format!("not escaped: {rest}"))?.len()
        };
        rest = &rest[end..];
    }
    Ok(tokens)
}

fn is_address(token: &str) -> bool {
    (token.starts_with("<https://") || token.starts_with("<http://"))
        && !token[1..token.len() - 1].contains(['<', '|', ' ', '\n'])
}

fn is_date(token: &str) -> bool {
    let parts = token
        .strip_prefix("<!date^")
        .and_then(|rest| rest.strip_suffix('>'))
        .and_then(|rest| rest.split_once("^{date_short_pretty} {time_secs}|"));
    parts.is_some_and(|(unix, fallback)| {
        unix.bytes().all(|byte| byte.is_ascii_digit()) && fallback.ends_with(" UTC")
    })
}

fn is_readable(text: &str) -> Result<(), String> {
    let bad = |c: char| {
        c.is_control() && c != '\n' && c != '\t'
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    match text.find(bad) {
        Some(at) => Err(format!("{:?} at {at}", text[at..].chars().next())),
        None => Ok(()),
    }
}

/// Returns the length in the unit in which it is largest, of those that a service may count in.
fn length(what: &str, text: &str, limit: usize) -> Result<usize, String> {
    is_readable(text)?;
    if (1..=limit).contains(&text.len()) {
        return Ok(text.len());
    }
    Err(format!("a {what} of {}", text.len()))
}

fn color(value: &Value) -> Result<(), String> {
    let is_hex = |text: &str| {
        text.len() == 7
            && text.starts_with('#')
            && text[1..].bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    string(value).and_then(|text| is_hex(text).then_some(()).ok_or(format!("colour {text}")))
}

fn string(value: &Value) -> Result<&str, String> {
    let text = value.as_str().filter(|text| !text.trim().is_empty());
    text.ok_or_else(|| format!("no_text: {value}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Checks that an object has the keys that it must have, and no others than those it may have.
fn keys(value: &Value, must: &[&str], may: &[&str]) -> Result<(), String> {
    let object = value
        .as_object()
        .ok_or_else(|| format!("no object: {value}"))?;
    if let Some(missing) = must.iter().find(|key| !object.contains_key(**key)) {
        return Err(format!("`{missing}` is missing in {value}"));
    }
    let known = |key: &str| must.contains(&key) || may.contains(&key);
    match object.keys().find(|key| !known(key)) {
        Some(key) => Err(format!("`{key}` is not known in {value}")),
        None => Ok(()),
    }
}
