//! `errors(…)` and `when`: errors that are failures, and errors that are passed over.

use std::error::Error;
use std::fmt;
use std::io;
use std::num::ParseIntError;
use std::rc::Rc;
use std::sync::Arc;

use pipeline_notify::notify;

use crate::errors::Failed;
use crate::support::{Recorded, error, passed_over, run};

/// An error that is looked for.
#[derive(Debug, Clone)]
struct Special(u8);

impl fmt::Display for Special {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "special {}", self.0)
    }
}

impl Error for Special {}

impl Special {
    fn is_odd(&self) -> bool {
        self.0 % 2 == 1
    }
}

#[notify(errors(Special))]
fn same(value: u8) -> Result<(), Special> {
    Err(Special(value))
}

#[notify(errors(Special))]
fn boxed(is_special: bool) -> Result<(), Box<dyn Error>> {
    if is_special {
        return Err(Box::new(Special(1)));
    }
    Err("other".into())
}

#[notify(errors(Special, ParseIntError))]
fn boxed_send(text: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
    if text.is_empty() {
        return Err("other".into());
    }
    Ok(text.parse()?)
}

#[notify(errors(ParseIntError))]
fn in_chain(text: &str) -> Result<u8, Failed> {
    if text.is_empty() {
        return Err(Failed(None));
    }
    Ok(text.parse()?)
}

#[notify(errors(Special))]
fn with_anyhow(case: u8) -> anyhow::Result<()> {
    match case {
        0 => Err(anyhow::Error::new(Special(0)).context("outside")),
        1 => Err(anyhow::anyhow!("inside")
            .context(Special(1))
            .context("outside")),
        _ => Err(anyhow::anyhow!("other")),
    }
}

#[notify(errors(Special))]
fn with_eyre(case: u8) -> eyre::Result<()> {
    match case {
        0 => Err(eyre::Report::new(Special(0)).wrap_err("outside")),
        1 => Err(eyre::eyre!("inside")
            .wrap_err(Special(1))
            .wrap_err("outside")),
        _ => Err(eyre::eyre!("other")),
    }
}

#[notify(errors(Special))]
fn in_io(is_special: bool) -> io::Result<()> {
    Err(if is_special {
        io::Error::other(Special(1))
    } else {
        io::Error::other("other")
    })
}

#[notify(errors(Special))]
fn shared() -> Result<(), Arc<Special>> {
    Err(Arc::new(Special(1)))
}

#[notify(errors(Special))]
fn in_box() -> Result<(), Box<Special>> {
    Err(Box::new(Special(1)))
}

#[notify(errors(String))]
fn text() -> Result<(), String> {
    Err("text".to_owned())
}

#[notify(errors(&'static str))]
fn other_text() -> Result<(), &'static str> {
    Err("text")
}

#[notify(errors(Special, String))]
fn text_among_others() -> Result<(), String> {
    Err("text".to_owned())
}

#[notify(errors(Special))]
fn shared_report(is_special: bool) -> Result<(), Arc<anyhow::Error>> {
    Err(Arc::new(if is_special {
        anyhow::Error::new(Special(1)).context("outside")
    } else {
        anyhow::anyhow!("other")
    }))
}

#[notify(errors(Special))]
fn boxed_twice(is_special: bool) -> Result<(), Box<Box<dyn Error>>> {
    Err(Box::new(if is_special {
        Special(1).into()
    } else {
        "other".into()
    }))
}

#[notify(errors(Special))]
fn counted_report() -> Result<(), Rc<Special>> {
    Err(Rc::new(Special(1)))
}

#[notify(errors(Special))]
fn shared_unknown(is_special: bool) -> Result<(), Arc<dyn Error + Send + Sync>> {
    Err(if is_special {
        Arc::new(Special(1))
    } else {
        Arc::new(Failed(None))
    })
}

#[notify(errors(Special))]
fn lasting() -> Result<(), &'static Special> {
    Err(&Special(1))
}

/// A report of the shape of `error-stack`'s: no error itself, and asked by its `downcast_ref`.
#[derive(Debug)]
struct Stack(Vec<Box<dyn std::any::Any + Send + Sync>>);

impl Stack {
    fn downcast_ref<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.iter().find_map(|frame| frame.downcast_ref())
    }
}

#[notify(errors(io::Error, Special))]
fn stacked(is_special: bool) -> Result<(), Stack> {
    Err(if is_special {
        Stack(vec![Box::new("context"), Box::new(Special(1))])
    } else {
        Stack(vec![Box::new("context")])
    })
}

#[notify(when = |error| error.0 > 1)]
fn by_closure(value: u8) -> Result<(), Special> {
    Err(Special(value))
}

#[notify(when = Special::is_odd)]
fn by_path(value: u8) -> Result<(), Special> {
    Err(Special(value))
}

#[notify(when = |error| error.kind() != io::ErrorKind::NotFound)]
fn by_kind(kind: io::ErrorKind) -> io::Result<()> {
    Err(kind.into())
}

#[notify(when = |error| error.to_string().contains('2'))]
fn generic<E: Error>(error: E) -> Result<(), E> {
    Err(error)
}

#[notify(when = |_| panic!("in the filter"))]
fn filter_panics() -> Result<(), Special> {
    Err(Special(1))
}

#[notify(errors(Special), when = |error| error.0 > 1)]
fn both(value: u8) -> Result<(), Special> {
    Err(Special(value))
}

#[notify(errors(Special))]
async fn in_future(value: u8) -> Result<(), Box<dyn Error + Send + Sync>> {
    if value == 0 {
        return Err("other".into());
    }
    Err(Special(value).into())
}

#[notify(errors(Special))]
fn panics_all_the_same() -> Result<(), Special> {
    panic!("no error");
}

#[test]
fn listed_errors_are_found_wherever_they_are() {
    error("filters.same", "special 1", || same(1));
    error("filters.boxed", "special 1", || boxed(true));
    passed_over("filters.boxed", "other", || boxed(false));
    error(
        "filters.boxed_send",
        "invalid digit found in string",
        || boxed_send("x"),
    );
    passed_over("filters.boxed_send", "other", || boxed_send(""));
    let text = "load failed\n  caused by: invalid digit found in string";
    error("filters.in_chain", text, || in_chain("x"));
    passed_over("filters.in_chain", "load failed", || in_chain(""));
    error("filters.in_io", "special 1", || in_io(true));
    passed_over("filters.in_io", "other", || in_io(false));
    error("filters.shared", "special 1", shared);
    error("filters.in_box", "special 1", in_box);
}

#[test]
fn listed_errors_are_found_in_anyhow_and_eyre_and_their_contexts() {
    for case in 0..2 {
        assert_eq!(
            run("filters.with_anyhow", || with_anyhow(case)).status,
            "ERROR",
            "{case}"
        );
        assert_eq!(
            run("filters.with_eyre", || with_eyre(case)).status,
            "ERROR",
            "{case}"
        );
    }
    passed_over("filters.with_anyhow", "other", || with_anyhow(2));
    passed_over("filters.with_eyre", "other", || with_eyre(2));
}

#[test]
fn texts_can_be_listed() {
    error("filters.text", "text", text);
    error("filters.other_text", "text", other_text);
    error("filters.text_among_others", "text", text_among_others);
}

// Issue 12, point 2; what cannot be seen is in `tests/ui/errors-unseen-*.rs`.
#[test]
fn listed_errors_are_found_behind_pointers_and_by_asking() {
    let expect = |job: &str, is_special: bool, recorded: Recorded| {
        let status = if is_special { "ERROR" } else { "OK" };
        assert_eq!(recorded.status, status, "{job}: {recorded:?}");
    };
    for is_special in [true, false] {
        let job = "filters.shared_report";
        expect(job, is_special, run(job, || shared_report(is_special)));
        let job = "filters.boxed_twice";
        expect(job, is_special, run(job, || boxed_twice(is_special)));
        let job = "filters.shared_unknown";
        expect(job, is_special, run(job, || shared_unknown(is_special)));
        let job = "filters.stacked";
        expect(job, is_special, run(job, || stacked(is_special)));
    }
    error("filters.counted_report", "special 1", counted_report);
    error("filters.lasting", "special 1", lasting);
}

#[test]
fn a_condition_decides() {
    error("filters.by_closure", "special 2", || by_closure(2));
    passed_over("filters.by_closure", "special 1", || by_closure(1));
    error("filters.by_path", "special 1", || by_path(1));
    passed_over("filters.by_path", "special 2", || by_path(2));
    passed_over("filters.by_kind", "entity not found", || {
        by_kind(io::ErrorKind::NotFound)
    });
    error("filters.by_kind", "timed out", || {
        by_kind(io::ErrorKind::TimedOut)
    });
    error("filters.generic", "special 2", || generic(Special(2)));
    passed_over("filters.generic", "special 1", || generic(Special(1)));
    error("filters.both", "special 2", || both(2));
    passed_over("filters.both", "special 1", || both(1));
}

#[test]
fn a_condition_that_panics_says_yes() {
    error("filters.filter_panics", "special 1", filter_panics);
}

#[test]
fn futures_are_filtered_by_what_they_come_to() {
    use crate::futures::block;
    error("filters.in_future", "special 1", || block(in_future(1)));
    passed_over("filters.in_future", "other", || block(in_future(0)));
}

#[test]
fn a_panic_is_a_failure_whatever_is_listed() {
    crate::support::panicked(
        "filters.panics_all_the_same",
        &["no error"],
        panics_all_the_same,
    );
}
