//! A generated year of a hundred jobs, replayed by the rules: what is sent, how soon, and what
//! they never hear. `cargo test --release -p pipeline-notify-core year -- --ignored --nocapture`
//! prints the table.

mod messages;
mod pods;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::Duration;

use chrono::DateTime;

use self::pods::Place;
use crate::format::time::{self, Time};
use crate::message::alert::{Alert, Kind};
use crate::rules::transition::{self, Address, End, Ended};
use crate::rules::{Attempt, Past, Settings};
use crate::status::outcome::Outcome;
use crate::status::{State, Status};

const MINUTE: i64 = 60;
/// Seconds.
const HOUR: f64 = 3600.0;
const HOUR_SECONDS: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR_SECONDS;

/// Runs of an attempt that a retry follows, and when.
const ATTEMPTS: u64 = 3;
const RETRY: i64 = 5 * MINUTE;

/// How soon a run that died is found by a run of another job of its host, and a held alert whose
/// time is over by a process that can send it.
const FOUND: i64 = 5 * MINUTE;

/// A generator whose numbers are the same everywhere (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
    fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn chance(&mut self, part: f64) -> bool {
        self.part() < part
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "at most a year"
    )]
    fn below(&mut self, end: i64) -> i64 {
        (self.part() * end as f64) as i64
    }

    /// Of a lognormal distribution, in seconds.
    #[expect(clippy::cast_possible_truncation, reason = "at most a year")]
    fn lognormal(&mut self, median: f64, sigma: f64) -> i64 {
        let normal = (-2.0 * self.part().max(1e-12).ln()).sqrt()
            * (std::f64::consts::TAU * self.part()).cos();
        (median * (sigma * normal).exp()).min(30.0 * 24.0 * HOUR) as i64
    }

    /// How many of what happens so often a year happen within so many days.
    #[expect(clippy::cast_precision_loss, reason = "at most a year")]
    fn count(&mut self, a_year: f64, days: i64) -> usize {
        let expected = a_year * days as f64 / 365.0;
        // As a sum of small chances, which is Poisson enough.
        (0..1000).filter(|_| self.chance(expected / 1000.0)).count()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// Each run fails until somebody acts.
    Hard,
    /// Each run is killed until somebody acts.
    Killed,
    /// The database of many jobs is down.
    Database,
    /// Two of five runs fail.
    Flapping,
}

/// A time in which a job's runs fail.
#[derive(Debug, Clone, Copy)]
struct Trouble {
    cause: Cause,
    begin: i64,
    end: i64,
}

#[derive(Debug, Clone, Copy)]
struct Plan {
    /// Seconds from one run to the next.
    period: i64,
    offset: i64,
    /// The chance that a run fails and the next does not.
    blips: f64,
    /// Whether an orchestrator tries again.
    is_retried: bool,
}

/// A job and its year, the same whatever the rules.
struct Pipeline {
    plan: Plan,
    troubles: Vec<Trouble>,
    seed: u64,
}

fn pipelines(seed: u64, count: usize, days: i64) -> Vec<Pipeline> {
    let mut dice = Dice(seed);
    let length = days * DAY;
    let outages: Vec<_> = (0..dice.count(8.0, days))
        .map(|_| (dice.below(length), dice.lognormal(40.0 * 60.0, 0.8)))
        .collect();
    let mut pipelines = Vec::new();
    for number in 0..count {
        let plan = match number * 10 / count {
            0..3 => Plan {
                period: 5 * MINUTE,
                offset: 0,
                blips: 0.0005,
                is_retried: false,
            },
            3..7 => Plan {
                period: HOUR_SECONDS,
                offset: 0,
                blips: 0.003,
                is_retried: false,
            },
            _ => Plan {
                period: DAY,
                offset: 0,
                blips: 0.02,
                is_retried: true,
            },
        };
        let plan = Plan {
            offset: dice.below(plan.period),
            ..plan
        };
        let mut troubles = Vec::new();
        let mut add = |dice: &mut Dice, cause, a_year, median, sigma| {
            for _ in 0..dice.count(a_year, days) {
                let begin = dice.below(length);
                let end = begin + dice.lognormal(median, sigma);
                troubles.push(Trouble { cause, begin, end });
            }
        };
        add(&mut dice, Cause::Hard, 4.0, 3.0 * HOUR, 1.4);
        add(&mut dice, Cause::Killed, 0.5, 6.0 * HOUR, 1.0);
        add(&mut dice, Cause::Flapping, 0.06, 72.0 * HOUR, 0.01);
        if number % 5 < 3 {
            for (begin, time) in &outages {
                troubles.push(Trouble {
                    cause: Cause::Database,
                    begin: *begin,
                    end: begin + time,
                });
            }
        }
        pipelines.push(Pipeline {
            plan,
            troubles,
            seed: dice.next(),
        });
    }
    pipelines
}

/// What a run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Works,
    Fails(Option<Cause>),
}

impl Pipeline {
    fn fate(&self, at: i64, dice: &mut Dice) -> Fate {
        let is_blip = dice.chance(self.plan.blips);
        let flaps = dice.chance(0.4);
        let now = self
            .troubles
            .iter()
            .filter(|trouble| (trouble.begin..trouble.end).contains(&at));
        let cause = now.map(|trouble| trouble.cause).min();
        match cause {
            Some(Cause::Flapping) if !flaps => Fate::Works,
            Some(cause) => Fate::Fails(Some(cause)),
            None if is_blip => Fate::Fails(None),
            None => Fate::Works,
        }
    }
}

/// The rules that a year is replayed by.
#[derive(Debug, Clone, Copy)]
struct Rules {
    name: &'static str,
    /// The article's alone, by which a run that is killed leaves no word.
    is_article: bool,
    settings: Settings,
    /// Whether the orchestrator says which attempt it is.
    with_attempts: bool,
    /// `after` for the jobs that run every five minutes.
    after: u64,
}

fn all_rules() -> [Rules; 5] {
    let defaults = Rules {
        name: "the defaults",
        is_article: false,
        settings: Settings::default(),
        with_attempts: false,
        after: 1,
    };
    let fleet = Rules {
        name: "fleet: 4 h, no OK",
        settings: Settings {
            silent: Duration::from_secs(14256),
            ok_silent: None,
            ..Settings::default()
        },
        ..defaults
    };
    let attempts = Rules {
        name: "… and attempts, flapping",
        settings: Settings {
            flapping: true,
            ..fleet.settings
        },
        with_attempts: true,
        ..fleet
    };
    [
        Rules {
            name: "the article",
            is_article: true,
            ..defaults
        },
        defaults,
        fleet,
        attempts,
        Rules {
            name: "… and after = 3 at 5 min",
            after: 3,
            ..attempts
        },
    ]
}

/// An incident as it was: the failed runs of a job from the first to the next that works.
struct Incident {
    cause: Option<Cause>,
    first: i64,
    failures: u64,
    last: i64,
    /// When people first heard that the job fails.
    delivered: Option<i64>,
    messages: u64,
}

#[derive(Debug, Default)]
struct Tally {
    failed: u64,
    ok: u64,
    blips: u64,
    incidents: u64,
    never_sent: u64,
    taken_back: u64,
    messages: BTreeMap<(i64, Cause), (u64, u64)>,
    minutes: Vec<i64>,
    /// What was sent but for each `OK`, and when.
    alerts: Vec<(i64, Alert)>,
}

static QUEUES: LazyLock<Vec<String>> = LazyLock::new(|| vec!["alerts-0".to_owned()]);

fn at(second: i64) -> Time {
    DateTime::from_timestamp(1_767_225_600 + second, 0).unwrap()
}

fn second(time: Time) -> i64 {
    (time - at(0)).num_seconds()
}

/// One job under one set of rules.
struct Replay<'a> {
    rules: Rules,
    place: &'a Place,
    pipeline: &'a Pipeline,
    job: usize,
    past: Past,
    /// Runs that ended without a word of it, each with when it is found.
    unfound: Vec<(i64, i64, Option<Attempt>)>,
    runs: u64,
    held: Option<(Time, Box<Alert>)>,
    incident: Option<Incident>,
    tally: &'a mut Tally,
}

impl Replay<'_> {
    fn settings(&self) -> Settings {
        let is_frequent = self.pipeline.plan.period < HOUR_SECONDS;
        Settings {
            after: if is_frequent { self.rules.after } else { 1 },
            ..self.rules.settings
        }
    }

    fn year(mut self, days: i64) {
        let mut dice = Dice(self.pipeline.seed);
        let Plan {
            period,
            offset,
            is_retried,
            ..
        } = self.pipeline.plan;
        let mut time = offset;
        while time < days * DAY {
            for number in 1..=if is_retried { ATTEMPTS } else { 1 } {
                let begun = time + RETRY * i64::try_from(number - 1).unwrap();
                let fate = self.pipeline.fate(begun, &mut dice);
                let attempt = is_retried.then_some(Attempt {
                    number,
                    of: ATTEMPTS,
                });
                self.run(begun, fate, attempt.filter(|_| self.rules.with_attempts));
                if fate == Fate::Works {
                    break;
                }
            }
            time += period;
        }
        self.find(i64::MAX);
        self.close();
    }

    fn run(&mut self, begun: i64, fate: Fate, attempt: Option<Attempt>) {
        self.runs += 1;
        let now = begun + 30;
        self.find(begun);
        self.release(now);
        let is_killed = matches!(fate, Fate::Fails(Some(Cause::Killed)));
        match fate {
            Fate::Works => {}
            Fate::Fails(cause) => {
                let incident = self.incident.get_or_insert(Incident {
                    cause,
                    first: begun,
                    failures: 0,
                    last: begun,
                    delivered: None,
                    messages: 0,
                });
                incident.failures += 1;
                incident.last = begun;
                incident.cause = incident.cause.or(cause);
            }
        }
        let is_silent = is_killed || self.place.loses_the_end_of(begun, now);
        if is_silent && !self.rules.is_article {
            let found = self.place.finds(begun, now);
            self.unfound
                .extend(found.map(|found| (found, begun, attempt)));
        }
        if !is_killed {
            let outcome = match fate {
                Fate::Works => Outcome::Returned,
                Fate::Fails(_) => Outcome::Failed("connection refused".to_owned()),
            };
            self.end(begun, now, &outcome, attempt);
        }
        self.find(now + FOUND);
        if fate == Fate::Works {
            self.close();
        }
    }

    /// Reports the runs that are found by then.
    fn find(&mut self, until: i64) {
        let unfound = std::mem::take(&mut self.unfound).into_iter();
        let (found, unfound) = unfound.partition(|(found, ..)| *found <= until);
        self.unfound = unfound;
        let found: Vec<_> = found;
        for (found, begun, attempt) in found {
            let died = Outcome::Died("died".to_owned());
            self.end(begun, found, &died, attempt);
        }
    }

    /// The end of a run.
    fn end(&mut self, begun: i64, now: i64, outcome: &Outcome, attempt: Option<Attempt>) {
        let run = Ended {
            took: Some(Duration::from_secs(30)),
            host: "worker".into(),
            channel: "alerts".into(),
            attempt,
            is_in_time: true,
            ..Ended::new(
                self.runs << 32 | self.job as u64,
                format!("etl.{}", self.job),
                at(begun),
            )
        };
        let is_kept = self.place.is_kept(now);
        let end = End {
            past: self.place.known(begun, now, &self.past),
            run: &run,
            outcome,
            now: at(now),
            settings: self.settings(),
            address: Some(Address {
                channel: "alerts",
                queues: if is_kept { &QUEUES } else { &[] },
            }),
            cover: None,
            quiet: None,
            answer: None,
        };
        if !is_kept {
            // It is sent by the run itself, and written down nowhere.
            return self.send(now, transition::of(&end).unwrap().alert);
        }
        if self.rules.is_article {
            let (status, kind) = self.article(&end);
            self.past = Past::Known(Box::new(status));
            self.delivered(now, kind);
            return;
        }
        let transition = transition::of(&end).unwrap();
        if !transition.withdrawn.is_empty() {
            self.held = None;
        }
        let held = transition
            .status
            .as_ref()
            .and_then(|status| status.held.as_ref());
        let mut alert = transition.alert;
        if transition.is_held {
            self.held = held.map(|held| held.until).zip(alert.take());
        }
        if let Some(status) = transition.status {
            self.past = Past::Known(Box::new(status));
            self.send(now, alert);
        }
    }

    /// The article's five sentences.
    fn article(&self, end: &End<'_>) -> (Status, Option<Kind>) {
        let status = transition::of(end).unwrap().status.unwrap();
        let previous = self.past.status();
        let age = previous.map(|previous| time::age(previous.begun, end.now));
        let Settings {
            silent, ok_silent, ..
        } = self.settings();
        let is_sent = match (previous, status.state, age) {
            (Some(previous), state, _) if previous.state != state => true,
            (Some(_), State::Error, Some(age)) => age >= silent,
            (Some(_), State::Ok, Some(age)) => ok_silent.is_some_and(|longest| age > longest),
            _ => true,
        };
        let kind = Kind::of(previous.map(|previous| previous.state), status.state);
        (status, Some(kind).filter(|_| is_sent))
    }

    /// A held alert leaves when its time is over and a process is there.
    fn release(&mut self, now: i64) {
        let Some((until, alert)) = self.held.take_if(|(until, _)| *until <= at(now)) else {
            return;
        };
        let Some(left) = self.place.leaves(second(until), now) else {
            self.held = Some((until, alert));
            return;
        };
        self.send(left, Some(alert));
        if let Past::Known(status) = &mut self.past {
            status.held = None;
            status.withheld_since = None;
            status.alerted = Some(until);
        }
    }

    fn send(&mut self, now: i64, alert: Option<Box<Alert>>) {
        self.delivered(now, alert.as_ref().map(|alert| alert.kind));
        let alert = alert.filter(|alert| alert.kind != Kind::Ok);
        let alert = alert.map(|alert| (now, *alert));
        self.tally.alerts.extend(alert);
    }

    fn delivered(&mut self, now: i64, kind: Option<Kind>) {
        let Some(kind) = kind else { return };
        if kind == Kind::Ok {
            self.tally.ok += 1;
            return;
        }
        self.tally.failed += 1;
        if let Some(incident) = &mut self.incident {
            incident.messages += 1;
            incident.delivered.get_or_insert(now);
            self.tally.blips += u64::from(incident.cause.is_none());
        }
    }

    /// The end of an incident.
    fn close(&mut self) {
        let Some(incident) = self.incident.take() else {
            return;
        };
        let Some(cause) = incident.cause else { return };
        let tally = &mut *self.tally;
        if cause != Cause::Flapping {
            let messages = tally
                .messages
                .entry((self.pipeline.plan.period, cause))
                .or_default();
            messages.0 += 1;
            messages.1 += incident.messages;
        }
        if !matches!(cause, Cause::Hard | Cause::Killed) {
            return;
        }
        tally.incidents += 1;
        match incident.delivered {
            Some(delivered) => tally
                .minutes
                .push((delivered - incident.first - 30).max(0) / MINUTE),
            // It was over before the time that the settings grant it.
            None if incident.failures < self.rules.after.max(ATTEMPTS)
                && !self.rules.is_article
                && incident.last - incident.first < 15 * MINUTE =>
            {
                tally.taken_back += 1;
            }
            None => tally.never_sent += 1,
        }
    }
}

fn replay(rules: Rules, place: &Place, pipelines: &[Pipeline], days: i64) -> Tally {
    let mut tally = Tally::default();
    for (job, pipeline) in pipelines.iter().enumerate() {
        let replay = Replay {
            rules,
            place,
            pipeline,
            job,
            past: Past::Missing,
            unfound: Vec::new(),
            runs: 0,
            held: None,
            incident: None,
            tally: &mut tally,
        };
        replay.year(days);
    }
    tally.minutes.sort_unstable();
    tally.alerts.sort_by_key(|(at, _)| *at);
    tally
}

#[expect(clippy::cast_precision_loss, reason = "counts of a year")]
fn row(rules: Rules, tally: &Tally, days: i64) -> String {
    let a_day = |count: u64| count as f64 / days as f64;
    let mean = |period| {
        let (incidents, messages) = tally
            .messages
            .get(&(period, Cause::Hard))
            .copied()
            .unwrap_or_default();
        messages as f64 / incidents.max(1) as f64
    };
    let minute = |part: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index"
        )]
        let index = (tally.minutes.len() as f64 * part) as usize;
        tally.minutes.get(index).copied().unwrap_or_default()
    };
    let mut row = String::new();
    let _ = write!(
        row,
        "| {:<25} | {:>7.1} | {:>6.1} | {:>5.1} | {:>5.1} / {:>4.1} / {:>4.1} | {:>3} / {:>3} | {:>4} of {} | {:>3} |",
        rules.name,
        a_day(tally.ok),
        a_day(tally.failed),
        a_day(tally.blips),
        mean(5 * MINUTE),
        mean(HOUR_SECONDS),
        mean(DAY),
        minute(0.5),
        minute(0.95),
        tally.never_sent,
        tally.incidents,
        tally.taken_back,
    );
    row
}

#[test]
#[ignore = "3.5 million runs for each row"]
fn a_year_of_a_hundred_jobs() {
    println!(
        "| rules                     | OK/day | alerts/day | of blips | messages per incident: 5 min / hourly / \
         daily | first: median / p95 min | never delivered | over before its time |"
    );
    for seed in [1, 2] {
        let pipelines = pipelines(seed, 100, 365);
        for rules in all_rules() {
            let tally = replay(rules, &Place::disk(), &pipelines, 365);
            println!("{}", row(rules, &tally, 365));
            assert!(rules.is_article || tally.never_sent == 0);
        }
    }
}

#[test]
fn in_a_generated_fortnight_no_incident_is_never_sent() {
    for seed in 1..=3 {
        let pipelines = pipelines(seed, 20, 14);
        for rules in all_rules().into_iter().skip(1) {
            let tally = replay(rules, &Place::disk(), &pipelines, 14);
            assert_eq!(tally.never_sent, 0, "{} with seed {seed}", rules.name);
        }
    }
}

#[test]
fn a_job_that_fails_every_second_run_is_heard_of_under_every_setting() {
    let pipeline = Pipeline {
        plan: Plan {
            period: 5 * MINUTE,
            offset: 0,
            blips: 0.0,
            is_retried: false,
        },
        troubles: Vec::new(),
        seed: 1,
    };
    for rules in all_rules().into_iter().skip(1) {
        let mut tally = Tally::default();
        let mut replay = Replay {
            rules,
            place: &Place::disk(),
            pipeline: &pipeline,
            job: 0,
            past: Past::Missing,
            unfound: Vec::new(),
            runs: 0,
            held: None,
            incident: None,
            tally: &mut tally,
        };
        for number in 0..24 * 12 {
            let fate = if number % 2 == 0 {
                Fate::Works
            } else {
                Fate::Fails(None)
            };
            replay.run(number * 5 * MINUTE, fate, None);
        }
        assert!(tally.failed >= 5, "{}: {}", rules.name, tally.failed);
    }
}
