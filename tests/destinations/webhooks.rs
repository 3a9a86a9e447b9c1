//! Other destinations than Slack's own, chosen in the environment, and the heartbeat. What receives
//! holds each request to the rules that it documents.

use std::collections::BTreeSet;
use std::fs;

use crate::support::receiver::Request;
use crate::support::{Answer, Ended, Folder, Program, Receiver};
use ring::hmac;
use serde_json::Value;

const MAIN: &str = "pipeline-notify.ends.main";
const KEY: &str = "k3y";

/// Runs a failing program whose alerts go there.
fn fail(folder: &Folder, urls: &str) -> Ended {
    let ended = Program::new("ends")
        .arg("err")
        .directory(folder)
        .env("NOTIFY_ALERTS_URL", urls)
        .env("NOTIFY_ALERTS_SECRET", KEY)
        .env("NOTIFY_CONTEXT", "env=prod")
        .env("NOTIFY_EXIT_SECONDS", "10")
        .run();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    ended
}

/// Holds a request to the rules in the docs of `Json`, and returns its alerts.
fn alerts(request: &Request) -> Vec<Value> {
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("content-type"), Some("application/json"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY.as_bytes());
    let signature = request.header("x-signature").unwrap();
    let hex = signature.strip_prefix("sha256=").unwrap();
    let tag: Vec<_> = (0..hex.len() / 2)
        .map(|index| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).unwrap())
        .collect();
    hmac::verify(&key, request.body.as_bytes(), &tag).unwrap();
    let document: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(document["version"], 1);
    let alerts = document["alerts"].as_array().unwrap().clone();
    assert!(!alerts.is_empty());
    let id = request.header("idempotency-key").unwrap();
    assert!(!id.is_empty());
    if let [alert] = &*alerts {
        assert_eq!(alert["id"], id);
    }
    let keys = |alert: &Value| -> BTreeSet<String> {
        alert.as_object().unwrap().keys().cloned().collect()
    };
    let documented = "id kind job state summary text error earlier_error first_error passed_over channel mention \
                      incident decided begun since took_seconds runs every_hours host pid exe location source version \
                      ok_version notes facts outage dropped runbook owner links log_lines";
    let documented: BTreeSet<_> = documented.split_whitespace().map(str::to_owned).collect();
    for alert in &alerts {
        assert_eq!(keys(alert), documented);
        for time in ["decided", "begun", "since"] {
            let time = alert[time].as_str().unwrap();
            assert!(time.len() == 27 && time.ends_with('Z'), "{time}");
        }
    }
    alerts
}

#[test]
fn a_json_webhook_gets_the_signed_document_of_each_alert() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let url = format!("json://{}/batch?team=etl", receiver.address());
    let ended = fail(&folder, &url);
    assert_eq!(ended.stderr, "Error: \"the disk is full\"\n");
    let requests = receiver.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].path, "/batch?team=etl");
    let alerts = alerts(&requests[0]);
    let alert = &alerts[0];
    assert_eq!(
        (&alert["kind"], &alert["state"]),
        (&"failed".into(), &"ERROR".into())
    );
    assert_eq!(
        (&alert["job"], &alert["channel"]),
        (&MAIN.into(), &"alerts".into())
    );
    assert_eq!(alert["error"], "the disk is full");
    assert_eq!(alert["facts"]["context"], "env=prod");
    assert!(alert["took_seconds"].is_number() && alert["pid"].is_number());

    let well = Program::new("ends").arg("ok").directory(&folder);
    let well = well
        .env("NOTIFY_ALERTS_URL", &url)
        .env("NOTIFY_ALERTS_SECRET", KEY);
    assert_eq!(well.run().code, Some(0));
    let recovery = &self::alerts(&receiver.requests()[1])[0];
    assert_eq!(recovery["kind"], "recovered");
    assert_eq!(recovery["incident"], alert["incident"]);
    assert_eq!(recovery["outage"]["error"], "the disk is full");
    assert_eq!(recovery["outage"]["since"], alert["begun"]);
}

#[test]
fn a_document_that_is_sent_again_has_the_same_key() {
    let folder = Folder::new();
    let receiver = Receiver::answering(|number| match number {
        0 => Answer::With(503, "Retry-After: 1", "busy"),
        _ => Answer::Status(204, ""),
    });
    fail(&folder, &format!("json://{}/", receiver.address()));
    let requests = receiver.requests();
    assert_eq!(requests.len(), 2);
    let keys: BTreeSet<_> = requests
        .iter()
        .map(|request| request.header("idempotency-key"))
        .collect();
    assert_eq!(keys.len(), 1);
    assert_eq!(alerts(&requests[0]), alerts(&requests[1]));
    assert!(folder.waiting_alerts().is_empty());
}

#[test]
fn each_of_several_destinations_is_told_whatever_the_others_answer() {
    let folder = Folder::new();
    let (slack, mattermost, json) = (Receiver::new(), Receiver::new(), Receiver::new());
    let broken = Receiver::answering(|_| Answer::Status(404, "gone"));
    let document = folder.path().join(".document");
    let words = format!(
        "mattermost://{}/key json://{}/ nonsense json://{}/x exec:///bin/sh?arg=-c&arg=cat%20%3E%20%22$DOCUMENT%22",
        mattermost.address(),
        broken.address(),
        json.address(),
    );
    let ended = Program::new("ends")
        .arg("err")
        .directory(&folder)
        .alerts_to(&slack)
        .env("NOTIFY_ALERTS_URL", words)
        .env("DOCUMENT", &document)
        .env("NOTIFY_ALERTS_SECRET", KEY)
        .env("NOTIFY_EXIT_SECONDS", "10")
        .run();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for (warning, times) in [
        ("word 3 of NOTIFY_ALERTS_URL cannot be used", 1),
        ("write slack://…, mattermost://…", 1),
        ("is broken (answered 404", 1),
        ("until word 2 of NOTIFY_ALERTS_URL is fixed", 1),
    ] {
        assert_eq!(
            ended.stderr.matches(warning).count(),
            times,
            "{}",
            ended.stderr
        );
    }
    assert_eq!((slack.texts().len(), mattermost.texts().len()), (1, 1));
    assert_eq!(mattermost.requests()[0].path, "/hooks/key");
    let (posted, piped) = (&json.requests()[0], fs::read_to_string(document).unwrap());
    assert_eq!(alerts(posted).len(), 1);
    assert_eq!(posted.body, piped);
    assert_eq!(folder.waiting_alerts().len(), 1, "that of the broken one");
}

/// One that takes alerts does not end the fault of another, and one that takes none hides no other.
#[test]
fn each_of_several_destinations_that_takes_nothing_is_warned_of_once() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let words = format!(
        "json://127.0.0.1:1/x json://{}/x json://127.0.0.1:2/x",
        receiver.address()
    );
    let ended = Program::new("ends")
        .arg("err")
        .directory(&folder)
        .env("NOTIFY_ALERTS_URL", words)
        .env("NOTIFY_EXIT_SECONDS", "5")
        .run();
    assert_eq!(receiver.requests().len(), 1, "{ended:?}");
    for number in [1, 3] {
        let name = format!("(word {number} of NOTIFY_ALERTS_URL) does not take alerts now");
        assert_eq!(ended.stderr.matches(&name).count(), 1, "{ended:?}");
    }
}

/// Two are as many as the program has threads for its alerts: its own, and that of its exit.
#[test]
fn at_the_exit_no_destination_waits_for_others_that_hang() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let hang = [(); 3].map(|()| Receiver::answering(|_| Answer::Hang));
    let others = hang
        .iter()
        .map(|hang| format!("json://{}/", hang.address()));
    let own = format!("json://{}/", receiver.address());
    let words: Vec<_> = others.chain([own]).collect();
    let ended = Program::new("ends")
        .arg("err")
        .directory(&folder)
        .env("NOTIFY_ALERTS_URL", words.join(" "))
        .env("NOTIFY_EXIT_SECONDS", "4")
        .run();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(receiver.requests().len(), 1, "{ended:?}");
    assert_eq!(folder.waiting_alerts().len(), 3, "those of the others");
}

#[test]
fn a_destination_that_is_named_twice_is_told_once() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let url = format!("json://{}/x", receiver.address());
    fail(&folder, &format!("{url} {url}"));
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn a_command_has_the_environment_but_no_webhooks_and_tells_no_alerts_of_alerts() {
    let folder = Folder::new();
    let seen = folder.path().join(".seen");
    let word = "exec:///bin/sh?arg=-c&arg=env%20%3E%20%22$SEEN%22";
    let receiver = Receiver::new();
    let ended = Program::new("ends")
        .arg("err")
        .directory(&folder)
        .alerts_to(&receiver)
        .env("NOTIFY_ALERTS_URL", word)
        .env("SEEN", &seen)
        .env("NOTIFY_ALERTS_SECRET", KEY)
        .env("SLACK_OTHER_WEBHOOK_URL", "s3cr3t")
        .env("NOTIFY_OTHER_URL", "s3cr3t")
        .env(
            "NOTIFY_HEARTBEAT_URL",
            format!("http://{}/s3cr3t", receiver.address()),
        )
        .env("MINE", "kept")
        .run();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let seen = fs::read_to_string(seen).unwrap();
    let has = |line: &str| seen.lines().any(|seen| seen == line);
    assert!(has("NOTIFY_DISABLE=1") && has("MINE=kept"), "{seen}");
    for secret in [
        "WEBHOOK_URL", "NOTIFY_OTHER_URL", "NOTIFY_ALERTS_", "HEARTBEAT", "s3cr3t", KEY,
    ] {
        assert!(!seen.contains(secret), "{secret}: {seen}");
    }
}

#[test]
fn a_command_that_refuses_is_told_with_its_reason_and_its_alert_kept_aside() {
    let folder = Folder::new();
    let word = "exec:///bin/sh?arg=-c&arg=echo%20no%20such%20team%20%3E%262;exit%2065";
    let ended = fail(&folder, word);
    let said = "refused the alert of pipeline-notify.ends.main (exit code 65: no such team)";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    let files = folder.hidden_files();
    assert!(
        files.keys().any(|path| path.contains("/rejected/")),
        "{files:?}"
    );
}

/// Holds a request to the ping protocol, and returns its path, what it says of the run, and the run.
fn ping(request: &Request) -> (String, String) {
    assert_eq!(request.method, "POST");
    let (path, query) = request.path.split_once('?').unwrap();
    let rid = query
        .split('&')
        .find_map(|part| part.strip_prefix("rid="))
        .unwrap();
    let lengths: Vec<_> = rid.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    assert!(
        rid.bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    );
    assert!(request.body.len() <= 10_000);
    assert!(path.ends_with("/fail") || request.body.is_empty());
    (path.to_owned(), rid.to_owned())
}

/// Runs a program that has a heartbeat and no other destination.
fn beat(receiver: &Receiver, path: &str, arguments: &[&str]) -> (Ended, Vec<(String, String)>) {
    let folder = Folder::new();
    let url = format!("http://{}{path}", receiver.address());
    let program = arguments
        .iter()
        .fold(Program::new("ends"), |program, argument| {
            program.arg(argument)
        });
    let ended = program
        .directory(&folder)
        .env("NOTIFY_CHANNEL", "")
        .env("NOTIFY_SIGNALS", "1")
        .env("NOTIFY_HEARTBEAT_URL", url)
        .run();
    (ended, receiver.requests().iter().map(ping).collect())
}

#[test]
fn a_heartbeat_hears_each_beginning_and_each_end_however_it_comes() {
    for (way, code, end, error) in [
        ("ok", Some(0), "/uuid", ""),
        ("err", Some(1), "/uuid/fail", "the disk is full"),
        ("code", Some(3), "/uuid/fail", "exit code 3"),
        ("panic", Some(101), "/uuid/fail", "it broke"),
        ("exit", Some(7), "/uuid/fail", "exit(7)"),
        ("term", None, "/uuid/fail", "SIGTERM"),
    ] {
        let receiver = Receiver::new();
        let (ended, pings) = beat(&receiver, "/uuid", &[way]);
        assert_eq!(ended.code, code, "{ended:?}");
        let [(first, begun), (last, over)] = &*pings else {
            panic!("{way}: {pings:?}")
        };
        assert_eq!(
            (first.as_str(), last.as_str(), begun),
            ("/uuid/start", end, over),
            "{way}"
        );
        let body = &receiver.requests()[1].body;
        assert!(body.contains(error), "{way}: {body}");
        assert_eq!(body.is_empty(), error.is_empty(), "{way}: {body}");
    }
}

#[test]
fn nested_jobs_have_a_check_each_by_their_slug() {
    let receiver = Receiver::new();
    let (ended, pings) = beat(&receiver, "/key/{job}?create=1", &["caught"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let [outer, inner, inner_end, outer_end] = &*pings else {
        panic!("{pings:?}")
    };
    assert_eq!(outer.0, "/key/pipeline-notify-ends-main/start");
    assert_eq!(inner.0, "/key/pipeline-notify-ends-special/start");
    assert_eq!(inner_end.0, "/key/pipeline-notify-ends-special/fail");
    assert_eq!(outer_end.0, "/key/pipeline-notify-ends-main");
    assert_eq!((&outer.1, &inner.1), (&outer_end.1, &inner_end.1));
    assert_ne!(outer.1, inner.1);
    for request in receiver.requests() {
        assert!(request.path.contains("?create=1&rid="), "{}", request.path);
    }
}

#[test]
fn a_heartbeat_that_is_not_heard_is_one_warning_and_changes_nothing() {
    for answer in [
        Answer::Status(404, "not found"),
        Answer::Status(400, "invalid url format"),
        Answer::Status(500, ""),
        Answer::Hang,
        Answer::Close,
    ] {
        let when = format!("{answer:?}");
        let is_hung = matches!(answer, Answer::Hang);
        let receiver = Receiver::answering(move |_| answer.clone());
        let (ended, pings) = beat(&receiver, "/s3cr3t", &["ok"]);
        assert_eq!(ended.code, Some(0), "{when}");
        assert!(!pings.is_empty(), "{when}");
        let warnings = ended
            .stderr
            .matches("the heartbeat (NOTIFY_HEARTBEAT_URL) is not delivered")
            .count();
        // A hung one was not answered by the time that the exit has for it.
        assert_eq!(warnings, usize::from(!is_hung), "{when}: {}", ended.stderr);
        assert!(!ended.stderr.contains("s3cr3t"), "{when}: {}", ended.stderr);
    }
}

#[test]
fn a_flood_of_runs_waits_for_no_heartbeat() {
    let receiver = Receiver::answering(|_| Answer::Hang);
    let (ended, pings) = beat(&receiver, "/uuid", &["changes", "1000"]);
    assert_eq!((ended.code, pings.len()), (Some(0), 1), "{}", ended.stderr);
    // Of the runs of one job the service is to hear the last, so none is missed.
    assert_eq!(
        ended.stderr.matches("too many").count(),
        0,
        "{}",
        ended.stderr
    );
}

#[test]
fn a_heartbeat_from_a_file_is_read_at_each_ping() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let path = folder.path().join(".url");
    fs::write(&path, format!("http://{}/uuid\n", receiver.address())).unwrap();
    let program = Program::new("ends")
        .arg("ok")
        .directory(&folder)
        .env("NOTIFY_CHANNEL", "");
    let ended = program
        .env("NOTIFY_HEARTBEAT_URL", format!("file:{}", path.display()))
        .run();
    assert_eq!(
        (ended.code, receiver.requests().len()),
        (Some(0), 2),
        "{ended:?}"
    );
}
