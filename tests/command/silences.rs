//! What is held back, withheld, or kept to the silences, by the command as cron and orchestrators call it
//! (issue 12, points 5, 9, 10, and 18).
#![cfg(all(feature = "cli", unix))]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::{self, Folder, Receiver, eventually};

/// A receiver of alerts, and the settings of whoever sends to it.
struct Place {
    receiver: Receiver,
    settings: Vec<(&'static str, String)>,
}

impl Place {
    fn new(settings: &[(&'static str, &str)]) -> Self {
        let settings = settings.iter();
        Self {
            receiver: Receiver::new(),
            settings: settings
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
        }
    }

    fn command(&self, directory: &Path, arguments: &[&str]) -> Command {
        let webhook = self.receiver.json_webhook();
        let mut command = support::command::command(directory, arguments);
        command
            .env("NOTIFY_ALERTS_URL", &webhook)
            .env("NOTIFY_OTHER_URL", &webhook)
            .env("NOTIFY_OK_SILENT_HOURS", "never")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn call(&self, directory: &Path, arguments: &[&str]) -> Output {
        self.command(directory, arguments).output().unwrap()
    }

    /// Runs a shell script as a job, as one of its attempts where that is said.
    fn run(&self, directory: &Path, job: &str, attempt: &str, script: &str) -> Output {
        let arguments = ["run", "--name", job, "--", "sh", "-c", script];
        let mut command = self.command(directory, &arguments);
        command.env("NOTIFY_ATTEMPT", attempt).output().unwrap()
    }

    /// What came, in the order in which it did: the job, what became of it, and what the alert adds.
    fn heard(&self) -> Vec<String> {
        let alerts = self.receiver.alerts().into_iter();
        alerts
            .map(|alert| {
                let text = |key: &str| alert[key].as_str().unwrap_or_default().to_owned();
                let notes = alert["text"].as_str().unwrap_or_default();
                let notes = notes.lines().find(|line| line.contains("meanwhile"));
                format!(
                    "{} {} {}",
                    text("job"),
                    text("kind"),
                    notes.unwrap_or_default()
                )
                .trim()
                .to_owned()
            })
            .collect()
    }
}

/// A due time of a third of a second.
const SOON: [(&str, &str); 2] = [
    ("NOTIFY_SILENT_SECONDS", "0"),
    ("NOTIFY_REMIND_HOURS", "0.0001"),
];

fn wait_for_the_due_time() {
    std::thread::sleep(std::time::Duration::from_millis(600));
}

#[test]
fn three_attempts_are_one_alert_in_a_folder_that_was_empty_and_in_a_folder_each() {
    let place = Place::new(&[]);
    let folder = Folder::new();
    for attempt in ["1/3", "2/3", "3/3"] {
        assert!(place.heard().is_empty());
        place.run(folder.path(), "etl", attempt, "exit 3");
    }
    assert_eq!(place.heard(), ["etl failed"]);

    let place = Place::new(&[]);
    for attempt in ["1/3", "2/3", "3/3"] {
        place.run(Folder::new().path(), "etl", attempt, "exit 3");
    }
    assert_eq!(place.heard(), ["etl failed"]);

    // As with `--after`, of which three runs are needed.
    let place = Place::new(&[]);
    for _ in 0..3 {
        assert!(place.heard().is_empty());
        let arguments = ["run", "--name", "etl", "--after", "3", "--", "false"];
        place.call(folder.path().join("after").as_path(), &arguments);
    }
    assert_eq!(place.heard(), ["etl failed"]);
}

#[test]
fn a_first_attempt_that_no_other_follows_is_sent_at_its_due_time_by_the_next_run_of_any_job() {
    for other in [
        &["run", "--name", "other", "--", "true"][..],
        &["run", "--name", "other", "--channel", "other", "--", "true"],
    ] {
        let (place, folder) = (Place::new(&SOON), Folder::new());
        place.run(folder.path(), "etl", "1/3", "exit 3");
        assert!(place.heard().is_empty());
        wait_for_the_due_time();
        place.call(folder.path(), other);
        assert_eq!(place.heard(), ["etl failed"]);
        // Its recovery is sent, for its failure was.
        place.run(folder.path(), "etl", "2/3", "true");
        assert_eq!(place.heard(), ["etl failed", "etl recovered"]);
    }
}

#[test]
fn a_first_attempt_that_no_other_follows_is_sent_at_its_due_time_by_watch() {
    let (place, folder) = (Place::new(&SOON), Folder::new());
    place.run(folder.path(), "etl", "1/3", "exit 3");
    let mut watch = place.command(folder.path(), &["watch"]).spawn().unwrap();
    eventually("it is sent", || place.heard() == ["etl failed"]);
    watch.kill().unwrap();
    watch.wait().unwrap();
}

#[test]
fn where_nothing_can_wait_an_attempt_is_sent_at_once_and_a_malformed_one_holds_nothing() {
    let place = Place::new(&[]);
    place.run(Path::new("/dev/null/notify"), "etl", "1/3", "exit 3");
    assert_eq!(place.heard(), ["etl failed"]);

    for (number, attempt) in ["4/3", "0/3", "first", "1", "1/x"].into_iter().enumerate() {
        let place = Place::new(&[]);
        let ended = place.run(Folder::new().path(), "etl", attempt, "exit 3");
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(
            stderr.contains("NOTIFY_ATTEMPT is ignored"),
            "{number}: {stderr}"
        );
        assert_eq!(place.heard(), ["etl failed"], "{attempt}");
    }
}

#[test]
fn an_older_run_that_works_recovers_nothing_and_one_that_fails_names_the_newer_one() {
    let (place, folder) = (Place::new(&[]), Folder::new());
    let wait = "until [ -e go ]; do sleep 0.05; done";
    let script = format!("cd '{}'; {wait}", folder.path().display());
    let older = |end: &str| {
        let script = format!("{script}; {end}");
        let arguments = ["run", "--name", "etl", "--", "sh", "-c", &script];
        let child = place.command(folder.path(), &arguments).spawn().unwrap();
        // It has begun once it can be seen.
        eventually("it is under way", || {
            let status = place.call(folder.path(), &["status"]);
            String::from_utf8_lossy(&status.stdout).contains("Running now")
        });
        child
    };
    let go = || fs::write(folder.path().join("go"), "").unwrap();
    let mut child = older("exit 0");
    place.run(folder.path(), "etl", "", "exit 3");
    go();
    child.wait().unwrap();
    assert_eq!(place.heard(), ["etl failed"]);
    assert!(folder.status_file("etl").starts_with("ERROR\n"));
    // One that begins after it does.
    place.run(folder.path(), "etl", "", "exit 0");
    assert_eq!(place.heard(), ["etl failed", "etl recovered"]);

    fs::remove_file(folder.path().join("go")).unwrap();
    let mut child = older("exit 4");
    place.run(folder.path(), "etl", "", "exit 0");
    go();
    child.wait().unwrap();
    assert_eq!(place.heard().len(), 3);
    let last = place
        .receiver
        .requests()
        .pop()
        .unwrap()
        .payload()
        .to_string();
    assert!(
        last.contains("a newer run (begun 20") && last.contains("has ended OK"),
        "{last}"
    );
    assert!(folder.status_file("etl").starts_with("OK\n"));
}

#[test]
fn an_always_slow_job_keeps_to_the_silences_and_can_be_silenced() {
    let (place, folder) = (
        Place::new(&[("NOTIFY_SILENT_SECONDS", "14256")]),
        Folder::new(),
    );
    let slow = |place: &Place| {
        let options = [
            "run", "--name", "slow", "--overdue-minutes", "0.002", "--", "sleep", "0.6",
        ];
        place.call(folder.path(), &options);
    };
    for _ in 0..4 {
        slow(&place);
    }
    assert_eq!(place.heard(), ["slow overdue"]);

    // By the defaults it would be sent at each run.
    let place = Place::new(&[("NOTIFY_SILENT_SECONDS", "0")]);
    slow(&place);
    assert_eq!(place.heard(), ["slow overdue"], "and not its end");
    let silenced = place.call(folder.path(), &["silence", "slow", "--for", "2h"]);
    let said = String::from_utf8_lossy(&silenced.stdout).into_owned();
    assert!(said.contains("its runs are overdue"), "{said}");
    for _ in 0..2 {
        slow(&place);
    }
    assert_eq!(place.heard().len(), 2, "and the silence itself");
    let refused = place.run(folder.path(), "quick", "", "true");
    assert_eq!(refused.status.code(), Some(0));
    let refused = place.call(folder.path(), &["silence", "quick", "--for", "2h"]);
    assert_eq!(refused.status.code(), Some(2));
}

/// Issue 12, point 22.
#[test]
fn what_a_person_says_of_a_job_is_stored_and_shown_without_secrets() {
    const KEY: &str = "s3cr3ts3cr3t";
    let (place, folder) = (Place::new(&[("NOTIFY_ALERTS_SECRET", KEY)]), Folder::new());
    place.run(folder.path(), "etl.load", "", "exit 3");
    let because = format!("the key {KEY} is refused");
    for arguments in [
        vec!["silence", "etl.load", "--for", "2h", "--because", &because],
        vec!["unsilence", "etl.load"],
        vec!["ack", "etl.load", "--because", &because],
        vec!["silence", "etl.*", "--for", "2h", "--because", &because],
        vec!["silence", "--list"],
        vec!["status"],
        vec!["check"],
        vec!["explain", "etl.load"],
        vec!["page", "-o", "-"],
    ] {
        let output = place.call(folder.path(), &arguments);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(!said.contains(KEY), "{arguments:?}: {said}");
    }
    let plan = fs::read_dir(folder.path().join(".silences")).unwrap();
    let plan = plan.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let plan = plan.collect::<String>();
    assert!(
        plan.contains("because the key [hidden] is refused"),
        "{plan}"
    );
    let status = fs::read_to_string(folder.path().join("etl.load")).unwrap();
    assert!(
        status.contains("[hidden]") && !status.contains(KEY),
        "{status}"
    );
    let sent = place.receiver.requests();
    assert_eq!(sent.len(), 3);
    for request in sent {
        assert!(!request.payload().to_string().contains(KEY));
    }
}

#[test]
fn after_three_other_errors_the_rest_wait_also_while_a_person_has_silenced_one() {
    let (place, folder) = (
        Place::new(&[("NOTIFY_SILENT_SECONDS", "14256")]),
        Folder::new(),
    );
    let fails = |place: &Place, job: &str, number: u8| {
        let letter = char::from(b'a' + number);
        let script = format!("echo '{letter}{letter}{letter} is odd' >&2; exit {number}");
        place.run(folder.path(), job, "", &script);
    };
    for number in 1..=12 {
        fails(&place, "etl", number);
    }
    let heard = place.heard();
    assert!(heard.len() <= 4, "{heard:?}");

    let place = Place::new(&[("NOTIFY_SILENT_SECONDS", "0")]);
    fails(&place, "load", 20);
    place.call(folder.path(), &["silence", "load", "--for", "2h"]);
    let before = place.heard().len();
    for number in 1..=12 {
        fails(&place, "load", number);
    }
    assert!(place.heard().len() - before <= 3, "{:?}", place.heard());
}
