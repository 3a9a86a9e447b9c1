//! A job that is no more: its status file goes, and people hear that this is over.

use super::announce::{self, Announcement};
use super::{Desk, Refused};
use crate::format::time::{self, Time};
use crate::message::alert::Kind;
use crate::monitor::view;
use crate::os::clock;
use crate::rules::Past;
use crate::state::JobKey;
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
    pub announcement: Announcement,
}

impl Forgotten {
    /// A job of which nothing else is known.
    fn new(job: String) -> Self {
        Self {
            job,
            state: None,
            since: None,
            runs: 0,
            error: String::new(),
            announcement: Announcement::Nobody,
        }
    }
}

impl Desk {
    /// Removes a job's status file; where it failed, a message to the channel says that this is over, unless
    /// none is to be sent.
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
        let shown = view::shown_name(&file);
        let mut forgotten = Forgotten::new(shown.clone());
        let is_known = |status: &Status| {
            // As with its recovery: of a failure that was withheld nobody knows, and of another job's alert that
            // one sends the end.
            let is_known = !status.is_unheard() && status.alerted_by.is_none();
            status.state == State::Error && is_known && !is_quiet
        };
        let past = self.store()?.read(&JobKey::listed(&file));
        // What is held back may leave as the job is locked.
        let may_be = |status: &&Status| is_known(status) || status.held.is_some() && !is_quiet;
        let (routes, notes) = match past.status().filter(may_be) {
            // Asked before the job is locked, for it may warn.
            Some(status) => announce::way(&channel, self.note(status)),
            None => (None, Vec::new()),
        };
        let mut is_sent = false;
        let committed = self.change(&file, |past| {
            let removal = Change {
                removes: true,
                ..Change::default()
            };
            let Some(status) = past.status() else {
                return match past {
                    Past::Missing => Err(self.no_job(job)),
                    _ => Ok(removal),
                };
            };
            is_sent = is_known(status);
            let routes = routes.as_deref().filter(|_| is_sent);
            let alert = routes.map(|routes| {
                let over = over(status, clock::now());
                let (kind, shown) = (Kind::Recovered, shown.clone());
                let mut alert = announce::new_alert(kind, shown, routes, notes.clone(), over);
                alert.incident.clone_from(&status.incident);
                alert
            });
            (forgotten.state, forgotten.since) = (Some(status.state), Some(status.since));
            (forgotten.runs, forgotten.error) = (status.runs, status.headline(LINE));
            let held = status.held.as_ref().map(|held| held.alerts.clone());
            // The alert first: a crash between the two sends it twice rather than never.
            Ok(Change {
                queues: announce::queues_of(routes),
                withdrawn: held.unwrap_or_default(),
                alert,
                ..removal
            })
        })?;
        if is_sent {
            forgotten.announcement = announce::send(&channel, routes.as_deref(), committed);
        }
        Ok(forgotten)
    }

    /// Says that a job that failed is no more.
    fn note(&self, status: &Status) -> String {
        let since = time::span(time::between(status.since, clock::now()));
        let (by, error) = (&self.by, status.headline(LINE));
        format!("forgotten by {by} after failing for {since}; last error: {error}")
    }
}

/// The status of a job that failed and is no more.
fn over(status: &Status, now: Time) -> Status {
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
        // No run has worked.
        runs: 0,
        ..Status::new(State::Ok, now)
    }
}
