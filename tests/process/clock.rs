//! A clock that was wrong: the job's last run lies an hour or a year off, either way.

use std::fs;

use crate::support::{Folder, Program, Receiver};

const MAIN: &str = "pipeline-notify.ends.main";

/// By how many years and hours the clock was wrong.
const SHIFTS: [(i32, i32); 4] = [(-1, 0), (0, -1), (0, 1), (1, 0)];

fn run(way: &str, folder: &Folder, receiver: &Receiver) -> usize {
    let before = receiver.texts().len();
    let program = Program::new("ends").arg(way).directory(folder);
    // Longer than a slow machine takes from one run to the next.
    let program = program.env("NOTIFY_SILENT_SECONDS", "60");
    let ended = program.alerts_to(receiver).run();
    assert_eq!(ended.code, Some(i32::from(way == "err")), "{ended:?}");
    let ours = ended.stderr.replace("Error: \"the disk is full\"\n", "");
    assert_eq!(ours, "");
    receiver.texts().len() - before
}

/// Moves all times of the status file, as if the clock had been wrong when it was written.
fn shift(folder: &Folder, (years, hours): (i32, i32)) {
    let status = folder.status_file(MAIN);
    let lines = status.lines().map(|line| match line.strip_suffix(" UTC") {
        Some(line) => {
            let (key, time) = line.split_at(line.len() - "2026-11-22 13:00:00:123456".len());
            let year: i32 = time[..4].parse().unwrap();
            let hour: i32 = time[11..13].parse().unwrap();
            // At midnight the day would change, too: an hour the other way does as well.
            let moved = hour + hours;
            let hour = if (0..24).contains(&moved) {
                moved
            } else {
                hour - hours
            };
            format!(
                "{key}{:04}{}{hour:02}{} UTC",
                year + years,
                &time[4..11],
                &time[13..]
            )
        }
        None => line.to_owned(),
    });
    let lines: Vec<_> = lines.collect();
    fs::write(folder.path().join(MAIN), lines.join("\n") + "\n").unwrap();
}

#[test]
fn each_status_is_sent_once_after_the_clock_was_set() {
    for shifted in SHIFTS {
        for before in ["ok", "err"] {
            for after in ["ok", "err"] {
                let what = format!("{before}, {shifted:?}, {after}");
                let (folder, receiver) = (Folder::new(), Receiver::new());
                assert_eq!(run(before, &folder, &receiver), 1);
                shift(&folder, shifted);
                assert_eq!(run(after, &folder, &receiver), 1, "{what}");
                let status = folder.status_file(MAIN);
                let state = if after == "ok" { "OK\n" } else { "ERROR\n" };
                assert!(status.starts_with(state), "{what}: {status}");
                // The clock is right, and so is what was written by it.
                assert_eq!(run(after, &folder, &receiver), 0, "{what}");
                let other = if after == "ok" { "err" } else { "ok" };
                assert_eq!(run(other, &folder, &receiver), 1, "{what}");
            }
        }
    }
}

#[test]
fn a_death_after_the_clock_was_set_is_sent_and_is_the_status() {
    for shifted in SHIFTS {
        let (folder, receiver) = (Folder::new(), Receiver::new());
        run("ok", &folder, &receiver);
        shift(&folder, shifted);
        let program = |name| Program::new(name).directory(&folder).alerts_to(&receiver);
        assert_eq!(program("ends").arg("kill").run().signal, Some(9));
        assert_eq!(program("other").run().code, Some(0));
        let delivered = receiver.texts().concat();
        assert_eq!(
            delivered.matches("\ndied: ").count(),
            1,
            "{shifted:?}: {delivered}"
        );
        let status = folder.status_file(MAIN);
        assert!(status.starts_with("ERROR\n"), "{shifted:?}: {status}");
        assert_eq!(run("ok", &folder, &receiver), 1, "{shifted:?}");
        assert!(
            receiver.texts().concat().contains("recovered"),
            "{shifted:?}"
        );
    }
}
