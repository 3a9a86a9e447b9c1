//! The command `pipeline-notify`, run as a person or a monitor runs it.
#![cfg(all(feature = "cli", unix))]

mod support;

use std::fs;
use std::io::Read as _;
use std::process::{Command, Output, Stdio};

use chrono::{TimeDelta, Utc};
use serde_json::Value;
use support::Folder;

/// The command on a folder, with nothing else in its environment.
fn command(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipeline-notify"));
    command
        .env_clear()
        .args(arguments)
        .env("NOTIFYDIR", folder.path())
        .stdin(Stdio::null());
    command
}

fn run(folder: &Folder, arguments: &[&str]) -> Answer {
    Answer::of(command(folder, arguments).output().unwrap())
}

#[derive(Debug)]
struct Answer {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Answer {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Writes how it was some minutes ago.
fn ago(minutes: i64) -> String {
    let time = Utc::now() - TimeDelta::minutes(minutes);
    format!("{} UTC", time.format("%Y-%m-%d %H:%M:%S:%6f"))
}

/// Writes a status file: its job works since an hour, and last began so many minutes ago.
fn works(folder: &Folder, job: &str, minutes: i64) {
    let status = format!(
        "OK\n{}\netl::load :: {job}\ntook: 12.250 s\nsince: {}\nruns: 7\nalerted: {}\nhost: worker-3\npid: 4242\n",
        ago(minutes),
        ago(60),
        ago(60)
    );
    fs::write(folder.path().join(job), status).unwrap();
}

/// The same, of a job that fails.
fn fails(folder: &Folder, job: &str, error: &str) {
    let status = format!(
        "ERROR\n{}\netl::load :: {job}\ntook: 12.250 s\nsince: {}\nruns: 3\nalerted: {}\nincident: 7f3a91c2\nhost: worker-3\n\n{error}\n",
        ago(5),
        ago(125),
        ago(125)
    );
    fs::write(folder.path().join(job), status).unwrap();
}

#[test]
fn status_shows_a_folder_without_jobs_and_asks_for_one_that_is_there() {
    let folder = Folder::new();
    let empty = run(&folder, &["status"]);
    assert_eq!(empty.code, Some(0));
    assert!(empty.stdout.starts_with("no jobs in "), "{empty:?}");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "looking makes nothing"
    );
    let json = run(&folder, &["status", "--json"]).json();
    assert_eq!(json["jobs"], Value::Array(Vec::new()));

    let missing = folder.path().join("nowhere");
    let nowhere = run(&folder, &["status", "--dir", missing.to_str().unwrap()]);
    assert_eq!(nowhere.code, Some(2));
    assert!(nowhere.stderr.contains("--dir"), "{nowhere:?}");
    assert!(!missing.exists());
}

#[test]
fn status_shows_failing_jobs_first_and_what_is_known_of_each() {
    let folder = Folder::new();
    works(&folder, "a.works", 1);
    fails(
        &folder,
        "b.fails",
        "connection refused\n  caused by: \x1b[2J no route",
    );
    fs::write(folder.path().join("c.broken"), "no status").unwrap();
    let all = run(&folder, &["status"]);
    assert_eq!(all.code, Some(0));
    let lines: Vec<_> = all.stdout.lines().collect();
    let starts: Vec<_> = lines
        .iter()
        .map(|line| line.split("  ").next().unwrap())
        .collect();
    assert_eq!(
        starts,
        [
            "STATUS",
            "ERROR",
            "?",
            "OK",
            "3 jobs · 1 failed · 1 unreadable"
        ]
    );
    for part in [
        "b.fails",
        "2 h 5 min",
        "5 min",
        "12 s",
        "3",
        "worker-3",
        "connection refused",
    ] {
        assert!(lines[1].contains(part), "{part}: {all:?}");
    }
    assert!(!all.stdout.contains('\x1b'), "{all:?}");
}

#[test]
fn status_fits_eighty_columns_and_cuts_names_with_an_ellipsis() {
    let folder = Folder::new();
    let long = "etl.load.customers.of.the.northern.hemisphere.and.of.others.too";
    fails(&folder, long, &"x".repeat(200));
    works(&folder, "größe.läuft", 1);
    let narrow = command(&folder, &["status"])
        .env("COLUMNS", "80")
        .output()
        .unwrap();
    let narrow = Answer::of(narrow);
    assert!(narrow.stdout.contains('…'), "{narrow:?}");
    for line in narrow.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(
        run(&folder, &["status"]).stdout.contains(long),
        "a pipe has no width"
    );
}

#[test]
fn status_shows_the_jobs_that_are_named_and_misses_those_that_are_not_there() {
    let folder = Folder::new();
    for job in ["etl.load", "etl.save", "web.crawl", "g<i32>.f"] {
        works(&folder, &job.replace('<', "%3C").replace('>', "%3E"), 1);
    }
    let named = |arguments: &[&str]| {
        let answer = run(&folder, &[&["status", "--json"], arguments].concat());
        let json = answer.json();
        let jobs = json["jobs"].as_array().unwrap().iter();
        let jobs: Vec<_> = jobs
            .map(|job| job["job"].as_str().unwrap().to_owned())
            .collect();
        (answer.code, jobs.join(" "))
    };
    assert_eq!(named(&["etl.*"]), (Some(0), "etl.load etl.save".to_owned()));
    assert_eq!(
        named(&["g<i32>.f", "*crawl"]),
        (Some(0), "g<i32>.f web.crawl".to_owned())
    );
    assert_eq!(
        named(&["etl.load", "nope"]),
        (Some(1), "etl.load".to_owned())
    );
    assert_eq!(named(&["x*"]), (Some(1), String::new()));
    let missing = run(&folder, &["status", "nope"]);
    assert!(missing.stderr.contains("no job `nope`"), "{missing:?}");
}

#[test]
fn ten_thousand_jobs_are_shown_and_a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new();
    for number in 0..10_000 {
        works(&folder, &format!("etl.load.table{number:05}"), 1);
    }
    fails(&folder, "etl.load.last", "no");
    let all = run(&folder, &["status"]);
    assert_eq!((all.code, all.stdout.lines().count()), (Some(0), 10_003));
    assert_eq!(
        run(&folder, &["status", "--json"]).json()["jobs"]
            .as_array()
            .unwrap()
            .len(),
        10_001
    );

    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["status", "--watch"],
    ] {
        let mut child = command(&folder, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 10]).unwrap();
        drop(stdout);
        let answer = Answer::of(child.wait_with_output().unwrap());
        assert_eq!(
            (answer.code, answer.stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}
