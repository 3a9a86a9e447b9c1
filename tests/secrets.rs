//! The secret part of a webhook's URL turns up nowhere, whatever happens: not in what a program
//! prints or logs, and in no file below its notify directory.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what a test cannot do fails it")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::ffi::OsStringExt as _;

use support::receiver::SECRET;
use support::{Answer, Folder, Program, Receiver};

/// A word of the secret part, and what it looks like once it is escaped or shown as bytes.
const TRACES: [&str; 4] = ["s3cr3t", "S3CR3T", "B000", "115, 51, 99, 114, 51, 116"];

/// Runs the program, and returns all that it left anywhere, by where it is.
fn traces(program: Program, folder: &Folder, way: &str, level: &str) -> BTreeMap<String, String> {
    let log = folder.path().join(".log");
    let program = program
        .arg(way)
        .directory(folder)
        .env("LOG", &log)
        .env("LEVEL", level)
        .env("RUST_BACKTRACE", "full")
        .env("NOTIFY_EXIT_SECONDS", "1");
    let ended = program.run();
    assert_eq!(ended.code, Some(7), "{ended:?}");
    let mut left = folder.hidden_files();
    left.extend(folder.status_files());
    let logged = fs::read_to_string(log).unwrap();
    let spoke = !logged.is_empty() || !ended.stderr.is_empty();
    assert!(spoke || !ended.stdout.is_empty());
    left.insert("log".to_owned(), logged);
    left.insert("stdout".to_owned(), ended.stdout);
    left.insert("stderr".to_owned(), ended.stderr);
    left
}

fn hold_no_secret(left: &BTreeMap<String, String>, when: &str) {
    for (place, content) in left {
        for trace in TRACES {
            assert!(
                !place.contains(trace) && !content.contains(trace),
                "{when}: `{trace}` is in {place}:\n{content}"
            );
        }
    }
}

/// Every level of ours, every record down to debug of all others; settings from the environment and
/// from code; an error and a panic.
fn is_kept_secret(when: &str, webhook: &str) -> Vec<BTreeMap<String, String>> {
    are_kept_secret(when, &[("SLACK_ALERTS_WEBHOOK_URL", webhook)])
}

/// The same for other variables.
fn are_kept_secret(when: &str, secrets: &[(&str, &str)]) -> Vec<BTreeMap<String, String>> {
    let cases = [
        ("ours at trace", "", "err"),
        ("debug of all", "", "panic"),
        ("debug of all", "yes", "err"),
    ];
    let cases = cases.map(|(level, install, way)| {
        let folder = Folder::new();
        let program = secrets
            .iter()
            .fold(Program::new("logs"), |program, (name, value)| {
                program.env(name, value)
            });
        let program = program
            .env("INSTALL", install)
            .env("HTTPS_PROXY", "http://proxy:s3cr3t@127.0.0.1:9")
            .env("ALL_PROXY", "http://proxy:s3cr3t@127.0.0.1:9");
        let left = traces(program, &folder, way, level);
        hold_no_secret(&left, &format!("{when}, {level}, {way}"));
        left
    });
    cases.into()
}

fn in_any(all: &[BTreeMap<String, String>], place: &str, text: &str) -> bool {
    all.iter()
        .flatten()
        .any(|(name, content)| name.contains(place) && content.contains(text))
}

/// Checks a webhook that answers so; the warning, if there is one, says `said`.
fn answering(answer: Answer, said: &str) -> Vec<BTreeMap<String, String>> {
    let when = format!("{answer:?}");
    let receiver = Receiver::answering(move |_| answer.clone());
    let left = is_kept_secret(&when, &receiver.webhook());
    assert!(!receiver.requests().is_empty(), "{when}");
    assert!(receiver.requests()[0].path.contains(SECRET));
    assert!(in_any(&left, "log", said), "{when}: {left:#?}");
    left
}

#[test]
fn a_webhook_that_accepts_stays_secret() {
    let left = answering(Answer::Ok, "");
    assert!(in_any(&left, "logs.fail", "ERROR"));
}

#[test]
fn a_webhook_that_refuses_an_alert_stays_secret() {
    let left = answering(Answer::Status(400, "invalid_payload"), "invalid_payload");
    assert!(in_any(&left, "/rejected/", "invalid_payload"));
}

#[test]
fn a_webhook_that_is_revoked_stays_secret() {
    let left = answering(Answer::Status(404, "no_service"), "no_service");
    assert!(in_any(&left, "/outbox/", "the disk is full"));
}

#[test]
fn a_webhook_that_asks_for_a_pause_stays_secret() {
    answering(Answer::With(429, "Retry-After: 9", "rate_limited"), "429");
}

#[test]
fn a_webhook_that_is_down_stays_secret() {
    answering(Answer::Status(500, "rollup_error"), "rollup_error");
}

#[test]
fn a_webhook_that_redirects_stays_secret() {
    answering(
        Answer::With(302, "Location: https://127.0.0.1:9/elsewhere", ""),
        "redirects are not followed",
    );
}

#[test]
fn a_webhook_that_closes_stays_secret() {
    answering(Answer::Close, "does not take alerts now");
}

#[test]
fn a_webhook_that_hangs_stays_secret() {
    // That there was no answer in time, or that the exit could not wait for one.
    answering(
        Answer::Hang,
        "channel `alerts` (SLACK_ALERTS_WEBHOOK_URL) d",
    );
}

#[test]
fn a_webhook_that_drips_stays_secret() {
    answering(Answer::Drip, "");
}

#[test]
fn a_webhook_that_answers_no_http_stays_secret() {
    answering(Answer::With(200, "Content-Length: -1", "?"), "");
}

#[test]
fn a_webhook_where_nobody_listens_stays_secret() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let left = is_kept_secret("refused", &format!("http://{address}/services/{SECRET}"));
    assert!(in_any(&left, "log", "network error"), "{left:#?}");
}

#[test]
fn a_webhook_whose_proxy_or_host_is_not_there_stays_secret() {
    let left = is_kept_secret("proxy", &format!("https://slack.invalid/services/{SECRET}"));
    assert!(
        in_any(&left, "log", "does not take alerts now"),
        "{left:#?}"
    );
}

#[test]
fn a_webhook_that_cannot_be_used_stays_secret() {
    for before in [
        "",
        "/",
        "//slack.invalid/",
        "hooks.slack.invalid/services/",
        "http://slack.invalid/services/",
        "http://127.0.0.1@slack.invalid/",
        "http://127.0.0.1.slack.invalid/",
        "https://user:s3cr3t@slack.invalid/",
        "https://slack.invalid:99999/",
        "https:///",
        "https://slack.invalid/\u{7f}\n",
        "ftp://slack.invalid/",
        "file:",
        "file:/nowhere/",
    ] {
        let left = is_kept_secret(before, &format!("{before}{SECRET}"));
        assert!(
            in_any(&left, "log", "SLACK_ALERTS_WEBHOOK_URL"),
            "{before:?}: {left:#?}"
        );
    }
}

#[test]
fn a_webhook_that_is_not_utf8_stays_secret() {
    let folder = Folder::new();
    let value = std::ffi::OsString::from_vec([b"https://\xff/", SECRET.as_bytes()].concat());
    let program = Program::new("logs").env("SLACK_ALERTS_WEBHOOK_URL", value);
    let left = traces(program, &folder, "err", "ours at trace");
    hold_no_secret(&left, "not UTF-8");
    assert!(left["log"].contains("it is not UTF-8"), "{left:#?}");
}

#[test]
fn a_signed_json_webhook_and_its_key_stay_secret() {
    for (answer, said) in [
        (Answer::Ok, ""),
        (Answer::Status(400, "no s3cr3t of yours"), "answered 400"),
        (
            Answer::Status(404, "T000/B000/s3cr3t is not here"),
            "answered 404",
        ),
        (
            Answer::With(302, "Location: https://127.0.0.1:9/s3cr3t", ""),
            "redirects",
        ),
        (Answer::Close, "does not take alerts now"),
    ] {
        let when = format!("{answer:?}");
        let receiver = Receiver::answering(move |_| answer.clone());
        let url = format!("{}/hook/{SECRET}", receiver.address());
        let left = are_kept_secret(
            &when,
            &[
                ("NOTIFY_ALERTS_URL", &format!("json://{url}")),
                ("NOTIFY_ALERTS_SECRET", "s3cr3t-B000"),
                ("JSON", &format!("http://{url}")),
                ("KEY", "s3cr3t-B000"),
            ],
        );
        assert!(receiver.requests()[0].path.contains(SECRET));
        assert!(in_any(&left, "stdout", "Json {"), "{left:#?}");
        assert!(in_any(&left, "log", said), "{when}: {left:#?}");
    }
}

#[test]
fn a_word_that_cannot_be_used_stays_secret() {
    for word in [
        SECRET,
        "://T000/B000/s3cr3t",
        "xmpp://T000/B000/s3cr3t",
        "slack://T000/B000/s3cr3t/#general",
        "slack://bot:T000-B000-s3cr3t-4@webhook",
        "slack://bot@T000/B000/s3cr3t",
        "mattermost://T000/B000/s3cr3t",
        "rocketchat://T000/B000/x/s3cr3t",
        "json://slack.invalid/s3cr3t",
        "jsons://user:s3cr3t@slack.invalid/B000",
        "https://slack.invalid/B000/s3cr3t",
        "exec://B000/s3cr3t",
        "exec:///bin/sh?key=s3cr3t",
        "file:B000/s3cr3t",
        "file:/nowhere/B000/s3cr3t",
        "exec:///nowhere/s3cr3t?arg=B000",
    ] {
        let left = are_kept_secret(word, &[("NOTIFY_ALERTS_URL", word)]);
        assert!(
            in_any(&left, "log", "NOTIFY_ALERTS_URL"),
            "{word}: {left:#?}"
        );
    }
}

#[test]
fn a_key_that_cannot_be_used_stays_secret_and_its_document_at_home() {
    let receiver = Receiver::new();
    let url = format!("json://{}/hook", receiver.address());
    for key in ["file:s3cr3t", "file:/nowhere/s3cr3t", " "] {
        let secrets = [
            ("NOTIFY_ALERTS_URL", url.as_str()),
            ("NOTIFY_ALERTS_SECRET", key),
        ];
        let left = are_kept_secret(key, &secrets);
        assert!(
            in_any(&left, "log", "NOTIFY_ALERTS_URL"),
            "{key}: {left:#?}"
        );
    }
    assert_eq!(receiver.requests().len(), 0);
}

#[test]
fn a_heartbeat_stays_secret() {
    for (answer, said) in [
        (Answer::Ok, ""),
        (Answer::Status(404, "s3cr3t not found"), "not delivered"),
        (Answer::Status(500, "s3cr3t"), "not delivered"),
        (
            Answer::With(302, "Location: https://127.0.0.1:9/s3cr3t", ""),
            "not delivered",
        ),
        (Answer::Close, "not delivered"),
    ] {
        let when = format!("{answer:?}");
        let receiver = Receiver::answering(move |_| answer.clone());
        let url = format!("http://{}/{SECRET}/{{job}}", receiver.address());
        let slack = Receiver::new();
        let left = are_kept_secret(
            &when,
            &[
                ("NOTIFY_HEARTBEAT_URL", &url),
                ("HEARTBEAT", &url),
                ("SLACK_ALERTS_WEBHOOK_URL", &slack.webhook()),
            ],
        );
        assert!(receiver.requests()[0].path.contains(SECRET));
        assert!(in_any(&left, "log", said), "{when}: {left:#?}");
    }
    for url in [
        "s3cr3t",
        "http://slack.invalid/s3cr3t",
        "https://x:s3cr3t@slack.invalid/",
        "file:s3cr3t",
    ] {
        let left = are_kept_secret(url, &[("NOTIFY_HEARTBEAT_URL", url)]);
        assert!(
            in_any(&left, "log", "NOTIFY_HEARTBEAT_URL"),
            "{url}: {left:#?}"
        );
    }
}

#[test]
fn a_run_that_is_killed_leaves_no_secret_in_its_record() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let program = Program::new("ends").arg("hang").directory(&folder);
    let mut child = program.alerts_to(&receiver).command().spawn().unwrap();
    support::eventually("the run is recorded", || {
        folder
            .hidden_files()
            .keys()
            .any(|path| path.contains("/running/") && !path.contains("/running/."))
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let left = folder.hidden_files();
    assert!(
        in_any(std::slice::from_ref(&left), "/running/", "queue: alerts-"),
        "{left:#?}"
    );
    hold_no_secret(&left, "killed");
}

/// A secret of 8 characters and more, which is hidden wherever it stands.
const LONG: &str = "s3cr3tS3CR3Ts3cr3t";

/// Runs a program whose error quotes its own webhook, and returns what is sent, by where it is.
fn quoting(way: &str, text: &str, set: &[(&str, &str)]) -> BTreeMap<String, String> {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let webhook = format!(
        "http://{}/services/T00000001/B00000002/{LONG}",
        receiver.address()
    );
    let text = text.replace("WEBHOOK", &webhook);
    let program = set
        .iter()
        .fold(Program::new("leaks"), |program, (name, value)| {
            program.env(name, value.replace("WEBHOOK", &webhook))
        });
    let ended = program.arg(way).directory(&folder).env("TEXT", &text).run();
    let mut left = folder.hidden_files();
    left.extend(folder.status_files());
    assert!(
        ended.stderr.contains(&text),
        "the program's own output is its own: {ended:?}"
    );
    left.insert("warnings".to_owned(), ended.stderr.replace(&text, ""));
    left.insert("sent".to_owned(), receiver.texts().concat());
    left
}

/// Issue 12, point 22.
#[test]
fn an_error_that_quotes_a_destination_shows_no_secret_of_it() {
    let text =
        "POST WEBHOOK: 500 for s3cr3tS3CR3Ts3cr3t, postgres://etl:hunter2@db/x, with hmac-key-1234";
    let in_environment: [&[(&str, &str)]; 3] = [
        &[
            ("SLACK_ALERTS_WEBHOOK_URL", "WEBHOOK"),
            ("NOTIFY_DATA_SECRET", "hmac-key-1234"),
        ],
        &[
            ("IN_CODE", "WEBHOOK"),
            ("NOTIFY_ALERTS_SECRET", "hmac-key-1234"),
        ],
        &[
            ("SLACK_ALERTS_WEBHOOK_URL", "WEBHOOK"),
            ("NOTIFY_DATA_SECRET", "hmac-key-1234"),
            ("NOTIFY_CONTEXT", "see WEBHOOK"),
        ],
    ];
    for set in in_environment {
        for way in ["err", "panic", "passed"] {
            let left = quoting(way, text, set);
            for (place, content) in &left {
                for secret in [LONG, "T00000001", "hunter2", "hmac-key-1234"] {
                    // The record of a run is its owner's alone, and holds what was set.
                    let is_record = place.contains("/running/");
                    assert!(
                        is_record || !content.contains(secret),
                        "{way} {set:?}: `{secret}` in {place}:\n{content}"
                    );
                }
            }
            let status = &left["pipeline-notify.leaks.main"];
            assert!(
                status.contains("POST [hidden]: 500 for [hidden]"),
                "{status}"
            );
            assert!(
                status.contains("postgres://etl:[hidden]@db/x, with [hidden]"),
                "{status}"
            );
            assert!(
                way == "passed" || left["sent"].contains("[hidden]"),
                "{way}"
            );
        }
    }
}

/// Issue 12, point 22.
#[test]
fn a_secret_where_a_long_error_is_cut_is_not_left_in_halves() {
    // The status file keeps 32 KiB of the beginning and of the end.
    for (before, after) in [
        (32 * 1024 - 9, 60_000),
        (60_000, 32 * 1024 - 9),
        (32 * 1024 - 9, 200_000),
    ] {
        let text = format!("{}{LONG}{}", ".".repeat(before), ".".repeat(after));
        let folder = Folder::new();
        let program = Program::new("leaks")
            .directory(&folder)
            .arg("err")
            .env("NOTIFY_EXIT_SECONDS", "0");
        let webhook = format!("http://127.0.0.1:9/services/T00000001/B00000002/{LONG}");
        // A variable is no longer than 128 KiB.
        let text = if text.len() > 120_000 {
            text[..120_000].to_owned()
        } else {
            text
        };
        program
            .env("SLACK_ALERTS_WEBHOOK_URL", webhook)
            .env("TEXT", text)
            .run();
        let status = folder.status_file("pipeline-notify.leaks.main");
        assert!(status.contains("bytes cut"), "{}", status.len());
        for part in [&LONG[..4], &LONG[14..]] {
            assert!(!status.contains(part), "`{part}` is left");
        }
    }
}

/// Issue 12, point 22.
#[test]
fn the_same_failure_is_the_same_error_after_its_secret_was_changed() {
    let fingerprint = |secret: &str| {
        let folder = Folder::new();
        let webhook = format!("http://127.0.0.1:9/services/T00000001/B00000002/{secret}");
        let program = Program::new("leaks").arg("err").directory(&folder);
        let program = program.env("TEXT", format!("no answer from {webhook}"));
        program
            .env("SLACK_ALERTS_WEBHOOK_URL", webhook)
            .env("NOTIFY_EXIT_SECONDS", "0")
            .run();
        let status = folder.status_file("pipeline-notify.leaks.main");
        let mut lines = status
            .lines()
            .filter_map(|line| line.strip_prefix("fingerprint: "));
        lines.next().unwrap().to_owned()
    };
    assert_eq!(
        fingerprint("abcdefghijklmnop"),
        fingerprint("zyxwvutsrqponmlk")
    );
}
