//! Threads of ours, on which the program's settings of its own threads have no effect.
//!
//! They take no signals: a program that blocks one, and waits for it (`sigwait`, `signalfd`), would be ended by it on a
//! thread that does not.

#[cfg(unix)]
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};
use std::{env, io};

#[cfg(unix)]
use crate::os::ffi::{self, Blocked};
use crate::os::isolate;

#[cfg(unix)]
thread_local! {
    /// Which signals the program had blocked where it came to this thread; none on a thread of its own.
    static PROGRAMS: Cell<Option<Blocked>> = const { Cell::new(None) };
}

pub(crate) fn spawn(
    name: &'static str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    boxed(name, Box::new(work))
}

/// What std gives a thread. A program may ask for less by `RUST_MIN_STACK`, for threads that do little.
const STACK: usize = 2 * 1024 * 1024;

/// Returns how large the stack of a thread is to be: more where the program asks for more, as for its notifiers.
fn stack() -> usize {
    /// 0 until the environment was read, which a forked child may wait for in vain.
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    if SIZE.load(Ordering::Relaxed) == 0 {
        let asked = env::var("RUST_MIN_STACK").ok();
        let asked = asked.and_then(|asked| asked.parse().ok());
        SIZE.store(asked.unwrap_or(0).max(STACK), Ordering::Relaxed);
    }
    SIZE.load(Ordering::Relaxed)
}

/// One function, whatever the work is: the standard one is 2 KB of code for each kind.
fn boxed(name: &str, work: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
    let builder = Builder::new().name(name.to_owned()).stack_size(stack());
    #[cfg(unix)]
    {
        // The thread begins with those of the one that starts it.
        let before = ffi::block_signals();
        let programs = PROGRAMS.get().unwrap_or(before);
        let spawned = builder.spawn(move || {
            PROGRAMS.set(Some(programs));
            isolate::bare(work);
        });
        ffi::block(before);
        spawned
    }
    #[cfg(not(unix))]
    builder.spawn(|| isolate::bare(work))
}

/// Runs what the program, or a command that it starts, is to take the signals of the program in.
pub(crate) fn as_the_program<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(unix)]
    if let Some(programs) = PROGRAMS.get() {
        let _ours = Again(ffi::block(programs));
        return work();
    }
    work()
}

/// Runs what is ours within that, and may take long.
pub(crate) fn as_ours<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(unix)]
    if PROGRAMS.get().is_some() {
        let _before = Again(ffi::block_signals());
        return work();
    }
    work()
}

/// Blocks those signals again at its end, be that a panic.
#[cfg(unix)]
struct Again(Blocked);

#[cfg(unix)]
impl Drop for Again {
    fn drop(&mut self) {
        ffi::block(self.0);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Command;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_signal_that_the_program_waits_for_reaches_no_thread_of_ours() {
        let waits = || {
            let (end, ended) = mpsc::channel::<()>();
            let work = move || {
                let _ = ended.recv();
            };
            let ours = spawn("notify-test", work).unwrap();
            ffi::wait_for_sigterm();
            drop(end);
            ours.join().unwrap();
        };
        assert!(ffi::ends_in_a_fork(waits));
    }

    #[test]
    fn annotated_functions_run_bare_on_a_thread_of_ours() {
        let work = || assert!(isolate::is_bare());
        spawn("notify-test", work).unwrap().join().unwrap();
        assert!(!isolate::is_bare());
    }

    #[test]
    fn what_the_program_starts_on_a_thread_of_ours_takes_signals_and_what_is_ours_does_not() {
        let ended_by = || {
            let mut command = Command::new("/bin/sh");
            let status = command.args(["-c", "kill -TERM $$"]).status();
            status.ok().and_then(|status| status.signal())
        };
        let work = move || {
            assert_eq!(ended_by(), None);
            assert_eq!(as_the_program(ended_by), Some(libc::SIGTERM));
            assert_eq!(as_the_program(|| as_ours(ended_by)), None);
            assert_eq!(ended_by(), None);
        };
        spawn("notify-test", work).unwrap().join().unwrap();
        assert_eq!(
            as_ours(ended_by),
            Some(libc::SIGTERM),
            "a thread of the program's"
        );
    }
}
