//! What is returned by value, and is no `Result`.

use std::borrow::Cow;
use std::convert::Infallible;
use std::process::ExitCode;

use pipeline_notify::notify;

use crate::support::{error, ok, panicked};

#[notify]
fn nothing() {}

#[notify]
fn number() -> u64 {
    7
}

#[notify]
fn no_value() -> Option<u8> {
    None
}

#[notify]
fn success() -> ExitCode {
    ExitCode::SUCCESS
}

#[notify]
fn exit_code() -> ExitCode {
    ExitCode::from(3)
}

#[notify]
fn never() -> ! {
    panic!("never")
}

// Forbidden, so that the expansion cannot allow it.
#[notify]
#[forbid(unreachable_code)]
fn without_values() -> Infallible {
    panic!("there is no value")
}

#[notify]
fn array() -> [u8; { 1_u32 + 1 } as _] {
    [1, 2]
}

#[notify]
fn elided(text: &str) -> &str {
    &text[1..]
}

#[notify]
fn named<'a, 'b>(one: &'a str, _other: &'b str) -> (&'a str, &'b str) {
    (one, _other)
}

#[notify]
fn cow(text: &str) -> Cow<'_, str> {
    if text.is_empty() {
        return "empty".into();
    }
    text.into()
}

#[notify]
fn boxed_closure(add: u8) -> Box<dyn Fn(u8) -> u8> {
    if add == 0 {
        return Box::new(|value| value);
    }
    Box::new(move |value| value + add)
}

#[notify]
fn nested_result() -> Result<Result<u8, String>, String> {
    Ok(Err("inner".to_owned()))
}

#[notify]
fn optional_result() -> Option<Result<u8, String>> {
    Some(Err("inner".to_owned()))
}

#[test]
fn values_are_success() {
    ok("values.nothing", nothing);
    ok("values.number", || assert_eq!(number(), 7));
    ok("values.no_value", no_value);
    ok("values.success", success);
    ok("values.array", || assert_eq!(array(), [1, 2]));
    ok("values.elided", || assert_eq!(elided("ab"), "b"));
    ok("values.named", || assert_eq!(named("a", "b"), ("a", "b")));
    ok("values.cow", || assert_eq!(cow(""), "empty"));
    ok("values.boxed_closure", || {
        assert_eq!(boxed_closure(2)(1), 3);
        assert_eq!(boxed_closure(0)(1), 1);
    });
}

#[test]
fn a_result_inside_a_value_is_a_value() {
    ok("values.nested_result", nested_result);
    ok("values.optional_result", optional_result);
}

#[test]
fn a_failing_exit_code_is_a_failure() {
    error("values.exit_code", "exit code 3", exit_code);
}

#[test]
fn a_function_that_never_returns_panics() {
    panicked("values.never", &["never", "values.rs:"], || -> () {
        never()
    });
    panicked("values.without_values", &["there is no value"], || {
        let _ = without_values();
    });
}
