//! Why the store did not answer, and what a person does about it.

use std::io;

use tokio_postgres::error::{DbError, SqlState};

use crate::os::redact;

/// What a server says that cannot be written to.
pub(super) const READ_ONLY: &str = "the server is read-only: name the primary in NOTIFY_STORE, or all servers, or set default_transaction_read_only = off for this role";

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// It was not asked: the store cannot be reached.
    #[error("{0}")]
    Away(String),
    /// It was asked, and what became of it is not known.
    #[error("{0}")]
    Unheard(String),
    /// The server said no for now: it was not done.
    #[error("{0}")]
    Later(String),
    /// The same, for somebody else has kept a lock for longer than one waits.
    #[error("{0}")]
    Locked(String),
    /// The same, for others were faster, as it says where a role's transactions are serializable.
    #[error("{0}")]
    Overtaken(String),
    /// The server says no until a person does something: it was not done.
    #[error("{0}")]
    Never(String),
    /// The same, for the tables are not there.
    #[error("{0}")]
    Missing(String),
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        Self::other(fault.to_string())
    }
}

impl Fault {
    /// Takes what the client says of a question that was asked; `mend` is what gives the role its rights.
    pub(super) fn of(error: &tokio_postgres::Error, mend: &str) -> Self {
        match error.as_db_error() {
            Some(said) => Self::said(said, mend),
            None => Self::Unheard(words(error)),
        }
    }

    /// Takes what the client says of a connection that was not made.
    pub(super) fn of_connection(error: &tokio_postgres::Error, mend: &str) -> Self {
        match error.as_db_error() {
            Some(said) => Self::said(said, mend),
            None if is_distrusted(error) => Self::Never(format!(
                "{}: name the server in NOTIFY_STORE as its certificate does, and the file of its authorities with sslrootcert=",
                words(error)
            )),
            None => match words(error) {
                words if words.contains("does not support TLS") => Self::Never(format!(
                    "{words}: switch ssl on there, or write sslmode=disable where nobody else is on the way"
                )),
                words if words == "password missing" => Self::Never(
                    "the server asks for a password: write it into NOTIFY_STORE or PGPASSWORD, or a line for this server, database and user into the file that PGPASSFILE names"
                        .to_owned(),
                ),
                words => Self::Away(words),
            },
        }
    }

    fn said(said: &DbError, mend: &str) -> Self {
        let code = said.code();
        // The server's own words may quote a value.
        let words = redact::line(said.message(), 200);
        let is = |codes: &[&SqlState]| codes.contains(&code);
        let never = |mend: &str| Self::Never(format!("{words}: {mend}"));
        if is(&[&SqlState::INSUFFICIENT_PRIVILEGE]) {
            return never(&format!("run as its owner: {mend}"));
        }
        if is(&[&SqlState::UNDEFINED_TABLE, &SqlState::INVALID_SCHEMA_NAME]) {
            return Self::Missing(format!(
                "{words}: run what `pipeline-notify store init --print` shows, as a role that may make tables"
            ));
        }
        if is(&[&SqlState::UNDEFINED_COLUMN]) {
            return never("its tables are of another version of the library");
        }
        if is(&[&SqlState::INVALID_AUTHORIZATION_SPECIFICATION]) {
            return never(way_in(&words));
        }
        // PgBouncer has one code for all that it refuses.
        let is_password = words.starts_with("password authentication failed");
        if is_password || is(&[&SqlState::INVALID_PASSWORD]) {
            return never("the user and password of NOTIFY_STORE are not right");
        }
        if is(&[&SqlState::INVALID_CATALOG_NAME]) {
            return never("correct its name in NOTIFY_STORE, or make it (`createdb`)");
        }
        if is(&[&SqlState::READ_ONLY_SQL_TRANSACTION]) {
            return Self::Away(READ_ONLY.to_owned());
        }
        if is(&[&SqlState::LOCK_NOT_AVAILABLE]) {
            return Self::of_lock();
        }
        if is(&[
            &SqlState::T_R_SERIALIZATION_FAILURE,
            &SqlState::T_R_DEADLOCK_DETECTED,
        ]) {
            return Self::Overtaken(words);
        }
        if is(&[&SqlState::UNTRANSLATABLE_CHARACTER]) {
            return never("the database of NOTIFY_STORE must be made with ENCODING 'UTF8'");
        }
        if is(&[&SqlState::TOO_MANY_CONNECTIONS]) {
            return Self::Away(format!(
                "{words}: raise that limit, or put PgBouncer between, with pool_mode = transaction"
            ));
        }
        Self::Later(format!("{words} ({})", code.code()))
    }

    /// Says that somebody else keeps a lock.
    pub(super) fn of_lock() -> Self {
        let why = "another session keeps a row or a table of it locked: end its transaction";
        Self::Locked(why.to_owned())
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_))
    }

    /// Returns whether a person must do something first.
    pub(super) fn is_for_good(&self) -> bool {
        matches!(self, Self::Never(_) | Self::Missing(_))
    }
}

/// Says what mends it that the server lets nobody in so, whatever the password.
fn way_in(words: &str) -> &'static str {
    if !words.contains("pg_hba.conf") {
        return "mend that role, or the user in NOTIFY_STORE";
    }
    if words.ends_with("no encryption") {
        return "write sslmode=verify-full (or require) in NOTIFY_STORE, or add a line to that file";
    }
    "add a line to that file"
}

/// Returns whether the server's certificate is not trusted.
fn is_distrusted(error: &tokio_postgres::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let tls = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if matches!(tls, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Returns the innermost cause, which says most, without what may be secret of it.
fn words(error: &tokio_postgres::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    redact::line(&cause.to_string(), 200)
}

/// Returns what is wrong with a certificate or a connection, in a few words.
pub(super) fn of_io(error: &io::Error) -> String {
    redact::line(&error.to_string(), 200)
}

#[cfg(test)]
mod tests {
    use super::way_in;

    /// As `PostgreSQL` 15 says it.
    #[test]
    fn who_is_not_let_in_reads_what_mends_that() {
        let entry = r#"no pg_hba.conf entry for host "10.0.0.7", user "u", database "d""#;
        for (words, mend) in [
            (format!("{entry}, no encryption"), "sslmode=verify-full"),
            (format!("{entry}, SSL encryption"), "add a line"),
            (
                r#"role "u" is not permitted to log in"#.to_owned(),
                "mend that role",
            ),
        ] {
            assert!(way_in(&words).contains(mend), "{words}");
        }
    }
}
