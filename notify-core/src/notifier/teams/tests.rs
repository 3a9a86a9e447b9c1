use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::http::Answer;
use super::card::{LINES, MAX_WHOLE_ALERTS, inline, lines};
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
    strict::teams::refuse(&message.to_string()).map_or(Ok(()), |(_, body)| Err(body))
}

/// What is shown of a message in all, without what only keeps it harmless.
fn shown(message: &Value) -> String {
    let body = &message["attachments"][0]["content"]["body"];
    let texts = body.as_array().into_iter().flatten();
    let texts = texts.map(|block| {
        let text = block["text"].as_str().or(block["codeSnippet"].as_str());
        text.unwrap_or_default()
    });
    plain(&texts.collect::<Vec<_>>().join("\n"))
}

fn plain(text: &str) -> String {
    text.replace(['\u{200b}', '\\'], "")
        .replace(['\u{a0}', '\t'], " ")
}

#[test]
fn an_alert_of_each_kind_is_a_card() {
    for alert in alerts_of_each_kind() {
        let message = message(std::slice::from_ref(&alert));
        assert_eq!(is_taken(&message), Ok(()));
        insta::assert_json_snapshot!(alert.kind.as_str().replace(' ', "-"), message);
    }
}

#[test]
fn a_few_alerts_share_a_card_and_many_are_a_digest_that_names_each() {
    let all = alerts_of_each_kind();
    let few = message(&all[..3]);
    assert_eq!(is_taken(&few), Ok(()));
    for alert in &all[..3] {
        assert!(few.to_string().contains(&alert.id));
    }
    let many: Vec<_> = (0..40)
        .map(|number| Alert {
            job: format!("job {number:02}"),
            ..all[number % all.len()].clone()
        })
        .collect();
    let many = message(&many);
    assert_eq!(is_taken(&many), Ok(()));
    for number in 0..40 {
        let job = format!("  job {number:02} · ");
        assert_eq!(shown(&many).matches(&job).count(), 1, "{job}");
    }
    insta::assert_json_snapshot!("digest", many);
}

fn content(message: &Value) -> &Value {
    &message["attachments"][0]["content"]
}

/// Issue 12, point 29: phones and the list of activities read "Card".
#[test]
fn a_message_says_in_one_line_what_a_client_without_cards_is_to_show() {
    let alert = alert_of(Kind::Failed);
    let one = message(std::slice::from_ref(&alert));
    assert_eq!(one["summary"], alert.summary());
    assert_eq!(content(&one)["fallbackText"], inline(&alert.summary()));
    let all = alerts_of_each_kind();
    let many = message(&all);
    let start = format!("✗ {} alerts: 1 failed, ", all.len());
    assert!(many["summary"].as_str().unwrap().starts_with(&start));
    assert!(short(&all)["summary"] == many["summary"]);
    let markup = with_text(alert, "[a](http://b) __init__");
    let one = message(&[markup]);
    assert!(
        one["summary"]
            .as_str()
            .unwrap()
            .ends_with(": [a](http://b) __init__")
    );
    assert_eq!(is_taken(&one), Ok(()));
}

/// Issue 12, point 29: an address was dead text. Those of an error stay so.
#[test]
fn the_addresses_of_the_context_are_buttons_four_at_most() {
    let mut alert = alert_of(Kind::Failed);
    let context = "env=prod (https://a.example/x?y=1&z=2), link=https://b.example/_c_. \
                       https://a.example/x?y=1&z=2 http://c.example/ https:// https://d.example \
                       https://e.example/1 https://e.example/2";
    alert.facts = vec![("context".to_owned(), context.to_owned())];
    alert.status.text = "see https://evil.example/\n".to_owned();
    alert.status.runbook = None;
    let message = message(&[alert.clone(), alert.clone()]);
    assert_eq!(is_taken(&message), Ok(()));
    let button =
        |title: &str, url: &str| json!({ "type": "Action.OpenUrl", "title": title, "url": url });
    assert_eq!(
        content(&message)["actions"],
        json!([
            button("a.example", "https://a.example/x?y=1&z=2"),
            button("b.example", "https://b.example/_c_"),
            button("d.example", "https://d.example"),
            button("e.example", "https://e.example/1"),
        ])
    );
    alert.facts.clear();
    assert_eq!(
        content(&as_read(&card::message(&[alert]))).get("actions"),
        None
    );
}

// Issue 16, point 5.
#[test]
fn a_failure_mentions_accounts_and_a_recovery_nobody() {
    let mut alert = alert_of(Kind::Failed);
    alert.mention =
        Some("U123 anna@example.com @here 123456789012345678 anna@example.com".to_owned());
    for message in [
        message(std::slice::from_ref(&alert)),
        short(std::slice::from_ref(&alert)),
    ] {
        assert_eq!(is_taken(&message), Ok(()));
        let entity = json!({
            "type": "mention",
            "text": "<at>anna@example.com</at>",
            "mentioned": { "id": "anna@example.com", "name": "anna@example.com" },
        });
        assert_eq!(content(&message)["msteams"]["entities"], json!([entity]));
        let body = content(&message)["body"].as_array().unwrap();
        assert_eq!(body.last().unwrap()["text"], "<at>anna@example.com</at>");
    }
    alert.kind = Kind::Recovered;
    alert.status.state = State::Ok;
    let recovered = message(&[alert]);
    assert_eq!(content(&recovered)["msteams"], json!({ "width": "Full" }));
}

/// Issue 12, point 29: it was a metre high, for each line was a paragraph.
#[test]
fn an_error_of_eighty_lines_is_a_block_of_code_and_fifteen_lines_where_there_is_none() {
    let lines: Vec<_> = (0..80)
        .map(|number| format!("    {number}: frame of_it"))
        .collect();
    let error = format!("the disk is full\n{}\ncaused by: quota", lines.join("\n"));
    let alert = with_text(alert_of(Kind::Failed), &error);
    let message = message(&[alert]);
    assert_eq!(is_taken(&message), Ok(()));
    let block = &content(&message)["body"][1];
    assert_eq!(block["type"], "CodeBlock");
    assert_eq!(block["codeSnippet"], error);
    let fallback = plain(block["fallback"]["text"].as_str().unwrap());
    assert!(
        fallback.starts_with("the disk is full\n\n    0: frame of_it\n\n"),
        "{fallback}"
    );
    assert!(fallback.ends_with("\n\ncaused by: quota"), "{fallback}");
    assert!(
        fallback.contains("\n\n[… 68 lines cut …]\n\n"),
        "{fallback}"
    );
    assert_eq!(fallback.split("\n\n").count(), LINES + 1);
}

/// Issue 12, point 29: a card that is written in ASCII on its way had twice the size.
#[test]
fn a_card_of_japanese_is_within_the_limit_however_it_is_written() {
    let alert = with_text(
        alert_of(Kind::StillFailing),
        &"接続が拒否されました\n".repeat(5_000),
    );
    for message in [
        message(std::slice::from_ref(&alert)),
        message(&vec![alert.clone(); 3]),
        message(&vec![alert; 40]),
    ] {
        assert_eq!(is_taken(&message), Ok(()));
        let written = message.to_string();
        let escaped: usize = written
            .encode_utf16()
            .map(|unit| if unit < 128 { 1 } else { 6 })
            .sum();
        assert!(escaped <= 21_000, "{escaped}");
    }
}

#[test]
fn every_answer_has_its_class() {
    http::check_statuses(&RULES, &[405]);
    let error = |code: &str| json!({ "error": { "code": code, "message": "…" } }).to_string();
    let older = |status: u16| {
        format!(
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {status} \
                 with ContextId tcid=0,server=X,cv=y"
        )
    };
    for (status, body, expected) in [
        (202, String::new(), Class::Accepted),
        (200, "1".to_owned(), Class::Accepted),
        (400, error("TriggerInputSchemaMismatch"), Class::Alert),
        (400, error("InvalidRequestContent"), Class::Alert),
        (400, error("WorkflowTriggerIsNotEnabled"), Class::Channel),
        (409, error("WorkflowTriggerIsNotEnabled"), Class::Channel),
        (401, error("DirectApiAuthorizationRequired"), Class::Channel),
        (403, error("AuthorizationFailed"), Class::Channel),
        (404, error("WorkflowNotFound"), Class::Channel),
        (410, String::new(), Class::Channel),
        (413, error("RequestEntityTooLarge"), Class::Alert),
        (429, error("TooManyRequests"), Class::Temporary),
        (502, error("NoResponse"), Class::Temporary),
        (200, older(413), Class::Alert),
        (200, older(429), Class::Temporary),
        (200, older(503), Class::Temporary),
        (
            200,
            "Webhook message delivery failed".to_owned(),
            Class::Temporary,
        ),
    ] {
        assert_eq!(
            Answer::made(status, &body).class(&RULES),
            expected,
            "{body}"
        );
    }
}

#[test]
fn an_error_does_not_show_the_webhook() {
    let error = Teams::new("http://x.api.powerplatform.com/1?sig=SECRET").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("SECRET"));
    let teams = Teams::new("https://x.api.powerplatform.com/1?sig=SECRET").unwrap();
    assert!(!format!("{teams:?}").contains("SECRET"));
}

#[test]
fn lines_and_what_they_are_indented_by_are_kept() {
    assert_eq!(
        lines("a\r\n  caused by: _b_\n\n3. c\n- d"),
        "a\n\n\u{a0}\u{a0}caused by: \\_b\\_\n\n\u{200b}3. c\n\n\\- d"
    );
    for (text, harmless) in [
        ("<at>x</at>", "<\u{200b}at>x<\u{200b}/at>"),
        ("1 < 2 && 3", "1 < 2 && 3"),
        ("&amp; &x", "&\u{200b}amp; &x"),
        ("{{DATE()}}", "{\u{200b}{DATE()}}"),
        ("[a](http://b)", "\\[a\\]\u{200b}(http://b)"),
    ] {
        assert_eq!(inline(text), harmless);
    }
}

#[test]
fn a_text_of_a_megabyte_fits() {
    for text in [
        "`".repeat(100_000),
        "<at>x</at>\\\n".repeat(90_000),
        "😀漢".repeat(150_000),
    ] {
        let alert = with_text(alert_of(Kind::StillFailing), &text);
        let several = vec![alert.clone(); 3];
        for message in [
            message(&[alert]),
            message(&several),
            message(&vec![several[0].clone(); 40]),
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

/// A headline of the program's own may begin with anything.
#[test]
fn a_headline_that_begins_with_a_number_is_no_list() {
    for text in ["0)", "3. of 5 tables"] {
        assert_eq!(is_taken(&message(&[written(text)])), Ok(()), "{text}");
    }
}

proptest! {
    #![proptest_config(few_cases())]
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
        number in 1_usize..6,
    ) {
        let mut alert = with_text(alert_of(Kind::StillFailing), &text);
        alert.mention = Some(format!("{}@example.com bert@example.com", "x".repeat(80)));
        let message = message(&vec![alert.clone(); number]);
        prop_assert_eq!(is_taken(&message), Ok(()));
        let first = plain(crate::format::text::first_line(&visible(alert.error()), 80));
        // Behind the title; where there are many, behind their number.
        let block = &message["attachments"][0]["content"]["body"][1];
        let block = block["codeSnippet"].as_str().or(block["text"].as_str());
        let error = plain(block.unwrap_or_default());
        let is_first = error.trim_start().starts_with(first.trim());
        let is_there = number > MAX_WHOLE_ALERTS && shows_beginning(&error, alert.error());
        prop_assert!(is_first || is_there, "{:?} of {}", first, error);
        let short = short(&[alert]);
        prop_assert_eq!(is_taken(&short), Ok(()));
        prop_assert!(shown(&short).contains(first.trim()));
    }
}
