//! What a person does to the jobs of a notify directory.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use super::transaction::Locked;
use super::{Directory, lease_scan, slot};
use crate::job::name;
use crate::os::file::{self, Links};
use crate::rules::Past;
use crate::state::Renamed;

/// The largest list of missed runs that is read.
const MAX_LIST_BYTES: u64 = 16 * 1024 * 1024;

impl Directory {
    pub(crate) fn unwatched_runs(&self) -> BTreeSet<String> {
        lease_scan::unlocked(&self.running)
    }

    pub(crate) fn missed_before(&self) -> String {
        let list = file::read(&self.hidden.join("missed"), MAX_LIST_BYTES, Links::Refuse);
        list.ok().flatten().unwrap_or_default()
    }

    /// Gives a job another name, and its history with it.
    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<Renamed> {
        let (mut locked, mut other) = self.lock_both(from, to)?;
        if locked.is_passed_by() || other.as_ref().is_some_and(Locked::is_passed_by) {
            return Ok(Renamed::Busy);
        }
        let status = match locked.read() {
            Past::Known(status) => status,
            Past::Missing => return Ok(Renamed::Missing),
            Past::Unreadable | Past::Unknown => return Ok(Renamed::Unreadable),
        };
        let (old, new) = (self.path.join(from), self.path.join(to));
        if fs::symlink_metadata(&new).is_ok() {
            return Ok(Renamed::Exists);
        }
        if locked.pending.is_some() {
            return Err(io::Error::other("its status file cannot be written"));
        }
        for locked in [Some(&mut locked), other.as_mut()].into_iter().flatten() {
            locked.renew_id();
        }
        // Before, for once it is done nobody would do it anew.
        let job = |file: &str| name::job_name(file).unwrap_or_else(|| file.to_owned());
        for held in status.held.iter().flat_map(|held| &held.alerts) {
            self.outbox.rename_held(held, &job(to))?;
        }
        self.outbox.rename_waiting(&job(from), &job(to))?;
        fs::rename(old, new)?;
        self.history.rename(from, to)?;
        Ok(Renamed::Yes)
    }

    /// Locks two status files, in the order that all keep to; no second lock where one is for both.
    fn lock_both<'a>(
        &'a self,
        one: &'a str,
        other: &'a str,
    ) -> io::Result<(Locked<'a>, Option<Locked<'a>>)> {
        match slot(one).cmp(&slot(other)) {
            std::cmp::Ordering::Equal => Ok((self.lock(one)?, None)),
            std::cmp::Ordering::Less => {
                let one = self.lock(one)?;
                Ok((one, Some(self.lock(other)?)))
            }
            std::cmp::Ordering::Greater => {
                let other = self.lock(other)?;
                Ok((self.lock(one)?, Some(other)))
            }
        }
    }
}
