//! When a queue may send its next message: a bucket of tokens, a window in which alerts gather,
//! and a pause that grows while the destination fails.

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::Duration;

use chrono::TimeDelta;

use crate::format::fields::Fields;
use crate::format::time::{self, Time};
use crate::state::entry::Entry;

/// Messages that may leave at once; then one a second, which is what Slack allows a webhook.
const BURST: f64 = 5.0;

/// What follows a message within this time leaves together.
const GATHER: Duration = Duration::from_secs(2);

/// In a fleet they gather for as long again while each follows another within this time: on busy machines the
/// processes of one outage end seconds apart.
const FOLLOWS: Duration = Duration::from_secs(1);

/// The first pause after a failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause, also where a destination asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// For this long after an answer the next one is expected to be as slow. A destination may take as long to answer.
const JUST: Duration = Duration::from_secs(10);

/// After as many attempts an alert steps aside for those behind it.
const PATIENCE: u32 = 3;

/// More attempts than there can be otherwise: the alert leaves by itself.
const ALONE: u32 = 1_000_000;

/// An alert whose refusal may be temporary is tried again for this time, or so often.
const DOUBTFUL: TimeDelta = TimeDelta::hours(24);
const DOUBTS: u32 = 50;

/// What a queue remembers from one message to the next, whichever process sends it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pace {
    /// The pause between messages, in seconds, once there was a burst of them.
    every: f64,
    tokens: f64,
    refilled: Time,
    sent: Option<Time>,
    /// Whether what came of the last attempt is yet to be written.
    is_asked: bool,
    failures: u32,
    not_before: Option<Time>,
    /// The longest that it was given since its last answer, where it did not answer at the last attempt.
    unanswered: Option<Duration>,
    /// Why a person has to fix the destination, as it said at the last attempt.
    broken: Option<String>,
    /// What was tried of the alerts that still wait, in the order of their ids.
    trials: Vec<(String, Trial)>,
}

/// What was tried of an alert.
#[derive(Debug, Clone, Default, PartialEq)]
struct Trial {
    /// How often it was tried, counted before it is sent.
    attempts: u32,
    /// How often it was refused with an unclear answer, and since when.
    doubts: Option<(u32, Time)>,
    /// Until when it waits by itself, and holds up nothing but its job.
    put_off: Option<Time>,
}

impl Pace {
    pub(crate) fn new(now: Time) -> Self {
        Self {
            every: 1.0,
            tokens: BURST,
            refilled: now,
            sent: None,
            is_asked: false,
            failures: 0,
            not_before: None,
            unanswered: None,
            broken: None,
            trials: Vec::new(),
        }
    }

    /// Sets the pause between messages, which is a second where nothing is set.
    pub(crate) fn every(self, pause: Duration) -> Self {
        Self {
            every: pause.as_secs_f64().clamp(0.01, LONGEST_PAUSE.as_secs_f64()),
            ..self
        }
    }

    /// Returns when the next message may leave: `now`, or later. At the exit nothing gathers.
    pub(crate) fn next(&self, now: Time, exiting: bool) -> Time {
        let gathered = self
            .sent
            .filter(|_| !exiting)
            .map(|sent| clamp(sent + GATHER, now, GATHER));
        let paused = self.not_before.map(|time| clamp(time, now, LONGEST_PAUSE));
        let missing = (1.0 - self.tokens_at(now)).max(0.0) * self.every;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "some quarters of an hour at most"
        )]
        let refilled = now + TimeDelta::microseconds((missing * 1e6).ceil() as i64);
        [gathered, paused]
            .into_iter()
            .flatten()
            .fold(refilled, Ord::max)
            .max(now)
    }

    /// The same in a fleet, at the exit too, where the newest alert was decided then.
    pub(crate) fn next_of_fleet(&self, now: Time, newest: Time) -> Time {
        let next = self.next(now, false);
        self.sent.map_or(next, |sent| {
            let longest = clamp(sent + GATHER * 2, now, GATHER * 2);
            next.max(longest.min(newest + FOLLOWS))
        })
    }

    /// Counts an attempt, before it is made.
    pub(crate) fn begin<'a>(&mut self, alerts: impl IntoIterator<Item = &'a str>, now: Time) {
        self.tokens = self.tokens_at(now) - 1.0;
        self.refilled = now;
        self.sent = Some(now);
        self.is_asked = true;
        for id in alerts {
            let trial = self.trial(id);
            trial.attempts = trial.attempts.saturating_add(1);
        }
    }

    /// Counts another message that the same attempt has sent.
    pub(crate) fn count_another(&mut self) {
        self.tokens -= 1.0;
    }

    /// Records that the destination answered, be it by refusing an alert. The next message is counted
    /// from then: of two that take their time by turns, the second would come too soon.
    pub(crate) fn answered(&mut self, now: Time) {
        self.refilled = now;
        self.is_asked = false;
        self.failures = 0;
        self.not_before = None;
        self.unanswered = None;
        self.broken = None;
    }

    /// Records that the destination failed, and pauses: for as long as it asked, or with `jitter`
    /// (from 0 to 1) for up to twice as long as the last time.
    pub(crate) fn failed(&mut self, now: Time, asked: Option<Duration>, jitter: f64) {
        self.failures = self.failures.saturating_add(1);
        self.unanswered = None;
        self.broken = None;
        let doubled = FIRST_PAUSE * 2_u32.saturating_pow((self.failures - 1).min(10));
        let grown = doubled.mul_f64(0.5 + jitter / 2.0);
        self.pause(now, asked.unwrap_or(grown));
    }

    /// The same where it did not answer within the time that it was given.
    pub(crate) fn not_answered(&mut self, now: Time, given: Duration, jitter: f64) {
        let longest = self.unanswered.max(Some(given));
        self.failed(now, None, jitter);
        self.unanswered = longest;
    }

    /// Returns the same for an attempt that can be given so much time: it does not pause where the last ones
    /// were given much less, for it may be slow, and no more.
    pub(crate) fn given(&self, time: Duration) -> Cow<'_, Self> {
        match self.unanswered {
            Some(unanswered) if unanswered.saturating_mul(3) / 2 < time => Cow::Owned(Self {
                not_before: None,
                ..self.clone()
            }),
            _ => Cow::Borrowed(self),
        }
    }

    /// Records that a person has to fix the channel, which takes a person's time.
    pub(crate) fn broken(&mut self, now: Time, reason: &str) {
        self.failures = self.failures.saturating_add(1);
        self.unanswered = None;
        self.broken = Some(reason.to_owned());
        self.pause(now, LONGEST_PAUSE);
    }

    /// Ends its pauses, for a person asks, who may have mended the destination; returns whether there were any.
    pub(crate) fn ask_anew(&mut self) -> bool {
        let put_off = self
            .trials
            .iter_mut()
            .filter_map(|(_, trial)| trial.put_off.take());
        put_off.count() + usize::from(self.not_before.take().is_some()) > 0
    }

    /// Returns why the destination is broken, while it is not asked again.
    pub(crate) fn broken_at(&self, now: Time) -> Option<&str> {
        let pause = self.not_before.map(|time| clamp(time, now, LONGEST_PAUSE));
        self.broken.as_deref().filter(|_| pause > Some(now))
    }

    /// Returns whether it was broken at the last attempt.
    pub(crate) fn was_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Returns since when an attempt is under way, as far as anybody has written.
    pub(crate) fn asked_since(&self) -> Option<Time> {
        self.sent.filter(|_| self.is_asked)
    }

    /// Returns when the last message was sent, or was to be.
    pub(crate) fn last_sent(&self) -> Option<Time> {
        self.sent
    }

    /// Returns how long the destination took for a message that it has just answered.
    pub(crate) fn just_took(&self, now: Time) -> Duration {
        let took = self.sent.map(|sent| self.refilled - sent);
        let took = took.and_then(|took| took.to_std().ok());
        let age = (now - self.refilled).abs().to_std().unwrap_or_default();
        took.filter(|took| age <= JUST && *took <= JUST)
            .unwrap_or_default()
    }

    /// Counts that an alert was refused with an unclear answer, and returns whether it has
    /// been tried for long or often enough.
    pub(crate) fn doubt(&mut self, id: &str, now: Time) -> bool {
        let (count, since) = self.trial(id).doubts.get_or_insert((0, now));
        *count = count.saturating_add(1);
        *count >= DOUBTS || now - *since >= DOUBTFUL
    }

    pub(crate) fn put_off(&mut self, id: &str, now: Time, pause: Duration) {
        let until = now + pause.min(LONGEST_PAUSE);
        self.trial(id).put_off = Some(until);
    }

    /// Returns until when an alert waits by itself.
    pub(crate) fn is_put_off(&self, id: &str, now: Time) -> Option<Time> {
        let until = clamp(self.tried(id)?.put_off?, now, LONGEST_PAUSE);
        (until > now).then_some(until)
    }

    fn pause(&mut self, now: Time, pause: Duration) {
        self.is_asked = false;
        self.not_before = Some(now + pause.min(LONGEST_PAUSE));
    }

    /// Returns whether the alert was tried so often that it steps aside for others.
    pub(crate) fn steps_aside(&self, id: &str) -> bool {
        self.attempts(id) >= PATIENCE
    }

    /// Has an alert sent by itself from now on: it was in a message that was refused.
    pub(crate) fn send_alone(&mut self, id: &str) {
        self.trial(id).attempts = ALONE;
    }

    /// Returns whether the alert was in a message that was refused.
    pub(crate) fn must_go_alone(&self, id: &str) -> bool {
        self.attempts(id) >= ALONE
    }

    /// Returns how often the alert was tried.
    fn attempts(&self, id: &str) -> u32 {
        self.tried(id).map_or(0, |trial| trial.attempts)
    }

    fn tried(&self, id: &str) -> Option<&Trial> {
        self.place(id).ok().map(|at| &self.trials[at].1)
    }

    /// Returns where an alert's trial is, or is to be.
    fn place(&self, id: &str) -> Result<usize, usize> {
        let order = |(known, _): &(String, Trial)| known.as_str().cmp(id);
        self.trials.binary_search_by(order)
    }

    #[inline(never)]
    fn trial(&mut self, id: &str) -> &mut Trial {
        let place = self.place(id);
        let at = place.unwrap_or_else(|at| at);
        if place.is_err() {
            self.trials.insert(at, (id.to_owned(), Trial::default()));
        }
        &mut self.trials[at].1
    }

    pub(crate) fn forget(&mut self, id: &str) {
        if let Ok(at) = self.place(id) {
            self.trials.remove(at);
        }
    }

    /// Forgets every alert that is gone from the queue.
    pub(crate) fn forget_others_than(&mut self, waiting: &[Entry]) {
        if self.trials.is_empty() {
            return;
        }
        let ids: HashSet<_> = waiting.iter().map(Entry::id).collect();
        self.trials.retain(|(id, _)| ids.contains(&**id));
    }

    fn tokens_at(&self, now: Time) -> f64 {
        let elapsed = (now - self.refilled).as_seconds_f64().max(0.0);
        (self.tokens + elapsed / self.every).min(BURST)
    }

    /// Writes the queue's file.
    pub(crate) fn render(&self) -> String {
        let mut fields = Fields::default();
        fields.put("tokens", self.tokens.to_string());
        fields.put("refilled", time::show(self.refilled));
        fields.put_some("sent", self.sent.map(time::show));
        fields.put_some("asked", self.is_asked.then_some("yes"));
        fields.put("failures", self.failures.to_string());
        fields.put_some("not-before", self.not_before.map(time::show));
        let unanswered = self.unanswered.map(|time| time.as_millis().to_string());
        fields.put_some("unanswered-ms", unanswered);
        fields.put_some("broken", self.broken.clone());
        for (id, trial) in &self.trials {
            let attempts = Some(trial.attempts).filter(|attempts| *attempts > 0);
            let attempts = attempts.map(|attempts| attempts.to_string());
            let doubts = trial.doubts;
            let doubts =
                doubts.map(|(count, since)| format!("{count}{SINCE}{}", time::show(since)));
            fields.put_some(&format!("{ATTEMPTS}{id}"), attempts);
            fields.put_some(&format!("{DOUBTED}{id}"), doubts);
            fields.put_some(&format!("{PUT_OFF}{id}"), trial.put_off.map(time::show));
        }
        fields.render()
    }

    /// Reads the queue's file; one that is damaged, or whose clock was far ahead, begins anew.
    pub(crate) fn parse(content: &str, now: Time) -> Self {
        let fields = Fields::parse(content);
        let time = |key| fields.get(key).and_then(time::parse);
        let number = |key| fields.get(key).and_then(|value| value.parse::<f64>().ok());
        let new = Self::new(now);
        let mut pace = Self {
            every: new.every,
            tokens: number("tokens")
                .filter(|tokens| tokens.is_finite())
                .unwrap_or(new.tokens)
                .clamp(-BURST, BURST),
            refilled: time("refilled").unwrap_or(now).min(now),
            sent: time("sent"),
            is_asked: fields.get("asked").is_some(),
            failures: fields
                .get("failures")
                .and_then(|value| value.parse().ok())
                .unwrap_or_default(),
            not_before: time("not-before"),
            unanswered: fields
                .get("unanswered-ms")
                .and_then(|value| value.parse().ok())
                .map(Duration::from_millis),
            broken: fields.get("broken").map(str::to_owned),
            trials: new.trials,
        };
        for (key, value) in fields.iter() {
            let _ = pace.parse_trial(key, value, now);
        }
        pace
    }

    /// Reads a field that speaks of one alert; any other is none.
    fn parse_trial(&mut self, key: &str, value: &str, now: Time) -> Option<()> {
        if let Some(id) = key.strip_prefix(ATTEMPTS) {
            let attempts = value.parse().ok()?;
            self.trial(id).attempts = attempts;
        } else if let Some(id) = key.strip_prefix(DOUBTED) {
            let (count, since) = value.split_once(SINCE)?;
            let doubts = (count.parse().ok()?, time::parse(since)?.min(now));
            self.trial(id).doubts = Some(doubts);
        } else if let Some(id) = key.strip_prefix(PUT_OFF) {
            let until = time::parse(value)?;
            self.trial(id).put_off = Some(until);
        }
        Some(())
    }
}

const ATTEMPTS: &str = "attempts-";
const DOUBTED: &str = "doubts-";
const PUT_OFF: &str = "put-off-";
const SINCE: &str = " since ";

/// Returns `time`, but `now` where it is further ahead than it can have been set.
fn clamp(time: Time, now: Time, furthest: Duration) -> Time {
    if time > now + furthest { now } else { time }
}

#[cfg(test)]
mod tests;
