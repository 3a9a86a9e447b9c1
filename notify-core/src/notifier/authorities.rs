//! The certificate authorities that are trusted: the system's, or
//! those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, as other programs take them.

use std::env;
use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use ureq::tls::{Certificate, RootCerts};

use crate::os::engine::{Part, Slot};
use crate::os::warning::Warning;

/// The variables that name other authorities than the system's.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

static TRUSTED: Part<OnceLock<RootCerts>> = Part::new(Slot::Authorities);

/// Returns the authorities. They are read from disk once, at the first call: only who posts to
/// `https` pays for it.
pub(super) fn trusted() -> RootCerts {
    TRUSTED.get().get_or_init(load).clone()
}

/// The bundled authorities stand in where there are no others, as in an image without a system.
fn load() -> RootCerts {
    let found = rustls_native_certs::load_native_certs();
    let (usable, _) = RootCertStore::empty().add_parsable_certificates(found.certs.iter().cloned());
    if usable > 0 {
        let certificates = found.certs.iter();
        let certificates = certificates.map(|der| Certificate::from_der(der).to_owned());
        return RootCerts::Specific(Arc::new(certificates.collect()));
    }
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if let Some(variable) = VARIABLES.iter().find(|name| is_set(name)) {
        let why = found.errors.first().map(|error| format!(" ({error})"));
        let message = format!(
            "{variable} gives no certificate authority that can be used{}: the bundled ones are used",
            why.unwrap_or_default()
        );
        Warning::new(*variable, message).warn();
    }
    RootCerts::WebPki
}
