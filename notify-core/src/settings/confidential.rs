//! What no text of ours may show: the secrets of all destinations that are configured, gathered from the
//! environment, from the files that it names, and from a `Config`.

use std::ffi::OsStr;
use std::path::Path;

use crate::format::percent;
use crate::notifier::heartbeat;
use crate::notifier::secret::Secret;
use crate::notifier::{Notifier, Ours, scheme};
use crate::os::file;
use crate::os::redact;
use crate::settings::environment;
use crate::settings::setup::Setup;

/// Gathers them all. It calls no foreign code, for it is asked under locks.
pub(crate) fn all(setup: &Setup) -> Vec<String> {
    let mut all = Vec::new();
    for (name, value) in environment::variables() {
        all.append(&mut of_variable(&name, &value));
    }
    for notifier in setup.channels.values() {
        add(&mut all, &**notifier);
    }
    if let Some(heartbeat) = &setup.heartbeat {
        all.append(&mut heartbeat.secrets());
    }
    all
}

fn add(all: &mut Vec<String>, notifier: &dyn Notifier) {
    for hidden in notifier.hidden(Ours::new()) {
        all.append(&mut hidden.texts());
    }
}

/// Returns the secrets of a variable; none where it is none of ours that holds any.
fn of_variable(name: &str, value: &OsStr) -> Vec<String> {
    let is_webhook = name.starts_with("SLACK_") && name.ends_with("_WEBHOOK_URL");
    let is_own = |end| name.starts_with("NOTIFY_") && name.ends_with(end);
    let text = value.to_string_lossy();
    if is_own("_SECRET") {
        let key = Secret::parse(&text).ok().and_then(|key| key.reveal().ok());
        return key.into_iter().collect();
    }
    if name == "NOTIFY_STORE" {
        let urls = words_of(text.trim()).into_iter();
        return urls.map(|url| of_store(&url)).collect::<Vec<_>>().concat();
    }
    // A heartbeat that cannot be used is in no settings, and is no less a secret.
    if !is_webhook && !is_own("_URL") {
        return Vec::new();
    }
    let mut all = Vec::new();
    for word in text.split_whitespace().flat_map(words_of) {
        all.append(&mut redact::of_word(heartbeat::before_job(&word)));
    }
    if is_own("_URL") && name != heartbeat::VARIABLE {
        // The URL that a word stands for, too.
        let (notifiers, _) = scheme::notifiers(name, value, &Ok(None));
        for (notifier, _) in &notifiers {
            add(&mut all, &**notifier);
        }
    }
    all
}

/// Returns the secrets of a store's address: its password, too, as it is meant.
fn of_store(address: &str) -> Vec<String> {
    let mut all = redact::of_url(address, redact::Parts::Options);
    // The client takes all that stands before the first `@`.
    let (_, rest) = address.split_once("://").unwrap_or(("", address));
    let user = rest
        .split_once('@')
        .and_then(|(user, _)| user.split_once(':'));
    all.extend(user.map(|(_, password)| password.to_owned()));
    let meant = all
        .iter()
        .skip(1)
        .filter_map(|secret| percent::decoded(secret));
    let meant: Vec<_> = meant.collect();
    all.extend(meant);
    all
}

/// Returns a word, or those in the file that it names.
fn words_of(word: &str) -> Vec<String> {
    match word.strip_prefix("file:") {
        Some(path) => words_in(Path::new(path)),
        None => vec![word.to_owned()],
    }
}

fn words_in(path: &Path) -> Vec<String> {
    let content = file::read_setting(path).unwrap_or_default();
    content.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::os::redact::Secrets;
    use crate::testing::Folder;

    fn hidden(name: &str, value: &str, text: &str) -> String {
        let secrets = of_variable(name, value.as_ref());
        Secrets::new(secrets).hide(text).into_owned()
    }

    /// Issue 12, point 22.
    #[test]
    fn the_secrets_of_every_variable_are_known() {
        let folder = Folder::new();
        let file = |name: &str, content: &str| {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            format!("file:{}", path.display())
        };
        let webhook = file(
            "slack",
            "https://hooks.slack.com/services/T1/B2/s3cr3ts3cr3t\n",
        );
        let word = file("word", "slack://T1/B2/s3\n");
        let key = file("key", "hmac-key\n");
        for (name, value, text, expected) in [
            (
                "SLACK_ALERTS_WEBHOOK_URL",
                &*webhook,
                "s3cr3ts3cr3t",
                "[hidden]",
            ),
            (
                "NOTIFY_ALERTS_URL",
                &*word,
                "https://hooks.slack.com/services/T1/B2/s3 s3",
                "[hidden] s3",
            ),
            (
                "NOTIFY_ALERTS_URL",
                "slack://T1/B2/s3 mattermost://mm.example/k3yk3yk3y",
                "https://hooks.slack.com/services/T1/B2/s3, k3yk3yk3y",
                "[hidden], [hidden]",
            ),
            (
                "NOTIFY_STORE",
                "postgres://u:s3cr?t/w%40rd@db/ops?sslmode=require",
                "s3cr?t/w%40rd or s3cr?t/w@rd",
                "[hidden] or [hidden]",
            ),
            ("NOTIFY_ALERTS_SECRET", &*key, "hmac-key", "[hidden]"),
            ("NOTIFY_ALERTS_SECRET", "hmac-key", "hmac-key", "[hidden]"),
            (
                "NOTIFY_HEARTBEAT_URL",
                "https://hc-ping.com/k3yk3yk3y/{job}",
                "https://hc-ping.com/k3yk3yk3y/etl and k3yk3yk3y",
                "[hidden]etl and [hidden]",
            ),
            // It cannot be used, and is a secret all the same.
            (
                "NOTIFY_ALERTS_URL",
                "xyz://h/s3cr3ts3cr3t",
                "s3cr3ts3cr3t",
                "[hidden]",
            ),
            (
                "NOTIFY_CONTEXT", "s3cr3ts3cr3t", "s3cr3ts3cr3t", "s3cr3ts3cr3t",
            ),
            (
                "OTHER_URL",
                "https://h/s3cr3ts3cr3t",
                "s3cr3ts3cr3t",
                "s3cr3ts3cr3t",
            ),
        ] {
            assert_eq!(hidden(name, value, text), expected, "{name}={value}");
        }
    }
}
