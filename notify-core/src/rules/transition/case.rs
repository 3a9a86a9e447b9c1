//! The end of one run beside what is known of the runs before it, and what can be asked of the two.

use super::End;
use crate::format::text;
use crate::format::time;
use crate::message::alert::Kind;
use crate::os::redact;
use crate::rules::Reason;
use crate::rules::flapping::{self, Course};
use crate::rules::took::Took;
use crate::status::outcome::Outcome;
use crate::status::{Acknowledged, OVERDUE, Silence, State, Status};

/// The end of a run, beside what is known of the runs before it.
pub(super) struct Case<'a> {
    pub(super) end: &'a End<'a>,
    pub(super) previous: Option<&'a Status>,
    /// The previous status, where it is the same.
    pub(super) same: Option<&'a Status>,
    /// The status of a run that began later, and has ended before this one did.
    pub(super) newer: Option<&'a Status>,
    pub(super) state: State,
    pub(super) text: String,
    pub(super) fingerprint: Option<String>,
    pub(super) course: Course,
}

/// Returns the fingerprint of an error.
///
/// An error that is the one before keeps what was written for that, perhaps by another version, which
/// went by other rules: an update must not send the same error again.
fn fingerprint(outcome: &Outcome, text: &str, before: Option<&Status>) -> String {
    let before = before.and_then(|before| Some((&before.text, before.fingerprint.as_ref()?)));
    // What fails again mostly fails in the very same words.
    if let Some((_, known)) = before.filter(|(before, _)| *before == text) {
        return known.clone();
    }
    let new = outcome.fingerprint(text);
    // The other version may have hidden less.
    let is_as = |before| outcome.fingerprint_of_earlier(&redact::hide_in_error(before)) == new;
    match before {
        Some((before, known)) if *known != new && is_as(before) => known.clone(),
        _ => new,
    }
}

impl<'a> Case<'a> {
    pub(super) fn new(end: &'a End<'a>) -> Self {
        let previous = end.past.status();
        let state = end.outcome.state();
        let text = text::cut(end.outcome.text(), text::LIMIT).into_owned();
        // A run may last longer than one that began later, and a death is found late.
        let newer = previous.filter(|previous| {
            let says_more = state == State::Error || previous.state == State::Error;
            !is_overdue(end.outcome)
                && says_more
                && previous.begun > end.run.begun
                // A status of the future is newer than nothing,
                && !time::is_ahead(previous.begun, end.now)
                // and what ended inside this run it has dealt with.
                && end.run.last_inside.is_none_or(|inside| previous.begun > inside)
        });
        let same = previous.filter(|previous| previous.state == state);
        let fingerprint = (state == State::Error).then(|| fingerprint(end.outcome, &text, same));
        let mut case = Self {
            end,
            previous,
            same,
            newer,
            state,
            text,
            fingerprint,
            course: Course::Steady,
        };
        if end.settings.flapping && !case.keeps_status() {
            case.course = flapping::follow(previous, state, end.run.begun, end.now);
        }
        case
    }

    /// Returns whether the job's status stays that of another run.
    pub(super) fn keeps_status(&self) -> bool {
        self.newer.is_some() || self.is_overdue()
    }

    /// Returns whether this is no end: the run goes on and should not, did not come, overlaps another, or has
    /// begun.
    pub(super) fn is_overdue(&self) -> bool {
        is_overdue(self.end.outcome)
    }

    /// Returns the status that says that people heard of it that this run had not come, or one before of which they did
    /// not hear that it failed.
    pub(super) fn late(&self) -> Option<&'a Status> {
        let previous = self.previous.filter(|_| !self.keeps_status())?;
        previous.missed.map(|_| previous)
    }

    /// Returns whether people heard last that a run is overdue: this one, or one before of which they did not hear how it
    /// ended, for that was withheld, or proves nothing of the job.
    pub(super) fn was_overdue(&self) -> bool {
        let previous = self.previous.filter(|_| self.state == State::Ok);
        let sent = previous.and_then(|previous| Some((previous, previous.overdue?)));
        self.end.run.was_overdue
            || sent.is_some_and(|(previous, sent)| match previous.state {
                State::Error => previous.is_unheard() && sent >= previous.since,
                State::Ok => {
                    let proves_nothing =
                        previous.cancelled.is_some() || previous.not_counted.is_some();
                    proves_nothing && sent > time::ended(previous.begun, previous.took)
                }
            })
    }

    /// Returns whether a run that works ended sooner or later than it should.
    pub(super) fn took(&self) -> Option<Kind> {
        let Took { shortest, longest } = self.end.run.should_take?;
        let took = self.end.run.took.filter(|_| self.state == State::Ok)?;
        if self.keeps_status() {
            None
        } else if shortest.is_some_and(|shortest| took < shortest) {
            Some(Kind::TooShort)
        } else {
            longest
                .filter(|longest| took > *longest)
                .map(|_| Kind::TooLong)
        }
    }

    /// What a person has silenced, while that lasts.
    pub(super) fn silence(&self) -> Option<&'a Silence> {
        let silence = self.previous?.silence.as_ref();
        silence.filter(|silence| silence.until > self.end.now)
    }

    /// The same, where it is an error and not that a run is overdue.
    pub(super) fn error_silence(&self) -> Option<&'a Silence> {
        self.silence().filter(|silence| silence.error != OVERDUE)
    }

    /// Returns why people need not hear that the job works again: they did not hear of it that it failed.
    pub(super) fn unheard(&self) -> Option<Reason> {
        let failed = self.previous?;
        if failed.alerted_by.is_some() {
            Some(Reason::RecoveryOfAnother)
        } else {
            failed.is_unheard().then_some(Reason::RecoveryOfUnsent)
        }
    }

    /// Returns whether the job fails otherwise than people know.
    pub(super) fn is_other(&self) -> bool {
        let sent = self.same.map(|same| &same.sent_errors);
        sent.is_some_and(|sent| !sent.is_empty()) && !self.is_known_error() && !self.is_silenced()
    }

    /// Returns whether this error was sent in this incident.
    pub(super) fn is_known_error(&self) -> bool {
        let known = self.fingerprint.as_ref().zip(self.same);
        known.is_some_and(|(error, same)| same.sent_errors.contains(error))
    }

    /// Returns who is at this very error, while that lasts.
    pub(super) fn acknowledged(&self) -> Option<&'a Acknowledged> {
        let acknowledged = self.same?.acknowledged.as_ref();
        acknowledged
            .filter(|one| one.lasts(self.end.now) && Some(&one.error) == self.fingerprint.as_ref())
    }

    pub(super) fn is_silenced(&self) -> bool {
        self.silence()
            .is_some_and(|silence| Some(&silence.error) == self.fingerprint.as_ref())
    }
}

fn is_overdue(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Overdue(_) | Outcome::Missed(_) | Outcome::Overlapping | Outcome::Started
    )
}
