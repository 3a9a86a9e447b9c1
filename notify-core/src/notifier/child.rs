//! A program that is run for a message, with a text on its standard input.

use std::ffi::OsStr;
use std::io::{self, PipeReader, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use super::Refusal;
use super::http::Class;
use super::said::{Part, Said};
use crate::format::text;
use crate::os::{fault, thread, unrunnable};

/// The longest part of a command's output that a reason quotes.
const QUOTED: usize = 200;

/// How often to look whether a command has ended, at first and at last.
const LOOK: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

/// What exit codes mean, as in `sysexits.h`, and as shells say that a program is not there. Any other
/// may be an outage, of which most programs say no more than 1.
const CODES: &[(i32, Class)] = &[
    (0, Class::Accepted),
    (64, Class::Alert),     // EX_USAGE
    (65, Class::Alert),     // EX_DATAERR
    (75, Class::Temporary), // EX_TEMPFAIL
    (69, Class::Channel),   // EX_UNAVAILABLE
    (78, Class::Channel),   // EX_CONFIG
    (126, Class::Channel),  // it cannot be executed
    (127, Class::Channel),  // it is not there
];

/// Runs a program with a text on its standard input, and judges by its exit code; `own` are codes that mean something
/// else with this program. It has the environment of this one, without what may be a secret, and reports nothing
/// itself. The refusal quotes what it said of it.
pub(super) fn run(
    mut command: Command,
    input: String,
    own: &[(i32, Class)],
    timeout: Duration,
) -> Result<(), Refusal> {
    let deadline = Instant::now() + timeout;
    let temporary = |error: io::Error| Refusal::temporary(format!("it cannot be started: {error}"));
    let (reader, mut writer) = io::pipe().map_err(temporary)?;
    let stdin = reader.try_clone().map_err(temporary)?;
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_withheld(name)) {
        command.env_remove(name);
    }
    // An annotated program sends no alerts about alerts.
    command.env("NOTIFY_DISABLE", "1");
    command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // An interrupt at the terminal ends the job, not the message about it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let spawned = command.spawn();
    let program = command.get_program().to_owned();
    // It holds the other copy of the pipe.
    drop(command);
    let mut child = spawned.map_err(|error| refusal_to_start(&program, &error))?;
    let written = thread::spawn("notify-exec", move || {
        let _ = writer.write_all(input.as_bytes());
    });
    let stderr = child.stderr.take().map(|pipe| Said::of(pipe, Part::First));
    let stdout = child.stdout.take().map(|pipe| Said::of(pipe, Part::Last));
    let Ok(written) = written else {
        let _ = kill(&mut child);
        return Err(Refusal::temporary(
            "no thread could be started to write to it",
        ));
    };
    let ended = thread::as_ours(|| wait(&mut child, deadline));
    // While we hold it, a command that reads nothing raises no SIGPIPE here, by which programs
    // end that have asked for that.
    let_go(reader, &written);
    let status = match ended {
        Ok(Some(status)) => status,
        Ok(None) => return Err(Refusal::temporary("it was killed: it took too long")),
        Err(error) => {
            return Err(Refusal::channel(format!(
                "its exit code is not known, is SIGCHLD ignored? ({})",
                fault::words(&error)
            )));
        }
    };
    judge(status, own, || {
        let [stderr, stdout] = [stderr, stdout].map(|said| move || said.map(|said| said.line()));
        let line = stderr().filter(|line| !line.is_empty()).or_else(stdout);
        line.unwrap_or_default()
    })
}

/// Returns whether a variable may hold a webhook or a key.
fn is_withheld(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is = |prefix, suffix| name.starts_with(prefix) && name.ends_with(suffix);
    is("SLACK_", "_WEBHOOK_URL") || is("NOTIFY_", "_URL") || is("NOTIFY_", "_SECRET")
}

fn refusal_to_start(program: &OsStr, error: &io::Error) -> Refusal {
    let why = unrunnable::without_name(program, error);
    let reason = format!("it cannot be started: {why}");
    match error.kind() {
        // More processes than there may be, or no memory.
        io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory | io::ErrorKind::Interrupted => {
            Refusal::temporary(reason)
        }
        _ => Refusal::channel(reason),
    }
}

fn judge(
    status: ExitStatus,
    own: &[(i32, Class)],
    words: impl FnOnce() -> String,
) -> Result<(), Refusal> {
    let class = match status.code() {
        Some(code) => {
            let known = own.iter().chain(CODES).find(|(known, _)| *known == code);
            known.map_or(Class::Unknown, |(_, class)| *class)
        }
        // A signal ended it, such as that of the kernel where memory is short.
        None => Class::Temporary,
    };
    if class == Class::Accepted {
        return Ok(());
    }
    let ended = status.code().map_or_else(
        || "a signal ended it".to_owned(),
        |code| format!("exit code {code}"),
    );
    let words = words();
    let words = text::escape(text::first_line(&words, QUOTED).trim_end());
    let reason = if words.is_empty() {
        ended
    } else {
        format!("{ended}: {words}")
    };
    class.refuse(reason, None)
}

/// Waits for the command's end; kills it, and returns nothing, where that does not come in time.
fn wait(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    let (mut pause, longest) = LOOK;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            kill(child)?;
            return Ok(None);
        }
        sleep(pause.min(left));
        pause = (pause * 2).min(longest);
    }
}

fn kill(child: &mut Child) -> io::Result<()> {
    child.kill()?;
    child.wait().map(|_| ())
}

/// Lets go of a pipe once its writer is done; what the command has not read is read for it.
fn let_go(reader: PipeReader, writer: &JoinHandle<()>) {
    if writer.is_finished() {
        return;
    }
    let reader = Arc::new(reader);
    let drained = reader.clone();
    // A thread, for what the command has started may hold the pipe: not our wait.
    let spawned = thread::spawn("notify-exec", move || {
        let _ = io::copy(&mut &*drained, &mut io::sink());
    });
    if spawned.is_err() {
        std::mem::forget(reader);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn every_exit_code_has_its_meaning() {
        for code in 0..=255 {
            let expected = match code {
                0 => "accepted",
                64 | 65 => "alert",
                75 => "temporary",
                69 | 78 | 126 | 127 => "channel",
                _ => "unknown",
            };
            let status = std::os::unix::process::ExitStatusExt::from_raw(code << 8);
            let class = match judge(status, &[], || "why\nnot".to_owned()) {
                Ok(()) => "accepted",
                Err(Refusal::Temporary { reason, .. }) => {
                    assert_eq!(reason, "exit code 75: why");
                    "temporary"
                }
                Err(Refusal::Channel { .. }) => "channel",
                Err(Refusal::Alert { .. }) => "alert",
                Err(Refusal::Unknown { .. } | Refusal::Gone { .. }) => "unknown",
            };
            assert_eq!(class, expected, "{code}");
        }
    }

    #[test]
    fn variables_that_may_hold_a_secret_are_withheld() {
        for (name, withheld) in [
            ("SLACK_ALERTS_WEBHOOK_URL", true),
            ("NOTIFY_DATAALERTS_URL", true),
            ("NOTIFY_HEARTBEAT_URL", true),
            ("NOTIFY_ALERTS_SECRET", true),
            ("NOTIFY_CONTEXT", false),
            ("NOTIFYDIR", false),
            ("DATABASE_URL", false),
            ("PATH", false),
        ] {
            assert_eq!(is_withheld(OsStr::new(name)), withheld, "{name}");
        }
    }
}
