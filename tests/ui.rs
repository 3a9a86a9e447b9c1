//! What a user reads after a mistake: one message, at the right place, and the item is kept.
//!
//! The messages are those of one compiler, and so run on that one alone.

use std::collections::BTreeSet;
use std::fs;

#[test]
fn each_mistake_has_one_message() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    // Those of a body, without the attribute.
    cases.compile_fail("tests/ui/plain/*.rs");
}

#[test]
fn the_errors_of_a_body_are_those_that_it_has_without_the_attribute() {
    let plain = fs::read_dir("tests/ui/plain").unwrap().map(Result::unwrap);
    let names = plain.map(|entry| entry.file_name().into_string().unwrap());
    let names: Vec<_> = names.filter(|name| name.ends_with(".stderr")).collect();
    assert_eq!(names.len(), 4, "syntax, types, borrows and names");
    for name in names {
        let with = errors(&fs::read_to_string(format!("tests/ui/{name}")).unwrap());
        let without = errors(&fs::read_to_string(format!("tests/ui/plain/{name}")).unwrap());
        assert!(!with.is_empty());
        assert_eq!(with, without, "{name}");
    }
}

/// Each error, and where it is: what the compiler says of it may depend on whether the body is a
/// function's or a closure's. (Of a parameter of an `async fn` that was moved it leaves out the name.)
fn errors(messages: &str) -> BTreeSet<(String, String)> {
    let mut lines = messages.lines();
    let mut errors = BTreeSet::new();
    while let Some(line) = lines.next() {
        if line.starts_with("error") {
            let place = lines.next().unwrap_or_default();
            let place = place.rsplit_once(".rs:").map_or("", |(_, place)| place);
            let error = line.split_once("]: ").map_or(line, |(code, _)| code);
            errors.insert((error.to_owned(), place.to_owned()));
        }
    }
    errors
}
