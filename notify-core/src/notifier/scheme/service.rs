//! A service by the word that names it, or by the file in which the word stands.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{FILE, Signing, direct};
use crate::error::Error;
use crate::format::debug::debug_by_name;
use crate::message::alert::Alert;
use crate::notifier::{FollowUps, Hidden, Notifier, Ours, Refusal};
use crate::os::file;

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
pub struct Service(Place);

/// Where the word stands.
#[derive(Clone)]
enum Place {
    /// What it names is made.
    Here(Arc<dyn Notifier>),
    /// In a file, which is read at each send.
    File(PathBuf, Signing),
}

impl Service {
    /// Reads a word, or `file:/path` of a file that holds it and is read at each send.
    ///
    /// # Errors
    ///
    /// [`Error::Destination`] where it cannot be used. The error shows the right form, and nothing of
    /// the word.
    pub fn new(word: &str) -> Result<Self, Error> {
        Self::read(word.trim(), &Ok(None)).map_err(|problem| Error::Destination { problem })
    }

    /// Reads a word. The error says what is wrong, and the right form.
    pub(super) fn read(word: &str, signing: &Signing) -> Result<Self, String> {
        let place = match word.strip_prefix("file:") {
            Some(path) if Path::new(path).is_absolute() => {
                Place::File(path.into(), signing.clone())
            }
            Some(_) => return Err(format!("`file:` takes an absolute path; write {FILE}")),
            None => Place::Here(direct(word, signing)?),
        };
        Ok(Self(place))
    }

    fn find(&self) -> Result<Arc<dyn Notifier>, String> {
        let (path, signing) = match &self.0 {
            Place::Here(notifier) => return Ok(notifier.clone()),
            Place::File(path, signing) => (path, signing),
        };
        let content = file::read_setting(path)?;
        let mut words = content.split_whitespace();
        match (words.next(), words.next()) {
            (Some(word), None) => {
                direct(word, signing).map_err(|problem| format!("in its `file:`, {problem}"))
            }
            (None, _) => Err("its `file:` is empty".to_owned()),
            _ => Err("its `file:` holds more than one word: name a file for each".to_owned()),
        }
    }

    fn open(&self) -> Result<Arc<dyn Notifier>, Refusal> {
        self.find().map_err(Refusal::channel)
    }
}

debug_by_name!(Service);

impl Notifier for Service {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        self.open()?.notify(alerts, timeout)
    }

    fn most(&self) -> usize {
        // Where it cannot be read, it names none.
        self.find().map_or(1, |notifier| notifier.most())
    }

    fn follow_ups(&self) -> FollowUps {
        self.find()
            .map(|notifier| notifier.follow_ups())
            .unwrap_or_default()
    }

    fn post(&self, alerts: &[Alert], timeout: Duration) -> Result<Option<String>, Refusal> {
        self.open()?.post(alerts, timeout)
    }

    fn edit(&self, handle: &str, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        self.open()?.edit(handle, alerts, timeout)
    }

    fn reply(
        &self,
        handle: &str,
        alerts: &[Alert],
        is_loud: bool,
        timeout: Duration,
    ) -> Result<(), Refusal> {
        self.open()?.reply(handle, alerts, is_loud, timeout)
    }

    fn pause(&self, ours: Ours) -> Duration {
        self.find()
            .map_or(Duration::from_secs(1), |notifier| notifier.pause(ours))
    }

    fn counted_edits(&self, ours: Ours) -> Option<String> {
        self.find().ok()?.counted_edits(ours)
    }

    fn hidden(&self, ours: Ours) -> Vec<Hidden> {
        self.find()
            .map(|notifier| notifier.hidden(ours))
            .unwrap_or_default()
    }

    fn identity(&self) -> String {
        match &self.0 {
            Place::Here(notifier) => notifier.identity(),
            Place::File(path, _) => format!("file:{}", path.display()),
        }
    }
}
