//! Lengths of time, as people write them: `2h`, `90 min`, `1d12h`.

pub(crate) use notify_core::__cli::parse_span as parse;

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
}
