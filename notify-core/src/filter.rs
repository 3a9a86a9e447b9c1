//! `errors(…)` and `when`: which errors are failures.

use std::any::Any;
use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use crate::classify::{AsError, NoError, Probe};

/// Errors in a chain that are looked at: one that leads back into itself has no end.
const CAUSES: usize = 128;

/// An error that a filter can look at.
#[diagnostic::on_unimplemented(
    message = "`errors` and `when` choose among errors, and this function returns no `Result`",
    label = "there is no error to choose",
    note = "take the filter off, or return a `Result`"
)]
pub trait Filterable {}

impl<E> Filterable for Probe<'_, E> {}

/// What a filter looks at. That there is something to look at is [`Filterable`]'s to say, once.
pub trait Failure {
    /// The type of the error.
    type Error;
    fn error(&self) -> &Self::Error;
}

impl<E> Failure for Probe<'_, E> {
    type Error = E;
    fn error(&self) -> &E {
        self.0
    }
}

impl Failure for NoError {
    type Error = Infallible;
    fn error(&self) -> &Infallible {
        &self.0
    }
}

/// Returns the error that a filter looks at.
pub fn error<P: Filterable + Failure>(probe: &P) -> &P::Error {
    probe.error()
}

/// Asks the filter that `when` gives.
pub fn when<E>(error: &E, filter: fn(&E) -> bool) -> bool {
    filter(error)
}

/// An error as `errors` sees it.
#[derive(Debug)]
pub struct Found<'a> {
    /// The error itself, whatever its type.
    itself: &'a dyn Any,
    /// The beginning of its chain, if it is one.
    chain: Option<&'a (dyn Error + 'static)>,
}

/// The rung for what points to an error of an unknown type.
pub trait FindTarget<'a> {
    fn __notify_find(&self) -> Found<'a>;
}

/// Errors of an unknown type that can be told what type they are.
pub trait AsStaticError {
    fn as_static_error(&self) -> &(dyn Error + 'static);
}

macro_rules! as_static_error {
    ($($(+ $auto:ident)*;)*) => { $(
        impl AsStaticError for dyn Error $(+ $auto)* + 'static {
            fn as_static_error(&self) -> &(dyn Error + 'static) {
                self
            }
        }
    )* };
}

as_static_error! {
    ;
    + Send;
    + Sync;
    + Send + Sync;
}

impl<'a, E> FindTarget<'a> for &&Probe<'a, E>
where
    E: Deref + 'static,
    E::Target: AsError + AsStaticError,
{
    fn __notify_find(&self) -> Found<'a> {
        Found {
            itself: self.0,
            chain: Some(E::deref(self.0).as_static_error()),
        }
    }
}

/// The rung for errors.
pub trait FindError<'a> {
    fn __notify_find(&self) -> Found<'a>;
}

impl<'a, E: Error + 'static> FindError<'a> for &Probe<'a, E> {
    fn __notify_find(&self) -> Found<'a> {
        Found {
            itself: self.0,
            chain: Some(self.0),
        }
    }
}

/// The last rung: a value that is no error can only be what it is.
pub trait FindAny<'a> {
    fn __notify_find(&self) -> Found<'a>;
}

impl<'a, E: 'static> FindAny<'a> for Probe<'a, E> {
    fn __notify_find(&self) -> Found<'a> {
        Found {
            itself: self.0,
            chain: None,
        }
    }
}

impl NoError {
    pub fn __notify_find(&self) -> Found<'static> {
        match self.0 {}
    }
}

/// A type that `errors` lists.
#[derive(Debug)]
pub struct Listed<T>(PhantomData<fn() -> T>);

impl<T> Listed<T> {
    /// Names the type.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "it names a type, and is no value"
    )]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// The rung for types that are errors, which may stand anywhere in a chain.
pub trait ListedError {
    fn __notify_is(&self, found: &Found<'_>) -> bool;
}

impl<T: Error + 'static> ListedError for &Listed<T> {
    fn __notify_is(&self, found: &Found<'_>) -> bool {
        is::<T>(found.itself) || found.chain.is_some_and(in_chain::<T>)
    }
}

/// A type that `errors` may list.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type of error",
    label = "not an error",
    note = "`errors(…)` lists types that implement `std::error::Error`, or `String`, or `&'static str`"
)]
pub trait Listable: 'static {}

impl Listable for String {}
impl Listable for &'static str {}

/// The rung for the rest.
pub trait ListedOther {
    type Type;
    fn __notify_is(&self, found: &Found<'_>) -> bool
    where
        Self::Type: Listable;
}

impl<T> ListedOther for Listed<T> {
    type Type = T;
    fn __notify_is(&self, found: &Found<'_>) -> bool
    where
        T: Listable,
    {
        is::<T>(found.itself)
    }
}

/// Stands in for the `downcast_ref` that `anyhow::Error` and `eyre::Report` have, which alone finds
/// what their `context` put in: theirs comes first where there is one.
pub trait NoDowncast {
    fn downcast_ref<T>(&self) -> Option<&T> {
        None
    }
}

impl<E> NoDowncast for E {}

/// Looks for the type as the value itself, and behind the usual pointers.
fn is<T: 'static>(error: &dyn Any) -> bool {
    error.is::<T>() || error.is::<Box<T>>() || error.is::<Arc<T>>() || error.is::<Rc<T>>()
}

fn in_chain<T: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    for _ in 0..CAUSES {
        let Some(error) = next else {
            return false;
        };
        if error.is::<T>() || error.is::<Box<T>>() || error.is::<Arc<T>>() {
            return true;
        }
        // The chain of an `io::Error` leaves out the error that it was made from.
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}
