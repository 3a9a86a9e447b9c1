//! What becomes of an alert, whatever the webhook answers; and that the program does not suffer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::receiver::SECRET;
use crate::support::{Answer, Ended, Folder, Program, Receiver};

const MAIN: &str = "pipeline-notify.ends.main";

/// Runs a failing program.
fn fail(folder: &Folder, receiver: &Receiver) -> Ended {
    failed(failing("30", folder, receiver).run())
}

/// A program that fails, with so many seconds for its exit.
fn failing(seconds: &str, folder: &Folder, receiver: &Receiver) -> Program {
    Program::new("ends")
        .arg("err")
        .directory(folder)
        .alerts_to(receiver)
        .env("NOTIFY_EXIT_SECONDS", seconds)
}

/// Checks that it failed as it does without the library, and that no secret is shown.
fn failed(ended: Ended) -> Ended {
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("Error: \"the disk is full\""),
        "{}",
        ended.stderr
    );
    assert!(
        !ended.stderr.contains(SECRET) && !ended.stderr.contains("http"),
        "{}",
        ended.stderr
    );
    ended
}

#[test]
fn a_payload_that_is_refused_is_sent_once_more_as_short_text() {
    let receiver = Receiver::answering(|number| {
        if number == 0 {
            Answer::Status(400, "invalid_payload")
        } else {
            Answer::Ok
        }
    });
    let folder = Folder::new();
    let ended = fail(&folder, &receiver);
    assert_eq!(ended.stderr, "Error: \"the disk is full\"\n");
    assert_eq!(receiver.texts().len(), 2);
    let short = &receiver.texts()[1];
    assert!(
        short.starts_with("✗ pipeline-notify.ends.main failed on "),
        "{short}"
    );
    assert!(short.contains(": the disk is full · alert "), "{short}");
    assert!(folder.waiting_alerts().is_empty());
}

#[test]
fn an_alert_that_is_refused_for_good_is_kept_aside_and_its_failure_counts_as_not_sent() {
    let folder = Folder::new();
    let receiver = Receiver::answering(|_| Answer::Status(400, "invalid_payload"));
    let ended = fail(&folder, &receiver);
    assert!(
        ended.stderr.contains(
            "refused the alert of pipeline-notify.ends.main (answered 400 invalid_payload)"
        )
    );
    let files = folder.hidden_files();
    let rejected: Vec<_> = files
        .iter()
        .filter(|(path, _)| path.contains("/rejected/"))
        .collect();
    assert_eq!(rejected.len(), 2, "{rejected:?}");
    assert!(
        rejected
            .iter()
            .any(|(path, reason)| path.ends_with(".reason") && reason.contains("invalid_payload"))
    );
    assert!(!folder.status_file(MAIN).contains("alerted: "));

    // No alert was sent: that of the next failure is, although the last is not a second old.
    let well = Receiver::new();
    fail(&folder, &well);
    assert_eq!(well.texts().len(), 1);
}

#[test]
fn a_broken_channel_keeps_its_alerts_and_is_not_tried_again_at_the_exit() {
    for (status, body) in [
        (404, "no_service"),
        (403, "action_prohibited"),
        (410, "channel_is_archived"),
        (302, ""),
    ] {
        let folder = Folder::new();
        let receiver = Receiver::answering(move |_| Answer::Status(status, body));
        let ended = failed(failing("30", &folder, &receiver).run_soon());
        assert!(
            ended.stderr.contains("is broken") && ended.stderr.contains("SLACK_ALERTS_WEBHOOK_URL"),
            "{}",
            ended.stderr
        );
        assert_eq!(
            (receiver.requests().len(), folder.waiting_alerts().len()),
            (1, 1),
            "{status}"
        );
    }
}

#[test]
fn a_passing_fault_is_tried_again_until_it_is_over() {
    let folder = Folder::new();
    let receiver = Receiver::answering(|number| match number {
        0 => Answer::Status(500, "rollup_error"),
        _ => Answer::Ok,
    });
    fail(&folder, &receiver);
    assert_eq!(
        (receiver.requests().len(), folder.waiting_alerts().len()),
        (2, 0)
    );
}

#[test]
fn a_destination_that_asks_for_a_pause_gets_it() {
    let folder = Folder::new();
    let receiver = Receiver::answering(|number| match number {
        0 => Answer::With(429, "Retry-After: 1", "rate_limited"),
        _ => Answer::Ok,
    });
    fail(&folder, &receiver);
    let requests = receiver.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(1));
}

/// Runs into the deadline with a receiver that answers so, and once more with one that is well.
fn is_delivered_by_the_next_run(answer: Answer) {
    let folder = Folder::new();
    // One receiver all along, for the queue belongs to the destination.
    let receiver = Receiver::down(answer);
    let ended = failed(failing("5", &folder, &receiver).run_soon());
    assert_eq!(folder.waiting_alerts().len(), 1);
    let warnings = ended.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("SLACK_ALERTS_WEBHOOK_URL"),
        "{warnings:?}"
    );

    receiver.mend();
    let before = receiver.requests().len();
    let next = Program::new("other")
        .directory(&folder)
        .alerts_to(&receiver)
        .env("NOTIFY_EXIT_SECONDS", "20");
    assert_eq!(next.run().code, Some(0));
    assert_eq!(folder.waiting_alerts().len(), 0);
    let texts = receiver.texts().split_off(before).concat();
    assert!(
        texts.contains("the disk is full") && texts.contains("other"),
        "{texts}"
    );
}

#[test]
fn what_a_webhook_that_never_answers_did_not_take_the_next_run_delivers() {
    is_delivered_by_the_next_run(Answer::Hang);
}

#[test]
fn what_a_webhook_that_answers_a_byte_at_a_time_did_not_take_the_next_run_delivers() {
    is_delivered_by_the_next_run(Answer::Drip);
}

#[test]
fn what_a_webhook_that_closes_did_not_take_the_next_run_delivers() {
    is_delivered_by_the_next_run(Answer::Close);
}

#[test]
fn what_a_webhook_that_is_down_did_not_take_the_next_run_delivers() {
    is_delivered_by_the_next_run(Answer::Status(503, ""));
}

#[test]
fn a_program_with_nothing_to_send_does_not_wait_for_a_webhook_that_hangs() {
    let folder = Folder::new();
    let well = Receiver::new();
    let run = |receiver: &Receiver| {
        Program::new("ends")
            .arg("ok")
            .directory(&folder)
            .alerts_to(receiver)
            .run_soon()
    };
    run(&well);
    let hanging = Receiver::answering(|_| Answer::Hang);
    run(&hanging);
    assert!(hanging.requests().is_empty());
}

#[test]
fn many_changes_leave_as_few_messages_and_none_is_lost() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let program = Program::new("ends")
        .arg("changes")
        .arg("60")
        .directory(&folder)
        .alerts_to(&receiver);
    assert_eq!(program.env("NOTIFY_EXIT_SECONDS", "20").run().code, Some(0));
    let texts = receiver.texts();
    assert!(texts.len() <= 6, "{}", texts.len());
    let ids: BTreeSet<_> = texts
        .iter()
        .flat_map(|text| text.split("alert ").skip(1))
        .map(|rest| rest.get(..16).unwrap_or_default())
        .collect();
    assert_eq!(ids.len(), 61, "60 changes, and the program's own OK");
    assert!(folder.waiting_alerts().is_empty());
}

#[test]
fn a_message_of_several_alerts_that_is_refused_leaves_as_single_ones_and_none_is_lost() {
    let folder = Folder::new();
    let is_first = AtomicBool::new(true);
    let receiver = Receiver::down_then(Answer::Status(503, ""), move |_| {
        if is_first.swap(false, Ordering::Relaxed) {
            Answer::Status(400, "invalid_payload")
        } else {
            Answer::Ok
        }
    });
    let burst = Program::new("ends").arg("burst").arg("4");
    let burst = burst.directory(&folder).alerts_to(&receiver);
    assert_eq!(burst.env("NOTIFY_EXIT_SECONDS", "0.5").run().code, Some(0));
    assert_eq!(folder.waiting_alerts().len(), 5);

    receiver.mend();
    let drain = Program::new("drain").directory(&folder);
    assert_eq!(drain.alerts_to(&receiver).run().code, Some(0));
    let accepted = receiver.accepted();
    let job = |text: &String| Some(text.split("\njob ").nth(1)?.split(' ').next()?.to_owned());
    let jobs: BTreeSet<_> = accepted.iter().filter_map(job).collect();
    assert_eq!((jobs.len(), accepted.len()), (5, 5), "{jobs:?}");
}

#[test]
fn a_queue_is_emptied_only_by_those_who_have_its_destination() {
    let folder = Folder::new();
    let down = Receiver::answering(|_| Answer::Status(503, ""));
    failed(failing("0.5", &folder, &down).run());
    let elsewhere = Receiver::new();
    Program::new("other")
        .directory(&folder)
        .alerts_to(&elsewhere)
        .run();
    assert_eq!(elsewhere.texts().len(), 1);
    assert!(!elsewhere.texts()[0].contains("the disk is full"));
    assert_eq!(folder.waiting_alerts().len(), 1);
}

#[test]
fn the_message_calls_nobody() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    Program::new("ends")
        .arg("<!channel> & <@U1>")
        .directory(&folder)
        .alerts_to(&receiver)
        .run();
    let text = receiver.texts().concat();
    assert!(
        text.contains("&lt;!channel&gt; &amp; &lt;@U1&gt;") && !text.contains('<'),
        "{text}"
    );
}
