//! One request to a service, and what its answer means.

use std::fmt;
use std::io::Read as _;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use chrono::{NaiveDateTime, Utc};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderMap, HeaderValue, Method, Request};
#[cfg(feature = "tls")]
use ureq::tls::TlsConfig;

#[cfg(feature = "tls")]
use super::authorities;
use super::{Refusal, body, unreachable};
use crate::format::text;
use crate::format::time::{Time, between};
use crate::notifier::url::Url;

/// The longest answer that is read. Most services answer with a word; Discord with the message.
const ANSWER: u64 = 128 * 1024;

/// The longest part of an answer that a reason quotes.
const QUOTED: usize = 200;

/// What is posted: `Post::json(&url, &body).header("x-key", &key).send(timeout)?`.
pub(crate) struct Post<'a> {
    method: Method,
    url: &'a Url,
    body: &'a str,
    content_type: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    secrets: Vec<&'a str>,
}

impl<'a> Post<'a> {
    pub(crate) fn json(url: &'a Url, body: &'a str) -> Self {
        Self {
            method: Method::POST,
            url,
            body,
            content_type: "application/json",
            headers: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// Posts plain text.
    pub(crate) fn text(url: &'a Url, body: &'a str) -> Self {
        Self {
            content_type: "text/plain; charset=utf-8",
            ..Self::json(url, body)
        }
    }

    /// Asks for what is at the URL.
    pub(crate) fn get(url: &'a Url) -> Self {
        Self::json(url, "").by(Method::GET)
    }

    /// Sends it by another method than POST.
    pub(crate) fn by(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// Adds a header; a value that a header cannot hold fails the send.
    pub(crate) fn header(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Names a secret of the body or a header: an answer that repeats it is not quoted. Those of
    /// the URL are known.
    pub(crate) fn hiding(mut self, secret: &'a str) -> Self {
        self.secrets.push(secret);
        self
    }

    /// Posts it; every answer, 2xx too, is returned for its service to judge.
    ///
    /// # Errors
    ///
    /// A temporary refusal where there was no answer, with a reason that does not show the URL.
    pub(crate) fn send(self, timeout: Duration) -> Result<Answer, Refusal> {
        let begun = Instant::now();
        let config = Agent::config_builder();
        #[cfg(feature = "tls")]
        let config = if self.url.is_https() {
            let trusted = authorities::trusted();
            config.tls_config(TlsConfig::builder().root_certs(trusted).build())
        } else {
            config
        };
        let config = config
            // A redirect would carry the secret elsewhere, and turns the POST into a GET.
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(timeout.saturating_sub(begun.elapsed())))
            // Messages are seconds apart, and a pooled connection would be shared with a forked child.
            .max_idle_connections(0)
            .user_agent(concat!("pipeline-notify/", env!("CARGO_PKG_VERSION")));
        // A proxy would see a request to this machine in clear.
        let config = if self.url.is_loopback() {
            config.proxy(None)
        } else {
            config
        };
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(self.url.as_str());
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        let agent = Agent::from(config.build());
        let answer = if self.method == Method::GET {
            let request = request.body(()).map_err(ureq::Error::from);
            request.and_then(|request| agent.run(request))
        } else {
            let request = request.header("content-type", self.content_type);
            let request = request.body(self.body).map_err(ureq::Error::from);
            request.and_then(|request| agent.run(request))
        };
        let answer = answer.map_err(|error| Refusal::temporary(unreachable::describe(&error)))?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let mut read = Vec::new();
        // What came before it broke off is judged by.
        let _ = answer
            .into_body()
            .into_reader()
            .take(ANSWER)
            .read_to_end(&mut read);
        let body = String::from_utf8_lossy(&read).into_owned();
        let is_quotable = !self.url.is_shown_in(&body)
            && !self.secrets.iter().any(|secret| body.contains(secret));
        Ok(Answer::new(status, body, headers, is_quotable))
    }
}

/// Sends a message, and where the service refuses that, a short one, which says at least what happened.
///
/// # Errors
///
/// The refusal that the last answer comes to by the service's table.
pub(crate) fn send_or_short(
    timeout: Duration,
    rules: &[Rule],
    message: &Value,
    short: impl FnOnce() -> Value,
    send: impl Fn(&str, Duration) -> Result<Answer, Refusal>,
) -> Result<(), Refusal> {
    answer_or_short(timeout, rules, message, short, send).map(drop)
}

/// The same, and returns the answer.
///
/// # Errors
///
/// Those of [`send_or_short`].
pub(crate) fn answer_or_short(
    timeout: Duration,
    rules: &[Rule],
    message: &Value,
    short: impl FnOnce() -> Value,
    send: impl Fn(&str, Duration) -> Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    let begun = Instant::now();
    let mut answer = send(&message.to_string(), timeout)?;
    if answer.refuses_the_message(rules) {
        let left = timeout.saturating_sub(begun.elapsed());
        answer = send(&short().to_string(), left)?;
    }
    answer.judge(rules)?;
    Ok(answer)
}

/// What a service answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// It may repeat a secret: to be judged by, and quoted by [`Answer::reason`] alone.
    pub(crate) body: String,
    pub(crate) headers: HeaderMap,
    is_quotable: bool,
    /// Whether it is a web page, which none of our services answers.
    is_page: bool,
    /// Whether its body says no, whatever the status.
    says_no: bool,
    /// The pause that its service asks for in its documentation alone.
    pause: Option<Duration>,
}

/// What an answer says of the alert, the channel, or the moment: [`Refusal`] without its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Accepted,
    Temporary,
    Channel,
    Alert,
    Gone,
    Unknown,
}

/// One line of a service's table of answers. The first line that fits decides; where none does,
/// [`Class::of`] the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) statuses: RangeInclusive<u16>,
    /// A part of the body; any body where it is empty.
    pub(crate) says: &'static str,
    pub(crate) class: Class,
    /// What is to be mended, in the service's own terms; empty where the answer says it.
    hint: &'static str,
}

impl Rule {
    pub(crate) const fn new(status: u16, says: &'static str, class: Class) -> Self {
        Self::range(status..=status, says, class)
    }

    pub(crate) const fn range(
        statuses: RangeInclusive<u16>,
        says: &'static str,
        class: Class,
    ) -> Self {
        Self {
            statuses,
            says,
            class,
            hint: "",
        }
    }

    /// Adds what is to be mended.
    pub(crate) const fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }

    fn fits(&self, status: u16, answer: &Answer) -> bool {
        self.statuses.contains(&status) && answer.body.contains(self.says)
    }
}

impl Class {
    /// What a status means where its service does not say otherwise.
    pub(crate) fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Accepted,
            408 | 429 | 500..=599 => Self::Temporary,
            // A redirect speaks of the webhook, not of the alert.
            300..=399 | 401 | 403 | 404 | 410 => Self::Channel,
            _ => Self::Alert,
        }
    }
}

impl Answer {
    fn new(status: u16, body: String, headers: HeaderMap, is_quotable: bool) -> Self {
        let content_type = headers.get("content-type").map(HeaderValue::as_bytes);
        let content_type = String::from_utf8_lossy(content_type.unwrap_or_default());
        Self {
            is_page: body::is_page(&content_type, &body),
            says_no: body::says_no(&body),
            status,
            body,
            headers,
            is_quotable,
            pause: None,
        }
    }

    /// Sets the pause that is granted where the answer asks for none.
    pub(crate) fn or_pause(self, pause: Option<Duration>) -> Self {
        Self { pause, ..self }
    }

    /// Takes it for a no, too, where its body is JSON of which a service's own form says so.
    pub(crate) fn or_no(mut self, form: impl FnOnce(&Value) -> bool) -> Self {
        self.says_no |= body::json(&self.body).is_some_and(|json| form(&json));
        self
    }

    fn is_success(&self) -> bool {
        (200..=299).contains(&self.status)
    }

    /// Returns the status that fits what the body says: 400 for a success that says no.
    pub(crate) fn meant(&self) -> u16 {
        if self.is_success() && self.says_no {
            400
        } else {
            self.status
        }
    }

    /// Sorts the answer by a service's table.
    pub(crate) fn class(&self, rules: &[Rule]) -> Class {
        self.sort(rules).0
    }

    /// Returns its class, and what is to be mended.
    fn sort(&self, rules: &[Rule]) -> (Class, &'static str) {
        if self.is_success() && self.is_page {
            // A sign-in page, or a proxy's: the service has not seen the alert.
            return (Class::Temporary, "");
        }
        let status = self.meant();
        rules
            .iter()
            .find(|rule| rule.fits(status, self))
            .map_or_else(|| (Class::of(status), ""), |rule| (rule.class, rule.hint))
    }

    /// Tells whether it refuses the message itself, so that one that says less may be taken.
    pub(crate) fn refuses_the_message(&self, rules: &[Rule]) -> bool {
        let is_of_the_message = matches!(self.meant(), 200..=299 | 400 | 413 | 422);
        is_of_the_message && self.class(rules) == Class::Alert
    }

    /// Judges the answer by a service's table.
    ///
    /// # Errors
    ///
    /// The refusal that it comes to.
    pub(crate) fn judge(&self, rules: &[Rule]) -> Result<(), Refusal> {
        let (class, hint) = self.sort(rules);
        let mut reason = self.reason();
        if !hint.is_empty() {
            reason += &format!(": {hint}");
        }
        match class {
            Class::Accepted => Ok(()),
            Class::Temporary => Err(Refusal::Temporary {
                reason,
                retry_after: self.retry_after(),
            }),
            Class::Channel => Err(Refusal::Channel { reason }),
            Class::Alert => Err(Refusal::Alert { reason }),
            Class::Gone => Err(Refusal::Gone { reason }),
            Class::Unknown => Err(Refusal::Unknown { reason }),
        }
    }

    /// Returns its body, where that is JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        body::json(&self.body)
    }

    /// Says what was answered, in one line that repeats no secret.
    pub(crate) fn reason(&self) -> String {
        let status = self.status;
        let redirect = if (300..400).contains(&status) {
            " (redirects are not followed)"
        } else {
            ""
        };
        if self.is_page {
            let title = body::title(&self.body).filter(|_| self.is_quotable);
            let title = title.map(|title| format!(" ({})", text::escape(title)));
            let title = title.unwrap_or_default();
            let whose = if self.is_success() {
                ", not the service's answer: a sign-in page, or a proxy's?"
            } else {
                ""
            };
            return format!("answered {status} with a web page{title}{whose}{redirect}");
        }
        let body = if self.is_quotable {
            text::escape(text::first_line(&self.body, QUOTED))
        } else {
            String::new().into()
        };
        format!("answered {status} {body}").trim_end().to_owned() + redirect
    }

    /// Returns the pause that is asked for: by the header, or in the body.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let header = |name| self.headers.get(name)?.to_str().ok();
        // The service's own clock, for a date is on it.
        let now = header("date").and_then(date).unwrap_or_else(Utc::now);
        let in_header = header("retry-after").and_then(|value| pause(value, now));
        // One of them may be rounded, and too short then.
        let asked = in_header.max(self.json().as_ref().and_then(pause_in));
        // No pause at all would be a storm: our own grows.
        asked.filter(|pause| !pause.is_zero()).or(self.pause)
    }

    /// An answer without a service.
    #[cfg(test)]
    pub(crate) fn made(status: u16, body: &str) -> Self {
        Self::new(status, body.to_owned(), HeaderMap::new(), true)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason())
    }
}

/// Reads the pause that a body asks for: in seconds, as Telegram writes it, or in milliseconds as Matrix does.
fn pause_in(body: &Value) -> Option<Duration> {
    let seconds = [
        body.get("retry_after"),
        body.pointer("/parameters/retry_after"),
    ];
    let seconds = seconds.into_iter().flatten().find_map(Value::as_f64);
    let milliseconds = || Some(body.get("retry_after_ms")?.as_f64()? / 1e3);
    Duration::try_from_secs_f64(seconds.or_else(milliseconds)?).ok()
}

/// Reads `Retry-After`, which is a number of seconds or a date.
fn pause(value: &str, now: Time) -> Option<Duration> {
    match value.trim().parse() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => Some(between(now, date(value)?)),
    }
}

/// Reads a date in any of the three forms that HTTP has had.
/// <https://www.rfc-editor.org/rfc/rfc9110#name-date-time-formats>
fn date(value: &str) -> Option<Time> {
    [
        "%a, %d %b %Y %H:%M:%S GMT",
        "%A, %d-%b-%y %H:%M:%S GMT",
        "%a %b %e %H:%M:%S %Y",
    ]
    .iter()
    .find_map(|form| NaiveDateTime::parse_from_str(value.trim(), form).ok())
    .map(|time| time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_class() {
        for status in 100..=599 {
            let expected = match status {
                200..=299 => Class::Accepted,
                408 | 429 | 500..=599 => Class::Temporary,
                401 | 403 | 404 | 410 | 300..=399 => Class::Channel,
                _ => Class::Alert,
            };
            let answer = Answer::made(status, "");
            assert_eq!(answer.class(&[]), expected, "{status}");
            let class = match answer.judge(&[]) {
                Ok(()) => Class::Accepted,
                Err(Refusal::Temporary { .. }) => Class::Temporary,
                Err(Refusal::Channel { .. }) => Class::Channel,
                Err(_) => Class::Alert,
            };
            assert_eq!(class, expected, "{status}");
        }
    }

    #[test]
    fn the_first_line_of_a_table_that_fits_decides() {
        let rules = [
            Rule::new(400, "invalid_token", Class::Channel),
            Rule::range(200..=299, "error 429", Class::Temporary),
            Rule::new(400, "", Class::Temporary),
        ];
        for (status, body, class) in [
            (400, "invalid_token", Class::Channel),
            (400, "else", Class::Temporary),
            (200, "ok", Class::Accepted),
            (202, "error 429 of ours", Class::Temporary),
            (404, "invalid_token", Class::Channel),
            (413, "", Class::Alert),
        ] {
            let answer = Answer::made(status, body);
            assert_eq!(answer.class(&rules), class, "{status} {body}");
        }
    }

    // Issue 16, point 4.
    #[test]
    fn a_reason_ends_with_what_is_to_be_mended() {
        let rules = [Rule::new(403, "", Class::Channel).hint("its token may not write")];
        let refusal = Answer::made(403, "forbidden").judge(&rules).unwrap_err();
        assert_eq!(
            refusal.reason(),
            "answered 403 forbidden: its token may not write"
        );
        let refusal = Answer::made(404, "").judge(&rules).unwrap_err();
        assert_eq!(refusal.reason(), "answered 404");
    }

    #[test]
    fn a_message_that_is_refused_is_sent_once_more_in_short() {
        for (first, second, sent, expected) in [
            (200, 200, 1, "accepted"),
            (400, 200, 2, "accepted"),
            (413, 400, 2, "alert"),
            (422, 503, 2, "temporary"),
            (401, 200, 1, "channel"),
            (409, 200, 1, "alert"),
            (500, 200, 1, "temporary"),
        ] {
            let bodies = std::cell::RefCell::new(Vec::new());
            let send = |body: &str, _| {
                bodies.borrow_mut().push(body.to_owned());
                let is_first = bodies.borrow().len() == 1;
                Ok(Answer::made(if is_first { first } else { second }, ""))
            };
            let timeout = Duration::from_secs(9);
            let ended = send_or_short(timeout, &[], &"full".into(), || "short".into(), send);
            let ended = match ended {
                Ok(()) => "accepted",
                Err(Refusal::Temporary { .. }) => "temporary",
                Err(Refusal::Channel { .. }) => "channel",
                Err(_) => "alert",
            };
            assert_eq!(ended, expected, "{first} {second}");
            assert_eq!(bodies.into_inner(), ["\"full\"", "\"short\""][..sent]);
        }
    }

    #[test]
    fn a_pause_is_asked_for_in_seconds_by_a_date_or_in_the_body() {
        let with = |name: &'static str, value: &'static str| {
            let mut answer = Answer::made(429, "");
            let date = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:30 GMT");
            answer.headers.insert("date", date);
            let value = HeaderValue::from_static(value);
            answer.headers.insert(name, value);
            answer.retry_after()
        };
        let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
        for (value, expected) in [
            ("30", seconds(30.0)),
            (" 0.5 ", seconds(0.5)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", seconds(7.0)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", seconds(7.0)),
            ("Sun Nov  6 08:49:37 1994", seconds(7.0)),
            ("Sat, 05 Nov 1994 08:49:37 GMT", None),
            ("0", None),
            ("soon", None),
            ("-1", None),
            ("NaN", None),
            ("", None),
        ] {
            assert_eq!(with("retry-after", value), expected, "{value}");
        }
        for (body, expected) in [
            (r#"{"retry_after": 0.25, "global": false}"#, seconds(0.25)),
            (r#"{"retry_after": "x"}"#, None),
            ("rate_limited", None),
        ] {
            assert_eq!(Answer::made(429, body).retry_after(), expected, "{body}");
        }
    }

    #[test]
    fn an_answer_that_repeats_a_secret_is_judged_by_but_not_quoted() {
        let mut answer = Answer::made(400, "no such key: SECRET");
        assert_eq!(answer.reason(), "answered 400 no such key: SECRET");
        answer.is_quotable = false;
        let rules = [Rule::new(400, "no such key", Class::Channel)];
        assert_eq!(format!("{answer:?}"), "answered 400");
        assert_eq!(
            answer.judge(&rules),
            Err(Refusal::Channel {
                reason: "answered 400".to_owned()
            })
        );
    }
}
