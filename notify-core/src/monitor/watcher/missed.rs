//! Runs that did not come, and which of them people were told of.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::format::fields::Fields;
use crate::format::time::{self, Time};

/// The shortest grace: a clock's change to or from summer time must not be an alarm.
const GRACE: Duration = Duration::from_secs(60 * 60);

/// From then on a date is written with its year.
const YEAR: Duration = Duration::from_secs(300 * 24 * 60 * 60);

/// The times of the last runs before those that were missed and told, by the status file. Builds of before
/// noted them in a file of their own; nobody is to hear of them again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Told(BTreeMap<String, Time>);

/// Returns how long after its last run began a job is missed that should run every so often. The
/// grace is a tenth of that, or an hour if that is more, where nothing else is said.
#[must_use]
pub fn limit(every: Duration, grace: Option<Duration>) -> Duration {
    let grace = grace.unwrap_or_else(|| GRACE.max(every / 10));
    every.saturating_add(grace)
}

/// Returns whether a job should have run again by now.
pub(crate) fn is_missed(begun: Time, every: Duration, grace: Option<Duration>, now: Time) -> bool {
    time::between(begun, now) > limit(every, grace)
}

/// Says that a job has not run: `No run for 2 days (last: 26 Nov 03:52 UTC). Expected every 24 hours.`
pub(crate) fn words(begun: Time, every: Duration, now: Time) -> String {
    let age = time::between(begun, now);
    // Where that is nearer, the year goes without saying.
    let format = if age < YEAR {
        "%-d %b %H:%M UTC"
    } else {
        "%-d %b %Y %H:%M UTC"
    };
    let (age, begun, every) = (in_words(age), begun.format(format), in_words(every));
    format!("No run for {age} (last: {begun}). Expected every {every}.")
}

/// Writes a length of time in its largest unit of which there are two: `2 days`, `24 hours`.
fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(86400, "days"), (3600, "hours"), (60, "minutes")];
    let unit = units.iter().find(|(unit, _)| seconds >= 2 * unit);
    match unit {
        Some((unit, name)) => format!("{} {name}", seconds / unit),
        None => format!("{seconds} seconds"),
    }
}

impl Told {
    pub(crate) fn parse(content: &str) -> Self {
        let told = Fields::parse(content).all("told").into_iter();
        let told = told.filter_map(|told| {
            let (begun, file) = told.split_once(" UTC ")?;
            Some((file.to_owned(), time::parse(begun)?))
        });
        Self(told.collect())
    }

    pub(crate) fn add(&mut self, file: &str, begun: Time) {
        self.0.insert(file.to_owned(), begun);
    }

    /// Returns whether people know that the job has not run since then.
    pub(crate) fn knows(&self, file: &str, begun: Time) -> bool {
        self.0.get(file) == Some(&begun)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    fn at(hours: i64) -> Time {
        DateTime::from_timestamp(1_795_348_800, 0).unwrap() + TimeDelta::hours(hours)
    }

    #[test]
    fn a_run_is_missed_after_the_grace_and_an_early_one_is_fine() {
        let hour = Duration::from_secs(3600);
        let late = |every, hours| is_missed(at(0), every, None, at(hours));
        // An hour at least, so that summer time is no alarm; a tenth of what is longer.
        assert_eq!([26, 27].map(|hours| late(24 * hour, hours)), [false, true]);
        assert_eq!([2, 3].map(|hours| late(hour, hours)), [false, true]);
        assert_eq!(
            [110, 111].map(|hours| late(100 * hour, hours)),
            [false, true]
        );
        assert!(!late(24 * hour, -5), "it lies ahead of this clock");
        assert!(is_missed(at(0), 24 * hour, Some(Duration::ZERO), at(25)));
        assert!(!late(Duration::MAX, 1_000_000));
        assert_eq!(
            words(at(0), 24 * hour, at(50)),
            "No run for 2 days (last: 22 Nov 12:00 UTC). Expected every 24 hours."
        );
        assert_eq!(
            words(at(0), 7 * 24 * hour, at(24 * 400)),
            "No run for 400 days (last: 22 Nov 2026 12:00 UTC). Expected every 7 days."
        );
        assert!(
            words(at(0), hour / 12, at(1))
                .ends_with("for 60 minutes (last: 22 Nov 12:00 UTC). Expected every 5 minutes.")
        );
    }

    /// Issue 13, point 4.
    #[test]
    fn what_a_build_of_before_has_told_is_known() {
        let content = "told: 2026-11-22 13:00:00:000000 UTC etl.load\ntold: x\nnonsense\n";
        let told = Told::parse(content);
        assert!(told.knows("etl.load", at(1)) && !told.knows("etl.load", at(2)));
        assert!(!told.knows("etl", at(1)));
        assert_eq!(Told::parse("nonsense\ntold: x\n"), Told::default());
    }
}
