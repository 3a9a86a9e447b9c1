//! Sends the failures of a broken channel to `alerts`, once.
//!
//! What follows of their jobs goes there too, up to the recovery: whoever got the failure gets the end of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::dispatch::ledger::{self, Queued};
use crate::format::order;
use crate::format::time::Time;
use crate::message::alert::{Alert, Kind};
use crate::os::clock;
use crate::os::warning::Warning;
use crate::settings::in_force;
use crate::settings::route::{Route, Routes};
use crate::settings::setup::ALERTS;
use crate::state::entry::Entry;
use crate::state::moved::Moved;
use crate::state::rate::Pace;
use crate::state::{Claim, Look, Queue};
use crate::status::State;

/// Why what follows a failure goes after it, though the channel may be mended.
const EARLIER: &str = "it was broken when the job failed";

/// How long an alert may take from its decision until it can be seen in its queue, at most: on a slow disk the
/// destination is asked in between.
const TO_QUEUE: TimeDelta = TimeDelta::seconds(10);

/// How long a sender waits for others that move what it is to move.
const PATIENCE: Duration = Duration::from_secs(1);

/// Moves to `alerts` what waits in a queue and is to be heard there. What could be sent nowhere
/// counts as not sent. Returns whether something has left.
///
/// `on_queued` is called for each alert that waits in another queue by now.
///
/// `asked` is what the destination has just refused, for it is broken. Without that, or with no place
/// to go to, only what came since its last answer is looked at.
pub(crate) fn move_from(
    route: &Route,
    queue: &Queue,
    look: &Look,
    asked: &[Entry],
    deadline: Option<Instant>,
    on_queued: Queued,
) -> bool {
    let now = clock::now();
    let Look {
        waiting,
        pace,
        moved,
        ..
    } = look;
    let broken = pace.broken_at(now);
    if broken.is_none() && moved.is_empty() {
        return false;
    }
    let refuge = refuge(route, now);
    let to_queue = if refuge.is_some() {
        TO_QUEUE
    } else {
        TimeDelta::zero()
    };
    let is_new = |entry: &&Entry| {
        !asked.is_empty() && (refuge.is_some() || asked.contains(entry))
            || moved.may_hold(entry)
            || pace
                .last_sent()
                .is_none_or(|sent| entry.decided() + to_queue >= sent)
    };
    let looked_at: Vec<_> = waiting.iter().filter(is_new).cloned().collect();
    if looked_at.is_empty() {
        return false;
    }
    let setup = in_force::setup_so_far();
    let own = setup.routes(&route.channel);
    let own = own.as_ref().map_or(&[][..], |routes| &routes.all);
    let others = own.iter().filter(|other| !other.is(route));
    let mut moving = Move {
        route,
        queue,
        others: others.filter_map(|other| other.queue.as_ref()).collect(),
        waiting,
        broken,
        refuge,
        moved: moved.clone(),
        on_queued,
    };
    let mut has_left = false;
    let until = Instant::now() + PATIENCE;
    let until = deadline.map_or(until, |deadline| deadline.min(until));
    for entry in looked_at {
        // What is left goes with the next sender.
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break;
        }
        if let Some((alert, _claims)) = take_everywhere(queue, &moving.others, &entry, until) {
            has_left |= moving.leaves(&entry, &alert, now);
        }
    }
    has_left
}

/// What is moved out of a queue.
struct Move<'a> {
    route: &'a Route,
    queue: &'a Queue,
    /// The queues of the channel's other destinations.
    others: Vec<&'a Queue>,
    waiting: &'a [Entry],
    /// Why the destination takes nothing now.
    broken: Option<&'a str>,
    refuge: Option<Arc<Routes>>,
    /// What has left already.
    moved: Moved,
    on_queued: Queued,
}

impl Move<'_> {
    /// Moves one alert, if it is to be heard elsewhere; returns whether it has left.
    fn leaves(&mut self, entry: &Entry, alert: &Alert, now: Time) -> bool {
        let is_failure = self.broken.is_some() && alert.status.state == State::Error;
        // Where another destination of the channel has taken it, or may yet, its people know.
        let is_broken = |other: &Queue| other.pace(now).broken_at(now).is_some();
        let is_unheard = |other: &&Queue| other.holds(entry) && is_broken(other);
        let follows = self.moved.leads(alert);
        if !(follows || is_failure && self.others.iter().all(is_unheard)) {
            return false;
        }
        match &self.refuge {
            Some(refuge) => {
                let reason = self.broken.unwrap_or(EARLIER);
                let has_left = go(self.route, alert, refuge, reason, self.on_queued);
                if has_left && !self.stays(alert) {
                    self.remove(entry);
                }
                has_left
            }
            None if is_failure && is_repeat(alert, entry, self.waiting, self.queue) => {
                // Or a job that fails each minute would fill the queue with one and the same error.
                self.remove(entry);
                count_as_unsent(self.route, alert, self.broken);
                true
            }
            None => {
                // Once in this process.
                if is_failure && ledger::is_first_time(entry) {
                    ledger::take_back(alert, true, &unsent_because(self.broken));
                }
                false
            }
        }
    }

    /// Writes down that an alert has moved, for what follows of its job; returns whether it stays here as well.
    fn stays(&mut self, alert: &Alert) -> bool {
        // The sender of another destination may have moved others meanwhile.
        self.moved = self.queue.moved();
        let stays = self.moved.leave(alert);
        let _ = self.queue.set_moved(&self.moved);
        for other in &self.others {
            let _ = other.set_moved(&self.moved);
        }
        stays
    }

    fn remove(&self, entry: &Entry) {
        for queue in self.others.iter().copied().chain([self.queue]) {
            ledger::remove(queue, entry);
        }
    }
}

/// Takes an alert from a queue, and from those of the channel's other destinations, always in the same order: of two that
/// move it, one does, and the other looks after that.
fn take_everywhere(
    queue: &Queue,
    others: &[&Queue],
    entry: &Entry,
    until: Instant,
) -> Option<(Alert, Vec<Claim>)> {
    let mut queues: Vec<_> = others.iter().copied().chain([queue]).collect();
    order::sort(&mut queues);
    let (mut alert, mut claims) = (None, Vec::new());
    for one in queues {
        match ledger::take_by(one, entry, until) {
            Ok(Some((found, claim))) => {
                claims.push(claim);
                if one.is(queue) {
                    alert = Some(found);
                }
            }
            // It is being sent there: whoever does that moves it if it is refused.
            Ok(None) if one.holds(entry) => return None,
            Ok(None) | Err(_) => {}
        }
    }
    Some((alert?, claims))
}

/// Writes down that an alert is not sent, for one that says the same waits for the broken channel.
fn count_as_unsent(route: &Route, alert: &Alert, broken: Option<&str>) {
    let answer = format!("{BROKEN}: an alert with the same error waits already");
    ledger::add_answer(alert, &answer);
    ledger::take_back(alert, true, &unsent_because(broken));
    let Route { channel, mend, .. } = route;
    let reason = broken.unwrap_or_default();
    let message =
        format!("channel `{channel}` is broken ({reason}): its alerts wait until {mend} is fixed");
    Warning::new(ledger::fault(route), message).warn();
}

/// What is said of an alert that is for a broken channel.
const BROKEN: &str = "the channel is broken";

fn unsent_because(broken: Option<&str>) -> String {
    format!("{BROKEN}: {}", broken.unwrap_or_default())
}

/// Returns whether an alert says again what one before it will say, which waits in the same queue: that a
/// job fails, with that error.
fn is_repeat(alert: &Alert, entry: &Entry, waiting: &[Entry], queue: &Queue) -> bool {
    let is_earlier =
        |other: &&Entry| other.job() == entry.job() && other.decided() < entry.decided();
    // Whichever of them was the last: the job may have worked between.
    let mut before = waiting.iter().rev().filter(is_earlier);
    let before = before.find_map(|before| queue.read(before).ok().flatten());
    // What a person does about it is news: people are to hear who is at it, and until when it is silenced.
    let is_of_a_run = alert.kind == Kind::StillFailing && alert.became() == alert.kind.as_str();
    is_of_a_run
        && before.is_some_and(|before| {
            before.status.state == State::Error && before.fingerprint() == alert.fingerprint()
        })
}

/// Returns where the failures of a broken channel go, if there is such a place and it works.
fn refuge(route: &Route, now: Time) -> Option<Arc<Routes>> {
    if route.channel == ALERTS {
        return None;
    }
    let routes = in_force::setup_so_far().routes(ALERTS)?;
    let is_broken = |route: &Route| {
        let queue = route.queue.as_ref();
        queue.is_none_or(|queue| queue.pace(now).broken_at(now).is_some())
    };
    Some(routes).filter(|routes| !routes.queues.is_empty() && !routes.all.iter().all(is_broken))
}

/// Takes out of memory what is to be heard in `alerts`, where there is no directory for it.
pub(crate) fn take_from(
    alerts: &mut Vec<Alert>,
    moved: &mut Moved,
    pace: &Pace,
    now: Time,
) -> Vec<(Alert, String)> {
    let broken = pace.broken_at(now);
    let mut taken = Vec::new();
    alerts.retain(|alert| {
        let is_failure = broken.is_some() && alert.status.state == State::Error;
        if !is_failure && !moved.leads(alert) {
            return true;
        }
        taken.push((alert.clone(), broken.unwrap_or(EARLIER).to_owned()));
        moved.leave(alert)
    });
    taken
}

/// Returns where the alerts go that are in memory alone; nowhere where a channel has several
/// destinations, of which another may work.
pub(crate) fn in_memory(route: &Route) -> Option<Arc<Routes>> {
    let setup = in_force::setup_so_far();
    let is_only = setup
        .routes(&route.channel)
        .is_some_and(|routes| routes.all.len() == 1);
    let refuge = setup.routes(ALERTS)?;
    let in_memory = refuge.queues.is_empty();
    Some(refuge).filter(|_| is_only && in_memory && route.channel != ALERTS)
}

/// Makes the alert that `alerts` gets.
pub(crate) fn copy(route: &Route, alert: &Alert, reason: &str) -> Alert {
    let Route { channel, mend, .. } = route;
    let mut copy = alert.clone();
    ALERTS.clone_into(&mut copy.channel);
    copy.notes.push(format!(
        "channel `{channel}` is broken ({mend}: {reason}): sent to `{ALERTS}`"
    ));
    copy
}

/// Queues an alert for `alerts`, and returns whether that was done.
fn go(route: &Route, alert: &Alert, refuge: &Routes, reason: &str, on_queued: Queued) -> bool {
    let copy = copy(route, alert, reason);
    let content = copy.render();
    let mut queued = Vec::new();
    for route in &refuge.all {
        match route.queue.as_ref().map(|queue| queue.put(&copy, &content)) {
            Some(Ok(entry)) => queued.push((route, entry)),
            // It waits where it is.
            Some(Err(_)) | None => return false,
        }
    }
    ledger::add_answer(alert, &format!("{BROKEN}: sent to `{ALERTS}` instead"));
    for (route, entry) in queued {
        on_queued(route, &entry);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notifier::{Notifier, Refusal};
    use crate::os::engine::own;
    use crate::os::ffi;
    use crate::settings::config::Config;
    use crate::state::local::spool::Outbox;
    use crate::testing::{Folder, alert};

    /// It waited until the broken destination was asked again, a quarter of an hour later.
    #[test]
    fn a_failure_that_is_queued_while_its_destination_is_asked_goes_to_alerts_as_well() {
        let _own = own::begin();
        let folder = Folder::new();
        let config = Config::new().directory(folder.path());
        let config = config.channel("data", Taker).channel("alerts", Taker);
        let setup = in_force::settle(config).unwrap();
        let [data, alerts] = ["data", "alerts"].map(|channel| setup.routes(channel).unwrap());
        let (route, refuge) = (&data.all[0], alerts.all[0].queue.as_ref().unwrap());
        let queue = route.queue.as_ref().unwrap();

        let now = clock::now();
        let mut pace = Pace::new(now);
        pace.begin([], now);
        pace.broken(now, "it is gone");
        let queued = |ago| {
            let mut alert = alert(&format!("etl {ago}"), "a1");
            alert.decided = now - TimeDelta::milliseconds(ago);
            queue.put(&alert, &alert.render()).unwrap()
        };
        let entries = [3_600_000, 20].map(queued);
        let mut look = queue.look(now);
        look.pace = pace;
        assert!(move_from(route, queue, &look, &[], None, |_, _| {}));
        assert_eq!(
            queue.list(),
            &entries[..1],
            "the older one was looked at then"
        );
        assert_eq!(refuge.list().len(), 1);
    }

    #[test]
    fn an_alert_that_another_moves_from_the_queue_of_another_destination_is_left_to_it() {
        let folder = Folder::new();
        let outbox = Outbox::new(folder.path(), ffi::user_id());
        let [one, other] = ["dba-1", "dba-2"].map(|name| Queue::from(outbox.queue(name)));
        let alert = alert("etl", "a1");
        let entry = one.put(&alert, &alert.render()).unwrap();
        other.put(&alert, &alert.render()).unwrap();
        for (queue, others) in [(&one, [&other]), (&other, [&one])] {
            let moving = take_everywhere(queue, &others, &entry, Instant::now()).unwrap();
            assert_eq!(moving.1.len(), 2);
            for (queue, others) in [(&one, [&other]), (&other, [&one])] {
                assert!(take_everywhere(queue, &others, &entry, Instant::now()).is_none());
            }
        }
        one.remove_all(std::slice::from_ref(&entry));
        assert!(take_everywhere(&one, &[&other], &entry, Instant::now()).is_none());
        assert!(take_everywhere(&other, &[&one], &entry, Instant::now()).is_some());
    }

    struct Taker;

    impl Notifier for Taker {
        fn notify(&self, _: &[Alert], _: Duration) -> Result<(), Refusal> {
            Ok(())
        }
    }

    /// The sender of another destination of the channel has moved the failure of another job meanwhile.
    fn move_another(_: &Route, _: &Entry) {
        let dba = in_force::setup_so_far().routes("dba").unwrap();
        let queue = dba.all[0].queue.as_ref().unwrap();
        let mut moved = queue.moved();
        moved.leave(&alert("other", "b1"));
        queue.set_moved(&moved).unwrap();
    }

    #[test]
    fn what_another_sender_has_moved_meanwhile_is_not_forgotten() {
        let _own = own::begin();
        let folder = Folder::new();
        let config = Config::new().directory(folder.path());
        let config = config.channel("alerts", Taker).channel("dba", Taker);
        let setup = in_force::settle(config).unwrap();
        let dba = setup.routes("dba").unwrap();
        let (route, now) = (&dba.all[0], clock::now());
        let queue = route.queue.as_ref().unwrap();
        let failed = alert("etl", "a1");
        queue.put(&failed, &failed.render()).unwrap();
        let mut pace = Pace::new(now);
        pace.broken(now, "it is gone");
        let mut look = queue.look(now);
        look.pace = pace;
        assert!(move_from(route, queue, &look, &[], None, move_another));
        assert!(queue.list().is_empty());
        for job in ["etl", "other"] {
            let mut recovered = alert(job, "c1");
            recovered.kind = Kind::Recovered;
            assert!(queue.moved().leads(&recovered), "{job}");
        }
    }
}
