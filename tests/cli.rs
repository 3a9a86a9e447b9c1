//! The command `pipeline-notify`, run as a person or a monitor runs it.
#![cfg(all(feature = "cli", unix))]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{TimeDelta, Utc};
use serde_json::Value;
use support::command::command;
use support::status::shown;
use support::{Folder, Program, Receiver, Running};

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
    shown(Utc::now() - TimeDelta::minutes(minutes))
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
        "b.fails", "2 h 5 min", "5 min", "12 s", "3", "worker-3", "connection refused",
    ] {
        assert!(lines[1].contains(part), "{part}: {all:?}");
    }
    assert!(!all.stdout.contains('\x1b'), "{all:?}");
}

#[test]
fn a_failure_without_a_text_is_said_to_have_none() {
    let folder = Folder::new();
    fails(&folder, "a.fails", "");
    for screen in ["status", "check"] {
        let answer = run(&folder, &[screen]);
        assert!(answer.stdout.contains("no error text"), "{answer:?}");
    }
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

/// Begins a run that is under way until it is dropped.
fn hanging(folder: &Folder) -> Running {
    let program = Program::new("ends").arg("hang").directory(folder);
    let mut child = program.command().spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "running\n");
    Running(child)
}

/// The exit code of a check, and its first line without the performance data.
fn check(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let answer = run(folder, &[&["check"], arguments].concat());
    let first = answer.stdout.lines().next().unwrap_or_default();
    let (line, values) = first
        .split_once(" | ")
        .unwrap_or_else(|| panic!("{answer:?}"));
    for value in values.split(' ') {
        let (_, number) = value
            .split_once('=')
            .unwrap_or_else(|| panic!("{answer:?}"));
        assert!(
            number.starts_with(|digit: char| digit.is_ascii_digit()),
            "{answer:?}"
        );
    }
    (answer.code, line.to_owned())
}

#[test]
fn check_reports_failed_missing_and_unreadable_jobs_to_a_monitor() {
    let folder = Folder::new();
    assert_eq!(
        check(&folder, &[]),
        (Some(3), "UNKNOWN - there are no jobs yet".to_owned())
    );
    works(&folder, "a.works", 1);
    assert_eq!(
        check(&folder, &[]),
        (Some(0), "OK - a.works: OK for 1 h".to_owned())
    );
    let missing = "UNKNOWN - nope: there is no such job".to_owned();
    assert_eq!(check(&folder, &["nope"]), (Some(3), missing));
    fs::write(folder.path().join("c.broken"), "no status").unwrap();
    assert_eq!(check(&folder, &["*"]).0, Some(3));
    fails(&folder, "b.fails", "disk | full");
    let failed = "CRITICAL - b.fails: has failed for 2 h 5 min, 3 runs: disk / full".to_owned();
    assert_eq!(check(&folder, &["b.fails"]), (Some(2), failed));
    let all = run(&folder, &["check"]);
    assert_eq!(all.code, Some(2), "the worst counts");
    assert!(all.stdout.contains("| jobs=3 failed=1 "), "{all:?}");
    assert_eq!(all.stdout.lines().count(), 3, "{all:?}");
    let json = run(&folder, &["check", "--json"]).json();
    assert_eq!(
        (&json["state"], &json["counts"]["failed"]),
        (&"CRITICAL".into(), &1.into())
    );
    assert_eq!(json["problems"][0]["job"], "b.fails");
}

#[test]
fn check_answers_unknown_where_it_cannot_look_or_is_asked_wrongly() {
    let folder = Folder::new();
    let nowhere = run(&folder, &["check", "--dir", "/nowhere/at/all"]);
    assert_eq!(nowhere.code, Some(3));
    assert!(nowhere.stdout.starts_with("UNKNOWN - "), "{nowhere:?}");
    let wrong = run(&folder, &["check", "--every", "5"]);
    assert_eq!(wrong.code, Some(3));
    assert!(wrong.stdout.starts_with("UNKNOWN - "), "{wrong:?}");
    assert!(wrong.stderr.contains("write 30s"), "{wrong:?}");
    for arguments in [
        &["check", "--json", "--dir", "/nowhere/at/all"][..],
        &["check", "--every", "5", "--json"],
    ] {
        let json = run(&folder, arguments).json();
        assert_eq!(json["state"], "UNKNOWN");
        assert!(json["message"].is_string(), "{json}");
    }
}

/// As where a container has all the processes that it may have.
#[test]
fn check_needs_no_thread() {
    let (folder, programs) = (Folder::new(), Folder::new());
    fails(&folder, "etl.load", "no route");
    // Root may have any number, and others may have no way to where it was built, nor to what a umask kept from them.
    let shared = Command::new("sh")
        .args(["-c", "cp \"$0\" \"$2\" && chmod -R a+rX \"$@\""])
        .arg(env!("CARGO_BIN_EXE_pipeline-notify"))
        .args([folder.path(), programs.path()])
        .status();
    assert!(shared.unwrap().success());
    let program = programs.path().join("pipeline-notify");
    let limits = |limited: &[&str]| {
        let somebody = ["--reuid", "65533", "--regid", "65533", "--clear-groups"];
        let mut command = Command::new("setpriv");
        command.args(somebody).args(["prlimit", "--nproc=1:1"]);
        command.args(limited).env_remove("NOTIFY_STORE").output()
    };
    let (program, folder) = (program.to_str().unwrap(), folder.path().to_str().unwrap());
    if !limits(&["test", "-x", program]).is_ok_and(|can| can.status.success()) {
        println!("skipped: this user cannot become another, or another has no way to TMPDIR");
        return;
    }
    let check = Answer::of(limits(&[program, "check", "--dir", folder]).unwrap());
    assert_eq!(check.code, Some(2), "{check:?}");
    let said = "CRITICAL - etl.load: has failed";
    assert!(check.stdout.starts_with(said), "{check:?}");
    assert_eq!(check.stderr, "");
}

#[test]
fn check_reports_a_missed_run_by_its_beginning_and_with_a_grace() {
    let folder = Folder::new();
    works(&folder, "nightly", 25 * 60 + 30);
    assert_eq!(
        check(&folder, &[]).0,
        Some(0),
        "nobody said how often it runs"
    );
    assert_eq!(
        check(&folder, &["--every", "24h"]).0,
        Some(0),
        "a tenth of a day is granted"
    );
    let missed = check(&folder, &["--every", "24h", "--grace", "1h"]);
    assert_eq!(missed.0, Some(2));
    assert!(missed.1.contains("nightly: has missed a run"), "{missed:?}");
    works(&folder, "often", 50);
    assert_eq!(
        check(&folder, &["often", "--every", "5min"]).0,
        Some(0),
        "an hour is granted"
    );
    assert_eq!(
        check(&folder, &["often", "--every", "5min", "--grace", "0s"]).0,
        Some(2)
    );

    let mut status = folder.status_file("nightly");
    status += "every-hours: 0.5\n";
    fs::write(folder.path().join("nightly"), status).unwrap();
    assert_eq!(
        check(&folder, &["nightly"]).0,
        Some(2),
        "the attribute said how often"
    );
    assert_eq!(
        check(&folder, &["nightly", "--every", "2d"]).0,
        Some(0),
        "the argument counts"
    );
}

/// Who is woken looks at `status`, and learns no less there than a monitor does.
#[test]
fn status_and_explain_say_what_check_says_of_missed_runs() {
    let folder = Folder::new();
    let every = |job: &str, hours: &str| {
        let status = folder.status_file(job) + &format!("every-hours: {hours}\n");
        fs::write(folder.path().join(job), status).unwrap();
    };
    for (job, minutes) in [("a.works", 1), ("b.late", 300), ("c.grace", 61)] {
        works(&folder, job, minutes);
        every(job, "1");
    }
    fails(&folder, "d.fails", "connection refused");
    let status = folder.status_file("d.fails");
    let (lines, error) = status.split_once("\n\n").unwrap();
    fs::write(
        folder.path().join("d.fails"),
        format!("{lines}\nevery-hours: 0.01\n\n{error}"),
    )
    .unwrap();
    folder.plan(".expected", "tool", "f.new every 9h\n");
    let old = folder.plan(".expected", "old", "e.never every 1h\n");
    let old = fs::File::open(old).unwrap();
    let time = SystemTime::now() - Duration::from_secs(3 * 3600);
    old.set_modified(time).unwrap();

    let grace = ["--grace", "1s"];
    let call = |arguments: &[&str]| run(&folder, &[arguments, &grace].concat());
    let table = call(&["status"]).stdout;
    let rows: Vec<_> = table.lines().map(|line| line.split("  ").next()).collect();
    let firsts = ["STATUS", "ERROR", "MISSED", "MISSED", "OK"];
    assert_eq!(rows[..5], firsts.map(Some), "{table}");
    let lines: Vec<_> = table.lines().collect();
    let late = "has missed a run: it should run every 1 h; the last began 5 h";
    for (line, job, words) in [
        (1, "d.fails", "(has missed a run) connection refused"),
        (2, "b.late", late),
        (3, "c.grace", "(has missed a run: "),
        (4, "a.works", ""),
    ] {
        let line = lines[line];
        assert!(line.contains(job) && line.contains(words), "{line}");
    }
    let missed = |table: &str, number: usize| {
        let counted = format!(" · {number} missed");
        table.lines().any(|line| line.contains(&counted))
    };
    assert!(missed(&table, 4), "{table}");
    let never = "  e.never  has never run, and was due 2 h";
    assert!(table.contains(never), "{table}");
    assert!(table.contains("  f.new  every 9 h\n"), "{table}");
    let one = call(&["status", "b.late"]).stdout;
    assert!(missed(&one, 1) && one.contains(late), "{one}");
    let json = call(&["status", "--json"]).json();
    let of = |of: &str, number: usize| (&json[of][number]["job"], &json[of][number]["missed"]);
    assert_eq!(of("jobs", 0), (&"a.works".into(), &false.into()));
    assert_eq!(of("jobs", 1), (&"b.late".into(), &true.into()));
    assert_eq!(of("never_ran", 0), (&"e.never".into(), &true.into()));
    assert_eq!(of("never_ran", 1), (&"f.new".into(), &false.into()));
    let check = call(&["check"]).stdout;
    assert!(check.contains(" missed=4 "), "{check}");
    let explain = run(&folder, &["explain", "b.late"]).stdout;
    assert!(explain.contains(late), "{explain}");
    // With the grace that they have themselves.
    let table = run(&folder, &["status", "a.*", "c.*"]).stdout;
    assert!(!table.to_lowercase().contains("missed"), "{table}");
}

#[test]
fn check_and_status_see_runs_that_are_under_way_overdue_and_dead() {
    let folder = Folder::new();
    let ends = "pipeline-notify.ends.main";
    let hanging = hanging(&folder);
    let alive = run(&folder, &["check", ends]);
    assert_eq!(alive.code, Some(0), "its first run: {alive:?}");
    assert!(alive.stdout.contains(" running=1 "), "{alive:?}");
    assert_eq!(check(&folder, &["--overdue", "1h"]).0, Some(0));
    assert_eq!(check(&folder, &["--overdue", "0s"]).0, Some(1));
    let status = run(&folder, &["status", ends]);
    assert_eq!(status.code, Some(0));
    assert!(
        status
            .stdout
            .contains("Running now:\n  pipeline-notify.ends.main"),
        "{status:?}"
    );
    assert_eq!(
        run(&folder, &["status", "--json"]).json()["runs"][0]["state"],
        "alive"
    );

    works(&folder, ends, 300);
    assert_eq!(
        check(&folder, &[ends, "--every", "2h"]).0,
        Some(0),
        "under way, so not missed"
    );
    drop(hanging);
    let (code, line) = check(&folder, &[ends]);
    assert_eq!(code, Some(2));
    assert!(
        line.contains("ends.main: a run died and was not reported"),
        "{line}"
    );
    assert_eq!(check(&folder, &["other*"]).0, Some(3), "of another job");
    let status = run(&folder, &["status"]);
    let died = format!("Died (the next run of any job reports it):\n  {ends}  begun ");
    assert!(status.stdout.contains(&died), "{status:?}");
    assert!(status.stdout.contains(" · 1 died\n"), "{status:?}");
    // The next run sends it.
    assert_eq!(Program::new("other").directory(&folder).run().code, Some(0));
    assert_eq!(
        run(&folder, &["status", "--json"]).json()["runs"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn check_warns_of_alerts_that_wait_for_long_or_were_refused() {
    let folder = Folder::new();
    let refusing = Receiver::answering(|_| support::Answer::Status(500, "no"));
    Program::new("ends")
        .arg("err")
        .directory(&folder)
        .alerts_to(&refusing)
        .env("NOTIFY_EXIT_SECONDS", "0")
        .run();
    let job = "pipeline-notify.ends.main";
    works(&folder, job, 1);
    assert_eq!(check(&folder, &[]).0, Some(0), "it waits since just now");
    assert!(
        run(&folder, &["status"])
            .stdout
            .contains("alerts: 1 waiting")
    );
    // As if it had been decided an hour ago.
    let (path, _) = folder
        .hidden_files()
        .into_iter()
        .find(|(path, alert)| path.contains("/outbox/") && alert.starts_with("alert: "))
        .unwrap();
    let path = folder.path().join(path);
    let name = path.file_name().unwrap().to_str().unwrap();
    let earlier = i64::from_str_radix(&name[..16], 16).unwrap() - 3_600_000_000;
    fs::rename(
        &path,
        path.with_file_name(format!("{earlier:016x}{}", &name[16..])),
    )
    .unwrap();
    let (code, line) = check(&folder, &[]);
    assert_eq!(code, Some(1));
    assert!(
        line.contains("channel alerts: 1 alert not delivered, the oldest for 1 h"),
        "{line}"
    );
    assert_eq!(check(&folder, &[job]).0, Some(1), "it is of this job");
    works(&folder, "other", 1);
    assert_eq!(check(&folder, &["other"]).0, Some(0), "and not of that one");

    let folder = Folder::new();
    let refusing = Receiver::answering(|_| support::Answer::Status(422, "no"));
    Program::new("ends")
        .arg("err")
        .directory(&folder)
        .alerts_to(&refusing)
        .run();
    works(&folder, job, 1);
    let (code, line) = check(&folder, &[]);
    assert_eq!(code, Some(1));
    assert!(
        line.contains("1 alert refused for good: read the `.reason` file in ")
            && line.contains(", fix the cause, delete both files"),
        "{line}"
    );
}

#[test]
fn check_keeps_its_exit_code_where_nobody_reads_its_answer() {
    let folder = Folder::new();
    for number in 0..10_000 {
        fails(&folder, &format!("etl.load.table{number:05}"), "no");
    }
    let all = run(&folder, &["check"]);
    assert_eq!((all.code, all.stdout.lines().count()), (Some(2), 52));
    assert!(all.stdout.ends_with("and 9950 more\n"), "{all:?}");
    let mut child = command(&folder, &["check", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let answer = Answer::of(child.wait_with_output().unwrap());
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(2), ""));
}

/// Runs the job of `incidents` with these outcomes, each of which is sent unless a person silenced it.
fn outcomes(folder: &Folder, receiver: &Receiver, outcomes: &[&str]) {
    let program = Program::new("incidents")
        .directory(folder)
        .alerts_to(receiver)
        .env("NOTIFY_SILENT_SECONDS", "0");
    let ended = outcomes.iter().fold(program, Program::arg).run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

const LOAD: &str = "pipeline-notify.incidents.load";

/// Runs the command where the channel `alerts` has a destination.
fn command_to(folder: &Folder, receiver: &Receiver, arguments: &[&str]) -> Answer {
    let mut command = command(folder, arguments);
    command
        .env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook())
        .env("USER", "anna")
        .env("TZ", "UTC");
    Answer::of(command.output().unwrap())
}

#[test]
fn a_silenced_error_is_withheld_and_another_and_the_recovery_come_through() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    outcomes(&folder, &receiver, &["disk full"]);
    let silenced = command_to(
        &folder,
        &receiver,
        &[
            "silence",
            LOAD,
            "--for",
            "2h",
            "--because",
            "the disk comes on Monday",
        ],
    );
    assert_eq!(silenced.code, Some(0), "{silenced:?}");
    assert!(
        silenced.stdout.contains("disk full")
            && silenced.stdout.contains("channel alerts is informed"),
        "{silenced:?}"
    );
    let delivered = receiver.texts().pop().unwrap();
    assert!(
        delivered.contains("silenced by anna until ")
            && delivered.contains(": the disk comes on Monday"),
        "{delivered}"
    );
    assert!(
        delivered.contains(" is silenced until ") && delivered.contains("disk full"),
        "{delivered}"
    );

    let (code, line) = check(&folder, &[]);
    assert_eq!(code, Some(1));
    assert!(
        line.contains("silenced until") && line.contains("(the disk comes on Monday)"),
        "{line}"
    );
    assert!(
        run(&folder, &["status"])
            .stdout
            .contains("(silenced until ")
    );
    outcomes(&folder, &receiver, &["disk full"]);
    assert_eq!(receiver.texts().len(), 2, "{:?}", receiver.texts());
    outcomes(&folder, &receiver, &["no such table"]);
    assert_eq!(receiver.texts().len(), 3, "another error is news");
    assert_eq!(check(&folder, &[]).0, Some(2), "and no silenced one");
    outcomes(&folder, &receiver, &["ok"]);
    assert!(receiver.texts().pop().unwrap().contains("recovered"));
    assert_eq!(receiver.texts().len(), 4);
    assert_eq!(check(&folder, &[]).0, Some(0));
}

#[test]
fn what_is_unsilenced_is_sent_by_the_next_failure() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    outcomes(&folder, &receiver, &["disk full"]);
    assert_eq!(
        command_to(
            &folder,
            &receiver,
            &["silence", LOAD, "--until", "2100-01-01 08:00"]
        )
        .code,
        Some(0)
    );
    outcomes(&folder, &receiver, &["disk full"]);
    assert_eq!(receiver.texts().len(), 2);
    let over = command_to(&folder, &receiver, &["unsilence", LOAD, "--json"]);
    assert_eq!(over.code, Some(0), "{over:?}");
    assert_eq!(
        over.json()["was_silenced_until"],
        "2100-01-01T08:00:00.000000Z"
    );
    let again = command_to(&folder, &receiver, &["unsilence", LOAD]);
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("is not silenced"), "{again:?}");
    assert_eq!(check(&folder, &[]).0, Some(2));
    outcomes(&folder, &receiver, &["disk full"]);
    assert_eq!(receiver.texts().len(), 3);
}

#[test]
fn a_job_that_works_or_is_not_there_cannot_be_silenced() {
    let folder = Folder::new();
    works(&folder, "a.works", 1);
    for (arguments, words) in [
        (
            &["silence", "a.works", "--for", "2h"][..],
            "`a.works` is OK: there is no error to silence; to send nothing",
        ),
        (&["silence", "nope", "--for", "2h"], "no job `nope`"),
        (
            &["silence", "a.works", "--until", "soon"],
            "write 'Mon 08:00'",
        ),
        (
            &["silence", "a.works"],
            "say --for how long, or --until when: --for 2h",
        ),
        (&["unsilence", "nope"], "no job `nope`"),
    ] {
        let answer = run(&folder, arguments);
        assert_eq!(answer.code, Some(2), "{arguments:?}");
        assert!(answer.stderr.contains(words), "{answer:?}");
    }
}

#[test]
fn who_names_a_job_that_is_not_there_reads_what_to_do_instead() {
    let folder = Folder::new();
    let instead = |words: &str| {
        for arguments in [
            &["silence", "etl.laod", "--for", "2h"][..],
            &["unsilence", "etl.laod"],
            &["rename", "etl.laod", "new"],
            &["forget", "etl.laod"],
            &["explain", "etl.laod"],
            &["status", "etl.laod"],
        ] {
            let answer = run(&folder, arguments);
            assert!(answer.stderr.contains(words), "{arguments:?}: {answer:?}");
        }
    };
    instead("there are none yet, or it is another directory");
    fails(&folder, "web.crawl", "no route");
    instead("`pipeline-notify status` shows all");
    fails(&folder, "etl.load", "no route");
    instead("did you mean `etl.load`?");
    let pattern = run(&folder, &["ack", "*", "--because", "x"]);
    assert!(
        pattern.code == Some(2)
            && pattern
                .stderr
                .contains("name one job, such as `etl.load` or `web.crawl`"),
        "{pattern:?}"
    );
}

#[test]
fn what_is_silenced_or_forgotten_is_sent_to_the_channel_that_its_status_names() {
    let (folder, receiver, data) = (Folder::new(), Receiver::new(), Receiver::new());
    fails(&folder, "a.daily", "no route");
    let status = folder.status_file("a.daily");
    let status = status.replace("host: ", "every-hours: 24\nchannel: data-alerts\nhost: ");
    fs::write(folder.path().join("a.daily"), status).unwrap();
    let delivered = |arguments: &[&str]| {
        let mut command = command(&folder, arguments);
        command
            .env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook())
            .env("SLACK_DATAALERTS_WEBHOOK_URL", data.webhook());
        let answer = Answer::of(command.output().unwrap());
        let delivered = answer.json()["told"]["channel"].as_str().map(str::to_owned);
        delivered.unwrap_or_else(|| panic!("{answer:?}"))
    };
    let silence = ["silence", "a.daily", "--for", "2h", "--json"];
    assert_eq!(delivered(&silence), "data-alerts");
    assert_eq!(
        delivered(&[&silence[..], &["--channel", "alerts"]].concat()),
        "alerts"
    );
    assert!(folder.status_file("a.daily").contains("channel: alerts\n"));
    assert_eq!(delivered(&silence), "alerts", "as was said last");
    assert_eq!(
        delivered(&["forget", "a.daily", "--channel", "data-alerts", "--json"]),
        "data-alerts"
    );
    assert_eq!((receiver.texts().len(), data.texts().len()), (2, 2));
}

#[test]
fn drain_says_of_each_queue_why_it_is_left() {
    let folder = Folder::new();
    let down = Receiver::answering(|_| support::Answer::Status(503, "no"));
    let failing = Program::new("incidents")
        .directory(&folder)
        .alerts_to(&down)
        .env("NOTIFY_EXIT_SECONDS", "0");
    failing.arg("disk full").run();
    let same = command_to(&folder, &down, &["drain", "--for", "0.1s"]);
    assert!(
        same.stdout
            .contains("`pipeline-notify test alerts` says why"),
        "{same:?}"
    );
    let other = command_to(&folder, &Receiver::new(), &["drain", "--for", "0.1s"]);
    assert!(
        other
            .stdout
            .contains("they are for a webhook that channel alerts does not have here")
            && other.stdout.contains("add --adopt alerts-"),
        "{other:?}"
    );
}

#[test]
fn an_article_s_status_file_can_be_silenced_and_a_channel_without_destination_is_named() {
    let folder = Folder::new();
    let article = format!("ERROR\n{}\netl.load :: run\n\nconnection refused\n", ago(5));
    fs::write(folder.path().join("etl.load.run"), article).unwrap();
    let silenced = run(
        &folder,
        &["silence", "etl.load.run", "--for", "1d", "--json"],
    );
    assert_eq!(silenced.code, Some(0), "{silenced:?}");
    assert_eq!(silenced.json()["told"]["result"], "nowhere");
    assert!(
        silenced.stderr.contains("SLACK_ALERTS_WEBHOOK_URL"),
        "{silenced:?}"
    );
    assert_eq!(check(&folder, &[]).0, Some(1));
}

#[test]
fn a_renamed_job_goes_on_as_one_incident() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    works(&folder, "taken", 1);
    outcomes(&folder, &receiver, &["disk full"]);
    let before = folder.status_file(LOAD);
    let taken = run(&folder, &["rename", LOAD, "taken"]);
    assert_eq!(taken.code, Some(2));
    assert!(taken.stderr.contains("`taken` exists already"), "{taken:?}");
    // Under any two locks, and under one that is that of both.
    let names: Vec<_> = (0..300).map(|number| format!("moved {number}")).collect();
    let mut name = LOAD;
    for next in &names {
        let renamed = run(&folder, &["rename", name, next]);
        assert_eq!(
            (renamed.code, renamed.stderr.as_str()),
            (Some(0), ""),
            "{renamed:?}"
        );
        name = next;
    }
    assert_eq!(folder.status_file("moved%20299"), before);
    assert_eq!(run(&folder, &["rename", LOAD, "x"]).code, Some(2));
    assert_eq!(run(&folder, &["rename", name, LOAD]).code, Some(0));
    outcomes(&folder, &receiver, &["ok"]);
    let texts = receiver.texts();
    assert_eq!(texts.len(), 2);
    assert!(texts[1].contains("works again"), "{texts:?}");
}

#[test]
fn a_forgotten_job_that_failed_is_reported_to_be_over_unless_nobody_is_to_hear() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    outcomes(&folder, &receiver, &["disk full"]);
    let incident = folder
        .status_file(LOAD)
        .lines()
        .find_map(|line| line.strip_prefix("incident: ").map(str::to_owned))
        .unwrap();
    let forgotten = command_to(&folder, &receiver, &["forget", LOAD]);
    assert_eq!(forgotten.code, Some(0), "{forgotten:?}");
    assert!(
        forgotten.stdout.contains("it was ERROR for") && forgotten.stdout.contains("disk full"),
        "{forgotten:?}"
    );
    assert!(folder.status_files().is_empty());
    let delivered = receiver.texts().pop().unwrap();
    for part in [
        "--- OK ---", "is forgotten", "forgotten by anna", "disk full", &incident,
    ] {
        assert!(delivered.contains(part), "{part}: {delivered}");
    }
    assert_eq!(
        command_to(&folder, &receiver, &["forget", LOAD]).code,
        Some(2)
    );

    outcomes(&folder, &receiver, &["disk full"]);
    let heard = receiver.texts().len();
    assert_eq!(
        command_to(&folder, &receiver, &["forget", LOAD, "--quiet"]).code,
        Some(0)
    );
    works(&folder, "a.works", 1);
    fs::write(folder.path().join("c.broken"), "no status").unwrap();
    for job in ["a.works", "c.broken"] {
        assert_eq!(
            command_to(&folder, &receiver, &["forget", job]).code,
            Some(0),
            "{job}"
        );
    }
    assert_eq!(receiver.texts().len(), heard);
    assert!(folder.status_files().is_empty());
}

#[test]
fn drain_sends_what_waits_and_lists_what_is_left() {
    let folder = Folder::new();
    assert_eq!(
        run(&folder, &["drain"]).stdout,
        "0 alerts sent, nothing is left\n"
    );
    let down = Receiver::answering(|_| support::Answer::Status(500, "no"));
    let failing = Program::new("incidents")
        .directory(&folder)
        .alerts_to(&down)
        .env("NOTIFY_EXIT_SECONDS", "0");
    failing.arg("disk full").run();
    let queue = |answer: &Answer| {
        answer.json()["queues"][0]["queue"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let left = run(&folder, &["drain", "--for", "1s", "--json"]);
    assert_eq!(
        left.code,
        Some(1),
        "its destination is not in the environment"
    );
    assert_eq!(left.json()["left"], 1);
    let listed = run(&folder, &["drain", "--for", "1s"]);
    assert!(
        listed
            .stdout
            .contains(&format!("  {}: 1 waiting", queue(&left))),
        "{listed:?}"
    );

    // The webhook is replaced.
    let receiver = Receiver::new();
    let elsewhere = command_to(&folder, &receiver, &["drain", "--for", "1s"]);
    assert_eq!(
        elsewhere.code,
        Some(1),
        "what waits for one destination is not sent to another"
    );
    for (name, words) in [("alerts-0", &*queue(&left)), ("nope", "there is no queue")] {
        let none = command_to(&folder, &receiver, &["drain", "--adopt", name]);
        assert_eq!(none.code, Some(2));
        assert!(none.stderr.contains(words), "{none:?}");
    }
    let adopted = command_to(
        &folder,
        &receiver,
        &["drain", "--adopt", &queue(&left), "--json"],
    );
    assert_eq!(adopted.code, Some(0), "{adopted:?}");
    assert_eq!(
        (&adopted.json()["adopted"], &adopted.json()["sent"]),
        (&1.into(), &1.into())
    );
    assert!(receiver.texts()[0].contains("disk full"));
    assert_eq!(receiver.texts().len(), 1);
}

/// A person has mended the destination, and asks: the pause is for programs.
#[test]
fn drain_asks_a_destination_that_is_not_to_be_asked_for_a_quarter_of_an_hour() {
    for refusal in [
        support::Answer::Status(404, "no_service"),
        support::Answer::With(503, "Retry-After: 900", "no"),
    ] {
        let (folder, is_mended) = (Folder::new(), Arc::new(AtomicBool::new(false)));
        let mended = is_mended.clone();
        let receiver = Receiver::answering(move |_| {
            if mended.load(Ordering::Relaxed) {
                support::Answer::Ok
            } else {
                refusal.clone()
            }
        });
        Program::new("incidents")
            .directory(&folder)
            .alerts_to(&receiver)
            .arg("disk full")
            .run();
        let drain = || command_to(&folder, &receiver, &["drain", "--for", "5s"]);
        let left = drain();
        assert!(
            left.stdout.starts_with("0 alerts sent, 1 left:"),
            "{left:?}"
        );
        is_mended.store(true, Ordering::Relaxed);
        assert_eq!(drain().stdout, "1 alert sent, nothing is left\n");
    }
}

#[test]
fn an_adopted_alert_that_was_held_is_sent_and_its_job_knows() {
    let folder = Folder::new();
    let old = Receiver::new();
    // It is due at the third failure, and held until then.
    Program::new("incidents")
        .directory(&folder)
        .alerts_to(&old)
        .env("AFTER", "3")
        .arg("ok")
        .arg("disk full")
        .run();
    let before = old.texts().len();
    let queue = run(&folder, &["status", "--json"]).json()["queues"][0].clone();
    assert_eq!((&queue["held"], &queue["waiting"]), (&1.into(), &0.into()));
    let receiver = Receiver::new();
    let adopted = command_to(
        &folder,
        &receiver,
        &["drain", "--adopt", queue["queue"].as_str().unwrap()],
    );
    assert_eq!(
        (adopted.code, adopted.stderr.as_str()),
        (Some(0), ""),
        "{adopted:?}"
    );
    assert_eq!((old.texts().len(), receiver.texts().len()), (before, 1));
    outcomes(&folder, &receiver, &["ok"]);
    assert!(
        receiver.texts()[1].contains("recovered"),
        "{:?}",
        receiver.texts()
    );
}

#[test]
fn hundreds_of_alerts_are_adopted_and_drained_at_the_pace_of_their_destination() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let down = Receiver::answering(|_| support::Answer::Status(500, "no"));
    Program::new("incidents")
        .directory(&folder)
        .alerts_to(&down)
        .env("NOTIFY_EXIT_SECONDS", "0")
        .arg("disk full")
        .run();
    let left = run(&folder, &["drain", "--for", "0s", "--json"]).json();
    let name = left["queues"][0]["queue"].as_str().unwrap().to_owned();
    let (path, alert) = folder
        .hidden_files()
        .into_iter()
        .find(|(path, alert)| path.contains(&name) && alert.starts_with("alert: "))
        .unwrap();
    let path = folder.path().join(path);
    let entry = path.file_name().unwrap().to_str().unwrap().to_owned();
    let id = entry.rsplit('-').next().unwrap();
    for number in 1..900 {
        let other = format!("{number:016x}");
        fs::write(
            path.with_file_name(entry.replace(id, &other)),
            alert.replace(id, &other),
        )
        .unwrap();
    }
    let arguments = ["drain", "--adopt", &name, "--for", "1s", "--json"];
    let answer = command_to(&folder, &receiver, &arguments);
    let drained = answer.json();
    let number = |key: &str| usize::try_from(drained[key].as_u64().unwrap()).unwrap();
    assert_eq!(number("sent") + number("left"), 900);
    assert_eq!(
        answer.code,
        Some(i32::from(number("left") > 0)),
        "{drained}"
    );
    assert_eq!(folder.waiting_alerts().len(), number("left"));
    assert_eq!(drained["adopted"], 900);
}

#[test]
fn a_test_says_whether_people_would_hear() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let nobody = run(&folder, &["test"]);
    assert_eq!(nobody.code, Some(1));
    assert!(
        nobody
            .stdout
            .contains("there is no destination: set SLACK_ALERTS_WEBHOOK_URL"),
        "{nobody:?}"
    );
    // The variable that is set is the one to correct.
    let mut wrong = command(&folder, &["test"]);
    let wrong = Answer::of(
        wrong
            .env("NOTIFY_ALERTS_URL", "exec:/bin/true")
            .output()
            .unwrap(),
    );
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    let refused = "what this variable says cannot be used: correct it  (NOTIFY_ALERTS_URL)\n";
    assert!(wrong.stdout.ends_with(refused), "{wrong:?}");
    let unset = run(&folder, &["test", "etl"]);
    let refused = "it has no destination: set this variable  (SLACK_ETL_WEBHOOK_URL)\n";
    assert!(unset.stdout.ends_with(refused), "{unset:?}");
    // What says no more than 1 gets the alert again.
    let mut unknown = command(&folder, &["test"]);
    unknown.env("NOTIFY_ALERTS_URL", "exec:///bin/false");
    let unknown = Answer::of(unknown.output().unwrap());
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(
        unknown.stdout.contains("not now  exit code 1"),
        "{unknown:?}"
    );
    let heard = command_to(&folder, &receiver, &["test"]);
    assert_eq!(heard.code, Some(0), "{heard:?}");
    assert!(
        heard.stdout.starts_with("alerts  accepted  in "),
        "{heard:?}"
    );
    let text = receiver.texts().pop().unwrap();
    assert!(
        text.contains("this is a test by anna: nothing is broken"),
        "{text}"
    );
    assert_eq!(receiver.texts().len(), 1);

    // Issue 16: what is missing so that an incident is one message.
    let bot = support::service::Service::of(|asked| {
        let said = if asked.target.ends_with("chat.update") {
            r#"{"ok":false,"error":"missing_scope"}"#
        } else {
            r#"{"ok":true,"channel":"C1","ts":"1.2"}"#
        };
        (200, "", said.to_owned())
    });
    let word = format!("slack://{}/xoxb-1-2-s3cr3t/#ops", bot.address());
    let mut to_bot = command(&folder, &["test"]);
    let tested = Answer::of(to_bot.env("NOTIFY_ALERTS_URL", word).output().unwrap());
    assert_eq!(tested.code, Some(0), "{tested:?}");
    for what in ["accepted", "its messages cannot be edited", "chat:write"] {
        assert!(tested.stdout.contains(what), "{what}: {tested:?}");
    }
    assert!(!tested.stdout.contains("replies"), "{tested:?}");

    let broken = Receiver::answering(|_| support::Answer::Status(404, "no_service"));
    let mut both = command(&folder, &["test", "--json"]);
    both.env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook())
        .env("SLACK_DATA_WEBHOOK_URL", broken.webhook());
    let both = Answer::of(both.output().unwrap());
    assert_eq!((both.code, &both.json()["heard"]), (Some(1), &false.into()));
    let answers = both.json()["answers"].clone();
    assert_eq!(
        (&answers[0]["channel"], &answers[0]["accepted"]),
        (&"alerts".into(), &true.into())
    );
    assert_eq!(
        (&answers[1]["channel"], &answers[1]["accepted"]),
        (&"data".into(), &false.into())
    );
    for unknown in ["data-alerts", "../x"] {
        let unknown = command_to(&folder, &receiver, &["test", unknown]);
        assert_eq!(unknown.code, Some(1));
        assert!(unknown.stdout.contains("refused"), "{unknown:?}");
    }
    let secret = support::receiver::SECRET;
    assert!(!format!("{heard:?}{both:?}").contains(secret));
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "a test leaves nothing"
    );
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error_and_no_panic() {
    let folder = Folder::new();
    works(&folder, "a.works", 1);
    for (arguments, code) in [
        (&["status"][..], 2),
        (&["check"], 3),
        (&["drain"], 2),
        (&["test"], 2),
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let answer = Answer::of(command(&folder, arguments).stdout(full).output().unwrap());
        assert_eq!(answer.code, Some(code), "{answer:?}");
        assert!(answer.stderr.contains("cannot be written"), "{answer:?}");
    }
}

#[test]
fn a_directory_that_cannot_be_used_is_named_with_the_reason() {
    let folder = Folder::new();
    fails(&folder, "b.fails", "no");
    // Where the hidden folder should be.
    fs::write(folder.path().join(".pipeline-notify"), "").unwrap();
    for arguments in [
        &["drain"][..],
        &["silence", "b.fails", "--for", "1h"],
        &["forget", "b.fails"],
    ] {
        let answer = run(&folder, arguments);
        assert_eq!(answer.code, Some(2), "{answer:?}");
        assert!(
            answer.stderr.contains("`.pipeline-notify` is not a folder"),
            "{answer:?}"
        );
        assert!(
            answer.stderr.contains(folder.path().to_str().unwrap()),
            "{answer:?}"
        );
    }
    let status = run(&folder, &["status"]);
    assert_eq!(
        (status.code, status.stderr.as_str()),
        (Some(0), ""),
        "{status:?}"
    );
}

#[test]
fn a_job_whose_status_cannot_be_written_is_not_renamed() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    // In the place of the file: the status stays in the journal.
    fs::create_dir(folder.path().join(LOAD)).unwrap();
    outcomes(&folder, &receiver, &["disk full"]);
    let renamed = run(&folder, &["rename", LOAD, "moved"]);
    assert_eq!(renamed.code, Some(2), "{renamed:?}");
    assert!(folder.path().join(LOAD).is_dir(), "{renamed:?}");
    assert!(!folder.path().join("moved").exists());
}

/// Issue 12, point 31.
#[test]
fn the_help_of_check_is_no_good_news_to_a_monitor_and_that_of_others_is() {
    let folder = Folder::new();
    for (arguments, code) in [
        (&["check", "--help"][..], 3),
        (&["check", "-h"], 3),
        (&["--dir", "check", "status", "--help"], 0),
        (&["status", "--help"], 0),
        (&["help", "check"], 0),
        (&["--version"], 0),
    ] {
        let answer = run(&folder, arguments);
        assert_eq!(answer.code, Some(code), "{arguments:?}");
        assert!(!answer.stdout.is_empty(), "{arguments:?}");
    }
}

/// Who gives a webhook in place of a channel is not shown it.
#[test]
fn what_is_no_channel_is_refused_and_not_shown() {
    const WEBHOOK: &str = "https://hooks.slack.com/services/T0/B0/s3cr3t";
    let folder = Folder::new();
    fails(&folder, "etl.load", "disk full");
    for arguments in [
        &["silence", "etl.load", "--for", "1h", "--channel", WEBHOOK][..],
        &["ack", "etl.load", "--because", "x", "--channel", WEBHOOK],
        &["forget", "etl.load", "--channel", WEBHOOK],
    ] {
        let answer = run(&folder, arguments);
        let said = format!("{}{}", answer.stdout, answer.stderr);
        assert_eq!(answer.code, Some(2), "{said}");
        assert!(
            said.contains("is no channel") && !said.to_lowercase().contains("s3cr3t"),
            "{said}"
        );
    }
    assert!(folder.status_file("etl.load").starts_with("ERROR"));
    let tested = run(&folder, &["test", WEBHOOK]);
    let said = format!("{}{}", tested.stdout, tested.stderr).to_lowercase();
    assert_eq!(tested.code, Some(1), "{said}");
    assert!(
        said.contains("a webhook goes into the variable") && !said.contains("s3cr3t"),
        "{said}"
    );
}

/// Issue 12, point 31.
#[test]
fn a_silence_names_its_zone() {
    let folder = Folder::new();
    fails(&folder, "etl.load", "disk full");
    for (zone, until, shown) in [
        ("UTC", "08:00", "08:00 UTC"),
        ("XXX-3", "08:00", "08:00 UTC+03:00"),
        // A time that the clocks leave out is as far behind the gap, be that an hour or half of one.
        (
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "2032-03-28 02:30",
            "until 2032-03-28 03:30 UTC+02:00",
        ),
        (
            "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
            "2032-10-03 02:15",
            "until 2032-10-03 02:45 UTC+11:00",
        ),
    ] {
        let arguments = ["silence", "etl.load", "--until", until];
        let silenced = command(&folder, &arguments).env("TZ", zone).output();
        let silenced = Answer::of(silenced.unwrap());
        let with_error = format!("{shown}: disk full");
        assert!(silenced.stdout.contains(&with_error), "{silenced:?}");
        let over = command(&folder, &["unsilence", "etl.load"])
            .env("TZ", zone)
            .output();
        let over = Answer::of(over.unwrap()).stdout;
        assert!(over.contains(&format!("{shown})")), "{over}");
    }
}

/// Issue 12, point 31.
#[test]
fn a_status_that_lies_ahead_is_said_to() {
    let folder = Folder::new();
    let ahead = ago(-1494 * 24 * 60);
    let status = format!("ERROR\n{ahead}\netl::load :: run\nsince: {ahead}\n\ndisk full\n");
    fs::write(folder.path().join("etl.load"), status).unwrap();
    let (code, line) = check(&folder, &[]);
    assert_eq!(code, Some(2));
    assert!(
        line.contains("etl.load: has failed since ")
            && line.contains(", which is in the future, 1 run"),
        "{line}"
    );
    let forgotten = run(&folder, &["forget", "etl.load", "--quiet"]).stdout;
    assert!(forgotten.contains("it was ERROR since "), "{forgotten}");
}

/// Issue 12, point 31.
#[test]
fn a_table_counts_cells_and_not_characters() {
    let folder = Folder::new();
    for job in ["数据库.load", "abcdef.load", "⏳.load"] {
        works(&folder, job, 2);
    }
    let table = run(&folder, &["status"]).stdout;
    for row in [
        "OK      数据库.load  1 h",
        "OK      abcdef.load  1 h",
        "OK      ⏳.load      1 h",
    ] {
        assert!(table.contains(row), "{row} {table}");
    }
}

/// Issue 12, point 31.
#[test]
fn the_hint_for_a_channel_called_heartbeat_does_not_name_the_heartbeats_variable() {
    let folder = Folder::new();
    let hint = |channel| run(&folder, &["run", "--channel", channel, "--", "true"]).stderr;
    let other = hint("dba");
    assert!(
        other.contains("SLACK_DBA_WEBHOOK_URL") && other.contains("NOTIFY_DBA_URL"),
        "{other}"
    );
    let heartbeat = hint("heartbeat");
    assert!(
        heartbeat.contains("SLACK_HEARTBEAT_WEBHOOK_URL"),
        "{heartbeat}"
    );
    assert!(!heartbeat.contains("NOTIFY_HEARTBEAT_URL"), "{heartbeat}");
}
