//! The settings in force: those given in code, then the environment's, then the defaults.

use std::collections::HashMap;
use std::ffi::OsString;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::format::text::{escape, readable};
use crate::format::time;
use crate::job::name;
use crate::message::writer::Writer;
use crate::notifier::Notifier;
use crate::notifier::heartbeat::Heartbeat;
use crate::os::machine::Machine;
use crate::os::mutex::Mutex;
use crate::os::process;
use crate::os::redact;
use crate::os::warning::Warning;
use crate::rules::rule::Rule;
use crate::rules::{Attempt, Settings};
pub(crate) use crate::settings::config::ALERTS;
use crate::settings::config::Config;
use crate::settings::directory::{self, Missing};
use crate::settings::environment::{self, read};
use crate::settings::facts;
use crate::settings::route::Routes;
use crate::settings::values::Values;
use crate::settings::variables;
use crate::state::Store;
#[cfg(feature = "postgres")]
use crate::state::shared::Password;

/// The variable that names the shared store.
const STORE: &str = "NOTIFY_STORE";

/// How long the exit may wait for delivery.
const EXIT: Duration = Duration::from_secs(5);

/// A longer wait at the exit would look like a hang.
const LONGEST_EXIT: Duration = Duration::from_secs(3600);

/// How soon a notify directory that could not be used is tried again: it may be on a volume that is mounted later.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Settings that are settled, and what was found by them.
pub(crate) struct Setup {
    settled: Arc<Settled>,
    store: OnceLock<Store>,
    /// When it was last tried to open it.
    pub(super) tried: Mutex<Option<Instant>>,
    /// Whether that has failed, and nobody has asked since.
    has_failed: AtomicBool,
    /// Destinations, by channel, once they were looked for.
    pub(super) routes: Mutex<HashMap<String, Option<Arc<Routes>>>>,
    /// Problems met here, logged at the first end of a run.
    pub(super) problems: Mutex<Vec<Warning>>,
    /// Whether there are some: each run asks, on every thread.
    has_problems: AtomicBool,
}

/// Settings that are settled.
pub(crate) struct Settled {
    installed: bool,
    directory: Result<PathBuf, Missing>,
    /// The address of the shared store, which is a secret.
    #[cfg(feature = "postgres")]
    store: Option<String>,
    #[cfg(feature = "postgres")]
    password: Option<Password>,
    mode: u32,
    pub(crate) exit: Duration,
    pub(crate) host: String,
    pub(crate) exe: Option<String>,
    pub(crate) instance: Option<String>,
    pub(crate) default_channel: String,
    pub(crate) rules: Settings,
    pub(crate) overdue_minutes: Option<f64>,
    /// Whether the beginning of a run is sent whose job does not say.
    pub(crate) start: bool,
    pub(crate) attempt: Option<Attempt>,
    /// What alerts say of where the process runs.
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) signals: bool,
    pub(crate) heartbeat: Option<Arc<Heartbeat>>,
    pub(crate) rule: Option<Rule>,
    pub(crate) message: Option<Writer>,
    pub(crate) channels: HashMap<String, Arc<dyn Notifier>>,
}

impl Deref for Setup {
    type Target = Settled;

    fn deref(&self) -> &Settled {
        &self.settled
    }
}

impl Setup {
    /// Returns whether they come from a `Config` that was installed.
    pub(crate) fn is_installed(&self) -> bool {
        self.installed
    }

    /// Makes the settings of this process.
    pub(crate) fn of_process(config: Config, installed: bool) -> Self {
        let setup = Self::new(config, installed, read);
        for (name, _) in environment::variables() {
            if let Some(meant) = variables::meant(&name) {
                let message = format!(
                    "{name} is not a variable of pipeline-notify, and is ignored: did you mean {meant}?"
                );
                setup.add_problem(Warning::new(name, message));
            }
        }
        setup
    }

    fn new(
        config: Config,
        installed: bool,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Self {
        let mut values = Values::of(&environment);
        let rules = rules(&config, &mut values);
        let overdue_minutes = config
            .overdue_minutes
            .or_else(|| values.number("NOTIFY_OVERDUE_MINUTES", false));
        let exit = config.exit.or_else(|| {
            let seconds = values.number("NOTIFY_EXIT_SECONDS", false);
            seconds.map(time::seconds)
        });
        let settled = Settled {
            installed,
            #[cfg(feature = "postgres")]
            store: values.text(STORE).filter(|_| !config.is_local),
            #[cfg(feature = "postgres")]
            password: {
                let file = || {
                    values
                        .text("PGPASSFILE")
                        .map(|path| Password::File(path.into()))
                };
                values.text("PGPASSWORD").map(Password::Word).or_else(file)
            },
            // The program may go elsewhere while it runs.
            directory: directory::find(config.directory, &environment)
                .map(|directory| std::path::absolute(&directory).unwrap_or(directory)),
            mode: values.file_mode(),
            exit: exit.unwrap_or(EXIT).min(LONGEST_EXIT),
            host: readable(&config.host.unwrap_or_else(|| host_name(&environment))).into_owned(),
            exe: process::exe().map(|exe| exe.to_string_lossy().into_owned()),
            instance: values.text("NOTIFY_INSTANCE").map(name::bounded),
            default_channel: values.channel(config.default_channel),
            rules,
            overdue_minutes,
            start: config.start,
            attempt: values.attempt(),
            facts: facts::of(&|name: &str| values.raw(name)),
            signals: config
                .signals
                .unwrap_or_else(|| values.is_yes("NOTIFY_SIGNALS")),
            heartbeat: values.heartbeat(config.heartbeat),
            rule: config.rule,
            message: config.message,
            channels: config.channels,
        };
        #[cfg(not(feature = "postgres"))]
        if values.text(STORE).is_some() {
            let message = format!(
                "{STORE} needs pipeline-notify built with its feature `postgres`: the notify directory is used"
            );
            values.problems.push(Warning::new(STORE, message));
        }
        Self::of(Arc::new(settled), values.problems)
    }

    fn of(settled: Arc<Settled>, problems: Vec<Warning>) -> Self {
        Self {
            settled,
            store: OnceLock::new(),
            tried: Mutex::default(),
            has_failed: AtomicBool::new(false),
            routes: Mutex::default(),
            has_problems: AtomicBool::new(!problems.is_empty()),
            problems: Mutex::new(problems),
        }
    }

    /// Returns the same settings, with nothing found by them so far.
    pub(crate) fn renewed(&self) -> Self {
        Self::of(self.settled.clone(), Vec::new())
    }

    /// Returns what was wrong with the settings, to be logged.
    pub(crate) fn take_problems(&self) -> Vec<Warning> {
        if !self.has_problems.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut problems = self.problems.lock();
        self.has_problems.store(false, Ordering::Relaxed);
        std::mem::take(&mut *problems)
    }

    /// Warns of what was wrong with the settings.
    pub(crate) fn warn_of_problems(&self) {
        self.take_problems().into_iter().for_each(Warning::warn);
    }

    pub(crate) fn add_problem(&self, warning: Warning) {
        let mut problems = self.problems.lock();
        problems.push(warning);
        self.has_problems.store(true, Ordering::Release);
    }

    /// Returns the notify directory; `None` where there is none that can be used now.
    pub(crate) fn store(&self) -> Option<&Store> {
        self.opened_store().or_else(|| self.open_store())
    }

    #[cold]
    fn open_store(&self) -> Option<&Store> {
        let mut tried = self.tried.lock();
        // Nothing mends a name that can be none.
        let is_over = |tried: Instant| self.directory.is_err() || tried.elapsed() < TRY_AGAIN;
        if self.opened_store().is_none() && !tried.is_some_and(is_over) {
            match self.try_to_open() {
                Ok(store) => {
                    if tried.is_some() {
                        let message = format!("{store} can be used now: status files are written");
                        self.add_problem(Warning::new("directory at last", message));
                    }
                    let _ = self.store.set(store);
                }
                Err(problem) => {
                    self.add_problem(Warning::new("directory", problem));
                    let is_first = tried.is_none() && self.directory.is_ok();
                    self.has_failed.fetch_or(is_first, Ordering::Relaxed);
                }
            }
            *tried = Some(Instant::now());
        }
        self.opened_store()
    }

    /// Returns, once, that the notify directory cannot be used, and may be later.
    pub(crate) fn take_failure(&self) -> bool {
        self.has_failed.swap(false, Ordering::Relaxed)
    }

    fn try_to_open(&self) -> Result<Store, String> {
        #[cfg(feature = "postgres")]
        if let Some(store) = self.shared_store() {
            return Ok(store);
        }
        self.open_directory()
    }

    /// Opens the notify directory, or says why that cannot be, and what to do.
    fn open_directory(&self) -> Result<Store, String> {
        let without = "no status files are written, and alerts are sent from memory";
        match &self.directory {
            Ok(directory) => Store::open(directory, self.mode).map_err(|error| {
                format!(
                    "the notify directory `{}` cannot be used ({error}): until it can, {without}; set NOTIFYDIR to a \
                     folder that can be written",
                    directory.display()
                )
            }),
            Err(Missing::Unnamed) => Err(format!(
                "there is no notify directory (no NOTIFYDIR, no home, no STATE_DIRECTORY): {without}; set \
                 NOTIFYDIR to a folder that can be written (in a unit of systemd: `StateDirectory=notify` and \
                 `Environment=NOTIFYDIR=%S/notify`)"
            )),
            Err(Missing::Refused(path, problem)) => Err(format!(
                "NOTIFYDIR cannot be `{}` ({problem}): {without}",
                escape(&redact::without_passwords(&path.to_string_lossy()))
            )),
        }
    }

    /// Returns the shared store, where one is named; one whose address makes no sense is a warning, and the notify
    /// directory stands in.
    #[cfg(feature = "postgres")]
    fn shared_store(&self) -> Option<Store> {
        let unusable = |problem| {
            let message =
                format!("{STORE} cannot be used ({problem}): the notify directory is used");
            self.add_problem(Warning::new(STORE, message));
        };
        self.share()?.map_err(unusable).ok()
    }

    #[cfg(feature = "postgres")]
    fn share(&self) -> Option<Result<Store, String>> {
        let address = self.settled.store.as_ref()?;
        let password = self.password.clone();
        Some(Store::share(address, password, self.directory(), self.mode))
    }

    /// Returns the shared store, where one is named, or what is wrong with its address: for those who must not take
    /// the notify directory for it. That this program knows no stores is a warning.
    #[cfg(feature = "cli")]
    pub(crate) fn named_store(&self) -> Option<Result<&Store, String>> {
        #[cfg(feature = "postgres")]
        if self.settled.store.is_some() {
            if let Some(store) = self.store().filter(|store| store.directory().is_none()) {
                return Some(Ok(store));
            }
            self.problems.lock().retain(|problem| !problem.is(STORE));
            return Some(Err(self.share()?.err()?));
        }
        let mut problems = self.problems.lock();
        let (wrong, left): (Vec<_>, _) = problems.drain(..).partition(|one| one.is(STORE));
        *problems = left;
        drop(problems);
        wrong.into_iter().for_each(Warning::warn);
        None
    }

    /// Returns the store, if it was used already.
    pub(crate) fn opened_store(&self) -> Option<&Store> {
        self.store.get()
    }

    /// Returns the notify directory as it was asked for.
    pub(crate) fn directory(&self) -> Option<&Path> {
        self.directory.as_deref().ok()
    }

    /// Says where the status of jobs is, unless it was found that no file can be written there: a warning says that
    /// already.
    pub(crate) fn status_place(&self) -> Option<String> {
        let directory = match self.opened_store() {
            Some(store) if store.directory().is_none() => {
                return Some(format!("their status is in {store}"));
            }
            None if self.tried.lock().is_some() => None,
            Some(_) | None => self.directory(),
        };
        directory.map(|directory| format!("status files are in `{}`", directory.display()))
    }

    /// The same, with the reason where there is none.
    pub(crate) fn named_directory(&self) -> Result<&Path, Error> {
        match &self.directory {
            Ok(directory) => Ok(directory),
            Err(Missing::Unnamed) => Err(Error::NoDirectory),
            Err(Missing::Refused(path, problem)) => Err(refused(path, problem)),
        }
    }
}

/// Returns the folder that a person means who names one to the command.
pub(crate) fn meant_directory(path: &Path) -> Result<PathBuf, Error> {
    let home = read("HOME").map(PathBuf::from);
    directory::meant(path, home.as_deref()).map_err(|problem| refused(path, problem))
}

fn refused(path: &Path, problem: &'static str) -> Error {
    Error::Directory {
        path: redact::without_passwords(&path.to_string_lossy())
            .into_owned()
            .into(),
        source: std::io::Error::new(std::io::ErrorKind::InvalidInput, problem),
    }
}

fn host_name(environment: impl Fn(&str) -> Option<OsString>) -> String {
    let kernel = Machine::this().host.clone();
    let host =
        kernel.or_else(|| environment("HOSTNAME").map(|host| host.to_string_lossy().into_owned()));
    host.unwrap_or_else(|| "unknown".to_owned())
}

/// Returns the rules of jobs whose attribute says nothing else.
fn rules(config: &Config, values: &mut Values<impl Fn(&str) -> Option<OsString>>) -> Settings {
    let flapping = config
        .flapping
        .unwrap_or_else(|| values.is_yes("NOTIFY_FLAPPING"));
    let mut number = |name, given: Option<f64>, may_be_infinite| {
        given.or_else(|| values.number(name, may_be_infinite))
    };
    let times = Settings::default().with_times(
        number("NOTIFY_SILENT_SECONDS", config.silent_seconds, false),
        number("NOTIFY_OK_SILENT_HOURS", config.ok_silent_hours, true),
        number("NOTIFY_REMIND_HOURS", config.remind_hours, false),
    );
    Settings { flapping, ..times }
}

#[cfg(test)]
mod tests;
