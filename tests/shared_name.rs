//! Two jobs of one name. The logger is one for the whole process, and so this is one test in a file
//! of its own.

use std::sync::{Mutex, PoisonError};

use pipeline_notify::{Config, notify};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Lines;

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}", record.level(), record.args());
        LINES
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    fn flush(&self) {}
}

#[notify(name = "load")]
fn one() {}

#[notify(name = "load")]
fn other() {}

#[test]
fn two_jobs_that_share_a_name_are_warned_of_once() {
    assert!(log::set_logger(&Lines).is_ok());
    log::set_max_level(log::LevelFilter::Trace);
    let directory = std::env::temp_dir().join(format!("shared-name-{}", std::process::id()));
    let config = Config::new().directory(&directory).default_channel("");
    assert!(config.install().is_ok());
    for _ in 0..3 {
        one();
        other();
    }
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let start = "WARN two jobs share the status file `load`, at tests/shared_name.rs:";
    assert!(lines[0].starts_with(start), "{lines:?}");
    let _ = std::fs::remove_dir_all(&directory);
}
