//! Notifiers: what takes an alert to a channel.

#[cfg(feature = "tls")]
mod authorities;
mod body;
mod child;
mod discord;
mod exec;
mod google_chat;
pub(crate) mod heartbeat;
mod hidden;
pub(crate) mod http;
mod jsm;
mod json;
mod key;
mod mail;
mod matrix;
mod mentions;
mod ntfy;
mod pagerduty;
mod parts;
mod proxy;
mod said;
pub(crate) mod samples;
mod sanitize;
pub(crate) mod scheme;
pub(crate) mod secret;
mod service_url;
mod severity;
mod slack;
mod teams;
mod telegram;
mod unreachable;
pub(crate) mod url;

use std::fmt;
use std::time::Duration;

pub use discord::Discord;
pub use exec::Exec;
use google_chat::GoogleChat;
use jsm::Jsm;
pub use json::Json;
use mail::Sendmail;
use matrix::Matrix;
use ntfy::Ntfy;
pub use pagerduty::PagerDuty;
pub use scheme::Service;
pub use slack::Slack;
use slack::bot::SlackBot;
pub use teams::Teams;
use telegram::Telegram;

#[expect(
    unreachable_pub,
    reason = "they stand in a public trait, and are for nobody else"
)]
pub use self::hidden::{Hidden, Ours};
use crate::message::alert::Alert;
use crate::message::digest;
use crate::os::redact;

/// Takes alerts to a destination.
///
/// It is called on a background thread, never by the function that is reported, and may block for
/// up to `timeout`. A panic in it counts as a temporary refusal. What is annotated runs bare in it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use pipeline_notify::{Alert, Notifier, Refusal, message};
///
/// struct Console;
///
/// impl Notifier for Console {
///     fn notify(&self, alerts: &[Alert], _timeout: Duration) -> Result<(), Refusal> {
///         println!("{}", message(alerts));
///         Ok(())
///     }
/// }
/// ```
pub trait Notifier: Send + Sync {
    /// Sends one message with all of `alerts`: mostly one, several where they waited
    /// together. [`message`](crate::message) writes them as text.
    ///
    /// # Errors
    ///
    /// A [`Refusal`], which says what becomes of the alerts.
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal>;

    /// Returns how many alerts one message can hold; more leave in several. Defaults to 40.
    fn most(&self) -> usize {
        digest::MOST
    }

    /// Returns what distinguishes this destination from others: alerts that wait for it are sent only by
    /// processes that have a notifier of the same identity. It may be a secret, for only a keyed
    /// hash of it is stored. Defaults to the name of the type.
    fn identity(&self) -> String {
        std::any::type_name::<Self>().to_owned()
    }

    /// Returns what can follow a message here. Where that is more than further messages, an incident is one
    /// message: its alerts are sent by [`post`](Self::post), [`edit`](Self::edit) and
    /// [`reply`](Self::reply), and [`notify`](Self::notify) is not called. Defaults to
    /// [`FollowUps::Messages`].
    fn follow_ups(&self) -> FollowUps {
        FollowUps::Messages
    }

    /// Sends one message, as [`notify`](Self::notify) does, and returns the handle by which the service
    /// knows it, such as its id; `None` where it can never be changed. A handle is written to disk: keep
    /// secrets out of it. Defaults to `notify`, and no handle.
    ///
    /// # Errors
    ///
    /// Those of [`notify`](Self::notify).
    fn post(&self, alerts: &[Alert], timeout: Duration) -> Result<Option<String>, Refusal> {
        self.notify(alerts, timeout).map(|()| None)
    }

    /// Brings a message that was posted up to date: `alerts` are the latest of each job that it speaks of. A
    /// message is edited at most once a minute, and always when a job works again.
    ///
    /// # Errors
    ///
    /// A [`Refusal`]; [`Refusal::Gone`] has the alerts sent as a new message, and after
    /// [`Refusal::Alert`] the message is edited no more. Defaults to `Gone`.
    fn edit(&self, _handle: &str, _alerts: &[Alert], _timeout: Duration) -> Result<(), Refusal> {
        Err(Refusal::gone("its messages cannot be edited"))
    }

    /// Sends what follows in an incident behind the message that was posted: into its thread, or as a
    /// short message that leads to it. One that `is_loud`, as a reminder and a recovery are, is to be noticed
    /// by all who see the message. Defaults to `notify`.
    ///
    /// # Errors
    ///
    /// A [`Refusal`]; [`Refusal::Gone`] has the alerts sent as a new message.
    fn reply(
        &self,
        _handle: &str,
        alerts: &[Alert],
        _is_loud: bool,
        timeout: Duration,
    ) -> Result<(), Refusal> {
        self.notify(alerts, timeout)
    }

    /// Returns what no text may show; of this library's own notifiers alone.
    #[doc(hidden)]
    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        Vec::new()
    }

    /// Returns how far apart the messages are to be, after the first five; of this library's own notifiers
    /// alone.
    #[doc(hidden)]
    fn pause(&self, _: Ours) -> Duration {
        Duration::from_secs(1)
    }

    /// Returns whose edits the service counts together, if it does; of this library's own notifiers alone.
    #[doc(hidden)]
    fn counted_edits(&self, _: Ours) -> Option<String> {
        None
    }
}

/// What can follow a message that was sent.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use pipeline_notify::{Alert, FollowUps, Notifier, Refusal, message};
///
/// /// A board, on which a notice can be replaced.
/// struct Board;
///
/// impl Notifier for Board {
///     fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
///         self.post(alerts, timeout).map(drop)
///     }
///
///     fn follow_ups(&self) -> FollowUps {
///         FollowUps::Edits
///     }
///
///     fn post(&self, alerts: &[Alert], timeout: Duration) -> Result<Option<String>, Refusal> {
///         let notice = alerts.first().map(|alert| alert.id().to_owned());
///         self.edit(notice.as_deref().unwrap_or_default(), alerts, timeout)?;
///         Ok(notice)
///     }
///
///     fn edit(&self, notice: &str, alerts: &[Alert], _: Duration) -> Result<(), Refusal> {
///         println!("{notice} reads now: {}", message(alerts));
///         Ok(())
///     }
/// }
///
/// assert_eq!(Board.follow_ups(), FollowUps::Edits);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FollowUps {
    /// Further messages alone.
    #[default]
    Messages,
    /// Edits of the message. A reply is a further message.
    Edits,
    /// Edits of the message, and replies in its thread, which are noticed by few unless they are loud.
    Threads,
}

/// Why a destination did not take an alert, which decides what becomes of it.
///
/// The reasons are written to disk and to the log: keep secrets out of them.
///
/// # Examples
///
/// ```
/// use pipeline_notify::Refusal;
///
/// // What a notifier makes of an answer.
/// fn accepted(status: u16) -> Result<(), Refusal> {
///     match status {
///         200..=299 => Ok(()),
///         401 | 404 => Err(Refusal::Channel {
///             reason: format!("status {status}: is the key still right?"),
///         }),
///         413 => Err(Refusal::Alert { reason: "it is too long".to_owned() }),
///         _ => Err(Refusal::temporary(format!("status {status}"))),
///     }
/// }
///
/// assert!(accepted(204).is_ok());
/// assert_eq!(accepted(503).unwrap_err().reason(), "status 503");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It may work later: the alert waits, for `retry_after` where the destination said so.
    Temporary {
        /// What went wrong.
        reason: String,
        /// The pause that the destination asks for; 15 minutes at most are granted.
        retry_after: Option<Duration>,
    },
    /// The channel is broken until somebody mends it, such as a revoked webhook: the alert waits.
    Channel {
        /// What went wrong.
        reason: String,
    },
    /// This alert will never be taken: it is kept aside, in `rejected/`.
    Alert {
        /// What went wrong.
        reason: String,
    },
    /// The message that was to be edited or replied to is not there any more: it is forgotten, and the alerts
    /// are sent as a new one.
    Gone {
        /// What went wrong.
        reason: String,
    },
    /// The answer does not say whether the alert would ever be taken: the alert is tried again, for 24 hours or
    /// 50 times, and is then as one that never will be.
    Unknown {
        /// What went wrong.
        reason: String,
    },
}

impl Refusal {
    /// Makes a refusal that may be over later, with a pause that grows each time.
    pub fn temporary(reason: impl Into<String>) -> Self {
        Self::Temporary {
            reason: reason.into(),
            retry_after: None,
        }
    }

    pub(crate) fn channel(reason: impl Into<String>) -> Self {
        Self::Channel {
            reason: reason.into(),
        }
    }

    /// Says why there is no message to edit or to reply to: a new one is sent.
    #[cold]
    pub(crate) fn gone(reason: &str) -> Self {
        Self::Gone {
            reason: reason.to_owned(),
        }
    }

    /// Says that what was kept names no message.
    pub(crate) fn unknown_message() -> Self {
        Self::gone("the id of its message is not known")
    }

    /// Hides in the reason what no text may show.
    pub(crate) fn redacted(mut self) -> Self {
        let (Self::Temporary { reason, .. }
        | Self::Channel { reason }
        | Self::Alert { reason }
        | Self::Gone { reason }
        | Self::Unknown { reason }) = &mut self;
        *reason = redact::hide_in_error(std::mem::take(reason)).into_owned();
        self
    }

    /// Returns the reason.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Temporary { reason, .. }
            | Self::Channel { reason }
            | Self::Alert { reason }
            | Self::Gone { reason }
            | Self::Unknown { reason } => reason,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Refusal {}
