//! Where a notifier posts to: a webhook's URL, which is a secret.

use std::fmt;
use std::path::{Path, PathBuf};

use ureq::http::Uri;

use super::Refusal;
use crate::format::debug::debug_by_name;
use crate::os::file;

/// A webhook's URL, or the file that it is read from at each send. Neither is ever shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    Url(Url),
    File(PathBuf),
}

/// A URL that may be posted to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url {
    secret: String,
    is_loopback: bool,
}

impl Destination {
    /// Reads `https://…`, `http://127.0.0.1…` or `file:/path`. The error says what is wrong, without the value.
    pub(crate) fn parse(value: &str) -> Result<Self, &'static str> {
        match value.trim().strip_prefix("file:") {
            Some(path) if Path::new(path).is_absolute() => Ok(Self::File(path.into())),
            Some(_) => Err("`file:` takes an absolute path"),
            None => Url::parse(value.trim()).map(Self::Url),
        }
    }

    /// Returns the URL, read anew where it is in a file. The refusal is of the whole channel, and says what is wrong,
    /// without the value.
    pub(crate) fn url(&self) -> Result<Url, Refusal> {
        let read = match self {
            Self::Url(url) => return Ok(url.clone()),
            Self::File(path) => file::read_setting(path)
                .and_then(|secret| Url::parse(&secret).map_err(str::to_owned)),
        };
        read.map_err(Refusal::channel)
    }

    /// Returns what distinguishes this destination from others. It is a secret too.
    pub(crate) fn identity(&self) -> String {
        match self {
            Self::Url(url) => url.secret.clone(),
            Self::File(path) => format!("file:{}", path.display()),
        }
    }
}

/// What is wrong with a value that a file of settings has left in quotation marks.
pub(crate) const QUOTED: &str = "it stands in quotation marks: leave them out";

pub(crate) fn is_quoted(value: &str) -> bool {
    value.starts_with(['"', '\''])
}

impl Url {
    pub(crate) fn parse(secret: &str) -> Result<Self, &'static str> {
        if secret.is_empty() {
            return Err("it is empty");
        }
        if is_quoted(secret) {
            return Err(QUOTED);
        }
        let uri: Uri = secret.parse().map_err(|_| "it is no URL")?;
        let authority = uri
            .authority()
            .ok_or("it is not a URL: it must begin with `https://`")?;
        if authority.as_str().contains('@') {
            return Err("it must not have a user or a password before its host");
        }
        let port = authority.as_str().strip_prefix(authority.host());
        if port.is_some_and(|port| !port.is_empty()) && authority.port_u16().is_none() {
            return Err("its port is not a valid port number");
        }
        let is_loopback = is_loopback(authority.host());
        match uri.scheme_str() {
            Some("https") if cfg!(feature = "tls") => {}
            Some("https") => {
                return Err("`https://` needs the feature `tls` of pipeline-notify, which is off");
            }
            Some("http") if is_loopback => {}
            Some("http") => {
                return Err(
                    "`http://` would show the secret to the network: use `https://` (127.0.0.1 and [::1] excepted)",
                );
            }
            _ => return Err("it must begin with `https://`"),
        }
        Ok(Self {
            secret: secret.to_owned(),
            is_loopback,
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.secret
    }

    /// Adds an option to its query, whatever else that asks.
    pub(crate) fn asking(self, option: &str) -> Self {
        let whole = self.secret.split('#').next().unwrap_or_default();
        let sign = if whole.contains('?') { '&' } else { '?' };
        Self {
            secret: format!("{whole}{sign}{option}"),
            ..self
        }
    }

    /// Adds a part to its path, whatever it asks behind that.
    pub(crate) fn below(self, part: &str) -> Self {
        let end = self.secret.find(['?', '#']).unwrap_or(self.secret.len());
        let (path, rest) = self.secret.split_at(end);
        Self {
            secret: format!("{}/{part}{rest}", path.trim_end_matches('/')),
            ..self
        }
    }

    /// Returns whether a text shows a part of the URL that could be secret, such as a page that says
    /// which path was not found.
    pub(crate) fn is_shown_in(&self, text: &str) -> bool {
        let parts = self.secret.split(['/', '?', '&', '=']).skip(3);
        parts
            .filter(|part| part.len() >= 4)
            .any(|part| text.contains(part))
    }

    #[cfg(feature = "tls")]
    pub(crate) fn is_https(&self) -> bool {
        let scheme = self.secret.split(':').next();
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
    }

    /// Returns whether the host is an address of this machine, written as one.
    pub(crate) fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    address
        .parse::<std::net::IpAddr>()
        .is_ok_and(|address| address.is_loopback())
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url(_) => "Destination(https://…)",
            Self::File(_) => "Destination(file:…)",
        })
    }
}

debug_by_name!(Url);

#[cfg(all(test, not(feature = "tls")))]
mod tests_without_tls {
    use super::*;
    use crate::notifier::Json;

    #[test]
    fn https_is_an_error_that_names_the_feature() {
        let problem = Destination::parse("https://hooks.slack.com/SECRET").unwrap_err();
        assert!(problem.contains("feature `tls`"), "{problem}");
        assert!(Destination::parse("http://127.0.0.1:8080/x").is_ok());
    }

    #[test]
    fn what_is_to_be_signed_is_refused() {
        let json = Json::new("http://127.0.0.1:8080/x").unwrap();
        let problem = json.secret("key").unwrap_err().to_string();
        assert!(problem.contains("feature `tls`"), "{problem}");
    }
}

#[cfg(all(test, feature = "tls"))]
mod tests {
    use super::*;

    #[test]
    fn https_and_literal_loopback_addresses_are_accepted() {
        for url in [
            "https://hooks.slack.com/services/T/B/x",
            "http://127.0.0.1:8080/x",
            "http://127.9.9.9/",
            "http://[::1]:80/x",
            " https://example.com/x\n",
            "file:/run/secrets/slack",
        ] {
            assert!(Destination::parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_could_leak_the_secret_or_is_no_url_is_refused_without_being_shown() {
        for url in [
            "",
            "hooks.slack.com/SECRET",
            "/SECRET",
            "//hooks.slack.com/SECRET",
            "http://hooks.slack.com/SECRET",
            "http://localhost/SECRET",
            "http://127.0.0.1.evil.example/SECRET",
            "http://127.0.0.1@evil.example/SECRET",
            "http://localhost:x@evil.example/SECRET",
            "https://user:pass@hooks.slack.com/SECRET",
            "ftp://hooks.slack.com/SECRET",
            "https://hooks.slack.com:99999/SECRET",
            "https://",
            "https:// /SECRET",
            "file:SECRET",
        ] {
            let problem = Destination::parse(url).unwrap_err();
            assert!(!problem.contains("SECRET") && !problem.is_empty(), "{url}");
        }
    }

    #[test]
    fn an_option_is_added_whatever_else_a_url_asks() {
        for (url, asked) in [
            ("https://a.example/1/x", "https://a.example/1/x?wait=true"),
            (
                "https://a.example/x?y=2",
                "https://a.example/x?y=2&wait=true",
            ),
            ("https://a.example/x#y", "https://a.example/x?wait=true"),
        ] {
            let url = Url::parse(url).unwrap().asking("wait=true");
            assert_eq!(url.as_str(), asked);
        }
    }

    #[test]
    fn an_answer_that_repeats_a_part_of_the_url_is_noticed() {
        let destination =
            Destination::parse("https://hooks.slack.com/services/T000/B000/s3cr3t?key=abcd")
                .unwrap();
        let url = destination.url().unwrap();
        for (text, shown) in [
            ("no such path: /services/T000", true),
            ("s3cr3t", true),
            ("abcd", true),
            ("no_service", false),
            ("", false),
        ] {
            assert_eq!(url.is_shown_in(text), shown, "{text}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let destination = Destination::parse("https://hooks.slack.com/services/SECRET").unwrap();
        assert_eq!(format!("{destination:?}"), "Destination(https://…)");
        assert_eq!(format!("{:?}", destination.url().unwrap()), "Url(…)");
    }
}
