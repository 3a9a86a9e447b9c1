//! Issue 17, points 1 and 3: what the command shows of a job with a rule, facts, an owner and a runbook.
#![cfg(all(feature = "cli", unix))]

use std::fs;
use std::path::Path;

use crate::support::{Ended, Folder, Program, Receiver, eventually};
use serde_json::Value;

/// Runs the program with a rule once.
fn run(folder: &Folder, rule: &str, outcome: &str) {
    let program = Program::new("rules").directory(folder);
    let program = program.env("RULE", rule).env("MESSAGE", "");
    program
        .env("NOTIFY_SILENT_SECONDS", "0")
        .env("NOTIFY_OK_SILENT_HOURS", "never")
        .alerts_to(&Receiver::new())
        .arg(outcome)
        .run();
}

fn command(folder: &Folder, arguments: &[&str]) -> Ended {
    let command = Path::new(env!("CARGO_BIN_EXE_pipeline-notify"));
    let program = Program::new("rules").directory(folder);
    program.at(command, arguments).run()
}

#[test]
fn the_command_shows_who_silenced_a_job_and_what_its_runs_said() {
    let folder = Folder::new();
    for outcome in ["ok", "disk", "network"] {
        run(&folder, "silent", outcome);
    }
    let status = command(&folder, &["status"]).stdout;
    assert!(
        status.contains("(silenced by its rule: never mind)"),
        "{status}"
    );
    assert!(status.contains("1 silenced"), "{status}");
    let check = command(&folder, &["check"]);
    assert_eq!(check.code, Some(1), "{check:?}");
    let words = "load: silenced by its rule (never mind), has failed";
    assert!(check.stdout.contains(words), "{check:?}");
    let explain = command(&folder, &["explain", "load"]).stdout;
    for words in [
        "silenced by the program's rule: never mind",
        "owner team-data",
        "runbook https://wiki.example.com/load",
        "by the program's rule: never mind",
        "outcome ok\n",
        "outcome disk\n",
        "outcome network\n",
    ] {
        assert!(explain.contains(words), "{words}: {explain}");
    }
    let json: Value =
        serde_json::from_str(&command(&folder, &["status", "--json"]).stdout).unwrap();
    let job = &json["jobs"][0];
    assert_eq!(job["silenced_by_rule"], "never mind");
    assert_eq!(
        (&job["owner"], &job["facts"]["outcome"]),
        (&"team-data".into(), &"network".into())
    );
    let page = folder.path().join(".page.html");
    command(&folder, &["page", "-o", page.to_str().unwrap()]);
    let page = fs::read_to_string(page).unwrap();
    assert!(
        page.contains("<div class=facts><span>outcome network</span>"),
        "{page}"
    );
    let runbook = "<a class=tag rel=noreferrer href=\"https://wiki.example.com/load\">runbook</a>";
    assert!(page.contains(runbook), "{page}");
}

/// Point 3: the last numbers of a fact are a line on the page.
#[test]
fn numbers_that_runs_said_are_a_line_on_the_page() {
    let folder = Folder::new();
    for rows in [3, 44, 7] {
        run(&folder, "", &format!("facts rows {rows}"));
    }
    let page = folder.path().join(".page.html");
    command(&folder, &["page", "-o", page.to_str().unwrap()]);
    let page = fs::read_to_string(page).unwrap();
    let line = "rows 7<svg role=img aria-label=\"the last 3 values of rows: from 3 to 44\"";
    assert!(page.contains(line), "{page}");
}

/// Issue 17, point 1: later alerts of an incident go to the channel of the first one, those about what a person does
/// too, and what is sent when that is over.
#[test]
fn what_a_person_does_about_a_failure_is_sent_where_the_failure_was() {
    let folder = Folder::new();
    let [own, platform] = [(); 2].map(|()| Receiver::new());
    let program = || {
        let json = platform.json_webhook();
        let program = Program::new("rules").directory(&folder);
        let program = program.alerts_as_json_to(&own).env("MESSAGE", "");
        program
            .env("NOTIFY_PLATFORM_URL", json)
            .env("NOTIFY_SILENT_SECONDS", "0")
            .env("NOTIFY_OK_SILENT_HOURS", "never")
    };
    let command = Path::new(env!("CARGO_BIN_EXE_pipeline-notify"));
    let does = |arguments: &[&str]| {
        let ended = program().at(command, arguments).run();
        assert_eq!(ended.code, Some(0), "{ended:?}");
    };
    let fails = || program().env("RULE", "to platform").arg("disk").run();
    fails();
    does(&["silence", "load", "--for", "1h"]);
    // It keeps the silence, and says again what its own channel is.
    fails();
    let (file, status) = (folder.path().join("load"), folder.status_file("load"));
    let (_, until) = status.split_once("silenced: error ").unwrap();
    let (_, until) = until.split_once(" until ").unwrap();
    fs::write(
        &file,
        status.replace(until, &format!("2020{}", &until[4..])),
    )
    .unwrap();
    let watch = program().at(command, &["watch"]).command().spawn();
    let mut watch = watch.unwrap();
    let words = "the silence is over, and the job still fails";
    eventually("the end of the silence is sent", || {
        let requests = platform.requests().into_iter();
        { requests }.any(|request| request.payload().to_string().contains(words))
    });
    // What is not known to be accepted would be sent once more.
    eventually("it is accepted", || folder.waiting_alerts().is_empty());
    watch.kill().unwrap();
    watch.wait().unwrap();
    does(&["ack", "load", "--because", "I am at it"]);
    does(&["forget", "load"]);
    let heard = platform.alerts().into_iter();
    let kinds: Vec<_> = heard.map(|alert| alert["kind"].clone()).collect();
    let expected = [
        "failed", "still_failing", "still_failing", "still_failing", "recovered",
    ];
    assert_eq!(
        kinds, expected,
        "failed, silenced, over, acknowledged, retired"
    );
    assert_eq!(own.requests().len(), 0);
}
