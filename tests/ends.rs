//! Every way in which a run can end: what the status file says, who hears of it, and that the
//! program ends as it would have ended.
#![cfg(unix)]

mod support;

use support::ways::{ends, silent};
use support::{Folder, Program, Receiver};

const MAIN: &str = "pipeline-notify.ends.main";

/// Runs `ends` twice in the way that is named, and returns how it ended, the messages that came,
/// and the status.
fn end(way: &str) -> (support::Ended, Vec<String>, String) {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let ended = Program::new("ends")
        .arg(way)
        .directory(&folder)
        .alerts_to(&receiver)
        .run();
    assert_eq!(folder.waiting_alerts(), Vec::<String>::new());
    (ended, receiver.texts(), folder.status_file(MAIN))
}

#[test]
fn a_run_that_returns_is_ok_and_sent_once() {
    let (ended, messages, status) = end("ok");
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
    assert_eq!(messages.len(), 1);
    assert!(messages[0].starts_with("--- OK ---\n"), "{messages:?}");
    assert!(
        status.starts_with("OK\n") && status.contains("\nends :: main\n"),
        "{status}"
    );
}

#[test]
fn an_error_is_sent_with_its_text_and_the_exit_code_stays() {
    let (ended, messages, status) = end("err");
    assert_eq!(
        (ended.code, &*ended.stderr),
        (Some(1), "Error: \"the disk is full\"\n")
    );
    assert_eq!(messages.len(), 1);
    assert!(
        messages[0].starts_with("--- ERROR ---\n")
            && messages[0].contains("\n\nthe disk is full\n"),
        "{messages:?}"
    );
    assert!(
        status.starts_with("ERROR\n") && status.ends_with("\n\nthe disk is full\n"),
        "{status}"
    );
}

#[test]
fn a_failing_exit_code_is_an_error() {
    let (ended, messages, status) = end("code");
    assert_eq!((ended.code, messages.len()), (Some(3), 1));
    assert!(
        status.starts_with("ERROR\n") && status.ends_with("\n\nexit code 3\n"),
        "{status}"
    );
}

#[test]
fn a_panic_is_sent_with_its_message_and_place_and_printed_once() {
    let (ended, messages, status) = end("panic");
    assert_eq!((ended.code, messages.len()), (Some(101), 1));
    assert_eq!(
        ended.stderr.matches("it broke").count(),
        1,
        "{}",
        ended.stderr
    );
    assert!(
        status.contains("\n\npanicked: it broke\n  at tests/programs/ends.rs:"),
        "{status}"
    );
}

#[test]
fn an_exit_inside_a_run_is_sent_with_its_code() {
    for way in ["exit", "exit in a thread"] {
        let (ended, messages, status) = end(way);
        assert_eq!((ended.code, messages.len()), (Some(7), 1), "{way}");
        assert!(
            status.starts_with("ERROR\n") && status.contains("called exit(7)"),
            "{way}: {status}"
        );
    }
}

#[test]
fn an_exit_with_success_inside_a_run_is_ok() {
    let (ended, messages, status) = end("exit ok");
    assert_eq!((ended.code, messages.len()), (Some(0), 1));
    assert!(status.starts_with("OK\n"), "{status}");
}

#[test]
fn a_panic_in_a_thread_that_is_joined_is_what_the_run_makes_of_it() {
    let (ended, messages, status) = end("panic in a thread");
    assert_eq!((ended.code, messages.len()), (Some(1), 1));
    assert!(status.ends_with("\n\na thread panicked\n"), "{status}");
}

#[test]
fn a_panic_through_two_jobs_marks_both_and_is_sent_once() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let ended = Program::new("ends")
        .arg("nested panic")
        .directory(&folder)
        .alerts_to(&receiver)
        .run();
    assert_eq!(ended.code, Some(101));
    for job in [MAIN, "pipeline-notify.ends.inner_panic"] {
        let status = folder.status_file(job);
        assert!(
            status.starts_with("ERROR\n") && status.contains("it broke inside"),
            "{status}"
        );
    }
    assert_eq!(receiver.texts().len(), 1, "{:?}", receiver.texts());
}

#[test]
fn a_special_error_that_is_caught_is_sent_and_the_program_goes_on() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let ended = Program::new("ends")
        .arg("caught")
        .directory(&folder)
        .alerts_to(&receiver)
        .run();
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
    assert!(
        folder
            .status_file("pipeline-notify.ends.special")
            .ends_with("\n\nomg!\n")
    );
    assert!(folder.status_file(MAIN).starts_with("OK\n"));
    let delivered = receiver.texts().concat();
    let headings: Vec<_> = delivered
        .lines()
        .filter(|line| line.starts_with("--- "))
        .collect();
    assert_eq!(headings, ["--- ERROR ---", "--- OK ---"]);
}

#[test]
fn a_run_that_dies_without_a_word_is_sent_once_by_the_next_run_in_the_directory() {
    for way in silent() {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        let dies = || ends(way).directory(&folder).alerts_to(&receiver);
        let ended = dies().run();
        assert!(ended.signal.is_some(), "{way}: {ended:?}");
        assert_eq!(receiver.texts(), Vec::<String>::new(), "{way}");

        // The next run is of another job, and nothing is sent of the death after it.
        for _ in 0..2 {
            let next = Program::new("other")
                .directory(&folder)
                .alerts_to(&receiver)
                .run();
            assert_eq!(next.code, Some(0), "{way}: {}", next.stderr);
        }
        let delivered = receiver.texts().concat();
        assert_eq!(delivered.matches("died: ").count(), 1, "{way}: {delivered}");
        assert!(
            delivered.contains("\nends :: main\n")
                && delivered.contains("SIGTERM, SIGINT, SIGHUP, kill -9"),
            "{way}: {delivered}"
        );
        // issue 12, point 30: not "last known alive", which was the start.
        let lines: Vec<_> = delivered.lines().collect();
        let times = lines.iter().find(|line| line.starts_with("  Started "));
        let times = times.unwrap_or_else(|| panic!("{way}: {delivered}"));
        assert!(
            times.contains(", gone by ") && times.ends_with(" UTC."),
            "{times}"
        );
        assert!(folder.status_file(MAIN).starts_with("ERROR\n"), "{way}");
        assert!(
            folder
                .hidden_files()
                .keys()
                .all(|path| !path.contains("/running/")),
            "{way}"
        );
    }
}

#[test]
fn a_death_is_sent_before_the_recovery_of_its_own_job() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let run = |way| {
        Program::new("ends")
            .arg(way)
            .directory(&folder)
            .alerts_to(&receiver)
            .run()
    };
    run("kill");
    run("ok");
    let delivered = receiver.texts().concat();
    let headings: Vec<_> = delivered
        .lines()
        .filter(|line| line.starts_with("--- "))
        .collect();
    assert_eq!(headings, ["--- ERROR ---", "--- OK ---"]);
    assert!(delivered.contains("ends.main recovered"), "{delivered}");
}

#[test]
fn each_change_of_status_is_sent_once_and_an_immediate_repeat_is_not() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let mut delivered = Vec::new();
    for way in ["ok", "ok", "err", "err", "ok", "panic"] {
        Program::new("ends")
            .arg(way)
            .directory(&folder)
            .alerts_to(&receiver)
            .run();
        delivered.push(receiver.texts().len());
    }
    assert_eq!(delivered, [1, 1, 2, 2, 3, 4]);
}

#[test]
fn a_run_that_goes_on_too_long_is_sent_once_while_it_does_and_once_when_it_ends() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let run = || {
        Program::new("ends")
            .arg("overdue")
            .env("NOTIFY_OK_SILENT_HOURS", "0")
            .env("NOTIFY_SILENT_SECONDS", "0")
            .directory(&folder)
            .alerts_to(&receiver)
            .run()
    };
    run();
    let before = receiver.texts().concat().len();
    assert_eq!(run().code, Some(0));
    let delivered = receiver.texts().concat().split_off(before);
    let overdue = delivered
        .find("--- OVERDUE ---")
        .unwrap_or_else(|| panic!("{delivered}"));
    assert_eq!(
        delivered.matches("--- OVERDUE ---").count(),
        1,
        "{delivered}"
    );
    assert!(
        delivered.contains("still running after 0.3 seconds"),
        "{delivered}"
    );
    let ended = delivered
        .find("it was overdue, and has ended now")
        .unwrap_or_else(|| panic!("{delivered}"));
    assert!(overdue < ended, "{delivered}");
    assert!(
        folder
            .status_file("pipeline-notify.ends.slow")
            .starts_with("OK\n")
    );
}

#[test]
fn a_signal_is_sent_at_once_where_that_is_asked_for_and_ends_the_program_as_before() {
    for (way, signal) in [("term", 15), ("int", 2), ("hup", 1)] {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        let program = ends(way).directory(&folder).alerts_to(&receiver);
        let ended = program.env("NOTIFY_SIGNALS", "1").run();
        assert_eq!(ended.signal, Some(signal), "{ended:?}");
        assert_eq!(receiver.texts().len(), 1, "{way}");
        let status = folder.status_file(MAIN);
        let text = format!("SIG{} ended the process while this ran", way.to_uppercase());
        assert!(
            status.starts_with("ERROR\n") && status.contains(&text),
            "{status}"
        );

        Program::new("other")
            .directory(&folder)
            .alerts_to(&receiver)
            .run();
        assert!(
            !receiver.texts().concat().contains("died: "),
            "delivered twice"
        );
    }
}

#[test]
fn process_1_of_a_container_ends_by_a_signal_too() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let program = Program::new("ends")
        .arg("hang")
        .directory(&folder)
        .alerts_to(&receiver);
    let program = program.env("NOTIFY_SIGNALS", "1").command();
    let mut contained = std::process::Command::new("unshare");
    contained
        .args(["--pid", "--fork", "--kill-child"])
        .arg(program.get_program())
        .args(program.get_args());
    contained.env_clear().envs(
        program
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let Ok(mut contained) = contained
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
    else {
        println!("skipped: there is no `unshare` here");
        return;
    };
    let mut line = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(contained.stdout.take().unwrap()),
        &mut line,
    )
    .unwrap();
    if line.is_empty() {
        println!("skipped: this user may not make a PID namespace");
        contained.wait().unwrap();
        return;
    }
    // The only child of `unshare`.
    let children = format!("/proc/{0}/task/{0}/children", contained.id());
    let child = std::fs::read_to_string(children).unwrap();
    let kill = format!("kill -TERM {}", child.trim());
    let kill = std::process::Command::new("sh")
        .args(["-c", &kill])
        .status()
        .unwrap();
    assert!(kill.success());
    assert_eq!(contained.wait().unwrap().code(), Some(128 + 15));
    assert!(
        folder
            .status_file(MAIN)
            .contains("SIGTERM ended the process")
    );
    assert_eq!(receiver.texts().len(), 1);
}

/// How often a failing end was sent at once, and by the next run of another job.
fn count(way: &str, signals: &str) -> (usize, usize) {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let run = |program: Program| program.directory(&folder).alerts_to(&receiver).run();
    let delivered = || receiver.texts().concat().matches("--- ERROR ---").count();
    run(ends(way).env("NOTIFY_SIGNALS", signals));
    let at_once = delivered();
    run(Program::new("other"));
    run(Program::new("other"));
    (at_once, delivered() - at_once)
}

#[test]
#[ignore = "it takes a quarter of a minute"]
fn each_way_to_end_is_sent_exactly_once_in_twenty_runs() {
    let at_once = [
        "err", "code", "panic", "nested panic", "panic in a thread", "exit", "exit in a thread",
    ];
    let table = at_once.map(|way| (way, "0", (20, 0))).into_iter();
    let table = table.chain(silent().map(|way| (way, "0", (0, 20))));
    let table = table.chain(["term", "int", "hup"].map(|way| (way, "1", (20, 0))));
    let mut is_sound = true;
    for (way, signals, expected) in table {
        let counts = (0..20).map(|_| count(way, signals));
        let sum = counts.fold((0, 0), |sum, (now, later)| (sum.0 + now, sum.1 + later));
        println!(
            "{way} (NOTIFY_SIGNALS={signals}): {} at once, {} by the next run",
            sum.0, sum.1
        );
        is_sound &= sum == expected;
    }
    assert!(is_sound, "see the table above");
}
