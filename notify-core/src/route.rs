//! Where the alerts of a channel go.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use crate::change::Address;
use crate::destination::Destination;
use crate::notifier::{Notifier, Slack};
use crate::outbox::Queue;
use crate::setup::{self, ALERTS, Setup};
use crate::status::State;
use crate::warn::Warning;

/// Where an alert can go.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) channel: String,
    /// The destination's queue; `None` where there is no directory for one.
    pub(crate) queue: Option<Queue>,
    pub(crate) notifier: Arc<dyn Notifier>,
    /// What a person has to mend when the destination is broken.
    pub(crate) mend: String,
}

impl Route {
    /// Tells whether its queue has that name.
    pub(crate) fn is_queue(&self, name: &str) -> bool {
        self.queue
            .as_ref()
            .is_some_and(|queue| queue.name() == name)
    }

    pub(crate) fn address(&self) -> Address<'_> {
        Address {
            channel: &self.channel,
            queue: self.queue.as_ref().map(Queue::name),
        }
    }
}

/// Where the alerts of a job go.
pub(crate) enum Way {
    To(Arc<Route>),
    /// To the channel `alerts`, for the job's own has no destination.
    Instead(Arc<Route>, String),
    /// Nowhere, which the job asks for.
    Silent,
    /// Nowhere, for want of a destination.
    Nowhere(Warning),
}

impl Setup {
    /// Finds where an alert goes that says a job of `channel` is in `state`.
    pub(crate) fn way(&self, channel: &str, state: State) -> Way {
        if channel.is_empty() {
            return Way::Silent;
        }
        if let Some(route) = self.route(channel) {
            return Way::To(route);
        }
        let variable = variable(channel);
        if state == State::Error
            && let Some(route) = self.route(ALERTS)
        {
            let note =
                format!("channel `{channel}` has no webhook ({variable}): sent to `{ALERTS}`");
            return Way::Instead(route, note);
        }
        let place = self.directory().map_or(String::new(), |directory| {
            format!("; status files are in `{}`", directory.display())
        });
        Way::Nowhere(Warning::new(
            format!("webhook {channel}"),
            format!(
                "nobody is told of the jobs of channel `{channel}`: set {variable} to its webhook, or channel = \"\" \
                 (NOTIFY_CHANNEL=) for status files alone{place}"
            ),
        ))
    }

    /// Returns the destination of a channel, if it has one.
    pub(crate) fn route(&self, channel: &str) -> Option<Arc<Route>> {
        let routes = || self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes().get(channel) {
            return route.clone();
        }
        let route = self.find_route(channel).map(Arc::new);
        // A queue that cannot be had now may be had later.
        if route
            .as_ref()
            .is_none_or(|route| route.queue.is_some() || self.store().is_none())
        {
            routes().insert(channel.to_owned(), route.clone());
        }
        route
    }

    fn find_route(&self, channel: &str) -> Option<Route> {
        let (notifier, mend) = match self.channels.get(channel) {
            Some(notifier) => (notifier.clone(), "its notifier".to_owned()),
            None => {
                let webhook = find_webhook(channel, setup::read(&variable(channel)));
                (
                    webhook
                        .map_err(|warning| self.add_problem(warning))
                        .ok()??,
                    variable(channel),
                )
            }
        };
        let queue = self.store().and_then(|store| {
            let outbox = store.outbox();
            match outbox.queue_name(channel, &identity(&*notifier)) {
                Ok(name) => Some(outbox.queue(&name)),
                Err(error) => {
                    let message = format!("alerts cannot be queued on disk: {error}");
                    self.add_problem(Warning::new("outbox", message));
                    None
                }
            }
        });
        Some(Route {
            channel: channel.to_owned(),
            queue,
            notifier,
            mend,
        })
    }
}

/// Asks a notifier for its identity, which is foreign code.
fn identity(notifier: &dyn Notifier) -> String {
    catch_unwind(AssertUnwindSafe(|| notifier.identity()))
        .unwrap_or_else(|_| "a notifier that panicked".to_owned())
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
    // Not the error's own text: it would show the value.
    let value = value
        .into_string()
        .map_err(|_| warning("it is not UTF-8"))?;
    if value.trim().is_empty() {
        return Ok(None);
    }
    let destination = Destination::parse(&value).map_err(warning)?;
    Ok(Some(Arc::new(Slack::to(destination))))
}

/// Names the variable that holds a channel's webhook, as in the article.
fn variable(channel: &str) -> String {
    format!(
        "SLACK_{}_WEBHOOK_URL",
        channel.replace(['-', '_'], "").to_ascii_uppercase()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channels_variable_is_named_as_in_the_article() {
        assert_eq!(variable("data-alerts_2"), "SLACK_DATAALERTS2_WEBHOOK_URL");
    }

    #[test]
    fn a_webhook_that_cannot_be_used_is_named_without_its_value() {
        for value in ["/SECRET", "http://example.com/SECRET"] {
            let Err(warning) = find_webhook("alerts", Some(value.into())) else {
                panic!("{value}")
            };
            let shown = format!("{warning:?}");
            assert!(
                shown.contains("SLACK_ALERTS_WEBHOOK_URL") && !shown.contains("SECRET"),
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
