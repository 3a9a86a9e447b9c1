//! The only file that reads the environment.

use std::env;
use std::ffi::OsString;

use crate::format::order;
use crate::format::text;
use crate::settings::config::is_channel_name;

pub(crate) fn read(variable: &str) -> Option<OsString> {
    env::var_os(variable)
}

/// Returns the variables of the environment that may be ours.
pub(crate) fn variables() -> Vec<(String, OsString)> {
    let is_ours = |name: &str| name.starts_with("NOTIFY") || name.starts_with("SLACK_");
    let all = env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_ours));
    all.filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .collect()
}

/// Returns the channels whose destinations the environment names, sorted; as the names of variables
/// write them, without `-` and `_`.
pub(crate) fn channels_in_environment() -> Vec<String> {
    let channel = |(name, value): (String, OsString)| {
        let name = Some(name).filter(|_| !value.is_empty())?;
        let slack = name
            .strip_prefix("SLACK_")
            .and_then(|name| name.strip_suffix("_WEBHOOK_URL"));
        let other = name
            .strip_prefix("NOTIFY_")
            .and_then(|name| name.strip_suffix("_URL"));
        let channel = text::lower(slack.or(other)?);
        // `NOTIFY_HEARTBEAT_URL` configures the heartbeat, not a channel called `heartbeat`.
        is_channel_name(&channel)
            .then_some(channel)
            .filter(|channel| channel != "heartbeat")
    };
    let mut channels: Vec<_> = variables().into_iter().filter_map(channel).collect();
    order::sort(&mut channels);
    channels.dedup();
    channels
}

pub(crate) fn is_yes(value: &str) -> bool {
    !["", "0", "false", "no", "off"].contains(&&*text::lower(value.trim()))
}
