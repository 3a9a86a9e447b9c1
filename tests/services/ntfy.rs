//! The rules of ntfy's server for a message as JSON.
//! <https://docs.ntfy.sh/publish/#publish-as-json>, and `server/errors.go` of its source

use serde_json::{Value, json};

use crate::{Problem, list, object, required, text};

/// Returns the status and the body with which the server refuses a message; `None` where it takes it as
/// it is.
#[must_use]
pub fn refuse(body: &str) -> Option<(u16, String)> {
    // Twice the longest message, for what JSON adds.
    if body.len() > 2 * 4_096 {
        return Some(answer(41303, "JSON body too large"));
    }
    let Ok(message) = serde_json::from_str::<Value>(body) else {
        return Some(answer(
            40024,
            "invalid request: request body must be valid JSON",
        ));
    };
    if message["topic"]
        .as_str()
        .is_none_or(|topic| !is_topic(topic))
    {
        return Some(answer(40009, "invalid request: topic invalid"));
    }
    check(&message).err().map(|problem| answer(40017, &problem))
}

fn answer(code: u16, error: &str) -> (u16, String) {
    let status = code / 100;
    let error = json!({ "code": code, "http": status, "error": error });
    (status, error.to_string())
}

fn is_topic(text: &str) -> bool {
    let is_of_topic = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=64).contains(&text.len()) && text.chars().all(is_of_topic)
}

fn check(message: &Value) -> Result<(), Problem> {
    let keys = [
        "topic", "title", "message", "priority", "tags", "click", "actions", "sequence_id",
    ];
    let message = object(message, "message", &keys)?;
    required(message, "title", 250)?;
    // More bytes would be a file that is attached.
    if required(message, "message", 4_096)?.len() > 4_096 {
        return Err("message: becomes a file".to_owned());
    }
    let priority = message.get("priority").map_or(Some(3), Value::as_u64);
    if !priority.is_some_and(|priority| (1..=5).contains(&priority)) {
        return Err("invalid priority parameter".to_owned());
    }
    if list(message, "tags", 10)?
        .iter()
        .any(|tag| !tag.is_string())
    {
        return Err("tags: no text".to_owned());
    }
    let sequence = text(message, "sequence_id", 64)?;
    if sequence.is_some_and(|sequence| !is_topic(sequence)) {
        return Err("sequence_id: invalid".to_owned());
    }
    let mut addresses = Vec::from_iter(text(message, "click", 2_000)?);
    for action in list(message, "actions", 3)? {
        let action = object(action, "action", &["action", "label", "url"])?;
        if required(action, "action", 20)? != "view" {
            return Err("actions invalid".to_owned());
        }
        required(action, "label", 100)?;
        addresses.push(required(action, "url", 2_000)?);
    }
    match addresses
        .iter()
        .find(|url| !url.starts_with("https://") && !url.starts_with("http://"))
    {
        Some(url) => Err(format!("url: {url}")),
        None => Ok(()),
    }
}

#[test]
fn a_message_that_breaks_one_of_the_servers_rules_is_refused() {
    let whole = json!({
        "topic": "a-topic_1",
        "title": "x",
        "message": "y",
        "priority": 4,
        "tags": ["warning"],
        "sequence_id": "7f3a91c2",
        "click": "https://a.example",
        "actions": [{ "action": "view", "label": "z", "url": "https://a.example" }],
    })
    .to_string();
    assert_eq!(refuse(&whole), None);
    for (part, other) in [
        ("{", ""),
        ("a-topic_1", "a.topic"),
        ("\"topic\"", "\"topics\""),
        ("\"y\"", "\"\""),
        ("\"y\"", &format!("\"{}\"", "é".repeat(2_049))),
        ("\"y\"", &format!("\"{}\"", "x".repeat(9_000))),
        ("4", "6"),
        ("4", "\"high\""),
        ("\"warning\"", "1"),
        ("7f3a91c2", "7f/3a"),
        ("\"https://a.example\"", "\"javascript:x\""),
        ("view", "http"),
        ("\"title\"", "\"markdown\":true,\"title\""),
    ] {
        let broken = whole.replacen(part, other, 1);
        assert!(broken != whole && refuse(&broken).is_some(), "{broken}");
    }
}
