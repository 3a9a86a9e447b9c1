//! One end of a run: lock, decide, write; the same for runs that returned and for those that the
//! exit of the process ended.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chrono::Utc;

use crate::alert::Alert;
use crate::change::{self, Change, Ended};
use crate::config::{self, Route, Setup, Way};
use crate::delivery;
use crate::exit;
use crate::id;
use crate::job::{Job, Site};
use crate::memory::{self, Event};
use crate::name;
use crate::outcome::Outcome;
use crate::process::PerProcess;
use crate::rules::{HOUR, Past, Settings};
use crate::store::{Locked, Store};
use crate::time::{Time, to_micros};
use crate::warn::{self, Warning};

/// The runs under way in this process, in the order in which they began.
static OPEN: PerProcess<Mutex<BTreeMap<u64, Arc<Open>>>> = PerProcess::new();

/// A run under way. Dropping it without an end leaves it to the exit of the process.
#[derive(Debug)]
pub(crate) struct Run {
    number: u64,
}

#[derive(Debug)]
struct Open {
    id: u64,
    job: &'static Job,
    /// The name, where the attribute's `name` made one for this run.
    name: Option<String>,
    begun: Time,
    started: Instant,
    nested: bool,
    debug: bool,
}

/// Tells whether annotated functions report at all, or run bare.
pub(crate) fn is_active(site: &'static Site) -> bool {
    config::is_active(site.test)
}

/// Begins a run; `nested` when another run is on this thread's stack, or is being polled on it.
pub(crate) fn begin(site: &'static Site, name: Option<String>, nested: bool) -> Run {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    exit::at_exit(at_exit);
    let job = site.job.get_or_init(|| find_job(site, name.as_deref()));
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let run = Open {
        id: id::random(),
        job,
        name,
        begun: to_micros(Utc::now()),
        started: Instant::now(),
        nested,
        debug: site.debug,
    };
    open_runs().insert(number, Arc::new(run));
    Run { number }
}

impl Run {
    /// Tells this run from all others of the process.
    pub(crate) fn id(&self) -> u64 {
        self.number
    }

    /// Ends the run.
    pub(crate) fn end(self, outcome: &Outcome) {
        let run = open_runs().remove(&self.number);
        // The exit of the process may have come first, and reports it.
        if let Some(run) = run {
            finish(&run, outcome);
        }
    }
}

/// Reports the end of a run.
fn finish(run: &Open, outcome: &Outcome) {
    let setup = config::setup();
    let arguments = &run.job.arguments;
    let channel = arguments.channel.as_ref().unwrap_or(&setup.default_channel);
    let mut warnings = Vec::new();
    let mut ended = ended(run, setup);
    let route = match setup.way(channel, outcome.state()) {
        Way::To(route) => {
            warn::over(&format!("webhook {channel}"));
            Some(route)
        }
        Way::Instead(route, note) => {
            ended.notes.push(note);
            Some(route)
        }
        Way::Silent => None,
        Way::Nowhere(warning) => {
            warnings.push(warning);
            None
        }
    };
    let told = settle(
        setup.store(),
        &ended,
        outcome,
        &settings(&run.job.arguments, setup),
        route.as_ref(),
        &mut warnings,
    );

    if let Some(route) = &route {
        match told {
            Told::Queued(entry) => delivery::queued(route, entry),
            Told::InMemory(alert) => delivery::from_memory(route, *alert),
            Told::Nothing => {
                static FIRST: Once = Once::new();
                FIRST.call_once(|| delivery::take_over(route));
            }
        }
    }
    setup.tell_problems();
    warnings.into_iter().for_each(Warning::tell);
}

/// What a report leaves to delivery.
enum Told {
    Nothing,
    Queued(crate::outbox::Entry),
    InMemory(Box<Alert>),
}

/// Locks the job, decides, and writes.
fn settle(
    store: Option<&Store>,
    ended: &Ended,
    outcome: &Outcome,
    settings: &Settings,
    route: Option<&Route>,
    warnings: &mut Vec<Warning>,
) -> Told {
    let file = name::file_name(&ended.job);
    let locked = store.and_then(|store| lock(store, &file, warnings));
    // Read under the lock: a time from before it could lie before the previous run's.
    let now = to_micros(Utc::now());
    let recent = memory::recall(&file);
    let past = locked.as_ref().map_or(Past::Unknown, Locked::read);
    if past == Past::Unreadable {
        let message = format!(
            "the status file of {} cannot be understood, and is written anew",
            ended.job
        );
        warnings.push(Warning::new(format!("unreadable {file}"), message));
    }
    let past = match recent.clone() {
        Some(recent) => recent.correct(past),
        None => past,
    };
    let event = event(outcome);
    let channel = route.map(|route| route.channel.as_str());
    let told_already = event
        .zip(channel)
        .is_some_and(|(event, channel)| memory::was_told(event, channel));
    let address = route.map(Route::address);
    let Some((status, alert, _)) =
        change::of(&past, ended, outcome, now, settings, address, told_already)
    else {
        return Told::Nothing;
    };
    if let (Some(event), Some(channel), Some(_)) = (event, channel, &alert) {
        memory::tell(event, channel);
    }

    let Some(locked) = locked else {
        memory::could_not_write(&file, status);
        return alert.map_or(Told::Nothing, |alert| Told::InMemory(Box::new(alert)));
    };
    let may_touch = alert.is_none()
        && !locked.is_passed_by()
        && recent.is_some_and(|recent| recent.may_lag())
        && past
            .status()
            .is_some_and(|previous| status.says_the_same_as(previous));
    if may_touch && locked.touch(&status).is_ok() {
        memory::touched(&file);
        return Told::Nothing;
    }

    let queue = route
        .and_then(|route| route.queue.clone())
        .filter(|_| alert.is_some());
    let change = Change {
        file: file.clone(),
        status,
        alert,
        queue,
    };
    let written = locked.change(&change);
    let Change { status, alert, .. } = change;
    match written.status_error {
        None => {
            memory::wrote(&file, &status);
            warn::over("status");
        }
        Some(error) => {
            memory::could_not_write(&file, status);
            warnings.push(Warning::new(
                "status",
                format!(
                    "the status file of {} cannot be written: {error}",
                    ended.job
                ),
            ));
        }
    }
    if let Some(error) = written.queue_error {
        let message =
            format!("an alert cannot be queued on disk ({error}), and is sent from memory");
        warnings.push(Warning::new("queue", message));
    }
    match (written.queued, alert) {
        (Some(entry), _) => Told::Queued(entry),
        (None, Some(alert)) => Told::InMemory(Box::new(alert)),
        (None, None) => Told::Nothing,
    }
}

fn lock<'a>(store: &'a Store, file: &'a str, warnings: &mut Vec<Warning>) -> Option<Locked<'a>> {
    let directory = store.directory().display();
    match store.lock(file) {
        Ok(locked) => {
            if locked.is_passed_by() {
                let message = format!(
                    "another process holds a lock of `{directory}` and does not let go: it is passed by"
                );
                warnings.push(Warning::new("stuck lock", message));
            }
            warn::over("directory in use");
            Some(locked)
        }
        Err(error) => {
            let message = format!(
                "the notify directory `{directory}` cannot be used ({error}): alerts are sent from memory"
            );
            warnings.push(Warning::new("directory in use", message));
            None
        }
    }
}

/// Names what ends several jobs at once.
fn event(outcome: &Outcome) -> Option<Event> {
    match outcome {
        Outcome::Panicked(panic) => Some(Event::Panic(panic.identity)),
        Outcome::Exited(_) => Some(Event::Exit),
        _ => None,
    }
}

fn ended(run: &Open, setup: &Setup) -> Ended {
    let name = run.name.as_ref().unwrap_or(&run.job.name);
    Ended {
        run: run.id,
        job: match &setup.instance {
            Some(instance) => format!("{name}@{instance}"),
            None => name.clone(),
        },
        location: run.job.location.clone(),
        source: run.job.source.clone(),
        begun: run.begun,
        took: run.started.elapsed(),
        host: setup.host.clone(),
        pid: std::process::id(),
        exe: setup.exe.clone(),
        nested: run.nested,
        notes: if run.debug {
            vec!["debug build".to_owned()]
        } else {
            Vec::new()
        },
    }
}

fn settings(arguments: &crate::job::Arguments, setup: &Setup) -> Settings {
    Settings {
        silent: arguments.silent_seconds.unwrap_or(setup.rules.silent),
        ok_silent: arguments
            .ok_silent_hours
            .map_or(setup.rules.ok_silent, |hours| hours * HOUR),
        remind: arguments
            .remind_hours
            .map_or(setup.rules.remind, |hours| hours * HOUR),
    }
}

/// Works out what is the same at each run of a job, and warns where two share a status file.
fn find_job(site: &'static Site, name: Option<&str>) -> Job {
    static NAMES: Mutex<Option<HashMap<String, &'static str>>> = Mutex::new(None);
    let job = Job {
        name: name::of(site),
        location: name::location(site),
        source: format!("{}:{}", site.file, site.line),
        arguments: (site.arguments)(),
    };
    for problem in &job.arguments.problems {
        let message = format!("`#[notify]` at {}: {problem}", job.source);
        Warning::new(message.clone(), message).tell();
    }
    let claimed = name.unwrap_or(&job.name);
    let source: &'static str = Box::leak(job.source.clone().into_boxed_str());
    let other = {
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        names
            .get_or_insert_default()
            .insert(claimed.to_owned(), source)
    };
    if let Some(other) = other {
        let message = format!(
            "two jobs share the status file `{claimed}`, at {other} and at {source}: give one a name = \"…\" of its own"
        );
        Warning::new(message.clone(), message).tell();
    }
    job
}

fn open_runs() -> MutexGuard<'static, BTreeMap<u64, Arc<Open>>> {
    OPEN.get().lock().unwrap_or_else(PoisonError::into_inner)
}

/// Called by the system at the exit: reports the runs that it ends, and gives delivery its time.
///
/// It takes no lock for long, and hands over to a thread, because this one may hold what a logger
/// or a notifier waits for.
fn at_exit(code: Option<i32>) {
    if nothing_is_left() {
        return;
    }
    let deadline = exit::begin(config::setup().exit);
    let (done, is_done) = mpsc::channel();
    let work = move || {
        finish_all(code);
        delivery::finish(deadline);
        let _ = done.send(());
    };
    if thread::Builder::new()
        .name("notify-exit".to_owned())
        .spawn(work)
        .is_ok()
    {
        let _ = is_done.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

/// Tells whether the process can go at once.
fn nothing_is_left() -> bool {
    for _ in 0..100 {
        if let (Ok(open), Some(is_lagging)) = (OPEN.get().try_lock(), memory::is_lagging()) {
            return open.is_empty() && !is_lagging && !delivery::is_waited_for();
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}

/// Ends the runs that the exit cuts short, the innermost first, and brings status files up to date.
fn finish_all(code: Option<i32>) {
    let open = std::mem::take(&mut *open_runs());
    for run in open.into_values().rev() {
        finish(&run, &Outcome::Exited(code));
    }
    let Some(store) = config::setup().store() else {
        return;
    };
    for (file, recent) in memory::take_lagging() {
        if let Ok(locked) = store.lock(&file)
            && let Past::Known(status) = recent.correct(locked.read())
        {
            // At the exit there is nobody left to tell that it could not be written.
            let _ = locked.write(&status);
        }
    }
}
