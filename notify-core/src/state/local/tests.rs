//! Changes of a status file, whole and left half done.

mod compatible;
mod write_behind;

use super::*;
use crate::message::alert::Alert;
use crate::os::engine::own;
use crate::rules::Past;
use crate::state::change::{Change, Texts};
use crate::state::entry::Entry;
use crate::state::{self, JobKey, Queued, Seen, Store};
use crate::testing::{Folder, alert};

fn open(folder: &Folder) -> Directory {
    Directory::open(folder.path(), READABLE).unwrap()
}

/// Makes a change, and returns what became of it.
fn commit(store: &Directory, change: &Change) -> Committed {
    let decide = &mut |_: &Seen<'_>| Some(change.clone());
    store
        .update("etl.run", Instant::now(), decide, None)
        .unwrap()
}

fn entry(committed: Committed) -> Entry {
    let queued = committed.alert.map(|(_, queued)| queued);
    match queued.unwrap().into_iter().next() {
        Some(Queued::Waits(entry)) => entry,
        other => panic!("{other:?}"),
    }
}

fn change(alert: Option<Alert>) -> Change {
    let text = "ERROR\n2026-11-22 13:00:00:123456 UTC\netl :: run\nsince: 2026-11-22 13:00:00:123456 UTC\nruns: 1\n\nno\n";
    Change {
        status: Status::parse(text),
        queues: alert.iter().map(|_| "alerts-0".to_owned()).collect(),
        alert: alert.map(Box::new),
        ..Change::default()
    }
}

/// Leaves a change half done: its journal is written, and nothing else.
fn begin(store: &Directory, file: &str, change: &Change) {
    let mut locked = store.lock(file).unwrap();
    locked.write_journal(change, &Texts::of(change)).unwrap();
}

fn lock_file(store: &Directory, file: &str) -> Vec<u8> {
    fs::read(store.lock_path(slot(file))).unwrap()
}

fn is_id(content: &[u8]) -> bool {
    content.len() as u64 == ID_LENGTH && content[0] >= 0x80
}

fn waiting(store: &Directory) -> usize {
    store.outbox().queue("alerts-0").list().len()
}

#[test]
fn a_change_is_the_status_and_the_alert_and_leaves_its_id_and_no_journal() {
    let folder = Folder::new();
    let store = open(&folder);
    assert_eq!(store.read("etl.run"), Past::Missing);
    let committed = commit(&store, &change(Some(alert("etl.run", "a1"))));
    assert!(committed.is_written && committed.status_error.is_none());
    entry(committed);
    let id = lock_file(&store, "etl.run");
    assert!(is_id(&id));
    assert!(matches!(store.read("etl.run"), Past::Known(_)));
    assert_eq!(waiting(&store), 1);
    commit(&store, &change(Some(alert("etl.run", "a2"))));
    assert_ne!(id, lock_file(&store, "etl.run"), "each change has its own");
}

#[test]
fn a_change_that_a_dead_process_left_half_done_is_finished_by_the_next() {
    let folder = Folder::new();
    let store = open(&folder);
    let change = change(Some(alert("etl.run", "a1")));
    begin(&store, "etl.run", &change);
    // Half done: the alert is queued, the status is not written.
    let alert = change.alert.as_ref().unwrap();
    let queue = store.outbox().queue("alerts-0");
    queue.put(alert, &alert.render()).unwrap();

    let known = Past::Known(Box::new(alert.status.clone()));
    assert_eq!(store.lock("etl.run").unwrap().read(), known);
    assert_eq!(waiting(&store), 1, "queued twice, and there once");
    assert!(is_id(&lock_file(&store, "etl.run")));
}

#[test]
fn a_change_that_was_left_half_done_is_finished_though_its_job_never_runs_again() {
    let folder = Folder::new();
    let store = open(&folder);
    let change = change(Some(alert("etl.run", "a1")));
    begin(&store, "etl.run", &change);
    let path = store.lock_path(slot("etl.run"));
    let lock = Lock::acquire(&path, Duration::ZERO).unwrap();
    store.finish_journals();
    assert_eq!(store.read("etl.run"), Past::Missing, "it is locked");
    drop(lock);
    store.finish_journals();
    assert_eq!(store.read("etl.run").status(), change.status.as_ref());
    assert_eq!(waiting(&store), 1);
}

#[test]
fn a_status_that_cannot_be_written_is_known_to_the_next_run_and_written_when_it_can_be() {
    let folder = Folder::new();
    let store = open(&folder);
    let in_the_way = folder.path().join("etl.run/x");
    fs::create_dir_all(&in_the_way).unwrap();
    let change = change(Some(alert("etl.run", "a1")));
    let committed = commit(&store, &change);
    assert!(committed.status_error.is_some());
    let queue = store.outbox().queue("alerts-0");
    queue.remove(&entry(committed)).unwrap();

    let known = Past::Known(Box::new(change.status.unwrap()));
    assert_eq!(store.lock("etl.run").unwrap().read(), known);
    assert_eq!(waiting(&store), 0, "the alert does not come back");
    fs::remove_dir_all(folder.path().join("etl.run")).unwrap();
    let locked = store.lock("etl.run").unwrap();
    assert!(locked.pending.is_none());
    assert_eq!(locked.read(), known);
}

#[test]
fn where_the_directory_cannot_be_used_a_run_goes_by_what_its_process_has_left_there() {
    let _own = own::begin();
    let folder = Folder::new();
    let directory = folder.path().join("notify");
    let store = Directory::open(&directory, READABLE).unwrap();
    let failed = change(Some(alert("etl.run", "a1")));
    commit(&store, &failed);
    fs::remove_dir_all(&directory).unwrap();
    fs::write(&directory, "").unwrap();

    let store = Store::Local(store);
    for job in ["etl.run", "another"] {
        let mut seen = None;
        let decide = &mut |open: &Seen<'_>| {
            seen = Some(open.past.clone());
            None
        };
        let (key, now) = (JobKey::of(job), Instant::now());
        assert!(store.update(&key, now, &mut |_| None, None).is_err());
        state::update_unstored(Some(&store), &key, now, decide);
        let status = failed.status.clone().filter(|_| job == "etl.run");
        let past = status.map_or(Past::Unknown, |status| Past::Known(Box::new(status)));
        assert_eq!(seen, Some(past), "{job}");
    }
}

/// Issue 14, point 1.
#[test]
fn a_neighbour_that_shares_the_lock_leaves_a_pending_journal_alone() {
    let folder = Folder::new();
    let store = open(&folder);
    let neighbour = neighbour_of("etl.run");
    let in_the_way = folder.path().join("etl.run/x");
    fs::create_dir_all(&in_the_way).unwrap();
    let change = change(None);
    commit(&store, &change);
    let pending = lock_file(&store, "etl.run");
    assert!(!is_id(&pending));
    // A whole change, one of the status alone, and one more: none has an id.
    let noted = Change {
        noted: change.status.clone(),
        ..Change::default()
    };
    for change in [&change, &noted, &change] {
        let decide = &mut |_: &Seen<'_>| Some(change.clone());
        let committed = store
            .update(&neighbour, Instant::now(), decide, None)
            .unwrap();
        assert!(committed.status_error.is_none());
        assert_eq!(lock_file(&store, "etl.run"), pending);
    }
    assert!(matches!(store.read(&neighbour), Past::Known(_)));
    fs::remove_dir_all(folder.path().join("etl.run")).unwrap();
    drop(store.lock(&neighbour).unwrap());
    assert_eq!(store.read("etl.run").status(), change.status.as_ref());
    assert!(is_id(&lock_file(&store, "etl.run")));
}

/// A job that shares its lock with another.
fn neighbour_of(job: &str) -> String {
    let mut names = (0..).map(|number| format!("neighbour.{number}"));
    names.find(|name| slot(name) == slot(job)).unwrap()
}

#[test]
fn a_journal_that_was_not_written_to_its_end_never_happened() {
    let folder = Folder::new();
    let store = open(&folder);
    let change = change(Some(alert("etl.run", "a1")));
    let journal = journal::render("etl.run", &change, &Texts::of(&change));
    let path = store.lock_path(slot("etl.run"));
    fs::write(path, &journal.as_bytes()[..journal.len() / 2]).unwrap();
    assert_eq!(store.lock("etl.run").unwrap().read(), Past::Missing);
    assert_eq!(waiting(&store), 0);
}

#[test]
fn two_threads_never_hold_one_job() {
    let folder = Folder::new();
    let store = open(&folder);
    let count = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let _locked = store.lock("etl.run").unwrap();
                    assert_eq!(count.fetch_add(1, Ordering::SeqCst), 0);
                    count.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
}

#[test]
fn a_directory_that_is_deleted_meanwhile_is_made_again() {
    let folder = Folder::new();
    let directory = folder.path().join("notify");
    let store = Directory::open(&directory, READABLE).unwrap();
    fs::remove_dir_all(&directory).unwrap();
    let committed = commit(&store, &change(Some(alert("etl.run", "a1"))));
    assert!(committed.status_error.is_none(), "{committed:?}");
    entry(committed);
}

#[test]
fn a_glob_over_the_directory_sees_status_files_alone() {
    let folder = Folder::new();
    let store = open(&folder);
    commit(&store, &change(Some(alert("etl.run", "a1"))));
    let names = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let seen: Vec<_> = names
        .filter(|name| !name.to_string_lossy().starts_with('.'))
        .collect();
    assert_eq!(seen, ["etl.run"]);
}
