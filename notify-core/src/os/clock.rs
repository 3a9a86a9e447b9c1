//! The clock that all times here are by: this host's, or where one is known that a whole fleet goes by, that one.
//!
//! The store of a fleet says what time it is, so that a host whose clock is off takes no run for older or newer than it
//! is. What began before that was known is by this host's clock alone, and is put right where it is used.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use crate::format::time::{self, Micros, Time};

static CLOCK: Clock = Clock::new();

/// Whether there can be a fleet; without one nothing of this is in the program.
const HAS_FLEET: bool = cfg!(any(feature = "postgres", test));

/// A clock that is off by no more than that, as far as an answer shows, is right: on a busy network an answer shows
/// no better.
#[cfg(any(feature = "postgres", test))]
const RIGHT: Micros = 250_000;

/// Stands for a clock that is not known yet.
const UNKNOWN: Micros = Micros::MIN;

/// What is known of the fleet's clock.
struct Clock {
    /// How much it is ahead of this host's clock now.
    ahead: AtomicI64,
    /// How much it was ahead when that was first known.
    first: AtomicI64,
}

/// What the clock has shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    micros: Micros,
    by: Whose,
}

/// Whose clock a time is by.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Whose {
    /// This host's, for no other was known.
    Host,
    /// The one that all go by.
    #[default]
    All,
}

/// Reads the clock.
#[must_use]
pub fn now() -> Time {
    #[cfg(test)]
    if let Some(now) = crate::testing::clock::set_to() {
        return now;
    }
    time::from_micros(micros_now())
}

/// Reads the clock, in microseconds since 1970.
pub(crate) fn micros_now() -> Micros {
    CLOCK.read(of_host()).micros
}

/// Reads this host's clock.
pub(crate) fn of_host() -> Micros {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    since.as_micros().try_into().unwrap_or(Micros::MAX)
}

/// Returns by how much the fleet's clock was ahead of this host's when it was first known; `None` as long as it is not.
pub(crate) fn first_ahead() -> Option<Micros> {
    CLOCK.first_ahead()
}

/// Goes by the fleet's clock, which is ahead of this host's by so much, give or take `error`.
#[cfg(feature = "postgres")]
pub(crate) fn follow(ahead: Micros, error: Micros) {
    CLOCK.follow(ahead, error);
}

impl Moment {
    pub(crate) fn now() -> Self {
        CLOCK.read(of_host())
    }

    /// Returns when it was, for somebody who knows that the fleet's clock was ahead by so much at first.
    pub(crate) fn micros(self, first_ahead: Option<Micros>) -> Micros {
        let ahead = first_ahead.filter(|_| self.by == Whose::Host);
        self.micros.saturating_add(ahead.unwrap_or_default())
    }

    /// As [`micros`](Self::micros), as a date.
    pub(crate) fn time(self, first_ahead: Option<Micros>) -> Time {
        time::from_micros(self.micros(first_ahead))
    }
}

impl Clock {
    const fn new() -> Self {
        Self {
            ahead: AtomicI64::new(0),
            first: AtomicI64::new(UNKNOWN),
        }
    }

    fn first_ahead(&self) -> Option<Micros> {
        let first = self.first.load(Ordering::Acquire);
        (HAS_FLEET && first != UNKNOWN).then_some(first)
    }

    fn read(&self, of_host: Micros) -> Moment {
        let ahead = self
            .first_ahead()
            .map(|_| self.ahead.load(Ordering::Relaxed));
        Moment {
            micros: of_host.saturating_add(ahead.unwrap_or_default()),
            by: if ahead.is_some() {
                Whose::All
            } else {
                Whose::Host
            },
        }
    }

    #[cfg(any(feature = "postgres", test))]
    fn follow(&self, ahead: Micros, error: Micros) {
        let slack = error.saturating_add(RIGHT);
        let is_about = |known: &Micros| ahead.saturating_sub(*known).saturating_abs() <= slack;
        let known = [self.ahead.load(Ordering::Relaxed), 0];
        let ahead = known.into_iter().find(is_about).unwrap_or(ahead);
        self.ahead.store(ahead, Ordering::Relaxed);
        let first = &self.first;
        let _ = first.compare_exchange(UNKNOWN, ahead, Ordering::Release, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Micros = 1_000_000;
    const HOUR: Micros = 3600 * SECOND;

    fn after(answers: &[(Micros, Micros)]) -> Clock {
        let clock = Clock::new();
        for (ahead, error) in answers {
            clock.follow(*ahead, *error);
        }
        clock
    }

    #[test]
    fn a_clock_that_is_right_as_far_as_answers_show_stays_as_it_is() {
        for (answers, ahead) in [
            (&[(200_000, 0)][..], 0),
            (&[(-200_000, 0)], 0),
            (&[(3 * SECOND, 3 * SECOND)], 0),
            (&[(HOUR, 1000)], HOUR),
            (&[(HOUR, 1000), (HOUR + 100_000, 1000)], HOUR),
            // Somebody has set it right, or wrong.
            (&[(HOUR, 1000), (5, 1000)], 0),
            (&[(0, 1000), (-HOUR, 1000)], -HOUR),
        ] {
            assert_eq!(after(answers).read(7).micros, 7 + ahead, "{answers:?}");
        }
    }

    #[test]
    fn what_began_before_the_fleets_clock_was_known_is_put_right_by_what_was_known_first() {
        let clock = after(&[]);
        let early = clock.read(HOUR);
        assert_eq!(early.micros(clock.first_ahead()), HOUR);
        clock.follow(HOUR, 0);
        let later = clock.read(HOUR);
        // The host's clock is set meanwhile.
        clock.follow(0, 0);
        for moment in [early, later] {
            assert_eq!(moment.micros(clock.first_ahead()), 2 * HOUR);
        }
    }
}
