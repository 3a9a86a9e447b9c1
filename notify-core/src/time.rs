//! Points in time as the status file writes them, and the age of one.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, Utc};

pub(crate) type Time = DateTime<Utc>;

/// The article's format, to the microsecond.
const FORMAT: &str = "%Y-%m-%d %H:%M:%S:%6f";

/// How far ahead a previous time may be to count as just now: clocks of hosts that share a
/// directory disagree by seconds, a wrongly set one by hours.
const SKEW: TimeDelta = TimeDelta::minutes(10);

/// Writes a time as `2026-11-22 13:00:00:123456 UTC`.
pub(crate) fn show(time: Time) -> String {
    format!("{} UTC", time.format(FORMAT))
}

/// Writes a time as `2026-11-22T13:00:00.123456Z`, which programs read.
pub(crate) fn rfc3339(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Reads a time that [`show`] or the article's own code has written.
pub(crate) fn parse(text: &str) -> Option<Time> {
    let digits = text.strip_suffix(" UTC").unwrap_or(text).trim();
    NaiveDateTime::parse_from_str(digits, FORMAT)
        .ok()
        .map(|time| time.and_utc())
}

/// Writes how long something took, in at most two units: `2 h 5 min`, `12 s`, `0.250 s`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let two = |value: u64, unit: &str, rest: u64, smaller: &str| match rest {
        0 => format!("{value} {unit}"),
        rest => format!("{value} {unit} {rest} {smaller}"),
    };
    match seconds {
        0..10 => format!("{:.3} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, "min", seconds % 60, "s"),
        3600..86400 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => two(seconds / 86400, "d", seconds % 86400 / 3600, "h"),
    }
}

/// Returns the time from `then` to `now`, none where clocks disagree.
pub(crate) fn between(then: Time, now: Time) -> Duration {
    (now - then).to_std().unwrap_or_default()
}

/// Returns the seconds from `then` to `now`. A time ahead of `now` by up to ten minutes is just
/// now, one further ahead is old beyond measure.
pub(crate) fn age(then: Time, now: Time) -> f64 {
    let age = now - then;
    if age < -SKEW {
        f64::INFINITY
    } else {
        age.max(TimeDelta::zero()).as_seconds_f64()
    }
}

/// Drops what [`show`] does not write, so that a time equals itself read back.
pub(crate) fn to_micros(time: Time) -> Time {
    DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_in_the_article_and_read_back() {
        let time = DateTime::from_timestamp_micros(1_795_352_400_000_120).unwrap();
        assert_eq!(show(time), "2026-11-22 13:00:00:000120 UTC");
        assert_eq!(parse(&show(time)), Some(time));
        assert_eq!(
            parse("2018-08-12 09:05:01:000007"),
            parse("2018-08-12 09:05:01:000007 UTC")
        );
    }

    #[test]
    fn a_span_is_written_in_at_most_two_units() {
        for (seconds, words) in [
            (0.25, "0.250 s"),
            (12.9, "12 s"),
            (60.0, "1 min"),
            (75.0, "1 min 15 s"),
            (7500.0, "2 h 5 min"),
            (3600.0, "1 h"),
            (100_000.0, "1 d 3 h"),
        ] {
            assert_eq!(span(Duration::from_secs_f64(seconds)), words);
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "UTC",
            "2026-11-22",
            "2026-13-22 13:00:00:000120 UTC",
            "yesterday",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_a_little_ahead_is_just_now_and_one_far_ahead_is_old() {
        let now = DateTime::from_timestamp_micros(1_795_352_400_000_000).unwrap();
        let ages =
            [-7200, -300, 0, 300, 601].map(|ahead| age(now + TimeDelta::seconds(ahead), now));
        assert_eq!(format!("{ages:?}"), "[7200.0, 300.0, 0.0, 0.0, inf]");
    }
}
