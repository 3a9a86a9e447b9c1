//! What a job's status says after the end of a run.

use super::Cover;
use super::case::Case;
use super::decision::Settled;
use crate::format::headline::headline;
use crate::format::text;
use crate::format::time::{self, Time};
use crate::os::redact;
use crate::rules::Reason;
use crate::rules::flapping::Course;
use crate::status::error_count::ErrorCount;
use crate::status::outcome::Outcome;
use crate::status::{Flapping, Held, LINE, Quiet, State, Status};

/// The most errors of an incident that are remembered as sent.
pub(super) const SENT_ERRORS: usize = 8;

impl Case<'_> {
    pub(super) fn status(&self, settled: &Settled) -> Status {
        let (run, previous, same) = (self.end.run, self.previous, self.same);
        let is_error = self.state == State::Error;
        let silence = self.silence().cloned();
        let quiet = self.quiet(settled);
        // For `watch`, which reports a missed run and the end of a silence; the run itself knows its channel.
        let is_expected = run.every_hours.is_some() || run.plan.is_some();
        let is_withheld = silence.is_some() || quiet.is_some();
        let is_named = is_expected || is_withheld;
        let (runs, failures) = previous.map(Status::totals).unwrap_or_default();
        let mut status = Status::new(self.state, run.begun);
        status.location.clone_from(&run.location);
        status.took = run.took;
        status.since = same.map_or(run.begun, |same| same.since);
        status.runs = same.map_or(1, |same| same.runs.saturating_add(1));
        status.runs_total = runs.saturating_add(1);
        status.failures_total = failures.saturating_add(u64::from(is_error));
        status.last_ok = self.last_ok();
        status.alerted = self.alerted(settled);
        status.alerted_by = self.alerted_by(settled);
        status.incident = self.incident().filter(|_| is_error);
        status.fingerprint.clone_from(&self.fingerprint);
        status.first_error = self.first_error();
        status.sent_errors = self.sent_errors(settled);
        status.other_errors = self.other_errors(settled);
        status.overdue = self.overdue(settled);
        if let Some(previous) = previous.filter(|_| self.is_unheard(settled)) {
            // People wait for it still.
            (status.missed, status.missed_due) = (previous.missed, previous.missed_due);
        }
        status.took_alerted = self.took_alerted(settled);
        status.overlap_alerted = previous.and_then(|previous| previous.overlap_alerted);
        status.held = self.held(settled);
        status.withheld_since = self.withheld_since(settled);
        status.silence = silence;
        status.acknowledged = self.acknowledged().cloned();
        status.quiet = quiet;
        status.flapping = self.flapping(settled);
        status.decision = Some(settled.decided());
        status.host = Some(run.host.clone());
        status.pid = run.pid;
        status.exe.clone_from(&run.exe);
        status.source = Some(run.source.clone());
        status.version.clone_from(&run.version);
        status.ok_version = match self.state {
            State::Ok => run.version.clone(),
            State::Error => previous.and_then(|previous| previous.ok_version.clone()),
        };
        status.every_hours = run.every_hours;
        status.plan.clone_from(&run.plan);
        status.channel = is_named.then(|| run.channel.clone());
        let mention = run.mention.as_ref().filter(|_| is_error && is_withheld);
        status.mention = mention.cloned();
        status.runbook.clone_from(&run.runbook);
        status.owner.clone_from(&run.owner);
        status.alerted_channel = self.alerted_channel(settled);
        status.silenced_by_rule = settled
            .reason
            .clone()
            .filter(|_| is_error && !settled.decision.send);
        status.facts.clone_from(&run.heard.facts);
        status.log_lines.clone_from(&run.heard.log_lines);
        status.passed_over = match self.end.outcome {
            Outcome::PassedOver(error) => Some(headline(
                &redact::hide_in_error(text::readable(error)),
                LINE,
            )),
            _ => None,
        };
        status.text.clone_from(&self.text);
        status
    }

    /// Returns when the job last worked, if it does not now.
    fn last_ok(&self) -> Option<Time> {
        let previous = self.previous.filter(|_| self.state == State::Error)?;
        match previous.state {
            State::Ok => Some(previous.begun),
            State::Error => previous.last_ok,
        }
    }

    fn first_error(&self) -> Option<String> {
        let first = || self.same.and_then(|same| same.first_error.clone());
        let own = || headline(&self.text, LINE);
        (self.state == State::Error).then(|| first().unwrap_or_else(own))
    }

    /// Returns when an alert said that a run is overdue, until one has ended in time, and people have heard of its end.
    fn overdue(&self, settled: &Settled) -> Option<Time> {
        let run = self.end.run;
        let earlier = self.previous.and_then(|previous| previous.overdue);
        let sent = earlier.or(run.was_overdue.then_some(self.end.now));
        sent.filter(|_| !run.is_in_time || self.is_unheard(settled))
    }

    /// Returns whether nobody hears that the job fails.
    fn is_unheard(&self, settled: &Settled) -> bool {
        let heard = self.same.is_some_and(|same| !same.is_unheard());
        self.state == State::Error && !settled.is_known() && !heard
    }

    /// Returns when an alert said that a run was too short or too long, until one was neither.
    fn took_alerted(&self, settled: &Settled) -> Option<Time> {
        self.took()?;
        let earlier = self.previous.and_then(|previous| previous.took_alerted);
        if settled.is_sent {
            Some(self.end.now)
        } else {
            earlier
        }
    }

    /// Returns what the status of another run is after this decision; `None` where there
    /// is none, or it says all.
    pub(super) fn status_of_other(&self, settled: &Settled, own: &Status) -> Option<Status> {
        let now = self.end.now;
        let previous = self.previous?;
        if self.is_overdue() {
            let mut status = settled.is_sent.then(|| previous.clone())?;
            match self.end.outcome {
                Outcome::Overdue(_) => {
                    if status.overdue.is_none() && status.state == State::Ok {
                        // What people heard last is no `OK` any more: they hear of its end.
                        status.alerted = None;
                    }
                    status.overdue = Some(now);
                }
                Outcome::Missed(_) => {
                    (status.missed, status.missed_due) = (Some(now), self.end.run.due);
                }
                Outcome::Overlapping => status.overlap_alerted = Some(now),
                _ => return None,
            }
            return Some(status);
        }
        // It has ended all the same.
        let mut status = previous.clone();
        status.runs_total = own.runs_total;
        status.failures_total = own.failures_total;
        match (previous.state, self.state) {
            (_, State::Ok) => {}
            (State::Ok, State::Error) => {
                let count = &mut status.older_errors;
                let error = own.fingerprint.as_deref().unwrap_or_default();
                let is_over = count
                    .last
                    .is_some_and(|last| time::age(last, now) >= self.end.settings.silent);
                if settled.is_sent {
                    if is_over {
                        *count = ErrorCount::default();
                    }
                    count.waiting = 0;
                    count.send(error, now);
                } else if settled.decision.reason == Reason::OtherErrors {
                    count.wait(error);
                }
            }
            // It counts as any other failure, and the status speaks of the newer one.
            (State::Error, State::Error) => {
                status.runs = own.runs;
                status.alerted = own.alerted;
                status.alerted_by.clone_from(&own.alerted_by);
                status.sent_errors.clone_from(&own.sent_errors);
                status.other_errors.clone_from(&own.other_errors);
                status.held.clone_from(&own.held);
                status.withheld_since = own.withheld_since;
                status.quiet.clone_from(&own.quiet);
                status.mention.clone_from(&own.mention);
                status.decision.clone_from(&own.decision);
                status.alerted_channel.clone_from(&own.alerted_channel);
                status.silenced_by_rule.clone_from(&own.silenced_by_rule);
            }
        }
        Some(status)
    }

    /// Names the incident that is open, this run's own where it opens one.
    pub(super) fn incident(&self) -> Option<String> {
        let open = self.previous.and_then(|previous| previous.incident.clone());
        // Only a status that says `ERROR` opens an incident.
        let opens = self.state == State::Error && !self.keeps_status();
        open.or_else(|| opens.then(|| format!("{:08x}", self.end.run.run >> 32)))
    }

    fn alerted(&self, settled: &Settled) -> Option<Time> {
        let Settled { decision, .. } = settled;
        let is_withheld = decision.reason == Reason::Silenced
            || decision.reason == Reason::Quiet && self.state == State::Error
            || decision.reason == Reason::OtherErrors && self.error_silence().is_some();
        if settled.is_known() {
            Some(self.end.now)
        } else if decision.send || is_withheld {
            // No alert reached anybody: the next failure is sent once one can.
            None
        } else {
            self.same.and_then(|same| same.alerted)
        }
    }

    /// Names the job that sent this failure, where this one never did.
    fn alerted_by(&self, settled: &Settled) -> Option<String> {
        let same = self
            .same
            .filter(|same| same.state == State::Error && !settled.is_sent);
        let spoke = same.and_then(|same| same.alerted_by.clone());
        let is_own = same.is_some_and(|same| !same.sent_errors.is_empty() && spoke.is_none());
        match self.end.cover {
            Some(Cover { job, .. }) if settled.decision.reason == Reason::SamePanic => {
                (!is_own && job != self.end.run.job).then(|| job.to_owned())
            }
            _ => spoke,
        }
    }

    /// Names the channel of the incident's last alert, where that is not the job's own: a rule has chosen it, or
    /// the job's own has no destination.
    fn alerted_channel(&self, settled: &Settled) -> Option<String> {
        if !settled.is_sent && settled.held.is_none() {
            return self.same.and_then(|same| same.alerted_channel.clone());
        }
        let channel = self.end.address?.channel;
        let is_followed = self.state == State::Error && channel != self.end.run.channel;
        is_followed.then(|| channel.to_owned())
    }

    fn sent_errors(&self, settled: &Settled) -> Vec<String> {
        let known = self.same.map(|same| same.sent_errors.clone());
        let mut sent = known.unwrap_or_default();
        if let Some(error) = self.fingerprint.as_ref().filter(|_| settled.is_known()) {
            sent.retain(|known| known != error);
            sent.push(error.clone());
            if sent.len() > SENT_ERRORS {
                sent.remove(0);
            }
        }
        sent
    }

    /// Counts the other errors of this silence: it ends with the alert that is due without them, and
    /// a person's when that person said.
    fn other_errors(&self, settled: &Settled) -> ErrorCount {
        let Some((same, error)) = self.same.zip(self.fingerprint.as_ref()) else {
            return ErrorCount::default();
        };
        let reason = settled.decision.reason;
        // What an older run sends is its reason whatever its error is.
        let is_new = reason == Reason::NewError || self.newer.is_some() && self.is_other();
        if settled.is_sent && self.error_silence().is_none() && !is_new {
            return ErrorCount::default();
        }
        let mut count = same.other_errors.clone();
        if settled.is_sent {
            // The alert says how many there were.
            count.waiting = 0;
            count.last = Some(self.end.now);
        }
        if self.is_other() && settled.is_known() {
            count.send(error, self.end.now);
        } else if reason == Reason::OtherErrors {
            count.wait(error);
        }
        count
    }

    fn held(&self, settled: &Settled) -> Option<Held> {
        if settled.decision.send || settled.is_known() {
            return None;
        }
        let earlier = || self.same.and_then(|same| same.held.as_ref());
        settled.held.as_ref().or_else(earlier).cloned()
    }

    fn withheld_since(&self, settled: &Settled) -> Option<Time> {
        if settled.is_known() {
            return None;
        }
        let earlier = self.previous.and_then(|previous| previous.withheld_since);
        earlier.or(settled.held.is_some().then_some(self.end.now))
    }

    /// Returns the planned quiet that has withheld an alert, which is due once it ends.
    fn quiet(&self, settled: &Settled) -> Option<Quiet> {
        let is_due = self.state == State::Error && !settled.decision.send && !settled.is_known();
        match settled.decision.reason {
            _ if !is_due => None,
            Reason::Quiet => self.end.quiet.cloned(),
            _ => self.same.and_then(|same| same.quiet.clone()),
        }
    }

    fn flapping(&self, settled: &Settled) -> Option<Flapping> {
        match &self.course {
            Course::Steady | Course::Ends(_) => None,
            Course::Changing(flapping) => Some(flapping.clone()),
            Course::Begins(flapping) | Course::GoesOn(flapping) => Some(Flapping {
                sent: if settled.is_sent {
                    Some(self.end.now)
                } else {
                    flapping.sent
                },
                ..flapping.clone()
            }),
        }
    }
}
