//! The clock on the wall of a zone, by the rule that `TZ` has for it (POSIX.1-2017, 8.3), such as
//! `CET-1CEST,M3.5.0,M10.5.0/3`.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, TimeDelta};

use crate::format::time::Time;

/// When a change has no time of day, it is at two o'clock.
const CHANGE_TIME: i32 = 2 * 3600;

/// A zone: how far its clocks are ahead of UTC, in seconds, and when that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Zone {
    standard: i32,
    summer: Option<Summer>,
}

/// The other time of the year.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Summer {
    offset: i32,
    begins: Change,
    ends: Change,
}

/// When clocks change, each year.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    day: Day,
    /// On the clock that holds until then; it may lie outside the day.
    seconds: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Day {
    /// `M3.5.0`: the weekday of that week of the month, 5 being the last one.
    Weekday { month: u32, week: u8, weekday: u8 },
    /// `J60`: from 1, in which February never has 29 days.
    Plain(u32),
    /// `59`: from 0, by the calendar.
    Calendar(u32),
}

impl Zone {
    pub(crate) const UTC: Self = Self {
        standard: 0,
        summer: None,
    };

    /// Reads a rule of `TZ`.
    pub(crate) fn parse(rule: &str) -> Option<Self> {
        if rule == "UTC" {
            return Some(Self::UTC);
        }
        let rest = &mut &*rule;
        name(rest)?;
        let standard = -clock(rest, 24)?;
        if rest.is_empty() {
            return Some(Self {
                standard,
                summer: None,
            });
        }
        name(rest)?;
        let offset = if rest.starts_with(',') {
            standard + 3600
        } else {
            -clock(rest, 24)?
        };
        let begins = Change::parse(rest)?;
        let ends = Change::parse(rest)?;
        rest.is_empty().then_some(Self {
            standard,
            summer: Some(Summer {
                offset,
                begins,
                ends,
            }),
        })
    }

    /// Returns what the clock on the wall shows.
    pub(crate) fn local(&self, time: Time) -> NaiveDateTime {
        let offset = TimeDelta::seconds(self.offset(time.naive_utc()).into());
        let local = time.naive_utc().checked_add_signed(offset);
        local.unwrap_or(time.naive_utc())
    }

    /// Returns when the clock on the wall shows that. An hour that it leaves out is the one after
    /// it; one that it shows twice is the first.
    pub(crate) fn time(&self, local: NaiveDateTime) -> Option<Time> {
        let summer = self.summer.as_ref().map(|summer| summer.offset);
        let offsets = [Some(self.standard), summer].into_iter().flatten();
        let at = |offset: i32| local.checked_sub_signed(TimeDelta::seconds(offset.into()));
        let shown = offsets
            .clone()
            .filter_map(|offset| at(offset).filter(|time| self.offset(*time) == offset));
        let left_out = || offsets.filter_map(at).max();
        shown.min().or_else(left_out).map(|time| time.and_utc())
    }

    fn offset(&self, utc: NaiveDateTime) -> i32 {
        let Some(summer) = &self.summer else {
            return self.standard;
        };
        let local = utc.checked_add_signed(TimeDelta::seconds(self.standard.into()));
        let year = local.unwrap_or(utc).year();
        let at = |change: &Change, before: i32| {
            let local = change.of(year)?;
            local.checked_sub_signed(TimeDelta::seconds(before.into()))
        };
        let (Some(begins), Some(ends)) = (
            at(&summer.begins, self.standard),
            at(&summer.ends, summer.offset),
        ) else {
            return self.standard;
        };
        let is_summer = if begins <= ends {
            (begins..ends).contains(&utc)
        } else {
            !(ends..begins).contains(&utc)
        };
        if is_summer {
            summer.offset
        } else {
            self.standard
        }
    }
}

impl Change {
    /// Reads `,M3.5.0/3`.
    fn parse(rest: &mut &str) -> Option<Self> {
        *rest = rest.strip_prefix(',')?;
        let day = if passes(rest, 'M') {
            let month = number(rest, 1..=12)?;
            *rest = rest.strip_prefix('.')?;
            let week = u8::try_from(number(rest, 1..=5)?).ok()?;
            *rest = rest.strip_prefix('.')?;
            let weekday = u8::try_from(number(rest, 0..=6)?).ok()?;
            Day::Weekday {
                month,
                week,
                weekday,
            }
        } else if passes(rest, 'J') {
            Day::Plain(number(rest, 1..=365)?)
        } else {
            Day::Calendar(number(rest, 0..=365)?)
        };
        let seconds = if passes(rest, '/') {
            clock(rest, 167)?
        } else {
            CHANGE_TIME
        };
        Some(Self { day, seconds })
    }

    fn of(&self, year: i32) -> Option<NaiveDateTime> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
        let date = match self.day {
            Day::Calendar(days) => first.checked_add_signed(TimeDelta::days(days.into()))?,
            Day::Plain(day) => {
                let leap = u32::from(first.leap_year() && day > 59);
                first.checked_add_signed(TimeDelta::days((day - 1 + leap).into()))?
            }
            Day::Weekday {
                month,
                week,
                weekday,
            } => {
                let weekday = chrono::Weekday::try_from((weekday + 6) % 7).ok()?;
                let of_week =
                    |week| NaiveDate::from_weekday_of_month_opt(year, month, weekday, week);
                (1..=week).rev().find_map(of_week)?
            }
        };
        let midnight = date.and_hms_opt(0, 0, 0)?;
        midnight.checked_add_signed(TimeDelta::seconds(self.seconds.into()))
    }
}

/// Passes over `CET` or `<+01>`.
fn name(rest: &mut &str) -> Option<()> {
    let quoted = rest.strip_prefix('<');
    let after = match quoted {
        Some(quoted) => quoted.split_once('>')?.1,
        None => rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()),
    };
    let length = rest.len() - after.len();
    *rest = after;
    (length >= 3).then_some(())
}

/// Reads `-3:30` as seconds.
fn clock(rest: &mut &str, most_hours: u32) -> Option<i32> {
    let is_negative = passes(rest, '-');
    let _ = !is_negative && passes(rest, '+');
    let mut seconds = number(rest, 0..=most_hours)? * 3600;
    for unit in [60, 1] {
        if !passes(rest, ':') {
            break;
        }
        seconds += number(rest, 0..=59)? * unit;
    }
    let seconds = i32::try_from(seconds).ok()?;
    Some(if is_negative { -seconds } else { seconds })
}

/// Passes over a sign, where it stands there.
fn passes(rest: &mut &str, sign: char) -> bool {
    let after = rest.strip_prefix(sign);
    *rest = after.unwrap_or(rest);
    after.is_some()
}

fn number(rest: &mut &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let (digits, after) = rest.split_at(rest.len() - after.len());
    *rest = after;
    digits.parse().ok().filter(|number| range.contains(number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::format::time;

    fn utc(text: &str) -> Time {
        time::parse(&format!("{text}:00:000000 UTC")).unwrap()
    }

    fn local(text: &str) -> NaiveDateTime {
        utc(text).naive_utc()
    }

    /// Issue 18, point 3: a window of each week stays where the clock on the wall has it. The times
    /// are those of Python's zoneinfo.
    #[test]
    fn the_clock_on_the_wall_is_that_of_the_zone_also_where_clocks_change() {
        const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
        const NEW_YORK: &str = "EST5EDT,M3.2.0,M11.1.0";
        const LORD_HOWE: &str = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";
        const DUBLIN: &str = "IST-1GMT0,M10.5.0,M3.5.0/1";
        const NUUK: &str = "<-02>2<-01>,M3.5.0/-1,M10.5.0/0";
        for (zone, wall, time) in [
            ("UTC", "2026-07-01 12:00", "2026-07-01 12:00"),
            ("<+0545>-5:45", "2026-07-01 12:00", "2026-07-01 06:15"),
            (BERLIN, "2026-01-01 12:00", "2026-01-01 11:00"),
            (BERLIN, "2026-07-01 12:00", "2026-07-01 10:00"),
            // Left out, shown twice.
            (BERLIN, "2026-03-29 01:59", "2026-03-29 00:59"),
            (BERLIN, "2026-03-29 02:30", "2026-03-29 01:30"),
            (BERLIN, "2026-03-29 03:00", "2026-03-29 01:00"),
            (BERLIN, "2026-10-25 02:30", "2026-10-25 00:30"),
            (BERLIN, "2026-10-25 03:00", "2026-10-25 02:00"),
            (NEW_YORK, "2026-03-08 03:00", "2026-03-08 07:00"),
            (NEW_YORK, "2026-11-01 01:30", "2026-11-01 05:30"),
            (NEW_YORK, "2026-11-01 02:00", "2026-11-01 07:00"),
            (LORD_HOWE, "2026-01-01 12:00", "2026-01-01 01:00"),
            (LORD_HOWE, "2026-07-01 12:00", "2026-07-01 01:30"),
            (LORD_HOWE, "2026-10-04 02:15", "2026-10-03 15:45"),
            (LORD_HOWE, "2026-04-05 01:45", "2026-04-04 14:45"),
            (DUBLIN, "2026-01-01 12:00", "2026-01-01 12:00"),
            (DUBLIN, "2026-07-01 12:00", "2026-07-01 11:00"),
            (DUBLIN, "2026-03-29 01:30", "2026-03-29 01:30"),
            (NUUK, "2026-07-01 12:00", "2026-07-01 13:00"),
            (
                "XXX1YYY,J60/0,J300/0",
                "2028-03-01 12:00",
                "2028-03-01 12:00",
            ),
            ("XXX1YYY,59/0,300/0", "2028-02-29 12:00", "2028-02-29 12:00"),
        ] {
            let rule = Zone::parse(zone).expect(zone);
            assert_eq!(rule.time(local(wall)), Some(utc(time)), "{zone} {wall}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for rule in [
            "",
            "C",
            "CE-1",
            "CET",
            "CET-25",
            "CET-1CEST",
            "CET-1CEST,M3.5.0",
            "CET-1CEST,M13.5.0,M10.5.0",
            "CET-1CEST,M3.5.0,M10.5.0/3x",
            "CET-1CEST,J0,J3",
            "<CET-1",
            "Europe/Berlin",
            "UTC0\n",
        ] {
            assert_eq!(Zone::parse(rule), None, "{rule}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_rule_or_none_and_the_wall_shows_what_it_was_asked_for(
            rule in "[A-Z]{3}-?[0-9]{1,2}(:[0-9]{2})?([A-Z]{3}(,(M[0-9]{1,2}\\.[0-9]\\.[0-9]|J?[0-9]{1,3})(/-?[0-9]{1,3})?){0,2})?|.{0,12}",
            seconds in 0..4_000_000_000i64,
        ) {
            if let Some(zone) = Zone::parse(&rule) {
                let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
                let again = zone.time(zone.local(time)).unwrap();
                // The same, or the first of the two that look so.
                prop_assert!(again <= time && time - again <= TimeDelta::hours(50));
            }
        }
    }
}
