//! Points in time, as people say them: `Mon 08:00`, `2026-11-23 08:00`, `08:00`.

use std::time::Duration;

use chrono::{
    DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone,
    Timelike as _, Utc, Weekday,
};
use notify_core::__cli::Moment;

/// Messages and screens say no less.
const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// Returns the time so long after `now`, at a full minute where it is as long as one: it is over when it is said to be.
pub(crate) fn after(now: DateTime<Utc>, time: Duration) -> Result<DateTime<Utc>, String> {
    let until = TimeDelta::from_std(time)
        .ok()
        .filter(|time| !time.is_zero());
    let until = until.and_then(|time| {
        let until = now.checked_add_signed(time)?;
        let is_short = time < MINUTE;
        let minute = until.with_second(0)?.with_nanosecond(0)?;
        if is_short || minute == until {
            Some(until)
        } else {
            minute.checked_add_signed(MINUTE)
        }
    });
    until.ok_or_else(|| "give a length of time above zero".to_owned())
}

/// The last year that our files can say.
const LAST_YEAR: i32 = 9999;

/// Reads a time of a zone, or one that says its own; it must lie ahead of what is now.
pub(crate) fn parse<Zone: TimeZone>(
    text: &str,
    now: &Moment,
    zone: &Zone,
) -> Result<Moment, String> {
    let wrong = || {
        format!(
            "`{text}` is not a time: write 'Mon 08:00', '2026-11-23 08:00' or '08:00', in local time, or 2026-11-23T08:00:00Z"
        )
    };
    let said = match DateTime::parse_from_rfc3339(text.trim()) {
        Ok(time) => Moment {
            time: time.to_utc(),
            wall: time.with_timezone(zone).naive_local(),
        },
        Err(_) => {
            let (wall, _) = read(text.trim(), now.wall).ok_or_else(wrong)?;
            let time = in_zone(wall, zone, now.time).ok_or_else(wrong)?;
            Moment { time, wall }
        }
    };
    // Where clocks change, one of them may lie ahead alone.
    if said.time <= now.time && said.wall <= now.wall {
        return Err(format!("`{text}` is in the past"));
    }
    if said.time.year() > LAST_YEAR {
        return Err(wrong());
    }
    Ok(said)
}

/// Reads a time of the zone of `now`, the latest that is meant; or one that says its own zone.
pub(crate) fn parse_past<Zone: TimeZone>(
    text: &str,
    now: &DateTime<Zone>,
) -> Result<DateTime<Utc>, String> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let wrong = || {
        format!(
            "`{text}` is not a time: write 'Sat 03:00', '2026-11-22 13:00' or '03:00', in local time, or 2026-11-22T13:00:00Z"
        )
    };
    let local = match text.strip_prefix("yesterday") {
        Some(time) => {
            let yesterday = now.date_naive().pred_opt();
            yesterday.and_then(|day| Some(day.and_time(clock(time.trim())?)))
        }
        None => read(text, now.naive_local())
            .and_then(|(next, again)| next.checked_sub_signed(TimeDelta::days(again))),
    };
    let first = DateTime::<Utc>::MIN_UTC;
    let time = local.and_then(|local| in_zone(local, &now.timezone(), first));
    time.ok_or_else(wrong)
}

/// A time that the clocks show twice is the first of the two that lies ahead. One that they leave out is as far
/// behind the gap as it is in it: `02:15` is `03:15`, and on Lord Howe, where half an hour is left out, `02:45`.
fn in_zone<Zone: TimeZone>(
    local: NaiveDateTime,
    zone: &Zone,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let at = |local: NaiveDateTime| {
        // Which of the two comes first `chrono` does not say of this host's zone, though it promises to.
        let shown = zone.from_local_datetime(&local).map(|time| time.to_utc());
        let both = [shown.earliest(), shown.latest()].into_iter().flatten();
        let ahead = both.clone().filter(|time| *time > now).min();
        ahead.or_else(|| both.max())
    };
    let skipped = || {
        // Samoa once left out a day. A day and more before a gap clocks went as they did just before it.
        let before = TimeDelta::hours(26);
        at(local.checked_sub_signed(before)?)?.checked_add_signed(before)
    };
    at(local).or_else(skipped)
}

/// Reads a time of a day.
fn clock(text: &str) -> Option<NaiveTime> {
    let formats = ["%H:%M", "%H:%M:%S"];
    let mut times = formats.iter();
    times.find_map(|format| NaiveTime::parse_from_str(text, format).ok())
}

/// Returns the next such time, and after how many days it comes again.
fn read(text: &str, now: NaiveDateTime) -> Option<(NaiveDateTime, i64)> {
    let tomorrow = || now.date().succ_opt();
    if let Some(time) = clock(text) {
        let today = now.date().and_time(time);
        let next = if today > now {
            today
        } else {
            tomorrow()?.and_time(time)
        };
        return Some((next, 1));
    }
    let date_and_time = text
        .split_once('T')
        .filter(|(day, _)| day.starts_with(|c: char| c.is_ascii_digit()));
    let split = date_and_time.or_else(|| text.split_once(' '));
    let (day, time) = split.unwrap_or((text, "00:00"));
    let time = clock(time.trim())?;
    let (date, again) = if let Ok(date) = NaiveDate::parse_from_str(day, "%Y-%m-%d") {
        (date, 0)
    } else if day.eq_ignore_ascii_case("tomorrow") {
        (tomorrow()?, 0)
    } else {
        let day: Weekday = day.parse().ok()?;
        let ahead = (day.num_days_from_monday() + 7 - now.weekday().num_days_from_monday()) % 7;
        let date = now.date() + TimeDelta::days(ahead.into());
        let next = if date.and_time(time) > now {
            date
        } else {
            date + TimeDelta::days(7)
        };
        (next, 7)
    };
    Some((date.and_time(time), again))
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    /// A Sunday evening, an hour east of Greenwich.
    fn now() -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339("2026-11-22T19:30:00+01:00").unwrap()
    }

    fn ahead(text: &str) -> Result<DateTime<Utc>, String> {
        let here = Moment {
            time: now().to_utc(),
            wall: now().naive_local(),
        };
        parse(text, &here, now().offset()).map(|said| said.time)
    }

    #[test]
    fn a_time_is_read_as_the_clock_on_the_wall_shows_it() {
        for (text, time) in [
            ("Mon 08:00", "2026-11-23T07:00:00Z"),
            ("monday 08:00", "2026-11-23T07:00:00Z"),
            ("Tue 08:00", "2026-11-24T07:00:00Z"),
            ("Thu", "2026-11-25T23:00:00Z"),
            ("Sun 20:00", "2026-11-22T19:00:00Z"),
            ("Sun 08:00", "2026-11-29T07:00:00Z"),
            ("2026-12-01 08:00", "2026-12-01T07:00:00Z"),
            ("2026-12-01T08:00:30", "2026-12-01T07:00:30Z"),
            ("2026-12-01", "2026-11-30T23:00:00Z"),
            ("20:15", "2026-11-22T19:15:00Z"),
            ("08:00", "2026-11-23T07:00:00Z"),
            ("tomorrow 08:00", "2026-11-23T07:00:00Z"),
            ("2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z"),
            ("2026-11-23T08:00:00-05:00", "2026-11-23T13:00:00Z"),
        ] {
            let expected = DateTime::parse_from_rfc3339(time).unwrap();
            assert_eq!(ahead(text), Ok(expected.to_utc()), "{text}");
        }
    }

    #[test]
    fn a_time_that_is_over_is_the_latest_that_is_meant() {
        for (text, time) in [
            ("Sat 03:00", "2026-11-21T02:00:00Z"),
            ("Sun 08:00", "2026-11-22T07:00:00Z"),
            ("Sun 20:00", "2026-11-15T19:00:00Z"),
            ("08:00", "2026-11-22T07:00:00Z"),
            ("20:00", "2026-11-21T19:00:00Z"),
            ("yesterday 08:00", "2026-11-21T07:00:00Z"),
            ("yesterday 20:00", "2026-11-21T19:00:00Z"),
            ("2026-11-22 13:00", "2026-11-22T12:00:00Z"),
            ("2026-11-22T13:00:00Z", "2026-11-22T13:00:00Z"),
            ("2026-11-22T13:00:00.5+02:00", "2026-11-22T11:00:00.5Z"),
        ] {
            let expected = DateTime::parse_from_rfc3339(time).unwrap();
            assert_eq!(parse_past(text, &now()), Ok(expected.to_utc()), "{text}");
        }
        for text in [
            "",
            "then",
            "yesterday",
            "2026-13-01 08:00",
            "yesterday -262143-01-01 00:00",
        ] {
            assert!(parse_past(text, &now()).is_err(), "{text}");
        }
    }

    /// A silence that was said to end at 20:30 withheld what failed within that minute.
    #[test]
    fn what_lasts_for_minutes_ends_at_a_full_one() {
        let until = |now: &str, seconds| {
            let now = DateTime::parse_from_rfc3339(now).unwrap().to_utc();
            let until = after(now, Duration::from_secs(seconds)).unwrap();
            until.format("%H:%M:%S%.f").to_string()
        };
        for (now, seconds, expected) in [
            ("2026-11-22T18:30:00Z", 7200, "20:30:00"),
            ("2026-11-22T18:30:00.000001Z", 7200, "20:31:00"),
            ("2026-11-22T18:30:42Z", 7200, "20:31:00"),
            ("2026-11-22T18:30:42Z", 60, "18:32:00"),
            ("2026-11-22T18:30:42Z", 30, "18:31:12"),
        ] {
            assert_eq!(until(now, seconds), expected, "{now}, {seconds}");
        }
    }

    #[test]
    fn what_is_no_time_or_is_over_is_refused() {
        for text in [
            "",
            "soon",
            "Mon 25:00",
            "2026-11-22 08:00",
            "2026-13-01 08:00",
            "8",
            "+262142-12-31 23:59",
        ] {
            assert!(ahead(text).is_err(), "{text}");
        }
        assert!(after(now().to_utc(), Duration::ZERO).is_err());
        assert!(after(now().to_utc(), Duration::MAX).is_err());
    }
}
