//! A program whose annotated `main` is wrapped by another attribute, which decides how it ends: here tokio's,
//! whose runtime waits for what is still at work.

use std::process::exit;
use std::thread;
use std::time::Duration;

use pipeline_notify::notify;

#[derive(Debug)]
struct Expected;

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it was expected")
    }
}

impl std::error::Error for Expected {}

#[notify(errors(std::io::Error))]
#[tokio::main]
async fn main() -> Result<(), Expected> {
    let way = std::env::args().nth(1).unwrap_or_default();
    if way == "passed over" {
        return Err(Expected);
    }
    tokio::task::spawn_blocking(move || {
        thread::sleep(Duration::from_millis(200));
        if let Ok(code) = way.parse() {
            exit(code);
        }
    });
    Ok(())
}
