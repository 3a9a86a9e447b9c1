//! Whether the clock on the wall was set while a watch looks on.

use std::collections::HashMap;
use std::time::Duration;

use chrono::TimeDelta;

use crate::format::time::Time;
use crate::monitor::expected::Since;
use crate::monitor::schedule::CLOCK_WAS_SET;

/// A clock that gains or loses less between two looks is slewed, and was not set.
const SLEWED: TimeDelta = TimeDelta::seconds(60);

/// The clock on the wall beside one that is never set.
#[derive(Clone, Copy, Default)]
pub(crate) struct Clock {
    looked: Option<(Time, Duration)>,
    was_set: Option<Time>,
}

/// What a watch finds of a clock that was set back by so much that whoever starts the jobs begins anew: what ran
/// before, at times that it shows again.
#[derive(Clone, Default)]
pub(crate) struct SetBack {
    /// What it showed then.
    to: Option<Time>,
    /// When each of those jobs had last run, and when people had last heard that it missed a run; by its file.
    before: HashMap<String, (Time, Option<Time>)>,
}

impl Clock {
    /// Looks at both clocks; returns by how much it was set since the last look, and nothing at the first.
    pub(crate) fn look(&mut self, wall: Time, steady: Duration) -> Option<TimeDelta> {
        let looked = self.looked.replace((wall, steady));
        let (wall_before, steady_before) = looked?;
        let passed = TimeDelta::from_std(steady.saturating_sub(steady_before));
        let set = (wall - wall_before) - passed.unwrap_or_default();
        if set.abs() <= SLEWED {
            return Some(TimeDelta::zero());
        }
        self.was_set = Some(wall);
        Some(set)
    }

    /// Returns what it showed just after it was last set, as far as this one has seen it.
    pub(crate) fn was_set(&self) -> Option<Time> {
        self.was_set
    }
}

impl SetBack {
    /// Notes what ran before, where the clock was set back; at the first look nobody knows by how much it was set,
    /// but what lies far ahead was.
    pub(crate) fn note<'a>(
        &mut self,
        set: Option<TimeDelta>,
        now: Time,
        jobs: impl Iterator<Item = (&'a str, Time, Option<Time>)>,
    ) {
        let ahead = match set {
            None => CLOCK_WAS_SET,
            Some(set) if set <= -CLOCK_WAS_SET => TimeDelta::zero(),
            Some(_) => return,
        };
        self.to = Some(now);
        let jobs = jobs
            .filter(|(_, begun, sent)| sent.map_or(*begun, |sent| sent.max(*begun)) > now + ahead);
        self.before = jobs
            .map(|(file, begun, sent)| (file.to_owned(), (begun, sent)))
            .collect();
    }

    /// Returns from when on runs of a job are due, and when people last heard that it missed one, as far as that
    /// counts by the clock as it is now.
    pub(crate) fn of(&self, file: &str, begun: Time, sent: Option<Time>) -> (Since, Option<Time>) {
        match (self.to, self.before.get(file)) {
            (Some(to), Some(before)) => (
                if begun == before.0 {
                    Since::Expected(to)
                } else {
                    Since::Run(begun)
                },
                sent.filter(|_| sent != before.1),
            ),
            _ => (Since::Run(begun), sent),
        }
    }

    /// Returns since when a job is expected that has never run: a file of before may lie ahead.
    pub(crate) fn expected(&self, since: Time, now: Time) -> Since {
        Since::Expected(self.to.filter(|_| since > now).unwrap_or(since))
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
            let _ = clock.look(noon + TimeDelta::seconds(wall), Duration::from_secs(steady));
            clock.was_set().map(|set| (set - noon).num_seconds())
        };
        assert_eq!(look(0, 100), None);
        assert_eq!(look(3600, 3700), None);
        assert_eq!(look(3690, 3760), None, "it gains half a minute");
        assert_eq!(look(7300, 3770), Some(7300));
        assert_eq!(look(7400, 3870), Some(7300));
        assert_eq!(look(-100, 3880), Some(-100));
    }

    /// Issue 18, point 1: a host whose date was wrong by a month, and is right now.
    #[test]
    fn what_ran_at_a_time_that_has_yet_to_come_counts_no_more_once_the_clock_is_set_back() {
        let now = chrono::DateTime::from_timestamp(1_795_348_800, 0).unwrap();
        let (month, hour) = (TimeDelta::days(30), TimeDelta::hours(1));
        let ran = now + month;
        let jobs = [
            ("wrong", ran, Some(ran + hour)),
            ("right", now - month, None),
            ("skewed", now + hour, None),
        ];
        for (set, is_set_back, skewed) in [
            // At the first look nobody knows, and an hour may be the clock of another host.
            (None, true, Since::Run(now + hour)),
            (Some(-month), true, Since::Expected(now)),
            (Some(-hour), false, Since::Run(now + hour)),
            (Some(month), false, Since::Run(now + hour)),
        ] {
            let mut set_back = SetBack::default();
            set_back.note(set, now, jobs.into_iter());
            let wrong = if is_set_back {
                (Since::Expected(now), None)
            } else {
                (Since::Run(ran), Some(ran + hour))
            };
            assert_eq!(
                set_back.of("wrong", ran, Some(ran + hour)),
                wrong,
                "{set:?}"
            );
            let right = (Since::Run(now - month), None);
            assert_eq!(set_back.of("right", now - month, None), right);
            assert_eq!(set_back.of("skewed", now + hour, None).0, skewed, "{set:?}");
            // It has run since, and that it missed a run was sent since.
            let since = Some(now + hour);
            assert_eq!(set_back.of("wrong", now, None), (Since::Run(now), None));
            assert_eq!(set_back.of("wrong", ran, since).1, since);
            // A file of before.
            let expected = Since::Expected(if is_set_back { now } else { ran });
            assert_eq!(set_back.expected(ran, now), expected);
        }
    }
}
