//! A conversation with a server of mail, word by word.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    Certificate, CertificateStore, SmtpConnection, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::extension::ClientId;
use ureq::tls::RootCerts;

use super::{Security, Smtp};
use crate::format::text;
use crate::notifier::mail::address;
use crate::notifier::{Refusal, authorities, unreachable};
use crate::os::machine::Machine;

/// As much of an answer as a reason quotes.
const QUOTED: usize = 200;

/// What was said last when an answer came, which says what it speaks of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Greeting,
    Login,
    Sender,
    Recipient,
    Data,
    Letter,
}

impl Stage {
    fn no_answer(self, error: &Error) -> String {
        match self {
            Self::Greeting if error.is_response() => {
                "it speaks no SMTP, or the port is another".to_owned()
            }
            // Who gets it several times is to know why.
            Self::Letter => format!("{}: the letter may have arrived", no_answer(error)),
            _ => no_answer(error),
        }
    }

    pub(super) fn refusal(self, error: &Error) -> Refusal {
        let Some(code) = error.status().map(u16::from) else {
            return Refusal::temporary(self.no_answer(error));
        };
        // What a server says of a login may repeat it.
        let words = match self {
            Self::Login => "it does not take the user and the password".to_owned(),
            _ => std::error::Error::source(error).map_or_else(String::new, ToString::to_string),
        };
        let words = text::escape(text::first_line(&words, QUOTED)).into_owned();
        let reason = format!("answered {code} {words}").trim_end().to_owned();
        // <https://www.rfc-editor.org/rfc/rfc5321#section-4.2>
        match (self, code) {
            (_, 400..=499) => Refusal::temporary(reason),
            // The letter is too large, or its content is not liked.
            (Self::Sender, 552) | (Self::Data | Self::Letter, _) => Refusal::Alert { reason },
            _ => Refusal::channel(reason),
        }
    }
}

/// Says why there was no answer.
fn no_answer(error: &Error) -> String {
    if error.is_response() {
        return "it ended the conversation without an answer".to_owned();
    }
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                    "no answer in time".to_owned()
                }
                _ => unreachable::of_network(error),
            };
        }
        source = error.source();
    }
    "the conversation failed".to_owned()
}

/// A conversation with a server.
pub(super) struct Conversation {
    pub(super) connection: SmtpConnection,
    deadline: Instant,
}

impl Conversation {
    pub(super) fn begin(smtp: &Smtp, deadline: Instant) -> Result<Self, Refusal> {
        let name = Machine::this().host.as_deref().and_then(address::host_name);
        let name = name.map_or(ClientId::Ipv4(Ipv4Addr::LOCALHOST), ClientId::Domain);
        let tls = match smtp.security {
            Security::Plain => None,
            _ => Some(tls(&smtp.host)?),
        };
        let begun = SmtpConnection::connect(
            (smtp.host.as_str(), smtp.port),
            Some(left(deadline)?),
            &name,
            tls.as_ref().filter(|_| smtp.security == Security::Implicit),
            None,
        );
        let connection = begun.map_err(|error| Stage::Greeting.refusal(&error))?;
        let mut conversation = Self {
            connection,
            deadline,
        };
        let can_upgrade = conversation.connection.can_starttls();
        let upgrades = match smtp.security {
            Security::Upgrade if !can_upgrade => {
                return Err(Refusal::channel(
                    "it offers no TLS (STARTTLS), and would show all to the network: is the port 465?",
                ));
            }
            Security::Upgrade => true,
            Security::Local => can_upgrade,
            Security::Implicit | Security::Plain => false,
        };
        if let Some(tls) = tls.filter(|_| upgrades) {
            conversation.within_time()?;
            let secured = conversation.connection.starttls(&tls, &name);
            secured.map_err(|error| Stage::Greeting.refusal(&error))?;
        }
        Ok(conversation)
    }

    /// Says who we are, where the server asks that.
    pub(super) fn log_in(&mut self, smtp: &Smtp) -> Result<(), Refusal> {
        let Some((user, password)) = &smtp.login else {
            return Ok(());
        };
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        let server = self.connection.server_info();
        if server.get_auth_mechanism(&mechanisms).is_none() {
            // If it wants one all the same, it says so to the next words.
            return Ok(());
        }
        self.within_time()?;
        let credentials = Credentials::new(user.clone(), password.clone());
        let taken = self.connection.auth(&mechanisms, &credentials);
        taken
            .map(|_| ())
            .map_err(|error| Stage::Login.refusal(&error))
    }

    pub(super) fn say(&mut self, stage: Stage, command: impl fmt::Display) -> Result<(), Refusal> {
        self.within_time()?;
        let answer = self.connection.command(command);
        answer.map(|_| ()).map_err(|error| stage.refusal(&error))
    }

    /// Grants the next answer what is left of the time.
    pub(super) fn within_time(&mut self) -> Result<(), Refusal> {
        let left = left(self.deadline)?;
        let set = self.connection.set_timeout(Some(left));
        set.map_err(|error| Refusal::temporary(unreachable::of_network(&error)))
    }
}

fn left(deadline: Instant) -> Result<Duration, Refusal> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Refusal::temporary("no answer in time"));
    }
    Ok(left)
}

/// Trusts those authorities that `https` trusts.
fn tls(host: &str) -> Result<TlsParameters, Refusal> {
    let builder = TlsParametersBuilder::new(host.to_owned());
    let builder = match authorities::trusted() {
        RootCerts::Specific(certificates) => {
            let mut builder = builder.certificate_store(CertificateStore::None);
            for certificate in certificates.iter() {
                let der = certificate.der().to_vec();
                // A certificate that cannot be read would make all of them useless.
                let is_readable = rustls::RootCertStore::empty()
                    .add(der.clone().into())
                    .is_ok();
                if let Ok(root) = Certificate::from_der(der)
                    && is_readable
                {
                    builder = builder.add_root_certificate(root);
                }
            }
            builder
        }
        _ => builder.certificate_store(CertificateStore::WebpkiRoots),
    };
    builder
        .build()
        .map_err(|_| Refusal::temporary("no TLS connection can be made"))
}
