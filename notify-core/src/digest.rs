//! Many alerts as one message, in which each of them has its place.

use std::collections::BTreeMap;

use crate::alert::{Alert, Kind};
use crate::text;
use crate::time::Time;

/// The most alerts that leave in one message: so many lines fit, whatever they say.
pub(crate) const MOST: usize = 40;

/// So many alerts are told one after the other; more are a digest, a line for each job.
const FEW: usize = 3;

/// The longest message, in bytes once it is escaped: Slack may split one above 4,000 characters.
const LIMIT: usize = 3_900;

/// The longest name of a host in the heading.
const HOST: usize = 40;

/// A name is not cut below this: an id alone says nothing to a reader.
const SHORTEST: usize = 16;

const ELLIPSIS: &str = "…";

/// Returns one alert's text, those of a few, or for more a digest that names each, grouped by error.
///
/// A [`Notifier`](crate::Notifier) gets more than one where they waited together. Up to 40, which is
/// the most that it gets at once, are within 3,900 bytes, also where `&`, `<` and `>` are escaped as
/// in HTML: names and errors are cut, and no alert is left out. One alone is not cut.
#[must_use]
pub fn message(alerts: &[Alert]) -> String {
    if alerts.len() > FEW {
        return digest(alerts);
    }
    // What speaks of other alerts stands apart, where no cut comes.
    let last = given_up_line(alerts).unwrap_or_default();
    let texts: Vec<_> = alerts
        .iter()
        .map(|alert| {
            let mut alert = alert.clone();
            alert.notes.retain(|note| !is_given_up(note));
            alert.text()
        })
        .collect();
    if let [text] = &*texts {
        return text.clone() + &last;
    }
    let between = texts.len().saturating_sub(1);
    let room = LIMIT.saturating_sub(width(&last) + between);
    let share = share(texts.iter().map(|text| width(text)), room);
    let texts: Vec<_> = texts
        .iter()
        .map(|text| cut_in_the_middle(text, share))
        .collect();
    texts.join("\n") + &last
}

/// Names each alert in a line: those of one job together, grouped by what the job is now.
pub(crate) fn digest(alerts: &[Alert]) -> String {
    let groups = groups(alerts);
    let lines = || groups.values().flatten();
    let names: Vec<_> = lines().map(|line| width(line.job)).collect();
    let shared = groups.keys().map(|group| &*group.headline);
    let alone = groups.iter().filter(|(group, _)| group.is_rest);
    let headlines: Vec<_> = shared
        .chain(alone.flat_map(|(_, lines)| lines.iter().map(|line| &*line.headline)))
        .map(width)
        .collect();
    let last = given_up_line(alerts).unwrap_or_default();
    let with = |cuts| render(alerts, &groups, cuts) + &last;

    let fixed = width(&with(Cuts {
        name: 0,
        headline: 0,
    }));
    let room = LIMIT.saturating_sub(fixed);
    let used = |widths: &[usize], cut: usize| -> usize {
        widths.iter().map(|width| (*width).min(cut)).sum()
    };
    // A third is for the errors; what either leaves is the other's.
    let name = share(names.iter().copied(), room - room / 3);
    let headline = share(headlines.iter().copied(), room - used(&names, name));
    let name = share(names.iter().copied(), room - used(&headlines, headline));
    with(Cuts {
        name: name.max(SHORTEST),
        headline,
    })
}

/// Says how many alerts were given up, for those who read the next message.
pub(crate) fn given_up(counts: &[(u64, &str)], oldest: Time) -> String {
    let all = counts
        .iter()
        .fold(0_u64, |all, (count, _)| all.saturating_add(*count));
    let (alerts, were) = if all == 1 {
        ("alert", "was")
    } else {
        ("alerts", "were")
    };
    let counts: Vec<_> = counts
        .iter()
        .map(|(count, what)| format!("{} {what}", thousands(*count)))
        .collect();
    format!(
        "{AND}{} more {alerts} {were}{GIVEN_UP}{} UTC: {}",
        thousands(all),
        oldest.format("%Y-%m-%d %H:%M"),
        counts.join(", ")
    )
}

const AND: &str = "and ";
const GIVEN_UP: &str = " given up, the oldest of ";

/// Tells whether a note is a line of [`given_up`], which speaks of other alerts than its own.
fn is_given_up(note: &str) -> bool {
    note.starts_with(AND) && note.contains(GIVEN_UP)
}

fn given_up_line(alerts: &[Alert]) -> Option<String> {
    let mut notes = alerts.iter().flat_map(|alert| &alert.notes);
    let note = notes.find(|note| is_given_up(note))?;
    Some(format!("\n{note}\n"))
}

/// Writes a number as `1,234`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What stands together: jobs that are the same now, for the same reason.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    place: usize,
    /// Whether it is of those that share their error with no other.
    is_rest: bool,
    headline: String,
}

/// A job's alerts.
#[derive(Debug)]
struct Line<'a> {
    job: &'a str,
    /// In their order, so that the last says what the job is now.
    alerts: Vec<&'a Alert>,
    /// The latest error, also of a job that works again.
    headline: String,
}

/// The most that is shown of each text.
#[derive(Debug, Clone, Copy)]
struct Cuts {
    name: usize,
    headline: usize,
}

fn groups(alerts: &[Alert]) -> BTreeMap<Group, Vec<Line<'_>>> {
    let mut in_order: Vec<_> = alerts.iter().collect();
    in_order.sort_by_key(|alert| alert.decided);
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut places = BTreeMap::new();
    for alert in in_order {
        let place = *places.entry(&*alert.job).or_insert(lines.len());
        if place == lines.len() {
            lines.push(Line {
                job: &alert.job,
                alerts: Vec::new(),
                headline: String::new(),
            });
        }
        let line = &mut lines[place];
        line.alerts.push(alert);
        let headline = alert.headline();
        if !headline.is_empty() {
            line.headline = headline;
        }
    }
    let mut sharing: BTreeMap<_, usize> = BTreeMap::new();
    for line in &lines {
        *sharing
            .entry((line.place(), line.headline.clone()))
            .or_default() += 1;
    }
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for line in lines {
        let is_rest = line.headline.is_empty()
            || sharing.get(&(line.place(), line.headline.clone())) == Some(&1);
        let group = Group {
            place: line.place(),
            is_rest,
            headline: if is_rest {
                String::new()
            } else {
                line.headline.clone()
            },
        };
        groups.entry(group).or_default().push(line);
    }
    groups
}

impl Line<'_> {
    fn place(&self) -> usize {
        self.alerts.last().map_or(0, |alert| alert.kind.place())
    }
}

/// Writes the digest. How long it is but for its names and errors does not depend on the cuts.
fn render(alerts: &[Alert], groups: &BTreeMap<Group, Vec<Line<'_>>>, cuts: Cuts) -> String {
    let times = || alerts.iter().map(|alert| alert.decided);
    let (first, last) = (
        times().min().unwrap_or_default(),
        times().max().unwrap_or_default(),
    );
    let is_one_day = first.date_naive() == last.date_naive();
    let format = if is_one_day {
        "%H:%M:%S"
    } else {
        "%m-%d %H:%M:%S"
    };
    let mut text = heading(alerts, first, last);
    for (group, lines) in groups {
        let kind = Kind::words_at(group.place);
        let headline = shown(&group.headline, cuts.headline);
        text += &format!(
            "\n{} × {kind}{}{headline}\n",
            lines.len(),
            colon(&group.headline)
        );
        for line in lines {
            text += "  ";
            text += &cut_name(line.job, cuts.name);
            for alert in &line.alerts {
                let time = alert.decided.format(format);
                // The heading says what one alert is.
                text += &match &*line.alerts {
                    [_] => format!(" · {time} · alert {}", alert.id),
                    _ => format!(" · {} {time} alert {}", alert.kind.as_str(), alert.id),
                };
            }
            if group.is_rest {
                text += colon(&line.headline);
                text += &shown(&line.headline, cuts.headline);
            }
            text.push('\n');
        }
    }
    text
}

fn heading(alerts: &[Alert], first: Time, last: Time) -> String {
    let mut hosts = alerts.iter().map(|alert| alert.status.host.as_deref());
    let host = hosts.next().flatten();
    let host = host.filter(|host| hosts.all(|other| other == Some(host)));
    let host = host.map_or(String::new(), |host| format!(" on {}", shown(host, HOST)));
    let until = if last.date_naive() != first.date_naive() {
        format!(" to {}", last.format("%Y-%m-%d %H:%M:%S"))
    } else if last == first {
        String::new()
    } else {
        format!(" to {}", last.format("%H:%M:%S"))
    };
    let count = alerts.len();
    let first = first.format("%Y-%m-%d %H:%M:%S");
    format!("--- {count} alerts{host}, {first}{until} UTC ---\n")
}

fn colon(headline: &str) -> &str {
    if headline.is_empty() { "" } else { ": " }
}

/// Returns how much of a message a text takes up, in bytes, when it is escaped.
fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

fn width_of(c: char) -> usize {
    match c {
        '&' => "&amp;".len(),
        '<' | '>' => "&lt;".len(),
        // It is shown as a space.
        c if c.is_control() => 1,
        c => c.len_utf8(),
    }
}

/// Returns the most that each of these may take up so that all are within `room`: the short ones
/// leave what they do not need to the long ones.
fn share(widths: impl Iterator<Item = usize>, room: usize) -> usize {
    let mut widths: Vec<_> = widths.collect();
    widths.sort_unstable();
    let (mut room, mut left) = (room, widths.len());
    for width in widths {
        if width > room / left {
            return room / left;
        }
        room -= width;
        left -= 1;
    }
    usize::MAX
}

/// Returns the beginning of a line, with an ellipsis where more follows.
fn shown(line: &str, most: usize) -> String {
    if width(line) <= most {
        return one_line(line);
    }
    let Some(room) = most.checked_sub(ELLIPSIS.len()) else {
        return String::new();
    };
    one_line(beginning(line, room)) + ELLIPSIS
}

/// Cuts a name in its middle: its end tells it from its neighbours.
fn cut_name(name: &str, most: usize) -> String {
    if width(name) <= most {
        return one_line(name);
    }
    let Some(room) = most.checked_sub(ELLIPSIS.len()) else {
        return String::new();
    };
    let head = beginning(name, room / 3);
    let mut room = room - width(head);
    let mut begin = name.len();
    for (at, c) in name.char_indices().rev() {
        let Some(left) = room.checked_sub(width_of(c)) else {
            break;
        };
        (room, begin) = (left, at);
    }
    one_line(head) + ELLIPSIS + &one_line(&name[begin..])
}

fn beginning(line: &str, room: usize) -> &str {
    let mut room = room;
    for (at, c) in line.char_indices() {
        let Some(left) = room.checked_sub(width_of(c)) else {
            return &line[..at];
        };
        room = left;
    }
    line
}

/// A name with a line break in it would look like two alerts.
fn one_line(text: &str) -> String {
    text::readable(text).replace(char::is_control, " ")
}

/// Cuts an alert's text so that it takes up no more than that; its end, with its id, stays.
fn cut_in_the_middle(text: &str, most: usize) -> String {
    let mut room = most;
    loop {
        let cut = text::cut(text, room);
        let length = width(&cut);
        if length <= most || room == 0 {
            return cut.into_owned();
        }
        // In proportion to how much the escapes add, and always less than before.
        room = (room * most / length).min(room - 1);
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    /// What follows an error and a job's name does not matter here: the alert's own facts do.
    fn alert(job: &str, kind: Kind, error: &str, id: &str, second: i64) -> Alert {
        let mut alert = testing::alert(job, id);
        alert.kind = kind;
        alert.decided += TimeDelta::seconds(second);
        error.clone_into(&mut alert.status.text);
        alert.status.host = Some("worker-3".into());
        alert
    }

    #[test]
    fn a_digest_names_every_alert_once_grouped_by_error() {
        let alerts = [
            alert("d", Kind::Recovered, "", "1d", 3),
            alert("a", Kind::Failed, "db gone\n", "1a", 0),
            alert("b", Kind::Failed, "db gone\n", "1b", 1),
            alert("c", Kind::Failed, "disk full\n", "1c", 2),
        ];
        assert_eq!(
            message(&alerts),
            "--- 4 alerts on worker-3, 2026-11-22 13:00:00 to 13:00:03 UTC ---\n\n\
             2 × failed: db gone\n  a · 13:00:00 · alert 1a\n  b · 13:00:01 · alert 1b\n\n\
             1 × failed\n  c · 13:00:02 · alert 1c: disk full\n\n\
             1 × recovered\n  d · 13:00:03 · alert 1d\n"
        );
    }

    #[test]
    fn a_job_that_changed_while_it_waited_stands_where_it_is_now() {
        let day = 24 * 60 * 60;
        let alerts = [
            alert("a", Kind::Failed, "db gone\n", "1a", 0),
            alert("b", Kind::Recovered, "", "2b", 1),
            alert("a", Kind::Recovered, "", "2a", 300),
            alert("b", Kind::Failed, "disk full", "3b", day),
        ];
        assert_eq!(
            message(&alerts),
            "--- 4 alerts on worker-3, 2026-11-22 13:00:00 to 2026-11-23 13:00:00 UTC ---\n\n\
             1 × failed\n  b · recovered 11-22 13:00:01 alert 2b · failed 11-23 13:00:00 alert 3b: disk full\n\n\
             1 × recovered\n  a · failed 11-22 13:00:00 alert 1a · recovered 11-22 13:05:00 alert 2a: db gone\n"
        );
    }

    #[test]
    fn what_was_given_up_stands_at_the_end_of_any_message() {
        let oldest = testing::alert("a", "1").decided;
        let line = given_up(&[(1_000, "repeats"), (234, "failures")], oldest);
        assert_eq!(
            line,
            "and 1,234 more alerts were given up, the oldest of 2026-11-22 13:00 UTC: 1,000 repeats, 234 failures"
        );
        assert!(
            given_up(&[(1, "failures")], oldest).starts_with("and 1 more alert was given up, ")
        );
        for count in 1..=5 {
            let mut alerts: Vec<_> = (0..count)
                .map(|number| {
                    let (job, error) = ("j".repeat(9_000), "e".repeat(9_000));
                    alert(&job, Kind::Failed, &error, &format!("{number:016x}"), 0)
                })
                .collect();
            alerts[0].notes.push("this is a debug build".to_owned());
            alerts[count - 1].notes.push(line.clone());
            let text = message(&alerts);
            assert!(text.ends_with(&format!("\n{line}\n")), "{text}");
            assert_eq!(text.matches("given up").count(), 1);
        }
    }

    #[test]
    fn a_long_name_keeps_its_end_and_takes_up_what_it_may() {
        assert_eq!(cut_name("crate.module.function", 16), "crat….function");
        assert_eq!(shown("connection refused", 13), "connection…");
        assert_eq!(shown("a\nb", 3), "a b");
        assert_eq!(share([1, 2, 30, 30].into_iter(), 43), 20);
        assert_eq!(share([1, 2].into_iter(), 3), usize::MAX);
    }

    #[test]
    fn more_than_are_ever_sent_at_once_are_all_named() {
        let alerts: Vec<_> = (0..100)
            .map(|number| {
                let id = format!("{number:016x}");
                alert(&format!("job {number}"), Kind::Failed, "no", &id, number)
            })
            .collect();
        let text = message(&alerts);
        for alert in alerts {
            let line = format!("{} · 13:0", alert.job);
            assert!(text.contains(&line) && text.contains(&alert.id), "{text}");
        }
    }

    /// Texts with all that is long once it is escaped or written.
    fn any_text(longest: usize) -> impl Strategy<Value = String> {
        let pieces =
            prop::sample::select(vec!["&", "<", ">", "é", "🦀", "a", ".", "\n", "\r", " "]);
        prop_oneof![
            prop::collection::vec(pieces, 0..longest).prop_map(|pieces| pieces.concat()),
            Just("&".repeat(longest)),
            Just("job".to_owned()),
            any::<String>(),
        ]
    }

    fn any_kind() -> impl Strategy<Value = Kind> {
        prop::sample::select(Kind::ALL.map(|(kind, ..)| kind).to_vec())
    }

    proptest! {
        #[test]
        fn whatever_many_alerts_say_each_is_named_once_within_the_limit(
            alerts in prop::collection::vec(
                (any_text(300), any_kind(), any_text(300), 0..400_000_i64, any_text(90)),
                2..=MOST,
            ),
            loss in prop::option::of(any::<[u64; 3]>()),
        ) {
            let mut alerts: Vec<_> = (0_u64..).zip(&alerts).map(|(number, (job, kind, error, second, host))| {
                // Ids that no text here holds.
                let id = format!("{:016x}", 0xfeed_0000_0000_0000 | number);
                let mut alert = alert(job, *kind, error, &id, *second);
                alert.status.host = Some(host.clone().into());
                alert
            }).collect();
            let loss = loss.map(|loss| {
                let counts = [(loss[0], "repeats"), (loss[1], "failures"), (loss[2], "recoveries")];
                given_up(&counts, alerts[0].decided)
            });
            alerts[0].notes.extend(loss.clone());

            let text = message(&alerts);
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            prop_assert!(escaped.len() <= 3_900, "{} in {text}", escaped.len());
            for alert in &alerts {
                prop_assert_eq!(text.matches(&alert.id).count(), 1, "{}", text);
            }
            if let Some(loss) = loss {
                prop_assert!(text.contains(&loss));
            }
            if alerts.len() > 3 {
                let titles = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
                let titles = titles.filter_map(|line| line.split_once(" × "));
                let titles: Vec<_> = titles.map(|(_, title)| title).collect();
                let order = Kind::ALL.map(|(_, words, _)| words);
                let places: Vec<_> = titles
                    .iter()
                    .filter_map(|title| order.iter().position(|kind| title.starts_with(kind)))
                    .collect();
                prop_assert_eq!(places.len(), titles.len());
                prop_assert!(places.is_sorted(), "{}", text);
            }
        }
    }
}
