//! The messages of Discord: an embed for each alert, or one for many.

use std::slice;

use crate::format::json::{Value, filled, object, some};
use crate::format::text::is_blank;
use crate::format::time;
use crate::job::mention::Mention;
use crate::message::alert::Alert;
use crate::message::{digest, links};
use crate::notifier::mentions;
use crate::notifier::parts::log_lines;
use crate::notifier::sanitize::{address, escape, fenced, fit, line, parted, units, visible};
use crate::notifier::severity::Severity;

// <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>

/// The most that Discord takes of each in an embed, of embeds in a message, and of the texts of all these together.
const MAX_TITLE: usize = 256;
const MAX_DESCRIPTION: usize = 4_096;
const MAX_FIELDS: usize = 25;
const MAX_EMBEDS: usize = 10;
const MAX_TOGETHER: usize = 6_000;

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

/// Makes the message of some alerts. Embeds call nobody, whatever they say: only the text above them does.
pub(super) fn message(alerts: &[Alert]) -> Value {
    written(String::new(), embeds(alerts), alerts)
}

/// Makes what a message is to be from now on: nobody is called by an edit.
pub(super) fn edited(alerts: &[Alert]) -> Value {
    written(String::new(), embeds(alerts), &[])
}

/// Makes a short message that leads to the first of its incident.
pub(super) fn further(alerts: &[Alert], first: Option<&str>) -> Value {
    let mut said = Vec::new();
    for error in alerts.iter().map(Alert::headline) {
        if said.len() < MAX_WHOLE_ALERTS && !said.contains(&error) {
            said.push(error);
        }
    }
    said.extend(digest::remarks(alerts));
    let mut text = String::new();
    for words in &said {
        add_part(&mut text, &line(words, FIELD, &markdown));
    }
    if let Some(first) = first {
        add_part(&mut text, &format!("the first message: {first}"));
    }
    let title = line(&digest::title(alerts), MAX_TITLE, &markdown);
    let mut embed = embed(title, Severity::worst(alerts), text);
    let ids: Vec<_> = alerts.iter().map(Alert::id).collect();
    let footer = object! { "text": footer(&ids.join(", ")) };
    embed.put("footer", footer);
    embed.put("url", some(first));
    written(String::new(), vec![embed], alerts)
}

/// Makes a message that says in few words what [`message`] says.
pub(super) fn short(alerts: &[Alert]) -> Value {
    // What is allowed to be called is so wherever it stands.
    let silent = |text: &str| parted(&markdown(text), '@');
    let text = fit(&digest::message(alerts), SHORT, &units, &silent);
    written(text + "\n", Vec::new(), alerts)
}

/// Makes a message of a text and of embeds, that calls whom some alerts mention: as it is written, and as it is allowed.
/// <https://discord.com/developers/docs/resources/message#allowed-mentions-object>
fn written(mut text: String, embeds: Vec<Value>, calling: &[Alert]) -> Value {
    let called = mentions::of(calling, &|mention| match mention {
        Mention::Here => Some("@here".to_owned()),
        Mention::Channel | Mention::Everyone => Some("@everyone".to_owned()),
        Mention::DiscordUser(id) => Some(format!("<@{id}>")),
        Mention::DiscordRole(id) => Some(format!("<@&{id}>")),
        _ => None,
    });
    let [mut parse, mut users, mut roles] = [const { Vec::new() }; 3];
    for (number, (mention, call)) in called.iter().enumerate() {
        text += if number > 0 { " " } else { "" };
        text += call;
        let (list, id) = match *mention {
            Mention::DiscordUser(id) => (&mut users, id),
            Mention::DiscordRole(id) => (&mut roles, id),
            _ => (&mut parse, "everyone"),
        };
        if !list.contains(&id) {
            list.push(id);
        }
    }
    let allowed = object! { "parse": parse, "users": filled(users), "roles": filled(roles) };
    object! { "content": filled(text), "embeds": filled(embeds), "allowed_mentions": allowed }
}

/// Makes an embed for each alert, or one for all where they are too many or too long for that.
fn embeds(alerts: &[Alert]) -> Vec<Value> {
    if alerts.len() > MAX_EMBEDS {
        return digest(alerts);
    }
    let (embeds, length) = each(alerts, MAX_TOGETHER);
    if length <= MAX_TOGETHER {
        return embeds;
    }
    if alerts.len() > MAX_WHOLE_ALERTS {
        return digest(alerts);
    }
    each(alerts, MAX_TOGETHER / alerts.len()).0
}

/// Makes an embed for each alert, with the length of all texts.
fn each(alerts: &[Alert], room: usize) -> (Vec<Value>, usize) {
    let whole = alerts.iter().map(|alert| whole(alert, room));
    let (embeds, lengths): (_, Vec<_>) = whole.unzip();
    (embeds, lengths.iter().sum())
}

/// Makes an embed of what each of them has.
fn embed(title: String, severity: Severity, description: String) -> Value {
    object! {
        "title": title,
        "color": severity.colour(),
        "description": filled(description),
    }
}

/// Makes the embed of an alert, with the length of its texts.
fn whole(alert: &Alert, room: usize) -> (Value, usize) {
    let title = line(&alert.title(), MAX_TITLE, &markdown);
    let footer = footer(&alert.id);
    let mut fields = Fields {
        room: room / 3,
        length: units(&title) + units(&footer),
        all: Vec::new(),
    };
    // The links first: they must not be left out.
    for link in &alert.links() {
        if link.url.len() <= ADDRESS {
            fields.add(&link.label, address(&link.url));
        }
    }
    // The id is the footer.
    for (name, value) in &alert.details_with_origin() {
        fields.add(name, line(value, FIELD, &markdown));
    }
    let room = MAX_DESCRIPTION.min(room.saturating_sub(fields.length));
    let description = description(alert, room);
    let length = fields.length + units(&description);
    let mut embed = embed(title, Severity::of(alert), description);
    embed.put("fields", fields.all);
    embed.put("footer", object! { "text": footer });
    embed.put("timestamp", time::rfc3339(alert.decided));
    // The title leads there.
    let pages = links::of(slice::from_ref(alert), 1);
    let page = pages.first().map(|page| &*page.url);
    embed.put("url", some(page));
    (embed, length)
}

/// The fields of an embed as far as they have room, with the length of its texts.
struct Fields {
    room: usize,
    length: usize,
    all: Vec<Value>,
}

impl Fields {
    fn add(&mut self, name: &str, value: String) {
        let name = line(name, FIELD, &markdown);
        let width = units(&value);
        let length = self.length + units(&name) + width;
        let is_empty = is_blank(&name) || is_blank(&value);
        if !is_empty && self.all.len() < MAX_FIELDS && length <= self.room {
            self.length = length;
            let field = object! { "name": name, "value": value, "inline": width <= INLINE };
            self.all.push(field);
        }
    }
}

/// Names the alerts of an embed below it.
fn footer(ids: &str) -> String {
    line(&format!("alert {ids}"), FOOTER, &visible)
}

/// Shows the error, word for word, what there is to know beside it, and what the run has logged last.
fn description(alert: &Alert, room: usize) -> String {
    let remarks = fit(&alert.remarks().join("\n"), room / 3, &units, &markdown);
    let body = alert.body();
    if is_blank(body) {
        return remarks;
    }
    let room = room.saturating_sub(units(&remarks) + 1);
    let log_lines = log_lines(alert, (room / 2).min(room.saturating_sub(ERROR)), &fenced);
    let room = room.saturating_sub(units(&log_lines) + 1);
    let mut text = match alert.message.text {
        Some(_) => fit(body, room, &units, &markdown),
        None => code(body, room),
    };
    add_part(&mut text, &remarks);
    add_part(&mut text, &log_lines);
    text.truncate(text.trim_end().len());
    text
}

/// Adds a part on a line of its own, if there is anything to see in it.
#[inline(never)]
fn add_part(text: &mut String, part: &str) {
    if is_blank(part) {
        return;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    *text += part;
}

/// Makes an embed that names all alerts, a line each, grouped by error.
fn digest(alerts: &[Alert]) -> Vec<Value> {
    let (title, text) = digest::parts(alerts);
    let title = line(&title, MAX_TITLE, &markdown);
    let text = code(&text, MAX_DESCRIPTION);
    vec![embed(title, Severity::worst(alerts), text)]
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
