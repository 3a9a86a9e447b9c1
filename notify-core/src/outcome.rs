//! How a run ended.

use std::borrow::Cow;

use crate::headline::NO_TEXT;
use crate::status::State;
use crate::text::readable;

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
            | Self::Died(_) => State::Error,
        }
    }

    /// Returns the status file's text: what went wrong, empty where nothing did.
    ///
    /// What comes from outside is made readable here, before anything is made of it.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        let text: Cow<'_, str> = match self {
            Self::Returned | Self::PassedOver(_) | Self::Exited(Some(0)) => return "".into(),
            Self::Failed(text) | Self::Overdue(text) | Self::Died(text) => said(text),
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

/// Returns what can be read of an error's text, never nothing.
fn said(text: &str) -> Cow<'_, str> {
    match readable(text) {
        said if said.trim().is_empty() => NO_TEXT.into(),
        said => said,
    }
}

impl Panic {
    fn text(&self) -> String {
        let message = match self.message.as_deref() {
            None => "(the panic's payload is no text)".into(),
            Some(message) => said(message),
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn panicked(message: &str) -> Outcome {
        Outcome::Panicked(Panic {
            message: Some(message.to_owned()),
            location: Some("src/a.rs:1:2".to_owned()),
            backtrace: None,
            identity: 1,
        })
    }

    /// Issue 12, point 27.
    #[test]
    fn an_error_without_a_text_is_called_that() {
        for text in ["", " \n", "\x1b[0m"] {
            assert_eq!(
                Outcome::Failed(text.to_owned()).text(),
                "an error without a text\n"
            );
        }
        assert_eq!(
            panicked("").text(),
            "panicked: an error without a text\n  at src/a.rs:1:2\n"
        );
    }

    /// Issue 12, point 23.
    #[test]
    fn of_a_text_for_a_terminal_is_left_what_that_would_show() {
        let text =
            "\x1b[31mred\x1b[0m \x1b]8;;http://a\x07link\x1b]8;;\x07 10%\r99%\r\ndone \u{202e}now";
        assert_eq!(
            Outcome::Failed(text.to_owned()).text(),
            "99% link 10%\ndone now\n"
        );
        // What is said of the panic is not overwritten.
        assert_eq!(
            panicked("\rno\x1b[1m route").text(),
            "panicked: no route\n  at src/a.rs:1:2\n"
        );
    }
}
