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
use crate::format::time::{self, Time};
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
        let line = &line.replace('\t', " ");
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
        let mut seen = Vec::new();
        while !rest.is_empty() {
            let (key, after) = next_word(rest);
            if seen.contains(&key) {
                return Err(format!("`{key}` is said twice"));
            }
            seen.push(key);
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

    pub(crate) fn names(&self, job: &str) -> bool {
        pattern::is_fit(&self.jobs, job)
    }

    pub(crate) fn open_until(&self, now: Time) -> Option<Time> {
        let windows = self
            .around(now)
            .filter(|(from, to)| (*from..*to).contains(&now));
        windows.map(|(_, to)| to).max()
    }

    /// Returns when it begins and ends, now or next; `None` where it is over.
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
        let from = time::second(self.from.and_utc()).replacen(' ', "T", 1);
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

/// Reads a time, and returns whether it says its own zone, which is then made UTC.
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
    let mut formats = LOCAL.iter();
    let of_offset =
        formats.find_map(|format| DateTime::parse_from_str(word, &format!("{format}%:z")).ok());
    let time = of_offset.or_else(|| DateTime::parse_from_rfc3339(word).ok())?;
    Some((time.naive_utc(), true))
}

#[cfg(test)]
mod tests;
