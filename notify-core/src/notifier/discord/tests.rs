use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::http::Answer;
use super::*;
use crate::message::alert::Kind;
use crate::notifier::sanitize::visible;
use crate::status::State;
use crate::testing::{
    alert_of, alerts_of_each_kind, as_read, few_cases, shows_beginning, with_text, written,
};
use strict_services as strict;

fn message(alerts: &[Alert]) -> Value {
    as_read(&super::message(alerts))
}

fn short(alerts: &[Alert]) -> Value {
    as_read(&super::short(alerts))
}

fn is_taken(message: &Value) -> Result<(), String> {
    strict::discord::refuse(&message.to_string()).map_or(Ok(()), |(_, body)| Err(body))
}

/// What is shown of a message in all, without what only keeps it harmless.
fn shown(message: &Value) -> String {
    let embeds = message["embeds"].as_array().into_iter().flatten();
    let texts = embeds.map(|embed| embed["description"].as_str().unwrap_or_default());
    let texts: Vec<_> = texts.chain(message["content"].as_str()).collect();
    plain(&texts.concat())
}

fn plain(text: &str) -> String {
    text.replace(['\u{200b}', '\\'], "")
}

#[test]
fn an_alert_of_each_kind_is_an_embed() {
    for alert in alerts_of_each_kind() {
        let message = message(std::slice::from_ref(&alert));
        assert_eq!(is_taken(&message), Ok(()));
        insta::assert_json_snapshot!(alert.kind.as_str().replace(' ', "-"), message);
    }
}

#[test]
fn a_few_alerts_are_an_embed_each_and_many_a_digest_that_names_each() {
    let all = alerts_of_each_kind();
    let few = message(&all[..3]);
    assert_eq!(is_taken(&few), Ok(()));
    assert_eq!(few["embeds"].as_array().map(Vec::len), Some(3));
    let many: Vec<_> = (0..40)
        .map(|number| Alert {
            job: format!("job-{number:02}"),
            ..all[number % all.len()].clone()
        })
        .collect();
    let many = message(&many);
    assert_eq!(is_taken(&many), Ok(()));
    for number in 0..40 {
        let job = format!("  job-{number:02} · ");
        assert_eq!(shown(&many).matches(&job).count(), 1, "{job}");
    }
    insta::assert_json_snapshot!("digest", many);
}

// Issue 16, point 5.
#[test]
fn a_failure_calls_those_whom_discord_knows_and_a_recovery_nobody() {
    let mut alert = alert_of(Kind::Failed);
    alert.mention = Some(
            "U123 123456789012345678 anna@example.com &234567890123456789 @here @channel 123456789012345678"
                .to_owned(),
        );
    let called = message(std::slice::from_ref(&alert));
    assert_eq!(
        called["content"],
        "<@123456789012345678> <@&234567890123456789> @here @everyone"
    );
    let allowed = json!({
        "parse": ["everyone"],
        "users": ["123456789012345678"],
        "roles": ["234567890123456789"],
    });
    assert_eq!(called["allowed_mentions"], allowed);
    assert_eq!(is_taken(&called), Ok(()));
    let short = short(&[with_text(alert.clone(), "@everyone <@123456789012345678>")]);
    assert_eq!(short["allowed_mentions"], allowed);
    assert_eq!(is_taken(&short), Ok(()));
    alert.kind = Kind::Recovered;
    alert.status.state = State::Ok;
    let recovered = message(&[alert]);
    assert_eq!(recovered.get("content"), None);
    assert_eq!(recovered["allowed_mentions"], json!({ "parse": [] }));
}

// Issue 16, point 5.
#[test]
fn the_title_leads_to_the_first_page_of_the_context() {
    let mut alert = alert_of(Kind::Failed);
    alert.status.runbook = None;
    let url = |alert: &Alert| message(std::slice::from_ref(alert))["embeds"][0]["url"].clone();
    assert_eq!(url(&alert), "https://wiki.example/etl");
    alert.facts.clear();
    assert_eq!(url(&alert), Value::Null);
}

// Issue 16: what follows in an incident leads to its first message.
#[test]
fn a_further_message_says_each_error_once_and_leads_to_the_first() {
    let first = Some("https://discord.com/channels/1/2/3");
    let alerts = vec![alert_of(Kind::StillFailing); 5];
    for alerts in [&alerts[..1], &alerts] {
        let further = as_read(&further(alerts, first));
        assert_eq!(is_taken(&further), Ok(()));
        let embed = &further["embeds"][0];
        assert_eq!(embed["url"].as_str(), first);
        let text = embed["description"].as_str().unwrap();
        assert_eq!(text.matches("connection refused").count(), 1, "{text}");
        assert!(text.ends_with("\nthe first message: https://discord.com/channels/1/2/3"));
    }
}

#[test]
fn every_answer_has_its_class() {
    http::check_statuses(&RULES, &[405]);
    for (status, body, expected) in [
        (
            400,
            r#"{"message": "Cannot send an empty message", "code": 50006}"#,
            Class::Alert,
        ),
        (
            400,
            r#"{"code": 50035, "errors": {"embeds": ["0"]}, "message": "Invalid Form Body"}"#,
            Class::Alert,
        ),
        (
            400,
            r#"{"message": "The request body contains invalid JSON.", "code": 50109}"#,
            Class::Alert,
        ),
        (
            400,
            r#"{"message": "Message was blocked by automatic moderation", "code": 200000}"#,
            Class::Alert,
        ),
        (
            400,
            r#"{"message": "Message blocked by harmful links filter", "code": 240000}"#,
            Class::Alert,
        ),
        (
            400,
            r#"{"message": "Webhooks posted to forum channels must have a thread_name or thread_id", "code": 220001}"#,
            Class::Channel,
        ),
        (
            400,
            r#"{"message": "Webhooks can only create threads in forum channels", "code": 220003}"#,
            Class::Channel,
        ),
        (
            400,
            r#"{"message": "Tried to perform an operation on an archived thread", "code": 50083}"#,
            Class::Channel,
        ),
        (
            401,
            r#"{"message": "Invalid Webhook Token", "code": 50027}"#,
            Class::Channel,
        ),
        (
            403,
            r#"{"message": "Missing Access", "code": 50001}"#,
            Class::Channel,
        ),
        (
            404,
            r#"{"message": "Unknown Webhook", "code": 10015}"#,
            Class::Channel,
        ),
        (
            405,
            r#"{"message": "405: Method Not Allowed", "code": 0}"#,
            Class::Channel,
        ),
        (
            413,
            r#"{"message": "Request entity too large", "code": 40005}"#,
            Class::Alert,
        ),
        (
            429,
            r#"{"message": "You are being rate limited.", "retry_after": 0.3, "global": false}"#,
            Class::Temporary,
        ),
        (
            500,
            r#"{"message": "500: Internal Server Error", "code": 0}"#,
            Class::Temporary,
        ),
        (
            503,
            r#"{"message": "API overloaded", "code": 130000}"#,
            Class::Temporary,
        ),
    ] {
        assert_eq!(Answer::made(status, body).class(&RULES), expected, "{body}");
    }
}

#[test]
fn an_error_does_not_show_the_webhook() {
    let error = Discord::new("http://discord.com/api/webhooks/1/SECRET").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("SECRET"));
    let discord = Discord::new("https://discord.com/api/webhooks/1/SECRET").unwrap();
    assert!(!format!("{discord:?}").contains("SECRET"));
}

#[test]
fn a_text_that_is_all_fences_stays_in_its_block_and_one_of_a_megabyte_fits() {
    for text in [
        "`".repeat(100_000),
        "@everyone <@1> ```\n".repeat(60_000),
        "😀".repeat(250_000),
    ] {
        let alert = with_text(alert_of(Kind::StillFailing), &text);
        let several = vec![alert.clone(); 3];
        for message in [
            message(&[alert]),
            message(&several),
            message(&vec![several[0].clone(); 12]),
            short(&several),
        ] {
            assert_eq!(is_taken(&message), Ok(()));
        }
    }
}

/// Issue 17, point 2.
#[test]
fn what_the_program_writes_stands_in_the_place_of_the_error() {
    let alert = written("the disk is *full*: <@1> @everyone");
    let message = message(std::slice::from_ref(&alert));
    assert_eq!(is_taken(&message), Ok(()));
    assert!(!message.to_string().contains("connection refused"));
    insta::assert_json_snapshot!("written", message);
}

proptest! {
    /// Issue 17, point 2.
    #[test]
    fn whatever_the_program_writes_is_taken(text in crate::testing::wild_text(), number in 1_usize..6) {
        let alert = written(&text);
        let many = vec![alert.clone(); number];
        prop_assert_eq!(is_taken(&message(&many)), Ok(()));
        prop_assert_eq!(is_taken(&short(&[alert])), Ok(()));
    }
}

proptest! {
    #![proptest_config(few_cases())]
    #[test]
    fn any_text_is_taken_mentions_nobody_and_begins_with_the_first_line(
        text in crate::testing::wild_text(),
        number in 1_usize..14,
    ) {
        let mut alert = with_text(alert_of(Kind::StillFailing), &text);
        alert.mention = Some("@everyone 123456789012345678".to_owned());
        let first = plain(crate::format::text::first_line(&visible(alert.error()), 80));
        let message = message(&vec![alert.clone(); number]);
        prop_assert_eq!(is_taken(&message), Ok(()));
        let all = shown(&message);
        // Nothing but the fence is before it, or where there are many their number.
        let error = all.trim_start_matches('`').trim_start();
        let is_first = error.starts_with(first.trim());
        let is_there = number > 3 && shows_beginning(&all, alert.error());
        prop_assert!(is_first || is_there, "{:?} of {}", first, all);
        let short = short(&[alert]);
        prop_assert_eq!(is_taken(&short), Ok(()));
        prop_assert!(shown(&short).contains(first.trim()), "{:?} of {}", first, short);
    }
}
