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

/// Sends a process a signal, such as `TERM`.
pub fn kill(signal: &str, pid: impl Display) {
    let script = format!("kill -{signal} {pid}");
    let killed = Command::new("sh").args(["-c", &script]).status().unwrap();
    assert!(killed.success());
}
