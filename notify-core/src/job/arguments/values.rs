//! The types that the values of the attribute's arguments may have.

use std::borrow::Cow;
use std::ops::{Range, RangeFrom, RangeInclusive, RangeTo, RangeToInclusive};
use std::time::Duration;

/// A text, or none.
#[diagnostic::on_unimplemented(
    message = "this argument takes a text or `None`, not `{Self}`",
    label = "not a text",
    note = "write a `&str`, a `String`, or an `Option` of one"
)]
pub trait Text {
    fn text(self) -> String;
}

/// A number of runs.
#[diagnostic::on_unimplemented(
    message = "this argument takes a number of runs, not `{Self}`",
    label = "not a whole number",
    note = "write an integer from 1 up"
)]
pub trait Count {
    /// Returns the number; `None` where it is below 1.
    fn count(self) -> Option<u64>;
}

/// A number or a `Duration`.
#[diagnostic::on_unimplemented(
    message = "this argument takes a number or a `Duration`, not `{Self}`",
    label = "not a number",
    note = "write an integer, a float, or a `std::time::Duration`"
)]
pub trait Amount {
    /// Returns how many units this is, where `unit` is the length of one in seconds.
    fn amount(self, unit: f64) -> f64;
}

/// A range of numbers or `Duration`s.
#[diagnostic::on_unimplemented(
    message = "`took_hours` takes a range of numbers or `Duration`s, not `{Self}`",
    label = "not a range",
    note = "write `0.5..4.0`, `..4.0` or `0.5..`"
)]
pub trait Span {
    /// Returns its ends, as numbers of units of so many seconds.
    fn ends(self, unit: f64) -> (Option<f64>, Option<f64>);
}

impl Text for &str {
    fn text(self) -> String {
        self.to_owned()
    }
}

impl Text for &String {
    fn text(self) -> String {
        self.clone()
    }
}

impl Text for String {
    fn text(self) -> String {
        self
    }
}

impl Text for Cow<'_, str> {
    fn text(self) -> String {
        self.into_owned()
    }
}

impl<T: Text> Text for Option<T> {
    fn text(self) -> String {
        self.map(T::text).unwrap_or_default()
    }
}

impl Amount for Duration {
    fn amount(self, unit: f64) -> f64 {
        self.as_secs_f64() / unit
    }
}

impl<A: Amount> Span for Range<A> {
    fn ends(self, unit: f64) -> (Option<f64>, Option<f64>) {
        (Some(self.start.amount(unit)), Some(self.end.amount(unit)))
    }
}

impl<A: Amount> Span for RangeInclusive<A> {
    fn ends(self, unit: f64) -> (Option<f64>, Option<f64>) {
        let (start, end) = self.into_inner();
        (start..end).ends(unit)
    }
}

impl<A: Amount> Span for RangeFrom<A> {
    fn ends(self, unit: f64) -> (Option<f64>, Option<f64>) {
        (Some(self.start.amount(unit)), None)
    }
}

impl<A: Amount> Span for RangeTo<A> {
    fn ends(self, unit: f64) -> (Option<f64>, Option<f64>) {
        (None, Some(self.end.amount(unit)))
    }
}

impl<A: Amount> Span for RangeToInclusive<A> {
    fn ends(self, unit: f64) -> (Option<f64>, Option<f64>) {
        (..self.end).ends(unit)
    }
}

macro_rules! amounts {
    ($($number:ty)*) => { $(
        impl Amount for $number {
            #[allow(clippy::allow_attributes, clippy::cast_lossless, clippy::cast_precision_loss, reason = "not for each type")]
            fn amount(self, _unit: f64) -> f64 {
                self as f64
            }
        }
    )* };
}

macro_rules! counts {
    ($($number:ty)*) => { $(
        impl Count for $number {
            fn count(self) -> Option<u64> {
                u64::try_from(self).ok().filter(|count| *count > 0)
            }
        }
    )* };
}

counts!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

amounts!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);
