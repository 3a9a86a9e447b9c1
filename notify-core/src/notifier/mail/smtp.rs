//! A server of mail, spoken to by SMTP.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    Certificate, CertificateStore, SmtpConnection, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use ureq::tls::RootCerts;

use super::address::{self, Address};
use super::letter::Letter;
use crate::format::text;
use crate::message::alert::Alert;
use crate::notifier::http::Class;
use crate::notifier::service_url::{Problem, Word, at, decode_text};
use crate::notifier::{Hidden, Notifier, Ours, Refusal, authorities, unreachable};
use crate::os::engine::PerProcess;
use crate::os::machine::Machine;
use crate::os::warning::Warning;

/// Where a server takes mail of those whom it knows, and where it does so by TLS from the first byte.
/// <https://www.rfc-editor.org/rfc/rfc8314>
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;

/// Where a server on this machine takes mail.
const LOCAL: u16 = 25;

/// As much of an answer as a reason quotes.
const QUOTED: usize = 200;

/// So many conversations at most are under way in this process; one that outlives its time, as with a
/// server that answers a letter a minute, counts until it ends.
const CONVERSATIONS: usize = 4;

static UNDER_WAY: PerProcess<AtomicUsize> = PerProcess::letting_go(|_| {});

/// How a connection is kept from others' eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// TLS from the first byte.
    Implicit,
    /// TLS before anything is said.
    Upgrade,
    /// The same where the server can: only on this machine.
    Local,
    /// None: only on this machine.
    Plain,
}

/// Sends mail by a server.
#[derive(Clone)]
pub(crate) struct Smtp {
    host: String,
    port: u16,
    security: Security,
    /// Who we are, and the password.
    login: Option<(String, String)>,
    from: Address,
    to: Vec<Address>,
}

impl Smtp {
    /// `mailtos://user:password@host:port/?from=…&to=…`.
    pub(super) fn read(word: &Word<'_>, is_plain: bool) -> Result<Self, Problem> {
        let server = word.option(&["smtp"]).unwrap_or(word.host);
        let (host, port) = host_and_port(server)?;
        let is_here = at(server).is_ok_and(|to| to.url().is_ok_and(|url| url.is_loopback()));
        let mode = word
            .option(&["mode"])
            .unwrap_or_default()
            .to_ascii_lowercase();
        let security = match (is_here, &*mode) {
            (true, _) if is_plain => Security::Plain,
            (false, _) if is_plain => {
                return Err(
                    "`mailto://` would show it to the network: use `mailtos://` (127.0.0.1 and [::1] excepted)",
                );
            }
            (_, "ssl") => Security::Implicit,
            (true, _) => Security::Local,
            (false, "" | "starttls") if port == Some(SUBMISSIONS) && mode.is_empty() => {
                Security::Implicit
            }
            (false, "" | "starttls") => Security::Upgrade,
            _ => return Err("its `mode=` is neither `ssl` nor `starttls`"),
        };
        let port = port.unwrap_or(match security {
            Security::Implicit => SUBMISSIONS,
            Security::Upgrade => SUBMISSION,
            Security::Local | Security::Plain => LOCAL,
        });
        let (user, password) = word
            .user
            .map_or((None, None), |user| match user.split_once(':') {
                Some((user, password)) => (Some(user), Some(password)),
                None => (Some(user), None),
            });
        let user = user.map(decode_text).transpose()?;
        let password = password.map(decode_text).transpose()?;
        let from = match (word.option(&["from"]), &user) {
            (Some(from), _) => Address::read(from)?,
            (None, Some(user)) if user.contains('@') => Address::read(user)?,
            (None, Some(user)) => {
                Address::read(&format!("{user}@{}", host_and_port(word.host)?.0))?
            }
            (None, None) => return Err("it does not say who writes: add `from=` and an address"),
        };
        let mut to = address::list(word, Address::read)?;
        if to.is_empty() {
            to.push(from.clone());
        }
        Ok(Self {
            host,
            port,
            security,
            login: user.zip(password),
            from,
            to,
        })
    }

    /// Speaks with the server until it has the letter, or has refused it.
    fn converse(&self, letter: &str, deadline: Instant) -> Result<(), Refusal> {
        let mut talk = Talk::begin(self, deadline)?;
        talk.log_in(self)?;
        talk.say(
            Stage::Sender,
            Mail::new(Some(lettre(&self.from)?), Vec::new()),
        )?;
        self.name_recipients(&mut talk)?;
        talk.say(Stage::Data, Data)?;
        talk.within_time()?;
        let sent = talk
            .connection
            .message(letter.replace('\n', "\r\n").as_bytes());
        sent.map_err(|error| Stage::Letter.refusal(&error))?;
        let _ = talk.connection.command(Quit);
        Ok(())
    }

    /// Names who the letter is for. Those whom the server knows get it also where it knows others not.
    fn name_recipients(&self, talk: &mut Talk) -> Result<(), Refusal> {
        let mut refused = Vec::new();
        for to in &self.to {
            match talk.say(Stage::Recipient, Rcpt::new(lettre(to)?, Vec::new())) {
                Ok(()) => {}
                Err(Refusal::Channel { reason }) => refused.push(reason),
                // Nobody has it yet: all get it later.
                Err(other) => return Err(other),
            }
        }
        let Some(reason) = refused.first() else {
            return Ok(());
        };
        if refused.len() == self.to.len() {
            let reason = reason.clone();
            return Err(Refusal::Channel { reason });
        }
        let (number, all) = (refused.len(), self.to.len());
        let message =
            format!("mail is not sent to {number} of the {all} addresses in `to=`: {reason}");
        Warning::new(format!("recipients {}", self.identity()), message).tell();
        Ok(())
    }
}

/// Parts a host from its port.
fn host_and_port(server: &str) -> Result<(String, Option<u16>), Problem> {
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (server, None),
    };
    let port = port.map(|port| {
        port.parse()
            .map_err(|_| "its port is no number that a port can have")
    });
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:_".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_of_host) {
        return Err("it has no host");
    }
    Ok((host.to_owned(), port.transpose()?))
}

/// Takes an address over: what we take for one is one.
fn lettre(address: &Address) -> Result<lettre::Address, Refusal> {
    let parsed = address.as_str().parse();
    parsed.map_err(|_| Refusal::Channel {
        reason: "an address cannot be used".to_owned(),
    })
}

/// What was said last when an answer came, which tells what it speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Greeting,
    Login,
    Sender,
    Recipient,
    Data,
    Letter,
}

impl Stage {
    /// Sorts an answer's code. <https://www.rfc-editor.org/rfc/rfc5321#section-4.2>
    fn class(self, code: u16) -> Class {
        match (self, code) {
            (_, 400..=499) => Class::Temporary,
            // The letter is too large, or its content is not liked.
            (Self::Sender, 552) | (Self::Data | Self::Letter, _) => Class::Alert,
            _ => Class::Channel,
        }
    }

    fn refusal(self, error: &Error) -> Refusal {
        let Some(code) = error.status().map(u16::from) else {
            return Refusal::temporary(no_answer(error));
        };
        // What a server says of a login may repeat it.
        let words = match self {
            Self::Login => "it does not take the user and the password".to_owned(),
            _ => std::error::Error::source(error).map_or_else(String::new, ToString::to_string),
        };
        let words = text::escape(text::first_line(&words, QUOTED)).into_owned();
        let reason = format!("answered {code} {words}").trim_end().to_owned();
        match self.class(code) {
            Class::Temporary => Refusal::temporary(reason),
            Class::Channel => Refusal::Channel { reason },
            Class::Alert | Class::Accepted => Refusal::Alert { reason },
            Class::Gone | Class::Unknown => Refusal::Unknown { reason },
        }
    }
}

/// Says why there was no answer.
fn no_answer(error: &Error) -> String {
    if error.is_response() {
        return "it speaks no SMTP, or the port is another".to_owned();
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
struct Talk {
    connection: SmtpConnection,
    deadline: Instant,
}

impl Talk {
    fn begin(smtp: &Smtp, deadline: Instant) -> Result<Self, Refusal> {
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
        let mut talk = Self {
            connection,
            deadline,
        };
        let can_upgrade = talk.connection.can_starttls();
        let upgrades = match smtp.security {
            Security::Upgrade if !can_upgrade => {
                return Err(Refusal::Channel {
                    reason: "it offers no TLS (STARTTLS), and would show all to the network: is the port 465?"
                        .to_owned(),
                });
            }
            Security::Upgrade => true,
            Security::Local => can_upgrade,
            Security::Implicit | Security::Plain => false,
        };
        if let Some(tls) = tls.filter(|_| upgrades) {
            talk.within_time()?;
            let secured = talk.connection.starttls(&tls, &name);
            secured.map_err(|error| Stage::Greeting.refusal(&error))?;
        }
        Ok(talk)
    }

    /// Says who we are, where the server asks that.
    fn log_in(&mut self, smtp: &Smtp) -> Result<(), Refusal> {
        let Some((user, password)) = &smtp.login else {
            return Ok(());
        };
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        let offered = self
            .connection
            .server_info()
            .get_auth_mechanism(&mechanisms);
        if offered.is_none() {
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

    fn say(&mut self, stage: Stage, command: impl fmt::Display) -> Result<(), Refusal> {
        self.within_time()?;
        let answer = self.connection.command(command);
        answer.map(|_| ()).map_err(|error| stage.refusal(&error))
    }

    /// Grants the next answer what is left of the time.
    fn within_time(&mut self) -> Result<(), Refusal> {
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
                // One that cannot be read would make all of them useless.
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

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Smtp(…)")
    }
}

impl Notifier for Smtp {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let deadline = Instant::now() + timeout;
        let letter = Letter {
            from: Some(&self.from),
            to: &self.to,
            alerts,
        };
        let (letter, smtp) = (letter.to_string(), self.clone());
        let under_way = UnderWay::begin()?;
        let (end, ended) = mpsc::sync_channel(1);
        // Of its own: neither a name server nor a server that drips keeps to a time.
        let thread = thread::Builder::new().name("notify-smtp".to_owned());
        let spawned = thread.spawn(move || {
            let _under_way = under_way;
            let _ = end.send(smtp.converse(&letter, deadline));
        });
        if spawned.is_err() {
            return Err(Refusal::temporary("there is no thread to send it"));
        }
        let late = |_| Err(Refusal::temporary("no answer in time"));
        ended.recv_timeout(timeout).unwrap_or_else(late)
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        let password = self.login.iter().map(|(_, password)| password.clone());
        password.map(Hidden::text).collect()
    }

    fn identity(&self) -> String {
        // Not the password, which may be another tomorrow.
        let (host, port) = (&self.host, self.port);
        let to = address::join(&self.to, ",");
        format!("smtp:{host}:{port} {} {to}", self.from.as_str())
    }
}

/// A conversation that is counted until it ends.
struct UnderWay(&'static AtomicUsize);

impl UnderWay {
    fn begin() -> Result<Self, Refusal> {
        let count = UNDER_WAY.get();
        if count.fetch_add(1, Ordering::Relaxed) >= CONVERSATIONS {
            count.fetch_sub(1, Ordering::Relaxed);
            return Err(Refusal::temporary("it still has not answered before"));
        }
        Ok(Self(count))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
