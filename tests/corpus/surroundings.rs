//! Names of the prelude and the standard library that mean something else around the function, and
//! other attributes on it.

use crate::support::{error, ok};

/// Everything that the expansion might have meant.
mod shadows {
    #![allow(
        dead_code,
        non_camel_case_types,
        clippy::allow_attributes,
        reason = "names alone"
    )]

    pub(crate) mod core {}
    pub(crate) mod std {}
    pub(crate) mod alloc {}
    pub(crate) mod pipeline_notify {}
    pub(crate) struct Result;
    pub(crate) struct Option;
    pub(crate) struct Box;
    pub(crate) struct String;
    pub(crate) struct Ok;
    pub(crate) struct Err;
    pub(crate) struct Some;
    pub(crate) struct None;
    pub(crate) struct Probe;
    pub(crate) trait Default {}
    pub(crate) trait Into {}
    pub(crate) trait From {}
    pub(crate) trait Send {}
    pub(crate) trait FnOnce {}
    pub(crate) trait Future {}
    pub(crate) trait Drop {}
    pub(crate) type bool = ();
    pub(crate) type u64 = ();
    pub(crate) type str = ();

    macro_rules! clash {
        ($($name:ident)*) => { $( #[allow(unused_macros)] macro_rules! $name { () => { ::std::compile_error!("theirs") }; } )* };
    }
    clash!(cfg file line module_path option_env concat pin matches);

    /// Has a method for everything under the names that ours may have.
    pub(crate) trait Blanket {
        fn call(&self) {}
        fn run(&self) {}
        fn finish(&self) {}
        fn poll(&self) {}
        fn returns(&self) {}
        fn as_mut(&mut self) {}
        fn text(&self) {}
        fn clone(&self) {}
        fn into(&self) {}
        fn is_some(&self) {}
        fn channel(&self) {}
        fn silent_seconds(&self) {}
        fn downcast_ref(&self) {}
    }
    impl<T: ?Sized> Blanket for T {}

    #[::pipeline_notify::notify(channel = "", silent_seconds = 1.5)]
    pub(crate) fn fails() -> ::std::result::Result<(), &'static ::std::primitive::str> {
        ::std::result::Result::Err("shadowed")
    }

    #[::pipeline_notify::notify(name = "surroundings.named")]
    pub(crate) async fn fails_later() -> ::std::result::Result<(), &'static ::std::primitive::str> {
        ::std::result::Result::Err("shadowed")
    }

    #[::pipeline_notify::notify]
    pub(crate) fn opaque() -> impl ::std::iter::Iterator<Item = u8> {
        [1].into_iter()
    }

    #[::pipeline_notify::notify]
    pub(crate) fn boxed() -> ::std::pin::Pin<
        ::std::boxed::Box<dyn ::std::future::Future<Output = u8> + ::std::marker::Send>,
    > {
        ::std::boxed::Box::pin(async { 1 })
    }
}

mod imports_in_the_body {
    use pipeline_notify::notify;

    #[derive(Debug)]
    #[allow(dead_code, clippy::allow_attributes, reason = "names alone")]
    pub(crate) enum Bar {
        Ok,
        Err,
        Some,
        None,
        Thing,
    }

    /// The type that the function returns, by a name that the body uses for something else.
    pub(crate) type Thing = u8;

    #[notify]
    pub(crate) fn shadowed() -> Result<Thing, u8> {
        #[allow(
            clippy::enum_glob_use,
            clippy::allow_attributes,
            reason = "that is the point"
        )]
        use Bar::*;
        let (ok, err, some, none, thing) = (Ok, Err, Some, None, Thing);
        drop((ok, err, some, none, thing));
        Result::Err(1)
    }

    #[notify]
    pub(crate) async fn shadowed_later() -> Result<Thing, u8> {
        #[allow(
            clippy::enum_glob_use,
            clippy::allow_attributes,
            reason = "that is the point"
        )]
        use Bar::*;
        let (ok, err, some, none, thing) = (Ok, Err, Some, None, Thing);
        drop((ok, err, some, none, thing));
        Result::Err(1)
    }
}

mod attributes {
    use pipeline_notify::notify;

    /// Documented before
    #[inline(always)]
    #[notify]
    /// and after.
    #[must_use]
    #[allow(
        clippy::inline_always,
        clippy::allow_attributes,
        reason = "that is the point"
    )]
    pub(crate) fn split() -> u8 {
        1
    }

    #[cold]
    #[notify]
    #[deprecated = "old"]
    pub(crate) fn old() {}

    #[notify]
    pub(crate) fn inner_attribute() {
        #![allow(unused_variables, clippy::allow_attributes, reason = "inside")]
        let unused = 1;
    }

    #[notify]
    #[cfg(any())]
    pub(crate) fn absent() -> Absent {}

    #[notify]
    #[track_caller]
    pub(crate) fn tracked() -> &'static std::panic::Location<'static> {
        std::panic::Location::caller()
    }
}

#[test]
fn shadowed_names_are_not_meant() {
    use crate::futures::block;
    error("surroundings.shadows.fails", "shadowed", shadows::fails);
    ok("surroundings.shadows.opaque", || shadows::opaque().count());
    ok("surroundings.shadows.boxed", || block(shadows::boxed()));
    crate::support::switch_on();
    block(shadows::fails_later()).unwrap_err();
    assert_eq!(
        crate::support::recorded_as("surroundings.named").status,
        "ERROR"
    );
}

#[test]
fn imports_in_the_body_stay_in_the_body() {
    use crate::futures::block;
    error(
        "surroundings.imports_in_the_body.shadowed",
        "1",
        imports_in_the_body::shadowed,
    );
    error(
        "surroundings.imports_in_the_body.shadowed_later",
        "1",
        || block(imports_in_the_body::shadowed_later()),
    );
}

// Issue 12, point 26: with `deny(warnings)` an expectation that is not fulfilled would be an error.
#[pipeline_notify::notify]
#[expect(unconditional_recursion, reason = "never called")]
#[allow(dead_code, clippy::allow_attributes, reason = "never called")]
fn expects_a_lost_lint(depth: u8) -> u8 {
    expects_a_lost_lint(depth)
}

#[expect(
    unused_variables,
    clippy::needless_return,
    reason = "one that is lost, and one that is not"
)]
#[pipeline_notify::notify]
fn expects_two_lints(depth: u8) -> u8 {
    return 1;
}

#[test]
fn expectations_hold() {
    ok("surroundings.expects_two_lints", || expects_two_lints(1));
}

#[test]
fn other_attributes_stay() {
    ok("surroundings.attributes.split", attributes::split);
    #[allow(deprecated, clippy::allow_attributes, reason = "that is the point")]
    ok("surroundings.attributes.old", || attributes::old());
    ok(
        "surroundings.attributes.inner_attribute",
        attributes::inner_attribute,
    );
}

/// The one thing that is lost: the place is ours.
#[test]
fn the_callers_place_is_lost() {
    ok("surroundings.attributes.tracked", || {
        assert_ne!(attributes::tracked().line(), line!());
    });
}

mod harness {
    use pipeline_notify::notify;

    #[notify]
    #[test]
    fn above_a_test() {}

    #[test]
    #[notify]
    fn below_a_test() -> Result<(), String> {
        Ok(())
    }

    #[test]
    #[notify]
    #[should_panic = "expected"]
    fn that_should_panic() {
        panic!("expected");
    }

    #[test]
    #[notify]
    #[ignore = "that is the point"]
    fn that_is_ignored() {}

    #[notify]
    #[tokio::test]
    async fn above_a_test_of_tokio() {
        tokio::task::yield_now().await;
    }

    #[tokio::test]
    #[notify]
    async fn below_a_test_of_tokio() -> Result<(), String> {
        tokio::task::yield_now().await;
        Ok(())
    }
}

/// Annotated tests are run by the harness, and this calls them once more: whichever attribute
/// stands above, the function that is left is the one that reports.
#[test]
fn annotated_tests_are_reported_in_both_orders() {
    ok("surroundings.harness_orders.above", harness_orders::above);
    error(
        "surroundings.harness_orders.below",
        "below",
        harness_orders::below,
    );
    ok(
        "surroundings.harness_orders.above_tokio",
        harness_orders::above_tokio,
    );
    error(
        "surroundings.harness_orders.below_tokio",
        "below",
        harness_orders::below_tokio,
    );
}

mod harness_orders {
    use pipeline_notify::notify;

    #[notify]
    #[test]
    #[ignore = "called by another test"]
    pub(super) fn above() {}

    #[test]
    #[notify]
    #[ignore = "called by another test"]
    pub(super) fn below() -> Result<(), String> {
        Err("below".to_owned())
    }

    #[notify]
    #[tokio::test]
    #[ignore = "called by another test"]
    pub(super) async fn above_tokio() {
        tokio::task::yield_now().await;
    }

    #[tokio::test]
    #[notify]
    #[ignore = "called by another test"]
    pub(super) async fn below_tokio() -> Result<(), String> {
        tokio::task::yield_now().await;
        Err("below".to_owned())
    }
}

mod mains {
    use std::process::ExitCode;

    use pipeline_notify::notify;

    #[notify]
    #[tokio::main]
    pub(super) async fn above() -> Result<(), String> {
        tokio::task::yield_now().await;
        Err("above".to_owned())
    }

    #[tokio::main]
    #[notify]
    pub(super) async fn below() -> Result<(), String> {
        tokio::task::yield_now().await;
        Err("below".to_owned())
    }

    #[notify]
    #[tokio::main(flavor = "current_thread")]
    pub(super) async fn current_thread() -> ExitCode {
        tokio::task::yield_now().await;
        ExitCode::from(2)
    }

    #[notify]
    #[tracing::instrument(err)]
    pub(super) fn above_tracing(value: u8) -> Result<u8, String> {
        Err(value.to_string())
    }

    #[tracing::instrument(err)]
    #[notify]
    pub(super) fn below_tracing(value: u8) -> Result<u8, String> {
        Err(value.to_string())
    }

    #[tracing::instrument(err)]
    #[notify]
    pub(super) async fn below_tracing_later(value: u8) -> Result<u8, String> {
        Err(value.to_string())
    }
}

#[test]
fn other_macros_may_stand_above_and_below() {
    use crate::futures::block;
    error("surroundings.mains.above", "above", mains::above);
    error("surroundings.mains.below", "below", mains::below);
    error(
        "surroundings.mains.current_thread",
        "exit code 2",
        mains::current_thread,
    );
    error("surroundings.mains.above_tracing", "1", || {
        mains::above_tracing(1)
    });
    error("surroundings.mains.below_tracing", "1", || {
        mains::below_tracing(1)
    });
    error("surroundings.mains.below_tracing_later", "1", || {
        block(mains::below_tracing_later(1))
    });
}
