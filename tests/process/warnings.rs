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
