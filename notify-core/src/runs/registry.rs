//! The life of a run in this process: from its beginning, through the records that outlive it, to
//! its end or the exit of the process.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chrono::Utc;
use log::Level;

use crate::dispatch::dispatcher;
use crate::dispatch::standing::Standing;
use crate::error::Error;
use crate::format::hash;
use crate::format::text;
use crate::format::time::{self, Time, to_micros};
use crate::job::name;
use crate::job::{Arguments, Cancelled, Job, Site};
use crate::notifier::heartbeat::{self, Heartbeat};
use crate::os::engine::{self, Part, Slot};
use crate::os::ffi;
use crate::os::random;
use crate::os::redact;
#[cfg(unix)]
use crate::os::signals;
use crate::os::warning::{self, Warning};
use crate::rules::Settings;
use crate::rules::transition::Ended;
use crate::runs::asked;
use crate::runs::consult::{Park, Program};
use crate::runs::overdue;
use crate::runs::overlap;
use crate::runs::reaper;
use crate::runs::report::{self, Report};
use crate::runs::run_data::{self, RunData};
use crate::runs::stack;
use crate::settings::config::Config;
use crate::settings::in_force;
use crate::settings::route::Way;
use crate::settings::setup::Setup;
use crate::state::run_record::Recorded;
use crate::state::{self, Store};
use crate::status::cause::Cause;
use crate::status::heard::Heard;
use crate::status::outcome::Outcome;
use crate::status::{LINE, State};

/// Seconds.
const MINUTE: f64 = 60.0;

/// How often the runs under way are tried to be reached by what is logged outside of them. Their lock is held for
/// microseconds, but in a child that was forked meanwhile nobody lets go of it.
const TRIES: usize = 1_000;

/// How often what a run says of itself is written down.
const NEWS: Duration = Duration::from_secs(1);

/// How soon after the last time it is shown again in the message of its beginning, if that may be edited then.
const SHOWN: Duration = Duration::from_secs(10);

const WAS_OVERDUE: &str = "it was overdue, and has ended now";

/// The runs under way in this process, in the order in which they began.
static OPEN: Part<Mutex<BTreeMap<u64, Open>>> = Part::new(Slot::Runs);

/// Which definition has which status file.
static NAMES: Part<Mutex<HashMap<String, String>>> = Part::beginning(Slot::Names, |parents| {
    let names = parents.and_then(|parents| Some(parents.try_lock().ok()?.clone()));
    Mutex::new(names.unwrap_or_default())
});

/// Whether what is done before and after the first end of a run was done.
static FIRST_END: Part<FirstEnd> = Part::new(Slot::FirstEnd);

#[derive(Default)]
struct FirstEnd {
    is_begun: AtomicBool,
    is_over: AtomicBool,
}

/// A run under way. Dropping it without an end leaves it to the exit of the process.
#[derive(Debug)]
pub(crate) struct Run {
    number: u64,
    /// Whether it is of the program's `main`, and which.
    main: Option<Main>,
}

/// The program's `main`, whose value becomes the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Main {
    /// By its type alone.
    Plain,
    /// After another attribute has had its way with it.
    Wrapped,
}

/// Shows the numbers of the runs around one, the innermost last.
pub(crate) type Around = fn(&mut dyn FnMut(&[u64]));

/// What is known of a run under way.
#[derive(Debug, Clone)]
struct Open {
    id: u64,
    job: &'static Job,
    /// The name, where the attribute's `name` made one for this run.
    name: Option<String>,
    begun: Time,
    started: Instant,
    nested: bool,
    /// When it is overdue, if it ever is.
    overdue_at: Option<Instant>,
    /// Whether people were told so.
    was_overdue: bool,
    /// Whether its beginning was sent.
    is_start_sent: bool,
    /// When it was last shown how far it has come.
    shown: Option<Instant>,
    /// When the last run of the same job began that ended inside this one.
    last_inside: Option<Time>,
    /// What was told of its beginning.
    heartbeat: Option<Arc<Heartbeat>>,
    /// When it returned, of a run whose outcome the exit of the process decides.
    returned: Option<Instant>,
    /// What it has ended with, while the program is asked what it says to that.
    asked: Option<Arc<Asked>>,
}

/// The end of a run about which the program is asked. If the process exits meanwhile, the built-in rules decide.
#[derive(Debug)]
struct Asked {
    outcome: Outcome,
    heard: Heard,
}

/// A run whose end is being reported.
struct Ending<'a> {
    number: u64,
    run: &'a Open,
    outcome: &'a Outcome,
    heard: Heard,
    /// Where the process exits: how long it waits for each answer of the program.
    at_exit: Option<Duration>,
}

impl Park for Ending<'_> {
    fn park(&self) {
        let asked = Asked {
            outcome: self.outcome.clone(),
            heard: self.heard.clone(),
        };
        let run = Open {
            asked: Some(Arc::new(asked)),
            ..self.run.clone()
        };
        open_runs().insert(self.number, run);
    }

    fn take_back(&self) -> bool {
        open_runs().remove(&self.number).is_some()
    }
}

/// Returns whether annotated functions report at all, or run bare.
pub(crate) fn is_active(site: &'static Site) -> bool {
    in_force::is_active(site.test) && !stack::is_bare()
}

/// Begins a run; `nested` when another run is on this thread's stack, or is being polled on it.
pub(crate) fn begin(site: &'static Site, name: Option<String>, nested: bool) -> Run {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut warnings = Vec::new();
    let job = site
        .job
        .get_or_make(|| find_job(site, name.as_deref(), &mut warnings));
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let is_main = !nested && job.is_main();
    if is_main {
        warnings.extend(end_returned(job));
    }
    let mut run = Open {
        id: random::number(),
        job,
        name,
        begun: to_micros(Utc::now()),
        started: Instant::now(),
        nested,
        overdue_at: None,
        was_overdue: false,
        is_start_sent: false,
        shown: None,
        last_inside: None,
        heartbeat: None,
        returned: None,
        asked: None,
    };
    let setup = in_force::setup_so_far();
    warnings.extend(run.beat(setup));
    run.watch(number, setup);
    watch_signals(setup);
    if !nested {
        record(number, &run, setup);
        reaper::look_for(setup, run.started, &mut warnings);
    }
    run.tell_start(setup, &mut warnings);
    if !nested && job.arguments.overlap == Some(false) {
        tell_overlap(&run, setup, &mut warnings);
    }
    open_runs().insert(number, run);
    warnings.into_iter().for_each(Warning::tell);
    let main = || {
        if site.is_wrapped || job.is_moved() {
            Main::Wrapped
        } else {
            Main::Plain
        }
    };
    Run {
        number,
        main: is_main.then(main),
    }
}

impl Run {
    /// Tells this run from all others of the process.
    pub(crate) fn id(&self) -> u64 {
        self.number
    }

    /// Ends the run, which is inside no other.
    pub(crate) fn end(self, outcome: &Outcome) {
        self.end_inside(|_| {}, outcome, None);
    }

    /// Ends the run, which is inside those `around` it.
    pub(crate) fn end_inside(self, around: Around, outcome: &Outcome, cause: Option<Cause<'_>>) {
        let (run, inside, around) = {
            let mut open = open_runs();
            let run = open.remove(&self.number);
            let (mut inside, mut ends_too) = (None, Vec::new());
            if let Some(run) = &run {
                // Copied only where it ends them all, for most runs are silent, and inside another.
                around(&mut |numbers| {
                    inside = numbers
                        .last()
                        .copied()
                        .filter(|outer| open.contains_key(outer));
                    note_end(&mut open, run, numbers);
                    let numbers = numbers.iter().filter(|_| outcome.is_event());
                    ends_too.extend(numbers.filter_map(|number| open.get(number)).cloned());
                });
            }
            (run, inside, ends_too)
        };
        // The exit of the process may have come first, and reports it.
        let warnings = run
            .as_ref()
            .map(|run| end(self.number, run, inside, outcome, cause, &around, false));
        warnings.into_iter().flatten().for_each(Warning::tell);
        if let (Some(run), Outcome::PassedOver(error)) = (run, outcome) {
            // For the log alone: who leaves an error out wants no line of it from each run.
            warning::log(Level::Warn, || {
                let error = redact::hide(error);
                let (job, error) = (run.name(in_force::setup()), text::first_line(&error, LINE));
                format!("{job}: an error was ignored, the status is OK: {error}").into()
            });
        }
    }

    /// Ends the run of a function that has returned; `says_exit_code` where what it returned does.
    ///
    /// The value of a `main` that says nothing of the exit code may still fail, as may what another attribute
    /// makes of it. Such a run is left to the exit of the process, and its record says that it returned: if a
    /// kill comes in between, that is what the next process reports.
    pub(crate) fn end_returned(
        self,
        around: Around,
        outcome: &Outcome,
        cause: Option<Cause<'_>>,
        says_exit_code: fn() -> bool,
    ) {
        let is_decided = match self.main {
            None => true,
            Some(Main::Plain) => says_exit_code(),
            Some(Main::Wrapped) => false,
        };
        if is_decided || *outcome != Outcome::Returned || !ffi::CODE_IS_KNOWN {
            return self.end_inside(around, outcome, cause);
        }
        let returned = match open_runs().get_mut(&self.number) {
            Some(run) => {
                run.returned = Some(Instant::now());
                run.clone()
            }
            None => return,
        };
        if let Some(at) = returned.overdue_at {
            overdue::forget(at, self.number);
        }
        record(self.number, &returned, in_force::setup());
    }
}

/// Ends the runs of a `main` that have returned, for it runs again: it is a function like others.
fn end_returned(job: &Job) -> Vec<Warning> {
    let returned: Vec<_> = {
        let mut open = open_runs();
        let is_returned = |run: &Open| run.returned.is_some() && std::ptr::eq(run.job, job);
        let numbers: Vec<_> = open
            .iter()
            .filter(|(_, run)| is_returned(run))
            .map(|(number, _)| *number)
            .collect();
        let taken = numbers.into_iter();
        taken
            .filter_map(|number| Some((number, open.remove(&number)?)))
            .collect()
    };
    let ends = returned.into_iter();
    ends.flat_map(|(number, run)| end(number, &run, None, &Outcome::Returned, None, &[], false))
        .collect()
}

impl Config {
    /// Makes these the settings of the program. Runs that are under way take them over.
    ///
    /// # Errors
    ///
    /// [`Error::Settled`] where a `Config` is installed already, or a run has ended;
    /// [`Error::ChannelName`], [`Error::Number`] where a setting makes no sense.
    pub fn install(self) -> Result<(), Error> {
        let setup = in_force::settle(self)?;
        let mut warnings = Vec::new();
        for (number, run) in &mut *open_runs() {
            run.watch(*number, setup);
            warnings.extend(run.beat(setup));
        }
        warnings.into_iter().for_each(Warning::tell);
        watch_signals(setup);
        #[cfg(unix)]
        if !setup.signals {
            signals::let_go();
        }
        let open = open_runs().clone();
        let mut warnings = Vec::new();
        // Not under the lock: a notifier may be asked who it is.
        for (number, mut run) in open {
            record(number, &run, setup);
            run.tell_start(setup, &mut warnings);
            if let Some(open) = open_runs().get_mut(&number) {
                open.is_start_sent = run.is_start_sent;
            }
            if !open_runs().contains_key(&number) {
                // It has ended meanwhile, and must not look as if it had died.
                state::end_run(number);
            }
        }
        warnings.into_iter().for_each(Warning::tell);
        Ok(())
    }
}

/// Lets the runs of the same job know that it has ended inside them: what they end with is newer.
fn note_end(open: &mut BTreeMap<u64, Open>, ended: &Open, around: &[u64]) {
    for number in around {
        if let Some(run) = open.get_mut(number).filter(|run| ended.is_of_job_of(run)) {
            run.last_inside = Some(ended.begun);
        }
    }
}

/// Reports the end of a run; the warnings are to be told once all that must be written is written.
/// What ends it ends those `around` it, too, or most likely does.
fn end(
    number: u64,
    run: &Open,
    inside: Option<u64>,
    outcome: &Outcome,
    cause: Option<Cause<'_>>,
    around: &[Open],
    at_exit: bool,
) -> Vec<Warning> {
    let setup = in_force::setup();
    let mut warnings = Vec::new();
    // Of a run that proves nothing there is nothing to tell, and of one whose program was asked it was told.
    if run.asked.is_none() && !(*outcome == Outcome::Cancelled && run.keeps_cancelled()) {
        warnings.extend(run.beat_end(setup, outcome));
    }
    let now = Instant::now();
    reaper::look_for(setup, now, &mut warnings);
    let first_end = FIRST_END.get();
    if !first_end.is_begun.swap(true, Ordering::Relaxed)
        && let Some(store) = setup.store()
    {
        // Before this run is decided on, for it may be of a job that people are told of now.
        dispatcher::release_due(setup, store);
    }
    let channel = channel(&run.job.arguments, setup);
    let mut ended = run.ended(setup, now);
    ended.heard = match &run.asked {
        Some(asked) => asked.heard.clone(),
        None => run_data::end(number, inside, outcome.state() == State::Error),
    };
    let routes = report::routes(setup, channel, &mut ended.notes, outcome, &mut warnings);
    if outcome.is_event()
        && let Some(routes) = &routes
    {
        let around = around
            .iter()
            .filter(|outer| outer.is_on(&routes.channel, setup));
        add_mentions(&mut ended, around);
    }
    let settings = settings(&run.job.arguments, setup);
    let key = if run.nested {
        None
    } else {
        state::run_key(number)
    };
    let ending = Ending {
        number,
        run,
        outcome,
        heard: ended.heard.clone(),
        at_exit: at_exit.then(|| setup.exit / 4),
    };
    Report {
        ended,
        outcome,
        settings,
        run: key,
        now,
        setup,
        program: run.program(setup, cause, &ending),
    }
    .make(setup.store(), routes.as_deref(), |_| true, &mut warnings);
    if run.is_start_sent {
        run.show_end(setup, outcome, now);
    }
    if !run.nested {
        state::end_run(number);
        if let Some(store) = setup.store() {
            store.flush_due(now);
        }
    }
    if let Some(at) = run.overdue_at {
        overdue::forget(at, number);
    }
    if let Some(routes) = &routes
        && !first_end.is_over.swap(true, Ordering::Relaxed)
    {
        routes.all.iter().for_each(dispatcher::take_over);
    }
    warnings.extend(setup.take_problems());
    warnings
}

/// Has what a run says of itself written into the record of runs under way, at most once a second: for those who
/// look at it meanwhile, and for its death.
pub(crate) fn watch_news(number: u64) {
    if let Some(at) = Instant::now().checked_add(NEWS) {
        overdue::watch(at, number, note_news);
    }
}

fn note_news(number: u64) {
    let Some((outermost, is_news)) = run_data::take_news(number) else {
        return;
    };
    let run = { open_runs().get(&outermost).cloned() };
    if let Some(run) = run.filter(|_| is_news) {
        record(outermost, &run, in_force::setup_so_far());
        if !open_runs().contains_key(&outermost) {
            // It has ended meanwhile, and must not look as if it had died.
            state::end_run(outermost);
        }
    }
    if is_news {
        show_progress(number, outermost);
    }
    watch_news(number);
}

/// Has the message of the beginning of a run, or of the one around it, show how far it has come.
fn show_progress(number: u64, outermost: u64) {
    let Some(progress) = run_data::so_far(number, false).progress else {
        return;
    };
    let run = {
        let mut open = open_runs();
        let is_due = |run: &Open| {
            let is_recent = |shown: Instant| shown.elapsed() < SHOWN;
            run.is_start_sent && !run.shown.is_some_and(is_recent)
        };
        let mut numbers = [number, outermost].into_iter();
        let number = numbers.find(|number| open.get(number).is_some_and(is_due));
        number.and_then(|number| open.get_mut(&number)).map(|run| {
            run.shown = Some(Instant::now());
            run.clone()
        })
    };
    if let Some(run) = run {
        let setup = in_force::setup_so_far();
        let words = progress.words(Utc::now());
        let standing = Standing::progress(run.name(setup), run.begun, words);
        run.show(setup, &standing);
    }
}

/// Writes down that an outermost run is under way, so that its death can be told.
fn record(number: u64, run: &Open, setup: &'static Setup) {
    let Some(store) = setup.store().filter(|_| !run.nested) else {
        return;
    };
    let channel = channel(&run.job.arguments, setup);
    let routes = setup.routes(channel);
    let mut ended = run.ended(setup, run.started);
    ended.heard = run_data::of_record(number);
    let recorded = Recorded {
        ended,
        settings: settings(&run.job.arguments, setup),
        queues: routes
            .as_ref()
            .map_or(Cow::default(), |routes| Cow::Borrowed(&*routes.queues)),
        has_returned: run.returned.is_some(),
    };
    match store.begin_run(number, &recorded) {
        Ok(()) => warning::over("record"),
        Err(error) => {
            let message =
                format!("runs cannot be recorded ({error}): if one is killed, no alert is sent");
            Warning::new("record", message).tell();
        }
    }
}

impl Open {
    /// Has the run watched, if a job of its kind should end within some time.
    fn watch(&mut self, number: u64, setup: &Setup) {
        let minutes = self.job.arguments.overdue_minutes.or(setup.overdue_minutes);
        let time = minutes.and_then(|minutes| Duration::try_from_secs_f64(minutes * MINUTE).ok());
        if self.overdue_at.is_none()
            && let Some(at) = time.and_then(|time| self.started.checked_add(time))
        {
            self.overdue_at = Some(at);
            overdue::watch(at, number, tell_overdue);
        }
    }

    /// Sends that it has begun, where that is asked for, once it is known where to: a `Config` may come later.
    fn tell_start(&mut self, setup: &'static Setup, warnings: &mut Vec<Warning>) {
        let arguments = &self.job.arguments;
        let is_asked_for = arguments.start.unwrap_or(setup.start && !self.nested);
        if !is_asked_for || self.is_start_sent || asked::for_help() {
            return;
        }
        if setup.routes(channel(arguments, setup)).is_none() {
            return;
        }
        self.is_start_sent = true;
        let mut ended = self.ended(setup, self.started);
        ended.took = None;
        report_unended(self, ended, "started", &Outcome::Started, setup, warnings);
    }

    /// Has the message of its beginning show how it stands.
    fn show(&self, setup: &Setup, standing: &Standing) {
        let Some(routes) = setup.routes(channel(&self.job.arguments, setup)) else {
            return;
        };
        for route in &routes.all {
            dispatcher::show(route, standing.clone());
        }
    }

    /// Has it show how it has ended.
    fn show_end(&self, setup: &Setup, outcome: &Outcome, now: Instant) {
        let took = self.returned.unwrap_or(now);
        let took = took.saturating_duration_since(self.started);
        let (state, text) = (outcome.state(), outcome.text().into_owned());
        let standing = Standing::end(self.name(setup), self.begun, state, text, took);
        self.show(setup, &standing);
    }

    /// Returns what the program has to say of the end of this run: nothing, where it was asked already.
    fn program<'a>(
        &'a self,
        setup: &'a Setup,
        cause: Option<Cause<'a>>,
        ending: &'a Ending<'a>,
    ) -> Program<'a> {
        let arguments = &self.job.arguments;
        let program = Program {
            rule: arguments.rule.as_ref().or(setup.rule.as_ref()),
            writer: arguments.message.as_ref().or(setup.message.as_ref()),
            cause,
            at_exit: ending.at_exit,
            park: Some(ending),
        };
        if self.asked.is_some() || program.is_silent() {
            Program::default()
        } else {
            program
        }
    }

    /// Tells the heartbeat that it has begun, unless that was told.
    fn beat(&mut self, setup: &Setup) -> Option<Warning> {
        // A beginning without an end would be taken for a run that hangs.
        if self.heartbeat == setup.heartbeat || asked::for_help() {
            return None;
        }
        self.heartbeat.clone_from(&setup.heartbeat);
        let heartbeat = self.heartbeat.as_ref()?;
        heartbeat.begin(&self.name(setup), self.id).err()
    }

    /// Tells it what the run came to.
    fn beat_end(&self, setup: &Setup, outcome: &Outcome) -> Option<Warning> {
        let is_counted = !matches!(outcome, Outcome::NotCounted(_));
        let heartbeat = setup.heartbeat.as_ref().filter(|_| is_counted)?;
        heartbeat.end(&self.name(setup), self.id, outcome).err()
    }

    /// The job's name, as its status file has it.
    fn name(&self, setup: &Setup) -> String {
        let name = self.name.as_ref().unwrap_or(&self.job.name);
        match &setup.instance {
            Some(instance) => format!("{name}@{instance}"),
            None => name.clone(),
        }
    }

    /// What its alerts say beside the error.
    fn notes(&self) -> Vec<String> {
        let notes = [
            (self.job.is_debug_build, "debug build"),
            (self.was_overdue, WAS_OVERDUE),
        ];
        notes
            .into_iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, note)| note.to_owned())
            .collect()
    }

    /// Returns whether its failures go to the channel of that name.
    fn is_on(&self, channel: &str, setup: &Setup) -> bool {
        let own = self::channel(&self.job.arguments, setup);
        own == channel
            || matches!(setup.way(own, State::Error), Way::Instead(routes, _) if routes.channel == channel)
    }

    /// Returns whether the other is a run of the same job.
    fn is_of_job_of(&self, other: &Self) -> bool {
        std::ptr::eq(self.job, other.job) && self.name == other.name
    }

    /// Returns whether its cancellation says nothing of the job.
    fn keeps_cancelled(&self) -> bool {
        self.job.arguments.cancelled == Some(Cancelled::Keep)
    }

    fn job_name(&self, setup: &Setup) -> Cow<'static, str> {
        match (&self.name, &setup.instance) {
            (None, None) => Cow::Borrowed(&self.job.name),
            (Some(name), None) => Cow::Owned(name.clone()),
            (name, Some(instance)) => {
                let name = name.as_ref().unwrap_or(&self.job.name);
                Cow::Owned(format!("{name}@{instance}"))
            }
        }
    }

    fn ended(&self, setup: &'static Setup, now: Instant) -> Ended {
        let arguments = &self.job.arguments;
        Ended {
            location: Cow::Borrowed(&self.job.location),
            source: Cow::Borrowed(&self.job.source),
            took: Some(
                self.returned
                    .unwrap_or(now)
                    .saturating_duration_since(self.started),
            ),
            host: Cow::Borrowed(&setup.host),
            pid: Some(engine::pid()),
            exe: setup.exe.as_deref().map(Cow::Borrowed),
            version: self.job.version.as_deref().map(Cow::Borrowed),
            every_hours: self.job.arguments.every_hours,
            plan: self.job.plan.clone(),
            channel: Cow::Borrowed(channel(&self.job.arguments, setup)),
            attempt: setup.attempt,
            mention: self.job.arguments.mention.as_deref().map(Cow::Borrowed),
            runbook: arguments.runbook.as_deref().map(Cow::Borrowed),
            owner: arguments.owner.as_deref().map(Cow::Borrowed),
            heard: Heard::default(),
            facts: Cow::Borrowed(&*setup.facts),
            nested: self.nested || self.keeps_cancelled(),
            was_overdue: self.was_overdue,
            should_take: self.job.arguments.took,
            is_in_time: self.overdue_at.is_none_or(|at| now < at),
            last_inside: self.last_inside,
            notes: self.notes(),
            ..Ended::new(self.id, self.job_name(setup), self.begun)
        }
    }
}

/// Has the alert mention whom the runs `around` it would: it alone speaks for what ends them all.
fn add_mentions<'a>(ended: &mut Ended, around: impl Iterator<Item = &'a Open>) {
    let mentions = around.filter_map(|outer| outer.job.arguments.mention.as_deref());
    for mention in mentions.flat_map(str::split_whitespace) {
        let known = ended.mention.as_deref().unwrap_or_default();
        if !known.split_whitespace().any(|known| known == mention) {
            ended.mention = Some(format!("{known} {mention}").trim().to_owned().into());
        }
    }
}

/// Tells that a run is still under way, and leaves its status as it is.
fn tell_overdue(number: u64) {
    let run = match open_runs().get_mut(&number) {
        Some(run) => {
            run.was_overdue = true;
            run.clone()
        }
        None => return,
    };
    let setup = in_force::setup_so_far();
    let mut ended = run.ended(setup, Instant::now());
    ended.heard = run_data::so_far(number, true);
    ended.notes.retain(|note| note != WAS_OVERDUE);
    let seconds = run.started.elapsed().as_secs_f64();
    let progress = ended.heard.progress;
    let progress = progress.map(|progress| format!(": {}", progress.words(Utc::now())));
    let progress = progress.unwrap_or_default();
    let outcome = Outcome::Overdue(if seconds < MINUTE {
        format!("still running after {seconds:.1} seconds{progress}")
    } else {
        format!(
            "still running after {:.0} minutes{progress}",
            seconds / MINUTE
        )
    });
    let mut warnings = Vec::new();
    let job = ended.job.clone();
    let is_told = report_unended(&run, ended, "overdue", &outcome, setup, &mut warnings);
    if !is_told && let Some(run) = open_runs().get_mut(&number) {
        // Of what was withheld nobody need hear the end.
        run.was_overdue = false;
        // What a planned quiet has withheld is due at its end.
        let now = Utc::now();
        let quiet = setup.store().and_then(|store| store.quiet(&job, now).0);
        let left = quiet.and_then(|quiet| (quiet.until - now).to_std().ok());
        if let Some(at) = left.and_then(|left| Instant::now().checked_add(left)) {
            run.overdue_at = Some(at);
            overdue::watch(at, number, tell_overdue);
        }
    }
    warnings.into_iter().for_each(Warning::tell);
}

/// Tells that a run has begun while another outermost run of its job goes on, here or in another process.
fn tell_overlap(run: &Open, setup: &'static Setup, warnings: &mut Vec<Warning>) {
    let is_other =
        |other: &&Open| !other.nested && other.returned.is_none() && other.is_of_job_of(run);
    let here = open_runs().values().find(is_other).map(|other| other.begun);
    let here = here.map(|begun| (begun, "in this process".to_owned()));
    let elsewhere = || overlap::elsewhere(setup.store()?, &run.job_name(setup), &setup.host);
    let Some((begun, place)) = here.or_else(elsewhere) else {
        return;
    };
    let mut ended = run.ended(setup, run.started);
    (ended.took, ended.mention) = (None, None);
    let begun = time::show(begun);
    ended.notes.push(format!(
        "a run that began {begun} goes on, {place} (overlap = false)"
    ));
    report_unended(
        run,
        ended,
        "overlaps",
        &Outcome::Overlapping,
        setup,
        warnings,
    );
}

/// Reports something of a run that goes on: an event of its own, for the run's end has the run's id.
fn report_unended(
    run: &Open,
    mut ended: Ended,
    event: &str,
    outcome: &Outcome,
    setup: &'static Setup,
    warnings: &mut Vec<Warning>,
) -> bool {
    ended.run = hash::hash(&format!("{:016x} {event}", ended.run));
    let channel = channel(&run.job.arguments, setup);
    let routes = report::routes(setup, channel, &mut ended.notes, outcome, warnings);
    Report {
        ended,
        outcome,
        settings: settings(&run.job.arguments, setup),
        run: None,
        now: Instant::now(),
        setup,
        // It is asked about what has ended.
        program: Program::default(),
    }
    .make(setup.store(), routes.as_deref(), |_| true, warnings)
}

fn channel<'a>(arguments: &'a Arguments, setup: &'a Setup) -> &'a str {
    arguments.channel.as_ref().unwrap_or(&setup.default_channel)
}

fn settings(arguments: &Arguments, setup: &Setup) -> Settings {
    Settings {
        silent: arguments
            .silent_seconds
            .map_or(setup.rules.silent, time::seconds),
        ok_silent: arguments
            .ok_silent_hours
            .map_or(setup.rules.ok_silent, |hours| {
                time::or_never(hours, time::hours)
            }),
        remind: arguments
            .remind_hours
            .map_or(setup.rules.remind, time::hours),
        after: arguments.after.unwrap_or(setup.rules.after),
        flapping: arguments.flapping.unwrap_or(setup.rules.flapping),
    }
}

/// Works out what is the same at each run of a job, and warns where two share a status file.
fn find_job(site: &'static Site, name: Option<&str>, warnings: &mut Vec<Warning>) -> Job {
    let arguments = (site.arguments)();
    let job = Job {
        name: name::of(site),
        location: name::location(site),
        source: format!("{}:{}", site.place.file(), site.place.line()),
        is_debug_build: site.debug,
        version: Some(site.version.to_owned()).filter(|version| !version.is_empty()),
        plan: arguments.plan(),
        arguments,
    };
    let source = &job.source;
    for problem in &job.arguments.problems {
        let message = format!("#[notify] at {source}: {problem}");
        warnings.push(Warning::new(message.clone(), message));
    }
    let claimed = name.unwrap_or(&job.name);
    let other = { names().insert(claimed.to_owned(), source.clone()) };
    if let Some(other) = other {
        let message = format!(
            "two jobs share the status file `{claimed}`, at {other} and at {source}: give one a name = \"…\" of its own"
        );
        warnings.push(Warning::new(message.clone(), message));
    }
    job
}

/// Returns the one outermost run that is under way; `None` where there is none, or several.
pub(crate) fn sole() -> Option<Arc<RunData>> {
    let open = (0..TRIES).find_map(|_| {
        let open = OPEN.get().try_lock().ok();
        if open.is_none() {
            thread::yield_now();
        }
        open
    })?;
    let mut outermost = open.iter().filter(|(_, run)| !run.nested);
    let (number, run) = outermost.next()?;
    let is_sole = outermost.next().is_none() && run.asked.is_none();
    is_sole.then(|| run_data::of(*number))
}

fn names() -> MutexGuard<'static, HashMap<String, String>> {
    NAMES.get().lock().unwrap_or_else(PoisonError::into_inner)
}

fn open_runs() -> MutexGuard<'static, BTreeMap<u64, Open>> {
    OPEN.get().lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has signals reported that end the process, once that is asked for.
fn watch_signals(setup: &Setup) {
    #[cfg(unix)]
    if setup.signals
        && let Err(error) = signals::watch()
    {
        let message =
            format!("signals cannot be watched, and the next run reports what they end: {error}");
        Warning::new("signals", message).tell();
    }
}

/// Returns whether the process can go at once.
pub(crate) fn nothing_is_left() -> bool {
    for _ in 0..100 {
        let store = in_force::setup_so_far().opened_store();
        let is_behind = store.map_or(Some(false), Store::is_behind);
        if let (Ok(open), Some(is_behind)) = (OPEN.get().try_lock(), is_behind) {
            return open.is_empty()
                && !is_behind
                && !dispatcher::is_waited_for()
                && heartbeat::is_idle();
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}

/// Returns whether the exit decides what a `main` came to that has returned.
pub(crate) fn has_returned() -> bool {
    let open = OPEN.get().try_lock();
    open.is_ok_and(|open| open.values().any(|run| run.returned.is_some()))
}

/// Returns whether the program ends in its `main` because it has shown its help: that says nothing of its jobs.
fn is_help(open: &BTreeMap<u64, Open>, outcome: &Outcome) -> bool {
    // Where the code is not known, it was most likely 0.
    matches!(outcome, Outcome::Exited(None | Some(0)))
        && open
            .values()
            .any(|run| run.returned.is_none() && run.job.is_main())
        && asked::for_help()
}

/// Ends the runs that the end of the process cuts short, the innermost first, and brings status
/// files up to date.
pub(crate) fn end_all(outcome: &Outcome) -> Vec<Warning> {
    let open = std::mem::take(&mut *open_runs());
    let help = is_help(&open, outcome).then(|| Outcome::NotCounted(asked::HELP.to_owned()));
    let mut open: Vec<_> = open.into_iter().collect();
    let mut warnings = Vec::new();
    while let Some((number, run)) = open.pop() {
        let around: Vec<_> = open.iter().map(|(_, run)| run.clone()).collect();
        let after_return = run.returned.map(|_| outcome.after_return());
        let asked = run.asked.clone();
        let asked = asked.as_ref().map(|asked| &asked.outcome);
        let ended = asked.or(after_return.as_ref()).or(help.as_ref());
        let outcome = ended.unwrap_or(outcome);
        warnings.extend(end(number, &run, None, outcome, None, &around, true));
    }
    if let Some(store) = in_force::setup().store() {
        store.flush();
    }
    warnings
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;
    use crate::os::engine::own;

    /// Issue 13, point 5.
    #[cfg(unix)]
    #[test]
    fn a_child_that_is_forked_while_a_thread_names_a_job_does_not_wait_for_it() {
        assert!(crate::testing::a_run_ends_in_a_fork_while(names));
    }

    /// Issue 13, point 5.
    #[cfg(unix)]
    #[test]
    fn a_child_that_is_forked_while_a_thread_begins_a_run_does_not_wait_for_it() {
        assert!(crate::testing::a_run_ends_in_a_fork_while(open_runs));
    }

    /// Issue 13, point 5: the arguments of an attribute are the user's code, and may take long.
    #[test]
    fn a_child_that_is_forked_while_a_thread_evaluates_the_arguments_of_a_job_does_not_wait_for_it()
    {
        static BEGUN: Barrier = Barrier::new(2);
        static OVER: Barrier = Barrier::new(2);
        static PARENT: AtomicU64 = AtomicU64::new(0);
        static SITE: Site = Site::new::<Open>("etl::slow", true, true, "").with(|| {
            if PARENT.load(Ordering::Relaxed) == u64::from(std::process::id()) {
                BEGUN.wait();
                OVER.wait();
            }
            Arguments::new().channel(|| "")
        });
        PARENT.store(std::process::id().into(), Ordering::Relaxed);
        let _own = own::begin();
        let run = || {
            let _ = begin(&SITE, Some("etl.slow".to_owned()), true);
        };
        let own = own::get();
        thread::scope(|scope| {
            scope.spawn(move || {
                own::enter(own);
                run();
            });
            BEGUN.wait();
            let ends = ffi::ends_in_a_fork(run);
            OVER.wait();
            assert!(ends);
        });
    }
}
