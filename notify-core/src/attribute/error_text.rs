//! The text of an error: what it says, its causes, and its backtrace. All of it is foreign code.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Debug, Display, Write as _};

use crate::format::headline::NO_TEXT;
use crate::format::{backtrace, text};
use crate::os::isolate;
use crate::status::bounded::Bounded;
use crate::status::cause::CAUSES;

/// The line above the backtrace that `anyhow` and `eyre` write at the end of their `Debug`.
const BACKTRACE: &str = "Stack backtrace:";

/// The text of an error. Each piece comes from foreign code, which may panic, fail, or never end.
#[derive(Default)]
pub(super) struct Text {
    /// The first piece, which mostly is all.
    said: Option<String>,
    /// The pieces after it, by which a cause is known that was shown already.
    causes: Vec<String>,
    /// All pieces, once there is a second one.
    whole: Option<Bounded>,
}

impl Text {
    pub(super) fn new() -> Self {
        Self::default()
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
            let mut pieces = self.said.iter().chain(&self.causes);
            if !pieces.any(|piece| says(piece, text.trim())) {
                self.write(format_args!("\n  caused by: {text}"));
                self.causes.push(text);
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

    /// Writes what a report gives in its `Debug`: an account, where all that is known so far is its own text
    /// and the account goes on from there, and a backtrace.
    ///
    /// One for a terminal, with its escape sequences, is none.
    pub(super) fn account(&mut self, error: &dyn Debug) {
        let debug = piece(format_args!("{error:?}"));
        // Most errors are a line, and to look for a word in it would be a tenth of a silent failure.
        let has_lines = debug.contains('\n');
        let backtrace = has_lines.then(|| debug.find(BACKTRACE)).flatten();
        let account = debug[..backtrace.unwrap_or(debug.len())].trim_end();
        let said = self.said.as_deref().filter(|_| self.causes.is_empty());
        let rest = said.and_then(|said| account.strip_prefix(said));
        let is_own = |rest: &&str| rest.lines().skip(1).any(|line| !line.trim().is_empty());
        if let Some(rest) = rest.filter(is_own)
            && !account.contains('\x1b')
        {
            self.write(format_args!("{rest}"));
        }
        if backtrace.is_some() {
            self.backtrace_in(&debug);
        }
    }

    fn add(&mut self, mut text: String) {
        if text.trim().is_empty() {
            NO_TEXT.clone_into(&mut text);
        }
        self.said = Some(text);
    }

    /// Adds the backtrace that `anyhow` and `eyre` write at the end of their `Debug`.
    pub(super) fn backtrace(&mut self, error: &dyn Debug) {
        self.backtrace_in(&piece(format_args!("{error:?}")));
    }

    fn backtrace_in(&mut self, debug: &str) {
        if let Some(start) = debug.rfind(BACKTRACE) {
            let frames = backtrace::trim(&debug[start + BACKTRACE.len()..]);
            self.write(format_args!("\n\n{BACKTRACE}\n{frames}"));
        }
    }

    pub(super) fn write(&mut self, text: fmt::Arguments<'_>) {
        let said = self.said.as_deref().unwrap_or_default();
        let whole = self.whole.get_or_insert_with(|| {
            let mut whole = Bounded::default();
            let _ = whole.write_str(said);
            whole
        });
        // It only ever fails because it is full, which it says itself.
        let _ = write_foreign(whole, text);
    }

    pub(super) fn finish(self) -> String {
        let whole = self.whole.map(Bounded::into_string);
        whole.or(self.said).unwrap_or_default()
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
    let mut text = piece(text);
    if let Cow::Owned(readable) = text::readable(&text) {
        text = readable;
    }
    let blank = text.len() - text.trim_start().len();
    if blank > 0
        && let Some(end) = text[..blank].rfind('\n')
    {
        text.drain(..=end);
    }
    text
}

/// Writes what foreign code shows, as far as it comes.
fn piece(text: fmt::Arguments<'_>) -> String {
    let mut bounded = Bounded::default();
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

/// Distinguishes a full writer from a `fmt` that fails by itself.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows its own text, and another in its `Debug`.
    struct Report<'a>(&'a str, &'a str);

    impl Display for Report<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Debug for Report<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.1)
        }
    }

    #[test]
    fn a_report_is_shown_with_its_account_and_a_backtrace_that_stands_on_lines_of_its_own() {
        let backtrace = "no route\n\nStack backtrace:\n   0: load\n";
        for (debug, text) in [
            ("no route", "no route"),
            ("no route\n  at step 3", "no route\n  at step 3"),
            ("\"no route\\n  at step 3\"", "no route"),
            ("Bad { text: \"Stack backtrace: 0: load\" }", "no route"),
        ] {
            let (report, mut shown) = (Report("no route", debug), Text::new());
            shown.long(&report);
            shown.account(&report);
            assert_eq!(shown.finish(), text);
        }
        let (report, mut shown) = (Report("no route", backtrace), Text::new());
        shown.long(&report);
        shown.account(&report);
        assert_eq!(shown.finish().trim_end(), backtrace.trim_end());
    }
}
