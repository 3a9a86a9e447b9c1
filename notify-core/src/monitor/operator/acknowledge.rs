//! That somebody is at a failure: said, and taken back.

use super::announce::{self, Announcement};
use super::{Desk, Refused, without_secrets};
use crate::format::time::{self, Time, to_micros};
use crate::message::alert::Kind;
use crate::monitor::view;
use crate::os::clock;
use crate::state::change::Change;
use crate::status::{Acknowledged, LINE, State, Status};

/// What somebody is at.
#[derive(Debug)]
#[expect(missing_docs, reason = "as they say")]
pub struct Taken {
    pub job: String,
    pub error: String,
    pub announcement: Announcement,
}

impl Desk {
    /// Says that somebody is at the error with which a job fails, until then or while it lasts, and
    /// sends a message to the channel.
    ///
    /// # Errors
    ///
    /// Where the job is not there, or works, or its status cannot be written.
    pub fn acknowledge(
        &self,
        job: &str,
        until: Option<Time>,
        because: Option<&str>,
        channel: Option<&str>,
    ) -> Result<Taken, Refused> {
        let file = self.file_of(job)?;
        let until = until.map(to_micros);
        let until_words = until.map_or_else(String::new, |until| {
            format!(" until {} UTC", time::minute(until))
        });
        let because = without_secrets(because);
        let because_words = because
            .as_ref()
            .map_or_else(String::new, |because| format!(": {because}"));
        let note = format!("acknowledged by {}{until_words}{because_words}", self.by);
        let channel = self.channel_of(&file, channel);
        let way = announce::way(&channel, note);
        let is_heard = way.0.is_some();
        let focus: fn(&mut Status) = |shown| shown.silence = None;
        let mut headline = String::new();
        let announcement = self.change_and_announce(&file, &channel, way, focus, |past| {
            let status = self.known(past, job)?;
            let error = view::fingerprint(status).filter(|_| status.state == State::Error);
            let Some(error) = error else {
                return Err(Refused::NothingToAcknowledge(job.to_owned()));
            };
            headline = status.headline(LINE);
            let acknowledged = Status {
                acknowledged: Some(Acknowledged {
                    error: error.clone(),
                    by: self.by.clone(),
                    until,
                    because: because.clone(),
                }),
                // Where nobody had heard of it, somebody has by now.
                alerted: is_heard.then(clock::now).or(status.alerted),
                fingerprint: Some(error),
                ..status.clone()
            };
            Ok((acknowledged, Kind::StillFailing))
        })?;
        Ok(Taken {
            job: view::shown_name(&file),
            error: headline,
            announcement,
        })
    }

    /// Takes back that somebody is at it, and returns who was.
    ///
    /// # Errors
    ///
    /// Where the job is not there or not acknowledged, or its status cannot be written.
    pub fn unacknowledge(&self, job: &str) -> Result<String, Refused> {
        let file = self.file_of(job)?;
        let mut by = None;
        self.change(&file, |past| {
            let status = self.known(past, job)?;
            let acknowledged = status.acknowledged.as_ref();
            let acknowledged = acknowledged.filter(|one| one.lasts(clock::now()));
            by = acknowledged.map(|one| one.by.clone());
            Ok(Change {
                noted: by.as_ref().map(|_| Status {
                    acknowledged: None,
                    ..status.clone()
                }),
                ..Change::default()
            })
        })?;
        by.ok_or_else(|| Refused::NotAcknowledged(job.to_owned()))
    }
}
