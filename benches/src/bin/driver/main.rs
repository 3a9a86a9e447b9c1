//! Times whole programs in turn, and prints one table of what they cost more than a floor of the
//! same run. `benches/processes.sh` and `benches/peers.sh` call it.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod peers;
mod processes;
#[path = "../../../../tests/support/receiver.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::allow_attributes,
    reason = "the tests use all of it"
)]
mod receiver;
mod sample;

/// A folder to write in, with what the table calls it.
struct Place {
    name: &'static str,
    folder: PathBuf,
}

impl Place {
    /// Makes a folder of this process alone.
    fn new(name: &'static str, above: &str) -> std::io::Result<Self> {
        let folder =
            Path::new(above).join(format!("pipeline-notify-driver-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self { name, folder })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn main() -> ExitCode {
    let words: Vec<_> = env::args().skip(1).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let result = match *words.as_slice() {
        ["processes", programs, tmpfs, disk] => {
            places(tmpfs, disk).and_then(|places| processes::table(Path::new(programs), &places))
        }
        ["peers", programs, python, script, tmpfs, disk] => {
            places(tmpfs, disk).and_then(|places| {
                let script = Path::new(script);
                peers::table(Path::new(programs), Path::new(python), script, &places)
            })
        }
        _ => Err("see benches/processes.sh and benches/peers.sh".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn places(tmpfs: &str, disk: &str) -> Result<[Place; 2], Box<dyn Error>> {
    Ok([Place::new("tmpfs", tmpfs)?, Place::new("disk", disk)?])
}
