//! Texts for people: cut to a width, without what would disturb a terminal.

use std::borrow::Cow;
use std::fmt::Display;
use std::time::Duration;

use chrono::{DateTime, Local, TimeDelta, Utc};
/// Writes how long a run took: `2 h 5 min`, `0.250 s`.
pub(crate) use notify_core::__cli::span as took;
use notify_core::__cli::{Acknowledged, Announcement, Job, Planned, readable};
use notify_core::State;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// No line is broken to less.
const NARROWEST: usize = 20;

/// Writes what a run said of itself: `rows 44 · file orders.csv`.
pub(crate) fn facts(facts: &[(String, String)]) -> String {
    let facts = facts.iter();
    let facts: Vec<_> = facts
        .map(|(name, value)| format!("{name} {}", plain(value)))
        .collect();
    facts.join(" · ")
}

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

/// Returns how many cells of a terminal a text takes.
pub(crate) fn cells(text: &str) -> usize {
    text.width()
}

/// Returns as much of the beginning as fits into so many cells.
fn first_cells(text: &str, cells: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > cells
    });
    &text[..end.map_or(text.len(), |(end, _)| end)]
}

/// Returns as much of the end as fits into so many cells.
fn last_cells(text: &str, cells: usize) -> &str {
    let mut used = 0;
    let before = text.char_indices().rev().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > cells
    });
    &text[before.map_or(0, |(at, c)| at + c.len_utf8())..]
}

/// Cuts a text to a number of cells; an ellipsis says so.
pub(crate) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if cells(text) <= width {
        return text.into();
    }
    let kept = first_cells(text, width.saturating_sub(1));
    format!("{kept}…").into()
}

/// The same, but in the middle: both ends of a job's name distinguish it from others.
pub(crate) fn cut_middle(text: &str, width: usize) -> Cow<'_, str> {
    if cells(text) <= width {
        return text.into();
    }
    let tail = width.saturating_sub(1) * 2 / 3;
    let head = width.saturating_sub(1) - tail;
    format!("{}…{}", first_cells(text, head), last_cells(text, tail)).into()
}

/// Breaks a text between its words into lines of so many cells, all behind as many blanks as
/// the first.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let indent = text.len() - text.trim_start_matches(' ').len();
    let (blanks, text) = text.split_at(indent);
    let width = width.saturating_sub(indent).max(NARROWEST);
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split(' ') {
        let mut letters = cells(word);
        let mut word = word;
        if length > 0 && length + 1 + letters > width {
            lines.push(String::new());
            length = 0;
        }
        // A word that fits into no line is broken anywhere.
        while letters > width {
            let begin = first_cells(word, width);
            if let Some(last) = lines.last_mut() {
                last.push_str(begin);
            }
            lines.push(String::new());
            word = &word[begin.len()..];
            letters = cells(word);
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

/// Says for how long something lasts: `for 2 h`; and where clocks disagree, that they do.
pub(crate) fn lasting(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if lies_ahead(then, now) {
        format!("since {}, which is in the future", moment(then))
    } else {
        format!("for {}", since(then, now))
    }
}

/// Says how long ago something was: `2 h ago`; and where clocks disagree, that they do.
pub(crate) fn ago(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if lies_ahead(then, now) {
        format!("at {}, which is in the future", moment(then))
    } else {
        format!("{} ago", since(then, now))
    }
}

/// Returns whether a time is further ahead than the clocks of hosts differ.
fn lies_ahead(then: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    then - now > TimeDelta::seconds(60)
}

/// Writes an age: `2 h 5 min`.
pub(crate) fn span(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{} s", time.as_secs())
    } else {
        took(time)
    }
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

/// The same with its zone, for a sentence that may be read elsewhere: `Mon 08:00 UTC+01:00`.
pub(crate) fn local_in_zone(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} {}", local(time, now), zone_at(time))
}

/// Writes a point in time with its day.
pub(crate) fn moment(time: DateTime<Utc>) -> String {
    let format = "%a %Y-%m-%d %H:%M:%S";
    time.with_timezone(&Local).format(format).to_string()
}

/// Names the zone that holds here at some time: it changes with the season.
pub(crate) fn zone_at(time: DateTime<Utc>) -> String {
    match time.with_timezone(&Local).format("%:z").to_string() {
        zone if zone == "+00:00" => "UTC".to_owned(),
        zone => format!("UTC{zone}"),
    }
}

/// Counts: `1 job`, `2 jobs`.
pub(crate) fn count<N: Copy + Display + From<u8> + PartialEq>(number: N, noun: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Says since when the oldest of what waits has waited, behind how many they are.
pub(crate) fn oldest(oldest: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    oldest.map_or_else(String::new, |oldest| {
        format!(", the oldest {}", lasting(oldest, now))
    })
}

/// Says why, behind what is so: `: it moves`.
pub(crate) fn reason(because: Option<&str>) -> String {
    because.map_or_else(String::new, |because| format!(": {because}"))
}

/// The same in parentheses.
pub(crate) fn because(because: Option<&str>) -> String {
    because.map_or_else(String::new, |because| format!(" ({because})"))
}

/// Says of what jobs a quiet is planned, and when: `etl.*: quiet until Sun 02:00 UTC, weekly (it moves)`.
pub(crate) fn planned(window: &Planned, now: DateTime<Utc>) -> String {
    let quiet = quiet(window.from, window.until, now);
    let repeat = window
        .repeat
        .map_or_else(String::new, |repeat| format!(", {repeat}"));
    let because = because(window.because.as_deref());
    format!("{}: {quiet}{repeat}{because}", window.jobs)
}

/// Says when it is quiet: `quiet from Sat 22:00 until Sun 02:00 UTC`. Where clocks change meanwhile, both times have a zone.
pub(crate) fn quiet(from: DateTime<Utc>, until: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let begins = if from <= now {
        String::new()
    } else if zone_at(from) == zone_at(until) {
        format!("from {} ", local(from, now))
    } else {
        format!("from {} ", local_in_zone(from, now))
    };
    format!("quiet {begins}until {}", local_in_zone(until, now))
}

/// Says who is at a failure: `acknowledged by anna until Mon 08:00 UTC (the disk is on its way)`.
pub(crate) fn acknowledged(one: &Acknowledged, now: DateTime<Utc>) -> String {
    let until = one
        .until
        .map(|until| format!(" until {}", local_in_zone(until, now)));
    let because = because(one.because.as_deref());
    format!(
        "acknowledged by {}{}{because}",
        one.by,
        until.unwrap_or_default()
    )
}

/// Returns whether a job fails, and that is no alarm now.
pub(crate) fn is_calm(job: &Job, now: DateTime<Utc>) -> bool {
    job.state == State::Error && calm(job, now, local).is_some()
}

/// Returns whether that is so because somebody is at it, and for no other reason.
pub(crate) fn is_acknowledged(job: &Job, now: DateTime<Utc>) -> bool {
    job.quiet.is_none() && !job.is_silenced(now) && job.acknowledged(now).is_some()
}

/// Says why what is wrong with a job is no alarm now, and the reason that somebody gave:
/// `silenced until Mon 08:00`. `show` writes times.
pub(crate) fn calm(
    job: &Job,
    now: DateTime<Utc>,
    show: fn(DateTime<Utc>, DateTime<Utc>) -> String,
) -> Option<(String, Option<&str>)> {
    let (what, until, because) = if let Some(quiet) = &job.quiet {
        ("quiet".to_owned(), Some(quiet.until), &quiet.because)
    } else if let Some(silence) = job.silence_now(now) {
        ("silenced".to_owned(), Some(silence.until), &silence.because)
    } else if job.is_silenced(now) {
        (
            "silenced by its rule".to_owned(),
            None,
            &job.silenced_by_rule,
        )
    } else {
        let one = job.acknowledged(now)?;
        (
            format!("acknowledged by {}", one.by),
            one.until,
            &one.because,
        )
    };
    let until = until.map_or_else(String::new, |until| format!(" until {}", show(until, now)));
    Some((what + &until, because.as_deref()))
}

/// Says what became of the message about what a person does.
pub(crate) fn announcement(announcement: &Announcement) -> String {
    match announcement {
        Announcement::Delivered(channel) => format!("channel {channel} is informed"),
        Announcement::Refused(channel, reason) => {
            format!("channel {channel} refused the message ({})", plain(reason))
        }
        Announcement::Waits(channel) => format!(
            "channel {channel} does not take the message now: it waits; `pipeline-notify drain` sends it"
        ),
        Announcement::Nowhere(channel) => {
            format!("no message is sent: channel {channel} has no destination here")
        }
        Announcement::Nobody => "no message is sent".to_owned(),
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

    /// Issue 12, point 31.
    #[test]
    fn what_takes_two_cells_counts_as_two_and_what_takes_none_as_none() {
        // Chinese, an emoji, an e with its accent apart.
        let text = "数据库.load ⏳ e\u{301}tat";
        assert_eq!(cells(text), 19);
        assert_eq!(cut(text, 19), text);
        for width in 1..24 {
            for cut in [cut(text, width), cut_middle(text, width)] {
                assert!(cells(&cut) <= width, "{width}: {cut}");
            }
            let lines = wrap(text, width + NARROWEST);
            assert!(lines.iter().all(|line| cells(line) <= width + NARROWEST));
        }
        assert_eq!(cut_middle("数据库数据库数据库", 9), "数…据库");
        let long = "数".repeat(35);
        assert_eq!(wrap(&long, 20).concat(), long);
    }

    /// Issue 12, point 31.
    #[test]
    fn a_time_that_lies_ahead_is_called_so() {
        let now = Utc::now();
        let ahead = now + TimeDelta::days(1494);
        assert_eq!(lasting(now - TimeDelta::hours(2), now), "for 2 h");
        assert_eq!(ago(now - TimeDelta::hours(2), now), "2 h ago");
        for words in [lasting(ahead, now), ago(ahead, now)] {
            assert!(words.ends_with("which is in the future"), "{words}");
            assert!(!words.contains("in 1494 d"), "{words}");
        }
    }

    /// Issue 12, point 31.
    #[test]
    fn a_time_for_others_names_its_zone() {
        let now = Utc::now();
        assert!(local_in_zone(now, now).contains(" UTC"));
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
