//! Panics, in every way that there is to begin, resume and stop one.

use std::panic::{catch_unwind, panic_any, resume_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use pipeline_notify::notify;

use crate::support::{ok, panicked, recorded, run, switch_on};

#[notify]
fn out_of_bounds(index: usize) -> u8 {
    [1, 2, 3][index]
}

#[notify]
fn inner() {
    panic!("nested {}", 1);
}

#[notify]
fn outer() {
    inner();
}

#[notify]
fn caught_inside() -> u8 {
    catch_unwind(|| panic!("caught")).map_or(1, |()| 2)
}

#[notify]
fn second_after_caught() {
    let _ = catch_unwind(|| panic!("first"));
    panic!("second");
}

#[notify]
fn no_text() {
    panic_any(7_u8);
}

#[notify]
fn no_size() {
    resume_unwind(Box::new(()));
}

#[notify]
fn from_thread() {
    let worker = thread::spawn(|| -> () { panic!("in the worker") });
    if let Err(payload) = worker.join() {
        resume_unwind(payload);
    }
}

#[notify]
fn unwraps_a_thread() {
    thread::spawn(|| -> () { panic!("of the worker") })
        .join()
        .unwrap();
}

/// The other panics are the latest, and were caught inside of their runs.
#[notify]
fn unwraps_a_thread_beside_others() {
    let worker = thread::spawn(|| -> () { panic!("of the worker") }).join();
    for _ in 0..4 {
        thread::spawn(caught_inside).join().unwrap();
    }
    worker.unwrap();
}

/// As `panic_any(payload)` does, where `resume_unwind(payload)` was meant.
#[notify]
fn panics_with_the_payload_of_a_thread() {
    let worker = thread::spawn(|| -> () { panic!("boxed twice") });
    if let Err(payload) = worker.join() {
        panic_any(payload);
    }
}

/// The thread that has broken the lock is the first of two to panic: the other one only met it.
#[notify]
fn finds_a_lock_that_threads_have_poisoned() {
    let lock = Arc::new(Mutex::new(()));
    let worker = |fault: Option<&'static str>| {
        let lock = lock.clone();
        thread::spawn(move || {
            let _held = lock.lock().unwrap();
            if let Some(fault) = fault {
                panic!("{fault}");
            }
        })
    };
    let _ = worker(Some("it broke under the lock")).join();
    let _ = worker(None).join();
    drop(lock.lock().unwrap());
}

#[notify]
fn shows_a_poisoned_lock() -> Result<(), String> {
    let lock = Arc::new(Mutex::new(()));
    let its = lock.clone();
    let worker = thread::spawn(move || {
        let _held = its.lock().unwrap();
        panic!("shown by display");
    });
    let _: Result<(), _> = worker.join();
    let held = lock.lock();
    held.map(drop).map_err(|error| error.to_string())
}

struct Watched;

impl Drop for Watched {
    #[notify]
    fn drop(&mut self) {}
}

#[notify]
fn unwinds_through_a_watched_drop() {
    let _watched = Watched;
    panic!("outside of drop");
}

#[notify]
fn stale() {
    resume_unwind(Box::new("resumed".to_owned()));
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("in the payload's drop");
        }
    }
}

#[notify]
fn payload_with_a_bomb() {
    resume_unwind(Box::new(Bomb));
}

#[test]
fn a_panic_is_sent_with_message_and_place() {
    panicked(
        "panics.out_of_bounds",
        &["index out of bounds: the len is 3", "panics.rs:"],
        || out_of_bounds(7),
    );
    panicked(
        "panics.second_after_caught",
        &["second"],
        second_after_caught,
    );
    ok("panics.caught_inside", caught_inside);
}

#[test]
fn a_nested_panic_is_sent_by_both() {
    panicked("panics.outer", &["nested 1", "panics.rs:"], outer);
    let inner = recorded("panics.inner");
    assert!(inner.text.contains("nested 1"), "{inner:?}");
}

#[test]
fn a_panic_without_text_is_a_panic() {
    panicked("panics.no_text", &["no text", "panics.rs:"], no_text);
    panicked("panics.no_size", &["no text"], no_size);
    let bomb = run("panics.payload_with_a_bomb", || {
        if let Err(payload) = catch_unwind(payload_with_a_bomb) {
            std::mem::forget(payload);
        }
    });
    assert_eq!(bomb.status, "ERROR");
}

#[test]
fn a_panic_of_a_thread_keeps_its_place() {
    panicked(
        "panics.from_thread",
        &["in the worker", "panics.rs:"],
        from_thread,
    );
    panicked(
        "panics.panics_with_the_payload_of_a_thread",
        &["boxed twice", "panics.rs:"],
        panics_with_the_payload_of_a_thread,
    );
}

#[notify]
fn returns_a_thread() -> thread::Result<()> {
    thread::spawn(|| panic!("returned by join")).join()
}

#[notify]
fn shows_a_thread() -> Result<(), String> {
    shows_a_thread_of(|payload| format!("worker: {payload:?}"))
}

/// As `anyhow!("{payload:?}")` where backtraces are asked for.
#[notify]
fn shows_a_thread_above_a_backtrace() -> Result<(), String> {
    shows_a_thread_of(|payload| format!("worker: {payload:?}\n\nStack backtrace:\n   0: main\n"))
}

fn shows_a_thread_of(show: fn(Box<dyn std::any::Any + Send>) -> String) -> Result<(), String> {
    let worker = thread::spawn(|| -> () { panic!("shown by debug") });
    worker.join().map_err(show)
}

#[notify]
fn scoped() {
    thread::scope(|scope| {
        scope.spawn(|| -> () { panic!("in a scope") });
    });
}

#[notify]
async fn awaits_a_thread() {
    tokio::task::yield_now().await;
    let worker = thread::Builder::new().name("loader".to_owned());
    let worker = worker.spawn(|| -> () { panic!("of the loader") });
    worker.unwrap().join().expect("the loader");
}

// Issue 12, point 3.
#[test]
fn a_panic_on_another_thread_is_sent_with_its_text_and_place() {
    let place = "panics.rs:";
    for (job, text, call) in [
        (
            "unwraps_a_thread",
            "of the worker",
            unwraps_a_thread as fn(),
        ),
        (
            "unwraps_a_thread_beside_others",
            "of the worker",
            unwraps_a_thread_beside_others,
        ),
        ("scoped", "in a scope", scoped),
        (
            "finds_a_lock_that_threads_have_poisoned",
            "it broke under the lock",
            finds_a_lock_that_threads_have_poisoned,
        ),
    ] {
        let recorded = run(&format!("panics.{job}"), call);
        let cause = recorded
            .text
            .split_once("caused by: ")
            .unwrap()
            .1
            .to_owned();
        assert!(
            cause.contains(text) && cause.contains(place),
            "{recorded:?}"
        );
    }
    let loader = run("panics.awaits_a_thread", || {
        crate::futures::block(awaits_a_thread());
    });
    let text = "caused by: thread 'loader' panicked: of the loader\n  at ";
    assert!(loader.text.contains(text), "{loader:?}");
    let returned = run("panics.returns_a_thread", returns_a_thread);
    let text = "panicked: returned by join\n  at ";
    assert!(returned.text.starts_with(text), "{returned:?}");
    let shown = run("panics.shows_a_thread", shows_a_thread);
    // Other tests' threads panic at the same time, and theirs may be the latest.
    assert!(shown.text.contains("caused by: "), "{shown:?}");
    let shown = run("panics.shows_a_poisoned_lock", shows_a_poisoned_lock);
    assert!(shown.text.contains("caused by: "), "{shown:?}");
    // Where a backtrace stands, the cause is above it: below, neither alert nor headline shows it.
    let job = "panics.shows_a_thread_above_a_backtrace";
    let shown = run(job, shows_a_thread_above_a_backtrace);
    let (error, frames) = shown.text.split_once("Stack backtrace:").unwrap();
    assert!(error.contains("\n  caused by: "), "{shown:?}");
    assert!(!frames.contains("caused by: "), "{shown:?}");
}

#[test]
fn a_function_called_while_unwinding_did_not_panic() {
    panicked(
        "panics.unwinds_through_a_watched_drop",
        &["outside of drop"],
        unwinds_through_a_watched_drop,
    );
    let drop = recorded("panics.Watched.Drop.drop");
    assert_eq!(drop.status, "OK", "{drop:?}");
}

#[test]
fn a_resumed_panic_is_not_sent_with_the_text_of_an_earlier_one() {
    switch_on();
    let _ = catch_unwind(|| panic!("earlier"));
    let stale = run("panics.stale", stale);
    assert!(stale.text.contains("resumed"), "{stale:?}");
    assert!(!stale.text.contains("earlier"), "{stale:?}");
}
