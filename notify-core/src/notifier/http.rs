//! One request to a service.

mod answer;

use std::env;
use std::io::Read as _;
use std::time::{Duration, Instant};

use ureq::http::{Request, Uri};
#[cfg(feature = "tls")]
use ureq::tls::TlsConfig;
use ureq::{Agent, Proxy};

pub(crate) use answer::{Answer, Class, Rule};

#[cfg(feature = "tls")]
use super::authorities;
use super::{Refusal, proxy, unreachable};
use crate::format::json::Value;
use crate::notifier::url::Url;
use crate::os::thread;

/// The longest answer that is read. Most services answer with a word; Discord with the message.
const ANSWER: u64 = 128 * 1024;

/// Where a proxy stands between, whose fault it may be.
const BY_PROXY: &str = " (by way of a proxy: see ALL_PROXY, HTTPS_PROXY, HTTP_PROXY and NO_PROXY)";

/// What is posted: `Post::json(&url, &body).headers(&[("x-key", &key)]).send(timeout)?`.
pub(crate) struct Post<'a> {
    method: &'static str,
    url: &'a Url,
    body: String,
    content_type: &'a str,
    headers: &'a [(&'a str, &'a str)],
    secrets: &'a [String],
}

impl<'a> Post<'a> {
    #[inline(never)]
    pub(crate) fn json(url: &'a Url, body: &Value) -> Self {
        Self::document(url, body.text())
    }

    /// Posts JSON that is written already.
    pub(crate) fn document(url: &'a Url, body: String) -> Self {
        Self {
            method: "POST",
            url,
            body,
            content_type: "application/json",
            headers: &[],
            secrets: &[],
        }
    }

    pub(crate) fn text(url: &'a Url, body: &str) -> Self {
        Self {
            content_type: "text/plain; charset=utf-8",
            ..Self::document(url, body.to_owned())
        }
    }

    pub(crate) fn get(url: &'a Url) -> Self {
        Self::document(url, String::new()).by("GET")
    }

    /// Sends it by another method than POST.
    pub(crate) fn by(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    /// Sets headers; a value that a header cannot hold fails the send.
    pub(crate) fn headers(self, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, ..self }
    }

    /// Names the secrets of the body and the headers: an answer that repeats one is not quoted. Those of
    /// the URL are known.
    pub(crate) fn hiding(self, secrets: &'a [String]) -> Self {
        Self { secrets, ..self }
    }

    /// Posts it; every answer, 2xx too, is returned for its service to judge. Where there is none, the refusal is
    /// temporary, and does not show the URL.
    pub(crate) fn send(self, timeout: Duration) -> Result<Answer, Refusal> {
        thread::as_ours(|| self.exchange(timeout))
    }

    fn exchange(self, timeout: Duration) -> Result<Answer, Refusal> {
        let agent = self.agent(timeout);
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.url.as_str());
        // Who is asked for none may answer in any encoding, and an answer must be read to be judged.
        request = request.header("accept-encoding", "identity");
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        let answer = if self.method == "GET" {
            let request = request.body(()).map_err(ureq::Error::from);
            request.and_then(|request| agent.run(request))
        } else {
            let request = request.header("content-type", self.content_type);
            let request = request.body(&*self.body).map_err(ureq::Error::from);
            request.and_then(|request| agent.run(request))
        };
        let answer = answer.map_err(|error| {
            let mut reason = unreachable::describe(&error);
            if !matches!(error, ureq::Error::ConnectProxyFailed(_)) {
                reason += &self.between(agent.config().proxy());
            }
            Refusal::temporary(reason)
        })?;
        let (head, body) = answer.into_parts();
        // Where its end is not announced, what came before it broke off is judged by.
        let has_end =
            ["content-length", "transfer-encoding"].map(|name| head.headers.contains_key(name));
        let mut read = Vec::new();
        let is_whole = body
            .into_reader()
            .take(ANSWER)
            .read_to_end(&mut read)
            .is_ok();
        let is_cut = has_end.contains(&true) && !is_whole;
        let body = String::from_utf8_lossy(&read).into_owned();
        let is_quotable = !self.url.is_shown_in(&body)
            && !self.secrets.iter().any(|secret| body.contains(&**secret));
        let status = head.status.as_u16();
        let answer = Answer::new(status, body, head.headers, is_quotable);
        if is_cut {
            answer.broken_off()
        } else {
            Ok(answer)
        }
    }
}

impl Post<'_> {
    /// Makes what sends it in that time.
    fn agent(&self, timeout: Duration) -> Agent {
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
        Agent::from(config.build())
    }

    /// Says of a request that found nobody what else may be to blame: the proxy, or that it went without.
    fn between(&self, proxy: Option<&Proxy>) -> String {
        let address = self.url.as_str().parse::<Uri>();
        let is_no_proxy = |proxy: &Proxy| address.is_ok_and(|address| proxy.is_no_proxy(&address));
        if self.url.is_loopback() || proxy.is_some_and(is_no_proxy) {
            return String::new();
        }
        match proxy::fault(|name| env::var(name).ok()) {
            Some(fault) => format!(" ({fault})"),
            None if proxy.is_some() => BY_PROXY.to_owned(),
            None => String::new(),
        }
    }
}

/// Sends a message, and where the service refuses that, a short one, which says at least what happened. Returns what
/// the service answered then. The refusal is what the last answer comes to by the service's table.
pub(crate) fn send_or_short(
    timeout: Duration,
    rules: &[Rule],
    message: &Value,
    short: &dyn Fn() -> Value,
    send: &dyn Fn(&Value, Duration) -> Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    let begun = Instant::now();
    let mut answer = send(message, timeout)?;
    if answer.refuses_the_message(rules) {
        let left = timeout.saturating_sub(begun.elapsed());
        answer = send(&short(), left)?;
    }
    answer.judge(rules)?;
    Ok(answer)
}

/// Checks the class of each status without words by a service's table: `of_the_channel` speak of the channel beside those
/// that do so with every service.
#[cfg(test)]
#[track_caller]
pub(crate) fn check_statuses(rules: &[Rule], of_the_channel: &[u16]) {
    for status in 100..=599 {
        let expected = match status {
            200..=299 => Class::Accepted,
            100..=199 | 408 | 421 | 425 | 429 | 500..=599 => Class::Temporary,
            300..=399 | 401 | 403..=405 | 407 | 410 => Class::Channel,
            _ if of_the_channel.contains(&status) => Class::Channel,
            _ => Class::Alert,
        };
        assert_eq!(Answer::made(status, "").class(rules), expected, "{status}");
    }
}

#[cfg(test)]
mod tests;
