//! What the end of a run changes: the job's new status, and the alert that tells of it.

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
    pub(crate) job: String,
    /// `module :: function`.
    pub(crate) location: String,
    /// `file:line`.
    pub(crate) source: String,
    pub(crate) begun: Time,
    pub(crate) took: Duration,
    pub(crate) host: String,
    pub(crate) pid: u32,
    pub(crate) exe: Option<String>,
    pub(crate) nested: bool,
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
    pub(crate) status: Status,
    pub(crate) alert: Option<Alert>,
    /// The folder of the queue that the alert goes to.
    pub(crate) queue: Option<String>,
}

/// Works out the new status of a job, and what people are told; `None` where nothing changes.
pub(crate) fn of(
    past: &Past,
    ended: &Ended,
    outcome: &Outcome,
    now: Time,
    settings: &Settings,
    address: Option<Address<'_>>,
    told_already: bool,
) -> Option<(Status, Option<Alert>, Decision)> {
    let previous = past.status();
    if *outcome == Outcome::Cancelled && ended.nested {
        // The run that this one was a part of goes on, and its outcome is what counts.
        let status = Status {
            cancelled: Some(now),
            ..previous?.clone()
        };
        return Some((
            status,
            None,
            Decision {
                send: false,
                reason: Reason::NothingNew,
            },
        ));
    }

    let state = outcome.state();
    let same = previous.filter(|previous| previous.state == state);
    let mut decision = rules::decide(past, state, now, settings);
    if decision.send && told_already {
        decision = Decision {
            send: false,
            reason: Reason::SamePanic,
        };
    }
    let told = decision.reason == Reason::SamePanic || decision.send && address.is_some();

    let open = previous.and_then(|previous| previous.incident.clone());
    let incident = match state {
        State::Ok => open,
        State::Error => open.or_else(|| Some(format!("{:08x}", ended.run >> 32))),
    };
    let status = Status {
        state,
        begun: ended.begun,
        location: ended.location.clone(),
        took: Some(ended.took),
        since: same.map_or(ended.begun, |same| same.since),
        runs: same.map_or(1, |same| same.runs.saturating_add(1)),
        alerted: match (told, decision.send) {
            (true, _) => Some(now),
            (false, true) => None,
            (false, false) => same.and_then(|same| same.alerted),
        },
        incident: incident.clone().filter(|_| state == State::Error),
        host: Some(ended.host.clone()),
        pid: Some(ended.pid),
        exe: ended.exe.clone(),
        source: Some(ended.source.clone()),
        passed_over: match outcome {
            Outcome::PassedOver(error) => Some(text::first_line(error, PASSED_OVER).to_owned()),
            _ => None,
        },
        cancelled: None,
        text: text::cut(&outcome.text(), text::LIMIT).into_owned(),
    };
    let alert = address.filter(|_| decision.send).map(|address| Alert {
        id: format!("{:016x}", ended.run),
        kind: Kind::of(previous.map(|previous| previous.state), state),
        job: ended.job.clone(),
        channel: address.channel.to_owned(),
        decided: now,
        incident,
        notes: ended.notes.clone(),
        status: status.clone(),
    });
    Some((status, alert, decision))
}

impl Change {
    /// Writes the change as a journal, which is complete if it can be read back.
    pub(crate) fn render(&self) -> String {
        let mut fields = Fields::default();
        fields.put("file", &*self.file);
        fields.put_some("queue", self.queue.as_deref());
        fields.text = match &self.alert {
            Some(alert) if self.queue.is_some() => alert.render(),
            _ => self.status.render(),
        };
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
        let queue = fields.get("queue").map(str::to_owned);
        let alert = match queue {
            Some(_) => Some(Alert::parse(&fields.text)?),
            None => None,
        };
        let status = match &alert {
            Some(alert) => alert.status.clone(),
            None => Status::parse(&fields.text)?,
        };
        Some(Self {
            file: fields.get("file")?.to_owned(),
            status,
            alert,
            queue,
        })
    }
}

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
            job: "etl.load.run".to_owned(),
            location: "etl::load :: run".to_owned(),
            source: "src/load.rs:42".to_owned(),
            begun,
            took: Duration::from_secs(1),
            host: "worker-3".to_owned(),
            pid: 4242,
            exe: None,
            nested: false,
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

    /// Runs a history, each run a minute after the other, and returns the last status and all alerts.
    fn history(outcomes: &[Outcome], address: Option<Address<'_>>) -> (Status, Vec<Alert>) {
        let mut past = Past::Missing;
        let mut alerts = Vec::new();
        for (number, outcome) in (0..).zip(outcomes) {
            let begun = at(60 * number);
            let run = 0x1111_1111_0000_0000 * (u64::try_from(number).unwrap() + 1);
            let now = begun + TimeDelta::seconds(1);
            let (status, alert, _) = of(
                &past,
                &ended(run, begun),
                outcome,
                now,
                &Settings::default(),
                address,
                false,
            )
            .unwrap();
            alerts.extend(alert);
            past = Past::Known(Box::new(status));
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
        let (status, alert, decision) = of(
            &Past::Missing,
            &ended(1, at(0)),
            &panic,
            at(1),
            &Settings::default(),
            ALERTS,
            true,
        )
        .unwrap();
        assert_eq!((alert, decision.reason), (None, Reason::SamePanic));
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
        let settings = Settings::default();
        let (status, alert, _) = of(
            &past,
            &inner,
            &Outcome::Cancelled,
            at(100),
            &settings,
            ALERTS,
            false,
        )
        .unwrap();
        assert_eq!(
            status,
            Status {
                cancelled: Some(at(100)),
                ..before
            }
        );
        assert_eq!(alert, None);
        assert_eq!(
            of(
                &Past::Missing,
                &inner,
                &Outcome::Cancelled,
                at(100),
                &settings,
                ALERTS,
                false
            ),
            None
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
        let with_alert = Change {
            file: "etl.load.run".to_owned(),
            status: status.clone(),
            alert: alerts.into_iter().next(),
            queue: Some("alerts-0".to_owned()),
        };
        let without = Change {
            alert: None,
            queue: None,
            ..with_alert.clone()
        };
        for change in [with_alert, without] {
            let journal = change.render();
            assert_eq!(Change::parse(&journal).as_ref(), Some(&change));
            for end in 0..journal.len() {
                assert_eq!(Change::parse(&journal[..end]), None, "cut at {end}");
            }
        }
    }
}
