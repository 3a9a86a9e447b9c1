//! Types that only the compiler sees through: generics and `impl Trait`.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::process::{ExitCode, Termination};

use pipeline_notify::notify;

use crate::errors::Failed;
use crate::support::{error, ok, panicked};

/// An error under a name of the user's.
trait Fault: Error {}
impl Fault for Failed {}

#[notify]
fn unbounded<T, E>(result: Result<T, E>) -> Result<T, E> {
    result
}

#[notify]
fn debugged<E: Debug>(error: E) -> Result<(), E> {
    Err(error)
}

#[notify]
fn bounded<E: Error>(error: E) -> Result<(), E> {
    Err(error)
}

#[notify]
fn by_supertrait<E: Fault>(error: E) -> Result<(), E> {
    Err(error)
}

#[notify]
fn into_boxed<E: Into<Box<dyn Error>>>(error: E) -> Result<(), E> {
    Err(error)
}

#[notify]
fn default<T: Default>() -> T {
    T::default()
}

#[notify]
fn collected<C: FromIterator<u8>>() -> C {
    (0..3).collect()
}

#[notify]
fn array<const N: usize>() -> [u8; N] {
    [0; N]
}

#[notify]
fn higher_ranked<F>(length: F) -> usize
where
    F: for<'a> Fn(&'a str) -> &'a str,
{
    length("abc").len()
}

#[notify]
fn numbers(texts: &[&str]) -> Result<Vec<u8>, std::num::ParseIntError> {
    texts.iter().map(|text| text.parse()).collect()
}

#[notify]
fn argument(value: impl Display) -> String {
    value.to_string()
}

#[notify]
fn iterator(values: &[u8]) -> impl Iterator<Item = u8> + '_ {
    values.iter().map(|value| value + 1)
}

#[notify]
fn precise<'a>(values: &'a [u8], _other: &str) -> impl Iterator<Item = u8> + use<'a> {
    values.iter().copied()
}

// On one line, where a lint looks at braces in braces.
#[rustfmt::skip]
#[notify]
fn in_a_line(value: u8) -> impl Display { value }

#[notify]
fn closure() -> impl Fn(&str) -> &str {
    |text| &text[1..]
}

#[notify]
fn opaque_panics(fail: bool) -> impl Iterator<Item = u8> {
    assert!(!fail, "no iterator");
    0..3
}

#[notify]
fn termination(code: u8) -> impl Termination {
    if code == 0 {
        return ExitCode::SUCCESS;
    }
    ExitCode::from(code)
}

#[notify]
fn termination_of_result() -> impl Termination {
    Err::<(), _>(Failed(None))
}

#[notify]
fn iterator_or_error(fail: bool) -> Result<impl Iterator<Item = u8>, Failed> {
    if fail {
        return Err(Failed(None));
    }
    Ok(0..3)
}

#[notify]
fn opaque_error() -> Result<(), impl Error> {
    if std::env::args().count() > 1000 {
        return Ok(());
    }
    Err(Failed(None))
}

#[notify]
fn pair() -> (impl Display, impl Debug) {
    ("a", 1)
}

macro_rules! ty {
    () => {
        Result<u8, Failed>
    };
}

#[notify]
fn from_macro() -> ty!() {
    Err(Failed(None))
}

#[test]
fn an_error_is_sent_as_well_as_the_bounds_allow() {
    error(
        "opaque.unbounded",
        "an error of type corpus::errors::Failed",
        || unbounded::<u8, _>(Err(Failed(None))),
    );
    error("opaque.debugged", "Failed(None)", || debugged(Failed(None)));
    error("opaque.bounded", "load failed", || bounded(Failed(None)));
    error("opaque.by_supertrait", "load failed", || {
        by_supertrait(Failed(None))
    });
    error(
        "opaque.into_boxed",
        "an error of type corpus::errors::Failed",
        || into_boxed(Failed(None)),
    );
}

#[test]
fn generic_values_are_success() {
    ok("opaque.default", default::<u8>);
    ok("opaque.collected", collected::<Vec<u8>>);
    ok("opaque.array", array::<3>);
    ok("opaque.higher_ranked", || {
        assert_eq!(higher_ranked(|text| &text[1..]), 2);
    });
    ok("opaque.numbers", || numbers(&["1"]));
    error("opaque.numbers", "invalid digit found in string", || {
        numbers(&["1", "x"])
    });
    error("opaque.from_macro", "load failed", from_macro);
}

#[test]
fn opaque_types_stay_opaque() {
    ok("opaque.argument", || argument(1));
    ok("opaque.in_a_line", || in_a_line(1).to_string());
    ok("opaque.iterator", || {
        assert_eq!(iterator(&[1, 2]).sum::<u8>(), 5)
    });
    ok("opaque.precise", || {
        let values = [1, 2];
        let iterator = precise(&values, &String::new());
        assert_eq!(iterator.count(), 2);
    });
    ok("opaque.closure", || assert_eq!(closure()("ab"), "b"));
    ok("opaque.pair", pair);
    ok("opaque.opaque_panics", || opaque_panics(false).count());
    panicked(
        "opaque.opaque_panics",
        &["no iterator", "opaque.rs:"],
        || opaque_panics(true).count(),
    );
}

#[test]
fn opaque_types_in_a_result_leave_it_a_result() {
    ok("opaque.iterator_or_error", || {
        iterator_or_error(false).map(Iterator::count)
    });
    error("opaque.iterator_or_error", "load failed", || {
        iterator_or_error(true).is_err()
    });
    error("opaque.opaque_error", "load failed", || {
        opaque_error().is_err()
    });
}

#[test]
fn the_exit_code_of_an_opaque_termination_counts() {
    ok("opaque.termination", || termination(0).report());
    error("opaque.termination", "exit code 4", || {
        assert_eq!(termination(4).report(), ExitCode::from(4));
    });
    error("opaque.termination_of_result", "load failed", || {
        assert_eq!(termination_of_result().report(), ExitCode::FAILURE);
    });
}
