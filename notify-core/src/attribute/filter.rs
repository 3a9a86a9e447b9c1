//! `errors(…)` and `when`: which errors are failures.

use std::any::Any;
use std::convert::Infallible;
use std::error::Error;
use std::marker::PhantomData;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use crate::attribute::classify::{AsError, AsStaticError, NoError, Probe, Verdict};
use crate::status::cause::{self, Cause};

/// An error that a filter can look at.
#[diagnostic::on_unimplemented(
    message = "`errors` and `when` choose among errors, and this function returns no `Result`",
    label = "there is no error to choose",
    note = "take the filter off, or return a `Result`"
)]
pub trait Filterable {}

impl<E> Filterable for Probe<'_, E> {}

/// What a filter looks at. The error that there is nothing to look at comes from [`Filterable`], once.
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

/// An error as `errors` sees it, and whether that is all of it.
#[derive(Debug)]
pub struct Found<'a, E, S> {
    /// The error itself, whatever its type.
    itself: &'a dyn Any,
    /// The beginning of its chain, if it is one.
    chain: Option<&'a (dyn Error + 'static)>,
    sight: PhantomData<fn() -> (E, S)>,
}

impl<'a, E: 'static, S> Found<'a, E, S> {
    fn new(error: &'a E, chain: Option<&'a (dyn Error + 'static)>) -> Self {
        Self {
            itself: error,
            chain,
            sight: PhantomData,
        }
    }
}

/// All that the error holds can be seen: what is not found is not there.
#[derive(Debug)]
pub struct Whole;

/// Seen only by who asks the error itself, by its own `downcast_ref`.
#[derive(Debug)]
pub struct Asked;

/// Seen by nobody: a private type may stand between the error and what it was made from.
#[derive(Debug)]
pub struct Hidden;

/// Takes the pointer off an error; the rung for those that have none.
pub trait Bare<'a> {
    type Error;
    fn __notify_bare(&self) -> Probe<'a, Self::Error>;
}

impl<'a, E> Bare<'a> for Probe<'a, E> {
    type Error = E;
    fn __notify_bare(&self) -> Probe<'a, E> {
        Probe(self.0)
    }
}

impl NoError {
    #[must_use]
    pub fn __notify_bare(&self) -> Probe<'static, Infallible> {
        match self.0 {}
    }
}

macro_rules! pointers {
    ($to:ident: $($pointer:ty),*) => { $(
        impl<'a, $to> Probe<'a, $pointer> {
            #[must_use]
            pub fn __notify_bare(&self) -> Probe<'a, $to> {
                Probe(&**self.0)
            }
        }

        impl<'a, $to: ?Sized + AsStaticError + 'static> FindPointed<'a> for &&&&&Probe<'a, $pointer> {
            type Error = $pointer;
            fn __notify_find(&self) -> Found<'a, $pointer, Whole> {
                Found::new(self.0, Some((**self.0).as_static_error()))
            }
        }
    )* };
}

pointers!(T: Box<T>, Rc<T>, Arc<T>, &'static T);

/// The first rung, for `Box<dyn Error>` and its like.
pub trait FindPointed<'a> {
    type Error;
    fn __notify_find(&self) -> Found<'a, Self::Error, Whole>;
}

/// The rung for shared errors behind a trait of the user's, which are errors themselves and hide
/// what they point to.
pub trait FindShared<'a> {
    type Error;
    fn __notify_find(&self) -> Found<'a, Self::Error, Hidden>;
}

impl<'a, T: ?Sized + Error + 'static> FindShared<'a> for &&&&Probe<'a, Arc<T>> {
    type Error = Arc<T>;
    fn __notify_find(&self) -> Found<'a, Arc<T>, Hidden> {
        Found::new(self.0, None)
    }
}

impl<'a, T: ?Sized + Error + 'static> FindShared<'a> for &&&&Probe<'a, &'static T> {
    type Error = &'static T;
    fn __notify_find(&self) -> Found<'a, &'static T, Hidden> {
        Found::new(self.0, None)
    }
}

/// The rung for errors.
pub trait FindError<'a> {
    type Error;
    fn __notify_find(&self) -> Found<'a, Self::Error, Whole>;
}

impl<'a, E: Error + 'static> FindError<'a> for &&&Probe<'a, E> {
    type Error = E;
    fn __notify_find(&self) -> Found<'a, E, Whole> {
        Found::new(self.0, Some(self.0))
    }
}

/// The rung for reports that point to an error of an unknown type, as those of `anyhow` and `eyre` do.
pub trait FindReport<'a> {
    type Error;
    fn __notify_find(&self) -> Found<'a, Self::Error, Asked>;
}

impl<'a, E> FindReport<'a> for &&Probe<'a, E>
where
    E: Deref + 'static,
    E::Target: AsError + AsStaticError,
{
    type Error = E;
    fn __notify_find(&self) -> Found<'a, E, Asked> {
        Found::new(self.0, Some(E::deref(self.0).as_static_error()))
    }
}

/// The rung for what points to an error behind another trait: what lacks that trait stands there in
/// a wrapper whose type nobody can name.
pub trait FindBehind<'a> {
    type Error;
    fn __notify_find(&self) -> Found<'a, Self::Error, Hidden>;
}

impl<'a, E> FindBehind<'a> for &Probe<'a, E>
where
    E: Deref + 'static,
    E::Target: Error,
{
    type Error = E;
    fn __notify_find(&self) -> Found<'a, E, Hidden> {
        Found::new(self.0, None)
    }
}

/// The last rung: a value that is no error can only be what it is, or answer for itself.
pub trait FindAny<'a> {
    type Error;
    fn __notify_find(&self) -> Found<'a, Self::Error, Asked>;
}

impl<'a, E: 'static> FindAny<'a> for Probe<'a, E> {
    type Error = E;
    fn __notify_find(&self) -> Found<'a, E, Asked> {
        Found::new(self.0, None)
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
    fn __notify_is<E, S>(&self, found: &Found<'_, E, S>) -> bool;
}

impl<T: Error + 'static> ListedError for &Listed<T> {
    fn __notify_is<E, S>(&self, found: &Found<'_, E, S>) -> bool {
        found.itself.is::<T>()
            || found
                .chain
                .is_some_and(|chain| cause::find::<T>(chain).is_some())
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
    fn __notify_is<E, S>(&self, found: &Found<'_, E, S>) -> bool
    where
        Self::Type: Listable;
}

impl<T> ListedOther for Listed<T> {
    type Type = T;
    fn __notify_is<E, S>(&self, found: &Found<'_, E, S>) -> bool
    where
        T: Listable,
    {
        found.itself.is::<T>()
    }
}

impl<'a, E, S> Found<'a, E, S> {
    /// Compares the error's type with a listed one.
    #[must_use]
    pub fn __notify_beside<T>(self) -> Beside<'a, E, S, T> {
        Beside(self, PhantomData)
    }
}

/// What was found of an error of type `E`, beside a listed type `T`.
#[derive(Debug)]
pub struct Beside<'a, E, S, T>(Found<'a, E, S>, PhantomData<fn() -> T>);

impl<'a, Same, S> Beside<'a, Same, S, Same> {
    /// It is that type itself: there is nothing more to see.
    #[must_use]
    pub fn __notify_see(self) -> Found<'a, Same, Whole> {
        Found {
            itself: self.0.itself,
            chain: self.0.chain,
            sight: PhantomData,
        }
    }
}

/// The rung for two types that differ.
pub trait Differ {
    type Found;
    fn __notify_see(self) -> Self::Found;
}

impl<'a, E, S, T> Differ for Beside<'a, E, S, T> {
    type Found = Found<'a, E, S>;
    fn __notify_see(self) -> Found<'a, E, S> {
        self.0
    }
}

/// Stands in for the `downcast_ref` that `anyhow::Error`, `eyre::Report` and others have, which alone
/// finds what their `context` put in: theirs comes first where there is one.
pub trait NoDowncast {
    fn downcast_ref<T>(&self) -> Mute {
        Mute
    }
}

impl<E> NoDowncast for E {}

/// The answer of an error that cannot be asked what it holds.
#[derive(Debug)]
pub struct Mute;

/// The answer of an error of type `E` that is seen by `S`; without a fitting one nobody would ever
/// know what it holds.
#[diagnostic::on_unimplemented(
    message = "`errors(…)` cannot see what an error of type `{E}` holds",
    label = "each of its errors would be passed over",
    note = "write `when = |error| …`, which gets the error itself",
    note = "in a generic function, let the type of the error be `std::error::Error + 'static`"
)]
pub trait Answer<S, E> {
    fn is_yes(&self) -> bool;
}

impl<E> Answer<Whole, E> for Mute {
    fn is_yes(&self) -> bool {
        false
    }
}

impl<T, E> Answer<Whole, E> for Option<&T> {
    fn is_yes(&self) -> bool {
        self.is_some()
    }
}

impl<T, E> Answer<Asked, E> for Option<&T> {
    fn is_yes(&self) -> bool {
        self.is_some()
    }
}

impl<'a> Verdict<'a> {
    /// Lets a rule see the error, and not its text alone.
    #[must_use]
    pub fn showing<E, S>(self, found: &Found<'a, E, S>) -> Self {
        let cause = found.chain.map(Cause::Whole).or(self.cause);
        Self { cause, ..self }
    }
}

/// Returns what the error itself says.
pub fn says_yes<S, E, A: Answer<S, E>>(_: &Found<'_, E, S>, answer: &A) -> bool {
    answer.is_yes()
}
