//! The end of the process: the call-back that the system makes then, and the time that is left.
//!
//! The one room with `unsafe`: std has no way to be called at the exit, none to ask for the user or the
//! host, none to send a signal, none to have a child end with its parent, and none to ask which file is at
//! a path and nothing else.
#![expect(
    unsafe_code,
    reason = "`on_exit`, `atexit`, `geteuid`, `uname`, `kill`, `prctl` and `statx` are C functions"
)]

use std::io;
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// When the exit that has begun must be over.
static DEADLINE: OnceLock<Instant> = OnceLock::new();

/// What is called at the exit, with the exit code where the system tells it.
static CALL_BACK: OnceLock<fn(Option<i32>)> = OnceLock::new();

/// Has `call_back` called when `main` returns and when any thread calls `process::exit`, also in
/// processes forked from this one. The first one stays.
pub(crate) fn at_exit(call_back: fn(Option<i32>)) {
    if CALL_BACK.set(call_back).is_ok() {
        register();
    }
}

fn called(code: Option<i32>) {
    if let Some(call_back) = CALL_BACK.get() {
        let _ = catch_unwind(|| call_back(code));
    }
}

/// glibc tells the exit code, which is what sets `--help` apart from a failure.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn register() {
    use std::ffi::{c_int, c_void};

    unsafe extern "C" {
        fn on_exit(function: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
    }
    extern "C" fn exited(code: c_int, _: *mut c_void) {
        called(Some(code));
    }
    // SAFETY: the declaration is glibc's; the function is static, does not unwind, and ignores its argument.
    unsafe { on_exit(exited, std::ptr::null_mut()) };
}

#[cfg(all(unix, not(all(target_os = "linux", target_env = "gnu"))))]
fn register() {
    extern "C" fn exited() {
        called(None);
    }
    // SAFETY: the function is static and does not unwind.
    unsafe { libc::atexit(exited) };
}

#[cfg(not(unix))]
fn register() {}

/// Returns whose files a file of ours is.
#[cfg(unix)]
pub(crate) fn user_id() -> u32 {
    // SAFETY: it reads a number and always succeeds.
    unsafe { libc::geteuid() }
}

#[cfg(not(unix))]
pub(crate) fn user_id() -> u32 {
    0
}

/// Returns the kernel's name for this host: also where `/proc/sys` cannot be read.
#[cfg(unix)]
pub(crate) fn host_name() -> Option<String> {
    use std::mem::MaybeUninit;
    let mut names = MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: there is room for the answer, which outlives the call.
    if unsafe { libc::uname(names.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: it is all numbers, of which zero is one.
    let names = unsafe { names.assume_init() };
    let name = names.nodename.iter().map(|byte| byte.to_ne_bytes()[0]);
    let name: Vec<u8> = name.take_while(|byte| *byte != 0).collect();
    let name = String::from_utf8_lossy(&name).trim().to_owned();
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(not(unix))]
pub(crate) fn host_name() -> Option<String> {
    None
}

/// Sends a signal to a child that was not waited for yet, so that its number is nobody else's.
#[cfg(all(unix, feature = "cli"))]
pub(crate) fn send_signal(child: &std::process::Child, signal: i32) {
    if let Ok(pid) = libc::pid_t::try_from(child.id()) {
        // SAFETY: it takes two numbers; to one process that is there it can do no more than signal it.
        unsafe { libc::kill(pid, signal) };
    }
}

/// Has a command killed when this process ends before it, however it ends.
///
/// To be called, and the command to be spawned, on the main thread: what counts is the end of the
/// *thread* that forks. A command with rights of its own (`sudo`) is left alone by the kernel.
#[cfg(all(target_os = "linux", feature = "cli"))]
pub(crate) fn end_with_us(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt as _;

    let parent = std::process::id();
    let tie = move || {
        // SAFETY: it takes numbers, and concerns this process alone.
        if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0 {
            // A system that does not allow it is no reason not to run the command.
            return Ok(());
        }
        // SAFETY: it reads a number and always succeeds.
        let found = unsafe { libc::getppid() };
        // Whoever ended before that was set sends nothing. Process 1 may be the parent itself.
        if u32::try_from(found) == Ok(parent) {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(libc::ESRCH))
        }
    };
    // SAFETY: between fork and exec it makes two system calls and allocates nothing.
    unsafe { command.pre_exec(tie) };
}

/// There is no such thing.
#[cfg(all(not(target_os = "linux"), feature = "cli"))]
pub(crate) fn end_with_us(_command: &mut std::process::Command) {}

/// Returns the device and the number of the file at a path; a link is itself.
///
/// Not std's way, which asks for the file's times as well: ext4 then writes them at the next change,
/// which costs as much as the change.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn inode_at(path: &Path) -> io::Result<(u64, u64)> {
    use std::ffi::{CStr, CString};
    use std::mem::MaybeUninit;
    use std::os::unix::ffi::OsStrExt as _;

    let path = path.as_os_str().as_bytes();
    // Most paths need no allocation.
    let mut buffer = [0; 256];
    let long;
    let path = if let Some(short) = buffer.get_mut(..=path.len()) {
        short[..path.len()].copy_from_slice(path);
        CStr::from_bytes_with_nul(short).map_err(io::Error::other)?
    } else {
        long = CString::new(path)?;
        &long
    };
    let mut file = MaybeUninit::<libc::statx>::zeroed();
    // By its number, for glibc has a name for it since 2.28 only.
    // SAFETY: the path ends with a zero, and there is room for the answer; both outlive the call.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_statx,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_SYMLINK_NOFOLLOW,
            libc::STATX_INO,
            file.as_mut_ptr(),
        )
    };
    if answer != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is all numbers, of which zero is one.
    let file = unsafe { file.assume_init() };
    let device = libc::makedev(file.stx_dev_major, file.stx_dev_minor);
    Ok((device, file.stx_ino))
}

#[cfg(all(unix, not(all(target_os = "linux", target_env = "gnu"))))]
pub(crate) fn inode_at(path: &Path) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let file = std::fs::symlink_metadata(path)?;
    Ok((file.dev(), file.ino()))
}

#[cfg(not(unix))]
pub(crate) fn inode_at(_path: &Path) -> io::Result<(u64, u64)> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Begins the exit: what is still to be done must be done within `patience`. Returns the deadline,
/// the earlier one where the exit had begun already.
pub(crate) fn begin(patience: Duration) -> Instant {
    *DEADLINE.get_or_init(|| Instant::now() + patience)
}

/// Tells whether the exit has begun.
pub(crate) fn has_begun() -> bool {
    DEADLINE.get().is_some()
}

/// Returns `patience`, or what is left of it where the exit has begun.
pub(crate) fn within(patience: Duration) -> Duration {
    DEADLINE.get().map_or(patience, |deadline| {
        patience.min(deadline.saturating_duration_since(Instant::now()))
    })
}
