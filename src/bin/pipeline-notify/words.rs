//! Texts for people: cut to a width, without what would disturb a terminal.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Local, TimeDelta, Utc};
use notify_core::__cli::{Told, readable};

/// No line is broken to less.
const NARROWEST: usize = 20;

/// Replaces what a terminal would obey by what it shows.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    let shown = readable(text);
    // It is to be one line of a table.
    if shown.contains(char::is_control) {
        shown.replace(char::is_control, "\u{fffd}").into()
    } else {
        shown
    }
}

/// Cuts a text to a number of characters; an ellipsis says so.
pub(crate) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.chars().count() <= width {
        return text.into();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    (kept + "…").into()
}

/// The same, but in the middle: of a job's name both ends tell it from others.
pub(crate) fn cut_middle(text: &str, width: usize) -> Cow<'_, str> {
    let length = text.chars().count();
    if length <= width {
        return text.into();
    }
    let tail = width.saturating_sub(1) * 2 / 3;
    let head = width.saturating_sub(1) - tail;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{start}…{end}").into()
}

/// Breaks a text between its words into lines of so many characters, all behind as many blanks as
/// the first.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let indent = text.len() - text.trim_start_matches(' ').len();
    let (blanks, text) = text.split_at(indent);
    let width = width.saturating_sub(indent).max(NARROWEST);
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split(' ') {
        let mut letters = word.chars().count();
        let mut word = word;
        if length > 0 && length + 1 + letters > width {
            lines.push(String::new());
            length = 0;
        }
        // A word that fits into no line is broken anywhere.
        while letters > width {
            let cut = word
                .char_indices()
                .nth(width)
                .map_or(word.len(), |(at, _)| at);
            if let Some(last) = lines.last_mut() {
                last.push_str(&word[..cut]);
            }
            lines.push(String::new());
            word = &word[cut..];
            letters -= width;
        }
        if let Some(last) = lines.last_mut() {
            if length > 0 {
                last.push(' ');
                length += 1;
            }
            last.push_str(word);
            length += letters;
        }
    }
    let lines = lines.into_iter();
    lines.map(|line| format!("{blanks}{line}")).collect()
}

/// Writes how long ago something was, or `in 2 h` where clocks disagree.
pub(crate) fn since(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    since_by(then, now, span)
}

/// The same, with the length of time in words of one's own.
pub(crate) fn since_by(
    then: DateTime<Utc>,
    now: DateTime<Utc>,
    span: fn(Duration) -> String,
) -> String {
    match (then - now).to_std() {
        // Clocks of hosts differ by less.
        Ok(ahead) if ahead > Duration::from_secs(60) => format!("in {}", span(ahead)),
        _ => span((now - then).to_std().unwrap_or_default()),
    }
}

/// Writes an age: `2 h 5 min`.
pub(crate) fn span(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{} s", time.as_secs())
    } else {
        notify_core::__cli::span(time)
    }
}

/// Writes how long a run took: `2 h 5 min`, `0.250 s`.
pub(crate) fn took(time: Duration) -> String {
    notify_core::__cli::span(time)
}

/// Writes how long a run took, in the larger unit alone: `2 h`, `0.3 s`.
pub(crate) fn short_took(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        short(time)
    }
}

/// Writes the larger unit of an age alone: `2 h`.
pub(crate) fn short(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86400),
    }
}

/// Writes a time as a clock on the wall here shows it: `Mon 08:00`, with the date where it is not
/// of this week.
pub(crate) fn local(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let is_near = (time - now).abs() < TimeDelta::days(6);
    let format = if is_near {
        "%a %H:%M"
    } else {
        "%Y-%m-%d %H:%M"
    };
    time.with_timezone(&Local).format(format).to_string()
}

/// Writes a point in time with its day.
pub(crate) fn moment(time: DateTime<Utc>) -> String {
    let format = "%a %Y-%m-%d %H:%M:%S";
    time.with_timezone(&Local).format(format).to_string()
}

/// Names the zone in which times are written.
pub(crate) fn zone() -> String {
    match Local::now().format("%:z").to_string() {
        zone if zone == "+00:00" => "UTC".to_owned(),
        zone => format!("UTC{zone}"),
    }
}

/// Counts: `1 job`, `2 jobs`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Says whether people were told.
pub(crate) fn told(told: &Told) -> String {
    match told {
        Told::Delivered(channel) => format!("channel {channel} is told"),
        Told::Waits(channel) => format!(
            "channel {channel} does not take the message now: it waits, and `pipeline-notify drain` sends it"
        ),
        Told::Nowhere(channel) => {
            format!("nobody is told: channel {channel} has no destination here")
        }
        Told::Nobody => "nobody is told".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_with_an_ellipsis() {
        assert_eq!(cut("größer", 6), "größer");
        assert_eq!(cut("größer", 5), "größ…");
        assert_eq!(cut_middle("etl.load.customers", 10), "etl…tomers");
        for width in 0..30 {
            assert!(cut_middle("größe.läuft.weiter", width).chars().count() <= width.max(1));
        }
    }

    #[test]
    fn a_text_is_broken_between_its_words_and_a_word_only_where_it_fits_no_line() {
        let lines = |text: &str| wrap(text, 20).join("|");
        assert_eq!(lines("etl.load is silenced"), "etl.load is silenced");
        assert_eq!(
            lines("etl.load is silenced now"),
            "etl.load is silenced|now"
        );
        assert_eq!(
            lines("größe.läuft.weiter.als.es.soll is OK"),
            "größe.läuft.weiter.a|ls.es.soll is OK"
        );
        assert_eq!(
            wrap("  one two three four five", 22).join("|"),
            "  one two three four|  five"
        );
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(plain("a\x1b[31mb\u{202e}c\nd"), "abc\u{fffd}d");
    }
}
