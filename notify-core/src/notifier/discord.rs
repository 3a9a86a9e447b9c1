//! Discord's webhooks.

mod embed;
pub(super) mod word;

use std::time::Duration;

use embed::{edited, further, message, short};

use super::http::{self, Answer, Class, Post, Rule};
use super::service_url::is_number;
use super::{FollowUps, Hidden, Notifier, Ours, Refusal};
use crate::error::Error;
use crate::format::json::Value;
use crate::message::alert::Alert;
use crate::notifier::url::Destination;

/// What Discord answers, where the status alone does not say it.
/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes>
const RULES: [Rule; 2] = [
    // Forums and archived threads take no message of this webhook, whatever it says.
    Rule::new(400, "220001|220002|220003|220004|50083", Class::Channel),
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
        let destination = Destination::parse(webhook).map(Self::to);
        destination.map_err(Error::webhook("discord"))
    }

    pub(crate) fn to(destination: Destination) -> Self {
        Self { destination }
    }

    fn send(
        &self,
        message: &Value,
        alerts: &[Alert],
        timeout: Duration,
    ) -> Result<Answer, Refusal> {
        // Without it Discord says 204 before it knows whether the message is saved.
        let url = self.destination.url()?.asking("wait=true");
        let short = || short(alerts);
        http::send_or_short(timeout, &RULES, message, &short, &|message, left| {
            Ok(Post::json(&url, message).send(left)?.or_no(is_error))
        })
    }

    /// Returns the address of a message, for which the service must say in which server the webhook is.
    fn address_of(&self, sent: &Sent<'_>, timeout: Duration) -> Option<String> {
        let Sent { channel, message } = sent;
        if channel.is_empty() {
            return None;
        }
        let asked = || {
            let url = self.destination.url().ok()?;
            let answer = Post::get(&url).send(timeout).ok()?;
            answer.judge(&RULES).ok()?;
            answer.json()
        };
        let webhook = asked().unwrap_or_default();
        let guild = id(&webhook, "guild_id").unwrap_or("@me");
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
        let answer = self.send(&message(alerts), alerts, timeout)?;
        Ok(answer.json().as_ref().and_then(handle_of))
    }

    fn edit(&self, handle: &str, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let sent = Sent::read(handle)?;
        let url = self.destination.url()?;
        let url = url.below(&format!("messages/{}", sent.message));
        let post = Post::json(&url, &edited(alerts)).by("PATCH");
        let answer = post.send(timeout)?;
        answer.or_no(is_error).judge_by(&RULES_OF_EDITS, &RULES)
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
        self.send(&message, alerts, timeout).map(drop)
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        vec![Hidden::webhook(&self.destination)]
    }

    fn identity(&self) -> String {
        self.destination.identity()
    }
}

/// A message that was sent.
struct Sent<'a> {
    message: &'a str,
    channel: &'a str,
}

impl<'a> Sent<'a> {
    fn read(handle: &'a str) -> Result<Self, Refusal> {
        let (message, channel) = handle.split_once(' ').unwrap_or((handle, ""));
        if is_id(message) {
            Ok(Self { message, channel })
        } else {
            Err(Refusal::unknown_message())
        }
    }
}

/// Returns the handle of the message that an answer speaks of.
fn handle_of(said: &Value) -> Option<String> {
    let channel = id(said, "channel_id").unwrap_or_default();
    Some(format!("{} {channel}", id(said, "id")?))
}

fn id<'a>(said: &'a Value, key: &str) -> Option<&'a str> {
    said.get(key)?.as_str().filter(|id| is_id(id))
}

fn is_id(text: &str) -> bool {
    text.len() <= 20 && is_number(text)
}

/// Distinguishes Discord's form of an error from the message that it answers with: that has an id.
fn is_error(said: &Value) -> bool {
    said.get("code").is_some() && said.get("message").is_some() && said.get("id").is_none()
}

#[cfg(test)]
mod tests;
