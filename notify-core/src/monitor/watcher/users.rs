//! A watch of root over the jobs of every user: a child for each folder of a user, which becomes that user before
//! it opens anything there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::until_a_signal;
use crate::os::ffi;
use crate::os::file::ROOT;
use crate::os::warning::Warning;

/// How often the folders are looked for.
const LOOK: Duration = Duration::from_secs(2);

/// A child that has ended is not started again sooner.
const AGAIN: Duration = Duration::from_secs(30);

/// More users than these are not watched over.
const USERS: usize = 1000;

/// A user's child, and when it was started.
type Started = (Option<Child>, Instant);

/// Becomes the user whose folder it is to watch, for good.
///
/// # Errors
///
/// Where there is no such folder of that user in the notify directory, or the system does not allow it.
pub fn become_user(directory: &Path, user: u32) -> io::Result<()> {
    let users = users_of(directory)?;
    let group = users.get(&user).ok_or(io::ErrorKind::NotFound)?;
    ffi::become_user(user, *group)
}

/// Watches a notify directory by a child for each user who has a folder there: this program with these
/// arguments, `--as` and the user's number. Stays until SIGTERM or SIGINT, which ends the children, too.
///
/// # Errors
///
/// Where this is not root, or the directory cannot be read.
pub fn watch_all(directory: &Path, arguments: &[OsString]) -> io::Result<()> {
    if ffi::user_id() != ROOT {
        let why = "only root can become the users whose jobs it watches";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    let is_over = until_a_signal();
    users_of(directory)?;
    let mut children: BTreeMap<u32, Started> = BTreeMap::new();
    let program = std::env::current_exe()?;
    while !is_over.load(Ordering::Relaxed) {
        let users = users_of(directory).unwrap_or_default();
        for user in users.into_keys().take(USERS) {
            look_after(&mut children, user, &program, arguments);
        }
        let next = Instant::now() + LOOK;
        while Instant::now() < next && !is_over.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(50));
        }
    }
    let running = children
        .values_mut()
        .filter_map(|(child, _)| child.as_mut());
    let mut running: Vec<_> = running.collect();
    #[cfg(unix)]
    for child in &running {
        ffi::send_signal(child, libc::SIGTERM);
    }
    // Each ends within the time that an exit may take; a second signal ends this at once, and them with it.
    for child in &mut running {
        let _ = child.wait();
    }
    Ok(())
}

/// Starts a user's child where there is none.
fn look_after(
    children: &mut BTreeMap<u32, Started>,
    user: u32,
    program: &PathBuf,
    arguments: &[OsString],
) {
    let now = Instant::now();
    if let Some((child, started)) = children.get_mut(&user) {
        let ended = match child {
            Some(child) => child.try_wait().map(|status| status.is_some()),
            None => Ok(true),
        };
        if !ended.unwrap_or(true) || now < *started + AGAIN {
            return;
        }
    }
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg("--as")
        .arg(user.to_string())
        .stdin(Stdio::null());
    #[cfg(unix)]
    // A Ctrl-C is for this one, which hands it on: two would end them at once.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    ffi::end_with_us(&mut command);
    let child = command.spawn();
    if let Err(error) = &child {
        let message = format!("the jobs of user {user} cannot be watched: {error}");
        Warning::new(format!("watch of {user}"), message).warn();
    }
    children.insert(user, (child.ok(), now));
}

/// Returns the users who have a folder of their own in the notify directory, each with its group. Nothing in it
/// is opened.
fn users_of(directory: &Path) -> io::Result<BTreeMap<u32, u32>> {
    let mut users = BTreeMap::new();
    let hidden = directory.join(".pipeline-notify");
    let entries = match fs::read_dir(&hidden) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(users),
        entries => entries?,
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let user = name.to_str().and_then(|name| name.parse::<u32>().ok());
        // A link, or a folder that another has made under this name, is nobody's.
        if let (Some(user), Ok(folder)) = (user, fs::symlink_metadata(entry.path()))
            && folder.is_dir()
            && let Some(group) = group_where_of(&folder, user)
        {
            users.insert(user, group);
        }
    }
    Ok(users)
}

#[cfg(unix)]
fn group_where_of(folder: &fs::Metadata, user: u32) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    (folder.uid() == user).then(|| folder.gid())
}

#[cfg(not(unix))]
fn group_where_of(_folder: &fs::Metadata, _user: u32) -> Option<u32> {
    None
}
