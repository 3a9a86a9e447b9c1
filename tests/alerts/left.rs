//! What a program leaves on disk at its exit: the next one delivers it, and suffers as little as may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Answer, Folder, Program, Receiver, eventually};

/// The program `other`, whose runs are silent once it has run.
fn silent(folder: &Folder) -> Program {
    assert_eq!(Program::new("other").directory(folder).run().code, Some(0));
    Program::new("other").directory(folder)
}

/// It ends within a few milliseconds, and no program that has an alert to send may come for days.
#[test]
fn what_is_left_the_next_program_delivers_though_it_is_short_and_silent() {
    let receiver = Receiver::down_then(Answer::Status(503, ""), |_| {
        Answer::Late(Duration::from_millis(200))
    });
    let url = receiver.json_webhook();
    for channel in ["alerts", "ops"] {
        let folder = Folder::new();
        let silent = silent(&folder);
        receiver.take_down();
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

        receiver.mend();
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
        let ended = program.alerts_to(&hanging).run_soon();
        assert_eq!(ended.code, Some(0));
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
