//! Planned quiet and acknowledged errors: what is withheld, and what is due afterwards (issue 18, points 3
//! and 4).

use super::*;
use crate::status::Acknowledged;

const MINUTE: i64 = 60;

/// A failure is sent again after two hours.
fn patient() -> Settings {
    Settings {
        silent: Duration::from_secs(2 * 3600),
        ..Settings::default()
    }
}

fn quiet() -> Quiet {
    Quiet {
        until: at(86_400),
        because: Some("the database moves".to_owned()),
    }
}

fn acknowledge(job: &mut Job<'_>, until: Option<Time>) {
    let Past::Known(status) = &mut job.past else {
        panic!("it has not run");
    };
    status.acknowledged = Some(Acknowledged {
        error: status.fingerprint.clone().unwrap(),
        by: "anna".to_owned(),
        until,
        because: None,
    });
}

fn status<'a>(job: &'a Job<'_>) -> &'a Status {
    job.past.status().unwrap()
}

#[test]
fn in_a_planned_quiet_no_failure_is_sent_and_one_that_lasts_is_sent_once_at_its_end() {
    let mut job = Job::new(patient());
    job.quiet = Some(quiet());
    for _ in 0..180 {
        assert_eq!(job.run(MINUTE, &failed("no route")), Reason::Quiet);
    }
    assert_eq!(job.kinds(), []);
    assert_eq!(status(&job).quiet, Some(quiet()));
    assert_eq!(
        status(&job).channel.as_deref(),
        Some("alerts"),
        "whoever sends it at the end knows where"
    );
    job.quiet = None;
    for _ in 0..5 {
        job.run(1, &failed("no route"));
    }
    assert_eq!(job.kinds().len(), 1);
    assert_eq!(status(&job).quiet, None);
    // Of what is not due a quiet withholds nothing.
    job.quiet = Some(quiet());
    assert_eq!(job.run(1, &failed("no route")), Reason::Recent);
    assert!(status(&job).alerted.is_some() && status(&job).quiet.is_none());
    job.quiet = None;
    job.run(MINUTE, &Outcome::Returned);
    assert_eq!(job.kinds().last(), Some(&Kind::Recovered));
}

#[test]
fn what_fails_and_works_again_within_a_planned_quiet_is_never_sent() {
    let mut job = Job::new(Settings::default());
    job.run(MINUTE, &Outcome::Returned);
    job.quiet = Some(quiet());
    for _ in 0..3 {
        job.run(MINUTE, &failed("no route"));
        job.run(MINUTE, &Outcome::Returned);
    }
    job.run(7200, &Outcome::Returned);
    job.quiet = None;
    job.run(MINUTE, &Outcome::Returned);
    assert_eq!(job.kinds(), [Kind::Ok], "the first, from before");
}

#[test]
fn the_recovery_of_what_was_sent_comes_through_a_planned_quiet_and_no_reminder_does() {
    let mut job = Job::new(Settings::default());
    job.run(MINUTE, &failed("no route"));
    job.quiet = Some(quiet());
    for _ in 0..180 {
        job.run(MINUTE, &failed("no route"));
    }
    // Another error is no exception.
    job.run(MINUTE, &failed("disk full"));
    assert_eq!(job.kinds(), [Kind::Failed]);
    job.run(MINUTE, &Outcome::Returned);
    assert_eq!(job.kinds(), [Kind::Failed, Kind::Recovered]);
    // What follows is another incident.
    job.run(MINUTE, &failed("no route"));
    job.run(MINUTE, &Outcome::Returned);
    assert_eq!(job.kinds().len(), 2);
}

/// An `OK` is due, and says besides that what people heard of is over: that the run was overdue, or had not come.
#[test]
fn the_end_of_an_overdue_or_missed_run_comes_through_a_planned_quiet_also_where_an_ok_is_due() {
    let (now, quiet) = (at(8 * 3600), quiet());
    let context = Context {
        quiet: Some(&quiet),
        ..context(now, *ALERTS)
    };
    let works = |past: &Past, was_overdue| {
        let run = Ended {
            was_overdue,
            ..ended(2, now)
        };
        of(past, &run, &Outcome::Returned, &context)
            .unwrap()
            .decision
    };
    let mut job = Job::new(Settings::default());
    job.run(MINUTE, &Outcome::Returned);
    let (worked, mut missed) = (job.past.clone(), status(&job).clone());
    (missed.missed, missed.missed_due) = (Some(at(7200)), Some(at(3600)));
    for (past, was_overdue, reason) in [
        (&Past::Missing, true, Reason::First),
        (&worked, true, Reason::StillOk),
        (&Past::Known(Box::new(missed)), false, Reason::StillOk),
    ] {
        assert_eq!(works(past, was_overdue), Decision::send(reason));
    }
    for past in [Past::Missing, worked] {
        assert_eq!(works(&past, false), Decision::silent(Reason::Quiet));
    }
}

#[test]
fn an_alert_that_was_held_stays_so_until_the_planned_quiet_ends() {
    let settings = Settings {
        after: 3,
        ..patient()
    };
    let mut job = Job::new(settings);
    job.run(MINUTE, &failed("no route"));
    assert!(job.held.is_some());
    job.quiet = Some(quiet());
    for _ in 0..180 {
        job.run(MINUTE, &failed("no route"));
    }
    assert_eq!(job.kinds(), []);
    assert!(status(&job).held.is_some());
    job.quiet = None;
    job.run(MINUTE, &failed("no route"));
    assert_eq!(job.kinds().len(), 1);
}

#[test]
fn of_an_acknowledged_error_no_reminder_is_sent_until_it_is_over() {
    let mut job = Job::new(Settings::default());
    job.run(MINUTE, &failed("no route"));
    acknowledge(&mut job, None);
    for _ in 0..300 {
        job.run(MINUTE, &failed("no route"));
    }
    assert_eq!(job.kinds(), [Kind::Failed]);
    job.run(MINUTE, &Outcome::Returned);
    assert_eq!(job.kinds(), [Kind::Failed, Kind::Recovered]);
    job.run(MINUTE, &failed("no route"));
    job.run(MINUTE, &failed("no route"));
    assert_eq!(job.kinds().len(), 4, "it has ended with the incident");
}

#[test]
fn an_acknowledgement_ends_with_its_time_and_with_another_error() {
    let mut job = Job::new(Settings::default());
    job.run(MINUTE, &failed("no route"));
    acknowledge(&mut job, Some(at(7200)));
    job.run(3600, &failed("no route"));
    assert_eq!(job.kinds().len(), 1);
    job.run(7200, &failed("no route"));
    assert_eq!(job.kinds(), [Kind::Failed, Kind::StillFailing]);

    let mut job = Job::new(Settings {
        silent: Duration::from_secs(4 * 3600),
        ..Settings::default()
    });
    job.run(MINUTE, &failed("no route"));
    acknowledge(&mut job, None);
    job.run(MINUTE, &failed("disk full"));
    assert_eq!(job.kinds(), [Kind::Failed, Kind::StillFailing]);
    assert_eq!(status(&job).acknowledged, None);
}

#[test]
fn runs_and_failures_are_counted_whatever_is_sent_and_the_last_success_is_known() {
    let mut job = Job::new(Settings::default());
    job.run(MINUTE, &Outcome::Returned);
    job.run(MINUTE, &Outcome::Returned);
    let last_ok = status(&job).begun;
    job.quiet = Some(quiet());
    job.run(MINUTE, &failed("no route"));
    job.run(MINUTE, &failed("no route"));
    let failing = status(&job);
    assert_eq!((failing.runs_total, failing.failures_total), (4, 2));
    assert_eq!(failing.last_ok, Some(last_ok));
    // A run of which a later one has ended counts as well.
    let older = ended(99, at(0));
    let older = of(
        &job.past,
        &older,
        &Outcome::Returned,
        &context(at(500), *ALERTS),
    )
    .unwrap();
    assert_eq!(older.left.unwrap().runs_total, 5);
}

/// A file of before the totals, or one in which somebody has written.
#[test]
fn the_totals_begin_with_the_runs_that_a_status_knows() {
    let totals = |state, outcome: &Outcome, runs, runs_total| {
        let mut job = Job::new(Settings::default());
        job.run(MINUTE, &Outcome::Returned);
        let mut old = status(&job).clone();
        (old.state, old.runs, old.runs_total, old.failures_total) = (state, runs, runs_total, 0);
        job.past = Past::Known(Box::new(old));
        job.run(MINUTE, outcome);
        (status(&job).runs_total, status(&job).failures_total)
    };
    assert_eq!(totals(State::Ok, &Outcome::Returned, 7, 0), (8, 0));
    assert_eq!(totals(State::Error, &failed("no route"), 7, 0), (8, 8));
    assert_eq!(totals(State::Error, &Outcome::Returned, 7, 0), (8, 7));
    let most = u64::MAX;
    assert_eq!(totals(State::Ok, &Outcome::Returned, most, most), (most, 0));
}
