//! What histories of runs come to: the status, and all that people hear.

mod bound;
mod overdue;
mod overlap;
mod quiet;
mod remarks;
mod ruled;

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::message::alert::Kind;
use crate::status::fingerprint;
use crate::status::outcome::{Ending, Panic};
use crate::status::{Held, State};

fn at(second: i64) -> Time {
    DateTime::from_timestamp(1_795_348_800, 0).unwrap() + TimeDelta::seconds(second)
}

fn ended(run: u64, begun: Time) -> Ended {
    Ended {
        location: "etl::load :: run".into(),
        source: "src/load.rs:42".into(),
        took: Some(Duration::from_secs(1)),
        host: "worker-3".into(),
        pid: Some(4242),
        version: Some("1.4.2".into()),
        channel: "alerts".into(),
        is_in_time: true,
        ..Ended::new(run, "etl.load.run", begun)
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

/// What the end of a run meets, beside the past.
#[derive(Clone, Copy)]
struct Context<'a> {
    now: Time,
    settings: Settings,
    address: Option<Address<'a>>,
    cover: Option<Cover<'a>>,
    quiet: Option<&'a Quiet>,
}

fn of(past: &Past, run: &Ended, outcome: &Outcome, context: &Context<'_>) -> Option<Transition> {
    let Context {
        now,
        settings,
        address,
        cover,
        quiet,
    } = *context;
    super::of(&End {
        past,
        run,
        outcome,
        now,
        settings,
        address,
        cover,
        quiet,
        answer: None,
    })
}

fn context(now: Time, address: Option<Address<'_>>) -> Context<'_> {
    Context {
        now,
        settings: Settings::default(),
        address,
        cover: None,
        quiet: None,
    }
}

/// Runs a history, each run a minute after the other, and returns the last status and all alerts.
fn history(outcomes: &[Outcome], address: Option<Address<'_>>) -> (Status, Vec<Alert>) {
    let mut job = Job::new(Settings::default());
    job.address = address;
    for outcome in outcomes {
        job.run(60, outcome);
    }
    (job.past.status().unwrap().clone(), job.delivered)
}

/// A job that is run again and again, and what people hear of it.
struct Job<'a> {
    past: Past,
    clock: i64,
    runs: u64,
    settings: Settings,
    address: Option<Address<'a>>,
    attempt: Option<Attempt>,
    quiet: Option<Quiet>,
    /// The alert that waits, and until when.
    held: Option<(Time, Alert)>,
    delivered: Vec<Alert>,
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
            quiet: None,
            held: None,
            delivered: Vec::new(),
        }
    }

    /// Runs it, so many seconds after the last time, and returns what was decided.
    fn run(&mut self, after: i64, outcome: &Outcome) -> Reason {
        self.clock += after;
        self.runs += 1;
        let begun = at(self.clock);
        let now = begun + TimeDelta::seconds(1);
        let is_due = |until| until <= now && self.quiet.is_none();
        if let Some((_, alert)) = self.held.take_if(|(until, _)| is_due(*until)) {
            self.delivered.push(alert);
            if let Past::Known(status) = &mut self.past {
                let held = status.held.take().unwrap();
                status.alerted = Some(held.until);
            }
        }
        let context = Context {
            settings: self.settings,
            quiet: self.quiet.as_ref(),
            ..context(now, self.address)
        };
        let ended = Ended {
            attempt: self.attempt,
            ..ended(0x1111_1111_0000_0000_u64.wrapping_mul(self.runs), begun)
        };
        let transition = of(&self.past, &ended, outcome, &context).unwrap();
        let status = transition.status.unwrap();
        if !transition.withdrawn.is_empty() {
            self.held = None;
        }
        match (&status.held, transition.alert.map(|alert| *alert)) {
            (Some(held), Some(alert)) if transition.is_held => {
                self.held = Some((held.until, alert));
            }
            (_, alert) => self.delivered.extend(alert),
        }
        assert_eq!(status.held.is_some(), self.held.is_some(), "{status:?}");
        // It is remembered as it is, and must be what its file says to others.
        assert_eq!(Status::parse(&status.render()).as_ref(), Some(&status));
        self.past = Past::Known(Box::new(status));
        transition.decision.reason
    }

    fn kinds(&self) -> Vec<Kind> {
        self.delivered.iter().map(Alert::kind).collect()
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
    let delivered: Vec<_> = alerts
        .iter()
        .map(|alert| (alert.kind, alert.incident.as_deref()))
        .collect();
    assert_eq!(
        delivered,
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
        silent: 4 * time::HOUR,
        ..Settings::default()
    };
    let mut job = Job::new(patient);
    job.run(0, &Outcome::Returned);
    let reasons = [
        "row 1 is bad", "row 2 is bad", "disk full", "row 3 is bad", "no route",
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
    assert_eq!(
        job.delivered[2].earlier_error.as_deref(),
        Some("row 2 is bad")
    );
    assert_eq!(
        job.delivered[2].status.first_error.as_deref(),
        Some("row 1 is bad")
    );
    // A job that makes up a new error each time is not one alert a run.
    for word in 'a'..='z' {
        job.run(60, &failed(&format!("{word}{word} is bad")));
    }
    // The OK, the first error, and three others.
    assert_eq!(job.delivered.len(), 1 + 1 + 3);
}

#[test]
fn a_recovery_says_how_long_it_failed_and_of_what() {
    let outcomes = [failed("a"), failed("b"), Outcome::Returned];
    let (_, alerts) = history(&outcomes, *ALERTS);
    let outage = alerts[2].outage.as_ref().unwrap();
    assert_eq!(
        (outage.since, outage.runs, outage.error.as_str()),
        (at(0), 2, "a")
    );
}

#[test]
fn with_after_the_nth_failure_in_a_row_is_sent_and_an_ok_takes_a_held_one_back() {
    let mut job = Job::new(Settings {
        after: 3,
        ok_silent: None,
        ..Settings::default()
    });
    job.run(0, &Outcome::Returned);
    assert_eq!(job.run(60, &failed("a")), Reason::After);
    assert_eq!(job.run(60, &Outcome::Returned), Reason::RecoveryOfUnsent);
    // That one was held long ago has the next wait no less.
    job.run(7200, &Outcome::Returned);
    assert_eq!(job.run(60, &failed("a")), Reason::After);
    assert_eq!(job.run(60, &failed("b")), Reason::After);
    assert!(job.delivered.is_empty());
    assert_eq!(job.run(60, &failed("c")), Reason::UnsentFailure);
    assert_eq!(job.run(60, &failed("c")), Reason::StillFailing);
    assert_eq!(job.run(60, &Outcome::Returned), Reason::Changed);
    assert_eq!(
        job.kinds(),
        [Kind::Failed, Kind::StillFailing, Kind::Recovered]
    );
    assert_eq!(job.delivered[0].status.first_error.as_deref(), Some("a"));
    assert_eq!(job.delivered[0].status.runs, 3);
}

#[test]
fn a_job_that_fails_every_second_run_is_sent_although_an_ok_takes_each_failure_back() {
    let mut job = Job::new(Settings {
        after: 3,
        ok_silent: None,
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
fn a_held_alert_leaves_after_the_longest_silence_and_its_recovery_is_sent() {
    let mut job = Job::new(Settings {
        after: 3,
        ok_silent: None,
        ..Settings::default()
    });
    job.run(0, &Outcome::Returned);
    job.run(60, &failed("a"));
    // People know by now, and the second failure in a row is no longer held.
    assert_eq!(job.run(3600, &failed("a")), Reason::StillFailing);
    assert_eq!(job.run(60, &Outcome::Returned), Reason::Changed);
    assert_eq!(
        job.kinds(),
        [Kind::Failed, Kind::StillFailing, Kind::Recovered]
    );
}

#[test]
fn a_first_run_is_held_where_its_alert_can_wait_on_disk_and_is_sent_at_once_where_not() {
    // Issue 12, point 10.
    let nowhere = Address {
        channel: "alerts",
        queues: &[],
    };
    for (attempt, reason) in [
        (None, Reason::After),
        (Attempt::parse("1/3"), Reason::Attempt),
    ] {
        let settings = Settings {
            after: 3,
            silent: Duration::from_secs(14256),
            ..Settings::default()
        };
        let mut job = Job::new(settings);
        job.attempt = attempt;
        assert_eq!(job.run(0, &failed("a")), reason);
        let (until, alert) = job.held.as_ref().unwrap();
        // It leaves after the larger of the two settings.
        assert_eq!((*until, alert.kind), (at(1 + 14256 - 60), Kind::Failed));
        assert!(job.delivered.is_empty());

        let mut job = Job::new(settings);
        (job.attempt, job.address) = (attempt, Some(nowhere));
        assert_eq!(job.run(0, &failed("a")), Reason::First);
        assert_eq!(job.kinds(), [Kind::Failed]);
    }
}

#[test]
fn an_attempt_that_is_not_the_last_is_held_and_the_last_one_is_sent() {
    let mut job = Job::new(Settings {
        ok_silent: None,
        ..Settings::default()
    });
    job.run(0, &Outcome::Returned);
    for (attempt, reason) in [
        ("1/3", Reason::Attempt),
        ("2/3", Reason::Attempt),
        ("3/3", Reason::UnsentFailure),
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
fn what_a_person_has_silenced_is_that_error_alone_and_is_sent_when_the_silence_ends() {
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
    assert_eq!(job.delivered.len(), 2);
    assert_eq!(job.run(5000, &failed("disk full")), Reason::UnsentFailure);
    assert_eq!(job.run(60, &Outcome::Returned), Reason::Changed);
}

/// Issue 12, point 5.
#[test]
fn an_error_keeps_what_another_version_wrote_for_it_and_is_not_sent_once_more() {
    let settings = Settings {
        silent: 4 * time::HOUR,
        ..Settings::default()
    };
    let mut job = Job::new(settings);
    job.run(0, &failed("row 17 is bad"));
    let Past::Known(status) = &mut job.past else {
        unreachable!()
    };
    status.fingerprint = Some("0ld0ld00".to_owned());
    status.sent_errors = vec!["0ld0ld00".to_owned()];
    assert_eq!(job.run(60, &failed("row 18 is bad")), Reason::Recent);
    assert_eq!(job.run(60, &failed("row 18 is lost")), Reason::NewError);
}

/// Issue 12, points 5 and 22: versions before showed the tokens of a URL's query.
#[test]
fn an_error_of_which_another_version_hid_less_is_not_sent_once_more() {
    let mut job = Job::new(Settings {
        silent: 4 * time::HOUR,
        ..Settings::default()
    });
    let text = "no answer of https://h/v1?api_key=AKZ81hsk29xk21";
    job.run(0, &failed(text));
    let Past::Known(status) = &mut job.past else {
        unreachable!()
    };
    status.text = format!("{text}\n");
    status.fingerprint = Some("0ld0ld00".to_owned());
    status.sent_errors = vec!["0ld0ld00".to_owned()];
    assert_eq!(job.run(60, &failed(text)), Reason::Recent);
}

/// Issue 12, points 4 and 5: of a command not the whole text is the error.
#[test]
fn a_command_keeps_what_another_version_wrote_for_its_error_and_is_not_sent_once_more() {
    let settings = Settings {
        silent: 4 * time::HOUR,
        ..Settings::default()
    };
    let ended = |cause: &str, output: &str| {
        Outcome::Ended(Ending {
            output: output.to_owned(),
            ..Ending::of(cause.to_owned())
        })
    };
    let mut job = Job::new(settings);
    job.run(
        0,
        &ended("exited with code 12", "copying a\n\nrow 17 is bad"),
    );
    let Past::Known(status) = &mut job.past else {
        unreachable!()
    };
    status.fingerprint = Some("0ld0ld00".to_owned());
    status.sent_errors = vec!["0ld0ld00".to_owned()];
    let again = ended("exited with code 12", "copying a\n\nrow 18 is bad");
    assert_eq!(job.run(60, &again), Reason::Recent);
    // Nor is who asked for the end a part of the error.
    let asked = Outcome::Ended(Ending {
        cause: "exited with code 12".to_owned(),
        asked: Some("asked to end: SIGTERM from init, pid 1".to_owned()),
        output: "copying a\n\nrow 19 is bad".to_owned(),
        stdout: String::new(),
    });
    assert_eq!(job.run(60, &asked), Reason::Recent);
    assert_eq!(job.run(60, &again), Reason::Recent);
    let other = ended("exited with code 3", "copying a\n\nrow 18 is bad");
    assert_eq!(job.run(60, &other), Reason::NewError);
}

#[test]
fn a_job_that_changes_to_and_fro_is_sent_as_flapping_and_then_as_steady() {
    let mut job = Job::new(Settings {
        flapping: true,
        ok_silent: None,
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
        job.delivered[4].notes[0].starts_with("5 changes, 3 of 5 runs failed since "),
        "{:?}",
        job.delivered[4].notes
    );
    for _ in 0..13 {
        job.run(300, &Outcome::Returned);
    }
    assert_eq!(job.kinds()[7..], [Kind::Flapping, Kind::Steady]);
    assert_eq!(job.run(300, &failed("a")), Reason::Changed);
}

#[test]
fn that_a_job_flaps_is_held_back_by_no_number_of_failures() {
    let mut job = Job::new(Settings {
        flapping: true,
        ok_silent: None,
        after: 3,
        ..Settings::default()
    });
    for outcome in [Outcome::Returned, failed("a")].iter().cycle().take(6) {
        job.run(300, outcome);
    }
    assert_eq!(job.kinds(), [Kind::Flapping]);
}

#[test]
fn a_hold_ends_after_a_week_however_long_the_silence_is() {
    let mut job = Job::new(Settings {
        after: 3,
        silent: Duration::from_secs(30 * 24 * 3600),
        ..Settings::default()
    });
    for _ in 0..2 {
        job.run(60, &failed("a"));
        let (until, _) = job.held.as_ref().unwrap();
        assert_eq!(*until, at(1 + 7 * 24 * 3600), "from the first of them");
    }
}

/// Not the recovery of what an alert inside has said: a recovery is sent by the job that sent the failure.
#[test]
fn an_ok_is_covered_by_no_alert_of_another_job() {
    let (before, _) = history(&[failed("a")], *ALERTS);
    let context = Context {
        cover: Some(Cover {
            job: "etl.load.inner",
            is_sent: true,
        }),
        ..context(at(61), *ALERTS)
    };
    let past = Past::Known(Box::new(before));
    let transition = of(&past, &ended(2, at(60)), &Outcome::Returned, &context).unwrap();
    assert_eq!(transition.decision, Decision::send(Reason::Changed));
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
    let lines = job.delivered.iter().map(|alert| {
        let remarks = alert.remarks().join("; ");
        format!("{} [{remarks}]", alert.summary())
    });
    lines.collect()
}

#[test]
fn an_incident_by_the_defaults_is_sent_at_each_failure_and_at_its_end() {
    let delivered = incident(Settings::default());
    assert_eq!(
        delivered[..4],
        [
            "✓ etl.load.run ok on worker-3 []",
            "✗ etl.load.run failed on worker-3: disk full []",
            "✗ etl.load.run still failing on worker-3: no route [failing for 5 min 1 s, 2 runs, with \
             another error than the run before; before: disk full]",
            "✗ etl.load.run still failing on worker-3: no route [failing for 10 min 1 s, 3 runs, with \
             the same error; at first: disk full]",
        ]
    );
    assert_eq!(delivered.len(), 14);
    assert_eq!(
        delivered[12..],
        [
            "✗ etl.load.run still failing on worker-3: no route [failing for 55 min 1 s, 12 runs, \
             with the same error; at first: disk full]",
            "✓ etl.load.run recovered on worker-3 after 1 h [works again after 1 h and 12 failed runs; \
             the error was: disk full]",
        ]
    );
}

/// That an error is another one than that of the run before says nothing where that is so each time.
#[test]
fn a_reminder_says_how_many_errors_alternate() {
    let mut job = Job::new(Settings::default());
    for error in [
        "disk full", "no route", "disk full", "no route", "no mail", "disk full",
    ] {
        job.run(3600, &failed(error));
    }
    let remarks = job.delivered[1..]
        .iter()
        .map(|alert| alert.remarks().join("; "));
    assert_eq!(
        remarks.collect::<Vec<_>>(),
        [
            "failing for 1 h, 2 runs, with another error than the run before; before: disk full",
            "failing for 2 h, 3 runs, with another error than the run before; before: no route; 2 \
             errors alternate in this incident",
            "failing for 3 h, 4 runs, with another error than the run before; before: disk full; 2 \
             errors alternate in this incident",
            "failing for 4 h, 5 runs, with another error than the run before; before: no route; at \
             first: disk full",
            "failing for 5 h, 6 runs, with another error than the run before; before: no mail; 3 \
             errors alternate in this incident",
        ]
    );
}

#[test]
fn an_incident_with_after_3_and_four_hours_of_silence_is_sent_twice() {
    let delivered = incident(Settings {
        after: 3,
        silent: Duration::from_secs(14256),
        ok_silent: None,
        ..Settings::default()
    });
    assert_eq!(
        delivered,
        [
            "✗ etl.load.run failed on worker-3: no route [failing for 10 min 1 s, 3 runs, with the \
             same error; at first: disk full]",
            "✓ etl.load.run recovered on worker-3 after 1 h [works again after 1 h and 12 failed runs; \
             the error was: disk full]",
        ]
    );
}

#[test]
fn an_incident_with_after_3_and_the_other_defaults_is_sent_from_the_third_failure_on() {
    let delivered = incident(Settings {
        after: 3,
        ..Settings::default()
    });
    let kinds: Vec<_> = delivered
        .iter()
        .map(|line| line.split(' ').nth(2).unwrap())
        .collect();
    assert_eq!(kinds[..2], ["ok", "failed"]);
    assert!(
        kinds[2..11].iter().all(|kind| *kind == "still"),
        "{delivered:#?}"
    );
    assert_eq!((kinds.len(), kinds[11]), (12, "recovered"));
}

#[test]
fn where_nothing_can_be_sent_nothing_counts_as_sent() {
    let (status, alerts) = history(&[failed("a"), failed("a")], None);
    assert!(alerts.is_empty());
    assert_eq!((status.alerted, status.runs), (None, 2));
}

#[test]
fn a_panic_that_was_sent_already_is_written_down_and_not_sent_again() {
    let panic = Outcome::Panicked(Panic::new(Some("no".to_owned()), 7));
    let context = Context {
        cover: Some(Cover {
            job: "etl.load.inner",
            is_sent: true,
        }),
        ..context(at(1), *ALERTS)
    };
    let transition = of(&Past::Missing, &ended(1, at(0)), &panic, &context).unwrap();
    assert_eq!(
        (transition.alert, transition.decision.reason),
        (None, Reason::SamePanic)
    );
    let status = transition.status.unwrap();
    assert_eq!((status.state, status.alerted), (State::Error, Some(at(1))));
    assert_eq!(status.alerted_by.as_deref(), Some("etl.load.inner"));
    // Issue 12, point 0: the other job sends the recovery.
    let past = Past::Known(Box::new(status));
    let context = Context {
        cover: None,
        settings: Settings {
            silent: Duration::from_secs(60),
            ..Settings::default()
        },
        ..context
    };
    let transition = of(&past, &ended(2, at(2)), &Outcome::Returned, &context).unwrap();
    assert_eq!(
        (transition.alert, transition.decision.reason),
        (None, Reason::RecoveryOfAnother)
    );
    // Where the other one does not speak for it any more, this one does, by its own name.
    let transition = of(&past, &ended(2, at(2)), &panic, &context).unwrap();
    assert_eq!(transition.decision.reason, Reason::UnsentFailure);
    assert_eq!(transition.alert.unwrap().kind, Kind::Failed);
    assert_eq!(transition.status.unwrap().alerted_by, None);
}

/// A job inside fails as its people know, and is silent: for the job around it that is another error, whether its own
/// silence is over or not.
#[test]
fn another_error_that_comes_from_inside_is_sent_also_after_the_silence() {
    let panic = Outcome::Panicked(Panic::new(Some("no".to_owned()), 7));
    let (before, _) = history(&[failed("disk full")], *ALERTS);
    for (second, reason) in [(1, Reason::NewError), (60, Reason::StillFailing)] {
        let context = Context {
            cover: Some(Cover {
                job: "etl.load.inner",
                is_sent: false,
            }),
            settings: Settings {
                silent: Duration::from_secs(30),
                ..Settings::default()
            },
            ..context(at(second), *ALERTS)
        };
        let run = ended(2, at(second));
        let past = Past::Known(Box::new(before.clone()));
        let transition = of(&past, &run, &panic, &context).unwrap();
        assert_eq!(transition.decision, Decision::send(reason), "{second}");
        // What people know by then is not repeated, but for a reminder.
        let past = Past::Known(Box::new(transition.status.unwrap()));
        for (after, decision) in [
            (60, Decision::silent(Reason::KnownInside)),
            (3600, Decision::send(Reason::Reminder)),
        ] {
            let later = Context {
                now: at(second + after),
                ..context
            };
            let transition = of(&past, &run, &panic, &later).unwrap();
            assert_eq!(transition.decision, decision, "{second}, {after}");
        }
    }
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
    let transition = of(&past, &inner, &Outcome::Cancelled, &context).unwrap();
    assert_eq!(
        transition.status,
        Some(Status {
            cancelled: Some(at(100)),
            ..before
        })
    );
    assert_eq!(transition.alert, None);
    assert_eq!(
        of(&Past::Missing, &inner, &Outcome::Cancelled, &context),
        None
    );
    // Inside another a failure is one, and so is a cancellation of what is inside no other.
    let past = Past::Known(Box::new(Status::new(State::Ok, at(0))));
    for (run, outcome) in [
        (&inner, failed("a")),
        (&ended(9, at(99)), Outcome::Cancelled),
    ] {
        let transition = of(&past, run, &outcome, &context).unwrap();
        assert_eq!(transition.alert.unwrap().kind, Kind::Failed, "{outcome:?}");
    }
}

/// Issue 12, points 8 and 9.
#[test]
fn a_run_that_proves_nothing_leaves_status_incident_and_held_alert_and_adds_a_line() {
    let skip = Outcome::NotCounted("exited with code 75".to_owned());
    let context = context(at(100), *ALERTS);
    for runs in [
        &[failed("a")][..],
        &[Outcome::Returned],
        &[failed("a"), failed("b")],
    ] {
        let (before, _) = history(runs, *ALERTS);
        let before = Status {
            held: Some(Held {
                until: at(500),
                alerts: vec!["alerts-0123/0006-ab".to_owned()],
            }),
            ..before
        };
        let past = Past::Known(Box::new(before.clone()));
        let transition = of(&past, &ended(9, at(99)), &skip, &context).unwrap();
        assert!(
            transition.alert.is_none() && transition.withdrawn.is_empty() && !transition.is_held
        );
        let status = transition.status.unwrap();
        let line = format!("{}, exited with code 75", time::show(at(100)));
        assert_eq!(status.not_counted.as_deref(), Some(&*line));
        let not_counted = status.not_counted.clone();
        assert_eq!(
            status,
            Status {
                not_counted,
                ..before
            }
        );
        // The next one that counts takes it out again.
        let past = Past::Known(Box::new(status));
        let next = of(&past, &ended(10, at(110)), &Outcome::Returned, &context).unwrap();
        assert_eq!(next.status.unwrap().not_counted, None);
    }
    for past in [Past::Missing, Past::Unreadable, Past::Unknown] {
        assert_eq!(of(&past, &ended(9, at(99)), &skip, &context), None);
    }
}

#[test]
fn a_death_found_after_a_later_run_is_sent_and_leaves_the_status() {
    let (later, _) = history(&[Outcome::Returned, Outcome::Returned], *ALERTS);
    let past = Past::Known(Box::new(later));
    let died = Outcome::Died("died".to_owned());
    let transition = of(&past, &ended(9, at(30)), &died, &context(at(100), *ALERTS)).unwrap();
    assert_eq!(
        (transition.status, transition.decision.reason),
        (None, Reason::Overtaken)
    );
    assert_eq!(transition.alert.unwrap().error(), "died");

    let transition = of(&past, &ended(9, at(90)), &died, &context(at(100), *ALERTS)).unwrap();
    assert_eq!(transition.status.unwrap().state, State::Error);
    assert_eq!(transition.alert.unwrap().kind, Kind::Failed);
}

#[test]
fn an_overdue_run_is_sent_and_so_is_its_end() {
    let (before, _) = history(&[Outcome::Returned], *ALERTS);
    // No alert has said that it works.
    let before = Status {
        alerted: None,
        ..before
    };
    let past = Past::Known(Box::new(before));
    let overdue = Outcome::Overdue("still running after 60 s".to_owned());
    let transition = of(
        &past,
        &ended(9, at(90)),
        &overdue,
        &context(at(150), *ALERTS),
    )
    .unwrap();
    let alert = transition.alert.unwrap();
    assert_eq!(
        (transition.status, alert.kind, alert.incident.as_deref()),
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
    let transition = of(&past, &late, &Outcome::Returned, &context(at(170), *ALERTS)).unwrap();
    assert_eq!(
        (transition.decision.reason, transition.alert.unwrap().kind),
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
            .contains("error ignored, as the attribute says: no data")
    );
}
