//! That somebody is at a failure: said, and taken back.

use super::{Desk, Marked, Refused, with_reason, without_secrets};
use crate::format::time::{self, Time, to_micros};
use crate::message::alert::Kind;
use crate::monitor::view;
use crate::os::clock;
use crate::status::{Acknowledged, LINE, State, Status};

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
    ) -> Result<Marked, Refused> {
        let until = until.map(to_micros);
        let because = without_secrets(because);
        let mut note = format!("acknowledged by {}", self.by);
        if let Some(until) = until {
            note += &format!(" until {} UTC", time::minute(until));
        }
        let note = with_reason(note, because.as_deref());
        let focus = |shown: &mut Status| shown.silence = None;
        self.mark(job, channel, note, focus, |status, is_heard| {
            let error = view::fingerprint(status).filter(|_| status.state == State::Error);
            let Some(error) = error else {
                return Err(Refused::NothingToAcknowledge(job.to_owned()));
            };
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
            Ok((acknowledged, Kind::StillFailing, status.headline(LINE)))
        })
    }

    /// Takes back that somebody is at it, and returns who was.
    ///
    /// # Errors
    ///
    /// Where the job is not there or not acknowledged, or its status cannot be written.
    pub fn unacknowledge(&self, job: &str) -> Result<String, Refused> {
        let taken = self.take_back(job, |status| {
            let acknowledged = status.acknowledged.take();
            acknowledged.filter(|one| one.lasts(clock::now()))
        })?;
        let by = taken.map(|acknowledged| acknowledged.by);
        by.ok_or_else(|| Refused::NotAcknowledged(job.to_owned()))
    }
}
