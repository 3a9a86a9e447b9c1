//! The silence of an error, or of runs that are overdue: begun, and ended before its time.

use super::{Desk, Marked, Refused, with_reason, without_secrets};
use crate::format::time::{self, Time, to_micros};
use crate::message::alert::Kind;
use crate::monitor::view;
use crate::os::clock;
use crate::status::error_count::ErrorCount;
use crate::status::{LINE, OVERDUE, Silence, State, Status};

/// What stands for the error of a job that works, and takes too long.
const OVERDUE_WORDS: &str = "its runs are overdue";

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
    ) -> Result<Marked, Refused> {
        let because = without_secrets(because);
        let note = format!("silenced by {} until {} UTC", self.by, time::minute(until));
        let note = with_reason(note, because.as_deref());
        let focus = |shown: &mut Status| shown.acknowledged = None;
        self.mark(job, channel, note, focus, |status, _| {
            let error = view::fingerprint(status).filter(|_| status.state == State::Error);
            let (kind, words) = match &error {
                Some(_) => (Kind::StillFailing, status.headline(LINE)),
                None if status.overdue.is_some() => (Kind::Overdue, OVERDUE_WORDS.to_owned()),
                None => return Err(Refused::IsOk(job.to_owned())),
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
            Ok((silenced, kind, words))
        })
    }

    /// Ends the silence of a job's error, and returns until when it would have lasted.
    ///
    /// # Errors
    ///
    /// Where the job is not there or not silenced, or its status cannot be written.
    pub fn unsilence(&self, job: &str) -> Result<Time, Refused> {
        let taken = self.take_back(job, |status| {
            let silence = status.silence.take();
            silence.filter(|silence| silence.until > clock::now())
        })?;
        let until = taken.map(|silence| silence.until);
        until.ok_or_else(|| Refused::NotSilenced(job.to_owned()))
    }
}
