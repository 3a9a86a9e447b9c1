//! The rules of a Teams workflow for what is posted to its webhook, and those of Adaptive Cards 1.4
//! for the elements that we use.
//! <https://adaptivecards.io/schemas/1.4.0/adaptive-card.json>

use serde_json::{Map, Value, json};

use crate::{Problem, list, none_of, object, required, unescaped};

/// Returns the status and the body with which a workflow refuses a card; `None` where it takes it.
#[must_use]
pub fn refuse(body: &str) -> Option<(u16, String)> {
    // Both limits, and each way to count: what is not ASCII may be escaped on the way.
    let escaped = |unit| if unit < 128 { 1 } else { 6 };
    if body.encode_utf16().map(escaped).sum::<usize>() > 21_000
        || body.encode_utf16().count() * 2 > 28_000
    {
        return Some(answer(413, "RequestEntityTooLarge", "too large"));
    }
    let Ok(message) = serde_json::from_str(body) else {
        return Some(answer(400, "InvalidRequestContent", "no JSON"));
    };
    check(&message)
        .err()
        .map(|problem| answer(400, "TriggerInputSchemaMismatch", &problem))
}

fn answer(status: u16, code: &str, message: &str) -> (u16, String) {
    let error = json!({ "error": { "code": code, "message": message } });
    (status, error.to_string())
}

fn check(message: &Value) -> Result<(), Problem> {
    let message = object(message, "message", &["type", "summary", "attachments"])?;
    required(message, "summary", 256)?;
    is(message, "type", "message")?;
    let attachments = list(message, "attachments", 10)?;
    if attachments.is_empty() {
        return Err("attachments: none".to_owned());
    }
    for attachment in attachments {
        let keys = ["contentType", "contentUrl", "content"];
        let attachment = object(attachment, "attachment", &keys)?;
        is(
            attachment,
            "contentType",
            "application/vnd.microsoft.card.adaptive",
        )?;
        if attachment.get("contentUrl") != Some(&Value::Null) {
            return Err("contentUrl: not null".to_owned());
        }
        check_card(attachment.get("content").unwrap_or(&Value::Null))?;
    }
    Ok(())
}

fn check_card(card: &Value) -> Result<(), Problem> {
    let card = object(
        card,
        "card",
        &[
            "$schema", "type", "version", "fallbackText", "msteams", "body", "actions",
        ],
    )?;
    harmless(required(card, "fallbackText", usize::MAX)?, "fallbackText")?;
    for action in list(card, "actions", 4)? {
        let action = object(action, "action", &["type", "title", "url"])?;
        is(action, "type", "Action.OpenUrl")?;
        // It says where it leads.
        let title = required(action, "title", 256)?;
        let url = required(action, "url", 2_048)?;
        let page = url.strip_prefix("https://").or(url.strip_prefix("http://"));
        let host = page.unwrap_or_default().split(['/', '?', '#', ':']).next();
        let host = host.filter(|host| !host.is_empty());
        if !host.is_some_and(|host| title == host || title.ends_with(&format!(": {host}"))) {
            return Err(format!("url: {url} is not at {title}"));
        }
    }
    is(
        card,
        "$schema",
        "http://adaptivecards.io/schemas/adaptive-card.json",
    )?;
    is(card, "type", "AdaptiveCard")?;
    is(card, "version", "1.4")?;
    let mut called = Vec::new();
    if let Some(teams) = card.get("msteams") {
        let teams = object(teams, "msteams", &["width", "entities"])?;
        is(teams, "width", "Full")?;
        for entity in list(teams, "entities", 100)? {
            called.push(mentioned(entity)?);
        }
    }
    let body = list(card, "body", 100)?;
    if body.is_empty() {
        return Err("body: is empty".to_owned());
    }
    for element in body {
        let words = element["text"].as_str().unwrap_or_default().split(' ');
        if !called.is_empty() && words.clone().eq(called.iter().copied()) {
            called.clear();
        } else {
            check_element(element)?;
        }
    }
    if called.is_empty() {
        Ok(())
    } else {
        Err(format!("entities: {called:?} stand in no text"))
    }
}

/// Returns the text that mentions somebody.
fn mentioned(entity: &Value) -> Result<&str, Problem> {
    let entity = object(entity, "entity", &["type", "text", "mentioned"])?;
    is(entity, "type", "mention")?;
    let text = required(entity, "text", 256)?;
    let somebody = entity.get("mentioned").unwrap_or(&Value::Null);
    let somebody = object(somebody, "mentioned", &["id", "name"])?;
    let (id, name) = (
        required(somebody, "id", 128)?,
        required(somebody, "name", 128)?,
    );
    if text != format!("<at>{name}</at>") || id.contains(['<', '>', ' ']) {
        return Err(format!("text: {text} is not that of {name}"));
    }
    Ok(text)
}

fn check_element(element: &Value) -> Result<(), Problem> {
    match element["type"].as_str() {
        Some("TextBlock") => {
            let keys = [
                "type", "text", "wrap", "weight", "size", "color", "fontType", "separator",
            ];
            let block = object(element, "TextBlock", &keys)?;
            harmless(required(block, "text", usize::MAX)?, "text")?;
            for key in ["wrap", "separator"] {
                if !block.get(key).is_none_or(Value::is_boolean) {
                    return Err(format!("{key}: not a boolean"));
                }
            }
            // Without it a long text is cut at the edge.
            if block.get("wrap") != Some(&Value::Bool(true)) {
                return Err("wrap: off".to_owned());
            }
            one_of(block, "weight", &["default", "lighter", "bolder"])?;
            let sizes = ["default", "small", "medium", "large", "extraLarge"];
            one_of(block, "size", &sizes)?;
            one_of(block, "fontType", &["default", "monospace"])?;
            let colours = [
                "default", "dark", "light", "accent", "good", "warning", "attention",
            ];
            one_of(block, "color", &colours)
        }
        // Teams alone knows it: another client takes the fallback.
        Some("CodeBlock") => {
            let keys = ["type", "codeSnippet", "language", "fallback"];
            let block = object(element, "CodeBlock", &keys)?;
            required(block, "codeSnippet", usize::MAX)?;
            is(block, "language", "PlainText")?;
            match &element["fallback"]["type"] {
                kind if kind == "TextBlock" => check_element(&element["fallback"]),
                other => Err(format!("fallback: {other}")),
            }
        }
        Some("FactSet") => {
            let set = object(element, "FactSet", &["type", "facts"])?;
            if !set.contains_key("facts") {
                return Err("facts: is missing".to_owned());
            }
            for fact in list(set, "facts", 100)? {
                let fact = object(fact, "fact", &["title", "value"])?;
                for key in ["title", "value"] {
                    harmless(required(fact, key, usize::MAX)?, key)?;
                }
            }
            Ok(())
        }
        _ => Err(format!("{}: unknown element", element["type"])),
    }
}

fn is(object: &Map<String, Value>, key: &str, expected: &str) -> Result<(), Problem> {
    if required(object, key, usize::MAX)? == expected {
        Ok(())
    } else {
        Err(format!("{key}: not {expected}"))
    }
}

fn one_of(object: &Map<String, Value>, key: &str, values: &[&str]) -> Result<(), Problem> {
    match object.get(key) {
        Some(value) if !values.iter().any(|known| value == known) => {
            Err(format!("{key}: no {value}"))
        }
        _ => Ok(()),
    }
}

/// Checks that nothing is a mention, a link that hides where it leads, an entity or a function.
fn harmless(text: &str, place: &str) -> Result<(), Problem> {
    let marked = unescaped(text);
    let marks = ["`", "**", "](", "[", "~~", "<at", "<AT", "</", "{{"];
    none_of(&marked, place, &marks)?;
    let is_entity = |rest: &str| {
        let name = rest.split(';').next().unwrap_or_default();
        name.len() < rest.len()
            && !name.is_empty()
            && name.chars().all(|c| c == '#' || c.is_ascii_alphanumeric())
    };
    if marked.split('&').skip(1).any(is_entity) {
        return Err(format!("{place}: has an entity"));
    }
    let is_list = |row: &str| {
        let rest = row.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.len() < row.len() && rest.starts_with(['.', ')'])
    };
    for row in text.split('\n') {
        let row = row.trim_start_matches('\u{a0}');
        let is_marked = row.starts_with(['#', '>', '-', '+', ' ']);
        if is_marked || place == "text" && is_list(row) {
            return Err(format!(
                "{place}: a line is a heading, a quote or a list: {row}"
            ));
        }
    }
    Ok(())
}

#[test]
fn a_card_that_breaks_one_of_the_rules_is_refused() {
    let message = |body: Value| {
        let card = json!({
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "fallbackText": "x",
            "body": body,
        });
        json!({
            "type": "message",
            "summary": "x",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": null,
                "content": card,
            }],
        })
        .to_string()
    };
    let text = |text: &str| message(json!([{ "type": "TextBlock", "text": text, "wrap": true }]));
    let calls = |name: &str| {
        let mentioned = json!({ "id": name, "name": name });
        let text = format!("<at>{name}</at>");
        json!({ "width": "Full", "entities": [{ "type": "mention", "text": text, "mentioned": mentioned }] })
    };
    let whole = text("x");
    assert_eq!(refuse(&whole), None);
    assert_eq!(refuse(&text(&"x".repeat(13_000))), None);
    for broken in [
        "{".to_owned(),
        "[]".to_owned(),
        whole.replace("\"message\"", "\"card\""),
        whole.replace("contentUrl", "url"),
        whole.replace("AdaptiveCard", "MessageCard"),
        whole.replace("1.4", "2"),
        whole.replace("\"summary\":\"x\",", ""),
        whole.replace("\"fallbackText\":\"x\",", ""),
        message(json!([{ "type": "CodeBlock", "codeSnippet": "x", "language": "PlainText" }])),
        whole.replace("\"text\":\"x\",", ""),
        whole.replace("true", "\"true\""),
        whole.replace(",\"wrap\":true", ""),
        whole.replace("\"wrap\"", "\"color\":\"red\",\"wrap\""),
        whole.replace("\"wrap\"", "\"colour\":\"good\",\"wrap\""),
        message(json!([])),
        message(json!([{ "type": "Text" }])),
        message(json!([{ "type": "FactSet" }])),
        message(json!([{ "type": "FactSet", "facts": [{ "title": "x" }] }])),
        text("<at>x</at>"),
        text("<at>a@x.example</at>").replace(
            "\"body\"",
            &format!("\"msteams\":{},\"body\"", calls("b@x.example")),
        ),
        text("x").replace(
            "\"body\"",
            &format!("\"msteams\":{},\"body\"", calls("a@x.example")),
        ),
        text("[a](b)"),
        text("\\\\[a](b)"),
        text("&amp;"),
        text("{{DATE(x)}}"),
        text("`x`"),
        text("a\n- b"),
        text("a\n1. b"),
        text(&"x".repeat(14_000)),
        text(&"漢".repeat(3_500)),
    ] {
        assert!(refuse(&broken).is_some(), "{broken}");
    }
}
