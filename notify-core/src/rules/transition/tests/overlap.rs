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
fn the_failure_of_an_older_run_keeps_to_the_silence_and_waits_for_no_other_failure() {
    let patient = Settings {
        silent: time::HOUR,
        ..Settings::default()
    };
    let third = Settings {
        after: 3,
        ..Settings::default()
    };
    for (newer, settings, decision) in [
        (Outcome::Returned, patient, Decision::send(Reason::Older)),
        (failed("a"), patient, Decision::silent(Reason::Recent)),
        (failed("b"), patient, Decision::send(Reason::Older)),
        (Outcome::Returned, third, Decision::send(Reason::Older)),
        (failed("a"), third, Decision::silent(Reason::After)),
    ] {
        let at_end = |now| Context {
            settings,
            ..context(now, *ALERTS)
        };
        let shown = of(&Past::Missing, &ended(1, at(50)), &newer, &at_end(at(51)));
        let shown = shown.unwrap().status.unwrap();
        let past = Past::Known(Box::new(shown.clone()));
        let older = of(&past, &ended(2, at(30)), &failed("a"), &at_end(at(60))).unwrap();
        assert_eq!(older.decision, decision, "after {newer:?}");
        assert!(!older.is_held, "where the status is another's");
        let left = older.left.map(|left| *left).or(older.status).unwrap();
        assert_eq!(left.held, shown.held);
    }
}

#[test]
fn many_older_runs_are_kept_to_the_silence_and_the_bound() {
    let patient = Context {
        settings: Settings {
            silent: 4 * time::HOUR,
            ..Settings::default()
        },
        ..context(at(60), *ALERTS)
    };
    let fails = |past: &mut Past, error: &str, context: &Context<'_>| {
        let transition = of(past, &ended(2, at(-30)), &failed(error), context).unwrap();
        let left = transition.left.map(|left| *left).or(transition.status);
        *past = Past::Known(Box::new(
            left.unwrap_or_else(|| past.status().unwrap().clone()),
        ));
        transition.alert.is_some()
    };
    for newer in [Outcome::Returned, failed("disk full")] {
        let (shown, _) = history(std::slice::from_ref(&newer), *ALERTS);
        for (is_same, most) in [(true, 1), (false, 3)] {
            let mut past = Past::Known(Box::new(shown.clone()));
            let sent = ('a'..='z').filter(|letter| {
                let other = format!("{letter}{letter}");
                fails(&mut past, if is_same { "no" } else { &other }, &patient)
            });
            assert_eq!(sent.count(), most, "after {newer:?}");
            if newer == Outcome::Returned {
                // After the silence they count anew.
                let now = at(5 * 3600);
                let later = Context { now, ..patient };
                for is_sent in [true, false] {
                    assert_eq!(fails(&mut past, "no", &later), is_sent);
                    assert_eq!(past.status().unwrap().older_errors.sent, 1);
                }
            }
        }
    }
}
