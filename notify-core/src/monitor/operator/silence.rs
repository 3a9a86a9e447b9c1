//! The silence of an error, or of runs that are overdue: begun, and ended before its time.

use super::announce::{self, Announcement};
use super::{Desk, Refused, without_secrets};
use crate::format::time::{self, Time, to_micros};
use crate::message::alert::Kind;
use crate::monitor::view;
use crate::os::clock;
use crate::state::change::Change;
use crate::status::error_count::ErrorCount;
use crate::status::{LINE, OVERDUE, Silence, State, Status};

/// What stands for the error of a job that works, and takes too long.
const OVERDUE_WORDS: &str = "its runs are overdue";

/// What was silenced.
#[derive(Debug)]
#[expect(missing_docs, reason = "as they say")]
pub struct Silenced {
    pub job: String,
    pub error: String,
    pub announcement: Announcement,
}

impl Desk {
    /// Silences the error with which a job fails, or that its runs are overdue where it works, until
    /// then, and sends a message to the channel.
    ///
    /// # Errors
    ///
    /// Where the job is not there, or works in time, or its status cannot be written.
    pub fn silence(
        &self,
        job: &str,
        until: Time,
        because: Option<&str>,
        channel: Option<&str>,
    ) -> Result<Silenced, Refused> {
        let file = self.file_of(job)?;
        let because = without_secrets(because);
        let because_words = because
            .as_ref()
            .map_or_else(String::new, |because| format!(": {because}"));
        let by = &self.by;
        let note = format!(
            "silenced by {by} until {} UTC{because_words}",
            time::minute(until)
        );
        let channel = self.channel_of(&file, channel);
        let way = announce::way(&channel, note);
        let focus: fn(&mut Status) = |shown| shown.acknowledged = None;
        let mut first = String::new();
        let announcement = self.change_and_announce(&file, &channel, way, focus, |past| {
            let status = self.known(past, job)?;
            let error = view::fingerprint(status).filter(|_| status.state == State::Error);
            let kind = match &error {
                Some(_) => Kind::StillFailing,
                None if status.overdue.is_some() => Kind::Overdue,
                None => return Err(Refused::IsOk(job.to_owned())),
            };
            first = match kind {
                Kind::Overdue => OVERDUE_WORDS.to_owned(),
                _ => status.headline(LINE),
            };
            let silenced = Status {
                silence: Some(Silence {
                    until: to_micros(until),
                    error: error.clone().unwrap_or_else(|| OVERDUE.to_owned()),
                    because: because.clone(),
                }),
                fingerprint: error,
                other_errors: ErrorCount::default(),
                ..status.clone()
            };
            Ok((silenced, kind))
        })?;
        Ok(Silenced {
            job: view::shown_name(&file),
            error: first,
            announcement,
        })
    }

    /// Ends the silence of a job's error, and returns until when it would have lasted.
    ///
    /// # Errors
    ///
    /// Where the job is not there or not silenced, or its status cannot be written.
    pub fn unsilence(&self, job: &str) -> Result<Time, Refused> {
        let file = self.file_of(job)?;
        let mut until = None;
        self.change(&file, |past| {
            let status = self.known(past, job)?;
            let silence = status.silence.as_ref();
            let silence = silence.filter(|silence| silence.until > clock::now());
            until = silence.map(|silence| silence.until);
            Ok(Change {
                noted: until.map(|_| Status {
                    silence: None,
                    ..status.clone()
                }),
                ..Change::default()
            })
        })?;
        until.ok_or_else(|| Refused::NotSilenced(job.to_owned()))
    }
}
