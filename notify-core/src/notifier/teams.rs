//! Microsoft Teams, through the webhook of a workflow.

mod card;
pub(super) mod word;

use std::time::Duration;

use card::{message, short};

use super::http::{self, Class, Post, Rule};
use super::{Hidden, Notifier, Ours, Refusal};
use crate::error::Error;
use crate::message::alert::Alert;
use crate::notifier::url::Destination;

/// What a workflow answers, where the status alone does not say it.
/// <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>
const RULES: [Rule; 6] = [
    // The flow is switched off.
    Rule::range(400..=499, "WorkflowTriggerIsNotEnabled", Class::Channel),
    Rule::new(405, "", Class::Channel),
    // A webhook of the older kind says 200 and means what it says in words.
    Rule::range(200..=299, "HTTP error 429", Class::Temporary),
    Rule::range(200..=299, "HTTP error 5", Class::Temporary),
    Rule::range(200..=299, "HTTP error 4", Class::Alert),
    Rule::range(200..=299, "message delivery failed", Class::Temporary),
];

/// Posts an Adaptive Card to a workflow of Microsoft Teams, made from the template "Post to a
/// channel when a webhook request is received". Where a job's `mention` names people by the address that
/// they sign in with (`anna@example.com`), or by their object ids, a failure mentions them. Below the
/// card is a button for each address in `NOTIFY_CONTEXT`, four at most.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Config, Teams};
///
/// # fn main() -> Result<(), pipeline_notify::Error> {
/// let teams = Teams::new(
///     "https://000.environment.api.powerplatform.com/powerautomate/automations/direct/\
///      workflows/000/triggers/manual/paths/invoke?api-version=1&sig=XXXX",
/// )?;
/// let config = Config::new().channel("data-alerts", teams);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Teams {
    destination: Destination,
}

impl Teams {
    /// Takes the workflow's URL, or `file:/path` of a file that holds it and is read at each send.
    /// All of it is a secret: anybody who knows `sig=` can post. URLs at `logic.azure.com`, which Power
    /// Automate gave until the end of 2025, and connectors at `webhook.office.com` are switched off.
    ///
    /// # Errors
    ///
    /// [`Error::Webhook`] where it is no `https` URL. The error does not show it.
    pub fn new(webhook: &str) -> Result<Self, Error> {
        let destination = Destination::parse(webhook).map(Self::to);
        destination.map_err(Error::webhook("teams"))
    }

    pub(crate) fn to(destination: Destination) -> Self {
        Self { destination }
    }
}

impl Notifier for Teams {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let url = self.destination.url()?;
        http::send_or_short(
            timeout,
            &RULES,
            &message(alerts),
            &|| short(alerts),
            &|message, left| Post::json(&url, message).send(left),
        )
        .map(drop)
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        vec![Hidden::webhook(&self.destination)]
    }

    fn identity(&self) -> String {
        self.destination.identity()
    }
}

#[cfg(test)]
mod tests;
