//! Many alerts as one message, in which each of them has its place.

mod group;

use chrono::TimeDelta;
use group::{Group, groups};

use crate::format::order;
use crate::format::text;
use crate::format::time::{self, Time};
use crate::message::alert::Alert;
use crate::message::cut::{cut_error, cut_in_the_middle, cut_name, share, shown, width};
use crate::message::dropped::Dropped;

/// The most alerts that leave in one message: so many lines fit, whatever they say.
pub(crate) const MOST: usize = 40;

/// The most alerts that are written one after the other; more become a digest, a line for each job.
const MAX_WHOLE_ALERTS: usize = 3;

/// The longest message, in bytes once it is escaped: Slack may split one above 4,000 characters.
const MAX_MESSAGE_BYTES: usize = 3_900;

/// The longest name of a host in the heading.
const MAX_HOST_BYTES: usize = 40;

/// The longest line of what all alerts of a digest say.
const MAX_SHARED_BYTES: usize = 200;

/// The most that the addresses of runbooks take up together.
const MAX_RUNBOOK_BYTES: usize = 600;

/// The most that remarks take up together.
const MAX_REMARKS_BYTES: usize = 400;

/// Alerts of so short a time have no times of their own.
const AT_ONCE: TimeDelta = TimeDelta::seconds(60);

/// A name is not cut below this: an id alone says nothing to a reader.
const MIN_NAME_BYTES: usize = 16;

/// Returns one alert's text, those of a few, or for more a digest that names each.
///
/// A digest groups jobs whose errors are alike but for numbers, ids and paths: the error stands
/// there once, and the jobs below it. What all of them share, such as the host, and each remark, such as
/// that a channel is broken, is said once.
///
/// A [`Notifier`](crate::Notifier) gets more than one where they waited together. Up to 40, which is
/// the most that it gets at once, are within 3,900 bytes, also where `&`, `<` and `>` are escaped as
/// in HTML: errors are cut first, then names, and no alert is left out. One alone is not cut.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{message, samples};
///
/// let samples = samples();
/// assert_eq!(message(&samples[..1]), samples[0].text());
/// assert!(message(&samples).len() <= 3_900);
/// ```
#[must_use]
pub fn message(alerts: &[Alert]) -> String {
    if alerts.len() > MAX_WHOLE_ALERTS {
        return digest(alerts);
    }
    // What speaks of other alerts stands apart, where no cut comes.
    let last = dropped_line(alerts).unwrap_or_default();
    let alerts: Vec<_> = alerts
        .iter()
        .map(|alert| {
            let mut alert = alert.clone();
            alert.dropped = None;
            alert
        })
        .collect();
    if let [alert] = &*alerts {
        return alert.text() + &last;
    }
    let between = alerts.len().saturating_sub(1);
    let room = MAX_MESSAGE_BYTES.saturating_sub(width(&last) + between);
    let fair = room / alerts.len().max(1);
    let texts = alerts.iter().map(|alert| alert.text_within(fair, &width));
    let texts: Vec<_> = texts.collect();
    let share = share(texts.iter().map(|text| width(text)), room);
    let texts: Vec<_> = texts
        .iter()
        .map(|text| cut_in_the_middle(text, share))
        .collect();
    texts.join("\n") + &last
}

/// Names each alert in a line: those of one job together, grouped by what the job is now and by the
/// fingerprint of its error, which stands there once and whole.
pub(crate) fn digest(alerts: &[Alert]) -> String {
    let groups = groups(alerts);
    let lines = || groups.iter().flat_map(|group| &group.lines);
    let names: Vec<_> = lines().map(|line| width(line.job)).collect();
    let errors: Vec<_> = groups.iter().flat_map(Group::errors).collect();
    let last = dropped_line(alerts).unwrap_or_default();
    let with = |cuts| render(alerts, &groups, cuts) + &last;

    let fixed = width(&with(Cuts { name: 0, error: 0 }));
    let room = MAX_MESSAGE_BYTES.saturating_sub(fixed);
    let used = |widths: &[usize], cut: usize| -> usize {
        widths.iter().map(|width| (*width).min(cut)).sum()
    };
    // Names come first, but for the first lines of the errors, up to a third of the room.
    let first_line = |error: &&str| width(text::first_line(error, usize::MAX));
    let first_lines: usize = errors.iter().map(first_line).sum();
    let name = share(names.iter().copied(), room - first_lines.min(room / 3)).max(MIN_NAME_BYTES);
    let room = room.saturating_sub(used(&names, name));
    let error = share(errors.iter().map(|error| width(error)), room);
    with(Cuts { name, error })
}

/// Says what is sent in one line: an alert's summary, or a headline.
pub(crate) fn summary(alerts: &[Alert]) -> String {
    match alerts {
        [alert] => alert.summary(),
        _ => headline(alerts),
    }
}

/// The same without the error.
pub(crate) fn title(alerts: &[Alert]) -> String {
    match alerts {
        [alert] => alert.title(),
        _ => headline(alerts),
    }
}

/// Returns the heading of a digest without its signs, and what stands below it.
pub(crate) fn parts(alerts: &[Alert]) -> (String, String) {
    let text = message(alerts);
    let (title, text) = text.split_once('\n').unwrap_or_default();
    let title = title.trim_matches(['-', ' ']).to_owned();
    (title, text.trim_matches('\n').to_owned())
}

/// Says what a short message of an incident cannot be without: the first remark on an alert, and how many alerts were
/// dropped.
pub(crate) fn remarks(alerts: &[Alert]) -> Vec<String> {
    let mut remarks = match alerts {
        [alert] => alert.remarks(),
        _ => Vec::new(),
    };
    remarks.truncate(1);
    for words in alerts
        .iter()
        .filter_map(|alert| alert.dropped.as_ref()?.words())
    {
        if !remarks.contains(&words) {
            remarks.push(words);
        }
    }
    remarks
}

/// Says how many alerts there are, and of what: `✗ 12 alerts: 9 failed, 3 recovered`; in a message that is
/// brought up to date, `✗ 3 of 12 recovered: 9 failed, 3 recovered`.
pub(crate) fn headline(alerts: &[Alert]) -> String {
    let is_good = alerts
        .iter()
        .all(|alert| matches!(alert.symbol(), '✓' | '▸'));
    let symbol = if is_good { '✓' } else { '✗' };
    let kinds = alerts.iter().map(|alert| (alert.kind, alert.became()));
    let mut kinds: Vec<_> = kinds.collect();
    order::sort(&mut kinds);
    let mut counts = String::new();
    for alike in kinds.chunk_by(|one, other| one == other) {
        let words = alike[0].1.strip_prefix("is ").unwrap_or(&alike[0].1);
        let between = if counts.is_empty() { "" } else { ", " };
        counts += &format!("{between}{} {words}", alike.len());
    }
    match alerts.iter().find_map(|alert| alert.recovered) {
        Some((over, all)) => format!("{symbol} {over} of {all} recovered: {counts}"),
        None => format!("{symbol} {} alerts: {counts}", alerts.len()),
    }
}

/// Says how many alerts were dropped, which is of none of these.
fn dropped_line(alerts: &[Alert]) -> Option<String> {
    let mut counts = alerts.iter().filter_map(|alert| alert.dropped.as_ref());
    let words = counts.find_map(Dropped::words)?;
    Some(format!("\n{words}\n"))
}

/// The most that is shown of each text.
#[derive(Clone, Copy)]
struct Cuts {
    name: usize,
    error: usize,
}

/// Writes the digest. How long it is but for its names and errors does not depend on the cuts.
fn render(alerts: &[Alert], groups: &[Group<'_>], cuts: Cuts) -> String {
    let times = || alerts.iter().map(|alert| alert.decided);
    let (first, last) = (
        times().min().unwrap_or_default(),
        times().max().unwrap_or_default(),
    );
    let shown = if last - first <= AT_ONCE {
        // The heading says when.
        0
    } else if first.date_naive() == last.date_naive() {
        time::CLOCK
    } else {
        time::DAY_AND_CLOCK
    };
    let mut text = heading(alerts, first, last);
    text += &said_by_all(alerts);
    let mut room_of_remarks = MAX_REMARKS_BYTES;
    for remark in group::remarks(groups) {
        text += &within(&mut room_of_remarks, remark + "\n");
    }
    let mut room_of_runbooks = MAX_RUNBOOK_BYTES;
    for group in groups {
        let error = group.error.as_ref().map_or("", |shared| &*shared.text);
        text += &format!("\n{}{}\n", group.title(), cut_error(error, cuts.error));
        for line in &group.lines {
            text += "  ";
            text += &cut_name(line.job, cuts.name);
            for alert in &line.alerts {
                let time = time::second(alert.decided);
                let time = &time[time.len() - shown..];
                // The title says what one alert is.
                let kind = match &*line.alerts {
                    [_] => "",
                    _ => alert.kind.as_str(),
                };
                let words = [kind, time].map(str::trim);
                let words = words.into_iter().filter(|word| !word.is_empty());
                let what: Vec<_> = words.collect();
                let before = if what.is_empty() { "" } else { " · " };
                text += &format!("{before}{} · alert {}", what.join(" "), alert.id);
            }
            if group.error.is_none() && !line.error.is_empty() {
                text += ": ";
                text += &cut_error(&line.error, cuts.error);
            }
            text.push('\n');
        }
        for runbook in group.runbooks() {
            text += &within(&mut room_of_runbooks, format!("  runbook: {runbook}\n"));
        }
    }
    text
}

/// Returns a line where it has room, and takes that; else nothing.
fn within(room: &mut usize, line: String) -> String {
    match room.checked_sub(width(&line)) {
        Some(rest) => {
            *room = rest;
            line
        }
        None => String::new(),
    }
}

/// Says once what each of them would say of where it ran.
fn said_by_all(alerts: &[Alert]) -> String {
    let facts = |alert: &Alert| {
        let version = alert.status.version.as_ref();
        let version = version.map(|version| ("version".to_owned(), version.to_string()));
        version.into_iter().chain(alert.facts.clone()).collect()
    };
    let mut all = alerts.iter().map(facts);
    let mut shared: Vec<(String, String)> = all.next().unwrap_or_default();
    for facts in all {
        shared.retain(|fact| facts.contains(fact));
    }
    if shared.is_empty() {
        return String::new();
    }
    let shared = shared.iter().map(|(name, value)| format!("{name} {value}"));
    let shared: Vec<_> = shared.collect();
    shown(&shared.join(" · "), MAX_SHARED_BYTES) + "\n"
}

fn heading(alerts: &[Alert], first: Time, last: Time) -> String {
    let mut hosts = alerts.iter().map(|alert| alert.status.host.as_deref());
    let host = hosts.next().flatten();
    let host = host.filter(|host| hosts.all(|other| other == Some(host)));
    let host = host.map_or(String::new(), |host| {
        format!(" on {}", shown(host, MAX_HOST_BYTES))
    });
    let until = if last.date_naive() != first.date_naive() {
        " to ".to_owned() + &time::second(last)
    } else if last == first {
        String::new()
    } else {
        " to ".to_owned() + &time::clock(last)
    };
    let count = match alerts.iter().find_map(|alert| alert.recovered) {
        Some((over, all)) => format!("{over} of {all} recovered"),
        None => format!("{} alerts", alerts.len()),
    };
    let first = time::second(first);
    format!("--- {count}{host}, {first}{until} UTC ---\n")
}

#[cfg(test)]
mod tests;
