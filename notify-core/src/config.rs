//! The settings: those given in code, then the environment's, then the defaults. The one file that
//! reads the environment.

use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::change::Address;
use crate::destination::Destination;
use crate::error::Error;
use crate::machine::Machine;
use crate::notifier::{Notifier, Slack};
use crate::rules::{HOUR, Settings};
use crate::status::State;
use crate::store::Store;
use crate::warn::Warning;

/// The channel of a job that names none.
const ALERTS: &str = "alerts";

/// How long the exit may wait for delivery.
const EXIT: Duration = Duration::from_secs(5);

/// A longer wait at the exit would look like a hang.
const LONGEST_EXIT: f64 = 3600.0;

/// The settings of a program, given in code. What is not set here comes from the environment.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use pipeline_notify::{Alert, Config, Notifier, Refusal, message};
///
/// struct Console;
///
/// impl Notifier for Console {
///     fn notify(&self, alerts: &[Alert], _timeout: Duration) -> Result<(), Refusal> {
///         println!("{}", message(alerts));
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), pipeline_notify::Error> {
/// # let folder = std::env::temp_dir().join(format!("pipeline-notify-doc-{}", std::process::id()));
/// Config::new()
///     .directory(&folder)
///     .exit_timeout(Duration::from_secs(2))
///     .channel("alerts", Console)
///     .install()?;
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
#[must_use = "a `Config` does nothing until it is installed"]
pub struct Config {
    directory: Option<PathBuf>,
    exit: Option<Duration>,
    host: Option<String>,
    default_channel: Option<String>,
    silent_seconds: Option<f64>,
    ok_silent_hours: Option<f64>,
    remind_hours: Option<f64>,
    channels: HashMap<String, Arc<dyn Notifier>>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("directory", &self.directory)
            .field("exit", &self.exit)
            .field("host", &self.host)
            .field("channels", &self.channels.keys())
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Makes a configuration in which nothing is set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the folder of the status files. Defaults to `NOTIFYDIR`, then to `pipeline-notify` in
    /// the user's state folder (`XDG_STATE_HOME`, else `~/.local/state`).
    pub fn directory(self, directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: Some(directory.into()),
            ..self
        }
    }

    /// Sets how long the exit of the process may wait for delivery. Defaults to
    /// `NOTIFY_EXIT_SECONDS`, then to 5 seconds.
    pub fn exit_timeout(self, timeout: Duration) -> Self {
        Self {
            exit: Some(timeout),
            ..self
        }
    }

    /// Sets the name of this host, as alerts show it. Defaults to the system's.
    pub fn host(self, host: impl Into<String>) -> Self {
        Self {
            host: Some(host.into()),
            ..self
        }
    }

    /// Sets the channel of jobs that name none; the empty text is no channel. Defaults to
    /// `NOTIFY_CHANNEL`, then to `alerts`.
    pub fn default_channel(self, channel: impl Into<String>) -> Self {
        Self {
            default_channel: Some(channel.into()),
            ..self
        }
    }

    /// Sets `silent_seconds` of jobs that do not say. Defaults to `NOTIFY_SILENT_SECONDS`, then to 1.
    pub fn silent_seconds(self, seconds: f64) -> Self {
        Self {
            silent_seconds: Some(seconds),
            ..self
        }
    }

    /// Sets `ok_silent_hours` of jobs that do not say; infinity means that no `OK` is told, but
    /// recoveries. Defaults to `NOTIFY_OK_SILENT_HOURS`, then to 0.99.
    pub fn ok_silent_hours(self, hours: f64) -> Self {
        Self {
            ok_silent_hours: Some(hours),
            ..self
        }
    }

    /// Sets `remind_hours` of jobs that do not say. Defaults to `NOTIFY_REMIND_HOURS`, then to 0.99.
    pub fn remind_hours(self, hours: f64) -> Self {
        Self {
            remind_hours: Some(hours),
            ..self
        }
    }

    /// Sets where the alerts of a channel go. Defaults to `SLACK_<CHANNEL>_WEBHOOK_URL`.
    pub fn channel(mut self, name: impl Into<String>, notifier: impl Notifier + 'static) -> Self {
        self.channels.insert(name.into(), Arc::new(notifier));
        self
    }

    /// Makes these the settings of the program, unless they are settled already.
    pub(crate) fn settle(self) -> Result<&'static Setup, Error> {
        if let Some(name) = self.channels.keys().find(|name| !is_channel_name(name)) {
            return Err(Error::ChannelName { name: name.clone() });
        }
        if let Some(name) = self
            .default_channel
            .as_ref()
            .filter(|name| !name.is_empty() && !is_channel_name(name))
        {
            return Err(Error::ChannelName { name: name.clone() });
        }
        for (setting, value) in [
            ("silent_seconds", self.silent_seconds),
            ("ok_silent_hours", self.ok_silent_hours),
            ("remind_hours", self.remind_hours),
        ] {
            let may_be_infinite = setting == "ok_silent_hours";
            if let Some(value) = value.filter(|value| !is_amount(*value, may_be_infinite)) {
                return Err(Error::Number { setting, value });
            }
        }
        let mut config = Some(self);
        let setup = SETUP.get_or_init(|| {
            let config = config.take().unwrap_or_default();
            Arc::new(Setup::new(config, true, |name| env::var_os(name)))
        });
        if config.is_some() {
            Err(Error::Settled)
        } else {
            Ok(setup)
        }
    }
}

/// Tells whether a channel may be called that: it becomes a part of a file's and a variable's name.
pub(crate) fn is_channel_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Tells whether a number of seconds or hours makes sense.
pub(crate) fn is_amount(value: f64, may_be_infinite: bool) -> bool {
    value >= 0.0 && (value.is_finite() || may_be_infinite)
}

static SETUP: OnceLock<Arc<Setup>> = OnceLock::new();

/// The settings that are in force, from the first end of a run on.
pub(crate) fn setup() -> &'static Setup {
    SETUP.get_or_init(|| from_environment().clone())
}

/// The settings as far as they are known: until the first end of a run a `Config` may replace them.
pub(crate) fn setup_so_far() -> &'static Setup {
    SETUP.get().unwrap_or_else(|| from_environment())
}

fn from_environment() -> &'static Arc<Setup> {
    static FROM_ENVIRONMENT: OnceLock<Arc<Setup>> = OnceLock::new();
    FROM_ENVIRONMENT
        .get_or_init(|| Arc::new(Setup::new(Config::new(), false, |name| env::var_os(name))))
}

/// Tells whether annotated functions report, or run bare: when they are switched off, and in tests
/// that have not installed a `Config`, lest somebody's `cargo test` call out the night shift.
pub(crate) fn is_active(in_test: bool) -> bool {
    static DISABLED: OnceLock<bool> = OnceLock::new();
    static IN_HARNESS: OnceLock<bool> = OnceLock::new();
    if *DISABLED.get_or_init(|| {
        env::var_os("NOTIFY_DISABLE").is_some_and(|value| is_yes(&value.to_string_lossy()))
    }) {
        return false;
    }
    let in_harness = in_test
        || *IN_HARNESS.get_or_init(|| env::current_exe().is_ok_and(|exe| is_test_program(&exe)));
    !in_harness || SETUP.get().is_some_and(|setup| setup.installed)
}

fn is_yes(value: &str) -> bool {
    !["", "0", "false", "no", "off"].contains(&value.trim().to_ascii_lowercase().as_str())
}

/// Tells where cargo puts the programs that it runs as tests, and rustdoc its own.
fn is_test_program(exe: &Path) -> bool {
    let folder = exe
        .parent()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy());
    folder.is_some_and(|folder| folder == "deps" || folder.starts_with("rustdoctest"))
}

/// Settings that are settled.
pub(crate) struct Setup {
    installed: bool,
    directory: Option<PathBuf>,
    store: OnceLock<Option<Store>>,
    pub(crate) exit: Duration,
    pub(crate) host: String,
    pub(crate) exe: Option<String>,
    pub(crate) instance: Option<String>,
    pub(crate) default_channel: String,
    pub(crate) rules: Settings,
    channels: HashMap<String, Arc<dyn Notifier>>,
    /// Destinations, by channel, once they were looked for.
    routes: Mutex<HashMap<String, Option<Arc<Route>>>>,
    /// Problems met here, told at the first end of a run.
    problems: Mutex<Vec<Warning>>,
}

/// Where an alert can go.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) channel: String,
    /// The destination's queue; `None` where there is no directory for one.
    pub(crate) queue: Option<String>,
    pub(crate) notifier: Arc<dyn Notifier>,
    /// What a person has to mend when the destination is broken.
    pub(crate) mend: String,
}

impl Route {
    pub(crate) fn address(&self) -> Address<'_> {
        Address {
            channel: &self.channel,
            queue: self.queue.as_deref(),
        }
    }
}

/// Where the alerts of a job go.
pub(crate) enum Way {
    To(Arc<Route>),
    /// To the channel `alerts`, for the job's own has no destination.
    Instead(Arc<Route>, String),
    /// Nowhere, which the job asks for.
    Silent,
    /// Nowhere, for want of a destination.
    Nowhere(Warning),
}

impl Setup {
    fn new(
        config: Config,
        installed: bool,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Self {
        let mut problems = Vec::new();
        let text =
            |name: &str| environment(name).map(|value| value.to_string_lossy().trim().to_owned());
        let mut number = |name: &str, given: Option<f64>, may_be_infinite: bool| {
            given.or_else(|| {
                let value = text(name).filter(|value| !value.is_empty())?;
                let number = match value.as_str() {
                    "never" if may_be_infinite => Some(f64::INFINITY),
                    value => value.parse().ok(),
                };
                let number = number.filter(|number| is_amount(*number, may_be_infinite));
                if number.is_none() {
                    problems.push(Warning::new(
                        name,
                        format!("{name} is no number from 0 up, and is ignored"),
                    ));
                }
                number
            })
        };
        let defaults = Settings::default();
        let rules = Settings {
            silent: number("NOTIFY_SILENT_SECONDS", config.silent_seconds, false)
                .unwrap_or(defaults.silent),
            ok_silent: number("NOTIFY_OK_SILENT_HOURS", config.ok_silent_hours, true)
                .map_or(defaults.ok_silent, |hours| hours * HOUR),
            remind: number("NOTIFY_REMIND_HOURS", config.remind_hours, false)
                .map_or(defaults.remind, |hours| hours * HOUR),
        };
        let exit = config.exit.or_else(|| {
            let seconds = number("NOTIFY_EXIT_SECONDS", None, false)?;
            Some(Duration::from_secs_f64(seconds.min(LONGEST_EXIT)))
        });
        let default_channel = config
            .default_channel
            .or_else(|| text("NOTIFY_CHANNEL"))
            .unwrap_or_else(|| ALERTS.to_owned());
        let default_channel = if default_channel.is_empty() || is_channel_name(&default_channel) {
            default_channel
        } else {
            problems.push(Warning::new(
                "NOTIFY_CHANNEL",
                "NOTIFY_CHANNEL is no channel name (ASCII letters, digits, `-`, `_`), and is ignored",
            ));
            ALERTS.to_owned()
        };
        Self {
            installed,
            directory: config.directory.or_else(|| default_directory(&environment)),
            store: OnceLock::new(),
            exit: exit.unwrap_or(EXIT),
            host: config.host.unwrap_or_else(|| host_name(&environment)),
            exe: env::current_exe()
                .ok()
                .map(|exe| exe.to_string_lossy().into_owned()),
            instance: text("NOTIFY_INSTANCE").filter(|instance| !instance.is_empty()),
            default_channel,
            rules,
            channels: config.channels,
            routes: Mutex::default(),
            problems: Mutex::new(problems),
        }
    }

    /// Tells what was wrong with the settings.
    pub(crate) fn tell_problems(&self) {
        let problems =
            std::mem::take(&mut *self.problems.lock().unwrap_or_else(PoisonError::into_inner));
        problems.into_iter().for_each(Warning::tell);
    }

    fn add_problem(&self, warning: Warning) {
        self.problems
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(warning);
    }

    /// Returns the notify directory; `None` where there is none that can be used.
    pub(crate) fn store(&self) -> Option<&Store> {
        let store = self.store.get_or_init(|| {
            let Some(directory) = &self.directory else {
                let message = "there is no notify directory (no NOTIFYDIR, no home): no status files are written, \
                               and alerts are sent from memory";
                self.add_problem(Warning::new("directory", message));
                return None;
            };
            Store::open(directory)
                .map_err(|error| {
                    let message = format!(
                        "the notify directory `{}` cannot be used ({error}): no status files are written, and alerts \
                         are sent from memory; set NOTIFYDIR to a folder that can be written",
                        directory.display()
                    );
                    self.add_problem(Warning::new("directory", message));
                })
                .ok()
        });
        store.as_ref()
    }

    /// Returns the notify directory as it was asked for.
    pub(crate) fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// Finds where an alert goes that says a job of `channel` is in `state`.
    pub(crate) fn way(&self, channel: &str, state: State) -> Way {
        if channel.is_empty() {
            return Way::Silent;
        }
        if let Some(route) = self.route(channel) {
            return Way::To(route);
        }
        let variable = variable(channel);
        if state == State::Error
            && let Some(route) = self.route(ALERTS)
        {
            let note =
                format!("channel `{channel}` has no webhook ({variable}): sent to `{ALERTS}`");
            return Way::Instead(route, note);
        }
        let place = self.directory().map_or(String::new(), |directory| {
            format!("; status files are in `{}`", directory.display())
        });
        Way::Nowhere(Warning::new(
            format!("webhook {channel}"),
            format!(
                "nobody is told of the jobs of channel `{channel}`: set {variable} to its webhook, or channel = \"\" \
                 (NOTIFY_CHANNEL=) for status files alone{place}"
            ),
        ))
    }

    /// Returns the destination of a channel, if it has one.
    pub(crate) fn route(&self, channel: &str) -> Option<Arc<Route>> {
        let routes = || self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes().get(channel) {
            return route.clone();
        }
        let route = self.find_route(channel).map(Arc::new);
        // A queue that cannot be had now may be had later.
        if route
            .as_ref()
            .is_none_or(|route| route.queue.is_some() || self.store().is_none())
        {
            routes().insert(channel.to_owned(), route.clone());
        }
        route
    }

    fn find_route(&self, channel: &str) -> Option<Route> {
        let (notifier, mend) = match self.channels.get(channel) {
            Some(notifier) => (notifier.clone(), "its notifier".to_owned()),
            None => {
                let webhook = find_webhook(channel, env::var_os(variable(channel)));
                (
                    webhook
                        .map_err(|warning| self.add_problem(warning))
                        .ok()??,
                    variable(channel),
                )
            }
        };
        let queue = self.store().and_then(|store| {
            let name = store.outbox().queue_name(channel, &identity(&*notifier));
            name.map_err(|error| {
                self.add_problem(Warning::new(
                    "outbox",
                    format!("alerts cannot be queued on disk: {error}"),
                ));
            })
            .ok()
        });
        Some(Route {
            channel: channel.to_owned(),
            queue,
            notifier,
            mend,
        })
    }
}

/// Asks a notifier for its identity, which is foreign code.
fn identity(notifier: &dyn Notifier) -> String {
    catch_unwind(AssertUnwindSafe(|| notifier.identity()))
        .unwrap_or_else(|_| "a notifier that panicked".to_owned())
}

fn find_webhook(
    channel: &str,
    value: Option<OsString>,
) -> Result<Option<Arc<dyn Notifier>>, Warning> {
    let warning = |problem| {
        let variable = variable(channel);
        Warning::new(
            variable.clone(),
            format!("{variable} cannot be used: {problem}"),
        )
    };
    let Some(value) = value else { return Ok(None) };
    // Not the error's own text: it would show the value.
    let value = value
        .into_string()
        .map_err(|_| warning("it is not UTF-8"))?;
    if value.trim().is_empty() {
        return Ok(None);
    }
    let destination = Destination::parse(&value).map_err(warning)?;
    Ok(Some(Arc::new(Slack::to(destination))))
}

/// Names the variable that holds a channel's webhook, as in the article.
fn variable(channel: &str) -> String {
    format!(
        "SLACK_{}_WEBHOOK_URL",
        channel.replace(['-', '_'], "").to_ascii_uppercase()
    )
}

fn default_directory(environment: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name| {
        environment(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    folder("NOTIFYDIR").or_else(|| {
        let state = folder("XDG_STATE_HOME").filter(|path| path.is_absolute());
        let state = state.or_else(|| folder("HOME").map(|home| home.join(".local/state")))?;
        Some(state.join("pipeline-notify"))
    })
}

fn host_name(environment: impl Fn(&str) -> Option<OsString>) -> String {
    let kernel = Machine::this().host.clone();
    let host =
        kernel.or_else(|| environment("HOSTNAME").map(|host| host.to_string_lossy().into_owned()));
    host.unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(config: Config, environment: &[(&str, &str)]) -> Setup {
        Setup::new(config, true, |name| {
            environment
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.into())
        })
    }

    fn problems(setup: &Setup) -> usize {
        setup.problems.lock().unwrap().len()
    }

    #[test]
    fn code_comes_before_the_environment_and_the_environment_before_the_defaults() {
        let environment = [
            ("NOTIFYDIR", "/srv/notify"),
            ("NOTIFY_SILENT_SECONDS", "14256"),
            ("NOTIFY_OK_SILENT_HOURS", "never"),
            ("NOTIFY_EXIT_SECONDS", "2.5"),
            ("NOTIFY_CHANNEL", ""),
        ];
        let from_environment = setup(Config::new(), &environment);
        assert_eq!(from_environment.directory(), Some(Path::new("/srv/notify")));
        assert_eq!(
            from_environment.rules,
            Settings {
                silent: 14256.0,
                ok_silent: f64::INFINITY,
                remind: 3564.0
            }
        );
        assert_eq!(from_environment.exit, Duration::from_millis(2500));
        assert_eq!(from_environment.default_channel, "");

        let config = Config::new()
            .directory("/elsewhere")
            .silent_seconds(60.0)
            .exit_timeout(Duration::ZERO)
            .default_channel("data");
        let from_code = setup(config, &environment);
        assert_eq!(from_code.directory(), Some(Path::new("/elsewhere")));
        assert_eq!(
            (from_code.rules.silent, from_code.exit),
            (60.0, Duration::ZERO)
        );
        assert_eq!(from_code.default_channel, "data");

        let defaults = setup(Config::new(), &[("HOME", "/home/anna"), ("HOSTNAME", "x")]);
        assert_eq!(
            defaults.directory(),
            Some(Path::new("/home/anna/.local/state/pipeline-notify"))
        );
        assert_eq!((defaults.rules, defaults.exit), (Settings::default(), EXIT));
        assert_eq!(setup(Config::new(), &[]).directory(), None);
    }

    #[test]
    fn a_value_that_makes_no_sense_is_told_and_ignored() {
        let environment = [
            ("NOTIFY_SILENT_SECONDS", "-1"),
            ("NOTIFY_REMIND_HOURS", "inf"),
            ("NOTIFY_OK_SILENT_HOURS", "NaN"),
            ("NOTIFY_EXIT_SECONDS", "soon"),
            ("NOTIFY_CHANNEL", "../x"),
        ];
        let setup = setup(Config::new(), &environment);
        assert_eq!(
            (setup.rules, setup.exit, problems(&setup)),
            (Settings::default(), EXIT, 5)
        );
        assert_eq!(setup.default_channel, "alerts");
    }

    #[test]
    fn a_config_with_a_setting_that_makes_no_sense_is_not_installed() {
        assert!(matches!(
            Config::new().silent_seconds(f64::NAN).install(),
            Err(Error::Number { .. })
        ));
        assert!(matches!(
            Config::new().default_channel("a b").install(),
            Err(Error::ChannelName { .. })
        ));
    }

    #[test]
    fn a_channels_variable_is_named_as_in_the_article() {
        assert_eq!(variable("data-alerts_2"), "SLACK_DATAALERTS2_WEBHOOK_URL");
        for (name, good) in [
            ("alerts", true),
            ("a-b_2", true),
            ("", false),
            ("a b", false),
            ("é", false),
            ("a/b", false),
        ] {
            assert_eq!(is_channel_name(name), good, "{name}");
        }
    }

    #[test]
    fn a_webhook_that_cannot_be_used_is_named_without_its_value() {
        for value in ["/SECRET", "http://example.com/SECRET"] {
            let Err(warning) = find_webhook("alerts", Some(value.into())) else {
                panic!("{value}")
            };
            let shown = format!("{warning:?}");
            assert!(
                shown.contains("SLACK_ALERTS_WEBHOOK_URL") && !shown.contains("SECRET"),
                "{shown}"
            );
        }
        for value in [None, Some(""), Some("  ")] {
            assert!(matches!(
                find_webhook("alerts", value.map(OsString::from)),
                Ok(None)
            ));
        }
    }

    #[test]
    fn only_a_word_that_means_yes_switches_reporting_off() {
        for (value, yes) in [
            ("1", true),
            ("true", true),
            ("x", true),
            ("", false),
            ("0", false),
            ("False", false),
            ("no", false),
            ("OFF", false),
        ] {
            assert_eq!(is_yes(value), yes, "{value}");
        }
    }

    #[test]
    fn programs_that_cargo_runs_as_tests_are_known_by_their_folder() {
        assert!(is_test_program(Path::new("/x/target/debug/deps/app-0123")));
        assert!(is_test_program(Path::new("/tmp/rustdoctestAbc/rust_out")));
        assert!(!is_test_program(Path::new("/x/target/debug/app")));
        assert!(!is_test_program(Path::new("/x/target/debug/examples/app")));
    }
}
