//! Alerts of Jira Service Management, and of Opsgenie, its predecessor.

use std::slice;
use std::thread;
use std::time::{Duration, Instant};

use super::http::{self, Answer, Class, Post, Rule};
use super::sanitize::{fit, line, units, visible};
use super::service_url::{Problem, Word, at, encode, is_of};
use super::severity::{Severity, resolves};
use super::{Hidden, Notifier, Ours, Refusal, key};
use crate::format::debug::debug_by_name;
use crate::format::json::{Value, object, some};
use crate::format::text;
use crate::format::text::is_blank;
use crate::message::alert::{Alert, Kind};
use crate::notifier::secret::Secret;
use crate::notifier::url::{Destination, Url};

// <https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v1/api-group-integration-events/>

const MAX_TITLE: usize = 130;
const MAX_DESCRIPTION: usize = 15_000;
const MAX_HOST: usize = 100;

/// The longest value of a detail, and all details together. Ours: the most of them.
const DETAIL: usize = 500;
const DETAILS: usize = 8_000;
const MOST_DETAILS: usize = 40;

/// What the services answer, where the status alone does not say it.
const RULES: [Rule; 5] = [
    Rule::new(401, "", Class::Channel)
        .hint("the key is not known: is it that of an API integration?"),
    // The plan of the account has no such integration.
    Rule::new(402, "", Class::Channel),
    Rule::new(403, "", Class::Channel)
        .hint("the integration is switched off, or may not create and close alerts"),
    Rule::new(404, "", Class::Channel),
    Rule::new(405, "", Class::Channel),
];

/// A request is taken first and done later, in no order that is promised: to close an alert that is not there yet
/// closes nothing. So often it is asked whether one is there, and for so long.
const ASK_AGAIN: Duration = Duration::from_millis(250);
const OPENING: Duration = Duration::from_secs(4);

/// The pause after 429 where the answer names none: requests are counted by the minute.
const PAUSE: Duration = Duration::from_secs(60);

/// Opens an alert when a job fails, hangs or flaps, and closes it when the job works again: one for
/// each job, also where the run that works knows nothing of the one before.
#[derive(Clone)]
pub(crate) struct Jsm {
    alerts: Destination,
    key: Secret,
}

impl Jsm {
    /// `jira://Key`.
    pub(super) fn of_jira(word: &Word<'_>) -> Result<Self, Problem> {
        Self::read(word, "api.atlassian.com", "/jsm/ops/integration/v2/alerts")
    }

    /// `opsgenie://Key`, in the European Union with `?region=eu`.
    pub(super) fn of_opsgenie(word: &Word<'_>) -> Result<Self, Problem> {
        let region = word.option(&["region"]).unwrap_or("us");
        let host = match &*text::lower(region) {
            "us" => "api.opsgenie.com",
            "eu" => "api.eu.opsgenie.com",
            _ => return Err("its region is neither `us` nor `eu`"),
        };
        Self::read(word, host, "/v2/alerts")
    }

    fn read(word: &Word<'_>, host: &str, path: &str) -> Result<Self, Problem> {
        word.has_no_user()?;
        if word.option(&["to", "targets"]).is_some() {
            return Err("an option of it names whom to call, and the integration knows that");
        }
        let loopback = at(word.host).is_ok_and(|to| to.url().is_ok_and(|url| url.is_loopback()));
        let (host, key) = match *word.segments() {
            [] => (host, word.host),
            // Something that stands in for the service.
            [key] if loopback => (word.host, key),
            _ => {
                return Err(
                    "nothing has a place behind its key: the integration knows whom to call",
                );
            }
        };
        if key.len() < 8 || !is_of("-_", key) {
            return Err("its key is not letters, digits, `-` and `_`");
        }
        Ok(Self {
            alerts: at(&format!("{host}{path}"))?,
            key: Secret::parse(key)?,
        })
    }

    fn send(&self, alert: &Alert, timeout: Duration) -> Result<(), Refusal> {
        let key = self.key.reveal().map_err(Refusal::channel)?;
        let url = self.alerts.url()?;
        let authorization = format!("GenieKey {key}");
        let headers = [("authorization", &*authorization)];
        let post = |url: &Url, message: &Value, left| {
            let post = Post::json(url, message).headers(&headers);
            Ok(paused(post.hiding(slice::from_ref(&key)).send(left)?))
        };
        let begun = Instant::now();
        if !resolves(alert) {
            let full = opening(alert);
            let send = |message: &Value, left| post(&url, message, left);
            let taken = http::send_or_short(timeout, &RULES, &full, &|| short(alert), &send)?;
            if !alert.kind.is_remark() {
                return Ok(());
            }
            // What a remark opens is closed once it is there: no later alert would.
            let request = taken.json().and_then(|taken| {
                let request = encode(taken.get("requestId")?.as_str()?);
                Some(url.clone().below(&format!("requests/{request}")))
            });
            let until = begun + OPENING.min(timeout / 2);
            if let Some(request) = request {
                let ask = |left| {
                    Post::get(&request)
                        .headers(&headers)
                        .hiding(slice::from_ref(&key))
                        .send(left)
                };
                wait_until_opened(until, ask);
            }
        }
        let url = url.below(&format!("{}/close", encode(&key::of_alert(alert))));
        let url = url.asking("identifierType=alias");
        let left = timeout.saturating_sub(begun.elapsed());
        post(&url, &closing(alert), left)?.judge(&RULES)
    }
}

debug_by_name!(Jsm);

impl Notifier for Jsm {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let begun = Instant::now();
        // A beginning is no alert there, and closes none.
        let alerts = alerts.iter().filter(|alert| alert.kind != Kind::Started);
        alerts
            .into_iter()
            .try_for_each(|alert| self.send(alert, timeout.saturating_sub(begun.elapsed())))
    }

    fn most(&self) -> usize {
        1
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        vec![Hidden::key(&self.key)]
    }

    fn identity(&self) -> String {
        let key = self.key.reveal().unwrap_or_default();
        format!("{} {key}", self.alerts.identity())
    }
}

/// Waits until a request is done, while it is not known yet.
fn wait_until_opened(until: Instant, ask: impl Fn(Duration) -> Result<Answer, Refusal>) {
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        match ask(left) {
            Ok(answer) if answer.status == 404 => thread::sleep(ASK_AGAIN.min(left)),
            _ => return,
        }
    }
}

/// Grants the pause that the service asks for in a header of its own.
fn paused(answer: Answer) -> Answer {
    let period = answer.headers.get("x-ratelimit-period-in-sec");
    let period = period.and_then(|period| period.to_str().ok()?.trim().parse().ok());
    let pause = period.map_or(PAUSE, Duration::from_secs);
    let is_busy = answer.status == 429;
    answer.or_pause(is_busy.then_some(pause))
}

/// Makes the request that opens an alert, or counts one more of it.
fn opening(alert: &Alert) -> Value {
    let mut opening = short(alert);
    opening.put("description", text(alert));
    opening.put("details", details(alert));
    opening
}

/// Writes an alert, in which each log line is whole.
fn text(alert: &Alert) -> String {
    let text = alert.text_within(MAX_DESCRIPTION, &units);
    fit(&text, MAX_DESCRIPTION, &units, &visible)
}

/// Makes the request that opens an alert in few words.
fn short(alert: &Alert) -> Value {
    object! {
        "message": line(&alert.summary(), MAX_TITLE, &visible),
        "alias": key::of_alert(alert),
        "entity": line(&alert.job, 2 * MAX_TITLE, &visible),
        "priority": priority(alert),
        "tags": ["pipeline-notify"],
        "source": some(source(alert)),
    }
}

fn closing(alert: &Alert) -> Value {
    object! {
        "note": text(alert),
        "source": some(source(alert)),
    }
}

fn source(alert: &Alert) -> Option<String> {
    let host = line(alert.status.host.as_deref()?, MAX_HOST, &visible);
    Some(host).filter(|host| !is_blank(host))
}

/// Returns how bad it is, from P1 to P5. The team's own rules may set another.
fn priority(alert: &Alert) -> &'static str {
    match Severity::of(alert) {
        Severity::Bad if alert.kind == Kind::StillFailing => "P2",
        Severity::Bad => "P3",
        Severity::Unclear | Severity::Good => "P4",
    }
}

/// Returns the facts of an alert by name, and the pages that it names.
fn details(alert: &Alert) -> Value {
    let mut details = object! {};
    let mut left = DETAILS;
    let links = alert.pages().into_iter();
    let links = links.map(|link| (format!("link {}", link.label), link.url));
    let facts = alert.details().into_iter();
    let facts = facts.map(|(name, value)| (name.into_owned(), value));
    for (name, value) in links.chain(facts).take(MOST_DETAILS) {
        let name = text::first_bytes(&visible(&name), DETAIL / 10).to_owned();
        let value = line(&value, DETAIL, &visible);
        let more = units(&name) + units(&value);
        if more <= left && !is_blank(&name) && !is_blank(&value) {
            left -= more;
            details.put(&name, value);
        }
    }
    details
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::status::State;
    use crate::testing::{alert_of, alerts_of_each_kind, as_read, few_cases, with_text};
    use strict_services as strict;

    fn opening(alert: &Alert) -> Value {
        as_read(&super::opening(alert))
    }

    fn short(alert: &Alert) -> Value {
        as_read(&super::short(alert))
    }

    fn closing(alert: &Alert) -> Value {
        as_read(&super::closing(alert))
    }

    fn is_taken(alert: &Alert) -> Result<(), String> {
        let requests = if resolves(alert) {
            vec![strict::jsm::refuse_to_close(&closing(alert).to_string())]
        } else {
            let requests = [opening(alert), short(alert)];
            requests
                .map(|request| strict::jsm::refuse(&request.to_string()))
                .into()
        };
        match requests.into_iter().flatten().next() {
            Some((_, body)) => Err(body),
            None => Ok(()),
        }
    }

    #[test]
    fn an_alert_of_each_kind_opens_or_closes() {
        for alert in alerts_of_each_kind() {
            assert_eq!(is_taken(&alert), Ok(()));
            let request = if resolves(&alert) {
                closing(&alert)
            } else {
                opening(&alert)
            };
            insta::assert_json_snapshot!(alert.kind.as_str().replace(' ', "-"), request);
        }
    }

    #[test]
    fn what_opens_an_alert_and_what_closes_it_have_one_alias() {
        let (failed, ok) = (State::Error, State::Ok);
        for (kind, state, priority) in [
            (Kind::Failed, failed, Some("P3")),
            (Kind::StillFailing, failed, Some("P2")),
            (Kind::Overdue, failed, Some("P4")),
            (Kind::Flapping, failed, Some("P4")),
            (Kind::Steady, failed, Some("P3")),
            (Kind::Steady, ok, None),
            (Kind::Recovered, ok, None),
            (Kind::Ok, ok, None),
        ] {
            let mut alert = alert_of(kind);
            alert.status.state = state;
            assert_eq!(resolves(&alert), priority.is_none(), "{kind:?}");
            if let Some(priority) = priority {
                let opening = opening(&alert);
                assert_eq!(opening["priority"], priority, "{kind:?}");
                assert_eq!(opening["alias"], "etl.load.run");
            }
        }
    }

    #[test]
    fn every_answer_has_its_class() {
        http::check_statuses(&RULES, &[402, 405]);
        let mut answer = Answer::made(429, "");
        answer
            .headers
            .insert("x-ratelimit-period-in-sec", 30.into());
        assert_eq!(paused(answer).retry_after(), Some(Duration::from_secs(30)));
        assert_eq!(paused(Answer::made(429, "")).retry_after(), Some(PAUSE));
        assert_eq!(paused(Answer::made(503, "")).retry_after(), None);
    }

    #[test]
    fn a_text_longer_than_any_that_is_kept_fits() {
        for text in [
            "\"\\".repeat(50_000),
            "漢".repeat(35_000),
            "😀\n".repeat(25_000),
        ] {
            for kind in [Kind::StillFailing, Kind::Recovered] {
                let mut alert = with_text(alert_of(kind), &text);
                alert.job.clone_from(&text);
                alert.facts = vec![(text.clone(), text.clone()); 100];
                assert_eq!(is_taken(&alert), Ok(()));
            }
        }
    }

    proptest! {
        #![proptest_config(few_cases())]
        #[test]
        fn any_text_is_taken_and_stands_in_the_description(text in crate::testing::wild_text()) {
            let alert = with_text(alert_of(Kind::StillFailing), &text);
            prop_assert_eq!(is_taken(&alert), Ok(()));
            prop_assert_eq!(is_taken(&with_text(alert_of(Kind::Recovered), &text)), Ok(()));
            let seen = visible(alert.error());
            let first = text::first_line(&seen, 80).trim();
            let opening = opening(&alert);
            let description = opening["description"].as_str().unwrap_or_default();
            prop_assert!(description.contains(first), "{:?} of {}", first, description);
        }
    }
}
