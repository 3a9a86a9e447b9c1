//! What becomes of an alert, whatever the webhook answers; and that the program does not suffer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::receiver::SECRET;
use crate::support::{Answer, Ended, Folder, Program, Receiver, eventually};

const MAIN: &str = "pipeline-notify.ends.main";

/// What does not wait for what never comes ends within this on a busy machine, too: half of what its exit has.
const SOON: Duration = Duration::from_secs(15);

/// Runs a failing program.
fn fail(folder: &Folder, receiver: &Receiver) -> Ended {
    fail_within("30", folder, receiver)
}

/// The same with so many seconds for its exit.
fn fail_within(seconds: &str, folder: &Folder, receiver: &Receiver) -> Ended {
    let ended = Program::new("ends")
        .arg("err")
        .directory(folder)
        .alerts_to(receiver)
        .env("NOTIFY_EXIT_SECONDS", seconds)
        .run();
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
        let ended = fail(&folder, &receiver);
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
        assert!(ended.took < SOON, "{:?}", ended.took);
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
fn is_delivered_by_the_next_run(answer: &Answer) {
    let folder = Folder::new();
    // One receiver all along, for the queue belongs to the destination.
    let is_down = Arc::new(AtomicBool::new(true));
    let (down, meanwhile) = (is_down.clone(), answer.clone());
    let receiver = Receiver::answering(move |_| {
        if down.load(Ordering::Relaxed) {
            meanwhile.clone()
        } else {
            Answer::Ok
        }
    });
    let ended = fail_within("2", &folder, &receiver);
    assert!(ended.took < SOON, "{:?}", ended.took);
    assert_eq!(folder.waiting_alerts().len(), 1);
    let ours: Vec<_> = ended
        .stderr
        .lines()
        .filter(|line| line.starts_with("pipeline-notify: "))
        .collect();
    assert_eq!(ours.len(), 1, "{ours:?}");
    assert!(ours[0].contains("SLACK_ALERTS_WEBHOOK_URL"), "{ours:?}");

    is_down.store(false, Ordering::Relaxed);
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
    is_delivered_by_the_next_run(&Answer::Hang);
}

#[test]
fn what_a_webhook_that_answers_a_byte_at_a_time_did_not_take_the_next_run_delivers() {
    is_delivered_by_the_next_run(&Answer::Drip);
}

#[test]
fn what_a_webhook_that_closes_did_not_take_the_next_run_delivers() {
    is_delivered_by_the_next_run(&Answer::Close);
}

#[test]
fn what_a_webhook_that_is_down_did_not_take_the_next_run_delivers() {
    is_delivered_by_the_next_run(&Answer::Status(503, ""));
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
            .run()
    };
    run(&well);
    let hanging = Receiver::answering(|_| Answer::Hang);
    let ended = run(&hanging);
    assert!(ended.took < SOON, "{:?}", ended.took);
    assert!(hanging.requests().is_empty());
}

/// The program `other`, whose runs are silent once it has run.
fn silent(folder: &Folder) -> Program {
    assert_eq!(Program::new("other").directory(folder).run().code, Some(0));
    Program::new("other").directory(folder)
}

/// It ends within a few milliseconds, and no program that has an alert to send may come for days.
#[test]
fn what_is_left_the_next_program_delivers_though_it_is_short_and_silent() {
    let is_down = Arc::new(AtomicBool::new(true));
    let down = is_down.clone();
    let receiver = Receiver::answering(move |_| {
        if down.load(Ordering::Relaxed) {
            Answer::Status(503, "")
        } else {
            Answer::Late(Duration::from_millis(200))
        }
    });
    let url = receiver.webhook().replace("http://", "json://");
    for channel in ["alerts", "ops"] {
        let folder = Folder::new();
        let silent = silent(&folder);
        is_down.store(true, Ordering::Relaxed);
        let failing = Program::new("ends").arg("err").directory(&folder);
        let failing = failing
            .env("NOTIFY_CHANNEL", channel)
            .env("NOTIFY_ALERTS_URL", &url)
            .env("NOTIFY_OPS_URL", &url)
            .env("NOTIFY_EXIT_SECONDS", "0.3");
        assert_eq!(failing.run().code, Some(1));
        assert_eq!(folder.waiting_alerts().len(), 1);
        // The pause after a failure.
        thread::sleep(Duration::from_secs(1));

        is_down.store(false, Ordering::Relaxed);
        let silent = silent
            .env("NOTIFY_ALERTS_URL", &url)
            .env("NOTIFY_OPS_URL", &url);
        let ended = silent.run();
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{channel}");
        assert!(folder.waiting_alerts().is_empty(), "{channel}");
    }
    assert_eq!(receiver.accepted_requests().len(), 2);
}

/// It looks once a minute, also where all its runs are inside its `main`.
#[test]
#[ignore = "it takes a minute"]
fn what_is_left_meanwhile_a_program_delivers_that_goes_on() {
    let ways = [("fleet", "0"), ("ends", "goes on")];
    thread::scope(|scope| {
        for (program, way) in ways {
            scope.spawn(move || goes_on(program, way));
        }
    });
}

fn goes_on(program: &str, way: &str) {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let file = folder.path().join(".goes on");
    std::fs::write(&file, "").unwrap();
    let program = Program::new(program).arg(way).directory(&folder);
    let goes_on = program.env("WHILE", &file).alerts_to(&receiver);
    let running = thread::spawn(move || goes_on.run_for(Duration::from_secs(120)));
    eventually("its first run is known", || receiver.requests().len() == 1);
    let failing = Program::new("nested").arg("err").directory(&folder);
    let failing = failing.alerts_to(&receiver).env("NOTIFY_EXIT_SECONDS", "0");
    assert_eq!(failing.run().code, Some(1));
    assert!(!folder.waiting_alerts().is_empty());

    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(80) && !folder.waiting_alerts().is_empty() {
        thread::sleep(Duration::from_millis(100));
    }
    let waiting = folder.waiting_alerts();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(running.join().unwrap().code, Some(0));
    assert!(waiting.is_empty(), "{way}: {waiting:?}");
}

#[test]
fn programs_without_an_alert_of_their_own_do_not_wait_time_and_again_for_a_webhook_that_hangs() {
    let folder = Folder::new();
    let hanging = Receiver::answering(|_| Answer::Hang);
    let program = silent(&folder);
    let failing = Program::new("ends").arg("err").directory(&folder);
    let failing = failing
        .alerts_to(&hanging)
        .env("NOTIFY_EXIT_SECONDS", "0.1");
    assert_eq!(failing.run().code, Some(1));
    let silent = |program: Program| {
        let ended = program.alerts_to(&hanging).run();
        assert_eq!(ended.code, Some(0));
        assert!(ended.took < SOON, "{:?}", ended.took);
    };
    silent(program);
    assert_eq!(folder.waiting_alerts().len(), 1);
    // The second one that tries makes the pause long enough for the third to come within it.
    for _ in 0..2 {
        silent(Program::new("other").directory(&folder));
    }
    let tried = hanging.requests().len();
    assert!(tried < 4, "{tried}");
    assert_eq!(folder.waiting_alerts().len(), 1);
}

/// Those that hang have taken the time by then.
#[test]
fn a_destination_for_which_no_time_was_left_has_not_failed() {
    let (folder, hanging, receiver) = (
        Folder::new(),
        Receiver::answering(|_| Answer::Hang),
        Receiver::new(),
    );
    let program = silent(&folder);
    let channels = [("A", &hanging), ("B", &hanging), ("C", &receiver)];
    for (channel, receiver) in channels {
        let failing = Program::new("ends").arg("err").directory(&folder);
        let failing = failing
            .env("NOTIFY_CHANNEL", channel.to_lowercase())
            .env("NOTIFY_INSTANCE", channel)
            .env(&format!("SLACK_{channel}_WEBHOOK_URL"), receiver.webhook())
            .env("NOTIFY_EXIT_SECONDS", "0");
        assert_eq!(failing.run().code, Some(1));
    }
    let program = channels
        .into_iter()
        .fold(program, |program, (channel, receiver)| {
            program.env(&format!("SLACK_{channel}_WEBHOOK_URL"), receiver.webhook())
        });
    assert_eq!(program.run().code, Some(0));
    let files = folder.hidden_files();
    let pace = files
        .iter()
        .find(|(path, _)| path.contains("/outbox/c-") && path.ends_with("/.pace"));
    assert!(
        pace.is_none_or(|(_, pace)| !pace.contains("failures: 1")),
        "{pace:?}"
    );
}

/// What tries it for others gives it 2 seconds, and pauses for long by then.
#[test]
fn a_destination_that_is_slow_takes_the_alerts_of_a_program_though_it_was_cut_off_with_others() {
    let folder = Folder::new();
    let receiver = Receiver::answering(|_| Answer::Late(Duration::from_secs(3)));
    let program = silent(&folder);
    let failing = |seconds| {
        let failing = Program::new("ends").arg("err").directory(&folder);
        let failing = failing.alerts_to(&receiver);
        failing.env("NOTIFY_EXIT_SECONDS", seconds)
    };
    assert_eq!(failing("0.1").run().code, Some(1));
    let files = folder.hidden_files();
    let queue = files.keys().find(|path| path.ends_with("/.lock"));
    let pace = folder.path().join(queue.unwrap()).with_file_name(".pace");
    std::fs::write(&pace, "failures: 9\n").unwrap();
    assert_eq!(program.alerts_to(&receiver).run().code, Some(0));
    assert_eq!(folder.waiting_alerts().len(), 1);
    let paused = std::fs::read_to_string(&pace).unwrap();
    assert!(paused.contains("failures: 10\n"), "{paused}");

    let own = failing("20").env("NOTIFY_INSTANCE", "own");
    assert_eq!(own.run().code, Some(1));
    assert!(folder.waiting_alerts().is_empty());
}

/// What takes longer than is left would be cut off, and may arrive all the same.
#[test]
fn an_exit_begins_no_message_that_would_be_cut_off() {
    let folder = Folder::new();
    let receiver = Receiver::answering(|_| Answer::Late(Duration::from_secs(4)));
    let failing = Program::new("ends")
        .arg("burst")
        .arg("5")
        .directory(&folder);
    let failing = failing.alerts_to(&receiver).env("NOTIFY_EXIT_SECONDS", "5");
    assert_eq!(failing.run().code, Some(0));
    assert_eq!(receiver.requests().len(), 1);
}

/// A message that is cut off may have been accepted, and is sent once more.
#[test]
fn an_exit_does_not_cut_off_the_message_that_is_on_its_way_though_it_is_anothers() {
    let folder = Folder::new();
    let is_let_go = Arc::new(AtomicBool::new(false));
    let let_go = is_let_go.clone();
    let receiver = Receiver::answering(move |number| {
        // The program's own alert is on its way until another's waits behind it.
        while number == 0 && !let_go.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(1));
        }
        Answer::Late(Duration::from_millis(if number == 0 { 0 } else { 500 }))
    });
    let known = Program::new("ends").arg("ok").directory(&folder);
    assert_eq!(known.run().code, Some(0));
    let program = Program::new("ends")
        .arg("nested caught held")
        .directory(&folder);
    let program = program
        .alerts_to(&receiver)
        .env("HOLD", folder.path())
        .env("NOTIFY_EXIT_SECONDS", "20");
    let running = thread::spawn(|| program.run());
    eventually("the program holds", || folder.path().join("held").exists());
    let other = Program::new("other").directory(&folder);
    let other = other.alerts_to(&receiver).env("NOTIFY_EXIT_SECONDS", "0");
    assert_eq!(other.run().code, Some(0));
    assert_eq!(folder.waiting_alerts().len(), 2);

    is_let_go.store(true, Ordering::Relaxed);
    eventually("the other's alert is on its way", || {
        receiver.requests().len() == 2
    });
    std::fs::write(folder.path().join("go"), "").unwrap();
    assert_eq!(running.join().unwrap().code, Some(0));
    assert!(folder.waiting_alerts().is_empty());
    assert_eq!(receiver.requests().len(), 2);
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
    let is_up = Arc::new(AtomicBool::new(false));
    let (up, is_first) = (is_up.clone(), AtomicBool::new(true));
    let receiver = Receiver::answering(move |_| {
        if !up.load(Ordering::Relaxed) {
            Answer::Status(503, "")
        } else if is_first.swap(false, Ordering::Relaxed) {
            Answer::Status(400, "invalid_payload")
        } else {
            Answer::Ok
        }
    });
    let burst = Program::new("ends").arg("burst").arg("4");
    let burst = burst.directory(&folder).alerts_to(&receiver);
    assert_eq!(burst.env("NOTIFY_EXIT_SECONDS", "0.5").run().code, Some(0));
    assert_eq!(folder.waiting_alerts().len(), 5);

    is_up.store(true, Ordering::Relaxed);
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
    fail_within("0.5", &folder, &down);
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
