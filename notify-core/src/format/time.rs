//! Points in time as the status file writes them, and the age of one.

use std::ops::Range;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, TimeDelta, Timelike as _, Utc};

pub(crate) type Time = DateTime<Utc>;

/// A point in time in microseconds since 1970: to read the clock for that costs a tenth of what a date costs.
pub(crate) type Micros = i64;

#[inline(never)]
pub(crate) fn from_micros(micros: Micros) -> Time {
    DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The article's format, to the microsecond. Each run writes it and reads it back, so that it is written by hand, and
/// what is of its usual width is read so.
const FORMAT: &str = "%Y-%m-%d %H:%M:%S:%6f";

/// In a second; a leap second has more.
const NANOSECONDS: u32 = 1_000_000_000;

/// Of what is earlier the clock was not set: such a one begins in 1970.
const FIRST_YEAR: i32 = 2000;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// How far ahead a previous time may be to count as just now: clocks of hosts that share a
/// directory disagree by seconds, a wrongly set one by hours.
const SKEW: TimeDelta = TimeDelta::minutes(10);

/// What follows the second, and what follows the minute.
const BELOW_SECOND: usize = ":000000 UTC".len();
const SECONDS: usize = ":00".len();

/// How many bytes at the end of a [`second`] are the clock, and those with the month and the day.
pub(crate) const CLOCK: usize = "13:00:00".len();
pub(crate) const DAY_AND_CLOCK: usize = "11-22 13:00:00".len();

/// Writes a time as `2026-11-22 13:00:00:123456 UTC`.
pub(crate) fn show(time: Time) -> String {
    let mut text = String::with_capacity(30);
    push(&mut text, time);
    text
}

pub(crate) fn push(text: &mut String, time: Time) {
    let (date, clock) = (time.naive_utc().date(), time.naive_utc().time());
    // A leap second has more nanoseconds than there are.
    let (leap, nanosecond) = (
        clock.nanosecond() / NANOSECONDS,
        clock.nanosecond() % NANOSECONDS,
    );
    let mut shown = *b"0000-00-00 00:00:00:000000 UTC";
    let (year, micros) = (date.year().unsigned_abs(), nanosecond / 1000);
    for (at, number) in [
        (0, year / 100),
        (2, year % 100),
        (5, date.month()),
        (8, date.day()),
        (11, clock.hour()),
        (14, clock.minute()),
        (17, clock.second() + leap),
        (20, micros / 10_000),
        (22, micros / 100 % 100),
        (24, micros % 100),
    ] {
        let two = u8::try_from(number).unwrap_or_default();
        shown[at] += two / 10;
        shown[at + 1] += two % 10;
    }
    let shown = str::from_utf8(&shown).unwrap_or_default();
    match date.year() {
        0..=9999 => *text += shown,
        year => *text += &format!("{year:+05}{}", &shown[4..]),
    }
}

/// Writes a time as `2026-11-22 13:00:00`.
#[inline(never)]
pub(crate) fn second(time: Time) -> String {
    let mut text = show(time);
    text.truncate(text.len() - BELOW_SECOND);
    text
}

/// Writes a time as `2026-11-22 13:00`.
pub(crate) fn minute(time: Time) -> String {
    let mut text = second(time);
    text.truncate(text.len() - SECONDS);
    text
}

/// Writes a time as `13:00:00`.
pub(crate) fn clock(time: Time) -> String {
    let text = second(time);
    text[text.len() - CLOCK..].to_owned()
}

/// Writes a time as `2026-11-22T13:00:00.123456Z`, which programs read.
pub(crate) fn rfc3339(time: Time) -> String {
    let micros = time.timestamp_subsec_micros() % 1_000_000;
    format!("{}.{micros:06}Z", second(time).replacen(' ', "T", 1))
}

/// Reads a time that [`show`] or the article's own code has written.
pub(crate) fn parse(text: &str) -> Option<Time> {
    if let Some(time) = parse_usual(text.as_bytes()) {
        return Some(time);
    }
    let digits = text.strip_suffix(" UTC").unwrap_or(text).trim();
    NaiveDateTime::parse_from_str(digits, FORMAT)
        .ok()
        .map(|time| time.and_utc())
}

/// Writes how long something took, in at most two units: `2 h 5 min`, `12 s`, `0.250 s`.
#[must_use]
pub fn span(time: Duration) -> String {
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

/// Returns when what began then and took so long ended: then, where that is not known.
pub(crate) fn ended(begun: Time, took: Option<Duration>) -> Time {
    let took = took.and_then(|took| TimeDelta::from_std(took).ok());
    let ended = begun.checked_add_signed(took.unwrap_or_default());
    ended.unwrap_or(begun)
}

/// Returns the time from `then` to `now`, none where clocks disagree.
#[inline(never)]
pub(crate) fn between(then: Time, now: Time) -> Duration {
    (now - then).to_std().unwrap_or_default()
}

/// Returns the time from `then` to `now`; `None` where clocks disagree, and nobody can say: also of a time before
/// [`FIRST_YEAR`], when a machine without a clock of its own had not been told the time.
pub(crate) fn passed(then: Time, now: Time) -> Option<Duration> {
    let is_known = then.year() >= FIRST_YEAR;
    is_known.then(|| (now - then).to_std().ok()).flatten()
}

/// Reads a time of the usual width; `None` where it is not, or no time.
fn parse_usual(text: &[u8]) -> Option<Time> {
    let [date @ .., b' ', b'U', b'T', b'C'] = text else {
        return None;
    };
    if date.len() != 26 {
        return None;
    }
    let separators = [
        (4, b'-'),
        (7, b'-'),
        (10, b' '),
        (13, b':'),
        (16, b':'),
        (19, b':'),
    ];
    if separators
        .iter()
        .any(|(at, separator)| date[*at] != *separator)
    {
        return None;
    }
    let number = |range: Range<usize>| {
        date[range].iter().try_fold(0, |number: u32, digit| {
            let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
            Some(number * 10 + u32::from(digit))
        })
    };
    let day = NaiveDate::from_ymd_opt(number(0..4)?.cast_signed(), number(5..7)?, number(8..10)?)?;
    let time = day.and_hms_micro_opt(
        number(11..13)?,
        number(14..16)?,
        number(17..19)?,
        number(20..26)?,
    )?;
    Some(time.and_utc())
}

/// Returns the time from `then` to `now`. A time ahead of `now` by up to ten minutes is just now, one
/// further ahead is old beyond measure.
pub(crate) fn age(then: Time, now: Time) -> Duration {
    if is_ahead(then, now) {
        Duration::MAX
    } else {
        between(then, now)
    }
}

/// Returns whether a time lies ahead of `now` by more than clocks may disagree.
pub(crate) fn is_ahead(then: Time, now: Time) -> bool {
    then - now > SKEW
}

/// Returns a time that a person or a file gives as a number; one that is too long is the longest.
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}

/// Returns a number of hours as [`seconds`] does.
pub(crate) fn hours(hours: f64) -> Duration {
    seconds(hours * HOUR.as_secs_f64())
}

/// Returns a time in that unit; `None`, which is never, where the number is infinite.
pub(crate) fn or_never(number: f64, unit: fn(f64) -> Duration) -> Option<Duration> {
    number.is_finite().then(|| unit(number))
}

/// Drops what [`show`] does not write, so that a time equals itself read back.
pub(crate) fn to_micros(time: Time) -> Time {
    DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use chrono::SecondsFormat;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn a_time_by_hand_is_what_the_format_says(micros in -99_999_999_999_999_999_i64..999_999_999_999_999_999) {
            let time = DateTime::from_timestamp_micros(micros).unwrap();
            let form = |form| time.format(form).to_string();
            prop_assert_eq!(show(time), form("%Y-%m-%d %H:%M:%S:%6f UTC"));
            prop_assert_eq!(minute(time), form("%Y-%m-%d %H:%M"));
            prop_assert_eq!(clock(time), form("%H:%M:%S"));
            prop_assert_eq!(rfc3339(time), time.to_rfc3339_opts(SecondsFormat::Micros, true));
            let digits = show(time);
            prop_assert_eq!(parse_usual(digits.as_bytes()).is_some(), (0..=9999).contains(&time.year()));
            prop_assert_eq!(parse(&digits), Some(time));
        }

        #[test]
        fn any_text_can_be_read_as_a_time(text in any::<String>(), digits in "[0-9 :-]{26} UTC") {
            let _ = parse(&text);
            let by_format = NaiveDateTime::parse_from_str(digits.trim_end_matches(" UTC"), FORMAT).ok();
            if let Some(time) = parse_usual(digits.as_bytes()) {
                prop_assert_eq!(Some(time.naive_utc()), by_format);
            }
        }
    }

    /// As of 1990-12-31, which had one.
    #[test]
    fn a_leap_second_is_written_as_one() {
        let day = NaiveDate::from_ymd_opt(1990, 12, 31).unwrap();
        let time = day
            .and_hms_micro_opt(23, 59, 59, 1_250_000)
            .unwrap()
            .and_utc();
        assert_eq!(show(time), "1990-12-31 23:59:60:250000 UTC");
        assert_eq!(rfc3339(time), "1990-12-31T23:59:60.250000Z");
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
        let just_now = Duration::ZERO;
        let expected = [7200, 300].map(Duration::from_secs);
        assert_eq!(ages[..2], expected);
        assert_eq!(ages[2..], [just_now, just_now, Duration::MAX]);
    }
}
