//! Discord's rules for the message of a webhook.
//! <https://discord.com/developers/docs/resources/webhook#execute-webhook>

use serde_json::{Map, Value, json};

use crate::{Problem, list, none_of, object, required, text, time, unescaped};

/// Returns the status and the body with which Discord refuses a message; `None` where it takes it.
#[must_use]
pub fn refuse(body: &str) -> Option<(u16, String)> {
    let Ok(message) = serde_json::from_str(body) else {
        return Some(answer(50109, "The request body contains invalid JSON."));
    };
    check(&message)
        .err()
        .map(|problem| answer(50035, &format!("Invalid Form Body: {problem}")))
}

fn answer(code: u32, message: &str) -> (u16, String) {
    (400, json!({ "message": message, "code": code }).to_string())
}

fn check(message: &Value) -> Result<(), Problem> {
    let keys = ["content", "embeds", "allowed_mentions"];
    let message = object(message, "message", &keys)?;
    let content = text(message, "content", 2_000)?;
    let embeds = list(message, "embeds", 10)?;
    if content.is_none() && embeds.is_empty() {
        return Err("Cannot send an empty message".to_owned());
    }
    check_calls(message, content.unwrap_or_default())?;
    let mut together = 0;
    for embed in embeds {
        together += check_embed(embed)?;
    }
    if together > 6_000 {
        return Err(format!("embeds: {together} characters, of 6000"));
    }
    Ok(())
}

/// Checks that whoever may be called is called once, and nobody else: also by a text that is not ours.
fn check_calls(message: &Map<String, Value>, content: &str) -> Result<(), Problem> {
    let allowed = message.get("allowed_mentions").unwrap_or(&Value::Null);
    let allowed = object(allowed, "allowed_mentions", &["parse", "users", "roles"])?;
    if !allowed.contains_key("parse") {
        return Err("allowed_mentions: not off".to_owned());
    }
    let of = |key: &str| -> Result<Vec<&str>, Problem> {
        let ids = list(allowed, key, 100)?.iter();
        Ok(ids.map(|id| id.as_str().unwrap_or_default()).collect())
    };
    let mut called = Vec::new();
    for id in of("parse")? {
        if id != "everyone" {
            return Err(format!("parse: {id}"));
        }
        let both = ["@everyone", "@here"].map(str::to_owned);
        called.extend(
            both.into_iter()
                .filter(|word| content.split_whitespace().any(|w| w == word)),
        );
    }
    called.extend(of("users")?.iter().map(|id| format!("<@{id}>")));
    called.extend(of("roles")?.iter().map(|id| format!("<@&{id}>")));
    let mut rest: Vec<_> = content
        .split(' ')
        .flat_map(|part| part.split('\n'))
        .collect();
    for call in &called {
        let number = rest.iter().filter(|word| *word == call).count();
        if number != 1 {
            return Err(format!("content: {number} times {call}"));
        }
        rest.retain(|word| word != call);
    }
    harmless(&rest.join(" "), "content")
}

/// Returns the length of all its texts.
fn check_embed(embed: &Value) -> Result<usize, Problem> {
    let keys = [
        "title", "url", "description", "color", "fields", "footer", "timestamp", "url",
    ];
    let embed = object(embed, "embed", &keys)?;
    let mut length = 0;
    let mut count = |text: Option<&str>| length += text.unwrap_or_default().encode_utf16().count();
    let url = text(embed, "url", 2_048)?;
    if url.is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        return Err("embed: url: no page".to_owned());
    }
    let title = text(embed, "title", 256)?;
    let description = text(embed, "description", 4_096)?;
    let fields = list(embed, "fields", 25)?;
    if title.is_none() && description.is_none() && fields.is_empty() {
        return Err("embed: is empty".to_owned());
    }
    for (place, text) in [("title", title), ("description", description)] {
        count(text);
        harmless(text.unwrap_or_default(), place)?;
    }
    for field in fields {
        let field = object(field, "field", &["name", "value", "inline"])?;
        for (key, limit) in [("name", 256), ("value", 1_024)] {
            let text = required(field, key, limit)?;
            count(Some(text));
            harmless(text, key)?;
        }
        if !field.get("inline").is_none_or(Value::is_boolean) {
            return Err("inline: not a boolean".to_owned());
        }
    }
    if let Some(footer) = embed.get("footer") {
        let footer = object(footer, "footer", &["text"])?;
        count(Some(required(footer, "text", 2_048)?));
    }
    let colour = embed.get("color").map(Value::as_u64);
    if colour.is_some_and(|colour| colour.is_none_or(|colour| colour > 0x00ff_ffff)) {
        return Err("color: no colour".to_owned());
    }
    time(embed, "timestamp")?;
    Ok(length)
}

/// Checks that every block of code ends, and that nothing outside of one is markup that calls
/// somebody or hides where it leads.
fn harmless(text: &str, place: &str) -> Result<(), Problem> {
    let mut outside = String::new();
    let mut rest = text;
    // Only a line that is a fence is ours; any other is escaped.
    loop {
        if let Some(block) = rest.strip_prefix("```\n") {
            let Some((_, after)) = block.split_once("```") else {
                return Err(format!("{place}: a block of code does not end"));
            };
            rest = after;
        } else if let Some((before, _)) = rest.split_once("\n```\n") {
            outside += &unescaped(before);
            rest = &rest[before.len() + 1..];
        } else {
            outside += &unescaped(rest);
            break;
        }
    }
    let live = [
        "`", "<@", "<#", "<t:", "@everyone", "@here", "](", "||", "**",
    ];
    none_of(&outside, place, &live)
}

#[test]
fn a_message_that_breaks_one_of_discords_rules_is_refused() {
    let message = |embed: Value| {
        json!({ "embeds": [embed], "allowed_mentions": { "parse": [] } }).to_string()
    };
    let field = json!({ "name": "host", "value": "x" });
    assert_eq!(
        refuse(&message(json!({ "title": "x", "fields": [field] }))),
        None
    );
    let long = |length| "x".repeat(length);
    for broken in [
        "{".to_owned(),
        json!({ "content": "x" }).to_string(),
        json!({ "allowed_mentions": { "parse": [] } }).to_string(),
        json!({ "content": "x", "allowed_mentions": { "parse": ["users"] } }).to_string(),
        json!({ "content": "x", "allowed_mentions": { "users": [] } }).to_string(),
        json!({ "content": "x", "allowed_mentions": { "parse": [], "users": ["1"] } }).to_string(),
        json!({ "content": "<@1> <@1>", "allowed_mentions": { "parse": [], "users": ["1"] } })
            .to_string(),
        json!({ "content": "<@1> <@2>", "allowed_mentions": { "parse": [], "users": ["1"] } })
            .to_string(),
        json!({ "content": "x @everyone @everyone", "allowed_mentions": { "parse": ["everyone"] } })
            .to_string(),
        message(json!({ "title": "x", "url": "javascript:x" })),
        json!({ "content": long(2_001), "allowed_mentions": { "parse": [] } }).to_string(),
        message(json!({})),
        message(json!({ "title": " " })),
        message(json!({ "title": long(257) })),
        message(json!({ "title": "😀".repeat(129) })),
        message(json!({ "description": long(4_097) })),
        message(json!({ "description": "```\nx" })),
        message(json!({ "description": "```\nx```y```" })),
        message(json!({ "description": "<@1>" })),
        message(json!({ "description": "\\\\<@1>" })),
        message(json!({ "description": "[a](b)" })),
        message(json!({ "title": "@everyone" })),
        message(json!({ "title": "x", "color": 0x0100_0000 })),
        message(json!({ "title": "x", "timestamp": "now" })),
        message(json!({ "title": "x", "colour": 1 })),
        message(json!({ "title": "x", "fields": vec![field.clone(); 26] })),
        message(json!({ "title": "x", "fields": [{ "name": "", "value": "x" }] })),
        message(json!({ "title": "x", "fields": [{ "name": "x", "value": long(1_025) }] })),
        message(json!({ "title": "x", "footer": { "text": long(2_049) } })),
        message(json!({ "description": long(4_096), "footer": { "text": long(1_905) } })),
    ] {
        assert!(refuse(&broken).is_some(), "{broken}");
    }
}
