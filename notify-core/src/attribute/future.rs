//! Functions that return a future: the outcome of the run is that of the future.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::attribute::classify::{Caused, Classify, Verdict};
use crate::attribute::run::{Frame, Plain, Returns};
use crate::job::Site;
use crate::os::isolate;
use crate::runs::panic;
use crate::runs::run;
use crate::status::outcome::Outcome;

impl Frame {
    /// Follows the future of an `async fn` as part of this run.
    #[inline]
    pub fn follow<F: Future + Unpin>(&mut self, future: F) -> Followed<'_, F> {
        Followed {
            frame: self,
            future,
        }
    }
}

/// A future each poll of which is part of a run.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct Followed<'a, F> {
    frame: &'a mut Frame,
    future: F,
}

impl<F: Future + Unpin> Future for Followed<'_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { frame, future } = &mut *self;
        frame.run(|| Pin::new(future).poll(context))
    }
}

/// Follows a future to its end. The run begins when it is first polled.
async fn follow<F: Future + Unpin>(
    site: &'static Site,
    name: Option<String>,
    mut future: F,
    classify: fn(&F::Output) -> Verdict<'_>,
) -> F::Output {
    let mut frame = Frame::new(site, name);
    let value = frame.follow(&mut future).await;
    // Without the attribute, too, the future is dropped before anybody sees its value.
    drop(future);
    frame.finish(value, classify)
}

/// Runs a body that makes a future. If it panics, that was the run.
pub fn make<R, F: FnOnce() -> R>(site: &'static Site, name: &Option<String>, body: F) -> R {
    if !run::is_active(site) {
        return body();
    }
    let panics = panic::count();
    match isolate::catch(body) {
        Ok(future) => future,
        Err(payload) => {
            Frame::new(site, name.clone()).end(&Outcome::Panicked(panic::of(&payload, panics)));
            resume_unwind(payload)
        }
    }
}

/// Follows an `impl Future`. It is made before, and so holds nothing of the body that made it.
pub fn opaque<T, R: Future<Output = T>>(
    site: &'static Site,
    name: Option<String>,
    future: R,
    classify: fn(&T) -> Verdict<'_>,
) -> impl Future<Output = T> + use<T, R> {
    // Boxed, and so neither `unsafe` nor a copy of the future beside itself.
    follow(site, name, Box::pin(future), classify)
}

/// The way to run a body that returns a boxed future.
#[derive(Debug)]
pub struct Boxed;

macro_rules! boxed {
    ($($(+ $auto:ident)*;)*) => { $(
        impl<'a, T> Returns<Pin<Box<dyn Future<Output = T> $(+ $auto)* + 'a>>> {
            #[inline]
            #[must_use]
            pub fn __notify_way(&self) -> Caused<T, Boxed> {
                Caused(PhantomData)
            }
        }

        impl<'a, T: 'a> Follow for Pin<Box<dyn Future<Output = T> $(+ $auto)* + 'a>> {
            type Value = T;
            fn follow(self, site: &'static Site, name: Option<String>, classify: fn(&T) -> Verdict<'_>) -> Self {
                Box::pin(follow(site, name, self, classify))
            }
        }
    )* };
}

boxed! {
    ;
    + Send;
    + Sync;
    + Send + Sync;
}

/// A future that can be followed and keep its type.
pub trait Follow {
    /// What it comes to.
    type Value;
    fn follow(
        self,
        site: &'static Site,
        name: Option<String>,
        classify: fn(&Self::Value) -> Verdict<'_>,
    ) -> Self;
}

impl<T> Classify<T, Boxed> {
    /// Runs the body, and reports what its future comes to.
    #[inline]
    pub fn __notify_call<R: Follow<Value = T>, F: FnOnce() -> R>(
        self,
        site: &'static Site,
        name: Option<String>,
        body: F,
    ) -> R {
        let future = make(site, &name, body);
        if run::is_active(site) {
            future.follow(site, name, self.0)
        } else {
            future
        }
    }
}

/// A type of future that can be followed; other types of future reach this bound and stop there.
#[diagnostic::on_unimplemented(
    message = "`#[notify]` cannot follow a future of type `{Self}`",
    label = "its outcome would never be seen",
    note = "make the function `async`, or return `impl Future<Output = …>` or `Pin<Box<dyn Future<Output = …>>>`",
    note = "of a function that spawns a task, annotate what is spawned"
)]
pub trait Followable {}

/// The rung for futures of other types.
pub trait AnyFuture {
    type Future;
    fn __notify_way(&self) -> Caused<Self::Future, Plain>
    where
        Self::Future: Followable;
}

impl<R: Future> AnyFuture for Returns<R> {
    type Future = R;

    fn __notify_way(&self) -> Caused<R, Plain>
    where
        R: Followable,
    {
        Caused(PhantomData)
    }
}
