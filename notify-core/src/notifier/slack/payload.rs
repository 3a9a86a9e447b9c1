//! What is posted: a line for the lock screen, and below it each alert with a colour at its edge.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::markup::{Dialect, verbatim};
use crate::alert::{Alert, Kind};
use crate::digest;
use crate::status::State;
use crate::text;
use crate::time;

/// So many alerts are told one after the other; more are a digest.
const FEW: usize = 3;

/// The longest digest.
const DIGEST: usize = 3_900;

/// The longest text of a section is 3,000.
/// <https://docs.slack.dev/reference/block-kit/blocks/section-block/>
const SECTION: usize = 2_900;

/// The most fields of a section.
const FIELDS: usize = 10;

/// The longest name of a job, host and the like.
const NAME: usize = 150;

/// The longest summary of an alert that is sent where the first message was refused.
const SHORT: usize = 500;

/// The most that are mentioned by one message.
const MENTIONS: usize = 10;

/// How long the parts of an alert may be, in bytes as they are written. Slack refuses blocks of
/// some 13,000 characters together, which it does not document
/// (<https://github.com/slackapi/bolt-js/issues/2509>): three alerts stay below that too.
#[derive(Debug, Clone, Copy)]
struct Room {
    summary: usize,
    remarks: usize,
    error: usize,
    field: usize,
    fallback: usize,
}

const ALONE: Room = Room {
    summary: 1_000,
    remarks: 1_500,
    error: 2_600,
    field: 300,
    fallback: 1_200,
};

const SHARED: Room = Room {
    summary: 600,
    remarks: 500,
    error: 800,
    field: 100,
    fallback: 1_200,
};

/// How bad it is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Bad,
    Unclear,
    Good,
}

impl Severity {
    fn of(alert: &Alert) -> Self {
        match (alert.kind, alert.status.state) {
            (Kind::Failed | Kind::StillFailing | Kind::Overdue, _)
            | (Kind::Steady, State::Error) => Self::Bad,
            (Kind::Flapping, _) => Self::Unclear,
            (Kind::Recovered | Kind::Ok | Kind::Steady, _) => Self::Good,
        }
    }

    fn worst(alerts: &[Alert]) -> Self {
        alerts.iter().map(Self::of).min().unwrap_or(Self::Good)
    }

    fn color(self) -> &'static str {
        match self {
            Self::Bad => "#d0021b",
            Self::Unclear => "#f5a623",
            Self::Good => "#2eb67d",
        }
    }
}

/// Makes the payload that tells of all these alerts.
pub(super) fn full(alerts: &[Alert], dialect: Dialect) -> Value {
    let (text, attachments) = if alerts.len() > FEW {
        let heading = heading(alerts);
        let attachments = vec![digest(alerts, &heading, dialect)];
        (heading, attachments)
    } else {
        let room = if alerts.len() == 1 { ALONE } else { SHARED };
        let summaries = alerts
            .iter()
            .map(|alert| dialect.line(&alert.summary(), room.summary));
        let attachments = alerts
            .iter()
            .map(|alert| attachment(alert, room, dialect))
            .collect();
        (summaries.collect::<Vec<_>>().join("\n"), attachments)
    };
    let text = with_mentions(text, alerts, dialect);
    match dialect {
        Dialect::Slack => json!({
            "text": text,
            "attachments": attachments,
            "unfurl_links": false,
            "unfurl_media": false,
        }),
        Dialect::Markdown => json!({ "text": text, "attachments": attachments }),
    }
}

/// Makes the payload for a service that has refused the first: one line of text.
pub(super) fn short(alert: &Alert, dialect: Dialect, mentions: bool) -> Value {
    let summary = dialect.line(&alert.summary(), SHORT);
    let text = format!("{summary} · alert {}", dialect.line(&alert.id, 60));
    let text = if mentions {
        with_mentions(text, std::slice::from_ref(alert), dialect)
    } else {
        text
    };
    json!({ "text": text })
}

/// Adds whom the failures mention: the one way in which a message calls anybody.
fn with_mentions(text: String, alerts: &[Alert], dialect: Dialect) -> String {
    let failures = alerts
        .iter()
        .filter(|alert| Severity::of(alert) != Severity::Good);
    let words = failures
        .filter_map(|alert| alert.mention.as_deref())
        .flat_map(str::split_whitespace);
    let mut mentions = Vec::new();
    for mention in words.filter_map(|word| mention(word, dialect)) {
        if mentions.len() < MENTIONS && !mentions.contains(&mention) {
            mentions.push(mention);
        }
    }
    // In front, where the text is one line, it would hide what has happened.
    mentions
        .into_iter()
        .fold(text, |text, mention| text + " " + &mention)
}

fn mention(word: &str, dialect: Dialect) -> Option<String> {
    let is_id = (2..=32).contains(&word.len())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    match (dialect, word) {
        (Dialect::Slack, "@here") => Some("<!here>".to_owned()),
        (Dialect::Slack, "@channel") => Some("<!channel>".to_owned()),
        (Dialect::Slack, "@everyone") => Some("<!everyone>".to_owned()),
        (Dialect::Slack, id) if is_id && id.starts_with(['U', 'W']) => Some(format!("<@{id}>")),
        (Dialect::Slack, id) if is_id && id.starts_with('S') => Some(format!("<!subteam^{id}>")),
        (Dialect::Markdown, "@here") => Some("@here".to_owned()),
        // The one word for it that both of them know.
        (Dialect::Markdown, "@channel" | "@everyone") => Some("@all".to_owned()),
        // Slack's ids are nobody's there.
        _ => None,
    }
}

/// Says how many alerts there are, and of what: `✗ 12 alerts: 9 failed, 3 recovered`.
fn heading(alerts: &[Alert]) -> String {
    let symbol = match Severity::worst(alerts) {
        Severity::Good => '✓',
        Severity::Bad | Severity::Unclear => '✗',
    };
    let mut counts: Vec<(Kind, usize)> = Vec::new();
    for alert in alerts {
        match counts.iter_mut().find(|(kind, _)| *kind == alert.kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((alert.kind, 1)),
        }
    }
    counts.sort();
    let counts: Vec<_> = counts
        .iter()
        .map(|(kind, count)| {
            let words = kind.as_str();
            let words = words.strip_prefix("is ").unwrap_or(words);
            format!("{count} {words}")
        })
        .collect();
    format!("{symbol} {} alerts: {}", alerts.len(), counts.join(", "))
}

fn digest(alerts: &[Alert], heading: &str, dialect: Dialect) -> Value {
    let color = Severity::worst(alerts).color();
    let text = digest::message(alerts);
    match dialect {
        Dialect::Slack => {
            // A digest is within that; nothing is cut.
            let text = dialect.lines(&text, DIGEST);
            let sections: Vec<_> = parts(&text).iter().map(|part| section(part)).collect();
            json!({ "color": color, "fallback": heading, "blocks": sections })
        }
        Dialect::Markdown => {
            // What is put between two characters comes on top.
            let text = dialect.lines(&text, 3 * DIGEST);
            json!({ "color": color, "fallback": heading, "text": text })
        }
    }
}

/// Parts an escaped text at the ends of its lines, so that a section holds each.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.split_inclusive('\n') {
        let mut line = line;
        while !line.is_empty() {
            let last = parts.len() - 1;
            if parts[last].len() + line.len() <= SECTION {
                parts[last] += line;
                break;
            }
            if parts[last].trim().is_empty() {
                // Not within an escape, of which the longest has five characters.
                let head = text::first_bytes(line, SECTION);
                let end = head
                    .rfind('&')
                    .filter(|at| *at > 0 && head.len() - at < 5)
                    .unwrap_or(head.len());
                parts[last] += &line[..end];
                line = &line[end..];
            }
            parts.push(String::new());
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn attachment(alert: &Alert, room: Room, dialect: Dialect) -> Value {
    let color = Severity::of(alert).color();
    let fallback = dialect.lines(&alert.text(), room.fallback);
    let heading = heading_of(alert, dialect);
    let remarks = remarks(alert, room.remarks, dialect);
    let fields = fields(alert, room.field, dialect);
    match dialect {
        Dialect::Slack => {
            let mut blocks = vec![section(&heading)];
            if !remarks.is_empty() {
                blocks.push(section(&remarks));
            }
            if !alert.error().trim().is_empty() {
                blocks.push(preformatted(&verbatim(alert.error(), room.error)));
            }
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| mrkdwn(&format!("*{name}* {value}")))
                .collect();
            if !fields.is_empty() {
                blocks.push(json!({ "type": "section", "fields": fields }));
            }
            let foot: Vec<_> = foot(alert).iter().map(|line| mrkdwn(line)).collect();
            blocks.push(json!({ "type": "context", "elements": foot }));
            json!({ "color": color, "fallback": fallback, "blocks": blocks })
        }
        Dialect::Markdown => {
            let mut text = remarks;
            if !alert.error().trim().is_empty() {
                let error = dialect.lines(alert.error().trim_end(), room.error);
                text += &format!("\n```\n{error}\n```");
            }
            let mut fields: Vec<_> = fields
                .into_iter()
                .map(|(name, value)| json!({ "title": name, "value": value, "short": true }))
                .collect();
            fields.push(json!({ "title": "told", "value": utc(alert.decided), "short": true }));
            for (name, id) in ids(alert, dialect) {
                fields.push(json!({ "title": name, "value": id, "short": true }));
            }
            json!({
                "color": color,
                "fallback": fallback,
                "title": heading,
                "text": text.trim_start(),
                "fields": fields,
            })
        }
    }
}

/// Says which job, what became of it, and how long that was.
fn heading_of(alert: &Alert, dialect: Dialect) -> String {
    let job = dialect.line(&alert.job, NAME);
    let job = match dialect {
        Dialect::Slack if !job.trim().is_empty() => format!("*{job}*"),
        Dialect::Slack | Dialect::Markdown => job,
    };
    let mut heading = format!("{job} {}", alert.kind.as_str());
    let took = alert.status.took.map(time::span);
    if let Some(outage) = &alert.outage {
        heading += &format!(" after {}", alert.outage_span(outage));
    } else if alert.kind == Kind::Steady {
        heading += match alert.status.state {
            State::Ok => ": it works",
            State::Error => ": it fails",
        };
    } else if alert.kind == Kind::StillFailing {
        let since = time::between(alert.status.since, alert.decided);
        heading += &format!(" for {}", time::span(since));
        if alert.earlier_error.is_some() {
            heading += ", with another error";
        }
    } else if let (Kind::Failed | Kind::Overdue, Some(took)) = (alert.kind, &took) {
        heading += &format!(" after {took}");
    }
    heading
}

/// Writes a line for each remark; none is lost because another is long.
fn remarks(alert: &Alert, limit: usize, dialect: Dialect) -> String {
    let remarks = alert.remarks();
    let remarks: Vec<_> = remarks
        .iter()
        .filter(|remark| !remark.trim().is_empty())
        .collect();
    let share = (limit / remarks.len().max(1)).saturating_sub(1).max(60);
    let most = limit / 61;
    let mut lines: Vec<_> = remarks
        .iter()
        .take(most)
        .map(|remark| dialect.line(remark, share))
        .collect();
    if remarks.len() > most {
        lines.push(format!("… and {} more remarks", remarks.len() - most));
    }
    lines.join("\n")
}

/// Returns names and values, as many as a section holds.
fn fields(alert: &Alert, limit: usize, dialect: Dialect) -> Vec<(String, String)> {
    let mut all = vec![("job", alert.job.clone())];
    for (name, value) in alert.details() {
        match name {
            INCIDENT | ALERT => {}
            "since" => {
                // Its microseconds are for programs.
                all.push((name, utc(alert.status.since)));
                all.push(("runs", alert.status.runs.to_string()));
            }
            _ => all.push((name, value)),
        }
    }
    all.retain(|(name, value)| !name.trim().is_empty() && !value.trim().is_empty());
    if all.len() > FIELDS {
        let more = all.split_off(FIELDS - 1);
        let more: Vec<_> = more
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        all.push(("more", more.join(" · ")));
    }
    all.iter()
        .map(|(name, value)| {
            let written = dialect.line(value, limit);
            let value = if *name == "context" && dialect == Dialect::Slack {
                linked(&written)
            } else {
                written
            };
            (dialect.line(name, 40), value)
        })
        .collect()
}

const INCIDENT: &str = "incident";
const ALERT: &str = "alert";

/// Makes links of the addresses in what the person who set up the job says of it: Slack finds none
/// by itself in a text that it is to leave as it is.
fn linked(escaped: &str) -> String {
    if escaped.contains(" bytes cut …]") {
        return escaped.to_owned();
    }
    let words = escaped.split(' ').map(|word| {
        let begin = word.find("https://").or_else(|| word.find("http://"));
        match begin {
            Some(at) if !word[at..].contains(['|', '"', '\'', '`']) => {
                let (before, address) = word.split_at(at);
                format!("{before}<{address}>")
            }
            _ => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Says at the foot when it was, which alert it is, and where in the code.
fn foot(alert: &Alert) -> Vec<String> {
    let dialect = Dialect::Slack;
    let mut when = utc(alert.decided);
    let unix = alert.decided.timestamp();
    if unix > 0 {
        when += &format!(" (<!date^{unix}^{{date_short_pretty}} {{time_secs}}|{when}>)");
    }
    let ids: Vec<_> = ids(alert, dialect)
        .into_iter()
        .map(|(name, id)| format!("{name} {id}"))
        .collect();
    let mut place = dialect.line(&alert.status.location, NAME);
    if let Some(source) = &alert.status.source {
        place += " · ";
        place += &dialect.line(source, NAME);
    }
    let mut foot = vec![when, ids.join(" · "), place];
    foot.retain(|line| !line.trim().is_empty());
    foot
}

fn ids(alert: &Alert, dialect: Dialect) -> Vec<(&'static str, String)> {
    let incident = alert.incident.as_deref().map(|id| (INCIDENT, id));
    [(ALERT, &*alert.id)]
        .into_iter()
        .chain(incident)
        .map(|(name, id)| (name, dialect.line(id, 60)))
        .collect()
}

fn utc(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": mrkdwn(text) })
}

fn mrkdwn(text: &str) -> Value {
    // Without `verbatim` Slack looks for mentions in what is plain text.
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

/// A block of code that is no markup: nothing in the text has a meaning.
/// <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block/>
fn preformatted(text: &str) -> Value {
    json!({
        "type": "rich_text",
        "elements": [{
            "type": "rich_text_preformatted",
            "elements": [{ "type": "text", "text": text }],
        }],
    })
}
