//! The end of one run, worked out: whether it is told, and what the status and the alert say then.

use chrono::TimeDelta;

use super::{Address, Context, Cover, Ended};
use crate::format::hash;
use crate::format::headline::headline;
use crate::format::text;
use crate::format::time::{self, Time};
use crate::message::alert::{Alert, Kind, Outage};
use crate::message::written::Message;
use crate::os::redact;
use crate::rules::flapping::{self, Course};
use crate::rules::{self, Decision, Heard, Past, Reason, Situation};
use crate::status::error_count::ErrorCount;
use crate::status::fingerprint;
use crate::status::outcome::Outcome;
use crate::status::{Flapping, Held, LINE, OVERDUE, Silence, State, Status};

/// So many errors of an incident are remembered as told.
const TOLD_ERRORS: usize = 8;

/// The longest that an alert is held, in seconds, whatever the settings.
const LONGEST_HOLD: f64 = 7.0 * 24.0 * rules::HOUR;

/// The end of a run, beside what is known of the runs before it.
pub(super) struct End<'a> {
    ended: &'a Ended,
    outcome: &'a Outcome,
    pub(super) context: Context<'a>,
    pub(super) previous: Option<&'a Status>,
    /// The previous status, where it is the same.
    pub(super) same: Option<&'a Status>,
    state: State,
    text: String,
    fingerprint: Option<String>,
    /// The status of a run that began later, and has ended before this one did.
    newer: Option<&'a Status>,
}

/// Returns what tells an error from others.
///
/// An error that is the one before keeps what was written for that, perhaps by another version, which
/// went by other rules: nobody is to hear of it once more for that reason.
fn fingerprint(outcome: &Outcome, text: &str, before: Option<&Status>) -> String {
    let before = before.and_then(|before| Some((&before.text, before.fingerprint.as_ref()?)));
    // What fails again mostly fails in the very same words.
    if let Some((_, known)) = before.filter(|(before, _)| *before == text) {
        return known.clone();
    }
    let new = outcome.fingerprint(text);
    match before {
        Some((before, known)) if *known != new && fingerprint::of(before) == new => known.clone(),
        _ => new,
    }
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
        // A run may last longer than one that began later, and a death is found late.
        let newer = previous.filter(|previous| {
            let has_ended = !matches!(outcome, Outcome::Overdue(_) | Outcome::Missed(_));
            let says_more = state == State::Error || previous.state == State::Error;
            has_ended
                && says_more
                && previous.begun > ended.begun
                // A status of the future is newer than nothing,
                && time::age(previous.begun, context.now).is_finite()
                // and what ended inside this run it has dealt with.
                && Some(previous.begun) != ended.last_inside
        });
        let same = previous.filter(|previous| previous.state == state);
        let fingerprint = (state == State::Error).then(|| fingerprint(outcome, &text, same));
        Self {
            ended,
            outcome,
            context,
            previous,
            same,
            state,
            text,
            fingerprint,
            newer,
        }
    }

    /// Tells whether the job's status stays that of another run.
    pub(super) fn keeps_status(&self) -> bool {
        self.newer.is_some() || self.is_overdue()
    }

    fn is_overdue(&self) -> bool {
        matches!(self.outcome, Outcome::Overdue(_) | Outcome::Missed(_))
    }

    /// What a person has silenced, while that lasts.
    fn silence(&self) -> Option<&'a Silence> {
        let silence = self.previous?.silence.as_ref();
        silence.filter(|silence| silence.until > self.context.now)
    }

    /// The same, where it is an error and not that a run is overdue.
    fn error_silence(&self) -> Option<&'a Silence> {
        self.silence().filter(|silence| silence.error != OVERDUE)
    }

    pub(super) fn course(&self) -> Course {
        let Context { now, settings, .. } = self.context;
        if settings.flapping && !self.keeps_status() {
            flapping::follow(self.previous, self.state, self.ended.begun, now)
        } else {
            Course::Steady
        }
    }

    /// Decides whether the run is to be told.
    pub(super) fn decide(&self, past: &Past, course: &Course) -> Decision {
        let Context { now, settings, .. } = self.context;
        if self.is_overdue() {
            return self.decide_overdue();
        }
        if let Some(newer) = self.newer {
            return self.decide_older(past, newer);
        }
        match course {
            Course::Begins(_) => return Decision::send(Reason::Flapping),
            Course::GoesOn(flapping) => {
                let is_due = flapping
                    .told
                    .is_none_or(|told| time::age(told, now) > settings.longest_silence());
                return Decision {
                    send: is_due,
                    reason: Reason::FlappingOn,
                };
            }
            Course::Ends(_) => return Decision::send(Reason::Steady),
            Course::Steady | Course::Changing(_) => {}
        }
        let decision = rules::decide(past, self.state, now, &settings);
        if self.state == State::Error {
            return self.decide_error(decision);
        }
        let decision = match self.unheard() {
            Some(reason) if decision.reason == Reason::Changed => Decision::silent(reason),
            _ => decision,
        };
        if !decision.send && self.ended.was_overdue && self.is_ok_due() {
            return Decision::send(Reason::WasOverdue);
        }
        decision
    }

    /// Decides on a failure, where the rules have looked at the status alone and not at its error.
    fn decide_error(&self, decision: Decision) -> Decision {
        let Context {
            now,
            settings,
            cover,
            ..
        } = self.context;
        let Some(same) = self.same else {
            return decision;
        };
        if !decision.send && same.alerted_by.is_some() && cover.is_none() {
            // Another job spoke for it, and does not now.
            return Decision::send(Reason::Untold);
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
            // An error that is silenced leaves the status as one that nobody was told of.
            (false, Some(_))
                if decision.reason == Reason::Untold
                    && count.last.is_some()
                    && self.is_told_error()
                    && !self.is_silenced()
                    && !longer_than(settings.silent) =>
            {
                Decision::silent(Reason::Recent)
            }
            (false, _) => decision,
        }
    }

    /// Decides on a run that has not ended, and should have; or that did not come, which is told once.
    fn decide_overdue(&self) -> Decision {
        let Context { now, settings, .. } = self.context;
        let told = self.previous.and_then(|previous| previous.overdue);
        if matches!(self.outcome, Outcome::Missed(_)) {
            Decision::send(Reason::Overdue)
        } else if self.silence().is_some() {
            Decision::silent(Reason::Silenced)
        } else if told.is_some_and(|told| time::age(told, now) < settings.silent) {
            Decision::silent(Reason::Recent)
        } else {
            Decision::send(Reason::Overdue)
        }
    }

    /// Decides on a run that ends after one that began later.
    fn decide_older(&self, past: &Past, newer: &Status) -> Decision {
        let Context { now, settings, .. } = self.context;
        let reason = match self.outcome {
            Outcome::Died(_) => Reason::Overtaken,
            _ => Reason::Older,
        };
        if self.state == State::Ok {
            return Decision::silent(reason);
        }
        let decision = if newer.state == State::Error {
            self.decide_error(rules::decide(past, self.state, now, &settings))
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

    /// Tells why people need not hear that the job works again: they did not hear of it that it failed.
    fn unheard(&self) -> Option<Reason> {
        let failed = self.previous?;
        if failed.alerted_by.is_some() {
            Some(Reason::RecoveryOfAnother)
        } else {
            failed.is_unheard().then_some(Reason::FailureUntold)
        }
    }

    /// Tells whether people have not been told for long enough that it works.
    fn is_ok_due(&self) -> bool {
        let Context { now, settings, .. } = self.context;
        let told = self.same.and_then(|same| same.alerted);
        self.silence().is_none()
            && settings.ok_silent.is_finite()
            && told.is_none_or(|told| time::age(told, now) > settings.ok_silent)
    }

    /// Tells whether the job fails otherwise than people know.
    fn is_other(&self) -> bool {
        let told = self.same.map(|same| &same.told_errors);
        told.is_some_and(|told| !told.is_empty()) && !self.is_told_error() && !self.is_silenced()
    }

    /// Tells whether people were told of this error in this incident.
    fn is_told_error(&self) -> bool {
        let known = self.fingerprint.as_ref().zip(self.same);
        known.is_some_and(|(error, same)| same.told_errors.contains(error))
    }

    /// Tells whether a person has silenced this error.
    fn is_silenced(&self) -> bool {
        self.silence()
            .is_some_and(|silence| Some(&silence.error) == self.fingerprint.as_ref())
    }

    /// Tells why an alert that is due is held back, if it is.
    pub(super) fn hold(&self, due: Decision) -> Option<Reason> {
        let is_flapping = matches!(
            due.reason,
            Reason::Flapping | Reason::FlappingOn | Reason::Steady
        );
        if !due.send || self.is_overdue() || self.state == State::Ok {
            return None;
        }
        let Context { now, settings, .. } = self.context;
        let is_known = self.same.is_some_and(|same| same.alerted.is_some());
        match self.context.cover {
            Some(cover) if cover.is_sent => return Some(Reason::SamePanic),
            // Of what stands people need not hear twice; of what is new they do.
            Some(_) if is_known && due.reason == Reason::StillFailing => {
                return Some(Reason::KnownInside);
            }
            _ => {}
        }
        if is_flapping {
            return None;
        }
        // What can only be kept in memory is lost with the process, and an older run leaves no status.
        let can_wait = self
            .context
            .address
            .is_some_and(|address| !address.queues.is_empty())
            && (self.newer.is_none() || self.same.is_some_and(|same| same.held.is_some()));
        let situation = Situation {
            is_silenced: self.is_silenced(),
            attempt: self.ended.attempt,
            failures: can_wait.then(|| self.same.map_or(1, |same| same.runs.saturating_add(1))),
            is_known,
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
            State::Error if !self.keeps_status() => {
                open.or_else(|| Some(format!("{:08x}", self.ended.run >> 32)))
            }
            State::Ok | State::Error => open,
        }
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
        let is_sent = decision.send && self.context.address.is_some();
        let is_told = is_sent || decision.reason == Reason::SamePanic;
        let mut told_errors = same
            .map(|same| same.told_errors.clone())
            .unwrap_or_default();
        if let Some(error) = self.fingerprint.as_ref().filter(|_| is_told) {
            told_errors.retain(|told| told != error);
            told_errors.push(error.clone());
            if told_errors.len() > TOLD_ERRORS {
                told_errors.remove(0);
            }
        }
        let kept = |status: &'a Status| status.held.as_ref();
        let earlier_hold = self.previous.and_then(|previous| previous.withheld_since);
        let silence = self.silence().cloned();
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
            } else if decision.send
                || decision.reason == Reason::Silenced
                || decision.reason == Reason::OtherErrors && self.error_silence().is_some()
            {
                // Nobody could be told, or was to be: once somebody can, it is told.
                None
            } else {
                same.and_then(|same| same.alerted)
            },
            alerted_by: self.alerted_by(decision, is_sent),
            other_errors: self.other_errors(decision, is_told),
            older_errors: ErrorCount::default(),
            overdue: self
                .previous
                .and_then(|previous| previous.overdue)
                .or(ended.was_overdue.then_some(now))
                .filter(|_| !ended.is_in_time),
            decision: Some(self.words(decision).into()),
            incident: self.incident().filter(|_| is_error),
            fingerprint: self.fingerprint.clone(),
            first_error: is_error
                .then(|| same.and_then(|same| same.first_error.clone()))
                .map(|first| first.unwrap_or_else(|| headline(&self.text, LINE))),
            told_errors,
            held: if decision.send || is_told {
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
            flapping: self.flapping(course, is_sent),
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
            runbook: ended.runbook.clone(),
            owner: ended.owner.clone(),
            alerted_channel: self.alerted_channel(is_sent),
            silenced_by_rule: None,
            facts: ended.said.clone(),
            passed_over: match self.outcome {
                Outcome::PassedOver(error) => {
                    Some(headline(&redact::hide(text::readable(error)), LINE))
                }
                _ => None,
            },
            cancelled: None,
            not_counted: None,
            text: self.text.clone(),
        }
    }

    /// Names the channel that later alerts of the incident go to, where it is not the job's own.
    fn alerted_channel(&self, is_sent: bool) -> Option<String> {
        let open = self.same.filter(|same| same.state == State::Error);
        match self.context.address.filter(|_| is_sent) {
            Some(address) if self.state == State::Error => Some(address.channel)
                .filter(|channel| *channel != self.ended.channel)
                .map(str::to_owned),
            _ => open.and_then(|same| same.alerted_channel.clone()),
        }
    }

    /// Names the job whose alert told people of this failure, where it was never this one's own.
    fn alerted_by(&self, decision: Decision, is_sent: bool) -> Option<String> {
        let same = self
            .same
            .filter(|same| same.state == State::Error && !is_sent);
        let spoke = same.and_then(|same| same.alerted_by.clone());
        let is_own = same.is_some_and(|same| !same.told_errors.is_empty() && spoke.is_none());
        match self.context.cover {
            Some(Cover { job, .. }) if decision.reason == Reason::SamePanic => {
                (!is_own && job != self.ended.job).then(|| job.to_owned())
            }
            _ => spoke,
        }
    }

    /// Counts the other errors of this silence: it ends with the alert that is due without them, and
    /// a person's when that person said.
    fn other_errors(&self, decision: Decision, is_told: bool) -> ErrorCount {
        let Some((same, error)) = self.same.zip(self.fingerprint.as_ref()) else {
            return ErrorCount::default();
        };
        let is_person = self.error_silence().is_some();
        let is_sent = decision.send && is_told;
        if is_sent && !is_person && decision.reason != Reason::NewError {
            return ErrorCount::default();
        }
        let mut count = same.other_errors.clone();
        if is_sent {
            // The alert says how many there were.
            count.waiting = 0;
            count.last = Some(self.context.now);
        }
        if self.is_other() && is_told {
            count.send(error, self.context.now);
        } else if decision.reason == Reason::OtherErrors {
            count.wait(error);
        }
        count
    }

    /// Returns what the status of another run is once this one is told, or is not; `None` where there
    /// is none, or it says all.
    pub(super) fn kept(&self, decision: Decision, own: &Status) -> Option<Status> {
        let now = self.context.now;
        let is_sent = decision.send && self.context.address.is_some();
        let previous = self.previous?;
        if self.is_overdue() {
            let is_late = is_sent && matches!(self.outcome, Outcome::Overdue(_));
            return is_late.then(|| Status {
                overdue: Some(now),
                ..previous.clone()
            });
        }
        match (previous.state, self.state) {
            (_, State::Ok) => None,
            (State::Ok, State::Error) => {
                let mut count = previous.older_errors.clone();
                let error = own.fingerprint.as_deref().unwrap_or_default();
                let is_over = count
                    .last
                    .is_some_and(|last| time::age(last, now) >= self.context.settings.silent);
                if is_sent {
                    if is_over {
                        count = ErrorCount::default();
                    }
                    count.waiting = 0;
                    count.send(error, now);
                } else if decision.reason == Reason::OtherErrors {
                    count.wait(error);
                }
                Some(Status {
                    older_errors: count,
                    ..previous.clone()
                })
            }
            // It counts as any other failure, and the status speaks of the newer one.
            (State::Error, State::Error) => Some(Status {
                runs: own.runs,
                alerted: own.alerted,
                alerted_by: own.alerted_by.clone(),
                told_errors: own.told_errors.clone(),
                other_errors: own.other_errors.clone(),
                held: own.held.clone(),
                withheld_since: own.withheld_since,
                decision: own.decision.clone(),
                ..previous.clone()
            }),
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

    fn flapping(&self, course: &Course, is_sent: bool) -> Option<Flapping> {
        match course {
            Course::Steady | Course::Ends(_) => None,
            Course::Changing(flapping) => Some(flapping.clone()),
            Course::Begins(flapping) | Course::GoesOn(flapping) => Some(Flapping {
                told: if is_sent {
                    Some(self.context.now)
                } else {
                    flapping.told
                },
                ..flapping.clone()
            }),
        }
    }

    pub(super) fn alert(
        &self,
        address: Address<'_>,
        course: &Course,
        decision: Decision,
        status: &Status,
    ) -> Alert {
        let Self {
            ended, previous, ..
        } = *self;
        let mut notes = ended.notes.clone();
        if let Course::Begins(flapping) | Course::GoesOn(flapping) | Course::Ends(flapping) = course
        {
            notes.push(flapping.words());
        }
        if let Some(newer) = self.newer {
            notes.push(newer_run(newer));
            notes.extend(newer.older_errors.words());
        }
        if decision.send {
            notes.extend(previous.and_then(|previous| previous.other_errors.words()));
        }
        let failed = previous.filter(|previous| previous.state == State::Error);
        let is_other = |failed: &&Status| {
            failed.fingerprint.is_some() && failed.fingerprint != self.fingerprint
        };
        Alert {
            id: hash::hex(ended.run),
            kind: match course {
                _ if self.is_overdue() => Kind::Overdue,
                Course::Begins(_) | Course::GoesOn(_) => Kind::Flapping,
                Course::Ends(_) => Kind::Steady,
                Course::Steady | Course::Changing(_) => {
                    // Nor by this name of what another job told.
                    let known = previous
                        .filter(|previous| previous.alerted_by.is_none() && !previous.is_unheard());
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
                .map(|failed| failed.headline(LINE)),
            outage: failed
                .filter(|_| self.state == State::Ok)
                .map(|failed| Outage {
                    since: failed.since,
                    runs: failed.runs,
                    error: failed
                        .first_error
                        .clone()
                        .unwrap_or_else(|| failed.headline(LINE)),
                }),
            mention: ended
                .mention
                .as_deref()
                .filter(|_| self.state == State::Error)
                .map(str::to_owned),
            facts: ended
                .facts
                .iter()
                .map(|(name, value)| (name.clone(), redact::hide(value).into_owned()))
                .collect(),
            notes,
            message: Message::default(),
            status: status.clone(),
        }
    }
}

/// Names the run that began later, where an older one is told of.
fn newer_run(newer: &Status) -> String {
    let begun = time::show(newer.begun);
    let pid = newer.pid.map(|pid| format!(", process {pid}"));
    format!(
        "a newer run (begun {begun}{}) has ended {}, and the status stays that one's",
        pid.unwrap_or_default(),
        newer.state
    )
}
