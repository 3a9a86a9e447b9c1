//! A program's own panic hook, beside ours. The hook is one for the whole process, and so this is
//! one test in a file of its own.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    reason = "it has a part of the shared code"
)]

#[path = "corpus/support.rs"]
mod support;

use std::panic::{catch_unwind, set_hook};
use std::sync::atomic::{AtomicUsize, Ordering};

use pipeline_notify::{install_panic_hook, notify};

/// Calls of the program's own hook.
static CALLS: AtomicUsize = AtomicUsize::new(0);

#[notify(name = "load")]
fn load() {
    panic!("it broke");
}

fn own_hook() {
    set_hook(Box::new(|_| {
        CALLS.fetch_add(1, Ordering::Relaxed);
    }));
}

/// Calls the function, and returns what its status file says of the panic, and how often the
/// program's own hook was called.
fn panics() -> (String, usize) {
    CALLS.store(0, Ordering::Relaxed);
    assert!(catch_unwind(load).is_err());
    let text = support::recorded_as("load").text;
    let delivered: Vec<&str> = text.lines().take(2).map(str::trim).collect();
    (delivered.join(" "), CALLS.load(Ordering::Relaxed))
}

#[test]
fn a_hook_that_replaces_ours_takes_the_place_until_ours_is_on_top_again() {
    support::switch_on();
    let place = format!("at {}:", file!());

    own_hook();
    let (delivered, calls) = panics();
    assert!(
        delivered.contains("it broke") && delivered.contains(&place),
        "{delivered}"
    );
    assert_eq!(calls, 1, "ours calls the one before it");

    own_hook();
    // Their payloads may lie where the first one's lay, and they are other panics all the same.
    for _ in 0..20 {
        panics();
    }
    let (delivered, calls) = panics();
    assert!(
        delivered.contains("it broke") && !delivered.contains(&place),
        "{delivered}"
    );
    assert_eq!(calls, 1);

    for _ in 0..2 {
        install_panic_hook();
        let (delivered, calls) = panics();
        assert!(
            delivered.contains("it broke") && delivered.contains(&place),
            "{delivered}"
        );
        assert_eq!(calls, 1, "once, however many of ours are above it");
    }
}
