//! What is posted: a line for the lock screen, and below it each alert with a colour at its edge.

mod blocks;

use chrono::{DateTime, Utc};

use blocks::blocks;

use super::block_kit::preformatted;
use super::markup::{Dialect, verbatim};
use super::mention::with_mentions;
use crate::format::json::{Value, object};
use crate::format::link::Link;
use crate::format::text;
use crate::format::text::is_blank;
use crate::format::time;
use crate::message::alert::{Alert, Kind};
use crate::message::digest;
use crate::notifier::sanitize::address;
use crate::notifier::severity::Severity;
use crate::status::State;
use crate::status::log_lines::HEADING;

/// The most alerts that are shown one after the other; more become a digest.
const MAX_WHOLE_ALERTS: usize = 3;

const MAX_DIGEST: usize = 3_900;

/// The longest part of a digest in a block of its own: no text of any block may have more than 3,000.
/// <https://docs.slack.dev/reference/block-kit/blocks/section-block/>
const BLOCK: usize = 2_900;

/// The most fields of a section, the longest name of one, and the longest name of a job, host and the like.
const MAX_FIELDS: usize = 10;
const MAX_FIELD_NAME: usize = 40;
const MAX_NAME: usize = 150;
const MAX_ID: usize = 60;
const MAX_LINK: usize = 2_000;

/// The longest summary of an alert that is sent where the first message was refused.
const SHORT: usize = 500;

/// How long the parts of an alert may be, in bytes as they are written. Slack refuses blocks of
/// some 13,000 characters together, which it does not document
/// (<https://github.com/slackapi/bolt-js/issues/2509>): three alerts stay below that too.
#[derive(Clone, Copy)]
struct Room {
    summary: usize,
    remarks: usize,
    error: usize,
    log_lines: usize,
    field: usize,
    fallback: usize,
}

const ALONE: Room = Room {
    summary: 1_000,
    remarks: 1_500,
    error: 2_600,
    log_lines: 2_000,
    field: 300,
    fallback: 1_200,
};

const SHARED: Room = Room {
    summary: 600,
    remarks: 500,
    error: 800,
    log_lines: 300,
    field: 100,
    fallback: 1_200,
};

/// Rates an alert as the others do, but for two kinds: a run that is overdue is as bad as a failure here, and a
/// beginning is good whatever the job's state.
fn severity(alert: &Alert) -> Severity {
    match alert.kind {
        Kind::Overdue => Severity::Bad,
        Kind::Started => Severity::Good,
        _ => Severity::of(alert),
    }
}

fn color(severity: Severity) -> &'static str {
    match severity {
        Severity::Bad => "#d0021b",
        Severity::Unclear => "#f5a623",
        Severity::Good => "#2eb67d",
    }
}

/// Makes the payload for all these alerts.
pub(super) fn full(alerts: &[Alert], dialect: Dialect) -> Value {
    let (text, attachments) = if alerts.len() > MAX_WHOLE_ALERTS {
        let heading = digest::headline(alerts);
        let attachments = vec![digest(alerts, &heading, dialect)];
        (heading, attachments)
    } else {
        let room = if alerts.len() == 1 { ALONE } else { SHARED };
        let summaries = alerts
            .iter()
            .map(|alert| summary(alert, room.summary, dialect));
        let attachments = alerts
            .iter()
            .map(|alert| attachment(alert, room, dialect))
            .collect();
        (summaries.collect::<Vec<_>>().join("\n"), attachments)
    };
    let text = with_mentions(text, alerts, dialect);
    match dialect {
        Dialect::Slack => object! {
            "text": text,
            "attachments": attachments,
            "unfurl_links": false,
            "unfurl_media": false,
        },
        Dialect::Markdown => object! { "text": text, "attachments": attachments },
    }
}

/// Makes the payload for a service that has refused the first: one line of text.
pub(super) fn short(alert: &Alert, dialect: Dialect, mentions: bool) -> Value {
    let summary = summary(alert, SHORT, dialect);
    let text = format!("{summary} · alert {}", dialect.line(&alert.id, 60));
    let text = if mentions {
        with_mentions(text, std::slice::from_ref(alert), dialect)
    } else {
        text
    };
    object! { "text": text }
}

/// The same for however many.
pub(super) fn short_of_all(alerts: &[Alert], dialect: Dialect) -> Value {
    match alerts {
        [alert] => short(alert, dialect, true),
        _ => {
            // No sign ends code but a backtick, which looks much like this letter.
            let text = digest::message(alerts).replace('`', "\u{2cb}");
            let text = fenced(&dialect.lines(&text, MAX_DIGEST - 300));
            object! { "text": with_mentions(text, alerts, dialect) }
        }
    }
}

/// Writes the alert in one line, in which each part that comes from outside is harmless.
fn summary(alert: &Alert, limit: usize, dialect: Dialect) -> String {
    // The job, the host and the error; or the program's own headline.
    let parts = if alert.message.headline.is_some() {
        1
    } else {
        3
    };
    alert.summary_with(&|part: &str| dialect.line(part, limit / parts))
}

fn digest(alerts: &[Alert], heading: &str, dialect: Dialect) -> Value {
    let color = color(alerts.iter().map(severity).min().unwrap_or(Severity::Good));
    let text = digest::message(alerts);
    match dialect {
        Dialect::Slack => {
            // A digest is within that; nothing is cut.
            let text = verbatim(&text, MAX_DIGEST);
            let blocks: Vec<_> = parts(&text).iter().map(|part| preformatted(part)).collect();
            object! { "color": color, "fallback": heading, "blocks": blocks }
        }
        Dialect::Markdown => {
            // What is put between two characters comes on top.
            let text = dialect.lines(&text, 3 * MAX_DIGEST);
            object! { "color": color, "fallback": heading, "text": fenced(&text) }
        }
    }
}

/// Parts a text at the ends of its lines, so that a block holds each.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim_end();
    while !is_blank(rest) {
        let head = text::first_bytes(rest, BLOCK);
        let is_last = head.len() == rest.len();
        let end = head.rfind('\n').filter(|_| !is_last).map(|at| at + 1);
        let (part, after) = rest.split_at(end.unwrap_or(head.len()));
        parts.push(part.trim_end());
        rest = after;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn attachment(alert: &Alert, room: Room, dialect: Dialect) -> Value {
    let color = color(severity(alert));
    match dialect {
        Dialect::Slack => {
            let text = alert.text_within(room.fallback, &str::len);
            let fallback = dialect.lines(&text, room.fallback);
            let blocks = blocks(alert, room);
            object! { "color": color, "fallback": fallback, "blocks": blocks }
        }
        Dialect::Markdown => markdown(alert, room, dialect),
    }
}

/// Makes the attachment of a service that takes Markdown.
fn markdown(alert: &Alert, room: Room, dialect: Dialect) -> Value {
    let color = color(severity(alert));
    let mut text = remarks(alert, room.remarks, &|line: &str, most| {
        dialect.line(line, most)
    });
    if let Some(body) = &alert.message.text {
        text = format!(
            "{}\n{text}",
            harmless_lines(body.trim_end(), room.error, dialect)
        );
    } else if !is_blank(alert.error()) {
        let error = dialect.lines(alert.error().trim_end(), room.error);
        text += &format!("\n{}", fenced(&error));
        let lines = log_lines(alert, room.log_lines, &|line: &str| {
            dialect.lines(line, room.log_lines)
        });
        if !lines.is_empty() {
            text += &format!("\n{HEADING}\n{}", fenced(&lines));
        }
    }
    let fields: Vec<_> = named(alert, room, dialect)
        .into_iter()
        .map(|(name, value)| object! { "title": name, "value": value, "short": true })
        .collect();
    let mut attachment = object! {
        "color": color,
        "fallback": harmless_lines(
            &alert.text_within(room.fallback / 2, &str::len),
            room.fallback,
            dialect,
        ),
        "text": text.trim_start(),
        "fields": fields,
    };
    // The program's own headline stands above the attachment already.
    if alert.message.headline.is_none() {
        let job = dialect.line(&alert.job, MAX_NAME);
        attachment.put("title", format!("{job} {}", outcome(alert)));
    }
    attachment
}

/// Returns what Markdown shows beside the text, by name: pages, facts, when it was sent, and ids.
fn named(alert: &Alert, room: Room, dialect: Dialect) -> Vec<(String, String)> {
    let links = alert.links().into_iter().map(|Link { label, url }| {
        let url = dialect.line_with_links(&address(&url), 3 * MAX_LINK);
        (dialect.line(&label, MAX_FIELD_NAME), url)
    });
    let mut named: Vec<_> = links.collect();
    for (name, value) in &fields(alert) {
        let value = match &**name {
            CONTEXT => dialect.line_with_links(value, room.field),
            _ => dialect.line(value, room.field),
        };
        named.push((dialect.line(name, MAX_FIELD_NAME), value));
    }
    named.push(("sent".to_owned(), utc(alert.decided)));
    let ids = ids(alert).into_iter();
    named.extend(ids.map(|(name, id)| (name.to_owned(), dialect.line(id, MAX_ID))));
    named
}

/// Writes the last lines that the run has logged, as many as have room.
fn log_lines(alert: &Alert, room: usize, write: &dyn Fn(&str) -> String) -> String {
    let lines = alert.lines_below(room, &|line: &str| write(line).len() + 1);
    let lines: Vec<_> = lines.iter().map(|line| write(line)).collect();
    lines.join("\n")
}

/// Writes each line of a text so that no sign in it has a meaning.
fn harmless_lines(text: &str, limit: usize, dialect: Dialect) -> String {
    let text = text::cut(text, limit / 2);
    let lines = text.lines().map(|line| dialect.line(line, limit / 2));
    let lines = lines.collect::<Vec<_>>().join("\n");
    if lines.len() <= limit {
        lines
    } else {
        dialect.line(&text, limit)
    }
}

/// Says what became of a job, and how long that was.
fn outcome(alert: &Alert) -> String {
    let became = alert.became();
    let took = alert.status.took.map(time::span);
    if let Some(outage) = &alert.outage {
        let span = alert.outage_span(outage);
        return span.map_or_else(|| became.clone(), |span| format!("{became} after {span}"));
    }
    match (alert.kind, took) {
        (Kind::Steady, _) if alert.status.state == State::Ok => format!("{became}: it works"),
        (Kind::Steady, _) => format!("{became}: it fails"),
        // Only in the usual words: closer ones say it already.
        (Kind::StillFailing, _) if became == Kind::StillFailing.as_str() => {
            let span = time::passed(alert.status.since, alert.decided).map(time::span);
            let span = span.map_or_else(String::new, |span| format!(" for {span}"));
            let error = match alert.earlier_error {
                Some(_) => ", with another error",
                None => "",
            };
            format!("{became}{span}{error}")
        }
        (Kind::Failed | Kind::Overdue, Some(took)) => format!("{became} after {took}"),
        _ => became,
    }
}

/// Writes a line for each remark; none is lost because another is long.
fn remarks(alert: &Alert, limit: usize, write: &dyn Fn(&str, usize) -> String) -> String {
    let remarks = alert.remarks();
    let remarks: Vec<_> = remarks.iter().filter(|remark| !is_blank(remark)).collect();
    let share = (limit / remarks.len().max(1)).saturating_sub(1).max(60);
    let most = limit / 61;
    let lines = remarks.iter().take(most);
    let mut lines: Vec<_> = lines.map(|remark| write(remark, share)).collect();
    if remarks.len() > most {
        lines.push(format!("… and {} more remarks", remarks.len() - most));
    }
    lines.join("\n")
}

/// Returns names and values, as many as a section holds.
fn fields(alert: &Alert) -> Vec<(String, String)> {
    let mut all = Vec::new();
    if alert.message.text.is_none() {
        all.push(("job".to_owned(), alert.job.clone()));
    }
    for (name, value) in alert.details() {
        match &*name {
            INCIDENT | ALERT => {}
            "since" => {
                // Its microseconds are for programs.
                all.push((name.into_owned(), utc(alert.status.since)));
                all.push(("runs".to_owned(), alert.status.runs.to_string()));
            }
            _ => all.push((name.into_owned(), value)),
        }
    }
    all.retain(|(name, value)| !is_blank(name) && !is_blank(value));
    if all.len() > MAX_FIELDS {
        let more = all.split_off(MAX_FIELDS - 1);
        let more: Vec<_> = more
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        all.push(("more".to_owned(), more.join(" · ")));
    }
    all
}

const CONTEXT: &str = "context";
const INCIDENT: &str = "incident";
const ALERT: &str = "alert";

fn ids(alert: &Alert) -> Vec<(&'static str, &str)> {
    let incident = alert.incident.as_deref().map(|id| (INCIDENT, id));
    [(ALERT, &*alert.id)].into_iter().chain(incident).collect()
}

fn utc(time: DateTime<Utc>) -> String {
    time::second(time) + " UTC"
}

fn fenced(text: &str) -> String {
    format!("```\n{text}\n```")
}
