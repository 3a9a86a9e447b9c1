//! Matrix: an incident is one message of a room, and its story is in the thread.

use std::slice;
use std::time::Duration;

use super::http::{Answer, Class, Post, Rule};
use super::parts::Parts;
use super::sanitize::html as escape;
use super::service_url::{Problem, Word, at, decode_text, encode};
use super::severity::Severity;
use super::{FollowUps, Hidden, Notifier, Ours, Refusal, key};
use crate::format::debug::debug_by_name;
use crate::format::json::{Value, object};
use crate::message::alert::Alert;
use crate::message::links;
use crate::notifier::url::{Destination, Url};
use crate::status::log_lines::HEADING;

/// The longest error: an event may have 65,536 bytes, in which an edit holds it four times.
/// <https://spec.matrix.org/latest/client-server-api/#size-limits>
const BODY: usize = 3_000;

/// The same in a message that is tried when the first one was refused.
const SHORT: usize = 500;

const LINKS: usize = 4;

/// What a server lets an account send, where it is set up as it comes.
/// <https://element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html#rc_message>
const PAUSE: Duration = Duration::from_secs(5);

/// What a server answers, where the status alone does not say it.
/// <https://spec.matrix.org/latest/client-server-api/#standard-error-response>
const RULES: [Rule; 6] = [
    Rule::new(401, "", Class::Channel).hint("the access token is not valid any more"),
    Rule::new(403, "", Class::Channel)
        .hint("invite the account to the room, and let it join and write"),
    Rule::new(404, "", Class::Channel).hint("is that the server, and the room's id?"),
    Rule::new(400, "M_UNKNOWN_TOKEN", Class::Channel)
        .hint("the access token is not valid any more"),
    Rule::new(400, "M_USER_DEACTIVATED", Class::Channel),
    Rule::new(400, "M_RESOURCE_LIMIT_EXCEEDED", Class::Channel),
];

/// What it answers where a message is to be edited or replied to.
const RULES_OF_EDITS: [Rule; 1] = [
    // It knows no such event.
    Rule::new(400, "", Class::Gone),
];

/// Sends to a room.
#[derive(Clone)]
pub(crate) struct Matrix {
    server: Destination,
    token: String,
    room: String,
}

impl Matrix {
    /// `matrixs://AccessToken@host/!room:server`.
    pub(super) fn read(word: &Word<'_>) -> Result<Self, Problem> {
        let token = word.user.or_else(|| word.option(&["token"]));
        let token = token.ok_or("it has no access token before an `@`")?;
        if token.contains(':') {
            return Err("it has a user and a password: an access token is needed in their place");
        }
        let token = decode_text(token)?;
        if token.is_empty() || token.contains(|c: char| !c.is_ascii_graphic()) {
            return Err("its access token has a character that none has");
        }
        let room = match *word.segments() {
            [room] => decode_text(room)?,
            [] => return Err("it has no room"),
            _ => return Err("it names several rooms: write a word for each"),
        };
        let is_id =
            |room: &str| room.len() > 1 && room.len() <= 255 && !room.contains(char::is_control);
        if !room.starts_with('!') || !is_id(&room) {
            return Err("its room is not an id: `!…`, as the settings of the room show it");
        }
        Ok(Self {
            server: at(word.host)?,
            token,
            room,
        })
    }

    fn url(&self, path: &str) -> Result<Url, Refusal> {
        let url = self.server.url()?;
        let room = encode(&self.room);
        Ok(url.below(&format!("_matrix/client/v3/rooms/{room}/{path}")))
    }

    fn ask(&self, post: Post<'_>, timeout: Duration) -> Result<Answer, Refusal> {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", &*bearer)];
        post.headers(&headers)
            .hiding(slice::from_ref(&self.token))
            .send(timeout)
    }

    /// Sends an event. The same one sent twice is there once: the server knows it by `transaction`.
    fn send(
        &self,
        transaction: &str,
        event: &dyn Fn(usize) -> Value,
        further: &[Rule],
        timeout: Duration,
    ) -> Result<Answer, Refusal> {
        let put = |transaction: &str, room| {
            let url = self.url(&format!("send/m.room.message/{}", encode(transaction)))?;
            self.ask(Post::json(&url, &event(room)).by("PUT"), timeout)
        };
        let mut answer = put(transaction, BODY)?;
        if answer.status == 413 {
            answer = put(&format!("{transaction}-short"), SHORT)?;
        }
        answer.judge_by(&RULES, further)?;
        Ok(answer)
    }

    /// Checks that a message is still there: a server takes an edit of a deleted one, and shows it to nobody.
    fn is_there(&self, event: &str, timeout: Duration) -> Result<(), Refusal> {
        let url = self.url(&format!("event/{}", encode(event)))?;
        let answer = self.ask(Post::get(&url), timeout)?;
        let said = answer.json().unwrap_or_default();
        let is_deleted = said.at(&["unsigned", "redacted_because"]).is_some()
            || matches!(said.get("content"), Some(Value::Object(content)) if content.is_empty());
        let is_unknown = answer.status == 404 && answer.body.contains("M_NOT_FOUND");
        if is_deleted || is_unknown {
            return Err(Refusal::gone("its message was deleted"));
        }
        Ok(())
    }
}

debug_by_name!(Matrix);

impl Notifier for Matrix {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        self.post(alerts, timeout).map(drop)
    }

    fn follow_ups(&self) -> FollowUps {
        FollowUps::Threads
    }

    fn post(&self, alerts: &[Alert], timeout: Duration) -> Result<Option<String>, Refusal> {
        let event = |room| message(alerts, room, true);
        let answer = self.send(&key::of_message(alerts), &event, &[], timeout)?;
        let said = answer.json().unwrap_or_default();
        Ok(said
            .get("event_id")
            .and_then(Value::as_str)
            .map(str::to_owned))
    }

    fn edit(&self, handle: &str, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        self.is_there(handle, timeout / 2)?;
        let event = |room| {
            let new = message(alerts, room, true);
            let mut event = new.clone();
            for key in ["body", "formatted_body"] {
                // For those who do not know edits.
                let marked = format!(
                    "* {}",
                    new.get(key).and_then(Value::as_str).unwrap_or_default()
                );
                event.put(key, marked);
            }
            event.put("m.new_content", new);
            let relation = object! { "rel_type": "m.replace", "event_id": handle };
            event.put("m.relates_to", relation);
            event
        };
        let transaction = format!("{}-edit", key::of_message(alerts));
        self.send(&transaction, &event, &RULES_OF_EDITS, timeout / 2)
            .map(drop)
    }

    fn reply(
        &self,
        handle: &str,
        alerts: &[Alert],
        is_loud: bool,
        timeout: Duration,
    ) -> Result<(), Refusal> {
        self.is_there(handle, timeout / 2)?;
        let event = |room| {
            let mut event = message(alerts, room, is_loud);
            let relation = object! {
                "rel_type": "m.thread",
                "event_id": handle,
                "is_falling_back": true,
                "m.in_reply_to": object! { "event_id": handle },
            };
            event.put("m.relates_to", relation);
            event
        };
        self.send(
            &key::of_message(alerts),
            &event,
            &RULES_OF_EDITS,
            timeout / 2,
        )
        .map(drop)
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        vec![Hidden::text(self.token.clone())]
    }

    fn pause(&self, _: Ours) -> Duration {
        PAUSE
    }

    fn identity(&self) -> String {
        // The token is left out: it may be another tomorrow.
        format!("matrix:{} {}", self.server.identity(), self.room)
    }
}

/// Makes the message of some alerts; one that is not loud is a notice, which notifies nobody.
fn message(alerts: &[Alert], room: usize, is_loud: bool) -> Value {
    let parts = Parts::of(alerts, room);
    let colour = format!("#{:06x}", Severity::worst(alerts).colour());
    let mut plain = vec![parts.title.clone()];
    let title = escape(&parts.title);
    let mut html = format!(
        "<strong><font color=\"{colour}\" data-mx-color=\"{colour}\">{title}</font></strong>"
    );
    if !parts.body.is_empty() {
        let body = escape(&parts.body);
        html += &if parts.is_code {
            format!("<pre><code>{body}</code></pre>")
        } else {
            format!("<p>{}</p>", body.replace('\n', "<br>"))
        };
        plain.push(parts.body);
    }
    if !parts.log_lines.is_empty() {
        let logged = escape(&parts.log_lines);
        html += &format!("{HEADING}<pre><code>{logged}</code></pre>");
        plain.extend([HEADING.to_owned(), parts.log_lines]);
    }
    let lines: Vec<_> = parts.lines.iter().map(|line| escape(line)).collect();
    html += &lines.join("<br>");
    plain.extend(parts.lines);
    for link in links::of(alerts, LINKS) {
        let (url, label) = (escape(&link.url), escape(&link.label));
        html += &format!("<br><a href=\"{url}\">{label}</a>");
        plain.push(format!("{}: {}", link.label, link.url));
    }
    object! {
        "msgtype": if is_loud { "m.text" } else { "m.notice" },
        "body": plain.join("\n"),
        "format": "org.matrix.custom.html",
        "formatted_body": html,
        // The message mentions nobody, whatever its text says.
        "m.mentions": object! {},
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use strict_services::matrix as strict;

    use super::*;
    use crate::message::alert::Kind;
    use crate::notifier::http;
    use crate::testing::{alert_of, alerts_of_each_kind, as_read, few_cases, with_text};

    fn message(alerts: &[Alert], room: usize, is_loud: bool) -> Value {
        as_read(&super::message(alerts, room, is_loud))
    }

    fn is_taken(event: &Value) -> Result<(), String> {
        strict::refuse(&event.to_string()).map_or(Ok(()), Err)
    }

    #[test]
    fn an_alert_of_each_kind_is_an_event() {
        let all = alerts_of_each_kind();
        for alert in &all {
            let event = message(slice::from_ref(alert), BODY, true);
            assert_eq!(is_taken(&event), Ok(()), "{event}");
            let text = event["body"].as_str().unwrap();
            assert!(
                text.starts_with(&alert.title()) && text.contains(&alert.id),
                "{text}"
            );
            assert_eq!(
                event["formatted_body"]
                    .as_str()
                    .unwrap()
                    .matches("<a ")
                    .count(),
                2
            );
            insta::assert_json_snapshot!(alert.kind.as_str().replace(' ', "-"), event);
        }
        assert_eq!(is_taken(&message(&all, BODY, false)), Ok(()));
    }

    #[test]
    fn every_answer_has_its_class() {
        http::check_statuses(&RULES, &[]);
        let limited = r#"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1289}"#;
        let pause = Answer::made(429, limited).retry_after();
        assert_eq!(pause, Some(Duration::from_millis(1289)));
        let rules = [&RULES[..], &RULES_OF_EDITS].concat();
        let unknown = Answer::made(400, r#"{"errcode":"M_UNKNOWN"}"#);
        assert_eq!(
            (unknown.class(&RULES), unknown.class(&rules)),
            (Class::Alert, Class::Gone)
        );
    }

    #[test]
    fn a_word_names_an_account_and_a_room() {
        let read = |rest: &str| Matrix::read(&Word::parse(rest));
        for (rest, room) in [
            (
                "s3cr3t@matrix.example/!abc:matrix.example",
                "!abc:matrix.example",
            ),
            (
                "s3cr3t@matrix.example:8448/!abc%3Amatrix.example",
                "!abc:matrix.example",
            ),
            ("matrix.example/!abc?token=s3cr3t", "!abc"),
            ("s3cr3t@127.0.0.1:8008/!abc:x", "!abc:x"),
        ] {
            let matrix = read(rest).unwrap();
            assert_eq!((&*matrix.room, &*matrix.token), (room, "s3cr3t"), "{rest}");
            assert!(!matrix.identity().contains("s3cr3t"));
        }
        for (rest, said) in [
            ("matrix.example/!abc:x", "no access token"),
            ("me:s3cr3t@matrix.example/!abc:x", "a user and a password"),
            ("s3cr3t@matrix.example", "no room"),
            ("s3cr3t@matrix.example/!abc:x/!def:x", "a word for each"),
            ("s3cr3t@matrix.example/#alias:x", "not an id"),
            ("s3cr3t@matrix.example/!", "not an id"),
            ("%0a@matrix.example/!abc:x", "a character"),
        ] {
            let problem = read(rest).unwrap_err();
            assert!(
                problem.contains(said) && !problem.contains("s3cr3t"),
                "{rest}: {problem}"
            );
        }
    }

    #[test]
    fn a_text_of_a_megabyte_fits_four_times() {
        for words in ["<&>\"", "漢\n", "\u{1}\"\\"] {
            // In one alert, or in several.
            for number in [1, 3, 40] {
                let alert = with_text(
                    alert_of(Kind::StillFailing),
                    &words.repeat(250_000 / number),
                );
                let new = message(&vec![alert.clone(); number], BODY, true);
                let mut event = new.clone();
                event["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": "$1" });
                event["m.new_content"] = new;
                assert_eq!(is_taken(&event), Ok(()));
            }
        }
    }

    proptest! {
        #![proptest_config(few_cases())]
        /// Issue 16, point 4.
        #[test]
        fn any_text_is_taken_and_begins_with_the_first_line(
            text in crate::testing::wild_text(),
            number in 1_usize..14,
        ) {
            let mut alert = with_text(alert_of(Kind::StillFailing), &text);
            alert.job = text.chars().take(60).collect();
            let event = message(&vec![alert; number], BODY, false);
            prop_assert_eq!(is_taken(&event), Ok(()));
        }
    }
}
