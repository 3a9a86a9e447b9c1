//! Slack by the token of a bot: an incident is one message, and its story is in the thread.

use std::slice;
use std::time::Duration;

use super::markup::Dialect;
use super::payload;
use crate::format::debug::debug_by_name;
use crate::format::json::{Value, some};
use crate::message::alert::Alert;
use crate::notifier::http::{self, Answer, Class, Post, Rule};
use crate::notifier::service_url::{Problem, Word, at, decode_text, is_of};
use crate::notifier::url::Destination;
use crate::notifier::{FollowUps, Hidden, Notifier, Ours, Refusal};

/// The pause where a workspace that pays nothing has used up its messages.
const USED_UP: Duration = Duration::from_secs(60 * 60);

/// What the service answers, with a status of 200: the words of `error`, as they stand in JSON.
/// <https://docs.slack.dev/reference/methods/chat.postMessage/#errors>
const ERRORS: [Rule; 11] = [
    // The moment. Of some of them the message may have been sent for all that.
    error(
        r#""ratelimited"|"rate_limited"|"internal_error"|"fatal_error"|"service_unavailable"|"request_timeout"|
           "update_failed"|"team_added_to_org"|"external_channel_migrating"|"message_limit_exceeded""#,
        Class::Temporary,
    ),
    // What a person has to mend.
    error(
        r#""not_authed"|"invalid_auth"|"account_inactive"|"token_revoked"|"token_expired"|
           "not_allowed_token_type""#,
        Class::Channel,
    )
    .hint("the bot's token is not valid any more"),
    error(r#""missing_scope""#, Class::Channel)
        .hint("give the app the scope chat:write and install it anew"),
    error(r#""not_in_channel"|"no_permission""#, Class::Channel).hint(
        "invite the bot to the channel, /invite @bot, or give it the scope chat:write.public",
    ),
    error(r#""channel_not_found""#, Class::Channel)
        .hint("is it named right? A private channel must invite the bot: /invite @bot"),
    error(r#""is_archived""#, Class::Channel).hint("the channel is archived"),
    error(r#""is_inactive""#, Class::Channel).hint("the channel is frozen"),
    // And those that begin as the last two do.
    error(
        r#""ekm_access_denied"|"team_access_not_granted"|"access_denied"|"enterprise_is_restricted"|
           "two_factor_setup_required"|"accesslimited"|"org_login_required"|"restricted_action|"slack_connect_"#,
        Class::Channel,
    )
    .hint("the workspace's settings do not let the bot post there"),
    error(r#""deprecated_endpoint"|"method_deprecated""#, Class::Channel),
    // The message, of which a plain text may be taken; the first two begin so.
    error(
        r#""invalid_blocks|"invalid_metadata|"invalid_attachments"|"invalid_arguments"|"msg_too_long"|
           "msg_blocks_too_long"|"attachment_payload_limit_exceeded"|"too_many_attachments"|
           "too_many_contact_cards"|"block_mismatch"|"no_text"|"duplicate_message_not_found"|
           "duplicate_channel_not_found""#,
        Class::Alert,
    ),
    // Words that nobody knows yet.
    error("", Class::Unknown),
];

/// What it answers of a message that was sent: forgotten then, and another is sent.
/// <https://docs.slack.dev/reference/methods/chat.update/#errors>
const OF_THE_MESSAGE: [Rule; 2] = [
    // Deleted; or the channel that it is in, which need not be the one of that name any more.
    error(
        r#""message_not_found"|"thread_not_found"|"cannot_reply_to_message"|"restricted_action_thread_locked"|
           "channel_not_found"|"is_archived""#,
        Class::Gone,
    ),
    // Another app's, or too old for the workspace: it stays, and so does its thread.
    error(
        r#""cant_update_message"|"edit_window_closed""#,
        Class::Alert,
    ),
];

const MESSAGE_LIMIT: &str = "\"message_limit_exceeded\"";

const fn error(says: &'static str, class: Class) -> Rule {
    Rule::new(400, says, class)
}

/// Posts as a bot.
#[derive(Clone)]
pub(in crate::notifier) struct SlackBot {
    api: Destination,
    token: String,
    /// An id, or a name with `#` before it.
    channel: String,
}

/// A message that was sent.
struct Sent<'a> {
    channel: &'a str,
    /// When: the id of it within the channel.
    ts: &'a str,
}

impl SlackBot {
    /// Returns whether a word names a bot, and no webhook.
    pub(in crate::notifier) fn is_named_by(word: &Word<'_>) -> bool {
        let first = word.segments().first().copied().unwrap_or_default();
        is_token(word.host) || is_token(first)
    }

    /// `slack://xoxb-Token/#channel` as Apprise has it; and with the host of the service before the token.
    pub(in crate::notifier) fn read(word: &Word<'_>) -> Result<Self, Problem> {
        let segments = word.segments();
        let (host, token, channels) = match &*segments {
            channels if is_token(word.host) => ("slack.com", word.host, channels),
            [token, channels @ ..] => (word.host, *token, channels),
            [] => return Err("it has no channel"),
        };
        if !is_of("-.", token) {
            return Err("its token is not letters, digits and `-`");
        }
        let channel = match *channels {
            [channel] => decode_text(channel)?,
            [] => return Err("it has no channel"),
            _ => return Err("it names several channels: write a word for each"),
        };
        Ok(Self {
            api: at(&format!("{host}/api"))?,
            token: token.to_owned(),
            channel: channel_of(&channel)?,
        })
    }

    fn ask(&self, method: &str, message: &Value, timeout: Duration) -> Result<Answer, Refusal> {
        let url = self.api.url()?.below(method);
        let bearer = format!("Bearer {}", self.token);
        let answer = Post::json(&url, message)
            .headers(&[("authorization", &bearer)])
            .hiding(slice::from_ref(&self.token))
            .send(timeout)?;
        let is_used_up = answer.body.contains(MESSAGE_LIMIT);
        Ok(answer.or_pause(is_used_up.then_some(USED_UP)))
    }

    /// Sends a new message, to the thread of another or not.
    fn send(
        &self,
        alerts: &[Alert],
        rules: &[Rule],
        timeout: Duration,
        with: &dyn Fn(&mut Value),
    ) -> Result<Answer, Refusal> {
        let addressed = |mut message: Value| {
            message.put("channel", &*self.channel);
            message.put("parse", "none");
            with(&mut message);
            message
        };
        http::send_or_short(
            timeout,
            rules,
            &addressed(payload::full(alerts, Dialect::Slack)),
            &|| addressed(payload::short_of_all(alerts, Dialect::Slack)),
            &|message, left| self.ask("chat.postMessage", message, left),
        )
    }
}

fn is_token(text: &str) -> bool {
    ["xoxb-", "xoxp-", "xoxe.xoxb-", "xoxe.xoxp-"]
        .iter()
        .any(|start| text.starts_with(start))
}

/// Reads `#name`, `name`, or an id such as `C0123ABCD`.
fn channel_of(text: &str) -> Result<String, Problem> {
    let name = text.trim_start_matches(['#', '+']);
    let is_id = name.len() >= 7
        && name.starts_with(['C', 'G', 'D', 'U', 'W'])
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let is_of_name = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    if is_id && !text.starts_with('#') {
        Ok(name.to_owned())
    } else if name.contains(':') {
        Err("it names a thread: an incident has its own")
    } else if name.is_empty() || name.chars().count() > 80 || !name.chars().all(is_of_name) {
        Err("its channel is not a name")
    } else {
        Ok(format!("#{name}"))
    }
}

impl<'a> Sent<'a> {
    fn read(handle: &'a str) -> Result<Self, Refusal> {
        let parts = handle.split_once(' ');
        let (channel, ts) = parts.ok_or_else(Refusal::unknown_message)?;
        Ok(Self { channel, ts })
    }
}

/// Returns the handle of the message that an answer speaks of.
fn handle_of(said: &Value) -> Option<String> {
    let part = |key: &str| said.get(key)?.as_str();
    let (channel, ts) = (part("channel")?, part("ts")?);
    let is_plain = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    (is_plain(channel) && is_plain(ts)).then(|| format!("{channel} {ts}"))
}

debug_by_name!(SlackBot);

impl Notifier for SlackBot {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        self.post(alerts, timeout).map(drop)
    }

    fn follow_ups(&self) -> FollowUps {
        FollowUps::Threads
    }

    fn post(&self, alerts: &[Alert], timeout: Duration) -> Result<Option<String>, Refusal> {
        let answer = self.send(alerts, &ERRORS, timeout, &|_| {})?;
        Ok(answer.json().as_ref().and_then(handle_of))
    }

    fn edit(&self, handle: &str, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let sent = Sent::read(handle)?;
        // As a whole: what is left out would be taken away.
        let mut message = payload::full(alerts, Dialect::Slack);
        message.keep(&|name| !name.starts_with("unfurl_"));
        message.put("channel", sent.channel);
        message.put("ts", sent.ts);
        message.put("parse", "none");
        let rules = [&OF_THE_MESSAGE[..], &ERRORS].concat();
        self.ask("chat.update", &message, timeout)?.judge(&rules)
    }

    fn reply(
        &self,
        handle: &str,
        alerts: &[Alert],
        is_loud: bool,
        timeout: Duration,
    ) -> Result<(), Refusal> {
        let sent = Sent::read(handle)?;
        let rules = [&OF_THE_MESSAGE[..], &ERRORS].concat();
        let sent = self.send(alerts, &rules, timeout, &|message| {
            message.put("channel", sent.channel);
            message.put("thread_ts", sent.ts);
            message.put("reply_broadcast", some(is_loud.then_some(true)));
        });
        sent.map(drop)
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        vec![Hidden::text(self.token.clone())]
    }

    fn counted_edits(&self, _: Ours) -> Option<String> {
        Some(format!("slack:{}", self.token))
    }

    fn identity(&self) -> String {
        // The end of a token is its secret, which may be another tomorrow; what is before it names the workspace
        // and the bot.
        let of_whom = match self.token.rsplit_once('-') {
            Some((of_whom, _)) if of_whom.matches('-').count() >= 2 => of_whom,
            _ => &self.token,
        };
        format!("{} {of_whom} {}", self.api.identity(), self.channel)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strict_services::slack_bot as strict;

    use super::*;
    use crate::format::json::{self, object};
    use crate::message::alert::Kind;
    use crate::testing::{alert_of, alerts_of_each_kind, as_read, few_cases, with_text};

    fn class(error: &str, rules: &[Rule]) -> Class {
        let body = format!(r#"{{"ok":false,"error":"{error}"}}"#);
        Answer::made(200, &body).class(rules)
    }

    /// Issue 16, point 2: the whole table.
    #[test]
    fn every_error_has_its_class() {
        let tables = [
            (
                Class::Temporary,
                "ratelimited rate_limited internal_error fatal_error service_unavailable request_timeout \
                 update_failed team_added_to_org external_channel_migrating message_limit_exceeded",
            ),
            (
                Class::Channel,
                "invalid_auth not_authed account_inactive token_revoked token_expired missing_scope \
                 not_in_channel channel_not_found is_archived is_inactive restricted_action \
                 restricted_action_read_only_channel restricted_action_thread_only_channel \
                 restricted_action_non_threadable_channel no_permission ekm_access_denied \
                 team_access_not_granted access_denied not_allowed_token_type",
            ),
            (
                Class::Alert,
                "invalid_blocks invalid_blocks_format invalid_attachments msg_too_long msg_blocks_too_long \
                 attachment_payload_limit_exceeded too_many_attachments block_mismatch no_text",
            ),
            (Class::Unknown, "an_error_of_next_year"),
        ];
        for (expected, errors) in tables {
            for error in errors.split_whitespace() {
                assert_eq!(class(error, &ERRORS), expected, "{error}");
            }
        }
        let rules = [&OF_THE_MESSAGE[..], &ERRORS].concat();
        for (error, expected) in [
            ("message_not_found", Class::Gone),
            ("thread_not_found", Class::Gone),
            ("cannot_reply_to_message", Class::Gone),
            ("restricted_action_thread_locked", Class::Gone),
            ("channel_not_found", Class::Gone),
            ("is_archived", Class::Gone),
            ("cant_update_message", Class::Alert),
            ("edit_window_closed", Class::Alert),
            ("block_mismatch", Class::Alert),
            ("restricted_action", Class::Channel),
            ("invalid_auth", Class::Channel),
            ("ratelimited", Class::Temporary),
        ] {
            assert_eq!(class(error, &rules), expected, "{error}");
        }
        assert_eq!(
            Answer::made(200, r#"{"ok":true}"#).class(&ERRORS),
            Class::Accepted
        );
        assert_eq!(Answer::made(429, "").class(&ERRORS), Class::Temporary);
        assert_eq!(Answer::made(503, "").class(&ERRORS), Class::Temporary);
    }

    #[test]
    fn what_is_missing_is_said() {
        for (error, said) in [
            ("missing_scope", "chat:write"),
            ("not_in_channel", "/invite"),
            ("token_revoked", "token"),
        ] {
            let body = format!(r#"{{"ok":false,"error":"{error}"}}"#);
            let refusal = Answer::made(200, &body).judge(&ERRORS).unwrap_err();
            assert!(refusal.reason().contains(said), "{refusal}");
        }
    }

    fn read(rest: &str) -> Result<SlackBot, Problem> {
        SlackBot::read(&Word::parse(rest))
    }

    #[test]
    fn a_word_names_a_bot_and_a_channel() {
        for (rest, token, channel) in [
            ("xoxb-1-2-abc/#ops", "xoxb-1-2-abc", "#ops"),
            ("xoxb-1-2-abc/ops-de", "xoxb-1-2-abc", "#ops-de"),
            ("xoxb-1-2-abc/%23ops", "xoxb-1-2-abc", "#ops"),
            ("xoxb-1-2-abc/C0123ABCD", "xoxb-1-2-abc", "C0123ABCD"),
            ("xoxb-1-2-abc/+C0123ABCD/", "xoxb-1-2-abc", "C0123ABCD"),
            ("me@xoxb-1-2-abc/#ops", "xoxb-1-2-abc", "#ops"),
            ("slack.com/xoxb-1-2-abc/#ops", "xoxb-1-2-abc", "#ops"),
        ] {
            assert!(SlackBot::is_named_by(&Word::parse(rest)), "{rest}");
            let bot = read(rest).unwrap();
            assert_eq!((&*bot.token, &*bot.channel), (token, channel), "{rest}");
            let api = Destination::parse("https://slack.com/api").unwrap();
            assert!(bot.api == api, "{rest}");
        }
        for (rest, said) in [
            ("xoxb-1-2-abc", "no channel"),
            ("xoxb-1-2-abc/", "no channel"),
            ("xoxb-1-2-abc/#", "not a name"),
            ("xoxb-1-2-abc/#a b", "not a name"),
            ("xoxb-1-2-abc/#a/#b", "a word for each"),
            ("xoxb-1-2-abc/#ops:123.4", "a thread"),
            ("xoxb-1-2-a%c/#ops", "its token"),
        ] {
            let problem = read(rest).unwrap_err();
            assert!(problem.contains(said), "{rest}: {problem}");
        }
    }

    /// The token may be another tomorrow, and the queue and its messages stay those of the bot.
    #[test]
    fn a_queue_is_of_the_workspace_the_bot_and_the_channel() {
        let identity = |rest: &str| read(rest).unwrap().identity();
        let one = identity("xoxb-1-2-abc/#ops");
        assert_eq!(one, identity("xoxb-1-2-def/#ops"));
        for other in [
            "xoxb-1-3-abc/#ops",
            "xoxb-3-2-abc/#ops",
            "xoxb-1-2-abc/#others",
        ] {
            assert_ne!(one, identity(other), "{other}");
        }
        assert!(!one.contains("abc"));
        assert_ne!(identity("xoxb-abc/#ops"), identity("xoxb-def/#ops"));
    }

    #[test]
    fn a_message_is_read_from_an_answer_and_from_what_was_kept() {
        let said = object! { "ok": true, "channel": "C1", "ts": "12.34" };
        let handle = handle_of(&said).unwrap();
        let sent = Sent::read(&handle).unwrap();
        assert_eq!((sent.channel, sent.ts), ("C1", "12.34"));
        for said in [
            "{}",
            r#"{"channel":"C1"}"#,
            r#"{"channel":"C 1","ts":"1"}"#,
            "[]",
        ] {
            assert_eq!(handle_of(&json::read(said).unwrap()), None);
        }
        assert!(matches!(Sent::read("x"), Err(Refusal::Gone { .. })));
    }

    #[test]
    fn what_is_tried_where_a_message_was_refused_is_plain_and_names_each_job() {
        let all = alerts_of_each_kind();
        let many: Vec<_> = (0..40)
            .map(|number| Alert {
                job: format!("job-{number:02}"),
                mention: None,
                ..all[0].clone()
            })
            .collect();
        let mut short = as_read(&payload::short_of_all(&many, Dialect::Slack));
        short["channel"] = "#ops".into();
        short["parse"] = "none".into();
        assert_eq!(
            strict::refuse("chat.postMessage", &short.to_string(), &[]),
            None
        );
        for number in 0..40 {
            assert!(
                short["text"]
                    .as_str()
                    .unwrap()
                    .contains(&format!("job-{number:02}"))
            );
        }
    }

    proptest! {
        #![proptest_config(few_cases())]
        /// Issue 16, point 4.
        #[test]
        fn any_text_is_taken(text in crate::testing::wild_text(), number in 1_usize..14) {
            let mut alert = with_text(alert_of(Kind::StillFailing), &text);
            alert.mention = None;
            let alerts = vec![alert; number];
            for message in [
                payload::full(&alerts, Dialect::Slack),
                payload::short_of_all(&alerts, Dialect::Slack),
            ] {
                let mut message = as_read(&message);
                message["channel"] = "#ops".into();
                message["parse"] = "none".into();
                prop_assert_eq!(strict::refuse("chat.postMessage", &message.to_string(), &[]), None);
            }
        }
    }
}
