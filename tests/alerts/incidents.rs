//! Incidents from their first failure to their end: what people hear, and what is held back.

use crate::support::{Answer, Folder, Program, Receiver};

const JOB: &str = "pipeline-notify.incidents.load";

/// Runs the job once for each outcome, as one process.
fn run(folder: &Folder, receiver: &Receiver, settings: &[(&str, &str)], outcomes: &[&str]) {
    let mut program = Program::new("incidents")
        .directory(folder)
        .alerts_to(receiver);
    for (name, value) in settings {
        program = program.env(name, value);
    }
    for outcome in outcomes {
        program = program.arg(outcome);
    }
    let ended = program.run();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

/// What the receiver was sent of the job, a line each: what became of it, and the first line of
/// the error.
fn delivered(receiver: &Receiver) -> Vec<String> {
    let texts = receiver.texts();
    let alerts = texts.iter().flat_map(|text| text.split("--- ").skip(1));
    let line = |alert: &str| {
        let kind = alert
            .split(&format!("job {JOB} "))
            .nth(1)?
            .split(" · ")
            .next()?;
        let error = alert.lines().nth(4).filter(|_| alert.starts_with("ERROR"));
        Some(format!("{kind}: {}", error.unwrap_or_default()))
    };
    alerts.filter_map(line).collect()
}

fn held(folder: &Folder) -> Vec<String> {
    let files = folder.hidden_files().into_iter();
    files
        .filter(|(path, _)| path.contains("/held/"))
        .map(|(path, _)| path)
        .collect()
}

#[test]
fn an_ok_takes_a_held_failure_back_and_nobody_hears_of_either() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let settings = [("AFTER", "3"), ("NOTIFY_OK_SILENT_HOURS", "never")];
    run(&folder, &receiver, &settings, &["ok", "disk full"]);
    assert_eq!(held(&folder).len(), 1);
    let status = folder.status_file(JOB);
    assert!(
        status.contains("\ndecision: not sent: fewer failures in a row than `after`\n"),
        "{status}"
    );
    assert!(status.contains("\nheld: alerts-"), "{status}");
    run(&folder, &receiver, &settings, &["ok"]);
    assert_eq!((held(&folder), delivered(&receiver)), (vec![], vec![]));
}

#[test]
fn the_nth_failure_in_a_row_is_sent_once_and_so_is_the_recovery() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let settings = [("AFTER", "3"), ("NOTIFY_OK_SILENT_HOURS", "never")];
    run(
        &folder,
        &receiver,
        &settings,
        &["ok", "disk full", "disk full"],
    );
    run(&folder, &receiver, &settings, &["no route"]);
    assert_eq!(delivered(&receiver), ["failed: no route"]);
    let text = &receiver.texts()[0];
    assert!(
        text.contains("3 runs") && text.contains("before: disk full"),
        "{text}"
    );
    run(&folder, &receiver, &settings, &["ok"]);
    assert_eq!(delivered(&receiver).len(), 2);
    assert!(receiver.texts()[1].contains("3 failed runs; the error was: disk full"));
    assert!(held(&folder).is_empty());
}

#[test]
fn a_held_failure_leaves_when_it_has_been_held_for_long_enough() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    // 0.36 seconds.
    let settings = [
        ("AFTER", "3"),
        ("NOTIFY_OK_SILENT_HOURS", "never"),
        ("NOTIFY_SILENT_SECONDS", "0"),
        ("NOTIFY_REMIND_HOURS", "0.0001"),
    ];
    // The process that held it sends it; then the recovery is news.
    run(
        &folder,
        &receiver,
        &settings,
        &["ok", "disk full", "sleep 1500", "ok"],
    );
    assert_eq!(delivered(&receiver), ["failed: disk full", "recovered: "]);
    // Or another one, once it comes by.
    run(&folder, &receiver, &settings, &["disk full"]);
    assert_eq!(delivered(&receiver).len(), 2);
    run(&folder, &receiver, &settings, &["sleep 500", "ok"]);
    let delivered = delivered(&receiver);
    assert_eq!(
        delivered[2..],
        ["failed: disk full", "recovered: "],
        "{delivered:?}"
    );
    assert!(held(&folder).is_empty() && folder.waiting_alerts().is_empty());
}

#[test]
fn a_failure_before_the_last_attempt_is_held_and_the_last_ones_is_sent() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let attempt = |attempt| {
        [
            ("NOTIFY_ATTEMPT", attempt),
            ("NOTIFY_OK_SILENT_HOURS", "never"),
        ]
    };
    run(&folder, &receiver, &attempt("1/3"), &["ok"]);
    for number in ["1/3", "2/3"] {
        run(&folder, &receiver, &attempt(number), &["disk full"]);
    }
    assert_eq!((delivered(&receiver).len(), held(&folder).len()), (0, 1));
    run(&folder, &receiver, &attempt("3/3"), &["disk full"]);
    assert_eq!(delivered(&receiver), ["failed: disk full"]);
    assert!(held(&folder).is_empty());
}

#[test]
fn a_wrong_attempt_is_reported_and_ignored() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let ended = Program::new("incidents")
        .directory(&folder)
        .alerts_to(&receiver)
        .env("NOTIFY_ATTEMPT", "second")
        .arg("disk full")
        .run();
    assert!(
        ended
            .stderr
            .contains("NOTIFY_ATTEMPT is ignored: write `2/3`"),
        "{}",
        ended.stderr
    );
    assert_eq!(delivered(&receiver), ["failed: disk full"]);
}

#[test]
fn a_held_failure_that_cannot_be_sent_waits_and_its_recovery_comes_after_it() {
    let folder = Folder::new();
    let receiver = Receiver::down(Answer::Close);
    let settings = [
        ("AFTER", "3"),
        ("NOTIFY_OK_SILENT_HOURS", "never"),
        ("NOTIFY_SILENT_SECONDS", "0"),
        ("NOTIFY_REMIND_HOURS", "0.0001"),
        ("NOTIFY_EXIT_SECONDS", "0.3"),
    ];
    let mut program = Program::new("incidents")
        .directory(&folder)
        .alerts_to(&receiver);
    for (name, value) in settings {
        program = program.env(name, value);
    }
    for outcome in ["ok", "disk full", "sleep 1500", "ok"] {
        program = program.arg(outcome);
    }
    let ended = program.run();
    assert_eq!(ended.code, Some(0));
    assert!(
        ended.stderr.contains("does not take alerts now"),
        "{}",
        ended.stderr
    );
    assert_eq!((folder.waiting_alerts().len(), held(&folder).len()), (2, 0));

    receiver.mend();
    let drained = Program::new("drain")
        .directory(&folder)
        .alerts_to(&receiver)
        .arg("20")
        .run();
    assert_eq!(drained.code, Some(0), "{drained:?}");
    let texts = receiver.texts();
    let last = texts.last().unwrap();
    let (failed, recovered) = (last.find("load failed"), last.find("load recovered"));
    assert!(failed.is_some() && failed < recovered, "{last}");
}

#[test]
fn alerts_say_the_version_the_context_and_what_the_orchestrator_calls_the_run() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let settings = [
        ("NOTIFY_CONTEXT", "env=prod https://example.com/run/7"),
        ("NOTIFY_INSTANCE", "eu-1"),
        ("AIRFLOW_CTX_DAG_ID", "etl"),
        ("AIRFLOW_CTX_TRY_NUMBER", "2"),
        ("INVOCATION_ID", "0123abcd"),
        ("EVERY", "24"),
    ];
    run(&folder, &receiver, &settings, &["disk full"]);
    let text = &receiver.texts()[0];
    for part in [
        "· version 0.1.0 ·",
        "· context env=prod https://example.com/run/7 ·",
        "· instance eu-1 ·",
        "· airflow dag etl, try 2 ·",
        "· systemd journalctl _SYSTEMD_INVOCATION_ID=0123abcd ·",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let status = folder.status_file(&format!("{JOB}@eu-1"));
    assert!(
        status.contains("\nversion: 0.1.0\n") && status.contains("\nevery-hours: 24\n"),
        "{status}"
    );
}
