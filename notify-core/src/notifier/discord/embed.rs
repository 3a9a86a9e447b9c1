//! The messages of Discord: an embed for each alert, or one for many.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::format::text::is_blank;
use crate::format::time;
use crate::job::mention::Mention;
use crate::message::alert::Alert;
use crate::message::digest;
use crate::message::dropped::Dropped;
use crate::notifier::mentions;
use crate::notifier::object::object;
use crate::notifier::sanitize::{address, escape, fenced, fit, line, units, visible};
use crate::notifier::severity::Severity;
use crate::status::log_lines::HEADING;

// <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>

/// The longest title of an embed.
const TITLE: usize = 256;

/// The longest description of an embed.
const DESCRIPTION: usize = 4_096;

/// The most fields of an embed.
const FIELDS: usize = 25;

/// The most embeds of a message.
const EMBEDS: usize = 10;

/// The length of all texts of all embeds together.
const TOGETHER: usize = 6_000;

/// Ours: a field's name and value, and the footer, far below what Discord takes.
const FIELD: usize = 300;
const FOOTER: usize = 100;

/// The longest address of a page, which may be three times as long once it is written.
const ADDRESS: usize = 300;

/// Fields that are no longer stand side by side.
const INLINE: usize = 40;

/// What is kept for the error before log lines have room.
const ERROR: usize = 600;

/// The most alerts with an embed each, even where it must be cut.
const MAX_WHOLE_ALERTS: usize = 3;

/// The length of the text that is tried when Discord has refused the first message.
const SHORT: usize = 1_000;

const RED: u32 = 0x00d9_3025;
const AMBER: u32 = 0x00f2_9900;
const GREEN: u32 = 0x001e_8e3e;

/// Makes the message of some alerts. Embeds call nobody, whatever they say: only the text above them does.
pub(super) fn message(alerts: &[Alert]) -> Value {
    let embeds = embeds(alerts).unwrap_or_else(|| digest(alerts));
    with_calls(object! { "embeds": embeds }, alerts)
}

/// Adds whom a message calls.
fn with_calls(mut message: Value, alerts: &[Alert]) -> Value {
    let calls = Calls::of(alerts);
    if !calls.written.is_empty() {
        message["content"] = calls.written.join(" ").into();
    }
    message["allowed_mentions"] = calls.allowed;
    message
}

/// Makes what a message is to be from now on: nobody is called by an edit.
pub(super) fn edited(alerts: &[Alert]) -> Value {
    let embeds = embeds(alerts).unwrap_or_else(|| digest(alerts));
    object! { "embeds": embeds, "allowed_mentions": object! { "parse": Vec::<Value>::new() } }
}

/// Makes a short message that leads to the first of its incident.
pub(super) fn further(alerts: &[Alert], first: Option<&str>) -> Value {
    let title = match alerts {
        [alert] => alert.title(),
        _ => digest::headline(alerts),
    };
    let errors = alerts.iter().map(Alert::headline);
    let errors: BTreeSet<_> = errors.filter(|error| !error.is_empty()).collect();
    let errors = errors.into_iter().take(MAX_WHOLE_ALERTS);
    let mut lines: Vec<_> = errors.map(|error| line(&error, FIELD, &markdown)).collect();
    let remarks = match alerts {
        [alert] => alert.remarks(),
        _ => Vec::new(),
    };
    lines.extend(remarks.first().map(|remark| line(remark, FIELD, &markdown)));
    let dropped = alerts.iter().filter_map(|alert| alert.dropped.as_ref());
    lines.extend(dropped.filter_map(Dropped::words));
    lines.extend(first.map(|first| format!("the first message: {first}")));
    let ids: Vec<_> = alerts.iter().map(|alert| &*alert.id).collect();
    let mut embed = object! {
        "title": line(&title, TITLE, &markdown),
        "color": colour(Severity::worst(alerts)),
        "footer": object! { "text": line(&format!("alert {}", ids.join(", ")), FOOTER, &visible) },
    };
    lines.retain(|line| !is_blank(line));
    if !lines.is_empty() {
        embed["description"] = lines.join("\n").into();
    }
    if let Some(first) = first {
        embed["url"] = first.into();
    }
    with_calls(object! { "embeds": [embed] }, alerts)
}

/// Makes a message that says in few words what the other one says.
pub(super) fn short(alerts: &[Alert]) -> Value {
    let text = digest::message(alerts);
    // What is allowed to be called is so wherever it stands.
    let silent = |text: &str| markdown(text).replace('@', "@\u{200b}");
    let text = fit(&text, SHORT, &units, &silent);
    let calls = Calls::of(alerts);
    let content: Vec<_> = std::iter::once(text).chain(calls.written).collect();
    object! { "content": content.join("\n"), "allowed_mentions": calls.allowed }
}

/// Whom a message calls, as it is written, and as it is allowed.
/// <https://discord.com/developers/docs/resources/message#allowed-mentions-object>
struct Calls {
    written: Vec<String>,
    allowed: Value,
}

impl Calls {
    fn of(alerts: &[Alert]) -> Self {
        let called = mentions::of(alerts, &|mention| match mention {
            Mention::Here => Some("@here".to_owned()),
            Mention::Channel | Mention::Everyone => Some("@everyone".to_owned()),
            Mention::DiscordUser(id) => Some(format!("<@{id}>")),
            Mention::DiscordRole(id) => Some(format!("<@&{id}>")),
            _ => None,
        });
        let mut allowed = object! { "parse": Vec::<Value>::new() };
        let mut written = Vec::new();
        for (mention, text) in called {
            written.push(text);
            let (list, id) = match mention {
                Mention::DiscordUser(id) => ("users", id),
                Mention::DiscordRole(id) => ("roles", id),
                _ => ("parse", "everyone"),
            };
            match &mut allowed[list] {
                Value::Array(ids) if ids.iter().any(|known| known == id) => {}
                Value::Array(ids) => ids.push(id.into()),
                none => *none = [id].into(),
            }
        }
        Self { written, allowed }
    }
}

/// Makes an embed for each alert; `None` where they are too many or too long for that.
fn embeds(alerts: &[Alert]) -> Option<Vec<Value>> {
    if alerts.len() > EMBEDS {
        return None;
    }
    let make = |room: usize| -> Vec<_> { alerts.iter().map(|alert| embed(alert, room)).collect() };
    let mut embeds = make(TOGETHER);
    if embeds.iter().map(|(_, length)| length).sum::<usize>() > TOGETHER {
        if alerts.len() > MAX_WHOLE_ALERTS {
            return None;
        }
        embeds = make(TOGETHER / alerts.len());
    }
    Some(embeds.into_iter().map(|(embed, _)| embed).collect())
}

/// Makes an embed, with the length of its texts.
fn embed(alert: &Alert, room: usize) -> (Value, usize) {
    let title = line(&alert.title(), TITLE, &markdown);
    let footer = line(&format!("alert {}", alert.id), FOOTER, &visible);
    let mut length = units(&title) + units(&footer);
    let mut fields = Vec::new();
    let links = alert.links();
    let links = links.iter().filter(|link| link.url.len() <= ADDRESS);
    let written = links.map(|link| (line(&link.label, FIELD, &markdown), address(&link.url)));
    // The id is the footer.
    let details = alert
        .details_with_origin()
        .into_iter()
        .map(|(name, value)| {
            (
                line(&name, FIELD, &markdown),
                line(&value, FIELD, &markdown),
            )
        });
    // The links first: they must not be left out.
    for (name, value) in written.chain(details) {
        let more = units(&name) + units(&value);
        let is_empty = is_blank(&name) || is_blank(&value);
        if !is_empty && fields.len() < FIELDS && length + more <= room / 3 {
            length += more;
            let is_inline = units(&value) <= INLINE;
            fields.push(object! { "name": name, "value": value, "inline": is_inline });
        }
    }
    let room = DESCRIPTION.min(room.saturating_sub(length));
    let description = description(alert, room);
    length += units(&description);
    let mut embed = object! {
        "title": title,
        "color": colour(Severity::of(alert)),
        "fields": fields,
        "footer": object! { "text": footer },
        "timestamp": time::rfc3339(alert.decided),
    };
    if !description.is_empty() {
        embed["description"] = description.into();
    }
    if let Some(link) = alert.pages().first() {
        // The title leads there.
        embed["url"] = link.url.as_str().into();
    }
    (embed, length)
}

/// Shows the error, word for word, what there is to know beside it, and what the run has logged last.
fn description(alert: &Alert, room: usize) -> String {
    let remarks = fit(&alert.remarks().join("\n"), room / 3, &units, &markdown);
    let body = alert.body();
    if is_blank(body) {
        return remarks;
    }
    let room = room.saturating_sub(units(&remarks) + 1);
    let log_lines = log_lines(alert, (room / 2).min(room.saturating_sub(ERROR)));
    let room = room.saturating_sub(units(&log_lines) + 1);
    let body = match alert.message.text {
        Some(_) => fit(body, room, &units, &markdown),
        None => code(body, room),
    };
    let parts = [&*body, &*remarks, &*log_lines];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n").trim_end().to_owned()
}

/// Shows the last lines that the run has logged, as many as have room.
fn log_lines(alert: &Alert, room: usize) -> String {
    let room = room.saturating_sub(units(HEADING) + units(&fenced("")) + 1);
    // A fence of each line counts too much, and never too little.
    let lines = alert.lines_below(room, &|line: &str| units(&fenced(line)));
    if lines.is_empty() {
        return String::new();
    }
    format!("{HEADING}\n{}", fenced(&lines.join("\n")))
}

/// Makes an embed that names all alerts, a line each, grouped by error.
fn digest(alerts: &[Alert]) -> Vec<Value> {
    let text = digest::message(alerts);
    let (title, text) = text.split_once('\n').unwrap_or_default();
    let title = line(title.trim_matches(['-', ' ']), TITLE, &markdown);
    let description = code(text.trim_matches('\n'), DESCRIPTION);
    vec![object! {
        "title": title,
        "description": description,
        "color": colour(Severity::worst(alerts)),
    }]
}

/// Shows a text as it is, to the letter.
fn code(text: &str, room: usize) -> String {
    fit(text, room, &units, &fenced)
}

/// Escapes what Discord takes for markup; names and addresses of people are no mentions then.
fn markdown(text: &str) -> String {
    escape(&visible(text), &|c, is_start| match c {
        '\\' | '`' | '*' | '_' | '~' | '|' | '[' | ']' | '<' | '@' => true,
        // A heading, a quote, a list.
        '#' | '>' | '-' | '+' => is_start,
        _ => false,
    })
}

fn colour(severity: Severity) -> u32 {
    match severity {
        Severity::Bad => RED,
        Severity::Unclear => AMBER,
        Severity::Good => GREEN,
    }
}
