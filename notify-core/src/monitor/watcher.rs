//! A watch over a notify directory: tells of runs that die, of runs that do not come, and of what a
//! silence withheld, and sends what nobody else does.

pub(crate) mod missed;
mod silence_over;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chrono::Utc;

use crate::dispatch::dispatcher;
use crate::error::Error;
use crate::format::hash;
use crate::format::time;
use crate::monitor::view::{self, Health, Job};
use crate::monitor::watcher::missed::Told;
use crate::os::ffi;
use crate::os::warning::{self, Warning};
use crate::rules::Past;
use crate::rules::transition::Ended;
use crate::runs::consult::Program;
use crate::runs::reaper;
use crate::runs::report::{self, Report};
use crate::runs::shutdown;
use crate::settings::config::Config;
use crate::settings::environment;
use crate::settings::in_force;
use crate::settings::setup::Setup;
use crate::state::Store;
use crate::status::outcome::Outcome;

/// How often the locks of the records are tried: a death is to be told within a second.
const TICK: Duration = Duration::from_millis(250);

/// How often the queues are looked at.
const QUEUES: Duration = Duration::from_secs(2);

/// Who looks at a record as this one does keeps it from being reported for a moment: only after so
/// many looks it counts as one that cannot be reported here,
const LOOKS: u32 = 3;

/// which is looked at again after this time.
const AGAIN: Duration = Duration::from_secs(60);

/// Watches one notify directory.
pub struct Guard {
    setup: &'static Setup,
    store: &'static Store,
    /// How often jobs are looked at that should have run.
    every: Duration,
    /// How late a run may begin, where that is not a matter of how often it should.
    grace: Option<Duration>,
    /// What this process has told, and builds of before: of others the status files say it.
    told: Told,
    /// The records of dead processes that the last look left.
    left: BTreeSet<String>,
    /// How many looks in a row have left the same.
    idle_looks: u32,
    looked: Instant,
    /// Whether the process is asked to end.
    is_over: Arc<AtomicBool>,
}

/// What a watch begins with.
#[derive(Debug)]
#[expect(missing_docs, reason = "as they say")]
pub struct Beginning {
    pub directory: PathBuf,
    pub jobs: usize,
    /// Those of the jobs that are meant to run every so often.
    pub expected: usize,
    pub runs: usize,
    /// The channels that have a destination.
    pub channels: Vec<String>,
    /// Those of the jobs here that have none in this environment.
    pub without: Vec<String>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl Guard {
    /// Takes its place at that directory, or at the one that the library would use; makes it where it
    /// is missing.
    ///
    /// # Errors
    ///
    /// Where there is no such directory, or it cannot be written.
    pub fn new(
        directory: Option<&Path>,
        every: Duration,
        grace: Option<Duration>,
    ) -> Result<Self, Error> {
        // Before anybody can know that it watches.
        let is_over = until_a_signal();
        let mut config = Config::new().signals(false);
        if let Some(directory) = directory {
            config = config.directory(directory);
        }
        let setup = in_force::settle(config)?;
        let path = setup.named_directory()?.to_owned();
        let Some(store) = setup.store() else {
            tell_problems(setup);
            let source = io::Error::other("it cannot be written");
            return Err(Error::Directory { path, source });
        };
        Ok(Self {
            setup,
            store,
            every,
            grace,
            told: Told::parse(&store.missed_before()),
            left: BTreeSet::new(),
            idle_looks: 0,
            looked: Instant::now(),
            is_over,
        })
    }

    /// Returns what there is to watch.
    #[must_use]
    pub fn beginning(&self) -> Beginning {
        let directory = self.store.directory();
        let jobs = view::jobs(directory, &[]).unwrap_or_default().jobs;
        let runs = view::runs(directory, &[]).unwrap_or_default().0;
        let lives = |run: &&view::Run| run.health == Health::Alive;
        let expected = jobs.iter().filter(|job| job.every_hours.is_some());
        let of_jobs = jobs.iter().filter_map(|job| job.channel.clone());
        let used = of_jobs.chain(runs.iter().map(|run| run.channel.clone()));
        let without = used.filter(|channel| !channel.is_empty());
        let without = without.filter(|channel| self.setup.routes(channel).is_none());
        Beginning {
            without: without.collect::<BTreeSet<_>>().into_iter().collect(),
            directory: directory.to_owned(),
            expected: expected.count(),
            jobs: jobs.len(),
            runs: runs.iter().filter(lives).count(),
            channels: environment::channels_in_environment(),
        }
    }

    /// Watches until SIGTERM or SIGINT, then looks once more, and sends what can be sent by the
    /// deadline of the exit. A second signal ends the process at once.
    pub fn watch(mut self) {
        let (mut queues_at, mut jobs_at) = (Instant::now(), Instant::now());
        while !self.is_over.load(Ordering::Relaxed) {
            self.look_at_records();
            let now = Instant::now();
            if now >= queues_at {
                dispatcher::take_over_all(self.setup, self.store);
                queues_at = now + QUEUES;
            }
            if now >= jobs_at {
                self.look_at_jobs();
                jobs_at = now + self.every;
            }
            tell_problems(self.setup);
            thread::sleep(TICK);
        }
        let setup = self.setup;
        shutdown::end_with(move |deadline| {
            let mut warnings = Vec::new();
            reaper::look(setup, &mut warnings);
            warnings.into_iter().for_each(Warning::tell);
            let left = deadline.saturating_duration_since(Instant::now());
            // What it leaves waits on disk for whoever sends next.
            let _ = dispatcher::drain(left);
        });
    }

    /// Reports the runs of processes that have died since the last look.
    fn look_at_records(&mut self) {
        let dead = self.store.unwatched_runs();
        let is_idle = self.idle_looks >= LOOKS && dead.is_subset(&self.left);
        if dead.is_empty() || is_idle && self.looked.elapsed() < AGAIN {
            return;
        }
        let mut warnings = Vec::new();
        reaper::look(self.setup, &mut warnings);
        warnings.into_iter().for_each(Warning::tell);
        // Those of other machines stay, and those that another program is to tell.
        let left = self.store.unwatched_runs();
        self.idle_looks = if left == self.left {
            self.idle_looks.saturating_add(1)
        } else {
            0
        };
        self.left = left;
        self.looked = Instant::now();
    }

    /// Tells of the jobs that should have run, each once, and of those whose silence is over.
    fn look_at_jobs(&mut self) {
        let jobs = view::jobs(self.store.directory(), &[]).map(|jobs| jobs.jobs);
        let told = jobs.and_then(|jobs| {
            // Neither keeps the other from being told.
            let withheld = self.tell_withheld(&jobs);
            self.tell_missed(&jobs).and(withheld)
        });
        match told {
            Ok(()) => warning::over("jobs"),
            Err(error) => {
                let message = format!("cannot look for missed runs and ended silences: {error}");
                Warning::new("jobs", message).tell();
            }
        }
    }

    fn tell_withheld(&self, jobs: &[Job]) -> io::Result<()> {
        let now = Utc::now();
        let withheld = jobs.iter().filter(|job| silence_over::may_be(job, now));
        let own = withheld.filter(|job| is_own(&self.store.directory().join(&job.file)));
        // One that cannot be told keeps none of the others from it.
        let told: Vec<_> = own
            .map(|job| silence_over::tell(job, self.setup, self.store))
            .collect();
        told.into_iter().collect()
    }

    fn tell_missed(&mut self, jobs: &[Job]) -> io::Result<()> {
        let directory = self.store.directory();
        let runs = view::runs(directory, &[])?.0;
        let under_way: HashSet<_> = runs
            .iter()
            .filter(|run| run.health != Health::Dead)
            .map(|run| &*run.job)
            .collect();
        let now = Utc::now();
        for job in jobs {
            if let Some(every) = job.every_hours.map(time::hours)
                && missed::is_missed(job.begun, every, self.grace, now)
                && job.missed != Some(job.begun)
                && !self.told.knows(&job.file, job.begun)
                && !under_way.contains(&*job.name)
                && is_own(&directory.join(&job.file))
                && self.tell(job, every)
            {
                self.told.add(&job.file, job.begun);
            }
        }
        Ok(())
    }

    /// Tells of one, unless a run has come meanwhile, or another that watches has told it; the status says
    /// then that people know. Returns whether this one has told it.
    fn tell(&self, job: &Job, every: Duration) -> bool {
        let Self { setup, store, .. } = self;
        let channel = job.channel.clone();
        let channel = channel.unwrap_or_else(|| setup.default_channel.clone());
        let mut warnings = Vec::new();
        let outcome = Outcome::Missed(missed::words(job.begun, every, Utc::now()));
        let mut ended = missing(job, setup, channel.clone());
        let routes = report::routes(setup, &channel, &mut ended.notes, &outcome, &mut warnings);
        let is_told = routes.is_some_and(|routes| {
            let report = Report {
                ended,
                outcome: &outcome,
                settings: setup.rules,
                run: None,
                now: Instant::now(),
                setup,
                program: Program::default(),
            };
            let is_news = |past: &Past| match past {
                Past::Known(status) => {
                    status.begun == job.begun && status.missed != Some(status.begun)
                }
                // Where nothing can be written down, it is told all the same.
                past => *past == Past::Unknown,
            };
            report.make(Some(store), Some(&*routes), is_news, &mut warnings)
        });
        warnings.into_iter().for_each(Warning::tell);
        is_told
    }
}

/// Describes the run that did not come, after the last one that did.
fn missing(job: &Job, setup: &Setup, channel: String) -> Ended {
    let event = format!("{} missed after {}", job.name, job.begun.timestamp_micros());
    let context = setup.facts.iter().filter(|(name, _)| name == "context");
    // The same each time, so that a reader knows a repeat.
    let run = hash::hash(&event);
    Ended {
        location: job.location.clone().into(),
        source: job.source.clone().unwrap_or_default().into(),
        host: job
            .host
            .clone()
            .unwrap_or_else(|| setup.host.clone())
            .into(),
        exe: job.exe.clone().map(Cow::Owned),
        version: job.version.clone().map(Cow::Owned),
        every_hours: job.every_hours,
        channel: channel.into(),
        runbook: job.runbook.clone().map(Cow::Owned),
        owner: job.owner.clone().map(Cow::Owned),
        facts: context.cloned().collect::<Vec<_>>().into(),
        ..Ended::new(run, job.name.clone(), job.begun)
    }
}

/// Returns whether a file is this user's: the jobs of another are for that one to watch.
fn is_own(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        fs::symlink_metadata(path).is_ok_and(|file| file.uid() == ffi::user_id())
    }
    #[cfg(not(unix))]
    {
        path.exists()
    }
}

fn tell_problems(setup: &Setup) {
    setup.take_problems().into_iter().for_each(Warning::tell);
}

/// Returns what is true once the process is asked to end.
#[cfg(unix)]
fn until_a_signal() -> Arc<AtomicBool> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;

    let is_over = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // In this order: the first signal sets what the second one finds set.
        let watched = flag::register_conditional_default(signal, is_over.clone())
            .and_then(|_| flag::register(signal, is_over.clone()));
        if let Err(error) = watched {
            let message =
                format!("signals cannot be watched, and end this command at once: {error}");
            Warning::new("signals", message).tell();
        }
    }
    is_over
}

#[cfg(not(unix))]
fn until_a_signal() -> Arc<AtomicBool> {
    Arc::default()
}
