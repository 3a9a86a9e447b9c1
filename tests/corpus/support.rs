//! Runs an annotated function, and reads what its status file says afterwards.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use pipeline_notify::Config;

/// What the status file of a job says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// `OK`, `ERROR`, or nothing where there is no status file.
    pub(crate) status: String,
    /// The lines of the head.
    pub(crate) head: Vec<String>,
    /// The text below the head.
    pub(crate) text: String,
}

fn directory() -> &'static PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let program = std::env::current_exe().unwrap();
        let name = program.file_name().unwrap().to_string_lossy().into_owned();
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        let config = Config::new().directory(&path).default_channel("");
        config.install().unwrap();
        remove_after_the_tests(&path);
        path
    })
}

/// A static is never dropped: a shell waits for the end of this process, whose pipe is closed by it, however it comes.
fn remove_after_the_tests(path: &Path) {
    let mut shell = Command::new("sh");
    shell.args(["-c", "read -r _; rm -rf \"$0\""]).arg(path);
    shell.stdin(Stdio::piped()).stdout(Stdio::null());
    // Where there is no shell, it stays.
    std::mem::forget(shell.stderr(Stdio::null()).spawn());
}

/// Switches reporting on, which is off under a test harness.
pub(crate) fn switch_on() {
    let _ = directory();
}

/// Returns where the status file of a job is, which is named without the crate.
pub(crate) fn file(job: &str) -> PathBuf {
    directory().join(format!("{}.{job}", env!("CARGO_CRATE_NAME")))
}

/// Reads the status file of a job, which is named without the crate.
pub(crate) fn recorded(job: &str) -> Recorded {
    recorded_as(&format!("{}.{job}", env!("CARGO_CRATE_NAME")))
}

/// Reads the status file of a job by its whole name.
pub(crate) fn recorded_as(job: &str) -> Recorded {
    let file = directory().join(job);
    let content = std::fs::read_to_string(&file).unwrap_or_default();
    let _ = std::fs::remove_file(&file);
    let (head, text) = content.split_once("\n\n").unwrap_or((&content, ""));
    let mut lines = head.lines().map(str::to_owned);
    Recorded {
        status: lines.next().unwrap_or_default(),
        head: lines.collect(),
        text: text.trim_end().to_owned(),
    }
}

/// Calls an annotated function, and returns what its status file says then.
pub(crate) fn run<R>(job: &str, call: impl FnOnce() -> R) -> Recorded {
    switch_on();
    let _ = catch_unwind(AssertUnwindSafe(|| drop(call())));
    recorded(job)
}

/// Calls an annotated function, which must be recorded as a success.
#[track_caller]
pub(crate) fn ok<R>(job: &str, call: impl FnOnce() -> R) {
    let recorded = run(job, call);
    assert_eq!(
        (&*recorded.status, &*recorded.text),
        ("OK", ""),
        "{job}: {recorded:?}"
    );
}

/// Calls an annotated function, which must be recorded as a failure that is sent in this text.
#[track_caller]
pub(crate) fn error<R>(job: &str, text: &str, call: impl FnOnce() -> R) {
    let recorded = run(job, call);
    assert_eq!(
        (&*recorded.status, &*recorded.text),
        ("ERROR", text),
        "{job}: {recorded:?}"
    );
}

/// Calls an annotated function, of which nothing must be recorded.
#[track_caller]
pub(crate) fn nothing<R>(job: &str, call: impl FnOnce() -> R) {
    let recorded = run(job, call);
    assert_eq!(recorded.status, "", "{job}: {recorded:?}");
}

/// Calls an annotated function, which must be recorded as having panicked, with this in the text.
#[track_caller]
pub(crate) fn panicked<R>(job: &str, texts: &[&str], call: impl FnOnce() -> R) {
    let recorded = run(job, call);
    assert_eq!(recorded.status, "ERROR", "{job}: {recorded:?}");
    for text in texts {
        assert!(recorded.text.contains(text), "{job}: {recorded:?}");
    }
}

/// Calls an annotated function whose error was passed over, and named.
#[track_caller]
pub(crate) fn passed_over<R>(job: &str, text: &str, call: impl FnOnce() -> R) {
    let recorded = run(job, call);
    assert_eq!(recorded.status, "OK", "{job}: {recorded:?}");
    assert!(
        recorded.head.iter().any(|line| line.contains(text)),
        "{job}: {recorded:?}"
    );
}
