//! `pipeline-notify explain`, on what real runs have left behind.
#![cfg(all(feature = "cli", unix))]

use std::fs;
use std::path::Path;

use crate::support::command::{command, said};
use crate::support::status::shown;
use crate::support::{Answer, Folder, Program, Receiver};
use chrono::{Datelike as _, NaiveDate, TimeDelta, Utc};
use serde_json::Value;

/// The code and what is said, on both outputs.
fn explain(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = command(folder, &[&["explain"], arguments].concat());
    said(command.env("COLUMNS", "80").env("TZ", "UTC"))
}

fn json(folder: &Folder, arguments: &[&str]) -> Value {
    let (code, text) = explain(folder, &[arguments, &["--json"]].concat());
    assert_eq!(code, Some(0), "{text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Writes the text without its line breaks, as where they are depends on times and ids.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const JOB: &str = "pipeline-notify.incidents.load";

/// Ends a run of [`JOB`] in a process of its own.
fn ends(folder: &Folder, receiver: &Receiver, outcome: &str, settings: &[(&str, &str)]) {
    let mut program = Program::new("incidents")
        .arg(outcome)
        .directory(folder)
        .alerts_to(receiver)
        .env("NOTIFY_EXIT_SECONDS", "2");
    for (name, value) in settings {
        program = program.env(name, value);
    }
    program.run();
}

/// Nothing is sent twice within an hour.
const HOUR: &[(&str, &str)] = &[("NOTIFY_SILENT_SECONDS", "3600")];

#[test]
fn each_run_says_which_rule_decided_and_what_was_answered() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    for outcome in ["ok", "ok", "ok", "no route", "no route", "no disk"] {
        ends(&folder, &receiver, outcome, HOUR);
    }
    let (code, text) = explain(&folder, &[JOB]);
    assert_eq!(code, Some(0), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let flat = flat(&text);
    let mut rest = &*flat;
    for part in [
        JOB,
        "ERROR since ",
        "3 runs (UTC)",
        "no disk",
        "incident ",
        "OK sent: first run alert ",
        ", channel alerts: accepted ",
        " s later",
        "OK 2 runs until ",
        ", not sent: same status within silent_seconds",
        "ERROR sent: the status changed no route alert ",
        ", channel alerts: accepted ",
        "ERROR not sent: same status within silent_seconds",
        "ERROR sent: failing with another error no disk alert ",
        ", channel alerts: accepted ",
        "What comes next by the built-in rules, with silent_seconds 3600, ok_silent_hours 0.99, remind_hours 0.99 (those of the last run):",
        "- If it fails again before ",
        " UTC, nothing is sent: same status within silent_seconds.",
        "- If it fails with another error, an alert is sent: failing with another error",
        "- If it works, an alert is sent: the status changed.",
    ] {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
        rest = &rest[at + part.len()..];
    }

    let json = json(&folder, &[JOB]);
    let events = json["events"].as_array().unwrap();
    let delivered: Vec<_> = events.iter().map(|event| event["told"] == true).collect();
    assert_eq!(delivered, [true, false, true, false, true], "{json:#}");
    assert_eq!(events[1]["runs"], 2);
    assert_eq!(events[4]["answers"][0]["answer"], "accepted");
    assert_eq!(json["settings"]["silent_seconds"], 3600.0);
    assert_eq!(json["settings"]["known"], true);
    let alert = events[4]["alerts"][0].as_str().unwrap();
    assert!(text.contains(&format!("alert {alert}")), "{text}");
}

#[test]
fn an_alert_that_is_not_taken_waits_and_says_what_was_answered() {
    let folder = Folder::new();
    let receiver = Receiver::answering(|_| Answer::Status(503, "not now"));
    ends(&folder, &receiver, "no route", HOUR);
    let json = json(&folder, &[JOB]);
    let answers = json["events"][0]["answers"].as_array().unwrap();
    let words: Vec<_> = answers
        .iter()
        .map(|answer| answer["answer"].as_str())
        .collect();
    // Where the machine is busy, the exit may end a third try.
    let [Some(first), .., Some("waits")] = *words else {
        panic!("{json:#}")
    };
    assert!(
        first.starts_with("not now: ") && first.contains("503"),
        "{first}"
    );
    let (_, text) = explain(&folder, &[JOB]);
    assert!(flat(&text).contains("; then waits"), "{text}");
}

#[test]
fn an_alert_that_is_held_says_until_when_and_what_became_of_it() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let patient = &[("NOTIFY_SILENT_SECONDS", "3600"), ("AFTER", "3")];
    ends(&folder, &receiver, "ok", patient);
    ends(&folder, &receiver, "no route", patient);
    let (_, text) = explain(&folder, &[JOB]);
    let held = flat(&text);
    for part in [
        "an alert is held back until ",
        "ERROR not sent: fewer failures in a row than `after`",
        ", channel alerts: held back until ",
        ", after 3 (those of the last run)",
        "- The alert that is held back is sent ",
        "its alert is held back until ",
    ] {
        assert!(held.contains(part), "{part}: {text}");
    }
    ends(&folder, &receiver, "ok", patient);
    let (_, text) = explain(&folder, &[JOB]);
    let back = flat(&text);
    assert!(
        back.contains(", channel alerts: taken back: the job worked again"),
        "{text}"
    );
    assert!(
        back.contains("- If it fails, its alert is held back until "),
        "{text}"
    );
    assert_eq!(
        receiver.accepted().len(),
        1,
        "the first run alone is delivered"
    );
}

#[test]
fn what_was_in_force_at_a_time_is_marked() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    for outcome in ["ok", "no route", "ok", "no disk"] {
        ends(&folder, &receiver, outcome, HOUR);
    }
    let all = json(&folder, &[JOB]);
    for (number, event) in all["events"].as_array().unwrap().iter().enumerate() {
        let time = event["decided"].as_str().unwrap();
        let at = json(&folder, &[JOB, "--at", time]);
        let marked: Vec<_> = at["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["in_force"] == true)
            .collect();
        let expected: Vec<_> = (0..4).map(|other| other == number).collect();
        assert_eq!(marked, expected, "{at:#}");
        let (_, text) = explain(&folder, &[JOB, "--at", time]);
        let marked: Vec<_> = text.lines().filter(|line| line.starts_with("> ")).collect();
        let [heading, line] = *marked else {
            panic!("{text}")
        };
        assert!(heading.starts_with("> marks what was in force "), "{text}");
        assert!(line.contains(event["status"].as_str().unwrap()), "{text}");
    }
    let (_, text) = explain(&folder, &[JOB, "--at", "2018-08-12 09:05"]);
    assert!(
        flat(&text).contains("Nothing is known of Sun 2018-08-12 09:05:00"),
        "{text}"
    );
    // Samoa left out a day. Some systems have no zones.
    if Path::new("/usr/share/zoneinfo/Pacific/Apia").exists() {
        let at = ["explain", JOB, "--at", "2011-12-30 12:00"];
        let (_, text) = said(command(&folder, &at).env("TZ", "Pacific/Apia"));
        let words = "Nothing is known of Sat 2011-12-31 12:00:00";
        assert!(flat(&text).contains(words), "{text}");
    }
    let (code, text) = explain(&folder, &[JOB, "--at", "then"]);
    assert!(
        code == Some(2) && text.contains("`then` is not a time"),
        "{text}"
    );
}

#[test]
fn what_a_person_has_silenced_is_said_with_its_end_and_its_reason() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    ends(&folder, &receiver, "no route", &[]);
    let silence = [
        "silence", JOB, "--for", "2h", "--because", "the line is cut",
    ];
    let mut silence = command(&folder, &silence);
    let (code, said) = said(silence.env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook()));
    assert_eq!(code, Some(0), "{said}");
    let (_, text) = explain(&folder, &[JOB]);
    let flat = flat(&text);
    for part in [
        "silenced until ",
        ": the line is cut",
        "a person changed the status alert ",
        " UTC, nothing is sent: silenced by a person.",
        "- If it fails with another error, an alert is sent: ",
        "remind_hours 0.99 (those of the last run)",
    ] {
        assert!(flat.contains(part), "{part}: {text}");
    }
    let json = json(&folder, &[JOB]);
    assert_eq!(json["events"][1]["kind"], "person", "{json:#}");
}

#[test]
fn without_a_history_the_status_file_alone_speaks() {
    let folder = Folder::new();
    let ago = |minutes| shown(Utc::now() - TimeDelta::minutes(minutes));
    let article = format!("ERROR\n{}\netl :: load\n\nno route\n", ago(5));
    fs::write(folder.path().join("etl.load"), article).unwrap();
    let (code, text) = explain(&folder, &["etl.load"]);
    let flat = flat(&text);
    assert_eq!(code, Some(0), "{text}");
    for part in [
        "ERROR since ",
        "There is no history of it here. The status file does not say what was decided. The last alert was sent ",
        "(the defaults: the job's own are not known)",
        "- If it fails again, an alert is sent: still failing.",
    ] {
        assert!(flat.contains(part), "{part}: {text}");
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "looking makes nothing"
    );
}

/// The zone of now was written beside all times, and the quiet was not asked for.
#[test]
fn a_planned_quiet_is_said_and_each_time_with_the_zone_that_holds_then() {
    let this_year = Utc::now().year();
    for (month, clock, zone) in [(1, "01:00:00", "UTC+01:00"), (7, "02:00:00", "UTC+02:00")] {
        let folder = Folder::new();
        let status = format!("OK\n2020-{month:02}-15 12:00:00:000000 UTC\netl :: load\n");
        fs::write(folder.path().join("etl.load"), status).unwrap();
        let begins = NaiveDate::from_ymd_opt(this_year, 1, 1).unwrap();
        let ends = NaiveDate::from_ymd_opt(this_year + 2, month, 1).unwrap();
        let days = (ends - begins).num_days();
        let plan = format!("etl.* from {begins}T00:00Z for {days}d because it moves\n");
        folder.plan(".silences", "plan", &plan);
        let mut command = command(&folder, &["explain", "etl.load"]);
        let (code, text) = said(command.env("TZ", "CET-1CEST,M3.5.0,M10.5.0/3"));
        assert_eq!(code, Some(0), "{text}");
        let until = format!("{} {clock}", ends.format("%a %Y-%m-%d"));
        for part in [
            format!(" 1 run ({zone}"),
            format!("quiet until {until} (it moves)"),
            format!("- If it fails before {until} {zone}, nothing is sent: a planned quiet is on."),
        ] {
            assert!(flat(&text).contains(&part), "{part}: {text}");
        }
    }
}

#[test]
fn a_job_that_is_not_there_is_refused_with_names_that_are_near() {
    let folder = Folder::new();
    let status = format!("OK\n{}\netl :: load\n", shown(Utc::now()));
    for number in 0..1000 {
        fs::write(folder.path().join(format!("table.{number:03}")), "").unwrap();
    }
    fs::write(folder.path().join("etl.load"), status).unwrap();
    let (code, text) = explain(&folder, &["etl.laod"]);
    assert_eq!(code, Some(2));
    assert!(
        text.contains("no job `etl.laod` in ") && text.contains("did you mean `etl.load`?"),
        "{text}"
    );
    let (code, text) = explain(&folder, &["zzz"]);
    assert!(
        code == Some(2) && text.contains("`pipeline-notify status` shows all"),
        "{text}"
    );
    let (code, text) = explain(&folder, &["table.007"]);
    assert!(
        code == Some(2) && text.contains("not a status file"),
        "{text}"
    );
}

#[test]
fn a_history_that_is_damaged_or_hostile_is_shown_as_far_as_it_can_be() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    ends(&folder, &receiver, "no route", &[]);
    let hidden = fs::read_dir(folder.path().join(".pipeline-notify")).unwrap();
    let hidden = hidden.map(|entry| entry.unwrap().path()).next().unwrap();
    let history = hidden.join("history").join(JOB);
    let good = fs::read(&history).unwrap();
    let evil = b"answer\t2026-11-22 13:00:00:000000 UTC\tx\ty\tz\nran\t2026-13-22\nran\t2026-11-22 13:00:00:000000 UTC\tERROR\t\t1\ttold: \x1b[2J\ta\t\x1b]0;evil\x07\n\t\t\n";
    fs::write(&history, [&good[..], evil].concat()).unwrap();
    let (code, text) = explain(&folder, &[JOB, "--all"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("no route"), "{text}");
    // Issue 12, point 23: the whole of a sequence is gone.
    for obeyed in ["\x1b", "\x07", "[2J", "]0;"] {
        assert!(!text.contains(obeyed), "{text}");
    }
}
