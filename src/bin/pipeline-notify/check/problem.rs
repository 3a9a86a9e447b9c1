//! What may be wrong, and what a monitor makes of it.

use std::fmt;

/// What a monitor distinguishes, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Alarm {
    Ok,
    Unknown,
    Warning,
    Critical,
}

impl Alarm {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Unknown => "UNKNOWN",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Failed,
    Dead,
    Missed,
    Overdue,
    Schedule,
    Waiting,
    Rejected,
    Silenced,
    Acknowledged,
    Quiet,
    Plan,
    Missing,
    Unreadable,
    NoJobs,
}

impl Kind {
    pub(crate) const ALL: [Self; 14] = [
        Self::Failed,
        Self::Dead,
        Self::Missed,
        Self::Overdue,
        Self::Schedule,
        Self::Waiting,
        Self::Rejected,
        Self::Silenced,
        Self::Acknowledged,
        Self::Quiet,
        Self::Plan,
        Self::Missing,
        Self::Unreadable,
        Self::NoJobs,
    ];

    pub(crate) fn alarm(self) -> Alarm {
        match self {
            Self::Failed | Self::Dead | Self::Missed => Alarm::Critical,
            Self::Overdue
            | Self::Schedule
            | Self::Waiting
            | Self::Rejected
            | Self::Silenced
            | Self::Acknowledged
            | Self::Quiet
            | Self::Plan => Alarm::Warning,
            Self::Missing | Self::Unreadable | Self::NoJobs => Alarm::Unknown,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Missed => "missed",
            Self::Overdue => "overdue",
            Self::Schedule => "schedule",
            Self::Waiting => "waiting",
            Self::Rejected => "rejected",
            Self::Silenced => "silenced",
            Self::Acknowledged => "acknowledged",
            Self::Quiet => "quiet",
            Self::Plan => "plan",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::NoJobs => "no jobs",
        }
    }
}

/// One thing that is wrong, in a sentence.
#[derive(Debug)]
pub(crate) struct Problem {
    /// What it counts as,
    pub(crate) kind: Kind,
    /// and what it is, be it in a planned quiet.
    pub(crate) what: Kind,
    pub(crate) job: Option<String>,
    /// The sentence, without the job.
    pub(crate) words: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(job) = &self.job {
            write!(f, "{job}: ")?;
        }
        f.write_str(&self.words)
    }
}
