//! Planned quiet: times in which no alert of some jobs is sent, but for recoveries of what was sent.
//!
//! A window is a line, written by `pipeline-notify silence` or by a deployment tool:
//!
//! ```text
//! etl.* from 2026-11-28T22:00 for 4h repeat weekly zone Europe/Berlin because the database moves
//! ```

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta};

use crate::format::pattern;
use crate::format::span;
use crate::format::text;
use crate::format::time::Time;
use crate::format::zone::Zone;
use crate::status::Quiet;

/// The longest window that comes again, and the shortest time after which one does.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How a local time is written; the seconds may be left out.
const LOCAL: [&str; 2] = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];

/// A time in which nothing is sent of the jobs that a pattern names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    /// A job's name, in which `*` stands for any characters.
    pub(crate) jobs: String,
    /// When it first begins, on the clock of its zone.
    pub(crate) from: NaiveDateTime,
    pub(crate) length: Duration,
    pub(crate) repeat: Option<Repeat>,
    /// The zone, as it was written; empty for UTC.
    pub(crate) zone_name: String,
    pub(crate) zone: Zone,
    /// Who asked for it.
    pub(crate) by: Option<String>,
    pub(crate) because: Option<String>,
}

/// How often a window comes again, by the calendar of its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    Daily,
    Weekly,
}

impl Repeat {
    /// Reads `daily` or `weekly`.
    pub(crate) fn parse(word: &str) -> Result<Self, String> {
        let all = [Self::Daily, Self::Weekly];
        let found = all.into_iter().find(|repeat| repeat.as_str() == word);
        found.ok_or_else(|| format!("`{word}` is no way to repeat: write daily or weekly"))
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }

    fn days(self) -> i64 {
        match self {
            Self::Daily => 1,
            Self::Weekly => 7,
        }
    }
}

impl Window {
    /// Reads a line; `rule_of` finds the rule of a zone by its name. What is wrong is an error in words.
    pub(crate) fn parse(
        line: &str,
        rule_of: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let form =
            || "write PATTERN from TIME for LENGTH, as in etl.* from 2026-11-28T22:00 for 4h";
        let (jobs, rest) = line.split_once(" from ").ok_or_else(form)?;
        let (first, mut rest) = next_word(rest);
        let (from, is_utc) = parse_time(first).ok_or_else(|| {
            format!("`{first}` is no time: write 2026-11-28T22:00, or 2026-11-28T22:00Z for UTC")
        })?;
        let mut window = Self {
            jobs: jobs.trim().to_owned(),
            from,
            length: Duration::ZERO,
            repeat: None,
            zone_name: String::new(),
            zone: Zone::UTC,
            by: None,
            because: None,
        };
        while !rest.is_empty() {
            let (key, after) = next_word(rest);
            let (word, others) = next_word(after);
            rest = others;
            match key {
                "for" => window.length = span::parse(word)?,
                "repeat" => window.repeat = Some(Repeat::parse(word)?),
                // What follows are words of people: they come last.
                "by" => {
                    let (by, because) = after.split_once(" because ").unwrap_or((after, ""));
                    (window.by, window.because) = (words(by), words(because));
                    rest = "";
                }
                "because" => {
                    window.because = words(after);
                    rest = "";
                }
                "zone" => {
                    let rule = Zone::parse(word);
                    let rule = rule.or_else(|| Zone::parse(&rule_of(word)?));
                    word.clone_into(&mut window.zone_name);
                    window.zone = rule.ok_or_else(|| {
                        format!("`{word}` is no time zone that is known here: write Europe/Berlin, or its rule as TZ has it")
                    })?;
                }
                _ => {
                    return Err(format!(
                        "`{key}` is no word of a window: there are for, repeat, zone, by and because"
                    ));
                }
            }
        }
        if is_utc && !window.zone_name.is_empty() {
            return Err(
                "a time that ends in Z or an offset has its zone: leave out `zone`".to_owned(),
            );
        }
        window.check().map(|()| window)
    }

    /// Tells what is wrong with it, in words.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.jobs.is_empty() {
            Err("the pattern is missing: write the name of a job, or * for all".to_owned())
        } else if self.length.is_zero() {
            Err("the window has no length: write for 4h".to_owned())
        } else if self.length > span::LONGEST {
            Err("a planned quiet lasts ten years at most".to_owned())
        } else if self.repeat.is_some() && self.length > DAY {
            Err("a window that repeats lasts 24h at most".to_owned())
        } else {
            Ok(())
        }
    }

    /// Tells whether it is about that job.
    pub(crate) fn names(&self, job: &str) -> bool {
        pattern::is_fit(&self.jobs, job)
    }

    /// Returns when it ends, where it is open now.
    pub(crate) fn open_until(&self, now: Time) -> Option<Time> {
        let windows = self
            .around(now)
            .filter(|(from, to)| (*from..*to).contains(&now));
        windows.map(|(_, to)| to).max()
    }

    /// Returns when it begins and ends, now or next; `None` where it is over.
    #[cfg(any(test, feature = "cli"))]
    pub(crate) fn next(&self, now: Time) -> Option<(Time, Time)> {
        self.around(now).filter(|(_, to)| *to > now).min()
    }

    /// Returns the windows from the last one that began before now to the next one.
    fn around(&self, now: Time) -> impl Iterator<Item = (Time, Time)> + use<'_> {
        let days = self.repeat.map_or(0, Repeat::days);
        let passed = (self.zone.local(now) - self.from).num_days();
        let last = passed.checked_div(days).unwrap_or_default();
        // One more to each side: the last may last still, and clocks change.
        let numbers = match self.repeat {
            None => 0..=0,
            Some(_) => (last - 1).max(0)..=(last + 2).max(0),
        };
        numbers.filter_map(move |number| {
            let from = self
                .from
                .checked_add_signed(TimeDelta::try_days(number * days)?)?;
            let from = self.zone.time(from)?;
            let to = from.checked_add_signed(TimeDelta::from_std(self.length).ok()?)?;
            Some((from, to))
        })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = match &*self.zone_name {
            "" => "Z",
            _ => "",
        };
        let from = self.from.format(LOCAL[0]);
        write!(
            f,
            "{} from {from}{zone} for {}s",
            self.jobs,
            self.length.as_secs()
        )?;
        if let Some(repeat) = self.repeat {
            write!(f, " repeat {}", repeat.as_str())?;
        }
        if zone.is_empty() {
            write!(f, " zone {}", self.zone_name)?;
        }
        if let Some(by) = &self.by {
            write!(f, " by {}", text::escape(by))?;
        }
        match &self.because {
            Some(because) => write!(f, " because {}", text::escape(because)),
            None => Ok(()),
        }
    }
}

/// Returns the quiet of a job that lasts longest, where some window is open.
pub(crate) fn of<'a>(
    windows: impl IntoIterator<Item = &'a Window>,
    job: &str,
    now: Time,
) -> Option<Quiet> {
    let named = windows.into_iter().filter(|window| window.names(job));
    let open = named.filter_map(|window| {
        Some(Quiet {
            until: window.open_until(now)?,
            because: window.because.clone(),
        })
    });
    open.max_by_key(|quiet| quiet.until)
}

/// Reads what a person wrote; `None` where that is nothing.
fn words(text: &str) -> Option<String> {
    let words = text::unescape(text.trim());
    (!words.is_empty()).then(|| words.into_owned())
}

fn next_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim())
}

/// Reads a time, and tells whether it says its own zone, which is then made UTC.
fn parse_time(word: &str) -> Option<(NaiveDateTime, bool)> {
    let local = |word: &str| {
        let mut formats = LOCAL.iter();
        formats.find_map(|format| NaiveDateTime::parse_from_str(word, format).ok())
    };
    if let Some(time) = local(word) {
        return Some((time, false));
    }
    if let Some(time) = word.strip_suffix('Z').and_then(local) {
        return Some((time, true));
    }
    let time = DateTime::parse_from_rfc3339(word).ok()?;
    Some((time.naive_utc(), true))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::format::time;

    fn at(text: &str) -> Time {
        time::parse(&format!("{text}:00:000000 UTC")).unwrap()
    }

    fn zones(name: &str) -> Option<String> {
        (name == "Europe/Berlin").then(|| "CET-1CEST,M3.5.0,M10.5.0/3".to_owned())
    }

    fn window(line: &str) -> Window {
        Window::parse(line, zones).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// Issue 18, point 3.
    #[test]
    fn a_window_is_open_from_its_beginning_until_just_before_its_end() {
        let once = "etl.* from 2026-11-28T22:00Z for 4h because the database moves";
        let daily = "* from 2026-10-20T22:00 for 8h repeat daily zone Europe/Berlin";
        let weekly = "* from 2026-10-17T22:00 for 4h repeat weekly zone Europe/Berlin";
        let all_day = "* from 2026-11-28T22:00Z for 24h repeat daily";
        for (line, now, until) in [
            (once, "2026-11-28 21:59", None),
            (once, "2026-11-28 22:00", Some("2026-11-29 02:00")),
            (once, "2026-11-29 01:59", Some("2026-11-29 02:00")),
            (once, "2026-11-29 02:00", None),
            (once, "2026-12-05 22:00", None),
            // Summer time until 25 October at 03:00: 22:00 is 20:00, and 21:00 after it.
            (weekly, "2026-10-10 20:30", None),
            (weekly, "2026-10-17 20:00", Some("2026-10-18 00:00")),
            (weekly, "2026-10-18 20:00", None),
            (weekly, "2026-10-24 20:00", Some("2026-10-25 00:00")),
            (weekly, "2026-10-31 20:59", None),
            (weekly, "2026-10-31 21:00", Some("2026-11-01 01:00")),
            (weekly, "2036-03-22 23:00", Some("2036-03-23 01:00")),
            (weekly, "2036-03-29 23:00", Some("2036-03-30 01:00")),
            (weekly, "2036-04-05 23:59", Some("2036-04-06 00:00")),
            (daily, "2026-10-19 20:00", None),
            (daily, "2026-10-24 20:00", Some("2026-10-25 04:00")),
            (daily, "2026-10-25 04:00", None),
            (daily, "2026-10-25 21:00", Some("2026-10-26 05:00")),
            (all_day, "2026-11-30 21:59", Some("2026-11-30 22:00")),
            (all_day, "2026-11-30 22:00", Some("2026-12-01 22:00")),
        ] {
            assert_eq!(
                window(line).open_until(at(now)),
                until.map(at),
                "{line}: {now}"
            );
        }
        let next = window(weekly).next(at("2026-10-26 12:00"));
        assert_eq!(next, Some((at("2026-10-31 21:00"), at("2026-11-01 01:00"))));
        assert_eq!(
            window(weekly).next(at("2020-01-01 00:00")).unwrap().0,
            at("2026-10-17 20:00")
        );
        assert_eq!(window(once).next(at("2026-11-29 02:00")), None);
    }

    #[test]
    fn of_several_windows_that_are_open_the_one_that_ends_last_counts() {
        let windows = [
            "etl.* from 2026-11-28T22:00Z for 4h because one",
            "etl.load from 2026-11-28T22:00Z for 6h because two",
            "web.* from 2026-11-28T22:00Z for 9h because three",
        ]
        .map(window);
        let why = |job| of(&windows, job, at("2026-11-28 23:00")).and_then(|quiet| quiet.because);
        assert_eq!(why("etl.load").as_deref(), Some("two"));
        assert_eq!(why("etl.other").as_deref(), Some("one"));
        assert_eq!(why("etl"), None);
    }

    /// Issue 18, point 3: a malformed line is a warning.
    #[test]
    fn a_line_that_is_no_window_says_what_is_wrong_and_what_to_write() {
        for (line, says) in [
            ("", "PATTERN from TIME for LENGTH"),
            ("etl.*", "PATTERN from TIME for LENGTH"),
            (" from 2026-11-28T22:00 for 4h", "the pattern is missing"),
            ("etl.* from tomorrow for 4h", "`tomorrow` is no time"),
            (
                "etl.* from 2026-11-28 22:00 for 4h",
                "`2026-11-28` is no time",
            ),
            ("etl.* from 2026-11-31T22:00 for 4h", "is no time"),
            ("etl.* from 2026-11-28T22:00", "no length"),
            ("etl.* from 2026-11-28T22:00 for 0s", "no length"),
            (
                "etl.* from 2026-11-28T22:00 for ever",
                "`ever` is not a length of time",
            ),
            (
                "etl.* from 2026-11-28T22:00 for 4h repeat hourly",
                "daily or weekly",
            ),
            (
                "etl.* from 2026-11-28T22:00 for 25h repeat daily",
                "24h at most",
            ),
            (
                "etl.* from 2026-11-28T22:00 for 2d repeat weekly",
                "24h at most",
            ),
            (
                "etl.* from 2026-11-28T22:00 for 4h zone Mars/Olympus",
                "no time zone",
            ),
            (
                "etl.* from 2026-11-28T22:00Z for 4h zone Europe/Berlin",
                "leave out `zone`",
            ),
            (
                "etl.* from 2026-11-28T22:00 for 4h until 8",
                "`until` is no word",
            ),
        ] {
            let error = Window::parse(line, zones).expect_err(line);
            assert!(error.contains(says), "{line}: {error}");
        }
        let offset = window("a b from 2026-11-28T22:00:30+01:00 for 1d12h by anna");
        assert_eq!(
            offset.open_until(at("2026-11-30 09:00")),
            Some(at("2026-11-30 09:00") + TimeDelta::seconds(30))
        );
        assert!(offset.names("a b") && offset.by.as_deref() == Some("anna"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            jobs in "[a-z*.%@ -]{0,8}[a-z*]",
            seconds in 1..86_400u64,
            from in 0..4_000_000_000i64,
            repeat in proptest::option::of(prop_oneof![Just(Repeat::Daily), Just(Repeat::Weekly)]),
            zone in prop_oneof![Just(""), Just("Europe/Berlin"), Just("EST5EDT,M3.2.0,M11.1.0")],
            by in proptest::option::of("[a-z]{1,5}( [a-z0-9]{1,5})?"),
            because in proptest::option::of("\\PC{0,20}[a-z\n]b"),
        ) {
            prop_assume!(!jobs.trim().is_empty() && !jobs.contains(" from "));
            let rule = zones(zone).unwrap_or_else(|| zone.to_owned());
            let window = Window {
                jobs: jobs.trim().to_owned(),
                from: DateTime::from_timestamp(from, 0).unwrap().naive_utc(),
                length: Duration::from_secs(seconds),
                repeat,
                zone_name: zone.to_owned(),
                zone: Zone::parse(&rule).unwrap_or(Zone::UTC),
                by,
                because: because.map(|why| why.trim().to_owned()),
            };
            let line = window.to_string();
            prop_assert_eq!(line.lines().count(), 1);
            prop_assert_eq!(Window::parse(&line, zones), Ok(window), "{}", line);
        }

        #[test]
        fn no_text_and_no_time_is_a_panic(line in "(\\PC{0,10} from [0-9]{4}-[0-9]{2}-[0-9]{2}T22:00 for [0-9]{1,9}[smhdw] ?(repeat (daily|weekly))?|\\PC{0,40})", seconds in any::<i32>()) {
            if let Ok(window) = Window::parse(&line, zones) {
                let now = DateTime::from_timestamp(i64::from(seconds) * 4, 0).unwrap();
                let until = window.open_until(now);
                prop_assert!(until.is_none_or(|until| until > now));
                prop_assert!(window.next(now).is_none_or(|(from, to)| to > now && from < to));
            }
        }
    }
}
