//! What can be seen of a notify directory or a store: its jobs, the runs under way, and what waits to be sent.
//! Nothing here makes or changes a file.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::error::Error;
use crate::format::pattern::is_fit;
use crate::format::text;
use crate::format::time::{self, Time};
use crate::job::name;
use crate::monitor::expected::{Expected, Said};
use crate::os::machine::Machine;
use crate::settings::in_force;
use crate::settings::setup;
use crate::state::place::{Place, Reader, Waiting};
use crate::state::run_record::Recorded;
use crate::state::{SeenRuns as Seen, channel_of, job_digits, time_of};
use crate::status::decision::{Decided, Fate, Reason};
use crate::status::fingerprint;
use crate::status::plan::Plan;
use crate::status::progress::Progress;
use crate::status::{LINE, OVERDUE, Quiet, State, Status};

/// More threads would wait for the disk, or for each other.
const MAX_THREADS: usize = 8;

/// One thread reads this many files before a second is worth its start.
const FILES_PER_THREAD: usize = 500;

/// A job, by its status file.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields of the status file, by their names")]
pub struct Job {
    /// As the code names it; the file's own name where that was cut.
    pub name: String,
    pub file: String,
    pub state: State,
    pub begun: Time,
    pub since: Time,
    pub took: Option<Duration>,
    pub runs: u64,
    /// How many runs have ended since that is counted, and how many of them failed.
    pub runs_total: u64,
    pub failures_total: u64,
    /// When the latest run began that worked, where that is known.
    pub last_ok: Option<Time>,
    pub location: String,
    /// The first line of the error, empty where there is none.
    pub error: String,
    pub passed_over: Option<String>,
    /// The latest run after that which proved nothing: when it ended, and why.
    pub not_counted: Option<String>,
    pub alerted: Option<Time>,
    pub incident: Option<String>,
    pub(crate) decided: Option<Decided>,
    pub silence: Option<Silence>,
    pub acknowledged: Option<Acknowledged>,
    /// The planned quiet that is now, once that was [looked up](crate::__cli::mark_quiet).
    pub quiet: Option<Quiet>,
    /// The planned quiet in which an alert was withheld that is due once it ends.
    pub withheld: Option<Quiet>,
    /// Whether an alert is held back.
    pub is_held: bool,
    pub is_flapping: bool,
    /// When people last heard that no run has come after the latest one.
    pub missed: Option<Time>,
    pub host: Option<String>,
    pub pid: Option<u32>,
    pub exe: Option<String>,
    pub source: Option<String>,
    pub version: Option<String>,
    pub every_hours: Option<f64>,
    pub(crate) plan: Option<Arc<Plan>>,
    /// Where its alerts go, where that is known; the empty text is nowhere.
    pub channel: Option<String>,
    pub runbook: Option<String>,
    pub owner: Option<String>,
    /// Why the program's rule sends nothing of its failure.
    pub silenced_by_rule: Option<String>,
    /// What the latest run said of itself: names and values.
    pub facts: Vec<(String, String)>,
}

/// What a person has silenced.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the status file says")]
pub struct Silence {
    pub until: Time,
    pub because: Option<String>,
    /// Whether it is of the error with which the job fails now, or, where it works, of overdue runs.
    pub is_of_this_error: bool,
}

/// Who is at a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the status file says")]
pub struct Acknowledged {
    pub by: String,
    pub until: Option<Time>,
    pub because: Option<String>,
    /// Whether it is of the error with which the job fails now.
    pub is_of_this_error: bool,
}

/// A status file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a name and a reason")]
pub struct Unreadable {
    pub name: String,
    pub file: String,
    pub reason: String,
}

/// What was asked for.
#[derive(Debug, Default)]
pub struct Jobs {
    /// By name.
    pub jobs: Vec<Job>,
    /// Status files that cannot be read, by name.
    pub unreadable: Vec<Unreadable>,
    /// Names and patterns that fit no job.
    pub missing: Vec<String>,
}

/// Whether a run is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Its process lives.
    Alive,
    /// Its process died, and no run has reported it yet.
    Dead,
    /// It is another machine's, of which nothing is known here.
    Unknown,
}

/// A run that has begun, and whose end nobody has reported.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "as its record says")]
pub struct Run {
    pub job: String,
    pub begun: Time,
    pub pid: Option<u32>,
    pub host: String,
    pub health: Health,
    pub channel: String,
    pub every_hours: Option<f64>,
    pub progress: Option<Progress>,
    pub(crate) plan: Option<Arc<Plan>>,
}

/// The alerts of one destination that were not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "counts")]
pub struct Queue {
    /// The user whose it is, as a number.
    pub user: String,
    /// The name of its folder.
    pub name: String,
    pub channel: String,
    pub waiting: usize,
    /// When the oldest that waits was decided.
    pub oldest: Option<Time>,
    /// Those that are held back until their time comes.
    pub held: usize,
    pub rejected: usize,
    /// Where the rejected ones are, each with its reason beside it.
    pub rejected_folder: PathBuf,
}

/// Returns the notify directory or the store: the one given, or the one that the library would use.
///
/// # Errors
///
/// [`Error::NoDirectory`] where there is none, [`Error::Directory`] where it is no folder.
pub fn directory(given: Option<&Path>) -> Result<Place, Error> {
    if given.is_none() {
        let setup = in_force::setup_so_far();
        let named = setup.names_store().then(|| setup.store()).flatten();
        setup.tell_store_problem();
        match named.filter(|store| store.directory().is_none()) {
            Some(store) => {
                let place = Place::from(store);
                let unreached = |source| Error::Store {
                    store: place.to_string(),
                    source,
                };
                place.expected().map_err(unreached)?;
                return Ok(place);
            }
            // To look elsewhere would show that all is well.
            None if setup.names_store() => {
                let source = io::Error::from(io::ErrorKind::InvalidInput);
                let store = "NOTIFY_STORE".into();
                return Err(Error::Store { store, source });
            }
            None => {}
        }
    }
    let path = match given {
        Some(path) => setup::meant_directory(path)?,
        None => in_force::setup_so_far().named_directory()?.to_owned(),
    };
    match fs::metadata(&path) {
        Ok(folder) if folder.is_dir() => Ok(Place::from(&*path)),
        Ok(_) => {
            let source = io::Error::from(io::ErrorKind::NotADirectory);
            Err(Error::Directory { path, source })
        }
        Err(source) => Err(Error::Directory { path, source }),
    }
}

/// Reads the status files of the jobs that `wanted` names, of all where it names none. A name may
/// hold `*`, for any characters.
///
/// # Errors
///
/// Where the directory cannot be read.
pub fn jobs(place: &Place, wanted: &[String]) -> io::Result<Jobs> {
    let mut found = Jobs::default();
    let mut files = BTreeSet::new();
    let (patterns, plain): (Vec<_>, Vec<_>) = wanted.iter().partition(|name| name.contains('*'));
    for name in plain {
        match find(place, name) {
            Some(file) => {
                files.insert(file);
            }
            None => found.missing.push(name.clone()),
        }
    }
    if wanted.is_empty() || !patterns.is_empty() {
        let mut has_fitted = vec![false; patterns.len()];
        for file in place.files()? {
            let job = shown_name(&file);
            let mut fits = wanted.is_empty();
            for (pattern, has_fitted) in patterns.iter().zip(&mut has_fitted) {
                if is_fit(pattern, &job) || is_fit(pattern, &file) {
                    (fits, *has_fitted) = (true, true);
                }
            }
            if fits {
                files.insert(file);
            }
        }
        let unfitted = patterns
            .into_iter()
            .zip(has_fitted)
            .filter(|(_, fitted)| !fitted);
        found
            .missing
            .extend(unfitted.map(|(pattern, _)| pattern.clone()));
    }
    let files: Vec<_> = files.into_iter().collect();
    for (file, job) in files.iter().zip(read_all(place, &files)?) {
        match job {
            Ok(Some(job)) => found.jobs.push(job),
            Ok(None) => {}
            Err(reason) => found.unreadable.push(Unreadable {
                name: shown_name(file),
                file: file.clone(),
                reason,
            }),
        }
    }
    found.jobs.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// Returns the names of all jobs that have a file, whether it is a status file or not.
///
/// # Errors
///
/// Where the directory cannot be read.
pub fn job_names(place: &Place) -> io::Result<Vec<String>> {
    let files = place.files()?;
    Ok(files.iter().map(|file| shown_name(file)).collect())
}

/// Finds a job's status file, by the job's name or by its own.
pub(crate) fn find(place: &Place, name: &str) -> Option<String> {
    let is_plain = !name.is_empty() && !name.starts_with('.') && !name.contains('/');
    let as_is = is_plain.then(|| name.to_owned());
    [Some(name::file_name(name).into_owned()), as_is]
        .into_iter()
        .flatten()
        .find(|file| place.has(file))
}

/// Reads status files, in as many threads as they are worth.
fn read_all(place: &Place, files: &[String]) -> io::Result<Vec<Result<Option<Job>, String>>> {
    let reader = place.reader(files)?;
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors
        .min(MAX_THREADS)
        .min(files.len().div_ceil(FILES_PER_THREAD))
        .max(1);
    let share = files.len().div_ceil(threads).max(1);
    let read =
        |files: &[String]| -> Vec<_> { files.iter().map(|file| read_by(&reader, file)).collect() };
    Ok(thread::scope(|scope| {
        let shares = files
            .chunks(share)
            .map(|files| (files, scope.spawn(move || read(files))));
        let shares: Vec<_> = shares.collect();
        shares
            .into_iter()
            // Where no thread is to be had, or one fell over, this one does its work.
            .flat_map(|(files, thread)| thread.join().unwrap_or_else(|_| read(files)))
            .collect()
    }))
}

/// Reads a status file; `None` where it is gone.
pub(crate) fn read(place: &Place, file: &str) -> Result<Option<Job>, String> {
    let reader = place.reader(&[file.to_owned()]);
    read_by(&reader.map_err(|error| error.to_string())?, file)
}

fn read_by(reader: &Reader<'_>, file: &str) -> Result<Option<Job>, String> {
    let content = reader.text(file).map_err(|error| error.to_string())?;
    let Some(content) = content else {
        return Ok(None);
    };
    let status = Status::parse(&content).ok_or("it is not a status file")?;
    Ok(Some(Job::new(file, status)))
}

impl Job {
    pub(crate) fn new(file: &str, status: Status) -> Self {
        let error = fingerprint(&status);
        Self {
            name: shown_name(file),
            file: file.to_owned(),
            error: match status.state {
                State::Error => status.headline(LINE),
                State::Ok => String::new(),
            },
            silence: status.silence.map(|silence| Silence {
                until: silence.until,
                is_of_this_error: match status.state {
                    State::Error => error.as_ref() == Some(&silence.error),
                    State::Ok => silence.error == OVERDUE,
                },
                because: silence.because,
            }),
            acknowledged: status.acknowledged.map(|acknowledged| Acknowledged {
                is_of_this_error: error.as_ref() == Some(&acknowledged.error),
                by: acknowledged.by,
                until: acknowledged.until,
                because: acknowledged.because,
            }),
            quiet: None,
            withheld: status.quiet,
            is_held: status.held.is_some(),
            runs_total: status.runs_total,
            failures_total: status.failures_total,
            last_ok: match status.state {
                State::Ok => Some(status.begun),
                State::Error => status.last_ok,
            },
            state: status.state,
            begun: status.begun,
            since: status.since,
            took: status.took,
            runs: status.runs,
            location: status.location.into_owned(),
            passed_over: status.passed_over,
            not_counted: status.not_counted,
            alerted: status.alerted,
            incident: status.incident,
            decided: status.decision,
            is_flapping: status
                .flapping
                .is_some_and(|flapping| flapping.told.is_some()),
            missed: status.missed,
            host: status.host.map(Cow::into_owned),
            pid: status.pid,
            exe: status.exe.map(Cow::into_owned),
            source: status.source.map(Cow::into_owned),
            version: status.version.map(Cow::into_owned),
            every_hours: status.every_hours,
            plan: status.plan,
            runbook: status.runbook.map(Cow::into_owned),
            owner: status.owner.map(Cow::into_owned),
            silenced_by_rule: status.silenced_by_rule,
            facts: status.facts.to_vec(),
            channel: status.channel.map(Cow::into_owned),
        }
    }

    /// Returns when it should run, as it says itself or as `said`; `None` where nobody says.
    ///
    /// # Errors
    ///
    /// What is wrong with its schedule, and where.
    pub fn expected(&self, said: &Said) -> Result<Option<Expected>, String> {
        Expected::new(self.plan.as_deref(), self.every_hours, said)
    }

    /// Returns its schedule and its time zone, as it says them.
    #[must_use]
    pub fn schedule(&self) -> Option<(&str, Option<&str>)> {
        let plan = self.plan.as_ref()?;
        Some((plan.schedule.as_deref()?, plan.timezone.as_deref()))
    }

    /// Returns what was decided of the last run's alert, in words.
    #[must_use]
    pub fn decision(&self) -> Option<String> {
        self.decided.as_ref().map(Decided::words)
    }

    /// Returns the code that stands beside those words.
    #[must_use]
    pub fn decision_code(&self) -> Option<String> {
        self.decided.as_ref().and_then(Decided::code)
    }

    /// Returns whether the last alert had no destination that could take it.
    #[must_use]
    pub fn is_undelivered(&self) -> bool {
        self.decided.as_ref().and_then(Decided::fate) == Some(Fate::Undelivered)
    }

    /// Returns whether the last failure was held back because another attempt follows.
    #[must_use]
    pub fn attempt_follows(&self) -> bool {
        self.decided.as_ref().and_then(Decided::reason) == Some(Reason::Attempt)
    }

    /// Returns whether a rule of the program has decided on the last run.
    #[must_use]
    pub fn is_ruled(&self) -> bool {
        self.decided.as_ref().and_then(Decided::reason) == Some(Reason::Rule)
    }

    /// Tells whether it fails, and a person or the program's rule has silenced that.
    #[must_use]
    pub fn is_silenced(&self, now: Time) -> bool {
        self.silence_now(now).is_some()
            || self.state == State::Error && self.silenced_by_rule.is_some()
    }

    /// Returns the silence of its failure, where a person has silenced that.
    #[must_use]
    pub fn silence_now(&self, now: Time) -> Option<&Silence> {
        let silence = self.silence.as_ref().filter(|_| self.state == State::Error);
        silence.filter(|silence| silence.is_of_this_error && silence.until > now)
    }

    /// Returns who is at its failure, while that lasts.
    #[must_use]
    pub fn acknowledged(&self, now: Time) -> Option<&Acknowledged> {
        let lasts = |one: &&Acknowledged| one.until.is_none_or(|until| until > now);
        let of_this = self
            .acknowledged
            .as_ref()
            .filter(|one| one.is_of_this_error);
        of_this.filter(lasts).filter(|_| self.state == State::Error)
    }
}

/// The fingerprint of a failing job's error; files of the article do not have one.
pub(crate) fn fingerprint(status: &Status) -> Option<String> {
    let is_error = status.state == State::Error;
    let known = status.fingerprint.clone();
    known.or_else(|| is_error.then(|| fingerprint::of(&status.text)))
}

/// Writes how long something took, in at most two units: `2 h 5 min`, `12 s`, `0.250 s`.
#[must_use]
pub fn span(time: Duration) -> String {
    time::span(time)
}

/// Names the job of a status file.
pub(crate) fn shown_name(file: &str) -> String {
    name::job_name(file).unwrap_or_else(|| file.to_owned())
}

/// Returns what a terminal would show of a text, without what it obeys, and without the marks that
/// turn the direction of writing.
#[must_use]
pub fn readable(text: &str) -> Cow<'_, str> {
    text::readable(text)
}

/// Returns the runs that are under way, the oldest first, of all users whose records can be read
/// here, and how many users' cannot.
///
/// # Errors
///
/// Where the directory cannot be read.
pub fn runs(place: &Place, wanted: &[String]) -> io::Result<(Vec<Run>, usize)> {
    let (seen, closed) = place.live_runs()?;
    let runs = seen
        .iter()
        .flat_map(|seen| runs_of(seen, place.judges_all()));
    let mut runs: Vec<_> = runs.collect();
    runs.retain(|run: &Run| wanted.is_empty() || wanted.iter().any(|name| run.is_named(name)));
    runs.sort_by(|one, other| (one.begun, &one.job).cmp(&(other.begun, &other.job)));
    Ok((runs, closed))
}

impl Run {
    /// Returns when its job should run, as for a [`Job`].
    ///
    /// # Errors
    ///
    /// What is wrong with its schedule, and where.
    pub fn expected(&self, said: &Said) -> Result<Option<Expected>, String> {
        Expected::new(self.plan.as_deref(), self.every_hours, said)
    }

    /// Returns whether a name or a pattern is that of its job.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        is_fit(name, &self.job) || is_fit(name, &name::file_name(&self.job))
    }
}

fn runs_of(seen: &Seen, judges_all: bool) -> Vec<Run> {
    if !seen.is_locked && Recorded::successor(&seen.process).is_some() {
        // It has become another program, whose end is not ours to report.
        return Vec::new();
    }
    let health = match seen.is_locked {
        true => Health::Alive,
        false if judges_all || Machine::this().can_judge(&seen.process) => Health::Dead,
        false => Health::Unknown,
    };
    let recorded = seen
        .runs
        .iter()
        .filter_map(|run| Recorded::read(run, &seen.process));
    let runs = recorded.map(|recorded| Run {
        job: recorded.ended.job.into_owned(),
        begun: recorded.ended.begun,
        pid: recorded.ended.pid,
        host: recorded.ended.host.into_owned(),
        health,
        channel: recorded.ended.channel.into_owned(),
        every_hours: recorded.ended.every_hours,
        progress: recorded.ended.heard.progress,
        plan: recorded.ended.plan,
    });
    runs.collect()
}

/// Returns the queues in which alerts of the jobs that `jobs` names were left, of any job where it
/// is `None`, and how many users' queues cannot be read.
///
/// # Errors
///
/// Where the directory cannot be read.
pub fn queues(place: &Place, jobs: Option<&[String]>) -> io::Result<(Vec<Queue>, usize)> {
    let digits = |job: &String| job_digits(job);
    let jobs: Option<BTreeSet<_>> = jobs.map(|jobs| jobs.iter().map(digits).collect());
    let (all, closed) = place.queues()?;
    let queues = all
        .into_iter()
        .map(|waiting| Queue::of(waiting, jobs.as_ref()));
    let is_empty = |queue: &Queue| queue.waiting + queue.held + queue.rejected == 0;
    Ok((queues.filter(|queue| !is_empty(queue)).collect(), closed))
}

impl Queue {
    fn of(queue: Waiting, jobs: Option<&BTreeSet<String>>) -> Self {
        let is_wanted = |file: &&String| {
            let job = file.split('-').nth(1).unwrap_or_default();
            jobs.is_none_or(|jobs| jobs.contains(job))
        };
        let waiting = queue.unsent.iter().filter(is_wanted);
        Self {
            channel: channel_of(&queue.name).to_owned(),
            oldest: waiting.clone().filter_map(|name| time_of(name)).min(),
            waiting: waiting.count(),
            // The names of held alerts do not say whose they are.
            held: match jobs {
                None => queue.held.len(),
                Some(_) => 0,
            },
            rejected: queue.rejected.iter().filter(is_wanted).count(),
            rejected_folder: queue.rejected_folder,
            user: queue.user,
            name: queue.name,
        }
    }
}
