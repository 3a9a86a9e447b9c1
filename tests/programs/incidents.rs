//! A program that runs one job for each of its arguments, with the outcome that the argument names:
//! `ok`, or the text of an error. `sleep N` waits N milliseconds between two. The job that is asked for
//! `around E` runs itself twice, the one in the other, both with success, and then fails with E.

use std::time::Duration;
use std::{env, thread};

use pipeline_notify::notify;

fn main() {
    for outcome in env::args().skip(1) {
        match outcome.strip_prefix("sleep ") {
            Some(time) => thread::sleep(Duration::from_millis(time.parse().unwrap_or(0))),
            None => {
                let _ = load(&outcome);
            }
        }
    }
}

#[notify(
    after = number("AFTER"),
    mention = env::var("MENTION").unwrap_or_default(),
    every_hours = number("EVERY")
)]
fn load(outcome: &str) -> Result<(), String> {
    match outcome.split_once(' ') {
        None if outcome == "ok" => Ok(()),
        Some(("inside", outcome)) => load(outcome),
        Some(("around", error)) => {
            load("inside ok")?;
            Err(error.to_owned())
        }
        _ => Err(outcome.to_owned()),
    }
}

fn number(name: &str) -> u64 {
    env::var(name)
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(1)
}
