//! How a run ended.

use std::borrow::Cow;

use crate::status::State;

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
    /// A signal ended the process inside it; the signal's name.
    Signalled(&'static str),
    /// It has not ended, and should have; what is known of that.
    Overdue(String),
    /// It has not begun, and should have; what is known of that.
    #[cfg_attr(
        not(feature = "cli"),
        expect(dead_code, reason = "the command alone looks for it")
    )]
    Missed(String),
    /// Its process ended without a word; what is known of that.
    Died(String),
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
    /// The same for one panic that unwinds through several jobs, and different for two.
    pub(crate) identity: usize,
}

impl Outcome {
    /// Tells whether what ended the run goes on to end those around it.
    pub(crate) fn is_event(&self) -> bool {
        let ends_all = matches!(
            self,
            Self::Panicked(_) | Self::Exited(_) | Self::Signalled(_)
        );
        ends_all && self.state() == State::Error
    }

    /// Returns the status that a job has after such a run.
    pub(crate) fn state(&self) -> State {
        match self {
            Self::Returned | Self::PassedOver(_) | Self::Exited(Some(0)) => State::Ok,
            Self::Failed(_)
            | Self::Panicked(_)
            | Self::Cancelled
            | Self::Exited(_)
            | Self::Signalled(_)
            | Self::Overdue(_)
            | Self::Missed(_)
            | Self::Died(_) => State::Error,
        }
    }

    /// Returns the status file's text: what went wrong, empty where nothing did.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        let text: Cow<'_, str> = match self {
            Self::Returned | Self::PassedOver(_) | Self::Exited(Some(0)) => return "".into(),
            Self::Failed(text) | Self::Overdue(text) | Self::Missed(text) | Self::Died(text) => {
                text.into()
            }
            Self::Panicked(panic) => panic.text().into(),
            Self::Cancelled => "cancelled: its future was dropped before it had finished".into(),
            Self::Exited(Some(code)) => {
                format!("the process exited with code {code} while this ran").into()
            }
            Self::Signalled(signal) => format!("{signal} ended the process while this ran").into(),
            Self::Exited(None) => "the process exited while this ran".into(),
        };
        if text.ends_with('\n') {
            text
        } else {
            text + "\n"
        }
    }
}

impl Panic {
    fn text(&self) -> String {
        let message = self
            .message
            .as_deref()
            .unwrap_or("(the panic's payload is no text)");
        let mut text = format!("panicked: {message}");
        if let Some(location) = &self.location {
            text += &format!("\n  at {location}");
        }
        if let Some(backtrace) = &self.backtrace {
            text += &format!("\n\n{backtrace}");
        }
        text
    }
}
