//! Telegram, by a bot: an incident is one message, and what follows are replies to it.

use std::slice;
use std::time::{Duration, Instant};

use super::http::{self, Answer, Class, Post, Rule};
use super::parts::Parts;
use super::sanitize::{line, parted, units, visible};
use super::service_url::{Problem, Word, at, is_number, is_of};
use super::{FollowUps, Hidden, Notifier, Ours, Refusal, mentions};
use crate::format::debug::debug_by_name;
use crate::format::json::{Value, object, some};
use crate::format::text::is_blank;
use crate::job::mention::Mention;
use crate::message::alert::Alert;
use crate::message::links;
use crate::notifier::url::Destination;
use crate::os::warning::Warning;
use crate::status::log_lines::HEADING;

// A message may have 4,096 characters, in UTF-16, of which the title, the lines below the error and those whom
// it calls take 1,900 at most.
// <https://core.telegram.org/bots/api#sendmessage>

/// The longest error, or digest.
const BODY: usize = 2_100;

/// The same in a message that is tried when the first one was refused.
const SHORT: usize = 500;

/// The most buttons, and the longest label of one.
const BUTTONS: usize = 4;
const LABEL: usize = 60;

/// What the service answers, where the status alone does not say it.
/// <https://core.telegram.org/bots/api#making-requests>
const RULES: [Rule; 8] = [
    Rule::new(400, "chat not found", Class::Channel).hint(
        "is the chat's id right? The bot must be a member, or the person must have written to it",
    ),
    Rule::new(400, "message thread not found", Class::Channel).hint("the topic was deleted"),
    Rule::new(400, "TOPIC_", Class::Channel).hint("the topic was closed or deleted"),
    Rule::new(
        400,
        "not enough rights|no rights to send|CHAT_WRITE_FORBIDDEN|CHAT_RESTRICTED|administrator rights",
        Class::Channel,
    )
    .hint("the bot may not write there: make it an administrator, or let members write"),
    Rule::new(400, "PEER_ID_INVALID", Class::Channel).hint("is the chat's id right?"),
    Rule::new(401, "", Class::Channel).hint("the bot's token is not valid any more"),
    Rule::new(403, "", Class::Channel)
        .hint("the bot was blocked or removed, or the person has not written to it yet"),
    Rule::new(404, "", Class::Channel).hint("the bot's token is not right"),
];

/// What it answers where a message is to be edited.
const RULES_OF_EDITS: [Rule; 3] = [
    Rule::new(400, "message is not modified", Class::Accepted),
    Rule::new(
        400,
        "message to edit not found|MESSAGE_ID_INVALID",
        Class::Gone,
    ),
    Rule::new(400, "message can't be edited", Class::Alert),
];

const NO_TOKEN: Problem = "it has no token of a bot, which is `123456:ABC…`";

/// Posts to a chat as a bot.
#[derive(Clone)]
pub(crate) struct Telegram {
    server: Destination,
    token: String,
    chat: String,
    /// The topic of a forum.
    topic: Option<i64>,
}

impl Telegram {
    const HOST: &str = "api.telegram.org";

    /// `tgram://123:ABC/Chat`, with `:Topic` behind it or not, as Apprise has it; and with the host of a server
    /// of one's own before the token.
    pub(super) fn read(word: &Word<'_>) -> Result<Self, Problem> {
        word.has_no_user()?;
        let segments = word.segments();
        let (host, token, chats) = match &*segments {
            chats if is_token(word.host) => (Self::HOST, word.host, chats),
            [token, chats @ ..] => (word.host, *token, chats),
            [] => return Err(NO_TOKEN),
        };
        // The address that the service documents has `bot` before the token.
        let token = token.strip_prefix("bot").unwrap_or(token);
        if !is_token(token) {
            return Err(NO_TOKEN);
        }
        let place = match chats {
            [chat] => *chat,
            [] => return Err("it has no chat"),
            _ => return Err("it names several chats: write a word for each"),
        };
        let (chat, topic) = match place.split_once(':') {
            Some((chat, topic)) => (chat, Some(topic)),
            None => (place, word.option(&["topic", "thread"])),
        };
        let name = chat.strip_prefix('@').unwrap_or(chat);
        let chat = if is_number(chat.strip_prefix('-').unwrap_or(chat)) {
            chat.to_owned()
        } else if (3..=32).contains(&name.len()) && is_of("_", name) {
            format!("@{name}")
        } else {
            return Err("its chat is neither a number nor a name such as `@jobs_of_etl`");
        };
        let topic = topic.map(|topic| number(topic).ok_or("its topic is not a number"));
        Ok(Self {
            server: at(host)?,
            token: token.to_owned(),
            chat,
            topic: topic.transpose()?,
        })
    }

    /// Asks the service, once more where the chat has got another id. What is known by its number in the old chat is
    /// not asked for in the new one, where that number is another message.
    fn ask(&self, method: &str, message: &Value, timeout: Duration) -> Result<Answer, Refusal> {
        let begun = Instant::now();
        let answer = self.ask_once(method, message, timeout)?;
        let said = answer.json().unwrap_or_default();
        let Some(chat) = said.at(&["parameters", "migrate_to_chat_id"]) else {
            return Ok(answer);
        };
        let warning = format!(
            "the group {} of Telegram has become a supergroup: write its new id {}",
            self.chat,
            chat.text()
        );
        Warning::new(format!("telegram {}", self.chat), warning).warn();
        if message.get("message_id").is_some() || message.get("reply_parameters").is_some() {
            let reason = "its message is in the group that has become another";
            return Err(Refusal::gone(reason));
        }
        let mut message = message.clone();
        message.put("chat_id", chat.clone());
        self.ask_once(method, &message, timeout.saturating_sub(begun.elapsed()))
    }

    fn ask_once(
        &self,
        method: &str,
        message: &Value,
        timeout: Duration,
    ) -> Result<Answer, Refusal> {
        let url = self.server.url()?;
        let url = url.below(&format!("bot{}/{method}", self.token));
        let secrets = slice::from_ref(&self.token);
        Post::json(&url, message).hiding(secrets).send(timeout)
    }

    /// Sends a message, and where that is refused, a short one.
    fn send(
        &self,
        alerts: &[Alert],
        timeout: Duration,
        with: &dyn Fn(&mut Value),
    ) -> Result<Answer, Refusal> {
        let addressed = |mut message: Value| {
            message.put("chat_id", &*self.chat);
            message.put("message_thread_id", some(self.topic));
            with(&mut message);
            message
        };
        http::send_or_short(
            timeout,
            &RULES,
            &addressed(message(alerts)),
            &|| addressed(short(alerts)),
            &|message, left| self.ask("sendMessage", message, left),
        )
    }
}

fn is_token(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(id, secret)| is_number(id) && secret.len() >= 3 && is_of("-_", secret))
}

#[inline(never)]
fn number(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// Returns the handle of the message that an answer speaks of.
fn handle_of(said: &Value) -> Option<String> {
    let chat = said.at(&["result", "chat", "id"])?.as_i64()?;
    let message = said.at(&["result", "message_id"])?.as_i64()?;
    Some(format!("{chat} {message}"))
}

/// Reads a handle: the chat and the message.
fn sent(handle: &str) -> Result<(i64, i64), Refusal> {
    let parts = handle.split_once(' ');
    let parts = parts.and_then(|(chat, id)| Some((number(chat)?, number(id)?)));
    parts.ok_or_else(Refusal::unknown_message)
}

debug_by_name!(Telegram);

impl Notifier for Telegram {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        self.post(alerts, timeout).map(drop)
    }

    fn follow_ups(&self) -> FollowUps {
        FollowUps::Threads
    }

    fn post(&self, alerts: &[Alert], timeout: Duration) -> Result<Option<String>, Refusal> {
        let answer = self.send(alerts, timeout, &|_| {})?;
        Ok(answer.json().as_ref().and_then(handle_of))
    }

    fn edit(&self, handle: &str, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let (chat, id) = sent(handle)?;
        let mut message = message(alerts);
        message.put("chat_id", chat);
        message.put("message_id", id);
        self.ask("editMessageText", &message, timeout)?
            .judge_by(&RULES_OF_EDITS, &RULES)
    }

    fn reply(
        &self,
        handle: &str,
        alerts: &[Alert],
        is_loud: bool,
        timeout: Duration,
    ) -> Result<(), Refusal> {
        let (chat, id) = sent(handle)?;
        let sent = self.send(alerts, timeout, &|message| {
            let to = object! { "message_id": id, "allow_sending_without_reply": true };
            message.put("chat_id", chat);
            message.put("reply_parameters", to);
            let silent = (!is_loud).then_some(true);
            message.put("disable_notification", some(silent));
        });
        sent.map(drop)
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        let secret = self.token.split_once(':').map(|(_, secret)| secret);
        let texts = [&*self.token].into_iter().chain(secret);
        texts.map(|text| Hidden::text(text.to_owned())).collect()
    }

    fn identity(&self) -> String {
        // The bot's id, and not its token, which may be another tomorrow.
        let bot = self.token.split(':').next().unwrap_or_default();
        let (server, topic) = (self.server.identity(), self.topic.unwrap_or_default());
        format!("telegram:{server} {bot} {}:{topic}", self.chat)
    }
}

/// A text with what is bold and what is code in it: marked beside it, so that no sign of it has a meaning.
#[derive(Default)]
struct Marked {
    text: String,
    entities: Vec<Value>,
}

impl Marked {
    /// Writes the parts of a message. Names within code call nobody; in a message that `is_plain` there is none.
    fn of(alerts: &[Alert], room: usize, is_plain: bool) -> Self {
        let parts = Parts::of(alerts, room);
        let mut marked = Self::default();
        marked.add(&parted(&parts.title, '@'), Some("bold"));
        if !parts.body.is_empty() {
            marked.text += "\n\u{200b}";
            if parts.is_code && !is_plain {
                marked.add(&parts.body, Some("pre"));
            } else {
                marked.add(&parted(&parts.body, '@'), None);
            }
        }
        if !parts.log_lines.is_empty() {
            marked.text += &format!("\n{HEADING}\n\u{200b}");
            if is_plain {
                marked.add(&parted(&parts.log_lines, '@'), None);
            } else {
                marked.add(&parts.log_lines, Some("pre"));
            }
        }
        for line in &parts.lines {
            marked.text.push('\n');
            marked.add(&parted(line, '@'), None);
        }
        let called = mentions::of(alerts, &|mention| match mention {
            Mention::TelegramUser(name) => Some(name.to_owned()),
            _ => None,
        });
        for (number, (_, name)) in called.iter().enumerate() {
            marked.text.push(if number == 0 { '\n' } else { ' ' });
            marked.text += name;
        }
        marked
    }

    fn add(&mut self, text: &str, kind: Option<&str>) {
        if let Some(kind) = kind.filter(|_| !is_blank(text)) {
            let (offset, length) = (units(&self.text), units(text));
            let entity = object! { "type": kind, "offset": offset, "length": length };
            self.entities.push(entity);
        }
        self.text += text;
    }
}

fn message(alerts: &[Alert]) -> Value {
    let marked = Marked::of(alerts, BODY, false);
    let mut buttons = Vec::new();
    for link in &links::of(alerts, BUTTONS) {
        let label = line(&link.label, LABEL, &visible);
        let button = object! { "text": label, "url": &*link.url };
        buttons.push(Value::from([button]));
    }
    let buttons = (!buttons.is_empty()).then(|| object! { "inline_keyboard": buttons });
    object! {
        "text": marked.text,
        "entities": marked.entities,
        "link_preview_options": object! { "is_disabled": true },
        "reply_markup": some(buttons),
    }
}

/// Makes a message that says in few words what [`message`] says.
fn short(alerts: &[Alert]) -> Value {
    object! {
        "text": Marked::of(alerts, SHORT, true).text,
        "link_preview_options": object! { "is_disabled": true },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use strict_services::telegram as strict;

    use super::*;
    use crate::message::alert::Kind;
    use crate::testing::{alert_of, alerts_of_each_kind, as_read, few_cases, with_text};

    fn message(alerts: &[Alert]) -> Value {
        as_read(&super::message(alerts))
    }

    fn short(alerts: &[Alert]) -> Value {
        as_read(&super::short(alerts))
    }

    fn is_taken(mut message: Value, calls: &[&str]) -> Result<(), String> {
        message["chat_id"] = "-5".into();
        strict::refuse("sendMessage", &message.to_string(), calls).map_or(Ok(()), Err)
    }

    #[test]
    fn an_alert_of_each_kind_is_a_message() {
        let all = alerts_of_each_kind();
        for alert in &all {
            let message = message(slice::from_ref(alert));
            assert_eq!(is_taken(message.clone(), &[]), Ok(()), "{message}");
            let text = message["text"].as_str().unwrap();
            assert!(
                text.starts_with(&alert.title().replace('@', "@\u{200b}")),
                "{text}"
            );
            assert!(
                text.contains(&alert.id) && text.contains("worker-3"),
                "{text}"
            );
            insta::assert_json_snapshot!(alert.kind.as_str().replace(' ', "-"), message);
        }
        assert_eq!(is_taken(message(&all), &[]), Ok(()));
    }

    // Issue 16, point 5.
    #[test]
    fn a_failure_calls_those_whom_telegram_knows_and_its_pages_are_buttons() {
        let mut alert = alert_of(Kind::Failed);
        alert.mention = Some("U123 @anna_k @here @bert_b @anna_k anna@example.com".to_owned());
        let called = message(&[alert.clone()]);
        for message in [called.clone(), short(&[alert.clone()])] {
            assert_eq!(is_taken(message, &["@anna_k", "@bert_b"]), Ok(()));
        }
        let pages = called["reply_markup"]["inline_keyboard"]
            .as_array()
            .unwrap();
        let pages: Vec<_> = pages
            .iter()
            .map(|row| row[0]["url"].as_str().unwrap())
            .collect();
        assert_eq!(
            pages,
            [
                "https://wiki.example.com/orders",
                "https://wiki.example/etl"
            ]
        );
        alert.kind = Kind::Recovered;
        alert.status.state = crate::status::State::Ok;
        assert_eq!(is_taken(message(&[alert]), &[]), Ok(()));
    }

    #[test]
    fn every_answer_has_its_class() {
        http::check_statuses(&RULES, &[]);
        let rules = [&RULES_OF_EDITS[..], &RULES].concat();
        for (status, words, expected) in [
            (400, "Bad Request: chat not found", Class::Channel),
            (400, "Bad Request: message thread not found", Class::Channel),
            (400, "Bad Request: TOPIC_CLOSED", Class::Channel),
            (
                400,
                "Bad Request: not enough rights to send text messages to the chat",
                Class::Channel,
            ),
            (
                400,
                "Bad Request: need administrator rights in the channel chat",
                Class::Channel,
            ),
            (400, "Bad Request: can't parse entities", Class::Alert),
            (400, "Bad Request: message is too long", Class::Alert),
            (
                400,
                "Bad Request: message is not modified: specified new message content",
                Class::Accepted,
            ),
            (400, "Bad Request: message to edit not found", Class::Gone),
            (400, "Bad Request: MESSAGE_ID_INVALID", Class::Gone),
            (400, "Bad Request: message can't be edited", Class::Alert),
            (401, "Unauthorized", Class::Channel),
            (
                403,
                "Forbidden: bot was blocked by the user",
                Class::Channel,
            ),
            (404, "Not Found", Class::Channel),
            // What Healthchecks takes for lasting.
            (403, "Forbidden: the group chat was deleted", Class::Channel),
            (403, "Forbidden: user is deactivated", Class::Channel),
            (
                403,
                "Forbidden: bot was kicked from the supergroup chat",
                Class::Channel,
            ),
        ] {
            let body = format!(r#"{{"ok":false,"error_code":{status},"description":"{words}"}}"#);
            assert_eq!(
                Answer::made(status, &body).class(&rules),
                expected,
                "{words}"
            );
        }
        let busy = r#"{"ok":false,"error_code":429,"parameters":{"retry_after":35}}"#;
        let pause = Answer::made(429, busy).retry_after();
        assert_eq!(pause, Some(Duration::from_secs(35)));
    }

    #[test]
    fn a_word_names_a_bot_and_a_chat() {
        let read = |rest: &str| Telegram::read(&Word::parse(rest));
        for (rest, chat, topic) in [
            ("123:ABC_d-e/-1001234", "-1001234", None),
            ("123:ABC_d-e/4321/", "4321", None),
            ("123:ABC_d-e/-1001234:7", "-1001234", Some(7)),
            ("123:ABC_d-e/-1001234?topic=7", "-1001234", Some(7)),
            ("123:ABC_d-e/@jobs_of_etl", "@jobs_of_etl", None),
            ("123:ABC_d-e/jobs_of_etl", "@jobs_of_etl", None),
            ("127.0.0.1:8081/123:ABC_d-e/-5", "-5", None),
            ("tg.example/bot123:ABC_d-e/-5", "-5", None),
        ] {
            let telegram = read(rest).unwrap();
            assert_eq!((&*telegram.chat, telegram.topic), (chat, topic), "{rest}");
            assert_eq!(telegram.token, "123:ABC_d-e");
            assert!(!telegram.identity().contains("ABC"), "{rest}");
        }
        for (rest, said) in [
            ("123:ABC_d-e", "no chat"),
            ("123/ABC", "no token of a bot"),
            ("", "no token of a bot"),
            ("123:ABC_d-e/-5/-6", "a word for each"),
            ("123:ABC_d-e/a b", "neither a number nor a name"),
            ("123:ABC_d-e/-5:x", "its topic"),
            ("me@123:ABC_d-e/-5", "before an `@`"),
        ] {
            let problem = read(rest).unwrap_err();
            assert!(problem.contains(said), "{rest}: {problem}");
        }
    }

    #[test]
    fn a_text_of_a_megabyte_fits() {
        for (words, times) in [
            ("@anna_k \u{202e}", 90_000),
            ("漢\n", 250_000),
            ("😀", 250_000),
        ] {
            // In one alert, or in several.
            for number in [1, 3, 40] {
                let text = words.repeat(times / number);
                let mut alert = with_text(alert_of(Kind::StillFailing), &text);
                alert.facts = vec![("context".to_owned(), "@bert_b ".repeat(9_000))];
                let alerts = vec![alert.clone(); number];
                for message in [message(&alerts), short(&alerts)] {
                    assert_eq!(is_taken(message, &[]), Ok(()));
                }
            }
        }
    }

    proptest! {
        #![proptest_config(few_cases())]
        /// Issue 16, point 4.
        #[test]
        fn any_text_is_taken_and_calls_nobody(text in crate::testing::wild_text(), number in 1_usize..14) {
            let mut alert = with_text(alert_of(Kind::StillFailing), &text);
            alert.job = text.chars().take(60).collect();
            let alerts = vec![alert; number];
            prop_assert_eq!(is_taken(message(&alerts), &[]), Ok(()));
            prop_assert_eq!(is_taken(short(&alerts), &[]), Ok(()));
        }
    }
}
