//! The rules of PagerDuty's Events API v2 for an event.
//! <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>

use serde_json::{Map, Value, json};

use crate::{Problem, list, object, required, text, time};

/// Returns the status and the body with which the service refuses an event; `None` where it takes
/// it.
#[must_use]
pub fn refuse(body: &str) -> Option<(u16, String)> {
    if body.len() > 512 * 1024 {
        return Some((413, String::new()));
    }
    let problem = match serde_json::from_str(body) {
        Ok(event) => check(&event).err()?,
        Err(error) => error.to_string(),
    };
    let answer = json!({
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": [problem],
    });
    Some((400, answer.to_string()))
}

fn check(event: &Value) -> Result<(), Problem> {
    let keys = [
        "routing_key", "event_action", "dedup_key", "client", "links", "payload",
    ];
    let event = object(event, "event", &keys)?;
    let key = required(event, "routing_key", usize::MAX)?;
    if key.chars().count() != 32 {
        return Err("Length of 'routing_key' is incorrect (should be 32 characters)".to_owned());
    }
    if !key.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err("'routing_key' cannot contain non-alphanumeric characters.".to_owned());
    }
    one_of(event, "event_action", &["trigger", "resolve"])?;
    // Without one an event opens an incident that nothing resolves.
    let dedup_key = required(event, "dedup_key", usize::MAX)?;
    if dedup_key.chars().count() > 255 {
        return Err("dedup_key: more than 255 characters".to_owned());
    }
    text(event, "client", 1_024)?;
    for link in list(event, "links", usize::MAX)? {
        let link = object(link, "link", &["href", "text"])?;
        let href = required(link, "href", usize::MAX)?;
        if !href.starts_with("https://") && !href.starts_with("http://") {
            return Err(format!("href: no {href}"));
        }
        text(link, "text", 1_024)?;
    }
    let keys = [
        "summary", "source", "severity", "timestamp", "component", "group", "class",
        "custom_details",
    ];
    let payload = object(
        event.get("payload").unwrap_or(&Value::Null),
        "payload",
        &keys,
    )?;
    required(payload, "summary", 1_024)?;
    required(payload, "source", 1_024)?;
    one_of(
        payload,
        "severity",
        &["critical", "error", "warning", "info"],
    )?;
    time(payload, "timestamp")?;
    for key in ["component", "group", "class"] {
        text(payload, key, 1_024)?;
    }
    match payload.get("custom_details") {
        None | Some(Value::Object(_)) => Ok(()),
        Some(_) => Err("custom_details: no object".to_owned()),
    }
}

fn one_of(object: &Map<String, Value>, key: &str, values: &[&str]) -> Result<(), Problem> {
    let value = required(object, key, usize::MAX)?;
    if values.contains(&value) {
        Ok(())
    } else {
        Err(format!("{key}: no {value}"))
    }
}

#[test]
fn an_event_that_breaks_one_of_the_rules_is_refused() {
    let whole = json!({
        "routing_key": "0123456789abcdef0123456789abcdef",
        "event_action": "trigger",
        "dedup_key": "etl",
        "payload": { "summary": "etl failed", "source": "x", "severity": "error", "custom_details": {} },
    })
    .to_string();
    assert_eq!(refuse(&whole), None);
    for (part, other) in [
        ("{", ""),
        ("abcdef\"", "\""),
        ("abcdef\"", "abcde-\""),
        ("trigger", "open"),
        ("\"dedup_key\":\"etl\",", ""),
        ("\"etl\"", &format!("\"{}\"", "x".repeat(256))),
        ("etl failed", ""),
        ("etl failed", &"x".repeat(1_025)),
        ("\"source\":\"x\",", ""),
        ("\"error\"", "\"fatal\""),
        ("{}", "[]"),
        ("{}", "\"\""),
        ("{}", "{},\"host\":\"x\""),
        ("{}", "{},\"timestamp\":\"2026-11-22 13:00\""),
        ("{}", "{}},\"links\":[{\"text\":\"x\"}],\"x\":{"),
        ("etl failed", &"x".repeat(512 * 1024)),
    ] {
        let broken = whole.replacen(part, other, 1);
        assert!(broken != whole && refuse(&broken).is_some(), "{broken}");
    }
}
