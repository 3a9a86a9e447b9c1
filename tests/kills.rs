//! Kills at random moments, with a webhook that answers as it likes: in the end all is sent, and people
//! believe what is so.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it is a test, all of it"
)]

mod support;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use support::delivered;
use support::{Answer, Folder, Program, Receiver};

/// Killed programs run at the same time in one directory, each its own jobs.
const LANES: usize = 2;

/// So many microseconds after its beginning at the latest a program is killed: more often than not
/// while it runs its jobs, and else while it sends.
const LIFE: u64 = 80_000;

#[test]
fn some_kills_at_random_lose_no_alert() {
    kill(20, 1);
}

#[test]
#[ignore = "it takes some minutes"]
fn a_thousand_kills_at_random_lose_no_alert() {
    kill(1000, 2);
}

/// Numbers that look random, and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }
}

/// Kills so many programs, then lets some live, and checks what was sent.
fn kill(times: usize, seed: u64) {
    let folder = Folder::new();
    let is_well = Arc::new(AtomicBool::new(false));
    let well = is_well.clone();
    let receiver = Receiver::answering(move |number| {
        let random = Numbers(seed ^ (number as u64) << 32).next();
        match random % 8 {
            _ if well.load(Ordering::Relaxed) => Answer::Ok,
            0 => Answer::Status(429, "rate_limited"),
            1 => Answer::Status(500, "rollup_error"),
            2 => Answer::Close,
            _ => Answer::Ok,
        }
    });
    let program = |lane: usize, bits: u64| {
        let program = Program::new("ends").arg("mixed").arg("5");
        let program = program.arg(bits.to_string()).directory(&folder);
        let program = program.env("NOTIFY_INSTANCE", format!("lane-{lane}"));
        let program = program.env("NOTIFY_EXIT_SECONDS", "1");
        program.alerts_as_json_to(&receiver)
    };

    let killed = AtomicUsize::new(0);
    let lane = |lane: usize| {
        let mut random = Numbers(seed ^ (lane as u64) << 48);
        let mut round = 0;
        while killed.load(Ordering::Relaxed) < times {
            assert!(round < 20 * times, "they end before they are killed");
            round += 1;
            let mut child = program(lane, random.next()).command().spawn().unwrap();
            let life = LIFE >> (random.next() % 4);
            thread::sleep(Duration::from_micros(random.next() % life));
            child.kill().unwrap();
            let status = child.wait().unwrap();
            killed.fetch_add(usize::from(status.code().is_none()), Ordering::Relaxed);
            // The pauses after failures grow, and would leave nothing to be sent.
            if round % 8 == 0 {
                forget_pauses(&folder);
            }
        }
    };
    thread::scope(|scope| (0..LANES).for_each(|number| drop(scope.spawn(move || lane(number)))));
    let while_unwell = receiver.requests().len();

    is_well.store(true, Ordering::Relaxed);
    forget_pauses(&folder);
    folder.an_hour_passes();
    // A finder gives the dead half a second: some are left to the next.
    for _ in 0..times {
        assert_eq!(run(&folder, &receiver, "other"), Some(0));
        if folder
            .hidden_files()
            .keys()
            .all(|path| !path.contains("/running/"))
        {
            break;
        }
    }
    let mut faults = settle(&folder, &receiver);
    for lane in 0..LANES {
        assert_eq!(program(lane, 0).run().code, Some(0));
    }
    faults.extend(settle(&folder, &receiver));
    for (job, status) in folder.status_files() {
        assert!(status.starts_with("OK\n"), "{job}: {status}");
    }

    let (events, repeats) = delivered::first_copies(&delivered::delivered(&receiver), &mut faults);
    let deaths = events.iter().filter(|event| event.is_death).count();
    println!(
        "{} kills: {} alerts ({deaths} deaths, {repeats} came twice) in {} messages, {while_unwell} while unwell, \
         {} answered well",
        killed.into_inner(),
        events.len(),
        receiver.requests().len(),
        receiver.accepted_requests().len(),
    );
    // Of a few kills none may have come in a run that was not failing before.
    assert!(deaths > 0 || times < 100, "nothing was killed in a run");
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Has all sent that waits, and returns what is wrong then.
fn settle(folder: &Folder, receiver: &Receiver) -> Vec<delivered::Fault> {
    for _ in 0..200 {
        if run(folder, receiver, "drain") == Some(0) {
            break;
        }
    }
    let mut faults = Vec::new();
    let (events, _) = delivered::first_copies(&delivered::delivered(receiver), &mut faults);
    faults.extend(delivered::wrong_beliefs(folder, &events));
    faults.extend(delivered::litter(folder));
    faults
}

fn run(folder: &Folder, receiver: &Receiver, name: &str) -> Option<i32> {
    let program = Program::new(name)
        .directory(folder)
        .alerts_as_json_to(receiver);
    program.env("NOTIFY_EXIT_SECONDS", "5").run().code
}

/// Ends the pauses of all queues.
fn forget_pauses(folder: &Folder) {
    let files = folder.hidden_files().into_keys();
    for path in files.filter(|path| path.ends_with("/.pace")) {
        let _ = fs::remove_file(folder.path().join(path));
    }
}
