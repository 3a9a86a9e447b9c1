//! What the end of a run changes: the job's new status, and the alert that tells of it.

use std::borrow::Cow;
use std::time::Duration;

use chrono::TimeDelta;

use crate::alert::{Alert, Kind, Outage};
use crate::fields::Fields;
use crate::fingerprint;
use crate::flapping::{self, Course, Flapping};
use crate::id;
use crate::outcome::Outcome;
use crate::rules::{self, Attempt, Decision, Past, Reason, Settings, Situation};
use crate::status::{Held, LINE, State, Status};
use crate::text;
use crate::time::{self, Time};

/// So many different errors of an incident are told within the silence; then it is as for one.
const NEWS: usize = 8;

/// The longest that an alert is held, in seconds, whatever the settings.
const LONGEST_HOLD: f64 = 7.0 * 24.0 * rules::HOUR;

/// A run that has ended, but for its outcome.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) run: u64,
    pub(crate) job: Cow<'static, str>,
    /// `module :: function`.
    pub(crate) location: Cow<'static, str>,
    /// `file:line`.
    pub(crate) source: Cow<'static, str>,
    pub(crate) begun: Time,
    /// `None` where it is not known, for it died.
    pub(crate) took: Option<Duration>,
    pub(crate) host: Cow<'static, str>,
    pub(crate) pid: Option<u32>,
    pub(crate) exe: Option<Cow<'static, str>>,
    /// The version of the job's crate.
    pub(crate) version: Option<Cow<'static, str>>,
    /// How often the job is meant to run.
    pub(crate) every_hours: Option<f64>,
    /// Where its alerts go; the empty text is nowhere.
    pub(crate) channel: Cow<'static, str>,
    pub(crate) attempt: Option<Attempt>,
    pub(crate) nested: bool,
    /// Whether people were told that it was overdue.
    pub(crate) was_overdue: bool,
    /// Whom a failure mentions.
    pub(crate) mention: Option<Cow<'static, str>>,
    /// What its alerts say of where it ran.
    pub(crate) facts: Cow<'static, [(String, String)]>,
    /// What its alerts say beside the error.
    pub(crate) notes: Vec<String>,
}

/// Where an alert of a job goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    pub(crate) channel: &'a str,
    /// The folders of its destinations' queues; none where alerts can only be kept in memory.
    pub(crate) queues: &'a [String],
}

/// A job's new status, and the alert that tells of it: both happen, or neither.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Change {
    /// The status file's name.
    pub(crate) file: String,
    /// `None` leaves it: a later run has written it.
    pub(crate) status: Option<Status>,
    pub(crate) alert: Option<Alert>,
    /// The folders of the queues that the alert goes to.
    pub(crate) queues: Vec<String>,
    /// Whether the alert is held back; the status says how long.
    pub(crate) is_held: bool,
    /// An alert that was held, and is not to be told any more: where it waits.
    pub(crate) withdrawn: Vec<String>,
    /// Where the run is recorded as under way, which it is no longer.
    pub(crate) place: Option<Place>,
    /// What decided, for the job's history; the journal does not hold it.
    pub(crate) settings: Option<Settings>,
}

/// Where a run stands in the records of runs under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) record: String,
    pub(crate) offset: u64,
}

/// What the rules make of the end of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) status: Option<Status>,
    pub(crate) alert: Option<Alert>,
    /// Whether the alert is held back; the status says how long.
    pub(crate) is_held: bool,
    /// An alert that was held, and is not to be told any more: where it waits.
    pub(crate) withdrawn: Vec<String>,
    pub(crate) decision: Decision,
}

/// What a verdict depends on beside the run and the job's past.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Read under the job's lock.
    pub(crate) now: Time,
    pub(crate) settings: Settings,
    /// `None` where nobody can be told.
    pub(crate) address: Option<Address<'a>>,
    /// Whether the same panic was told already.
    pub(crate) told_already: bool,
}

/// Works out the new status of a job, and what people are told; `None` where nothing changes.
pub(crate) fn of(
    past: &Past,
    ended: &Ended,
    outcome: &Outcome,
    context: &Context<'_>,
) -> Option<Verdict> {
    if *outcome == Outcome::Cancelled && ended.nested {
        return Some(cancelled(past.status()?, context.now));
    }
    let end = End::new(past, ended, outcome, *context);
    let course = end.course();
    let due = end.decide(past, &course);
    let withheld = end.hold(due);
    let decision = withheld.map_or(due, |reason| Decision {
        send: false,
        reason,
    });
    let until = withheld
        .filter(|reason| matches!(reason, Reason::Attempt | Reason::After))
        .map(|_| end.held_until());
    let address = end.context.address;
    let held = until.and_then(|until| {
        let name = held_name(until, ended.run);
        let queues = address?.queues.iter();
        Some(Held {
            until,
            alerts: queues.map(|queue| format!("{queue}/{name}")).collect(),
        })
    });
    let earlier = end.previous.and_then(|previous| previous.held.as_ref());
    let status = end.status(decision, &course, held.as_ref());
    let is_over = earlier.filter(|earlier| status.held.as_ref() != Some(*earlier));
    Some(Verdict {
        withdrawn: is_over
            .filter(|_| !end.leaves_status)
            .map(|held| held.alerts.clone())
            .unwrap_or_default(),
        alert: address
            .filter(|_| decision.send || held.is_some())
            .map(|address| end.alert(address, &course, &status)),
        is_held: held.is_some(),
        decision,
        status: Some(status).filter(|_| !end.leaves_status),
    })
}

/// Names the file of an alert that is held until then.
pub(crate) fn held_name(until: Time, run: u64) -> String {
    format!("{:016x}-{run:016x}", until.timestamp_micros().max(0))
}

/// A run inside another was cancelled: that one goes on, and its outcome is what counts.
fn cancelled(previous: &Status, now: Time) -> Verdict {
    let status = Status {
        cancelled: Some(now),
        ..previous.clone()
    };
    Verdict {
        status: Some(status),
        alert: None,
        is_held: false,
        withdrawn: Vec::new(),
        decision: Decision {
            send: false,
            reason: Reason::NothingNew,
        },
    }
}

/// The end of a run, beside what is known of the runs before it.
struct End<'a> {
    ended: &'a Ended,
    outcome: &'a Outcome,
    context: Context<'a>,
    previous: Option<&'a Status>,
    /// The previous status, where it is the same.
    same: Option<&'a Status>,
    state: State,
    text: String,
    fingerprint: Option<String>,
    is_overdue: bool,
    is_overtaken: bool,
    /// Whether it says nothing of the job's status.
    leaves_status: bool,
}

impl<'a> End<'a> {
    fn new(past: &'a Past, ended: &'a Ended, outcome: &'a Outcome, context: Context<'a>) -> Self {
        let previous = past.status();
        let state = outcome.state();
        let text = text::cut(&outcome.text(), text::LIMIT).into_owned();
        // A death is found late: a run that began after it may have ended meanwhile.
        let is_overtaken = matches!(outcome, Outcome::Died(_))
            && previous.is_some_and(|previous| {
                // A status of the future overtakes nothing.
                previous.begun > ended.begun && time::age(previous.begun, context.now).is_finite()
            });
        let is_overdue = matches!(outcome, Outcome::Overdue(_));
        Self {
            fingerprint: (state == State::Error).then(|| fingerprint::of(&text)),
            same: previous.filter(|previous| previous.state == state),
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

    fn course(&self) -> Course {
        let Context { now, settings, .. } = self.context;
        if settings.flapping && !self.leaves_status {
            flapping::follow(self.previous, self.state, self.ended.begun, now)
        } else {
            Course::Steady
        }
    }

    /// Decides whether the run is to be told.
    fn decide(&self, past: &Past, course: &Course) -> Decision {
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
    fn hold(&self, due: Decision) -> Option<Reason> {
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
    fn held_until(&self) -> Time {
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

    fn status(&self, decision: Decision, course: &Course, held: Option<&Held>) -> Status {
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
        Status {
            state,
            begun: ended.begun,
            location: ended.location.to_string(),
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
            decision: Some(self.words(decision)),
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
            silence: self
                .previous
                .and_then(|previous| previous.silence.clone())
                .filter(|silence| silence.until > now),
            flapping: self.flapping(course, is_told),
            host: Some(ended.host.to_string()),
            pid: ended.pid,
            exe: ended.exe.as_deref().map(str::to_owned),
            source: Some(ended.source.to_string()),
            version: ended.version.as_deref().map(str::to_owned),
            ok_version: if is_error {
                self.previous
                    .and_then(|previous| previous.ok_version.clone())
            } else {
                ended.version.as_deref().map(str::to_owned)
            },
            every_hours: ended.every_hours,
            // For whoever tells that it was missed; the run itself knows.
            channel: ended.every_hours.map(|_| ended.channel.to_string()),
            passed_over: match self.outcome {
                Outcome::PassedOver(error) => Some(text::first_line(error, LINE).to_owned()),
                _ => None,
            },
            cancelled: None,
            text: self.text.clone(),
        }
    }

    /// Says what was decided, and why.
    fn words(&self, decision: Decision) -> String {
        let told = match (decision.send, self.context.address) {
            (true, Some(_)) => "told",
            (true, None) => "due, and nobody could be told",
            (false, _) => "not told",
        };
        format!("{told}: {}", decision.reason.as_str())
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

    fn alert(&self, address: Address<'_>, course: &Course, status: &Status) -> Alert {
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
            id: format!("{:016x}", ended.run),
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

impl Change {
    /// Writes the change as a journal, which is complete if it can be read back.
    pub(crate) fn render(&self) -> String {
        let mut fields = Fields::default();
        fields.put("file", &*self.file);
        for queue in &self.queues {
            fields.put("queue", &**queue);
        }
        if let Some(place) = &self.place {
            fields.put("record", &*place.record);
            fields.put("slot", place.offset.to_string());
        }
        if self.is_held {
            fields.put("held", "yes");
        }
        for withdrawn in &self.withdrawn {
            fields.put("withdrawn", &**withdrawn);
        }
        // An alert holds the status that it tells of.
        let (says, text) = match (&self.alert, &self.status) {
            (Some(alert), Some(_)) if !self.queues.is_empty() => (BOTH, alert.render()),
            (Some(alert), None) if !self.queues.is_empty() => (ALERT, alert.render()),
            (_, Some(status)) => (STATUS, status.render()),
            (_, None) => (NOTHING, String::new()),
        };
        fields.put("says", says);
        fields.text = text;
        let content = fields.render();
        format!("{SUM}{:016x}\n{content}", id::hash(&content))
    }

    /// Reads a journal; `None` where it was not written to its end.
    pub(crate) fn parse(journal: &str) -> Option<Self> {
        let (sum, content) = journal.strip_prefix(SUM)?.split_once('\n')?;
        if u64::from_str_radix(sum, 16).ok()? != id::hash(content) {
            return None;
        }
        let fields = Fields::parse(content);
        let (status, alert) = match fields.get("says")? {
            BOTH => {
                let alert = Alert::parse(&fields.text)?;
                (Some(alert.status.clone()), Some(alert))
            }
            ALERT => (None, Some(Alert::parse(&fields.text)?)),
            STATUS => (Some(Status::parse(&fields.text)?), None),
            _ => (None, None),
        };
        let place = fields.get("record").and_then(|record| {
            Some(Place {
                record: record.to_owned(),
                offset: fields.get("slot")?.parse().ok()?,
            })
        });
        Some(Self {
            file: fields.get("file")?.to_owned(),
            status,
            alert,
            queues: fields.all("queue"),
            is_held: fields.get("held").is_some(),
            withdrawn: fields.all("withdrawn"),
            place,
            settings: None,
        })
    }
}

const BOTH: &str = "status and alert";
const ALERT: &str = "alert";
const STATUS: &str = "status";
const NOTHING: &str = "nothing";

const SUM: &str = "sum: ";

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::outcome::Panic;

    fn at(second: i64) -> Time {
        DateTime::from_timestamp(1_795_348_800, 0).unwrap() + TimeDelta::seconds(second)
    }

    fn ended(run: u64, begun: Time) -> Ended {
        Ended {
            run,
            job: "etl.load.run".into(),
            location: "etl::load :: run".into(),
            source: "src/load.rs:42".into(),
            begun,
            took: Some(Duration::from_secs(1)),
            host: "worker-3".into(),
            pid: Some(4242),
            exe: None,
            nested: false,
            version: Some("1.4.2".into()),
            every_hours: None,
            channel: "alerts".into(),
            attempt: None,
            was_overdue: false,
            mention: None,
            facts: Vec::new().into(),
            notes: Vec::new(),
        }
    }

    static QUEUES: LazyLock<Vec<String>> = LazyLock::new(|| vec!["alerts-0".to_owned()]);

    static ALERTS: LazyLock<Option<Address<'static>>> = LazyLock::new(|| {
        Some(Address {
            channel: "alerts",
            queues: &QUEUES,
        })
    });

    fn failed(text: &str) -> Outcome {
        Outcome::Failed(text.to_owned())
    }

    fn context(now: Time, address: Option<Address<'_>>) -> Context<'_> {
        Context {
            now,
            settings: Settings::default(),
            address,
            told_already: false,
        }
    }

    /// Runs a history, each run a minute after the other, and returns the last status and all alerts.
    fn history(outcomes: &[Outcome], address: Option<Address<'_>>) -> (Status, Vec<Alert>) {
        let mut job = Job::new(Settings::default());
        job.address = address;
        for outcome in outcomes {
            job.run(60, outcome);
        }
        (job.past.status().unwrap().clone(), job.told)
    }

    /// A job that is run again and again, and what people hear of it.
    struct Job<'a> {
        past: Past,
        clock: i64,
        runs: u64,
        settings: Settings,
        address: Option<Address<'a>>,
        attempt: Option<Attempt>,
        /// The alert that waits, and until when.
        held: Option<(Time, Alert)>,
        told: Vec<Alert>,
    }

    impl Job<'_> {
        fn new(settings: Settings) -> Self {
            Self {
                past: Past::Missing,
                clock: -60,
                runs: 0,
                settings,
                address: *ALERTS,
                attempt: None,
                held: None,
                told: Vec::new(),
            }
        }

        /// Runs it, so many seconds after the last time; tells what was decided.
        fn run(&mut self, after: i64, outcome: &Outcome) -> Reason {
            self.clock += after;
            self.runs += 1;
            let begun = at(self.clock);
            let now = begun + TimeDelta::seconds(1);
            if let Some((_, alert)) = self.held.take_if(|(until, _)| *until <= now) {
                self.told.push(alert);
                if let Past::Known(status) = &mut self.past {
                    let held = status.held.take().unwrap();
                    status.alerted = Some(held.until);
                }
            }
            let context = Context {
                settings: self.settings,
                ..context(now, self.address)
            };
            let ended = Ended {
                attempt: self.attempt,
                ..ended(0x1111_1111_0000_0000_u64.wrapping_mul(self.runs), begun)
            };
            let verdict = of(&self.past, &ended, outcome, &context).unwrap();
            let status = verdict.status.unwrap();
            if !verdict.withdrawn.is_empty() {
                self.held = None;
            }
            match (&status.held, verdict.alert) {
                (Some(held), Some(alert)) if verdict.is_held => {
                    self.held = Some((held.until, alert));
                }
                (_, alert) => self.told.extend(alert),
            }
            assert_eq!(status.held.is_some(), self.held.is_some(), "{status:?}");
            self.past = Past::Known(Box::new(status));
            verdict.decision.reason
        }

        fn kinds(&self) -> Vec<Kind> {
            self.told.iter().map(Alert::kind).collect()
        }
    }

    #[test]
    fn an_incident_lasts_from_the_first_failure_to_the_recovery() {
        let outcomes = [
            Outcome::Returned,
            failed("a"),
            failed("b"),
            Outcome::Returned,
            failed("c"),
        ];
        let (status, alerts) = history(&outcomes, *ALERTS);
        let told: Vec<_> = alerts
            .iter()
            .map(|alert| (alert.kind, alert.incident.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                (Kind::Ok, None),
                (Kind::Failed, Some("22222222")),
                (Kind::StillFailing, Some("22222222")),
                (Kind::Recovered, Some("22222222")),
                (Kind::Failed, Some("55555555")),
            ]
        );
        assert_eq!(
            (status.runs, status.since, status.alerted),
            (1, at(240), Some(at(241)))
        );
        assert_eq!(alerts[2].status.runs, 2);
        assert_eq!(alerts[2].status.since, at(60));
    }

    #[test]
    fn another_error_is_news_within_the_silence_and_the_same_one_is_not() {
        let patient = Settings {
            silent: 4.0 * rules::HOUR,
            ..Settings::default()
        };
        let mut job = Job::new(patient);
        job.run(0, &Outcome::Returned);
        let reasons = [
            "row 1 is bad",
            "row 2 is bad",
            "disk full",
            "row 3 is bad",
            "no route",
        ]
        .map(|error| job.run(60, &failed(error)));
        assert_eq!(
            reasons,
            [
                Reason::Changed,
                Reason::Recent,
                Reason::NewError,
                Reason::Recent,
                Reason::NewError
            ]
        );
        assert_eq!(job.told[2].earlier_error.as_deref(), Some("row 2 is bad"));
        assert_eq!(
            job.told[2].status.first_error.as_deref(),
            Some("row 1 is bad")
        );
        // A job that makes up a new error each time is not one alert a run.
        for word in 'a'..='z' {
            job.run(60, &failed(&format!("{word}{word} is bad")));
        }
        assert_eq!(job.told.len(), 1 + NEWS);
    }

    #[test]
    fn a_recovery_tells_how_long_it_failed_and_of_what() {
        let outcomes = [failed("a"), failed("b"), Outcome::Returned];
        let (_, alerts) = history(&outcomes, *ALERTS);
        let outage = alerts[2].outage.as_ref().unwrap();
        assert_eq!(
            (outage.since, outage.runs, outage.error.as_str()),
            (at(0), 2, "a")
        );
    }

    #[test]
    fn with_after_the_nth_failure_in_a_row_is_told_and_an_ok_takes_a_held_one_back() {
        let mut job = Job::new(Settings {
            after: 3,
            ok_silent: f64::INFINITY,
            ..Settings::default()
        });
        job.run(0, &Outcome::Returned);
        assert_eq!(job.run(60, &failed("a")), Reason::After);
        assert_eq!(job.run(60, &Outcome::Returned), Reason::FailureUntold);
        assert_eq!(job.run(60, &failed("a")), Reason::After);
        assert_eq!(job.run(60, &failed("b")), Reason::After);
        assert!(job.told.is_empty());
        assert_eq!(job.run(60, &failed("c")), Reason::Untold);
        assert_eq!(job.run(60, &failed("c")), Reason::StillFailing);
        assert_eq!(job.run(60, &Outcome::Returned), Reason::Changed);
        assert_eq!(
            job.kinds(),
            [Kind::Failed, Kind::StillFailing, Kind::Recovered]
        );
        assert_eq!(job.told[0].status.first_error.as_deref(), Some("a"));
        assert_eq!(job.told[0].status.runs, 3);
    }

    #[test]
    fn a_job_that_fails_every_second_run_is_told_although_an_ok_takes_each_failure_back() {
        let mut job = Job::new(Settings {
            after: 3,
            ok_silent: f64::INFINITY,
            ..Settings::default()
        });
        job.run(0, &Outcome::Returned);
        for _ in 0..15 {
            job.run(300, &failed("a"));
            job.run(300, &Outcome::Returned);
        }
        assert_eq!(
            job.kinds(),
            [Kind::Failed, Kind::Recovered, Kind::Failed, Kind::Recovered]
        );
    }

    #[test]
    fn a_held_alert_leaves_after_the_longest_silence_and_its_recovery_is_told() {
        let mut job = Job::new(Settings {
            after: 3,
            ok_silent: f64::INFINITY,
            ..Settings::default()
        });
        job.run(0, &Outcome::Returned);
        job.run(60, &failed("a"));
        assert_eq!(job.run(3600, &Outcome::Returned), Reason::Changed);
        assert_eq!(job.kinds(), [Kind::Failed, Kind::Recovered]);
    }

    #[test]
    fn where_no_status_survives_every_failure_is_told() {
        for attempt in [None, Attempt::parse("1/3")] {
            let mut job = Job::new(Settings {
                after: 3,
                ..Settings::default()
            });
            job.attempt = attempt;
            job.run(0, &failed("a"));
            assert_eq!(job.kinds(), [Kind::Failed]);
        }
    }

    #[test]
    fn an_attempt_that_is_not_the_last_is_held_and_the_last_one_is_told() {
        let mut job = Job::new(Settings {
            ok_silent: f64::INFINITY,
            ..Settings::default()
        });
        job.run(0, &Outcome::Returned);
        for (attempt, reason) in [
            ("1/3", Reason::Attempt),
            ("2/3", Reason::Attempt),
            ("3/3", Reason::Untold),
        ] {
            job.attempt = Attempt::parse(attempt);
            assert_eq!(job.run(300, &failed("a")), reason);
        }
        assert_eq!(job.kinds(), [Kind::Failed]);
        // The next day it works at the second attempt.
        job.attempt = Attempt::parse("1/3");
        assert_eq!(job.run(80_000, &failed("a")), Reason::Reminder);
        job.attempt = Attempt::parse("2/3");
        assert_eq!(job.run(300, &Outcome::Returned), Reason::Changed);
        assert_eq!(
            job.kinds(),
            [Kind::Failed, Kind::StillFailing, Kind::Recovered]
        );
        for text in ["", "3", "0/3", "4/3", "a/b", "1/0"] {
            assert_eq!(Attempt::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_person_has_silenced_is_that_error_alone_and_is_told_when_the_silence_ends() {
        let mut job = Job::new(Settings::default());
        job.run(0, &failed("disk full"));
        let Past::Known(status) = &mut job.past else {
            unreachable!()
        };
        status.silence = Some(crate::status::Silence {
            until: at(10_000),
            error: fingerprint::of("disk full\n"),
            because: None,
        });
        assert_eq!(job.run(5000, &failed("disk full")), Reason::Silenced);
        assert_ne!(job.run(60, &failed("no route")), Reason::Silenced);
        assert_eq!(job.run(60, &failed("disk full")), Reason::Silenced);
        assert_eq!(job.told.len(), 2);
        assert_eq!(job.run(5000, &failed("disk full")), Reason::Untold);
        assert_eq!(job.run(60, &Outcome::Returned), Reason::Changed);
    }

    #[test]
    fn a_job_that_changes_to_and_fro_is_told_as_flapping_and_then_as_steady() {
        let mut job = Job::new(Settings {
            flapping: true,
            ok_silent: f64::INFINITY,
            ..Settings::default()
        });
        job.run(0, &Outcome::Returned);
        for number in 0..30 {
            job.run(
                300,
                &if number % 2 == 0 {
                    failed("a")
                } else {
                    Outcome::Returned
                },
            );
        }
        // Four changes, then that it flaps, and every hour that it flaps on.
        assert_eq!(
            job.kinds(),
            [
                Kind::Failed,
                Kind::Recovered,
                Kind::Failed,
                Kind::Recovered,
                Kind::Flapping,
                Kind::Flapping,
                Kind::Flapping
            ]
        );
        assert!(
            job.told[4].notes[0].starts_with("5 changes, 3 of 5 runs failed since "),
            "{:?}",
            job.told[4].notes
        );
        for _ in 0..13 {
            job.run(300, &Outcome::Returned);
        }
        assert_eq!(job.kinds()[7..], [Kind::Flapping, Kind::Steady]);
        assert_eq!(job.run(300, &failed("a")), Reason::Changed);
    }

    /// An incident from its start to its end, runs five minutes apart: all that people hear of it.
    fn incident(settings: Settings) -> Vec<String> {
        let mut job = Job::new(settings);
        job.run(0, &Outcome::Returned);
        job.run(300, &failed("disk full"));
        for _ in 0..11 {
            job.run(300, &failed("no route"));
        }
        job.run(300, &Outcome::Returned);
        let lines = job.told.iter().map(|alert| {
            let remarks = alert.remarks().join("; ");
            format!("{} [{remarks}]", alert.summary())
        });
        lines.collect()
    }

    #[test]
    fn an_incident_by_the_defaults_is_told_at_each_failure_and_at_its_end() {
        let told = incident(Settings::default());
        assert_eq!(
            told[..4],
            [
                "✓ etl.load.run ok on worker-3 []",
                "✗ etl.load.run failed on worker-3: disk full []",
                "✗ etl.load.run still failing on worker-3: no route [it has failed for 5 min 1 s, 2 runs, with \
                 another error than before; before: disk full]",
                "✗ etl.load.run still failing on worker-3: no route [it has failed for 10 min 1 s, 3 runs, with \
                 the same error; at first: disk full]",
            ]
        );
        assert_eq!(told.len(), 14);
        assert_eq!(
            told[12..],
            [
                "✗ etl.load.run still failing on worker-3: no route [it has failed for 55 min 1 s, 12 runs, \
                 with the same error; at first: disk full]",
                "✓ etl.load.run recovered on worker-3 after 1 h [it works again after 1 h and 12 failed runs; \
                 it had been: disk full]",
            ]
        );
    }

    #[test]
    fn an_incident_with_after_3_and_four_hours_of_silence_is_told_twice() {
        let told = incident(Settings {
            after: 3,
            silent: 14256.0,
            ok_silent: f64::INFINITY,
            ..Settings::default()
        });
        assert_eq!(
            told,
            [
                "✗ etl.load.run failed on worker-3: no route [it has failed for 10 min 1 s, 3 runs, with the \
                 same error; at first: disk full]",
                "✓ etl.load.run recovered on worker-3 after 1 h [it works again after 1 h and 12 failed runs; \
                 it had been: disk full]",
            ]
        );
    }

    #[test]
    fn an_incident_with_after_3_and_the_other_defaults_is_told_from_the_third_failure_on() {
        let told = incident(Settings {
            after: 3,
            ..Settings::default()
        });
        let kinds: Vec<_> = told
            .iter()
            .map(|line| line.split(' ').nth(2).unwrap())
            .collect();
        assert_eq!(kinds[..2], ["ok", "failed"]);
        assert!(
            kinds[2..11].iter().all(|kind| *kind == "still"),
            "{told:#?}"
        );
        assert_eq!((kinds.len(), kinds[11]), (12, "recovered"));
    }

    #[test]
    fn where_nobody_can_be_told_nobody_counts_as_told() {
        let (status, alerts) = history(&[failed("a"), failed("a")], None);
        assert!(alerts.is_empty());
        assert_eq!((status.alerted, status.runs), (None, 2));
    }

    #[test]
    fn a_panic_that_was_told_already_is_written_down_and_not_told_again() {
        let panic = Outcome::Panicked(Panic {
            message: Some("no".to_owned()),
            location: None,
            backtrace: None,
            identity: 7,
        });
        let context = Context {
            told_already: true,
            ..context(at(1), *ALERTS)
        };
        let verdict = of(&Past::Missing, &ended(1, at(0)), &panic, &context).unwrap();
        assert_eq!(
            (verdict.alert, verdict.decision.reason),
            (None, Reason::SamePanic)
        );
        let status = verdict.status.unwrap();
        assert_eq!((status.state, status.alerted), (State::Error, Some(at(1))));
    }

    #[test]
    fn a_cancelled_run_inside_another_leaves_the_status_and_adds_a_line() {
        let (before, _) = history(&[failed("a")], *ALERTS);
        let past = Past::Known(Box::new(before.clone()));
        let inner = Ended {
            nested: true,
            ..ended(9, at(99))
        };
        let context = context(at(100), *ALERTS);
        let verdict = of(&past, &inner, &Outcome::Cancelled, &context).unwrap();
        assert_eq!(
            verdict.status,
            Some(Status {
                cancelled: Some(at(100)),
                ..before
            })
        );
        assert_eq!(verdict.alert, None);
        assert_eq!(
            of(&Past::Missing, &inner, &Outcome::Cancelled, &context),
            None
        );
    }

    #[test]
    fn a_death_found_after_a_later_run_is_told_and_leaves_the_status() {
        let (later, _) = history(&[Outcome::Returned, Outcome::Returned], *ALERTS);
        let past = Past::Known(Box::new(later));
        let died = Outcome::Died("died".to_owned());
        let verdict = of(&past, &ended(9, at(30)), &died, &context(at(100), *ALERTS)).unwrap();
        assert_eq!(
            (verdict.status, verdict.decision.reason),
            (None, Reason::Overtaken)
        );
        assert_eq!(verdict.alert.unwrap().error(), "died");

        let verdict = of(&past, &ended(9, at(90)), &died, &context(at(100), *ALERTS)).unwrap();
        assert_eq!(verdict.status.unwrap().state, State::Error);
        assert_eq!(verdict.alert.unwrap().kind, Kind::Failed);
    }

    #[test]
    fn an_overdue_run_is_told_and_so_is_its_end() {
        let (before, _) = history(&[Outcome::Returned], *ALERTS);
        let past = Past::Known(Box::new(before));
        let overdue = Outcome::Overdue("still running after 60 s".to_owned());
        let verdict = of(
            &past,
            &ended(9, at(90)),
            &overdue,
            &context(at(150), *ALERTS),
        )
        .unwrap();
        let alert = verdict.alert.unwrap();
        assert_eq!(
            (verdict.status, alert.kind, alert.incident.as_deref()),
            (None, Kind::Overdue, None)
        );
        assert!(
            alert.text().starts_with("--- OVERDUE ---\n"),
            "{}",
            alert.text()
        );

        let late = Ended {
            was_overdue: true,
            ..ended(9, at(90))
        };
        let verdict = of(&past, &late, &Outcome::Returned, &context(at(170), *ALERTS)).unwrap();
        assert_eq!(
            (verdict.decision.reason, verdict.alert.unwrap().kind),
            (Reason::WasOverdue, Kind::Ok)
        );
    }

    #[test]
    fn an_error_that_is_passed_over_is_ok_and_named() {
        let (status, alerts) = history(
            &[Outcome::PassedOver("no data\nat all".to_owned())],
            *ALERTS,
        );
        assert_eq!(
            (status.state, status.passed_over.as_deref()),
            (State::Ok, Some("no data"))
        );
        assert!(
            alerts[0]
                .text()
                .contains("passed over, as the attribute says: no data")
        );
    }

    #[test]
    fn a_journal_counts_only_when_it_is_complete() {
        let (status, alerts) = history(&[failed("a")], *ALERTS);
        let both = Change {
            file: "etl.load.run".to_owned(),
            status: Some(status),
            alert: alerts.into_iter().next(),
            queues: vec!["alerts-0".to_owned(), "alerts-1".to_owned()],
            is_held: true,
            withdrawn: vec!["alerts-0/01-02".to_owned()],
            place: Some(Place {
                record: "1-2".to_owned(),
                offset: 512,
            }),
            settings: None,
        };
        let alert = Change {
            status: None,
            ..both.clone()
        };
        let status = Change {
            alert: None,
            queues: Vec::new(),
            place: None,
            ..both.clone()
        };
        let nothing = Change {
            status: None,
            ..status.clone()
        };
        for change in [both, alert, status, nothing] {
            let journal = change.render();
            assert_eq!(Change::parse(&journal).as_ref(), Some(&change));
            for end in 0..journal.len() {
                assert_eq!(Change::parse(&journal[..end]), None, "cut at {end}");
            }
        }
    }
}
