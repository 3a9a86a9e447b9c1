//! Lengths of time, as people write them: `2h`, `90 min`, `1d12h`.

use std::time::Duration;

/// Ten years: what is longer is a slip of the finger.
pub(crate) const LONGEST: Duration = Duration::from_secs(10 * 365 * 86400);

/// Reads numbers, each with its unit.
///
/// # Errors
///
/// What is wrong, in words.
pub fn parse(text: &str) -> Result<Duration, String> {
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
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
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
    if seconds > LONGEST.as_secs_f64() {
        return Err(format!("`{text}` is more than ten years"));
    }
    Duration::try_from_secs_f64(seconds).or_else(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("5mins", 300),
            ("2hrs 30 secs", 7230),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "2", "h", "2x", "-1h", "1..2h", "999999d", "2h!"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
