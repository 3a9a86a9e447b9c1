//! The rules of Telegram's API for the messages of a bot.
//! <https://core.telegram.org/bots/api#sendmessage>, <https://core.telegram.org/bots/api#editmessagetext>

use serde_json::{Map, Value};

use crate::{Problem, list, object, required, text};

/// Returns why the API refuses a call; `None` where it takes it. `calls` are the names that are to be live in it.
#[must_use]
pub fn refuse(method: &str, body: &str, calls: &[&str]) -> Option<String> {
    let Ok(message) = serde_json::from_str(body) else {
        return Some("can't parse JSON".to_owned());
    };
    check(method, &message, calls).err()
}

fn check(method: &str, message: &Value, calls: &[&str]) -> Result<(), Problem> {
    let is_edit = method == "editMessageText";
    let both = [
        "chat_id",
        "text",
        "entities",
        "link_preview_options",
        "reply_markup",
    ];
    let more: &[&str] = if is_edit {
        &["message_id"]
    } else {
        &[
            "message_thread_id",
            "disable_notification",
            "reply_parameters",
        ]
    };
    let message = object(message, "message", &[&both[..], more].concat())?;
    if !(is_edit || method == "sendMessage") {
        return Err("no such method".to_owned());
    }
    if !message
        .get("chat_id")
        .is_some_and(|id| id.is_i64() || id.is_string())
    {
        return Err("chat_id is empty".to_owned());
    }
    if is_edit && !message.get("message_id").is_some_and(Value::is_i64) {
        return Err("message identifier is not specified".to_owned());
    }
    let written = required(message, "text", 4_096)?;
    if written.starts_with(char::is_whitespace) {
        return Err("text: its beginning is cut, and the entities are elsewhere then".to_owned());
    }
    let code = entities(message, written)?;
    check_calls(&code, calls)?;
    if let Some(reply) = message.get("reply_parameters") {
        let reply = object(
            reply,
            "reply",
            &["message_id", "allow_sending_without_reply"],
        )?;
        if !reply.get("message_id").is_some_and(Value::is_i64) {
            return Err("reply: no message".to_owned());
        }
    }
    if let Some(markup) = message.get("reply_markup") {
        let markup = object(markup, "markup", &["inline_keyboard"])?;
        for button in list(markup, "inline_keyboard", 8)? {
            let button = object(&button[0], "button", &["text", "url"])?;
            required(button, "text", 64)?;
            let url = required(button, "url", 2_048)?;
            if !url.starts_with("https://") && !url.starts_with("http://") {
                return Err("BUTTON_URL_INVALID".to_owned());
            }
        }
    }
    text(message, "text", 4_096).map(drop)
}

/// Checks the entities, and returns the text without what is code.
fn entities(message: &Map<String, Value>, written: &str) -> Result<String, Problem> {
    let mut units: Vec<u16> = written.encode_utf16().collect();
    let mut end = 0;
    for entity in list(message, "entities", 100)? {
        let entity = object(entity, "entity", &["type", "offset", "length"])?;
        let number = |key: &str| {
            let number = entity.get(key).and_then(Value::as_u64);
            number
                .and_then(|number| usize::try_from(number).ok())
                .ok_or("entity: no place")
        };
        let (offset, length) = (number("offset")?, number("length")?);
        let part = units
            .get(offset..offset + length)
            .ok_or("ENTITY_BOUNDS_INVALID")?;
        // Half a character.
        if length == 0 || offset < end || String::from_utf16(part).is_err() {
            return Err("ENTITY_BOUNDS_INVALID".to_owned());
        }
        end = offset + length;
        match required(entity, "type", 20)? {
            "pre" => units[offset..end].fill(u16::from(b' ')),
            "bold" => {}
            other => return Err(format!("unexpected entity {other}")),
        }
    }
    String::from_utf16(&units).map_err(|_| "ENTITY_BOUNDS_INVALID".to_owned())
}

/// Checks that these are called and nobody else is, outside of code.
fn check_calls(text: &str, calls: &[&str]) -> Result<(), Problem> {
    let names = text.split('@').skip(1);
    let mut live: Vec<_> = names
        .map(|name| {
            let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            format!("@{}", &name[..end.unwrap_or(name.len())])
        })
        .filter(|name| name.len() > 1)
        .collect();
    live.sort_unstable();
    let mut expected = calls.to_vec();
    expected.sort_unstable();
    if live == expected {
        Ok(())
    } else {
        Err(format!("{live:?} are called, and not {expected:?}"))
    }
}

#[test]
fn a_message_that_breaks_one_of_telegrams_rules_is_refused() {
    let message = r#"{"chat_id":-5,"text":"a @bert_b\n😀b","entities":[{"type":"pre","offset":10,"length":3}]}"#;
    assert_eq!(refuse("sendMessage", message, &["@bert_b"]), None);
    for (part, other) in [
        ("-5", "null"),
        ("a @", " @"),
        ("@bert_b", "@anna_a"),
        ("length\":3", "length\":4"),
        ("length\":3", "length\":1"),
        ("pre", "spoiler"),
        ("\"chat_id\"", "\"parse_mode\":\"HTML\",\"chat_id\""),
        ("\"chat_id\"", "\"message_id\":1,\"chat_id\""),
    ] {
        let broken = message.replacen(part, other, 1);
        let refused = refuse("sendMessage", &broken, &["@bert_b"]);
        assert!(broken != message && refused.is_some(), "{broken}");
    }
    assert!(refuse("editMessageText", message, &["@bert_b"]).is_some());
}
