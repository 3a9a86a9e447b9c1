//! A rule of the program beside the built-in rules: issue 17, point 1.

use super::*;

static WINDOW: LazyLock<Quiet> = LazyLock::new(|| Quiet {
    until: at(999),
    because: None,
});

static ON_CALL: LazyLock<Option<Address<'static>>> = LazyLock::new(|| {
    Some(Address {
        channel: "on-call",
        queues: &QUEUES,
    })
});

/// The end of one run, as a rule decides it.
fn end(
    past: &Past,
    outcome: &Outcome,
    answer: &Answer,
    more: impl FnOnce(&mut End<'_>),
) -> Transition {
    let run = ended(0x2222_2222_0000_0000, at(60));
    let mut end = End {
        past,
        run: &run,
        outcome,
        now: at(61),
        settings: Settings::default(),
        address: *ALERTS,
        cover: None,
        quiet: None,
        answer: Some(answer),
    };
    more(&mut end);
    super::super::of(&end).unwrap()
}

fn past(state: State) -> Past {
    let status = Status {
        alerted: Some(at(0)),
        incident: (state == State::Error).then(|| "11111111".to_owned()),
        ..Status::new(state, at(0))
    };
    Past::Known(Box::new(status))
}

#[test]
fn a_rule_sends_what_the_others_withhold_and_withholds_what_they_send() {
    let (send, silent) = (Answer::send("yes"), Answer::silent("no"));
    for (past, outcome) in [
        (Past::Missing, failed("a")),
        (past(State::Ok), failed("a")),
        (past(State::Error), failed("a")),
        (past(State::Ok), Outcome::Returned),
        (past(State::Error), Outcome::Returned),
        (Past::Unknown, Outcome::Returned),
    ] {
        // One that the settings would hold back is sent, too.
        let ended = end(&past, &outcome, &send, |end| end.settings.after = 9);
        assert_eq!(ended.decision, Decision::send(Reason::Rule), "{past:?}");
        assert!(ended.alert.is_some() && !ended.is_held);
        let status = ended.status.unwrap();
        assert_eq!(status.alerted, Some(at(61)));
        assert!(status.decision.unwrap().words().ends_with(": yes"));

        let withheld = end(&past, &outcome, &silent, |_| {});
        assert_eq!(
            withheld.decision,
            Decision::silent(Reason::Rule),
            "{past:?}"
        );
        assert!(withheld.alert.is_none());
        let status = withheld.status.unwrap();
        // When the last alert was sent is not forgotten.
        let same = past.status().filter(|past| past.state == status.state);
        assert_eq!(status.alerted, same.and_then(|same| same.alerted));
        let is_failure = status.state == State::Error;
        assert_eq!(status.silenced_by_rule.is_some(), is_failure);
    }
}

#[test]
fn what_the_built_in_rules_answered_is_theirs_with_what_holds_it_back() {
    let answer = Answer::built_in(true, "it fails").to("on-call");
    let held = end(&past(State::Ok), &failed("a"), &answer, |end| {
        end.settings.after = 3;
        end.address = *ON_CALL;
    });
    assert_eq!(held.decision, Decision::silent(Reason::After));
    assert!(held.is_held);
    let status = held.status.unwrap();
    assert_eq!(status.silenced_by_rule, None);
    // What follows goes there, too, for the alert that waits does.
    assert_eq!(status.alerted_channel.as_deref(), Some("on-call"));
}

#[test]
fn a_persons_silence_and_an_alert_that_was_sent_inside_come_before_a_rule() {
    let outcome = failed("a");
    let silenced = Status {
        silence: Some(crate::status::Silence {
            until: at(999),
            error: fingerprint::of("a\n"),
            because: None,
        }),
        ..past(State::Error).status().unwrap().clone()
    };
    let silenced = Past::Known(Box::new(silenced));
    let send = Answer::send("yes");
    let decision = end(&silenced, &outcome, &send, |_| {}).decision;
    assert_eq!(decision, Decision::silent(Reason::Silenced));
    for (is_sent, decision) in [
        (true, Decision::silent(Reason::SamePanic)),
        (false, Decision::send(Reason::Rule)),
    ] {
        let cover = Some(Cover {
            job: "inner",
            is_sent,
        });
        let covered = end(&past(State::Ok), &outcome, &send, |end| end.cover = cover);
        assert_eq!(covered.decision, decision);
    }
}

#[test]
fn what_a_rule_sends_nowhere_counts_as_not_sent() {
    let ended = end(
        &past(State::Error),
        &failed("a"),
        &Answer::send("yes"),
        |end| end.address = None,
    );
    assert!(ended.alert.is_none());
    assert_eq!(ended.status.unwrap().alerted, None);
}

#[test]
fn the_channel_of_an_incident_is_forgotten_with_the_incident() {
    let send = Answer::send("yes");
    let named = |end: &mut End<'_>| end.address = *ON_CALL;
    let failed = end(&past(State::Ok), &failed("a"), &send, named);
    let status = failed.status.unwrap();
    assert_eq!(status.alerted_channel.as_deref(), Some("on-call"));
    for answer in [&send, &Answer::silent("no")] {
        let past = Past::Known(Box::new(status.clone()));
        let recovered = end(&past, &Outcome::Returned, answer, named);
        assert_eq!(recovered.status.unwrap().alerted_channel, None);
        let fails_on = end(&past, &super::failed("a"), answer, named);
        let channel = fails_on.status.unwrap().alerted_channel;
        assert_eq!(channel.as_deref(), Some("on-call"));
    }
}

/// Issue 18, points 3 and 4.
#[test]
fn a_planned_quiet_and_an_acknowledged_failure_come_before_a_rule_but_for_the_recovery() {
    let send = Answer::send("yes");
    let quiet = |end: &mut End<'_>| end.quiet = Some(&WINDOW);
    for before in [past(State::Ok), past(State::Error)] {
        let withheld = end(&before, &failed("a"), &send, quiet);
        assert_eq!(withheld.decision, Decision::silent(Reason::Quiet));
        let status = withheld.status.unwrap();
        assert_eq!((status.alerted, status.quiet), (None, Some(WINDOW.clone())));
        assert!(withheld.alert.is_none() && status.silenced_by_rule.is_none());
    }
    let recovered = end(&past(State::Error), &Outcome::Returned, &send, quiet);
    assert_eq!(recovered.decision, Decision::send(Reason::Rule));

    let acknowledged = Status {
        acknowledged: Some(crate::status::Acknowledged {
            error: fingerprint::of("a\n"),
            by: "anna".to_owned(),
            until: None,
            because: None,
        }),
        alerted: None,
        ..past(State::Error).status().unwrap().clone()
    };
    let acknowledged = Past::Known(Box::new(acknowledged));
    let decision = end(&acknowledged, &failed("a"), &send, |_| {}).decision;
    assert_eq!(decision, Decision::silent(Reason::Acknowledged));
    let decision = end(&acknowledged, &failed("b"), &send, |_| {}).decision;
    assert_eq!(decision, Decision::send(Reason::Rule), "another error");
}
