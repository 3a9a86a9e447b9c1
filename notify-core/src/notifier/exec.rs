//! A command that takes alerts on its standard input.

use std::ffi::OsString;
use std::process::Command;
use std::time::Duration;

use super::service_url::{Problem, Word, decode};
use super::{Hidden, Notifier, Ours, Refusal, child, json};
use crate::format::debug::debug_by_name;
use crate::format::order;
use crate::format::text;
use crate::message::alert::Alert;
use crate::message::digest;
use crate::os::redact;

/// The longest value that a command gets in its environment.
const VALUE: usize = 4 * 1024;

/// Runs a command for each message, with the alerts as JSON on its standard input.
///
/// The JSON is the one that [`Json`](crate::Json) describes; [`text`](Self::text) asks for plain text
/// instead. No shell is asked: the program gets its
/// arguments as they are. Its exit code says what becomes of the alerts:
///
/// | exit code | |
/// |---|---|
/// | 0 | accepted |
/// | 75 (`EX_TEMPFAIL`) | not now: they wait, and are sent later |
/// | 69, 78 (`EX_UNAVAILABLE`, `EX_CONFIG`), 126, 127, or no such program | broken: they wait until it is fixed |
/// | 64, 65 (`EX_USAGE`, `EX_DATAERR`) | refused for good |
/// | any other | not now, for 24 hours or 50 times; then refused for good |
///
/// A command that a signal ended, or that took longer than a notifier may (10 seconds, less at the
/// exit), may get the alerts again; at its time it is killed, and it alone: not what it has started.
/// The first line of its standard error, or without one the last line of its standard output, is the
/// reason that the log shows, so keep secrets out of both.
///
/// It has the environment of the program without `SLACK_…_WEBHOOK_URL`, `NOTIFY_…_URL` and
/// `NOTIFY_…_SECRET`, and with `NOTIFY_DISABLE=1`: an annotated program sends no alerts about alerts.
/// These say what the message is about:
///
/// | variable | |
/// |---|---|
/// | `NOTIFY_TITLE` | the message in one line |
/// | `NOTIFY_KIND` | the alert's `kind`, as in the JSON; `digest` where several differ |
/// | `NOTIFY_JOB` | the job's name; of several jobs, a name a line |
/// | `NOTIFY_RUNBOOK` | the address of the page that says what to do; of several jobs, one a line; empty where there is none |
/// | `NOTIFY_OWNER` | whose job it is; likewise |
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Config, Exec};
///
/// let apprise = Exec::new("/usr/local/bin/tell-everybody").arg("--from").arg("etl");
/// assert_eq!(format!("{apprise:?}"), "Exec(…)", "arguments may be secrets");
/// let config = Config::new().channel("data-alerts", apprise);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Exec {
    program: OsString,
    arguments: Vec<OsString>,
    is_text: bool,
}

impl Exec {
    /// Takes the program: a path, or a name to be looked for in `PATH`.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            is_text: false,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Writes the alerts as plain text, as [`message`](crate::message) makes it, for programs that
    /// send on what they read.
    ///
    /// # Examples
    ///
    /// ```
    /// use pipeline_notify::{Config, Exec};
    ///
    /// let apprise = Exec::new("/usr/bin/apprise").text().arg("mailtos://example.com");
    /// let config = Config::new().channel("data-alerts", apprise);
    /// ```
    #[must_use]
    pub fn text(mut self) -> Self {
        self.is_text = true;
        self
    }

    pub(super) fn read(word: &Word<'_>) -> Result<Self, Problem> {
        if word.user.is_some() || !word.host.is_empty() || word.segments().is_empty() {
            return Err("it takes three slashes and an absolute path");
        }
        let mut exec = Self::new(decode(word.path)?);
        for part in word.query.into_iter().flat_map(|query| query.split('&')) {
            match part.split_once('=') {
                Some(("arg", value)) => exec = exec.arg(decode(value)?),
                Some(("text", "yes")) => exec = exec.text(),
                Some(("text", "no")) => {}
                Some(("text", _)) => return Err("its `text=` is neither `yes` nor `no`"),
                _ if part.is_empty() => {}
                _ => return Err("what follows its `?` is neither `arg=` nor `text=yes`"),
            }
        }
        Ok(exec)
    }

    fn command(&self, alerts: &[Alert]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(variables(alerts));
        command
    }
}

/// Says what a message is about, for programs that do not read JSON.
fn variables(alerts: &[Alert]) -> [(&'static str, String); 5] {
    let title = match alerts {
        [alert] => alert.summary(),
        alerts => digest::digest(alerts)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    };
    let mut kinds: Vec<_> = alerts.iter().map(|alert| alert.kind.name()).collect();
    kinds.dedup();
    let kind = match *kinds {
        [kind] => kind,
        _ => "digest",
    };
    // No value may end a variable, or a line, before its time.
    let plain = |text: &str| text.replace(char::is_control, " ");
    let bounded = |text: String| text::first_bytes(&text, VALUE).to_owned();
    let of_all = |name: fn(&Alert) -> Option<&str>| {
        let mut values: Vec<_> = alerts.iter().filter_map(name).map(plain).collect();
        order::sort(&mut values);
        values.dedup();
        bounded(values.join("\n"))
    };
    [
        ("NOTIFY_TITLE", bounded(plain(&title))),
        ("NOTIFY_KIND", kind.to_owned()),
        ("NOTIFY_JOB", of_all(|alert| Some(alert.job()))),
        ("NOTIFY_RUNBOOK", of_all(Alert::runbook)),
        ("NOTIFY_OWNER", of_all(Alert::owner)),
    ]
}

impl Notifier for Exec {
    fn notify(&self, alerts: &[Alert], timeout: Duration) -> Result<(), Refusal> {
        let input = if self.is_text {
            digest::message(alerts)
        } else {
            json::document(alerts)
        };
        child::run(self.command(alerts), input, &[], timeout)
    }

    fn hidden(&self, _: Ours) -> Vec<Hidden> {
        let arguments = self.arguments.iter();
        let urls =
            arguments.filter_map(|argument| argument.to_str().filter(|text| text.contains("://")));
        urls.flat_map(redact::of_word).map(Hidden::text).collect()
    }

    fn identity(&self) -> String {
        let parts: Vec<_> = std::iter::once(&self.program)
            .chain(&self.arguments)
            .map(|part| part.to_string_lossy())
            .collect();
        format!("exec:{}", parts.join("\0"))
    }
}

debug_by_name!(Exec);

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;
    use crate::message::alert::Kind;
    use crate::testing::{Folder, alert_of};

    const TIME: Duration = Duration::from_secs(30);

    fn shell(script: &str) -> Exec {
        Exec::new("/bin/sh").arg("-c").arg(script)
    }

    /// The shell's own `kill`, which is there wherever a shell is.
    fn kill_with(signal: &str, pid: &str) -> bool {
        let mut kill = Command::new("/bin/sh");
        kill.args(["-c", &format!("kill {signal} {} 2> /dev/null", pid.trim())]);
        kill.status().is_ok_and(|status| status.success())
    }

    /// More than a pipe holds.
    fn many() -> Vec<Alert> {
        let mut alerts = vec![alert_of(Kind::Failed); 4];
        for alert in &mut alerts {
            alert.status.text = "x".repeat(60 * 1024);
        }
        alerts
    }

    #[test]
    fn a_command_gets_the_document_and_its_arguments_as_they_are() {
        let folder = Folder::new();
        let (document, argument) = (folder.path().join("document"), "$(id) 'a b'\"*");
        let path = document.to_string_lossy();
        let command = shell("cat > \"$0\"; printf %s \"$1\" > \"$0.argument\"")
            .arg(&*path)
            .arg(argument);
        assert_eq!(command.notify(&many(), TIME), Ok(()));
        assert_eq!(
            fs::read_to_string(&document).unwrap(),
            json::document(&many())
        );
        assert_eq!(
            fs::read_to_string(format!("{path}.argument")).unwrap(),
            argument
        );
    }

    #[test]
    fn a_command_that_a_signal_ended_may_be_run_again() {
        let killed = shell("kill -9 $$").notify(&many(), TIME).unwrap_err();
        assert_eq!(killed, Refusal::temporary("a signal ended it"));
    }

    #[test]
    fn the_first_line_of_its_standard_error_is_the_reason_in_one_bounded_line() {
        let script = "printf 'no\\tway\\033[31m %0300d\\nsecond\\n' 0 >&2; echo out; exit 78";
        let Err(Refusal::Channel { reason }) = shell(script).notify(&many(), TIME) else {
            panic!("78 is a broken channel")
        };
        assert!(reason.starts_with("exit code 78: no"), "{reason}");
        assert!(
            reason.len() < 300 && !reason.contains(char::is_control),
            "{reason}"
        );
        assert!(
            !reason.contains("second") && !reason.contains("out"),
            "{reason}"
        );
    }

    // Issue 12, point 12: Apprise says on standard output why it failed.
    #[test]
    fn the_last_line_of_its_standard_output_is_the_reason_where_it_is_all_that_it_said() {
        for (script, expected) in [
            ("echo one; echo two; echo; exit 1", "exit code 1: two"),
            ("echo one; echo >&2; exit 1", "exit code 1: one"),
            (
                "yes | head -c 300000; printf last; exit 1",
                "exit code 1: last",
            ),
            ("echo one; echo two >&2; exit 1", "exit code 1: two"),
            ("exit 1", "exit code 1"),
        ] {
            let reason = expected.to_owned();
            assert_eq!(
                shell(script).notify(&many(), TIME),
                Err(Refusal::Unknown { reason }),
                "{script}"
            );
        }
    }

    // Issue 12, point 12.
    #[test]
    fn a_command_that_asks_for_text_gets_the_message_and_each_gets_what_it_is_about() {
        let folder = Folder::new();
        let (read, written) = (folder.path().join("read"), folder.path().join("told"));
        let script = "cat > \"$0\"; printf '%s|' \"$NOTIFY_TITLE\" \"$NOTIFY_KIND\" \"$NOTIFY_JOB\" > \"$1\"";
        let command = shell(script).arg(read.as_os_str()).arg(written.as_os_str());
        let (failed, recovered) = (alert_of(Kind::Failed), alert_of(Kind::Recovered));
        let title = failed.summary();
        for (alerts, expected) in [
            (
                vec![failed.clone()],
                format!("{title}|failed|{}|", failed.job),
            ),
            (
                vec![failed.clone(), recovered.clone()],
                format!("|digest|{}|", failed.job),
            ),
        ] {
            assert_eq!(command.clone().text().notify(&alerts, TIME), Ok(()));
            assert_eq!(fs::read_to_string(&read).unwrap(), digest::message(&alerts));
            let written = fs::read_to_string(&written).unwrap();
            assert!(
                written.ends_with(&expected) && !written.starts_with('|'),
                "{written}"
            );
        }
        let mut odd = failed;
        odd.job = "a\0b\nc".repeat(100_000);
        assert_eq!(command.notify(&[odd], TIME), Ok(()));
    }

    #[test]
    fn a_command_that_floods_or_reads_nothing_comes_to_its_end() {
        let flood = "yes | head -c 3000000 >&2; yes | head -c 3000000; cat > /dev/null";
        assert_eq!(shell(flood).notify(&many(), TIME), Ok(()));
        assert_eq!(shell("exit 0").notify(&many(), TIME), Ok(()));
    }

    #[test]
    fn a_command_that_takes_too_long_is_killed() {
        let folder = Folder::new();
        let path = folder.path().join("pid");
        let command = shell("echo $$ > \"$0\"; exec sleep 60").arg(path.as_os_str());
        let refusal = command.notify(&many(), Duration::from_secs(2)).unwrap_err();
        assert_eq!(
            refusal,
            Refusal::temporary("it was killed: it took too long")
        );
        let pid = fs::read_to_string(path).unwrap();
        assert!(!kill_with("-0", &pid));
    }

    #[test]
    fn what_a_command_leaves_behind_is_not_waited_for() {
        let folder = Folder::new();
        let path = folder.path().join("pid");
        let script = "echo failed >&2; sleep 60 & echo $! > \"$0\"; exit 75";
        let refusal = shell(script).arg(path.as_os_str()).notify(&many(), TIME);
        assert_eq!(refusal, Err(Refusal::temporary("exit code 75: failed")));
        let pid = fs::read_to_string(path).unwrap();
        assert!(kill_with("-9", &pid));
    }

    #[test]
    fn what_a_program_lacks_that_cannot_be_started_is_named() {
        let folder = Folder::new();
        for (script, expected) in [
            (
                "exit 0\n",
                "its first line does not say what runs it, such as `#!/bin/sh`",
            ),
            (
                "",
                "its first line does not say what runs it, such as `#!/bin/sh`",
            ),
            (
                "#!/bin/sh\r\nexit 0\r\n",
                "it is there, but not `/bin/sh\\r`, which its first line names",
            ),
            (
                "#!/nowhere/sh -e\nexit 0\n",
                "it is there, but not `/nowhere/sh`, which its first line names",
            ),
        ] {
            let program = folder.path().join(format!("SECRET{}", script.len()));
            // By another process: what one of another test's thread forks would hold it open for writing.
            let mut write = Command::new("/bin/sh");
            write.args(["-c", "printf %s \"$1\" > \"$0\"; chmod 755 \"$0\""]);
            assert!(write.arg(&program).arg(script).status().unwrap().success());
            let reason = format!("it cannot be started: {expected}");
            let refusal = Exec::new(&program).notify(&many(), TIME);
            assert_eq!(refusal, Err(Refusal::Channel { reason }), "{script}");
        }
        let refusal = Exec::new(folder.path()).notify(&many(), TIME).unwrap_err();
        assert_eq!(refusal.reason(), "it cannot be started: it is a folder");
    }

    #[test]
    fn a_program_that_is_not_there_breaks_the_channel() {
        for program in ["/nowhere/SECRET", "/", "/etc/hostname"] {
            let refusal = Exec::new(program).notify(&many(), TIME).unwrap_err();
            assert!(
                matches!(refusal, Refusal::Channel { .. }),
                "{program}: {refusal:?}"
            );
            assert!(!refusal.reason().contains("SECRET"));
        }
    }
}
