//! A program that runs under ours: what signals it gets, and how it ends.

#[cfg(unix)]
mod unix;

use std::process::ExitStatus;

#[cfg(unix)]
pub(crate) use unix::Attendance;
#[cfg(unix)]
pub use unix::signal_named;

/// Waits for a program, and hands signals on to it.
#[cfg(not(unix))]
pub(crate) struct Attendance;

#[cfg(not(unix))]
impl Attendance {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn wait(&mut self, child: &mut std::process::Child) -> std::io::Result<ExitStatus> {
        child.wait()
    }

    pub(crate) fn stop(&self, _status: ExitStatus, _signals: &[i32]) -> Option<String> {
        None
    }

    pub(crate) fn asked(&self, _status: ExitStatus) -> Option<String> {
        None
    }

    pub(crate) fn unless_asked(self, work: impl FnOnce() + Send + 'static) {
        work();
    }
}

/// Returns the number of a signal; here there are none.
#[cfg(not(unix))]
#[must_use]
pub fn signal_named(_name: &str) -> Option<i32> {
    None
}

/// The code of `timeout` where it has ended its program, which says nothing then.
const TIMED_OUT: i32 = 124;

/// Says how a program ended; `None` where it succeeded.
pub(crate) fn cause(status: ExitStatus) -> Option<String> {
    #[cfg(unix)]
    if let Some(signal) = unix::signal(status) {
        return Some(format!("killed by {}", unix::name(signal)));
    }
    match status.code() {
        Some(0) => None,
        Some(TIMED_OUT) => Some(format!(
            "exited with code {TIMED_OUT} (`timeout` ends so where the time is up)"
        )),
        Some(code) => Some(format!("exited with code {code}")),
        None => Some("ended in a way that is not known".to_owned()),
    }
}

/// Returns the exit code that says how a program ended. Where a signal killed it that writes no core,
/// this process is killed by the same one and does not return.
pub(crate) fn end_as(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = unix::signal(status) {
        return unix::end_by(signal);
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.unwrap_or(u8::MAX)
}
