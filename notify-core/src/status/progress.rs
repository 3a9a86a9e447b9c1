//! How far a run has come.

use std::time::Duration;

use chrono::TimeDelta;

use crate::format::time::{self, Time};

/// How far a run has come, and when it will be done at its pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How much is done.
    pub done: u64,
    /// How much there is to do; `None` where that is not known.
    pub total: Option<u64>,
    /// When all will be done, as far as that can be foreseen.
    pub until: Option<Time>,
}

impl Progress {
    /// Works out when all is done of what was `first` done then, and is `done` now.
    pub(crate) fn new(
        first: u64,
        done: u64,
        total: Option<u64>,
        spent: Duration,
        now: Time,
    ) -> Self {
        let until = total.and_then(|total| {
            let (gone, left) = (done.checked_sub(first)?, total.checked_sub(done)?);
            // A pace of nothing says nothing.
            let paces = (gone > 0).then(|| ratio(left, gone))?;
            let left = Duration::try_from_secs_f64(spent.as_secs_f64() * paces).ok()?;
            let until = now.checked_add_signed(TimeDelta::from_std(left).ok()?)?;
            Some(time::to_micros(until))
        });
        Self { done, total, until }
    }

    /// Says it in words: `45 %, 2 h left`, or how much is done where the whole is not known.
    #[must_use]
    pub fn words(&self, now: Time) -> String {
        let Some(total) = self.total.filter(|total| *total > 0) else {
            return format!("{} done", self.done);
        };
        let percent = u128::from(self.done.min(total)) * 100 / u128::from(total);
        let left = self.until.map(|until| time::between(now, until));
        match left.filter(|left| left.as_secs() > 0) {
            Some(left) => format!("{percent} %, {} left", about(left)),
            None => format!("{percent} %"),
        }
    }

    pub(crate) fn render(&self) -> String {
        let total = self.total.map(|total| format!(" of {total}"));
        let until = self.until.map(time::show);
        let until = until.map(|until| format!(" until {until}"));
        [Some(self.done.to_string()), total, until]
            .into_iter()
            .flatten()
            .collect()
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (value, until) = match value.split_once(" until ") {
            Some((value, until)) => (value, Some(time::parse(until)?)),
            None => (value, None),
        };
        let (done, total) = match value.split_once(" of ") {
            Some((done, total)) => (done, Some(total.parse().ok()?)),
            None => (value, None),
        };
        Some(Self {
            done: done.parse().ok()?,
            total,
            until,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is an estimate")]
fn ratio(one: u64, other: u64) -> f64 {
    one as f64 / other as f64
}

/// Says a time as an estimate is said: `2 h`, in one unit of which there are two at least.
fn about(time: Duration) -> String {
    let seconds = time.as_secs();
    let (unit, name) = match seconds {
        0..90 => (1, "s"),
        90..5_400 => (60, "min"),
        5_400..172_800 => (3_600, "h"),
        _ => (86_400, "d"),
    };
    format!("{} {name}", (seconds + unit / 2) / unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Time {
        time::parse("2026-11-22 13:00:00:000000 UTC").unwrap()
    }

    /// Issue 17, point 5.
    #[test]
    fn it_says_how_much_is_done_and_how_long_the_rest_takes_at_this_pace() {
        let hour = 3_600;
        for (first, done, total, seconds, words) in [
            (0, 45, Some(100), 5_900, "45 %, 2 h left"),
            (0, 1, Some(3), 40, "33 %, 80 s left"),
            (0, 1, Some(3), 60, "33 %, 2 min left"),
            // What was done before counts for the part, and not for the pace.
            (40, 50, Some(100), hour, "50 %, 5 h left"),
            (0, 1, Some(100), hour, "1 %, 4 d left"),
            (0, 0, Some(100), hour, "0 %"),
            (7, 7, Some(100), hour, "7 %"),
            (7, 5, Some(100), hour, "5 %"),
            (0, 100, Some(100), hour, "100 %"),
            (0, 130, Some(100), hour, "100 %"),
            (0, 5, Some(0), hour, "5 done"),
            (0, 4_500, None, hour, "4500 done"),
            (0, u64::MAX - 1, Some(u64::MAX), hour, "99 %"),
            (0, 1, Some(u64::MAX), hour, "0 %"),
        ] {
            let spent = Duration::from_secs(seconds);
            let progress = Progress::new(first, done, total, spent, now());
            assert_eq!(progress.words(now()), words);
            assert_eq!(Progress::parse(&progress.render()), Some(progress));
        }
    }

    #[test]
    fn what_was_written_a_while_ago_is_that_much_nearer_to_its_end() {
        let spent = Duration::from_secs(7_200);
        let progress = Progress::new(0, 50, Some(100), spent, now());
        let later = |minutes| progress.words(now() + TimeDelta::minutes(minutes));
        assert_eq!(later(0), "50 %, 2 h left");
        assert_eq!(later(90), "50 %, 30 min left");
        assert_eq!(later(121), "50 %", "the pace has changed");
    }

    proptest! {
        #[test]
        fn any_number_has_words_and_any_text_can_be_read(
            numbers in any::<[u64; 4]>(), is_known in any::<bool>(), text in any::<String>(),
        ) {
            let [first, done, total, seconds] = numbers;
            let spent = Duration::from_secs(seconds);
            let progress = Progress::new(first, done, is_known.then_some(total), spent, now());
            prop_assert!(progress.words(now()).len() < 60);
            let _ = Progress::parse(&text);
        }
    }
}
