//! Issue 12, point 9: two runs of a job at once, of which the older one ends last.

use super::*;

/// What a run of that begin comes to, after a newer one that has begun at second 50.
fn after_newer(newer: &Outcome, begun: i64, outcome: &Outcome) -> (Transition, Status) {
    let newer = of(
        &Past::Missing,
        &ended(1, at(50)),
        newer,
        &context(at(51), *ALERTS),
    );
    let newer = newer.unwrap().status.unwrap();
    let past = Past::Known(Box::new(newer.clone()));
    let older = ended(2, at(begun));
    let transition = of(&past, &older, outcome, &context(at(60), *ALERTS));
    (transition.unwrap(), newer)
}

#[test]
fn an_ok_of_a_run_that_began_before_the_failure_recovers_nothing() {
    for ok in [Outcome::Returned, Outcome::PassedOver("no data".to_owned())] {
        let (transition, newer) = after_newer(&failed("no"), 30, &ok);
        assert_eq!((transition.alert, transition.status), (None, None));
        // It is counted, and that is all.
        let counted = Status {
            runs_total: 2,
            ..newer
        };
        assert_eq!(transition.left, Some(Box::new(counted)));
        assert_eq!(transition.decision.reason, Reason::Older);
        assert!(transition.withdrawn.is_empty());
    }
    // One that began after it does.
    let (transition, _) = after_newer(&failed("no"), 51, &Outcome::Returned);
    assert_eq!(transition.alert.unwrap().kind, Kind::Recovered);
    // A function that calls itself has dealt with what failed inside it.
    let (_, newer) = after_newer(&failed("no"), 30, &Outcome::Returned);
    let outer = Ended {
        last_inside: Some(newer.begun),
        ..ended(2, at(30))
    };
    let past = Past::Known(Box::new(newer));
    let transition = of(&past, &outer, &Outcome::Returned, &context(at(60), *ALERTS)).unwrap();
    assert_eq!(transition.alert.unwrap().kind, Kind::Recovered);
}

/// As where it calls itself several times at once, and waits for all.
#[test]
fn a_run_has_dealt_with_all_that_ended_inside_it_whichever_ended_last() {
    for (inside, outcome, kind) in [
        (failed("no"), Outcome::Returned, Kind::Recovered),
        (Outcome::Returned, failed("no"), Kind::Failed),
    ] {
        for last_inside in [50, 51] {
            let (_, shown) = after_newer(&inside, 30, &Outcome::Returned);
            let outer = Ended {
                last_inside: Some(at(last_inside)),
                ..ended(2, at(30))
            };
            let past = Past::Known(Box::new(shown));
            let transition = of(&past, &outer, &outcome, &context(at(60), *ALERTS)).unwrap();
            assert!(transition.left.is_none());
            assert_eq!(transition.alert.unwrap().kind, kind);
        }
    }
}

#[test]
fn the_failure_of_an_older_run_is_sent_names_the_newer_one_and_leaves_its_status() {
    let newer_ok = "a newer run (begun 2026-11-22 12:00:50 UTC, process 4242) has ended OK already, and \
                    the status stays as that run left it";
    let (transition, newer) = after_newer(&Outcome::Returned, 30, &failed("disk full"));
    let alert = transition.alert.unwrap();
    assert_eq!((alert.kind, alert.error()), (Kind::Failed, "disk full"));
    assert_eq!(alert.notes, [newer_ok]);
    let left = *transition.left.unwrap();
    assert_eq!((transition.status, left.older_errors.sent), (None, 1));
    let older_errors = newer.older_errors.clone();
    assert_eq!((left.runs_total, left.failures_total), (2, 1));
    assert_eq!(
        Status {
            older_errors,
            runs_total: 1,
            failures_total: 0,
            ..left
        },
        newer
    );

    let (transition, newer) = after_newer(&failed("no route"), 30, &failed("disk full"));
    let alert = transition.alert.unwrap();
    assert_eq!(
        (alert.kind, alert.error()),
        (Kind::StillFailing, "disk full")
    );
    assert!(
        alert.notes[0].contains("has ended ERROR"),
        "{:?}",
        alert.notes
    );
    let left = transition.left.unwrap();
    assert_eq!((left.begun, &left.text), (newer.begun, &newer.text));
    assert_eq!((left.runs, left.alerted), (2, Some(at(60))));
    assert_eq!(left.sent_errors.len(), 2);
}

#[test]
fn many_older_runs_are_kept_to_the_silence_and_the_bound() {
    let (newer, _) = history(&[Outcome::Returned], *ALERTS);
    let patient = Context {
        settings: Settings {
            silent: 4 * time::HOUR,
            ..Settings::default()
        },
        ..context(at(60), *ALERTS)
    };
    for same in [true, false] {
        let mut past = Past::Known(Box::new(newer.clone()));
        let mut sent = 0;
        for letter in 'a'..='z' {
            let error = if same {
                "no".to_owned()
            } else {
                format!("{letter}{letter}")
            };
            let older = ended(u64::from(letter), at(-30));
            let transition = of(&past, &older, &failed(&error), &patient).unwrap();
            sent += u32::from(transition.alert.is_some());
            if let Some(status) = transition.left.map(|left| *left).or(transition.status) {
                past = Past::Known(Box::new(status));
            }
        }
        assert_eq!(sent, if same { 1 } else { 3 });
    }
}
