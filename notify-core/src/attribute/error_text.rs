//! The text of an error: what it says, its causes, and its backtrace. All of it is foreign code.

use std::error::Error;
use std::fmt::{self, Debug, Display, Write as _};

use crate::format::backtrace;
use crate::format::text;
use crate::os::isolate;
use crate::status::bounded::Bounded;

/// Causes that are shown: a chain that leads back into itself has no end.
const CAUSES: usize = 128;

/// The text of an error that has none.
const NO_TEXT: &str = "an error without a text";

/// Where the backtrace begins that `anyhow` and `eyre` write at the end of their `Debug`.
const BACKTRACE: &str = "Stack backtrace:";

/// The text of an error. Each piece comes from foreign code, which may panic, fail, or never end.
pub(super) struct Text {
    whole: Bounded,
    /// The pieces so far, by which a cause is known that was shown already.
    pieces: Vec<String>,
}

impl Text {
    pub(super) fn new() -> Self {
        Self {
            whole: Bounded::new(),
            pieces: Vec::new(),
        }
    }

    pub(super) fn chain(&mut self, error: &dyn Error) {
        self.display(&error);
        let mut cause = source(error);
        for _ in 0..CAUSES {
            let Some(error) = cause else {
                return;
            };
            let text = shown(format_args!("{error}"));
            // Many errors show their cause in their own text.
            if !self.pieces.iter().any(|piece| says(piece, text.trim())) {
                self.write(format_args!("\n  caused by: {text}"));
                self.pieces.push(text);
            }
            cause = source(error);
        }
        self.write(format_args!("\n  … and so on"));
    }

    pub(super) fn display(&mut self, error: &dyn Display) {
        self.add(shown(format_args!("{error}")));
    }

    /// Writes the long form, in which reports that are no `Error` show their causes.
    pub(super) fn long(&mut self, error: &dyn Display) {
        self.add(shown(format_args!("{error:#}")));
    }

    /// Writes the account that a report gives in its `Debug`, where all that is known so far is its
    /// own text, and the account goes on from there.
    ///
    /// One for a terminal, with its escape sequences, is none.
    pub(super) fn account(&mut self, error: &(impl Display + Debug)) {
        let [said] = &*self.pieces else {
            return;
        };
        let debug = piece(format_args!("{error:?}"));
        let account = debug.split(BACKTRACE).next().unwrap_or_default().trim_end();
        let is_own = |rest: &str| rest.lines().skip(1).any(|line| !line.trim().is_empty());
        if !account.contains('\x1b') && account.strip_prefix(&**said).is_some_and(is_own) {
            let rest = account[said.len()..].to_owned();
            self.add(rest);
        }
    }

    pub(super) fn add(&mut self, mut text: String) {
        if self.pieces.is_empty() && text.trim().is_empty() {
            NO_TEXT.clone_into(&mut text);
        }
        self.write(format_args!("{text}"));
        self.pieces.push(text);
    }

    /// Adds the backtrace that `anyhow` and `eyre` write at the end of their `Debug`.
    pub(super) fn backtrace(&mut self, error: &dyn Debug) {
        let debug = piece(format_args!("{error:?}"));
        if let Some(start) = debug.rfind(BACKTRACE) {
            let frames = backtrace::trim(&debug[start + BACKTRACE.len()..]);
            self.write(format_args!("\n\n{BACKTRACE}\n{frames}"));
        }
    }

    pub(super) fn write(&mut self, text: fmt::Arguments<'_>) {
        // It only ever fails because it is full, which it says itself.
        let _ = write_foreign(&mut self.whole, text);
    }

    pub(super) fn finish(self) -> String {
        self.whole.into_string()
    }
}

/// Returns whether a text holds another one, as whole words.
fn says(text: &str, other: &str) -> bool {
    let is_word = |char: char| char.is_alphanumeric();
    text.match_indices(other).any(|(start, _)| {
        let end = start + other.len();
        let cuts = |before: Option<char>, after: Option<char>| {
            before.is_some_and(is_word) && after.is_some_and(is_word)
        };
        !cuts(text[..start].chars().next_back(), other.chars().next())
            && !cuts(other.chars().next_back(), text[end..].chars().next())
    })
}

fn source<'a>(error: &'a (dyn Error + '_)) -> Option<&'a (dyn Error + 'static)> {
    isolate::contain(|| error.source()).flatten()
}

/// Writes what foreign code shows, from its first line that is not blank. A terminal would show so much of
/// it: by itself, so that its control characters cannot reach the text around it.
fn shown(text: fmt::Arguments<'_>) -> String {
    let text = piece(text);
    let text = text::readable(&text);
    let blank = text.len() - text.trim_start().len();
    let begin = text[..blank].rfind('\n').map_or(0, |end| end + 1);
    text[begin..].to_owned()
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
    match isolate::contain(|| writer.write_fmt(text)) {
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
