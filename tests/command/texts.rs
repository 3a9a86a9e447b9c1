//! Issue 12, points 4, 5, 23 and 27: what the text of an error becomes on its way to people.
#![cfg(all(feature = "cli", unix))]

use std::process::Stdio;

use crate::support::command::{command, said};
use crate::support::{Folder, Receiver};

const JOB: &str = "job";

/// Runs a script as a job, and returns the status file.
fn run(folder: &Folder, receiver: &Receiver, script: &str) -> String {
    let status = command(folder, &["run", "--name", JOB, "--", "sh", "-c", script])
        .env("NOTIFY_SILENT_SECONDS", "14256")
        .env("NOTIFY_CONTEXT", "env=\u{1b}[1mprod\u{202e}")
        .env("SLACK_ALERTS_WEBHOOK_URL", receiver.webhook())
        .stderr(Stdio::null())
        .status();
    assert!(status.is_ok_and(|status| !status.success()), "{script}");
    folder.status_file(JOB)
}

#[test]
fn nothing_that_a_terminal_obeys_reaches_people_and_the_phone_shows_the_reason() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let script = r"printf '\033[31mconnecting\033[0m\n\033]0;title\007FATAL: no such \342\200\256role\n' >&2; exit 1";
    let file = run(&folder, &receiver, script);
    let is_obeyed = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!file.contains(is_obeyed), "{file:?}");
    assert!(
        file.contains("\nconnecting\nFATAL: no such role\n"),
        "{file}"
    );

    let requests = receiver.accepted_requests();
    let text = requests[0].payload()["text"].to_string();
    assert!(
        text.contains("exited with code 1: FATAL: no such role"),
        "{text}"
    );
    let whole = requests[0].payload().to_string();
    for rest in ["[31m", "[1m", "]0;", "\u{202e}", "\\u001b"] {
        assert!(!whole.contains(rest), "{rest}: {whole}");
    }
    assert!(whole.contains("env=prod"), "{whole}");

    let (_, shown) = said(&mut command(&folder, &["check"]));
    assert!(shown.contains("FATAL: no such role"), "{shown}");
}

#[test]
fn another_exit_code_is_another_error_and_another_time_is_not() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    for (took, code, delivered) in [("950ms", 12, 1), ("1.02s", 12, 1), ("2s", 3, 2)] {
        let script = format!("echo 'timed out after {took}' >&2; exit {code}");
        run(&folder, &receiver, &script);
        assert_eq!(receiver.accepted().len(), delivered, "{took}, {code}");
    }
}
