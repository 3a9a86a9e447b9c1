//! Microsoft Teams, through the webhook of a workflow.

pub(super) mod word;

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Value, json};

use super::http::{self, Class, Post, Rule};
use super::sanitize::{escape, fit, line, units, visible};
use super::severity::Severity;
use super::{Hidden, Notifier, Ours, Refusal, mentions};
use crate::error::Error;
use crate::format::link::Link;
use crate::format::time;
use crate::job::mention::Mention;
use crate::message::alert::Alert;
use crate::message::{digest, links};
use crate::notifier::url::Destination;
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
const LINES: usize = 14;

/// The longest title, name of a fact, and value of one.
const TITLE: usize = 256;
const NAME: usize = 60;
const VALUE: usize = 300;

/// What is kept for the error before log lines have room.
const ERROR: usize = 1_400;

/// The most alerts with a part of the card each; more become a digest.
const MAX_WHOLE_ALERTS: usize = 3;

/// The length of the text that is tried when the first card was refused.
const SHORT: usize = 1_000;

/// What a workflow answers, where the status alone does not say it.
/// <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>
const RULES: [Rule; 6] = [
    // The flow is switched off.
    Rule::range(400..=499, "WorkflowTriggerIsNotEnabled", Class::Channel),
    Rule::new(405, "", Class::Channel),
    // A webhook of the older kind says 200 and means what it says in words.
    Rule::range(200..=299, "HTTP error 429", Class::Temporary),
    Rule::range(200..=299, "HTTP error 5", Class::Temporary),
    Rule::range(200..=299, "HTTP error 4", Class::Alert),
    Rule::range(200..=299, "message delivery failed", Class::Temporary),
];

/// Posts an Adaptive Card to a workflow of Microsoft Teams, made from the template "Post to a
/// channel when a webhook request is received". Where a job's `mention` names people by the address that
/// they sign in with (`anna@example.com`), or by their object ids, a failure mentions them. Below the
/// card is a button for each address in `NOTIFY_CONTEXT`, four at most.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Config, Teams};
///
/// # fn main() -> Result<(), pipeline_notify::Error> {
/// let teams = Teams::new(
///     "https://000.environment.api.powerplatform.com/powerautomate/automations/direct/\
///      workflows/000/triggers/manual/paths/invoke?api-version=1&sig=XXXX",
/// )?;
/// let config = Config::new().channel("data-alerts", teams);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Teams {
    destination: Destination,
}

impl Teams {
    /// Takes the workflow's URL, or `file:/path` of a file that holds it and is read at each send.
    /// All of it is a secret: anybody who knows `sig=` can post. URLs at `logic.azure.com`, which Power
    /// Automate gave until the end of 2025, and connectors at `webhook.office.com` are switched off.
    ///
    /// # Errors
    ///
    /// [`Error::Webhook`] where it is no `https` URL. The error does not show it.
    pub fn new(webhook: &str) -> Result<Self, Error> {
        let destination = Destination::parse(webhook).map_err(|problem| Error::Webhook {
            channel: "teams".to_owned(),
            problem,
        })?;
        Ok(Self::to(destination))
    }

    pub(crate) fn to(destination: Destination) -> Self {
        Self { destination }
    }
}

impl Notifier for Teams {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let url = self
            .destination
            .url()
            .map_err(|reason| Refusal::Channel { reason })?;
        http::send_or_short(
            timeout,
            &RULES,
            &message(alerts),
            || short(alerts),
            |body, left| Post::json(&url, body).send(left),
        )
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        vec![Hidden::webhook(&self.destination)]
    }

    fn identity(&self) -> String {
        self.destination.identity()
    }
}

/// Makes the message of some alerts.
fn message(alerts: &[Alert]) -> Value {
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

/// Makes a message that says in few words what the other one says.
fn short(alerts: &[Alert]) -> Value {
    let text = fit(&digest::message(alerts), SHORT, weight, lines);
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
        let summary = match alerts {
            [alert] => alert.summary(),
            _ => digest::headline(alerts),
        };
        let mut links = links::of(alerts, usize::MAX);
        links.retain(|link| link.url.len() <= ADDRESS);
        links.truncate(most);
        for link in &mut links {
            // It says where it leads.
            let host = link.host();
            if link.label != host {
                link.label = format!("{}: {host}", line(&link.label, NAME, visible));
            }
        }
        Self {
            summary: line(&summary, TITLE, visible),
            fallback: line(&summary, TITLE, inline),
            links,
            mentioned: mentions::of(alerts, |mention| match mention {
                Mention::Account(name) => Some(name.to_owned()),
                _ => None,
            }),
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
        let mut teams = json!({ "width": "Full" });
        if !self.mentioned.is_empty() {
            let written = |name: &String| format!("<at>{name}</at>");
            let texts: Vec<_> = self.mentioned.iter().map(written).collect();
            body.push(text_block(&texts.join(" ")));
            teams["entities"] = self.mentioned.iter().map(mention).collect();
        }
        let mut card = json!({
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "fallbackText": self.fallback,
            "msteams": teams,
            "body": body,
        });
        if !self.links.is_empty() {
            card["actions"] = self.links.iter().map(button).collect();
        }
        json!({
            "type": "message",
            "summary": self.summary,
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": null,
                "content": card,
            }],
        })
    }
}

/// Makes a mention live: without it, the text alone mentions nobody.
/// <https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format#mention-support-within-adaptive-cards>
fn mention(name: &String) -> Value {
    json!({
        "type": "mention",
        "text": format!("<at>{name}</at>"),
        "mentioned": { "id": name, "name": name },
    })
}

fn button(link: &Link) -> Value {
    json!({ "type": "Action.OpenUrl", "title": link.label, "url": link.url })
}

fn text_block(text: &str) -> Value {
    json!({ "type": "TextBlock", "text": text, "wrap": true })
}

/// Makes what a card says of one alert.
fn part(alert: &Alert, room: usize) -> Vec<Value> {
    let mut left = room.saturating_sub(PART);
    let mut spend = |text: &str| left = left.saturating_sub(weight(text));
    let title = line(&alert.title(), TITLE, inline);
    spend(&title);
    let mut facts = Vec::new();
    let mut left_for_facts = room / 3;
    for (name, value) in details(alert) {
        let name = line(&name, NAME, inline);
        let value = line(&value, VALUE, inline);
        let heft = weight(&name) + weight(&value) + FACT;
        if heft <= left_for_facts && !value.trim().is_empty() {
            left_for_facts -= heft;
            facts.push(json!({ "title": name, "value": value }));
        }
    }
    left = left.saturating_sub(room / 3 - left_for_facts);
    let remarks = fit(&alert.remarks().join("\n"), room / 6, weight, lines);
    left = left.saturating_sub(weight(&remarks));
    let (log_lines, heft) = log_lines(alert, (left / 3).min(left.saturating_sub(ERROR)));
    left = left.saturating_sub(heft);
    let mut body = vec![heading(&title, colour(Severity::of(alert)))];
    body.extend(match &alert.message.text {
        Some(text) => prose(text, left),
        None => code(alert.error(), left),
    });
    body.extend(log_lines);
    if !remarks.trim().is_empty() {
        body.push(text_block(&remarks));
    }
    body.push(json!({ "type": "FactSet", "facts": facts }));
    body
}

/// Names all alerts, a line each, grouped by error.
fn digest(alerts: &[Alert], room: usize) -> Vec<Value> {
    let text = digest::message(alerts);
    let (title, text) = text.split_once('\n').unwrap_or_default();
    let title = line(title.trim_matches(['-', ' ']), TITLE, inline);
    let text = fit(text.trim_matches('\n'), room - PART, weight, lines);
    vec![
        heading(&title, colour(Severity::worst(alerts))),
        monospace(&text),
    ]
}

fn heading(text: &str, colour: &str) -> Value {
    json!({
        "type": "TextBlock",
        "text": text,
        "wrap": true,
        "weight": "bolder",
        "size": "medium",
        "color": colour,
        "separator": true,
    })
}

/// Shows a text that the program writes; `None` where there is nothing to see.
fn prose(text: &str, room: usize) -> Option<Value> {
    let text = fit(text, room, weight, lines);
    (!text.trim().is_empty()).then(|| text_block(&text))
}

/// Shows an error word for word, folded where it is long; and as plain text, by its first and its last
/// lines, where a client does not know such a block. `None` where there is nothing to see.
/// <https://learn.microsoft.com/adaptive-cards/schema-explorer/code-block>
fn code(error: &str, room: usize) -> Option<Value> {
    let room = room.saturating_sub(CODE);
    let plain = fit(&ends(error), PLAIN.min(room / 3), weight, lines);
    let snippet = fit(error, room - weight(&plain), weight, visible);
    if snippet.trim().is_empty() || plain.trim().is_empty() {
        return None;
    }
    Some(code_block(&snippet, &plain))
}

fn code_block(snippet: &str, plain: &str) -> Value {
    json!({
        "type": "CodeBlock",
        "codeSnippet": snippet,
        "language": "PlainText",
        "fallback": monospace(plain),
    })
}

/// Shows the last lines that the run has logged, as many as have room; and as plain text the last of them, where a
/// client does not know such a block. Returns what it weighs, too.
fn log_lines(alert: &Alert, room: usize) -> (Vec<Value>, usize) {
    let room = room.saturating_sub(CODE + CODE);
    let last = alert.lines_below(PLAIN.min(room / 3), |line| weight(&lines(line)) + 4);
    let last = lines(&last.join("\n"));
    let room = room.saturating_sub(weight(&last));
    let all = alert.lines_below(room, |line| weight(&visible(line)) + 4);
    if all.is_empty() || last.is_empty() {
        return (Vec::new(), 0);
    }
    let all = visible(&all.join("\n"));
    let heft = weight(&last) + weight(&all) + CODE + CODE;
    (vec![text_block(HEADING), code_block(&all, &last)], heft)
}

/// Returns the first and the last lines of a text, and says how many are missing.
fn ends(text: &str) -> String {
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
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
    json!({ "type": "TextBlock", "text": text, "wrap": true, "fontType": "monospace" })
}

fn details(alert: &Alert) -> Vec<(Cow<'_, str>, String)> {
    // The id first: it must not be left out.
    let mut details = vec![("alert".into(), alert.id.clone())];
    if alert.message.text.is_none() {
        details.push(("began".into(), time::show(alert.status.begun)));
        details.push(("function".into(), alert.status.location.to_string()));
    }
    let more = alert.details().into_iter();
    details.extend(more.filter(|(name, _)| name != "alert"));
    details
}

/// Measures a text as it counts against [`CARD`]: as UTF-16, or where its bytes are the larger part
/// of the smaller limit, as so much of it. On its way all that is not ASCII may be written as
/// `\uXXXX`.
fn weight(text: &str) -> usize {
    let json = Value::from(text).to_string();
    let escaped = |c: char| if c.is_ascii() { 1 } else { 6 * c.len_utf16() };
    let bytes: usize = json.chars().map(escaped).sum();
    units(&json).max((bytes * 2).div_ceil(3))
}

/// Keeps the lines of a text, which Markdown would join, and what they are indented by.
fn lines(text: &str) -> String {
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
fn inline(text: &str) -> String {
    let escaped = escape(&visible(text), |c, is_start| match c {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::http::Answer;
    use super::*;
    use crate::message::alert::Kind;
    use crate::status::State;
    use crate::testing::{
        alert_of, alerts_of_each_kind, few_cases, first_letters, with_text, written,
    };
    use strict_services as strict;

    fn is_taken(message: &Value) -> Result<(), String> {
        strict::teams::refuse(&message.to_string()).map_or(Ok(()), |(_, body)| Err(body))
    }

    /// What is shown of a message in all, without what only keeps it harmless.
    fn shown(message: &Value) -> String {
        let body = &message["attachments"][0]["content"]["body"];
        let texts = body.as_array().into_iter().flatten();
        let texts = texts.map(|block| {
            let text = block["text"].as_str().or(block["codeSnippet"].as_str());
            text.unwrap_or_default()
        });
        plain(&texts.collect::<Vec<_>>().join("\n"))
    }

    fn plain(text: &str) -> String {
        text.replace(['\u{200b}', '\\'], "")
            .replace(['\u{a0}', '\t'], " ")
    }

    #[test]
    fn an_alert_of_each_kind_is_a_card() {
        for alert in alerts_of_each_kind() {
            let message = message(std::slice::from_ref(&alert));
            assert_eq!(is_taken(&message), Ok(()));
            insta::assert_json_snapshot!(alert.kind.as_str().replace(' ', "-"), message);
        }
    }

    #[test]
    fn a_few_alerts_share_a_card_and_many_are_a_digest_that_names_each() {
        let all = alerts_of_each_kind();
        let few = message(&all[..3]);
        assert_eq!(is_taken(&few), Ok(()));
        for alert in &all[..3] {
            assert!(few.to_string().contains(&alert.id));
        }
        let many: Vec<_> = (0..40)
            .map(|number| Alert {
                job: format!("job {number:02}"),
                ..all[number % all.len()].clone()
            })
            .collect();
        let many = message(&many);
        assert_eq!(is_taken(&many), Ok(()));
        for number in 0..40 {
            let job = format!("  job {number:02} · ");
            assert_eq!(shown(&many).matches(&job).count(), 1, "{job}");
        }
        insta::assert_json_snapshot!("digest", many);
    }

    fn content(message: &Value) -> &Value {
        &message["attachments"][0]["content"]
    }

    /// Issue 12, point 29: phones and the list of activities read "Card".
    #[test]
    fn a_message_says_in_one_line_what_a_client_without_cards_is_to_show() {
        let alert = alert_of(Kind::Failed);
        let one = message(std::slice::from_ref(&alert));
        assert_eq!(one["summary"], alert.summary());
        assert_eq!(content(&one)["fallbackText"], inline(&alert.summary()));
        let all = alerts_of_each_kind();
        let many = message(&all);
        let start = format!("✗ {} alerts: 1 failed, ", all.len());
        assert!(many["summary"].as_str().unwrap().starts_with(&start));
        assert!(short(&all)["summary"] == many["summary"]);
        let markup = with_text(alert, "[a](http://b) __init__");
        let one = message(&[markup]);
        assert!(
            one["summary"]
                .as_str()
                .unwrap()
                .ends_with(": [a](http://b) __init__")
        );
        assert_eq!(is_taken(&one), Ok(()));
    }

    /// Issue 12, point 29: an address was dead text. Those of an error stay so.
    #[test]
    fn the_addresses_of_the_context_are_buttons_four_at_most() {
        let mut alert = alert_of(Kind::Failed);
        let context = "env=prod (https://a.example/x?y=1&z=2), link=https://b.example/_c_. \
                       https://a.example/x?y=1&z=2 http://c.example/ https:// https://d.example \
                       https://e.example/1 https://e.example/2";
        alert.facts = vec![("context".to_owned(), context.to_owned())];
        alert.status.text = "see https://evil.example/\n".to_owned();
        alert.status.runbook = None;
        let message = message(&[alert.clone(), alert.clone()]);
        assert_eq!(is_taken(&message), Ok(()));
        let button = |title: &str, url: &str| json!({ "type": "Action.OpenUrl", "title": title, "url": url });
        assert_eq!(
            content(&message)["actions"],
            json!([
                button("a.example", "https://a.example/x?y=1&z=2"),
                button("b.example", "https://b.example/_c_"),
                button("d.example", "https://d.example"),
                button("e.example", "https://e.example/1"),
            ])
        );
        alert.facts.clear();
        assert_eq!(content(&super::message(&[alert])).get("actions"), None);
    }

    // Issue 16, point 5.
    #[test]
    fn a_failure_mentions_accounts_and_a_recovery_nobody() {
        let mut alert = alert_of(Kind::Failed);
        alert.mention =
            Some("U123 anna@example.com @here 123456789012345678 anna@example.com".to_owned());
        for message in [
            message(std::slice::from_ref(&alert)),
            short(std::slice::from_ref(&alert)),
        ] {
            assert_eq!(is_taken(&message), Ok(()));
            let entity = json!({
                "type": "mention",
                "text": "<at>anna@example.com</at>",
                "mentioned": { "id": "anna@example.com", "name": "anna@example.com" },
            });
            assert_eq!(content(&message)["msteams"]["entities"], json!([entity]));
            let body = content(&message)["body"].as_array().unwrap();
            assert_eq!(body.last().unwrap()["text"], "<at>anna@example.com</at>");
        }
        alert.kind = Kind::Recovered;
        alert.status.state = State::Ok;
        let recovered = message(&[alert]);
        assert_eq!(content(&recovered)["msteams"], json!({ "width": "Full" }));
    }

    /// Issue 12, point 29: it was a metre high, for each line was a paragraph.
    #[test]
    fn an_error_of_eighty_lines_is_a_block_of_code_and_fifteen_lines_where_there_is_none() {
        let lines: Vec<_> = (0..80)
            .map(|number| format!("    {number}: frame of_it"))
            .collect();
        let error = format!("the disk is full\n{}\ncaused by: quota", lines.join("\n"));
        let alert = with_text(alert_of(Kind::Failed), &error);
        let message = message(&[alert]);
        assert_eq!(is_taken(&message), Ok(()));
        let block = &content(&message)["body"][1];
        assert_eq!(block["type"], "CodeBlock");
        assert_eq!(block["codeSnippet"], error);
        let fallback = plain(block["fallback"]["text"].as_str().unwrap());
        assert!(
            fallback.starts_with("the disk is full\n\n    0: frame of_it\n\n"),
            "{fallback}"
        );
        assert!(fallback.ends_with("\n\ncaused by: quota"), "{fallback}");
        assert!(
            fallback.contains("\n\n[… 68 lines cut …]\n\n"),
            "{fallback}"
        );
        assert_eq!(fallback.split("\n\n").count(), LINES + 1);
    }

    /// Issue 12, point 29: a card that is written in ASCII on its way had twice the size.
    #[test]
    fn a_card_of_japanese_is_within_the_limit_however_it_is_written() {
        let alert = with_text(
            alert_of(Kind::StillFailing),
            &"接続が拒否されました\n".repeat(5_000),
        );
        for message in [
            message(std::slice::from_ref(&alert)),
            message(&vec![alert.clone(); 3]),
            message(&vec![alert; 40]),
        ] {
            assert_eq!(is_taken(&message), Ok(()));
            let written = message.to_string();
            let escaped: usize = written
                .encode_utf16()
                .map(|unit| if unit < 128 { 1 } else { 6 })
                .sum();
            assert!(escaped <= 21_000, "{escaped}");
        }
    }

    #[test]
    fn every_answer_has_its_class() {
        for status in 100..=599 {
            let expected = match status {
                200..=299 => Class::Accepted,
                408 | 429 | 500..=599 => Class::Temporary,
                300..=399 | 401 | 403 | 404 | 405 | 410 => Class::Channel,
                _ => Class::Alert,
            };
            assert_eq!(Answer::made(status, "").class(&RULES), expected, "{status}");
        }
        let error = |code: &str| json!({ "error": { "code": code, "message": "…" } }).to_string();
        let older = |status: u16| {
            format!(
                "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {status} \
                 with ContextId tcid=0,server=X,cv=y"
            )
        };
        for (status, body, expected) in [
            (202, String::new(), Class::Accepted),
            (200, "1".to_owned(), Class::Accepted),
            (400, error("TriggerInputSchemaMismatch"), Class::Alert),
            (400, error("InvalidRequestContent"), Class::Alert),
            (400, error("WorkflowTriggerIsNotEnabled"), Class::Channel),
            (409, error("WorkflowTriggerIsNotEnabled"), Class::Channel),
            (401, error("DirectApiAuthorizationRequired"), Class::Channel),
            (403, error("AuthorizationFailed"), Class::Channel),
            (404, error("WorkflowNotFound"), Class::Channel),
            (410, String::new(), Class::Channel),
            (413, error("RequestEntityTooLarge"), Class::Alert),
            (429, error("TooManyRequests"), Class::Temporary),
            (502, error("NoResponse"), Class::Temporary),
            (200, older(413), Class::Alert),
            (200, older(429), Class::Temporary),
            (200, older(503), Class::Temporary),
            (
                200,
                "Webhook message delivery failed".to_owned(),
                Class::Temporary,
            ),
        ] {
            assert_eq!(
                Answer::made(status, &body).class(&RULES),
                expected,
                "{body}"
            );
        }
    }

    #[test]
    fn an_error_does_not_show_the_webhook() {
        let error = Teams::new("http://x.api.powerplatform.com/1?sig=SECRET").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("SECRET"));
        let teams = Teams::new("https://x.api.powerplatform.com/1?sig=SECRET").unwrap();
        assert!(!format!("{teams:?}").contains("SECRET"));
    }

    #[test]
    fn lines_and_what_they_are_indented_by_are_kept() {
        assert_eq!(
            lines("a\r\n  caused by: _b_\n\n3. c\n- d"),
            "a\n\n\u{a0}\u{a0}caused by: \\_b\\_\n\n\u{200b}3. c\n\n\\- d"
        );
        for (text, harmless) in [
            ("<at>x</at>", "<\u{200b}at>x<\u{200b}/at>"),
            ("1 < 2 && 3", "1 < 2 && 3"),
            ("&amp; &x", "&\u{200b}amp; &x"),
            ("{{DATE()}}", "{\u{200b}{DATE()}}"),
            ("[a](http://b)", "\\[a\\]\u{200b}(http://b)"),
        ] {
            assert_eq!(inline(text), harmless);
        }
    }

    #[test]
    fn a_text_of_a_megabyte_fits() {
        for text in [
            "`".repeat(100_000),
            "<at>x</at>\\\n".repeat(90_000),
            "😀漢".repeat(150_000),
        ] {
            let alert = with_text(alert_of(Kind::StillFailing), &text);
            let several = vec![alert.clone(); 3];
            for message in [
                message(&[alert]),
                message(&several),
                message(&vec![several[0].clone(); 40]),
                short(&several),
            ] {
                assert_eq!(is_taken(&message), Ok(()));
            }
        }
    }

    /// Issue 17, point 2.
    #[test]
    fn what_the_program_writes_stands_in_the_place_of_the_error() {
        let alert = written("the disk is *full*: <@1> @everyone");
        let message = message(std::slice::from_ref(&alert));
        assert_eq!(is_taken(&message), Ok(()));
        assert!(!message.to_string().contains("connection refused"));
        insta::assert_json_snapshot!("written", message);
    }

    proptest! {
        #![proptest_config(few_cases())]
        /// Issue 17, point 2.
        #[test]
        fn whatever_the_program_writes_is_taken(text in crate::testing::wild_text(), number in 1_usize..6) {
            let alert = written(&text);
            let many = vec![alert.clone(); number];
            prop_assert_eq!(is_taken(&message(&many)), Ok(()));
            prop_assert_eq!(is_taken(&short(&[alert])), Ok(()));
        }
    }

    proptest! {
        #![proptest_config(few_cases())]
        #[test]
        fn any_text_is_taken_mentions_nobody_and_begins_with_the_first_line(
            text in crate::testing::wild_text(),
            number in 1_usize..6,
        ) {
            let mut alert = with_text(alert_of(Kind::StillFailing), &text);
            alert.mention = Some(format!("{}@example.com bert@example.com", "x".repeat(80)));
            let message = message(&vec![alert.clone(); number]);
            prop_assert_eq!(is_taken(&message), Ok(()));
            let first = plain(crate::format::text::first_line(&visible(alert.error()), 80));
            // Behind the title; where there are many, behind their number.
            let block = &message["attachments"][0]["content"]["body"][1];
            let block = block["codeSnippet"].as_str().or(block["text"].as_str());
            let error = plain(block.unwrap_or_default());
            let is_first = error.trim_start().starts_with(first.trim());
            let letters = |text: &str| first_letters(text, usize::MAX);
            let is_there = number > MAX_WHOLE_ALERTS && letters(&error).contains(&first_letters(alert.error(), 10));
            prop_assert!(is_first || is_there, "{:?} of {}", first, error);
            let short = short(&[alert]);
            prop_assert_eq!(is_taken(&short), Ok(()));
            prop_assert!(shown(&short).contains(first.trim()));
        }
    }
}
