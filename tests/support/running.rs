//! A process that a test has started, and how it is asked to end.

use std::fmt::Display;
use std::process::{Child, Command};

/// A process that is killed where the test does not get to its end.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The arguments of `sh` by which it runs a program with no signal ignored, where `env` can do that: it would inherit what a
/// shell ignores of what it runs in the background, and `nohup`.
pub const IGNORING_NOTHING: [&str; 2] = [
    "-c",
    "env --default-signal true 2> /dev/null && exec env --default-signal \"$0\" \"$@\"; exec \"$0\" \"$@\"",
];

/// Sends a process a signal, such as `TERM`.
pub fn kill(signal: &str, pid: impl Display) {
    let script = format!("kill -{signal} {pid}");
    let killed = Command::new("sh").args(["-c", &script]).status().unwrap();
    assert!(killed.success());
}
