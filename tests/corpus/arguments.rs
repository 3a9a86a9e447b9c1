//! What functions take: patterns, borrows, and the order in which arguments are dropped.

use std::cell::{Ref, RefCell};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pipeline_notify::notify;

use crate::futures::block;
use crate::support::{ok, switch_on};

#[derive(Clone)]
struct Pair {
    left: String,
    right: String,
}

struct Unit(u8);

#[notify]
fn mutable(mut value: Vec<u8>) -> Vec<u8> {
    value.push(1);
    value
}

#[notify]
fn destructured(
    (a, b): (u8, u8),
    Pair { left, .. }: Pair,
    [c, d]: [u8; 2],
    Unit(e): Unit,
) -> String {
    format!("{a}{b}{left}{c}{d}{e}")
}

#[notify]
#[deny(clippy::used_underscore_binding)]
fn ignored(_: String, _b: String) {}

#[notify]
fn moved(value: String) -> String {
    let other = value;
    other
}

#[notify]
fn partially_moved(pair: Pair) -> usize {
    let left = pair.left;
    left.len() + pair.right.len()
}

#[notify]
fn conditional(
    #[cfg(not(any()))] value: u8,
    #[cfg(any())] missing: Missing,
    #[allow(unused, clippy::allow_attributes, reason = "it stays where it is")] unused: u8,
) -> u8 {
    value
}

#[notify]
fn first(values: &mut Vec<u8>) -> &mut u8 {
    values.push(1);
    &mut values[0]
}

#[notify]
fn weaker(unit: &mut ()) -> &() {
    unit
}

#[notify]
fn r#raw(r#type: u8, r#match: u8) -> u8 {
    r#type + r#match
}

#[notify]
fn locked(mutex: &Mutex<u8>) -> MutexGuard<'_, u8> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[notify]
fn borrowed(cell: &RefCell<u8>) -> Ref<'_, u8> {
    cell.borrow()
}

#[notify]
fn called(mut each: impl FnMut(u8), once: impl FnOnce() -> u8) {
    each(once());
    each(2);
}

#[test]
fn patterns_bind_as_before() {
    ok("arguments.mutable", || assert_eq!(mutable(vec![]), [1]));
    let pair = Pair {
        left: "a".to_owned(),
        right: "bc".to_owned(),
    };
    ok("arguments.destructured", || {
        let text = destructured((1, 2), pair.clone(), [3, 4], Unit(5));
        assert_eq!(text, "12a345");
    });
    ok("arguments.ignored", || {
        ignored(String::new(), String::new())
    });
    ok("arguments.moved", || moved("a".to_owned()));
    ok("arguments.partially_moved", || {
        assert_eq!(partially_moved(pair), 3);
    });
    ok("arguments.conditional", || conditional(1, 2));
    ok("arguments.raw", || assert_eq!(raw(1, 2), 3));
}

#[test]
fn borrows_pass_through() {
    ok("arguments.first", || assert_eq!(*first(&mut vec![3]), 3));
    ok("arguments.weaker", || weaker(&mut ()) == &());
    ok("arguments.locked", || {
        assert_eq!(*locked(&Mutex::new(1)), 1);
    });
    ok("arguments.borrowed", || {
        assert_eq!(*borrowed(&RefCell::new(1)), 1);
    });
    ok("arguments.called", || {
        let mut seen = Vec::new();
        called(|value| seen.push(value), || 1);
        assert_eq!(seen, [1, 2]);
    });
}

thread_local! {
    static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

struct Noisy(&'static str);

impl Drop for Noisy {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
    }
}

fn dropped() -> Vec<&'static str> {
    DROPPED.take()
}

/// The same function with and without the attribute.
macro_rules! twice {
    ($plain:ident, $annotated:ident, $($function:tt)*) => {
        mod $plain {
            #[allow(clippy::wildcard_imports, clippy::allow_attributes, reason = "a macro")]
            use super::*;
            pub(super) $($function)*
        }
        mod $annotated {
            #[allow(clippy::wildcard_imports, clippy::allow_attributes, reason = "a macro")]
            use super::*;
            #[notify]
            pub(super) $($function)*
        }
    };
}

twice! { plain, annotated, fn drops(a: Noisy, (b, c): (Noisy, Noisy), _d: Noisy) -> &'static str {
    let _local = Noisy("local");
    let _ = (&c, &a);
    b.0
} }

twice! { plain_future, annotated_future, async fn drops(a: Noisy, b: Noisy, _c: Noisy) -> &'static str {
    let _local = Noisy("local");
    let _ = &b;
    a.0
} }

twice! { plain_opaque, annotated_opaque, fn drops(a: Noisy, b: Noisy) -> impl std::fmt::Display {
    let _local = Noisy("local");
    let _ = &b;
    a.0
} }

twice! { plain_unnamed, annotated_unnamed, fn drops(_a: Noisy, _: Noisy, (_b, _): (Noisy, Noisy), (_, _): (Noisy, Noisy), _c: Noisy) {
    let _local = Noisy("local");
} }

twice! { plain_unnamed_future, annotated_unnamed_future, async fn drops(_a: Noisy, _: Noisy, [_b, _]: [Noisy; 2]) {
    let _local = Noisy("local");
} }

twice! { plain_either, annotated_either, fn drops(a: Noisy, (Ok(b) | Err(b)): Result<Noisy, Noisy>) {
    let _local = Noisy("local");
    let _ = (&a, &b);
} }

twice! { plain_tail, annotated_tail, fn drops(_a: Noisy, _: Noisy) -> impl std::fmt::Display {
    let _local = Noisy("local");
    Noisy("temporary").0.len()
} }

// Issue 12, point 26. Of temporaries in the tail each edition has its rule, and `edition-2021` runs
// this once more.
#[test]
fn what_has_no_name_is_dropped_in_the_native_order() {
    switch_on();
    let pair = |first, second| (Noisy(first), Noisy(second));
    let call = |function: fn(Noisy, Noisy, (Noisy, Noisy), (Noisy, Noisy), Noisy)| {
        function(
            Noisy("a"),
            Noisy("_"),
            pair("b", "_b"),
            pair("_1", "_2"),
            Noisy("c"),
        );
        dropped()
    };
    let native = call(plain_unnamed::drops);
    assert_eq!(native, ["local", "c", "_1", "_2", "b", "_b", "_", "a"]);
    assert_eq!(call(annotated_unnamed::drops), native);

    let array = || [Noisy("b"), Noisy("_b")];
    block(plain_unnamed_future::drops(Noisy("a"), Noisy("_"), array()));
    let native = dropped();
    block(annotated_unnamed_future::drops(
        Noisy("a"),
        Noisy("_"),
        array(),
    ));
    assert_eq!(dropped(), native);

    drop(plain_tail::drops(Noisy("a"), Noisy("_")));
    let native = dropped();
    drop(annotated_tail::drops(Noisy("a"), Noisy("_")));
    assert_eq!(dropped(), native);
}

#[test]
fn arguments_are_dropped_in_the_native_order() {
    switch_on();
    let call = |function: fn(Noisy, (Noisy, Noisy), Noisy) -> &'static str| {
        function(Noisy("a"), (Noisy("b"), Noisy("c")), Noisy("d"));
        dropped()
    };
    assert_eq!(call(plain::drops), ["local", "d", "c", "b", "a"]);
    assert_eq!(call(annotated::drops), call(plain::drops));

    plain_either::drops(Noisy("a"), Err(Noisy("b")));
    let native = dropped();
    annotated_either::drops(Noisy("a"), Err(Noisy("b")));
    assert_eq!(dropped(), native);

    block(plain_future::drops(Noisy("a"), Noisy("b"), Noisy("c")));
    let native = dropped();
    block(annotated_future::drops(Noisy("a"), Noisy("b"), Noisy("c")));
    assert_eq!(dropped(), native);

    drop(plain_opaque::drops(Noisy("a"), Noisy("b")));
    let native = dropped();
    drop(annotated_opaque::drops(Noisy("a"), Noisy("b")));
    assert_eq!(dropped(), native);
}

fn none<T>() -> T {
    panic!("there is none")
}

#[notify(name = none::<String>())]
fn name_panics() -> u8 {
    1
}

#[notify(channel = none::<&str>(), silent_seconds = none::<u8>())]
fn argument_panics() -> u8 {
    1
}

#[test]
fn a_name_that_panics_is_the_default_name() {
    ok("arguments.name_panics", || assert_eq!(name_panics(), 1));
}

#[test]
fn an_argument_that_panics_is_the_default() {
    ok("arguments.argument_panics", || {
        assert_eq!(argument_panics(), 1);
    });
}
