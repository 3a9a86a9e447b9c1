//! A program's own panic hook, beside ours. The hook is one for the whole process, and so this is
//! one test in a file of its own.

use std::panic::{catch_unwind, set_hook};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use pipeline_notify::{Config, install_panic_hook, notify};

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
fn panics(directory: &Path) -> (String, usize) {
    CALLS.store(0, Ordering::Relaxed);
    assert!(catch_unwind(load).is_err());
    let status = std::fs::read_to_string(directory.join("load")).unwrap_or_default();
    let text = status.split_once("\n\n").map_or("", |(_, text)| text);
    let delivered: Vec<&str> = text.lines().take(2).map(str::trim).collect();
    (delivered.join(" "), CALLS.load(Ordering::Relaxed))
}

#[test]
fn a_hook_that_replaces_ours_takes_the_place_until_ours_is_on_top_again() {
    let directory = std::env::temp_dir().join(format!("hook-{}", std::process::id()));
    let config = Config::new().directory(&directory).default_channel("");
    assert!(config.install().is_ok());
    let place = format!("at {}:", file!());

    own_hook();
    let (delivered, calls) = panics(&directory);
    assert!(
        delivered.contains("it broke") && delivered.contains(&place),
        "{delivered}"
    );
    assert_eq!(calls, 1, "ours calls the one before it");

    own_hook();
    // Their payloads may lie where the first one's lay, and they are other panics all the same.
    for _ in 0..20 {
        panics(&directory);
    }
    let (delivered, calls) = panics(&directory);
    assert!(
        delivered.contains("it broke") && !delivered.contains(&place),
        "{delivered}"
    );
    assert_eq!(calls, 1);

    for _ in 0..2 {
        install_panic_hook();
        let (delivered, calls) = panics(&directory);
        assert!(
            delivered.contains("it broke") && delivered.contains(&place),
            "{delivered}"
        );
        assert_eq!(calls, 1, "once, however many of ours are above it");
    }
    let _ = std::fs::remove_dir_all(&directory);
}
