//! Whether the clock on the wall was set while a watch looks on.

use std::time::Duration;

use chrono::TimeDelta;

use crate::format::time::Time;

/// A clock that gains or loses less between two looks is slewed, and was not set.
const SLEWED: TimeDelta = TimeDelta::seconds(60);

/// The clock on the wall beside one that is never set.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Clock {
    looked: Option<(Time, Duration)>,
    was_set: Option<Time>,
}

impl Clock {
    /// Looks at both clocks.
    pub(crate) fn look(&mut self, wall: Time, steady: Duration) {
        if let Some((wall_before, steady_before)) = self.looked {
            let passed = TimeDelta::from_std(steady.saturating_sub(steady_before));
            let set = (wall - wall_before) - passed.unwrap_or_default();
            if set.abs() > SLEWED {
                self.was_set = Some(wall);
            }
        }
        self.looked = Some((wall, steady));
    }

    /// Returns what it showed just after it was last set, as far as this one has seen it.
    pub(crate) fn was_set(&self) -> Option<Time> {
        self.was_set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 18, point 1.
    #[test]
    fn a_clock_that_jumps_was_set_and_one_that_runs_or_is_slewed_was_not() {
        let noon = chrono::DateTime::from_timestamp(1_795_348_800, 0).unwrap();
        let mut clock = Clock::default();
        let mut look = |wall: i64, steady: u64| {
            clock.look(noon + TimeDelta::seconds(wall), Duration::from_secs(steady));
            clock.was_set().map(|set| (set - noon).num_seconds())
        };
        assert_eq!(look(0, 100), None);
        assert_eq!(look(3600, 3700), None);
        assert_eq!(look(3690, 3760), None, "it gains half a minute");
        assert_eq!(look(7300, 3770), Some(7300));
        assert_eq!(look(7400, 3870), Some(7300));
        assert_eq!(look(-100, 3880), Some(-100));
    }
}
