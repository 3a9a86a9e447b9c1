//! Issue 18, points 1 and 2: runs that were too short, too long, too many or late are sent as remarks.

use super::*;
use crate::rules::took::Took;
use crate::status::{OVERDUE, Quiet, Silence};

/// A job that should take a minute to an hour.
struct Watched {
    past: Past,
    clock: i64,
    quiet: Option<Quiet>,
    sent: Vec<Kind>,
    notes: Vec<String>,
}

impl Watched {
    fn new() -> Self {
        let mut job = Self {
            past: Past::Missing,
            clock: 0,
            quiet: None,
            sent: Vec::new(),
            notes: Vec::new(),
        };
        job.run(10, &Outcome::Returned);
        job.sent.clear();
        job
    }

    /// Has so many minutes pass, of which a run takes so many.
    fn run(&mut self, minutes: i64, outcome: &Outcome) {
        self.run_for(minutes * 60, outcome);
    }

    fn run_for(&mut self, seconds: i64, outcome: &Outcome) {
        let run = Ended {
            took: Some(Duration::from_secs(seconds.unsigned_abs())),
            should_take: Some(Took {
                shortest: Some(Duration::from_secs(60)),
                longest: Some(Duration::from_secs(3600)),
            }),
            due: Some(at(self.clock)),
            ..ended(1, at(self.clock))
        };
        let settings = Settings {
            ok_silent: None,
            ..Settings::default()
        };
        self.clock += seconds;
        let context = Context {
            settings,
            quiet: self.quiet.as_ref(),
            ..context(at(self.clock), *ALERTS)
        };
        let transition = of(&self.past, &run, outcome, &context).unwrap();
        if let Some(alert) = transition.alert {
            let read = Alert::parse(&alert.render()).expect("an alert is read back");
            assert_eq!(read.kind, alert.kind);
            self.notes.extend(alert.notes.iter().cloned());
            self.sent.push(alert.kind);
        }
        if let Some(status) = transition.left.map(|left| *left).or(transition.status) {
            assert_eq!(Status::parse(&status.render()).as_ref(), Some(&status));
            self.past = Past::Known(Box::new(status));
        }
    }

    fn sent(&mut self) -> Vec<Kind> {
        std::mem::take(&mut self.sent)
    }

    fn status(&mut self) -> &mut Status {
        let Past::Known(status) = &mut self.past else {
            panic!("it has a status");
        };
        status
    }
}

#[test]
fn a_run_out_of_its_bounds_is_sent_at_once_and_while_that_goes_on_as_often_as_a_failure() {
    let mut job = Watched::new();
    job.run_for(4, &Outcome::Returned);
    assert_eq!(job.sent(), [Kind::TooShort]);
    assert_eq!(
        job.notes,
        ["it took 4.000 s, and should take 1 min at least (took_hours)"]
    );
    for _ in 0..5 {
        job.run_for(4, &Outcome::Returned);
    }
    assert_eq!(job.sent(), []);
    job.run(30, &Outcome::Returned);
    job.run_for(4, &Outcome::Returned);
    assert_eq!(
        job.sent(),
        [Kind::TooShort],
        "once one was right, it is news"
    );
    job.run(70, &Outcome::Returned);
    assert_eq!(
        job.sent(),
        [Kind::TooLong],
        "an hour later it is a reminder"
    );
    job.run(61, &Outcome::PassedOver("no data".to_owned()));
    assert_eq!(job.sent(), [Kind::TooLong]);
    assert_eq!(job.status().state, State::Ok);
    assert_eq!(job.status().incident, None);
}

#[test]
fn a_failure_and_a_recovery_are_what_they_were() {
    let mut job = Watched::new();
    job.run_for(4, &failed("disk full"));
    job.run_for(4, &Outcome::Returned);
    assert_eq!(job.sent(), [Kind::Failed, Kind::Recovered]);
    assert!(
        job.notes.iter().any(|note| note.contains("at least")),
        "{:?}",
        job.notes
    );
}

#[test]
fn runs_that_overlap_and_runs_out_of_bounds_are_withheld_while_a_person_has_silenced_the_job() {
    let mut job = Watched::new();
    job.run(1, &Outcome::Overlapping);
    job.run(1, &Outcome::Overlapping);
    job.run(1, &Outcome::Returned);
    job.run(1, &Outcome::Overlapping);
    assert_eq!(job.sent(), [Kind::Overlapping], "once in a silence");
    assert_eq!(job.status().state, State::Ok);
    job.run(70, &Outcome::Overlapping);
    assert_eq!(job.sent(), [Kind::Overlapping]);
    let until = at(job.clock + 24 * 3600);
    job.status().silence = Some(Silence {
        until,
        error: OVERDUE.to_owned(),
        because: None,
    });
    job.run(70, &Outcome::Overlapping);
    job.run_for(4, &Outcome::Returned);
    assert_eq!(job.sent(), []);
}

#[test]
fn a_run_that_was_missed_and_comes_after_all_is_late_once() {
    let mut job = Watched::new();
    job.run(10, &Outcome::Missed("No run for 2 days.".to_owned()));
    assert_eq!(job.sent(), [Kind::Overdue]);
    job.run(10, &Outcome::Returned);
    assert_eq!(job.sent(), [Kind::Late]);
    assert!(
        job.notes
            .iter()
            .any(|note| note.starts_with("it was due ") && note.ends_with("began 10 min later")),
        "{:?}",
        job.notes
    );
    job.run(10, &Outcome::Returned);
    assert_eq!(job.sent(), []);
    // A person who has silenced it hears of the next one that is missed.
    job.run(10, &Outcome::Missed("No run for 2 days.".to_owned()));
    let until = at(job.clock + 3600);
    job.status().silence = Some(Silence {
        until,
        error: OVERDUE.to_owned(),
        because: None,
    });
    job.run(10, &Outcome::Returned);
    assert_eq!(job.sent(), [Kind::Overdue]);
    job.status().silence = None;
    // One that fails says that.
    job.run(10, &Outcome::Missed("No run for 2 days.".to_owned()));
    job.run(10, &failed("disk full"));
    job.run(10, &Outcome::Returned);
    assert_eq!(job.sent(), [Kind::Overdue, Kind::Failed, Kind::Recovered]);
}

/// A planned quiet has withheld that it failed: people heard last that a run had not come.
#[test]
fn what_comes_after_a_missed_run_is_sent_though_its_failure_was_not() {
    for failures in 1..4 {
        let mut job = Watched::new();
        job.run(10, &Outcome::Missed("No run for 2 days.".to_owned()));
        job.quiet = Some(Quiet {
            until: at(86_400),
            because: None,
        });
        for _ in 0..failures {
            job.run(10, &failed("disk full"));
        }
        job.run(10, &Outcome::Returned);
        job.run(10, &Outcome::Returned);
        assert_eq!(job.sent(), [Kind::Overdue, Kind::Late], "{failures}");
        let note = "a run was due 2026-11-22 12:10:00 UTC and did not come; what ran since failed, and no alert was sent of that";
        assert_eq!(job.notes.last().map(|note| &**note), Some(note));
        assert_eq!(job.status().missed, None);
        // What fails after that people need not hear.
        job.run(10, &failed("disk full"));
        job.run(10, &Outcome::Returned);
        assert_eq!(job.sent(), []);
    }
    // A failure that is sent, be it the second, has a recovery, and says nothing of the missed run.
    let mut job = Watched::new();
    job.run(10, &Outcome::Missed("No run for 2 days.".to_owned()));
    job.quiet = Some(Quiet {
        until: at(86_400),
        because: None,
    });
    job.run(10, &failed("disk full"));
    job.quiet = None;
    job.run(10, &failed("disk full"));
    job.run(10, &Outcome::Returned);
    assert_eq!(job.sent(), [Kind::Overdue, Kind::Failed, Kind::Recovered]);
    let of_missed = |note: &String| note.contains("was due");
    assert!(!job.notes.iter().any(of_missed), "{:?}", job.notes);
}

#[test]
fn a_beginning_and_a_missed_run_are_sent_whatever_was_sent_of_an_overdue_one() {
    let overdue = Outcome::Overdue("still running after 5 minutes".to_owned());
    for (outcome, kind) in [
        (Outcome::Started, Kind::Started),
        (
            Outcome::Missed("No run for 2 days.".to_owned()),
            Kind::Overdue,
        ),
    ] {
        let mut job = Watched::new();
        job.run_for(0, &overdue);
        job.run_for(0, &overdue);
        assert_eq!(job.sent(), [Kind::Overdue], "once in a silence");
        let status = job.status().clone();
        job.run_for(0, &outcome);
        assert_eq!(job.sent(), [kind]);
        assert_eq!(job.status().overdue, status.overdue);
    }
}
