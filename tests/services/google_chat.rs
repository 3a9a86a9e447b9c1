//! Google Chat's rules for the message of a webhook.
//! <https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages>

use serde_json::{Value, json};

use crate::{Problem, list, none_of, object, required, text};

/// Returns the status and the body with which the service refuses a message; `None` where it takes it.
#[must_use]
pub fn refuse(body: &str) -> Option<(u16, String)> {
    let problem = match serde_json::from_str(body) {
        _ if body.len() > 32_000 => "Message is too long.".to_owned(),
        Ok(message) => check(&message).err()?,
        Err(error) => format!("Invalid JSON payload received. {error}"),
    };
    let error = json!({ "code": 400, "message": problem, "status": "INVALID_ARGUMENT" });
    Some((400, json!({ "error": error }).to_string()))
}

fn check(message: &Value) -> Result<(), Problem> {
    let message = object(message, "message", &["text", "thread", "cardsV2"])?;
    harmless(required(message, "text", 4_096)?)?;
    if let Some(thread) = message.get("thread") {
        required(
            object(thread, "thread", &["threadKey"])?,
            "threadKey",
            4_000,
        )?;
    }
    for card in list(message, "cardsV2", 10)? {
        let card = object(card, "cardsV2", &["cardId", "card"])?;
        required(card, "cardId", 64)?;
        let none = Value::Null;
        let card = object(card.get("card").unwrap_or(&none), "card", &["sections"])?;
        for section in list(card, "sections", 100)? {
            for widget in list(object(section, "section", &["widgets"])?, "widgets", 100)? {
                check_buttons(&object(widget, "widget", &["buttonList"])?["buttonList"])?;
            }
        }
    }
    Ok(())
}

fn check_buttons(buttons: &Value) -> Result<(), Problem> {
    let buttons = object(buttons, "buttonList", &["buttons"])?;
    for button in list(buttons, "buttons", 100)? {
        let button = object(button, "button", &["text", "onClick"])?;
        required(button, "text", 250)?;
        let click = &button.get("onClick").unwrap_or(&Value::Null)["openLink"];
        let url = text(object(click, "openLink", &["url"])?, "url", 2_000)?;
        if !url.is_some_and(|url| url.starts_with("https://") || url.starts_with("http://")) {
            return Err(format!("url: {url:?}"));
        }
    }
    Ok(())
}

/// Checks that every block of code ends, and that nothing calls anybody, hides where it leads, or has a
/// meaning outside of code.
fn harmless(text: &str) -> Result<(), Problem> {
    let blocks: Vec<_> = text.split("```").collect();
    if blocks.len() % 2 == 0 {
        return Err("text: a block of code does not end".to_owned());
    }
    // Code, too: nothing says that it calls nobody there.
    none_of(text, "text", &["<users/", "<http", "<mailto:"])?;
    for outside in blocks.iter().step_by(2) {
        for line in outside.split('\n') {
            let parts: Vec<_> = line.split('`').collect();
            if parts.len() % 2 == 0 {
                return Err(format!("text: code does not end in {line}"));
            }
            for outside in parts.iter().step_by(2) {
                none_of(outside, "text", &["*", "_", "~"])?;
            }
        }
    }
    Ok(())
}

#[test]
fn a_message_that_breaks_one_of_the_rules_is_refused() {
    let button = json!({ "text": "x", "onClick": { "openLink": { "url": "https://a.example" } } });
    let widgets = json!([{ "buttonList": { "buttons": [button] } }]);
    let whole = json!({
        "text": "one `t_wo`\n```\n*three*\n```\nfour",
        "thread": { "threadKey": "7f3a91c2" },
        "cardsV2": [{ "cardId": "links", "card": { "sections": [{ "widgets": widgets }] } }],
    })
    .to_string();
    assert_eq!(refuse(&whole), None);
    for (part, other) in [
        ("{", ""),
        ("\"text\":\"one", "\"texts\":\"one"),
        ("four", "*four*"),
        ("four", "`four"),
        ("four", "```"),
        ("four", "<users/all>"),
        ("three", "<users/all>"),
        ("four", "<https://evil|ok>"),
        ("four", &"x".repeat(4_097)),
        ("four", &"é".repeat(16_001)),
        ("\"7f3a91c2\"", "\"\""),
        ("https://a.example", "ftp://a.example"),
        ("buttonList", "image"),
        (",\"cardId\":\"links\"", ""),
    ] {
        let broken = whole.replacen(part, other, 1);
        assert!(broken != whole && refuse(&broken).is_some(), "{broken}");
    }
}
