//! The end of one run, worked out: whether it is told, and what the status and the alert say then.

use chrono::TimeDelta;

use super::{Address, Context, Ended};
use crate::alert::{Alert, Kind, Outage};
use crate::fingerprint;
use crate::flapping::{self, Course, Flapping};
use crate::id;
use crate::outcome::Outcome;
use crate::rules::{self, Decision, Heard, Past, Reason, Situation};
use crate::status::{Held, LINE, State, Status};
use crate::text;
use crate::time::{self, Time};

/// So many different errors of an incident are told within the silence; then it is as for one.
pub(super) const NEWS: usize = 8;

/// The longest that an alert is held, in seconds, whatever the settings.
const LONGEST_HOLD: f64 = 7.0 * 24.0 * rules::HOUR;

/// The end of a run, beside what is known of the runs before it.
pub(super) struct End<'a> {
    ended: &'a Ended,
    outcome: &'a Outcome,
    pub(super) context: Context<'a>,
    pub(super) previous: Option<&'a Status>,
    /// The previous status, where it is the same.
    same: Option<&'a Status>,
    state: State,
    text: String,
    fingerprint: Option<String>,
    is_overdue: bool,
    is_overtaken: bool,
    /// Whether it says nothing of the job's status.
    pub(super) leaves_status: bool,
}

impl<'a> End<'a> {
    pub(super) fn new(
        past: &'a Past,
        ended: &'a Ended,
        outcome: &'a Outcome,
        context: Context<'a>,
    ) -> Self {
        let previous = past.status();
        let state = outcome.state();
        let text = text::cut(outcome.text(), text::LIMIT).into_owned();
        // A death is found late: a run that began after it may have ended meanwhile.
        let is_overtaken = matches!(outcome, Outcome::Died(_))
            && previous.is_some_and(|previous| {
                // A status of the future overtakes nothing.
                previous.begun > ended.begun && time::age(previous.begun, context.now).is_finite()
            });
        let is_overdue = matches!(outcome, Outcome::Overdue(_));
        let same = previous.filter(|previous| previous.state == state);
        // What fails again mostly fails in the very same words.
        let known = || same.filter(|same| same.text == text)?.fingerprint.clone();
        Self {
            fingerprint: (state == State::Error)
                .then(|| known().unwrap_or_else(|| fingerprint::of(&text))),
            same,
            leaves_status: is_overtaken || is_overdue,
            ended,
            outcome,
            context,
            previous,
            state,
            text,
            is_overdue,
            is_overtaken,
        }
    }

    pub(super) fn course(&self) -> Course {
        let Context { now, settings, .. } = self.context;
        if settings.flapping && !self.leaves_status {
            flapping::follow(self.previous, self.state, self.ended.begun, now)
        } else {
            Course::Steady
        }
    }

    /// Decides whether the run is to be told.
    pub(super) fn decide(&self, past: &Past, course: &Course) -> Decision {
        let Context { now, settings, .. } = self.context;
        let send = |reason| Decision { send: true, reason };
        if self.is_overtaken {
            return send(Reason::Overtaken);
        }
        if self.is_overdue {
            return send(Reason::Overdue);
        }
        match course {
            Course::Begins(_) => return send(Reason::Flapping),
            Course::GoesOn(flapping) => {
                let is_due = flapping
                    .told
                    .is_none_or(|told| time::age(told, now) > settings.longest_silence());
                return Decision {
                    send: is_due,
                    reason: Reason::FlappingOn,
                };
            }
            Course::Ends(_) => return send(Reason::Steady),
            Course::Steady | Course::Changing(_) => {}
        }
        let decision = rules::decide(past, self.state, now, &settings);
        if decision.reason == Reason::Changed
            && self.state == State::Ok
            && self
                .previous
                .is_some_and(|previous| previous.held.is_some() && previous.alerted.is_none())
        {
            return Decision {
                send: false,
                reason: Reason::FailureUntold,
            };
        }
        if !decision.send && self.is_news() {
            return send(Reason::NewError);
        }
        if !decision.send && self.ended.was_overdue {
            return send(Reason::WasOverdue);
        }
        decision
    }

    /// Tells whether the job fails otherwise than people know.
    fn is_news(&self) -> bool {
        let told = self.same.map(|same| &same.told_errors);
        let known = self.fingerprint.as_ref().zip(told);
        known.is_some_and(|(error, told)| {
            !told.is_empty() && told.len() < NEWS && !told.contains(error)
        })
    }

    /// Tells why an alert that is due is held back, if it is.
    pub(super) fn hold(&self, due: Decision) -> Option<Reason> {
        if !due.send || self.leaves_status {
            return None;
        }
        if self.context.told_already {
            return Some(Reason::SamePanic);
        }
        let is_flapping = matches!(
            due.reason,
            Reason::Flapping | Reason::FlappingOn | Reason::Steady
        );
        if self.state == State::Ok || is_flapping {
            return None;
        }
        let Context { now, settings, .. } = self.context;
        let silence = self.previous.and_then(|previous| previous.silence.as_ref());
        // What can only be kept in memory is lost with the process.
        let can_wait = self
            .context
            .address
            .is_some_and(|address| !address.queues.is_empty());
        let situation = Situation {
            told_already: false,
            is_silenced: silence.is_some_and(|silence| {
                silence.until > now && Some(&silence.error) == self.fingerprint.as_ref()
            }),
            attempt: self.ended.attempt,
            failures: self
                .previous
                .filter(|_| can_wait)
                .map(|_| self.same.map_or(1, |same| same.runs.saturating_add(1))),
            is_known: self.same.is_some_and(|same| same.alerted.is_some()),
            until: self.held_until(),
        };
        rules::hold(&situation, now, &settings)
    }

    /// Returns when a held alert leaves: nothing withholds it longer than the settings allow.
    pub(super) fn held_until(&self) -> Time {
        if let Some(held) = self.same.and_then(|same| same.held.as_ref()) {
            return held.until;
        }
        let Context { now, settings, .. } = self.context;
        let seconds = settings.longest_silence().min(LONGEST_HOLD);
        let told = self.same.and_then(|same| same.alerted);
        // A job that fails on and off is withheld no longer than one that fails all the time.
        let earlier = self.previous.filter(|previous| {
            previous.state == State::Error || time::age(previous.since, now) <= seconds
        });
        let withheld = earlier.and_then(|previous| previous.withheld_since);
        let from = told.or(withheld).unwrap_or(now);
        #[expect(clippy::cast_possible_truncation, reason = "at most a week")]
        let longest = TimeDelta::milliseconds((seconds * 1e3) as i64);
        from + longest
    }

    fn incident(&self) -> Option<String> {
        let open = self.previous.and_then(|previous| previous.incident.clone());
        match self.state {
            // Only a status that says `ERROR` opens an incident.
            State::Error if !self.leaves_status => {
                open.or_else(|| Some(format!("{:08x}", self.ended.run >> 32)))
            }
            State::Ok | State::Error => open,
        }
    }

    fn first_line(&self) -> String {
        text::first_line(&self.text, LINE).to_owned()
    }

    pub(super) fn status(
        &self,
        decision: Decision,
        course: &Course,
        held: Option<&Held>,
    ) -> Status {
        let Self {
            ended, same, state, ..
        } = *self;
        let now = self.context.now;
        let is_error = state == State::Error;
        let is_told =
            decision.reason == Reason::SamePanic || decision.send && self.context.address.is_some();
        let mut told_errors = same
            .map(|same| same.told_errors.clone())
            .unwrap_or_default();
        if let Some(error) = self.fingerprint.as_ref().filter(|_| is_told) {
            told_errors.retain(|told| told != error);
            told_errors.push(error.clone());
            if told_errors.len() > NEWS {
                told_errors.remove(0);
            }
        }
        let kept = |status: &'a Status| status.held.as_ref();
        let earlier_hold = self.previous.and_then(|previous| previous.withheld_since);
        let silence = self
            .previous
            .and_then(|previous| previous.silence.clone())
            .filter(|silence| silence.until > now);
        // For whoever tells that it was missed, or that its silence is over; the run itself knows.
        let is_named = ended.every_hours.is_some() || silence.is_some();
        Status {
            state,
            begun: ended.begun,
            location: ended.location.clone(),
            took: ended.took,
            since: same.map_or(ended.begun, |same| same.since),
            runs: same.map_or(1, |same| same.runs.saturating_add(1)),
            alerted: if is_told {
                Some(now)
            } else if decision.send || decision.reason == Reason::Silenced {
                // Nobody could be told, or was to be: once somebody can, it is told.
                None
            } else {
                same.and_then(|same| same.alerted)
            },
            decision: Some(self.words(decision).into()),
            incident: self.incident().filter(|_| is_error),
            fingerprint: self.fingerprint.clone(),
            first_error: is_error
                .then(|| same.and_then(|same| same.first_error.clone()))
                .map(|first| first.unwrap_or_else(|| self.first_line())),
            told_errors,
            held: if decision.send {
                None
            } else {
                held.or_else(|| same.and_then(kept)).cloned()
            },
            withheld_since: match (is_told, held, earlier_hold) {
                (false, Some(_), Some(since)) => Some(since),
                (false, Some(_), None) => Some(now),
                (false, None, earlier) => earlier,
                (true, ..) => None,
            },
            silence,
            flapping: self.flapping(course, is_told),
            host: Some(ended.host.clone()),
            pid: ended.pid,
            exe: ended.exe.clone(),
            source: Some(ended.source.clone()),
            version: ended.version.clone(),
            ok_version: if is_error {
                self.previous
                    .and_then(|previous| previous.ok_version.clone())
            } else {
                ended.version.clone()
            },
            every_hours: ended.every_hours,
            channel: is_named.then(|| ended.channel.clone()),
            passed_over: match self.outcome {
                Outcome::PassedOver(error) => Some(text::first_line(error, LINE).to_owned()),
                _ => None,
            },
            cancelled: None,
            not_counted: None,
            text: self.text.clone(),
        }
    }

    /// Says what was decided, and why.
    fn words(&self, decision: Decision) -> &'static str {
        let heard = match (decision.send, self.context.address) {
            (true, Some(_)) => Heard::Told,
            (true, None) => Heard::Due,
            (false, _) => Heard::Not,
        };
        decision.reason.words(heard)
    }

    fn flapping(&self, course: &Course, is_told: bool) -> Option<Flapping> {
        match course {
            Course::Steady | Course::Ends(_) => None,
            Course::Changing(flapping) => Some(flapping.clone()),
            Course::Begins(flapping) | Course::GoesOn(flapping) => Some(Flapping {
                told: if is_told {
                    Some(self.context.now)
                } else {
                    flapping.told
                },
                ..flapping.clone()
            }),
        }
    }

    pub(super) fn alert(&self, address: Address<'_>, course: &Course, status: &Status) -> Alert {
        let Self {
            ended, previous, ..
        } = *self;
        let mut notes = ended.notes.clone();
        if let Course::Begins(flapping) | Course::GoesOn(flapping) | Course::Ends(flapping) = course
        {
            notes.push(flapping.words());
        }
        let failed = previous.filter(|previous| previous.state == State::Error);
        let is_other = |failed: &&Status| {
            failed.fingerprint.is_some() && failed.fingerprint != self.fingerprint
        };
        Alert {
            id: id::hex(ended.run),
            kind: match course {
                _ if self.is_overdue => Kind::Overdue,
                Course::Begins(_) | Course::GoesOn(_) => Kind::Flapping,
                Course::Ends(_) => Kind::Steady,
                Course::Steady | Course::Changing(_) => {
                    // Of what was held nobody knows.
                    let known = previous
                        .filter(|previous| previous.held.is_none() || previous.alerted.is_some());
                    Kind::of(known.map(|previous| previous.state), self.state)
                }
            },
            job: ended.job.to_string(),
            channel: address.channel.to_owned(),
            decided: self.context.now,
            incident: self.incident(),
            earlier_error: failed
                .filter(|_| self.state == State::Error)
                .filter(is_other)
                .map(|failed| text::first_line(&failed.text, LINE).to_owned()),
            outage: failed
                .filter(|_| self.state == State::Ok)
                .map(|failed| Outage {
                    since: failed.since,
                    runs: failed.runs,
                    error: failed
                        .first_error
                        .clone()
                        .unwrap_or_else(|| text::first_line(&failed.text, LINE).to_owned()),
                }),
            mention: ended
                .mention
                .as_deref()
                .filter(|_| self.state == State::Error)
                .map(str::to_owned),
            facts: ended.facts.to_vec(),
            notes,
            status: status.clone(),
        }
    }
}
