//! Many alerts as one message, in which each of them has its place.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::format::time::Time;
use crate::message::alert::Alert;
use crate::message::cut::{
    cut_error, cut_in_the_middle, cut_name, first_line, one_line, share, shown, width,
};
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

/// Alerts of so short a time have no times of their own.
const AT_ONCE: TimeDelta = TimeDelta::seconds(60);

/// A name is not cut below this: an id alone says nothing to a reader.
const MIN_NAME_BYTES: usize = 16;

/// Returns one alert's text, those of a few, or for more a digest that names each.
///
/// A digest groups jobs whose errors are alike but for numbers, ids and paths: the error stands
/// there once, and the jobs below it. What all of them share, such as the host, is said once.
///
/// A [`Notifier`](crate::Notifier) gets more than one where they waited together. Up to 40, which is
/// the most that it gets at once, are within 3,900 bytes, also where `&`, `<` and `>` are escaped as
/// in HTML: errors are cut first, then names, and no alert is left out. One alone is not cut.
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
    let texts = alerts.iter().map(|alert| alert.text_within(fair, width));
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
    let first_lines: usize = errors.iter().map(|error| width(first_line(error))).sum();
    let name = share(names.iter().copied(), room - first_lines.min(room / 3)).max(MIN_NAME_BYTES);
    let room = room.saturating_sub(used(&names, name));
    let error = share(errors.iter().map(|error| width(error)), room);
    with(Cuts { name, error })
}

/// Says how many alerts there are, and of what: `✗ 12 alerts: 9 failed, 3 recovered`; in a message that is
/// brought up to date, `✗ 3 of 12 recovered: 9 failed, 3 recovered`.
pub(crate) fn headline(alerts: &[Alert]) -> String {
    let is_good = alerts
        .iter()
        .all(|alert| matches!(alert.symbol(), '✓' | '▸'));
    let symbol = if is_good { '✓' } else { '✗' };
    let mut counts = BTreeMap::new();
    for alert in alerts {
        *counts
            .entry((alert.kind, alert.became()))
            .or_insert(0_usize) += 1;
    }
    let counts: Vec<_> = counts
        .iter()
        .map(|((_, words), count)| {
            let words = words.strip_prefix("is ").unwrap_or(words);
            format!("{count} {words}")
        })
        .collect();
    let counts = counts.join(", ");
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

/// Jobs that stand together: they are the same now, for the same reason.
#[derive(Debug)]
struct Group<'a> {
    /// What became of them, in words.
    became: String,
    /// The first error of those that are alike but for numbers, ids and paths; `None` where the
    /// jobs share none, and each has its own behind its name.
    error: Option<Shared>,
    lines: Vec<Line<'a>>,
}

/// The error of a group.
#[derive(Debug)]
struct Shared {
    text: String,
    is_the_same_for_all: bool,
}

/// A job's alerts.
#[derive(Debug)]
struct Line<'a> {
    job: &'a str,
    /// In their order, so that the last says what the job is now.
    alerts: Vec<&'a Alert>,
    /// The latest error, also of a job that works again; empty where there is none.
    error: String,
    fingerprint: Option<String>,
}

/// The most that is shown of each text.
#[derive(Debug, Clone, Copy)]
struct Cuts {
    name: usize,
    error: usize,
}

impl Group<'_> {
    /// Returns every error that is shown.
    fn errors(&self) -> Vec<&str> {
        match &self.error {
            Some(shared) => vec![&shared.text],
            None => self.lines.iter().map(|line| &*line.error).collect(),
        }
    }

    /// Returns the pages that say what to do, each once, where something is wrong.
    fn runbooks(&self) -> Vec<&str> {
        let last = self.lines.iter().filter_map(Line::last);
        let wrong = last.filter(|alert| !matches!(alert.symbol(), '✓' | '▸'));
        let mut runbooks: Vec<_> = wrong.filter_map(Alert::runbook).collect();
        runbooks.sort_unstable();
        runbooks.dedup();
        runbooks
    }

    /// Says how many jobs there are, what became of them, and how their error begins.
    fn title(&self) -> String {
        let count = self.lines.len();
        let error = match &self.error {
            Some(shared) if shared.is_the_same_for_all => ": ",
            Some(_) => " with errors alike, the first: ",
            None => "",
        };
        format!("{count} × {}{error}", self.became)
    }
}

impl Line<'_> {
    fn last(&self) -> Option<&Alert> {
        self.alerts.last().copied()
    }
}

fn groups(alerts: &[Alert]) -> Vec<Group<'_>> {
    let mut sorted: BTreeMap<_, Vec<Line<'_>>> = BTreeMap::new();
    for line in lines(alerts) {
        let place = line.last().map_or(0, |alert| alert.kind.place());
        let became = line.last().map(Alert::became).unwrap_or_default();
        let alike = sorted.entry((place, became, line.fingerprint.clone()));
        alike.or_default().push(line);
    }
    let mut groups: Vec<(usize, Group<'_>)> = Vec::new();
    let mut rest: BTreeMap<_, Vec<Line<'_>>> = BTreeMap::new();
    for ((place, became, fingerprint), lines) in sorted {
        match &*lines {
            [first, others @ ..] if fingerprint.is_some() && !others.is_empty() => {
                let shared = Shared {
                    text: first.error.clone(),
                    is_the_same_for_all: others.iter().all(|line| line.error == first.error),
                };
                let error = Some(shared);
                groups.push((
                    place,
                    Group {
                        became,
                        error,
                        lines,
                    },
                ));
            }
            _ => rest.entry((place, became)).or_default().extend(lines),
        }
    }
    groups.extend(rest.into_iter().map(|((place, became), lines)| {
        let error = None;
        (
            place,
            Group {
                became,
                error,
                lines,
            },
        )
    }));
    // Within one kind the largest group first, and last the jobs that share no error.
    groups
        .sort_by_key(|(place, group)| (*place, group.error.is_none(), Reverse(group.lines.len())));
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Puts the alerts of each job together, in the order in which the jobs came.
fn lines(alerts: &[Alert]) -> Vec<Line<'_>> {
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
                error: String::new(),
                fingerprint: None,
            });
        }
        let line = &mut lines[place];
        line.alerts.push(alert);
        if !alert.error().trim().is_empty() {
            line.error = block(alert.error());
            line.fingerprint = Some(alert.fingerprint());
        }
    }
    lines
}

/// Writes an error below the line that it begins in: without empty lines, and further in than names.
fn block(error: &str) -> String {
    let lines = error.lines().map(|line| one_line(line.trim_end()));
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n    ").trim_start().to_owned()
}

/// Writes the digest. How long it is but for its names and errors does not depend on the cuts.
fn render(alerts: &[Alert], groups: &[Group<'_>], cuts: Cuts) -> String {
    let times = || alerts.iter().map(|alert| alert.decided);
    let (first, last) = (
        times().min().unwrap_or_default(),
        times().max().unwrap_or_default(),
    );
    let format = if last - first <= AT_ONCE {
        // The heading says when.
        ""
    } else if first.date_naive() == last.date_naive() {
        "%H:%M:%S"
    } else {
        "%m-%d %H:%M:%S"
    };
    let mut text = heading(alerts, first, last);
    text += &said_by_all(alerts);
    let mut room_of_runbooks = MAX_RUNBOOK_BYTES;
    for group in groups {
        let error = group.error.as_ref().map_or("", |shared| &*shared.text);
        text += &format!("\n{}{}\n", group.title(), cut_error(error, cuts.error));
        for line in &group.lines {
            text += "  ";
            text += &cut_name(line.job, cuts.name);
            for alert in &line.alerts {
                let time = alert.decided.format(format).to_string();
                // The title says what one alert is.
                let kind = match &*line.alerts {
                    [_] => "",
                    _ => alert.kind.as_str(),
                };
                let words = [kind, &time].map(str::trim);
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
            let line = format!("  runbook: {runbook}\n");
            if let Some(rest) = room_of_runbooks.checked_sub(width(&line)) {
                room_of_runbooks = rest;
                text += &line;
            }
        }
    }
    text
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
        format!(" to {}", last.format("%Y-%m-%d %H:%M:%S"))
    } else if last == first {
        String::new()
    } else {
        format!(" to {}", last.format("%H:%M:%S"))
    };
    let count = match alerts.iter().find_map(|alert| alert.recovered) {
        Some((over, all)) => format!("{over} of {all} recovered"),
        None => format!("{} alerts", alerts.len()),
    };
    let first = first.format("%Y-%m-%d %H:%M:%S");
    format!("--- {count}{host}, {first}{until} UTC ---\n")
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::message::alert::Kind;
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
            alert("a", Kind::Failed, "db gone\n  caused by: x\n", "1a", 0),
            alert("b", Kind::Failed, "db gone\n  caused by: x\n", "1b", 1),
            alert("c", Kind::Failed, "disk full\n\n  on /dev/sda1\n", "1c", 2),
        ];
        assert_eq!(
            message(&alerts),
            "--- 4 alerts on worker-3, 2026-11-22 13:00:00 to 13:00:03 UTC ---\n\n\
             2 × failed: db gone\n      caused by: x\n  a · alert 1a\n  b · alert 1b\n\n\
             1 × failed\n  c · alert 1c: disk full\n      on /dev/sda1\n\n\
             1 × recovered\n  d · alert 1d\n"
        );
    }

    /// Issue 17, point 6: who is woken by a digest looks for the page, too.
    #[test]
    fn a_digest_shows_each_runbook_once_below_the_jobs_that_it_is_for() {
        let mut alerts = [
            alert("a", Kind::Failed, "db gone\n", "1a", 0),
            alert("b", Kind::Failed, "db gone\n", "1b", 1),
            alert("c", Kind::Failed, "disk full\n", "1c", 2),
            alert("d", Kind::Recovered, "", "1d", 3),
        ];
        for (alert, page) in alerts.iter_mut().zip(["db", "db", "disk", "db"]) {
            alert.status.runbook = Some(format!("https://wiki.example.com/{page}").into());
        }
        alerts[3].status.state = crate::status::State::Ok;
        assert_eq!(
            message(&alerts),
            "--- 4 alerts on worker-3, 2026-11-22 13:00:00 to 13:00:03 UTC ---\n\n\
             2 × failed: db gone\n  a · alert 1a\n  b · alert 1b\n  runbook: https://wiki.example.com/db\n\n\
             1 × failed\n  c · alert 1c: disk full\n  runbook: https://wiki.example.com/disk\n\n\
             1 × recovered\n  d · alert 1d\n"
        );
        // Many long ones do not push the jobs out.
        let many = alerts.iter().cycle().take(36);
        let mut alerts: Vec<_> = many.cloned().collect();
        for (number, alert) in alerts.iter_mut().enumerate() {
            alert.job = format!("job {number}");
            let page = "x".repeat(300);
            alert.status.runbook = Some(format!("https://wiki.example.com/{page}{number}").into());
        }
        let text = message(&alerts);
        assert!(width(&text) <= MAX_MESSAGE_BYTES, "{}", width(&text));
        assert_eq!(text.matches("runbook: ").count(), 1, "{text}");
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
             1 × failed\n  b · recovered 11-22 13:00:01 · alert 2b · failed 11-23 13:00:00 · alert 3b: disk full\n\n\
             1 × recovered\n  a · failed 11-22 13:00:00 · alert 1a · recovered 11-22 13:05:00 · alert 2a: db gone\n"
        );
    }

    /// Issue 12, point 28: no two were grouped, for each named another row or host, and of each
    /// error there were twelve characters.
    #[test]
    fn forty_failures_of_two_causes_are_two_errors_each_once_and_whole() {
        let refused = |number: i64| {
            format!(
                "loading the table of day {number}\n  caused by: connection refused (os error 111) to db-{number}:5432\n"
            )
        };
        let bad = |number: i64| {
            format!(
                "row {number}: column `price` is not a number: `n/a`, where 12.50 was read before\n"
            )
        };
        let alerts: Vec<_> = (0..40)
            .map(|number| {
                let error = if number % 3 == 0 {
                    bad(number)
                } else {
                    refused(number)
                };
                let job = format!("warehouse.load_the_orders_of_region_{number:02}");
                let id = format!("{:016x}", 0xfeed_0000 + number);
                let mut alert = alert(&job, Kind::Failed, &error, &id, number);
                alert.status.version = Some("1.4.2".into());
                alert.facts = vec![
                    (
                        "context".to_owned(),
                        "env=prod https://wiki.example/etl".to_owned(),
                    ),
                    ("airflow".to_owned(), format!("try {number}")),
                ];
                alert
            })
            .collect();
        let text = message(&alerts);
        assert!(text.len() <= MAX_MESSAGE_BYTES, "{}", text.len());
        let titles: Vec<_> = text.lines().filter(|line| line.contains(" × ")).collect();
        let alike = "failed with errors alike, the first:";
        assert_eq!(
            titles,
            [
                format!("26 × {alike} loading the table of day 1"),
                format!("14 × {alike} {}", bad(0).trim()),
            ]
        );
        let cause = "\n      caused by: connection refused (os error 111) to db-1:5432\n";
        assert_eq!(text.matches(cause).count(), 1, "{text}");
        assert_eq!(text.matches("is not a number").count(), 1);
        for alert in &alerts {
            let line = format!("\n  {} · alert {}\n", alert.job, alert.id);
            assert_eq!(text.matches(&line).count(), 1, "{line} is not in {text}");
        }
        for once in [
            "worker-3",
            "version 1.4.2 · context env=prod https://wiki.example/etl\n",
        ] {
            assert_eq!(text.matches(once).count(), 1, "{once} is not in {text}");
        }
        assert!(!text.contains('…'), "{text}");
    }

    #[test]
    fn a_trace_of_a_thousand_lines_takes_no_room_from_the_names_and_keeps_its_ends() {
        let trace = format!(
            "the table is locked\n{}  caused by: the end\n",
            "  at frame\n".repeat(1_000)
        );
        let alerts: Vec<_> = (0..40)
            .map(|number| {
                let job = format!("etl.load_{number:02}_{}", "x".repeat(30));
                alert(&job, Kind::Failed, &trace, &format!("{number:016x}"), 0)
            })
            .collect();
        let text = message(&alerts);
        assert!(
            text.len() <= MAX_MESSAGE_BYTES && text.len() > MAX_MESSAGE_BYTES - 100,
            "{}",
            text.len()
        );
        assert!(text.contains("40 × failed: the table is locked\n      at frame\n"));
        assert!(
            text.contains("caused by: the end\n  etl.load_00_"),
            "{text}"
        );
        assert!(
            alerts
                .iter()
                .all(|alert| text.contains(&format!("  {} · ", alert.job)))
        );
    }

    #[test]
    fn what_was_dropped_stands_at_the_end_of_any_message() {
        let dropped = Dropped {
            repeats: 1_000,
            others: 234,
            oldest: Some(testing::alert("a", "1").decided),
        };
        let line = "and 1,234 more alerts were dropped, the oldest of 2026-11-22 13:00 UTC: 1,000 repeats, 234 others";
        assert_eq!(dropped.words().unwrap(), line);
        for count in 1..=5 {
            let mut alerts: Vec<_> = (0..count)
                .map(|number| {
                    let (job, error) = ("j".repeat(9_000), "e".repeat(9_000));
                    alert(&job, Kind::Failed, &error, &format!("{number:016x}"), 0)
                })
                .collect();
            // A remark in the very words is a remark, and no count.
            alerts[0]
                .notes
                .push("and 9 more alerts were given up, the oldest of 2026".to_owned());
            alerts[count - 1].dropped = Some(dropped.clone());
            let text = message(&alerts);
            assert!(text.ends_with(&format!("\n{line}\n")), "{text}");
            assert_eq!(text.matches("dropped").count(), 1);
        }
    }

    #[test]
    fn a_long_name_keeps_its_end_and_takes_up_what_it_may() {
        assert_eq!(cut_name("crate.module.function", 16), "crat….function");
        assert_eq!(shown("connection refused", 13), "connection…");
        assert_eq!(cut_error("one two three four", 15), "one two …four");
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
            loss in prop::option::of(any::<[u64; 2]>()),
        ) {
            let mut alerts: Vec<_> = (0_u64..).zip(&alerts).map(|(number, (job, kind, error, second, host))| {
                // Ids that no text here holds.
                let id = format!("{:016x}", 0xfeed_0000_0000_0000 | number);
                let mut alert = alert(job, *kind, error, &id, *second);
                alert.status.host = Some(host.clone().into());
                alert
            }).collect();
            let dropped = loss.map(|[repeats, others]| Dropped {
                repeats,
                others,
                oldest: Some(alerts[0].decided),
            });
            let loss = dropped.as_ref().and_then(Dropped::words);
            alerts[0].dropped = dropped;

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
                // A run that has not ended and took no time is one that did not come.
                let order = Kind::ALL.map(|(kind, words, _)| match kind {
                    Kind::Overdue => "missed a run",
                    _ => words,
                });
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
