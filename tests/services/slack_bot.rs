//! What Slack documents of the calls of a bot, as a receiver that forgives nothing.
//! <https://docs.slack.dev/reference/methods/chat.postMessage/>, <https://docs.slack.dev/reference/methods/chat.update/>

use serde_json::Value;

use crate::slack;

/// Returns the error with which Slack refuses a call; `None` where it takes it. `mentions` are those that are to
/// be live in it.
#[must_use]
pub fn refuse(method: &str, body: &str, mentions: &[&str]) -> Option<String> {
    let Ok(Value::Object(mut message)) = serde_json::from_str(body) else {
        return Some("invalid_json".to_owned());
    };
    let is_text = |value: Option<Value>| value.is_some_and(|value| value.is_string());
    if !is_text(message.remove("channel")) {
        return Some("channel_not_found".to_owned());
    }
    if message.remove("parse") != Some("none".into()) {
        return Some("invalid_arguments: parse is not off".to_owned());
    }
    let is_update = method == "chat.update";
    if is_update {
        // Without them the message loses them.
        if !message.contains_key("attachments") {
            return Some("invalid_arguments: attachments are dropped".to_owned());
        }
        if !is_text(message.remove("ts")) {
            return Some("message_not_found".to_owned());
        }
    } else {
        let thread = message.remove("thread_ts");
        if thread.as_ref().is_some_and(|thread| !thread.is_string()) {
            return Some("invalid_arguments: thread_ts".to_owned());
        }
        let broadcast = message.remove("reply_broadcast");
        if broadcast.is_some() && (thread.is_none() || broadcast != Some(true.into())) {
            return Some("invalid_arguments: reply_broadcast".to_owned());
        }
    }
    slack::check(&Value::Object(message), mentions)
        .err()
        .map(|problem| format!("invalid_blocks: {problem}"))
}

#[test]
fn a_call_that_breaks_one_of_slacks_rules_is_refused() {
    let post = r##"{"channel":"#ops","text":"x","parse":"none"}"##;
    assert_eq!(refuse("chat.postMessage", post, &[]), None);
    for (part, other) in [
        ("channel", "chanel"),
        ("none", "full"),
        ("\"x\"", "1"),
        ("\"text\"", "\"ts\":\"1.2\",\"text\""),
        ("\"text\"", "\"reply_broadcast\":true,\"text\""),
        ("\"text\"", "\"thread_ts\":1.2,\"text\""),
    ] {
        let broken = post.replacen(part, other, 1);
        assert!(
            broken != post && refuse("chat.postMessage", &broken, &[]).is_some(),
            "{broken}"
        );
    }
    let update = r#"{"channel":"C1","ts":"1.2","text":"x","parse":"none","attachments":[]}"#;
    assert_eq!(refuse("chat.update", update, &[]), None);
    for (part, other) in [
        ("\"ts\"", "\"t\""),
        (",\"attachments\":[]", ""),
        ("[]", "[],\"unfurl\":true"),
    ] {
        let broken = update.replacen(part, other, 1);
        assert!(
            broken != update && refuse("chat.update", &broken, &[]).is_some(),
            "{broken}"
        );
    }
}
