//! A program that sends what waits, and fails where something is left.

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    match pipeline_notify::drain(Duration::from_secs(10)) {
        Ok(0) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
