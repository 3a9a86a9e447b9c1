//! A webhook that takes alerts as JSON.

use std::iter;
use std::time::Duration;

#[cfg(feature = "tls")]
use ring::hmac;

use super::http::{Post, Rule};
use super::service_url::{Problem, Word, at};
use super::{Hidden, Notifier, Ours, Refusal, key};
use crate::error::Error;
use crate::format::json::{Value, object};
use crate::format::text;
use crate::format::time;
use crate::message::alert::Alert;
use crate::message::dropped::Dropped;
use crate::notifier::secret::Secret;
use crate::notifier::url::Destination;

/// The version of the document.
const VERSION: u32 = 1;

/// The most that is sent of the errors of one document, shared among its alerts.
const ERRORS: usize = 256 * 1024;

/// The most and the least of one error.
const ERROR: (usize, usize) = (4 * 1024, 64 * 1024);

/// The most that is sent of an alert's text: the error is there once more.
const TEXT: usize = 4 * 1024;

/// A receiver of our own document has nothing to say beside the status.
const ANSWERS: &[Rule] = &[];

/// Posts alerts as JSON to a URL of yours.
///
/// # The document
///
/// One POST holds `{"version": 1, "alerts": [...]}`: mostly one alert, several where they waited
/// together. Every key of version 1 is always there, `null` where it is unknown; later versions of
/// this library may add keys, and only a new `version` changes what one means. Times are RFC 3339
/// in UTC, to the microsecond.
///
/// | key of an alert | | |
/// |---|---|---|
/// | `id` | text | two messages with one id are the same event |
/// | `kind` | text | `failed`, `still_failing`, `recovered`, `ok`, `overdue`, `flapping`, `steady`, `too_short`, `too_long`, `overlapping`, `late`, `started` |
/// | `job` | text | the job's name, which is also its status file's |
/// | `state` | text | `OK` or `ERROR` |
/// | `summary` | text | one line for people |
/// | `text` | text | the whole alert for people, cut to 4 KiB |
/// | `error` | text | the error, `""` where there is none; cut in the middle above 64 KiB |
/// | `earlier_error` | text or null | the first line of the error of the run before, where that failed otherwise |
/// | `first_error` | text or null | the first line of the error that began the incident |
/// | `passed_over` | text or null | the error that the attribute leaves out |
/// | `channel` | text | where it was sent |
/// | `mention` | text or null | whom it mentions |
/// | `incident` | text or null | the same from a job's first failure to its recovery |
/// | `decided` | time | when it was decided to send it |
/// | `begun` | time | when the run began |
/// | `since` | time | when the first run of the present state began |
/// | `took_seconds` | number or null | how long the run took |
/// | `runs` | number | how many runs the present state has lasted |
/// | `every_hours` | number or null | how often it is meant to run |
/// | `host`, `pid`, `exe` | text, number, text, or null | where it ran |
/// | `location`, `source` | text, text or null | `module :: function`, and its `file:line` |
/// | `version`, `ok_version` | text or null | the version of its crate, and the one with which it last worked |
/// | `runbook`, `owner` | text or null | what the attribute says: the page that says what to do, and whose job it is |
/// | `links` | list of objects | pages to open, `label` (text) and `url` (text): the runbook, and what a [`Message`](crate::Message) adds |
/// | `log_lines` | list of texts | the last lines that the run has logged, oldest first ([`LastLines`](crate::LastLines)) |
/// | `notes` | list of texts | remarks for people |
/// | `facts` | object of texts | where it ran, such as `context` (`NOTIFY_CONTEXT`), and what the run said of itself ([`fact`](crate::fact())); one with the name of another is called `fact.context` |
/// | `dropped` | number or null | how many alerts were dropped because too many waited; on one alert of a document |
/// | `outage` | object or null | on a recovery, what is over: `since` (time), `runs` (number), `error` (text) |
///
/// # The answer
///
/// 2xx accepts all alerts of the document, unless it is a web page (a proxy's, or one to sign in:
/// tried again later) or JSON whose `ok` or `success` is false (as a 400). 408, 421, 425, 429 and 5xx ask for a later try, after `Retry-After`
/// where it is given. 401, 403, 404, 405, 407, 410 and redirects say that the webhook itself is broken: alerts
/// wait until it is fixed. Anything else refuses this document for good.
///
/// A document may come twice, for an answer can be lost on its way. The header `Idempotency-Key` is
/// then the same: an alert's id, or a hash of all ids.
///
/// # The signature
///
/// With a [`secret`](Self::secret) there is a header `X-Signature: sha256=<hex>`: the HMAC-SHA256 of
/// the body's bytes under that key. To verify it, work it out from the bytes as they came, before any
/// parsing, and compare the two in constant time; in Python:
///
/// ```python
/// expected = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
/// if not hmac.compare_digest(expected, request.headers["X-Signature"]):
///     abort(403)
/// ```
///
/// An old document that is sent again by somebody else has a true signature: its `Idempotency-Key`
/// is not signed, the `id`s in its body are.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Config, Json};
///
/// # fn main() -> Result<(), pipeline_notify::Error> {
/// let webhook = Json::new("https://alerts.example.com/batch")?.secret("k3y")?;
/// assert!(!format!("{webhook:?}").contains("k3y"));
/// assert!(Json::new("http://alerts.example.com/batch").is_err(), "not in clear");
/// let config = Config::new().channel("data-alerts", webhook);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Json {
    destination: Destination,
    secret: Option<Secret>,
}

impl Json {
    /// Takes the URL (`https`, or `http` to a loopback address), or `file:/path` of a file that
    /// holds it and is read at each send.
    ///
    /// # Errors
    ///
    /// [`Error::Webhook`] where it is no such URL. The error does not show it.
    pub fn new(url: &str) -> Result<Self, Error> {
        Destination::parse(url)
            .map(Self::to)
            .map_err(Error::webhook("json"))
    }

    pub(crate) fn to(destination: Destination) -> Self {
        Self {
            destination,
            secret: None,
        }
    }

    /// Has each document signed with a key, or with that in a `file:/path`.
    ///
    /// # Errors
    ///
    /// [`Error::Webhook`] where it is empty, a `file:` without an absolute path, or the feature
    /// `tls` is off, without which nothing is signed.
    pub fn secret(self, key: &str) -> Result<Self, Error> {
        can_sign()
            .and_then(|()| Secret::parse(key))
            .map(|secret| self.signing(Some(secret)))
            .map_err(Error::webhook("json"))
    }

    pub(super) fn read(
        word: &Word<'_>,
        scheme: &str,
        signing: &Result<Option<Secret>, Problem>,
    ) -> Result<Self, Problem> {
        let signing = signing.clone()?;
        if signing.is_some() {
            can_sign()?;
        }
        word.has_no_user()?;
        let destination = Destination::parse(&format!("{scheme}://{}", word.whole));
        let destination = destination.map_err(|problem| match scheme {
            "http" if at(word.whole).is_ok() => {
                "`json://` would show it to the network: use `jsons://` (127.0.0.1 and [::1] excepted)"
            }
            _ => problem,
        })?;
        Ok(Self::to(destination).signing(signing))
    }

    pub(crate) fn signing(self, secret: Option<Secret>) -> Self {
        Self { secret, ..self }
    }
}

impl Notifier for Json {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let url = self.destination.url()?;
        let key = self.secret.as_ref().map(Secret::reveal).transpose();
        let key = key.map_err(|problem| {
            Refusal::channel(format!("it cannot be signed, its secret: {problem}"))
        })?;
        let body = document(alerts);
        let id = key::of_message(alerts);
        let signature = key.as_ref().map(|key| signature(key, &body)).transpose();
        let signature = signature.map_err(Refusal::channel)?;
        let signature = signature.as_deref().map(|value| ("x-signature", value));
        let headers = [Some(("idempotency-key", &*id)), signature];
        let headers: Vec<_> = headers.into_iter().flatten().collect();
        let post = Post::document(&url, body).headers(&headers);
        post.hiding(key.as_slice()).send(timeout)?.judge(ANSWERS)
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        let key = self.secret.as_ref().map(Hidden::key);
        iter::once(Hidden::url(&self.destination))
            .chain(key)
            .collect()
    }

    fn identity(&self) -> String {
        format!("json:{}", self.destination.identity())
    }
}

/// Writes alerts as the JSON that [`Json`] describes.
pub(super) fn document(alerts: &[Alert]) -> String {
    let (least, most) = ERROR;
    let room = (ERRORS / alerts.len().max(1)).clamp(least, most);
    let alerts: Vec<_> = alerts.iter().map(|alert| object(alert, room)).collect();
    object! { "version": VERSION, "alerts": alerts }.text()
}

fn object(alert: &Alert, room: usize) -> Value {
    let Alert {
        id,
        kind,
        job,
        channel,
        decided,
        incident,
        earlier_error,
        outage,
        mention,
        facts: _,
        notes,
        message,
        dropped,
        // It is of messages that are edited, and no document is.
        recovered: _,
        status,
    } = alert;
    let outage = outage.as_ref().map(|outage| {
        object! { "since": time::rfc3339(outage.since), "runs": outage.runs, "error": outage.error.as_str() }
    });
    let links = alert.links();
    let links = links
        .iter()
        .map(|link| object! { "label": link.label.as_str(), "url": link.url.as_str() });
    let links: Vec<_> = links.collect();
    let words = dropped.as_ref().and_then(Dropped::words);
    let notes = notes.iter().chain(&message.lines).chain(&words);
    let notes: Vec<_> = notes.map(String::as_str).collect();
    object! {
        "id": id.as_str(),
        "kind": kind.name(),
        "job": job.as_str(),
        "state": status.state.as_str(),
        "summary": alert.summary(),
        "text": text::cut(alert.text_within(TEXT, &str::len), TEXT),
        "error": text::cut(alert.error(), room),
        "earlier_error": earlier_error.as_deref(),
        "first_error": status.first_error.as_deref(),
        "passed_over": status.passed_over.as_deref(),
        "channel": channel.as_str(),
        "mention": mention.as_deref(),
        "incident": incident.as_deref(),
        "decided": time::rfc3339(*decided),
        "begun": time::rfc3339(status.begun),
        "since": time::rfc3339(status.since),
        "took_seconds": status.took.map(|took| took.as_secs_f64()),
        "runs": status.runs,
        "every_hours": status.every_hours,
        "host": status.host.as_deref(),
        "pid": status.pid,
        "exe": status.exe.as_deref(),
        "location": &*status.location,
        "source": status.source.as_deref(),
        "version": status.version.as_deref(),
        "ok_version": status.ok_version.as_deref(),
        "runbook": status.runbook.as_deref(),
        "owner": status.owner.as_deref(),
        "links": links,
        "notes": notes,
        "dropped": dropped.as_ref().map(Dropped::count),
        "facts": facts(alert),
        "log_lines": alert.log_lines().collect::<Vec<_>>(),
        "outage": outage,
    }
}

/// Returns all facts by their names. One that a run gave the name of a place has `fact.` before it.
fn facts(alert: &Alert) -> Value {
    let places = &alert.facts;
    let mut facts = object! {};
    for (at, (name, value)) in alert.facts().enumerate() {
        let is_place = at >= places.len() && places.iter().any(|(place, _)| place == name);
        if is_place {
            facts.put(&format!("fact.{name}"), value);
        } else {
            facts.put(name, value);
        }
    }
    facts
}

/// Says what is missing where nothing can be signed.
fn can_sign() -> Result<(), &'static str> {
    if cfg!(feature = "tls") {
        Ok(())
    } else {
        Err("signing needs the feature `tls` of pipeline-notify, which is off")
    }
}

#[cfg(feature = "tls")]
fn signature(key: &str, body: &str) -> Result<String, &'static str> {
    can_sign()?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let tag = hmac::sign(&key, body.as_bytes());
    let hex = tag.as_ref().iter().map(|byte| format!("{byte:02x}"));
    Ok(format!("sha256={}", hex.collect::<String>()))
}

/// Nothing that was to be signed is sent unsigned.
#[cfg(not(feature = "tls"))]
fn signature(_key: &str, _body: &str) -> Result<String, &'static str> {
    can_sign()?;
    Ok(String::new())
}

#[cfg(test)]
mod tests;
