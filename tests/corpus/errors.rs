//! What is returned as a `Result`, under whatever name, with whatever error.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io;
use std::num::ParseIntError;
use std::process::ExitCode;
use std::sync::Arc;

use eyre::WrapErr as _;
use pipeline_notify::notify;

use crate::support::{error, ok, run};

/// An error with a cause.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) Option<ParseIntError>);

impl fmt::Display for Failed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("load failed")
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_ref().map(|error| error as _)
    }
}

impl From<ParseIntError> for Failed {
    fn from(error: ParseIntError) -> Self {
        Self(Some(error))
    }
}

/// Another name for it.
pub(crate) type Fallible<T> = Result<T, Failed>;
type Outcome = Result<(), Failed>;

#[derive(Debug)]
struct OnlyDebug;

struct OnlyDisplay;

impl fmt::Display for OnlyDisplay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("only display")
    }
}

struct Mute;

#[derive(Debug)]
struct Borrowed<'a>(&'a str);

impl fmt::Display for Borrowed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "bad: {}", self.0)
    }
}

impl Error for Borrowed<'_> {}

#[notify]
fn early(fail: bool) -> Result<u8, Failed> {
    if fail {
        return Err(Failed(None));
    }
    Ok(1)
}

#[notify]
fn question(text: &str) -> Result<u8, Failed> {
    let number = text.parse::<u8>()?;
    Ok(number)
}

#[notify]
fn io_result() -> io::Result<()> {
    Err(io::Error::other("disk"))
}

#[notify]
fn alias() -> Fallible<u8> {
    Err(Failed(None))
}

#[notify]
fn other_name() -> Outcome {
    Err(Failed(None))
}

#[notify]
fn boxed(text: &str) -> Result<u8, Box<dyn Error>> {
    Ok(text.parse::<u8>().map_err(Failed::from)?)
}

#[notify]
fn boxed_send(text: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
    Ok(text.parse::<u8>()?)
}

#[notify]
fn boxed_borrowed<'a>(text: &'a str) -> Result<(), Box<dyn Error + 'a>> {
    Err(Box::new(Borrowed(text)))
}

#[notify]
fn with_anyhow(text: &str) -> anyhow::Result<u8> {
    let number = anyhow::Context::context(text.parse(), "reading")?;
    if number == 7 {
        anyhow::bail!("seven");
    }
    Ok(number)
}

#[notify]
fn with_eyre(text: &str) -> eyre::Result<u8> {
    text.parse().wrap_err("reading")
}

#[notify]
fn only_debug() -> Result<(), OnlyDebug> {
    Err(OnlyDebug)
}

#[notify]
fn only_display() -> Result<(), OnlyDisplay> {
    Err(OnlyDisplay)
}

#[notify]
fn mute() -> Result<(), Mute> {
    Err(Mute)
}

#[notify]
fn string() -> Result<(), String> {
    Err("text".to_owned())
}

#[notify]
fn text() -> Result<(), &'static str> {
    Err("text")
}

#[notify]
fn borrowed(text: &str) -> Result<(), Borrowed<'_>> {
    Err(Borrowed(text))
}

#[notify]
fn shared() -> Result<(), Arc<Failed>> {
    Err(Arc::new(Failed(None)))
}

#[notify]
fn code(code: u8) -> Result<ExitCode, Failed> {
    Ok(code.into())
}

#[notify]
fn infallible() -> Result<u8, Infallible> {
    Ok(1)
}

#[test]
fn an_error_is_sent_with_its_causes() {
    ok("errors.early", || early(false));
    error("errors.early", "load failed", || early(true));
    let text = "load failed\n  caused by: invalid digit found in string";
    error("errors.question", text, || question("x"));
    error("errors.boxed", text, || boxed("x"));
    error("errors.boxed_send", "invalid digit found in string", || {
        boxed_send("x")
    });
}

#[test]
fn names_of_results_do_not_matter() {
    error("errors.io_result", "disk", io_result);
    error("errors.alias", "load failed", alias);
    error("errors.other_name", "load failed", other_name);
}

#[test]
fn errors_of_anyhow_and_eyre_are_sent_with_causes_and_backtrace() {
    for (job, recorded) in [
        ("anyhow", run("errors.with_anyhow", || with_anyhow("x"))),
        ("eyre", run("errors.with_eyre", || with_eyre("x"))),
    ] {
        assert_eq!(recorded.status, "ERROR", "{job}");
        let (text, backtrace) = recorded
            .text
            .split_once("\n\nStack backtrace:")
            .unwrap_or((&recorded.text, ""));
        assert_eq!(text, "reading\n  caused by: invalid digit found in string");
        let is_asked_for = std::env::var("RUST_BACKTRACE").is_ok_and(|value| value != "0");
        assert_eq!(!backtrace.is_empty(), is_asked_for, "{job}: {recorded:?}");
    }
    ok("errors.with_anyhow", || with_anyhow("8"));
}

#[test]
fn an_error_is_sent_as_well_as_its_type_can() {
    error("errors.only_debug", "OnlyDebug", only_debug);
    error("errors.only_display", "only display", only_display);
    error("errors.mute", "an error of type corpus::errors::Mute", mute);
    error("errors.string", "text", string);
    error("errors.text", "text", text);
    error("errors.shared", "load failed", shared);
}

#[test]
fn errors_that_borrow_are_sent() {
    let text = "x".to_owned();
    error("errors.borrowed", "bad: x", || borrowed(&text).is_err());
    error("errors.boxed_borrowed", "bad: x", || {
        boxed_borrowed(&text).is_err()
    });
}

#[test]
fn an_exit_code_in_a_result_counts() {
    ok("errors.code", || code(0));
    error("errors.code", "exit code 1", || code(1));
    ok("errors.infallible", infallible);
}

/// A report of the shape of `error-stack`'s: no error, its causes in `{:#}`, colours in `Debug`.
struct Stack;

impl fmt::Display for Stack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("load failed")?;
        if formatter.alternate() {
            formatter.write_str(": disk full")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("load failed\n\u{1b}[1mdisk full\u{1b}[0m")
    }
}

#[notify]
fn stack() -> Result<(), Stack> {
    Err(Stack)
}

/// A report of the shape of `exn`'s: it points to its error, and its `Debug` alone is the whole tree.
struct Tree(Failed);

impl std::ops::Deref for Tree {
    type Target = Failed;

    fn deref(&self) -> &Failed {
        &self.0
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("load failed, at a.rs:1:2\n|-> disk full, at b.rs:3:4")
    }
}

#[notify]
fn tree() -> Result<(), Tree> {
    Err(Tree(Failed(None)))
}

/// A trait of the user's, of errors.
trait AppError: Error {}
impl AppError for Failed {}

fn caused() -> Failed {
    Failed("x".parse::<u8>().err())
}

#[notify]
fn behind_a_trait() -> Result<(), Box<dyn AppError>> {
    Err(Box::new(caused()))
}

#[notify]
fn shared_behind_a_trait() -> Result<(), Arc<dyn AppError>> {
    Err(Arc::new(caused()))
}

#[notify]
fn shared_report() -> Result<(), Arc<anyhow::Error>> {
    Err(Arc::new(
        anyhow::anyhow!("disk full").context("load failed"),
    ))
}

// Issue 12, point 3.
#[test]
fn reports_that_are_no_errors_are_sent_with_their_causes() {
    error("errors.stack", "load failed: disk full", stack);
    let text = "load failed, at a.rs:1:2\n|-> disk full, at b.rs:3:4";
    error("errors.tree", text, tree);
    let text = "load failed\n  caused by: invalid digit found in string";
    error("errors.behind_a_trait", text, behind_a_trait);
    error("errors.shared_behind_a_trait", text, shared_behind_a_trait);
    let recorded = run("errors.shared_report", shared_report);
    assert!(
        recorded.text.starts_with("load failed: disk full"),
        "{recorded:?}"
    );
}

/// Errors that are each the cause of the one before.
#[derive(Debug)]
struct Said(&'static str, Option<Box<Said>>);

impl fmt::Display for Said {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl Error for Said {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|error| error as _)
    }
}

#[notify]
fn said(texts: &[&'static str]) -> Result<(), Said> {
    let mut error = None;
    for text in texts.iter().rev() {
        error = Some(Box::new(Said(text, error)));
    }
    error.map_or(Ok(()), |error| Err(*error))
}

// Issue 12, point 3.
#[test]
fn no_cause_is_sent_twice() {
    for (texts, shown) in [
        (&["load: disk full.", "disk full"][..], "load: disk full."),
        (&["a: c", "b", "c"], "a: c\n  caused by: b"),
        (&["disk full", "disk full"], "disk full"),
        (&["another", "other"], "another\n  caused by: other"),
        (
            &["load failed", "", "disk full"],
            "load failed\n  caused by: disk full",
        ),
        (
            &["", "disk full"],
            "an error without a text\n  caused by: disk full",
        ),
        (&[" \n"], "an error without a text"),
        // A cause that was written for a terminal overwrites nothing of ours.
        (
            &["load failed", "\r99%\rdisk full"],
            "load failed\n  caused by: disk full",
        ),
        (
            &["\r\n  load failed", "\x1b[2J\x1b[Hdisk full"],
            "  load failed\n  caused by: disk full",
        ),
    ] {
        error("errors.said", shown, || said(texts));
    }
}

#[notify]
fn empty() -> Result<(), String> {
    Err(String::new())
}

// Issue 12, point 27.
#[test]
fn an_error_that_says_nothing_is_named_as_one() {
    error("errors.empty", "an error without a text", empty);
}

/// An error whose text is what the function makes of it.
struct Shown(fn(&mut fmt::Formatter<'_>) -> fmt::Result);

impl fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Shown")
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0(formatter)
    }
}

impl Error for Shown {}

#[notify]
fn shown_panicking() -> Result<u8, Shown> {
    Err(Shown(|_| panic!("no text")))
}

#[notify]
fn shown_failing() -> Result<u8, Shown> {
    Err(Shown(|_| Err(fmt::Error)))
}

#[notify]
fn shown_without_end() -> Result<u8, Shown> {
    Err(Shown(|formatter| {
        let megabyte = "x".repeat(1 << 20);
        (0..100).try_for_each(|_| formatter.write_str(&megabyte))
    }))
}

#[test]
fn an_error_that_cannot_be_shown_is_reported_and_returned() {
    let text = "(its text could not be written: `fmt` panicked)";
    error("errors.shown_panicking", text, || {
        assert!(shown_panicking().is_err());
    });
    let text = "(its text could not be written: `fmt` failed)";
    error("errors.shown_failing", text, || {
        assert!(shown_failing().is_err());
    });
}

#[test]
fn an_error_of_a_hundred_megabytes_is_reported_in_part_and_returned() {
    let recorded = run("errors.shown_without_end", || {
        assert!(shown_without_end().is_err());
    });
    assert_eq!(recorded.status, "ERROR");
    assert!(recorded.text.starts_with("xxxx"), "{:.100}", recorded.text);
    assert!(recorded.text.len() < 1 << 20, "{}", recorded.text.len());
}
