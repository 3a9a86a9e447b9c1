//! A file that others read while it is written anew.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use notify_core::__cli as look;

/// Writes a file that is there whole or not at all.
pub(crate) fn write(path: &Path, content: &str) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    // No number of a process: in a container each is the first, and finds what a killed one has left.
    temporary.push(format!(".{:016x}.new", look::random()));
    let temporary = path.with_file_name(temporary);
    let written = (|| {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)?;
        file.write_all(content.as_bytes())?;
        file.sync_data()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}
