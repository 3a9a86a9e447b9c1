//! Issue 16, point 1: what becomes of an incident's message, by what its service answers.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use chrono::{TimeDelta, Utc};

use super::*;
use crate::dispatch::standing::{Comes, Standing};
use crate::message::alert::Kind;
use crate::os::engine::own;
use crate::os::ffi;
use crate::settings::config::Config;
use crate::settings::in_force;
use crate::state::local::spool::Outbox;
use crate::status::State;
use crate::status::decision::{Decided, Fate, Reason};
use crate::testing::{self, Folder, clock};

/// Writes down what it is asked, and refuses what a test lists.
#[derive(Default)]
struct Service {
    asked: Mutex<Vec<String>>,
    refuses: Mutex<Vec<(&'static str, Refusal)>>,
    follow_ups: Mutex<FollowUps>,
    /// Whose edits are counted together.
    account: Option<String>,
}

impl Service {
    fn answer(&self, what: &str, handle: &str, alerts: &[Alert]) -> Result<(), Refusal> {
        let ids: Vec<_> = alerts.iter().map(Alert::id).collect();
        let asked = format!("{what} {handle} {}", ids.join("+"));
        self.asked.lock().unwrap().push(asked.replace("  ", " "));
        let mut refuses = self.refuses.lock().unwrap();
        let known = refuses.iter().position(|(refused, _)| *refused == what);
        known.map_or(Ok(()), |place| Err(refuses.remove(place).1))
    }

    fn refuse(&self, what: &'static str, refusal: Refusal) {
        self.refuses.lock().unwrap().push((what, refusal));
    }

    fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl Notifier for Service {
    fn notify(&self, alerts: &[Alert], _: Duration) -> Result<(), Refusal> {
        self.answer("notify", "", alerts)
    }

    fn follow_ups(&self) -> FollowUps {
        *self.follow_ups.lock().unwrap()
    }

    fn counted_edits(&self, _: Ours) -> Option<String> {
        self.account.clone()
    }

    fn post(&self, alerts: &[Alert], _: Duration) -> Result<Option<String>, Refusal> {
        self.answer("post", "", alerts)?;
        Ok(Some(format!("m{}", alerts[0].id())))
    }

    fn edit(&self, handle: &str, alerts: &[Alert], _: Duration) -> Result<(), Refusal> {
        self.answer("edit", handle, alerts)
    }

    fn reply(
        &self,
        handle: &str,
        alerts: &[Alert],
        is_loud: bool,
        _: Duration,
    ) -> Result<(), Refusal> {
        self.answer(if is_loud { "loud" } else { "reply" }, handle, alerts)
    }
}

struct Place {
    folder: Folder,
    route: Route,
    queue: Queue,
    service: Arc<Service>,
}

impl Place {
    fn new(follow_ups: FollowUps) -> Self {
        Self::of(follow_ups, None)
    }

    fn of(follow_ups: FollowUps, account: Option<&str>) -> Self {
        let folder = Folder::new();
        let queue = Queue::from(Outbox::new(folder.path(), ffi::user_id()).queue("alerts-0"));
        let service = Arc::new(Service {
            account: account.map(str::to_owned),
            ..Service::default()
        });
        *service.follow_ups.lock().unwrap() = follow_ups;
        let route = Route {
            number: 0,
            channel: format!("alerts {}", folder.path().display()),
            queue: Some(queue.clone()),
            notifier: service.clone(),
            mend: "it".to_owned(),
        };
        Self {
            folder,
            route,
            queue,
            service,
        }
    }

    fn send(&self, alerts: &[Alert]) -> Result<Sent, Refusal> {
        send(&self.route, &self.queue, alerts, None)
    }

    /// Sends what must be taken, and returns what was asked.
    fn sent(&self, alerts: &[Alert]) -> Vec<String> {
        let sent = self.send(alerts);
        assert!(matches!(sent, Ok(Sent::Whole | Sent::Twice)), "{sent:?}");
        self.service.take_asked()
    }

    fn refuse(&self, what: &'static str, refusal: Refusal) {
        self.service.refuse(what, refusal);
    }
}

fn alert(job: &str, incident: &str, kind: Kind, id: &str) -> Alert {
    let mut alert = testing::alert(job, id);
    alert.kind = kind;
    alert.incident = Some(incident.to_owned());
    if kind == Kind::Recovered {
        alert.status.state = State::Ok;
    }
    alert.status.decision = Some(Decided::By(Fate::Sent, Reason::StillFailing));
    alert
}

fn failed(id: &str) -> Alert {
    alert("etl", "i1", Kind::Failed, id)
}

fn still(id: &str) -> Alert {
    alert("etl", "i1", Kind::StillFailing, id)
}

fn recovered(id: &str) -> Alert {
    alert("etl", "i1", Kind::Recovered, id)
}

fn gone() -> Refusal {
    Refusal::Gone {
        reason: "it was deleted".to_owned(),
    }
}

#[test]
fn what_follows_edits_the_message_once_a_minute_and_a_recovery_at_once() {
    let place = Place::new(FollowUps::Threads);
    assert_eq!(place.sent(&[failed("1")]), ["post 1"]);
    assert_eq!(place.sent(&[still("2")]), ["edit m1 2", "reply m1 2"]);
    assert_eq!(place.sent(&[still("3")]), ["reply m1 3"]);
    assert_eq!(place.sent(&[still("4"), still("5")]), ["reply m1 4+5"]);
    assert_eq!(place.sent(&[recovered("6")]), ["edit m1 6", "loud m1 6"]);
    // It is over, and what fails then is another incident.
    let next = alert("etl", "i2", Kind::Failed, "7");
    assert_eq!(place.sent(&[next]), ["post 7"]);
}

/// Its message stood as a failure for ever, and the recovery beside it.
#[cfg(feature = "cli")]
#[test]
fn a_job_that_is_renamed_goes_on_in_its_message_and_leaves_those_beside_it_alone() {
    let other = |kind, id| alert("other", "i2", kind, id);
    for first in [failed("1"), other(Kind::Failed, "2")] {
        let place = Place::new(FollowUps::Threads);
        let job = first.job.clone();
        let second = [failed("1"), other(Kind::Failed, "2")];
        let second = second.into_iter().find(|alert| alert.job != job).unwrap();
        let opened = format!("m{}", first.id);
        place.sent(&[first, second]);
        thread::rename(&place.queue, "i1", "etl", "load");
        thread::rename(&place.queue, "i9", "etl", "load");
        let asked = place.sent(&[alert("load", "i1", Kind::Recovered, "3")]);
        assert!(
            asked.iter().all(|asked| asked.contains(&opened)),
            "{asked:?}"
        );
        let asked = place.sent(&[other(Kind::Recovered, "4")]);
        assert!(
            asked.iter().all(|asked| asked.contains(&opened)),
            "{asked:?}"
        );
        assert!(!place.queue.handle_keys().iter().any(|key| key != "latest"));
    }
}

#[test]
fn a_notifier_that_knows_nothing_of_it_is_asked_as_before() {
    let place = Place::new(FollowUps::Messages);
    let all = [failed("1"), still("2"), recovered("3")];
    assert_eq!(together(&place.route, &place.queue, &all), [true; 3]);
    assert_eq!(place.sent(&all[..1]), ["notify 1"]);
    assert_eq!(place.sent(&all[1..]), ["notify 2+3"]);
    assert!(place.queue.handle_keys().is_empty());
}

#[test]
fn where_nothing_but_edits_follows_what_they_would_leave_unnoticed_is_a_message() {
    let place = Place::new(FollowUps::Edits);
    place.sent(&[failed("1")]);
    assert_eq!(place.sent(&[still("2")]), ["edit m1 2"]);
    // The edit would come too soon: the same again shows with the next one, and another error is said.
    assert_eq!(place.sent(&[still("3")]), Vec::<String>::new());
    let mut other = still("4");
    other.earlier_error = Some("no".to_owned());
    assert_eq!(place.sent(&[other]), ["loud m1 4"]);
    let mut reminder = still("5");
    reminder.status.decision = Some(Decided::By(Fate::Sent, Reason::Reminder));
    assert_eq!(place.sent(&[reminder]), ["loud m1 5"]);
    // And so is what was dropped, which nothing else says.
    let mut last = still("6");
    last.dropped = Some(crate::message::dropped::Dropped::default());
    assert_eq!(place.sent(&[last]), ["loud m1 6"]);
    assert_eq!(place.sent(&[recovered("7")]), ["edit m1 7", "loud m1 7"]);
}

#[test]
fn what_was_sent_before_a_crash_is_not_sent_again_once_that_is_written_down() {
    let place = Place::new(FollowUps::Threads);
    assert_eq!(place.sent(&[failed("1")]), ["post 1"]);
    assert_eq!(place.sent(&[failed("1")]), Vec::<String>::new());
    place.sent(&[still("2")]);
    assert_eq!(place.sent(&[still("2"), still("3")]), ["reply m1 3"]);
}

#[test]
fn in_place_of_a_message_that_is_gone_another_is_sent_whether_an_edit_or_a_reply_shows_it() {
    for what in ["edit", "reply"] {
        let place = Place::new(FollowUps::Threads);
        place.sent(&[failed("1")]);
        place.refuse(what, gone());
        let asked = place.sent(&[still("2")]);
        assert_eq!(asked.last().unwrap(), "post 2", "{what}");
        assert_eq!(place.sent(&[recovered("3")]), ["edit m2 3", "loud m2 3"]);
    }
    // At its end nothing is left to follow.
    let place = Place::new(FollowUps::Threads);
    place.sent(&[failed("1")]);
    place.refuse("edit", gone());
    assert_eq!(place.sent(&[recovered("2")]), ["edit m1 2", "post 2"]);
    assert_eq!(place.queue.handle_keys(), ["latest"], "what joins at once");
}

#[test]
fn an_edit_that_is_refused_is_not_tried_again_and_the_thread_goes_on() {
    let place = Place::new(FollowUps::Threads);
    place.sent(&[failed("1")]);
    let reason = "too old".to_owned();
    place.refuse("edit", Refusal::Alert { reason });
    assert_eq!(place.sent(&[still("2")]), ["edit m1 2", "reply m1 2"]);
    assert_eq!(place.sent(&[recovered("3")]), ["loud m1 3"]);
}

#[test]
fn an_edit_whose_reply_is_not_taken_now_counts_for_its_minute() {
    let place = Place::new(FollowUps::Threads);
    place.sent(&[failed("1")]);
    for _ in 0..2 {
        place.refuse("reply", Refusal::temporary("ratelimited"));
        assert!(place.send(&[still("2")]).is_err());
    }
    assert_eq!(
        place.service.take_asked(),
        ["edit m1 2", "reply m1 2", "reply m1 2"]
    );
    assert_eq!(place.sent(&[still("2")]), ["reply m1 2"]);
}

/// Issue 16, point 2: a server of Matrix counts the edit and the reply.
#[test]
fn what_is_edited_and_said_is_counted_twice() {
    let place = Place::new(FollowUps::Threads);
    assert_eq!(place.send(&[failed("1")]), Ok(Sent::Whole));
    assert_eq!(place.send(&[recovered("2")]), Ok(Sent::Twice));
    assert_eq!(place.service.take_asked().len(), 3);
}

#[test]
fn a_recovery_is_heard_once_and_shown_as_soon_as_an_edit_is_taken() {
    let place = Place::new(FollowUps::Threads);
    place.sent(&[failed("1")]);
    place.refuse("edit", Refusal::temporary("ratelimited"));
    let waits_for_the_edit = Ok(Sent::Unshown(EDIT_AGAIN));
    assert_eq!(place.send(&[recovered("2")]), waits_for_the_edit);
    assert_eq!(place.service.take_asked(), ["edit m1 2", "loud m1 2"]);
    assert_eq!(place.sent(&[recovered("2")]), ["edit m1 2"]);
    // Or not at all, where none ever is.
    let place = Place::new(FollowUps::Threads);
    place.sent(&[failed("1")]);
    let mut tries = 0;
    loop {
        tries += 1;
        place.refuse("edit", Refusal::temporary("ratelimited"));
        if place.send(&[recovered("2")]) == Ok(Sent::Whole) {
            break;
        }
    }
    assert_eq!(tries, 5);
}

/// Issue 16, point 2: 50 edits a minute, over all queues and processes; a recovery is edited and said for all that.
#[test]
fn an_account_edits_so_often_a_minute_over_all_its_channels_and_for_each_recovery() {
    let _own = own::begin();
    let folder = Folder::new();
    in_force::settle(Config::new().directory(folder.path())).unwrap();
    let places = [(); 2].map(|()| Place::of(FollowUps::Threads, Some("app")));
    let jobs: Vec<_> = (0..30).map(|number| format!("job-{number}")).collect();
    // How many edits and replies all incidents come to.
    let sent = |kind: Kind, id: &str| {
        let alerts = jobs.iter().map(|job| alert(job, "i", kind, id));
        let alerts: Vec<_> = alerts.collect();
        let asked = places.iter().flat_map(|place| {
            let asked = alerts.iter();
            asked.flat_map(|alert| place.sent(std::slice::from_ref(alert)))
        });
        let asked: Vec<_> = asked.collect();
        ["edit", "reply", "loud"]
            .map(|what| asked.iter().filter(|asked| asked.starts_with(what)).count())
    };
    clock::set(Some(Utc::now()));
    assert_eq!(sent(Kind::StillFailing, "1"), [0, 0, 0]);
    assert_eq!(sent(Kind::StillFailing, "2"), [40, 60, 0]);
    assert_eq!(sent(Kind::StillFailing, "3"), [0, 60, 0]);
    clock::set(clock::set_to().map(|now| now + TimeDelta::seconds(60)));
    assert_eq!(sent(Kind::StillFailing, "4"), [40, 60, 0]);
    assert_eq!(sent(Kind::Recovered, "5"), [60, 0, 60]);
    clock::set(None);
}

#[test]
fn a_broken_channel_has_the_alerts_wait_and_they_are_sent_once() {
    let place = Place::new(FollowUps::Threads);
    place.sent(&[failed("1")]);
    let reason = "invalid_auth".to_owned();
    for what in ["edit", "loud"] {
        let reason = reason.clone();
        place.refuse(what, Refusal::Channel { reason });
        let refusal = place.send(&[recovered("2")]).unwrap_err();
        assert_eq!(refusal.reason(), "invalid_auth");
    }
    place.service.take_asked();
    assert_eq!(place.sent(&[recovered("2")]), ["edit m1 2", "loud m1 2"]);
}

/// Issue 16: forty jobs, one outage, one message.
#[test]
fn what_fails_at_once_joins_the_message_that_counts_what_works_again() {
    let place = Place::new(FollowUps::Threads);
    let of = |kind: Kind, numbers: std::ops::Range<u32>| -> Vec<Alert> {
        let letter = kind.letter();
        numbers
            .map(|n| alert(&format!("job-{n}"), "i", kind, &format!("{letter}{n}")))
            .collect()
    };
    assert_eq!(place.sent(&of(Kind::Failed, 0..1)), ["post f0"]);
    assert_eq!(
        place.sent(&of(Kind::Failed, 1..3)),
        ["edit mf0 f0+f1+f2", "loud mf0 f1+f2"]
    );
    assert_eq!(
        place.sent(&of(Kind::Recovered, 1..3)),
        ["edit mf0 f0+r1+r2", "loud mf0 r1+r2"]
    );
    // A job that fails anew has a message of its own.
    let again = alert("job-1", "i2", Kind::Failed, "again");
    assert_eq!(
        together(&place.route, &place.queue, std::slice::from_ref(&again)),
        [true]
    );
    assert_eq!(place.sent(&[again]), ["post again"]);
    // One that is deleted is sent anew as a whole, and once.
    place.refuse("edit", gone());
    let recovered = of(Kind::Recovered, 0..1);
    let asked = place.sent(&recovered);
    assert_eq!(asked, ["edit mf0 r0+r1+r2", "post r0+r1+r2"]);
}

#[test]
fn a_digest_says_how_many_work_again() {
    let mut thread = Thread::begin(
        "m".to_owned(),
        &[failed("1"), alert("b", "i", Kind::Failed, "2")],
        Utc::now(),
    )
    .unwrap();
    assert_eq!(thread.shown()[0].recovered, None);
    thread.take(&[recovered("3")]);
    let shown = thread.shown();
    let headline = crate::message::digest::headline(&shown);
    assert_eq!(headline, "✗ 1 of 2 recovered: 1 failed, 1 recovered");
    assert!(crate::message::digest::digest(&shown).starts_with("--- 1 of 2 recovered"));
}

#[test]
fn alerts_of_several_messages_leave_one_message_after_the_other_in_the_order_of_each_job() {
    let place = Place::new(FollowUps::Threads);
    place.sent(&[failed("1")]);
    let other = |kind, id| alert("other", "o1", kind, id);
    let all = [
        still("2"),
        other(Kind::StillFailing, "3"),
        recovered("4"),
        alert("etl", "i2", Kind::Failed, "5"),
        alert("etl", "i2", Kind::Recovered, "6"),
    ];
    let goes = together(&place.route, &place.queue, &all);
    assert_eq!(goes, [true, false, true, false, false]);
    // Two incidents of a job never share a message.
    let rest = [
        all[3].clone(),
        all[4].clone(),
        alert("etl", "i3", Kind::Failed, "7"),
    ];
    let place = Place::new(FollowUps::Threads);
    assert_eq!(
        together(&place.route, &place.queue, &rest),
        [true, true, false]
    );
}

#[test]
fn a_thread_is_read_back_as_it_was_written_and_what_is_damaged_is_none() {
    let place = Place::new(FollowUps::Threads);
    let now = Utc::now();
    let thread = Thread::begin("C1 12.3".to_owned(), &[failed("1")], now).unwrap();
    thread.keep(&place.queue, true);
    let read = Thread::of(&place.queue, &still("2"), now).unwrap();
    assert!(read.is(&thread) && read.has(&failed("1")));
    assert!(read.unsent(&[failed("1")]).is_empty());
    let joins = alert("other", "o", Kind::Failed, "3");
    assert!(Thread::of(&place.queue, &joins, now).is_some());
    let later = now + TimeDelta::seconds(11);
    assert!(Thread::of(&place.queue, &joins, later).is_none());
    for key in place.queue.handle_keys() {
        place.queue.set_handle(&key, "alert: no\nhandle\n").unwrap();
    }
    assert!(Thread::of(&place.queue, &still("2"), now).is_none());
}

/// The folder is full or gone: this process still knows its messages.
#[test]
fn a_handle_that_cannot_be_written_is_kept_in_memory() {
    let place = Place::new(FollowUps::Threads);
    let folder = place.folder.path().join("outbox");
    fs::write(folder, "in its place").unwrap();
    assert_eq!(place.sent(&[failed("1")]), ["post 1"]);
    assert_eq!(place.sent(&[recovered("2")]), ["edit m1 2", "loud m1 2"]);
}

/// One that its run has begun, while its job fails or not.
fn started(id: &str) -> Alert {
    let mut started = alert("etl", "i1", Kind::Started, id);
    started.status.state = State::Ok;
    started
}

fn show(place: &Place, run: &Alert, comes: fn(String, Time) -> Standing) -> Vec<String> {
    let standing = comes(run.job.clone(), run.status.begun);
    assert!(standing.show(&place.route, &place.queue, None).is_none());
    let asked = place.service.take_asked().into_iter();
    // Each edit has an id of its own.
    asked
        .map(|asked| asked.rsplit_once(' ').unwrap().0.to_owned())
        .collect()
}

fn half(job: String, begun: Time) -> Standing {
    Standing::new(job, begun, Comes::OnTo("45 %, 2 h left".to_owned()))
}

fn ended_well(job: String, begun: Time) -> Standing {
    let (state, text, took) = (State::Ok, String::new(), Duration::ZERO);
    Standing::new(job, begun, Comes::ToAnEnd { state, text, took })
}

/// Issue 17, point 5: a beginning in an incident is no end of it, and has a message of its own.
#[test]
fn a_run_that_begins_or_overlaps_in_an_incident_leaves_its_message_as_it_is() {
    let place = Place::new(FollowUps::Threads);
    assert_eq!(place.sent(&[failed("1")]), ["post 1"]);
    let mut begun = started("2");
    begun.status.begun += TimeDelta::hours(1);
    let mut overlaps = alert("etl", "i1", Kind::Overlapping, "3");
    overlaps.status = begun.status.clone();
    let goes = together(
        &place.route,
        &place.queue,
        &[begun.clone(), overlaps.clone()],
    );
    assert_eq!(goes, [true, false], "a beginning is alone in its message");
    assert_eq!(place.sent(&[begun]), ["post 2"]);
    assert_eq!(place.sent(&[overlaps]), ["post 3"]);
    assert_eq!(place.sent(&[still("4")]), ["edit m1 4", "reply m1 4"]);
    assert_eq!(place.sent(&[recovered("5")]), ["edit m1 5", "loud m1 5"]);
}

/// Issue 17, point 5.
#[test]
fn the_message_of_a_beginning_shows_how_far_the_run_comes_and_what_it_ends_with() {
    for follow_ups in [FollowUps::Threads, FollowUps::Edits] {
        let place = Place::new(follow_ups);
        let begun = started("1");
        assert_eq!(place.sent(std::slice::from_ref(&begun)), ["post 1"]);
        assert_eq!(show(&place, &begun, half), ["edit m1"]);
        assert_eq!(show(&place, &begun, half), [""; 0], "once a minute");
        // The failure goes on in it, and is shown at once.
        assert_eq!(place.sent(&[failed("2")]), ["edit m1 2", "loud m1 2"]);
        assert_eq!(show(&place, &begun, half), [""; 0]);
        assert_eq!(show(&place, &begun, ended_well), [""; 0]);
        assert_eq!(place.sent(&[recovered("3")]), ["edit m1 3", "loud m1 3"]);
        assert!(place.queue.handle_keys().is_empty());
        // One of which nothing is sent but its beginning.
        assert_eq!(place.sent(&[started("4")]), ["post 4"]);
        assert_eq!(show(&place, &begun, ended_well), ["edit m4"]);
        assert!(place.queue.handle_keys().is_empty());
    }
}

/// Issue 17, point 5: an edit of progress that is refused costs nothing, and the last one is tried again.
#[test]
fn what_is_refused_of_a_beginnings_message_loses_no_alert() {
    let (begun, threads) = (started("1"), FollowUps::Threads);
    let last = || ended_well(begun.job.clone(), begun.status.begun);
    let place = Place::new(threads);
    assert_eq!(place.sent(std::slice::from_ref(&begun)), ["post 1"]);
    place.refuse("edit", gone());
    assert_eq!(show(&place, &begun, half), ["edit m1"]);
    assert_eq!(place.sent(&[failed("2")]), ["post 2"]);

    let place = Place::new(threads);
    assert_eq!(place.sent(std::slice::from_ref(&begun)), ["post 1"]);
    let mut standing = Some(last());
    for _ in 0..5 {
        place.refuse("edit", Refusal::temporary("it is down"));
        let shown = standing.unwrap();
        standing = shown.show(&place.route, &place.queue, None);
    }
    assert!(standing.is_none(), "it is tried five times");
    assert_eq!(place.service.take_asked().len(), 5);

    let place = Place::new(threads);
    assert_eq!(place.sent(std::slice::from_ref(&begun)), ["post 1"]);
    let reason = "it takes no edits".to_owned();
    place.refuse("edit", Refusal::Alert { reason });
    assert_eq!(show(&place, &begun, half), ["edit m1"]);
    assert_eq!(show(&place, &begun, ended_well), [""; 0]);
    assert_eq!(place.sent(&[failed("2")]), ["loud m1 2"]);
}

/// Issue 16, point 1: a job that never works again leaves nothing behind for ever.
#[test]
fn what_a_message_is_known_by_is_forgotten_three_months_after_the_last_that_was_sent_to_it() {
    let place = Place::new(FollowUps::Threads);
    let handles = || place.queue.handle_keys().len();
    // Not a failure: those that follow at once share a message.
    let opened = |job: &str, id: &str| place.sent(&[alert(job, id, Kind::StillFailing, id)]);
    let age = |days: u64| {
        let folder = place.folder.path().join("outbox/alerts-0/.handles");
        for handle in fs::read_dir(folder).unwrap() {
            let handle = fs::File::options().write(true).open(handle.unwrap().path());
            let written = SystemTime::now() - Duration::from_secs(days * 24 * 3600);
            handle.unwrap().set_modified(written).unwrap();
        }
    };
    assert_eq!(opened("old", "1"), ["post 1"]);
    let kept = handles();
    age(89);
    assert_eq!(opened("young", "2"), ["post 2"]);
    assert_eq!(handles(), kept + 1, "that of both messages");
    age(91);
    assert_eq!(opened("new", "3"), ["post 3"]);
    assert_eq!(handles(), kept, "that of the new message alone");
}
