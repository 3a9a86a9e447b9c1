//! From a value to an outcome, by what the value's type can do.
//!
//! The compiler chooses: a method is called through a row of references, and of several traits that
//! have it, the one for the most references comes first. So each trait here is a rung, better than
//! the next, and the choice is right in aliases, in generic functions, and for opaque types, where
//! no look at the tokens helps. Two rules keep it so. A rung asks for no lifetime, because the
//! choice does not see lifetimes, and the error would come afterwards. And a `Result` is split
//! first, so that value and error are looked at one by one.

use std::any::type_name;
use std::convert::Infallible;
use std::error::Error;
use std::fmt::{self, Debug, Display, Write as _};
use std::ops::Deref;
use std::process::ExitCode;

use crate::outcome::Outcome;
use crate::panic;
use crate::text::Bounded;

/// How a run ended, for the eyes of the expansion.
#[derive(Debug)]
pub struct Verdict(Outcome);

impl Verdict {
    /// It failed, and this says how.
    #[must_use]
    pub fn failed(text: String) -> Self {
        Self(Outcome::Failed(text))
    }

    /// It failed, if a filter says that this error is a failure. A filter that panics says yes.
    pub fn filtered(text: String, is_failure: impl FnOnce() -> bool) -> Self {
        Self(if panic::contain(is_failure).unwrap_or(true) {
            Outcome::Failed(text)
        } else {
            Outcome::PassedOver(text)
        })
    }

    pub(crate) fn of_exit_code(code: ExitCode) -> Self {
        if code == ExitCode::SUCCESS {
            return Self(Outcome::Returned);
        }
        // The number can be read nowhere else.
        let debug = format!("{code:?}");
        let number: String = debug.chars().filter(char::is_ascii_digit).collect();
        Self(Outcome::Failed(format!("exit code {number}")))
    }

    pub(crate) fn into_outcome(self) -> Outcome {
        self.0
    }
}

/// The outcome of a function that returns `()`.
#[inline]
#[must_use]
pub fn returned((): &()) -> Verdict {
    Verdict(Outcome::Returned)
}

/// A value that is looked at.
#[derive(Debug)]
pub struct Probe<'a, T: ?Sized>(pub &'a T);

/// The two sides of a result.
#[derive(Debug)]
pub enum Split<V, E> {
    /// What counts as a value.
    Value(V),
    /// What counts as an error.
    Error(E),
}

/// The error of a value that is no `Result`.
#[derive(Debug)]
pub struct NoError(pub(crate) Infallible);

impl<'a, T, E> Probe<'a, Result<T, E>> {
    #[inline]
    #[must_use]
    pub fn __notify_split(&self) -> Split<Probe<'a, T>, Probe<'a, E>> {
        match self.0 {
            Ok(value) => Split::Value(Probe(value)),
            Err(error) => Split::Error(Probe(error)),
        }
    }
}

/// The rung for values that are no `Result`.
pub trait AnyValue<'a> {
    type Value;
    fn __notify_split(&self) -> Split<Probe<'a, Self::Value>, NoError>;
}

impl<'a, T> AnyValue<'a> for &Probe<'a, T> {
    type Value = T;
    fn __notify_split(&self) -> Split<Probe<'a, T>, NoError> {
        Split::Value(Probe(self.0))
    }
}

impl Probe<'_, ExitCode> {
    #[inline]
    #[must_use]
    pub fn __notify_value(&self) -> Verdict {
        Verdict::of_exit_code(*self.0)
    }
}

/// The rung for values that are no exit code: all of them are success.
pub trait Success {
    fn __notify_value(&self) -> Verdict {
        Verdict(Outcome::Returned)
    }
}

impl<T> Success for &Probe<'_, T> {}

impl NoError {
    pub fn __notify_text(&self) -> String {
        match self.0 {}
    }
}

/// What stands behind `Box<dyn Error>`, `anyhow::Error`, `eyre::Report`.
pub trait AsError {
    fn as_error(&self) -> &(dyn Error + '_);
}

macro_rules! as_error {
    ($($(+ $auto:ident)*;)*) => { $(
        impl<'a> AsError for dyn Error $(+ $auto)* + 'a {
            fn as_error(&self) -> &(dyn Error + '_) {
                self
            }
        }
    )* };
}

as_error! {
    ;
    + Send;
    + Sync;
    + Send + Sync;
}

/// The ladder of errors. One trait for all its rungs: of several, a build would try each at each step.
pub trait ErrorText {
    fn __notify_text(&self) -> String;
}

/// The rung for what points to an error of an unknown type.
impl<E> ErrorText for &&&&&Probe<'_, E>
where
    E: Debug + Deref,
    E::Target: AsError,
{
    fn __notify_text(&self) -> String {
        let error: &E = self.0;
        let mut text = Text::new();
        if let Some(error) = panic::contain(|| error.deref().as_error()) {
            text.chain(error);
        } else {
            text.display(&"(the error could not be read: that panicked)");
        }
        text.backtrace(error);
        text.finish()
    }
}

/// The rung for errors.
impl<E: Error> ErrorText for &&&&Probe<'_, E> {
    fn __notify_text(&self) -> String {
        let mut text = Text::new();
        text.chain(self.0);
        text.finish()
    }
}

/// The rung for what can be shown, and may carry a backtrace in its `Debug`.
impl<E: Display + Debug> ErrorText for &&&Probe<'_, E> {
    fn __notify_text(&self) -> String {
        let mut text = Text::new();
        text.display(self.0);
        text.backtrace(self.0);
        text.finish()
    }
}

/// The rung for what can be shown.
impl<E: Display> ErrorText for &&Probe<'_, E> {
    fn __notify_text(&self) -> String {
        let mut text = Text::new();
        text.display(self.0);
        text.finish()
    }
}

/// The rung for what can be shown to a programmer only.
impl<E: Debug> ErrorText for &Probe<'_, E> {
    fn __notify_text(&self) -> String {
        let mut text = Text::new();
        text.write(format_args!("{:?}", self.0));
        text.finish()
    }
}

/// The last rung: only the name of the type is known.
impl<E> ErrorText for Probe<'_, E> {
    fn __notify_text(&self) -> String {
        format!("an error of type {}", type_name::<E>())
    }
}

/// Causes that are shown: a chain that leads back into itself has no end.
const CAUSES: usize = 128;

/// The text of an error. Each piece comes from foreign code, which may panic, fail, or never end.
struct Text {
    whole: Bounded,
    /// The latest piece, by which a cause is known that was shown already.
    latest: String,
}

impl Text {
    fn new() -> Self {
        Self {
            whole: Bounded::new(),
            latest: String::new(),
        }
    }

    fn chain(&mut self, error: &dyn Error) {
        self.display(&error);
        let mut cause = source(error);
        for _ in 0..CAUSES {
            let Some(error) = cause else {
                return;
            };
            let text = piece(format_args!("{error}"));
            // Many errors show their cause as the end of their own text.
            if !self.latest.ends_with(&text) {
                self.write(format_args!("\n  caused by: {text}"));
                self.latest = text;
            }
            cause = source(error);
        }
        self.write(format_args!("\n  … and so on"));
    }

    fn display(&mut self, error: &dyn Display) {
        self.latest = piece(format_args!("{error}"));
        let text = std::mem::take(&mut self.latest);
        self.write(format_args!("{text}"));
        self.latest = text;
    }

    /// Adds the backtrace that `anyhow` and `eyre` write at the end of their `Debug`.
    fn backtrace(&mut self, error: &dyn Debug) {
        const MARK: &str = "Stack backtrace:";
        let debug = piece(format_args!("{error:?}"));
        if let Some(start) = debug.rfind(MARK) {
            self.write(format_args!("\n\n{}", debug[start..].trim_end()));
        }
    }

    fn write(&mut self, text: fmt::Arguments<'_>) {
        // It only ever fails because it is full, which it says itself.
        let _ = write_foreign(&mut self.whole, text);
    }

    fn finish(self) -> String {
        self.whole.into_string()
    }
}

fn source<'a>(error: &'a (dyn Error + '_)) -> Option<&'a (dyn Error + 'static)> {
    panic::contain(|| error.source()).flatten()
}

/// Writes what foreign code shows, as far as it comes.
fn piece(text: fmt::Arguments<'_>) -> String {
    let mut bounded = Bounded::new();
    if let Some(fault) = write_foreign(&mut bounded, text) {
        let _ = bounded.write_str(fault);
    }
    bounded.into_string()
}

/// Writes what foreign code shows; says what went wrong with that.
fn write_foreign(to: &mut Bounded, text: fmt::Arguments<'_>) -> Option<&'static str> {
    let mut is_full = false;
    let mut writer = Watched {
        to,
        is_full: &mut is_full,
    };
    match panic::contain(|| writer.write_fmt(text)) {
        Some(Ok(())) => None,
        Some(Err(_)) if is_full => None,
        Some(Err(_)) => Some("(its text could not be written: `fmt` failed)"),
        None => Some("(its text could not be written: `fmt` panicked)"),
    }
}

/// Tells a full writer from a `fmt` that fails by itself.
struct Watched<'a> {
    to: &'a mut Bounded,
    is_full: &'a mut bool,
}

impl fmt::Write for Watched<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let result = self.to.write_str(text);
        *self.is_full |= result.is_err();
        result
    }
}
