//! Changes of a status file, whole and left half done.

use std::sync::Arc;

use super::transaction::Written;
use super::*;
use crate::message::alert::Alert;
use crate::rules::Past;
use crate::state::change::{Change, Texts};
use crate::state::entry::Entry;
use crate::status::Status;
use crate::testing::{Folder, alert};

fn is_queued(written: &Written) -> bool {
    matches!(*written.queued, [Queued::Waits(_)])
}

fn entry(written: Written) -> Entry {
    match written.queued.into_iter().next() {
        Some(Queued::Waits(entry)) => entry,
        other => panic!("{other:?}"),
    }
}

fn change(alert: Option<Alert>) -> Change {
    let text = "ERROR\n2026-11-22 13:00:00:123456 UTC\netl :: run\nsince: 2026-11-22 13:00:00:123456 UTC\nruns: 1\n\nno\n";
    Change {
        file: "etl.run".to_owned(),
        status: Status::parse(text),
        queues: alert.iter().map(|_| "alerts-0".to_owned()).collect(),
        alert,
        ..Change::default()
    }
}

#[test]
fn a_change_is_the_status_and_the_alert_and_leaves_no_journal() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.lock("etl.run").unwrap().read(), Past::Missing);
    let change = change(Some(alert("etl.run", "a1")));
    let written = store.lock("etl.run").unwrap().change(&change);
    assert!(written.status_error.is_none() && is_queued(&written));
    let locked = store.lock("etl.run").unwrap();
    assert_eq!(
        locked
            .lock
            .as_ref()
            .unwrap()
            .file()
            .metadata()
            .unwrap()
            .len(),
        0
    );
    assert!(matches!(locked.read(), Past::Known(_)));
    assert_eq!(store.outbox().queue("alerts-0").list().len(), 1);
}

#[test]
fn a_change_that_a_dead_process_left_half_done_is_finished_by_the_next() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    let change = change(Some(alert("etl.run", "a1")));
    let locked = store.lock("etl.run").unwrap();
    locked.write_journal(&change, &Texts::of(&change)).unwrap();
    // Half done: the alert is queued, the status is not written.
    let alert = change.alert.as_ref().unwrap();
    let queue = store.outbox().queue("alerts-0");
    queue.put(alert, &alert.render()).unwrap();
    drop(locked);

    let locked = store.lock("etl.run").unwrap();
    assert_eq!(
        locked.read(),
        Past::Known(Box::new(change.alert.clone().unwrap().status))
    );
    assert_eq!(
        store.outbox().queue("alerts-0").list().len(),
        1,
        "queued twice, and there once"
    );
}

#[test]
fn a_change_that_was_left_half_done_is_finished_though_its_job_never_runs_again() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    let change = change(Some(alert("etl.run", "a1")));
    let locked = store.lock("etl.run").unwrap();
    locked.write_journal(&change, &Texts::of(&change)).unwrap();
    store.finish_journals();
    assert_eq!(locked.read(), Past::Missing, "it is locked");
    drop(locked);
    store.finish_journals();
    let status = fs::read_to_string(folder.path().join("etl.run")).unwrap();
    assert_eq!(Status::parse(&status), change.status);
    assert_eq!(store.outbox().queue("alerts-0").list().len(), 1);
}

#[test]
fn a_status_that_cannot_be_written_is_known_to_the_next_run_and_written_when_it_can_be() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    let in_the_way = folder.path().join("etl.run/x");
    fs::create_dir_all(&in_the_way).unwrap();
    let change = change(Some(alert("etl.run", "a1")));
    let written = store.lock("etl.run").unwrap().change(&change);
    assert!(written.status_error.is_some() && is_queued(&written));
    store
        .outbox()
        .queue("alerts-0")
        .remove(&entry(written))
        .unwrap();

    let known = Past::Known(Box::new(change.status.unwrap()));
    assert_eq!(store.lock("etl.run").unwrap().read(), known);
    assert!(
        store.outbox().queue("alerts-0").list().is_empty(),
        "the alert does not come back"
    );
    fs::remove_dir_all(folder.path().join("etl.run")).unwrap();
    let locked = store.lock("etl.run").unwrap();
    assert!(locked.pending.is_none());
    assert_eq!(locked.read(), known);
}

#[test]
fn a_journal_that_was_not_written_to_its_end_never_happened() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    let change = change(Some(alert("etl.run", "a1")));
    let journal = change.render(&Texts::of(&change));
    let locked = store.lock("etl.run").unwrap();
    let file = locked.lock.as_ref().unwrap().file();
    file::write_at(file, &journal.as_bytes()[..journal.len() / 2], 0).unwrap();
    drop(locked);
    assert_eq!(store.lock("etl.run").unwrap().read(), Past::Missing);
    assert!(store.outbox().queue("alerts-0").list().is_empty());
}

#[test]
fn a_touch_changes_the_time_and_nothing_else() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    let mut locked = store.lock("etl.run").unwrap();
    let status = change(None).status.unwrap();
    locked.write(&status).unwrap();
    let later = Status {
        begun: status.begun + chrono::TimeDelta::seconds(1),
        runs: 2,
        ..status.clone()
    };
    locked.touch(&later, None).unwrap();
    assert_eq!(
        locked.read(),
        Past::Known(Box::new(Status {
            begun: later.begun,
            ..status
        }))
    );
}

/// Locks by what was kept open; where the tests beside this one have taken that, anew.
fn again(store: &Store) -> Locked<'_> {
    let again = store.lock_again("etl.run", Instant::now());
    again.unwrap_or_else(|| store.lock("etl.run").unwrap())
}

/// A store whose job has a status, with its lock kept, and what is known of it.
fn touched_store(folder: &Folder) -> (Store, Arc<Known>, Status) {
    let store = Store::open(folder.path()).unwrap();
    let status = change(None).status.unwrap();
    store.lock("etl.run").unwrap().write(&status).unwrap();
    let known = Arc::new(Known::new(status.clone(), status.render()).unwrap());
    (store, known, status)
}

#[test]
fn a_touch_by_what_was_kept_open_follows_the_file_that_is_there() {
    let folder = Folder::new();
    let (store, known, status) = touched_store(&folder);
    for _ in 0..2 {
        let mut locked = again(&store);
        let past = locked.read_known(Some(&known));
        assert_eq!(past, locked.read());
        assert!(known.lent().is_none(), "it was not read anew");
        locked.give_back(past);
        locked.touch(&status, None).unwrap();
    }
    // As another process does it, with more to say.
    let other = Status {
        runs: 9,
        ..status.clone()
    };
    store.lock("etl.run").unwrap().write(&other).unwrap();
    let mut locked = again(&store);
    let past = locked.read_known(Some(&known));
    assert_eq!(past.status().unwrap().runs, 9);
    let learned = locked.known().unwrap();
    locked.give_back(past);
    assert_eq!(
        locked.read_known(Some(&learned)).status().unwrap().runs,
        9,
        "what another process wrote is taken apart once"
    );
    assert!(learned.lent().is_none());
    let later = Status {
        begun: status.begun + chrono::TimeDelta::seconds(1),
        ..other
    };
    locked.touch(&later, None).unwrap();
    assert_eq!(locked.read().status().unwrap().begun, later.begun);
    drop(locked);

    fs::remove_file(folder.path().join("etl.run")).unwrap();
    let mut locked = again(&store);
    assert_eq!(locked.read_known(Some(&known)), Past::Missing);
    assert!(locked.touch(&status, None).is_err());
}

#[test]
fn a_lock_that_was_kept_open_is_of_no_use_while_a_change_is_half_done() {
    let folder = Folder::new();
    let (store, ..) = touched_store(&folder);
    let locked = store.lock("etl.run").unwrap();
    let change = change(None);
    locked.write_journal(&change, &Texts::of(&change)).unwrap();
    drop(locked);
    assert!(store.lock_again("etl.run", Instant::now()).is_none());
    assert!(store.lock("etl.run").unwrap().pending.is_none());
}

#[test]
fn a_lock_that_was_kept_open_changes_nothing_once_others_do_not_take_it() {
    let folder = Folder::new();
    let (store, known, _) = touched_store(&folder);
    assert!(again(&store).if_current().is_some());

    let locks = store.hidden.join("locks");
    fs::rename(&locks, store.hidden.join("moved")).unwrap();
    file::make_private_folder(&locks, store.user).unwrap();
    if let Some(mut locked) = store.lock_again("etl.run", Instant::now()) {
        assert!(locked.read_known(Some(&known)).status().is_some());
        assert!(locked.if_current().is_none());
    }
    // And it is not kept any longer.
    assert!(store.lock_again("etl.run", Instant::now()).is_none());
    let locked = store.lock("etl.run").unwrap();
    assert!(locked.if_current().is_some());
}

#[test]
fn a_status_that_was_just_written_is_not_opened_anew_to_be_read() {
    let folder = Folder::new();
    let (_, known, status) = touched_store(&folder);
    let store = Store::open(folder.path()).unwrap();
    let mut locked = store.lock("etl.run").unwrap();
    locked.write(&status).unwrap();
    let lock = locked.lock.as_ref().unwrap();
    assert!(
        lock.status_file("etl.run", &folder.path().join("etl.run"))
            .is_some()
    );
    let past = locked.read_known(Some(&known));
    assert_eq!(past, Past::Known(Box::new(status)));
}

#[cfg(unix)]
#[test]
fn what_is_known_of_a_status_file_holds_for_no_link_to_one() {
    let folder = Folder::new();
    let (store, known, status) = touched_store(&folder);
    let path = folder.path().join("etl.run");
    let elsewhere = folder.path().join(".elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    let mut locked = again(&store);
    assert_eq!(locked.read_known(Some(&known)), Past::Unreadable);
    assert!(locked.touch(&status, None).is_err());
}

#[test]
fn an_alert_that_was_refused_is_taken_back_if_the_status_still_speaks_of_it() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    let mut locked = store.lock("etl.run").unwrap();
    let status = change(None).status.unwrap();
    let alerted = status.begun;
    let mut refused = alert("etl.run", "a1");
    refused.decided = alerted;
    for (told, remains) in [
        (alerted, None),
        (alerted + chrono::TimeDelta::seconds(1), Some(())),
    ] {
        locked
            .write(&Status {
                alerted: Some(told),
                ..status.clone()
            })
            .unwrap();
        locked.untell(&refused, false, "it was refused: gone");
        assert_eq!(locked.read().status().unwrap().alerted.map(|_| ()), remains);
    }
}

#[test]
fn two_threads_never_hold_one_job() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    let count = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    // The lock that another thread has just kept open, if there is one.
                    let _locked = again(&store);
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
    let store = Store::open(&directory).unwrap();
    fs::remove_dir_all(&directory).unwrap();
    let change = change(Some(alert("etl.run", "a1")));
    let written = store.lock("etl.run").unwrap().change(&change);
    assert!(
        written.status_error.is_none() && is_queued(&written),
        "{written:?}"
    );
}

#[test]
fn a_glob_over_the_directory_sees_status_files_alone() {
    let folder = Folder::new();
    let store = Store::open(folder.path()).unwrap();
    store
        .lock("etl.run")
        .unwrap()
        .change(&change(Some(alert("etl.run", "a1"))));
    let names = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let seen: Vec<_> = names
        .filter(|name| !name.to_string_lossy().starts_with('.'))
        .collect();
    assert_eq!(seen, ["etl.run"]);
}
