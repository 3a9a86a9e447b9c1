//! The words that name a webhook of Slack's, and those of the services that take its payload.

use std::ops::RangeInclusive;

use super::TRIGGER;
use crate::notifier::service_url::{Problem, Word, at, is_of};
use crate::notifier::url::Destination;

pub(in crate::notifier) const HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

/// `slack://A/B/C` as Apprise has it, or `slack://hook:A-B-C@webhook` as shoutrrr; and with the host
/// and the path of the webhook's own URL.
pub(in crate::notifier) fn webhook(word: &Word<'_>) -> Result<Destination, Problem> {
    let segments = word.segments();
    let mut host = HOSTS[0];
    let tokens = match word.user {
        Some(user) if segments.is_empty() => {
            let tokens = user.strip_prefix("hook:").unwrap_or(user);
            tokens.split('-').collect()
        }
        _ => {
            word.is_a_webhook_alone()?;
            if word.is_at(&HOSTS) {
                is_incoming(word)?;
                host = word.host;
                segments
            } else {
                [&[word.host], &*segments].concat()
            }
        }
    };
    let tokens = tokens.strip_prefix(&["services"]).unwrap_or(&tokens);
    let [a, b, c] = *tokens else {
        return Err("it does not have three tokens");
    };
    if ![a, b, c].into_iter().all(|part| is_of("", part)) {
        return Err("its tokens are not letters and digits");
    }
    Destination::parse(&format!("https://{host}/services/{a}/{b}/{c}"))
}

/// Checks that a URL of Slack is no other than an incoming webhook's.
pub(in crate::notifier) fn is_incoming(word: &Word<'_>) -> Result<(), Problem> {
    match *word.segments() {
        ["services", "services", ..] => Err("it contains `services` twice"),
        ["services", ..] => word.is_a_webhook_alone(),
        ["triggers" | "workflows", ..] => Err(TRIGGER),
        _ => Err("it is not the URL of an incoming webhook"),
    }
}

/// A webhook of Mattermost or Rocket.Chat, which take Slack's payload. The server may be below a
/// folder of its host: that is what stands before `hooks`, or else before Mattermost's one key.
pub(in crate::notifier) fn hook(
    word: &Word<'_>,
    keys: RangeInclusive<usize>,
) -> Result<Destination, Problem> {
    word.is_a_webhook_alone()?;
    if is_key(word.host) {
        return Err("its host looks like a key: write the host before the keys");
    }
    let segments = word.segments();
    let (folder, key) = match segments.iter().rposition(|part| *part == "hooks") {
        Some(at) => (&segments[..at], &segments[at + 1..]),
        None if keys == (1..=1) => segments.split_at(segments.len().saturating_sub(1)),
        None => (&[][..], &*segments),
    };
    if folder.iter().any(|part| is_key(part)) {
        return Err("no channel may follow the key: a webhook has its own");
    }
    if !keys.contains(&key.len()) {
        return Err("its path is not the webhook's key");
    }
    // An address with `hooks` in it twice is a slip, and no folder of that name.
    let folder = folder.iter().filter(|part| **part != "hooks");
    let path: Vec<_> = folder.chain([&"hooks"]).chain(key).copied().collect();
    at(&format!("{}/{}", word.host, path.join("/")))
}

/// Returns whether a part of a word is as long as a key of Mattermost or Rocket.Chat, and no name.
fn is_key(part: &str) -> bool {
    part.len() >= 17 && is_of("", part) && part.bytes().any(|byte| byte.is_ascii_digit())
}
