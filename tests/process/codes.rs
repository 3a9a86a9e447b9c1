//! issue 12, points 1 and 7: the exit code is decided after `main` has returned, and an exit that shows the help
//! proves nothing.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use crate::support::{Ended, Folder, Program, Receiver};

/// Runs of one program, in one directory.
struct Runs {
    program: &'static str,
    folder: Folder,
    receiver: Receiver,
}

impl Runs {
    fn of(program: &'static str) -> Self {
        Self {
            program,
            folder: Folder::new(),
            receiver: Receiver::new(),
        }
    }

    fn program(&self, arguments: &[&str]) -> Program {
        let program = Program::new(self.program).directory(&self.folder);
        let program = program.alerts_to(&self.receiver);
        arguments.iter().fold(program, Program::arg)
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.program(arguments).run()
    }

    fn status(&self) -> String {
        let job = format!("pipeline-notify.{}.main", self.program);
        self.folder.status_file(&job)
    }

    /// What was sent since so many messages.
    fn delivered(&self, since: usize) -> String {
        self.receiver.texts().split_off(since).concat()
    }
}

#[test]
fn the_exit_code_of_a_type_of_ones_own_is_what_counts() {
    let runs = Runs::of("coded");
    assert_eq!(runs.run(&["4"]).code, Some(4));
    let status = runs.status();
    assert!(
        status.starts_with("ERROR\n") && status.ends_with("\n\nexit code 4\n"),
        "{status}"
    );
    assert!(runs.delivered(0).contains("exit code 4"));
    // In an incident it does not recover.
    assert_eq!(runs.run(&["4"]).code, Some(4));
    assert_eq!(
        runs.receiver.texts().len(),
        1,
        "{:?}",
        runs.receiver.texts()
    );
    assert_eq!(runs.run(&["0"]).code, Some(0));
    assert!(runs.status().starts_with("OK\n"), "{}", runs.status());
    assert!(
        runs.delivered(1).contains("coded.main recovered"),
        "{}",
        runs.delivered(1)
    );
    assert_eq!(runs.run(&["5"]).code, Some(5));
    assert!(runs.delivered(2).contains("exit code 5"));
    let records = runs.folder.hidden_files().into_keys();
    assert_eq!(records.filter(|path| path.contains("/running/")).count(), 0);
}

#[test]
fn a_kill_between_the_return_and_the_exit_loses_nothing() {
    let runs = Runs::of("coded");
    assert_eq!(runs.run(&["4"]).code, Some(4));
    assert_eq!(runs.run(&["kill"]).signal, Some(9));
    assert_eq!(
        runs.receiver.texts().len(),
        1,
        "nothing is sent before the exit"
    );
    let other = Program::new("other").directory(&runs.folder);
    assert_eq!(other.alerts_to(&runs.receiver).run().code, Some(0));
    let delivered = runs.delivered(1);
    assert!(delivered.contains("coded.main recovered"), "{delivered}");
    assert!(!delivered.contains("died: "), "{delivered}");
    assert!(runs.status().starts_with("OK\n") && runs.status().contains("\ntook: "));
}

#[test]
fn what_an_attribute_around_main_makes_of_its_end_is_what_counts() {
    for (way, code, first) in [("4", 4, "ERROR"), ("0", 0, "OK"), ("ok", 0, "OK")] {
        let runs = Runs::of("wrapped");
        assert_eq!(runs.run(&[way]).code, Some(code), "{way}");
        let status = runs.status();
        assert!(status.starts_with(&format!("{first}\n")), "{way}: {status}");
        assert_eq!(runs.receiver.texts().len(), 1, "{way}");
    }
}

#[test]
fn an_error_that_a_filter_passes_over_stays_passed_over_whatever_the_exit_code() {
    let runs = Runs::of("wrapped");
    assert_eq!(runs.run(&["passed over"]).code, Some(1));
    let status = runs.status();
    assert!(status.starts_with("OK\n"), "{status}");
    assert!(
        status.contains("\npassed-over: it was expected\n"),
        "{status}"
    );
}

#[test]
fn an_exit_code_is_what_whoever_waits_sees_of_it() {
    let runs = Runs::of("ends");
    assert_eq!(runs.run(&["exit with", "256"]).code, Some(0));
    assert!(runs.status().starts_with("OK\n"), "{}", runs.status());
}

#[test]
fn exit_code_2_is_explained_as_what_it_often_is() {
    let runs = Runs::of("ends");
    assert_eq!(runs.run(&["exit with", "2"]).code, Some(2));
    let words = "The program called exit(2), often a wrong option: see the program's own output.";
    assert!(runs.status().contains(words), "{}", runs.status());
}

#[test]
fn a_program_that_shows_its_help_proves_nothing() {
    let runs = Runs::of("ends");
    runs.run(&["exit ok", "--help"]);
    assert!(runs.folder.status_files().is_empty(), "it is no first run");
    runs.run(&["err"]);
    let before = runs.status();
    for arguments in [
        &["exit ok", "--help"][..],
        &["exit ok", "--help", "more"],
        &["exit ok", "-h"],
        &["exit ok", "-V"],
        &["exit ok", "--version"],
    ] {
        assert_eq!(runs.run(arguments).code, Some(0));
        let status = runs.status();
        let line = status
            .lines()
            .find(|line| line.starts_with("not counted: "));
        let line = line.unwrap_or_else(|| panic!("{arguments:?}: {status}"));
        assert!(
            line.ends_with(" UTC, help or version was asked for"),
            "{line}"
        );
        let rest = status.replace(&format!("{line}\n"), "");
        assert_eq!(rest, before, "{arguments:?}");
    }
    assert_eq!(
        runs.receiver.texts().len(),
        1,
        "{:?}",
        runs.receiver.texts()
    );
    runs.run(&["ok"]);
    assert!(!runs.status().contains("not counted"), "{}", runs.status());
    assert!(runs.delivered(1).contains("recovered"));
}

#[test]
fn a_held_alert_stays_while_the_help_is_shown() {
    let runs = Runs::of("ends");
    runs.run(&["ok"]);
    runs.program(&["err"]).env("NOTIFY_ATTEMPT", "1/3").run();
    let held = |runs: &Runs| {
        let status = runs.status();
        let held = status.lines().find(|line| line.starts_with("held: "));
        held.map(str::to_owned)
    };
    let before = held(&runs);
    assert!(before.is_some(), "{}", runs.status());
    runs.run(&["exit ok", "--help"]);
    assert_eq!(held(&runs), before);
    let files = runs.folder.hidden_files().into_keys();
    assert_eq!(files.filter(|path| path.contains("/held/")).count(), 1);
}

#[test]
fn words_that_look_like_a_cry_for_help_and_are_none_are_ordinary_runs() {
    for arguments in [
        &["exit ok"][..],
        &["exit ok", "-h", "db1"],
        &["exit ok", "--version", "1.4"],
        &["exit ok", "help"],
        &["exit ok", "--", "--help"],
    ] {
        let runs = Runs::of("ends");
        runs.run(&["err"]);
        assert_eq!(runs.run(arguments).code, Some(0));
        assert!(runs.status().starts_with("OK\n"), "{arguments:?}");
        assert!(runs.delivered(1).contains("recovered"), "{arguments:?}");
    }
    // A failure is one, whatever was asked for.
    let runs = Runs::of("ends");
    assert_eq!(runs.run(&["exit", "--help"]).code, Some(7));
    assert!(runs.status().starts_with("ERROR\n"), "{}", runs.status());
}
