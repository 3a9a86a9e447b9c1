//! The alerts that are held back for a destination until their time comes.

use std::fs;
use std::io;
use std::time::Duration;

use super::{LIMIT, Queue};
use crate::format::time::Time;
use crate::message::alert::Alert;
use crate::os::file;
use crate::os::lock::Lock;
use crate::state::entry::Entry;
use crate::state::local::silences::Silences;
use crate::state::local::spool::{names, time_of};

impl Queue {
    /// Keeps an alert back, durably; it leaves when its file's name says so, unless it is withdrawn.
    pub(crate) fn hold(&self, content: &str, name: &str) -> io::Result<()> {
        self.place(&self.held, name, content)
    }

    /// Has a held alert, which `lock` keeps from leaving, name its job otherwise.
    pub(crate) fn rename_held(&self, name: &str, lock: &Lock, job: &str) -> io::Result<()> {
        let alert = Alert::parse(&file::read_open(lock.file(), LIMIT)?);
        let renamed = alert.map(|alert| Alert {
            job: job.to_owned(),
            ..alert
        });
        renamed.map_or(Ok(()), |alert| self.hold(&alert.render(), name))
    }

    pub(crate) fn release_to(&self, now: Time, left: &mut Vec<Entry>) -> io::Result<Option<Time>> {
        let mut next = None;
        let mut later = |until: Time| next = Some(next.map_or(until, |next: Time| next.min(until)));
        let mut silences = None;
        for name in names(&self.held) {
            let Some(until) = time_of(&name) else {
                continue;
            };
            if until > now {
                later(until);
                continue;
            }
            let path = self.held.join(&name);
            // A run that ends now decides by it whether it was sent.
            let Some(lock) = Lock::acquire_existing(&path, Duration::ZERO)? else {
                continue;
            };
            if !path.exists() {
                continue;
            }
            let content = file::read_open(lock.file(), LIMIT)?;
            let alert = Alert::parse(&content);
            let silences = silences.get_or_insert_with(|| Silences::around(&self.held));
            let quiet = alert
                .as_ref()
                .and_then(|alert| silences.quiet(&alert.job, self.user, now));
            if let Some(quiet) = quiet {
                later(quiet.until);
                continue;
            }
            // What cannot be read is for the sender to put aside, and to warn of.
            let Some(entry) = Entry::of_held(&name, alert.as_ref()) else {
                continue;
            };
            self.make(&self.folder)?;
            fs::rename(&path, self.path(&entry))?;
            left.push(entry);
        }
        Ok(next)
    }

    pub(crate) fn has_held(&self) -> bool {
        !names(&self.held).is_empty()
    }
}
