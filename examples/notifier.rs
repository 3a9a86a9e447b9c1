//! Alerts can go anywhere: here a file.
//!
//!     cargo run --example notifier

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use pipeline_notify::{Alert, Config, Notifier, Refusal, message, notify};

struct AppendTo(PathBuf);

impl Notifier for AppendTo {
    fn notify(&self, alerts: &[Alert], _timeout: Duration) -> Result<(), Refusal> {
        let file = OpenOptions::new().append(true).create(true).open(&self.0);
        file.and_then(|mut file| writeln!(file, "{}", message(alerts)))
            .map_err(|error| Refusal::temporary(error.to_string()))
    }
}

#[notify(channel = "night-shift")]
fn import() -> Result<(), String> {
    Err("the disk is full".to_owned())
}

fn main() -> anyhow::Result<()> {
    let folder =
        std::env::temp_dir().join(format!("pipeline-notify-notifier-{}", std::process::id()));
    let file = folder.join("night-shift.txt");
    Config::new()
        .directory(folder.join("status"))
        .channel("night-shift", AppendTo(file.clone()))
        .install()?;
    println!("{:?}; the alert is in {}", import(), file.display());
    Ok(())
}
