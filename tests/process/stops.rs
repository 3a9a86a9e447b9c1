//! issue 12, points 20a and 20b: what becomes of a program that a signal asks to end, under `NOTIFY_SIGNALS=1`.
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::support::running::{IGNORING_NOTHING, kill};
use crate::support::{Answer, Ended, Folder, Program, Receiver, eventually};

const SLEEPS: &str = "pipeline-notify.stops.sleeps";

fn program(way: &str, folder: &Folder, receiver: &Receiver) -> Program {
    Program::new("stops")
        .arg(way)
        .directory(folder)
        .alerts_to(receiver)
        .env("NOTIFY_SIGNALS", "1")
}

/// Starts a program, and waits until it says that it runs.
fn start(program: Program) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = program.command().spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "running\n");
    (child, output)
}

/// Waits for the end of a program, which must come within a quarter of a minute: half of what its exit has.
fn end(mut child: Child, mut output: BufReader<std::process::ChildStdout>) -> Ended {
    use std::os::unix::process::ExitStatusExt as _;
    let begun = Instant::now();
    let mut status = None;
    eventually("the program ends", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    let (mut stdout, mut stderr) = (String::new(), String::new());
    std::io::Read::read_to_string(&mut output, &mut stdout).unwrap();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut stderr).unwrap();
    Ended {
        code: status.and_then(|status| status.code()),
        signal: status.and_then(|status| status.signal()),
        stdout,
        stderr,
        took: begun.elapsed(),
    }
}

#[test]
fn a_handler_of_the_programs_own_has_its_way_whether_it_was_there_first_or_came_later() {
    for (way, job) in [
        ("tokio before", "orderly"),
        ("tokio after", "orderly"),
        ("ctrlc before", "stops"),
        ("ctrlc after", "stops"),
        ("ctrlc after, given back", "given_back"),
    ] {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        // ctrlc takes no signal that is ignored.
        let program = program(way, &folder, &receiver).under("sh", IGNORING_NOTHING);
        let (child, output) = start(program);
        kill("TERM", child.id());
        let ended = end(child, output);
        assert_eq!(ended.code, Some(0), "{way}: {ended:?}");
        assert_eq!(ended.stdout, "in good order\n", "{way}");
        let status = folder.status_file(&format!("pipeline-notify.stops.{job}"));
        assert!(status.starts_with("OK\n"), "{way}: {status}");
    }
}

#[test]
fn a_signal_that_nohup_has_ignored_stays_ignored() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let program = program("sleeps", &folder, &receiver).under("nohup", []);
    let (child, output) = start(program);
    kill("HUP", child.id());
    kill("TERM", child.id());
    let ended = end(child, output);
    assert_eq!(ended.signal, Some(15), "{ended:?}");
    assert!(folder.status_file(SLEEPS).contains("SIGTERM ended"));
}

#[test]
fn a_second_signal_half_a_second_after_the_first_ends_the_program_at_once() {
    let folder = Folder::new();
    let receiver = Receiver::answering(|_| Answer::Hang);
    let (child, output) = start(program("sleeps", &folder, &receiver));
    kill("TERM", child.id());
    // Half a second after the program has seen the first, however busy the machine is.
    eventually("it delivers", || !receiver.requests().is_empty());
    std::thread::sleep(Duration::from_millis(600));
    kill("TERM", child.id());
    let ended = end(child, output);
    assert_eq!(ended.signal, Some(15), "{ended:?}");
}

#[test]
fn a_signal_during_delivery_cuts_it_short_and_the_exit_code_stays() {
    let folder = Folder::new();
    let receiver = Receiver::answering(|_| Answer::Hang);
    let (child, output) = start(program("exits slowly", &folder, &receiver));
    eventually("it delivers", || !receiver.requests().is_empty());
    // `main` has still to return.
    std::thread::sleep(Duration::from_secs(1));
    kill("TERM", child.id());
    let ended = end(child, output);
    assert_eq!((ended.code, ended.signal), (Some(3), None), "{ended:?}");
    assert_eq!(
        folder.waiting_alerts().len(),
        1,
        "it waits for the next run"
    );
}

/// Stops a program so often by GNU `timeout`, which sends its signal twice at once; each stop is sent before
/// it ends.
fn stop_by_timeout(times: usize) {
    let is_there = Command::new("timeout").arg("--version").output();
    if !is_there.is_ok_and(|output| output.stdout.starts_with(b"timeout (GNU")) {
        println!("skipped: there is no GNU `timeout` here");
        return;
    }
    for time in 0..times {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        let program = program("sleeps", &folder, &receiver).under("timeout", ["1"]);
        assert_eq!(program.run().code, Some(124), "{time}");
        let status = folder.status_file(SLEEPS);
        assert!(status.contains("SIGTERM ended"), "{time}: {status}");
        assert_eq!(receiver.texts().len(), 1, "{time}");
    }
}

#[test]
fn each_of_some_stops_by_gnu_timeout_is_sent_at_once() {
    stop_by_timeout(20);
}

#[test]
#[ignore = "it takes some minutes"]
fn each_of_many_stops_by_gnu_timeout_is_sent_at_once() {
    stop_by_timeout(200);
}
