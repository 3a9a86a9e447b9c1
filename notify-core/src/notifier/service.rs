//! A service by the word that names it.

use std::sync::Arc;
use std::time::Duration;

use super::{FollowUps, Hidden, Notifier, Ours, Refusal, scheme};
use crate::error::Error;
use crate::format::debug::debug_by_name;
use crate::message::alert::Alert;

/// Takes alerts to whatever a word names: one of those that `NOTIFY_<CHANNEL>_URL` may hold, which
/// [`Config::channel`](crate::Config::channel) lists, such as `ntfys://topic` or
/// `sendmail:///usr/sbin/sendmail?to=anna@example.com`.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Config, Service};
///
/// # fn main() -> Result<(), pipeline_notify::Error> {
/// let mail = Service::new("sendmail:///usr/sbin/sendmail?to=anna@example.com")?;
/// let config = Config::new().channel("data-alerts", mail);
/// let error = Service::new("gchat://s3cr3t").unwrap_err().to_string();
/// assert!(error.contains("gchat://Space/Key/Token") && !error.contains("s3cr3t"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Service(Arc<dyn Notifier>);

impl Service {
    /// Reads a word, or `file:/path` of a file that holds it and is read at each send.
    ///
    /// # Errors
    ///
    /// [`Error::Destination`] where it cannot be used. The error shows the right form, and nothing of
    /// the word.
    pub fn new(word: &str) -> Result<Self, Error> {
        let notifier = scheme::notifier(word.trim(), &Ok(None));
        notifier
            .map(Self)
            .map_err(|problem| Error::Destination { problem })
    }
}

debug_by_name!(Service);

impl Notifier for Service {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        self.0.notify(alerts, timeout)
    }

    fn most(&self) -> usize {
        self.0.most()
    }

    fn follow_ups(&self) -> FollowUps {
        self.0.follow_ups()
    }

    fn post(&self, alerts: &[Alert], timeout: Duration) -> Result<Option<String>, Refusal> {
        self.0.post(alerts, timeout)
    }

    fn edit(&self, handle: &str, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        self.0.edit(handle, alerts, timeout)
    }

    fn reply(
        &self,
        handle: &str,
        alerts: &[Alert],
        is_loud: bool,
        timeout: Duration,
    ) -> Result<(), Refusal> {
        self.0.reply(handle, alerts, is_loud, timeout)
    }

    fn pause(&self, ours: Ours) -> Duration {
        self.0.pause(ours)
    }

    fn counted_edits(&self, ours: Ours) -> Option<String> {
        self.0.counted_edits(ours)
    }

    fn hidden(&self, ours: Ours) -> Vec<Hidden> {
        self.0.hidden(ours)
    }

    fn identity(&self) -> String {
        self.0.identity()
    }
}
