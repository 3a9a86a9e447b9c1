//! What becomes of more alerts than can wait, while a webhook is broken.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Answer, Ended, Folder, Program, Receiver};

/// The bound of a queue.
const MOST: usize = 10_000;

/// A receiver that takes nothing until it is mended.
fn broken() -> Receiver {
    Receiver::down(Answer::Status(404, "no_service"))
}

/// Runs a program with a job that fails; its exit may take so many seconds.
fn run(folder: &Folder, receiver: &Receiver, exit: &str) -> Ended {
    let program = Program::new("ends").arg("changes").arg("1");
    let ended = program
        .directory(folder)
        .alerts_to(receiver)
        .env("NOTIFY_SILENT_SECONDS", "0")
        .env("NOTIFY_EXIT_SECONDS", exit)
        .run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended
}

/// Runs it until something holds, and returns how often: on a busy machine the exit may be over before ten thousand
/// alerts are read.
fn run_until(folder: &Folder, receiver: &Receiver, exit: &str, holds: impl Fn() -> bool) -> usize {
    let mut runs = (1..=5).inspect(|_| drop(run(folder, receiver, exit)));
    runs.find(|_| holds()).expect("it holds after five runs")
}

/// The files of the queue; there is one.
fn queue(folder: &Folder) -> PathBuf {
    let hidden = fs::read_dir(folder.path().join(".pipeline-notify")).unwrap();
    let of_user = hidden.map(|entry| entry.unwrap().path()).next().unwrap();
    let mut queues = fs::read_dir(of_user.join("outbox")).unwrap();
    queues.next().unwrap().unwrap().path()
}

fn names(queue: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(queue).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.starts_with('.')).collect()
}

/// The name and the content of the one failure that waits.
fn failure(queue: &Path) -> (String, String) {
    let mut names = names(queue).into_iter();
    let name = names.find(|name| name.contains("-f-")).unwrap();
    let alert = fs::read_to_string(queue.join(&name)).unwrap();
    (name, alert)
}

/// When an alert was decided, in microseconds.
fn time(name: &str) -> u64 {
    u64::from_str_radix(&name[..16], 16).unwrap()
}

/// The ids that a message names.
fn ids(texts: &[String]) -> Vec<String> {
    let texts = texts.iter().flat_map(|text| text.split("alert ").skip(1));
    let ids = texts.filter_map(|rest| rest.get(..16));
    ids.filter(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .map(str::to_owned)
        .collect()
}

/// How many alerts are sent or wait: one that was sent at the very end may be both.
fn known(delivered: Vec<String>, queue: &Path) -> usize {
    let mut ids: BTreeSet<_> = delivered.into_iter().collect();
    let waiting = names(queue).into_iter();
    ids.extend(waiting.filter_map(|name| Some(name.rsplit('-').next()?.to_owned())));
    ids.len()
}

/// How many alerts a message says were dropped.
fn given_up(text: &str) -> usize {
    let line = text.lines().find(|line| line.contains(" dropped, "));
    let count = line.and_then(|line| line.strip_prefix("and ")?.split(' ').next());
    count.map_or(0, |count| count.replace(',', "").parse().unwrap())
}

/// Has the receiver take alerts, and the queue not wait for the end of its pause.
fn mend(receiver: &Receiver, queue: &Path) {
    receiver.mend();
    fs::remove_file(queue.join(".pace")).unwrap();
}

#[test]
fn of_a_job_that_keeps_failing_while_the_webhook_is_broken_all_is_sent_or_counted() {
    let folder = Folder::new();
    let receiver = broken();
    run(&folder, &receiver, "20");
    let queue = queue(&folder);
    // The same failure as often again, as other processes would have left it: a write each that
    // waits for no disk.
    let (name, alert) = failure(&queue);
    let (micros, job) = (time(&name), &name[17..25]);
    let alert = alert.replace("kind: failed", "kind: still failing");
    for number in 1..=MOST as u64 + 500 {
        let new = format!("{number:016x}");
        // None of them may have come after the message that was refused.
        let repeat = format!("{:016x}-{job}-s-{new}", micros + 1);
        fs::write(queue.join(repeat), alert.replace(&name[28..], &new)).unwrap();
    }
    let ended = run(&folder, &receiver, "20");
    let warnings = ended.stderr.lines();
    let surplus =
        warnings.filter(|line| line.contains("the oldest repeats are dropped and counted"));
    assert_eq!(surplus.count(), 1, "{}", ended.stderr);
    // The run's own says the same as those that wait, which the history says of it.
    let waiting = names(&queue).len();
    assert_eq!(waiting, MOST - 1);

    let before = receiver.requests().len();
    mend(&receiver, &queue);
    // A message a second: less than all of it will do.
    run(&folder, &receiver, "6");
    let texts = receiver.texts().split_off(before);
    let delivered = ids(&texts);
    assert_eq!(
        delivered.iter().collect::<BTreeSet<_>>().len(),
        delivered.len()
    );
    let all: usize = texts.iter().map(|text| given_up(text)).sum();
    // Those that were laid there, two of the programs, and that the first `main` ended well.
    assert_eq!(known(delivered, &queue) + all, MOST + 503);
    assert!(
        given_up(&texts[0]) >= 500 && texts[0].contains(" repeats"),
        "{}",
        texts[0]
    );
    let failures = texts.iter().filter(|text| text.contains(" · failed "));
    assert_eq!(failures.count(), 1, "the first failure is delivered");
}

#[test]
fn of_more_failures_than_can_wait_the_newest_are_counted_and_sent_anew_by_their_jobs_next_run() {
    let folder = Folder::new();
    let receiver = broken();
    run(&folder, &receiver, "20");
    let queue = queue(&folder);
    // Failures of as many other jobs, as other processes would have left them.
    let (name, alert) = failure(&queue);
    let id = &name[28..];
    let first = time(&name) - 3_600_000_000;
    for number in 0..MOST as u64 + 200 {
        let new = format!("{number:016x}");
        let name = format!("{:016x}-{number:08x}-f-{new}", first + number);
        let text = alert
            .replace(id, &new)
            .replace("ends.alternate", &format!("job-{number}"));
        fs::write(queue.join(name), text + &"more of it\n".repeat(100)).unwrap();
    }
    let mut own = 1 + run_until(&folder, &receiver, "20", || names(&queue).len() == MOST);
    // The newest of all is the program's own.
    let status = folder.status_file("pipeline-notify.ends.alternate");
    let words = "decision: not delivered: too many alerts waited, and this one was dropped";
    assert!(
        status.contains(words) && !status.contains("\nalerted: "),
        "{status}"
    );

    let before = receiver.requests().len();
    mend(&receiver, &queue);
    let sent = || receiver.texts().split_off(before);
    own += run_until(&folder, &receiver, "12", || !sent().is_empty());
    let texts = sent();
    assert!(given_up(&texts[0]) >= 200, "{}", texts[0]);
    assert!(
        texts[0].ends_with(" others") && ids(&texts[..1]).len() == 40,
        "{}",
        texts[0]
    );
    assert!(texts[0].contains("job-2") && texts[0].chars().count() <= 3_900);
    let counted: usize = texts.iter().map(|text| given_up(text)).sum();
    // Those of the other jobs, the failures of the program's own, and that the first `main` ended well.
    let all = known(ids(&texts), &queue) + counted;
    assert_eq!(all, MOST + 200 + own + 1);
    // There is room again.
    run(&folder, &receiver, "1");
    let status = folder.status_file("pipeline-notify.ends.alternate");
    assert!(
        !status.contains(words) && status.contains("\nalerted: "),
        "{status}"
    );
}
