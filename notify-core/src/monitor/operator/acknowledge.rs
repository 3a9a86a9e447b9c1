//! That somebody is at a failure: said, and taken back.

use chrono::Utc;

use super::announce::{self, Told};
use super::{Desk, Refused};
use crate::format::time::{self, Time, to_micros};
use crate::message::alert::Kind;
use crate::monitor::view;
use crate::status::{Acknowledged, LINE, State, Status};

/// What somebody is at.
#[derive(Debug)]
#[expect(missing_docs, reason = "as they say")]
pub struct Taken {
    pub job: String,
    pub error: String,
    pub told: Told,
}

impl Desk {
    /// Says that somebody is at the error with which a job fails, until then or while it lasts, and
    /// tells the channel.
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
        let until_words =
            until.map_or_else(String::new, |until| format!(" until {}", time::show(until)));
        let because_words = because.map_or_else(String::new, |because| format!(": {because}"));
        let note = format!("acknowledged by {}{until_words}{because_words}", self.by);
        let channel = self.channel_of(&file, channel);
        let way = announce::way(&channel, note);
        let locked = self.lock(&file)?;
        let status = self.known(&locked, job)?;
        let error = view::fingerprint(&status).filter(|_| status.state == State::Error);
        let Some(error) = error else {
            return Err(Refused::NothingToAcknowledge(job.to_owned()));
        };
        let status = Status {
            acknowledged: Some(Acknowledged {
                error: error.clone(),
                by: self.by.clone(),
                until,
                because: because.map(str::to_owned),
            }),
            // Where nobody had heard of it, somebody has by now.
            alerted: way
                .0
                .as_ref()
                .map(|_| to_micros(Utc::now()))
                .or(status.alerted),
            fingerprint: Some(error),
            ..status
        };
        let headline = status.headline(LINE);
        let told = self.write_and_tell(locked, &file, status, Kind::StillFailing, &channel, way)?;
        Ok(Taken {
            job: view::shown_name(&file),
            error: headline,
            told,
        })
    }

    /// Takes back that somebody is at it, and returns who was.
    ///
    /// # Errors
    ///
    /// Where the job is not there or not acknowledged, or its status cannot be written.
    pub fn unacknowledge(&self, job: &str) -> Result<String, Refused> {
        let file = self.file_of(job)?;
        let mut locked = self.lock(&file)?;
        let status = self.known(&locked, job)?;
        let now = Utc::now();
        let acknowledged = status.acknowledged.clone().filter(|one| one.lasts(now));
        let Some(acknowledged) = acknowledged else {
            return Err(Refused::NotAcknowledged(job.to_owned()));
        };
        locked.write(&Status {
            acknowledged: None,
            ..status
        })?;
        Ok(acknowledged.by)
    }
}
