//! The year's alerts on their way to services that take no more than the real ones, by the real queue, pace and
//! follow-ups: how many messages an incident is. A clock of the test's own stands in for a year.
//! `TMPDIR=/dev/shm cargo test --release -p pipeline-notify-core messages_of_a_year -- --ignored --nocapture` prints
//! the table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use chrono::TimeDelta;

use super::*;
use crate::dispatch::sender::{self, Next};
use crate::notifier::{self, FollowUps, Notifier, Ours, Refusal};
use crate::os::engine::own;
use crate::settings::config::Config;
use crate::settings::in_force;
use crate::settings::route::Route;
use crate::status::decision::{Decided, Reason};
use crate::testing::{Folder, clock};

/// How long a process waits for its alerts at its exit.
const EXIT: TimeDelta = TimeDelta::seconds(5);

/// What an app may edit within a minute.
const EDITS: usize = 50;

/// A service: the word of its notifier, whose settings are in force, and what it takes.
#[derive(Clone, Copy)]
struct Service {
    name: &'static str,
    word: &'static str,
    /// Messages and edits at once, and so many a second from then on.
    takes: (f64, f64),
    /// How long a message may be edited, in hours.
    window: Option<i64>,
}

const SERVICES: [Service; 6] = [
    Service {
        name: "a webhook",
        word: "slack://T0/B0/s3cr3t",
        takes: (60.0, 1.0),
        window: None,
    },
    Service {
        name: "Slack, as a bot",
        word: "slack://xoxb-1-2-s3cr3t/#ops",
        takes: (60.0, 1.0),
        window: None,
    },
    Service {
        name: "Telegram",
        word: "tgram://123:s3cr3t/-5",
        takes: (20.0, 1.0 / 3.0),
        // The strictest reading of its documentation.
        window: Some(48),
    },
    Service {
        name: "Matrix",
        word: "matrixs://s3cr3t@m.example/!room:m.example",
        takes: (10.0, 0.2),
        window: None,
    },
    Service {
        name: "Discord",
        word: "discord://123/s3cr3t",
        takes: (30.0, 0.5),
        window: None,
    },
    Service {
        name: "ntfy",
        word: "ntfys://s3cr3t",
        takes: (60.0, 0.2),
        window: None,
    },
];

/// A job and its incident.
type Incident = (String, String);

/// A message that everybody sees by itself.
#[derive(Default)]
struct Message {
    posted: Time,
    of: BTreeSet<Incident>,
    edited: Option<Time>,
    /// Whether it says that all of it is over.
    is_green: bool,
    /// Behind it: noticed by all, or by few.
    loud: u64,
    quiet: u64,
}

#[derive(Default)]
struct Taken {
    messages: Vec<Message>,
    /// What still counts of the calls, and when that was so.
    level: (f64, Time),
    edits: Vec<Time>,
    heard: BTreeSet<(String, String)>,
    too_often: u64,
    faults: Vec<String>,
}

/// A notifier that has the settings of a real one.
#[derive(Clone)]
struct Chat {
    service: Service,
    real: notifier::Service,
    taken: Arc<Mutex<Taken>>,
}

impl Chat {
    fn new(service: Service) -> Self {
        Self {
            service,
            real: notifier::Service::new(service.word).unwrap(),
            taken: Arc::default(),
        }
    }

    /// Takes a call, unless there were too many.
    fn take<T>(
        &self,
        call: impl FnOnce(&mut Taken, Time) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let now = clock::set_to().unwrap();
        let mut taken = self.taken.lock().unwrap();
        let (most, a_second) = self.service.takes;
        let (level, since) = taken.level;
        let level = level - (now - since).as_seconds_f64() * a_second;
        let level = level.max(0.0) + 1.0;
        if level > most {
            taken.too_often += 1;
            return Err(Refusal::Temporary {
                reason: "too many requests".to_owned(),
                retry_after: Some(Duration::from_secs_f64((level - most) / a_second)),
            });
        }
        taken.level = (level, now);
        call(&mut taken, now)
    }
}

impl Taken {
    fn hear(&mut self, alerts: &[Alert]) {
        let heard = alerts
            .iter()
            .map(|alert| (alert.job.clone(), alert.id.clone()));
        self.heard.extend(heard);
    }

    /// Has a message say what it is to say.
    fn show(&mut self, number: usize, alerts: &[Alert]) {
        let message = &mut self.messages[number];
        message.of.extend(alerts.iter().filter_map(incident_of));
        let jobs: BTreeSet<_> = message.of.iter().map(|(job, _)| job).collect();
        if jobs.len() < message.of.len() {
            let of = &message.of;
            self.faults
                .push(format!("two incidents of a job in one message: {of:?}"));
        }
        message.is_green = alerts.iter().all(is_over);
    }

    fn known(&mut self, handle: &str) -> usize {
        let number = handle.parse().unwrap_or(usize::MAX);
        if number >= self.messages.len() {
            self.faults.push(format!("no message is known by {handle}"));
            return 0;
        }
        number
    }
}

fn incident_of(alert: &Alert) -> Option<Incident> {
    Some((alert.job.clone(), alert.incident.clone()?))
}

fn is_over(alert: &Alert) -> bool {
    alert.status.state == State::Ok
}

impl Notifier for Chat {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        self.post(alerts, timeout).map(drop)
    }

    fn post(&self, alerts: &[Alert], _: Duration) -> Result<Option<String>, Refusal> {
        self.take(|taken, now| {
            let number = taken.messages.len();
            taken.messages.push(Message {
                posted: now,
                ..Message::default()
            });
            taken.show(number, alerts);
            taken.hear(alerts);
            Ok(Some(number.to_string()))
        })
    }

    fn edit(&self, handle: &str, alerts: &[Alert], _: Duration) -> Result<(), Refusal> {
        self.take(|taken, now| {
            let number = taken.known(handle);
            let message = &mut taken.messages[number];
            let window = self.service.window.map(TimeDelta::hours);
            if window.is_some_and(|window| now - message.posted > window) {
                let reason = "message can't be edited".to_owned();
                return Err(Refusal::Alert { reason });
            }
            let minute = TimeDelta::minutes(1);
            let edited = message.edited.replace(now);
            if edited.is_some_and(|at| now - at < minute) && !alerts.iter().any(is_over) {
                taken
                    .faults
                    .push(format!("{number} is edited twice within a minute"));
            }
            taken.show(number, alerts);
            // A message that stands for several is all of theirs.
            if self.follow_ups() == FollowUps::Edits {
                taken.hear(alerts);
            }
            taken.edits.push(now);
            let lately = taken
                .edits
                .iter()
                .rev()
                .take_while(|at| now - **at < minute);
            if lately.count() > EDITS {
                taken
                    .faults
                    .push(format!("more than {EDITS} edits within a minute"));
            }
            Ok(())
        })
    }

    fn reply(
        &self,
        handle: &str,
        alerts: &[Alert],
        is_loud: bool,
        _: Duration,
    ) -> Result<(), Refusal> {
        self.take(|taken, _| {
            let number = taken.known(handle);
            if alerts.iter().any(must_be_noticed) && !is_loud {
                taken
                    .faults
                    .push(format!("few notice what follows {number}"));
            }
            let message = &mut taken.messages[number];
            *(if is_loud {
                &mut message.loud
            } else {
                &mut message.quiet
            }) += 1;
            taken.hear(alerts);
            Ok(())
        })
    }

    fn follow_ups(&self) -> FollowUps {
        self.real.follow_ups()
    }

    fn most(&self) -> usize {
        self.real.most()
    }

    fn pause(&self, ours: Ours) -> Duration {
        self.real.pause(ours)
    }

    fn counted_edits(&self, ours: Ours) -> Option<String> {
        self.real.counted_edits(ours)
    }
}

fn must_be_noticed(alert: &Alert) -> bool {
    let reason = alert.status.decision.as_ref().and_then(Decided::reason);
    is_over(alert) || reason == Some(Reason::Reminder)
}

/// Sends alerts, each by a process of its own that waits at its exit; what is left then is for the next.
fn deliver(service: Service, alerts: &[(i64, Alert)]) -> Taken {
    let _own = own::begin();
    let (folder, chat) = (Folder::new(), Chat::new(service));
    let config = Config::new().directory(folder.path());
    let setup = in_force::settle(config.channel("alerts", chat.clone())).unwrap();
    let routes = setup.routes("alerts").unwrap();
    let route = &routes.all[0];
    let queue = route.queue.as_ref().unwrap();
    let mut left: Option<Time> = None;
    for (second, alert) in alerts {
        while let Some(next) = left.filter(|next| *next < at(*second)) {
            left = look(route, next);
        }
        queue.put(alert, &alert.render()).unwrap();
        left = look(route, at(*second));
    }
    while let Some(next) = left {
        left = look(route, next);
    }
    clock::set(None);
    let mut taken = chat.taken.lock().unwrap();
    std::mem::take(&mut *taken)
}

/// Sends what may leave until a process ends; returns when the next looks, where anything is left.
fn look(route: &Route, begun: Time) -> Option<Time> {
    let queue = route.queue.as_ref().unwrap();
    let deadline = Instant::now() + Duration::from_secs(600);
    let mut now = clock::set_to().map_or(begun, |known| known.max(begun));
    loop {
        clock::set(Some(now));
        match sender::from_queue(route, queue, Some(deadline), |_, _| {}).unwrap() {
            Next::Nothing => return None,
            Next::At(next) if next <= begun + EXIT => now = next.max(now),
            Next::At(next) => return Some(next.max(begun + TimeDelta::seconds(FOUND))),
            Next::Others => unreachable!("nobody else sends"),
        }
    }
}

/// What an incident was, by its alerts.
#[derive(Default)]
struct Story {
    /// Those that all are to notice, beside the first.
    noticed: u64,
    all: u64,
    is_over: bool,
}

fn stories(alerts: &[(i64, Alert)]) -> BTreeMap<Incident, Story> {
    let mut stories: BTreeMap<_, Story> = BTreeMap::new();
    for (_, alert) in alerts {
        let Some(incident) = incident_of(alert) else {
            continue;
        };
        let story = stories.entry(incident).or_default();
        let is_news = must_be_noticed(alert)
            || alert.kind != Kind::StillFailing
            || alert.earlier_error.is_some();
        story.noticed += u64::from(is_news && story.all > 0);
        story.all += 1;
        story.is_over |= is_over(alert);
    }
    stories
}

/// Checks what a service has taken of the alerts, and says how much that is a day.
fn check(service: Service, alerts: &[(i64, Alert)], days: i64) -> String {
    let taken = deliver(service, alerts);
    let name = service.name;
    assert_eq!(taken.faults, [""; 0], "{name}");
    let follow_ups = Chat::new(service).follow_ups();
    let all = alerts
        .iter()
        .map(|(_, alert)| (alert.job.clone(), alert.id.clone()));
    let unheard: Vec<_> = all.filter(|id| !taken.heard.contains(id)).collect();
    let stories = stories(alerts);
    let mut messages: BTreeMap<&Incident, Vec<&Message>> = BTreeMap::new();
    for message in &taken.messages {
        for incident in &message.of {
            messages.entry(incident).or_default().push(message);
        }
    }
    let alone = |of: &[&Message]| of.iter().all(|message| message.of.len() == 1);
    let (mut incidents, mut top) = (0_u64, 0);
    for (incident, story) in &stories {
        let of = messages.get(incident).map_or(&[][..], Vec::as_slice);
        if alone(of) {
            incidents += 1;
            top += of.len() as u64;
        }
        match (follow_ups, of) {
            (FollowUps::Messages, _) => {}
            (_, [one]) => {
                assert_eq!(
                    one.is_green || !is_shown(service, one),
                    story.is_over,
                    "{name}: {incident:?}"
                );
                let is_one = one.of.len() == 1;
                let said = one.loud + one.quiet;
                assert!(!is_one || said < story.all, "{name}: {incident:?}");
                let most = if follow_ups == FollowUps::Edits {
                    story.noticed
                } else {
                    story.all
                };
                assert!(!is_one || said <= most, "{name}: {incident:?}");
            }
            (_, of) => panic!("{name}: {incident:?} is {} messages", of.len()),
        }
    }
    if follow_ups != FollowUps::Edits {
        assert_eq!(unheard, [], "{name}");
    }
    row_of(service, &taken, (incidents, top), days)
}

/// Checks each of the services beside the others, and prints a line for each.
fn check_all(alerts: &[(i64, Alert)], days: i64) {
    thread::scope(|scope| {
        for service in SERVICES {
            scope.spawn(move || println!("{}", check(service, alerts, days)));
        }
    });
}

/// Returns whether a message could still be edited when its incident was over.
fn is_shown(service: Service, message: &Message) -> bool {
    service.window.is_none() || message.is_green
}

#[expect(clippy::cast_precision_loss, reason = "counts of a year")]
fn row_of(service: Service, taken: &Taken, (incidents, top): (u64, u64), days: i64) -> String {
    let a_day = |count: u64| count as f64 / days as f64;
    let digests: Vec<_> = taken
        .messages
        .iter()
        .filter(|message| message.of.len() > 1)
        .collect();
    let in_digests: usize = digests.iter().map(|digest| digest.of.len()).sum();
    let sum = |part: fn(&Message) -> u64| taken.messages.iter().map(part).sum::<u64>();
    let (loud, quiet) = (sum(|message| message.loud), sum(|message| message.quiet));
    let posts = taken.messages.len() as u64;
    format!(
        "| {:<15} | {:>5} | {:>5.2} | {:>4} of {:>4} | {:>6.2} | {:>6.2} | {:>6.2} | {:>6.2} | {:>4} |",
        service.name,
        incidents,
        top as f64 / incidents.max(1) as f64,
        digests.len(),
        in_digests,
        a_day(posts),
        a_day(loud),
        a_day(quiet),
        a_day(taken.edits.len() as u64),
        taken.too_often,
    )
}

/// Issue 16: messages an incident is, in a year of a hundred jobs.
#[test]
#[ignore = "some 20,000 alerts to each of six services"]
fn the_messages_of_a_year() {
    for rules in &all_rules()[1..3] {
        let alerts = replay(*rules, &Place::disk(), &pipelines(1, 100, 365), 365).alerts;
        println!("{}, {} alerts", rules.name, alerts.len());
        println!(
            "|                 | incidents alone | messages each | digests | messages a day | in threads, loud | quiet | edits | 429 |"
        );
        check_all(&alerts, 365);
    }
}

/// Issue 16: the same in short.
#[test]
fn in_a_generated_week_each_incident_is_one_message() {
    let rules = all_rules()[1];
    let alerts = replay(rules, &Place::disk(), &pipelines(1, 20, 7), 7).alerts;
    check_all(&alerts, 7);
}
