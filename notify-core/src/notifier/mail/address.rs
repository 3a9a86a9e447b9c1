//! Addresses of mail, and the names of hosts within them.

use crate::notifier::service_url::{Problem, Word, decode_text, is_of};

/// The longest address that SMTP takes, and the longest label of a host's name.
const LONGEST: usize = 254;
const LABEL: usize = 63;

const NONE: Problem = "what it names is no address, such as anna@example.com";

/// An address of plain letters and signs, which needs no quotes anywhere.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address(String);

impl Address {
    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        Self::parse(text, false)
    }

    /// The same, or the name of a user of this machine.
    pub(super) fn local(text: &str) -> Result<Self, Problem> {
        Self::parse(text, true)
    }

    fn parse(text: &str, may_be_local: bool) -> Result<Self, Problem> {
        let text = decode_text(text)?;
        // https://www.rfc-editor.org/rfc/rfc5322#section-3.2.3
        let are_of = |signs, parts: &str| parts.split('.').all(|part| is_of(signs, part));
        let (name, host) = match text.rsplit_once('@') {
            Some((name, host)) => (name, Some(host)),
            None => (&*text, None),
        };
        // A program would take one that begins so for an option.
        let is_name = are_of("!#$%&'*+-/=?^_`{|}~", name) && !name.starts_with('-');
        let is_host = match host {
            Some(host) => are_of("-", host),
            None => may_be_local,
        };
        if is_name && is_host && text.len() <= LONGEST {
            Ok(Self(text))
        } else {
            Err(NONE)
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the host that it is at; `None` for a user of this machine.
    pub(super) fn host(&self) -> Option<&str> {
        self.0.rsplit_once('@').map(|(_, host)| host)
    }
}

/// Returns whom the `to` of a word names.
pub(super) fn list(
    word: &Word<'_>,
    read: fn(&str) -> Result<Address, Problem>,
) -> Result<Vec<Address>, Problem> {
    let mut all: Vec<Address> = Vec::new();
    for (name, list) in &word.options() {
        if name != "to" {
            continue;
        }
        for address in list.split([',', ';']) {
            let address = read(address)?;
            if !all.contains(&address) {
                all.push(address);
            }
        }
    }
    Ok(all)
}

pub(super) fn join(addresses: &[Address], between: &str) -> String {
    let addresses: Vec<_> = addresses.iter().map(Address::as_str).collect();
    addresses.join(between)
}

/// Makes a host's name one that a server of mail takes: letters, digits and hyphens, with dots between;
/// `None` where nothing is left of it. Servers refuse `app_1` and what is not ASCII.
pub(super) fn host_name(host: &str) -> Option<String> {
    let plain = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_alphanumeric() || c == '.' => c,
        _ => '-',
    };
    let plain: String = host.chars().map(plain).collect();
    let labels = plain.split('.').map(|label| {
        let label = &label[..label.len().min(LABEL)];
        label.trim_matches('-')
    });
    let labels: Vec<_> = labels.filter(|label| !label.is_empty()).collect();
    let name = labels.join(".");
    (1..=LONGEST).contains(&name.len()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_plain_and_has_a_host_where_it_must() {
        for (text, with_host, local) in [
            ("anna@example.com", true, true),
            ("a.b+c_d@mail-1.example", true, true),
            ("anna%40example.com", true, true),
            ("root", false, true),
            ("", false, false),
            ("@example.com", false, false),
            ("anna@", false, false),
            ("anna@@example.com", false, false),
            ("anna@example..com", false, false),
            (".anna@example.com", false, false),
            ("-oX@example.com", false, false),
            ("anna@exämple.com", false, false),
            ("anna bert@example.com", false, false),
            ("anna%0d%0aBcc:x@example.com", false, false),
            ("<anna@example.com>", false, false),
            ("\"anna\"@example.com", false, false),
            ("anna@[127.0.0.1]", false, false),
        ] {
            assert_eq!(Address::read(text).is_ok(), with_host, "{text}");
            assert_eq!(Address::local(text).is_ok(), local, "{text}");
        }
        let long = format!("{}@example.com", "x".repeat(LONGEST));
        assert!(Address::read(&long).is_err());
    }

    // Issue 16, point 3.
    #[test]
    fn a_hosts_name_is_made_one_that_servers_take() {
        for (host, name) in [
            ("worker-3", Some("worker-3")),
            ("app_1", Some("app-1")),
            ("DB.Example.COM.", Some("db.example.com")),
            ("_x_._", Some("x")),
            ("büro", Some("b-ro")),
            ("ロード", None),
            ("", None),
            ("a b\r\nc", Some("a-b--c")),
        ] {
            assert_eq!(host_name(host).as_deref(), name, "{host}");
        }
        let name = host_name(&"x".repeat(300)).unwrap();
        assert_eq!(name.len(), LABEL);
    }
}
