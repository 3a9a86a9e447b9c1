//! What arrives in Slack, at a receiver that keeps Slack's documented rules to the letter.

use std::time::Duration;

use crate::support::receiver::Request;
use crate::support::{Answer, Folder, Program, Receiver};
use pipeline_notify::{Alert, Notifier as _, Refusal, Slack, samples, test_alert};
use serde_json::Value;
use strict_services::slack as strict;

const TIMEOUT: Duration = Duration::from_secs(20);

/// Runs a program once for each outcome of its job, and returns what Slack was sent.
fn payloads(outcomes: &[&str], variables: &[(&str, &str)]) -> Vec<Value> {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    for outcome in outcomes {
        let program = Program::new("incidents")
            .arg(outcome)
            .directory(&folder)
            .alerts_to(&receiver)
            .env("NOTIFY_EXIT_SECONDS", "20");
        let set = |program: Program, (name, value): &(&str, &str)| program.env(name, value);
        let program = variables.iter().fold(program, set);
        assert_eq!(program.run().code, Some(0));
    }
    let requests = receiver.requests();
    requests.iter().map(Request::payload).collect()
}

fn send(alerts: &[Alert]) -> Value {
    let receiver = Receiver::new();
    let slack = Slack::new(&receiver.webhook()).unwrap();
    slack.notify(alerts, TIMEOUT).unwrap();
    receiver.requests()[0].payload()
}

#[test]
fn every_kind_of_alert_alone_and_with_others_keeps_the_rules() {
    let samples = samples();
    for count in 1..=samples.len() {
        for alerts in samples.windows(count) {
            let payload = send(alerts);
            strict::check(&payload, &[]).unwrap_or_else(|error| panic!("{error}: {payload:#}"));
            let shown = strict::shown(&payload);
            for alert in alerts {
                assert!(
                    shown.contains(alert.id()),
                    "{} is not in {shown}",
                    alert.id()
                );
            }
        }
    }
    strict::check(&send(&[test_alert("alerts")]), &[]).unwrap();
}

#[test]
fn forty_alerts_keep_the_rules_in_one_message() {
    let alerts: Vec<_> = samples().into_iter().cycle().take(40).collect();
    strict::check(&send(&alerts), &[]).unwrap();
}

#[test]
fn those_that_are_like_slack_are_sent_no_blocks() {
    let samples = samples();
    for count in 1..=samples.len() {
        let receiver = Receiver::new();
        let slack = Slack::compatible(&receiver.webhook()).unwrap();
        slack.notify(&samples[..count], TIMEOUT).unwrap();
        let payload = receiver.requests()[0].payload();
        strict::check_compatible(&payload, &[]).unwrap();
        assert!(!payload.to_string().contains("blocks"), "{payload:#}");
    }
}

#[test]
fn a_failing_job_mentions_and_a_recovered_one_does_not() {
    let payloads = payloads(
        &["connection refused", "ok"],
        &[("MENTION", "U0123ABC @here")],
    );
    assert_eq!(payloads.len(), 2);
    strict::check(&payloads[0], &["<@U0123ABC>", "<!here>"]).unwrap();
    strict::check(&payloads[1], &[]).unwrap();
    assert!(
        payloads[1]["text"]
            .as_str()
            .unwrap()
            .contains(" recovered on ")
    );
}

#[test]
fn an_error_that_would_call_everybody_break_out_of_its_block_and_turn_the_text_does_nothing() {
    let error = "<!channel> & <@U1> ``` \u{202e}\u{1b}[31m\u{7} @here\nnext *line*";
    let payloads = payloads(
        &[error],
        &[("NOTIFY_CONTEXT", "<!here> link=https://ci.example/1?a=b&c")],
    );
    let shown = strict::shown(&payloads[0]);
    strict::check(&payloads[0], &[]).unwrap();
    assert!(
        shown.contains("<!channel> & <@U1> ```  @here\nnext *line*"),
        "{shown}"
    );
    assert!(
        shown.contains("<!here> link=\nhttps://ci.example/1?a=b&c\n"),
        "{shown}"
    );
    assert!(shown.contains("debug build"), "{shown}");
}

#[test]
fn an_error_that_is_far_too_long_is_cut_and_keeps_its_first_line() {
    let receiver = Receiver::new();
    let folder = Folder::new();
    // An argument of a program may have 128 KiB.
    let error = format!("disk full: /dev/sda1\n{}", "<&`".repeat(40_000));
    let program = Program::new("incidents").arg(&error).directory(&folder);
    program.alerts_to(&receiver).run();
    let payload = receiver.requests()[0].payload();
    strict::check(&payload, &[]).unwrap();
    assert!(strict::shown(&payload).contains("disk full: /dev/sda1\n<&`<&`"));
}

#[test]
fn what_is_refused_for_its_form_arrives_as_a_line_of_text() {
    for (status, body) in [(400, "invalid_blocks"), (400, "no_text"), (413, "")] {
        let receiver = Receiver::answering(move |number| match number {
            0 => Answer::Status(status, body),
            _ => Answer::Ok,
        });
        let slack = Slack::new(&receiver.webhook()).unwrap();
        let alert = test_alert("alerts");
        slack.notify(std::slice::from_ref(&alert), TIMEOUT).unwrap();
        let short = receiver.requests()[1].payload();
        strict::check(&short, &[]).unwrap();
        assert!(short.get("attachments").is_none());
        assert!(short["text"].as_str().unwrap().contains(alert.id()));
    }
}

#[test]
fn several_that_are_refused_together_are_left_to_be_sent_one_by_one() {
    let receiver = Receiver::answering(|_| Answer::Status(400, "invalid_blocks"));
    let slack = Slack::new(&receiver.webhook()).unwrap();
    let refusal = slack.notify(&samples(), TIMEOUT).unwrap_err();
    assert!(matches!(refusal, Refusal::Alert { .. }), "{refusal:?}");
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn a_webhook_that_is_gone_is_not_tried_with_a_shorter_text() {
    for (status, body) in [
        (404, "no_service"),
        (400, "invalid_token"),
        (429, ""),
        (500, "rollup_error"),
    ] {
        let receiver = Receiver::answering(move |_| Answer::Status(status, body));
        let slack = Slack::new(&receiver.webhook()).unwrap();
        assert!(slack.notify(&[test_alert("alerts")], TIMEOUT).is_err());
        assert_eq!(receiver.requests().len(), 1, "{status} {body}");
    }
}
