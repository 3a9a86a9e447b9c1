//! What is configured for each channel, and where its alerts go.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use crate::format::text;
use crate::notifier::heartbeat;
use crate::notifier::scheme::{self, Named, Signing};
use crate::notifier::secret::Secret;
use crate::notifier::{Notifier, Slack};
use crate::os::isolate;
use crate::os::warning::Warning;
use crate::settings::environment;
use crate::settings::in_force;
use crate::settings::route::{Route, Routes, Way};
use crate::settings::setup::{ALERTS, Setup};
use crate::state::Queue;
use crate::status::State;

impl Setup {
    /// Finds where an alert goes that says a job of `channel` is in `state`: nowhere where the job asks for that; the
    /// warning is that it goes nowhere for want of a destination.
    pub(crate) fn way(&self, channel: &str, state: State) -> Result<Option<Way>, Warning> {
        if channel.is_empty() {
            return Ok(None);
        }
        if let Some(routes) = self.routes(channel) {
            return Ok(Some(Way { routes, note: None }));
        }
        let variable = variable(channel);
        if state == State::Error
            && let Some(routes) = self.routes(ALERTS)
        {
            let what = match unusable(channel) {
                Some(wrong) => format!("has no destination that can be used ({wrong})"),
                None => format!("has no webhook ({variable})"),
            };
            let note = Some(format!("channel `{channel}` {what}: sent to `{ALERTS}`"));
            return Ok(Some(Way { routes, note }));
        }
        let webhook = match (unusable(channel), other_variable(channel)) {
            // What is wrong with it is a warning of its own.
            (Some(wrong), _) => format!("correct {wrong}"),
            (None, Some(other)) => {
                format!("set {variable} to its webhook (or {other} for other services than Slack)")
            }
            (None, None) => format!("set {variable} to its webhook"),
        };
        let place = self.status_place();
        let place = place.map_or(String::new(), |place| format!("; {place}"));
        Err(Warning::new(
            nowhere(channel),
            format!(
                "no alerts are sent for the jobs of channel `{channel}`: {webhook}, or \
                 channel = \"\" (NOTIFY_CHANNEL=) for status files only{place}",
            ),
        ))
    }

    pub(crate) fn routes(&self, channel: &str) -> Option<Arc<Routes>> {
        let known = || self.routes.lock();
        // A queue that cannot be had now may be had later, and without a directory there are none.
        let is_lasting = |routes: &Option<Arc<Routes>>| {
            let is_queued = |routes: &Arc<Routes>| !routes.queues.is_empty();
            routes.as_ref().is_none_or(is_queued) || self.opened_store().is_none()
        };
        if let Some(routes) = known().get(channel).filter(|routes| is_lasting(routes)) {
            return routes.clone();
        }
        let routes = Some(self.find_routes(channel))
            .filter(|routes| !routes.all.is_empty())
            .map(Arc::new);
        if is_lasting(&routes) {
            known().insert(channel.to_owned(), routes.clone());
        }
        routes
    }

    /// Returns the same of a directory that may have been made anew since, where the queues have other names.
    pub(crate) fn routes_anew(&self, channel: &str) -> Option<Arc<Routes>> {
        let routes = self.routes(channel)?;
        let first = routes.all.first()?;
        let queue = self.find_queue(channel, &*first.notifier)?;
        if routes
            .queues
            .first()
            .is_some_and(|name| name == queue.name())
        {
            return Some(routes);
        }
        self.routes.lock().clear();
        self.routes(channel)
    }

    fn find_routes(&self, channel: &str) -> Routes {
        let routes = self.find_notifiers(channel).into_iter().enumerate();
        let routes = routes.map(|(number, (notifier, mend))| Route {
            channel: channel.to_owned(),
            number,
            queue: self.find_queue(channel, &*notifier),
            notifier,
            mend,
        });
        Routes::new(channel, routes.collect())
    }

    /// Returns the notifiers of a channel, each with the setting that a person has to fix when it is broken.
    pub(crate) fn find_notifiers(&self, channel: &str) -> Vec<Named> {
        if let Some(notifier) = self.channels.get(channel) {
            return vec![(notifier.clone(), "its notifier".to_owned())];
        }
        let variable = variable(channel);
        let webhook = find_webhook(channel, environment::read(&variable));
        let webhook = webhook
            .map_err(|warning| self.add_problem(warning))
            .ok()
            .flatten();
        let mut found: Vec<_> = webhook
            .into_iter()
            .map(|notifier| (notifier, variable.clone()))
            .collect();
        let (words, key) = (
            word_variable(channel, "URL"),
            word_variable(channel, "SECRET"),
        );
        // `NOTIFY_HEARTBEAT_URL` configures the heartbeat, not a channel called `heartbeat`.
        let value = other_variable(channel).and_then(|words| environment::read(&words));
        if let Some(value) = value {
            let signing = find_key(environment::read(&key));
            let (notifiers, problems) = scheme::notifiers(&words, &value, &signing);
            for problem in problems {
                self.add_problem(problem);
            }
            found.extend(notifiers);
        }
        // Two of one identity have one queue, and would send its alerts twice.
        let mut identities = HashSet::new();
        found.retain(|(notifier, _)| identities.insert(identity(&**notifier)));
        found
    }

    fn find_queue(&self, channel: &str, notifier: &dyn Notifier) -> Option<Queue> {
        let queue = self.store()?.queue(channel, &identity(notifier));
        queue
            .map_err(|error| {
                let message = format!("alerts cannot be queued on disk: {error}");
                self.add_problem(Warning::new("outbox", message));
            })
            .ok()
    }
}

/// A destination that the environment names: one of a channel's.
///
/// It is made by [`channels`].
#[derive(Clone)]
pub struct Destination {
    channel: String,
    variable: String,
    notifier: Arc<dyn Notifier>,
}

impl Destination {
    /// Returns the channel whose alerts go there.
    #[must_use]
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Returns what names it in messages: its variable, and which of several it is.
    #[must_use]
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// Returns what takes alerts there.
    #[must_use]
    pub fn notifier(&self) -> &dyn Notifier {
        &*self.notifier
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The notifier is foreign code, and may show a secret.
        f.debug_struct("Destination")
            .field("channel", &self.channel)
            .field("variable", &self.variable)
            .finish_non_exhaustive()
    }
}

/// Returns every destination that the environment names: as often a channel as it has destinations.
///
/// It is for trying them, such as with [`samples`](crate::samples). What makes no sense in a variable
/// is a warning.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// for destination in pipeline_notify::channels() {
///     let (channel, variable) = (destination.channel(), destination.variable());
///     let alert = pipeline_notify::test_alert(channel);
///     let answer = destination.notifier().notify(&[alert], Duration::from_secs(10));
///     println!("{channel} ({variable}): {answer:?}");
/// }
/// # assert!(pipeline_notify::channels().is_empty(), "none is set where the documentation is tested");
/// ```
#[must_use]
pub fn channels() -> Vec<Destination> {
    let setup = in_force::setup_so_far();
    let mut all = Vec::new();
    for channel in environment::channels_in_environment() {
        let found = setup.find_notifiers(&channel).into_iter();
        all.extend(found.map(|(notifier, variable)| Destination {
            channel: channel.clone(),
            variable,
            notifier,
        }));
    }
    setup.warn_of_problems();
    all
}

/// Asks a notifier for its identity, which is foreign code.
fn identity(notifier: &dyn Notifier) -> String {
    isolate::contain(|| isolate::bare(|| notifier.identity()))
        .unwrap_or_else(|| "a notifier that panicked".to_owned())
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
    // The error's own text would show the value, and is left out.
    let value = value
        .into_string()
        .map_err(|_| warning("it is not UTF-8"))?;
    if value.trim().is_empty() {
        return Ok(None);
    }
    let slack = Slack::parse(&value).map_err(warning)?;
    Ok(Some(Arc::new(slack)))
}

/// Reads the key of signed documents; an empty one is none.
fn find_key(value: Option<OsString>) -> Signing {
    match value.filter(|value| !value.is_empty()) {
        Some(value) => match Secret::parse(value.to_str().unwrap_or_default()) {
            Ok(secret) => Ok(Some(secret)),
            Err(_) => Err("the `…_SECRET` beside it is no key and no `file:/path` of one"),
        },
        None => Ok(None),
    }
}

/// Names the fault of a channel without a destination.
pub(crate) fn nowhere(channel: &str) -> String {
    format!("webhook {channel}")
}

/// Names the variable that holds a channel's webhook, as in the article.
pub(crate) fn variable(channel: &str) -> String {
    format!("SLACK_{}_WEBHOOK_URL", capitals(channel))
}

/// Names the variable that holds its destinations at any service; none of a channel called `heartbeat`, for that one
/// says where the heartbeat goes.
fn other_variable(channel: &str) -> Option<String> {
    Some(word_variable(channel, "URL")).filter(|variable| variable != heartbeat::VARIABLE)
}

/// Says what a person has to do about the environment where a channel has no destination.
pub(crate) fn to_do(channel: &str) -> String {
    match unusable(channel) {
        Some(wrong) => format!("correct {wrong}"),
        None => format!("set {}", variable(channel)),
    }
}

/// Returns the variable of a channel that is set, of one that has no destination: nothing can be made of it.
pub(crate) fn unusable(channel: &str) -> Option<String> {
    let all = other_variable(channel)
        .into_iter()
        .chain([variable(channel)]);
    let is_set = |name: &String| {
        let value = environment::read(name);
        value.is_some_and(|value| !text::is_blank(&value.to_string_lossy()))
    };
    all.into_iter().find(is_set)
}

/// Names the variable that holds a channel's destinations, or their key.
fn word_variable(channel: &str, what: &str) -> String {
    format!("NOTIFY_{}_{what}", capitals(channel))
}

fn capitals(channel: &str) -> String {
    channel.replace(['-', '_'], "").to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channels_variable_is_named_as_in_the_article() {
        assert_eq!(variable("data-alerts_2"), "SLACK_DATAALERTS2_WEBHOOK_URL");
        assert_eq!(
            word_variable("data-alerts_2", "URL"),
            "NOTIFY_DATAALERTS2_URL"
        );
    }

    #[test]
    fn a_webhook_that_cannot_be_used_is_named_without_its_value() {
        for (value, problem) in [
            ("/SECRET", ""),
            ("http://example.com/SECRET", ""),
            ("\"https://hooks.slack.com/SECRET\"", "in quotation marks"),
            (" 'https://hooks.slack.com/SECRET'", "in quotation marks"),
        ] {
            let Err(warning) = find_webhook("alerts", Some(value.into())) else {
                panic!("{value}")
            };
            let shown = format!("{warning:?}");
            assert!(
                shown.contains("SLACK_ALERTS_WEBHOOK_URL")
                    && shown.contains(problem)
                    && !shown.contains("SECRET"),
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
}
