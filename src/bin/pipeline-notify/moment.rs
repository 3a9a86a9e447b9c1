//! Points in time, as people say them: `Mon 08:00`, `2026-11-23 08:00`, `08:00`.

use std::time::Duration;

use chrono::{
    DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc, Weekday,
};

/// Returns the time so long after `now`.
pub(crate) fn after(now: DateTime<Utc>, time: Duration) -> Result<DateTime<Utc>, String> {
    let until = TimeDelta::from_std(time)
        .ok()
        .filter(|time| !time.is_zero());
    let until = until.and_then(|time| now.checked_add_signed(time));
    until.ok_or_else(|| "give a time longer than none".to_owned())
}

/// Reads a time of the zone of `now`, which must lie ahead.
pub(crate) fn parse<Zone: TimeZone>(
    text: &str,
    now: &DateTime<Zone>,
) -> Result<DateTime<Utc>, String> {
    let wrong = || {
        format!(
            "`{text}` is no time: write 'Mon 08:00', '2026-11-23 08:00' or '08:00', in local time"
        )
    };
    let local = read(text.trim(), now.naive_local()).ok_or_else(wrong)?;
    let zone = now.timezone();
    // An hour that the clocks leave out is the one after it.
    let time = zone
        .from_local_datetime(&local)
        .earliest()
        .or_else(|| {
            zone.from_local_datetime(&(local + TimeDelta::hours(1)))
                .earliest()
        })
        .ok_or_else(wrong)?;
    if time <= *now {
        return Err(format!("`{text}` is over already"));
    }
    Ok(time.with_timezone(&Utc))
}

fn read(text: &str, now: NaiveDateTime) -> Option<NaiveDateTime> {
    let clock = |text: &str| {
        let formats = ["%H:%M", "%H:%M:%S"];
        formats
            .iter()
            .find_map(|format| NaiveTime::parse_from_str(text, format).ok())
    };
    let tomorrow = || now.date().succ_opt();
    if let Some(time) = clock(text) {
        let today = now.date().and_time(time);
        return if today > now {
            Some(today)
        } else {
            Some(tomorrow()?.and_time(time))
        };
    }
    let date_and_time = text
        .split_once('T')
        .filter(|(day, _)| day.starts_with(|c: char| c.is_ascii_digit()));
    let split = date_and_time.or_else(|| text.split_once(' '));
    let (day, time) = split.unwrap_or((text, "00:00"));
    let time = clock(time.trim())?;
    let date = if let Ok(date) = NaiveDate::parse_from_str(day, "%Y-%m-%d") {
        date
    } else if day.eq_ignore_ascii_case("tomorrow") {
        tomorrow()?
    } else {
        let day: Weekday = day.parse().ok()?;
        let ahead = (day.num_days_from_monday() + 7 - now.weekday().num_days_from_monday()) % 7;
        let date = now.date() + TimeDelta::days(ahead.into());
        if date.and_time(time) > now {
            date
        } else {
            date + TimeDelta::days(7)
        }
    };
    Some(date.and_time(time))
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    /// A Sunday evening, an hour east of Greenwich.
    fn now() -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339("2026-11-22T19:30:00+01:00").unwrap()
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
        ] {
            let expected = DateTime::parse_from_rfc3339(time).unwrap();
            assert_eq!(parse(text, &now()), Ok(expected.to_utc()), "{text}");
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
        ] {
            assert!(parse(text, &now()).is_err(), "{text}");
        }
        assert!(after(now().to_utc(), Duration::ZERO).is_err());
        assert!(after(now().to_utc(), Duration::MAX).is_err());
    }
}
