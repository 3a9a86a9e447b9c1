//! What a channel says to a test.

use std::slice;
use std::time::{Duration, Instant};

use crate::message::alert::Alert;
use crate::notifier::{FollowUps, Notifier, Refusal, samples};
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
    /// Why an incident would be several messages here, where it could be one.
    pub missing: Vec<String>,
}

impl Answer {
    /// The answer for a channel that cannot be tested.
    fn refused(channel: &str, destination: String, reason: String) -> Self {
        Self {
            channel: channel.to_owned(),
            destination,
            took: Duration::ZERO,
            refusal: Some(Refusal::Channel { reason }),
            missing: Vec::new(),
        }
    }
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
    if !config::is_channel_name(channel) {
        let reason = "a channel's name has only ASCII letters, digits, `-` and `_`; a webhook goes into the variable";
        let destination = "SLACK_<CHANNEL>_WEBHOOK_URL".to_owned();
        // Its name is not shown: it may be a webhook.
        return vec![Answer::refused(
            "(no channel)",
            destination,
            reason.to_owned(),
        )];
    }
    let found = setup.find_notifiers(channel);
    setup.warn_of_problems();
    if found.is_empty() {
        // Its variable stands in the place of a destination.
        let (variable, reason) = match destinations::unusable(channel) {
            Some(variable) => (
                variable,
                "what this variable says cannot be used: correct it",
            ),
            None => (
                destinations::variable(channel),
                "it has no destination: set this variable",
            ),
        };
        return vec![Answer::refused(channel, variable, reason.to_owned())];
    }
    let answers = found.into_iter().map(|(notifier, destination)| {
        let alerts = samples::test_incident(channel, by);
        let begun = Instant::now();
        let mut missing = Vec::new();
        let sent = match notifier.follow_ups() {
            FollowUps::Messages => notifier.notify(&alerts, TIMEOUT),
            follow_ups => send_as_one(&*notifier, follow_ups, &alerts, &mut missing),
        };
        Answer {
            channel: channel.to_owned(),
            destination,
            took: begun.elapsed(),
            refusal: sent.err(),
            missing,
        }
    });
    answers.collect()
}

/// Sends the failure as a message, and has the recovery edit it and stand behind it, as those of a job do; says what
/// the destination takes of that.
fn send_as_one(
    notifier: &dyn Notifier,
    follow_ups: FollowUps,
    [failed, recovered]: &[Alert; 2],
    missing: &mut Vec<String>,
) -> Result<(), Refusal> {
    let Some(handle) = notifier.post(slice::from_ref(failed), TIMEOUT)? else {
        missing
            .push("its answer names no message, so that each alert is one of its own".to_owned());
        return Ok(());
    };
    let recovered = slice::from_ref(recovered);
    let place = match follow_ups {
        FollowUps::Threads => "its threads take no replies",
        _ => "it takes no further message",
    };
    for (what, done) in [
        (
            "its messages cannot be edited",
            notifier.edit(&handle, recovered, TIMEOUT),
        ),
        (place, notifier.reply(&handle, recovered, true, TIMEOUT)),
    ] {
        missing.extend(
            done.err()
                .map(|refusal| format!("{what}: {}", refusal.redacted().reason())),
        );
    }
    Ok(())
}
