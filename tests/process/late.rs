//! A notify directory that can be used only after a program has begun, as on a volume that is mounted later.
#![expect(clippy::unwrap_used, reason = "what a test cannot do fails it")]

use std::fs;
use std::thread;

use crate::support::{Answer, Folder, Program, Receiver, eventually};

/// A folder whose place a file takes.
fn blocked() -> Folder {
    let folder = Folder::new();
    fs::remove_dir(&folder).unwrap();
    fs::write(&folder, "not mounted yet").unwrap();
    folder
}

#[test]
fn a_program_that_goes_on_keeps_its_status_there_once_it_can() {
    let (folder, elsewhere, receiver) = (blocked(), Folder::new(), Receiver::new());
    let file = elsewhere.path().join("goes on");
    fs::write(&file, "").unwrap();
    let program = Program::new("ends").arg("goes on").directory(&folder);
    let log = elsewhere.path().join("log");
    let program = program.env("WHILE", &file).alerts_to(&receiver);
    let mut command = program.command();
    let running = command.stderr(fs::File::create(&log).unwrap()).spawn();
    let mut running = running.unwrap();
    let warned = || fs::read_to_string(&log).unwrap();
    eventually("it warns", || warned().contains("cannot be used"));
    fs::remove_file(&folder).unwrap();
    let job = folder.path().join("pipeline-notify.ends.alternate");
    eventually("its job has a status", || job.exists());
    fs::remove_file(file).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(0));
    let warned = warned();
    let warned: Vec<_> = warned.lines().collect();
    assert_eq!(warned.len(), 2, "{warned:?}");
    assert!(warned[1].contains("can be used now"), "{warned:?}");
    assert_eq!(folder.status_files().len(), 2);
}

#[test]
fn what_is_kept_in_memory_for_want_of_it_waits_in_it_once_it_can() {
    let (folder, elsewhere) = (blocked(), Folder::new());
    let receiver = Receiver::answering(|_| Answer::Status(503, ""));
    let program = Program::new("ends")
        .arg("nested caught held")
        .directory(&folder);
    let program = program
        .alerts_to(&receiver)
        .env("HOLD", elsewhere.path())
        .env("NOTIFY_OK_SILENT_HOURS", "never")
        .env("NOTIFY_EXIT_SECONDS", "0.5");
    let running = thread::spawn(|| program.run());
    eventually("it is tried", || !receiver.requests().is_empty());
    fs::remove_file(&folder).unwrap();
    eventually("it waits on disk", || folder.waiting_alerts().len() == 1);
    fs::write(elsewhere.path().join("go"), "").unwrap();
    let ended = running.join().unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let is_said = ended.stderr.contains("they wait on disk");
    assert!(is_said, "{ended:?}");
    assert_eq!(folder.waiting_alerts().len(), 1);
}

/// Whoever got the failure gets the end of it.
#[test]
fn what_a_broken_channel_has_left_to_alerts_before_is_known_there_once_it_can() {
    let (folder, elsewhere, alerts) = (blocked(), Folder::new(), Receiver::new());
    let broken = Receiver::answering(|_| Answer::Status(404, "no_service"));
    let go = elsewhere.path().join("go");
    let program = Program::new("incidents")
        .arg("the disk is full")
        .arg(format!("await {}", go.display()))
        // The directory is tried again once a second.
        .arg("sleep 1100")
        .arg("ok")
        .directory(&folder);
    let program = program
        .alerts_to(&alerts)
        .env("SLACK_DBA_WEBHOOK_URL", broken.webhook())
        .env("NOTIFY_CHANNEL", "dba");
    let running = thread::spawn(|| program.run());
    eventually("the failure is in alerts", || alerts.requests().len() == 1);
    fs::remove_file(&folder).unwrap();
    fs::write(go, "").unwrap();
    let ended = running.join().unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let texts = alerts.texts();
    assert_eq!(texts.len(), 2, "{texts:?} {ended:?}");
    assert!(texts[1].contains("works again"), "{texts:?}");
    assert_eq!(folder.waiting_alerts(), Vec::<String>::new());
}

/// It had begun before, and nothing of it stood there.
#[cfg(target_os = "linux")]
#[test]
fn a_run_that_goes_on_is_written_down_there_once_it_can_so_that_its_death_is_reported() {
    let (folder, elsewhere, receiver) = (blocked(), Folder::new(), Receiver::new());
    let program = Program::new("ends").arg("held ok").directory(&folder);
    let program = program.alerts_to(&receiver).env("HOLD", elsewhere.path());
    let mut running = program.command().spawn().unwrap();
    eventually("it is under way", || elsewhere.path().join("held").exists());
    fs::remove_file(&folder).unwrap();
    // Until it is whole its name is a hidden one.
    let is_whole = |file: &String| file.contains("/running/") && !file.contains("/.");
    let files = || folder.hidden_files().into_keys();
    eventually("it is written down", || files().any(|file| is_whole(&file)));
    running.kill().unwrap();
    running.wait().unwrap();
    let next = Program::new("incidents").arg("ok").directory(&folder);
    let next = next.alerts_to(&receiver).run();
    let texts = receiver.texts();
    assert!(texts.concat().contains("died"), "{texts:?} {next:?}");
}
