//! Discord's webhooks.

pub(super) mod word;

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Map, Value, json};

use ureq::http::Method;

use super::http::{self, Answer, Class, Post, Rule};
use super::sanitize::{address, escape, fenced, fit, line, units, visible};
use super::severity::Severity;
use super::{FollowUps, Hidden, Notifier, Ours, Refusal, mentions};
use crate::error::Error;
use crate::format::time;
use crate::job::mention::Mention;
use crate::message::alert::Alert;
use crate::message::digest;
use crate::message::dropped::Dropped;
use crate::notifier::url::{Destination, Url};
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

/// What Discord answers, where the status alone does not say it.
/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes>
const RULES: [Rule; 6] = [
    // Forums and archived threads take no message of this webhook, whatever it says.
    Rule::new(400, "220001", Class::Channel),
    Rule::new(400, "220002", Class::Channel),
    Rule::new(400, "220003", Class::Channel),
    Rule::new(400, "220004", Class::Channel),
    Rule::new(400, "50083", Class::Channel),
    // The URL has lost its token.
    Rule::new(405, "", Class::Channel),
];

/// What Discord answers where a message of the webhook's is to be edited.
const RULES_OF_EDITS: [Rule; 3] = [
    // Deleted, or written by another webhook.
    Rule::new(404, "10008", Class::Gone),
    Rule::new(403, "50005", Class::Gone),
    // Too many edits of an old message.
    Rule::new(400, "30046", Class::Temporary),
];

/// Posts to a Discord webhook: an embed for each alert, or one for many. An incident is one message, which is
/// edited; its reminders and its recovery are short messages that lead to it. Where a job's
/// `mention` names users of Discord (`123456789012345678`), roles (`&123456789012345678`), `@here` or
/// `@everyone`, a failure calls them; nothing else in a message calls anybody. The title leads to the
/// first address in `NOTIFY_CONTEXT`.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Config, Discord};
///
/// # fn main() -> Result<(), pipeline_notify::Error> {
/// let discord = Discord::new("https://discord.com/api/webhooks/000/XXXX")?;
/// let config = Config::new().channel("data-alerts", discord);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Discord {
    destination: Destination,
}

impl Discord {
    /// Takes the webhook's URL, or `file:/path` of a file that holds it and is read at each send.
    /// For a thread or a forum's post, end the URL with `?thread_id=…`.
    ///
    /// # Errors
    ///
    /// [`Error::Webhook`] where it is no `https` URL. The error does not show it.
    pub fn new(webhook: &str) -> Result<Self, Error> {
        let destination = Destination::parse(webhook).map_err(|problem| Error::Webhook {
            channel: "discord".to_owned(),
            problem,
        })?;
        Ok(Self::to(destination))
    }

    pub(crate) fn to(destination: Destination) -> Self {
        Self { destination }
    }

    fn url(&self) -> Result<Url, Refusal> {
        let url = self.destination.url();
        url.map_err(|reason| Refusal::Channel { reason })
    }

    fn send(
        &self,
        message: &Value,
        short: impl FnOnce() -> Value,
        timeout: Duration,
    ) -> Result<Answer, Refusal> {
        // Without it Discord says 204 before it knows whether the message is saved.
        let url = self.url()?.asking("wait=true");
        http::answer_or_short(timeout, &RULES, message, short, |body, left| {
            Ok(Post::json(&url, body).send(left)?.or_no(is_error))
        })
    }

    /// Returns the address of a message, for which the service must say in which server the webhook is.
    fn address_of(&self, sent: &Sent, timeout: Duration) -> Option<String> {
        let Sent { channel, message } = sent;
        if channel.is_empty() {
            return None;
        }
        let asked = || {
            let answer = Post::get(&self.url().ok()?).send(timeout).ok()?;
            answer.judge(&RULES).ok()?;
            id(&answer.json()?, "guild_id")
        };
        let guild = asked().unwrap_or_else(|| "@me".to_owned());
        Some(format!(
            "https://discord.com/channels/{guild}/{channel}/{message}"
        ))
    }
}

impl Notifier for Discord {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        self.post(alerts, timeout).map(drop)
    }

    fn follow_ups(&self) -> FollowUps {
        FollowUps::Edits
    }

    fn post(&self, alerts: &[Alert], timeout: Duration) -> Result<Option<String>, Refusal> {
        let answer = self.send(&message(alerts), || short(alerts), timeout)?;
        Ok(answer
            .json()
            .and_then(|said| Sent::of(&said))
            .map(Sent::handle))
    }

    fn edit(&self, handle: &str, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let sent = Sent::read(handle)?;
        let url = self.url()?.below(&format!("messages/{}", sent.message));
        let rules = [&RULES_OF_EDITS[..], &RULES].concat();
        let edited = edited(alerts).to_string();
        let answer = Post::json(&url, &edited).by(Method::PATCH).send(timeout)?;
        answer.or_no(is_error).judge(&rules)
    }

    fn reply(
        &self,
        handle: &str,
        alerts: &[Alert],
        _is_loud: bool,
        timeout: Duration,
    ) -> Result<(), Refusal> {
        let address = self.address_of(&Sent::read(handle)?, timeout / 4);
        let message = further(alerts, address.as_deref());
        self.send(&message, || short(alerts), timeout).map(drop)
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        vec![Hidden::webhook(&self.destination)]
    }

    fn identity(&self) -> String {
        self.destination.identity()
    }
}

/// A message that was sent.
struct Sent {
    channel: String,
    message: String,
}

impl Sent {
    /// Reads what the service answers.
    fn of(said: &Value) -> Option<Self> {
        Some(Self {
            channel: id(said, "channel_id").unwrap_or_default(),
            message: id(said, "id")?,
        })
    }

    /// Writes what is kept.
    fn handle(self) -> String {
        format!("{} {}", self.message, self.channel)
    }

    /// Reads what was kept.
    fn read(handle: &str) -> Result<Self, Refusal> {
        let mut ids = handle.split(' ');
        let message = ids
            .next()
            .filter(|id| is_id(id))
            .ok_or_else(Refusal::unknown_message)?;
        Ok(Self {
            message: message.to_owned(),
            channel: ids.next().unwrap_or_default().to_owned(),
        })
    }
}

fn id(said: &Value, key: &str) -> Option<String> {
    let id = said.get(key)?.as_str()?;
    is_id(id).then(|| id.to_owned())
}

fn is_id(id: &str) -> bool {
    (1..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// Tells Discord's form of an error from the message that it answers with: that has an id.
fn is_error(said: &Value) -> bool {
    said.get("code").is_some() && said.get("message").is_some() && said.get("id").is_none()
}

/// Makes the message of some alerts. Embeds call nobody, whatever they say: only the text above them does.
fn message(alerts: &[Alert]) -> Value {
    let embeds = embeds(alerts).unwrap_or_else(|| digest(alerts));
    with_calls(json!({ "embeds": embeds }), alerts)
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
fn edited(alerts: &[Alert]) -> Value {
    let embeds = embeds(alerts).unwrap_or_else(|| digest(alerts));
    json!({ "embeds": embeds, "allowed_mentions": { "parse": [] } })
}

/// Makes a short message that leads to the first of its incident.
fn further(alerts: &[Alert], first: Option<&str>) -> Value {
    let title = match alerts {
        [alert] => alert.title(),
        _ => digest::headline(alerts),
    };
    let errors = alerts.iter().map(Alert::headline);
    let errors: std::collections::BTreeSet<_> = errors.filter(|error| !error.is_empty()).collect();
    let errors = errors.into_iter().take(MAX_WHOLE_ALERTS);
    let mut lines: Vec<_> = errors.map(|error| line(&error, FIELD, markdown)).collect();
    let remarks = match alerts {
        [alert] => alert.remarks(),
        _ => Vec::new(),
    };
    lines.extend(remarks.first().map(|remark| line(remark, FIELD, markdown)));
    let dropped = alerts.iter().filter_map(|alert| alert.dropped.as_ref());
    lines.extend(dropped.filter_map(Dropped::words));
    lines.extend(first.map(|first| format!("the first message: {first}")));
    let ids: Vec<_> = alerts.iter().map(|alert| &*alert.id).collect();
    let mut embed = json!({
        "title": line(&title, TITLE, markdown),
        "color": colour(Severity::worst(alerts)),
        "footer": { "text": line(&format!("alert {}", ids.join(", ")), FOOTER, visible) },
    });
    lines.retain(|line| !line.trim().is_empty());
    if !lines.is_empty() {
        embed["description"] = lines.join("\n").into();
    }
    if let Some(first) = first {
        embed["url"] = first.into();
    }
    with_calls(json!({ "embeds": [embed] }), alerts)
}

/// Makes a message that says in few words what the other one says.
fn short(alerts: &[Alert]) -> Value {
    let text = digest::message(alerts);
    // What is allowed to be called is so wherever it stands.
    let silent = |text: &str| markdown(text).replace('@', "@\u{200b}");
    let text = fit(&text, SHORT, units, silent);
    let calls = Calls::of(alerts);
    let content: Vec<_> = std::iter::once(text).chain(calls.written).collect();
    json!({ "content": content.join("\n"), "allowed_mentions": calls.allowed })
}

/// Whom a message calls, as it is written, and as it is allowed.
/// <https://discord.com/developers/docs/resources/message#allowed-mentions-object>
struct Calls {
    written: Vec<String>,
    allowed: Value,
}

impl Calls {
    fn of(alerts: &[Alert]) -> Self {
        let called = mentions::of(alerts, |mention| match mention {
            Mention::Here => Some(("parse", "everyone".to_owned(), "@here".to_owned())),
            Mention::Channel | Mention::Everyone => {
                Some(("parse", "everyone".to_owned(), "@everyone".to_owned()))
            }
            Mention::DiscordUser(id) => Some(("users", id.to_owned(), format!("<@{id}>"))),
            Mention::DiscordRole(id) => Some(("roles", id.to_owned(), format!("<@&{id}>"))),
            _ => None,
        });
        let mut allowed = json!({ "parse": [] });
        for list in ["parse", "users", "roles"] {
            let ids = called.iter().filter(|(kind, ..)| *kind == list);
            let mut ids: Vec<_> = ids.map(|(_, id, _)| id.as_str()).collect();
            ids.dedup();
            if !ids.is_empty() {
                allowed[list] = ids.into();
            }
        }
        Self {
            written: called.into_iter().map(|(.., written)| written).collect(),
            allowed,
        }
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
    let title = line(&alert.title(), TITLE, markdown);
    let footer = line(&format!("alert {}", alert.id), FOOTER, visible);
    let mut length = units(&title) + units(&footer);
    let mut fields = Vec::new();
    let links = alert.links();
    let links = links.iter().filter(|link| link.url.len() <= ADDRESS);
    let written = links.map(|link| (line(&link.label, FIELD, markdown), address(&link.url)));
    let details = details(alert)
        .into_iter()
        .map(|(name, value)| (line(&name, FIELD, markdown), line(&value, FIELD, markdown)));
    // The links first: they must not be left out.
    for (name, value) in written.chain(details) {
        let more = units(&name) + units(&value);
        let is_empty = name.trim().is_empty() || value.trim().is_empty();
        if !is_empty && fields.len() < FIELDS && length + more <= room / 3 {
            length += more;
            let is_inline = units(&value) <= INLINE;
            fields.push(json!({ "name": name, "value": value, "inline": is_inline }));
        }
    }
    let room = DESCRIPTION.min(room.saturating_sub(length));
    let description = description(alert, room);
    length += units(&description);
    let mut embed = Map::new();
    embed.insert("title".to_owned(), title.into());
    if !description.is_empty() {
        embed.insert("description".to_owned(), description.into());
    }
    if let Some(link) = alert.pages().first() {
        // The title leads there.
        embed.insert("url".to_owned(), link.url.as_str().into());
    }
    embed.insert("color".to_owned(), colour(Severity::of(alert)).into());
    embed.insert("fields".to_owned(), fields.into());
    embed.insert("footer".to_owned(), json!({ "text": footer }));
    embed.insert("timestamp".to_owned(), time::rfc3339(alert.decided).into());
    (embed.into(), length)
}

/// Tells the error, word for word, what there is to know beside it, and what the run has logged last.
fn description(alert: &Alert, room: usize) -> String {
    let remarks = fit(&alert.remarks().join("\n"), room / 3, units, markdown);
    let body = alert.body();
    if body.trim().is_empty() {
        return remarks;
    }
    let room = room.saturating_sub(units(&remarks) + 1);
    let log_lines = log_lines(alert, (room / 2).min(room.saturating_sub(ERROR)));
    let room = room.saturating_sub(units(&log_lines) + 1);
    let body = match alert.message.text {
        Some(_) => fit(body, room, units, markdown),
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
    let lines = alert.lines_below(room, |line| units(&fenced(line)));
    if lines.is_empty() {
        return String::new();
    }
    format!("{HEADING}\n{}", fenced(&lines.join("\n")))
}

/// Returns the facts of an alert by name, but for its id, which is the footer.
fn details(alert: &Alert) -> Vec<(Cow<'_, str>, String)> {
    let mut details = Vec::new();
    if alert.message.text.is_none() {
        details.push(("began".into(), time::show(alert.status.begun)));
        details.push(("function".into(), alert.status.location.to_string()));
    }
    let more = alert.details().into_iter();
    details.extend(more.filter(|(name, _)| name != "alert"));
    details
}

/// Makes an embed that names all alerts, a line each, grouped by error.
fn digest(alerts: &[Alert]) -> Vec<Value> {
    let text = digest::message(alerts);
    let (title, text) = text.split_once('\n').unwrap_or_default();
    let title = line(title.trim_matches(['-', ' ']), TITLE, markdown);
    let description = code(text.trim_matches('\n'), DESCRIPTION);
    vec![json!({
        "title": title,
        "description": description,
        "color": colour(Severity::worst(alerts)),
    })]
}

/// Shows a text as it is, to the letter.
fn code(text: &str, room: usize) -> String {
    fit(text, room, units, fenced)
}

/// Escapes what Discord takes for markup; names and addresses of people are no mentions then.
fn markdown(text: &str) -> String {
    escape(&visible(text), |c, is_start| match c {
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
        strict::discord::refuse(&message.to_string()).map_or(Ok(()), |(_, body)| Err(body))
    }

    /// What is shown of a message in all, without what only keeps it harmless.
    fn shown(message: &Value) -> String {
        let embeds = message["embeds"].as_array().into_iter().flatten();
        let texts = embeds.map(|embed| embed["description"].as_str().unwrap_or_default());
        let texts: Vec<_> = texts.chain(message["content"].as_str()).collect();
        plain(&texts.concat())
    }

    fn plain(text: &str) -> String {
        text.replace(['\u{200b}', '\\'], "")
    }

    #[test]
    fn an_alert_of_each_kind_is_an_embed() {
        for alert in alerts_of_each_kind() {
            let message = message(std::slice::from_ref(&alert));
            assert_eq!(is_taken(&message), Ok(()));
            insta::assert_json_snapshot!(alert.kind.as_str().replace(' ', "-"), message);
        }
    }

    #[test]
    fn a_few_alerts_are_an_embed_each_and_many_a_digest_that_names_each() {
        let all = alerts_of_each_kind();
        let few = message(&all[..3]);
        assert_eq!(is_taken(&few), Ok(()));
        assert_eq!(few["embeds"].as_array().map(Vec::len), Some(3));
        let many: Vec<_> = (0..40)
            .map(|number| Alert {
                job: format!("job-{number:02}"),
                ..all[number % all.len()].clone()
            })
            .collect();
        let many = message(&many);
        assert_eq!(is_taken(&many), Ok(()));
        for number in 0..40 {
            let job = format!("  job-{number:02} · ");
            assert_eq!(shown(&many).matches(&job).count(), 1, "{job}");
        }
        insta::assert_json_snapshot!("digest", many);
    }

    // Issue 16, point 5.
    #[test]
    fn a_failure_calls_those_whom_discord_knows_and_a_recovery_nobody() {
        let mut alert = alert_of(Kind::Failed);
        alert.mention = Some(
            "U123 123456789012345678 anna@example.com &234567890123456789 @here @channel 123456789012345678"
                .to_owned(),
        );
        let called = message(std::slice::from_ref(&alert));
        assert_eq!(
            called["content"],
            "<@123456789012345678> <@&234567890123456789> @here @everyone"
        );
        let allowed = json!({
            "parse": ["everyone"],
            "users": ["123456789012345678"],
            "roles": ["234567890123456789"],
        });
        assert_eq!(called["allowed_mentions"], allowed);
        assert_eq!(is_taken(&called), Ok(()));
        let short = short(&[with_text(alert.clone(), "@everyone <@123456789012345678>")]);
        assert_eq!(short["allowed_mentions"], allowed);
        assert_eq!(is_taken(&short), Ok(()));
        alert.kind = Kind::Recovered;
        alert.status.state = State::Ok;
        let recovered = message(&[alert]);
        assert_eq!(recovered.get("content"), None);
        assert_eq!(recovered["allowed_mentions"], json!({ "parse": [] }));
    }

    // Issue 16, point 5.
    #[test]
    fn the_title_leads_to_the_first_page_of_the_context() {
        let mut alert = alert_of(Kind::Failed);
        alert.status.runbook = None;
        let url = |alert: &Alert| message(std::slice::from_ref(alert))["embeds"][0]["url"].clone();
        assert_eq!(url(&alert), "https://wiki.example/etl");
        alert.facts.clear();
        assert_eq!(url(&alert), Value::Null);
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
        for (status, body, expected) in [
            (
                400,
                r#"{"message": "Cannot send an empty message", "code": 50006}"#,
                Class::Alert,
            ),
            (
                400,
                r#"{"code": 50035, "errors": {"embeds": ["0"]}, "message": "Invalid Form Body"}"#,
                Class::Alert,
            ),
            (
                400,
                r#"{"message": "The request body contains invalid JSON.", "code": 50109}"#,
                Class::Alert,
            ),
            (
                400,
                r#"{"message": "Message was blocked by automatic moderation", "code": 200000}"#,
                Class::Alert,
            ),
            (
                400,
                r#"{"message": "Message blocked by harmful links filter", "code": 240000}"#,
                Class::Alert,
            ),
            (
                400,
                r#"{"message": "Webhooks posted to forum channels must have a thread_name or thread_id", "code": 220001}"#,
                Class::Channel,
            ),
            (
                400,
                r#"{"message": "Webhooks can only create threads in forum channels", "code": 220003}"#,
                Class::Channel,
            ),
            (
                400,
                r#"{"message": "Tried to perform an operation on an archived thread", "code": 50083}"#,
                Class::Channel,
            ),
            (
                401,
                r#"{"message": "Invalid Webhook Token", "code": 50027}"#,
                Class::Channel,
            ),
            (
                403,
                r#"{"message": "Missing Access", "code": 50001}"#,
                Class::Channel,
            ),
            (
                404,
                r#"{"message": "Unknown Webhook", "code": 10015}"#,
                Class::Channel,
            ),
            (
                405,
                r#"{"message": "405: Method Not Allowed", "code": 0}"#,
                Class::Channel,
            ),
            (
                413,
                r#"{"message": "Request entity too large", "code": 40005}"#,
                Class::Alert,
            ),
            (
                429,
                r#"{"message": "You are being rate limited.", "retry_after": 0.3, "global": false}"#,
                Class::Temporary,
            ),
            (
                500,
                r#"{"message": "500: Internal Server Error", "code": 0}"#,
                Class::Temporary,
            ),
            (
                503,
                r#"{"message": "API overloaded", "code": 130000}"#,
                Class::Temporary,
            ),
        ] {
            assert_eq!(Answer::made(status, body).class(&RULES), expected, "{body}");
        }
    }

    #[test]
    fn an_error_does_not_show_the_webhook() {
        let error = Discord::new("http://discord.com/api/webhooks/1/SECRET").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("SECRET"));
        let discord = Discord::new("https://discord.com/api/webhooks/1/SECRET").unwrap();
        assert!(!format!("{discord:?}").contains("SECRET"));
    }

    #[test]
    fn a_text_that_is_all_fences_stays_in_its_block_and_one_of_a_megabyte_fits() {
        for text in [
            "`".repeat(100_000),
            "@everyone <@1> ```\n".repeat(60_000),
            "😀".repeat(250_000),
        ] {
            let alert = with_text(alert_of(Kind::StillFailing), &text);
            let several = vec![alert.clone(); 3];
            for message in [
                message(&[alert]),
                message(&several),
                message(&vec![several[0].clone(); 12]),
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
            number in 1_usize..14,
        ) {
            let mut alert = with_text(alert_of(Kind::StillFailing), &text);
            alert.mention = Some("@everyone 123456789012345678".to_owned());
            let first = plain(crate::format::text::first_line(&visible(alert.error()), 80));
            let message = message(&vec![alert.clone(); number]);
            prop_assert_eq!(is_taken(&message), Ok(()));
            let all = shown(&message);
            // Nothing but the fence is before it, or where there are many their number.
            let error = all.trim_start_matches('`').trim_start();
            let is_first = error.starts_with(first.trim());
            let letters = |text: &str| first_letters(text, usize::MAX);
            let is_there = number > 3 && letters(&all).contains(&first_letters(alert.error(), 10));
            prop_assert!(is_first || is_there, "{:?} of {}", first, all);
            let short = short(&[alert]);
            prop_assert_eq!(is_taken(&short), Ok(()));
            prop_assert!(shown(&short).contains(first.trim()), "{:?} of {}", first, short);
        }
    }
}
