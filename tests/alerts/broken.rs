//! A channel that somebody has to mend: its failures are heard in `alerts`, and their recoveries,
//! too (issue 12, point 18).
#![expect(clippy::unwrap_used, reason = "what a test cannot do fails it")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::delivered::{Delivered, delivered};
use crate::support::service::Service;
use crate::support::{Answer, Folder, Program, Receiver};

const JOB: &str = "pipeline-notify.incidents.load";

/// Runs the job with that outcome; its channel is `dba`.
fn run(folder: &Folder, outcome: &str, channels: &[(&str, &str)]) -> String {
    let program = Program::new("incidents").arg(outcome).directory(folder);
    let program = program
        .env("NOTIFY_CHANNEL", "dba")
        .env("NOTIFY_SILENT_SECONDS", "0")
        .env("NOTIFY_EXIT_SECONDS", "10");
    let program = channels
        .iter()
        .fold(program, |program, (name, value)| program.env(name, value));
    let ended = program.run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stderr
}

/// A receiver whose channel is broken until it is mended.
fn broken() -> Receiver {
    Receiver::down(Answer::Status(404, "no_service"))
}

/// Ends the pause after which a broken destination is asked again.
fn pass_15_minutes(folder: &Folder) {
    for (path, content) in folder.hidden_files() {
        if path.ends_with("/.pace") {
            let lines = content
                .lines()
                .filter(|line| !line.starts_with("not-before"));
            let lines: Vec<_> = lines.collect();
            fs::write(folder.path().join(path), lines.join("\n") + "\n").unwrap();
        }
    }
}

fn kinds(delivered: &[Delivered]) -> Vec<&str> {
    delivered.iter().map(|alert| &*alert.kind).collect()
}

#[test]
fn a_failure_whose_channel_is_gone_is_sent_once_in_alerts_and_so_is_its_recovery() {
    let dba = broken();
    let alerts = Receiver::new();
    let folder = Folder::new();
    let channels = [
        ("NOTIFY_DBA_URL", &*dba.json_webhook()),
        ("NOTIFY_ALERTS_URL", &*alerts.json_webhook()),
    ];
    let said = run(&folder, "the disk is full", &channels);
    assert!(
        said.contains("channel `dba` is broken (answered 404 no_service)"),
        "{said}"
    );
    let heard = delivered(&alerts);
    assert_eq!(kinds(&heard), ["failed"]);
    let note =
        "channel `dba` is broken (NOTIFY_DBA_URL: answered 404 no_service): sent to `alerts`";
    assert!(heard[0].text.contains(note), "{}", heard[0].text);
    assert!(folder.waiting_alerts().is_empty());
    let status = folder.status_file(JOB);
    assert!(status.contains("\nalerted: "), "{status}");

    // Another failure within the pause goes there at once, without a question.
    run(&folder, "another error", &channels);
    assert_eq!(kinds(&delivered(&alerts)), ["failed", "still failing"]);
    assert_eq!(dba.requests().len(), 1);

    // The channel is fixed: the recovery still goes where the failure was heard.
    dba.mend();
    pass_15_minutes(&folder);
    run(&folder, "ok", &channels);
    assert_eq!(
        kinds(&delivered(&alerts)),
        ["failed", "still failing", "recovered"]
    );
    assert!(delivered(&dba).is_empty());

    // What fails from then on is the channel's again.
    pass_15_minutes(&folder);
    run(&folder, "the disk is full", &channels);
    assert_eq!(kinds(&delivered(&dba)), ["failed"]);
    assert_eq!(delivered(&alerts).len(), 3);
    assert!(folder.waiting_alerts().is_empty());
}

#[test]
fn a_channel_whose_file_is_missing_is_broken_too() {
    let alerts = Receiver::new();
    let folder = Folder::new();
    let channels = [
        ("SLACK_DBA_WEBHOOK_URL", "file:/nowhere/dba"),
        ("NOTIFY_ALERTS_URL", &*alerts.json_webhook()),
    ];
    run(&folder, "the disk is full", &channels);
    run(&folder, "ok", &channels);
    let heard = delivered(&alerts);
    assert_eq!(kinds(&heard), ["failed", "recovered"]);
    assert!(
        heard[0].text.contains("its `file:` does not exist"),
        "{}",
        heard[0].text
    );
    assert!(folder.waiting_alerts().is_empty());
}

#[test]
fn where_alerts_is_broken_too_a_failure_waits_and_counts_as_not_sent_until_it_is_mended() {
    let dba = broken();
    let alerts = broken();
    let folder = Folder::new();
    let channels = [
        ("NOTIFY_DBA_URL", &*dba.json_webhook()),
        ("NOTIFY_ALERTS_URL", &*alerts.json_webhook()),
    ];
    run(&folder, "the disk is full", &channels);
    let status = folder.status_file(JOB);
    assert!(!status.contains("\nalerted: "), "{status}");
    let decision = "\ndecision: not delivered: the channel is broken: answered 404";
    assert!(status.contains(decision), "{status}");
    assert_eq!(folder.waiting_alerts().len(), 1);

    run(&folder, "the disk is full", &channels);
    let status = folder.status_file(JOB);
    assert!(!status.contains("\nalerted: "), "{status}");

    alerts.mend();
    pass_15_minutes(&folder);
    run(&folder, "the disk is full", &channels);
    let heard = delivered(&alerts);
    assert_eq!(kinds(&heard)[0], "failed");
    let status = folder.status_file(JOB);
    assert!(status.contains("\nalerted: "), "{status}");
    assert!(folder.waiting_alerts().is_empty());
}

/// A failing run after the other had queued an alert each, by the thousand.
#[test]
fn while_nothing_can_be_sent_the_same_failure_waits_once_and_another_as_well() {
    let (dba, alerts) = (broken(), broken());
    let two = [
        ("NOTIFY_DBA_URL", dba.json_webhook()),
        ("NOTIFY_ALERTS_URL", alerts.json_webhook()),
    ];
    let one = [(
        "NOTIFY_DBA_URL",
        format!("{} {}", dba.json_webhook(), alerts.json_webhook()),
    )];
    for (channels, waiting) in [(&two[..], 2), (&one[..], 4)] {
        alerts.take_down();
        let folder = Folder::new();
        let channels: Vec<_> = channels.iter().map(|(name, url)| (*name, &**url)).collect();
        let fail = |error: &str| run(&folder, error, &channels);
        fail("the disk is full");
        for _ in 0..4 {
            fail("no route");
        }
        assert_eq!(folder.waiting_alerts().len(), waiting, "{channels:?}");
        let status = folder.status_file(JOB);
        assert!(!status.contains("\nalerted: "), "{status}");
        assert!(status.contains("the channel is broken"), "{status}");
    }
    assert!(delivered(&alerts).is_empty());
}

#[test]
fn a_channel_of_its_own_kind_that_is_broken_counts_as_not_sent() {
    let alerts = broken();
    let folder = Folder::new();
    let channels = [
        ("NOTIFY_CHANNEL", "alerts"),
        ("NOTIFY_ALERTS_URL", &*alerts.json_webhook()),
    ];
    run(&folder, "the disk is full", &channels);
    assert!(!folder.status_file(JOB).contains("\nalerted: "));
    assert_eq!(folder.waiting_alerts().len(), 1);
    alerts.mend();
    pass_15_minutes(&folder);
    run(&folder, "ok", &channels);
    let mut kinds: Vec<_> = delivered(&alerts)
        .into_iter()
        .map(|alert| alert.kind)
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["failed", "recovered"]);
}

#[test]
fn what_another_destination_of_the_channel_has_taken_goes_nowhere_else() {
    let dba = broken();
    let (well, alerts) = (Receiver::new(), Receiver::new());
    let folder = Folder::new();
    let both = format!("{} {}", dba.json_webhook(), well.json_webhook());
    let channels = [
        ("NOTIFY_DBA_URL", &*both),
        ("NOTIFY_ALERTS_URL", &*alerts.json_webhook()),
    ];
    run(&folder, "the disk is full", &channels);
    assert_eq!(kinds(&delivered(&well)), ["failed"]);
    assert!(folder.status_file(JOB).contains("\nalerted: "));
    assert!(delivered(&alerts).is_empty());

    // Both are broken: once.
    let other = broken();
    let folder = Folder::new();
    let both = format!("{} {}", dba.json_webhook(), other.json_webhook());
    let channels = [
        ("NOTIFY_DBA_URL", &*both),
        ("NOTIFY_ALERTS_URL", &*alerts.json_webhook()),
    ];
    run(&folder, "the disk is full", &channels);
    run(&folder, "ok", &channels);
    assert_eq!(kinds(&delivered(&alerts)), ["failed", "recovered"]);
    assert!(folder.waiting_alerts().is_empty());
}

#[test]
fn without_a_directory_a_failure_goes_to_alerts_as_well() {
    let dba = broken();
    let alerts = Receiver::new();
    let ended = Program::new("incidents")
        .arg("the disk is full")
        .arg("ok")
        .env("NOTIFYDIR", "/proc/nowhere")
        .env("NOTIFY_CHANNEL", "dba")
        .env("NOTIFY_DBA_URL", dba.json_webhook())
        .env("NOTIFY_ALERTS_URL", alerts.json_webhook())
        .env("NOTIFY_EXIT_SECONDS", "10")
        .run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        kinds(&delivered(&alerts)),
        ["failed", "recovered"],
        "{ended:?}"
    );
}

/// Issue 12, point 0: what was refused was not delivered.
#[test]
fn a_failure_that_was_refused_for_good_has_no_recovery_and_the_next_one_begins_anew() {
    let dba = Receiver::down(Answer::Status(400, "invalid_payload"));
    let channels = [("NOTIFY_DBA_URL", &*dba.json_webhook())];
    // The first, one after it that is refused as well, and one that was held before it left.
    for (failures, after) in [(1, "1"), (2, "1"), (2, "2")] {
        let folder = Folder::new();
        let channels = [channels[0], ("AFTER", after)];
        dba.take_down();
        for _ in 0..failures {
            run(&folder, "the disk is full", &channels);
        }
        let heard = delivered(&dba).len();
        let status = folder.status_file(JOB);
        assert!(!status.contains("\nalerted: "), "{status}");

        dba.mend();
        run(&folder, "ok", &channels);
        assert!(delivered(&dba)[heard..].is_empty(), "{:?}", delivered(&dba));
        let channels = [channels[0]];
        run(&folder, "the disk is full", &channels);
        run(&folder, "ok", &channels);
        assert_eq!(
            kinds(&delivered(&dba)[heard..]),
            ["failed", "recovered"],
            "{failures}, after {after}"
        );
    }
}

/// Issue 12, point 0
#[test]
fn what_leaves_its_hold_and_is_refused_was_not_delivered() {
    let dba = Receiver::down(Answer::Status(400, "invalid_payload"));
    let folder = Folder::new();
    let url = dba.json_webhook();
    let channels = [
        ("NOTIFY_DBA_URL", &*url),
        ("AFTER", "9"),
        ("NOTIFY_REMIND_HOURS", "0.0005"),
    ];
    run(&folder, "the disk is full", &channels);
    assert!(folder.status_file(JOB).contains("\nheld: "));
    std::thread::sleep(std::time::Duration::from_secs(2));
    // Its time has come, and another program sends it.
    let drained = Program::new("drain").directory(&folder);
    let drained = drained.env("NOTIFY_DBA_URL", &url).run();
    assert_eq!(drained.code, Some(0), "{drained:?}");
    let status = folder.status_file(JOB);
    assert!(
        !status.contains("\nalerted: ") && !status.contains("\nheld: "),
        "{status}"
    );

    dba.mend();
    run(&folder, "ok", &channels);
    assert!(delivered(&dba).is_empty(), "{:?}", delivered(&dba));
}

/// Issue 12, point 0
#[test]
fn a_recovery_that_waits_behind_a_failure_goes_with_it_when_that_is_refused() {
    let is_down = Arc::new(AtomicBool::new(true));
    let down = is_down.clone();
    let dba = Service::new(move |_, _, body| match body {
        _ if down.load(Ordering::Relaxed) => (503, "", String::new()),
        body if body.contains("\"failed\"") => (400, "", "invalid_payload".to_owned()),
        _ => (200, "", "ok".to_owned()),
    });
    let folder = Folder::new();
    let url = dba.url("/").replace("http://", "json://");
    let channels = [("NOTIFY_DBA_URL", &*url), ("NOTIFY_EXIT_SECONDS", "0.2")];
    run(&folder, "the disk is full", &channels);
    run(&folder, "ok", &channels);
    assert_eq!(folder.waiting_alerts().len(), 2);

    is_down.store(false, Ordering::Relaxed);
    pass_15_minutes(&folder);
    let drained = Program::new("drain").directory(&folder);
    let drained = drained.env("NOTIFY_DBA_URL", &url).run();
    assert_eq!(drained.code, Some(0), "{drained:?}");
    assert!(folder.waiting_alerts().is_empty());
    let posts = dba.posts();
    assert!(posts.iter().any(|post| post.status == 400), "{posts:?}");
    assert!(posts.iter().all(|post| post.status != 200), "{posts:?}");
    assert!(folder.status_file(JOB).starts_with("OK\n"));
}
