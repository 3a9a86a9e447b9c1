//! From a value to an outcome, by what the value's type can do.
//!
//! The compiler chooses: a method is looked for on a type, then on what it dereferences to, and so on,
//! and of the methods of one name the first is taken whose bounds hold. So each type of the ladder is a
//! rung, better than the next, and the choice is right in aliases, in generic functions, and for
//! opaque types, where no look at the tokens helps. A rung asks for no lifetime, because the choice
//! does not see lifetimes, and the error would come afterwards. Where two ways to look are not better
//! and worse but a case and the rest, the case is the type's own method and the rest a trait's, which
//! comes second. A step to the next rung costs each build some time, and so does a closure or a `match` in
//! the expansion: the commonest rung is the first, and all that is done with a value is done here.

#![expect(clippy::unused_self, reason = "its type is the choice")]

use std::any::{Any, type_name};
use std::convert::Infallible;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::marker::PhantomData;
use std::ops::Deref;
use std::process::ExitCode;

use crate::attribute::error_text::Text;
use crate::os::isolate;
use crate::runs::panic;
use crate::status::cause::Cause;
use crate::status::outcome::{Ending, Outcome};

/// How a run ended, for the eyes of the expansion.
#[derive(Debug)]
pub struct Verdict<'a> {
    pub(crate) outcome: Outcome,
    /// What was returned, where it is an error.
    pub(crate) cause: Option<Cause<'a>>,
}

impl Verdict<'_> {
    /// Asks a filter whether this error is a failure. A filter that panics says yes.
    #[must_use]
    pub fn filtered(self, is_failure: impl FnOnce() -> bool) -> Self {
        let outcome = match self.outcome {
            Outcome::Failed(text) if !isolate::contain(is_failure).unwrap_or(true) => {
                Outcome::PassedOver(text)
            }
            outcome => outcome,
        };
        Self { outcome, ..self }
    }

    pub(crate) fn of_exit_code(code: ExitCode) -> Self {
        if code == ExitCode::SUCCESS {
            return Outcome::Returned.into();
        }
        // The number can be read nowhere else.
        let debug = format!("{code:?}");
        let number: String = debug.chars().filter(char::is_ascii_digit).collect();
        Outcome::Ended(Ending::of(format!("exit code {number}"))).into()
    }
}

impl From<Outcome> for Verdict<'_> {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            cause: None,
        }
    }
}

/// No method of [`Verdict`]: that would be for one lifetime, and a pointer to it must be for all.
fn verdict_of<R, S: Says<R>>(value: &R) -> Verdict<'_> {
    Verdict {
        outcome: S::error(value).map_or(Outcome::Returned, Outcome::Failed),
        cause: S::cause(value).map(Cause::Borrowed),
    }
}

/// The outcome of a function that returns `()`.
#[inline]
#[must_use]
pub fn nothing((): &()) -> Verdict<'_> {
    Outcome::Returned.into()
}

/// What stands behind `Box<dyn Error>`, `anyhow::Error`, `eyre::Report`.
pub trait AsError {
    fn as_error(&self) -> &(dyn Error + '_);
}

/// The same of errors that borrow nothing, for which each known type is tried.
pub trait AsStaticError {
    fn as_static_error(&self) -> &(dyn Error + 'static);
}

macro_rules! as_error {
    ($($(+ $auto:ident)*;)*) => { $(
        impl<'a> AsError for dyn Error $(+ $auto)* + 'a {
            fn as_error(&self) -> &(dyn Error + '_) {
                self
            }
        }

        impl AsStaticError for dyn Error $(+ $auto)* + 'static {
            fn as_static_error(&self) -> &(dyn Error + 'static) {
                self
            }
        }
    )* };
}

as_error! {
    ;
    + Send;
    + Sync;
    + Send + Sync;
}

/// What stands behind the error of a `std::thread::Result`.
pub trait AsPayload {
    fn as_payload(&self) -> &dyn Any;
}

macro_rules! as_payload {
    ($($(+ $auto:ident)*;)*) => { $(
        impl AsPayload for dyn Any $(+ $auto)* {
            fn as_payload(&self) -> &dyn Any {
                self
            }
        }
    )* };
}

as_payload! {
    ;
    + Send;
    + Send + Sync;
}

/// What a rung says of a value.
pub trait Says<R> {
    /// Returns the text of its error; `None` where it is no error.
    fn error(value: &R) -> Option<String>;

    /// Returns its error, where that is one.
    fn cause(_: &R) -> Option<&(dyn Error + '_)> {
        None
    }
}

/// Links the rungs: where one has no fitting method, the next is asked.
macro_rules! next {
    ($rung:ident) => {};
    ($rung:ident => $next:ident $($rest:tt)*) => {
        impl<R, W> Deref for $rung<R, W> {
            type Target = $next<R, W>;

            #[inline]
            fn deref(&self) -> &Self::Target {
                &$next(PhantomData)
            }
        }

        next!($next $($rest)*);
    };
}

/// Types whose `Debug` is their text once more, in quotes.
const TEXTS: [&str; 4] = [
    "&str",
    "alloc::string::String",
    "alloc::borrow::Cow<str>",
    "alloc::boxed::Box<str>",
];

/// A rung: the type of its name, the bounds of its errors, its text for one, and the error itself.
macro_rules! rung {
    ($(#[$doc:meta])* $rung:ident [$($bound:tt)*] $says:expr $(, $cause:expr)?) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $rung<R, W>(pub(crate) PhantomData<fn() -> (R, W)>);

        impl<T, E, W> $rung<Result<T, E>, W>
        where
            $($bound)*
        {
            #[inline]
            #[must_use]
            pub fn __notify_rung(&self) -> Seen<Result<T, E>, W, Self> {
                Seen::new()
            }
        }

        impl<T, E, W> Says<Result<T, E>> for $rung<Result<T, E>, W>
        where
            $($bound)*
        {
            fn error(value: &Result<T, E>) -> Option<String> {
                let says: fn(&E, &mut Text) = $says;
                let error = value.as_ref().err()?;
                let mut text = Text::new();
                says(error, &mut text);
                Some(text.finish())
            }

            $(
                fn cause(value: &Result<T, E>) -> Option<&(dyn Error + '_)> {
                    let cause: fn(&E) -> Option<&(dyn Error + '_)> = $cause;
                    value.as_ref().err().and_then(cause)
                }
            )?
        }
    };
}

rung! {
    /// The rung for errors, and the first: most are.
    Caused [E: Error] |error, text| text.chain(error), |error| Some(error)
}

rung! {
    /// The rung for what points to an error of an unknown type.
    Pointing [E: Debug + Deref, E::Target: AsError] |error, text| {
        if let Some(error) = isolate::contain(|| error.deref().as_error()) {
            text.chain(error);
        } else {
            text.display(&"(the error could not be read: that panicked)");
        }
        text.backtrace(error);
    }, |error| isolate::contain(|| error.deref().as_error())
}

rung! {
    /// The rung for reports that point to an error behind a trait of their own, and for `Box`es of it.
    Behind [E: Display + Debug + Deref, E::Target: Error] |error, text| {
        if let Some(target) = isolate::contain(|| &**error) {
            text.chain(&target);
        } else {
            text.long(error);
        }
        text.account(error);
    }
}

rung! {
    /// The rung for what can be shown, and may have more to say in its `Debug`.
    Traced [E: Display + Debug] |error, text| {
        text.long(error);
        if !TEXTS.contains(&type_name::<E>()) {
            text.account(error);
        }
    }
}

rung! {
    /// The rung for what can be shown.
    Shown [E: Display] |error, text| text.long(error)
}

rung! {
    /// The rung for what a thread panicked with, as `join` returns it.
    Caught [E: Deref, E::Target: AsPayload] |error, text| {
        if let Some(payload) = isolate::contain(|| &**error) {
            text.write(format_args!("{}", panic::elsewhere(payload.as_payload())));
        }
    }
}

rung! {
    /// The rung for what can be shown to a programmer only.
    Debugged [E: Debug] |error, text| text.write(format_args!("{error:?}"))
}

rung! {
    /// The rung for errors of which only the name of the type is known.
    Named [] |_, text| text.write(format_args!("an error of type {}", type_name::<E>()))
}

/// The last rung, for what is no `Result`.
#[derive(Debug)]
pub struct Whole<R, W>(PhantomData<fn() -> (R, W)>);

impl<R, W> Whole<R, W> {
    #[inline]
    #[must_use]
    pub fn __notify_rung(&self) -> Seen<R, W, Self> {
        Seen::new()
    }
}

impl<R, W> Says<R> for Whole<R, W> {
    fn error(_: &R) -> Option<String> {
        None
    }
}

next!(Caused => Pointing => Behind => Traced => Shown => Caught => Debugged => Named => Whole);

/// Looks at a value.
#[inline]
#[must_use]
pub fn look<R>(_: &R) -> Caused<R, ()> {
    Caused(PhantomData)
}

/// A returned type, the way of its function, and the rung for its errors.
#[derive(Debug)]
pub struct Seen<R, W, S>(PhantomData<fn() -> R>, PhantomData<W>, PhantomData<S>);

impl<R, W, S> Seen<R, W, S> {
    #[inline]
    const fn new() -> Self {
        Self(PhantomData, PhantomData, PhantomData)
    }
}

impl<W, S: Says<ExitCode>> Seen<ExitCode, W, S> {
    #[inline]
    #[must_use]
    pub fn __notify_classify(&self) -> Classify<ExitCode, W> {
        Classify::new(|code| Verdict::of_exit_code(*code))
    }
}

impl<E, W, S: Says<Result<ExitCode, E>>> Seen<Result<ExitCode, E>, W, S> {
    #[inline]
    #[must_use]
    pub fn __notify_classify(&self) -> Classify<Result<ExitCode, E>, W> {
        Classify::new(|value| match value {
            Ok(code) => Verdict::of_exit_code(*code),
            Err(_) => verdict_of::<_, S>(value),
        })
    }
}

/// What holds no exit code: all its values are success.
pub trait NoExitCode {
    type Value;
    type Way;
    fn __notify_classify(&self) -> Classify<Self::Value, Self::Way>;
}

impl<R, W, S: Says<R>> NoExitCode for Seen<R, W, S> {
    type Value = R;
    type Way = W;

    #[inline]
    fn __notify_classify(&self) -> Classify<R, W> {
        Classify::new(verdict_of::<R, S>)
    }
}

/// Turns a value into its outcome, in a function that is run in the way `W`.
#[derive(Debug)]
pub struct Classify<R, W>(pub fn(&R) -> Verdict<'_>, PhantomData<W>);

impl<R, W> Classify<R, W> {
    #[inline]
    pub(crate) fn new(classify: fn(&R) -> Verdict<'_>) -> Self {
        Self(classify, PhantomData)
    }

    /// Goes by another function, which asks a filter.
    #[inline]
    #[must_use]
    pub fn by(mut self, classify: fn(&R) -> Verdict<'_>) -> Self {
        self.0 = classify;
        self
    }
}

/// A value whose error a filter looks at.
#[derive(Debug)]
pub struct Probe<'a, T: ?Sized>(pub &'a T);

/// The two sides of a result.
#[derive(Debug)]
pub enum Split<E> {
    /// What counts as a value.
    Value,
    /// What counts as an error.
    Error(E),
}

/// The error of a value that is no `Result`.
#[derive(Debug)]
pub struct NoError(pub(crate) Infallible);

impl<'a, T, E> Probe<'a, Result<T, E>> {
    #[must_use]
    pub fn __notify_split(&self) -> Split<Probe<'a, E>> {
        match self.0 {
            Ok(_) => Split::Value,
            Err(error) => Split::Error(Probe(error)),
        }
    }
}

/// The rung for values that are no `Result`.
pub trait AnyValue {
    fn __notify_split(&self) -> Split<NoError> {
        Split::Value
    }
}

impl<T> AnyValue for &Probe<'_, T> {}
