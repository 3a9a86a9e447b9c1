//! The settings of a program, given in code.
//!
//! Long on purpose: most of it is what users read of each setting.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::format::time::HOUR;
use crate::message::alert::Alert;
use crate::message::writer::Writer;
use crate::message::written::Message;
use crate::notifier::Notifier;
use crate::notifier::heartbeat::Heartbeat;
use crate::rules::decision::Decision;
use crate::rules::occasion::Occasion;
use crate::rules::rule::Rule;

/// The channel of a job that names none.
pub(crate) const ALERTS: &str = "alerts";

/// The longest name of a channel.
pub(crate) const MAX_CHANNEL_BYTES: usize = 64;

const MINUTE: Duration = Duration::from_secs(60);

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
    pub(crate) directory: Option<PathBuf>,
    /// Whether the directory counts though the environment names a store.
    #[cfg_attr(
        all(feature = "cli", not(feature = "postgres")),
        expect(dead_code, reason = "without the feature there is no store")
    )]
    pub(crate) is_local: bool,
    pub(crate) exit: Option<Duration>,
    pub(crate) host: Option<String>,
    pub(crate) default_channel: Option<String>,
    pub(crate) silent_seconds: Option<f64>,
    pub(crate) ok_silent_hours: Option<f64>,
    pub(crate) remind_hours: Option<f64>,
    pub(crate) overdue_minutes: Option<f64>,
    pub(crate) flapping: Option<bool>,
    pub(crate) start: bool,
    pub(crate) signals: Option<bool>,
    pub(crate) heartbeat: Option<String>,
    pub(crate) rule: Option<Rule>,
    pub(crate) message: Option<Writer>,
    pub(crate) channels: HashMap<String, Arc<dyn Notifier>>,
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
    /// the user's state folder (`XDG_STATE_HOME`, else `~/.local/state`), or in that which systemd
    /// gives a service (`STATE_DIRECTORY`).
    pub fn directory(self, directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: Some(directory.into()),
            ..self
        }
    }

    /// Takes the directory that a person names, if any, though the environment may name a store.
    pub(crate) fn in_folder(self, named: Option<&Path>) -> Self {
        let Some(directory) = named else { return self };
        Self {
            is_local: true,
            ..self.directory(directory)
        }
    }

    /// Sets how long the exit of the process may wait for delivery. Defaults to
    /// `NOTIFY_EXIT_SECONDS`, then to 5 seconds; an hour at most.
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

    /// Sets `ok_silent_hours` of jobs that do not say; infinity means that no `OK` is sent, but
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

    /// Sets `overdue_minutes` of jobs that do not say: a run that takes longer sends one alert, while
    /// it goes on. Defaults to `NOTIFY_OVERDUE_MINUTES`, then to never.
    pub fn overdue_minutes(self, minutes: f64) -> Self {
        Self {
            overdue_minutes: Some(minutes),
            ..self
        }
    }

    /// Sets `silent_seconds` as a [`Duration`]. Defaults to 1 second.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use pipeline_notify::Config;
    ///
    /// let hour = Duration::from_secs(3600);
    /// let config = Config::new()
    ///     .silent(hour)
    ///     .remind(4 * hour)
    ///     .overdue(hour / 2)
    ///     .ok_silent(Duration::MAX);
    /// # drop(config);
    /// ```
    pub fn silent(self, silence: Duration) -> Self {
        self.silent_seconds(silence.as_secs_f64())
    }

    /// Sets `ok_silent_hours` as a [`Duration`]; [`Duration::MAX`] means that no `OK` is sent, but
    /// recoveries. Defaults to 0.99 hours.
    pub fn ok_silent(self, silence: Duration) -> Self {
        self.ok_silent_hours(match silence {
            Duration::MAX => f64::INFINITY,
            silence => silence.div_duration_f64(HOUR),
        })
    }

    /// Sets `remind_hours` as a [`Duration`]. Defaults to 0.99 hours.
    pub fn remind(self, pause: Duration) -> Self {
        self.remind_hours(pause.div_duration_f64(HOUR))
    }

    /// Sets `overdue_minutes` as a [`Duration`]. Defaults to never.
    pub fn overdue(self, limit: Duration) -> Self {
        self.overdue_minutes(limit.div_duration_f64(MINUTE))
    }

    /// Has jobs that do not say report flapping while their status keeps changing: the fifth change
    /// without an hour and three runs in one status sends an alert, then one follows per larger of
    /// `silent_seconds` and `remind_hours`, and its end. Defaults to `NOTIFY_FLAPPING`, then to `false`.
    pub fn flapping(self, is_sent: bool) -> Self {
        Self {
            flapping: Some(is_sent),
            ..self
        }
    }

    /// Sends the beginning of each run that is inside no other, of jobs that do not say `start`. Defaults to
    /// `false`.
    pub fn start(self, is_sent: bool) -> Self {
        Self {
            start: is_sent,
            ..self
        }
    }

    /// Has SIGTERM, SIGINT and SIGHUP reported at once, and not by the next run. They then do what
    /// they would have done. A signal for which the program has a handler, or sets one later, is the
    /// program's own: then only the end that it comes to is reported.
    ///
    /// `false` gives signals back that are watched already: `ctrlc::try_set_handler` refuses where any
    /// handler is there. Defaults to `NOTIFY_SIGNALS`, then to `false`.
    pub fn signals(self, are_reported: bool) -> Self {
        Self {
            signals: Some(are_reported),
            ..self
        }
    }

    /// Sends each beginning and each end of a run to a service that notices missing runs, in
    /// the ping protocol of [Healthchecks](https://healthchecks.io/docs/http_api/): a POST to
    /// `…/start`, then to the URL itself or to `…/fail` with the error, each with the run's id as `rid`.
    ///
    /// `{job}` in the URL stands for the job's name as a slug (lower case letters, digits, `-`, `_`),
    /// for a check of each job; `file:/path` is read at each ping. It knows no rules and no channels,
    /// and delays no run: what cannot be sent within 30 seconds, or waits behind 64 others, is
    /// dropped. The exit waits up to 2 seconds for it. Defaults to `NOTIFY_HEARTBEAT_URL`, then to none.
    ///
    /// # Examples
    ///
    /// ```
    /// use pipeline_notify::Config;
    ///
    /// let config = Config::new().heartbeat("https://hc-ping.com/k3y/{job}?create=1");
    /// assert!(!format!("{config:?}").contains("k3y"), "the URL is a secret");
    /// ```
    pub fn heartbeat(self, url: impl Into<String>) -> Self {
        Self {
            heartbeat: Some(url.into()),
            ..self
        }
    }

    /// Sets where the alerts of a channel go. Defaults to the webhook in
    /// `SLACK_<CHANNEL>_WEBHOOK_URL` and all destinations in `NOTIFY_<CHANNEL>_URL`, where the
    /// channel's name is in capitals without `-` and `_`: one word or several, with spaces between.
    ///
    /// | word | |
    /// |---|---|
    /// | `slack://TokenA/TokenB/TokenC`, `slack://hook:TokenA-TokenB-TokenC@webhook`, `https://hooks.slack.com/services/…` | [`Slack`](crate::Slack) |
    /// | `slack://xoxb-Token/#channel`, `slack://xoxb-Token/C0123ABCD` | Slack, as a bot: an incident is one message, with its story in the thread |
    /// | `mattermost://host/key`, `rocketchat://host/keyA/keyB` | the same payload, to `https://host/hooks/…`; `mattermost://host/folder/key` for a server below a folder |
    /// | `discord://WebhookID/WebhookToken`, `discord://WebhookToken@WebhookID`, `https://discord.com/api/webhooks/…` | [`Discord`](crate::Discord) |
    /// | `workflows://host/workflow/signature`, `https://….api.powerplatform.com/…` | [`Teams`](crate::Teams) |
    /// | `tgram://123456:Token/-1001234567890`, `tgram://123456:Token/-1001234567890:42` | Telegram; an incident is one message, with replies |
    /// | `matrixs://AccessToken@host/!room:server` | Matrix; an incident is one message, with its story in the thread |
    /// | `gchat://Space/Key/Token`, `gchat://Space/Key/Token/thread`, `https://chat.googleapis.com/v1/spaces/…` | Google Chat; the messages of an incident are a thread, or all of them the one that is named |
    /// | `ntfys://topic`, `ntfys://host/topic`, `ntfys://token@host/topic`, `ntfys://user:password@host/topic` | ntfy, at ntfy.sh or a host |
    /// | `sendmail:///usr/sbin/sendmail?to=anna@example.com,root` | mail, by a program that takes it; with `from=` or not |
    /// | `mailtos://user:password@host:587/?from=jobs@example.com&to=anna@example.com` | mail, by a server with STARTTLS, or TLS at port 465; needs the feature `email` |
    /// | `mailto://127.0.0.1:25/?from=jobs@example.com&to=anna@example.com` | the same in clear, to this machine |
    /// | `pagerduty://key`, `pagerduty://events.eu.pagerduty.com/key` | [`PagerDuty`](crate::PagerDuty) |
    /// | `jira://key` | Jira Service Management |
    /// | `opsgenie://key`, `opsgenie://key?region=eu` | Opsgenie |
    /// | `jsons://host/path`, `json://127.0.0.1:8080/path` | [`Json`](crate::Json), by `https` or, to a loopback address, `http`; signed with the key in `NOTIFY_<CHANNEL>_SECRET` where there is one |
    /// | `exec:///path/to/program?arg=one&arg=two` | [`Exec`](crate::Exec); `%20` is a space |
    /// | `file:/path` | what that file holds, one of the above, read at each send |
    ///
    /// A word that cannot be used is a warning that shows the right form, and nothing of the word.
    pub fn channel(mut self, name: impl Into<String>, notifier: impl Notifier + 'static) -> Self {
        self.channels.insert(name.into(), Arc::new(notifier));
        self
    }

    /// Has a rule of the program decide which runs are sent, for jobs whose attribute has no `rule`. It gets
    /// an [`Occasion`], which also says what the built-in rules decide, and answers with a [`Decision`].
    ///
    /// It must answer the same for the same occasion, and change nothing: it is asked anew where another process
    /// was faster, five times at most, and then its last answer stands. It is asked once the run has ended, on the
    /// run's thread or at the exit on one of ours, and holds up nothing but that: a rule that never returns keeps
    /// its run from ever ending. What is annotated runs bare in it. If it panics, the built-in rules decide, and
    /// the log is warned.
    ///
    /// The built-in rules alone decide on what happens while the program is not there (a run that was killed, or
    /// never began; an alert that was held back and whose time has come), on a run that is overdue, and where a
    /// person has silenced or acknowledged the error. A planned quiet comes before a rule, too. `pipeline-notify explain` says who decided.
    ///
    /// A failure of which the rule says nothing counts as silenced by a person: `pipeline-notify status` and
    /// `check` show that it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use pipeline_notify::{Config, Decision};
    ///
    /// // A failure is sent once it is the third in a row; all else is as it was.
    /// let config = Config::new().rule(|occasion| match occasion.failures() {
    ///     1 | 2 => Decision::silent("not the third failure yet"),
    ///     _ => occasion.built_in(),
    /// });
    /// assert!(format!("{config:?}").starts_with("Config"));
    /// ```
    pub fn rule(self, rule: impl Fn(&Occasion<'_>) -> Decision + Send + Sync + 'static) -> Self {
        Self {
            rule: Some(Rule::new(rule)),
            ..self
        }
    }

    /// Has a function of the program write into the alert of each run's end, for jobs whose attribute has no `message`.
    /// It gets the [`Alert`] as the library would send it, and returns a [`Message`]: what it adds, or writes instead.
    ///
    /// It is asked at the end of the run, before the alert is stored, under the same conditions as a
    /// [`rule`](Self::rule): so every destination shows the same, also when another process sends the alert. If it
    /// panics, the alert is sent as the library writes it, and the log is warned.
    ///
    /// # Examples
    ///
    /// ```
    /// use pipeline_notify::{Config, Message};
    ///
    /// let config = Config::new().message(|alert| {
    ///     Message::new().link("dashboard", format!("https://dash.example.com/{}", alert.job()))
    /// });
    /// assert!(format!("{config:?}").starts_with("Config"));
    /// ```
    pub fn message(self, message: impl Fn(&Alert) -> Message + Send + Sync + 'static) -> Self {
        Self {
            message: Some(Writer::new(message)),
            ..self
        }
    }

    /// Checks what the types of the setters let through.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let default = self.default_channel.iter().filter(|name| !name.is_empty());
        let mut names = self.channels.keys().chain(default);
        if let Some(name) = names.find(|name| !is_channel_name(name)) {
            return Err(Error::ChannelName { name: name.clone() });
        }
        if let Some(Err(problem)) = self.heartbeat.as_deref().map(Heartbeat::parse) {
            return Err(Error::Heartbeat { problem });
        }
        for (setting, value) in [
            ("silent_seconds", self.silent_seconds),
            ("ok_silent_hours", self.ok_silent_hours),
            ("remind_hours", self.remind_hours),
            ("overdue_minutes", self.overdue_minutes),
        ] {
            let may_be_infinite = setting == "ok_silent_hours";
            if let Some(value) = value.filter(|value| !is_amount(*value, may_be_infinite)) {
                return Err(Error::Number { setting, value });
            }
        }
        Ok(())
    }
}

/// Returns whether a channel may be called that: it becomes a part of a file's and a variable's name.
pub(crate) fn is_channel_name(name: &str) -> bool {
    (1..=MAX_CHANNEL_BYTES).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Returns whether a number of seconds or hours makes sense.
pub(crate) fn is_amount(value: f64, may_be_infinite: bool) -> bool {
    value >= 0.0 && (value.is_finite() || may_be_infinite)
}

#[cfg(test)]
mod tests;
