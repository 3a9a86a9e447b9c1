//! A receiver for scripts: writes its address to the file that is named, and each message to
//! standard output.

use std::fs;
use std::io::{self, Write as _};
use std::time::Duration;

#[path = "../support/receiver.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::allow_attributes,
    reason = "the tests use all of it"
)]
mod receiver;

fn main() -> io::Result<()> {
    let receiver = receiver::Receiver::new();
    let file = std::env::args().nth(1).unwrap_or("address".to_owned());
    let new = format!("{file}.new");
    fs::write(&new, receiver.webhook())?;
    fs::rename(new, file)?;
    let mut shown = 0;
    // Until it is killed, and for ten minutes at most.
    for _ in 0..60_000 {
        for request in receiver.requests().split_off(shown) {
            println!("{}", request.text());
            io::stdout().flush()?;
            shown += 1;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
