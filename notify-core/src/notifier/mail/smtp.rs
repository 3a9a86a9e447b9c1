//! A server of mail, spoken to by SMTP.

mod conversation;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt};

use conversation::{Conversation, Stage};

use super::address::{self, Address};
use super::letter::Letter;
use crate::format::debug::debug_by_name;
use crate::message::alert::Alert;
use crate::notifier::service_url::{Problem, Word, at, decode_text, is_of};
use crate::notifier::{Hidden, Notifier, Ours, Refusal};
use crate::os::engine::PerProcess;
use crate::os::thread;
use crate::os::warning::Warning;

/// Where a server takes mail of those whom it knows, and where it does so by TLS from the first byte.
/// <https://www.rfc-editor.org/rfc/rfc8314>
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;

/// Where a server on this machine takes mail.
const LOCAL: u16 = 25;

/// The most conversations that are under way in this process. One that outlives its time, as with a
/// server that answers a letter a minute, counts until it ends.
const CONVERSATIONS: usize = 4;

static UNDER_WAY: PerProcess<AtomicUsize> = PerProcess::letting_go(|_| {});

/// How a connection is kept from others' eyes.
#[derive(Clone, Copy, PartialEq, Eq)]
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
        let both = word.user.and_then(|user| user.split_once(':'));
        let user = both.map(|(user, _)| user).or(word.user);
        let password = both.map(|(_, password)| password);
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
        let mut conversation = Conversation::begin(self, deadline)?;
        conversation.log_in(self)?;
        conversation.say(
            Stage::Sender,
            Mail::new(Some(lettre(&self.from)?), Vec::new()),
        )?;
        self.name_recipients(&mut conversation)?;
        conversation.say(Stage::Data, Data)?;
        conversation.within_time()?;
        let letter = letter.replace('\n', "\r\n");
        let sent = conversation.connection.message(letter.as_bytes());
        sent.map_err(|error| Stage::Letter.refusal(&error))?;
        let _ = conversation.connection.command(Quit);
        Ok(())
    }

    /// Names who the letter is for. Those whom the server knows get it also where it knows others not.
    fn name_recipients(&self, conversation: &mut Conversation) -> Result<(), Refusal> {
        let mut refused = Vec::new();
        for to in &self.to {
            match conversation.say(Stage::Recipient, Rcpt::new(lettre(to)?, Vec::new())) {
                Ok(()) => {}
                Err(Refusal::Channel { reason }) => refused.push(reason),
                // Nobody has the letter yet: all get it later.
                Err(other) => return Err(other),
            }
        }
        let Some(reason) = refused.first() else {
            return Ok(());
        };
        if refused.len() == self.to.len() {
            return Err(Refusal::channel(reason));
        }
        let (number, all) = (refused.len(), self.to.len());
        let message =
            format!("mail is not sent to {number} of the {all} addresses in `to=`: {reason}");
        Warning::new(format!("recipients {}", self.identity()), message).warn();
        Ok(())
    }
}

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
    if !is_of("-.:_", host) {
        return Err("it has no host");
    }
    Ok((host.to_owned(), port.transpose()?))
}

/// Takes an address over: what we take for one is one.
fn lettre(address: &Address) -> Result<lettre::Address, Refusal> {
    let parsed = address.as_str().parse();
    parsed.map_err(|_| Refusal::channel("an address cannot be used"))
}

debug_by_name!(Smtp);

impl Notifier for Smtp {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let deadline = Instant::now() + timeout;
        let letter = Letter {
            from: Some(&self.from),
            to: &self.to,
            alerts,
        };
        let (letter, smtp) = (letter.text(), self.clone());
        let under_way = UnderWay::begin()?;
        let (end, ended) = mpsc::sync_channel(1);
        // On a thread of its own, for neither a name server nor a server that drips keeps to a time.
        let spawned = thread::spawn("notify-smtp", move || {
            let _under_way = under_way;
            let _ = end.send(smtp.converse(&letter, deadline));
        });
        if spawned.is_err() {
            return Err(Refusal::temporary("there is no thread to send it"));
        }
        let late = |_| Err(Refusal::temporary("no answer in time"));
        thread::as_ours(|| ended.recv_timeout(timeout)).unwrap_or_else(late)
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        let password = self.login.iter().map(|(_, password)| password.clone());
        password.map(Hidden::text).collect()
    }

    fn identity(&self) -> String {
        // The password is left out: it may be another tomorrow.
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
