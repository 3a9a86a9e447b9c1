//! A job that is no more: its status file goes, and people hear that this is over.

use chrono::Utc;

use super::announce::{self, Told};
use super::{Desk, Refused};
use crate::format::time::{self, Time, to_micros};
use crate::message::alert::Kind;
use crate::monitor::view;
use crate::rules::Past;
use crate::state::change::Change;
use crate::status::{LINE, State, Status};

/// What was forgotten.
#[derive(Debug)]
#[expect(missing_docs, reason = "as they say")]
pub struct Forgotten {
    pub job: String,
    /// `None` where the status file could not be understood.
    pub state: Option<State>,
    pub since: Option<Time>,
    pub runs: u64,
    pub error: String,
    pub told: Told,
}

impl Desk {
    /// Removes a job's status file; where it failed, the channel is told that this is over, unless
    /// nobody is to be told.
    ///
    /// # Errors
    ///
    /// Where the job is not there, or its file cannot be removed.
    pub fn forget(
        &self,
        job: &str,
        channel: Option<&str>,
        is_quiet: bool,
    ) -> Result<Forgotten, Refused> {
        let file = self.file_of(job)?;
        let channel = self.channel_of(&file, channel);
        let mut locked = self.lock(&file)?;
        let past = locked.read();
        let shown = view::shown_name(&file);
        let Some(status) = past.status() else {
            if past == Past::Missing {
                return Err(self.no_job(job));
            }
            locked.remove()?;
            return Ok(Forgotten {
                job: shown,
                state: None,
                since: None,
                runs: 0,
                error: String::new(),
                told: Told::Nobody,
            });
        };
        let error = status.headline(LINE);
        // Of a failure that was held back nobody knows.
        let is_known = status.held.is_none() || status.alerted.is_some();
        let is_told = status.state == State::Error && is_known && !is_quiet;
        let (routes, notes) = if is_told {
            let since = time::span(time::between(status.since, Utc::now()));
            let by = &self.by;
            let note = format!("retired by {by}: it had failed for {since}, at last: {error}");
            announce::way(&channel, note)
        } else {
            (None, Vec::new())
        };
        let alert = routes.as_ref().map(|routes| {
            let over = over(status, to_micros(Utc::now()));
            let mut alert =
                announce::new_alert(Kind::Recovered, shown.clone(), routes, notes, over);
            alert.incident.clone_from(&status.incident);
            alert
        });
        let held = status.held.as_ref().map(|held| held.alerts.clone());
        // The alert first: a crash between the two tells it twice rather than never.
        let change = Change {
            file: file.clone(),
            queues: announce::queues_of(routes.as_deref()),
            withdrawn: held.unwrap_or_default(),
            alert,
            ..Change::default()
        };
        let written = locked.change(&change);
        locked.remove()?;
        drop(locked);
        Ok(Forgotten {
            job: shown,
            state: Some(status.state),
            since: Some(status.since),
            runs: status.runs,
            error,
            told: if is_told {
                announce::send(&channel, routes.as_deref(), change.alert, &written.queued)
            } else {
                Told::Nobody
            },
        })
    }
}

/// The status of a job that failed and is no more.
pub(super) fn over(status: &Status, now: Time) -> Status {
    Status {
        location: status.location.clone(),
        host: status.host.clone(),
        pid: status.pid,
        exe: status.exe.clone(),
        source: status.source.clone(),
        version: status.version.clone(),
        ok_version: status.version.clone(),
        every_hours: status.every_hours,
        channel: status.channel.clone(),
        ..Status::new(State::Ok, now)
    }
}
