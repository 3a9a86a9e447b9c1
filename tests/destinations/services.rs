//! Discord, Teams and PagerDuty, from a job's end to a receiver that takes only what the service
//! takes.
#![expect(clippy::unwrap_used, reason = "what a test cannot do fails it")]

use std::collections::BTreeSet;
use std::fs;

use crate::support::service::{Answer, Post, Service};
use crate::support::{Ended, Folder, Program};
use serde_json::{Value, json};
use strict_services::{discord, google_chat, jsm, ntfy, pagerduty, teams};

const KEY: &str = "0123456789abcdefghij0123456789AB";
const SECRET: &str = "s3cr3t";

/// The services, with the path of each one's URL here.
const SERVICES: [(&str, &str); 3] = [
    ("discord", "/api/webhooks/1234/s3cr3t"),
    (
        "teams",
        "/workflows/1/triggers/manual/paths/invoke?api-version=1&sig=s3cr3t",
    ),
    ("pagerduty", ""),
];

/// Answers as the service does.
fn judge(service: &str, target: &str, body: &str) -> Answer {
    let (path, refused, accepted) = match service {
        "discord" => (
            "/api/webhooks/1234/s3cr3t?wait=true",
            discord::refuse(body),
            (200, json!({ "id": "1", "channel_id": "2" }).to_string()),
        ),
        "teams" => (SERVICES[1].1, teams::refuse(body), (202, String::new())),
        _ => (
            "/v2/enqueue",
            pagerduty::refuse(body),
            (
                202,
                json!({ "status": "success", "message": "Event processed" }).to_string(),
            ),
        ),
    };
    let (status, body) = if target == path {
        refused.unwrap_or(accepted)
    } else {
        (404, String::new())
    };
    (status, "", body)
}

fn strict(service: &'static str) -> Service {
    Service::of(move |asked| {
        let webhook = SERVICES[0].1;
        match (service, asked.method) {
            (_, "POST") => judge(service, asked.target, asked.body),
            ("discord", "GET") if asked.target == webhook => {
                (200, "", json!({ "guild_id": "3" }).to_string())
            }
            // A message of its own is edited.
            ("discord", "PATCH") if asked.target == format!("{webhook}/messages/1") => {
                judge(service, &format!("{webhook}?wait=true"), asked.body)
            }
            _ => (405, "", String::new()),
        }
    })
}

/// What was sent, and not asked or edited.
fn sent(service: &Service) -> Vec<Post> {
    let mut posts = service.posts();
    posts.retain(|post| post.method == "POST");
    posts
}

/// Runs the program to its end, and looks for the secrets in whatever it has left.
fn run(service: &str, url: &str, folder: &Folder, outcomes: &[&str], seconds: &str) -> Ended {
    let program = Program::new("services")
        .env("SERVICE", service)
        .env("URL", url)
        .env("KEY", KEY)
        .env("NOTIFY_EXIT_SECONDS", seconds)
        .directory(folder);
    let program = match outcomes {
        ["slow"] => program
            .env("OVERDUE_MINUTES", "0.001")
            .env("NOTIFY_OK_SILENT_HOURS", "0"),
        _ => program,
    };
    let ended = outcomes.iter().fold(program, Program::arg).run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let files = folder
        .hidden_files()
        .into_iter()
        .chain(folder.status_files());
    for (place, text) in files.chain([("stderr".to_owned(), ended.stderr.clone())]) {
        assert!(
            !text.contains(SECRET) && !text.contains(KEY),
            "{place}: {text}"
        );
    }
    ended
}

fn url(service: &Service, name: &str) -> String {
    let (_, path) = SERVICES
        .into_iter()
        .find(|(known, _)| *known == name)
        .unwrap();
    service.url(path)
}

/// The lines that say what became of which job.
fn titles(service: &str, post: &Post) -> Vec<String> {
    let body = &post.body;
    let list = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let titles: Vec<_> = match service {
        "discord" => list(&body["embeds"])
            .iter()
            .map(|embed| embed["title"].clone())
            .collect(),
        "teams" => list(&body["attachments"][0]["content"]["body"])
            .iter()
            .filter(|block| block["separator"] == true)
            .map(|block| block["text"].clone())
            .collect(),
        _ => vec![body["payload"]["summary"].clone()],
    };
    let text = |title: &Value| title.as_str().unwrap_or_default().to_owned();
    titles.iter().map(text).collect()
}

#[test]
fn an_alert_of_each_kind_is_taken_by_each_service() {
    for (name, _) in SERVICES {
        let (folder, service) = (Folder::new(), strict(name));
        let url = url(&service, name);
        let mut seen = 0;
        let mut sends = |outcomes: &[&str], kinds: &[&str]| {
            let ended = run(name, &url, &folder, outcomes, "20");
            let all = service.posts();
            let taken = |post: &Post| (200..300).contains(&post.status);
            assert!(all.iter().all(taken), "{name} {outcomes:?}: {all:?}");
            let posts = sent(&service).split_off(seen);
            seen += posts.len();
            // Those that waited together are in one message.
            let titles: Vec<_> = posts.iter().flat_map(|post| titles(name, post)).collect();
            assert_eq!(titles.len(), kinds.len(), "{name} {ended:?}: {titles:?}");
            for (title, kind) in titles.iter().zip(kinds) {
                assert!(title.contains(kind), "{name} {kind}: {title}");
            }
        };
        sends(&["ok"], &["load ok"]);
        sends(&["the disk is full"], &["load failed"]);
        sends(&["the disk is full"], &["load still failing"]);
        sends(&["ok"], &["load recovered"]);
        sends(&["long"], &["load failed"]);
        sends(&["ok"], &["load recovered"]);
        sends(&["no"], &["load is flapping"]);
        let then = "2020-01-01 00:00:00:000000 UTC";
        let steady = format!(
            "OK\n{then}\na :: b\nsince: {then}\nruns: 5\nalerted: {then}\n\
             flapping: 5 changes, 3 of 9 runs failed since {then}, told {then}\n\n"
        );
        fs::write(folder.path().join("load"), steady).unwrap();
        sends(&["ok"], &["load is steady again"]);
        sends(&["slow"], &["load is overdue", "load ok"]);
        assert!(folder.waiting_alerts().is_empty());
    }
}

#[test]
fn an_error_of_a_megabyte_is_taken_with_its_first_line() {
    for (name, _) in SERVICES {
        let (folder, service) = (Folder::new(), strict(name));
        run(name, &url(&service, name), &folder, &["long"], "20");
        let posts = service.posts();
        assert_eq!(posts.len(), 1, "{name}");
        assert!((200..300).contains(&posts[0].status), "{name}");
        assert!(
            posts[0].body.to_string().contains("the first line of load"),
            "{name}"
        );
    }
}

#[test]
fn what_waits_together_is_a_digest_but_an_event_each_for_pagerduty() {
    for (name, _) in SERVICES {
        let (folder, service) = (Folder::new(), strict(name));
        run(name, &url(&service, name), &folder, &["storm"], "30");
        let posts = service.posts();
        assert!(
            posts.iter().all(|post| (200..300).contains(&post.status)),
            "{posts:?}"
        );
        let all: Vec<_> = posts.iter().map(|post| post.body.to_string()).collect();
        for number in 0..12 {
            let job = format!("storm-{number}");
            assert!(all.concat().contains(&job), "{name}: {job}");
        }
        if name == "pagerduty" {
            let keys = posts.iter().map(|post| post.body["dedup_key"].to_string());
            assert_eq!((posts.len(), keys.collect::<BTreeSet<_>>().len()), (12, 12));
        } else {
            assert!(sent(&service).len() <= 3, "{name}: {}", posts.len());
        }
        assert!(folder.waiting_alerts().is_empty());
    }
}

#[test]
fn a_run_without_a_past_resolves_what_another_one_opened() {
    let service = strict("pagerduty");
    for outcome in ["the disk is full", "ok"] {
        // Each in a folder of its own, as in a pod.
        run(
            "pagerduty",
            &service.url(""),
            &Folder::new(),
            &[outcome],
            "20",
        );
    }
    let posts = service.posts();
    let of =
        |key: &str| -> Vec<Value> { posts.iter().map(|post| post.body[key].clone()).collect() };
    assert_eq!(of("event_action"), ["trigger", "resolve"]);
    assert_eq!(of("dedup_key"), ["load", "load"]);
}

#[test]
fn a_message_that_is_refused_is_sent_once_more_as_short_text() {
    for (name, status) in [("discord", 400), ("teams", 413)] {
        let folder = Folder::new();
        let service = Service::new(move |number, target, body| match number {
            0 => (status, "", String::new()),
            _ => judge(name, target, body),
        });
        run(
            name,
            &url(&service, name),
            &folder,
            &["the disk is full"],
            "20",
        );
        let posts = service.posts();
        assert_eq!(posts.len(), 2, "{name}");
        assert!((200..300).contains(&posts[1].status), "{posts:?}");
        let (long, short) = (posts[0].body.to_string(), posts[1].body.to_string());
        assert!(short.contains("the disk is full") && short.len() < long.len());
        assert!(folder.waiting_alerts().is_empty());
    }
}

#[test]
fn what_the_destination_will_never_take_waits_for_it_to_be_mended() {
    let forum = r#"{"message": "Webhooks posted to forum channels must have a thread_name or thread_id", "code": 220001}"#;
    let key = r#"{"status":"invalid event","message":"Event object is invalid","errors":["Invalid routing key"]}"#;
    let off =
        r#"{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"trigger is not enabled"}}"#;
    for (name, status, body) in [
        (
            "discord",
            404,
            r#"{"message": "Unknown Webhook", "code": 10015}"#,
        ),
        (
            "discord",
            401,
            r#"{"message": "Invalid Webhook Token s3cr3t", "code": 50027}"#,
        ),
        ("discord", 400, forum),
        (
            "teams",
            401,
            r#"{"error":{"code":"DirectApiAuthorizationRequired","message":"sig=s3cr3t"}}"#,
        ),
        ("teams", 400, off),
        ("pagerduty", 400, key),
        (
            "pagerduty",
            403,
            "no such key: 0123456789abcdefghij0123456789AB",
        ),
    ] {
        let folder = Folder::new();
        let service = Service::new(move |_, _, _| (status, "", body.to_owned()));
        let ended = run(
            name,
            &url(&service, name),
            &folder,
            &["the disk is full"],
            "2",
        );
        assert!(
            ended.stderr.contains("is broken"),
            "{name} {status}: {}",
            ended.stderr
        );
        let counts = (service.posts().len(), folder.waiting_alerts().len());
        assert_eq!(counts, (1, 1), "{name} {status}");
    }
}

#[test]
fn a_service_that_is_busy_gets_the_alert_when_it_says_or_keeps_it_waiting() {
    let limited =
        r#"{"message": "You are being rate limited.", "retry_after": 0.05, "global": false}"#;
    for (name, header, body, sent) in [
        ("discord", "", limited, 2),
        ("teams", "retry-after: 1", "", 2),
        // It says no pause: some minutes.
        ("pagerduty", "", "", 1),
    ] {
        let folder = Folder::new();
        let service = Service::new(move |number, target, text| match number {
            0 => (429, header, body.to_owned()),
            _ => judge(name, target, text),
        });
        let seconds = if sent == 2 { "20" } else { "2" };
        run(
            name,
            &url(&service, name),
            &folder,
            &["the disk is full"],
            seconds,
        );
        let counts = (service.posts().len(), folder.waiting_alerts().len());
        assert_eq!(counts, (sent, 2 - sent), "{name}");
    }
}

/// What each of the services that a word names takes at loopback: the word, with the address in it, the
/// targets of a failure and of its recovery, and what the service answers where it takes them.
const WORDS: [(&str, &str, [&str; 2]); 4] = [
    (
        "gchat",
        "gchat://ADDRESS/v1/spaces/AAAA/messages?key=AIzaKEY01&token=s3cr3tTOKEN",
        ["/v1/spaces/AAAA/messages?key=AIzaKEY01&token=s3cr3tTOKEN&requestId="; 2],
    ),
    ("ntfy", "ntfy://tk_s3cr3t@ADDRESS/jobs", ["/"; 2]),
    (
        "jira",
        "jira://ADDRESS/s3cr3t-0123",
        [
            "/jsm/ops/integration/v2/alerts",
            "/jsm/ops/integration/v2/alerts/load/close?identifierType=alias",
        ],
    ),
    (
        "opsgenie",
        "opsgenie://ADDRESS/s3cr3t-0123",
        ["/v2/alerts", "/v2/alerts/load/close?identifierType=alias"],
    ),
];

fn judge_word(name: &str, targets: [&str; 2], target: &str, body: &str) -> Answer {
    let refused = match name {
        "gchat" => google_chat::refuse(body),
        "ntfy" => ntfy::refuse(body),
        _ if target.contains("/close") => jsm::refuse_to_close(body),
        _ => jsm::refuse(body),
    };
    if !targets.iter().any(|known| target.starts_with(known)) {
        return (404, "", String::new());
    }
    let accepted = match name {
        "gchat" => (200, json!({ "name": "spaces/AAAA/messages/1" })),
        "ntfy" => (200, json!({ "id": "1", "event": "message" })),
        _ => (202, json!({ "result": "Request will be processed" })),
    };
    let (status, body) = refused.unwrap_or((accepted.0, accepted.1.to_string()));
    (status, "", body)
}

fn run_word(
    word: &str,
    service: &Service,
    folder: &Folder,
    outcomes: &[&str],
    seconds: &str,
) -> Ended {
    let address = service.address();
    let program = Program::new("services")
        .env("NOTIFY_ALERTS_URL", word.replace("ADDRESS", &address))
        .env("NOTIFY_EXIT_SECONDS", seconds)
        .directory(folder);
    let ended = outcomes.iter().fold(program, Program::arg).run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let files = folder.hidden_files().into_iter();
    let files = files.chain(folder.status_files());
    for (place, text) in files.chain([("stderr".to_owned(), ended.stderr.clone())]) {
        assert!(!text.contains(SECRET), "{place}: {text}");
    }
    ended
}

/// Issue 16, points 2 to 4.
#[test]
fn an_incident_of_a_service_that_a_word_names_is_opened_and_closed_as_one() {
    for (name, word, targets) in WORDS {
        let folder = Folder::new();
        let service = Service::new(move |_, target, body| judge_word(name, targets, target, body));
        for outcome in ["the disk is full", "the disk is gone", "ok"] {
            let ended = run_word(word, &service, &folder, &[outcome], "20");
            assert!(folder.waiting_alerts().is_empty(), "{name}: {ended:?}");
        }
        let posts = service.posts();
        // ntfy replaces its first message, which rings nobody: the reminder and the recovery are two more.
        let ntfy = ["/"; 5];
        let targets = match name {
            "ntfy" => &ntfy[..],
            _ => &[targets[0], targets[0], targets[1]],
        };
        assert_eq!(posts.len(), targets.len(), "{name}: {posts:?}");
        for (post, target) in posts.iter().zip(targets) {
            assert!((200..300).contains(&post.status), "{name}: {post:?}");
            assert!(post.target.starts_with(target), "{name}: {post:?}");
        }
        let of = |path: &str| -> BTreeSet<String> {
            let values = posts.iter().map(|post| post.body.pointer(path));
            values.flatten().map(Value::to_string).collect()
        };
        match name {
            "gchat" => {
                assert_eq!(of("/thread/threadKey").len(), 1, "{posts:?}");
                let in_thread = "messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD";
                assert!(posts.iter().all(|post| post.target.contains(in_thread)));
                let targets: BTreeSet<_> = posts.iter().map(|post| &post.target).collect();
                assert_eq!(
                    targets.len(),
                    3,
                    "a request has an id of its own: {posts:?}"
                );
            }
            "ntfy" => {
                assert_eq!(of("/sequence_id").len(), 1, "{posts:?}");
                let page = json!(service.url("/jobs"));
                for place in 0..posts.len() {
                    let is_further = [2, 4].contains(&place);
                    let body = &posts[place].body;
                    assert_eq!(body["sequence_id"].is_null(), is_further, "{posts:?}");
                    assert_eq!(body["click"] == page, is_further, "{posts:?}");
                }
            }
            _ => assert_eq!(of("/alias"), ["\"load\"".to_owned()].into()),
        }
    }
}

/// Issue 16, point 4: what is missing is named.
#[test]
fn a_service_that_a_word_names_and_that_has_to_be_mended_says_how() {
    for (index, status, said) in [
        (0, 404, "the space or its webhook was deleted"),
        (1, 403, "needs a token"),
        (2, 401, "is it that of an API integration?"),
        (3, 403, "may not create and close alerts"),
    ] {
        let (name, word, _) = WORDS[index];
        let folder = Folder::new();
        // An answer may repeat the secret.
        let body = "no: AIzaKEY01 s3cr3tTOKEN tk_s3cr3t s3cr3t-0123";
        let service = Service::new(move |_, _, _| (status, "", body.to_owned()));
        let ended = run_word(word, &service, &folder, &["the disk is full"], "2");
        assert!(ended.stderr.contains(said), "{name}: {}", ended.stderr);
        let counts = (service.posts().len(), folder.waiting_alerts().len());
        assert_eq!(counts, (1, 1), "{name}");
    }
}

/// Issue 16, point 4: a refused message is sent once more, and is short.
#[test]
fn a_service_that_a_word_names_and_that_refuses_a_message_gets_a_short_one() {
    for (name, word, targets) in WORDS {
        let folder = Folder::new();
        let service = Service::new(move |number, target, body| match number {
            0 => (if name == "jira" { 422 } else { 400 }, "", String::new()),
            _ => judge_word(name, targets, target, body),
        });
        run_word(word, &service, &folder, &["long"], "20");
        let posts = service.posts();
        assert_eq!(posts.len(), 2, "{name}");
        assert!((200..300).contains(&posts[1].status), "{name}: {posts:?}");
        let [long, short] = [0, 1].map(|number: usize| posts[number].body.to_string());
        assert!(
            short.len() < long.len() && short.contains("the first line of load"),
            "{short}"
        );
        assert!(folder.waiting_alerts().is_empty());
    }
}
