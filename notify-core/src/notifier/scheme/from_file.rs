//! A destination whose word stands in a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Signing, direct};
use crate::message::alert::Alert;
use crate::notifier::{FollowUps, Hidden, Notifier, Ours, Refusal};
use crate::os::file;

/// A word in a file, which is read at each send.
pub(super) struct FromFile {
    path: PathBuf,
    signing: Signing,
}

impl FromFile {
    pub(super) fn new(path: &Path, signing: &Signing) -> Self {
        Self {
            path: path.to_owned(),
            signing: signing.clone(),
        }
    }

    fn read(&self) -> Result<Arc<dyn Notifier>, String> {
        let content = file::read_setting(&self.path)?;
        let mut words = content.split_whitespace();
        match (words.next(), words.next()) {
            (Some(word), None) => {
                direct(word, &self.signing).map_err(|problem| format!("in its `file:`, {problem}"))
            }
            (None, _) => Err("its `file:` is empty".to_owned()),
            _ => Err("its `file:` holds more than one word: name a file for each".to_owned()),
        }
    }

    fn open(&self) -> Result<Arc<dyn Notifier>, Refusal> {
        self.read().map_err(|reason| Refusal::Channel { reason })
    }
}

impl Notifier for FromFile {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        self.open()?.notify(alerts, timeout)
    }

    fn most(&self) -> usize {
        // Where it cannot be read, it names none.
        self.read().map_or(1, |notifier| notifier.most())
    }

    fn follow_ups(&self) -> FollowUps {
        self.read()
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
        self.read()
            .map_or(Duration::from_secs(1), |notifier| notifier.pause(ours))
    }

    fn counted_edits(&self, ours: Ours) -> Option<String> {
        self.read().ok()?.counted_edits(ours)
    }

    fn hidden(&self, ours: Ours) -> Vec<Hidden> {
        self.read()
            .map(|notifier| notifier.hidden(ours))
            .unwrap_or_default()
    }

    fn identity(&self) -> String {
        format!("file:{}", self.path.display())
    }
}
