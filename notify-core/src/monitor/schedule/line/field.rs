//! One of the five fields of a line: a list of numbers, names, ranges and steps.

use std::ops::Range;

/// One of the five fields.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// What it counts anew with.
    within: &'static str,
    low: u32,
    high: u32,
    names: &'static [&'static str],
}

pub(super) const FIELDS: [Field; 5] = [
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
pub(super) const SUNDAY_TOO: u32 = 7;

/// Where in the field something is wrong, and what.
pub(super) type Wrong = (Range<usize>, String);

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
    pub(super) fn read(&self, text: &str, remarks: &mut Vec<String>) -> Result<u64, Wrong> {
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
            "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
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
