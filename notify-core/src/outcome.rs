//! How a run ended.

/// How a run ended, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It returned, and what it returned is no failure.
    Returned,
    /// It returned an error that `errors(…)` or `when` leaves out; the text of that error.
    PassedOver(String),
    /// It returned an error or a failing exit code; the text of it.
    Failed(String),
    /// It panicked.
    Panicked(Panic),
    /// Its future was dropped before it had finished.
    Cancelled,
    /// The process exited inside it; the exit code, where the system tells it.
    Exited(Option<i32>),
}

/// A panic, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Panic {
    /// What was panicked with, where it was text.
    pub(crate) message: Option<String>,
    /// `file:line:column`, where the hook saw it.
    pub(crate) location: Option<String>,
    /// The backtrace, where one was asked for (`RUST_BACKTRACE`).
    pub(crate) backtrace: Option<String>,
    /// The payload's address: the same for one panic that unwinds through several jobs.
    pub(crate) identity: usize,
}
