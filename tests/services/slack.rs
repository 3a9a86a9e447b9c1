//! What Slack documents of a payload, as a receiver that forgives nothing.

use serde_json::Value;

/// Checks a payload of Slack, in which these mentions are live and no others, each once.
///
/// # Errors
///
/// Where the receiver would refuse it, with what is wrong.
pub fn check(payload: &Value, mentions: &[&str]) -> Result<(), String> {
    keys(
        payload,
        &["text"],
        &["attachments", "unfurl_links", "unfurl_media"],
    )?;
    let text = string(&payload["text"])?;
    is_plain(&tokens_out(text))?;
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
            keys(block, &["type", "fields"], &[])?;
            let fields = list(&block["fields"]);
            if !(1..=10).contains(&fields.len()) {
                return Err(format!("{} fields", fields.len()));
            }
            fields.iter().map(|field| text_object(field, 2_000)).sum()
        }
        "context" => {
            keys(block, &["type", "elements"], &[])?;
            let elements = list(&block["elements"]);
            if !(1..=10).contains(&elements.len()) {
                return Err(format!("{} elements", elements.len()));
            }
            let written = elements.iter().map(|element| text_object(element, 3_000));
            written.sum()
        }
        "rich_text" => {
            keys(block, &["type", "elements"], &[])?;
            let mut written = 0;
            for element in list(&block["elements"]) {
                keys(element, &["type", "elements"], &[])?;
                let styles: &[&str] = match string(&element["type"])? {
                    "rich_text_preformatted" => &[],
                    "rich_text_section" => &["style"],
                    _ => return Err(format!("{element}")),
                };
                for part in list(&element["elements"]) {
                    if part["type"] == "link" && !styles.is_empty() {
                        keys(part, &["type", "url"], &["text"])?;
                        let url = string(&part["url"])?;
                        if !is_address(&format!("<{url}>")) {
                            return Err(format!("{part} is no address"));
                        }
                        written += length("url", url, 3_000)?;
                        if let Some(text) = part["text"].as_str() {
                            written += length("text of a link", text, 3_000)?;
                        }
                        continue;
                    }
                    keys(part, &["type", "text"], styles)?;
                    if part["type"] != "text" {
                        return Err(format!("{part} could call somebody"));
                    }
                    let style = &part["style"];
                    if !style.is_null() && *style != serde_json::json!({ "bold": true }) {
                        return Err(format!("{part} has another style"));
                    }
                    let text = part["text"].as_str().ok_or("no text")?;
                    written += length("rich text", text, 3_000)?;
                }
            }
            if written == 0 {
                return Err("an empty rich text".to_owned());
            }
            Ok(written)
        }
        other => Err(format!("a block of type `{other}`")),
    }
}

/// Checks a text of a section or a context. What is no plain text is ours, and has no markup but a
/// date.
fn text_object(object: &Value, limit: usize) -> Result<usize, String> {
    let text = string(&object["text"])?;
    if object["type"] == "plain_text" {
        keys(object, &["type", "text", "emoji"], &[])?;
        if object["emoji"] != false {
            return Err(format!("emojis are live in {object}"));
        }
        return length("plain text", text, limit);
    }
    keys(object, &["type", "text", "verbatim"], &[])?;
    if object["type"] != "mrkdwn" || object["verbatim"] != true {
        return Err(format!("{object}"));
    }
    if let Some(token) = tokens(text)?.into_iter().find(|token| !is_date(token)) {
        return Err(format!("`{token}` is live in a block"));
    }
    let is_ours = |c: char| c.is_ascii_digit() || " -:()UTC".contains(c);
    if !tokens_out(text).chars().all(is_ours) {
        return Err(format!("not plain: {text}"));
    }
    length("mrkdwn", text, limit)
}

/// Returns a text without what stands between `<` and `>`.
fn tokens_out(text: &str) -> String {
    let parts = text.split('<');
    parts
        .map(|part| part.split_once('>').map_or(part, |(_, after)| after))
        .collect()
}

/// Checks that nothing but inline code is markup: no emphasis, emoji or strike-through.
fn is_plain(text: &str) -> Result<(), String> {
    if !text.matches('`').count().is_multiple_of(2) {
        return Err(format!("code does not end: {text}"));
    }
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    for outside in text.split('`').step_by(2) {
        let around = |(at, _): (usize, &str)| {
            is_word(outside[..at].chars().next_back()) && is_word(outside[at + 1..].chars().next())
        };
        if outside.contains(['*', '~']) || !outside.match_indices('_').all(around) {
            return Err(format!("markup outside of code: {outside}"));
        }
    }
    Ok(())
}

/// Checks that nothing but code and bare addresses is markup of Mattermost or Rocket.Chat.
fn is_plain_markdown(text: &str) -> Result<(), String> {
    for line in text.lines() {
        is_plain(line)?;
        for outside in line.split('`').step_by(2) {
            if outside.contains(['[', '<', '\\', '#', '$', '&']) || outside.contains("||") {
                return Err(format!("markup outside of code: {outside}"));
            }
        }
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_number =
            rest.len() < line.len() && (rest.starts_with(". ") || rest.starts_with(") "));
        if is_number
            || line.starts_with(['>', '|'])
            || line.starts_with("- ")
            || line.starts_with("+ ")
        {
            return Err(format!("a list or a quotation: {line}"));
        }
    }
    Ok(())
}

/// Checks a payload for Mattermost and Rocket.Chat.
///
/// # Errors
///
/// Where the receiver would refuse it, with what is wrong.
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
    is_plain_markdown(&text)?;
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
        let broken = || format!("a block of code is broken: {text}");
        let mut rest = text;
        while let Some((before, block)) = rest.split_once("```\n") {
            is_plain_markdown(before)?;
            let (code, after) = block.split_once("\n```").ok_or_else(broken)?;
            let is_end = after.is_empty() || after.starts_with('\n');
            if code.contains("```") || !is_end {
                return Err(broken());
            }
            rest = after;
        }
        if rest.contains("```") {
            return Err(broken());
        }
        is_plain_markdown(rest)?;
        is_plain_markdown(string(&attachment["fallback"])?)?;
        if let Some(title) = attachment.get("title") {
            is_dead(string(title)?)?;
            is_plain_markdown(string(title)?)?;
        }
        for field in list(&attachment["fields"]) {
            keys(field, &["title", "value", "short"], &[])?;
            for key in ["title", "value"] {
                is_dead(string(&field[key])?)?;
                is_plain_markdown(string(&field[key])?)?;
            }
        }
    }
    Ok(())
}

/// Returns all that a reader of Slack sees of a payload, escapes undone.
#[must_use]
pub fn shown(payload: &Value) -> String {
    fn collect(value: &Value, shown: &mut String) {
        match value {
            Value::Object(object) => {
                for key in ["text", "url"] {
                    if let Some(Value::String(text)) = object.get(key) {
                        *shown += text;
                        shown.push('\n');
                    }
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

/// Returns whether nothing in a text of Markdown calls anybody.
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
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}')
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
