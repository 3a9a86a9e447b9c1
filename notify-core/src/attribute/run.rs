//! One call of an annotated function: what the expansion calls.

use std::any::type_name;
use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::process::{ExitCode, Termination};
use std::thread;

use crate::attribute::classify::{Caused, Classify, Verdict};
use crate::format::text;
use crate::job::Site;
use crate::os::isolate;
use crate::os::warning::Warning;
use crate::runs::panic;
use crate::runs::run::{self, Run};
use crate::runs::shutdown;
use crate::runs::stack::{Entered, is_nested, on_this_thread};
use crate::status::outcome::Outcome;

/// A run under way, or nothing where runs are not reported. Dropped before it is finished, it was
/// cancelled.
#[derive(Debug)]
#[must_use = "a run that is dropped is cancelled"]
pub struct Frame {
    run: Option<Run>,
}

impl Frame {
    /// Begins a run.
    #[inline]
    pub fn new(site: &'static Site, name: Option<String>) -> Self {
        if run::is_active(site) {
            Self::begin(site, name)
        } else {
            Self { run: None }
        }
    }

    #[cold]
    #[inline(never)]
    fn begin(site: &'static Site, name: Option<String>) -> Self {
        panic::watch();
        shutdown::prepare();
        let nested = is_nested();
        let run = isolate::contain(|| run::begin(site, name, nested));
        Self { run }
    }

    /// Runs a piece of the function as part of this run.
    pub(crate) fn run<R>(&mut self, body: impl FnOnce() -> R) -> R {
        let Some(run) = &self.run else {
            return body();
        };
        let entered = Entered::new(run.id());
        let panics = panic::count();
        match isolate::catch(body) {
            Ok(value) => value,
            Err(payload) => {
                drop(entered);
                self.end(&Outcome::Panicked(panic::of(&payload, panics)));
                resume_unwind(payload)
            }
        }
    }

    /// Ends the run with what its function returned.
    #[inline]
    pub fn finish<R>(mut self, value: R, classify: fn(&R) -> Verdict<'_>) -> R {
        if self.run.is_some() {
            let mut verdict = isolate::contain(|| classify(&value)).unwrap_or_else(unreadable);
            verdict.outcome = with_cause(verdict.outcome);
            self.end_returned(&verdict, || says_exit_code(type_name::<R>()));
        }
        value
    }

    /// Stands after the end of a future that has none.
    pub fn never(self, (): ()) -> ! {
        unreachable!("a function that returns `!` has returned")
    }

    #[cold]
    fn end_returned(&mut self, verdict: &Verdict<'_>, says_exit_code: fn() -> bool) {
        if let Some(run) = self.run.take() {
            let Verdict { outcome, cause } = verdict;
            let end = || run.end_returned(on_this_thread, outcome, *cause, says_exit_code);
            let _ = isolate::contain(end);
        }
    }

    #[cold]
    pub(crate) fn end(&mut self, outcome: &Outcome) {
        if let Some(run) = self.run.take() {
            let _ = isolate::contain(|| run.end_inside(on_this_thread, outcome, None));
        }
    }
}

/// Adds what is known of the panic of another thread, where the error says no more than that; above the
/// error's backtrace.
fn with_cause(mut outcome: Outcome) -> Outcome {
    if let Outcome::Failed(text) = &mut outcome
        && panic::count() > 0
        && panic::is_vague(text)
        && let Some(cause) = isolate::contain(|| panic::cause(text)).flatten()
    {
        let error = text::before_backtrace(text).trim_end().len();
        text.insert_str(error, &cause);
    }
    outcome
}

/// Finds out of a type whether its values say which exit code they become in `main`. Of one that is not known
/// here the exit of the process decides.
fn says_exit_code(type_name: &str) -> bool {
    const KNOWN: [&str; 4] = [
        "()",
        "!",
        "core::convert::Infallible",
        "std::process::ExitCode",
    ];
    let value = type_name.strip_prefix("core::result::Result<");
    KNOWN.into_iter().any(|known| match value {
        None => type_name == known,
        Some(value) => value
            .strip_prefix(known)
            .is_some_and(|rest| rest.starts_with(", ")),
    })
}

fn unreadable<'a>() -> Verdict<'a> {
    Outcome::Failed("what it returned could not be read: that panicked".to_owned()).into()
}

impl Drop for Frame {
    #[inline]
    fn drop(&mut self) {
        if self.run.is_some() {
            self.end(&Outcome::Cancelled);
        }
    }
}

/// A run of a function whose value cannot be seen, because its type is opaque.
#[derive(Debug)]
#[must_use = "the run ends with this"]
pub struct Guard {
    frame: Frame,
    entered: Option<Entered>,
    /// A function that is called while its thread unwinds already did not panic itself.
    was_panicking: bool,
    panics: usize,
}

impl Guard {
    /// Begins a run, which ends when this is dropped.
    #[inline]
    pub fn new(site: &'static Site, name: Option<String>) -> Self {
        let frame = Frame::new(site, name);
        let entered = frame.run.as_ref().map(|run| Entered::new(run.id()));
        Self {
            was_panicking: entered.is_some() && thread::panicking(),
            panics: if entered.is_some() { panic::count() } else { 0 },
            entered,
            frame,
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.entered.take().is_some() {
            self.frame
                .end(&if thread::panicking() && !self.was_panicking {
                    Outcome::Panicked(panic::unwinding(self.panics))
                } else {
                    Outcome::Returned
                });
        }
    }
}

/// Makes this run's name, where the attribute's `name` says how.
#[inline]
pub fn name<N: Into<String>>(site: &'static Site, name: impl FnOnce() -> N) -> Option<String> {
    if !run::is_active(site) {
        return None;
    }
    let name = isolate::contain(|| name().into());
    if name.is_none() {
        let message = format!(
            "#[notify] at {}:{}: `name` panicked when it was evaluated: the default is used",
            site.place.file(),
            site.place.line()
        );
        let _ = isolate::contain(|| Warning::new(message.clone(), message).warn());
    }
    name.filter(|name| !name.is_empty())
}

/// Takes a body. Only here, where it meets this bound, does the compiler take it for a function that
/// is called once.
#[inline]
pub fn once<R, F: FnOnce() -> R>(body: F) -> F {
    body
}

/// Names the type that a body returns.
#[derive(Debug)]
pub struct Returns<R>(PhantomData<fn() -> R>);

impl<R> Returns<R> {
    /// Names a type that can be written.
    #[inline]
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "it names a type, and is no value"
    )]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// Names the type that a body returns.
    #[inline]
    #[must_use]
    pub fn of<F: FnOnce() -> R>(_: &F) -> Self {
        Self::new()
    }
}

/// The way to run a body that returns a plain value.
#[derive(Debug)]
pub struct Plain;

/// The last rung: any value is a plain one.
pub trait AnyType {
    type Value;
    fn __notify_way(&self) -> Caused<Self::Value, Plain>;
}

impl<R> AnyType for &Returns<R> {
    type Value = R;

    #[inline]
    fn __notify_way(&self) -> Caused<R, Plain> {
        Caused(PhantomData)
    }
}

impl<R> Classify<R, Plain> {
    /// Runs the body, and reports what it returns.
    #[inline]
    pub fn __notify_call<F: FnOnce() -> R>(
        self,
        site: &'static Site,
        name: Option<String>,
        body: F,
    ) -> R {
        run(site, name, body, self.0)
    }
}

/// Runs a body, and reports what it returns.
#[inline]
pub fn run<R, F: FnOnce() -> R>(
    site: &'static Site,
    name: Option<String>,
    body: F,
    classify: fn(&R) -> Verdict<'_>,
) -> R {
    if !run::is_active(site) {
        // Here, so that a value of any size stands once on the stack of a function that calls itself.
        return body();
    }
    let mut frame = Frame::begin(site, name);
    let value = frame.run(body);
    frame.finish(value, classify)
}

/// Runs a body that returns `impl Termination`, whose exit code counts.
#[inline]
pub fn terminate<R: Termination, F: FnOnce() -> R>(
    site: &'static Site,
    name: Option<String>,
    body: F,
    classify: fn(&R) -> Verdict<'_>,
) -> ExitCode {
    let mut frame = Frame::new(site, name);
    let value = frame.run(body);
    if frame.run.is_none() {
        return value.report();
    }
    let verdict = isolate::contain(|| classify(&value)).unwrap_or_else(unreadable);
    let outcome = verdict.outcome;
    let code = frame.run(|| value.report());
    let verdict = match outcome {
        Outcome::Returned => Verdict::of_exit_code(code),
        // The error itself has become the code.
        failure => failure.into(),
    };
    frame.end_returned(&verdict, || true);
    code
}

/// Names the type that a function returns: the one way to write `!` as a type.
pub trait Output {
    /// That type.
    type Type;
}

impl<R> Output for fn() -> R {
    type Type = R;
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::hint::black_box;

    use super::*;

    /// Of more values on each level, functions that call themselves would find the end of their stack sooner.
    #[test]
    fn a_function_that_runs_bare_puts_its_value_on_the_stack_few_times() {
        static SITE: Site = Site::new::<Frame>("etl::walk", true, true, "");
        type Value = [u64; 512];
        fn here() -> usize {
            let local = 0_u8;
            &raw const *black_box(&local) as usize
        }
        fn walk(levels: usize, lowest: &mut usize) -> Value {
            let body = move || {
                *lowest = here();
                let mut value = [0; 512];
                if levels > 0 {
                    value = walk(levels - 1, lowest);
                    value[0] += 1;
                }
                value
            };
            run(&SITE, None, body, |_| Outcome::Returned.into())
        }
        let (mut first, mut last) = (0, 0);
        assert_eq!(walk(1, &mut first)[0], 1);
        assert_eq!(walk(33, &mut last)[0], 33);
        let of_each_level = (first - last) / 32;
        assert!(
            of_each_level < 5 * size_of::<Value>(),
            "{of_each_level} bytes"
        );
    }

    /// issue 12, point 1
    #[test]
    fn a_type_says_its_exit_code_where_the_standard_library_makes_it_of_the_value() {
        struct Exit;
        for (name, says) in [
            (type_name::<()>(), true),
            (type_name::<ExitCode>(), true),
            (type_name::<Infallible>(), true),
            (type_name::<Result<(), String>>(), true),
            (type_name::<std::io::Result<()>>(), true),
            (
                type_name::<Result<ExitCode, Box<dyn std::error::Error>>>(),
                true,
            ),
            (type_name::<Result<Infallible, ()>>(), true),
            (type_name::<Exit>(), false),
            (type_name::<Result<Exit, String>>(), false),
            (type_name::<Result<Result<(), String>, String>>(), false),
            (type_name::<Result<((), u8), String>>(), false),
            (type_name::<Option<()>>(), false),
        ] {
            assert_eq!(says_exit_code(name), says, "{name}");
        }
    }
}
