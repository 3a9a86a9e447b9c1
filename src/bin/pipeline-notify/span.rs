//! Lengths of time, as people write them: `2h`, `90 min`, `1d12h`.

use std::time::Duration;

/// Ten years: what is longer is a slip of the finger.
const LONGEST: f64 = 10.0 * 365.0 * 86400.0;

/// Reads numbers, each with its unit.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || {
        Err(format!(
            "`{text}` is not a length of time: write 30s, 15min, 2h, 1d or 1d12h"
        ))
    };
    let mut seconds = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return wrong();
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        let Some((number, after)) = digits.map(|end| rest.split_at(end)) else {
            return wrong();
        };
        let after = after.trim_start();
        let end = after
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(after.len());
        let unit = match &after[..end] {
            "s" | "sec" | "second" | "seconds" => 1.0,
            "m" | "min" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86400.0,
            "w" | "week" | "weeks" => 7.0 * 86400.0,
            _ => return wrong(),
        };
        let Ok(number) = number.parse::<f64>() else {
            return wrong();
        };
        seconds += number * unit;
        rest = after[end..].trim_start();
    }
    if seconds > LONGEST {
        return Err(format!("`{text}` is more than ten years"));
    }
    Duration::try_from_secs_f64(seconds).or_else(|_| wrong())
}

/// What a plain number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Minutes,
    Hours,
}

impl Unit {
    fn seconds(self) -> f64 {
        match self {
            Self::Seconds => 1.0,
            Self::Minutes => 60.0,
            Self::Hours => 3600.0,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Minutes => "minutes",
            Self::Hours => "hours",
        }
    }
}

/// Reads a plain number of some unit, or numbers each with its own; returns how many of that unit it is.
pub(crate) fn parse_as(text: &str, unit: Unit) -> Result<f64, String> {
    if let Ok(number) = text.trim().parse::<f64>() {
        return if number.is_finite() && number >= 0.0 {
            Ok(number)
        } else {
            Err(format!("give a number of {} from 0", unit.words()))
        };
    }
    let time = parse(text).map_err(|_| {
        let unit = unit.words();
        format!("write a number of {unit}, or a length of time such as 90s, 15min, 24h or 1d12h")
    })?;
    Ok(time.as_secs_f64() / unit.seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 12, point 19.
    #[test]
    fn a_plain_number_counts_in_its_unit_and_a_length_of_time_says_its_own() {
        for (text, unit, number) in [
            ("24", Unit::Hours, 24.0),
            ("24h", Unit::Hours, 24.0),
            ("1d", Unit::Hours, 24.0),
            ("90min", Unit::Hours, 1.5),
            ("90min", Unit::Minutes, 90.0),
            ("0.5", Unit::Minutes, 0.5),
            ("4h", Unit::Seconds, 14400.0),
            (" 1e3 ", Unit::Seconds, 1000.0),
        ] {
            assert_eq!(parse_as(text, unit), Ok(number), "{text}");
        }
        for text in ["", "soon", "24x", "-1", "nan", "inf", "-1h", "24 h!"] {
            assert!(parse_as(text, Unit::Hours).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("30s", 30),
            ("15min", 900),
            ("15 m", 900),
            ("2h", 7200),
            ("1d12h", 129_600),
            ("1 d 12 h", 129_600),
            ("1.5h", 5400),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "2", "h", "2x", "-1h", "1..2h", "999999d", "2h!"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
