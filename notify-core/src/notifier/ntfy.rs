//! ntfy: messages to phones, by ntfy.sh or a server of one's own.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::http::{self, Answer, Class, Post, Rule};
use super::sanitize::{fit, line, visible};
use super::service_url::{Problem, Word, at, decode_text, is_of};
use super::severity::Severity;
use super::{FollowUps, Hidden, Notifier, Ours, Refusal, key};
use crate::format::debug::debug_by_name;
use crate::format::json::{Value, object, some};
use crate::message::alert::{Alert, Kind};
use crate::message::{digest, links};
use crate::notifier::url::Destination;
use crate::os::redact;

/// The longest message: a server makes a file of more than 4,096 bytes, and takes twice as much of JSON
/// in all. Measured by [`weight`].
/// <https://docs.ntfy.sh/publish/#limitations>
const MESSAGE: usize = 4_000;

/// Ours: the longest title.
const TITLE: usize = 200;

/// The most buttons of a message.
/// <https://docs.ntfy.sh/publish/#action-buttons>
const BUTTONS: usize = 3;

/// Ours: the longest address of a page.
const ADDRESS: usize = 300;

/// The length of the text that is tried when the first message was refused.
const SHORT: usize = 1_000;

/// The longest topic, and the longest id of a sequence of messages.
const TOPIC: usize = 64;

/// The pause where the messages of a day are used up.
const QUOTA: Duration = Duration::from_secs(60 * 60);

/// What a server answers: the code in its JSON says more than the status.
/// <https://github.com/binwiederhier/ntfy/blob/main/server/errors.go>
const RULES: [Rule; 6] = [
    Rule::new(400, "40009", Class::Channel).hint("the topic cannot be used"),
    Rule::new(400, "40010", Class::Channel).hint("the topic cannot be used"),
    Rule::new(401, "", Class::Channel).hint("its user, password or token is not known there"),
    Rule::new(403, "", Class::Channel)
        .hint("who may write to this topic needs a token, ntfys://token@host/topic, that has write access"),
    Rule::new(404, "", Class::Channel).hint("is that the server of ntfy?"),
    Rule::new(405, "", Class::Channel).hint("is that the server of ntfy?"),
];

/// Posts to a topic of ntfy. What follows in an incident takes the place of its first message, which rings nobody
/// while that is shown; what is to be noticed is one more short message.
/// <https://github.com/binwiederhier/ntfy-android/blob/main/app/src/main/java/io/heckel/ntfy/msg/NotificationService.kt>
#[derive(Clone)]
pub(crate) struct Ntfy {
    server: Destination,
    topic: String,
    /// The value of the header by which the server knows who posts.
    authorization: Option<String>,
    /// What no text may show.
    secrets: Vec<String>,
}

impl Ntfy {
    /// The service that anybody may use.
    pub(super) const HOST: &str = "ntfy.sh";

    /// `ntfys://topic` of ntfy.sh, `ntfys://host/topic`, with `token@` or `user:password@` before the
    /// host.
    pub(super) fn read(word: &Word<'_>) -> Result<Self, Problem> {
        if word.option(&["to", "targets"]).is_some() {
            return Err("an option of it names topics: write a word for each topic");
        }
        let (host, topic) = match (word.host, &*word.segments()) {
            (topic, []) => (Self::HOST, topic),
            (host, [topic]) => (host, *topic),
            _ => return Err("it names several topics: write a word for each topic"),
        };
        if !is_topic(topic) || topic == "localhost" {
            return Err("it has no topic, which is letters, digits, `-` and `_`, 64 at most");
        }
        let mut secrets = Vec::new();
        let user = word.user.or_else(|| word.option(&["token"]));
        let user = user.map(decode_text).transpose()?;
        if user
            .as_deref()
            .is_some_and(|user| user.contains(char::is_control))
        {
            return Err("what stands before its `@` has a character that nobody can write");
        }
        let authorization = user.map(|user| match user.split_once(':') {
            Some((_, password)) => {
                secrets.push(password.to_owned());
                let basic = STANDARD.encode(&user);
                secrets.push(basic.clone());
                format!("Basic {basic}")
            }
            None => {
                secrets.push(user.clone());
                format!("Bearer {user}")
            }
        });
        // Where nobody has to say who he is, who knows the topic may write to it.
        if authorization.is_none() && topic.len() >= redact::LONG {
            secrets.push(topic.to_owned());
        }
        Ok(Self {
            server: at(&format!("{host}/"))?,
            topic: topic.to_owned(),
            authorization,
            secrets,
        })
    }

    fn send(&self, message: &Value, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let url = self.server.url()?;
        let post = |message: &Value, left: Duration| {
            let authorization = self.authorization.as_deref();
            let header = authorization.map(|value| ("authorization", value));
            let post = Post::json(&url, message).headers(header.as_slice());
            Ok(paused(post.hiding(&self.secrets).send(left)?))
        };
        http::send_or_short(
            timeout,
            &RULES,
            message,
            &|| short(message, alerts, &self.topic),
            &post,
        )
        .map(drop)
    }
}

fn is_topic(text: &str) -> bool {
    text.len() <= TOPIC && is_of("-_", text)
}

debug_by_name!(Ntfy);

impl Notifier for Ntfy {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        self.send(&message(alerts, &self.topic, MESSAGE), alerts, timeout)
    }

    fn follow_ups(&self) -> FollowUps {
        FollowUps::Edits
    }

    fn post(&self, alerts: &[Alert], timeout: Duration) -> Result<Option<String>, Refusal> {
        let sequence = sequence(alerts);
        let mut message = message(alerts, &self.topic, MESSAGE);
        message.put("sequence_id", some(sequence.as_deref()));
        self.send(&message, alerts, timeout).map(|()| sequence)
    }

    fn edit(&self, handle: &str, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let mut message = message(alerts, &self.topic, MESSAGE);
        message.put("sequence_id", handle);
        self.send(&message, alerts, timeout)
    }

    fn reply(
        &self,
        _handle: &str,
        alerts: &[Alert],
        _is_loud: bool,
        timeout: Duration,
    ) -> Result<(), Refusal> {
        let page = self.server.url()?.below(&self.topic);
        self.send(
            &further(alerts, &self.topic, page.as_str()),
            alerts,
            timeout,
        )
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        self.secrets.iter().cloned().map(Hidden::text).collect()
    }

    fn identity(&self) -> String {
        // The token is left out: it may be another tomorrow.
        format!("ntfy:{}{}", self.server.identity(), self.topic)
    }
}

fn paused(answer: Answer) -> Answer {
    let is_used_up = answer.status == 429 && answer.body.contains("42908");
    answer
        .or_no(|said| said.get("error").is_some() && said.get("code").is_some())
        .or_pause(is_used_up.then_some(QUOTA))
}

fn message(alerts: &[Alert], topic: &str, room: usize) -> Value {
    let text = match alerts {
        // As many log lines as have room, each whole.
        [alert] => alert.text_within(room, &weight),
        _ => digest::message(alerts),
    };
    let mut message = said(alerts, topic, text.trim_end(), room);
    let mut links = links::of(alerts, usize::MAX);
    links.retain(|link| link.url.len() <= ADDRESS);
    if let Some(first) = links.first() {
        message.put("click", &*first.url);
        let buttons = links.iter().take(BUTTONS);
        let buttons = buttons
            .map(|link| object! { "action": "view", "label": line(&link.label, TITLE / 4, &visible), "url": link.url.as_str() });
        message.put("actions", buttons.collect::<Value>());
    }
    message
}

fn said(alerts: &[Alert], topic: &str, text: &str, room: usize) -> Value {
    object! {
        "topic": topic,
        "title": line(&digest::summary(alerts), TITLE, &visible),
        "message": fit(text, room, &weight, &visible),
        "priority": priority(alerts),
        "tags": [tag(Severity::worst(alerts))],
    }
}

/// Returns the id of the sequence that some alerts open: what takes the place of their message has it, too.
fn sequence(alerts: &[Alert]) -> Option<String> {
    let incident = key::of_incident(alerts).or_else(|| Some(&*alerts.first()?.id));
    let is_open = alerts
        .iter()
        .any(|alert| alert.incident().is_some() || alert.kind == Kind::Started);
    incident
        .filter(|id| is_open && is_topic(id))
        .map(str::to_owned)
}

/// Makes a short message that leads to the first of its incident, on the page of the topic.
fn further(alerts: &[Alert], topic: &str, page: &str) -> Value {
    let mut lines = digest::remarks(alerts);
    lines.push(format!("the first message: {page}"));
    let mut message = said(alerts, topic, &lines.join("\n"), SHORT);
    message.put("click", page);
    message
}

/// Makes a message that says in few words what [`message`] says, and takes its place.
fn short(full: &Value, alerts: &[Alert], topic: &str) -> Value {
    let mut short = message(alerts, topic, SHORT);
    let kept = ["topic", "title", "message", "priority"];
    short.keep(&|name| kept.contains(&name));
    let sequence = full.get("sequence_id").cloned();
    short.put("sequence_id", some(sequence));
    short
}

/// Measures a text by its bytes, and by its bytes as JSON.
fn weight(text: &str) -> usize {
    text.len().max(Value::from(text).text().len() * 3 / 4)
}

/// Returns how loud a message is, from 1 to 5: a failure more than others, a mere sign of life not at all.
fn priority(alerts: &[Alert]) -> u8 {
    match Severity::worst(alerts) {
        Severity::Bad => 4,
        Severity::Good if alerts.iter().all(|alert| alert.kind == Kind::Ok) => 2,
        Severity::Unclear | Severity::Good => 3,
    }
}

/// Names the picture before the title.
/// <https://docs.ntfy.sh/emojis/>
fn tag(severity: Severity) -> &'static str {
    match severity {
        Severity::Bad => "rotating_light",
        Severity::Unclear => "warning",
        Severity::Good => "white_check_mark",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::testing::{alert_of, alerts_of_each_kind, as_read, few_cases, with_text};
    use strict_services as strict;

    fn is_taken(message: &Value) -> Result<(), String> {
        strict::ntfy::refuse(&message.to_string()).map_or(Ok(()), |(_, body)| Err(body))
    }

    fn of(alerts: &[Alert]) -> Value {
        as_read(&message(alerts, "topic", MESSAGE))
    }

    fn short_of(alerts: &[Alert]) -> Value {
        as_read(&short(&message(alerts, "topic", MESSAGE), alerts, "topic"))
    }

    #[test]
    fn an_alert_of_each_kind_is_a_message() {
        for alert in alerts_of_each_kind() {
            let message = of(std::slice::from_ref(&alert));
            assert_eq!(is_taken(&message), Ok(()));
            insta::assert_json_snapshot!(alert.kind.as_str().replace(' ', "-"), message);
        }
    }

    // Issue 16, point 2.
    #[test]
    fn the_messages_of_an_incident_are_one_sequence_and_so_are_those_of_a_digest() {
        let [failed, recovered, ok] = [Kind::Failed, Kind::Recovered, Kind::Ok].map(alert_of);
        assert_eq!(
            sequence(std::slice::from_ref(&failed)).as_deref(),
            Some("7f3a91c2")
        );
        assert_eq!(
            sequence(&[failed.clone(), recovered]).as_deref(),
            Some("7f3a91c2")
        );
        assert_eq!(sequence(std::slice::from_ref(&ok)), None);
        let digest = [ok, failed];
        assert_eq!(sequence(&digest).as_deref(), Some(&*digest[0].id));
    }

    // Issue 16: an update is silent, so what is to be noticed is a short message that leads to the first.
    #[test]
    fn a_further_message_is_short_and_leads_to_the_first() {
        for alert in alerts_of_each_kind() {
            let page = "https://ntfy.sh/topic";
            let said = as_read(&further(std::slice::from_ref(&alert), "topic", page));
            assert_eq!(is_taken(&said), Ok(()));
            assert_eq!(
                said["sequence_id"],
                Value::Null,
                "it would take the place of the first"
            );
            assert_eq!(said["click"], "https://ntfy.sh/topic");
            let text = said["message"].as_str().unwrap();
            assert!(
                text.ends_with("the first message: https://ntfy.sh/topic"),
                "{text}"
            );
            assert!(text.lines().count() <= 3, "{text}");
        }
    }

    #[test]
    fn how_loud_a_message_is_follows_the_worst_of_its_alerts() {
        let priority = |kinds: &[Kind]| {
            let alerts: Vec<_> = kinds.iter().copied().map(alert_of).collect();
            priority(&alerts)
        };
        for (kinds, expected) in [
            (&[Kind::Failed][..], 4),
            (&[Kind::StillFailing], 4),
            (&[Kind::Overdue], 3),
            (&[Kind::Flapping], 3),
            (&[Kind::Recovered], 3),
            (&[Kind::Ok], 2),
            (&[Kind::Ok, Kind::Recovered, Kind::Failed], 4),
        ] {
            assert_eq!(priority(kinds), expected, "{kinds:?}");
        }
    }

    #[test]
    fn every_answer_has_its_class() {
        http::check_statuses(&RULES, &[405]);
        let body = |code: u32| format!(r#"{{"code":{code},"http":{},"error":"no"}}"#, code / 100);
        for (code, expected) in [
            (40009, Class::Channel),
            (40010, Class::Channel),
            (40011, Class::Alert),
            (40017, Class::Alert),
            (40018, Class::Alert),
            (40024, Class::Alert),
            (40101, Class::Channel),
            (40301, Class::Channel),
            (40401, Class::Channel),
            (41301, Class::Alert),
            (41303, Class::Alert),
            (42901, Class::Temporary),
            (42902, Class::Temporary),
            (42905, Class::Temporary),
            (42908, Class::Temporary),
            (42909, Class::Temporary),
            (42910, Class::Temporary),
            (50001, Class::Temporary),
            (50701, Class::Temporary),
        ] {
            let status = u16::try_from(code / 100).unwrap();
            let answer = Answer::made(status, &body(code));
            assert_eq!(answer.class(&RULES), expected, "{code}");
        }
        let pause = |code| paused(Answer::made(429, &body(code))).retry_after();
        assert_eq!((pause(42908), pause(42901)), (Some(QUOTA), None));
    }

    #[test]
    fn a_text_longer_than_any_that_is_kept_fits() {
        for text in [
            "\"\\".repeat(50_000),
            "漢\n".repeat(25_000),
            "😀".repeat(25_000),
        ] {
            let mut alert = with_text(alert_of(Kind::StillFailing), &text);
            let address = |number| format!("https://a.example/{number}/{} ", "x".repeat(270));
            alert.facts = vec![("context".to_owned(), (0..9).map(address).collect())];
            for number in [1, 3, 12] {
                let alerts = vec![alert.clone(); number];
                assert_eq!(is_taken(&of(&alerts)), Ok(()));
                assert_eq!(is_taken(&short_of(&alerts)), Ok(()));
            }
        }
    }

    proptest! {
        #![proptest_config(few_cases())]
        #[test]
        fn any_text_is_taken_and_its_first_line_is_shown(
            text in crate::testing::wild_text(),
            number in 1_usize..6,
        ) {
            let alert = with_text(alert_of(Kind::StillFailing), &text);
            let first = visible(crate::format::text::first_line(&visible(alert.error()), 60));
            let message = of(&vec![alert.clone(); number]);
            prop_assert_eq!(is_taken(&message), Ok(()));
            let alerts = std::slice::from_ref(&alert);
            prop_assert_eq!(is_taken(&short_of(alerts)), Ok(()));
            let shown = message["message"].as_str().unwrap_or_default();
            prop_assert!(number > 3 || shown.contains(first.trim()), "{:?} of {}", first, shown);
        }
    }
}
