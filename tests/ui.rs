//! What a user reads after a mistake: one message, at the right place, and the item is kept.
//!
//! The messages are those of one compiler, and so run on that one alone.

#[test]
fn each_mistake_has_one_message() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
