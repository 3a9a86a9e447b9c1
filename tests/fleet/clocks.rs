//! Hosts whose clocks are off, by libfaketime; without it they are passed over with a word.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::support::server::{schema, server};
use super::support::{Folder, Program, Receiver, eventually};
use super::{Running, command, count, pod, rows, said, watch_with};

/// What the clock of a host shows more or less than it should.
type Off = &'static str;

/// The host on which a job fails, and the one on which it works before and afterwards.
const ORDERS: [[Off; 2]; 5] = [
    ["+0", "-1h"],
    ["-1h", "+0"],
    ["-1h", "-1h"],
    ["-1h", "+1h"],
    ["+1h", "-1h"],
];

/// Sets the clock of one program. Its monotonic clock is that of everybody.
fn faketime() -> Option<impl Fn(Off) -> [(&'static str, String); 3] + Sync> {
    let folders = ["x86_64-linux-gnu/", "aarch64-linux-gnu/", ""];
    let files = folders.map(|folder| format!("/usr/lib/{folder}faketime/libfaketimeMT.so.1"));
    let file = files.into_iter().find(|file| PathBuf::from(file).exists());
    if file.is_none() {
        eprintln!("passed over: there is no libfaketime");
    }
    let file = file?;
    Some(move |off: Off| {
        [
            ("LD_PRELOAD", file.clone()),
            ("FAKETIME", off.to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    })
}

/// A process whose clock is set, and that is killed. What libfaketime has made in the shared memory it removes at an exit alone.
struct Faked(Running);

impl Drop for Faked {
    fn drop(&mut self) {
        let process = &mut self.0.0;
        let _ = process.kill();
        let _ = process.wait();
        let pid = process.id();
        for name in [
            format!("faketime_shm_{pid}"),
            format!("sem.faketime_sem_{pid}"),
        ] {
            let _ = fs::remove_file(Path::new("/dev/shm").join(name));
        }
    }
}

fn on(host: [(&str, String); 3], program: Program) -> Program {
    let host = host.into_iter();
    host.fold(program, |program, (name, value)| program.env(name, value))
}

/// Issue 15: which of two runs is the newer, and whether one is missing, does not go by the clocks of their hosts.
#[test]
fn hosts_whose_clocks_are_off_send_each_failure_and_its_recovery() {
    let (Some(server), Some(faketime)) = (server(), faketime()) else {
        return;
    };
    thread::scope(|scope| {
        for order in ORDERS {
            let (server, faketime) = (&server, &faketime);
            scope.spawn(move || {
                let (store, receiver) = (server.store(), Receiver::new());
                let [fails, works] = order;
                for (outcome, off) in [("ok", works), ("boom", fails), ("ok", works)] {
                    let disk = Folder::new();
                    let job = pod("incidents", &store, &receiver).arg(outcome);
                    let ended = on(faketime(off), job).directory(&disk).run();
                    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{order:?}");
                }
                let texts = receiver.texts();
                let [failures, recoveries] =
                    ["--- ERROR ---", "--- OK ---"].map(|kind| count(&texts, kind));
                assert_eq!((failures, recoveries), (1, 1), "{order:?}: {texts:?}");
                for off in ["-3h", "+3h"] {
                    let check = command(&store, &["check"]).envs(faketime(off)).output();
                    let check = check.unwrap();
                    let said = String::from_utf8_lossy(&check.stdout);
                    assert_eq!(check.status.code(), Some(0), "{off}: {said}");
                }
            });
        }
    });
}

/// Issue 15: a run that was under way on such a host began when the store's clock says so, and only its death is one.
#[test]
fn a_death_on_a_host_whose_clock_is_off_is_reported_by_another_such_host() {
    let (Some(server), Some(faketime)) = (server(), faketime()) else {
        return;
    };
    let (store, receiver) = (server.store(), Receiver::new());
    assert_eq!(said(&store, &["store", "init"]).0, Some(0));
    let _watch = Faked(watch_with(&store, &receiver, faketime("-1h")));
    let begin = |instance: &str, off: Off| {
        let disk = Folder::new();
        let job = pod("ends", &store, &receiver).arg("hang").directory(&disk);
        let mut job = on(faketime(off), job.env("NOTIFY_INSTANCE", instance)).command();
        (Faked(Running(job.spawn().unwrap())), disk)
    };
    let (mut killed, _living) = (begin("killed", "+1h"), begin("living", "-1h"));
    eventually("both runs are written down", || {
        rows(server, &store, "run") == 2
    });
    killed.0.0.0.kill().unwrap();
    // Who has come only now gives everybody 15 seconds.
    let looked = Instant::now();
    while count(&receiver.texts(), "died: ") == 0 && looked.elapsed() < Duration::from_secs(90) {
        thread::sleep(Duration::from_millis(50));
    }
    let texts = receiver.texts();
    assert_eq!(count(&texts, "ends.main@killed"), 1, "{texts:?}");
    assert_eq!(count(&texts, "ends.main@living"), 0, "{texts:?}");
    let (written, now) = (
        "to_timestamp(split_part(status, E'\\n', 2), 'YYYY-MM-DD HH24:MI:SS:US')",
        "clock_timestamp() AT TIME ZONE 'UTC'",
    );
    let since = format!(
        "SELECT extract(epoch FROM {now} - {written}::timestamp)::integer FROM {}.job",
        schema(&store)
    );
    let seconds: i64 = server.sql(&since).parse().unwrap();
    assert!((0..300).contains(&seconds), "it began {seconds} s ago");
}
