//! What an alert says of its job, as a word of a closed list.

use crate::status::State;

/// What an alert says of its job.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Alert, Kind, samples};
///
/// // A notifier that wakes somebody leaves the others to a notifier that does not.
/// fn wakes(alert: &Alert) -> bool {
///     matches!(alert.kind(), Kind::Failed | Kind::Overdue)
/// }
///
/// let samples = samples();
/// let mut waking = samples.iter().filter(|alert| wakes(alert)).map(|alert| alert.kind().as_str());
/// assert!(waking.any(|kind| kind == "failed"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// It failed, and did not before.
    Failed,
    /// It fails as it did before.
    StillFailing,
    /// It works again.
    Recovered,
    /// It works, as before: the article's quiet sign of life.
    Ok,
    /// It is still running, and should have ended.
    Overdue,
    /// Its status changes to and fro.
    Flapping,
    /// It was flapping, and has been in one status for an hour and three runs.
    Steady,
    /// It works, and its run ended sooner than it should (`took_hours`).
    TooShort,
    /// It works, and its run ended later than it should (`took_hours`).
    TooLong,
    /// A run began while another went on (`overlap = false`).
    Overlapping,
    /// A run that was missed has come after all.
    Late,
    /// A run has begun (`start = true`).
    Started,
}

impl Kind {
    /// Each kind in words, the letter for it in the names of the outbox, a small one and not that of another, and its
    /// name for programs. They stand in the order of a digest.
    pub(crate) const ALL: [(Self, &'static str, char, &'static str); 12] = [
        (Self::Failed, "failed", 'f', "failed"),
        (Self::StillFailing, "still failing", 's', "still_failing"),
        (Self::Flapping, "is flapping", 'p', "flapping"),
        (Self::Overdue, "is overdue", 'd', "overdue"),
        (Self::TooShort, "ended too soon", 'q', "too_short"),
        (Self::TooLong, "took too long", 'l', "too_long"),
        (
            Self::Overlapping,
            "overlaps another run",
            'v',
            "overlapping",
        ),
        (Self::Steady, "is steady again", 'y', "steady"),
        (Self::Late, "ran late", 'a', "late"),
        (Self::Recovered, "recovered", 'r', "recovered"),
        (Self::Started, "started", 'b', "started"),
        (Self::Ok, "ok", 'o', "ok"),
    ];

    /// Returns the kind in words: `failed`, `still failing`, `recovered`, `ok`, `is overdue`,
    /// `is flapping`, `is steady again`, `ended too soon`, `took too long`, `overlaps another run`,
    /// `ran late` or `started`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL[self.place()].1
    }

    /// Returns whether the job works, and something about its run is to be looked at.
    pub(crate) fn is_remark(self) -> bool {
        matches!(self, Self::TooShort | Self::TooLong | Self::Overlapping)
    }

    /// Returns whether it says nothing of how the job is: only that a run goes on.
    pub(crate) fn is_of_a_run(self) -> bool {
        matches!(self, Self::Started | Self::Overlapping)
    }

    /// Returns whether it says nothing that an earlier alert of its job did not say.
    pub(crate) fn is_repeat(self) -> bool {
        matches!(
            self,
            Self::StillFailing | Self::Flapping | Self::Overdue | Self::Started | Self::Ok
        )
    }

    /// Returns the letter for it in the names of the outbox.
    pub(crate) fn letter(self) -> char {
        Self::ALL[self.place()].2
    }

    /// Returns the kind of that letter; `None` also for one that only a later version knows.
    pub(crate) fn of_letter(letter: char) -> Option<Self> {
        let mut kinds = Self::ALL.into_iter();
        let found = kinds.find(|(_, _, known, _)| *known == letter)?;
        Some(found.0)
    }

    /// Returns its name for programs.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL[self.place()].3
    }

    /// Returns where a digest names this kind: the smaller, the sooner.
    pub(crate) fn place(self) -> usize {
        let place = Self::ALL.iter().position(|(kind, ..)| *kind == self);
        place.unwrap_or_default()
    }

    /// Names what became of a job that was in the state `before` and is in `now`.
    pub(crate) fn of(before: Option<State>, now: State) -> Self {
        match (before, now) {
            (Some(State::Error), State::Error) => Self::StillFailing,
            (_, State::Error) => Self::Failed,
            (Some(State::Error), State::Ok) => Self::Recovered,
            (_, State::Ok) => Self::Ok,
        }
    }
}
