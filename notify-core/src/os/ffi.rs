//! The end of the process: the call-back that the system makes then, and the time that is left.
//!
//! The one room with `unsafe`: std has no way to be called at the exit, none to ask for the user or the
//! host, none to send, catch or ask for a signal, none to have a child end with its parent, none to ask
//! which file is at a path and nothing else, and none to ask an error that may borrow something for its type.
#![expect(
    unsafe_code,
    reason = "`on_exit`, `atexit`, `geteuid`, `uname`, `kill`, `prctl`, `sigaction` and `statx` are C functions; `Error::is` wants a lifetime"
)]

use std::error::Error;
use std::io;
use std::sync::OnceLock;
#[cfg(unix)]
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::os::isolate;

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
        let _ = isolate::contain(|| call_back(code));
    }
}

/// Whether the exit code is known at the exit.
pub(crate) const CODE_IS_KNOWN: bool = cfg!(all(target_os = "linux", target_env = "gnu"));

/// glibc tells the exit code, which is what sets success apart from a failure.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn register() {
    use std::ffi::{c_int, c_void};

    unsafe extern "C" {
        fn on_exit(function: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
    }
    extern "C" fn exited(code: c_int, _: *mut c_void) {
        // As much of it as whoever waits for the process sees.
        called(Some(code & 0xff));
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
/// GNU `timeout` sends its signal twice within a millisecond, and schedulers to a process and to its group;
/// nobody presses Ctrl-C again so soon.
#[cfg(unix)]
const SECOND_SIGNAL: Duration = Duration::from_millis(500);

/// The process in which a thread waits for signals: a forked child has the handler, and no such thread.
#[cfg(unix)]
static WAITS: AtomicU32 = AtomicU32::new(0);

/// The signal that came first; 0 where none has come.
#[cfg(unix)]
static CAUGHT: AtomicI32 = AtomicI32::new(0);

/// When it came, in milliseconds of the monotonic clock; 0 where none has come.
#[cfg(unix)]
static CAUGHT_AT: AtomicU64 = AtomicU64::new(0);

/// The handler. It calls only what may be called in one (signal-safety(7)), and allocates nothing.
#[cfg(unix)]
extern "C" fn caught(signal: libc::c_int) {
    if !is_ours(signal) {
        // A handler that was set later calls the one before: the signal is the program's.
        return;
    }
    if WAITS.load(Ordering::Relaxed) != std::process::id() {
        return end_by(signal);
    }
    let now = milliseconds();
    match CAUGHT_AT.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => {
            CAUGHT.store(signal, Ordering::Release);
            wake();
        }
        Err(first) if u128::from(now.saturating_sub(first)) < SECOND_SIGNAL.as_millis() => {}
        // Somebody does not want to wait.
        Err(_) => end_by(signal),
    }
}

/// Ends the process at once, by the signal where that can be.
#[cfg(unix)]
fn end_by(signal: libc::c_int) {
    die_by(signal);
    // SAFETY: it takes a number, and does not return.
    unsafe { libc::_exit(128 + signal) };
}

/// Has the signal do what it does by default: to all but process 1 of a container that is the end.
#[cfg(unix)]
pub(crate) fn die_by(signal: i32) {
    if std::process::id() == 1 {
        return;
    }
    // SAFETY: all of these may be called anywhere; the set is initialized by `sigemptyset`.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::raise(signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
    }
}

/// Returns what a signal does now: an address, or one of the numbers for "the default" and "nothing".
#[cfg(unix)]
fn action(signal: i32) -> Option<libc::sighandler_t> {
    // SAFETY: without a new action it writes the old one, which is all numbers; zero is one.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        let answer = libc::sigaction(signal, std::ptr::null(), &raw mut action);
        (answer == 0).then_some(action.sa_sigaction)
    }
}

#[cfg(unix)]
fn handler() -> libc::sighandler_t {
    caught as extern "C" fn(libc::c_int) as libc::sighandler_t
}

#[cfg(unix)]
fn is_ours(signal: i32) -> bool {
    action(signal) == Some(handler())
}

/// Tells whether a signal has no handler but ours, and is not ignored.
#[cfg(unix)]
pub(crate) fn is_free(signal: i32) -> bool {
    action(signal) == Some(libc::SIG_DFL) || is_ours(signal)
}

/// Has [`next_signal`] called by a thread of this process, soon.
#[cfg(unix)]
pub(crate) fn expect_signals() {
    CAUGHT.store(0, Ordering::Relaxed);
    CAUGHT_AT.store(0, Ordering::Relaxed);
    WAITS.store(std::process::id(), Ordering::Relaxed);
}

/// Has a signal handed to [`next_signal`] from now on.
///
/// # Errors
///
/// Where the system refuses.
#[cfg(unix)]
pub(crate) fn catch_signal(signal: i32) -> io::Result<()> {
    set_action(signal, handler())
}

/// Gives a signal its default back, unless the program has set another handler meanwhile.
#[cfg(unix)]
pub(crate) fn release_signal(signal: i32) {
    if is_ours(signal) {
        let _ = set_action(signal, libc::SIG_DFL);
    }
}

#[cfg(unix)]
fn set_action(signal: i32, handler: libc::sighandler_t) -> io::Result<()> {
    // SAFETY: the action is all numbers, of which zero is one; the handler is static, and keeps to what a
    // handler may do.
    let answer = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(signal, &raw const action, std::ptr::null_mut())
    };
    if answer == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Waits for the first signal that is caught.
#[cfg(unix)]
pub(crate) fn next_signal() -> i32 {
    loop {
        match CAUGHT.load(Ordering::Acquire) {
            0 => sleep(),
            signal => return signal,
        }
    }
}

/// Sleeps until [`wake`] is called, or less. No pipe: a program that closes all files would have its own
/// written to.
#[cfg(target_os = "linux")]
fn sleep() {
    let no_time_limit = std::ptr::null::<libc::timespec>();
    // SAFETY: the number is static; it sleeps as long as that is 0.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            CAUGHT.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            0,
            no_time_limit,
        )
    };
}

#[cfg(target_os = "linux")]
fn wake() {
    // SAFETY: the number is static.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            CAUGHT.as_ptr(),
            libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
            1,
        )
    };
}

#[cfg(all(unix, not(target_os = "linux")))]
fn sleep() {
    std::thread::sleep(Duration::from_millis(50));
}

#[cfg(all(unix, not(target_os = "linux")))]
fn wake() {}

/// The monotonic clock, which may be read in a handler; never 0.
#[cfg(unix)]
fn milliseconds() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it writes the time into what is there.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let nanoseconds = u64::try_from(now.tv_nsec).unwrap_or_default();
    (seconds * 1000 + nanoseconds / 1_000_000).max(1)
}

/// Returns the time since the system's start, some milliseconds behind: it costs a tenth of the exact one.
#[cfg(target_os = "linux")]
pub(crate) fn coarse_time() -> Duration {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it writes the time into what is there.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut now) };
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// Returns the time since the first call.
#[cfg(not(target_os = "linux"))]
pub(crate) fn coarse_time() -> Duration {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

/// Tells whether an error is of that type; of a type with lifetimes, whichever they are.
pub(crate) fn is_error<T: Error + 'static>(error: &(dyn Error + '_)) -> bool {
    beyond_its_life(error).is::<T>()
}

/// Returns the error as std's own for input and output, if it is one: that borrows nothing.
pub(crate) fn as_io_error<'a>(error: &'a (dyn Error + 'a)) -> Option<&'a io::Error> {
    beyond_its_life(error).downcast_ref()
}

/// Returns an error as one that borrows nothing.
fn beyond_its_life<'a>(error: &'a (dyn Error + 'a)) -> &'a (dyn Error + 'static) {
    // SAFETY: the types differ in what the error may borrow alone, and nobody sees what it borrows:
    // one caller asks for the type, the other for a type without lifetimes.
    unsafe { std::mem::transmute::<&'a (dyn Error + 'a), &'a (dyn Error + 'static)>(error) }
}

/// Runs a piece of code in a forked child, while the other threads of this process are not there; tells
/// whether it came to its end within ten seconds.
#[cfg(all(test, unix))]
pub(crate) fn ends_in_a_fork(work: impl FnOnce()) -> bool {
    // SAFETY: the child has this thread alone; it does `work`, which is what is to be tried, and goes
    // without its exit handlers. The alarm ends one that hangs.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::alarm(10);
            let has_panicked = isolate::catch(work).is_err();
            libc::_exit(has_panicked.into());
        }
        let mut status = 0;
        libc::waitpid(child, &raw mut status, 0) == child && status == 0
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// issue 12, point 20b
    #[test]
    fn a_forked_child_in_which_nobody_waits_for_signals_is_killed_by_them() {
        let raise = || {
            // SAFETY: it takes a number; nobody waits for the signal but this process.
            unsafe { libc::raise(libc::SIGTERM) };
        };
        assert!(ends_in_a_fork(|| {
            expect_signals();
            catch_signal(libc::SIGTERM).unwrap();
            assert!(!ends_in_a_fork(raise), "it must die");
            raise();
            assert_eq!(next_signal(), libc::SIGTERM, "it is handed on");
            raise();
            // The second came too soon after the first to count.
        }));
    }

    /// issue 12, point 20b
    #[test]
    fn a_signal_with_another_handler_is_not_free_and_is_not_released() {
        assert!(ends_in_a_fork(|| {
            // Another test may have set a handler in this process.
            set_action(libc::SIGTERM, libc::SIG_DFL).unwrap();
            assert!(is_free(libc::SIGTERM));
            catch_signal(libc::SIGTERM).unwrap();
            release_signal(libc::SIGTERM);
            assert_eq!(action(libc::SIGTERM), Some(libc::SIG_DFL));
            set_action(libc::SIGTERM, libc::SIG_IGN).unwrap();
            assert!(!is_free(libc::SIGTERM));
            release_signal(libc::SIGTERM);
            assert_eq!(action(libc::SIGTERM), Some(libc::SIG_IGN));
        }));
    }
}
