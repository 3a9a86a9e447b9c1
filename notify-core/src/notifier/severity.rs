//! How bad it is, by which a message has its colour, its priority or its sound.

use crate::message::alert::{Alert, Kind};
use crate::status::State;

/// How bad it is, the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    Bad,
    Unclear,
    Good,
}

impl Severity {
    pub(super) fn of(alert: &Alert) -> Self {
        match (alert.kind, alert.state()) {
            (Kind::Overdue | Kind::Flapping, _) => Self::Unclear,
            (kind, _) if kind.is_remark() => Self::Unclear,
            (_, State::Error) => Self::Bad,
            (_, State::Ok) => Self::Good,
        }
    }

    #[inline(never)]
    pub(super) fn worst(alerts: &[Alert]) -> Self {
        alerts.iter().map(Self::of).min().unwrap_or(Self::Good)
    }

    /// Returns its colour, of which two hexadecimal digits each are red, green and blue.
    pub(super) fn colour(self) -> u32 {
        match self {
            Self::Bad => 0x00d9_3025,
            Self::Unclear => 0x00f2_9900,
            Self::Good => 0x001e_8e3e,
        }
    }
}

/// Returns whether an alert says that all is well, and so ends what is open.
pub(super) fn resolves(alert: &Alert) -> bool {
    match alert.kind {
        Kind::Recovered | Kind::Ok => true,
        Kind::Steady | Kind::Late => alert.state() == State::Ok,
        Kind::Failed
        | Kind::StillFailing
        | Kind::Overdue
        | Kind::Flapping
        | Kind::TooShort
        | Kind::TooLong
        | Kind::Overlapping
        | Kind::Started => false,
    }
}
