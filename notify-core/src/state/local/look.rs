//! What is in a notify directory, of all its users, as far as it can be read. Nothing here makes or changes a file.
//! [`Place`](crate::state::place::Place) says what each function returns.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::lease_scan::{self, Seen};
use super::{HIDDEN, MAX_STATUS_BYTES};
use crate::os::file::{self, Links};
use crate::state::history::{Event, History};
use crate::state::place::Waiting;

pub(in crate::state) fn files(directory: &Path) -> io::Result<Vec<String>> {
    names(directory, false)
}

pub(in crate::state) fn has(directory: &Path, file: &str) -> bool {
    fs::symlink_metadata(directory.join(file)).is_ok()
}

pub(in crate::state) fn text(directory: &Path, file: &str) -> io::Result<Option<String>> {
    file::read(&directory.join(file), MAX_STATUS_BYTES, Links::Refuse)
}

pub(in crate::state) fn owner(directory: &Path, file: &str) -> io::Result<u32> {
    let metadata = fs::symlink_metadata(directory.join(file))?;
    Ok(file::owner_and_mode(&metadata).0)
}

pub(in crate::state) fn live_runs(directory: &Path) -> io::Result<(Vec<Seen>, usize)> {
    let (mut all, mut closed) = (Vec::new(), 0);
    for user in users(directory)? {
        match lease_scan::look(&user.join("running")) {
            Ok(seen) => all.extend(seen),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => closed += 1,
            Err(_) => {}
        }
    }
    Ok((all, closed))
}

pub(in crate::state) fn queues(directory: &Path) -> io::Result<(Vec<Waiting>, usize)> {
    let (mut queues, mut closed) = (Vec::new(), 0);
    for hidden in users(directory)? {
        if let Err(error) = fs::read_dir(&hidden) {
            closed += usize::from(error.kind() == io::ErrorKind::PermissionDenied);
            continue;
        }
        let user = hidden.file_name().unwrap_or_default().to_string_lossy();
        let folders = ["outbox", "held", "rejected"].map(|folder| hidden.join(folder));
        let in_folders = folders
            .iter()
            .flat_map(|folder| names(folder, true).unwrap_or_default());
        let all: BTreeSet<_> = in_folders.collect();
        queues.extend(all.into_iter().map(|name| {
            let list = |folder: &Path| names(&folder.join(&name), false).unwrap_or_default();
            let is_reason = |file: &String| {
                Path::new(file)
                    .extension()
                    .is_some_and(|end| end == "reason")
            };
            let [waiting, held, rejected] = &folders;
            let mut files = list(rejected);
            files.retain(|file| !is_reason(file));
            Waiting {
                user: user.clone().into_owned(),
                unsent: list(waiting),
                held: list(held),
                rejected: files,
                rejected_folder: rejected.join(&name),
                name,
            }
        }));
    }
    Ok((queues, closed))
}

pub(in crate::state) fn histories(
    directory: &Path,
    file: &str,
) -> io::Result<(Vec<Vec<Event>>, usize)> {
    let (mut histories, mut closed) = (Vec::new(), 0);
    for hidden in users(directory)? {
        // Its owner alone can look into it.
        if fs::read_dir(&hidden).is_err() {
            closed += 1;
            continue;
        }
        histories.push(History::new(&hidden).read(file));
    }
    Ok((histories, closed))
}

/// Returns the hidden folders, one for each user.
fn users(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let hidden = directory.join(HIDDEN);
    match names(&hidden, true) {
        Ok(names) => Ok(names.into_iter().map(|name| hidden.join(name)).collect()),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// Returns the names in a folder, of the folders there or of all else, without hidden ones.
fn names(folder: &Path, of_folders: bool) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let name = entry.file_name().into_string().ok();
        names.extend(name.filter(|name| is_folder == of_folders && !name.starts_with('.')));
    }
    Ok(names)
}
