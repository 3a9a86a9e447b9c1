//! Whether the end of a run sends an alert, and whether that is held back.

use std::time::Duration;

use chrono::TimeDelta;

use super::case::Case;
use super::{End, held_name};
use crate::format::time::{self, Time};
use crate::rules::decision::Decision as Answer;
use crate::rules::flapping::Course;
use crate::rules::{self, Decision, Reason, Situation};
use crate::status::decision::{Decided, Fate};
use crate::status::outcome::Outcome;
use crate::status::{Held, State, Status};

/// The longest that an alert is held, whatever the settings.
const LONGEST_HOLD: Duration = Duration::from_secs(7 * 24 * 3600);

/// The decision, after every reason to hold the alert back was looked at.
pub(super) struct Settled {
    /// Silent where the alert is held back, with the reason for that.
    pub(super) decision: Decision,
    /// How long the alert is held back, and where it waits meanwhile.
    pub(super) held: Option<Held>,
    /// Whether an alert leaves now.
    pub(super) is_sent: bool,
    /// The reason that a rule of the program gave, where it decided.
    pub(super) reason: Option<String>,
}

impl Settled {
    /// Returns whether people know of this run, by an alert of this job or of one inside it.
    pub(super) fn is_known(&self) -> bool {
        self.is_sent || self.decision.reason == Reason::SamePanic
    }

    /// Returns what was decided, for the files.
    pub(super) fn decided(&self) -> Decided {
        let fate = match (self.decision.send, self.is_sent) {
            (true, true) => Fate::Sent,
            (true, false) => Fate::Undelivered,
            (false, _) => Fate::NotSent,
        };
        match &self.reason {
            Some(why) => Decided::by_program(fate, why),
            None => Decided::By(fate, self.decision.reason),
        }
    }
}

impl Case<'_> {
    pub(super) fn decide(&self) -> Decision {
        let End { now, settings, .. } = *self.end;
        if self.is_overdue() {
            return self.decide_overdue();
        }
        if let Some(newer) = self.newer {
            return self.decide_older(newer);
        }
        match &self.course {
            Course::Begins(_) => return Decision::send(Reason::Flapping),
            Course::GoesOn(flapping) => {
                let is_due = flapping
                    .sent
                    .is_none_or(|sent| time::age(sent, now) > settings.longest_silence());
                return Decision {
                    send: is_due,
                    reason: Reason::FlappingOn,
                };
            }
            Course::Ends(_) => return Decision::send(Reason::Steady),
            Course::Steady | Course::Changing(_) => {}
        }
        let decision = rules::decide(self.end.past, self.state, now, &settings);
        if self.state == State::Error {
            return self.decide_error(decision);
        }
        let decision = match self.unheard() {
            Some(reason) if decision.reason == Reason::Changed => Decision::silent(reason),
            _ => decision,
        };
        if decision.send {
            return decision;
        }
        if self.was_overdue() && self.is_ok_due() {
            return Decision::send(Reason::WasOverdue);
        }
        if self.late().is_some() && self.silence().is_none() {
            return Decision::send(Reason::Late);
        }
        self.decide_took().unwrap_or(decision)
    }

    /// Decides on a run that works and ended sooner or later than it should: that is sent at once, and while it
    /// goes on so no more often than a failure.
    fn decide_took(&self) -> Option<Decision> {
        self.took()?;
        let End { now, settings, .. } = *self.end;
        let sent = self.previous.and_then(|previous| previous.took_alerted);
        Some(if self.silence().is_some() {
            Decision::silent(Reason::Silenced)
        } else if sent.is_some_and(|sent| time::age(sent, now) <= settings.longest_silence()) {
            Decision::silent(Reason::TookAgain)
        } else {
            Decision::send(Reason::Took)
        })
    }

    /// Decides on a failure, where the rules have looked at the status alone and not at its error.
    fn decide_error(&self, decision: Decision) -> Decision {
        let End {
            now,
            settings,
            cover,
            ..
        } = *self.end;
        let Some(same) = self.same else {
            return decision;
        };
        if !decision.send && same.alerted_by.is_some() && cover.is_none() {
            // Another job spoke for it, and does not now.
            return Decision::send(Reason::UnsentFailure);
        }
        let count = &same.other_errors;
        let longer_than = |seconds| count.last.is_none_or(|last| time::age(last, now) > seconds);
        match (self.is_other(), self.error_silence()) {
            (true, Some(_)) if count.is_full() => {
                if longer_than(settings.longest_silence()) {
                    Decision::send(Reason::Reminder)
                } else {
                    Decision::silent(Reason::OtherErrors)
                }
            }
            (true, _) if decision.send => decision,
            (true, _) if count.is_full() => Decision::silent(Reason::OtherErrors),
            (true, _) => Decision::send(Reason::NewError),
            // A silenced error leaves the status as one for which no alert was sent.
            (false, Some(_))
                if decision.reason == Reason::UnsentFailure
                    && count.last.is_some()
                    && self.is_known_error()
                    && !self.is_silenced()
                    && !longer_than(settings.silent) =>
            {
                Decision::silent(Reason::Recent)
            }
            (false, _) => decision,
        }
    }

    /// Decides on what is no end: an overdue run, a missed one, which sends one alert, a beginning.
    fn decide_overdue(&self) -> Decision {
        let End { now, settings, .. } = *self.end;
        let sent = self.previous.and_then(|previous| previous.overdue);
        let overlap = self.previous.and_then(|previous| previous.overlap_alerted);
        let is_recent = |sent| time::age(sent, now) <= settings.longest_silence();
        if matches!(self.end.outcome, Outcome::Missed(_)) {
            Decision::send(Reason::Overdue)
        } else if self.silence().is_some() {
            Decision::silent(Reason::Silenced)
        } else if matches!(self.end.outcome, Outcome::Started) {
            Decision::send(Reason::Started)
        } else if matches!(self.end.outcome, Outcome::Overlapping) {
            if overlap.is_some_and(is_recent) {
                Decision::silent(Reason::Recent)
            } else {
                Decision::send(Reason::Overlapping)
            }
        } else if sent.is_some_and(|sent| time::age(sent, now) < settings.silent) {
            Decision::silent(Reason::Recent)
        } else {
            Decision::send(Reason::Overdue)
        }
    }

    /// Decides on a run that ends after one that began later.
    fn decide_older(&self, newer: &Status) -> Decision {
        let End { now, settings, .. } = *self.end;
        let reason = match self.end.outcome {
            Outcome::Died(_) => Reason::Overtaken,
            _ => Reason::Older,
        };
        if self.state == State::Ok {
            return Decision::silent(reason);
        }
        let decision = if newer.state == State::Error {
            self.decide_error(rules::decide(self.end.past, self.state, now, &settings))
        } else {
            let count = &newer.older_errors;
            let is_silence = count
                .last
                .is_some_and(|last| time::age(last, now) < settings.silent);
            let error = self.fingerprint.as_deref().unwrap_or_default();
            match (is_silence, count.knows(error), count.is_full()) {
                (true, true, _) => Decision::silent(Reason::Recent),
                (true, false, true) => Decision::silent(Reason::OtherErrors),
                _ => Decision::send(reason),
            }
        };
        if decision.send {
            Decision::send(reason)
        } else {
            decision
        }
    }

    /// Returns whether people have not heard for long enough that it works.
    fn is_ok_due(&self) -> bool {
        let End { now, settings, .. } = *self.end;
        let sent = self.same.and_then(|same| same.alerted);
        let is_due = |longest| sent.is_none_or(|sent| time::age(sent, now) > longest);
        self.silence().is_none() && settings.ok_silent.is_some_and(is_due)
    }

    /// Returns what a rule of the program decides, where it leaves that to no other: what a person has silenced
    /// or acknowledged comes first.
    pub(super) fn ruled(&self) -> Option<&Answer> {
        let answer = self.end.answer.filter(|answer| !answer.is_built_in);
        let is_a_persons = self.is_silenced() || self.acknowledged().is_some();
        answer.filter(|_| !self.is_overdue() && !is_a_persons)
    }

    /// Does as a rule of the program says: of what it sends nothing is held back, but by a planned quiet, and one
    /// event is sent once.
    pub(super) fn settle(&self, answer: &Answer) -> Settled {
        let is_sent_inside = self.end.cover.is_some_and(|cover| cover.is_sent);
        let decision = match answer.sends() {
            true if self.is_quiet(self.decide().reason) => Decision::silent(Reason::Quiet),
            true if is_sent_inside => Decision::silent(Reason::SamePanic),
            send => Decision {
                send,
                reason: Reason::Rule,
            },
        };
        let reason = Some(answer.reason().to_owned());
        Settled {
            decision,
            held: None,
            is_sent: decision.send && self.end.address.is_some(),
            reason: reason.filter(|_| decision.reason == Reason::Rule),
        }
    }

    /// Asks what may hold an alert back that is due.
    pub(super) fn hold(&self, due: Decision) -> Settled {
        let withheld = self.withheld(due);
        let decision = withheld.map_or(due, Decision::silent);
        let waits =
            matches!(withheld, Some(Reason::Attempt | Reason::After)) && !self.keeps_status();
        let address = self.end.address;
        let held = address.filter(|_| waits).map(|address| {
            let until = self.held_until();
            let name = held_name(until, self.end.run.run);
            let queues = address.queues.iter();
            let alerts = queues.map(|queue| format!("{queue}/{name}")).collect();
            Held { until, alerts }
        });
        Settled {
            decision,
            held,
            is_sent: decision.send && address.is_some(),
            reason: None,
        }
    }

    /// Returns why an alert that is due is held back, if it is.
    fn withheld(&self, due: Decision) -> Option<Reason> {
        let is_flapping = matches!(
            due.reason,
            Reason::Flapping | Reason::FlappingOn | Reason::Steady
        );
        if !due.send {
            return None;
        }
        let is_failure = self.state == State::Error && !self.is_overdue();
        let End {
            now,
            settings,
            cover,
            ..
        } = *self.end;
        let is_known = self.same.is_some_and(|same| same.alerted.is_some());
        match cover.filter(|_| is_failure) {
            Some(cover) if cover.is_sent => return Some(Reason::SamePanic),
            // A known failure needs no second alert; a new one does, and another error.
            Some(_) if is_known && due.reason == Reason::StillFailing && !self.is_other() => {
                return Some(Reason::KnownInside);
            }
            _ => {}
        }
        // An alert can wait on disk alone, and its hold stands in the status, which an older run does not write.
        let address = self.end.address;
        let can_wait = is_failure
            && !is_flapping
            && address.is_some_and(|address| !address.queues.is_empty())
            && (self.newer.is_none() || self.same.is_some_and(|same| same.held.is_some()));
        let situation = Situation {
            is_quiet: self.is_quiet(due.reason),
            is_silenced: is_failure && !is_flapping && self.is_silenced(),
            is_acknowledged: is_failure && self.acknowledged().is_some(),
            attempt: self.end.run.attempt,
            failures: can_wait.then(|| self.same.map_or(1, |same| same.runs.saturating_add(1))),
            is_known,
            until: self.held_until(),
        };
        rules::hold(&situation, now, &settings)
    }

    /// Returns whether a planned quiet withholds what would be sent for that reason.
    fn is_quiet(&self, reason: Reason) -> bool {
        self.end.quiet.is_some() && !self.is_recovery(reason)
    }

    /// Returns whether it is the end of what people were sent.
    fn is_recovery(&self, reason: Reason) -> bool {
        let is_end = match reason {
            Reason::Changed | Reason::Late | Reason::WasOverdue | Reason::Steady => true,
            // An `OK` that is due anyway says that, too.
            Reason::First | Reason::Unreadable | Reason::StillOk => {
                self.late().is_some() || self.was_overdue() && self.is_ok_due()
            }
            _ => false,
        };
        is_end && self.state == State::Ok
    }

    /// Returns when a held alert leaves: nothing withholds it longer than the settings allow.
    fn held_until(&self) -> Time {
        if let Some(held) = self.same.and_then(|same| same.held.as_ref()) {
            return held.until;
        }
        let End { now, settings, .. } = *self.end;
        let longest = settings.longest_silence().min(LONGEST_HOLD);
        let sent = self.same.and_then(|same| same.alerted);
        // A job that fails on and off is withheld no longer than one that fails all the time.
        let earlier = self.previous.filter(|previous| {
            previous.state == State::Error || time::age(previous.since, now) <= longest
        });
        let withheld = earlier.and_then(|previous| previous.withheld_since);
        let from = sent.or(withheld).unwrap_or(now);
        from + TimeDelta::milliseconds(longest.as_millis().try_into().unwrap_or(i64::MAX))
    }
}
