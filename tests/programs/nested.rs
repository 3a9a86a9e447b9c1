//! A job inside another; each takes its settings from the environment, and the first argument says how
//! the inner one ends: `ok`, `err`, `panic`, `exit` or `term`; with `outer`, the outer one fails alone.

use std::env;
use std::process::{Command, exit};
use std::thread;
use std::time::Duration;

use pipeline_notify::notify;

#[notify(
    name = "outer",
    after = number("OUTER_AFTER").unwrap_or(1),
    silent_seconds = number("OUTER_SILENT").unwrap_or(0),
    channel = text("OUTER_CHANNEL"),
    mention = env::var("OUTER_MENTION").unwrap_or_default()
)]
fn main() -> Result<(), String> {
    let end = env::args().nth(1).unwrap_or_default();
    inner(&end)?;
    if end == "outer" {
        return Err("the outer one alone".to_owned());
    }
    Ok(())
}

#[notify(
    name = "inner",
    after = number("INNER_AFTER").unwrap_or(1),
    silent_seconds = number("INNER_SILENT").unwrap_or(0),
    channel = text("INNER_CHANNEL"),
    mention = env::var("INNER_MENTION").unwrap_or_default()
)]
fn inner(end: &str) -> Result<(), String> {
    match end {
        "err" => Err("the disk is full".to_owned()),
        "panic" => panic!("column 7"),
        "exit" => exit(7),
        "term" => {
            let pid = std::process::id().to_string();
            let _ = Command::new("kill").args(["-TERM", &pid]).status();
            thread::sleep(Duration::from_secs(30));
            Ok(())
        }
        _ => Ok(()),
    }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

fn text(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| "alerts".to_owned())
}
