//! A build of before beside this one, in one directory: its protocol on the lock file is played here.
//! Issue 14, point 1.

use super::write_behind::{Engine, at, failed};
use super::*;
use crate::status::outcome::Outcome;

/// What a build of before does with a lock that it opens: it takes what it finds for a journal, and empties
/// the file where that was not written to its end.
fn lock_as_before(store: &Directory, file: &str) -> Lock {
    let path = store.lock_path(slot(file));
    let lock = Lock::acquire(&path, Duration::ZERO).unwrap().unwrap();
    let content = fs::read(&path).unwrap();
    if !content.is_empty() {
        let text = String::from_utf8_lossy(&content).into_owned();
        assert_eq!(journal::parse(&text), None);
        lock.file().set_len(0).unwrap();
    }
    lock
}

#[test]
fn a_run_of_a_build_of_before_is_seen_by_the_next_silent_run() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    engine.run("etl", &Outcome::Returned);
    engine.run("etl", &Outcome::Returned);
    assert_eq!(engine.behind(), ["etl"], "this build stays in memory");
    // It fails, and writes its status over that of this build.
    let lock = lock_as_before(&engine.store, "etl");
    let text = "ERROR\n2026-11-22 13:00:00:000007 UTC\netl :: run\nsince: 2026-11-22 13:00:00:000007 UTC\nruns: 1\nalerted: 2026-11-22 13:00:00:000009 UTC\nincident: 0a1b2c3d\n\nno\n";
    fs::write(folder.path().join("etl"), text).unwrap();
    drop(lock);
    engine.clock(at(1_000));
    let alerts = engine.run("etl", &Outcome::Returned);
    assert_eq!(alerts[0].incident.as_deref(), Some("0a1b2c3d"));
}

#[test]
fn a_time_that_a_build_of_before_has_written_in_place_counts() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    engine.run("etl", &failed("no"));
    engine.run("etl", &failed("no"));
    assert!(!engine.behind().is_empty());
    drop(lock_as_before(&engine.store, "etl"));
    // From then on it keeps the lock open, finds the file empty, and writes the time alone.
    engine.clock(at(3_000_000));
    let path = folder.path().join("etl");
    let status = fs::read_to_string(&path).unwrap();
    let (before, rest) = status.split_at("ERROR\n".len());
    let time = time::show(at(2_999_000));
    fs::write(&path, format!("{before}{time}{}", &rest[time.len()..])).unwrap();
    // Two seconds after its own last run it would send again.
    assert!(engine.run("etl", &failed("no")).is_empty());
}

#[test]
fn what_this_build_leaves_in_a_lock_file_is_nothing_to_a_build_of_before() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    for outcome in [failed("no"), Outcome::Returned, failed("no")] {
        engine.run("etl", &outcome);
        drop(lock_as_before(&engine.store, "etl"));
    }
}

/// As a build of before does where its status could not be written.
#[test]
fn a_journal_that_a_build_of_before_has_left_is_finished_and_no_silent_run_passes_it_by() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    engine.run("etl", &Outcome::Returned);
    engine.clock(at(190_000));
    for _ in 0..2 {
        engine.run("etl", &Outcome::Returned);
    }
    assert!(!engine.behind().is_empty());
    let lock = lock_as_before(&engine.store, "etl");
    let mut alert = alert("etl", "a1");
    alert.status.alerted = Some(alert.decided);
    let change = Change {
        status: Some(alert.status.clone()),
        ..change(Some(alert))
    };
    let journal = journal::render("etl", &change, &Texts::of(&change));
    file::write_at(lock.file(), journal.as_bytes(), 0).unwrap();
    drop(lock);
    engine.clock(at(200_000));
    let alerts = engine.run("etl", &Outcome::Returned);
    assert_eq!(alerts.len(), 1, "the failure in the journal is over");
    assert_eq!(waiting(&engine.store), 3, "its alert is queued, too");
}
