//! What the program's own code does in the way of its exit: the exit comes, in time and with its
//! code, and what could not be sent by then waits.

use std::io::Read as _;
use std::thread;
use std::time::Duration;

use crate::support::running::kill;
use crate::support::{Ended, Folder, Program, Receiver, eventually};

const RUN: &str = "pipeline-notify.exits.run";

/// Runs the program, which must end with 7 and soon.
fn exits(program: Program) -> Ended {
    let ended = program.run_soon();
    assert_eq!(ended.code, Some(7), "{ended:?}");
    ended
}

fn program(way: &str, folder: &Folder, receiver: &Receiver) -> Program {
    Program::new("exits")
        .arg(way)
        .directory(folder)
        .alerts_to(receiver)
}

/// The same with a second for its exit, which waits for what never comes.
fn hasty(way: &str, folder: &Folder, receiver: &Receiver) -> Program {
    program(way, folder, receiver).env("NOTIFY_EXIT_SECONDS", "1")
}

#[test]
fn a_notifier_that_waits_for_the_exiting_thread_does_not_hang_the_exit() {
    for way in [
        "notifier that locks",
        "notifier that locks, main returns",
        "notifier that prints",
    ] {
        // A busy machine may have its time over before that is written, after the warning.
        let is_noted = (0..3).any(|_| is_cut_off_and_noted(way));
        assert!(
            is_noted,
            "the exit of the process after {way} would wait for it"
        );
    }
}

#[test]
fn what_is_annotated_in_a_notifier_runs_bare() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let ended = exits(hasty("notifier that is annotated", &folder, &receiver));
    assert!(ended.stdout.starts_with("sent\n"), "{ended:?}");
    assert!(folder.status_file(RUN).starts_with("ERROR\n"));
    assert_eq!(
        folder.waiting_alerts().len(),
        1,
        "no alert is sent about alerts"
    );
}

/// Ends by a notifier that does not return; returns whether the next process knows that it has not answered.
fn is_cut_off_and_noted(way: &str) -> bool {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let ended = exits(hasty(way, &folder, &receiver));
    // It did wait, if not to the last.
    assert!(ended.took >= Duration::from_millis(500), "{way}: {ended:?}");
    assert!(folder.status_file(RUN).starts_with("ERROR\n"), "{way}");
    assert_eq!(folder.waiting_alerts().len(), 1, "{way}");
    // The exit says so, whichever thread the notifier holds up.
    let warnings = ended.warnings();
    assert!(
        warnings.len() == 1 && warnings[0].contains("they wait on disk for the next run"),
        "{way}: {ended:?}"
    );
    let files = folder.hidden_files();
    let pace = files.iter().find(|(path, _)| path.ends_with("/.pace"));
    pace.is_some_and(|(_, pace)| pace.contains("failures: 1"))
}

/// As where the whole machine stands still: no thread of the process runs before its time is over.
#[test]
fn an_exit_that_comes_late_to_its_deadline_says_all_the_same_what_is_left() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let mut program = hasty("notifier that locks", &folder, &receiver).command();
    let mut child = program.spawn().unwrap();
    eventually("it fails", || !folder.waiting_alerts().is_empty());
    thread::sleep(Duration::from_millis(200));
    kill("STOP", child.id());
    thread::sleep(Duration::from_millis(1200));
    kill("CONT", child.id());
    let mut stderr = String::new();
    let mut pipe = child.stderr.take().unwrap();
    pipe.read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(7));
    assert_eq!(
        stderr.matches("they wait on disk for the next run").count(),
        1,
        "{stderr}"
    );
}

/// Leaves an alert for each of two notifiers that hang.
fn left_for_two_that_hang() -> Folder {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let way = "notifiers that hang, success";
    let ended = hasty(way, &folder, &receiver).run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for channel in ["hangs", "hangs_too"] {
        let program = hasty("notifiers that hang", &folder, &receiver);
        let program = program.env("NOTIFY_CHANNEL", channel);
        let program = program.env("NOTIFY_INSTANCE", channel);
        let ended = program.run();
        assert_eq!(ended.code, Some(7), "{ended:?}");
    }
    assert_eq!(folder.waiting_alerts().len(), 4);
    // The pause after a failure.
    thread::sleep(Duration::from_secs(1));
    folder
}

/// The thread hangs in the one, and the exit would in the other.
#[test]
fn others_alerts_hold_up_no_exit_for_longer_though_their_notifiers_know_no_bound() {
    let (folder, receiver) = (left_for_two_that_hang(), Receiver::new());
    let program = program("notifiers that hang, success", &folder, &receiver);
    let ended = program.env("NOTIFY_EXIT_SECONDS", "30").run_soon();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn others_alerts_for_notifiers_that_hang_do_not_hold_up_those_of_the_program() {
    let (folder, receiver) = (left_for_two_that_hang(), Receiver::new());
    let program = program("notifiers that hang", &folder, &receiver);
    let ended = program.env("NOTIFY_EXIT_SECONDS", "30").run_soon();
    assert_eq!(ended.code, Some(7), "{ended:?}");
    assert_eq!(receiver.texts().len(), 1);
}

#[test]
fn a_notifier_may_use_thread_locals_at_the_exit() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let ended = exits(program("notifier with thread-locals", &folder, &receiver));
    assert_eq!((&*ended.stdout, &*ended.stderr), ("sent\n", ""));
    assert!(folder.waiting_alerts().is_empty());
}

#[test]
fn a_notifier_that_panics_harms_nothing_and_its_alert_waits() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let ended = exits(hasty("notifier that panics", &folder, &receiver));
    let ours = ended.stderr.matches("pipeline-notify: ").count();
    assert_eq!(ours, 1, "{}", ended.stderr);
    assert_eq!(folder.waiting_alerts().len(), 1);
}

#[test]
fn a_notifier_that_exits_the_process_itself_does_not_hang_the_exit() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    // Whose code it is then, the system decides.
    let ended = hasty("notifier that exits", &folder, &receiver).run_soon();
    assert!(matches!(ended.code, Some(7 | 9)), "{ended:?}");
}

#[test]
fn a_logger_that_waits_for_the_exiting_thread_does_not_hang_the_exit() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    // No webhook, so that there is something to log.
    let silent = hasty("logger that locks", &folder, &receiver).env("SLACK_ALERTS_WEBHOOK_URL", "");
    let ended = silent.run_soon();
    assert_eq!(ended.code, Some(7), "{ended:?}");
    assert!(folder.status_file(RUN).starts_with("ERROR\n"));
}

#[test]
fn an_error_that_cannot_be_shown_is_sent_all_the_same() {
    for (way, said) in [
        ("display panics", "panicked"),
        ("display fails", "`fmt` failed"),
        ("display is endless", "bytes cut"),
    ] {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        exits(program(way, &folder, &receiver));
        let status = folder.status_file("pipeline-notify.exits.bad");
        assert!(status.starts_with("ERROR\n"), "{way}: {status}");
        assert!(
            status.contains(said),
            "{way}: {}",
            &status[..status.len().min(900)]
        );
        assert!(status.len() < 70_000, "{way}: {}", status.len());
        let texts = receiver.texts().concat();
        assert!(
            texts.contains("pipeline-notify.exits.bad"),
            "{way}: {texts}"
        );
    }
}

#[test]
fn what_a_run_that_becomes_another_program_had_sent_is_kept_and_its_end_is_sent_by_the_next_run() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    exits(program("exec", &folder, &receiver));
    let next = Program::new("other")
        .directory(&folder)
        .alerts_to(&receiver);
    assert_eq!(next.run().code, Some(0));
    assert!(folder.waiting_alerts().is_empty());
    let texts = receiver.texts().concat();
    assert!(texts.contains("the disk is full"), "{texts}");
    assert!(folder.status_file(RUN).contains("died: "));
}

/// issue 12, point 6
#[test]
fn a_run_that_was_handed_over_to_another_program_keeps_its_status_and_is_sent_to_nobody() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    exits(program("display fails", &folder, &receiver));
    let before = folder.status_file(RUN);
    let run = program("exec and stay", &folder, &receiver).env("PATH", "/usr/bin:/bin");
    let mut child = run.command().spawn().unwrap();
    let exe = format!("/proc/{}/exe", child.id());
    eventually("it is replaced", || {
        std::fs::read_link(&exe).is_ok_and(|exe| exe.ends_with("sleep"))
    });
    let exe = std::fs::read_link(&exe).unwrap();
    let delivered = receiver.texts().len();
    let other = || {
        let other = Program::new("other").directory(&folder);
        assert_eq!(other.alerts_to(&receiver).run().code, Some(0));
    };
    other();
    let status = folder.status_file(RUN);
    let replaced = format!("replaced by {}", exe.display());
    let line = status.lines().find(|line| line.ends_with(&replaced));
    let line = line.unwrap_or_else(|| panic!("{status}"));
    assert!(line.starts_with("not counted: "), "{line}");
    assert_eq!(status.replace(&format!("{line}\n"), ""), before);
    child.kill().unwrap();
    child.wait().unwrap();
    other();
    assert_eq!(folder.status_file(RUN), status);
    let texts = receiver.texts().split_off(delivered).concat();
    assert!(!texts.contains("exits"), "{texts}");
}

#[test]
fn a_daemon_delivers_and_its_parent_ends_well() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let parent = program("daemon", &folder, &receiver).run();
    assert_eq!(parent.code, Some(0), "{parent:?}");
    eventually("the daemon sends its failure", || {
        receiver.texts().concat().contains("the disk is full")
    });
    assert!(
        folder
            .status_file("pipeline-notify.exits.fail")
            .starts_with("ERROR\n")
    );
}

/// Issue 12: nobody may take such a run for one that was killed.
#[test]
fn the_exit_waits_for_the_end_that_another_thread_is_writing() {
    for _ in 0..5 {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        let ended = program("another thread fails", &folder, &receiver).run();
        assert_eq!((ended.code, &*ended.stderr), (Some(7), ""), "{ended:?}");
        let status = folder.status_file("another");
        assert!(status.starts_with("ERROR\n"), "{status}");
        // Where the thread has not come to the end yet, it is the exit that ends its run.
        let is_ended_by_the_exit = status.contains("\nThe program called exit(7). ");
        assert!(
            status.ends_with("\nthe disk is full\n") || is_ended_by_the_exit,
            "{status}"
        );
        let texts = receiver.texts().concat();
        assert!(texts.contains("another"), "{texts}");
    }
}

/// A program that ends well while a run of its goes on has not come to the end of that run: `OK`, and "recovered",
/// would say that it has.
#[test]
fn a_run_that_a_successful_exit_cuts_short_has_not_worked() {
    for way in ["a thread", "a task"] {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        let way = format!("success leaves {way}");
        let ended = program(&way, &folder, &receiver).run();
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{way}");
        let status = folder.status_file("linger");
        let words = "\ncut short: the program exited with code 0 before this run had ended\n";
        assert!(status.starts_with("ERROR\n"), "{way}: {status}");
        assert!(status.contains(words), "{way}: {status}");
        let texts = receiver.texts();
        assert_eq!(texts.len(), 1, "{way}: {texts:?}");
    }
}

/// A thread that runs a job again and again begins a run after the exit has looked: it is none that was killed.
#[test]
fn a_run_that_begins_while_the_process_ends_is_not_taken_for_one_that_was_killed() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let way = "success leaves a thread that begins another run";
    let ended = program(way, &folder, &receiver).run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let next = program("another thread fails", &folder, &receiver).run();
    assert_eq!(next.code, Some(7), "{next:?}");
    let texts = receiver.texts().concat();
    assert!(
        texts.contains("linger") && texts.contains("another"),
        "{texts}"
    );
    assert!(!texts.contains("late"), "{texts}");
}

#[test]
fn a_run_inside_another_that_an_exit_cuts_short_leaves_its_status_as_a_dropped_future_does() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let way = "success leaves a thread inside a run";
    assert_eq!(program(way, &folder, &receiver).run().code, Some(0));
    let status = folder.status_file("outer");
    assert!(status.contains("\ncut short: "), "{status}");
    assert_eq!(
        folder.status_files().len(),
        1,
        "of the inner run nothing is proved"
    );
    let texts = receiver.texts();
    assert_eq!(texts.len(), 1, "{texts:?}");
}

#[test]
fn a_run_that_may_be_cut_short_proves_nothing_and_one_that_is_ended_with_success_has_worked() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let way = |way: &str| format!("success leaves a thread that {way}");
    let ended = program(&way("may be left"), &folder, &receiver).run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(folder.status_files().is_empty());
    for way in [
        way("exits"),
        "success leaves a thread for another that exits".to_owned(),
        "success leaves itself, from a run of main's thread".to_owned(),
    ] {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        let ended = program(&way, &folder, &receiver).run();
        assert_eq!(ended.code, Some(0), "{way}: {ended:?}");
        let status = folder.status_file("linger");
        assert!(status.starts_with("OK\n"), "{way}: {status}");
        assert_eq!(receiver.texts().len(), 1, "{way}: its first OK");
    }
}
