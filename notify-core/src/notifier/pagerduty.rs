//! PagerDuty's Events API v2.

use std::slice;
use std::time::{Duration, Instant};

use super::http::{Answer, Class, Post, Rule};
use super::sanitize::{fit, line, visible};
use super::service_url::{Problem, Word};
use super::severity::{Severity, resolves};
use super::{Hidden, Notifier, Ours, Refusal, key};
use crate::error::Error;
use crate::format::debug::debug_by_name;
use crate::format::json::{Value, filled, object};
use crate::format::text;
use crate::format::text::is_blank;
use crate::format::time;
use crate::message::alert::{Alert, Kind};
use crate::notifier::secret::Secret;
use crate::notifier::url::Destination;

/// Where the service is; in the European Union at `https://events.eu.pagerduty.com`.
const SERVICE: &str = "https://events.pagerduty.com";

const PATH: &str = "/v2/enqueue";

const KEY_LENGTH: usize = 32;

const MAX_SUMMARY: usize = 1_024;

/// Ours, for the whole event may have 512 KB: the longest of the other one-line values, and in bytes of JSON the longest
/// error, the longest text that the program writes, and all details and remarks together.
const MAX_LINE: usize = 1_000;
const MAX_ERROR: usize = 256 * 1024;
const MAX_TEXT: usize = 64 * 1024;
const MAX_DETAILS: usize = 100 * 1024;
const MAX_LINKS: usize = 10;

/// The pause after 429, which comes without one: "preferably with a backoff of a few minutes".
const PAUSE: Duration = Duration::from_secs(2 * 60);

/// What the service answers, where the status alone does not say it.
/// <https://developer.pagerduty.com/docs/events-api-v2-overview#response-codes--retry-logic>
const RULES: [Rule; 3] = [
    // The key is of another length, of another kind, or of no service: no event will be taken.
    Rule::new(400, "routing_key", Class::Channel),
    Rule::new(400, "routing key", Class::Channel),
    Rule::new(405, "", Class::Channel),
];

/// Opens an incident of PagerDuty when a job fails, hangs or flaps, and resolves it when the job
/// works again: one for each job, also where the run that works knows nothing of the one before.
/// With `NOTIFY_INSTANCE`, one for each job and instance.
///
/// It sends each alert as an event of its own, but for a beginning (`start = true`), which is none. A failure that a job sends again raises the
/// severity to `critical`; overdue and flapping jobs are a `warning`.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Config, PagerDuty};
///
/// # fn main() -> Result<(), pipeline_notify::Error> {
/// let pagerduty = PagerDuty::new("0123456789abcdef0123456789abcdef")?;
/// let config = Config::new().channel("on-call", pagerduty);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PagerDuty {
    key: Secret,
    destination: Destination,
}

impl PagerDuty {
    /// Takes the routing key ("Integration Key") of an Events API v2 integration, or `file:/path`
    /// of a file that holds it and is read at each send.
    ///
    /// # Errors
    ///
    /// [`Error::RoutingKey`] where it is none. The error does not show it.
    pub fn new(key: &str) -> Result<Self, Error> {
        Self::at(SERVICE, key)
    }

    /// The same at another place: `https://events.eu.pagerduty.com` for an account of the European
    /// Union.
    ///
    /// # Errors
    ///
    /// [`Error::RoutingKey`] where the key is none, and [`Error::Webhook`] where the place is no
    /// `https` URL.
    pub fn at(service: &str, key: &str) -> Result<Self, Error> {
        let key = Secret::parse(key).and_then(|key| match &key {
            Secret::Text(text) => check(text).map(|()| key),
            Secret::File(_) => Ok(key),
        });
        let key = key.map_err(|problem| Error::RoutingKey { problem })?;
        let service = service.trim().trim_end_matches('/');
        let destination = match Destination::parse(&format!("{service}{PATH}")) {
            Ok(Destination::File(_)) => Err("it must be a URL: the key alone is a secret"),
            other => other,
        };
        let destination = destination.map_err(Error::webhook("pagerduty"))?;
        Ok(Self { key, destination })
    }

    /// `pagerduty://key`, or `pagerduty://host/key`, such as that of the European Union; or shoutrrr's
    /// `pagerduty:///key`.
    pub(super) fn read(word: &Word<'_>) -> Result<Self, Problem> {
        if word.user.is_some() {
            return Err("it takes the integration's key alone");
        }
        let made = match (word.host, &*word.segments()) {
            (key, []) => Self::new(key),
            ("", [key]) => Self::new(key),
            (host, [key]) if word.is_at(&["events.pagerduty.com", "events.eu.pagerduty.com"]) => {
                Self::at(&format!("https://{host}"), key)
            }
            _ => return Err("it is not a key alone"),
        };
        // The error's own text speaks of code, and is left out.
        made.map_err(|_| "its key is not 32 letters and digits")
    }
}

fn check(key: &str) -> Result<(), &'static str> {
    if key.len() == KEY_LENGTH && key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err("a routing key has 32 letters and digits")
    }
}

debug_by_name!(PagerDuty);

impl Notifier for PagerDuty {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let begun = Instant::now();
        let key = self.key.reveal().map_err(Refusal::channel)?;
        check(&key).map_err(Refusal::channel)?;
        let url = self.destination.url()?;
        // A beginning is no incident, and ends none.
        let events = alerts.iter().filter(|alert| alert.kind != Kind::Started);
        for event in events.flat_map(|alert| events_of(alert, &key)) {
            let left = timeout.saturating_sub(begun.elapsed());
            judge(
                Post::json(&url, &event)
                    .hiding(slice::from_ref(&key))
                    .send(left)?,
            )?;
        }
        Ok(())
    }

    fn most(&self) -> usize {
        1
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        vec![Hidden::key(&self.key)]
    }

    fn identity(&self) -> String {
        let key = match &self.key {
            Secret::Text(key) => key.clone(),
            Secret::File(path) => format!("file:{}", path.display()),
        };
        format!("{} {key}", self.destination.identity())
    }
}

fn judge(answer: Answer) -> Result<(), Refusal> {
    let is_busy = answer.status == 429;
    // An event that was taken is answered with `"status": "success"`.
    let answer = answer.or_no(|said| {
        let status = said.get("status").and_then(Value::as_str);
        status.is_some_and(|status| status != "success")
    });
    let pause = if is_busy { Some(PAUSE) } else { None };
    answer.or_pause(pause).judge(&RULES)
}

/// Makes the events of an alert. What a remark opens is resolved at once: whoever is on call hears of it, and no later
/// alert would.
fn events_of(alert: &Alert, routing_key: &str) -> Vec<Value> {
    let first = event(alert, routing_key, resolves(alert));
    let ends = alert.kind.is_remark();
    let end = ends.then(|| event(alert, routing_key, true));
    [Some(first), end].into_iter().flatten().collect()
}

fn event(alert: &Alert, routing_key: &str, resolves: bool) -> Value {
    let source = alert.status.host.as_deref().unwrap_or_default();
    let source = Some(line(source, MAX_LINE, &visible)).filter(|source| !is_blank(source));
    let mut event = object! {
        "routing_key": routing_key,
        "event_action": if resolves { "resolve" } else { "trigger" },
        "dedup_key": key::of_alert(alert),
        "client": "pipeline-notify",
        "payload": object! {
            "summary": line(&alert.summary(), MAX_SUMMARY, &visible),
            "source": source.unwrap_or_else(|| "unknown".to_owned()),
            "severity": if resolves { "info" } else { severity(alert) },
            "timestamp": time::rfc3339(alert.decided),
            "component": line(&alert.job, MAX_LINE, &visible),
            "group": line(&alert.channel, MAX_LINE, &visible),
            "class": alert.kind.as_str(),
            "custom_details": details(alert),
        },
    };
    // They are of what opens an incident alone.
    if !resolves {
        let links = alert.pages().into_iter().take(MAX_LINKS);
        let links = links.map(
            |link| object! { "href": link.url, "text": line(&link.label, MAX_LINE, &visible) },
        );
        event.put("links", filled(links.collect::<Value>()));
    }
    event
}

fn severity(alert: &Alert) -> &'static str {
    match Severity::of(alert) {
        Severity::Unclear => "warning",
        _ if alert.kind == Kind::StillFailing => "critical",
        _ => "error",
    }
}

/// Returns what there is to know by name, with the error to the letter, or what the program writes in its place.
fn details(alert: &Alert) -> Value {
    let weigh = |text: &str| Value::from(text).text().len();
    let mut left = MAX_DETAILS;
    let mut is_left = |text: &str| {
        let rest = left.checked_sub(weigh(text));
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    let mut details = object! {};
    let origin = alert.origin().into_iter().flatten();
    for (name, value) in origin.chain(alert.details()) {
        let value = line(&value, MAX_LINE, &visible);
        if is_left(&value) {
            details.put(text::first_bytes(&name, MAX_LINE), value);
        }
    }
    let mut remarks = alert.remarks();
    for remark in &mut remarks {
        *remark = line(remark, MAX_LINE, &visible);
    }
    remarks.retain(|remark| is_left(remark));
    details.put("remarks", filled(remarks));
    if let Some(text) = &alert.message.text {
        details.put("text", fit(text, MAX_TEXT, &weigh, &visible));
        return details;
    }
    let error = fit(alert.error(), MAX_ERROR, &weigh, &visible);
    details.put("error", filled(error));
    let lines: Vec<_> = alert.log_lines().map(visible).collect();
    details.put("log_lines", filled(lines));
    details
}

#[cfg(test)]
mod tests;
