//! Silent runs that stay in memory, and what others see of them. Issue 14, point 1.

use std::cell::Cell;
use std::thread;

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;

use super::*;
use crate::rules::Settings;
use crate::rules::transition::{self, Address, End, Ended};
use crate::state::{Kind, Repeat};
use crate::status::State;
use crate::status::outcome::Outcome;

thread_local! {
    /// The clock of the engines, in the test's hand.
    static CLOCK: Cell<Time> = const { Cell::new(DateTime::UNIX_EPOCH) };
}

/// So many microseconds after one fixed time.
pub(super) fn at(micros: i64) -> Time {
    let begin = DateTime::from_timestamp(1_795_352_400, 0).unwrap();
    begin + TimeDelta::microseconds(micros)
}

pub(super) fn failed(error: &str) -> Outcome {
    Outcome::Failed(error.to_owned())
}

/// How the end of a run is decided.
struct Rules {
    settings: Settings,
    queues: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            queues: vec!["alerts-0".to_owned()],
        }
    }
}

impl Rules {
    fn decide(&self, past: &Past, now: Time, ended: &Ended, outcome: &Outcome) -> Option<Change> {
        let transition = transition::of(&End {
            past,
            run: ended,
            outcome,
            now,
            settings: self.settings,
            address: Some(Address {
                channel: "alerts",
                queues: &self.queues,
            }),
            cover: None,
            quiet: None,
            answer: None,
        })?;
        Some(Change {
            queues: match transition.alert {
                Some(_) => self.queues.clone(),
                None => Vec::new(),
            },
            status: transition.status,
            alert: transition.alert,
            is_held: transition.is_held,
            withdrawn: transition.withdrawn,
            noted: transition.left.map(|left| *left),
            settings: Some(self.settings),
            ..Change::default()
        })
    }
}

fn ended(run: u64, begun: Time, pid: u32) -> Ended {
    Ended {
        took: Some(Duration::ZERO),
        pid: Some(pid),
        is_in_time: true,
        channel: "alerts".into(),
        ..Ended::new(run, "etl", begun)
    }
}

/// Ends a run in memory alone, where it may stay there.
fn stays(
    store: &Directory,
    job: &str,
    kind: Kind<'_>,
    begun: Time,
    (pid, at): (u32, Instant),
) -> bool {
    let repeat = Repeat {
        kind,
        begun: begun.timestamp_micros(),
        took: (CLOCK.get() - begun).to_std().unwrap(),
        pid,
        at,
        ends: None,
    };
    store.repeat(job, hash::hash(job), &repeat)
}

/// What runs with this error come to, or without one.
fn kind(error: Option<&str>) -> Kind<'_> {
    Kind {
        definition: 1,
        error,
    }
}

/// One process, as far as its directory can tell.
pub(super) struct Engine {
    pub(super) store: Directory,
    pid: u32,
    runs: u64,
    /// What time it is, of the clock that never jumps.
    now: Instant,
    rules: Rules,
}

impl Engine {
    pub(super) fn new(folder: &Folder, pid: u32) -> Self {
        CLOCK.set(at(0));
        Self::beside(folder, pid)
    }

    fn beside(folder: &Folder, pid: u32) -> Self {
        let mut store = open(folder);
        store.clock = || CLOCK.get().timestamp_micros();
        Self {
            store,
            pid,
            runs: 0,
            now: Instant::now(),
            rules: Rules::default(),
        }
    }

    pub(super) fn clock(&mut self, now: Time) {
        let passed = (now - CLOCK.get()).to_std().unwrap_or_default();
        self.now += passed;
        CLOCK.set(now);
    }

    fn later(&mut self, millis: i64) {
        self.clock(CLOCK.get() + TimeDelta::milliseconds(millis));
    }

    /// Runs a job that begins and ends now, and returns what people hear of it.
    pub(super) fn run(&mut self, job: &str, outcome: &Outcome) -> Vec<Alert> {
        self.run_since(CLOCK.get(), job, outcome)
    }

    /// The same of a job that has begun then.
    fn run_since(&mut self, begun: Time, job: &str, outcome: &Outcome) -> Vec<Alert> {
        self.runs += 1;
        let run = u64::from(self.pid) << 32 | self.runs;
        let took = (CLOCK.get() - begun).to_std().unwrap();
        let ended = Ended {
            took: Some(took),
            ..ended(run, begun, self.pid)
        };
        let Self { rules, store, .. } = self;
        let error = match outcome {
            Outcome::Failed(error) => Some(&**error),
            _ => None,
        };
        let kind = kind(error);
        let is_plain = matches!(outcome, Outcome::Returned | Outcome::Failed(_));
        if is_plain && stays(store, job, kind, begun, (self.pid, self.now)) {
            return Vec::new();
        }
        let decide = |seen: &Seen<'_>| rules.decide(seen.past, seen.now, &ended, outcome);
        let again = is_plain.then_some(Again {
            kind,
            begun,
            decide: &decide,
        });
        let decide = &mut |seen: &Seen<'_>| decide(seen);
        let committed = store.update(job, self.now, decide, again).unwrap();
        assert!(committed.status_error.is_none() && committed.queue_error.is_none());
        committed
            .alert
            .map(|(alert, _)| *alert)
            .into_iter()
            .collect()
    }

    /// The jobs of which runs are in memory alone.
    pub(super) fn behind(&self) -> Vec<String> {
        self.store.memory().behind(None)
    }

    fn on_disk(&self, job: &str) -> Status {
        self.store.read(job).status().unwrap().clone()
    }
}

#[test]
fn silent_runs_stay_in_memory_for_fifty_milliseconds() {
    for outcome in [Outcome::Returned, failed("no")] {
        let folder = Folder::new();
        let mut engine = Engine::new(&folder, 1);
        assert_eq!(engine.run("etl", &outcome).len(), 1);
        let first = engine.on_disk("etl");
        for _ in 0..4 {
            engine.later(10);
            assert!(engine.run("etl", &outcome).is_empty());
            assert_eq!(engine.on_disk("etl"), first);
        }
        engine.later(10);
        engine.run("etl", &outcome);
        let status = engine.on_disk("etl");
        assert_eq!((status.runs, status.begun), (6, at(50_000)));
        assert!(engine.behind().is_empty());
    }
}

#[test]
fn runs_at_the_same_time_all_stay_in_memory_and_the_one_is_shown_that_the_rules_would_show() {
    for outcome in [Outcome::Returned, failed("no")] {
        let folder = Folder::new();
        let mut engine = Engine::new(&folder, 1);
        for began_ago in [0, 0, 0, 8, 20] {
            engine.later(5);
            let begun = CLOCK.get() - TimeDelta::milliseconds(began_ago);
            engine.run_since(begun, "etl", &outcome);
        }
        assert_eq!(engine.on_disk("etl").runs, 1);
        engine.store.flush();
        let status = engine.on_disk("etl");
        // A failure leaves the status of the newer run.
        let (begun, took) = match outcome {
            Outcome::Returned => (5_000, 20),
            _ => (15_000, 0),
        };
        assert_eq!((status.runs, status.begun), (5, at(begun)));
        assert_eq!(status.took, Some(Duration::from_millis(took)));
        // One of longer ago takes the whole way, to the same end.
        let begun = CLOCK.get() - TimeDelta::milliseconds(100);
        engine.run_since(begun, "etl", &outcome);
        engine.store.flush();
        let status = engine.on_disk("etl");
        let shown = match outcome {
            Outcome::Returned => begun,
            _ => at(15_000),
        };
        assert_eq!((status.runs, status.begun), (6, shown));
    }
}

/// The threads of a program that work at the same time would write one after the other.
#[test]
fn a_silent_run_waits_for_another_thread_that_writes_and_stays_in_memory_then() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    for _ in 0..3 {
        engine.later(1);
        engine.run("etl", &Outcome::Returned);
    }
    let slot = slot("etl");
    let memory = engine.store.memory();
    let (now, at) = (CLOCK.get(), engine.now);
    let stays = || {
        CLOCK.set(now);
        stays(&engine.store, "etl", kind(None), now, (1, at))
    };
    // On a busy machine the other thread may lose its patience before the job is back.
    let is_in_time = (0..100).any(|_| {
        thread::scope(|scope| {
            let way = memory.go_the_whole_way(slot);
            let job = memory.take(slot, "etl").unwrap();
            let begun = Instant::now();
            let waits = scope.spawn(stays);
            // Most often long enough for it to wait; what it finds is the same if it is not.
            thread::sleep(Duration::from_millis(10));
            memory.put(slot, job);
            let is_in_time = begun.elapsed() < memory::PATIENCE;
            drop(way);
            assert!(waits.join().unwrap() || !is_in_time);
            is_in_time
        })
    });
    assert!(is_in_time);
    // It waits for no thread that stays away.
    let _way = memory.go_the_whole_way(slot);
    memory.take(slot, "etl").unwrap();
    assert!(!stays());
}

#[test]
fn a_run_that_says_anything_new_is_written_at_once() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    for (outcome, state) in [
        (Outcome::Returned, State::Ok),
        (failed("no"), State::Error),
        (failed("no space"), State::Error),
        (failed("row 1 is bad"), State::Error),
        (failed("row 2 is bad"), State::Error),
        (Outcome::PassedOver("no".to_owned()), State::Ok),
        (Outcome::Returned, State::Ok),
    ] {
        engine.later(1);
        engine.run("etl", &outcome);
        let status = engine.on_disk("etl");
        assert_eq!((status.state, status.begun), (state, CLOCK.get()));
        assert_eq!(status.text, outcome.text());
    }
}

#[test]
fn processes_that_are_all_silent_do_not_disturb_each_other() {
    let folder = Folder::new();
    let mut one = Engine::new(&folder, 1);
    let mut other = Engine::beside(&folder, 2);
    one.run("etl", &Outcome::Returned);
    other.run("etl", &Outcome::Returned);
    let id = lock_file(&one.store, "etl");
    for _ in 0..20 {
        one.later(20);
        other.now = one.now;
        one.run("etl", &Outcome::Returned);
        other.run("etl", &Outcome::Returned);
        assert_eq!(lock_file(&one.store, "etl"), id);
    }
    one.store.flush();
    other.store.flush();
    let status = one.on_disk("etl");
    assert_eq!((status.runs, status.begun), (42, at(400_000)));
}

#[test]
fn each_process_adds_its_own_count_and_the_last_run_is_that_of_the_last() {
    let folder = Folder::new();
    let mut one = Engine::new(&folder, 1);
    let mut other = Engine::beside(&folder, 2);
    for _ in 0..3 {
        one.run("etl", &Outcome::Returned);
    }
    other.later(1);
    one.now = other.now;
    for _ in 0..3 {
        other.run("etl", &Outcome::Returned);
    }
    assert_eq!(
        other.on_disk("etl").runs,
        2,
        "two of the first are in memory"
    );
    // Whichever of them is the first to write what it has.
    one.store.flush();
    other.store.flush();
    let status = other.on_disk("etl");
    assert_eq!(
        (status.runs, status.begun, status.pid),
        (6, at(1_000), Some(2))
    );
    one.store.flush();
    assert_eq!(one.on_disk("etl").runs, 6);
}

/// Issue 18, point 5.
#[test]
fn runs_that_were_in_memory_count_after_another_process_has_failed() {
    let folder = Folder::new();
    let mut one = Engine::new(&folder, 1);
    let mut other = Engine::beside(&folder, 2);
    one.run("etl", &Outcome::Returned);
    one.later(1);
    one.run("etl", &Outcome::Returned);
    other.now = one.now;
    other.later(1);
    other.run("etl", &failed("no"));
    assert_eq!(one.on_disk("etl").runs_total, 2, "one is in memory");
    one.store.flush();
    let status = one.on_disk("etl");
    assert_eq!((status.runs, status.begun), (1, at(2_000)));
    assert_eq!((status.runs_total, status.failures_total), (3, 1));
    assert_eq!(status.last_ok, Some(at(1_000)));
}

#[test]
fn an_outermost_run_writes_what_was_in_memory_for_long_enough() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    for _ in 0..2 {
        engine.run("inner", &Outcome::Returned);
    }
    engine.later(49);
    engine.store.flush_due(engine.now);
    assert_eq!(engine.on_disk("inner").runs, 1);
    engine.later(1);
    engine.store.flush_due(engine.now);
    assert_eq!(engine.on_disk("inner").runs, 2);
    assert_eq!(engine.store.is_behind(), Some(false));
}

#[test]
fn a_job_that_shares_the_lock_costs_a_whole_way_and_no_count() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    let neighbour = neighbour_of("etl");
    for round in 1..=5 {
        engine.later(1);
        engine.run("etl", &Outcome::Returned);
        engine.run(&neighbour, &failed(&format!("no {}", "x".repeat(round))));
    }
    engine.store.flush();
    assert_eq!(engine.on_disk("etl").runs, 5);
    assert_eq!(engine.on_disk(&neighbour).runs, 5);
}

#[test]
fn what_somebody_amends_is_seen_by_the_next_silent_run() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    engine.run("etl", &failed("no"));
    engine.run("etl", &failed("no"));
    // As its sender does where the alert was not delivered.
    let sender = open(&folder);
    let undelivered = &mut |status: &Status| {
        Some(Status {
            alerted: None,
            sent_errors: Vec::new(),
            ..status.clone()
        })
    };
    sender.amend("etl", undelivered).unwrap();
    engine.later(1);
    assert_eq!(
        engine.run("etl", &failed("no")).len(),
        1,
        "it is sent again"
    );
    assert_eq!(engine.on_disk("etl").runs, 3);
}

#[test]
fn a_job_that_is_renamed_or_removed_takes_no_silent_run_with_it() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    for _ in 0..2 {
        engine.run("old", &Outcome::Returned);
        engine.run("gone", &Outcome::Returned);
    }
    let person = open(&folder);
    person.rename("old", "new").unwrap();
    let removal = &mut |_: &Seen<'_>| {
        Some(Change {
            removes: true,
            ..Change::default()
        })
    };
    person
        .update("gone", Instant::now(), removal, None)
        .unwrap();
    assert_eq!(
        engine.run("old", &Outcome::Returned).len(),
        1,
        "a first run"
    );
    engine.run("new", &failed("no"));
    engine.store.flush();
    assert!(!folder.path().join("gone").exists());
    assert_eq!(engine.on_disk("old").runs, 1);
}

#[test]
fn a_directory_that_is_deleted_or_replaced_is_found_within_fifty_milliseconds() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    for is_replaced in [false, true] {
        engine.run("etl", &Outcome::Returned);
        engine.run("etl", &Outcome::Returned);
        for entry in fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            fs::remove_dir_all(&path)
                .or_else(|_| fs::remove_file(&path))
                .unwrap();
        }
        if is_replaced {
            Engine::beside(&folder, 2).run("etl", &failed("no"));
        }
        engine.later(50);
        assert_eq!(engine.run("etl", &Outcome::Returned).len(), 1);
        assert_eq!(engine.on_disk("etl").runs, 1);
    }
}

#[test]
fn a_clock_that_jumps_ends_the_time_in_memory() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    for (round, jump) in [(1, 60), (2, -120), (3, 1)] {
        engine.run("etl", &Outcome::Returned);
        CLOCK.set(CLOCK.get() + TimeDelta::seconds(jump));
        engine.run("etl", &Outcome::Returned);
        let status = engine.on_disk("etl");
        assert_eq!((status.runs, status.begun), (2 * round, CLOCK.get()));
    }
}

/// A run ends when it began and what it took later, without a look at the clock.
#[test]
fn a_run_that_has_ended_too_late_for_the_time_in_memory_takes_the_whole_way() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    for _ in 0..3 {
        engine.run("etl", &Outcome::Returned);
    }
    assert_eq!(engine.behind(), ["etl"]);
    let repeat = |took| Repeat {
        kind: Kind {
            definition: 1,
            error: None,
        },
        begun: CLOCK.get().timestamp_micros(),
        took: Duration::from_millis(took),
        pid: engine.pid,
        at: engine.now,
        ends: None,
    };
    let stays = |took| engine.store.repeat("etl", hash::hash("etl"), &repeat(took));
    assert!(!stays(60));
    assert!(stays(40));
}

#[test]
fn what_cannot_be_read_any_more_is_not_gone_by() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    engine.run("etl", &Outcome::Returned);
    // As in a program that closes all that is open, and opens files of its own.
    let memory = engine.store.memory();
    let path = folder.path().join(".other");
    fs::write(&path, "not an id").unwrap();
    let other = LockFile::of(Lock::acquire(&path, Duration::ZERO).unwrap().unwrap()).unwrap();
    memory.keep(slot("etl"), other);
    engine.run("etl", &Outcome::Returned);
    assert!(fs::read_to_string(&path).is_ok_and(|other| other == "not an id"));
    engine.store.flush();
    assert_eq!(engine.on_disk("etl").runs, 2);
}

#[test]
fn the_lock_of_a_folder_that_is_no_longer_there_excludes_nobody() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    engine.run("etl", &Outcome::Returned);
    let hidden = folder.path().join(".pipeline-notify");
    fs::rename(&hidden, folder.path().join(".moved")).unwrap();
    let other = Engine::beside(&folder, 2);
    let held = other.store.lock("etl").unwrap();
    let locked = engine.store.lock("etl").unwrap();
    assert!(locked.is_passed_by(), "it has locked the file of before");
    drop((locked, held));
    engine.run("etl", &failed("no"));
    assert_eq!(engine.on_disk("etl").runs, 1);
}

#[test]
fn a_forked_child_forgets_what_its_parent_has_not_written() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    for _ in 0..3 {
        engine.run("etl", &Outcome::Returned);
    }
    let ends = ffi::ends_in_a_fork(|| {
        engine.store.flush();
        assert_eq!(engine.on_disk("etl").runs, 1);
        engine.run("etl", &Outcome::Returned);
        engine.run("etl", &Outcome::Returned);
        engine.store.flush();
        assert_eq!(engine.on_disk("etl").runs, 3);
    });
    assert!(ends);
    engine.store.flush();
    assert_eq!(engine.on_disk("etl").runs, 5);
}

/// However many jobs there are, few files are open.
#[test]
fn few_lock_files_are_open_and_the_others_are_read_all_the_same() {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    let jobs: Vec<_> = (0..40).map(|number| format!("etl.{number}")).collect();
    for _ in 0..2 {
        for job in &jobs {
            engine.run(job, &Outcome::Returned);
        }
    }
    assert!(jobs.iter().any(|job| engine.on_disk(job).runs == 1));
    engine.store.flush();
    assert!(jobs.iter().all(|job| engine.on_disk(job).runs == 2));
}

/// What two processes do in one directory.
#[derive(Debug, Clone)]
enum Step {
    /// A process runs a job, which ends so.
    Run(usize, usize, usize),
    /// A process ends, and another begins.
    Exit(usize),
    /// An outermost run of a process ends.
    Outermost(usize),
    /// The last alert was not delivered.
    Undelivered(usize),
    /// Time passes, in milliseconds.
    Pass(i64),
    /// The clock jumps, in seconds.
    Jump(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let run = || (0_usize..2, 0_usize..2, 0_usize..6).prop_map(|(e, j, o)| Step::Run(e, j, o));
    let step = prop_oneof![
        12 => run(),
        4 => (0_i64..30).prop_map(Step::Pass),
        2 => prop_oneof![Just(51), Just(700), Just(2_500), Just(3_700_000)].prop_map(Step::Pass),
        1 => (0_usize..2).prop_map(Step::Exit),
        1 => (0_usize..2).prop_map(Step::Outermost),
        1 => (0_usize..2).prop_map(Step::Undelivered),
        1 => prop_oneof![Just(-5_i64), Just(-1_000), Just(2_000)].prop_map(Step::Jump),
    ];
    prop::collection::vec(step, 1..60)
}

/// A job as it is where each run takes the whole way.
struct Model {
    past: Past,
    /// Whether its held alert has left.
    has_left: bool,
    /// The ends of its runs in the present state, each with its process.
    ends: Vec<(usize, Instant)>,
}

impl Model {
    /// Returns whether the 50 ms by which others see a time too late would decide.
    fn is_at_a_limit(&self, now: Time, settings: &Settings) -> bool {
        let Some(status) = self.past.status() else {
            return false;
        };
        let age = (now - status.begun).as_seconds_f64();
        let ok_silent = settings.ok_silent.unwrap_or_default();
        let limits = [settings.silent, ok_silent].map(|limit| limit.as_secs_f64());
        // A time so far ahead is no time to go by.
        let mut limits = limits.into_iter().chain([-600.0]);
        limits.any(|limit| (age - limit).abs() < 0.06)
    }

    /// Returns whether the time of a held alert has come.
    fn is_due(&self, now: Time) -> bool {
        let held = self.past.status().and_then(|status| status.held.as_ref());
        held.is_some_and(|held| held.until <= now)
    }

    /// What is known once a held alert has left.
    fn settled(&self) -> Past {
        let status = self.past.status();
        let held = status.and_then(|status| Some((status, status.held.as_ref()?)));
        match held.filter(|_| self.has_left) {
            Some((status, held)) => Past::Known(Box::new(status.after_leaving(held))),
            None => self.past.clone(),
        }
    }

    /// So many runs may be missing on the disk: for each process those of the last 50 ms of its own.
    fn most_behind(&self) -> usize {
        let of = |engine: usize| {
            let own = self.ends.iter().filter(|end| end.0 == engine);
            let last = own.clone().map(|end| end.1).max();
            own.filter(|end| last.is_some_and(|last| last - end.1 < memory::MAX_BEHIND))
                .count()
        };
        of(0) + of(1)
    }
}

/// What people hear, but for the counts, and the time of another run, which may be behind.
fn heard(alert: &Alert) -> Alert {
    let mut alert = alert.clone();
    alert
        .notes
        .retain(|note| !note.starts_with("a newer run (begun "));
    (alert.status.runs, alert.status.runs_total) = (0, 0);
    (alert.status.failures_total, alert.status.last_ok) = (0, None);
    if let Some(outage) = &mut alert.outage {
        outage.runs = 0;
    }
    alert
}

/// Two processes in one directory, and their two jobs, which share a lock.
struct World {
    folder: Folder,
    engines: [Engine; 2],
    pid: u32,
    jobs: [String; 2],
    models: [Model; 2],
    last_alert: [Option<Alert>; 2],
    settings: Settings,
    has_jumped: bool,
}

impl World {
    fn new(settings: Settings) -> Self {
        let folder = Folder::new();
        let mut engines = [Engine::new(&folder, 1), Engine::beside(&folder, 2)];
        engines[1].now = engines[0].now;
        for engine in &mut engines {
            engine.rules.settings = settings;
        }
        Self {
            folder,
            engines,
            pid: 2,
            jobs: ["etl".to_owned(), neighbour_of("etl")],
            models: [(); 2].map(|()| Model {
                past: Past::Missing,
                has_left: false,
                ends: Vec::new(),
            }),
            last_alert: [None, None],
            settings,
            has_jumped: false,
        }
    }

    fn pass(&mut self, millis: i64) {
        self.engines[0].later(millis);
        self.engines[1].now = self.engines[0].now;
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Run(number, job, outcome) => self.run(number, job, outcome)?,
            Step::Exit(number) => {
                let engine = &mut self.engines[number];
                engine.store.flush();
                self.pid += 1;
                let now = engine.now;
                *engine = Engine::beside(&self.folder, self.pid);
                (engine.now, engine.rules.settings) = (now, self.settings);
            }
            Step::Outermost(number) => {
                let engine = &self.engines[number];
                engine.store.flush_due(engine.now);
            }
            Step::Undelivered(job) => self.take_back_alert(job),
            Step::Pass(millis) => self.pass(millis),
            Step::Jump(seconds) => {
                CLOCK.set(CLOCK.get() + TimeDelta::seconds(seconds));
                self.has_jumped = true;
            }
        }
        Ok(())
    }

    fn run(&mut self, number: usize, job: usize, outcome: usize) -> Result<(), TestCaseError> {
        let outcome = match outcome {
            0..3 => Outcome::Returned,
            3 | 4 => failed("no"),
            _ => failed("disk full"),
        };
        while self.models[job].is_at_a_limit(CLOCK.get(), &self.settings) {
            self.pass(70);
        }
        self.show_what_decides(job);
        // Two runs never begin at the same time.
        CLOCK.set(CLOCK.get() + TimeDelta::microseconds(1));
        let now = CLOCK.get();
        if self.models[job].is_due(now) {
            // Its run lets all leave that are due in the queue.
            for model in &mut self.models {
                model.has_left |= model.is_due(now);
            }
        }
        let (model, engine) = (&mut self.models[job], &mut self.engines[number]);
        let sent = engine.run(&self.jobs[job], &outcome);
        let run = u64::from(engine.pid) << 32 | engine.runs;
        let ended = ended(run, now, engine.pid);
        let past = model.settled();
        let change = engine.rules.decide(&past, now, &ended, &outcome).unwrap();
        let expected: Vec<_> = change.alert.iter().map(|alert| heard(alert)).collect();
        prop_assert_eq!(sent.iter().map(heard).collect::<Vec<_>>(), expected);
        let last = &mut self.last_alert[job];
        *last = sent.into_iter().next().or(last.take());
        if let Some(status) = change.status.or(change.noted) {
            if status.runs == 1 {
                model.ends.clear();
            }
            model.ends.push((number, engine.now));
            model.has_left = false;
            model.past = Past::Known(Box::new(status));
        }
        Ok(())
    }

    /// Has all processes write what is in memory, where that alone decides: the last run lies ahead since the clock was
    /// set back, a little or far, or the job has had the runs by which it is steady. Others cannot know that of the last
    /// 50 ms.
    fn show_what_decides(&self, job: usize) {
        let lies_ahead = |status: &Status| {
            let ahead = status.begun - CLOCK.get();
            (ahead > TimeDelta::zero(), ahead > TimeDelta::seconds(600))
        };
        let decides = |past: &Past| {
            let status = past.status();
            let runs = |status: &Status| self.settings.flapping.then(|| status.runs.min(3));
            status.map(|status| (lies_ahead(status), runs(status)))
        };
        let on_disk = self.engines[0].store.read(&self.jobs[job]);
        if decides(&self.models[job].past) != decides(&on_disk) {
            self.engines.iter().for_each(|engine| engine.store.flush());
        }
    }

    fn take_back_alert(&mut self, job: usize) {
        let Some(alert) = &self.last_alert[job] else {
            return;
        };
        let sent = alert.decided;
        let mut take_back = |status: &Status| {
            (status.alerted == Some(sent)).then(|| Status {
                alerted: None,
                decision: Some(crate::status::decision::Decided::undelivered(
                    "it was refused",
                )),
                ..status.clone()
            })
        };
        let model = &mut self.models[job];
        if let Some(status) = model.past.status().and_then(&mut take_back) {
            model.past = Past::Known(Box::new(status));
        }
        let sender = open(&self.folder);
        sender.amend(&self.jobs[job], &mut take_back).unwrap();
    }

    /// What a reader sees is behind in times and counts alone, and in these by 50 ms.
    fn check_what_is_seen(&self) -> Result<(), TestCaseError> {
        for (model, job) in self.models.iter().zip(&self.jobs) {
            let seen = self.engines[0].store.read(job);
            let (Some(status), Some(seen)) = (model.past.status(), seen.status()) else {
                continue;
            };
            let missing = status.runs - seen.runs;
            prop_assert!(
                missing <= model.most_behind() as u64,
                "{missing} are missing"
            );
            let exact = Status {
                begun: status.begun,
                took: status.took,
                runs: status.runs,
                // Of these more may be missing: they count those of the state before, too.
                runs_total: seen.runs_total.max(status.runs_total),
                failures_total: seen.failures_total.max(status.failures_total),
                last_ok: status.last_ok,
                pid: status.pid,
                decision: status.decision.clone(),
                ..seen.clone()
            };
            prop_assert_eq!(&exact, status);
        }
        Ok(())
    }

    /// Once all have ended, what a reader sees is exact.
    fn check_at_the_end(&self) -> Result<(), TestCaseError> {
        for engine in &self.engines {
            engine.store.flush();
        }
        for (model, job) in self.models.iter().zip(&self.jobs) {
            let Some(status) = model.past.status() else {
                continue;
            };
            let mut seen = self.engines[0].on_disk(job);
            // Of two silent decisions the words of either may stand.
            seen.decision.clone_from(&status.decision);
            if self.has_jumped {
                // Which of two runs was the last cannot be told.
                (seen.begun, seen.pid) = (status.begun, status.pid);
                seen.last_ok = status.last_ok;
            }
            prop_assert_eq!(&seen, status);
        }
        Ok(())
    }
}

fn compare(steps: &[Step], settings: Settings) -> Result<(), TestCaseError> {
    let mut world = World::new(settings);
    for step in steps {
        world.step(step)?;
        world.check_what_is_seen()?;
    }
    world.check_at_the_end()
}

/// What is in memory from before the clock was set back is older than the run that another process has had since, also
/// when the clock shows that time again.
#[test]
fn a_run_of_before_the_clock_was_set_back_is_no_later_one() {
    let steps = [
        Step::Run(1, 0, 0),
        Step::Run(0, 0, 0),
        Step::Run(1, 0, 0),
        Step::Jump(-1_000),
        Step::Run(0, 0, 0),
        Step::Pass(3_700_000),
        Step::Run(1, 0, 0),
    ];
    compare(&steps, Settings::default()).unwrap();
}

/// A process that has written the rest of its runs into a job that another has changed since knows of no run that the
/// next one repeats.
#[test]
fn an_ok_after_the_failure_of_another_process_is_its_recovery_though_it_repeats_an_ok() {
    let steps = [
        Step::Run(1, 0, 0),
        Step::Run(1, 0, 0),
        Step::Jump(-1_000),
        Step::Pass(51),
        Step::Run(0, 0, 3),
        Step::Outermost(1),
        Step::Run(1, 0, 0),
    ];
    compare(&steps, Settings::default()).unwrap();
}

/// What only its own process knows of the last 50 ms decides for nobody else: of the first, that a run lies far ahead; of
/// the second, that none lies ahead any more, so that a failure is no older one; of the third, how many there were.
#[test]
fn what_is_in_memory_alone_decides_once_it_is_written() {
    let lies_ahead = [
        Step::Run(0, 0, 0),
        Step::Run(0, 0, 0),
        Step::Pass(51),
        Step::Jump(2_000),
        Step::Outermost(0),
        Step::Run(0, 0, 0),
        Step::Jump(-1_000),
        Step::Run(1, 0, 0),
    ];
    compare(&lies_ahead, Settings::default()).unwrap();
    let is_older = [
        Step::Run(0, 0, 3),
        Step::Run(0, 0, 3),
        Step::Pass(51),
        Step::Run(1, 0, 0),
        Step::Jump(-5),
        Step::Outermost(0),
        Step::Run(0, 0, 0),
        Step::Run(1, 0, 3),
    ];
    compare(&is_older, Settings::default()).unwrap();
    let is_third = [
        Step::Run(0, 1, 0),
        Step::Run(0, 1, 3),
        Step::Jump(-5),
        Step::Run(0, 1, 3),
        Step::Run(0, 0, 0),
        Step::Run(0, 1, 3),
        Step::Pass(3_700_000),
        Step::Run(1, 1, 0),
    ];
    let settings = Settings {
        flapping: true,
        after: 2,
        ..Settings::default()
    };
    compare(&is_third, settings).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn two_processes_send_what_they_would_send_if_each_run_took_the_whole_way(steps in steps()) {
        compare(&steps, Settings::default())?;
    }

    #[test]
    fn so_they_do_for_a_job_that_flaps_and_one_that_is_held(steps in steps()) {
        let settings = Settings { flapping: true, after: 2, ..Settings::default() };
        compare(&steps, settings)?;
    }
}

/// Ends runs of one process, each so many milliseconds after the one before, and begun so many before that; and does the
/// same where each run takes the whole way. Returns what is in the end.
fn compare_threads(runs: &[(i64, i64, usize)], settings: Settings) -> Result<(), TestCaseError> {
    let folder = Folder::new();
    let mut engine = Engine::new(&folder, 1);
    engine.rules.settings = settings;
    let mut past = Past::Missing;
    for (pause, ago, outcome) in runs {
        engine.later(*pause);
        // Two runs never begin at the same time.
        engine.clock(CLOCK.get() + TimeDelta::microseconds(1));
        let outcome = match outcome {
            0..2 => Outcome::Returned,
            2..4 => failed("no"),
            _ => failed("disk full"),
        };
        let begun = CLOCK.get() - TimeDelta::milliseconds(*ago);
        let sent = engine.run_since(begun, "etl", &outcome);
        let ended = Ended {
            took: (CLOCK.get() - begun).to_std().ok(),
            ..ended(1 << 32 | engine.runs, begun, 1)
        };
        let change = engine.rules.decide(&past, CLOCK.get(), &ended, &outcome);
        let change = change.unwrap();
        let expected: Vec<_> = change.alert.iter().map(|alert| heard(alert)).collect();
        prop_assert_eq!(sent.iter().map(heard).collect::<Vec<_>>(), expected);
        let status = change.status.or(change.noted);
        past = status.map_or(past, |status| Past::Known(Box::new(status)));
    }
    engine.store.flush();
    let mut seen = engine.on_disk("etl");
    let status = past.status().unwrap();
    // Of two silent decisions the words of either may stand.
    seen.decision.clone_from(&status.decision);
    prop_assert_eq!(&seen, status);
    Ok(())
}

/// A run that works is shown by the one that ended last, and a failure that began after that is no older one.
#[test]
fn a_failure_is_no_older_one_where_the_run_that_worked_last_began_before_it() {
    let runs = [
        (1, 0, 0),
        (1, 0, 0),
        (5, 0, 0),
        (5, 1, 0),
        (1, 6, 0),
        (1, 4, 2),
    ];
    compare_threads(&runs, Settings::default()).unwrap();
}

/// A failure that leaves the status of a newer one says nothing of those that show their own.
#[test]
fn a_failure_after_an_older_one_counts_where_the_job_flaps() {
    let settings = Settings {
        flapping: true,
        ..Settings::default()
    };
    let runs = [
        (1, 0, 0),
        (1, 0, 0),
        (1, 0, 2),
        (1, 0, 2),
        (1, 2, 2),
        (1, 0, 2),
        (1, 0, 2),
    ];
    compare_threads(&runs, settings).unwrap();
}

/// Runs of several threads: the pause before the end of each, how long before it began, and its outcome.
fn of_threads() -> impl Strategy<Value = Vec<(i64, i64, usize)>> {
    prop::collection::vec((0_i64..15, 0_i64..70, 0_usize..5), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn threads_send_what_they_would_send_if_each_run_took_the_whole_way(runs in of_threads()) {
        compare_threads(&runs, Settings::default())?;
    }

    #[test]
    fn so_they_do_where_the_job_flaps_and_alerts_are_held(runs in of_threads()) {
        let settings = Settings { flapping: true, after: 2, ..Settings::default() };
        compare_threads(&runs, settings)?;
    }
}
