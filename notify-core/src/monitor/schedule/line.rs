//! A line of a crontab: at which minutes it is due, as Debian's cron (3.0pl1) reads it.

use std::fmt;
use std::ops::Range;

use chrono::{Datelike as _, NaiveDate, NaiveTime};

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

/// One of the five fields.
#[derive(Debug)]
struct Field {
    name: &'static str,
    /// What it counts anew with.
    within: &'static str,
    low: u32,
    high: u32,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field::new("minute", "hour", 0, 59, &[]),
    Field::new("hour", "day", 0, 23, &[]),
    Field::new("day of month", "month", 1, 31, &[]),
    Field::new(
        "month",
        "year",
        1,
        12,
        &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    ),
    Field::new(
        "day of week",
        "week",
        0,
        SUNDAY_TOO,
        &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ),
];

/// Sunday is 0, and this.
const SUNDAY_TOO: u32 = 7;

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

    /// Tells whether it is due at some time of a day.
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

/// Where in the field something is wrong, and what.
type Wrong = (Range<usize>, String);

impl Field {
    const fn new(
        name: &'static str,
        within: &'static str,
        low: u32,
        high: u32,
        names: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            within,
            low,
            high,
            names,
        }
    }

    /// Reads a list; returns the set of its numbers.
    fn read(&self, text: &str, remarks: &mut Vec<String>) -> Result<u64, Wrong> {
        let (mut set, mut start) = (0, 0);
        for item in text.split(',') {
            let end = start + item.len();
            set |= self
                .read_item(item, remarks)
                .map_err(|words| (start..end, words))?;
            start = end + 1;
        }
        Ok(set)
    }

    /// Reads `*`, `5`, `1-5`, and with a step `*/5` and `1-5/2`.
    fn read_item(&self, item: &str, remarks: &mut Vec<String>) -> Result<u64, String> {
        if item.is_empty() {
            return Err("a comma stands between two numbers".to_owned());
        }
        let (first, last, rest) = match item.strip_prefix('*') {
            Some(rest) => (self.low, self.high, rest),
            None => {
                let (first, rest) = self.number(item)?;
                match rest.strip_prefix('-') {
                    Some(rest) => {
                        let (last, rest) = self.number(rest)?;
                        (first, last, rest)
                    }
                    None if rest.starts_with('/') => {
                        let high = self.high;
                        return Err(format!(
                            "a step stands behind `*` or a range: write `{first}-{high}{rest}`"
                        ));
                    }
                    None => (first, first, rest),
                }
            }
        };
        if first > last {
            return Err(self.reversed(item, first, last));
        }
        let (step, rest) = match rest.strip_prefix('/') {
            Some(rest) => step(rest)?,
            None => (1, rest),
        };
        if !rest.is_empty() {
            let taken = &item[..item.len() - rest.len()];
            let each = match self.weekday(first).filter(|_| first == last) {
                Some(day) => format!(", which is each {day}"),
                None => String::new(),
            };
            return Err(format!(
                "cron reads `{item}` as `{taken}`{each}, and passes over the rest: write `{taken}`"
            ));
        }
        let numbers = || (first..=last).step_by(step);
        if item.starts_with('*')
            && !(self.high + 1 - self.low).is_multiple_of(u32::try_from(step).unwrap_or(u32::MAX))
            && self.high != SUNDAY_TOO
        {
            let (last, within) = (numbers().last().unwrap_or(first), self.within);
            remarks.push(format!(
                "`{item}` counts anew with each {within}: after {} {last} it is due at {first}",
                self.name
            ));
        }
        Ok(numbers().fold(0, |set, number| set | 1 << number))
    }

    /// Reads a number or a name at the beginning; returns what follows.
    fn number<'a>(&self, text: &'a str) -> Result<(u32, &'a str), String> {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric());
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        let named = |name: &&str| name.eq_ignore_ascii_case(word);
        let number = match self.names.iter().position(named) {
            Some(position) => u32::try_from(position).ok().map(|number| number + self.low),
            None => Some(word)
                .filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|word| word.parse().ok()),
        };
        match number {
            Some(number) if (self.low..=self.high).contains(&number) => Ok((number, rest)),
            _ => Err(self.unknown(text, word)),
        }
    }

    /// Says why something is no number of this field.
    fn unknown(&self, text: &str, word: &str) -> String {
        let foreign = [
            ('?', "write `*`"),
            (
                'L',
                "a job can find out itself whether tomorrow is in another month",
            ),
            ('W', "name the days of the week"),
            ('H', "write a number"),
        ];
        // As other programs have them: `?`, `L`, `5L`, `15W`.
        let mark = if word.is_empty() { text } else { word };
        let mark = mark.trim_start_matches(|c: char| c.is_ascii_digit());
        let known = foreign.iter().find(|(sign, _)| {
            mark.strip_prefix(*sign)
                .is_some_and(|rest| rest.is_empty() || rest == "W")
        });
        if let Some((sign, instead)) = known {
            return format!("cron has no `{sign}`: {instead}");
        }
        let names = match (self.names.first(), self.names.last()) {
            (Some(first), Some(last)) => format!(", or by name from `{first}` to `{last}`"),
            _ => String::new(),
        };
        let Self {
            name, low, high, ..
        } = self;
        format!("the {name} goes from {low} to {high}{names}")
    }

    fn reversed(&self, item: &str, first: u32, last: u32) -> String {
        let range = |from: u32, to: u32| {
            let to = (to > from).then(|| format!("-{to}"));
            format!("{from}{}", to.unwrap_or_default())
        };
        // Once is enough for Sunday.
        let high = self
            .high
            .min(if self.names.len() == 7 { 6 } else { self.high });
        let instead = [range(first.min(high), high), range(self.low, last)].join(",");
        format!("cron takes `{item}`, and it is never due: write `{instead}`")
    }

    fn weekday(&self, number: u32) -> Option<&'static str> {
        const DAYS: [&str; 7] = [
            "Sunday",
            "Monday",
            "Tuesday",
            "Wednesday",
            "Thursday",
            "Friday",
            "Saturday",
        ];
        let is_of_week = self.names.len() == DAYS.len();
        is_of_week.then(|| DAYS[number as usize % DAYS.len()])
    }
}

/// Reads a step; returns what follows.
fn step(text: &str) -> Result<(usize, &str), String> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric());
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    match digits.parse() {
        Ok(step) if step > 0 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok((step, rest))
        }
        _ => Err("a step is a number from 1".to_owned()),
    }
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
