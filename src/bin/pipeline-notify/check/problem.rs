//! What may be wrong, and what a monitor makes of it.

/// What a monitor tells apart, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    Ok,
    Unknown,
    Warning,
    Critical,
}

impl Alarm {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Unknown => "UNKNOWN",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
        }
    }

    pub(super) fn code(self) -> u8 {
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
pub(super) enum Kind {
    Failed,
    Dead,
    Missed,
    Overdue,
    Schedule,
    Waiting,
    Rejected,
    Silenced,
    Missing,
    Unreadable,
    NoJobs,
}

impl Kind {
    pub(super) fn alarm(self) -> Alarm {
        match self {
            Self::Failed | Self::Dead | Self::Missed => Alarm::Critical,
            Self::Overdue | Self::Schedule | Self::Waiting | Self::Rejected | Self::Silenced => {
                Alarm::Warning
            }
            Self::Missing | Self::Unreadable | Self::NoJobs => Alarm::Unknown,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Missed => "missed",
            Self::Overdue => "overdue",
            Self::Schedule => "schedule",
            Self::Waiting => "waiting",
            Self::Rejected => "rejected",
            Self::Silenced => "silenced",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::NoJobs => "no jobs",
        }
    }
}

/// One thing that is wrong, in a sentence.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) kind: Kind,
    pub(super) job: Option<String>,
    pub(super) words: String,
}
