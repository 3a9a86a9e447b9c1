//! Why there was no answer, in words that name what to fix.

use std::io;

use crate::os::fault;

/// A host that the system's resolver does not know.
const UNKNOWN: &str = "its host name is not known, or no name server answers";

/// Who sees the same message several times is to know why.
const BROKEN_OFF: &str =
    "it closed the connection before the end of its answer: the message may have arrived";

/// What std writes where the system's resolver fails: there is no kind of error for it.
const RESOLVER: &str = "failed to lookup address information";

/// Describes an error in words of our own: some of ureq's contain the URL.
pub(super) fn describe(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => UNKNOWN.to_owned(),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            BROKEN_OFF.to_owned()
        }
        // As where a proxy is started anew while a request is under way.
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionReset => {
            format!("{}: the message may have arrived", of_network(error))
        }
        ureq::Error::Io(error) => of_network(error),
        // It says which status the proxy gave, and nothing of the proxy's URL.
        ureq::Error::ConnectProxyFailed(reason) => {
            format!("the proxy could not connect: {reason}")
        }
        #[cfg(feature = "tls")]
        ureq::Error::Rustls(error) => of_tls(error),
        #[cfg(feature = "tls")]
        ureq::Error::Tls(_) => NO_TLS.to_owned(),
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
            "its answer is not valid HTTP: is the port right?".to_owned()
        }
        _ => "the request failed".to_owned(),
    }
}

pub(super) fn of_network(error: &io::Error) -> String {
    #[cfg(feature = "tls")]
    if let Some(error) = error.get_ref().and_then(|error| error.downcast_ref()) {
        return of_tls(error);
    }
    if error.to_string().starts_with(RESOLVER) {
        return UNKNOWN.to_owned();
    }
    format!("network error: {}", fault::words(error))
}

#[cfg(feature = "tls")]
const NO_TLS: &str = "no TLS connection can be made";

#[cfg(feature = "tls")]
fn of_tls(error: &rustls::Error) -> String {
    use rustls::{CertificateError as Certificate, Error};
    let words = match error {
        Error::InvalidCertificate(Certificate::UnknownIssuer) => {
            "its certificate's issuer is unknown: add that authority to the system's, or to the file that SSL_CERT_FILE names"
        }
        Error::InvalidCertificate(Certificate::Expired | Certificate::ExpiredContext { .. }) => {
            "its certificate has expired"
        }
        Error::InvalidCertificate(
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. },
        ) => "its certificate is not valid yet: is this machine's clock right?",
        Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        ) => "its certificate is for another host",
        Error::InvalidCertificate(Certificate::Revoked) => "its certificate was revoked",
        Error::InvalidCertificate(Certificate::Other(other)) => {
            // What verifies it is no dependency of ours, to ask for its own kinds.
            let kind = format!("{:?}", other.0);
            match OTHER_FAULTS.iter().find(|(known, _)| kind.contains(known)) {
                Some((_, words)) => words,
                None => return format!("its certificate cannot be trusted ({kind})"),
            }
        }
        Error::InvalidCertificate(_) => "its certificate cannot be trusted",
        Error::InvalidMessage(_) => "it does not speak TLS: is it `http`, or is the port wrong?",
        Error::AlertReceived(_) => "it refused the TLS connection",
        _ => NO_TLS,
    };
    words.to_owned()
}

/// What is wrong with certificates that people make for themselves, by what the verifier calls it.
#[cfg(feature = "tls")]
const OTHER_FAULTS: [(&str, &str); 2] = [
    (
        "CaUsedAsEndEntity",
        "its certificate is an authority's own (CA:TRUE), as `openssl req -x509` makes it: have that authority issue one \
         for the host",
    ),
    (
        "UnsupportedCertVersion",
        "its certificate names no host as `subjectAltName`: have one issued that does",
    ),
];

#[cfg(test)]
mod tests {
    use std::net::ToSocketAddrs as _;

    use super::*;

    // Issue 12, point 15: an unknown host was an "uncategorized error". The name is too long to
    // exist, so that no server is asked.
    #[test]
    fn a_host_that_is_not_known_is_named_as_such() {
        let error = ("a".repeat(64), 443).to_socket_addrs().unwrap_err();
        assert_eq!(describe(&ureq::Error::Io(error)), UNKNOWN);
    }

    #[test]
    fn other_faults_of_the_network_have_their_kind() {
        let error = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(
            describe(&ureq::Error::Io(error)),
            "network error: connection refused"
        );
        let error = io::Error::from_raw_os_error(24);
        let said = describe(&ureq::Error::Io(error));
        assert!(
            !said.contains("uncategorized") && said.contains("open files"),
            "{said}"
        );
        let refused = ureq::Error::ConnectProxyFailed("proxy server responded 403/403".into());
        assert!(describe(&refused).starts_with("the proxy could not connect: "));
    }
}
