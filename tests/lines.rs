//! Issue 17, points 4 and 5: what a run was doing: its last log lines, its beginning, how far it has come.
#![cfg(all(feature = "cli", unix))]

mod support;

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;
use support::command::command;
use support::{Ended, Folder, Program, Receiver, eventually};

/// Runs the program in one of its ways, and returns what came as JSON.
fn run(folder: &Folder, way: &str) -> (Ended, Vec<Value>) {
    let receiver = Receiver::new();
    let program = Program::new("lines").directory(folder).arg(way);
    let program = program.env("NOTIFY_SILENT_SECONDS", "0");
    let ended = program.alerts_as_json_to(&receiver).run();
    (ended, receiver.alerts())
}

/// The lines below the heading, without their times.
fn lines(status: &str) -> Vec<String> {
    let (_, lines) = status
        .split_once("\n\nlast log lines:\n")
        .unwrap_or_default();
    let lines = lines.lines().map(|line| {
        let (time, line) = line.split_once(' ').unwrap();
        let is_digit = |(at, c): (usize, char)| match at {
            2 | 5 => c == ':',
            8 => c == '.',
            _ => c.is_ascii_digit(),
        };
        assert!(
            time.len() == 12 && time.chars().enumerate().all(is_digit),
            "{time}"
        );
        line.to_owned()
    });
    lines.collect()
}

/// What was logged of the program's runs: each line names its run.
fn said(status: &str) -> Vec<String> {
    let lines = lines(status).into_iter();
    lines
        .map(|line| line.split_once(": ").unwrap().1.to_owned())
        .collect()
}

/// Nothing of one run is among the lines of another, and nothing is missing.
#[test]
fn lines_of_concurrent_runs_never_mix() {
    let folder = Folder::new();
    run(&folder, "tasks");
    for number in 0..8 {
        let status = folder.status_file(&format!("task.{number}"));
        let said = said(&status);
        let own = format!("run {number} ");
        assert!(said.iter().all(|line| line.starts_with(&own)), "{status}");
        for (what, count) in [("line", 20), ("task", 5), ("thread", 5), ("is over", 1)] {
            let what = format!("run {number} {what}");
            let found = said.iter().filter(|line| line.starts_with(&what)).count();
            assert_eq!(found, count, "{what} of {status}");
        }
    }
    run(&folder, "threads");
    for number in 0..4 {
        let expected: Vec<_> = (50..100)
            .map(|line| format!("run {number} line {line}"))
            .collect();
        assert_eq!(
            said(&folder.status_file(&format!("thread.{number}"))),
            expected
        );
    }
}

#[test]
fn of_a_million_lines_the_last_fifty_are_kept() {
    let folder = Folder::new();
    let (_, alerts) = run(&folder, "million");
    let expected: Vec<_> = (999_950..1_000_000)
        .map(|line| format!("line {line}"))
        .collect();
    let status = folder.status_file("million");
    assert_eq!(said(&status), expected);
    assert!(status.contains("\nlog-lines: 50\n"));
    assert_eq!(alerts[0]["log_lines"].as_array().unwrap().len(), 50);
}

#[test]
fn a_line_of_no_run_is_of_the_one_that_is_alone_and_else_of_none() {
    let folder = Folder::new();
    let (_, alerts) = run(&folder, "outside");
    let said: Vec<_> = alerts
        .iter()
        .map(|alert| {
            let lines = alert["log_lines"].as_array().unwrap().iter();
            let lines: Vec<_> = lines
                .map(|line| line.as_str().unwrap().to_owned())
                .collect();
            (alert["job"].as_str().unwrap(), lines)
        })
        .collect();
    let of = |number: usize| {
        (
            said[number].0,
            said[number]
                .1
                .iter()
                .map(|line| line.split_once("lines: ").unwrap().1)
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(of(0), ("alone", vec!["while one run is under way"]));
    assert_eq!(of(1), ("second", vec![]));
    assert_eq!(of(2), ("alone", vec!["before the second has begun"]));
}

#[test]
fn a_line_says_when_how_bad_where_what_and_with_which_fields() {
    let folder = Folder::new();
    let (_, alerts) = run(&folder, "fails");
    let expected = [
        "INFO etl: reading rows=44 file=orders.csv",
        "WARN etl: no price in row 7",
    ];
    let status = folder.status_file("one");
    assert_eq!(lines(&status), expected);
    // Below the error, and in the text for people, too.
    assert!(
        status.contains("\n\nit failed\n\nlast log lines:\n"),
        "{status}"
    );
    let text = alerts[0]["text"].as_str().unwrap();
    assert!(text.contains("\nit failed\n\nlast log lines:\n"), "{text}");
    assert_eq!(alerts[0]["error"], "it failed");

    run(&folder, "ok");
    let status = folder.status_file("one");
    assert!(
        status.starts_with("OK\n") && !status.contains("log"),
        "{status}"
    );
    run(&folder, "panic");
    assert_eq!(lines(&folder.status_file("one")).len(), 1);
}

#[test]
fn a_secret_is_hidden_and_no_line_moves_a_cursor_or_holds_two() {
    for (way, expected) in [
        (
            "secret",
            ["WARN lines: POST [hidden] failed", "WARN lines: red and"],
        ),
        ("half", ["WARN lines: xxx", "WARN lines: xxx"]),
    ] {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        let program = Program::new("lines").directory(&folder).arg(way);
        program.alerts_to(&receiver).run();
        let status = folder.status_file("one");
        let lines = lines(&status);
        for expected in expected {
            let is_there = lines.iter().any(|line| line.starts_with(expected));
            assert!(is_there, "{expected} in {status}");
        }
        let shown = status + &receiver.requests()[0].body;
        for secret in ["s3cr3t", "T000", "services", "\u{1b}", "\u{202e}"] {
            assert!(!shown.contains(secret), "{secret:?} in {shown}");
        }
    }
}

#[test]
fn a_bad_logger_and_a_bad_value_do_no_harm() {
    for (way, lines_left) in [("logs", 2), ("runs", 2), ("bad", 3), ("long", 1)] {
        let folder = Folder::new();
        let (ended, alerts) = run(&folder, way);
        assert_eq!(ended.code, Some(0), "{way}: {ended:?}");
        let status = folder.status_file("one");
        assert!(status.contains("\n\nit failed\n"), "{status}");
        assert_eq!(lines(&status).len(), lines_left, "{way}: {status}");
        assert!(!status.contains("from inside"), "{status}");
        assert!(alerts.iter().any(|alert| alert["job"] == "one"));
    }
    // A panic of the logger is the program's, as without us.
    let folder = Folder::new();
    let (ended, _) = run(&folder, "panics");
    assert_eq!(ended.code, Some(101));
    let status = folder.status_file("one");
    assert!(status.contains("the logger panicked"), "{status}");
    assert_eq!(lines(&status).len(), 2);
}

#[test]
fn no_lock_is_held_while_a_value_is_shown() {
    let folder = Folder::new();
    let (ended, _) = run(&folder, "held");
    assert_eq!(ended.code, Some(0));
    let status = folder.status_file("held");
    assert_eq!(
        said(&status),
        ["while it is shown", "from another thread", "a chatty value"]
    );
    assert!(status.contains("\nfact.shown: 1\n"));
}

#[test]
fn what_a_run_inside_logs_is_of_those_around_it_and_of_no_ok() {
    let folder = Folder::new();
    run(&folder, "nested");
    let outer = folder.status_file("outer");
    assert_eq!(said(&outer), ["before it", "in the inner run", "behind it"]);
    assert!(!folder.status_file("works").contains("log"));
}

/// What it was doing is what people ask first of a run that hangs.
#[test]
fn the_alert_of_a_run_that_is_overdue_shows_its_lines() {
    let folder = Folder::new();
    let (_, alerts) = run(&folder, "overdue");
    assert_eq!(alerts[0]["kind"], "overdue");
    let line = alerts[0]["log_lines"][0].as_str().unwrap();
    assert!(line.ends_with("INFO lines: reading without end"), "{line}");
    // And how far it is.
    let error = alerts[0]["error"].as_str().unwrap();
    assert!(error.starts_with("still running after "), "{error}");
    assert!(error.contains(" seconds: 45 %"), "{error}");
}

/// What hangs may be a run inside the one whose time is limited.
#[test]
fn the_alert_of_a_run_that_is_overdue_shows_what_a_run_inside_it_says() {
    let (_, alerts) = run(&Folder::new(), "overdue around");
    assert_eq!(alerts[0]["kind"], "overdue");
    let lines = alerts[0]["log_lines"].as_array().unwrap().iter();
    let lines: Vec<_> = lines
        .map(|line| line.as_str().unwrap().split_once("lines: ").unwrap().1)
        .collect();
    assert_eq!(lines, ["before it", "reading without end"]);
    let error = alerts[0]["error"].as_str().unwrap();
    assert!(error.contains(" seconds: 45 %"), "{error}");
}

/// Those around it end with it, and what was logged in it was logged in them.
#[test]
fn of_runs_that_an_exit_ends_the_outer_ones_show_what_those_inside_have_logged() {
    let folder = Folder::new();
    let (ended, _) = run(&folder, "exits inside");
    assert_eq!(ended.code, Some(3));
    for (job, expected) in [
        ("exits.inside", &["in the inner run"][..]),
        ("within", &["in the inner run"]),
        ("exits", &["before it", "in the inner run"]),
    ] {
        assert_eq!(said(&folder.status_file(job)), expected, "{job}");
    }
}

fn kinds(alerts: &[Value]) -> Vec<(&str, &str)> {
    let alerts = alerts.iter();
    alerts
        .map(|alert| {
            (
                alert["job"].as_str().unwrap(),
                alert["kind"].as_str().unwrap(),
            )
        })
        .collect()
}

/// Point 5.
#[test]
fn the_beginning_of_a_run_is_sent_where_that_is_asked_for() {
    let folder = Folder::new();
    let (_, alerts) = run(&folder, "started");
    let mut sent = kinds(&alerts);
    sent.sort_unstable();
    assert_eq!(
        sent,
        [("one", "ok"), ("started", "failed"), ("started", "started")]
    );
    let begun = alerts
        .iter()
        .find(|alert| alert["kind"] == "started")
        .unwrap();
    assert_eq!(
        (&begun["error"], &begun["took_seconds"]),
        (&"".into(), &Value::Null)
    );
    assert!(
        begun["summary"]
            .as_str()
            .unwrap()
            .starts_with("▸ started started on ")
    );
    // A second one is sent while the job fails: that is no end of it, and no recovery.
    let (_, alerts) = run(&folder, "started");
    let begun = alerts
        .iter()
        .find(|alert| alert["kind"] == "started")
        .unwrap();
    assert_eq!(begun["outage"], Value::Null);
    assert!(folder.status_file("started").starts_with("ERROR\n"));
    // Of all jobs, but for runs inside others.
    let (_, alerts) = run(&Folder::new(), "started by config");
    let mut sent = kinds(&alerts);
    sent.sort_unstable();
    assert_eq!(
        sent,
        [
            ("configured", "ok"),
            ("configured", "started"),
            ("one", "ok")
        ]
    );
}

/// Point 5: a run inside says how far it is, and who looks sees the run around it.
#[test]
fn how_far_a_run_is_can_be_seen_meanwhile_and_is_known_of_one_that_is_killed() {
    let folder = Folder::new();
    let program = Program::new("lines").directory(&folder).arg("slow");
    let mut child = program.command().spawn().unwrap();
    let status = |options: &[&str]| {
        let mut command = command(&folder, &[&["status"], options].concat());
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let run = || {
        let view: Value = serde_json::from_str(&status(&["--json"])).unwrap();
        view["runs"][0].clone()
    };
    eventually("the progress is written down", || {
        run()["progress"]["done"] == 45
    });
    assert_eq!(
        (&run()["job"], &run()["progress"]["total"]),
        (&"slow".into(), &100.into())
    );
    let table = status(&[]);
    assert!(table.contains(", 45 %"), "{table}");
    let mut watch = command(&folder, &["watch"]);
    let mut watch = watch.stderr(Stdio::piped()).spawn().unwrap();
    let mut words = String::new();
    let said = watch.stderr.take().unwrap();
    BufReader::new(said).read_line(&mut words).unwrap();
    watch.kill().unwrap();
    watch.wait().unwrap();
    assert!(words.contains(", 1 run under way: slow 45 %"), "{words}");
    child.kill().unwrap();
    child.wait().unwrap();
    let (_, alerts) = self::run(&folder, "ok");
    let died = alerts.iter().find(|alert| alert["job"] == "slow").unwrap();
    assert_eq!(died["facts"]["rows"], "44");
    assert!(
        died["notes"]
            .as_array()
            .unwrap()
            .contains(&"it had come to 45 %".into()),
        "{died}"
    );
    assert!(folder.status_file("slow").contains("\nfact.rows: 44\n"));
}

#[cfg(feature = "tracing")]
#[test]
fn events_of_tracing_are_of_the_run_on_their_thread_or_of_their_span() {
    let folder = Folder::new();
    run(&folder, "tracing");
    let expected = [
        "INFO etl: reading rows=44 file=orders.csv",
        "WARN etl: row 7 error=no price",
        "INFO etl: a message that is a field file=orders.csv",
    ];
    assert_eq!(lines(&folder.status_file("one")), expected);
    // A line that goes from `log` to `tracing`, both of which keep lines, is one.
    run(&folder, "bridged twice");
    assert_eq!(lines(&folder.status_file("one")).len(), 2);
    for way in ["tracing threads", "tracing one thread", "tracing inside"] {
        let folder = Folder::new();
        run(&folder, way);
        for number in 0..8 {
            let status = folder.status_file(&format!("task.{number}"));
            let said = said(&status);
            let own = format!("run {number} ");
            assert!(
                said.iter().all(|line| line.starts_with(&own)),
                "{way}: {status}"
            );
            assert_eq!(said.len(), 21, "{way}: {status}");
        }
    }
}
