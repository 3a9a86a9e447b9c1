//! Slack's incoming webhooks, and those of Mattermost and Rocket.Chat, which take the same payload.

use std::time::Duration;

use serde_json::json;

use super::{Notifier, Refusal, http};
use crate::alert::Alert;
use crate::destination::Destination;
use crate::digest;
use crate::error::Error;
use crate::text;

/// The longest text, counted after escaping.
const LIMIT: usize = 3_900;

/// The length of the text that is tried when Slack has refused the first.
const SHORT: usize = 500;

/// Posts to a Slack incoming webhook.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Config, Slack};
///
/// # fn main() -> Result<(), pipeline_notify::Error> {
/// let slack = Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?;
/// let config = Config::new().channel("data-alerts", slack);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Slack {
    destination: Destination,
}

impl Slack {
    /// Takes the webhook's URL, or `file:/path` of a file that holds it and is read at each send.
    ///
    /// # Errors
    ///
    /// [`Error::Webhook`] where it is no `https` URL. The error does not show it.
    pub fn new(webhook: &str) -> Result<Self, Error> {
        let destination = Destination::parse(webhook).map_err(|problem| Error::Webhook {
            channel: "slack".to_owned(),
            problem,
        })?;
        Ok(Self::to(destination))
    }

    pub(crate) fn to(destination: Destination) -> Self {
        Self { destination }
    }
}

impl Notifier for Slack {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let url = self
            .destination
            .url()
            .map_err(|reason| Refusal::Channel { reason })?;
        let post = |text: &str| http::post(&url, &json!({ "text": text }).to_string(), timeout);
        let text = digest::message(alerts);
        match post(&escape_and_cut(&text, LIMIT))? {
            Ok(()) => Ok(()),
            Err(answer) if answer.status == 400 && answer.body.contains("invalid_token") => {
                Err(Refusal::Channel {
                    reason: "answered 400 invalid_token".to_owned(),
                })
            }
            // The payload was refused: a short one says at least what happened, but would not name each
            // of several.
            Err(answer) if answer.status == 400 && alerts.len() == 1 => {
                post(&escape_and_cut(&text, SHORT))?.map_err(http::Answer::refusal)
            }
            Err(answer) => Err(answer.refusal()),
        }
    }

    fn identity(&self) -> String {
        self.destination.identity()
    }
}

/// Escapes the three characters that Slack gives a meaning (`<!channel>` calls everybody), and cuts
/// in the middle so that the escaped text is within the limit.
/// <https://docs.slack.dev/messaging/formatting-message-text/>
fn escape_and_cut(text: &str, limit: usize) -> String {
    let mut room = limit;
    loop {
        let cut = text::cut(text, room);
        let escaped = cut
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let length = escaped.chars().count();
        if length <= limit {
            return escaped;
        }
        // In proportion to how much the escapes have added, and always less than before.
        room = (room * limit / length).min(room - 1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_call_a_channel_is_escaped() {
        assert_eq!(
            escape_and_cut("<!channel> & <@U1|x>", LIMIT),
            "&lt;!channel&gt; &amp; &lt;@U1|x&gt;"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_within_the_limit_and_calls_nobody(text in "(\\PC|[<>&\n]){0,9000}") {
            let sent = escape_and_cut(&text, LIMIT);
            prop_assert!(sent.chars().count() <= LIMIT);
            prop_assert!(!sent.contains(['<', '>']));
            prop_assert!(sent.starts_with(&escape_and_cut(text::first_bytes(&text, 100), LIMIT)));
        }
    }
}
