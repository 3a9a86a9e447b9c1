//! Queues on disk, as one sender and as several see them.

use chrono::{TimeDelta, Utc};

use super::super::spool::Outbox;
use super::loss::LOSS;
use super::*;
use crate::os::ffi;
use crate::state::dropped::Loss;
use crate::testing::{Folder, alert};

fn queue(folder: &Folder) -> Queue {
    Outbox::new(folder.path(), ffi::user_id()).queue("alerts-0")
}

/// Alerts of these jobs, a second apart; the job's name is the alert's id in hex.
fn put(queue: &Queue, jobs: &[&str]) -> Vec<Entry> {
    let alerts = (0..).zip(jobs).map(|(second, job)| {
        let alert = alert(job, &format!("{second:x}"));
        Alert {
            decided: alert.decided + TimeDelta::seconds(second),
            ..alert
        }
    });
    alerts
        .map(|alert| queue.put(&alert, &alert.render()).unwrap())
        .collect()
}

#[test]
fn alerts_come_out_in_the_order_in_which_they_were_decided() {
    let folder = Folder::new();
    let queue = queue(&folder);
    let entries = put(&queue, &["b", "a", "c"]);
    assert_eq!(queue.list(), entries);
    let (taken, lock) = queue.take(&entries[1]).unwrap().unwrap();
    assert_eq!(taken.job, "a");
    assert!(
        queue.take(&entries[1]).unwrap().is_none(),
        "it is being sent"
    );
    drop(lock);
    queue.remove(&entries[1]).unwrap();
    assert!(queue.take(&entries[1]).unwrap().is_none() && !queue.holds(&entries[1]));
    assert_eq!(queue.list().len(), 2);
}

#[test]
fn a_refused_alert_is_in_one_place_with_its_reason_beside_it() {
    let folder = Folder::new();
    let queue = queue(&folder);
    let entries = put(&queue, &["a"]);
    let place = queue.reject(&entries[0], "answered 400").unwrap();
    assert!(queue.list().is_empty() && place.is_file());
    assert_eq!(
        fs::read_to_string(place.with_extension("reason")).unwrap(),
        "answered 400\n"
    );
}

#[test]
fn what_is_given_up_is_counted_and_gone_but_for_what_is_being_sent() {
    let folder = Folder::new();
    let queue = queue(&folder);
    let entries = put(&queue, &["a", "b", "c"]);
    let sent = queue.take(&entries[1]).unwrap().unwrap();
    queue.give_up(&entries, None).unwrap();
    assert_eq!(queue.list(), entries[1..2]);
    let loss = queue.loss().unwrap();
    assert!(loss.dropped.words().unwrap().contains(" 2 more alerts ") && loss.going.is_empty());
    drop(sent);
    queue.give_up(&entries[1..2], None).unwrap();
    queue.loss_sent(&loss.dropped).unwrap();
    let left = queue.loss().unwrap();
    assert!(left.dropped.words().unwrap().contains(" 1 more alert "));
    queue.loss_sent(&left.dropped).unwrap();
    assert!(queue.loss().unwrap().is_empty());
    queue.loss_sent(&left.dropped).unwrap();
}

#[test]
fn a_death_between_counting_and_removing_counts_nothing_twice() {
    let folder = Folder::new();
    let queue = queue(&folder);
    let entries = put(&queue, &["a", "b", "c"]);
    let mut counted = Loss::default();
    counted.count(&entries[..2]);
    queue.set_loss(&counted, Durable::No).unwrap();
    queue.remove(&entries[0]).unwrap();

    queue.give_up(&entries[1..], None).unwrap();
    assert!(queue.list().is_empty());
    let line = queue.loss().unwrap().dropped.words().unwrap();
    assert!(line.contains(" 3 more alerts "), "{line}");
}

#[test]
fn nothing_is_given_up_that_cannot_be_counted() {
    let folder = Folder::new();
    let queue = queue(&folder);
    let entries = put(&queue, &["a"]);
    fs::create_dir(queue.folder.join(LOSS)).unwrap();
    assert!(queue.give_up(&entries, None).is_err());
    assert_eq!(queue.list(), entries);
}

#[test]
fn only_one_sender_has_its_turn() {
    let folder = Folder::new();
    let queue = queue(&folder);
    put(&queue, &["a"]);
    let mine = queue.turn().unwrap();
    assert!(matches!(mine, Turn::Mine(_)));
    assert!(matches!(queue.turn().unwrap(), Turn::Others));
    queue.set_pace(&Pace::new(Utc::now())).unwrap();
    assert!(matches!(queue.turn().unwrap(), Turn::Others));
    let is_long_ago = |name| {
        let file = fs::File::open(queue.folder.join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(31))
            .unwrap();
    };
    is_long_ago(PACE);
    is_long_ago(LOCK);
    assert!(matches!(queue.turn().unwrap(), Turn::Stuck));
    drop(mine);
    let mine = queue.turn().unwrap();
    assert!(matches!(mine, Turn::Mine(_)));
    // It has just begun, though the pace was written long ago.
    assert!(matches!(queue.turn().unwrap(), Turn::Others));
}

#[test]
fn an_alert_that_has_two_names_while_a_version_before_cuts_it_waits_once() {
    let folder = Folder::new();
    let queue = queue(&folder);
    let alert = alert("etl", "a1");
    let entry = queue.put(&alert, &alert.render()).unwrap();
    let cut = Entry::parse(entry.name().replace("-f-", "-F-")).unwrap();
    fs::copy(queue.path(&entry), queue.path(&cut)).unwrap();
    assert_eq!(queue.list(), [cut]);
}
