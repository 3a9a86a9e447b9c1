//! Which database the store is in, and how it is reached: `postgres://user:password@host/database?schema=notify`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::passfile::{self, Login};
use crate::os::{file, redact};

/// The schema of the tables, where the address names none.
const SCHEMA: &str = "pipeline_notify";

/// The longest name that the server takes.
const MAX_NAME: usize = 63;

const PORT: u16 = 5432;

const EXAMPLE: &str = "postgres://user:password@host/database";

/// What may follow the `?` of an address.
const PARAMETERS: &str =
    "schema, sslmode, sslrootcert, user, password, host, port, dbname, options, connect_timeout";

/// Where the store is, as a person has set it.
pub(super) struct Address {
    text: Text,
    /// What can be shown of it.
    shown: String,
    schema: String,
    /// What counts where the address has none.
    password: Option<Password>,
}

/// A password beside the address. It has no `Debug`, for it is a secret.
#[derive(Clone)]
pub(crate) enum Password {
    Word(String),
    /// The file that has it, read at each connection.
    File(PathBuf),
}

/// The address itself, or the file that it is read from at each connection: a password in it may last minutes.
enum Text {
    Here(String),
    File(PathBuf),
}

/// How far the server is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// No encryption: to this host alone, unless that was written out.
    Plain,
    /// Encrypted, whoever answers: only where that was written out.
    Encrypted,
    /// Encrypted, and the certificate is that of the host.
    Verified,
}

/// What it takes to connect.
pub(super) struct Target {
    pub(super) config: Config,
    pub(super) hosts: Vec<(String, u16)>,
    trust: Option<Trust>,
    /// The file of the authorities that are trusted, in place of the system's.
    pub(super) authorities: Option<PathBuf>,
    /// The file that has the password, where nothing else has it.
    password_file: Option<PathBuf>,
}

/// Never the address: a password may stand in it.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.shown).finish()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Address {
    /// Reads an address, or `file:/path` of one; `password` counts where the address has none. The error says what is
    /// wrong, without the value.
    pub(super) fn parse(value: &str, password: Option<Password>) -> Result<Self, String> {
        let value = value.trim();
        let text = match value.strip_prefix("file:") {
            Some(path) if Path::new(path).is_absolute() => Text::File(path.into()),
            Some(_) => return Err("`file:` takes an absolute path".to_owned()),
            None => Text::Here(value.to_owned()),
        };
        let content = text.read()?;
        let target = Target::parse(&content)?;
        Ok(Self {
            shown: target.shown(),
            schema: schema(&content)?,
            text,
            password,
        })
    }

    /// Returns what it takes to connect now. The error is like that of [`parse`](Self::parse).
    pub(super) fn target(&self) -> Result<Target, String> {
        let mut target = Target::parse(&self.text.read()?)?;
        if target.config.get_password().is_none() {
            match &self.password {
                Some(Password::Word(word)) => drop(target.config.password(word)),
                Some(Password::File(path)) => target.password_file = Some(path.clone()),
                None => {}
            }
        }
        Ok(target)
    }

    /// Returns the schema of the tables, as SQL names it.
    pub(super) fn schema(&self) -> String {
        format!("\"{}\"", self.schema)
    }
}

impl Text {
    fn read(&self) -> Result<String, String> {
        match self {
            Self::Here(text) => Ok(text.clone()),
            Self::File(path) => file::read_setting(path),
        }
    }
}

/// Returns the schema of the tables where nobody names one, as SQL names it.
pub(super) fn usual_schema() -> String {
    format!("\"{SCHEMA}\"")
}

/// Splits an address into what is before its parameters, and these. A `?` before the host is one of the password.
fn split(address: &str) -> (&str, Vec<(&str, &str)>) {
    let host = address.find('@').unwrap_or(0);
    let query = address[host..].find('?').map(|at| host + at);
    let (before, query) = query.map_or((address, ""), |at| (&address[..at], &address[at + 1..]));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    (before, pairs.collect())
}

fn schema(address: &str) -> Result<String, String> {
    let (_, parameters) = split(address);
    let named = parameters.into_iter().find(|(key, _)| *key == "schema");
    let name = named.map_or(SCHEMA, |(_, name)| name);
    let is_letter =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let is_name = name.starts_with(|first: char| !first.is_ascii_digit())
        && name.len() <= MAX_NAME
        && name.chars().all(is_letter);
    if is_name {
        Ok(name.to_owned())
    } else {
        Err("its `schema=` takes small letters, digits and `_`, such as pipeline_notify".to_owned())
    }
}

fn incomplete(part: &str) -> String {
    format!("it names no {part}: write {EXAMPLE}")
}

/// Says which part of an address is not understood: one of these parameters, or what is before them.
fn misread(parameters: &[String]) -> String {
    let is_wrong = |pair: &String| Config::from_str(&format!("postgres://u@h/d?{pair}")).is_err();
    let Some(at) = parameters.iter().position(is_wrong) else {
        return "its user, host or port cannot be understood: write user:password@host:5432, an IPv6 address in brackets, and a `%`, `@`, `/` or `:` of the password as %25, %40, %2F, %3A".to_owned();
    };
    let (before, wrong) = (&parameters[..at], &parameters[at]);
    if before.iter().any(|pair| pair.starts_with("password=")) {
        // It may be the rest of the password.
        return format!(
            "what follows its `password=` is no parameter: write an `&` of the password as %26; there are {PARAMETERS}"
        );
    }
    let key = wrong.split('=').next().unwrap_or_default();
    if PARAMETERS.split(", ").any(|known| known == key) {
        return format!("the value of its parameter `{key}=` makes no sense");
    }
    let key = redact::line(key, 40);
    format!("it takes no parameter `{key}`: there are {PARAMETERS}")
}

/// The parameters of an address: what they say of encryption, and those that are for the client.
#[derive(Default)]
struct Parameters {
    trust: Option<Trust>,
    authorities: Option<PathBuf>,
    rest: Vec<String>,
}

impl Parameters {
    fn parse(pairs: Vec<(&str, &str)>) -> Result<Self, String> {
        let mut all = Self::default();
        for pair in pairs {
            match pair {
                ("schema", _) => {}
                ("sslmode", "disable") => all.trust = Some(Trust::Plain),
                ("sslmode", "require") => all.trust = Some(Trust::Encrypted),
                ("sslmode", "verify-full") => all.trust = Some(Trust::Verified),
                ("sslmode", _) => {
                    return Err("its `sslmode=` takes verify-full, require or disable".to_owned());
                }
                ("sslrootcert", "system") => all.authorities = None,
                ("sslrootcert", path) => all.authorities = Some(PathBuf::from(path)),
                (key, value) => all.rest.push(format!("{key}={value}")),
            }
        }
        Ok(all)
    }
}

impl Target {
    fn parse(address: &str) -> Result<Self, String> {
        let is_known = |scheme: &&str| address.starts_with(scheme);
        if !["postgres://", "postgresql://"].iter().any(is_known) {
            return Err(format!(
                "it is no address of a PostgreSQL database, such as {EXAMPLE}, and no file:/path of one"
            ));
        }
        if address.contains(char::is_control) {
            return Err("it is more than one line".to_owned());
        }
        // What follows the first would be taken for the host, and shown.
        if address.matches('@').count() > 1 {
            return Err("an `@` stands in its user, password or parameters: write %40 there, and a `%`, `/` or `:` as %25, %2F, %3A".to_owned());
        }
        let (before, parameters) = split(address);
        let Parameters {
            trust,
            authorities,
            rest,
        } = Parameters::parse(parameters)?;
        let plain = if rest.is_empty() {
            before.to_owned()
        } else {
            format!("{before}?{}", rest.join("&"))
        };
        // The error's own text may quote a part of the value, and is left out.
        let mut config = Config::from_str(&plain).map_err(|_| misread(&rest))?;
        let ports = config.get_ports().to_vec();
        let port = |number: usize| match *ports {
            [] => PORT,
            [port] => port,
            _ => ports.get(number).copied().unwrap_or(PORT),
        };
        let mut hosts = Vec::new();
        for (number, host) in config.get_hosts().iter().enumerate() {
            match host {
                Host::Tcp(name) => hosts.push((name.clone(), port(number))),
                #[cfg(unix)]
                Host::Unix(_) => return Err(incomplete("host, but a socket's folder")),
            }
        }
        if hosts.is_empty() {
            return Err(incomplete("host"));
        }
        if config.get_user().is_none() {
            return Err(incomplete("user"));
        }
        if config.get_dbname().is_none() {
            return Err(incomplete("database"));
        }
        config.application_name("pipeline-notify");
        Ok(Self {
            config,
            hosts,
            trust,
            authorities,
            password_file: None,
        })
    }

    /// Returns how far a host is trusted, where `is_here` says that it is this one.
    pub(super) fn trust(&self, is_here: bool) -> Trust {
        let usual = if is_here {
            Trust::Plain
        } else {
            Trust::Verified
        };
        self.trust.unwrap_or(usual)
    }

    /// Returns the settings to connect to a host with, by how far the server is trusted.
    pub(super) fn settings(&self, trust: Trust, host: &str, port: u16) -> Result<Config, String> {
        let mut config = self.config.clone();
        if let Some(path) = &self.password_file {
            let login = Login {
                host,
                port,
                database: config.get_dbname().unwrap_or_default(),
                user: config.get_user().unwrap_or_default(),
            };
            if let Some(password) = passfile::password(path, &login)? {
                config.password(password);
            }
        }
        config.ssl_mode(match trust {
            Trust::Plain => SslMode::Disable,
            Trust::Encrypted | Trust::Verified => SslMode::Require,
        });
        Ok(config)
    }

    /// Says where it is, without a password.
    fn shown(&self) -> String {
        let hosts = self.hosts.iter().map(|(host, port)| {
            let host = if host.contains(':') {
                format!("[{host}]")
            } else {
                host.clone()
            };
            match port {
                &PORT => host,
                port => format!("{host}:{port}"),
            }
        });
        let hosts: Vec<_> = hosts.collect();
        let database = self.config.get_dbname().unwrap_or_default();
        format!("postgres://{}/{database}", hosts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 15, point 1.
    #[test]
    fn an_address_is_understood_and_its_password_is_never_shown() {
        let address = Address::parse(
            "postgres://notify:s3cr%40t@db1,db2:6432/etl?schema=notify&sslmode=require&connect_timeout=3",
            Some(Password::Word("0ther".to_owned())),
        );
        let address = address.unwrap();
        assert_eq!(address.to_string(), "postgres://db1,db2:6432/etl");
        assert_eq!(address.schema(), "\"notify\"");
        assert!(!format!("{address:?}{address}").contains("s3cr"));
        let target = address.target().unwrap();
        assert_eq!(target.config.get_password(), Some(&b"s3cr@t"[..]));
        assert_eq!(target.trust(true), Trust::Encrypted);

        let odd = "postgres://a%2Fb:s3cr?t&x=#%00é@[::1]:6432,[fe80::2],h/d%C3%A4?options=-c%20work_mem%3D1MB";
        let address = Address::parse(odd, None).unwrap();
        assert_eq!(
            address.to_string(),
            "postgres://[::1]:6432,[fe80::2],h/d\u{e4}"
        );
        let target = address.target().unwrap();
        assert_eq!(
            target.config.get_password(),
            Some("s3cr?t&x=#\0é".as_bytes())
        );
        assert_eq!(target.config.get_options(), Some("-c work_mem=1MB"));
        assert_eq!(target.hosts[0], ("::1".to_owned(), 6432));
    }

    /// Issue 15, point 1.
    #[test]
    fn this_host_is_reached_plainly_and_every_other_is_verified_unless_that_is_written_out() {
        let trust = |parameters: &str, is_here| {
            let address = format!("postgres://u@h/d?{parameters}");
            Target::parse(&address).unwrap().trust(is_here)
        };
        assert_eq!(trust("", true), Trust::Plain);
        assert_eq!(trust("", false), Trust::Verified);
        assert_eq!(trust("sslmode=disable", false), Trust::Plain);
        assert_eq!(trust("sslmode=require", false), Trust::Encrypted);
        assert_eq!(trust("sslmode=verify-full", true), Trust::Verified);
    }

    /// Issue 15, points 1 and 8.
    #[test]
    fn what_is_no_address_is_refused_without_being_shown() {
        for (value, why) in [
            ("mysql://u:SECRET@h/d", "no address of a PostgreSQL"),
            ("/var/lib/SECRET", "no address of a PostgreSQL"),
            ("", "no address of a PostgreSQL"),
            ("file:SECRET", "absolute path"),
            ("file:/nowhere/SECRET", "does not exist"),
            ("postgres://:SECRET@/d", "no host"),
            ("postgres://u:SECRET@h", "no database"),
            ("postgres://h/SECRET", "no user"),
            ("postgres://u:SECRET@h/d?sslmode=prefer", "verify-full"),
            ("postgres://u:SECRET@h/d?schema=a.b", "schema="),
            ("postgres://u:SECRET@h/d?schema=\"x\"", "schema="),
            ("postgres://u:SECRET@h/d?nonsense=SECRET", "`nonsense`"),
            ("postgres://u@h/d?sslcert=/a&password=SECRET", "`sslcert`"),
            ("postgres://u:SECRET@h/d?port=five", "`port=`"),
            ("postgres://u@h/d?password=a&SECRET", "%26"),
            ("postgres://u@h/d?password=a&SECRET=1", "%26"),
            ("postgres://u:SECRET@h:port/d", "host or port"),
            ("postgres://u:SECRET@h:99999/d", "host:5432"),
            ("postgres://u:SECRET@::1:5432/d", "brackets"),
            ("postgres://u:SECRET@h/d\nSECRET", "more than one line"),
            ("postgres://u:a@SECRET@h/d", "%40"),
            ("postgres://u:a@SECRET/b@h/d", "%40"),
            ("postgres://u:a@b?SECRET@h/d", "%40"),
            ("postgres://u:a@h/d?password=b@SECRET/c", "%40"),
            ("postgres://u:SECRET@%2Ftmp/d", "socket"),
        ] {
            let error = Address::parse(value, None).unwrap_err();
            assert!(
                error.contains(why) && !error.contains("SECRET"),
                "{value}: {error}"
            );
        }
    }
}
