//! Many processes that run one job at once, and many runs in one process.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it is a test, all of it"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use support::{Folder, Program, Receiver};

const JOB: &str = "pipeline-notify.ends.alternate";
const PROCESSES: usize = 8;
const READERS: usize = 4;

/// How long a program may take for all that it has to do here.
const PATIENCE: Duration = Duration::from_secs(900);

#[test]
fn each_change_of_a_job_that_some_processes_run_at_once_is_told_once() {
    change_status(20, false);
}

#[test]
#[ignore = "it takes some minutes"]
fn each_change_of_a_job_that_many_processes_run_at_once_is_told_once() {
    // Two thousand each, in parts: of more than ten thousand that wait the outbox gives some up.
    for _ in 0..4 {
        change_status(500, true);
    }
}

/// Has processes fail and succeed by turns, each so many times, while others read the status, eagerly or
/// now and then.
fn change_status(times: u32, is_eager: bool) {
    let folder = Folder::new();
    let is_over = AtomicBool::new(false);
    let mut seen = BTreeSet::new();
    let mut reads = 0;
    thread::scope(|scope| {
        let readers = [(); READERS].map(|()| scope.spawn(|| read_on(&folder, &is_over, is_eager)));
        let processes = [(); PROCESSES].map(|()| {
            // Nobody listens there: every alert stays in the outbox, to be counted.
            let program = Program::new("ends")
                .arg("changes")
                .arg(times.to_string())
                .directory(&folder)
                .env(
                    "SLACK_ALERTS_WEBHOOK_URL",
                    "http://127.0.0.1:9/services/T/B/X",
                )
                .env("NOTIFY_EXIT_SECONDS", "0")
                // A machine that stands still for a second makes no change of status.
                .env("NOTIFY_SILENT_SECONDS", "900");
            scope.spawn(|| program.run_for(PATIENCE))
        });
        let ended = processes.map(|process| process.join().unwrap());
        is_over.store(true, Ordering::Relaxed);
        for ended in ended {
            let is_passed_by = ended.stderr.contains("holds a lock");
            assert!(ended.code == Some(0) && !is_passed_by, "{ended:?}");
        }
        for reader in readers {
            let (read, count) = reader.join().unwrap();
            seen.extend(read);
            reads += count;
        }
    });

    // Files come by their names, which sort by the time of the decision.
    let alerts = folder.waiting_alerts();
    // Who began first and ended last leaves the status that of the newer run, and names that.
    let is_overtaken = |alert: &&String| alert.contains("note: a newer run (begun ");
    let alerts: Vec<_> = alerts.iter().filter(|alert| !is_overtaken(alert)).collect();
    let of_job = alerts.iter().filter(|alert| fact(alert, "job") == JOB);
    let told: Vec<_> = of_job
        .map(|alert| {
            (
                fact(alert, "kind"),
                fact(alert, "incident"),
                fact(alert, "since"),
            )
        })
        .collect();
    println!(
        "{} changes, {} seen in {reads} reads",
        told.len(),
        seen.len()
    );
    assert_eq!(told[0].0, "failed");
    for pair in told.windows(2) {
        let [(before, opened, _), (after, incident, _)] = pair else {
            unreachable!()
        };
        let is_next = match *after {
            "failed" => *before == "recovered" && opened != incident,
            "recovered" => *before == "failed" && opened == incident,
            _ => false,
        };
        assert!(is_next, "{pair:?}");
    }
    let ids: BTreeSet<_> = alerts.iter().map(|alert| fact(alert, "alert")).collect();
    assert_eq!(ids.len(), alerts.len());
    let told: BTreeSet<_> = told.iter().map(|(_, _, since)| *since).collect();
    let untold: Vec<_> = seen
        .iter()
        .filter(|since| !told.contains(&***since))
        .collect();
    assert!(untold.is_empty(), "seen and not told: {untold:?}");
    assert!(told.contains(fact(&folder.status_file(JOB), "since")));
}

/// Reads the status until it is over: each time the whole of one. Returns since when each status
/// was so, and how often it was read.
fn read_on(folder: &Folder, is_over: &AtomicBool, is_eager: bool) -> (BTreeSet<String>, u32) {
    let (mut seen, mut count) = (BTreeSet::new(), 0);
    while !is_over.load(Ordering::Relaxed) {
        let Ok(status) = fs::read_to_string(folder.path().join(JOB)) else {
            // There is none yet.
            thread::sleep(Duration::from_millis(1));
            continue;
        };
        let mut lines = status.lines();
        let (state, begun) = (lines.next(), lines.next().unwrap_or_default());
        let is_whole = match state {
            Some("OK") => status.contains("\nsource: ") && !status.contains("it failed"),
            Some("ERROR") => status.ends_with("\n\nit failed\n"),
            _ => false,
        };
        assert!(
            is_whole && begun.len() == "2026-11-22 13:00:00:123456 UTC".len(),
            "{status}"
        );
        seen.insert(fact(&status, "since").to_owned());
        count += 1;
        // The processes need the processors, too.
        if is_eager {
            thread::yield_now();
        } else {
            thread::sleep(Duration::from_micros(200));
        }
    }
    (seen, count)
}

/// The value of a key.
fn fact<'a>(text: &'a str, key: &str) -> &'a str {
    let mut values = text
        .lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
    values.next().unwrap_or_else(|| panic!("no {key}: {text}"))
}

#[test]
fn some_runs_of_a_failing_job_take_up_no_more_than_a_few() {
    fail(2_000);
}

#[test]
#[ignore = "it takes a minute"]
fn a_million_runs_of_a_failing_job_take_up_no_more_than_a_few() {
    fail(1_000_000);
}

/// Fails so many times in one process, which is to take up no more at the end than after a tenth.
fn fail(times: u32) {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let program = Program::new("ends").arg("failures").arg(times.to_string());
    let ended = program
        .directory(&folder)
        .alerts_to(&receiver)
        .run_for(PATIENCE);
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
    let measured = |key: &str| -> Vec<u32> {
        let values = ended
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix(key));
        let numbers = values.map(|value| value.trim().trim_end_matches(" kB").parse());
        numbers.map(Result::unwrap).collect()
    };
    let (memory, threads) = (measured("VmRSS:"), measured("Threads:"));
    println!(
        "{times} runs in {:?}: {memory:?} kB, {threads:?} threads",
        ended.took
    );
    // Its own, the one that sends, and for a moment one that looks up the destination's address.
    assert!(threads.iter().all(|threads| *threads <= 3), "{threads:?}");
    assert!(memory[1] <= memory[0] + 512, "{memory:?} kB");
}

#[test]
fn silent_runs_of_two_processes_that_take_turns_are_all_counted() {
    const RUNS: usize = 60;
    let folder = Folder::new();
    let run = || {
        // Longer than a status file may lag behind, so that each has some of the other's to read.
        let arguments = ["ok", "sleep 25"].into_iter().cycle().take(2 * RUNS);
        let program = arguments.fold(Program::new("incidents"), Program::arg);
        let ended = program
            .directory(&folder)
            .env("NOTIFY_CHANNEL", "")
            .run_for(PATIENCE);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    };
    thread::scope(|scope| {
        scope.spawn(run);
        scope.spawn(run);
    });
    let status = folder.status_file("pipeline-notify.incidents.load");
    assert_eq!(fact(&status, "runs"), (2 * RUNS).to_string(), "{status}");
}
