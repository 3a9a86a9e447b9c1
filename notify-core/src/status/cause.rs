//! The error that a run returned, as itself and not as text.

use std::error::Error;
use std::io;
use std::sync::Arc;

use crate::os::ffi;

/// Errors in a chain that are looked at: one that leads back into itself has no end.
pub(crate) const CAUSES: usize = 128;

/// The error that a run returned.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cause<'a> {
    /// An error that borrows nothing.
    Whole(&'a (dyn Error + 'static)),
    /// An error that may borrow from the arguments of its function.
    Borrowed(&'a (dyn Error + 'a)),
}

impl<'a> Cause<'a> {
    /// Returns whether the error, or one behind it, is of that type.
    pub(crate) fn is<T: Error + 'static>(self) -> bool {
        match self {
            Self::Whole(error) => find::<T>(error).is_some(),
            Self::Borrowed(error) => {
                ffi::is_error::<T>(error)
                    || ffi::is_error::<Box<T>>(error)
                    || ffi::is_error::<Arc<T>>(error)
                    || self
                        .behind()
                        .is_some_and(|cause| find::<T>(cause).is_some())
            }
        }
    }

    /// Returns the error, where all of it can be seen.
    pub(crate) fn seen(self) -> Option<&'a (dyn Error + 'static)> {
        match self {
            Self::Whole(error) => Some(error),
            Self::Borrowed(_) => None,
        }
    }

    fn behind(self) -> Option<&'a (dyn Error + 'static)> {
        match self {
            Self::Whole(error) => behind(error),
            Self::Borrowed(error) => match ffi::as_io_error(error) {
                Some(error) => behind(error),
                None => error.source(),
            },
        }
    }
}

/// Finds an error of that type in a chain: as itself, or in a `Box` or an `Arc`.
pub(crate) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    for _ in 0..CAUSES {
        let error = next?;
        let boxed = || error.downcast_ref::<Box<T>>().map(|error| &**error);
        let shared = || error.downcast_ref::<Arc<T>>().map(|error| &**error);
        let found = error.downcast_ref::<T>().or_else(boxed).or_else(shared);
        if found.is_some() {
            return found;
        }
        next = behind(error);
    }
    None
}

/// Returns what an error was made from; the chain of an `io::Error` leaves that out.
fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let inner = error.downcast_ref::<io::Error>();
    match inner.and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Full<'a>(&'a str);

    #[derive(Debug)]
    struct Outer(Box<dyn Error + Send + Sync>);

    impl fmt::Display for Full<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("outer")
        }
    }

    impl Error for Full<'_> {}

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&*self.0)
        }
    }

    /// Issue 17, point 1: also where the error's own type is known to the compiler as one that may borrow.
    #[test]
    fn a_type_is_found_in_the_error_and_behind_it_whatever_the_error_borrows() {
        let full = || Full("disk full");
        let errors: [Box<dyn Error + Send + Sync>; 6] = [
            Box::new(full()),
            Box::new(Box::new(full())),
            Box::new(Arc::new(full())),
            Box::new(Outer(Box::new(full()))),
            Box::new(io::Error::other(full())),
            Box::new(Outer(Box::new(io::Error::other(Outer(Box::new(full())))))),
        ];
        for error in &errors {
            assert!(Cause::Whole(&**error).is::<Full<'static>>(), "{error:?}");
            assert!(Cause::Borrowed(&**error).is::<Full<'static>>(), "{error:?}");
            assert!(!Cause::Borrowed(&**error).is::<fmt::Error>(), "{error:?}");
        }
        let text = "disk full".to_owned();
        assert!(Cause::Borrowed(&Full(&text)).is::<Full<'static>>());
        assert!(Cause::Borrowed(&Full(&text)).seen().is_none());
    }
}
