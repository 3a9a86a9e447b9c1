//! A look at a schedule when the attribute expands: its fields, numbers and names.
//!
//! The command that looks at the job from outside says what else is wrong with the schedule.

/// Each field's name, its lowest and highest number, and its names, the first of which is the lowest.
const FIELDS: [(&str, u32, u32, &[&str]); 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of month", 1, 31, &[]),
    (
        "month",
        1,
        12,
        &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    ),
    (
        "day of week",
        0,
        7,
        &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ),
];

const WORDS: [&str; 7] = [
    "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly",
];

/// Checks a line of a crontab. The error says what is wrong, and where.
pub(crate) fn check(text: &str) -> Result<(), String> {
    if text.trim_start().starts_with('@') {
        if WORDS.contains(&text.trim()) {
            return Ok(());
        }
        return Err(format!(
            "`{text}` is no schedule: cron knows {}",
            WORDS.join(", ")
        ));
    }
    let parts: Vec<_> = text.split_whitespace().collect();
    if parts.len() != FIELDS.len() {
        return Err(format!(
            "`{text}` has {} fields, and a schedule has five, without seconds: minute, hour, day of month, month, \
             day of week, as in `5 3 * * 1-5`",
            parts.len()
        ));
    }
    for (part, (name, low, high, names)) in parts.into_iter().zip(FIELDS) {
        for item in part.split(',') {
            if !is_item(item, low, high, names) {
                let or_names = match (names.first(), names.last()) {
                    (Some(first), Some(last)) => format!(", or by name from `{first}` to `{last}`"),
                    _ => String::new(),
                };
                return Err(format!(
                    "`{item}` is no {name}: it goes from {low} to {high}{or_names}; `*`, ranges (`1-5`), steps \
                     (`*/5`, `1-5/2`) and commas are known, and `L`, `W`, `#` and `?` are not"
                ));
            }
        }
    }
    Ok(())
}

fn is_item(item: &str, low: u32, high: u32, names: &[&str]) -> bool {
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (item, None),
    };
    let is_step = |step: &str| is_digits(step) && step.bytes().any(|digit| digit != b'0');
    let is_number = |text: &str| {
        let is_name = names.iter().any(|name| name.eq_ignore_ascii_case(text));
        let number = text.parse().ok().filter(|_| is_digits(text));
        is_name || number.is_some_and(|number: u32| (low..=high).contains(&number))
    };
    let is_range = match range.split_once('-') {
        Some((first, last)) => is_number(first) && is_number(last),
        None => range == "*" || step.is_none() && is_number(range),
    };
    is_range && step.is_none_or(is_step)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::check;

    /// Issue 18, point 1.
    #[test]
    fn fields_numbers_and_names_are_checked() {
        for text in [
            "5 3 * * 1-5",
            "*/15 * * * *",
            "0 22 1,15 Jan-Mar MON",
            "0-30/10 4 * * 7",
            " @daily ",
            // What is never due is said by those who know of time.
            "0 0 31 2 *",
            "0 22-2 * * *",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for (text, word) in [
            ("", "has 0 fields"),
            ("5 3 * *", "has 4 fields"),
            ("0 5 3 * * 1-5", "without seconds"),
            ("60 3 * * *", "`60` is no minute: it goes from 0 to 59"),
            ("5 24 * * *", "`24` is no hour"),
            ("5 3 L * *", "`L` is no day of month"),
            ("5 3 * * 5#3", "`5#3` is no day of week"),
            ("5 3 * * 1,,2", "`` is no day of week"),
            ("5 3 * * monday", "or by name from `sun` to `sat`"),
            ("5/15 3 * * *", "`5/15` is no minute"),
            ("*/0 3 * * *", "`*/0` is no minute"),
            ("*/+5 3 * * *", "`*/+5` is no minute"),
            ("@reboot", "cron knows @yearly"),
        ] {
            let fault = check(text).expect_err(text);
            assert!(fault.contains(word), "{text}: {fault}");
        }
    }
}
