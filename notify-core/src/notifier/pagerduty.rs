//! PagerDuty's Events API v2.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::http::{Answer, Class, Post, Rule};
use super::sanitize::{fit, line, visible};
use super::service_url::{Problem, Word};
use super::severity::{Severity, resolves};
use super::{Hidden, Notifier, Ours, Refusal, key};
use crate::error::Error;
use crate::format::text;
use crate::format::time;
use crate::message::alert::{Alert, Kind};
use crate::notifier::secret::Secret;
use crate::notifier::url::Destination;

/// Where the service is; in the European Union at `https://events.eu.pagerduty.com`.
const SERVICE: &str = "https://events.pagerduty.com";

const PATH: &str = "/v2/enqueue";

/// The length of a routing key.
const KEY: usize = 32;

/// The longest summary.
const SUMMARY: usize = 1_024;

/// Ours: the longest of the other one-line values.
const LINE: usize = 1_000;

/// Ours: the longest error, in bytes of JSON; the whole event may have 512 KB.
const ERROR: usize = 256 * 1024;

/// Ours: the most links.
const LINKS: usize = 10;

/// Ours: the longest text that the program writes, likewise.
const TEXT: usize = 64 * 1024;

/// What is left out beyond so many bytes of details and remarks.
const DETAILS: usize = 100 * 1024;

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
        let destination = destination.map_err(|problem| Error::Webhook {
            channel: "pagerduty".to_owned(),
            problem,
        })?;
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
        // Not the error's own text, which speaks of code.
        made.map_err(|_| "its key is not 32 letters and digits")
    }
}

fn check(key: &str) -> Result<(), &'static str> {
    if key.len() == KEY && key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err("a routing key has 32 letters and digits")
    }
}

impl fmt::Debug for PagerDuty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PagerDuty(…)")
    }
}

impl Notifier for PagerDuty {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let begun = Instant::now();
        let channel = |reason| Refusal::Channel { reason };
        let key = self.key.reveal().map_err(channel)?;
        check(&key).map_err(|problem| channel(problem.to_owned()))?;
        let url = self.destination.url().map_err(channel)?;
        // A beginning is no incident, and ends none.
        let events = alerts.iter().filter(|alert| alert.kind != Kind::Started);
        for event in events.flat_map(|alert| events_of(alert, &key)) {
            let left = timeout.saturating_sub(begun.elapsed());
            let event = event.to_string();
            judge(Post::json(&url, &event).hiding(&key).send(left)?)?;
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
    let source = Some(line(source, LINE, visible)).filter(|source| !source.trim().is_empty());
    let mut event = json!({
        "routing_key": routing_key,
        "event_action": if resolves { "resolve" } else { "trigger" },
        "dedup_key": key::of_alert(alert),
        "client": "pipeline-notify",
        "payload": {
            "summary": line(&alert.summary(), SUMMARY, visible),
            "source": source.unwrap_or_else(|| "unknown".to_owned()),
            "severity": if resolves { "info" } else { severity(alert) },
            "timestamp": time::rfc3339(alert.decided),
            "component": line(&alert.job, LINE, visible),
            "group": line(&alert.channel, LINE, visible),
            "class": alert.kind.as_str(),
            "custom_details": details(alert),
        },
    });
    // They are of what opens an incident alone.
    let links = alert.pages();
    if !resolves && !links.is_empty() {
        let links = links.iter().take(LINKS);
        let links =
            links.map(|link| json!({ "href": link.url, "text": line(&link.label, LINE, visible) }));
        event["links"] = links.collect();
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

/// Returns what there is to know by name, with the error to the letter.
fn details(alert: &Alert) -> Map<String, Value> {
    let weigh = |text: &str| Value::from(text).to_string().len();
    let mut left = DETAILS;
    let mut is_left = |text: &str| {
        let rest = left.checked_sub(weigh(text));
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    let mut details = Map::new();
    let facts = [
        ("began".into(), time::show(alert.status.begun)),
        ("function".into(), alert.status.location.to_string()),
    ];
    for (name, value) in facts.into_iter().chain(alert.details()) {
        let value = line(&value, LINE, visible);
        if is_left(&value) {
            details.insert(text::first_bytes(&name, LINE).to_owned(), value.into());
        }
    }
    let remarks: Vec<_> = alert
        .remarks()
        .iter()
        .map(|remark| line(remark, LINE, visible))
        .filter(|remark| is_left(remark))
        .collect();
    if !remarks.is_empty() {
        details.insert("remarks".to_owned(), remarks.into());
    }
    if let Some(text) = &alert.message.text {
        let text = fit(text, TEXT, weigh, visible);
        details.insert("text".to_owned(), text.into());
    }
    if !alert.error().is_empty() {
        let error = fit(alert.error(), ERROR, weigh, visible);
        details.insert("error".to_owned(), error.into());
    }
    let lines: Vec<_> = alert.log_lines().map(visible).collect();
    if !lines.is_empty() {
        details.insert("log_lines".to_owned(), lines.into());
    }
    details
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::status::State;
    use crate::testing::{Folder, alert_of, alerts_of_each_kind, few_cases, with_text, written};
    use strict_services as strict;

    const TESTED: &str = "0123456789abcdefghij0123456789AB";

    fn is_taken(event: &Value) -> Result<(), String> {
        strict::pagerduty::refuse(&event.to_string()).map_or(Ok(()), |(_, body)| Err(body))
    }

    #[test]
    fn an_alert_of_each_kind_is_an_event() {
        // A beginning is never sent.
        let alerts = alerts_of_each_kind().into_iter();
        for alert in alerts.filter(|alert| alert.kind != Kind::Started) {
            let events = events_of(&alert, TESTED);
            for event in &events {
                assert_eq!(is_taken(event), Ok(()));
            }
            insta::assert_json_snapshot!(alert.kind.as_str().replace(' ', "-"), events[0]);
        }
    }

    #[test]
    fn what_opens_an_incident_and_what_resolves_it_have_one_key() {
        let of = |kind, state| {
            let mut alert = alert_of(kind);
            alert.status.state = state;
            let event = events_of(&alert, TESTED).remove(0);
            let remark = if kind.is_remark() { " (remark)" } else { "" };
            assert_eq!(event["dedup_key"], format!("etl.load.run{remark}"));
            let severity = event["payload"]["severity"].as_str().unwrap().to_owned();
            (event["event_action"].as_str().unwrap().to_owned(), severity)
        };
        let (failed, ok) = (State::Error, State::Ok);
        for (kind, state, action, severity) in [
            (Kind::Failed, failed, "trigger", "error"),
            (Kind::StillFailing, failed, "trigger", "critical"),
            (Kind::Overdue, failed, "trigger", "warning"),
            (Kind::Flapping, failed, "trigger", "warning"),
            (Kind::Flapping, ok, "trigger", "warning"),
            (Kind::Steady, failed, "trigger", "error"),
            (Kind::Steady, ok, "resolve", "info"),
            (Kind::Recovered, ok, "resolve", "info"),
            (Kind::Ok, ok, "resolve", "info"),
            (Kind::TooShort, ok, "trigger", "warning"),
            (Kind::TooLong, ok, "trigger", "warning"),
            (Kind::Overlapping, ok, "trigger", "warning"),
            (Kind::Late, ok, "resolve", "info"),
        ] {
            let expected = (action.to_owned(), severity.to_owned());
            assert_eq!(of(kind, state), expected, "{kind:?} {state}");
        }
    }

    /// Issue 18, point 2: no later alert of the job would resolve it.
    #[test]
    fn what_a_remark_opens_is_resolved_at_once_and_is_no_part_of_a_failure() {
        for kind in [Kind::TooShort, Kind::TooLong, Kind::Overlapping] {
            let events = events_of(&alert_of(kind), TESTED);
            let of = |key: &str| events.iter().map(|event| event[key].clone()).collect();
            let (actions, keys): (Vec<_>, Vec<_>) = (of("event_action"), of("dedup_key"));
            assert_eq!(actions, ["trigger", "resolve"], "{kind:?}");
            assert_eq!(keys, ["etl.load.run (remark)"; 2], "{kind:?}");
            assert_eq!(events[1]["links"], Value::Null);
        }
        assert_eq!(events_of(&alert_of(Kind::Failed), TESTED).len(), 1);
    }

    // Issue 16, point 5.
    #[test]
    fn what_opens_an_incident_has_the_pages_of_the_context_and_what_resolves_it_has_none() {
        let links = |kind| {
            let mut alert = alert_of(kind);
            alert.status.runbook = None;
            events_of(&alert, TESTED)[0]["links"].clone()
        };
        let expected = json!([{ "href": "https://wiki.example/etl", "text": "wiki.example" }]);
        assert_eq!(links(Kind::Failed), expected);
        assert_eq!(links(Kind::Recovered), Value::Null);
    }

    #[test]
    fn every_answer_has_its_class() {
        for status in 100..=599 {
            let expected = match status {
                200..=299 => Class::Accepted,
                408 | 429 | 500..=599 => Class::Temporary,
                300..=399 | 401 | 403 | 404 | 405 | 410 => Class::Channel,
                _ => Class::Alert,
            };
            assert_eq!(Answer::made(status, "").class(&RULES), expected, "{status}");
        }
        let invalid = |error: &str| {
            json!({ "status": "invalid event", "message": "Event object is invalid", "errors": [error] }).to_string()
        };
        for (status, body, expected) in [
            (
                202,
                json!({ "status": "success", "message": "Event processed", "dedup_key": "x" })
                    .to_string(),
                Class::Accepted,
            ),
            (
                400,
                invalid("'payload.summary' is missing or blank"),
                Class::Alert,
            ),
            (
                400,
                invalid("Length of 'routing_key' is incorrect (should be 32 characters)"),
                Class::Channel,
            ),
            (
                400,
                invalid("'routing_key' cannot contain non-alphanumeric characters."),
                Class::Channel,
            ),
            (400, "Invalid routing key".to_owned(), Class::Channel),
            (413, String::new(), Class::Alert),
            (
                429,
                r#"{"message":"Too many requests","status":"throttle exceeded"}"#.to_owned(),
                Class::Temporary,
            ),
            (500, String::new(), Class::Temporary),
        ] {
            assert_eq!(
                Answer::made(status, &body).class(&RULES),
                expected,
                "{body}"
            );
        }
    }

    #[test]
    fn a_service_that_is_busy_is_left_alone_for_some_minutes() {
        let pause = |status, body| match judge(Answer::made(status, body)) {
            Err(Refusal::Temporary { retry_after, .. }) => retry_after,
            other => panic!("{other:?}"),
        };
        assert_eq!(pause(429, ""), Some(PAUSE));
        let said = r#"{"retry_after": 7}"#;
        assert_eq!(pause(429, said), Some(Duration::from_secs(7)));
        assert_eq!(pause(500, ""), None);
    }

    #[test]
    fn what_is_no_key_or_no_place_is_an_error_that_does_not_show_it() {
        for key in [
            "",
            "SECRET",
            "SECRET-89abcdef0123456789abcdef0123",
            "file:SECRET",
        ] {
            let error = PagerDuty::new(key).unwrap_err();
            assert!(matches!(error, Error::RoutingKey { .. }));
            assert!(!format!("{error} {error:?}").contains("SECRET"), "{error}");
        }
        for place in ["http://events.pagerduty.com", "file:/x", "x"] {
            let error = PagerDuty::at(place, TESTED).unwrap_err();
            assert!(matches!(error, Error::Webhook { .. }), "{error}");
        }
        let pagerduty = PagerDuty::at("https://events.eu.pagerduty.com/", TESTED).unwrap();
        let url = pagerduty.destination.url().unwrap();
        assert_eq!(url.as_str(), "https://events.eu.pagerduty.com/v2/enqueue");
        assert_eq!(format!("{pagerduty:?}"), "PagerDuty(…)");
        let other = PagerDuty::new(&TESTED.to_lowercase()).unwrap();
        assert_ne!(pagerduty.identity(), other.identity());
    }

    #[test]
    fn a_key_in_a_file_that_is_none_breaks_the_channel_without_being_shown() {
        let folder = Folder::new();
        let path = folder.path().join("key");
        let pagerduty = PagerDuty::at("http://127.0.0.1:9", &format!("file:{}", path.display()));
        let pagerduty = pagerduty.unwrap();
        for content in [None, Some("SECRET")] {
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let refusal = pagerduty.notify(&alerts_of_each_kind()[..1], Duration::from_secs(5));
            let Err(Refusal::Channel { reason }) = refusal else {
                panic!("{refusal:?}");
            };
            assert!(!reason.contains("SECRET"), "{reason}");
        }
    }

    #[test]
    fn a_text_of_a_megabyte_fits() {
        for text in [
            "\u{0}".repeat(1_000_000),
            "\"\\".repeat(500_000),
            "漢".repeat(350_000),
        ] {
            let mut alert = with_text(alert_of(Kind::StillFailing), &text);
            alert.job.clone_from(&text);
            alert.notes = vec![text.clone(); 100];
            alert.facts = vec![(text.clone(), text.clone()); 100];
            assert_eq!(is_taken(&events_of(&alert, TESTED)[0]), Ok(()));
        }
    }

    /// Issue 17, point 2.
    #[test]
    fn what_the_program_writes_stands_beside_the_error() {
        let event = events_of(&written("the disk is full"), TESTED).remove(0);
        assert_eq!(is_taken(&event), Ok(()));
        assert_eq!(event["links"][0]["href"], "https://wiki.example.com/orders");
        insta::assert_json_snapshot!("written", event);
    }

    proptest! {
        #![proptest_config(few_cases())]
        /// Issue 17, point 2.
        #[test]
        fn whatever_the_program_writes_is_taken(text in crate::testing::wild_text()) {
            prop_assert_eq!(is_taken(&events_of(&written(&text), TESTED)[0]), Ok(()));
        }
    }

    proptest! {
        #![proptest_config(few_cases())]
        #[test]
        fn any_text_is_taken_and_begins_with_the_first_line(text in crate::testing::wild_text()) {
            let alert = with_text(alert_of(Kind::StillFailing), &text);
            let event = events_of(&alert, TESTED).remove(0);
            prop_assert_eq!(is_taken(&event), Ok(()));
            let error = event["payload"]["custom_details"]["error"].as_str().unwrap_or_default();
            let seen = visible(alert.error());
            let first = text::first_line(&seen, 80).trim();
            prop_assert!(error.trim_start().starts_with(first), "{:?} of {}", first, error);
        }
    }
}
