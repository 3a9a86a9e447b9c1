//! The command `pipeline-notify`, as a person, a scheduler or a monitor runs it.
#![cfg(feature = "cli")]

use std::path::Path;
use std::process::{Command, Stdio};

/// The command on a notify directory, with nothing else in its environment but where to find programs.
pub fn command(directory: impl AsRef<Path>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipeline-notify"));
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("NOTIFYDIR", directory.as_ref())
        .args(arguments)
        .stdin(Stdio::null());
    command
}

/// Runs it, and returns its exit code and all that it wrote.
pub fn said(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}
