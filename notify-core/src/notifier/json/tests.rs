use std::collections::BTreeSet;

use super::super::http::{Answer, Class};
use serde_json::{Value, json};

use super::*;
use crate::message::alert::Kind;
use crate::testing::{alert_of, alerts_of_each_kind};

#[test]
fn a_document_says_all_that_is_known_of_its_alerts() {
    let document: Value = serde_json::from_str(&document(&[alert_of(Kind::Recovered)])).unwrap();
    let text = alert_of(Kind::Recovered).text();
    let mut expected = json!({
        "version": 1,
        "alerts": [{
            "id": "0123456789abcdef-recovered",
            "kind": "recovered",
            "job": "etl.load.run",
            "state": "OK",
            "summary": "✓ etl.load.run recovered on worker-3 after 2 h 5 min",
            "text": text,
            "error": "",
            "earlier_error": null,
            "first_error": null,
            "passed_over": "no such table",
            "channel": "data-alerts",
            "mention": "U0123ABC",
            "incident": "7f3a91c2",
            "decided": "2026-11-22T13:04:12.242000Z",
            "begun": "2026-11-22T13:00:00.123456Z",
            "since": "2026-11-22T11:00:00.123456Z",
            "took_seconds": 252.118,
            "runs": 3,
            "every_hours": 24.0,
            "host": "worker-3",
            "pid": 4242,
            "exe": "/opt/etl/bin/etl",
            "location": "etl::load :: run",
            "source": "src/load.rs:42",
            "version": "1.4.2",
            "ok_version": "1.4.2",
            "runbook": "https://wiki.example.com/orders",
            "owner": "team-data",
            "links": [{ "label": "runbook", "url": "https://wiki.example.com/orders" }],
            "notes": ["this is a debug build"],
            "dropped": null,
            "facts": {
                "rows": "44",
                "alert": "of_a_fact",
                "context": "env=prod https://wiki.example/etl",
                "instance": "eu-1",
                "airflow": "dag etl, task load, run manual_1, try 2",
            },
            "outage": {
                "since": "2026-11-22T10:55:00.000000Z",
                "runs": 26,
                "error": "connection refused",
            },
        }],
    });
    expected["alerts"][0]["log_lines"] = json!([]);
    assert_eq!(document, expected);
}

#[test]
fn each_kind_has_a_word_and_the_same_keys_which_the_docs_list() {
    let document: Value = serde_json::from_str(&document(&alerts_of_each_kind())).unwrap();
    let alerts = document["alerts"].as_array().unwrap();
    let words: BTreeSet<_> = alerts
        .iter()
        .filter_map(|alert| alert["kind"].as_str())
        .collect();
    let expected = "failed still_failing recovered ok overdue flapping steady too_short too_long overlapping late started";
    assert_eq!(words, expected.split(' ').collect());
    let docs: String = include_str!("../json.rs")
        .lines()
        .filter(|line| line.starts_with("/// |"))
        .collect();
    for alert in alerts {
        for key in alert.as_object().unwrap().keys() {
            assert!(docs.contains(&format!("`{key}`")), "{key}");
        }
    }
    for word in words {
        assert!(docs.contains(&format!("`{word}`")), "{word}");
    }
}

#[test]
fn a_document_of_huge_errors_is_bounded_and_shows_some_of_each() {
    let mut alerts = vec![alert_of(Kind::Failed); 40];
    for (number, alert) in alerts.iter_mut().enumerate() {
        alert.status.text = format!("error {number} {}", "x".repeat(60 * 1024));
    }
    let document = document(&alerts);
    assert!(document.len() < 640 * 1024, "{}", document.len());
    assert!((0..40).all(|number| document.contains(&format!("error {number} x"))));
}

/// The second test case of RFC 4231.
#[test]
fn a_signature_is_the_hmac_sha256_in_hex() {
    assert_eq!(
        signature("Jefe", "what do ya want for nothing?").unwrap(),
        "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

#[test]
fn every_answer_has_the_meaning_that_the_docs_give() {
    for status in 100..=599 {
        let expected = match status {
            200..=299 => Class::Accepted,
            100..=199 | 408 | 421 | 425 | 429 | 500..=599 => Class::Temporary,
            401 | 403..=405 | 407 | 410 | 300..=399 => Class::Channel,
            _ => Class::Alert,
        };
        for body in ["", "{\"error\":\"x\"}", "taken"] {
            assert_eq!(
                Answer::made(status, body).class(ANSWERS),
                expected,
                "{status}"
            );
        }
    }
}
