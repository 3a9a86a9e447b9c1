use std::sync::Arc;

use super::step::send_from_queue;
use super::*;
use crate::notifier::{Notifier, Refusal};
use crate::os::engine::own;
use crate::state::Queue;
use crate::state::rate::Pace;
use crate::testing::{Folder, alert};

/// Issue 13, point 5.
#[cfg(unix)]
#[test]
fn a_child_that_is_forked_while_a_thread_gives_alerts_to_deliver_does_not_wait_for_it() {
    assert!(crate::testing::a_run_ends_in_a_fork_while(|| DELIVERY
        .get()
        .lock()));
}

/// Takes whatever it is given.
struct Taker;

impl Notifier for Taker {
    fn notify(&self, _alerts: &[Alert], _timeout: Duration) -> Result<(), Refusal> {
        Ok(())
    }
}

/// A destination with one alert on disk that this process has queued; no thread is at work.
fn route(folder: &Folder) -> (Route, Queue) {
    let outbox = crate::state::local::spool::Outbox::new(folder.path(), ffi::user_id());
    let queue = Queue::from(outbox.queue("alerts-0"));
    let route = Route {
        number: 0,
        channel: format!("alerts {}", folder.path().display()),
        queue: Some(queue.clone()),
        notifier: Arc::new(Taker),
        mend: "it".to_owned(),
    };
    let alert = alert("etl", "a1");
    let entry = queue.put(&alert, &alert.render()).unwrap();
    let mut line = Line::new(route.clone());
    line.own.insert(entry.key());
    DELIVERY.get().lock().lines.push(line);
    (route, queue)
}

fn forget(route: &Route) {
    DELIVERY
        .get()
        .lock()
        .lines
        .retain(|line| !line.route.is(route));
}

#[test]
fn what_was_sent_is_not_waited_for_while_another_alert_is_held() {
    let folder = Folder::new();
    let (route, queue) = route(&folder);
    let until = clock::now() + TimeDelta::hours(1);
    let name = crate::rules::transition::held_name(until, 7);
    queue.hold(&alert("held", "a2").render(), &name).unwrap();

    let next = send_from_queue(&route, None);
    assert!(queue.list().is_empty(), "it was sent");
    assert!(matches!(next, Next::At(time) if time > clock::now() + TimeDelta::minutes(50)));
    // Or the next one would take itself for the second that waits, and wake nobody.
    assert!(!DELIVERY.get().is(&route, |line| !line.own.is_empty()));
    forget(&route);
}

#[test]
fn a_queue_from_which_others_send_is_looked_at_again_though_memory_waits_for_long() {
    let folder = Folder::new();
    let (route, queue) = route(&folder);
    let mut older = alert("older", "a0");
    older.decided -= TimeDelta::hours(1);
    if let Some(line) = DELIVERY.get().lock().line(&route) {
        line.memory.alerts.push(older);
        line.memory.pace.broken(clock::now(), "it is gone");
    }
    let turn = queue.turn().unwrap();
    assert_eq!(step(&route, None), Next::Others);
    drop(turn);
    forget(&route);
}

/// An alert that was tried three times steps aside. The thread then sends the program's own first, and waits for what
/// may follow it.
#[test]
fn an_exit_sends_what_is_left_though_the_thread_has_sent_its_own_before_that() {
    let _own = own::begin();
    let folder = Folder::new();
    let (route, queue) = route(&folder);
    let mut older = alert("older", "a0");
    older.decided -= TimeDelta::hours(1);
    queue.put(&older, &older.render()).unwrap();
    let now = clock::now();
    let mut pace = Pace::new(now);
    for _ in 0..3 {
        pace.begin([older.id()], now - TimeDelta::minutes(1));
    }
    pace.failed(now, None, 0.0);
    ledger::keep_pace(&queue, pace);
    DELIVERY.get().change(&route, |line| line.is_left = true);

    let deadline = Instant::now() + Duration::from_secs(30);
    let Next::At(until) = step(&route, Some(deadline)) else {
        panic!("it waits for the end of the pause")
    };
    std::thread::sleep((until - clock::now()).to_std().unwrap_or_default());
    assert!(matches!(step(&route, None), Next::At(_)));
    assert_eq!(queue.list().len(), 1, "its own has left");
    // As the exit does where it meets the thread at its work.
    DELIVERY.get().settle(&route);
    finish(deadline);
    assert!(queue.list().is_empty());
}

/// Takes note of the ids of what it is given.
struct Noter(std::sync::Mutex<Vec<String>>);

impl Notifier for Noter {
    fn notify(&self, alerts: &[Alert], _timeout: Duration) -> Result<(), Refusal> {
        let ids = alerts.iter().map(|alert| alert.id.clone());
        self.0.lock().unwrap().extend(ids);
        Ok(())
    }
}

/// Of a job whose failure had found the disk full the recovery left before it, behind an older alert of another.
#[test]
fn what_could_not_be_queued_leaves_in_its_order_once_there_is_room() {
    let _own = own::begin();
    let folder = Folder::new();
    let noter = Arc::new(Noter(std::sync::Mutex::default()));
    let (taken, queue) = route(&folder);
    forget(&taken);
    let route = Route {
        notifier: noter.clone(),
        ..taken
    };
    let at = |seconds, job: &str, id: &str| {
        let mut alert = alert(job, id);
        alert.decided += TimeDelta::seconds(seconds);
        alert
    };
    let recovered = at(2, "load", "a3");
    queue.put(&recovered, &recovered.render()).unwrap();
    let mut line = Line::new(route.clone());
    line.memory.alerts.push(at(1, "load", "a2"));
    DELIVERY.get().lock().lines.push(line);

    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline
        && let Next::At(time) = step(&route, Some(deadline))
    {
        let pause = (time - clock::now()).to_std().unwrap_or_default();
        std::thread::sleep(pause.min(Duration::from_secs(1)));
    }
    assert_eq!(*noter.0.lock().unwrap(), ["a1", "a2", "a3"]);
    assert!(queue.list().is_empty());
    assert_eq!(DELIVERY.get().in_memory(&route), 0);
}
