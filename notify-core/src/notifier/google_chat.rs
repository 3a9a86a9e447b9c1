//! Google Chat's incoming webhooks.

use std::time::Duration;

use super::http::{self, Class, Post, Rule};
use super::parts::{lines, log_lines};
use super::sanitize::{fenced, fit, line, parted, units, visible};
use super::service_url::{Problem, Word, at, encode, is_of};
use super::{Hidden, Notifier, Ours, Refusal, key};
use crate::format::debug::debug_by_name;
use crate::format::json::{Value, object, some};
use crate::format::link::Link;
use crate::format::text::is_blank;
use crate::message::alert::Alert;
use crate::message::{digest, links};
use crate::notifier::url::Destination;

// A message may have 32,000 bytes with all that is around its text.
// <https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create>
// Ours are far below that, so that a message can be read: 4,096 characters together.

/// The longest part of a title, and the longest title of many alerts.
const TITLE: usize = 200;

/// The longest error, and the longest digest.
const ERROR: usize = 2_000;
const DIGEST: usize = 3_700;

/// The length of the text that is tried when the first message was refused.
const SHORT: usize = 1_000;

/// What begins `<users/all>` and `<https://…|words>`.
const LINK: char = '<';

/// The most buttons, and the longest label of one.
const BUTTONS: usize = 4;
const LABEL: usize = 200;

/// What the service answers, where the status alone does not say it.
/// <https://cloud.google.com/apis/design/errors#handling_errors>
const RULES: [Rule; 5] = [
    Rule::new(400, "API key", Class::Channel).hint("the key of the webhook is not valid"),
    Rule::new(401, "", Class::Channel).hint("the token of the webhook is not valid"),
    Rule::new(403, "", Class::Channel)
        .hint("the webhook was deleted, or the organization lets no webhook post"),
    Rule::new(404, "", Class::Channel).hint("the space or its webhook was deleted"),
    Rule::new(405, "", Class::Channel),
];

/// Posts to a space of Google Chat. The messages of an incident are one thread.
#[derive(Clone)]
pub(crate) struct GoogleChat {
    destination: Destination,
    /// The thread of all messages, where the word names one.
    thread: Option<String>,
}

impl GoogleChat {
    pub(super) const HOST: &str = "chat.googleapis.com";

    /// `gchat://Space/Key/Token`, with a thread behind it or not; or with the host and the path of the
    /// webhook's own URL.
    pub(super) fn read(word: &Word<'_>) -> Result<Self, Problem> {
        word.has_no_user()?;
        let option = |names: &[&str]| word.option(names).unwrap_or_default();
        let (host, space, key, token, thread) = match *word.segments() {
            ["v1", "spaces", space, "messages"] => {
                (word.host, space, option(&["key"]), option(&["token"]), "")
            }
            _ if word.is_at(&[Self::HOST]) => return Err("it is not the URL of a webhook"),
            [key, token] => (Self::HOST, word.host, key, token, ""),
            [key, token, thread] => (Self::HOST, word.host, key, token, thread),
            _ => return Err("it is not a space, a key and a token"),
        };
        if ![space, key, token].iter().all(|part| is_of("-_.~%=", part)) {
            return Err("it is not a space, a key and a token");
        }
        let thread = if thread.is_empty() {
            option(&["thread", "threadkey"])
        } else {
            thread
        };
        let destination = at(&format!(
            "{host}/v1/spaces/{space}/messages?key={key}&token={token}"
        ))?;
        Ok(Self {
            destination,
            thread: Some(thread.to_owned()).filter(|thread| !thread.is_empty()),
        })
    }
}

debug_by_name!(GoogleChat);

impl Notifier for GoogleChat {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let url = self.destination.url()?;
        // A message that was taken is not posted again, but named in the answer.
        let mut url = url.asking(&format!("requestId={}", encode(&key::of_message(alerts))));
        let thread = self.thread.as_deref().or_else(|| key::of_incident(alerts));
        if thread.is_some() {
            url = url.asking("messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD");
        }
        let in_thread = |mut message: Value| {
            let thread = thread.map(|thread| object! { "threadKey": thread });
            message.put("thread", some(thread));
            message
        };
        http::send_or_short(
            timeout,
            &RULES,
            &in_thread(message(alerts)),
            &|| in_thread(short(alerts)),
            &|message, left| {
                let answer = Post::json(&url, message).send(left)?;
                Ok(answer.or_no(|said| said.get("error").is_some()))
            },
        )
        .map(drop)
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        // Its path names the space, which is none.
        vec![Hidden::url(&self.destination)]
    }

    fn identity(&self) -> String {
        let thread = self.thread.as_deref().unwrap_or_default();
        format!("{} {thread}", self.destination.identity())
    }
}

fn message(alerts: &[Alert]) -> Value {
    let text = match alerts {
        [alert] => one(alert),
        _ => {
            let title = line(&digest::headline(alerts), TITLE, &inline);
            let text = digest::message(alerts);
            format!("{title}\n{}", fit(text.trim(), DIGEST, &units, &block))
        }
    };
    let mut message = object! { "text": text };
    let links = links::of(alerts, BUTTONS);
    if !links.is_empty() {
        message.put("cardsV2", [card(&links)]);
    }
    message
}

/// Makes a message that says in few words what [`message`] says.
fn short(alerts: &[Alert]) -> Value {
    let text = digest::message(alerts);
    object! { "text": fit(text.trim(), SHORT, &units, &block) }
}

fn one(alert: &Alert) -> String {
    let mut text = alert.title_with(&|part: &str| line(part, TITLE, &inline));
    if !is_blank(alert.body()) {
        let log_lines = log_lines(alert, ERROR / 2, &block);
        let room = ERROR - units(&log_lines) - 1;
        text += &format!("\n{}", fit(alert.body(), room, &units, &block));
        if !log_lines.is_empty() {
            text += &format!("\n{log_lines}");
        }
    }
    format!("{text}\n{}", lines(alert, &inline).join("\n"))
}

/// Makes a card of buttons.
/// <https://developers.google.com/workspace/chat/api/reference/rest/v1/cards#buttonlist>
fn card(links: &[Link]) -> Value {
    let button = |link: &Link| {
        object! {
            "text": line(&link.label, LABEL, &visible),
            "onClick": object! { "openLink": object! { "url": link.url.as_str() } },
        }
    };
    let buttons: Vec<_> = links.iter().map(button).collect();
    object! {
        "cardId": "links",
        "card": object! { "sections": [object! { "widgets": [object! { "buttonList": object! { "buttons": buttons } }] }] },
    }
}

/// Writes a text as it is, letter by letter.
fn block(text: &str) -> String {
    parted(&fenced(text), LINK)
}

/// Writes a line in which no sign has a meaning: as code, where one could have. The service knows no
/// escape.
/// <https://developers.google.com/workspace/chat/format-messages>
fn inline(text: &str) -> String {
    let text = parted(visible(text).trim(), LINK);
    let is_live = text.contains(['*', '_', '~', '`']) || text.starts_with(['-', '+', '>', '#']);
    if is_live {
        // No sign ends code but a backtick, which looks much like this letter.
        format!("`{}`", text.replace('`', "\u{2cb}"))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::http::Answer;
    use super::*;
    use crate::message::alert::Kind;
    use crate::testing::{
        alert_of, alerts_of_each_kind, as_read, few_cases, shows_beginning, with_text,
    };
    use strict_services as strict;

    fn message(alerts: &[Alert]) -> Value {
        as_read(&super::message(alerts))
    }

    fn short(alerts: &[Alert]) -> Value {
        as_read(&super::short(alerts))
    }

    fn is_taken(message: &Value) -> Result<(), String> {
        strict::google_chat::refuse(&message.to_string()).map_or(Ok(()), |(_, body)| Err(body))
    }

    #[test]
    fn an_alert_of_each_kind_is_a_message() {
        for alert in alerts_of_each_kind() {
            let message = message(std::slice::from_ref(&alert));
            assert_eq!(is_taken(&message), Ok(()));
            insta::assert_json_snapshot!(alert.kind.as_str().replace(' ', "-"), message);
        }
    }

    #[test]
    fn many_alerts_are_a_digest_that_names_each() {
        let all = alerts_of_each_kind();
        let many: Vec<_> = (0..40)
            .map(|number| Alert {
                job: format!("job_{number:02}"),
                ..all[number % all.len()].clone()
            })
            .collect();
        let many = message(&many);
        assert_eq!(is_taken(&many), Ok(()));
        for number in 0..40 {
            let job = format!("  job_{number:02} · ");
            let text = many["text"].as_str().unwrap();
            assert_eq!(text.matches(&job).count(), 1, "{job}");
        }
    }

    #[test]
    fn every_answer_has_its_class() {
        http::check_statuses(&RULES, &[405]);
        let error = |code: u16, status: &str, message: &str| {
            json!({ "error": { "code": code, "message": message, "status": status } }).to_string()
        };
        for (status, word, said, expected) in [
            (
                400,
                "INVALID_ARGUMENT",
                "Invalid JSON payload received.",
                Class::Alert,
            ),
            (
                400,
                "INVALID_ARGUMENT",
                "API key not valid.",
                Class::Channel,
            ),
            (401, "UNAUTHENTICATED", "", Class::Channel),
            (403, "PERMISSION_DENIED", "", Class::Channel),
            (404, "NOT_FOUND", "", Class::Channel),
            (413, "", "", Class::Alert),
            (429, "RESOURCE_EXHAUSTED", "", Class::Temporary),
            (500, "INTERNAL", "", Class::Temporary),
            (503, "UNAVAILABLE", "", Class::Temporary),
        ] {
            let answer = Answer::made(status, &error(status, word, said));
            assert_eq!(answer.class(&RULES), expected, "{status} {word} {said}");
        }
    }

    #[test]
    fn no_sign_of_a_line_has_a_meaning() {
        for (text, written) in [
            ("etl.load failed", "etl.load failed"),
            ("load_orders *now*", "`load_orders *now*`"),
            ("a `b`", "`a \u{2cb}b\u{2cb}`"),
            ("- a", "`- a`"),
            ("<users/all> 1 < 2", "<\u{200b}users/all> 1 <\u{200b} 2"),
        ] {
            assert_eq!(inline(text), written);
        }
    }

    #[test]
    fn a_text_longer_than_any_that_is_kept_fits() {
        for text in [
            "`".repeat(10_000),
            "<users/all> *a* ```\n".repeat(6_000),
            "😀漢".repeat(15_000),
        ] {
            let alert = with_text(alert_of(Kind::StillFailing), &text);
            for number in [1, 3, 12] {
                let alerts = vec![alert.clone(); number];
                assert_eq!(is_taken(&message(&alerts)), Ok(()));
                assert_eq!(is_taken(&short(&alerts)), Ok(()));
            }
        }
    }

    proptest! {
        #![proptest_config(few_cases())]
        #[test]
        fn any_text_is_taken_calls_nobody_and_begins_with_the_first_line(
            text in crate::testing::wild_text(),
            number in 1_usize..6,
        ) {
            let alert = with_text(alert_of(Kind::StillFailing), &text);
            let message = message(&vec![alert.clone(); number]);
            prop_assert_eq!(is_taken(&message), Ok(()));
            prop_assert_eq!(is_taken(&short(std::slice::from_ref(&alert))), Ok(()));
            let shown = message["text"].as_str().unwrap_or_default();
            let is_there = shows_beginning(shown, alert.error());
            prop_assert!(is_there, "{:?} of {}", alert.error(), shown);
        }
    }
}
