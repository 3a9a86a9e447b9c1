//! What the end of a run changes: the job's new status, and the alert that tells of it.

use std::borrow::Cow;
use std::time::Duration;

use crate::alert::{Alert, Kind};
use crate::fields::Fields;
use crate::id;
use crate::outcome::Outcome;
use crate::rules::{self, Decision, Past, Reason, Settings};
use crate::status::{State, Status};
use crate::text;
use crate::time::Time;

/// The longest line that names an error which was passed over.
const PASSED_OVER: usize = 500;

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
    pub(crate) nested: bool,
    /// Whether people were told that it was overdue.
    pub(crate) was_overdue: bool,
    /// What its alerts say beside the error.
    pub(crate) notes: Vec<String>,
}

/// Where an alert of a job goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    pub(crate) channel: &'a str,
    /// The folder of the destination's queue; `None` where alerts can only be kept in memory.
    pub(crate) queue: Option<&'a str>,
}

/// A job's new status, and the alert that tells of it: both happen, or neither.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// The status file's name.
    pub(crate) file: String,
    /// `None` leaves it: a later run has written it.
    pub(crate) status: Option<Status>,
    pub(crate) alert: Option<Alert>,
    /// The folder of the queue that the alert goes to.
    pub(crate) queue: Option<String>,
    /// Where the run is recorded as under way, which it is no longer.
    pub(crate) place: Option<Place>,
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
    let Context {
        now,
        settings,
        address,
        told_already,
    } = *context;
    let previous = past.status();
    if *outcome == Outcome::Cancelled && ended.nested {
        // The run that this one was a part of goes on, and its outcome is what counts.
        let status = Status {
            cancelled: Some(now),
            ..previous?.clone()
        };
        let decision = Decision {
            send: false,
            reason: Reason::NothingNew,
        };
        return Some(Verdict {
            status: Some(status),
            alert: None,
            decision,
        });
    }

    let state = outcome.state();
    let same = previous.filter(|previous| previous.state == state);
    // A death is found late: a run that began after it may have ended meanwhile.
    let is_overtaken = matches!(outcome, Outcome::Died(_))
        && previous.is_some_and(|previous| previous.begun > ended.begun);
    let is_overdue = matches!(outcome, Outcome::Overdue(_));
    let leaves_status = is_overtaken || is_overdue;
    let send = |reason| Decision { send: true, reason };
    let decision = match rules::decide(past, state, now, &settings) {
        _ if is_overtaken => send(Reason::Overtaken),
        _ if is_overdue => send(Reason::Overdue),
        decision if decision.send && told_already => Decision {
            send: false,
            reason: Reason::SamePanic,
        },
        decision if !decision.send && ended.was_overdue => send(Reason::WasOverdue),
        decision => decision,
    };
    let told = decision.reason == Reason::SamePanic || decision.send && address.is_some();

    let open = previous.and_then(|previous| previous.incident.clone());
    let incident = match state {
        // Only a status that says `ERROR` opens an incident.
        State::Error if !leaves_status => open.or_else(|| Some(format!("{:08x}", ended.run >> 32))),
        State::Ok | State::Error => open,
    };
    let status = Status {
        state,
        begun: ended.begun,
        location: ended.location.to_string(),
        took: ended.took,
        since: same.map_or(ended.begun, |same| same.since),
        runs: same.map_or(1, |same| same.runs.saturating_add(1)),
        alerted: match (told, decision.send) {
            (true, _) => Some(now),
            (false, true) => None,
            (false, false) => same.and_then(|same| same.alerted),
        },
        incident: incident.clone().filter(|_| state == State::Error),
        host: Some(ended.host.to_string()),
        pid: ended.pid,
        exe: ended.exe.as_deref().map(str::to_owned),
        source: Some(ended.source.to_string()),
        passed_over: match outcome {
            Outcome::PassedOver(error) => Some(text::first_line(error, PASSED_OVER).to_owned()),
            _ => None,
        },
        cancelled: None,
        text: text::cut(&outcome.text(), text::LIMIT).into_owned(),
    };
    let alert = address.filter(|_| decision.send).map(|address| Alert {
        id: format!("{:016x}", ended.run),
        kind: if is_overdue {
            Kind::Overdue
        } else {
            Kind::of(previous.map(|previous| previous.state), state)
        },
        job: ended.job.to_string(),
        channel: address.channel.to_owned(),
        decided: now,
        incident,
        notes: ended.notes.clone(),
        status: status.clone(),
    });
    Some(Verdict {
        status: Some(status).filter(|_| !leaves_status),
        alert,
        decision,
    })
}

impl Change {
    /// Writes the change as a journal, which is complete if it can be read back.
    pub(crate) fn render(&self) -> String {
        let mut fields = Fields::default();
        fields.put("file", &*self.file);
        fields.put_some("queue", self.queue.as_deref());
        if let Some(place) = &self.place {
            fields.put("record", &*place.record);
            fields.put("slot", place.offset.to_string());
        }
        // An alert holds the status that it tells of.
        let (says, text) = match (&self.alert, &self.status) {
            (Some(alert), Some(_)) if self.queue.is_some() => (BOTH, alert.render()),
            (Some(alert), None) if self.queue.is_some() => (ALERT, alert.render()),
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
        let queue = fields.get("queue").map(str::to_owned);
        Some(Self {
            file: fields.get("file")?.to_owned(),
            status,
            alert,
            queue,
            place,
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
            was_overdue: false,
            notes: Vec::new(),
        }
    }

    const ALERTS: Option<Address<'static>> = Some(Address {
        channel: "alerts",
        queue: Some("alerts-0"),
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
        let mut past = Past::Missing;
        let mut alerts = Vec::new();
        for (number, outcome) in (0..).zip(outcomes) {
            let begun = at(60 * number);
            let run = 0x1111_1111_0000_0000 * (u64::try_from(number).unwrap() + 1);
            let context = context(begun + TimeDelta::seconds(1), address);
            let verdict = of(&past, &ended(run, begun), outcome, &context).unwrap();
            alerts.extend(verdict.alert);
            past = Past::Known(Box::new(verdict.status.unwrap()));
        }
        (past.status().unwrap().clone(), alerts)
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
        let (status, alerts) = history(&outcomes, ALERTS);
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
            ..context(at(1), ALERTS)
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
        let (before, _) = history(&[failed("a")], ALERTS);
        let past = Past::Known(Box::new(before.clone()));
        let inner = Ended {
            nested: true,
            ..ended(9, at(99))
        };
        let context = context(at(100), ALERTS);
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
        let (later, _) = history(&[Outcome::Returned, Outcome::Returned], ALERTS);
        let past = Past::Known(Box::new(later));
        let died = Outcome::Died("died".to_owned());
        let verdict = of(&past, &ended(9, at(30)), &died, &context(at(100), ALERTS)).unwrap();
        assert_eq!(
            (verdict.status, verdict.decision.reason),
            (None, Reason::Overtaken)
        );
        assert_eq!(verdict.alert.unwrap().error(), "died");

        let verdict = of(&past, &ended(9, at(90)), &died, &context(at(100), ALERTS)).unwrap();
        assert_eq!(verdict.status.unwrap().state, State::Error);
        assert_eq!(verdict.alert.unwrap().kind, Kind::Failed);
    }

    #[test]
    fn an_overdue_run_is_told_and_so_is_its_end() {
        let (before, _) = history(&[Outcome::Returned], ALERTS);
        let past = Past::Known(Box::new(before));
        let overdue = Outcome::Overdue("still running after 60 s".to_owned());
        let verdict = of(
            &past,
            &ended(9, at(90)),
            &overdue,
            &context(at(150), ALERTS),
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
        let verdict = of(&past, &late, &Outcome::Returned, &context(at(170), ALERTS)).unwrap();
        assert_eq!(
            (verdict.decision.reason, verdict.alert.unwrap().kind),
            (Reason::WasOverdue, Kind::Ok)
        );
    }

    #[test]
    fn an_error_that_is_passed_over_is_ok_and_named() {
        let (status, alerts) =
            history(&[Outcome::PassedOver("no data\nat all".to_owned())], ALERTS);
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
        let (status, alerts) = history(&[failed("a")], ALERTS);
        let both = Change {
            file: "etl.load.run".to_owned(),
            status: Some(status),
            alert: alerts.into_iter().next(),
            queue: Some("alerts-0".to_owned()),
            place: Some(Place {
                record: "1-2".to_owned(),
                offset: 512,
            }),
        };
        let alert = Change {
            status: None,
            ..both.clone()
        };
        let status = Change {
            alert: None,
            queue: None,
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
