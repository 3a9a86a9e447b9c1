//! What people hear of what a person does about a failure, and what the command shows of it.
#![cfg(all(feature = "cli", unix))]

use std::path::Path;

use serde_json::Value;

use crate::support::{Answer, Ended, Folder, Program, Receiver};

/// A job of a command, its operator, and who hears of it.
struct Place {
    folder: Folder,
    receiver: Receiver,
    /// How long an alert is held back at most.
    remind_hours: &'static str,
    exit_seconds: &'static str,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: Folder::new(),
            receiver: Receiver::new(),
            remind_hours: "0.99",
            exit_seconds: "5",
        }
    }

    fn does(&self, arguments: &[&str], code: i32) -> Ended {
        let command = Path::new(env!("CARGO_BIN_EXE_pipeline-notify"));
        let program = Program::new("rules").directory(&self.folder);
        let program = program
            .alerts_as_json_to(&self.receiver)
            .env("NOTIFY_SILENT_SECONDS", "0")
            .env("NOTIFY_OK_SILENT_HOURS", "never")
            .env("NOTIFY_REMIND_HOURS", self.remind_hours)
            .env("NOTIFY_EXIT_SECONDS", self.exit_seconds)
            .env("USER", "anna");
        let ended = program.at(command, arguments).run();
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
        ended
    }

    fn fails(&self, after: &str) {
        let script = "echo no route >&2; exit 3";
        let job = ["run", "--name", "load", "--after", after, "--"];
        self.does(&[&job[..], &["sh", "-c", script]].concat(), 3);
    }

    /// The texts of the alerts that came, each in one line.
    fn heard(&self) -> Vec<String> {
        let text = |alert: Value| {
            alert["text"]
                .as_str()
                .unwrap_or_default()
                .replace('\n', " / ")
        };
        self.receiver.alerts().into_iter().map(text).collect()
    }
}

/// Somebody who reads on the phone that it is silenced would go on looking for somebody who is at it.
#[test]
fn of_a_silence_and_an_acknowledgement_the_message_names_the_one_that_it_is_about() {
    let place = Place::new();
    place.fails("1");
    place.does(&["silence", "load", "--for", "1h"], 0);
    place.does(&["ack", "load", "--because", "looking"], 0);
    place.does(&["silence", "load", "--for", "2h"], 0);
    let heard = place.heard();
    for (text, words) in heard.iter().zip([
        "job load failed",
        "job load is silenced until",
        "job load is acknowledged",
        "job load is silenced until",
    ]) {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(heard.len(), 4, "{heard:?}");
    // The status has both.
    let list = place.does(&["silence", "--list"], 0).stdout;
    assert_eq!(list.matches("load: ").count(), 2, "{list}");
}

#[test]
fn the_command_shows_who_is_at_a_failure_and_does_not_count_it_as_silenced() {
    let place = Place::new();
    place.fails("1");
    place.does(&["ack", "load", "--because", "looking"], 0);
    let status = place.does(&["status"], 0).stdout;
    assert!(status.contains("1 failed · 1 acknowledged\n"), "{status}");
    let explain = place.does(&["explain", "load"], 0).stdout;
    assert!(
        explain.contains("\n  acknowledged by anna (looking)\n"),
        "{explain}"
    );
    // Beside a silence, too, which is named first.
    place.does(&["silence", "load", "--for", "1h"], 0);
    let status = place.does(&["status"], 0).stdout;
    assert!(status.contains("1 failed · 1 silenced\n"), "{status}");
    let explain = place.does(&["explain", "load"], 0).stdout;
    for words in [
        "\n  silenced until ",
        "\n  acknowledged by anna (looking)\n",
    ] {
        assert!(explain.contains(words), "{words}: {explain}");
    }
}

#[test]
fn a_job_that_is_forgotten_is_not_said_to_work_again() {
    let place = Place::new();
    place.fails("1");
    place.does(&["forget", "load"], 0);
    let heard = place.heard();
    let text = heard.last().unwrap();
    for words in [
        "job load is forgotten · ",
        "forgotten by anna after failing for ",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("recovered"), "{text}");
    // To programs, and to services that keep incidents, it is over.
    let requests = place.receiver.requests();
    assert_eq!(requests[1].payload()["alerts"][0]["kind"], "recovered");
}

#[test]
fn where_nobody_heard_of_a_failure_nobody_hears_that_its_job_is_forgotten() {
    let place = Place::new();
    // Planned quiet, held back, and both.
    for (quiet, after) in [(true, "1"), (false, "2"), (true, "2")] {
        if quiet {
            place.does(&["silence", "*", "--for", "1h"], 0);
        }
        place.fails(after);
        place.does(&["forget", "load"], 0);
        if quiet {
            place.does(&["unsilence", "*"], 0);
        }
    }
    assert_eq!(place.heard(), [""; 0]);
}

#[test]
fn of_a_message_that_the_channel_refuses_nobody_is_said_to_be_informed() {
    let receiver =
        Receiver::answering(|number| Answer::Status(if number == 0 { 200 } else { 400 }, "no"));
    let place = Place {
        receiver,
        ..Place::new()
    };
    place.fails("1");
    let said = place.does(&["silence", "load", "--for", "1h"], 0).stdout;
    assert!(
        said.contains("refused the message (answered 400 no)"),
        "{said}"
    );
    assert!(!said.contains("is informed"), "{said}");
    let said = place.does(&["ack", "load", "--because", "x", "--json"], 0);
    assert!(said.stdout.contains(r#""result":"refused""#), "{said:?}");
}

/// It leaves as its job is looked at: then the channel hears of both, and in this order.
#[test]
fn of_a_failure_that_was_held_back_until_now_the_end_is_sent_when_its_job_is_forgotten() {
    let place = Place {
        remind_hours: "0.0001",
        ..Place::new()
    };
    place.fails("2");
    // A third of a second is its due time.
    std::thread::sleep(std::time::Duration::from_millis(500));
    let said = place.does(&["forget", "load"], 0).stdout;
    assert!(said.contains("channel alerts is informed"), "{said}");
    let heard = place.heard();
    let all = heard.concat();
    let [failed, forgotten] = ["job load failed", "job load is forgotten"].map(|one| all.find(one));
    assert!(failed.is_some() && failed < forgotten, "{heard:?}");
}

/// Who looks for the job of the message finds it.
#[test]
fn a_failure_that_is_held_back_is_sent_by_the_name_that_its_job_has_by_then() {
    let place = Place::new();
    place.fails("2");
    let name = "fetch & again";
    place.does(&["rename", "load", name], 0);
    let held = || {
        let files = place.folder.hidden_files().into_iter();
        let held = files.filter(|(path, _)| path.contains("/held/"));
        held.map(|(_, alert)| alert).collect::<Vec<_>>()
    };
    let alerts = held();
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(
        alerts[0].contains(&format!("\njob: {name}\n")),
        "{alerts:?}"
    );
    // It is the same alert still: the second failure in a row takes its place.
    let fetch = ["run", "--name", name, "--after", "2", "--"];
    let script = "echo no route >&2; exit 3";
    place.does(&[&fetch[..], &["sh", "-c", script]].concat(), 3);
    assert!(held().is_empty());
    let heard = place.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    let words = "job fetch & again failed";
    assert!(heard[0].contains(words), "{heard:?}");
}

/// And what became of it stands in the history and the status of the job that is there.
#[test]
fn a_failure_that_waits_is_sent_by_the_name_that_its_job_has_by_then() {
    let receiver = Receiver::answering(|number| match number {
        0 => Answer::Status(503, "down"),
        1 => Answer::Status(418, "never"),
        _ => Answer::Ok,
    });
    let place = Place {
        receiver,
        exit_seconds: "0.3",
        ..Place::new()
    };
    let name = "fetch & again";
    place.fails("1");
    place.does(&["rename", "load", name], 0);
    place.does(&["drain"], 0);
    let heard = place.heard();
    let words = "job fetch & again failed";
    assert!(heard.len() == 2 && heard[1].contains(words), "{heard:?}");
    let of_old = |path: &str| path.ends_with("/load");
    let files = place.folder.hidden_files();
    assert!(!files.keys().any(|path| of_old(path)), "{files:?}");
    // It was refused, so that nobody knows: the next failure is sent.
    let status = place.folder.status_file("fetch%20%26%20again");
    assert!(!status.contains("\nalerted: "), "{status}");
}

/// `watch` reported a job that was renamed as one that had never run, and its planned quiet held no longer.
#[test]
fn what_still_names_a_job_by_its_old_name_is_said_when_it_is_renamed_or_forgotten() {
    let place = Place::new();
    place.fails("1");
    place.does(&["expect", "load", "--every", "6h"], 0);
    let window = ["--from", "22:00", "--for", "2h", "--repeat", "daily"];
    place.does(&[&["silence", "load"][..], &window].concat(), 0);
    place.does(&[&["silence", "*load*"][..], &window].concat(), 0);
    let said = |arguments: &[&str]| -> String {
        let said = place.does(arguments, 0).stderr;
        said.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let renamed = said(&["rename", "load", "etl.load"]);
    for words in [
        "`load` is still expected every 6 h, by `",
        "`pipeline-notify expect load --remove`",
        "the planned quiet of `load` does not hold for `etl.load`",
    ] {
        assert!(renamed.contains(words), "{words}: {renamed}");
    }
    assert!(!renamed.contains("`*load*`"), "{renamed}");
    place.does(&["expect", "load", "--remove"], 0);
    assert_eq!(said(&["rename", "etl.load", "load"]), "");
    place.does(&["expect", "load", "--every", "6h"], 0);
    let forgotten = said(&["forget", "load"]);
    assert!(
        forgotten.contains("`load` is still expected every 6 h"),
        "{forgotten}"
    );
}

/// It counted as a repeat of the failure that waits: it was thrown away, and the channel was said to be informed.
#[test]
fn what_a_person_does_while_the_channel_is_broken_waits_and_is_said_to_wait() {
    let place = Place {
        receiver: Receiver::down(Answer::Status(404, "no_service")),
        ..Place::new()
    };
    place.fails("1");
    for (arguments, note) in [
        (
            vec!["silence", "load", "--for", "1h"],
            "silenced by anna until",
        ),
        (
            vec!["ack", "load", "--because", "looking"],
            "acknowledged by anna: looking",
        ),
    ] {
        let said = place.does(&arguments, 0).stdout;
        let words = "channel alerts does not take the message now: it waits";
        assert!(said.contains(words), "{said}");
        let mut files = place.folder.hidden_files().into_iter();
        let waits = |(path, text): (String, String)| {
            path.contains("/outbox/") && text.contains(&format!("note: {note}"))
        };
        assert!(files.any(waits), "{:?}", place.folder.hidden_files().keys());
    }
}
