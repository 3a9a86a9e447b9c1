//! Issue 18, points 1 and 2, by the command: schedules, jobs that never ran, and runs that were too short, too
//! long or too many.
#![cfg(all(feature = "cli", unix))]

mod support;

use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use support::running::kill;
use support::status::works;
use support::{Folder, Receiver, Running, eventually};

fn command(folder: &Folder, receiver: &Receiver, arguments: &[&str]) -> Command {
    let mut command = support::command::command(folder, arguments);
    command
        .env("TZ", "Europe/Berlin")
        .env("NOTIFY_OK_SILENT_HOURS", "never")
        .env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook());
    command
}

fn run(folder: &Folder, receiver: &Receiver, arguments: &[&str]) -> Output {
    command(folder, receiver, arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A watch that goes on until it is dropped.
fn watching(folder: &Folder, receiver: &Receiver) -> Running {
    let mut command = command(folder, receiver, &["watch", "--every", "0.1s"]);
    Running(command.stderr(Stdio::null()).spawn().unwrap())
}

/// Has a watch end as a service is ended: what it has sent is written down.
fn stop(mut watch: Running) {
    kill("TERM", watch.0.id());
    assert!(watch.0.wait().unwrap().success());
}

fn times(receiver: &Receiver, words: &str) -> usize {
    receiver.texts().concat().matches(words).count()
}

#[test]
fn a_run_that_a_schedule_misses_is_sent_once_and_one_that_comes_after_all_as_late() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let daily = "schedule: 5 3 * * *\ntimezone: Europe/Berlin\n";
    works(&folder, "a.late", 30, daily);
    works(
        &folder,
        "a.patient",
        30,
        &format!("{daily}grace-minutes: 6000\n"),
    );
    works(
        &folder,
        "a.monthly",
        1,
        "schedule: 5 3 1 1 *\ntimezone: UTC\n",
    );
    works(
        &folder,
        "a.wrong",
        300,
        "schedule: 5 3 * * 1-9\ntimezone: UTC\n",
    );
    let watch = watching(&folder, &receiver);
    eventually("it is sent", || {
        times(&receiver, "job a.late missed a run") == 1
    });
    let text = receiver.texts().concat();
    assert!(
        text.contains("--- MISSED ---")
            // By the time of the day it has missed one run, or two.
            && text.contains("(Europe/Berlin)")
            && text.contains(", by the schedule `5 3 * * *`."),
        "{text}"
    );
    stop(watch);
    let _watch = watching(&folder, &receiver);
    let late = run(
        &folder,
        &receiver,
        &[
            "run", "--name", "a.late", "--schedule", "5 3 * * *", "--", "true",
        ],
    );
    assert_eq!(late.status.code(), Some(0));
    eventually("it is late", || {
        times(&receiver, "job a.late ran late") == 1
    });
    assert!(
        receiver.texts().concat().contains("it was due "),
        "{:?}",
        receiver.texts()
    );
    for job in ["a.patient", "a.monthly", "a.wrong"] {
        assert_eq!(times(&receiver, job), 0, "{job}");
    }
    assert_eq!(times(&receiver, "missed a run"), 1);
    // The zone is written by its name, for `watch` never takes its own.
    let status = folder.status_file("a.late");
    assert!(
        status.contains("\nschedule: 5 3 * * *\ntimezone: Europe/Berlin\n"),
        "{status}"
    );
}

#[test]
fn check_and_status_say_what_is_missed_when_it_runs_next_and_where_a_schedule_is_wrong() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    works(
        &folder,
        "a.late",
        30,
        "schedule: 5 3 * * *\ntimezone: Europe/Berlin\n",
    );
    works(
        &folder,
        "a.wrong",
        1,
        "schedule: 5 3 * * 1-9\ntimezone: UTC\n",
    );
    works(&folder, "a.lost", 1, "schedule: 5 3 * * *\n");
    let late = run(&folder, &receiver, &["check", "a.late"]);
    assert_eq!(late.status.code(), Some(2));
    let text = stdout(&late);
    assert!(
        text.contains("has missed a run") && text.contains("(Europe/Berlin), by `5 3 * * *`"),
        "{text}"
    );
    let wrong = run(&folder, &receiver, &["check", "a.wrong", "a.lost"]);
    assert_eq!(wrong.status.code(), Some(1), "{}", stdout(&wrong));
    let text = stdout(&wrong);
    assert!(
        text.contains("column 9 (day of week `1-9`)") && text.contains("time zone of the schedule"),
        "{text}"
    );
    let status = stdout(&run(&folder, &receiver, &["status"]));
    assert!(
        status.contains("NEXT") && status.contains("column 9 (day of week `1-9`)"),
        "{status}"
    );
    let json = stdout(&run(&folder, &receiver, &["status", "--json", "a.late"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let job = &json["jobs"][0];
    assert_eq!(
        (&job["schedule"], &job["timezone"]),
        (&"5 3 * * *".into(), &"Europe/Berlin".into())
    );
    let next: chrono::DateTime<Utc> = job["next"].as_str().unwrap().parse().unwrap();
    assert!(
        next > Utc::now() && next < Utc::now() + TimeDelta::hours(25),
        "{next}"
    );
    // An option says another time, and another host's zone.
    let yearly = [
        "check", "a.late", "--schedule", "5 3 1 1 *", "--timezone", "UTC",
    ];
    assert_eq!(run(&folder, &receiver, &yearly).status.code(), Some(0));
    let graceful = ["check", "a.late", "--grace", "20d"];
    assert_eq!(run(&folder, &receiver, &graceful).status.code(), Some(0));
    for mistake in [["--clock-changes", "at"], ["--schedule", "5 3 * * 9"]] {
        let wrong = run(
            &folder,
            &receiver,
            &[&["check", "a.late"], &mistake[..]].concat(),
        );
        let text = stdout(&wrong);
        assert!(
            wrong.status.code() == Some(3) && text.starts_with("UNKNOWN - "),
            "{mistake:?}: {text}"
        );
        assert!(
            text.lines().count() == 1 && text.contains(mistake[1]),
            "{text}"
        );
    }
}

/// cron makes up for 02:30 on the day on which clocks leave it out, and systemd does not: a page and metrics say what
/// `check` says.
#[test]
fn who_starts_the_jobs_is_said_to_the_page_and_to_the_metrics_as_well() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let line = "schedule: 30 2 25-31 3 */7\ntimezone: Europe/Berlin\n";
    works(&folder, "etl.spring", 24, line);
    works(&folder, "etl.missed", 24 * 400, line);
    let page = folder.path().join(".page.html");
    let page = page.to_str().unwrap();
    for (who, is_due) in [("cron", true), ("systemd", false)] {
        let who = ["--clock-changes", who];
        let call = |arguments: &[&str]| run(&folder, &receiver, &[arguments, &who].concat());
        let made = call(&["page", "-o", page]);
        assert!(made.status.success(), "{made:?}");
        let page = fs::read_to_string(page).unwrap();
        assert_eq!(page.contains("next "), is_due, "{who:?}: {page}");
        assert_eq!(page.contains("has missed a run"), is_due, "{who:?}: {page}");
        let check = stdout(&call(&["check"]));
        assert_eq!(check.contains("missed=1"), is_due, "{who:?}: {check}");
        let metrics = stdout(&call(&["metrics"]));
        let missed = format!(
            "job_missed{{job_name=\"etl.missed\"}} {}\n",
            u8::from(is_due)
        );
        assert!(metrics.contains(&missed), "{who:?}: {metrics}");
    }
}

#[test]
fn a_wrong_schedule_stops_no_command() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let arguments = [
        "run", "--name", "a.job", "--schedule", "5 3 * * 1-9", "--every-hours", "1", "--", "sh",
        "-c", "exit 3",
    ];
    let ran = run(&folder, &receiver, &arguments);
    assert_eq!(ran.status.code(), Some(3));
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(said.contains("column 9 (day of week `1-9`)"), "{said}");
    assert!(!folder.status_file("a.job").contains("schedule:"));
}

#[test]
fn a_job_that_was_never_started_is_missed_by_the_command_and_by_a_file() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let expect = |arguments: &[&str]| run(&folder, &receiver, &[&["expect"], arguments].concat());
    let said = expect(&["a.new", "--schedule", "5 3 * * 1-5"]);
    assert_eq!(said.status.code(), Some(0), "{said:?}");
    assert!(
        stdout(&said).contains("(Europe/Berlin), by `5 3 * * 1-5`"),
        "{}",
        stdout(&said)
    );
    let wrong = expect(&["a.other", "--schedule", "5 3 * * 1-9"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("column 9"));
    // Written down it would be read as another job's.
    let unnamed = expect(&["run every day", "--every", "24h"]);
    assert_eq!(unnamed.status.code(), Some(2), "{unnamed:?}");
    let listed = expect(&["--list"]);
    assert!(stdout(&listed).contains("a.new"), "{listed:?}");
    assert!(listed.stderr.is_empty(), "{listed:?}");
    let status = run(&folder, &receiver, &["status", "a.new"]);
    assert_eq!(status.status.code(), Some(0));
    assert!(
        stdout(&status).contains("Never ran, and should:\n  a.new  "),
        "{}",
        stdout(&status)
    );
    // A deployment's, of three days ago.
    let lines = "a.never schedule * * * * * zone UTC\nb.never every 1h\nnonsense\n";
    let file = folder.plan(".expected", "deployed", lines);
    let touched = Command::new("touch")
        .args(["-d", "3 days ago"])
        .arg(&file)
        .status()
        .unwrap();
    assert!(touched.success());
    let check = run(&folder, &receiver, &["check"]);
    assert_eq!(check.status.code(), Some(2), "{check:?}");
    let text = stdout(&check);
    assert!(
        text.contains("a.never: has never run") && text.contains("line 3"),
        "{text}"
    );
    assert!(!text.contains("a.new"), "its first run is not due: {text}");
    let watch = watching(&folder, &receiver);
    for job in ["a.never", "b.never"] {
        let words = format!("job {job} missed a run");
        eventually("it is sent", || times(&receiver, &words) == 1);
    }
    let texts = receiver.texts().concat();
    assert!(texts.contains("It has never run. Expected "), "{texts}");
    assert!(!texts.contains("it has never run"), "{texts}");
    let place = format!("expected by {}", folder.path().join(".expected").display());
    assert!(texts.contains(&place), "{texts}");
    stop(watch);
    let ran = run(
        &folder,
        &receiver,
        &["run", "--name", "b.never", "--", "true"],
    );
    assert_eq!(ran.status.code(), Some(0));
    let _watch = watching(&folder, &receiver);
    works(&folder, "c.late", 30, "every-hours: 24\n");
    eventually("the watch has looked", || {
        times(&receiver, "job c.late missed a run") == 1
    });
    assert_eq!(
        times(&receiver, "a.never missed") + times(&receiver, "b.never missed"),
        2
    );
    assert_eq!(expect(&["a.new", "--remove"]).status.code(), Some(0));
    assert_eq!(expect(&["a.new", "--remove"]).status.code(), Some(1));
}

#[test]
fn a_run_that_is_too_short_or_too_long_is_sent_as_a_remark_and_its_job_stays_ok() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let ran = |name: &str, range: &str| {
        let ran = run(
            &folder,
            &receiver,
            &[
                "run", "--name", name, "--took-hours", range, "--", "sleep", "0.2",
            ],
        );
        assert_eq!(ran.status.code(), Some(0), "{ran:?}");
        assert_eq!(String::from_utf8_lossy(&ran.stderr), "");
    };
    ran("a.short", "1..4");
    ran("a.long", "..0.00001");
    ran("a.right", "..30min");
    ran("a.right", "0.00001..");
    assert_eq!(
        times(&receiver, "job a.short ended too soon"),
        1,
        "{:?}",
        receiver.texts()
    );
    assert_eq!(times(&receiver, "job a.long took too long"), 1);
    let text = receiver.texts().concat();
    assert!(
        text.contains("and should take 1 h at least") && text.contains("--- TOO SHORT ---"),
        "{text}"
    );
    assert_eq!(times(&receiver, "a.right"), 0);
    for job in ["a.short", "a.long"] {
        assert!(folder.status_file(job).starts_with("OK\n"), "{job}");
    }
    // While it goes on, no more often than a failure.
    ran("a.short", "1..4");
    assert_eq!(times(&receiver, "job a.short"), 1);
    // Once one was right, the next is news.
    ran("a.short", "..4");
    ran("a.short", "1..4");
    assert_eq!(times(&receiver, "job a.short ended too soon"), 2);
    let wrong = run(
        &folder,
        &receiver,
        &[
            "run", "--name", "a.wrong", "--took-hours", "4..1", "--", "true",
        ],
    );
    assert!(
        String::from_utf8_lossy(&wrong.stderr).contains("--took-hours"),
        "{wrong:?}"
    );
}

#[test]
fn runs_that_overlap_are_sent_once_and_only_where_that_is_asked_for() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let first = |name: &str| {
        let mut command = command(
            &folder,
            &receiver,
            &["run", "--name", name, "--", "sleep", "30"],
        );
        Running(command.stderr(Stdio::null()).spawn().unwrap())
    };
    let _first = [first("a.one"), first("a.many")];
    let is_running =
        |name: &str| stdout(&run(&folder, &receiver, &["status", name])).contains("Running now");
    eventually("they run", || is_running("a.one") && is_running("a.many"));
    for _ in 0..2 {
        run(
            &folder,
            &receiver,
            &["run", "--name", "a.one", "--no-overlap", "--", "true"],
        );
        run(
            &folder,
            &receiver,
            &["run", "--name", "a.many", "--", "true"],
        );
        run(
            &folder,
            &receiver,
            &["run", "--name", "a.alone", "--no-overlap", "--", "true"],
        );
    }
    std::thread::sleep(Duration::from_millis(10));
    assert!(
        times(&receiver, "job a.one overlaps another run") >= 1,
        "{:?}",
        receiver.texts()
    );
    assert_eq!(
        times(&receiver, "a.many") + times(&receiver, "a.alone"),
        0,
        "{:?}",
        receiver.texts()
    );
    assert!(folder.status_file("a.one").starts_with("OK\n"));
}

/// It needs root, and a user `nobody`.
#[test]
fn root_watches_over_each_user_as_that_user() {
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if !is_root || !cfg!(target_os = "linux") {
        return;
    }
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let script = "chmod 1777 \"$1\" && mkdir -p \"$1/.pipeline-notify/65534\" && chmod 755 \"$1/.pipeline-notify\" \
        && chown 65534 \"$1/.pipeline-notify/65534\" && chmod 700 \"$1/.pipeline-notify/65534\"";
    let made = Command::new("sh")
        .args(["-c", script, "-"])
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(made.success());
    for job in ["a.of.nobody", "a.of.root"] {
        works(&folder, job, 30, "every-hours: 24\n");
    }
    let owned = Command::new("chown")
        .arg("65534")
        .arg(folder.path().join("a.of.nobody"))
        .status()
        .unwrap();
    assert!(owned.success());
    let mut watch = command(
        &folder,
        &receiver,
        &["watch", "--all-users", "--every", "0.1s"],
    );
    let watch = Running(watch.stderr(Stdio::null()).spawn().unwrap());
    eventually("it is sent", || {
        times(&receiver, "job a.of.nobody missed a run") == 1
    });
    // Root has no folder here before it has run a job: nobody watches over its own.
    assert_eq!(times(&receiver, "a.of.root"), 0);
    let children =
        fs::read_to_string(format!("/proc/{0}/task/{0}/children", watch.0.id())).unwrap();
    let child = children.split_whitespace().next().unwrap();
    let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap();
    assert!(
        status.contains("Uid:\t65534\t65534\t65534\t65534"),
        "{status}"
    );
    assert!(
        status.contains("Gid:\t65534\t65534\t65534\t65534"),
        "{status}"
    );
    kill("TERM", watch.0.id());
    let mut watch = watch;
    eventually("it ends", || watch.0.try_wait().unwrap().is_some());
    eventually("and so does its child", || {
        !fs::exists(format!("/proc/{child}")).unwrap()
    });
}
