//! What a channel says to a test.

use std::time::{Duration, Instant};

use super::warn_of_problems;
use crate::notifier::{Refusal, samples};
use crate::settings::config;
use crate::settings::destinations;
use crate::settings::environment;

/// How long a channel may take to answer a test.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a channel said to a test.
#[derive(Debug)]
#[expect(missing_docs, reason = "as they say")]
pub struct Answer {
    pub channel: String,
    /// What names the destination: its variable.
    pub destination: String,
    pub took: Duration,
    /// Why it would not be heard.
    pub refusal: Option<Refusal>,
}

/// Returns the channels that the environment names, sorted.
#[must_use]
pub fn channels() -> Vec<String> {
    environment::channels_in_environment()
}

/// Sends a failure and its recovery, marked as a test, to each destination of a channel, past the
/// outbox, and returns what each answered.
#[must_use]
pub fn test(channel: &str, by: &str) -> Vec<Answer> {
    let setup = super::setup();
    let found = if config::is_channel_name(channel) {
        setup.find_notifiers(channel)
    } else {
        Vec::new()
    };
    warn_of_problems();
    if found.is_empty() {
        let variable = destinations::variable(channel);
        return vec![Answer {
            channel: channel.to_owned(),
            refusal: Some(Refusal::Channel {
                reason: format!("it has no destination that can be used: set {variable}"),
            }),
            destination: variable,
            took: Duration::ZERO,
        }];
    }
    let answers = found.into_iter().map(|(notifier, destination)| {
        let alerts = samples::test_incident(channel, by);
        let begun = Instant::now();
        let sent = notifier.notify(&alerts, TIMEOUT);
        Answer {
            channel: channel.to_owned(),
            destination,
            took: begun.elapsed(),
            refusal: sent.err(),
        }
    });
    answers.collect()
}
