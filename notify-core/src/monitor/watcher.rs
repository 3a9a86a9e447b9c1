//! A watch over a notify directory: it reports runs that die, runs that do not come, and what a silence withheld.
//! It also sends what no other process sends.

pub(crate) mod clock;
pub(crate) mod missed;
mod silence_over;
pub(crate) mod users;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::dispatch::dispatcher;
use crate::error::Error;
use crate::monitor::awaited;
use crate::monitor::expected::Said;
use crate::monitor::view::{self, Health, Job};
use crate::monitor::watcher::clock::{Clock, SetBack};
use crate::monitor::watcher::missed::Reported;
use crate::os;
use crate::os::ffi;
use crate::os::random;
use crate::os::warning::{self, Warning};
use crate::runs::reaper;
use crate::runs::shutdown;
use crate::settings::config::Config;
use crate::settings::environment;
use crate::settings::in_force;
use crate::settings::setup::Setup;
use crate::state::Store;
use crate::state::place::Place;
use crate::status::progress::Progress;

/// How often the locks of the records are tried: a death is to be sent within a second.
const TICK: Duration = Duration::from_millis(250);

/// How often the queues are looked at.
const QUEUES: Duration = Duration::from_secs(2);

/// The longest that a record is left alone which the last looks have left as it is: each takes its lock for a moment,
/// which can delay the process that may report it.
const AGAIN: Duration = Duration::from_secs(60);

/// Watches one notify directory.
pub struct Guard {
    setup: &'static Setup,
    store: &'static Store,
    /// How often jobs are looked at that should have run.
    every: Duration,
    /// What the options say of when jobs should run.
    said: Said,
    clock: Clock,
    set_back: SetBack,
    began: Instant,
    /// What a build of before has sent of runs that did not come, by the last run before.
    reported_before: Reported,
    /// When this process has sent it: of others the status files say it.
    sent: Reported,
    /// The records of dead processes that the last look left.
    left: BTreeSet<String>,
    /// How long they are left alone: twice as long after each look that has left the same. Few looks prove nothing, for
    /// another that looks may have held the lock each time.
    pause: Duration,
    looked: Instant,
    /// Whether the process is asked to end.
    is_over: Arc<AtomicBool>,
}

/// What a watch begins with.
#[derive(Debug)]
#[expect(missing_docs, reason = "as they say")]
pub struct Beginning {
    pub place: Place,
    /// Whether it can be read now; what else is said of it is nothing where it cannot.
    pub is_readable: bool,
    pub jobs: usize,
    /// Those of the jobs that are meant to run every so often.
    pub expected: usize,
    /// The jobs that should run and never did.
    pub never_ran: usize,
    pub runs: usize,
    /// The jobs of those that say how far they have come, and that.
    pub progress: Vec<(String, Progress)>,
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
    /// is missing, and waits for one that cannot be made yet. `None` where it is asked to end before.
    ///
    /// # Errors
    ///
    /// Where no directory can have that name.
    pub fn new(
        directory: Option<&Path>,
        every: Duration,
        said: Said,
    ) -> Result<Option<Self>, Error> {
        // Before anybody can know that it watches.
        let is_over = until_a_signal();
        let setup = in_force::settle(Config::new().signals(false).in_folder(directory))?;
        let Some(store) = wait_for_store(setup, &is_over)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            setup,
            store,
            every,
            said,
            clock: Clock::default(),
            set_back: SetBack::default(),
            began: Instant::now(),
            reported_before: Reported::parse(&store.missed_before()),
            sent: Reported::default(),
            left: BTreeSet::new(),
            pause: TICK,
            looked: Instant::now(),
            is_over,
        }))
    }

    /// Returns what there is to watch.
    #[must_use]
    pub fn beginning(&self) -> Beginning {
        let place = self.place();
        let jobs = view::jobs(&place, &[]);
        let is_readable = jobs.is_ok();
        let jobs = jobs.unwrap_or_default().jobs;
        let runs = view::runs(&place, &[]).unwrap_or_default().0;
        let lives = |run: &&view::Run| run.health == Health::Alive;
        let expected = jobs
            .iter()
            .filter(|job| job.expected(&self.said).is_ok_and(|when| when.is_some()));
        let known: BTreeSet<_> = jobs.iter().map(|job| &*job.name).collect();
        let awaited = awaited::awaited(&place).all.into_iter();
        let never_ran = awaited.filter(|one| !known.contains(&*one.job)).count();
        let channels = |job: &Job| [job.channel.clone(), job.alerted_channel.clone()];
        let of_jobs = jobs.iter().flat_map(channels).flatten();
        let used = of_jobs.chain(runs.iter().map(|run| run.channel.clone()));
        let without = used.filter(|channel| !channel.is_empty());
        let without = without.filter(|channel| self.setup.routes(channel).is_none());
        Beginning {
            without: without.collect::<BTreeSet<_>>().into_iter().collect(),
            place,
            is_readable,
            expected: expected.count(),
            never_ran,
            jobs: jobs.len(),
            runs: runs.iter().filter(lives).count(),
            progress: runs
                .iter()
                .filter(lives)
                .filter_map(|run| Some((run.job.clone(), run.progress?)))
                .collect(),
            channels: environment::channels_in_environment(),
        }
    }

    fn place(&self) -> Place {
        Place::from(self.store)
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
            self.setup.warn_of_problems();
            // Two that began together would be in each other's way at every look.
            let pause = TICK.mul_f64(0.75 + random::jitter() / 2.0);
            thread::sleep(pause * self.store.cost_of_a_look());
        }
        let setup = self.setup;
        shutdown::end_with(move |deadline| {
            let mut warnings = Vec::new();
            reaper::look(setup, &mut warnings);
            warnings.into_iter().for_each(Warning::warn);
            let left = deadline.saturating_duration_since(Instant::now());
            // What it leaves waits on disk for whoever sends next.
            let _ = dispatcher::drain(left);
        });
    }

    /// Reports the runs of processes that have died since the last look.
    fn look_at_records(&mut self) {
        let dead = self.store.unwatched_runs();
        let is_known = dead.is_subset(&self.left);
        if dead.is_empty() || is_known && self.looked.elapsed() < self.pause {
            return;
        }
        let mut warnings = Vec::new();
        reaper::look(self.setup, &mut warnings);
        warnings.into_iter().for_each(Warning::warn);
        // Those of other machines stay, and those that another program is to report.
        let left = self.store.unwatched_runs();
        self.pause = if left == self.left {
            (self.pause * 2).min(AGAIN)
        } else {
            TICK
        };
        self.left = left;
        self.looked = Instant::now();
    }

    /// Reports the jobs that should have run, each once, and of those whose silence is over.
    fn look_at_jobs(&mut self) {
        let now = os::clock::now();
        let was_set = self.clock.look(now, self.began.elapsed());
        let jobs = view::jobs(&self.place(), &[]).map(|jobs| jobs.jobs);
        let sent = jobs.and_then(|jobs| {
            let seen = jobs.iter();
            let seen = seen.map(|job| (&*job.file, job.begun, self.sent.of(job)));
            self.set_back.note(was_set, now, seen);
            // Neither keeps the other from being sent.
            let withheld = self.send_withheld(&jobs);
            self.send_missed(&jobs).and(withheld)
        });
        match sent {
            Ok(()) => warning::over("jobs"),
            Err(error) => {
                let message = format!("cannot look for missed runs and ended silences: {error}");
                Warning::new("jobs", message).warn();
            }
        }
    }

    fn send_withheld(&self, jobs: &[Job]) -> io::Result<()> {
        let now = os::clock::now();
        let place = self.place();
        let silences = place.silences();
        for fault in &silences.faults {
            Warning::new(fault.clone(), fault.clone()).warn();
        }
        let may_be = |job: &&Job| silence_over::may_be(job, &silences, now);
        let withheld = jobs.iter().filter(may_be);
        let own = withheld.filter(|job| is_own(&place, &job.file));
        // An alert that cannot be sent does not hold back the others: each is tried before the first error returns.
        let sent: Vec<_> = own
            .map(|job| silence_over::send(job, &silences, self.setup, self.store))
            .collect();
        sent.into_iter().collect()
    }
}

/// Waits for the directory: a volume may be mounted after the watch has begun, and who ends then is not always started
/// again.
fn wait_for_store(
    setup: &'static Setup,
    is_over: &AtomicBool,
) -> Result<Option<&'static Store>, Error> {
    loop {
        let store = setup.store();
        setup.warn_of_problems();
        if store.is_some() || is_over.load(Ordering::Relaxed) {
            return Ok(store);
        }
        setup.named_directory()?;
        let message = "`watch` begins when the notify directory can be used";
        Warning::new("no directory to watch", message.to_owned()).warn();
        thread::sleep(TICK);
    }
}

/// Returns whether a job is this user's: those of another are for that one to watch.
fn is_own(place: &Place, file: &str) -> bool {
    place.owner(file).is_ok_and(|owner| owner == ffi::user_id())
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
            Warning::new("signals", message).warn();
        }
    }
    is_over
}

#[cfg(not(unix))]
fn until_a_signal() -> Arc<AtomicBool> {
    Arc::default()
}
