use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::notifier::http;
use crate::status::State;
use crate::testing::{
    Folder, alert_of, alerts_of_each_kind, as_read, few_cases, with_text, written,
};
use strict_services as strict;

fn events_of(alert: &Alert, key: &str) -> Vec<Value> {
    let events = super::events_of(alert, key);
    events.iter().map(as_read).collect()
}

const TESTED: &str = "0123456789abcdefghij0123456789AB";

fn is_taken(event: &Value) -> Result<(), String> {
    strict::pagerduty::refuse(&event.to_string()).map_or(Ok(()), |(_, body)| Err(body))
}

#[test]
fn an_alert_of_each_kind_is_an_event() {
    // A beginning is never sent.
    let alerts = alerts_of_each_kind().into_iter();
    for alert in alerts.filter(|alert| alert.kind != Kind::Started) {
        let events = events_of(&alert, TESTED);
        for event in &events {
            assert_eq!(is_taken(event), Ok(()));
        }
        insta::assert_json_snapshot!(alert.kind.as_str().replace(' ', "-"), events[0]);
    }
}

#[test]
fn what_opens_an_incident_and_what_resolves_it_have_one_key() {
    let of = |kind, state| {
        let mut alert = alert_of(kind);
        alert.status.state = state;
        let event = events_of(&alert, TESTED).remove(0);
        let remark = if kind.is_remark() { " (remark)" } else { "" };
        assert_eq!(event["dedup_key"], format!("etl.load.run{remark}"));
        let severity = event["payload"]["severity"].as_str().unwrap().to_owned();
        (event["event_action"].as_str().unwrap().to_owned(), severity)
    };
    let (failed, ok) = (State::Error, State::Ok);
    for (kind, state, action, severity) in [
        (Kind::Failed, failed, "trigger", "error"),
        (Kind::StillFailing, failed, "trigger", "critical"),
        (Kind::Overdue, failed, "trigger", "warning"),
        (Kind::Flapping, failed, "trigger", "warning"),
        (Kind::Flapping, ok, "trigger", "warning"),
        (Kind::Steady, failed, "trigger", "error"),
        (Kind::Steady, ok, "resolve", "info"),
        (Kind::Recovered, ok, "resolve", "info"),
        (Kind::Ok, ok, "resolve", "info"),
        (Kind::TooShort, ok, "trigger", "warning"),
        (Kind::TooLong, ok, "trigger", "warning"),
        (Kind::Overlapping, ok, "trigger", "warning"),
        (Kind::Late, ok, "resolve", "info"),
    ] {
        let expected = (action.to_owned(), severity.to_owned());
        assert_eq!(of(kind, state), expected, "{kind:?} {state}");
    }
}

/// Issue 18, point 2: no later alert of the job would resolve it.
#[test]
fn what_a_remark_opens_is_resolved_at_once_and_is_no_part_of_a_failure() {
    for kind in [Kind::TooShort, Kind::TooLong, Kind::Overlapping] {
        let events = events_of(&alert_of(kind), TESTED);
        let of = |key: &str| events.iter().map(|event| event[key].clone()).collect();
        let (actions, keys): (Vec<_>, Vec<_>) = (of("event_action"), of("dedup_key"));
        assert_eq!(actions, ["trigger", "resolve"], "{kind:?}");
        assert_eq!(keys, ["etl.load.run (remark)"; 2], "{kind:?}");
        assert_eq!(events[1]["links"], Value::Null);
    }
    assert_eq!(events_of(&alert_of(Kind::Failed), TESTED).len(), 1);
}

// Issue 16, point 5.
#[test]
fn what_opens_an_incident_has_the_pages_of_the_context_and_what_resolves_it_has_none() {
    let links = |kind| {
        let mut alert = alert_of(kind);
        alert.status.runbook = None;
        events_of(&alert, TESTED)[0]["links"].clone()
    };
    let expected = json!([{ "href": "https://wiki.example/etl", "text": "wiki.example" }]);
    assert_eq!(links(Kind::Failed), expected);
    assert_eq!(links(Kind::Recovered), Value::Null);
}

#[test]
fn every_answer_has_its_class() {
    http::check_statuses(&RULES, &[405]);
    let invalid = |error: &str| {
        json!({ "status": "invalid event", "message": "Event object is invalid", "errors": [error] }).to_string()
    };
    for (status, body, expected) in [
        (
            202,
            json!({ "status": "success", "message": "Event processed", "dedup_key": "x" })
                .to_string(),
            Class::Accepted,
        ),
        (
            400,
            invalid("'payload.summary' is missing or blank"),
            Class::Alert,
        ),
        (
            400,
            invalid("Length of 'routing_key' is incorrect (should be 32 characters)"),
            Class::Channel,
        ),
        (
            400,
            invalid("'routing_key' cannot contain non-alphanumeric characters."),
            Class::Channel,
        ),
        (400, "Invalid routing key".to_owned(), Class::Channel),
        (413, String::new(), Class::Alert),
        (
            429,
            r#"{"message":"Too many requests","status":"throttle exceeded"}"#.to_owned(),
            Class::Temporary,
        ),
        (500, String::new(), Class::Temporary),
    ] {
        assert_eq!(
            Answer::made(status, &body).class(&RULES),
            expected,
            "{body}"
        );
    }
}

#[test]
fn a_service_that_is_busy_is_left_alone_for_some_minutes() {
    let pause = |status, body| match judge(Answer::made(status, body)) {
        Err(Refusal::Temporary { retry_after, .. }) => retry_after,
        other => panic!("{other:?}"),
    };
    assert_eq!(pause(429, ""), Some(PAUSE));
    let said = r#"{"retry_after": 7}"#;
    assert_eq!(pause(429, said), Some(Duration::from_secs(7)));
    assert_eq!(pause(500, ""), None);
}

#[test]
fn what_is_no_key_or_no_place_is_an_error_that_does_not_show_it() {
    for key in [
        "",
        "SECRET",
        "SECRET-89abcdef0123456789abcdef0123",
        "file:SECRET",
    ] {
        let error = PagerDuty::new(key).unwrap_err();
        assert!(matches!(error, Error::RoutingKey { .. }));
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{error}");
    }
    for place in ["http://events.pagerduty.com", "file:/x", "x"] {
        let error = PagerDuty::at(place, TESTED).unwrap_err();
        assert!(matches!(error, Error::Webhook { .. }), "{error}");
    }
    let pagerduty = PagerDuty::at("https://events.eu.pagerduty.com/", TESTED).unwrap();
    let url = pagerduty.destination.url().unwrap();
    assert_eq!(url.as_str(), "https://events.eu.pagerduty.com/v2/enqueue");
    assert_eq!(format!("{pagerduty:?}"), "PagerDuty(…)");
    let other = PagerDuty::new(&TESTED.to_lowercase()).unwrap();
    assert_ne!(pagerduty.identity(), other.identity());
}

#[test]
fn a_key_in_a_file_that_is_none_breaks_the_channel_without_being_shown() {
    let folder = Folder::new();
    let path = folder.path().join("key");
    let pagerduty = PagerDuty::at("http://127.0.0.1:9", &format!("file:{}", path.display()));
    let pagerduty = pagerduty.unwrap();
    for content in [None, Some("SECRET")] {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let refusal = pagerduty.notify(&alerts_of_each_kind()[..1], Duration::from_secs(5));
        let Err(Refusal::Channel { reason }) = refusal else {
            panic!("{refusal:?}");
        };
        assert!(!reason.contains("SECRET"), "{reason}");
    }
}

#[test]
fn a_text_of_a_megabyte_fits() {
    for text in [
        "\u{0}".repeat(1_000_000),
        "\"\\".repeat(500_000),
        "漢".repeat(350_000),
    ] {
        let mut alert = with_text(alert_of(Kind::StillFailing), &text);
        alert.job.clone_from(&text);
        alert.notes = vec![text.clone(); 100];
        alert.facts = vec![(text.clone(), text.clone()); 100];
        assert_eq!(is_taken(&events_of(&alert, TESTED)[0]), Ok(()));
    }
}

/// Issue 17, point 2.
#[test]
fn what_the_program_writes_stands_in_the_place_of_the_error() {
    let event = events_of(&written("the disk is full"), TESTED).remove(0);
    assert_eq!(is_taken(&event), Ok(()));
    assert_eq!(event["links"][0]["href"], "https://wiki.example.com/orders");
    insta::assert_json_snapshot!("written", event);
}

proptest! {
    #![proptest_config(few_cases())]
    /// Issue 17, point 2.
    #[test]
    fn whatever_the_program_writes_is_taken(text in crate::testing::wild_text()) {
        prop_assert_eq!(is_taken(&events_of(&written(&text), TESTED)[0]), Ok(()));
    }
}

proptest! {
    #![proptest_config(few_cases())]
    #[test]
    fn any_text_is_taken_and_begins_with_the_first_line(text in crate::testing::wild_text()) {
        let alert = with_text(alert_of(Kind::StillFailing), &text);
        let event = events_of(&alert, TESTED).remove(0);
        prop_assert_eq!(is_taken(&event), Ok(()));
        let error = event["payload"]["custom_details"]["error"].as_str().unwrap_or_default();
        let seen = visible(alert.error());
        let first = text::first_line(&seen, 80).trim();
        prop_assert!(error.trim_start().starts_with(first), "{:?} of {}", first, error);
    }
}
