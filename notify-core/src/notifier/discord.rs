//! Discord's webhooks.

mod embed;
pub(super) mod word;

use std::time::Duration;

use serde_json::Value;

use ureq::http::Method;

use embed::{edited, further, message, short};

use super::http::{self, Answer, Class, Post, Rule};
use super::{FollowUps, Hidden, Notifier, Ours, Refusal};
use crate::error::Error;
use crate::message::alert::Alert;
use crate::notifier::url::Destination;

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

    fn send(
        &self,
        message: &Value,
        short: &dyn Fn() -> Value,
        timeout: Duration,
    ) -> Result<Answer, Refusal> {
        // Without it Discord says 204 before it knows whether the message is saved.
        let url = self.destination.url()?.asking("wait=true");
        http::answer_or_short(timeout, &RULES, message, short, &|body, left| {
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
            let answer = Post::get(&self.destination.url().ok()?)
                .send(timeout)
                .ok()?;
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
        let answer = self.send(&message(alerts), &|| short(alerts), timeout)?;
        Ok(answer
            .json()
            .and_then(|said| Sent::of(&said))
            .map(Sent::handle))
    }

    fn edit(&self, handle: &str, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let sent = Sent::read(handle)?;
        let url = self
            .destination
            .url()?
            .below(&format!("messages/{}", sent.message));
        let edited = edited(alerts).to_string();
        let answer = Post::json(&url, &edited).by(Method::PATCH).send(timeout)?;
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
        self.send(&message, &|| short(alerts), timeout).map(drop)
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

/// Distinguishes Discord's form of an error from the message that it answers with: that has an id.
fn is_error(said: &Value) -> bool {
    said.get("code").is_some() && said.get("message").is_some() && said.get("id").is_none()
}

#[cfg(test)]
mod tests;
