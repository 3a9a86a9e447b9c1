//! The messages of Teams: an Adaptive Card, and what a client shows that knows no cards.

use crate::format::json::{Value, filled, object};
use crate::format::link::Link;
use crate::format::text::is_blank;
use crate::job::mention::Mention;
use crate::message::alert::Alert;
use crate::message::{digest, links};
use crate::notifier::mentions;
use crate::notifier::sanitize::{escape, fit, line, units, visible};
use crate::notifier::severity::Severity;
use crate::status::log_lines::HEADING;

/// The heaviest card, by [`weight`]. A workflow answers 202 before it posts, and nothing reports a
/// card that Teams then finds too large: 28 KB by its documentation, counted as UTF-16 or not as
/// UTF-16, and 21 KB where somebody measured it. This is below each.
/// <https://learn.microsoft.com/microsoftteams/limits-specifications-teams>
const CARD: usize = 13_500;

/// What a card weighs beside its texts, at most, and each alert's part of it.
const FRAME: usize = 500;
const PART: usize = 600;

/// What a fact weighs beside its texts, and so does a block of code, a link,
/// and a mention.
const FACT: usize = 30;
const CODE: usize = 150;
const LINK: usize = 60;
const MENTION: usize = 100;

/// The most links below a card, and the longest address of one.
const LINKS: usize = 4;
const ADDRESS: usize = 500;

/// The heaviest error, and the most lines of it, where a client does not know blocks of code: each
/// line is a paragraph there.
const PLAIN: usize = 1_500;
pub(super) const LINES: usize = 14;

/// The longest title, name of a fact, and value of one.
const TITLE: usize = 256;
const NAME: usize = 60;
const VALUE: usize = 300;

/// What is kept for the error before log lines have room.
const ERROR: usize = 1_400;

/// The most alerts with a part of the card each; more become a digest.
pub(super) const MAX_WHOLE_ALERTS: usize = 3;

/// The length of the text that is tried when the first card was refused.
const SHORT: usize = 1_000;

pub(super) fn message(alerts: &[Alert]) -> Value {
    let frame = Frame::of(alerts, LINKS);
    let room = CARD - FRAME - frame.weight();
    let body: Vec<_> = if alerts.len() <= MAX_WHOLE_ALERTS {
        let share = room / alerts.len().max(1);
        alerts.iter().flat_map(|alert| part(alert, share)).collect()
    } else {
        digest(alerts, room)
    };
    frame.around(body)
}

/// Makes a message that says in few words what [`message`] says.
pub(super) fn short(alerts: &[Alert]) -> Value {
    let text = fit(&digest::message(alerts), SHORT, &weight, &lines);
    Frame::of(alerts, 0).around(vec![text_block(&text)])
}

/// What a message has beside its text.
struct Frame {
    /// All in one line, for a phone's notice and for the list of activities, which cannot show a card:
    /// as it is, and with markup escaped.
    summary: String,
    fallback: String,
    links: Vec<Link>,
    /// The names of those whom it mentions.
    mentioned: Vec<String>,
}

impl Frame {
    fn of(alerts: &[Alert], most: usize) -> Self {
        let summary = digest::summary(alerts);
        let mut links = links::of(alerts, usize::MAX);
        links.retain(|link| link.url.len() <= ADDRESS);
        links.truncate(most);
        for link in &mut links {
            // It says where it leads.
            let host = link.host();
            if link.label != host {
                link.label = format!("{}: {host}", line(&link.label, NAME, &visible));
            }
        }
        Self {
            summary: line(&summary, TITLE, &visible),
            fallback: line(&summary, TITLE, &inline),
            links,
            mentioned: mentions::of(alerts, &|mention| match mention {
                Mention::Account(name) => Some(name.to_owned()),
                _ => None,
            })
            .into_iter()
            .map(|(_, name)| name)
            .collect(),
        }
    }

    fn weight(&self) -> usize {
        let of_link = |link: &Link| LINK + weight(&link.label) + weight(&link.url);
        // It stands once in the text, and three times beside it.
        let of_mention = |name: &String| MENTION + 4 * weight(name);
        weight(&self.summary)
            + weight(&self.fallback)
            + self.links.iter().map(of_link).sum::<usize>()
            + self.mentioned.iter().map(of_mention).sum::<usize>()
    }

    /// Makes the message of what a card says.
    fn around(self, mut body: Vec<Value>) -> Value {
        let mut teams = object! { "width": "Full" };
        if !self.mentioned.is_empty() {
            let written = |name: &String| format!("<at>{name}</at>");
            let texts: Vec<_> = self.mentioned.iter().map(written).collect();
            body.push(text_block(&texts.join(" ")));
            teams.put(
                "entities",
                self.mentioned.iter().map(mention).collect::<Value>(),
            );
        }
        let card = object! {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "fallbackText": self.fallback,
            "msteams": teams,
            "body": body,
            "actions": filled(self.links.iter().map(button).collect::<Value>()),
        };
        object! {
            "type": "message",
            "summary": self.summary,
            "attachments": [object! {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": Value::Null,
                "content": card,
            }],
        }
    }
}

/// Makes a mention live: without it, the text alone mentions nobody.
/// <https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format#mention-support-within-adaptive-cards>
fn mention(name: &String) -> Value {
    object! {
        "type": "mention",
        "text": format!("<at>{name}</at>"),
        "mentioned": object! { "id": name.as_str(), "name": name.as_str() },
    }
}

fn button(link: &Link) -> Value {
    object! { "type": "Action.OpenUrl", "title": link.label.as_str(), "url": link.url.as_str() }
}

fn text_block(text: &str) -> Value {
    object! { "type": "TextBlock", "text": text, "wrap": true }
}

/// Makes what a card says of one alert.
fn part(alert: &Alert, room: usize) -> Vec<Value> {
    let mut left = room.saturating_sub(PART);
    let mut spend = |text: &str| left = left.saturating_sub(weight(text));
    let title = line(&alert.title(), TITLE, &lines);
    spend(&title);
    let mut facts = Vec::new();
    let mut left_for_facts = room / 3;
    // The id first: it must not be left out.
    let id = ("alert".into(), alert.id.clone());
    for (name, value) in std::iter::once(id).chain(alert.details_with_origin()) {
        let name = line(&name, NAME, &inline);
        let value = line(&value, VALUE, &inline);
        let heft = weight(&name) + weight(&value) + FACT;
        if heft <= left_for_facts && !is_blank(&value) {
            left_for_facts -= heft;
            facts.push(object! { "title": name, "value": value });
        }
    }
    left = left.saturating_sub(room / 3 - left_for_facts);
    let remarks = fit(&alert.remarks().join("\n"), room / 6, &weight, &lines);
    left = left.saturating_sub(weight(&remarks));
    let (log_lines, heft) = log_lines(alert, (left / 3).min(left.saturating_sub(ERROR)));
    left = left.saturating_sub(heft);
    let mut body = vec![heading(&title, colour(Severity::of(alert)))];
    body.extend(match &alert.message.text {
        Some(text) => prose(text, left),
        None => code(alert.error(), left),
    });
    body.extend(log_lines);
    if !is_blank(&remarks) {
        body.push(text_block(&remarks));
    }
    body.push(object! { "type": "FactSet", "facts": facts });
    body
}

/// Names all alerts, a line each, grouped by error.
fn digest(alerts: &[Alert], room: usize) -> Vec<Value> {
    let (title, text) = digest::parts(alerts);
    let title = line(&title, TITLE, &inline);
    let text = fit(&text, room - PART, &weight, &lines);
    vec![
        heading(&title, colour(Severity::worst(alerts))),
        monospace(&text),
    ]
}

fn heading(text: &str, colour: &str) -> Value {
    object! {
        "type": "TextBlock",
        "text": text,
        "wrap": true,
        "weight": "bolder",
        "size": "medium",
        "color": colour,
        "separator": true,
    }
}

/// Shows a text that the program writes; `None` where there is nothing to see.
fn prose(text: &str, room: usize) -> Option<Value> {
    let text = fit(text, room, &weight, &lines);
    (!is_blank(&text)).then(|| text_block(&text))
}

/// Shows an error word for word, folded where it is long; and as plain text, by its first and its last
/// lines, where a client does not know such a block. `None` where there is nothing to see.
/// <https://learn.microsoft.com/adaptive-cards/schema-explorer/code-block>
fn code(error: &str, room: usize) -> Option<Value> {
    let room = room.saturating_sub(CODE);
    let plain = fit(&ends(error), PLAIN.min(room / 3), &weight, &lines);
    let snippet = fit(error, room - weight(&plain), &weight, &visible);
    if is_blank(&snippet) || is_blank(&plain) {
        return None;
    }
    Some(code_block(&snippet, &plain))
}

fn code_block(snippet: &str, plain: &str) -> Value {
    object! {
        "type": "CodeBlock",
        "codeSnippet": snippet,
        "language": "PlainText",
        "fallback": monospace(plain),
    }
}

/// Shows the last lines that the run has logged, as many as have room; and as plain text the last of them, where a
/// client does not know such a block. Returns what it weighs, too.
fn log_lines(alert: &Alert, room: usize) -> (Vec<Value>, usize) {
    let room = room.saturating_sub(CODE + CODE);
    let last = alert.lines_below(PLAIN.min(room / 3), &|line: &str| weight(&lines(line)) + 4);
    let last = lines(&last.join("\n"));
    let room = room.saturating_sub(weight(&last));
    let all = alert.lines_below(room, &|line: &str| weight(&visible(line)) + 4);
    if all.is_empty() || last.is_empty() {
        return (Vec::new(), 0);
    }
    let all = visible(&all.join("\n"));
    let heft = weight(&last) + weight(&all) + CODE + CODE;
    (vec![text_block(HEADING), code_block(&all, &last)], heft)
}

/// Returns the first and the last lines of a text, and says how many are missing.
fn ends(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !is_blank(line)).collect();
    if lines.len() <= LINES {
        return lines.join("\n");
    }
    let (head, tail) = (LINES - LINES / 3, LINES / 3);
    let missing = format!("[… {} lines cut …]", lines.len() - head - tail);
    let tail = lines.len() - tail;
    [&lines[..head], &[&missing], &lines[tail..]]
        .concat()
        .join("\n")
}

fn monospace(text: &str) -> Value {
    object! { "type": "TextBlock", "text": text, "wrap": true, "fontType": "monospace" }
}

/// Measures a text as it counts against [`CARD`]: as UTF-16, or where its bytes are the larger part
/// of the smaller limit, as so much of it. On its way all that is not ASCII may be written as
/// `\uXXXX`.
fn weight(text: &str) -> usize {
    let json = Value::from(text).text();
    let escaped = |c: char| if c.is_ascii() { 1 } else { 6 * c.len_utf16() };
    let bytes: usize = json.chars().map(escaped).sum();
    units(&json).max((bytes * 2).div_ceil(3))
}

/// Keeps the lines of a text, which Markdown would join, and what they are indented by.
pub(super) fn lines(text: &str) -> String {
    let text = visible(text);
    let lines = text.lines().filter(|line| !line.is_empty());
    let lines = lines.map(|line| {
        let begin = line.len() - line.trim_start_matches([' ', '\t']).len();
        let indent = line[..begin].replace('\t', "    ").replace(' ', "\u{a0}");
        // A number at the beginning would be counted anew, as one of a list.
        let is_number = line[begin..].starts_with(|c: char| c.is_ascii_digit());
        let guard = if is_number { "\u{200b}" } else { "" };
        format!("{indent}{guard}{}", inline(&line[begin..]))
    });
    lines.collect::<Vec<_>>().join("\n\n")
}

/// Escapes what a card takes for markup, and puts a space that nobody sees into what has no escape:
/// mentions, entities, and functions.
pub(super) fn inline(text: &str) -> String {
    let escaped = escape(&visible(text), &|c, is_start| match c {
        '\\' | '`' | '*' | '_' | '~' | '[' | ']' => true,
        '#' | '>' | '-' | '+' => is_start,
        _ => false,
    });
    let mut harmless = String::with_capacity(escaped.len());
    let mut rest = &*escaped;
    while let Some(c) = rest.chars().next() {
        harmless.push(c);
        rest = &rest[c.len_utf8()..];
        let is_live = match c {
            '<' => rest.starts_with(|c: char| c == '/' || c.is_ascii_alphabetic()),
            '&' => begins_entity(rest),
            '{' => rest.starts_with('{'),
            ']' => rest.starts_with('('),
            _ => false,
        };
        if is_live {
            harmless.push('\u{200b}');
        }
    }
    harmless
}

/// Returns whether `&` before this text makes it an entity, such as `&lt;`.
fn begins_entity(text: &str) -> bool {
    text.split_once(|c: char| c != '#' && !c.is_ascii_alphanumeric())
        .is_some_and(|(name, _)| !name.is_empty() && text[name.len()..].starts_with(';'))
}

fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Bad => "attention",
        Severity::Unclear => "warning",
        Severity::Good => "good",
    }
}
