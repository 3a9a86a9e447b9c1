//! One POST to a webhook, and what its answer means.

use std::time::Duration;

use ureq::Agent;
use ureq::http::HeaderMap;

use super::Refusal;
use crate::destination::Url;
use crate::text;

/// As much of an answer as is read; services answer with a word.
const ANSWER: u64 = 4 * 1024;

/// As much of an answer as a reason quotes.
const QUOTED: usize = 200;

/// An answer that is not 2xx.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    retry_after: Option<Duration>,
}

/// Posts JSON; every answer but 2xx is returned for its service to read.
///
/// # Errors
///
/// A temporary refusal where there was no answer, with a reason that does not show the URL.
pub(super) fn post(
    url: &Url,
    body: &str,
    timeout: Duration,
) -> Result<Result<(), Answer>, Refusal> {
    let config = Agent::config_builder()
        // A redirect would carry the secret elsewhere, and turns the POST into a GET.
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(timeout))
        // Messages are seconds apart, and a pooled connection would be shared with a forked child.
        .max_idle_connections(0)
        .user_agent(concat!("pipeline-notify/", env!("CARGO_PKG_VERSION")));
    // A proxy would see a request to this machine in clear.
    let config = if url.is_loopback() {
        config.proxy(None)
    } else {
        config
    };
    let answer = Agent::from(config.build())
        .post(url.as_str())
        .header("content-type", "application/json")
        .send(body)
        .map_err(|error| Refusal::temporary(describe(&error)))?;
    let status = answer.status().as_u16();
    let retry_after = retry_after(answer.headers());
    let body = answer
        .into_body()
        .with_config()
        .limit(ANSWER)
        .read_to_string()
        .unwrap_or_default();
    let body = if url.is_shown_in(&body) {
        String::new()
    } else {
        body
    };
    if (200..300).contains(&status) {
        Ok(Ok(()))
    } else {
        Ok(Err(Answer {
            status,
            body,
            retry_after,
        }))
    }
}

impl Answer {
    /// Sorts the answer by what it says of the alert, the channel, or the moment.
    pub(super) fn refusal(self) -> Refusal {
        let body = text::first_line(&self.body, QUOTED);
        let reason = format!("answered {} {}", self.status, text::escape(body))
            .trim_end()
            .to_owned();
        match self.status {
            408 | 429 | 500..=599 => Refusal::Temporary {
                reason,
                retry_after: self.retry_after,
            },
            401 | 403 | 404 | 410 => Refusal::Channel { reason },
            // A redirect speaks of the webhook, not of the alert.
            300..=399 => Refusal::Channel {
                reason: format!("{reason} (redirects are not followed)"),
            },
            _ => Refusal::Alert { reason },
        }
    }
}

/// Describes an error in words of our own: some of ureq's contain the URL.
fn describe(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => "its host's name does not resolve".to_owned(),
        ureq::Error::Io(error) => format!("network error: {}", error.kind()),
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => {
            "no TLS connection (is its certificate known?)".to_owned()
        }
        _ => "the request failed".to_owned(),
    }
}

/// Reads `Retry-After` in seconds; its form with a date is not used by the services we post to.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get("retry-after")?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_class() {
        for status in 300..=599 {
            let refusal = Answer {
                status,
                body: String::new(),
                retry_after: None,
            }
            .refusal();
            let expected = match status {
                408 | 429 | 500..=599 => "temporary",
                401 | 403 | 404 | 410 | 300..=399 => "channel",
                _ => "alert",
            };
            let class = match refusal {
                Refusal::Temporary { .. } => "temporary",
                Refusal::Channel { .. } => "channel",
                Refusal::Alert { .. } => "alert",
            };
            assert_eq!(class, expected, "{status}");
        }
    }
}
