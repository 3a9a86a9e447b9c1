//! Issue 12, point 18: a job that is always slow, and the silences.

use super::*;
use crate::status::{OVERDUE, Quiet, Silence};

/// A job whose runs all take longer than they should.
struct Slow {
    past: Past,
    clock: i64,
    settings: Settings,
    quiet: Option<Quiet>,
    delivered: Vec<Kind>,
}

impl Slow {
    fn new(settings: Settings) -> Self {
        let mut slow = Self {
            past: Past::Missing,
            clock: 0,
            settings,
            quiet: None,
            delivered: Vec::new(),
        };
        slow.end(false, true);
        slow
    }

    /// Has a run found to be overdue, and then end.
    fn run(&mut self) {
        self.clock += 300;
        let outcome = Outcome::Overdue("still running after 5 minutes".to_owned());
        let is_told = self.report(&outcome, false, false);
        self.clock += 60;
        self.end(is_told, false);
    }

    fn end(&mut self, was_overdue: bool, is_in_time: bool) {
        self.report(&Outcome::Returned, was_overdue, is_in_time);
    }

    fn report(&mut self, outcome: &Outcome, was_overdue: bool, is_in_time: bool) -> bool {
        let run = Ended {
            was_overdue,
            is_in_time,
            nested: *outcome == Outcome::Cancelled,
            ..ended(1, at(self.clock))
        };
        let context = Context {
            settings: self.settings,
            quiet: self.quiet.as_ref(),
            ..context(at(self.clock + 1), *ALERTS)
        };
        let transition = of(&self.past, &run, outcome, &context).unwrap();
        let is_told = transition.alert.is_some();
        self.delivered
            .extend(transition.alert.map(|alert| alert.kind));
        if let Some(status) = transition.left.map(|left| *left).or(transition.status) {
            assert_eq!(Status::parse(&status.render()).as_ref(), Some(&status));
            self.past = Past::Known(Box::new(status));
        }
        is_told
    }

    fn status(&mut self) -> &mut Status {
        let Past::Known(status) = &mut self.past else {
            unreachable!()
        };
        status
    }
}

#[test]
fn an_always_slow_job_is_sent_as_often_as_the_silences_say_and_never_twice_a_run() {
    let fleet = Settings {
        silent: Duration::from_secs(14256),
        ok_silent: None,
        ..Settings::default()
    };
    let mut slow = Slow::new(fleet);
    for _ in 0..48 {
        slow.run();
    }
    // Four hours and 48 minutes.
    assert_eq!(slow.delivered, [Kind::Overdue, Kind::Overdue]);

    let mut slow = Slow::new(Settings::default());
    slow.delivered.clear();
    for _ in 0..20 {
        slow.run();
    }
    let ends = slow
        .delivered
        .iter()
        .filter(|kind| **kind == Kind::Ok)
        .count();
    assert_eq!(
        (slow.delivered.len() - ends, ends),
        (20, 2),
        "an OK each hour"
    );
}

/// Also where an `OK` was sent a moment ago, which said nothing of that run.
#[test]
fn the_end_of_the_first_overdue_run_after_one_in_time_is_sent() {
    let mut slow = Slow::new(Settings::default());
    for _ in 0..2 {
        slow.delivered.clear();
        slow.run();
        slow.run();
        assert_eq!(slow.delivered, [Kind::Overdue, Kind::Ok, Kind::Overdue]);
        slow.clock += 300;
        slow.end(false, true);
    }
    // A job that fails has not been said to work.
    slow.report(&failed("no route"), false, true);
    let alerted = slow.status().alerted;
    slow.report(&Outcome::Overdue("still running".to_owned()), false, false);
    assert_eq!(slow.status().alerted, alerted);
}

/// A planned quiet has withheld that it failed: people heard last that it is overdue.
#[test]
fn the_end_of_an_overdue_run_is_sent_though_its_failure_was_not() {
    for failures in 1..4 {
        let mut slow = Slow::new(Settings::default());
        slow.delivered.clear();
        slow.clock += 300;
        let overdue = Outcome::Overdue("still running after 5 minutes".to_owned());
        let mut was_overdue = slow.report(&overdue, false, false);
        slow.quiet = Some(Quiet {
            until: at(86_400),
            because: None,
        });
        for _ in 0..failures {
            slow.report(&failed("no route"), was_overdue, !was_overdue);
            was_overdue = false;
            slow.clock += 60;
        }
        for _ in 0..2 {
            slow.end(false, true);
            slow.clock += 60;
        }
        assert_eq!(slow.delivered, [Kind::Overdue, Kind::Ok], "{failures}");
        assert_eq!(slow.status().overdue, None);
        // Of a failure after that people need not hear the end.
        slow.report(&failed("no route"), false, true);
        slow.clock += 60;
        slow.end(false, true);
        assert_eq!(slow.delivered.len(), 2);
    }
}

/// How it ended was not sent, for that proves nothing of the job: people heard last that it is overdue.
#[test]
fn what_follows_an_overdue_run_that_was_not_counted_is_sent() {
    let cancelled = Outcome::Cancelled;
    let skipped = Outcome::NotCounted("exited with code 75".to_owned());
    for proves_nothing in [cancelled, skipped] {
        let mut slow = Slow::new(Settings::default());
        slow.delivered.clear();
        slow.clock += 300;
        let overdue = Outcome::Overdue("still running after 5 minutes".to_owned());
        slow.report(&overdue, false, false);
        slow.clock += 60;
        slow.report(&proves_nothing, true, false);
        for _ in 0..2 {
            slow.clock += 60;
            slow.end(false, true);
        }
        assert_eq!(slow.delivered, [Kind::Overdue, Kind::Ok]);
        // Of one that was in time there is nothing to say.
        slow.report(&proves_nothing, false, true);
        slow.clock += 60;
        slow.end(false, true);
        assert_eq!(slow.delivered.len(), 2);
    }
}

#[test]
fn what_was_overdue_and_ended_in_time_is_sent_anew() {
    let mut slow = Slow::new(Settings {
        silent: Duration::from_secs(14256),
        ok_silent: None,
        ..Settings::default()
    });
    slow.run();
    assert!(slow.status().overdue.is_some());
    slow.clock += 300;
    slow.end(false, true);
    assert_eq!(slow.status().overdue, None);
    slow.run();
    assert_eq!(slow.delivered, [Kind::Overdue, Kind::Overdue]);
}

#[test]
fn a_persons_silence_holds_for_overdue_runs_and_for_their_end() {
    let mut slow = Slow::new(Settings {
        ok_silent: Some(Duration::ZERO),
        ..Settings::default()
    });
    slow.run();
    let until = at(100_000);
    slow.status().silence = Some(Silence {
        until,
        error: OVERDUE.to_owned(),
        because: None,
    });
    slow.settings.ok_silent = None;
    slow.delivered.clear();
    for _ in 0..10 {
        slow.run();
    }
    // One that was sent before the silence began.
    slow.clock += 300;
    slow.end(true, false);
    assert_eq!(slow.delivered, []);
    slow.clock = 100_000;
    slow.run();
    assert_eq!(slow.delivered, [Kind::Overdue]);
}
