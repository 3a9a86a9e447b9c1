//! What the unit tests share.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::alert::{Alert, Kind};
use crate::id;
use crate::status::Status;

/// A folder that is gone when the test is over.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = env::temp_dir().join(format!("pipeline-notify-unit-{:016x}", id::random()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A failure of that job.
pub(crate) fn alert(job: &str, id: &str) -> Alert {
    let status = Status::parse("ERROR\n2026-11-22 13:00:00:123456 UTC\netl :: run\nsince: 2026-11-22 13:00:00:123456 UTC\nruns: 1\n\nno\n").unwrap();
    Alert {
        id: id.to_owned(),
        kind: Kind::Failed,
        job: job.to_owned(),
        channel: "alerts".to_owned(),
        decided: status.begun,
        incident: Some("7f3a91c2".to_owned()),
        earlier_error: None,
        outage: None,
        mention: None,
        facts: Vec::new(),
        notes: Vec::new(),
        status,
    }
}
