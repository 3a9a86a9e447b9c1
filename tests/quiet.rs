//! Planned quiet, and failures that somebody is at, by the command as people and deployment tools use it
//! (issue 18, points 3 and 4).
#![cfg(all(feature = "cli", unix))]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::{Folder, Receiver, Running, eventually};

/// A notify directory, a receiver of its alerts, and the settings of whoever sends to it.
struct Place {
    folder: Folder,
    receiver: Receiver,
    settings: Vec<(&'static str, &'static str)>,
}

impl Place {
    fn new(settings: &[(&'static str, &'static str)]) -> Self {
        Self {
            folder: Folder::new(),
            receiver: Receiver::new(),
            settings: settings.to_vec(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let webhook = self.receiver.json_webhook();
        let mut command = support::command::command(&self.folder, arguments);
        command
            .env("USER", "anna")
            .env("TZ", "UTC")
            .env("NOTIFY_ALERTS_URL", webhook)
            .env("NOTIFY_OK_SILENT_HOURS", "never")
            .envs(self.settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn call(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command says, and its exit code.
    fn say(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.call(arguments);
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(text).unwrap(),
        )
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_slice(&self.call(&arguments).stdout).unwrap()
    }

    fn run(&self, job: &str, script: &str) -> String {
        let output = self.call(&["run", "--name", job, "--", "sh", "-c", script]);
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Writes a file as a deployment tool does.
    fn plan(&self, name: &str, content: &str) -> PathBuf {
        self.folder.plan(".silences", name, content)
    }

    /// What came, in the order in which it did.
    fn alerts(&self) -> Vec<Value> {
        // A watch that is killed may send one again: it is the same by its id.
        let mut known = std::collections::BTreeSet::new();
        let alerts = self.receiver.alerts().into_iter();
        alerts
            .filter(|alert| known.insert(alert["id"].to_string()))
            .collect()
    }

    /// The same in two words each.
    fn heard(&self) -> Vec<String> {
        let word = |alert: &Value, key: &str| alert[key].as_str().unwrap_or_default().to_owned();
        let alerts = self.alerts().into_iter();
        alerts
            .map(|alert| format!("{} {}", word(&alert, "job"), word(&alert, "kind")))
            .collect()
    }

    /// A watch that ends with the test.
    fn watch(&self) -> Running {
        Running(self.command(&["watch", "--every", "0.2s"]).spawn().unwrap())
    }
}

const FAILS: &str = "echo 'no route' >&2; exit 3";

/// A line of a window that is open from two hours ago for ten years.
fn open(jobs: &str) -> String {
    format!("{jobs} from 2026-01-01T00:00Z for 520w because the database moves\n")
}

#[test]
fn in_a_planned_quiet_nothing_is_sent_but_recoveries_and_what_lasts_is_sent_once_at_its_end() {
    let place = Place::new(&[]);
    place.run("etl.before", FAILS);
    let (code, said) = place.say(&["silence", "etl.*", "--for", "4h", "--because", "it moves"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("etl.* is quiet until ") && said.contains(": 1 job at present"),
        "{said}"
    );
    // One that is there, one that is not yet, one that fails otherwise, and one of another name.
    place.run("etl.before", "exit 4");
    place.run("etl.new", FAILS);
    place.run("etl.new", "exit 5");
    place.run("etl.works", "true");
    place.run("web.load", FAILS);
    assert_eq!(place.heard(), ["etl.before failed", "web.load failed"]);
    place.run("etl.before", "true");
    assert_eq!(place.heard()[2..], ["etl.before recovered"]);
    assert!(
        place
            .folder
            .status_file("etl.new")
            .contains("\nquiet: until 2")
    );

    let _watch = place.watch();
    let (code, said) = place.say(&["unsilence", "etl.*"]);
    assert_eq!((code, &*said), (0, "1 planned quiet of etl.* ended\n"));
    eventually("what still fails is sent", || place.heard().len() == 4);
    assert_eq!(place.heard()[3], "etl.new still_failing");
    let text = place.alerts()[3]["text"].as_str().unwrap().to_owned();
    assert!(
        text.contains("a planned quiet was on until ")
            && text.contains("it moves; the quiet is over, and the job still fails"),
        "{text}"
    );
    // Once: a watch begun anew has nothing to add.
    let _another = place.watch();
    place.run("other", FAILS);
    eventually("another failure is sent", || place.heard().len() == 5);
    assert_eq!(place.heard()[4], "other failed");
    place.run("etl.new", "true");
    assert_eq!(place.heard()[5], "etl.new recovered");
}

/// The run is over, so `watch` says for it whom a failure mentions, and where this is.
#[test]
fn what_is_sent_at_the_end_of_a_planned_quiet_mentions_whom_the_failure_does_and_has_the_context() {
    let place = Place::new(&[("NOTIFY_CONTEXT", "prod")]);
    place.call(&["silence", "etl", "--for", "4h", "--all"]);
    place.call(&[
        "run", "--name", "etl", "--mention", "U123", "--", "sh", "-c", FAILS,
    ]);
    assert!(
        place
            .folder
            .status_file("etl")
            .contains("\nmention: U123\n")
    );
    let _watch = place.watch();
    place.call(&["unsilence", "etl"]);
    eventually("what still fails is sent", || place.heard().len() == 1);
    let alert = &place.alerts()[0];
    assert_eq!(
        (&alert["mention"], &alert["facts"]["context"]),
        (&"U123".into(), &"prod".into()),
        "{alert}"
    );
    assert!(!place.folder.status_file("etl").contains("mention: "));
}

#[test]
fn missed_runs_overdue_runs_and_deaths_are_withheld_as_well() {
    let place = Place::new(&[("NOTIFY_SILENT_SECONDS", "0")]);
    for job in ["a.missed", "b.missed"] {
        place.call(&["run", "--name", job, "--every-hours", "1", "--", "true"]);
        let file = place.folder.path().join(job);
        let status = fs::read_to_string(&file).unwrap();
        let (_, rest) = status.split_once(" UTC\n").unwrap();
        fs::write(&file, format!("OK\n2026-01-01 00:00:00:000000 UTC\n{rest}")).unwrap();
    }
    let plan = place.plan("release", &open("a.*"));
    // Both are looked at in one look, in this order.
    let watch = place.watch();
    eventually("the other is sent", || {
        place.heard() == ["b.missed overdue"]
    });
    drop(watch);

    place.call(&[
        "run", "--name", "a.slow", "--overdue-minutes", "0.002", "--", "sleep", "0.6",
    ]);
    let mut dies = place
        .command(&["run", "--name", "a.dies", "--", "sleep", "60"])
        .spawn()
        .unwrap();
    eventually("it is under way", || {
        place.say(&["status"]).1.contains("a.dies  ")
    });
    dies.kill().unwrap();
    dies.wait().unwrap();
    place.run("other", FAILS);
    eventually("the death is found", || {
        place.folder.path().join("a.dies").exists()
    });
    assert!(
        place
            .folder
            .status_file("a.dies")
            .contains("not sent: a planned quiet is on")
    );
    assert_eq!(place.heard(), ["b.missed overdue", "other failed"]);

    fs::remove_file(plan).unwrap();
    let _watch = place.watch();
    eventually("what still fails, and is still missing, is sent", || {
        place.heard().len() == 4
    });
    let mut heard = place.heard()[2..].to_vec();
    heard.sort();
    assert_eq!(heard, ["a.dies still_failing", "a.missed overdue"]);
}

#[test]
fn an_alert_that_was_held_and_is_due_in_a_planned_quiet_leaves_at_its_end() {
    let place = Place::new(&[
        ("NOTIFY_SILENT_SECONDS", "0"),
        ("NOTIFY_REMIND_HOURS", "0.0001"),
    ]);
    let mut attempt = place.command(&["run", "--name", "etl", "--", "false"]);
    attempt.env("NOTIFY_ATTEMPT", "1/3").output().unwrap();
    let plan = place.plan("release", &open("etl"));
    // Its due time, a third of a second.
    std::thread::sleep(std::time::Duration::from_millis(600));
    place.run("other", "true");
    place.run("etl", FAILS);
    assert_eq!(place.heard(), Vec::<String>::new());
    fs::remove_file(plan).unwrap();
    place.run("other", "true");
    assert_eq!(place.heard().len(), 1, "{:?}", place.heard());
}

#[test]
fn files_count_if_nobody_else_may_write_them_and_a_wrong_line_is_a_warning() {
    let place = Place::new(&[]);
    place.plan(
        "release",
        &format!(
            "# By the release.\n{}nonsense\n{}",
            open("etl.*"),
            open("web.load")
        ),
    );
    let theirs = place.plan("theirs", &open("theirs"));
    fs::set_permissions(theirs, fs::Permissions::from_mode(0o666)).unwrap();
    // A run of which nothing would be sent does not look.
    assert_eq!(place.run("etl.works", "true"), "");
    let warned = place.run("etl.load", FAILS);
    assert!(
        warned.contains("release`: line 3: write PATTERN from TIME for LENGTH"),
        "{warned}"
    );
    assert!(
        warned.contains("theirs`: other users may write to it"),
        "{warned}"
    );
    place.run("web.load", FAILS);
    place.run("theirs", FAILS);
    assert_eq!(place.heard(), ["theirs failed"]);

    // Root may give a file away, and one of another user's is about that user's jobs.
    let other = place.plan("other", &open("given"));
    if chown(&other, Some(12_345), None).is_ok() {
        place.run("given", FAILS);
        assert_eq!(place.heard()[1..], ["given failed"]);
    }
    let (code, said) = place.say(&["unsilence", "etl.*"]);
    assert_eq!(code, 2);
    assert!(
        said.contains("stands in `") && said.contains("/.silences/release`"),
        "{said}"
    );
}

#[test]
fn check_warns_with_the_end_of_a_planned_quiet_and_never_says_unknown() {
    let place = Place::new(&[]);
    let (code, said) = place.say(&["check"]);
    assert_eq!(code, 3, "{said}");
    place.call(&[
        "silence", "etl.*", "--until", "2035-01-02 03:04", "--because", "it moves",
    ]);
    for arguments in [&["check"][..], &["check", "etl.new"], &["check", "etl.*"]] {
        let (code, said) = place.say(arguments);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("quiet until 2035-01-02 03:04 UTC"), "{said}");
    }
    assert_eq!(place.say(&["check", "web.new"]).0, 3);
    place.run("etl.load", FAILS);
    place.run("web.load", "true");
    fs::write(place.folder.path().join("etl.broken"), "no status").unwrap();
    let checked = place.json(&["check", "etl.*"]);
    assert_eq!(checked["state"], "WARNING", "{checked}");
    assert_eq!(checked["counts"]["quiet"], 1);
    assert_eq!(place.say(&["check", "web.load"]).0, 0);

    // All that shows it.
    let (_, status) = place.say(&["status"]);
    assert!(
        status.contains("Planned quiet:\n  etl.*: quiet until 2035-01-02 03:04 UTC (it moves)"),
        "{status}"
    );
    assert_eq!(
        place.json(&["status"])["jobs"][0]["quiet_because"],
        "it moves"
    );
    let page = place.folder.path().join(".page.html");
    place.call(&["page", "-o", page.to_str().unwrap()]);
    let page = fs::read_to_string(page).unwrap();
    assert!(
        page.contains("<h2>Planned quiet</h2>") && page.contains("<span class=tag>quiet until"),
        "{page}"
    );
}

#[test]
fn what_is_planned_is_listed_and_comes_again_by_the_clock_of_the_host() {
    let place = Place::new(&[]);
    let plan = |arguments: &[&str]| {
        let arguments = [&["silence"], arguments].concat();
        let mut command = place.command(&arguments);
        let output = command.env("TZ", "Europe/Berlin").output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    plan(&[
        "etl.*", "--from", "2030-01-03 22:00", "--for", "4h", "--repeat", "weekly",
    ]);
    plan(&[
        "web load", "--from", "2030-07-03 22:00", "--until", "23:30", "--because", "a \"test\"",
    ]);
    let listed = place.json(&["silence", "--list"]);
    let planned = listed["planned"].as_array().unwrap();
    let seen: Vec<_> = planned
        .iter()
        .map(|window| {
            ["jobs", "from", "until", "repeat", "by", "because"]
                .map(|key| window[key].as_str().unwrap_or("-"))
        })
        .collect();
    assert_eq!(
        seen,
        [
            [
                "etl.*",
                "2030-01-03T21:00:00.000000Z",
                "2030-01-04T01:00:00.000000Z",
                "weekly",
                "anna",
                "-"
            ],
            [
                "web load",
                "2030-07-03T20:00:00.000000Z",
                "2030-07-03T21:30:00.000000Z",
                "-",
                "anna",
                "a \"test\""
            ],
        ]
    );
    let (code, said) = place.say(&["silence", "--list"]);
    assert_eq!(code, 0);
    assert!(
        said.contains(
            "etl.*: quiet from 2030-01-03 21:00 until 2030-01-04 01:00 UTC, weekly, by anna ("
        ),
        "{said}"
    );
    assert_eq!(place.say(&["unsilence", "web load"]).0, 0);
    assert_eq!(place.say(&["unsilence", "web load"]).0, 2);
    for (arguments, says) in [
        (
            &["silence", "etl.*", "--for", "30h", "--repeat", "daily"][..],
            "24h at most",
        ),
        (
            &["silence", "etl.*", "--for", "2h", "--channel", "other"],
            "leave out --channel",
        ),
        (&["silence", "etl.*"], "say --for how long, or --until when"),
        (
            &["silence", "etl.*", "--from", "soon", "--for", "2h"],
            "`soon` is not a time",
        ),
        (
            &["silence", "etl.*", "--for", "2h", "--repeat", "hourly"],
            "daily, weekly",
        ),
        (
            &["silence", "etl.*", "--until", "2099-01-01 00:00"],
            "ten years at most",
        ),
        (&["silence"], "<JOB>"),
        (&["silence", "etl", "--for", "2h"], "etl"),
    ] {
        let (code, said) = place.say(arguments);
        assert_eq!(code, 2, "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
}

/// What comes again does so as it was said, whatever the clocks did on the first day.
#[test]
fn a_change_of_clocks_on_the_first_day_is_of_that_day_alone() {
    const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
    const LORD_HOWE: &str = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";
    for (zone, arguments, line, says) in [
        (
            BERLIN,
            &["2030-03-31 02:30", "--for", "1h", "--repeat", "weekly"][..],
            "from 2030-03-31T02:30:00 for 3600s repeat weekly",
            "from 2030-03-31 03:30 until 2030-03-31 04:30 UTC+02:00, weekly",
        ),
        (
            BERLIN,
            &["2030-03-31 02:30", "--until", "03:00", "--repeat", "weekly"],
            "from 2030-03-31T02:30:00 for 1800s repeat weekly",
            "from 2030-03-31 03:30 until 2030-03-31 04:00 UTC+02:00, weekly",
        ),
        (
            BERLIN,
            &["2030-03-30 22:00", "--until", "06:00", "--repeat", "daily"],
            "from 2030-03-30T22:00:00 for 28800s repeat daily",
            "from 2030-03-30 22:00 UTC+01:00 until 2030-03-31 07:00 UTC+02:00, daily",
        ),
        (
            BERLIN,
            &["2030-10-27 01:30", "--until", "04:00", "--repeat", "weekly"],
            "from 2030-10-27T01:30:00 for 9000s repeat weekly",
            "from 2030-10-27 01:30 UTC+02:00 until 2030-10-27 03:00 UTC+01:00, weekly",
        ),
        (
            LORD_HOWE,
            &["2030-10-06 02:15", "--for", "1h", "--repeat", "daily"],
            "from 2030-10-06T02:15:00 for 3600s repeat daily",
            "from 2030-10-06 02:45 until 2030-10-06 03:45 UTC+11:00, daily",
        ),
        // Of what the clock shows twice it is the first.
        (
            BERLIN,
            &["2030-10-27 02:30", "--for", "1h"],
            "from 2030-10-27T00:30:00Z for 3600s",
            "from 2030-10-27 02:30 UTC+02:00 until 2030-10-27 02:30 UTC+01:00",
        ),
        (
            LORD_HOWE,
            &["2030-04-07 01:45", "--for", "1h"],
            "from 2030-04-06T14:45:00Z for 3600s",
            "from 2030-04-07 01:45 UTC+11:00 until 2030-04-07 02:15 UTC+10:30",
        ),
        // What comes once lasts from the one time to the other.
        (
            BERLIN,
            &["2030-03-30 22:00", "--until", "06:00"],
            "from 2030-03-30T21:00:00Z for 25200s",
            "from 2030-03-30 22:00 UTC+01:00 until 2030-03-31 06:00 UTC+02:00",
        ),
    ] {
        let place = Place::new(&[]);
        let call = [&["silence", "etl.*", "--from"], arguments].concat();
        let output = place.command(&call).env("TZ", zone).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(said.contains(says), "{arguments:?}: {said}");
        let files = fs::read_dir(place.folder.path().join(".silences")).unwrap();
        let files = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        let files: String = files.collect();
        assert!(files.contains(line), "{arguments:?}: {files}");
    }
    let place = Place::new(&[]);
    let call = [
        "silence", "etl.*", "--from", "2030-03-31 02:30", "--until", "03:00",
    ];
    let output = place.command(&call).env("TZ", BERLIN).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("clocks change between"), "{said}");
}

#[test]
fn an_acknowledged_failure_is_sent_no_more_until_it_changes_and_the_channel_knows_who_is_at_it() {
    let place = Place::new(&[("NOTIFY_SILENT_SECONDS", "0"), ("NOTIFY_REMIND_HOURS", "0")]);
    place.run("etl", FAILS);
    let (code, said) = place.say(&["ack", "etl", "--because", "the switch is dead"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains(
            "etl is acknowledged by anna until it works again: exited with code 3: no route"
        ),
        "{said}"
    );
    assert!(said.contains("channel alerts is informed"), "{said}");
    let sent = place.alerts().pop().unwrap();
    let text = sent["text"].as_str().unwrap();
    assert!(
        text.contains("acknowledged by anna: the switch is dead"),
        "{text}"
    );
    for _ in 0..3 {
        place.run("etl", FAILS);
    }
    assert_eq!(place.heard().len(), 2, "{:?}", place.heard());
    let (code, said) = place.say(&["check"]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.starts_with("WARNING - etl: acknowledged by anna (the switch is dead), has failed"),
        "{said}"
    );
    let (_, said) = place.say(&["status"]);
    assert!(
        said.contains("(acknowledged by anna: the switch is dead)"),
        "{said}"
    );

    // Taken back: reminders are sent again.
    assert_eq!(place.say(&["unack", "etl"]).0, 0);
    assert_eq!(place.say(&["unack", "etl"]).0, 2);
    assert_eq!(place.say(&["check"]).0, 2);
    place.run("etl", FAILS);
    assert_eq!(place.heard().len(), 3);

    // Another error is sent, and ends it.
    place.call(&["ack", "etl", "--because", "the switch", "--for", "2h"]);
    place.run("etl", "echo 'disk full' >&2; exit 4");
    assert_eq!(place.heard().len(), 5);
    assert_eq!(place.say(&["check"]).0, 2);

    // The recovery is sent, and there is nothing left to acknowledge.
    place.call(&["ack", "etl", "--because", "the disk"]);
    place.run("etl", "true");
    assert_eq!(place.heard().last().unwrap(), "etl recovered");
    assert_eq!(place.say(&["ack", "etl", "--because", "x"]).0, 2);
    assert_eq!(place.say(&["ack", "nobody", "--because", "x"]).0, 2);
}

/// A deployment tool that writes a line wrong learns of it before the night in which nothing is quiet.
#[test]
fn check_warns_of_a_line_that_plans_nothing() {
    let place = Place::new(&[]);
    place.run("etl.load", "true");
    assert_eq!(place.say(&["check"]).0, 0);
    place.plan("release", "etl.* form 2026-01-01T00:00Z for 4h\n");
    let (code, said) = place.say(&["check"]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("release`: line 1: write PATTERN from TIME for LENGTH"),
        "{said}"
    );
    assert_eq!(place.say(&["check", "etl.load"]).0, 0, "that one is fine");
    let twice = "etl.sync every 1h every 2h\n";
    let twice = place.folder.plan(".expected", "twice", twice);
    let (_, said) = place.say(&["check"]);
    assert!(said.contains("`every` is said twice"), "{said}");
    fs::remove_file(twice).unwrap();
    let (_, metrics) = place.say(&["metrics"]);
    assert!(metrics.contains("pipeline_notify_problems{kind=\"plan\"} 1\n"));
}

/// Some editors begin a file with a mark of its encoding.
#[test]
fn a_mark_before_the_first_line_is_no_part_of_it() {
    let place = Place::new(&[]);
    let expected = "\u{feff}etl.sync every 900h\r\n";
    place.folder.plan(".expected", "deployed", expected);
    let plan = open("etl.*");
    place.plan("release", &format!("\u{feff}{}\r\n", plan.trim_end()));
    let (_, said) = place.say(&["expect", "--list"]);
    assert!(said.starts_with("etl.sync "), "{said:?}");
    let (_, said) = place.say(&["silence", "--list"]);
    assert!(said.starts_with("etl.*: "), "{said:?}");
}

/// Issue 18, points 1 and 5: a job that never ran has no status file, and is missed all the same.
#[test]
fn metrics_know_the_jobs_that_never_ran() {
    let place = Place::new(&[]);
    let lines = "etl.never every 1h\nweb.never every 1h\nweb.soon every 900h\n";
    let file = place.folder.plan(".expected", "deployed", lines);
    let mut touch = Command::new("touch");
    touch.args(["-d", "3 days ago"]).arg(&file);
    assert!(touch.status().unwrap().success());
    place.plan("release", &open("etl.*"));
    let (_, check) = place.say(&["check"]);
    assert!(
        check.contains("[CRITICAL] web.never: has never run"),
        "{check}"
    );
    assert!(
        check.contains("[WARNING] etl.never: has never run"),
        "{check}"
    );
    let (_, text) = place.say(&["metrics"]);
    for line in [
        "job_missed{job_name=\"etl.never\"} 1",
        "job_quiet{job_name=\"etl.never\"} 1",
        "job_missed{job_name=\"web.never\"} 1",
        "job_quiet{job_name=\"web.never\"} 0",
        "job_missed{job_name=\"web.soon\"} 0",
        "problems{kind=\"missed\"} 1",
        "jobs 0",
    ] {
        let line = format!("pipeline_notify_{line}");
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    assert!(!text.contains("job_failing{"), "it has no status: {text}");

    // What is said of the grace counts for both.
    let grace = ["--grace", "1000h"];
    assert_eq!(place.say(&[&["check"][..], &grace].concat()).0, 1);
    let (_, text) = place.say(&[&["metrics"][..], &grace].concat());
    assert!(
        text.contains("job_missed{job_name=\"web.never\"} 0\n"),
        "{text}"
    );
}

/// Issue 18, point 5: two notify directories of one host, in one folder of the exporter.
#[test]
fn a_label_distinguishes_the_metrics_of_one_directory_from_those_of_another() {
    let place = Place::new(&[]);
    let (code, text) = place.say(&["metrics", "--label", "team=e\"tl", "--label", "site=b"]);
    assert_eq!(code, 0, "{text}");
    let values: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(
        values.contains(&"pipeline_notify_jobs{team=\"e\\\"tl\",site=\"b\"} 0"),
        "{text}"
    );
    let has_both = |line: &&str| line.contains("team=\"e\\\"tl\",site=\"b\"}");
    assert!(values.iter().all(has_both), "{text}");
    for (label, said) in [
        ("team", "write NAME=VALUE"),
        ("1st=a", "begins with no digit"),
        ("a-b=c", "letters, digits and _"),
        ("job_name=x", "`job_name` is taken"),
        ("__name__=x", "is taken"),
        ("team=", "write one behind the ="),
    ] {
        let (code, text) = place.say(&["metrics", "--label", label]);
        assert!(code == 2 && text.contains(said), "{label}: {text}");
    }
    let (code, text) = place.say(&["metrics", "--label", "a=1", "--label", "a=2"]);
    assert!(code == 2 && text.contains("`a` is given twice"), "{text}");
    let (code, text) = place.say(&["watch", "--label", "a=1"]);
    assert!(
        code == 2 && text.contains("--label is of --metrics"),
        "{text}"
    );
}

/// Issue 18, point 5: `check` and metrics agree, and a file of metrics is there whole or not at all.
#[test]
fn metrics_say_what_check_says_and_count_the_jobs_beyond_the_bound_as_one() {
    let place = Place::new(&[]);
    place.run("etl.load", FAILS);
    place.run("etl.load", FAILS);
    place.run("web \"x\\\ny", "true");
    place.plan("release", &open("etl.*"));
    let (code, text) = place.say(&["metrics"]);
    assert_eq!(code, 0, "{text}");
    for line in [
        "pipeline_notify_job_failing{job_name=\"etl.load\"} 1",
        "pipeline_notify_job_silenced{job_name=\"etl.load\"} 1",
        "pipeline_notify_job_quiet{job_name=\"etl.load\"} 1",
        "pipeline_notify_job_runs_total{job_name=\"etl.load\"} 2",
        "pipeline_notify_job_failures_total{job_name=\"etl.load\"} 2",
        "pipeline_notify_job_runs_total{job_name=\"web \\\"x\\\\\\ny\"} 1",
        "pipeline_notify_jobs 2",
        "pipeline_notify_check_state 1",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    let per_job = text
        .lines()
        .filter(|line| line.contains("{job_name=\"etl.load\"}"));
    assert!(per_job.count() <= 10);
    let families: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("# TYPE "))
        .collect();
    assert!(
        families
            .iter()
            .all(|line| !line.contains("_total") || line.ends_with(" counter"))
    );

    let file = place.folder.path().join(".jobs.prom");
    let path = file.to_str().unwrap();
    let (code, said) = place.say(&["metrics", "-o", path]);
    assert_eq!(
        (code, said.contains("is written: 2 jobs")),
        (0, true),
        "{said}"
    );
    assert!(fs::read_to_string(&file).unwrap().ends_with('\n'));
    let nowhere = place.folder.path().join("nowhere/jobs.prom");
    let (code, said) = place.say(&["metrics", "-o", nowhere.to_str().unwrap()]);
    assert_eq!(
        (code, said.contains("cannot be written")),
        (2, true),
        "{said}"
    );
    assert_eq!(place.say(&["metrics", "--json"]).0, 2);

    // One job more than have series of their own.
    let status = place.folder.status_file("web%20%22x%5C%0Ay");
    let failing = place.folder.status_file("etl.load");
    for number in 0..9_998 {
        fs::write(
            place.folder.path().join(format!("many.{number:05}")),
            &status,
        )
        .unwrap();
    }
    for number in 0..3 {
        fs::write(place.folder.path().join(format!("zz.{number}")), &failing).unwrap();
    }
    let (_, text) = place.say(&["metrics"]);
    let series = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(series("pipeline_notify_job_failing{"), 10_000);
    for line in [
        "pipeline_notify_job_failing 3",
        "pipeline_notify_job_runs_total 6",
        "pipeline_notify_jobs 10003",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}");
    }
}
