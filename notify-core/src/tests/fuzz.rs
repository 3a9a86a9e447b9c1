//! Files that were damaged: nothing that is read from them makes a reader panic, what lies before the
//! damage is still understood where the format allows it, and nothing is understood that was not written.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

use crate::format::fields::Fields;
use crate::format::headline::headline;
use crate::format::time::{self, Time};
use crate::message::alert::{Alert, Kind};
use crate::message::written::Message;
use crate::state::change::{Change, RunKey, Texts};
use crate::state::local::{journal, lease};
use crate::state::rate::Pace;
use crate::status::{LINE, State, Status};

/// In the normal run.
const SOME: u32 = 500;

const MANY: u32 = 1_000_000;

/// What becomes of a file: where, by a part of its length, and what.
#[derive(Debug, Clone)]
enum Damage {
    Cut,
    Flip(u8),
    Insert(Vec<u8>),
    Remove(usize),
    Zeros(usize),
}

impl Damage {
    /// Returns the damaged content, and how much of it is as it was.
    fn of(&self, content: &str, part: f64) -> (String, usize) {
        let mut bytes = content.as_bytes().to_vec();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a file is short"
        )]
        let at = ((bytes.len() as f64 * part) as usize).min(bytes.len().saturating_sub(1));
        let end = |length: usize| (at + length).min(content.len());
        match self {
            Self::Cut => bytes.truncate(at),
            Self::Flip(bits) => bytes[at] ^= bits,
            Self::Insert(line) => drop(bytes.splice(at..at, line.iter().copied())),
            Self::Remove(length) => drop(bytes.drain(at..end(*length))),
            Self::Zeros(length) => bytes[at..end(*length)].fill(0),
        }
        let same = content
            .bytes()
            .zip(&bytes)
            .take_while(|(one, other)| one == *other);
        let same = same.count();
        (String::from_utf8_lossy(&bytes).into_owned(), same)
    }
}

fn damage() -> impl Strategy<Value = (Damage, f64)> {
    let line = prop_oneof![
        Just(b"\n".to_vec()),
        Just(b"\nsince: 2026-11-22 13:00:00:123456 UTC\nruns: 9\nalert: x\n".to_vec()),
        Just(b"ERROR\n".to_vec()),
        prop::collection::vec(any::<u8>(), 1..40),
    ];
    let damage = prop_oneof![
        Just(Damage::Cut),
        (1_u8..).prop_map(Damage::Flip),
        line.prop_map(Damage::Insert),
        (1_usize..600).prop_map(Damage::Remove),
        (1_usize..600).prop_map(Damage::Zeros),
    ];
    (damage, 0.0..1.0)
}

fn at() -> impl Strategy<Value = Time> {
    (0_i64..4_000_000_000_000_000).prop_map(|micros| Time::from_timestamp_micros(micros).unwrap())
}

fn word() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

fn status() -> impl Strategy<Value = Status> {
    let times = (at(), at(), prop::option::of(at()), prop::option::of(at()));
    let numbers = (
        any::<bool>(),
        1_u64..100,
        prop::option::of(any::<u32>()),
        0_u64..100_000,
    );
    let words = (
        word(),
        prop::option::of(word()),
        prop::option::of(word()),
        word(),
    );
    let text = "[a-z: \n]{0,80}";
    (times, numbers, words, text).prop_map(|(times, numbers, words, text)| Status {
        state: if numbers.0 { State::Ok } else { State::Error },
        begun: times.0,
        location: words.0.into(),
        took: Some(std::time::Duration::from_millis(numbers.3)),
        since: times.1,
        runs: numbers.1,
        alerted: times.2,
        incident: words.1,
        host: words.2.map(Into::into),
        pid: numbers.2,
        exe: Some(words.3.clone().into()),
        source: Some(words.3.into()),
        cancelled: times.3,
        not_counted: times.3.map(|time| format!("{time}, it did not run")),
        // Of an error the first is itself, unless another is written down.
        first_error: (!numbers.0).then(|| headline(&text, LINE)),
        text,
        ..Status::parse("OK\n2018-08-12 09:05:01:000007 UTC\n").unwrap()
    })
}

fn alert() -> impl Strategy<Value = Alert> {
    (status(), "[0-9a-f]{16}", word(), at()).prop_map(|(status, id, job, decided)| Alert {
        id,
        kind: Kind::Failed,
        job,
        channel: "alerts".to_owned(),
        decided,
        incident: status.incident.clone(),
        earlier_error: None,
        outage: None,
        mention: None,
        facts: vec![("context".to_owned(), "env=prod".to_owned())],
        notes: vec!["debug build".to_owned()],
        message: Message::default(),
        dropped: None,
        recovered: None,
        status,
    })
}

fn run<T: std::fmt::Debug>(
    cases: u32,
    strategy: impl Strategy<Value = T>,
    test: impl Fn(T) -> TestCaseResult,
) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let done = TestRunner::new(config).run(&strategy, test);
    assert!(done.is_ok(), "{}", done.unwrap_err());
}

/// How many whole lines lie in the first `same` bytes.
fn whole_lines(content: &str, same: usize) -> usize {
    content.as_bytes()[..same]
        .split(|byte| *byte == b'\n')
        .count()
        - 1
}

/// The number of the line that begins so.
fn line_of(content: &str, begins: &str) -> Option<usize> {
    content.lines().position(|line| line.starts_with(begins))
}

fn statuses(cases: u32) {
    run(cases, (status(), damage()), |(status, (damage, part))| {
        let content = status.render();
        let (damaged, same) = damage.of(&content, part);
        let read = Status::parse(&damaged);
        let whole = whole_lines(&content, same);
        if whole < 2 {
            return Ok(());
        }
        let read = read.ok_or_else(|| TestCaseError::fail(format!("not read: {damaged:?}")))?;
        prop_assert_eq!((read.state, read.begun), (status.state, status.begun));
        let is_kept = |key: &str| line_of(&content, key).is_some_and(|line| line < whole);
        if whole >= 3 {
            prop_assert_eq!(&read.location, &status.location);
        }
        if is_kept("since: ") {
            prop_assert_eq!(read.since, status.since);
        }
        if is_kept("runs: ") {
            prop_assert_eq!(read.runs, status.runs);
        }
        if is_kept("alerted: ") {
            prop_assert_eq!(read.alerted, status.alerted);
        }
        if is_kept("incident: ") {
            prop_assert_eq!(&read.incident, &status.incident);
        }
        if is_kept("pid: ") {
            prop_assert_eq!(read.pid, status.pid);
        }
        Ok(())
    });
}

fn alerts(cases: u32) {
    run(cases, (alert(), damage()), |(alert, (damage, part))| {
        let content = alert.render();
        let (damaged, same) = damage.of(&content, part);
        let read = Alert::parse(&damaged);
        // All of the alert, down to the first two lines of its status.
        let empty = line_of(&content, "note: ").map_or(0, |note| note + 1);
        if whole_lines(&content, same) >= empty + 3 {
            let read = read.ok_or_else(|| TestCaseError::fail(format!("not read: {damaged:?}")))?;
            prop_assert_eq!(
                (
                    &read.id, &read.job, read.decided, &read.incident, read.status.begun
                ),
                (
                    &alert.id, &alert.job, alert.decided, &alert.incident, alert.status.begun
                )
            );
        }
        let _ = Pace::parse(
            &damaged,
            time::parse("2026-11-22 13:00:00:123456 UTC").unwrap(),
        );
        Ok(())
    });
}

fn journals(cases: u32) {
    let change =
        (alert(), any::<(bool, bool)>(), 0_u64..9999).prop_map(|(alert, has, offset)| Change {
            status: Some(alert.status.clone()),
            queues: has.0.then(|| "alerts-0".to_owned()).into_iter().collect(),
            alert: has.0.then(|| Box::new(alert)),
            ends: has.1.then(|| RunKey::new("4242-0123456789abcdef", offset)),
            ..Change::default()
        });
    run(cases, (change, damage()), |(change, (damage, part))| {
        let content = journal::render("etl.load", &change, &Texts::of(&change));
        let whole = journal::parse(&content);
        prop_assert_eq!(whole.as_ref().map(|(_, whole)| whole), Some(&change));
        // It is all or nothing: half of a change is what it is there to prevent.
        let (damaged, _) = damage.of(&content, part);
        let read = journal::parse(&damaged);
        prop_assert!(read.is_none() || read == whole, "{:?}", damaged);
        Ok(())
    });
}

fn records(cases: u32) {
    let slots = prop::collection::vec((word(), 0_usize..700), 1..6);
    run(cases, (slots, damage()), |(slots, (damage, part))| {
        let slots: Vec<_> = slots
            .into_iter()
            .map(|(job, length)| {
                let mut fields = Fields::default();
                fields.put("job", job);
                fields.put("note", "x".repeat(length));
                fields
            })
            .collect();
        let blocks: Vec<_> = slots
            .iter()
            .map(|slot| lease::block(&slot.render()))
            .collect();
        let content = String::from_utf8(blocks.concat()).unwrap();
        let (damaged, same) = damage.of(&content, part);
        let read: Vec<_> = lease::blocks(&damaged).collect();
        let mut offset = 0;
        for (number, (block, fields)) in blocks.iter().zip(&slots).enumerate() {
            if offset + block.len() <= same {
                let read = read.get(number).map(|read| (read.is_open, &read.fields));
                prop_assert_eq!(read, Some((true, fields)));
            }
            offset += block.len();
        }
        for block in read {
            prop_assert!(
                !block.is_open || slots.contains(&block.fields),
                "{:?}",
                damaged
            );
        }
        Ok(())
    });
}

#[test]
fn a_damaged_status_is_understood_up_to_the_damage() {
    statuses(SOME);
}

#[test]
fn a_damaged_alert_is_understood_where_the_damage_comes_after_it() {
    alerts(SOME);
}

#[test]
fn a_damaged_journal_never_happened() {
    journals(SOME);
}

#[test]
fn a_damaged_record_names_the_runs_before_the_damage_and_no_others() {
    records(SOME);
}

#[test]
#[ignore = "it takes some minutes"]
fn a_million_damaged_statuses_are_understood_up_to_the_damage() {
    statuses(MANY);
}

#[test]
#[ignore = "it takes some minutes"]
fn a_million_damaged_alerts_are_understood_where_the_damage_comes_after_them() {
    alerts(MANY);
}

#[test]
#[ignore = "it takes some minutes"]
fn a_million_damaged_journals_never_happened() {
    journals(MANY);
}

#[test]
#[ignore = "it takes some minutes"]
fn a_million_damaged_records_name_the_runs_before_the_damage_and_no_others() {
    records(MANY);
}
