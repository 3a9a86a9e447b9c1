//! The alert for the end of a run.

use super::Address;
use super::case::Case;
use super::decision::Settled;
use super::status::SENT_ERRORS;
use crate::format::time;
use crate::message::alert::{Alert, Kind, Outage};
use crate::os::redact;
use crate::rules::flapping::Course;
use crate::rules::took::Took;
use crate::status::error_count::ErrorCount;
use crate::status::outcome::Outcome;
use crate::status::{LINE, State, Status};

impl Case<'_> {
    /// Makes the alert, which waits where it is held back.
    pub(super) fn alert(&self, address: Address<'_>, settled: &Settled, status: &Status) -> Alert {
        let run = self.end.run;
        let is_error = self.state == State::Error;
        let failed = self
            .previous
            .filter(|previous| previous.state == State::Error);
        let is_other = |failed: &&Status| {
            failed.fingerprint.is_some() && failed.fingerprint != self.fingerprint
        };
        let mention = run.mention.as_deref().filter(|_| is_error);
        let hidden = |value: &String| redact::hide(value).into_owned();
        let facts = run.facts.iter();
        let mut alert = Alert::new(
            run.run,
            self.kind(),
            run.job.to_string(),
            address.channel,
            self.end.now,
            status.clone(),
        );
        alert.incident = self.incident();
        alert.earlier_error = failed
            .filter(|_| is_error)
            .filter(is_other)
            .map(|failed| failed.headline(LINE));
        alert.outage = failed
            .filter(|_| !is_error && !self.is_overdue())
            .map(outage);
        alert.mention = mention.map(str::to_owned);
        alert.facts = facts
            .map(|(name, value)| (name.clone(), hidden(value)))
            .collect();
        alert.notes = self.notes(settled);
        if alert.earlier_error.is_some() && self.is_known_error() {
            alert.notes.push(alternating(status.sent_errors.len()));
        }
        alert
    }

    fn kind(&self) -> Kind {
        match self.course {
            _ if *self.end.outcome == Outcome::Overlapping => Kind::Overlapping,
            _ if *self.end.outcome == Outcome::Started => Kind::Started,
            _ if self.is_overdue() => Kind::Overdue,
            Course::Begins(_) | Course::GoesOn(_) => Kind::Flapping,
            Course::Ends(_) => Kind::Steady,
            Course::Steady | Course::Changing(_) => {
                // Nor as a repeat of what another job sent.
                let known = self
                    .previous
                    .filter(|previous| previous.alerted_by.is_none() && !previous.is_unheard());
                match Kind::of(known.map(|previous| previous.state), self.state) {
                    Kind::Ok => match self.late() {
                        Some(_) => Kind::Late,
                        None => self.took().unwrap_or(Kind::Ok),
                    },
                    kind => kind,
                }
            }
        }
    }

    /// Says how long the run should have taken, where it did not.
    fn took_words(&self) -> Option<String> {
        let kind = self.took()?;
        let took = time::span(self.end.run.took?);
        let Took { shortest, longest } = self.end.run.should_take?;
        Some(match kind {
            Kind::TooShort => {
                let shortest = time::span(shortest?);
                format!("it took {took}, and should take {shortest} at least (took_hours)")
            }
            _ => {
                let longest = time::span(longest?);
                format!("it took {took}, and should take {longest} at most (took_hours)")
            }
        })
    }

    /// Says when the run was due, where people heard that it had not come.
    fn late_words(&self) -> Option<String> {
        let late = self.late()?;
        let due = late.missed_due?;
        if late.missed <= Some(late.begun) && late.state == State::Error {
            let is_over = self.state == State::Ok && late.is_unheard();
            let due = time::second(due);
            return is_over.then(|| {
                format!("a run was due {due} UTC and did not come; what ran since failed, and no alert was sent of that")
            });
        }
        let begun = self.end.run.begun;
        let late = time::span(time::between(due, begun));
        Some(format!(
            "it was due {} UTC, and began {late} later",
            time::second(due)
        ))
    }

    fn notes(&self, settled: &Settled) -> Vec<String> {
        let mut notes = self.end.run.notes.clone();
        if let Course::Begins(flapping) | Course::GoesOn(flapping) | Course::Ends(flapping) =
            &self.course
        {
            notes.push(flapping.words());
        }
        notes.extend(self.late_words());
        notes.extend(self.took_words());
        if let Some(newer) = self.newer {
            notes.push(newer_run(newer));
            notes.extend(newer.older_errors.words());
        }
        if settled.decision.send {
            let others = self.previous.map(|previous| &previous.other_errors);
            notes.extend(others.and_then(ErrorCount::words));
        }
        notes
    }
}

fn outage(failed: &Status) -> Outage {
    let first = failed.first_error.clone();
    Outage {
        since: failed.since,
        runs: failed.runs,
        error: first.unwrap_or_else(|| failed.headline(LINE)),
    }
}

/// Says of an error that was sent before how many of the incident were.
fn alternating(errors: usize) -> String {
    match errors {
        0 | 1 => "this error was sent before in this incident".to_owned(),
        SENT_ERRORS.. => format!("at least {SENT_ERRORS} errors alternate in this incident"),
        errors => format!("{errors} errors alternate in this incident"),
    }
}

/// Names the run that began later, in the alert of an older one.
fn newer_run(newer: &Status) -> String {
    let begun = time::second(newer.begun);
    let pid = newer.pid.map(|pid| format!(", process {pid}"));
    format!(
        "a newer run (begun {begun} UTC{}) has ended {} already, and the status stays as that run left it",
        pid.unwrap_or_default(),
        newer.state
    )
}
