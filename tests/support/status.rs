//! Status files as a test writes them.
#![cfg(feature = "cli")]

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};

use super::Folder;

/// Writes a time as a status file does.
pub fn shown(time: DateTime<Utc>) -> String {
    format!("{} UTC", time.format("%Y-%m-%d %H:%M:%S:%6f"))
}

/// Writes a status file: its job works, and last began so many hours ago.
pub fn works(folder: &Folder, job: &str, hours: i64, lines: &str) {
    let begun = shown(Utc::now() - TimeDelta::hours(hours));
    let status = format!(
        "OK\n{begun}\netl::load :: {job}\nsince: {begun}\nruns: 7\nalerted: {begun}\nhost: worker-3\n{lines}"
    );
    // As a whole: a half of it would not say how often it should run.
    let new = folder.path().join(format!(".{job}"));
    fs::write(&new, status).unwrap();
    fs::rename(new, folder.path().join(job)).unwrap();
}
