//! The rules of Matrix for the messages of a room.
//! <https://spec.matrix.org/latest/client-server-api/#mroommessage>

use serde_json::Value;

use crate::{Problem, object, required};

/// Returns why a server or a reader's program takes an event for broken; `None` where it is whole.
#[must_use]
pub fn refuse(body: &str) -> Option<String> {
    if body.len() > 60_000 {
        return Some("M_TOO_LARGE".to_owned());
    }
    let Ok(event) = serde_json::from_str(body) else {
        return Some("M_NOT_JSON".to_owned());
    };
    check(&event).err()
}

fn check(event: &Value) -> Result<(), Problem> {
    let relation = &event["m.relates_to"];
    if relation["rel_type"] == "m.replace" {
        content(&event["m.new_content"], &[])?;
    }
    content(event, &["m.relates_to", "m.new_content"])?;
    match relation["rel_type"].as_str() {
        None => Ok(()),
        Some("m.replace") if event["m.new_content"].is_object() => Ok(()),
        Some("m.thread") if relation["m.in_reply_to"]["event_id"] == relation["event_id"] => Ok(()),
        Some(other) => Err(format!("m.relates_to: {other}")),
    }
}

fn content(value: &Value, more: &[&str]) -> Result<(), Problem> {
    let keys = ["msgtype", "body", "format", "formatted_body", "m.mentions"];
    let content = object(value, "content", &[&keys[..], more].concat())?;
    let kind = required(content, "msgtype", 20)?;
    if kind != "m.text" && kind != "m.notice" {
        return Err(format!("msgtype: {kind}"));
    }
    required(content, "body", 60_000)?;
    if content.get("m.mentions") != Some(&serde_json::json!({})) {
        return Err("m.mentions: somebody is called".to_owned());
    }
    if required(content, "format", 40)? != "org.matrix.custom.html" {
        return Err("format".to_owned());
    }
    html(required(content, "formatted_body", 60_000)?)
}

/// Checks that each tag is one of a few, and ends in its place.
fn html(text: &str) -> Result<(), Problem> {
    let mut open = Vec::new();
    for part in text.split('<').skip(1) {
        let (tag, _) = part
            .split_once('>')
            .ok_or("formatted_body: a tag does not end")?;
        let name = tag.split(' ').next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(name) if open.pop() == Some(name) => {}
            Some(name) => return Err(format!("formatted_body: </{name}>")),
            None if name == "br" => {}
            None if ["strong", "font", "pre", "code", "p", "a"].contains(&name) => open.push(name),
            None => return Err(format!("formatted_body: <{name}>")),
        }
        if name == "a" && !tag.contains("href=\"https://") && !tag.contains("href=\"http://") {
            return Err("formatted_body: no page".to_owned());
        }
    }
    if open.is_empty() {
        Ok(())
    } else {
        Err(format!("formatted_body: {open:?} do not end"))
    }
}

#[test]
fn an_event_that_breaks_one_of_the_rules_is_refused() {
    let whole = r#"{"msgtype":"m.text","body":"x","format":"org.matrix.custom.html","formatted_body":"<p>x<br></p>","m.mentions":{}}"#;
    assert_eq!(refuse(whole), None);
    for (part, other) in [
        ("m.text", "m.image"),
        ("\"x\"", "\"\""),
        ("<br>", "<img>"),
        ("</p>", "</a>"),
        ("</p>", ""),
        ("{}", "{\"room\":true}"),
        ("custom", "other"),
        (
            "\"body\"",
            "\"m.relates_to\":{\"rel_type\":\"m.replace\"},\"body\"",
        ),
        (
            "\"body\"",
            "\"m.relates_to\":{\"rel_type\":\"m.thread\",\"event_id\":\"$1\"},\"body\"",
        ),
    ] {
        let broken = whole.replacen(part, other, 1);
        assert!(broken != whole && refuse(&broken).is_some(), "{broken}");
    }
}
