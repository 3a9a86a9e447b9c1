//! What a channel says to a test.

use std::time::{Duration, Instant};

use chrono::Utc;

use super::forget::over;
use super::tell_problems;
use crate::format::time::to_micros;
use crate::message::alert::{Alert, Kind};
use crate::notifier::Refusal;
use crate::os::random;
use crate::settings::config;
use crate::settings::destinations;
use crate::settings::environment;
use crate::settings::setup::Setup;
use crate::status::{State, Status};

/// How long a channel may take to answer a test.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The job of which a test tells.
const TEST: &str = "pipeline-notify.test";

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
    tell_problems();
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
        let alerts = test_alerts(channel, by, setup);
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

/// A failure, so that it is heard where only failures are, and its recovery, so that nothing stays
/// open.
fn test_alerts(channel: &str, by: &str, setup: &Setup) -> [Alert; 2] {
    let now = to_micros(Utc::now());
    let incident = format!("{:08x}", random::number() >> 32);
    let words = format!("this is a test by {by}: nothing is broken");
    let failed = Status {
        location: "pipeline-notify :: test".into(),
        incident: Some(incident.clone()),
        first_error: Some(words.clone()),
        host: Some(setup.host.clone().into()),
        pid: Some(std::process::id()),
        channel: Some(channel.to_owned().into()),
        text: words.clone(),
        ..Status::new(State::Error, now)
    };
    let recovered = over(&failed, now);
    [(Kind::Failed, failed), (Kind::Recovered, recovered)].map(|(kind, status)| Alert {
        incident: Some(incident.clone()),
        notes: match kind {
            Kind::Recovered => vec![format!("{words}, and so a recovery looks")],
            _ => Vec::new(),
        },
        ..Alert::new(
            random::number(),
            kind,
            TEST.to_owned(),
            channel,
            now,
            status,
        )
    })
}
