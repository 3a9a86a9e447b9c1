//! What a status file says, known by heart.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::format::time;
use crate::status::Status;

/// Longer ones are read each time.
pub(super) const LONGEST: usize = 1024;

/// What a status file says that this process has written or read, so that it need not be taken apart
/// again.
#[derive(Debug)]
pub(crate) struct Known {
    content: String,
    /// Lent to whoever decides by it, for a copy costs more than the decision.
    status: Mutex<Option<Box<Status>>>,
    runs: u64,
    /// Where the time stands.
    time: Range<usize>,
}

impl Known {
    /// Remembers a status that was written; `None` where it is too long.
    pub(crate) fn new(status: Status, content: String) -> Option<Self> {
        let start = status.state.as_str().len() + 1;
        let is_short = content.len() <= LONGEST;
        is_short.then(|| Self {
            time: start..(start + time::WIDTH).min(content.len()),
            content,
            runs: status.runs,
            status: Mutex::new(Some(Box::new(status))),
        })
    }

    /// Remembers what others have written, and lends it at once; `None` where it is too long, or the time
    /// is not where this library writes it.
    pub(super) fn learn(content: &[u8]) -> Option<(Self, Status)> {
        let content = std::str::from_utf8(content).ok()?.to_owned();
        let known = Self::new(Status::parse(&content)?, content)?;
        let status = *known.lent().take()?;
        let time = known.content.get(known.time.clone())?;
        (time::parse(time) == Some(status.begun)).then_some((known, status))
    }

    /// Reads a file that says the same but for its time; `None` where it says anything else, or the
    /// status is lent.
    pub(super) fn read(&self, content: &[u8]) -> Option<Box<Status>> {
        let time = self.time.clone();
        let own = self.content.as_bytes();
        let is_same = content.len() == own.len()
            && content[..time.start] == own[..time.start]
            && content[time.end..] == own[time.end..];
        let time = std::str::from_utf8(content.get(time)?).ok()?;
        let begun = time::parse(time).filter(|_| is_same)?;
        let mut status = self.lent().take()?;
        (status.begun, status.runs) = (begun, self.runs);
        Some(status)
    }

    pub(super) fn lent(&self) -> MutexGuard<'_, Option<Box<Status>>> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
