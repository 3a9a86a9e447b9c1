//! What a service answered, and what that means: of the alert, of the channel, or of the moment.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{NaiveDateTime, Utc};
use ureq::http::{HeaderMap, HeaderValue};

use crate::format::json::Value;
use crate::format::text;
use crate::format::time::{Time, between};
use crate::notifier::{Refusal, body};

/// The longest part of an answer that a reason quotes.
const QUOTED: usize = 200;

/// What a service answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// It may repeat a secret: to be judged by, and quoted by [`Answer::reason`] alone.
    pub(crate) body: String,
    pub(crate) headers: Box<HeaderMap>,
    pub(super) is_quotable: bool,
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
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) statuses: RangeInclusive<u16>,
    /// A part of the body, or several with `|` between, of which any will do; any body where it is empty.
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

    pub(crate) fn fits(&self, status: u16, answer: &Answer) -> bool {
        let mut says = self.says.split('|');
        self.statuses.contains(&status) && says.any(|part| answer.body.contains(part.trim()))
    }
}

impl Class {
    /// What a status means where its service does not say otherwise.
    pub(crate) fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Accepted,
            // What is no answer yet, and what is to be sent again, as the RFC has it.
            100..=199 | 408 | 421 | 425 | 429 | 500..=599 => Self::Temporary,
            // A redirect speaks of the webhook, not of the alert. So do an address that takes no POST, and a proxy.
            300..=399 | 401 | 403..=405 | 407 | 410 => Self::Channel,
            _ => Self::Alert,
        }
    }

    pub(crate) fn refuse(
        self,
        reason: String,
        retry_after: Option<Duration>,
    ) -> Result<(), Refusal> {
        Err(match self {
            Self::Accepted => return Ok(()),
            Self::Temporary => Refusal::Temporary {
                reason,
                retry_after,
            },
            Self::Channel => Refusal::Channel { reason },
            Self::Alert => Refusal::Alert { reason },
            Self::Gone => Refusal::Gone { reason },
            Self::Unknown => Refusal::Unknown { reason },
        })
    }
}

impl Answer {
    pub(super) fn new(status: u16, body: String, headers: HeaderMap, is_quotable: bool) -> Self {
        let content_type = headers.get("content-type").map(HeaderValue::as_bytes);
        let content_type = String::from_utf8_lossy(content_type.unwrap_or_default());
        let encoding = headers.get("content-encoding").map(HeaderValue::as_bytes);
        let is_encoded =
            encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity"));
        Self {
            is_page: body::is_page(&content_type, &body, is_encoded),
            says_no: body::says_no(&body),
            status,
            body,
            headers: headers.into(),
            is_quotable,
            pause: None,
        }
    }

    /// Takes it as what came of it before it broke off: a success that is not whole without the rest is none.
    pub(super) fn broken_off(self) -> Result<Self, Refusal> {
        let is_whole = self.body.trim() == "ok" || self.json().is_some();
        if !self.is_success() || self.is_page || is_whole {
            return Ok(self);
        }
        // It may break off each time.
        Err(Refusal::Unknown {
            reason: format!("{}: the answer broke off before its end", self.reason()),
        })
    }

    /// Sets the pause that is granted where the answer asks for none.
    pub(crate) fn or_pause(self, pause: Option<Duration>) -> Self {
        Self { pause, ..self }
    }

    /// Takes it for a no, too, where its body is JSON of which a service's own form says so.
    pub(crate) fn or_no(mut self, form: fn(&Value) -> bool) -> Self {
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
        self.sort(rules, &[]).0
    }

    /// Returns its class, and what is to be mended.
    #[inline(never)]
    fn sort(&self, rules: &[Rule], further: &[Rule]) -> (Class, &'static str) {
        if self.is_success() && self.is_page {
            // A sign-in page, or a proxy's: the service has not seen the alert.
            return (Class::Temporary, "");
        }
        let status = self.meant();
        rules
            .iter()
            .chain(further)
            .find(|rule| rule.fits(status, self))
            .map_or_else(|| (Class::of(status), ""), |rule| (rule.class, rule.hint))
    }

    /// Returns whether it refuses the message itself, so that one that says less may be taken.
    pub(crate) fn refuses_the_message(&self, rules: &[Rule]) -> bool {
        let is_of_the_message = matches!(self.meant(), 200..=299 | 400 | 413 | 422);
        is_of_the_message && self.class(rules) == Class::Alert
    }

    /// Judges the answer by a service's table.
    pub(crate) fn judge(&self, rules: &[Rule]) -> Result<(), Refusal> {
        self.judge_by(rules, &[])
    }

    /// The same by two tables, of which the first comes first.
    pub(crate) fn judge_by(&self, rules: &[Rule], further: &[Rule]) -> Result<(), Refusal> {
        let (class, hint) = self.sort(rules, further);
        let mut reason = self.reason();
        if !hint.is_empty() {
            reason += &format!(": {hint}");
        }
        class.refuse(reason, self.retry_after())
    }

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
        body.at(&["parameters", "retry_after"]),
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
