//! Where our warnings go, under each kind of logger (issue 12, point 13).
#![expect(clippy::unwrap_used, reason = "what a test cannot do fails it")]

use std::fs;

use crate::support::{Answer, Folder, Program, Receiver};

/// Runs the program with that fault, and returns what its log and its standard error say of us.
fn warnings(level: &str, program: Program) -> (String, String) {
    let folder = Folder::new();
    let log = folder.path().join("log");
    let program = program.arg("err").env("LOG", &log).env("LEVEL", level);
    let ended = program.run();
    assert_eq!(ended.code, Some(7), "{ended:?}");
    let ours = |text: &str, start: &str| {
        let lines = text.lines().filter(|line| line.starts_with(start));
        lines.collect::<Vec<_>>().join("\n")
    };
    let logged = fs::read_to_string(log).unwrap();
    (
        ours(&logged, "WARN pipeline_notify: "),
        ours(&ended.stderr, "pipeline-notify: "),
    )
}

#[test]
fn a_warning_that_the_logger_does_not_take_is_on_standard_error() {
    let refusing = Receiver::answering(|_| Answer::Status(400, "invalid_payload"));
    let broken = Receiver::answering(|_| Answer::Status(404, "no_service"));
    // One that panics takes nothing, and ends no thread that delivers.
    for level in ["ours", "errors alone", "the program's own", "panics"] {
        let folder = Folder::new();
        let place = || Program::new("logs").directory(&folder);
        let faults = [
            ("SLACK_ALERTS_WEBHOOK_URL to its webhook", place()),
            (
                "SLACK_ALERTS_WEBHOOK_URL cannot be used",
                place().env("SLACK_ALERTS_WEBHOOK_URL", "nonsense"),
            ),
            ("refused the alert", place().alerts_to(&refusing)),
            ("is broken", place().alerts_to(&broken)),
            (
                "cannot be used",
                Program::new("logs").env("NOTIFYDIR", "/proc/nowhere"),
            ),
        ];
        for (said, program) in faults {
            let (logged, stderr) = warnings(level, program);
            let (taker, other) = match level {
                "ours" => (&logged, &stderr),
                _ => (&stderr, &logged),
            };
            assert!(taker.contains(said), "{level}, {said}: {taker}");
            assert!(other.is_empty(), "{level}, {said}: {other}");
        }
    }
}

/// Its destination has a queue, but for one that cannot be written there is none.
#[test]
fn of_an_alert_that_could_not_be_queued_no_warning_says_that_it_waits_on_disk() {
    for (status, said) in [(503, "does not take alerts now"), (404, "is broken")] {
        let down = Receiver::answering(move |_| Answer::Status(status, "down"));
        let folder = Folder::new();
        let program = |outcome| {
            let program = Program::new("incidents").arg(outcome).directory(&folder);
            program.alerts_to(&down).env("NOTIFY_EXIT_SECONDS", "1")
        };
        program("ok").env("NOTIFY_OK_SILENT_HOURS", "never").run();
        let hidden = fs::read_dir(folder.path().join(".pipeline-notify")).unwrap();
        let outbox = hidden.last().unwrap().unwrap().path().join("outbox");
        let _ = fs::remove_dir_all(&outbox);
        fs::write(outbox, "no folder").unwrap();
        let stderr = program("no route").run().stderr;
        for words in [said, "they wait in memory", "1 alert is lost"] {
            assert!(stderr.contains(words), "{words}: {stderr}");
        }
        assert!(!stderr.contains("wait on disk"), "{stderr}");
        assert!(!stderr.contains("its alerts wait until"), "{stderr}");
    }
}

/// Whether the thread that would warn came in time was luck.
#[test]
fn an_exit_that_is_to_send_nothing_does_not_complain_that_it_has_not() {
    let hanging = Receiver::answering(|_| Answer::Hang);
    for _ in 0..10 {
        let folder = Folder::new();
        let program = Program::new("ends").arg("err").directory(&folder);
        let program = program.alerts_to(&hanging).env("NOTIFY_EXIT_SECONDS", "0");
        let ended = program.run();
        assert_eq!(ended.code, Some(1));
        assert!(!ended.stderr.contains("before the exit"), "{ended:?}");
        assert_eq!(folder.waiting_alerts().len(), 1);
    }
}
