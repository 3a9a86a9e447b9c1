//! A folder of files in which people and deployment tools say what they plan, one thing a line.

use std::fs::{self, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::format::order;
use crate::os::file::{self, Links, OTHERS_WRITE};

/// More files are no plan.
const MOST: usize = 100;

/// A file that counts, or what does not, and why.
pub(crate) enum Found<'a> {
    /// Something else is in the folder's place.
    NoFolder,
    Fault(&'a Path, String),
    File(&'a Path, &'a Metadata, String),
}

/// Reads the files of those owners that `is_wanted` names, of at most `limit` bytes each. A file that does not count
/// keeps none of the others from it.
pub(crate) fn read(
    folder: &Path,
    limit: u64,
    is_wanted: &dyn Fn(u32) -> bool,
    take: &mut dyn FnMut(Found<'_>),
) {
    // A link in its place would make others' files plans.
    match fs::symlink_metadata(folder) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return take(Found::NoFolder),
        Err(_) => return,
    }
    let mut files: Vec<_> = match fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) => return take(Found::Fault(folder, error.to_string())),
    };
    // A tool writes a file under such a name before it is whole.
    let is_hidden = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        name.as_encoded_bytes().starts_with(b".")
    };
    files.retain(|path| !is_hidden(path));
    order::sort(&mut files);
    if files.len() > MOST {
        let why = format!("of its files only {MOST} count");
        take(Found::Fault(folder, why));
    }
    for path in files.iter().take(MOST) {
        if let Err(error) = read_file(path, limit, is_wanted, take) {
            take(Found::Fault(path, error.to_string()));
        }
    }
}

fn read_file(
    path: &Path,
    limit: u64,
    is_wanted: &dyn Fn(u32) -> bool,
    take: &mut dyn FnMut(Found<'_>),
) -> io::Result<()> {
    let options = &mut OpenOptions::new();
    let (file, metadata) = file::open_known(path, options.read(true), Links::Refuse)?;
    let (owner, mode) = file::owner_and_mode(&metadata);
    if mode & OTHERS_WRITE != 0 {
        let why = "other users may write to it: say chmod go-w";
        return Err(io::Error::other(why));
    }
    if metadata.len() > limit {
        return Err(io::Error::other(format!("it has more than {limit} bytes")));
    }
    if is_wanted(owner) {
        let content = file::read_open(&file, limit)?;
        take(Found::File(path, &metadata, content));
    }
    Ok(())
}

/// Returns the lines that say something, each with its number.
pub(crate) fn lines(content: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(file::without_mark(content).lines().map(str::trim));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}
