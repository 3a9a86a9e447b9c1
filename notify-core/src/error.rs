//! Errors of calls that the user makes. During a run a fault is a warning instead.

use std::io;
use std::path::PathBuf;

/// An error of [`Config::install`](crate::Config::install) or [`drain`](crate::drain).
///
/// No message contains a webhook URL or a key.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Error, Slack};
///
/// let error = Slack::new("http://hooks.example.com/services/T000/B000/XXXX").unwrap_err();
/// assert!(matches!(error, Error::Webhook { .. }));
/// assert!(!error.to_string().contains("XXXX"), "{error}");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A `Config` is installed already, or a run has ended without one.
    #[error(
        "the configuration is in use already: install a `Config` once, before the first annotated run ends"
    )]
    Settled,
    /// A channel's name has characters that it may not have.
    #[error("`{name}` is no channel name: use ASCII letters, digits, `-` and `_`")]
    ChannelName {
        /// The name as it was given.
        name: String,
    },
    /// A webhook cannot be used.
    #[error("the webhook of channel `{channel}` cannot be used: {problem}")]
    Webhook {
        /// The channel's name.
        channel: String,
        /// What is wrong with it, without the URL.
        problem: &'static str,
    },
    /// A word that names a destination cannot be used.
    #[error("the destination cannot be used: {problem}")]
    Destination {
        /// What is wrong with it, and the right form, without the word.
        problem: String,
    },
    /// A routing key of PagerDuty cannot be used.
    #[error("the routing key of PagerDuty cannot be used: {problem}")]
    RoutingKey {
        /// What is wrong with it, without the key.
        problem: &'static str,
    },
    /// The heartbeat's URL cannot be used.
    #[error("the heartbeat's URL cannot be used: {problem}")]
    Heartbeat {
        /// What is wrong with it, without the URL.
        problem: &'static str,
    },
    /// A setting is not a number that makes sense.
    #[error("`{setting}` cannot be {value}: give a number from 0 up")]
    Number {
        /// The setter's name.
        setting: &'static str,
        /// The value as it was given.
        value: f64,
    },
    /// The notify directory cannot be used.
    #[error("failed to use the notify directory `{}`", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The shared store of `NOTIFY_STORE` cannot be used.
    #[error("failed to use the store `{store}`")]
    Store {
        /// The store, without what is secret of its address.
        store: String,
        /// Why.
        source: io::Error,
    },
    /// There is no notify directory: neither `NOTIFYDIR` nor a home directory nor `STATE_DIRECTORY` is set.
    #[error("there is no notify directory: set NOTIFYDIR")]
    NoDirectory,
}

impl Error {
    /// Says of a notifier's own webhook what is wrong with it.
    pub(crate) fn webhook(notifier: &str) -> impl FnOnce(&'static str) -> Self {
        move |problem| Self::Webhook {
            channel: notifier.to_owned(),
            problem,
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_error_can_cross_threads() {
        fn crosses<T: Send + Sync + 'static>() {}
        crosses::<super::Error>();
    }
}
