use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{TimeDelta, Utc};

use super::*;
use crate::format::time::to_micros;
use crate::message::alert::Kind;
use crate::message::digest::{self, message};
use crate::notifier::{FollowUps, Notifier};
use crate::os::engine::own;
use crate::os::ffi;
use crate::settings::config::Config;
use crate::settings::in_force;
use crate::state::local::spool::Outbox;
use crate::status::State;
use crate::testing::{self, Folder, clock};

/// Takes as many messages as it is made to, and keeps those that it took.
#[derive(Default)]
struct Receiver {
    is_down: Mutex<bool>,
    taken: Mutex<Vec<(Vec<String>, String)>>,
}

impl Notifier for Receiver {
    fn notify(&self, alerts: &[Alert], _timeout: Duration) -> Result<(), Refusal> {
        if *self.is_down.lock().unwrap() {
            return Err(Refusal::temporary("it is down"));
        }
        let ids = alerts.iter().map(|alert| alert.id.clone()).collect();
        self.taken.lock().unwrap().push((ids, message(alerts)));
        Ok(())
    }
}

fn route(folder: &Folder) -> (Route, Queue, Arc<Receiver>) {
    let outbox = Outbox::new(folder.path(), ffi::user_id());
    let queue = Queue::from(outbox.queue("alerts-0"));
    let receiver = Arc::new(Receiver::default());
    let route = Route {
        number: 0,
        channel: format!("alerts {}", folder.path().display()),
        queue: Some(queue.clone()),
        notifier: receiver.clone(),
        mend: "it".to_owned(),
    };
    (route, queue, receiver)
}

/// Puts a failure, a repeat, and a recovery for each of these jobs.
fn put(queue: &Queue, jobs: std::ops::Range<i64>) {
    for job in jobs {
        let kinds = [Kind::Failed, Kind::StillFailing, Kind::Recovered];
        for (number, kind) in (0..).zip(kinds) {
            let mut alert = testing::alert(&format!("job {job}"), &format!("{job:x}0{number}"));
            alert.decided += TimeDelta::seconds(10 * job + number);
            alert.kind = kind;
            queue.put(&alert, &alert.render()).unwrap();
        }
    }
}

#[test]
fn whatever_is_beyond_the_bound_is_sent_or_counted() {
    let (folder, now) = (Folder::new(), Utc::now());
    let (route, queue, receiver) = route(&folder);
    let deadline = Some(Instant::now() + Duration::from_secs(60));
    *receiver.is_down.lock().unwrap() = true;
    for jobs in [0..15, 15..40, 40..41] {
        put(&queue, jobs);
        shed::shed(&route, &queue, &queue.list(), 60, deadline);
        // A message that is refused does not say what was dropped.
        queue.set_pace(&Pace::new(now)).unwrap();
        assert!(matches!(
            from_queue(&route, &queue, deadline, |_, _| {}),
            Ok(Next::At(_))
        ));
    }
    assert_eq!(queue.list().len(), 60);

    *receiver.is_down.lock().unwrap() = false;
    queue.set_pace(&Pace::new(now)).unwrap();
    assert_eq!(
        from_queue(&route, &queue, deadline, |_, _| {}).unwrap(),
        Next::Nothing
    );
    let taken = receiver.taken.lock().unwrap();
    let ids: Vec<_> = taken.iter().flat_map(|(ids, _)| ids).collect();
    let distinct: HashSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (60, 60));
    let (first, others) = taken.split_first().unwrap();
    let line = "\nand 63 more alerts were dropped, the oldest of 2026-11-22 13:00 UTC: \
                41 repeats, 22 others\n";
    assert!(first.1.ends_with(line), "{}", first.1);
    assert!(
        others
            .iter()
            .all(|(_, text)| !text.contains("were dropped"))
    );
    assert!(queue.loss().unwrap().is_empty());
}

/// Takes no edits for a while.
#[derive(Default)]
struct Busy {
    takes_edits: Mutex<bool>,
    asked: Mutex<Vec<String>>,
}

impl Busy {
    fn ask(&self, what: &str, alerts: &[Alert]) {
        let asked = format!("{what} {}", alerts[0].job);
        self.asked.lock().unwrap().push(asked);
    }
}

impl Notifier for Busy {
    fn notify(&self, alerts: &[Alert], _: Duration) -> Result<(), Refusal> {
        self.ask("post", alerts);
        Ok(())
    }

    fn follow_ups(&self) -> FollowUps {
        FollowUps::Threads
    }

    fn post(&self, alerts: &[Alert], timeout: Duration) -> Result<Option<String>, Refusal> {
        self.notify(alerts, timeout)
            .map(|()| Some(alerts[0].job.clone()))
    }

    fn edit(&self, _: &str, alerts: &[Alert], _: Duration) -> Result<(), Refusal> {
        self.ask("edit", alerts);
        if *self.takes_edits.lock().unwrap() {
            return Ok(());
        }
        Err(Refusal::Temporary {
            reason: "ratelimited".to_owned(),
            retry_after: Some(Duration::from_secs(30)),
        })
    }

    fn reply(&self, _: &str, alerts: &[Alert], _: bool, _: Duration) -> Result<(), Refusal> {
        self.ask("reply", alerts);
        Ok(())
    }
}

/// Issue 16: the limit on edits never delays a recovery.
#[test]
fn a_recovery_that_waits_for_its_edit_holds_up_no_other() {
    let (folder, now) = (Folder::new(), to_micros(Utc::now()));
    let (route, queue, _) = route(&folder);
    let busy = Arc::new(Busy::default());
    let route = Route {
        notifier: busy.clone(),
        ..route
    };
    let deadline = Some(Instant::now() + Duration::from_secs(60));
    let put = |kind: Kind, jobs: std::ops::Range<i64>| {
        for job in jobs {
            let mut alert =
                testing::alert(&format!("job {job}"), &format!("{job:x}{}", kind as u8));
            alert.kind = kind;
            alert.decided += TimeDelta::seconds(job);
            if kind == Kind::Recovered {
                alert.status.state = State::Ok;
            }
            queue.put(&alert, &alert.render()).unwrap();
        }
    };
    let look = |second: i64| {
        let now = now + TimeDelta::seconds(second);
        clock::set(Some(now));
        let next = from_queue(&route, &queue, deadline, |_, _| {}).unwrap();
        let asked = std::mem::take(&mut *busy.asked.lock().unwrap());
        let next = match next {
            Next::At(next) => Some((next - now).num_seconds()),
            _ => None,
        };
        (asked.join(", "), next)
    };
    // Not failures, which would share a message.
    for (second, job) in [(0, 0), (5, 1)] {
        put(Kind::StillFailing, job..job + 1);
        assert_eq!(look(second), (format!("post job {job}"), None));
    }
    put(Kind::Recovered, 0..1);
    let (asked, next) = look(10);
    assert_eq!((&*asked, next), ("edit job 0, reply job 0", Some(30)));
    put(Kind::Recovered, 1..2);
    let (asked, next) = look(11);
    assert_eq!((&*asked, next), ("edit job 1, reply job 1", Some(29)));
    *busy.takes_edits.lock().unwrap() = true;
    assert_eq!(look(40), ("edit job 0".to_owned(), Some(1)));
    assert_eq!(look(41), ("edit job 1".to_owned(), None));
    assert!(queue.list().is_empty());
    clock::set(None);
}

#[test]
fn what_a_sender_that_is_stuck_holds_does_not_hold_up_the_rest() {
    let folder = Folder::new();
    let (route, queue, receiver) = route(&folder);
    put(&queue, 0..14);
    let waiting = queue.list();
    let (stuck, rest) = waiting.split_at(digest::MOST);
    let _held: Vec<_> = stuck
        .iter()
        .map(|entry| queue.take(entry).unwrap())
        .collect();

    let deadline = Some(Instant::now() + Duration::from_secs(60));
    assert_eq!(
        from_queue(&route, &queue, deadline, |_, _| {}).unwrap(),
        Next::Others
    );
    let taken = receiver.taken.lock().unwrap();
    let ids: Vec<_> = taken.iter().flat_map(|(ids, _)| ids).collect();
    assert_eq!(ids, rest.iter().map(Entry::id).collect::<Vec<_>>());
}

/// Issue 16, point 2: a server of Matrix counts the edit and the reply.
#[test]
fn what_is_edited_and_said_takes_two_of_the_messages_that_may_leave_at_once() {
    let (folder, now) = (Folder::new(), to_micros(Utc::now()));
    let (route, queue, _) = route(&folder);
    let busy = Busy::default();
    *busy.takes_edits.lock().unwrap() = true;
    let notifier = Arc::new(busy);
    let route = Route { notifier, ..route };
    let deadline = Some(Instant::now() + Duration::from_secs(60));
    for (second, kind, left) in [(0, Kind::StillFailing, 4), (20, Kind::Recovered, 3)] {
        let now = now + TimeDelta::seconds(second);
        clock::set(Some(now));
        let mut alert = testing::alert("job", &format!("{second:x}"));
        alert.kind = kind;
        queue.put(&alert, &alert.render()).unwrap();
        from_queue(&route, &queue, deadline, |_, _| {}).unwrap();
        let pace = ledger::pace_of(&queue, now).render();
        assert!(pace.contains(&format!("tokens: {left}\n")), "{pace}");
    }
    clock::set(None);
}

/// Answers each message in one way.
struct Answers(Result<(), Refusal>);

impl Notifier for Answers {
    fn notify(&self, _: &[Alert], _: Duration) -> Result<(), Refusal> {
        self.0.clone()
    }
}

#[test]
fn an_exit_counts_the_message_that_it_cuts_off_and_none_that_was_answered() {
    let reason = || "it says no".to_owned();
    let temporary = |retry_after| Refusal::Temporary {
        reason: reason(),
        retry_after,
    };
    let answers = [
        Ok(()),
        Err(Refusal::Channel { reason: reason() }),
        Err(temporary(Some(Duration::from_secs(60)))),
        Err(temporary(None)),
        Err(Refusal::Unknown { reason: reason() }),
        Err(Refusal::Alert { reason: reason() }),
    ];
    let deadline = Some(Instant::now() + Duration::from_secs(60));
    for answer in answers {
        let (folder, now) = (Folder::new(), to_micros(Utc::now()));
        let (route, queue, _) = route(&folder);
        let notifier = Arc::new(Answers(answer.clone()));
        let route = Route { notifier, ..route };
        clock::set(Some(now));
        let alert = testing::alert("job", "a1");
        queue.put(&alert, &alert.render()).unwrap();
        from_queue(&route, &queue, deadline, |_, _| {}).unwrap();
        // The thread has yet to say that it is done.
        let ended = now + TimeDelta::seconds(5);
        clock::set(Some(ended));
        let answered = ledger::pace_of(&queue, ended);
        count_cut_off(&route, now, now);
        assert_eq!(ledger::pace_of(&queue, ended), answered, "{answer:?}");

        let mut asking = answered;
        asking.begin(["a2"], ended);
        ledger::keep_pace(&queue, asking.clone());
        // An exit that waits for nothing: the message has just left.
        let at_once = ended + TimeDelta::milliseconds(9);
        clock::set(Some(at_once));
        count_cut_off(&route, ended, at_once);
        assert_eq!(ledger::pace_of(&queue, at_once), asking, "{answer:?}");
        clock::set(Some(ended + TimeDelta::seconds(5)));
        count_cut_off(&route, ended, ended);
        let cut_off = ledger::pace_of(&queue, ended);
        assert_ne!(cut_off, asking, "{answer:?}");
        clock::set(None);
    }
}

/// The sender of a broken destination holds an alert in the queues of all destinations of its channel while it looks
/// whether that is to be heard elsewhere.
#[test]
fn what_another_sender_holds_for_a_moment_leaves_before_what_follows_it() {
    let folder = Folder::new();
    let (route, queue, receiver) = route(&folder);
    let deadline = Some(Instant::now() + Duration::from_secs(60));
    put(&queue, 0..2);
    let waiting = queue.list();
    let held = queue.take(&waiting[0]).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            drop(held);
        });
        let next = from_queue(&route, &queue, deadline, |_, _| {}).unwrap();
        assert_eq!(next, Next::Nothing);
    });
    let taken = receiver.taken.lock().unwrap();
    let ids: Vec<_> = taken.iter().map(|(ids, _)| ids.join(" ")).collect();
    assert_eq!(ids, ["000 001 002 100 101 102"]);
}

/// As the thread does once the exit is over, where handlers of the program's own go on.
#[test]
fn what_there_is_no_time_for_is_not_looked_at_again_at_once() {
    let folder = Folder::new();
    let (route, queue, receiver) = route(&folder);
    put(&queue, 0..1);
    let over = Instant::now();
    std::thread::sleep(Duration::from_millis(1));
    let next = from_queue(&route, &queue, Some(over), |_, _| {}).unwrap();
    let soon = Utc::now() + TimeDelta::milliseconds(500);
    assert!(matches!(next, Next::At(time) if time > soon), "{next:?}");
    assert!(receiver.taken.lock().unwrap().is_empty());
}

/// Keeps what alerts say beside the error.
#[derive(Default)]
struct Noted(Mutex<Vec<String>>);

impl Notifier for Noted {
    fn notify(&self, alerts: &[Alert], _timeout: Duration) -> Result<(), Refusal> {
        let notes = alerts.iter().flat_map(|alert| alert.notes.clone());
        self.0.lock().unwrap().extend(notes);
        Ok(())
    }
}

/// The channel had no destination when the job recovered.
#[test]
fn a_failure_that_leaves_after_its_job_has_recovered_elsewhere_says_so() {
    let _own = own::begin();
    let (folder, outbox) = (Folder::new(), Folder::new());
    in_force::settle(Config::new().directory(folder.path())).unwrap();
    let noted = Arc::new(Noted::default());
    let (route, queue, _) = route(&outbox);
    let route = Route {
        notifier: noted.clone(),
        ..route
    };
    let says = "the job has worked again since 2026-11-22 14:00:00 UTC";
    for (job, state, follows) in [("a", "OK", false), ("b", "ERROR", false), ("c", "OK", true)] {
        let time = "2026-11-22 14:00:00:000000 UTC";
        let status = format!("{state}\n{time}\netl :: run\nsince: {time}\n\n");
        std::fs::write(folder.path().join(job), status).unwrap();
        let mut alert = testing::alert(job, "a1");
        queue.put(&alert, &alert.render()).unwrap();
        if follows {
            alert.kind = Kind::Recovered;
            alert.status.state = State::Ok;
            alert.decided += TimeDelta::seconds(1);
            queue.put(&alert, &alert.render()).unwrap();
        }
        from_queue(&route, &queue, None, |_, _| {}).unwrap();
        queue.set_pace(&Pace::new(Utc::now())).unwrap();
    }
    assert_eq!(*noted.0.lock().unwrap(), [says]);
    assert!(queue.list().is_empty());
}
