//! The end of the process: the call-back that the system makes then, and the time that is left.
//!
//! The one room with `unsafe`: std has no way to be called at the exit, none to ask for the user, and none
//! to send a signal.
#![expect(
    unsafe_code,
    reason = "`on_exit`, `atexit`, `geteuid` and `kill` are C functions"
)]

use std::panic::catch_unwind;
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

/// Sends a signal to a child that was not waited for yet, so that its number is nobody else's.
#[cfg(all(unix, feature = "cli"))]
pub(crate) fn send_signal(child: &std::process::Child, signal: i32) {
    if let Ok(pid) = libc::pid_t::try_from(child.id()) {
        // SAFETY: it takes two numbers; to one process that is there it can do no more than signal it.
        unsafe { libc::kill(pid, signal) };
    }
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
