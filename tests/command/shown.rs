//! Issue 17, points 1 and 3: what the command shows of a job with a rule, facts, an owner and a runbook.
#![cfg(all(feature = "cli", unix))]

use std::fs;
use std::path::Path;

use crate::support::{Ended, Folder, Program, Receiver};
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
