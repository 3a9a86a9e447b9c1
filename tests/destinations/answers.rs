//! What an answer means, for each service: a success is what says so, and not every 2xx (issue 12,
//! point 11).
#![expect(clippy::unwrap_used, reason = "what a test cannot do fails it")]

use std::time::Duration;

use crate::support::{Answer, Folder, Program, Receiver};
use pipeline_notify::{Discord, Json, Notifier, PagerDuty, Refusal, Slack, Teams, test_alert};

const TIME: Duration = Duration::from_secs(30);
const PAGE: &str = "<!DOCTYPE html><html><head><title>Sign in to Example</title></head></html>";

/// Each service's notifier, posting to that webhook.
fn services(webhook: &str) -> Vec<(&'static str, Box<dyn Notifier>)> {
    let place = webhook.split("/services").next().unwrap();
    vec![
        ("slack", Box::new(Slack::new(webhook).unwrap())),
        ("compatible", Box::new(Slack::compatible(webhook).unwrap())),
        ("discord", Box::new(Discord::new(webhook).unwrap())),
        ("teams", Box::new(Teams::new(webhook).unwrap())),
        (
            "pagerduty",
            Box::new(PagerDuty::at(place, &"k".repeat(32)).unwrap()),
        ),
        ("json", Box::new(Json::new(webhook).unwrap())),
    ]
}

/// What each service's notifier makes of an answer.
fn outcomes(status: u16, header: &'static str, body: &'static str) -> Vec<(&'static str, String)> {
    outcomes_of(Answer::With(status, header, body))
}

fn outcomes_of(answer: Answer) -> Vec<(&'static str, String)> {
    let receiver = Receiver::answering(move |_| answer.clone());
    let services = services(&receiver.webhook()).into_iter();
    let outcome = |answer: Result<(), Refusal>| match answer {
        Ok(()) => "accepted".to_owned(),
        Err(Refusal::Temporary { reason, .. }) => format!("temporary: {reason}"),
        Err(Refusal::Channel { reason }) => format!("channel: {reason}"),
        Err(Refusal::Alert { reason }) => format!("alert: {reason}"),
        Err(Refusal::Unknown { reason }) => format!("unknown: {reason}"),
        Err(other) => format!("{other:?}"),
    };
    services
        .map(|(name, service)| (name, outcome(service.notify(&[test_alert("alerts")], TIME))))
        .collect()
}

const HTML: &str = "Content-Type: text/html; charset=utf-8";
const JSON: &str = "Content-Type: application/json";
const PLAIN: &str = "Content-Type: text/plain";

#[test]
fn a_success_that_says_no_is_none_for_any_service() {
    for (status, header, body, expected) in [
        (
            200,
            HTML,
            PAGE,
            "temporary: answered 200 with a web page (Sign in to Example)",
        ),
        (200, PLAIN, PAGE, "temporary: "),
        (
            202,
            "X-Y: z",
            "\n<html><body>captive portal",
            "temporary: answered 202 with a web page",
        ),
        (
            203,
            HTML,
            "<body>Log in <a href='/'>here</a>",
            "temporary: ",
        ),
        (
            200,
            JSON,
            r#"{"success":false,"error":"invalid-channel"}"#,
            "alert: answered 200 {",
        ),
        (200, JSON, r#"{"ok":false,"error":"x"}"#, "alert: "),
        (200, PLAIN, r#" {"ok": false}"#, "alert: "),
        (201, JSON, "\u{feff}{\"Success\": \"False\"}", "alert: "),
        (200, JSON, r#"{"ok":0}"#, "alert: "),
    ] {
        for (service, outcome) in outcomes(status, header, body) {
            assert!(
                outcome.starts_with(expected),
                "{service}, {body}: {outcome}"
            );
        }
    }
}

#[test]
fn a_success_that_says_nothing_of_the_kind_is_one_for_any_service() {
    for (status, header, body) in [
        // Slack's own answer, with its own content type.
        (200, HTML, "ok"),
        (200, PLAIN, "ok"),
        (204, "X-Y: z", ""),
        (200, HTML, ""),
        (200, PLAIN, "1"),
        (200, JSON, r#"{"ok":true}"#),
        (200, JSON, r#"{"success":true}"#),
        (
            202,
            JSON,
            r#"{"status":"success","message":"Event processed"}"#,
        ),
        // Zulip, which takes Slack's payload and says no `ok`.
        (
            200,
            JSON,
            r#"{"result":"success","msg":"","ignored_parameters_unsupported":[]}"#,
        ),
        (
            200,
            JSON,
            r#"{"id":"123","content":"it says {\"ok\":false}"}"#,
        ),
        (200, JSON, r#"{"ok":null,"data":{"success":false}}"#),
        (200, JSON, r#"["ok", false]"#),
        (200, JSON, "{ no JSON: \"ok\": false"),
        (202, PLAIN, "accepted"),
    ] {
        for (service, outcome) in outcomes(status, header, body) {
            assert_eq!(outcome, "accepted", "{service}, {body}");
        }
    }
}

/// It may have been a sign-in page, or have said no.
#[test]
fn a_success_that_breaks_off_is_none_for_any_service() {
    for body in ["", "o", r#"{"ok":fal"#, r#"{"status":"success""#] {
        for (service, outcome) in outcomes_of(Answer::Cut(200, body)) {
            let expected = format!("unknown: answered 200 {body}");
            let is_expected = outcome.starts_with(expected.trim_end())
                && outcome.ends_with(": the answer broke off before its end");
            assert!(is_expected, "{service}, {body}: {outcome}");
        }
    }
    // What came decides, where that is whole, or the status does.
    for (status, body, expected) in [
        (401, "no", "channel: "),
        (200, r#"{"ok":false}"#, "alert: "),
        (200, r#"{"ok":true}"#, "accepted"),
        (200, "ok", "accepted"),
    ] {
        for (service, outcome) in outcomes_of(Answer::Cut(status, body)) {
            assert!(
                outcome.starts_with(expected),
                "{service}, {body}: {outcome}"
            );
        }
    }
}

#[test]
fn each_service_says_no_in_its_own_form_too() {
    for (service, body, expected) in [
        ("slack", r#"{"ok":false,"error":"no_service"}"#, "channel: "),
        (
            "slack",
            r#"{"ok":false,"error":"rate_limited"}"#,
            "temporary: ",
        ),
        (
            "discord",
            r#"{"message":"Invalid Form Body","code":50035}"#,
            "alert: ",
        ),
        ("discord", r#"{"message":"gone","code":50083}"#, "channel: "),
        (
            "discord",
            r#"{"id":"1","message":"x","code":1}"#,
            "accepted",
        ),
        (
            "pagerduty",
            r#"{"status":"invalid event","errors":["x"]}"#,
            "alert: ",
        ),
        (
            "pagerduty",
            r#"{"status":"x","message":"routing_key"}"#,
            "channel: ",
        ),
        (
            "teams",
            "Webhook message delivery failed with error: HTTP error 429",
            "temporary: ",
        ),
        ("json", r#"{"status":"queued"}"#, "accepted"),
    ] {
        let outcomes = outcomes(200, JSON, body);
        let (_, outcome) = outcomes.iter().find(|(name, _)| *name == service).unwrap();
        assert!(
            outcome.starts_with(expected),
            "{service}, {body}: {outcome}"
        );
    }
}

#[test]
fn what_a_sign_in_page_answered_waits_and_is_told_once_the_service_is_back() {
    let folder = Folder::new();
    let receiver = Receiver::answering(|number| match number {
        0 => Answer::With(200, HTML, PAGE),
        _ => Answer::Ok,
    });
    let ended = Program::new("ends")
        .arg("err")
        .directory(&folder)
        .alerts_to(&receiver)
        .env("NOTIFY_EXIT_SECONDS", "20")
        .run();
    assert!(ended.stderr.contains("a sign-in page"), "{}", ended.stderr);
    assert_eq!(receiver.accepted().len(), 1);
    assert!(folder.waiting_alerts().is_empty());
}

#[test]
fn a_heartbeat_is_not_heard_by_a_page_or_a_service_that_says_no() {
    for (status, header, body, said) in [
        (200, HTML, PAGE, "web page (Sign in to Example)"),
        (200, JSON, r#"{"ok":false}"#, "answered 200 {"),
        (200, PLAIN, "OK (not found)", "answered 200 OK (not found)"),
        // Issue 12, point 14: the check that nobody made.
        (
            404,
            PLAIN,
            "not found",
            "answered 404 not found: the service has no such check: add `?create=1`",
        ),
        (200, PLAIN, "OK", ""),
        (201, PLAIN, "Created", ""),
    ] {
        let folder = Folder::new();
        let receiver = Receiver::answering(move |_| Answer::With(status, header, body));
        let ended = Program::new("ends")
            .arg("ok")
            .directory(&folder)
            .env("NOTIFY_CHANNEL", "")
            .env("NOTIFY_HEARTBEAT_URL", receiver.webhook())
            .run();
        assert_eq!(ended.code, Some(0));
        let ours = ended
            .stderr
            .matches("the heartbeat (NOTIFY_HEARTBEAT_URL) is not delivered")
            .count();
        assert_eq!(
            ours,
            usize::from(!said.is_empty()),
            "{body}: {}",
            ended.stderr
        );
        assert!(ended.stderr.contains(said), "{body}: {}", ended.stderr);
    }
}

#[test]
fn a_long_page_is_known_by_its_beginning() {
    let page: &'static str = Box::leak(format!("{PAGE}{}", "x".repeat(300_000)).into());
    for (service, outcome) in outcomes(200, PLAIN, page) {
        assert!(outcome.starts_with("temporary: "), "{service}: {outcome}");
    }
}
