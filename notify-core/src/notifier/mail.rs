//! Mail: by the `sendmail` of the machine, or by a server.

mod address;
mod header;
mod html;
mod letter;
mod quoted_printable;
#[cfg(feature = "email")]
mod smtp;

use std::ffi::OsString;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use address::Address;
use letter::Letter;

use super::http::Class;
use super::service_url::{Problem, Word, decode};
use super::{Notifier, Refusal, child};
use crate::format::debug::debug_by_name;
use crate::message::alert::Alert;

/// What exit codes mean beside those that mean the same with any program: what has to be mended is who
/// the mail is for, or who it is from.
const CODES: &[(i32, Class)] = &[
    (67, Class::Channel), // EX_NOUSER
    (68, Class::Channel), // EX_NOHOST
    (77, Class::Channel), // EX_NOPERM
];

/// Hands mail to the program that takes it on this machine: the `sendmail` of Exim, Postfix, msmtp
/// and others.
#[derive(Clone)]
pub(crate) struct Sendmail {
    program: OsString,
    from: Option<Address>,
    to: Vec<Address>,
}

impl Sendmail {
    /// `sendmail:///usr/sbin/sendmail?to=…`, with `from=` or not: the program knows who we are.
    pub(super) fn read(word: &Word<'_>) -> Result<Self, Problem> {
        if word.user.is_some() || !word.host.is_empty() || word.segments().is_empty() {
            return Err("it takes three slashes and the absolute path of the program");
        }
        let to = address::list(word, Address::local)?;
        if to.is_empty() {
            return Err("it does not say whom to write to: end it with `?to=` and an address");
        }
        Ok(Self {
            program: decode(word.path)?,
            from: word.option(&["from"]).map(Address::read).transpose()?,
            to,
        })
    }
}

debug_by_name!(Sendmail);

impl Notifier for Sendmail {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let mut command = Command::new(&self.program);
        // Who it is for stands in its head, and a dot alone does not end it.
        command.args(["-t", "-i"]);
        if let Some(from) = &self.from {
            command.args(["-f", from.as_str()]);
        }
        let letter = Letter {
            from: self.from.as_ref(),
            to: &self.to,
            alerts,
        };
        child::run(command, letter.text(), CODES, timeout)
    }

    fn identity(&self) -> String {
        let from = self.from.as_ref().map_or("", Address::as_str);
        let program = self.program.to_string_lossy();
        format!("sendmail:{program} {from} {}", address::join(&self.to, ","))
    }
}

/// Adds texts to one, one behind the other: less code than `format!` writes for each.
#[inline(never)]
fn add(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
}

/// `mailtos://…`: a server on the network, which a feature brings along.
#[cfg(feature = "email")]
pub(super) fn by_smtp(word: &Word<'_>, is_plain: bool) -> Result<Arc<dyn Notifier>, Problem> {
    Ok(Arc::new(smtp::Smtp::read(word, is_plain)?))
}

#[cfg(not(feature = "email"))]
pub(super) fn by_smtp(_: &Word<'_>, _: bool) -> Result<Arc<dyn Notifier>, Problem> {
    Err("it needs the feature `email` of pipeline-notify, which is off (`sendmail` needs none)")
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::message::alert::Kind;
    use crate::testing::{Folder, alert_of};
    use strict_services as strict;

    const TIME: Duration = Duration::from_secs(30);

    fn sendmail(rest: &str) -> Result<Sendmail, Problem> {
        Sendmail::read(&Word::parse(rest))
    }

    /// A program that does with its input what `script` says.
    fn program(folder: &Folder, script: &str) -> String {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.path().join("sendmail");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    // Issue 16, point 3.
    #[test]
    fn the_program_gets_a_letter_for_all_on_its_standard_input() {
        let folder = Folder::new();
        let out = folder.path().join("out").display().to_string();
        let path = program(&folder, &format!("echo \"$@\" > {out}.args; cat > {out}"));
        let word = format!(
            "{path}?to=anna@example.com,root&to=bert%2Bx@example.com&from=jobs@example.com"
        );
        let sendmail = sendmail(&word).unwrap();
        assert_eq!(sendmail.notify(&[alert_of(Kind::Failed)], TIME), Ok(()));
        let arguments = fs::read_to_string(format!("{out}.args")).unwrap();
        assert_eq!(arguments, "-t -i -f jobs@example.com\n");
        let letter = fs::read_to_string(out).unwrap();
        assert_eq!(strict::mail::check(&letter), Ok(()));
        assert!(
            letter.contains("To: anna@example.com,\n root,\n bert+x@example.com\n"),
            "{letter}"
        );
        assert!(
            letter.starts_with("From: pipeline-notify <jobs@example.com>\n"),
            "{letter}"
        );
    }

    #[test]
    fn every_exit_code_has_its_meaning() {
        let folder = Folder::new();
        for (code, expected) in [
            (0, "accepted"),
            (64, "alert"),
            (65, "alert"),
            (67, "channel"),
            (68, "channel"),
            (69, "channel"),
            (70, "unknown"),
            (75, "temporary"),
            (77, "channel"),
            (78, "channel"),
            (1, "unknown"),
        ] {
            let path = program(&folder, &format!("cat > /dev/null; exit {code}"));
            let sendmail = sendmail(&format!("{path}?to=root")).unwrap();
            let class = match sendmail.notify(&[alert_of(Kind::Failed)], TIME) {
                Ok(()) => "accepted",
                Err(Refusal::Temporary { .. }) => "temporary",
                Err(Refusal::Channel { .. }) => "channel",
                Err(Refusal::Alert { .. }) => "alert",
                Err(Refusal::Unknown { .. } | Refusal::Gone { .. }) => "unknown",
            };
            assert_eq!(class, expected, "{code}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_or_hangs_is_no_success() {
        let alerts = [alert_of(Kind::Failed)];
        let missing = sendmail("/nowhere/sendmail?to=root").unwrap();
        let refusal = missing.notify(&alerts, TIME).unwrap_err();
        assert!(matches!(refusal, Refusal::Channel { .. }), "{refusal:?}");
        let folder = Folder::new();
        let path = program(&folder, "exec sleep 60");
        let hanging = sendmail(&format!("{path}?to=root")).unwrap();
        let refusal = hanging.notify(&alerts, Duration::from_secs(1)).unwrap_err();
        assert!(matches!(refusal, Refusal::Temporary { .. }), "{refusal:?}");
    }

    #[test]
    fn a_word_that_cannot_be_used_says_why() {
        for (word, said) in [
            ("/usr/sbin/sendmail", "whom to write to"),
            ("/usr/sbin/sendmail?to=", "is no address"),
            ("/usr/sbin/sendmail?to=a@b@c", "is no address"),
            ("/usr/sbin/sendmail?to=a%0ab@example.com", "is no address"),
            ("/usr/sbin/sendmail?to=-oX@example.com", "is no address"),
            (
                "/usr/sbin/sendmail?to=a@example.com&from=root",
                "is no address",
            ),
            ("localhost/sendmail?to=a@example.com", "three slashes"),
            ("?to=a@example.com", "three slashes"),
        ] {
            let problem = sendmail(word).expect_err(word);
            assert!(problem.contains(said), "{word}: {problem}");
        }
    }
}
