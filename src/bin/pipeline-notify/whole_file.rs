//! A file that others read while it is written anew.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use notify_core::__cli as look;

/// Writes a file that is there whole or not at all.
pub(crate) fn write(path: &Path, content: &str) -> io::Result<()> {
    look::outlive_size_limit();
    let path = &place(path)?;
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

/// Returns where the file is, behind a link. What is there and is no file must stay what it is: to root, `/dev/null`
/// is but a name.
fn place(path: &Path) -> io::Result<PathBuf> {
    match fs::metadata(path) {
        Ok(there) if there.is_file() => fs::canonicalize(path),
        Ok(there) if there.is_dir() => Err(io::Error::other("it is a folder: name a file")),
        Ok(_) => Err(io::Error::other("it is no regular file: name another")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::read_link(path) {
            Ok(target) => Ok(path.with_file_name("").join(target)),
            Err(_) => Ok(path.to_owned()),
        },
        Err(error) => Err(error),
    }
}
