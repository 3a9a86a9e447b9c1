//! A program whose annotated `main` returns a type of its own: the exit code is made of it afterwards.

use std::process::{Command, ExitCode, Termination};
use std::thread;
use std::time::Duration;

use pipeline_notify::notify;

/// What becomes the code that the first argument names.
struct Exit(String);

impl Termination for Exit {
    fn report(self) -> ExitCode {
        if self.0 == "kill" {
            let kill = "kill -KILL $PPID";
            let _ = Command::new("/bin/sh").args(["-c", kill]).status();
            thread::sleep(Duration::from_secs(30));
        }
        self.0
            .parse::<u8>()
            .map_or(ExitCode::FAILURE, ExitCode::from)
    }
}

#[notify]
fn main() -> Exit {
    Exit(std::env::args().nth(1).unwrap_or_default())
}
