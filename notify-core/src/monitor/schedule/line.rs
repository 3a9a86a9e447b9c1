//! A line of a crontab: at which minutes it is due, as Debian's cron (3.0pl1) reads it.

mod field;

use std::fmt;
use std::ops::Range;

use chrono::{Datelike as _, NaiveDate, NaiveTime};

use field::{FIELDS, SUNDAY_TOO};

/// The minutes of a year at which a line is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Bit 5 is minute 5; so are the others.
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    /// Bit 0 is Sunday.
    weekdays: u64,
    /// Whether neither minute nor hour begins with `*`: what such a line misses when clocks change is made
    /// up for.
    pub(crate) is_fixed: bool,
    /// Whether a day must fit the day of month and the day of week; else one of them is enough.
    needs_both: bool,
    /// What cron reads otherwise than people may mean.
    pub(crate) remarks: Vec<String>,
}

/// What is wrong with a line, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The whole line.
    line: String,
    /// The bytes of it that are wrong.
    place: Range<usize>,
    /// The field's name, where one is wrong.
    field: Option<&'static str>,
    words: String,
}

/// What a word stands for; cron's own `@reboot` is no time.
const WORDS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// The most days that a month has.
const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

impl Line {
    /// Reads a line, without the command behind it.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let (line, places) = fields(text)?;
        let part = |number: usize| &line[places[number].clone()];
        let mut remarks = Vec::new();
        let mut sets = [0; FIELDS.len()];
        for (number, field) in FIELDS.iter().enumerate() {
            let start = places[number].start;
            let set = field.read(part(number), &mut remarks);
            sets[number] = set.map_err(|(within, words)| Fault {
                line: line.to_owned(),
                place: start + within.start..start + within.end,
                field: Some(field.name),
                words,
            })?;
        }
        let [minutes, hours, days, months, weekdays] = sets;
        let [minute, hour, day, _, weekday] = [0, 1, 2, 3, 4].map(part);
        let parsed = Self {
            minutes,
            hours,
            days,
            months,
            // 7 is Sunday as 0 is.
            weekdays: (weekdays | weekdays >> SUNDAY_TOO) & 0x7f,
            is_fixed: !minute.starts_with('*') && !hour.starts_with('*'),
            needs_both: day.starts_with('*') || weekday.starts_with('*'),
            remarks: Vec::new(),
        };
        if !parsed.is_ever_due() {
            return Err(Fault {
                line: line.to_owned(),
                place: places[2].start..places[3].end,
                field: None,
                words: "cron takes it, and it is never due: no such month has that day".to_owned(),
            });
        }
        if day != "*" && weekday != "*" {
            remarks.push(if parsed.needs_both {
                format!("it is due on days that are both day of month `{day}` and day of week `{weekday}`, for one of them begins with `*`")
            } else {
                format!("it is due on each day of month `{day}`, and on each day of week `{weekday}`, too")
            });
        }
        Ok(Self { remarks, ..parsed })
    }

    fn is_ever_due(&self) -> bool {
        let first = self.days.trailing_zeros();
        let mut months = (1..).zip(LONGEST);
        !self.needs_both || months.any(|(month, days)| has(self.months, month) && first <= days)
    }

    /// Returns whether it is due at some time of a day.
    pub(crate) fn is_due_on(&self, date: NaiveDate) -> bool {
        let of_month = has(self.days, date.day());
        let of_week = has(self.weekdays, date.weekday().num_days_from_sunday());
        has(self.months, date.month())
            && if self.needs_both {
                of_month && of_week
            } else {
                of_month || of_week
            }
    }

    /// Returns the times of a day at which it is due, by the clock on the wall.
    pub(crate) fn times(&self) -> impl DoubleEndedIterator<Item = NaiveTime> {
        Numbers(self.hours).flat_map(|hour| {
            let minutes = Numbers(self.minutes);
            minutes.filter_map(move |minute| NaiveTime::from_hms_opt(hour, minute, 0))
        })
    }
}

/// The numbers of a set, in their order.
struct Numbers(u64);

impl Iterator for Numbers {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let first = self.0.trailing_zeros();
        self.0 &= self.0.checked_sub(1)?;
        Some(first)
    }
}

impl DoubleEndedIterator for Numbers {
    fn next_back(&mut self) -> Option<u32> {
        let last = self.0.checked_ilog2()?;
        self.0 ^= 1 << last;
        Some(last)
    }
}

fn has(set: u64, number: u32) -> bool {
    set >> number & 1 == 1
}

/// Returns the five fields of a line, for which a word may stand, and where in it each stands.
fn fields(text: &str) -> Result<(&str, [Range<usize>; FIELDS.len()]), Fault> {
    let word = WORDS.iter().find(|(word, _)| *word == text.trim());
    let line = word.map_or(text, |(_, line)| line);
    let parts = parts(line);
    let words = match (word, text.trim()) {
        (None, "@reboot") => "a start of the machine is no time at which a job is due".to_owned(),
        (None, other) if other.starts_with('@') => {
            let known = WORDS.map(|(word, _)| format!("`{word}`"));
            format!("cron knows {}", known.join(", "))
        }
        _ => match <[Range<usize>; FIELDS.len()]>::try_from(parts) {
            Ok(places) => return Ok((line, places)),
            Err(parts) if parts.is_empty() => {
                "it is empty: write five fields, such as `5 3 * * 1-5`".to_owned()
            }
            Err(parts) if parts.len() > FIELDS.len() => format!(
                "it has {} fields, and cron has five, from the minute on: there are no seconds and no years",
                parts.len()
            ),
            Err(parts) => format!(
                "it has {} of five fields: minute, hour, day of month, month, day of week",
                parts.len()
            ),
        },
    };
    Err(Fault {
        line: text.to_owned(),
        place: 0..text.len(),
        field: None,
        words,
    })
}

/// Returns where the parts between blanks stand.
fn parts(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for part in text.split([' ', '\t']) {
        let end = start + part.len();
        if !part.is_empty() {
            parts.push(start..end);
        }
        start = end + 1;
    }
    parts
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            place,
            field,
            words,
        } = self;
        write!(f, "`{line}`")?;
        if let Some(field) = field {
            let column = line[..place.start].chars().count() + 1;
            write!(f, ", column {column} ({field} `{}`)", &line[place.clone()])?;
        }
        write!(f, ": {words}")
    }
}
