//! How many errors of a job were sent within one silence, and how many wait: however bad a text is at
//! being the same twice, people get a handful of messages.

use crate::format::time::{self, Time};

/// The most other errors that are sent within one silence; the rest wait for the reminder.
pub(crate) const LIMIT: u64 = 3;

/// Errors that are remembered, so that the same one is not counted twice.
const REMEMBERED: usize = 32;

/// The errors of one silence.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ErrorCount {
    pub(crate) sent: u64,
    /// Those that nobody was sent.
    pub(crate) waiting: u64,
    /// When the last one was sent.
    pub(crate) last: Option<Time>,
    /// Their fingerprints, the latest last.
    errors: Vec<String>,
}

impl ErrorCount {
    /// Returns whether no other error is sent any more.
    pub(crate) fn is_full(&self) -> bool {
        self.sent >= LIMIT
    }

    pub(crate) fn knows(&self, error: &str) -> bool {
        self.errors.iter().any(|known| known == error)
    }

    pub(crate) fn send(&mut self, error: &str, now: Time) {
        self.sent = self.sent.saturating_add(1);
        self.last = Some(now);
        self.remember(error);
    }

    pub(crate) fn wait(&mut self, error: &str) {
        if !self.knows(error) {
            self.waiting = self.waiting.saturating_add(1);
            self.remember(error);
        }
    }

    fn remember(&mut self, error: &str) {
        self.errors.retain(|known| known != error);
        self.errors.push(error.to_owned());
        if self.errors.len() > REMEMBERED {
            self.errors.remove(0);
        }
    }

    /// Says how many there were, where some were not sent.
    pub(crate) fn words(&self) -> Option<String> {
        let Self { sent, waiting, .. } = self;
        let all = sent.saturating_add(*waiting);
        let errors = if all == 1 { "error" } else { "errors" };
        (*waiting > 0)
            .then(|| format!("{all} other {errors} meanwhile, {waiting} of them not sent"))
    }

    /// Writes it as a line of the status file; `None` where nothing is counted.
    pub(crate) fn render(&self) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        let last = self.last.map(time::show).unwrap_or_default();
        let errors = self.errors.join(" ");
        Some(format!(
            "{} sent, {} not, last {last}: {errors}",
            self.sent, self.waiting
        ))
    }

    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (sent, rest) = line.split_once(" sent, ")?;
        let (waiting, rest) = rest.split_once(" not, last ")?;
        let (last, errors) = rest
            .split_once(": ")
            .or_else(|| Some((rest.strip_suffix(':')?, "")))?;
        Some(Self {
            sent: sent.parse().ok()?,
            waiting: waiting.parse().ok()?,
            last: time::parse(last),
            errors: errors.split_whitespace().map(str::to_owned).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn errors_are_counted_once_and_what_is_written_is_read_back() {
        let noon = DateTime::from_timestamp(1_795_348_800, 0).unwrap();
        let mut count = ErrorCount::default();
        assert_eq!((count.render(), count.words()), (None, None));
        for error in ["0a", "0b", "0c"] {
            assert!(!count.is_full());
            count.send(error, noon);
        }
        assert!(count.is_full() && count.words().is_none());
        for number in 0..100 {
            count.wait(&format!("{number:08x}"));
            count.wait(&format!("{number:08x}"));
        }
        assert_eq!(
            count.words().as_deref(),
            Some("103 other errors meanwhile, 100 of them not sent")
        );
        let line = count.render().unwrap();
        assert!(line.len() < 400, "{line}");
        assert_eq!(ErrorCount::parse(&line), Some(count));
        let only_waiting = ErrorCount {
            waiting: 1,
            ..ErrorCount::default()
        };
        let line = only_waiting.render().unwrap();
        assert_eq!(ErrorCount::parse(line.trim_end()), Some(only_waiting));
        assert_eq!(ErrorCount::parse("nonsense"), None);
        // The file is anybody's, and a sum that is too large panics in a debug build.
        let mut most = ErrorCount {
            sent: u64::MAX,
            waiting: u64::MAX,
            ..ErrorCount::default()
        };
        most.send("0a", noon);
        most.wait("0b");
        assert!(most.words().is_some() && most.is_full());
    }
}
