//! How a run ended.

use std::borrow::Cow;

use crate::format::hash;
use crate::format::headline::{self, NO_TEXT};
use crate::format::text::readable;
use crate::os::redact;
use crate::status::State;
use crate::status::fingerprint;

/// The last lines of a command's standard error that count as the reason of its failure.
const LAST_LINES: usize = 3;

/// How a run ended, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Returned,
    /// It returned an error that `errors(…)` or `when` leaves out; the text of that error.
    PassedOver(String),
    /// It returned an error; the text of it.
    Failed(String),
    /// It ended with a failing exit code, or by a signal.
    Ended(Ending),
    Panicked(Panic),
    /// Its future was dropped before it had finished.
    Cancelled,
    /// The process exited with success while it went on in another thread, or in a task.
    CutShort,
    /// The process exited inside it; the exit code, where the system gives it.
    Exited(Option<i32>),
    /// A signal ended the process inside it; the signal's name.
    Signalled(&'static str),
    /// It has not ended, and should have; what is known of that.
    Overdue(String),
    /// It has not begun, and should have; what is known of that.
    Missed(String),
    /// It has begun while another run goes on.
    Overlapping,
    /// It has begun, and that is to be sent.
    Started,
    /// Its process ended without a word; what is known of that.
    Died(String),
    /// It proves nothing of the job, whose status stays; why.
    NotCounted(String),
}

/// How a run ended, in a word.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Decision, Occasion, OutcomeKind, notify};
///
/// // Whoever stops the job by hand knows it.
/// fn rule(occasion: &Occasion<'_>) -> Decision {
///     match occasion.outcome() {
///         OutcomeKind::Signalled => Decision::silent("somebody has stopped it"),
///         _ => occasion.built_in(),
///     }
/// }
///
/// #[notify(rule = rule)]
/// fn load() -> u32 {
///     17
/// }
///
/// assert_eq!(load(), 17);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutcomeKind {
    /// Its function returned, and what it returned is no failure.
    Returned,
    /// Its function returned an error that `errors(…)` or `when` leaves out: the status is `OK`.
    PassedOver,
    /// Its function returned an error.
    Failed,
    /// Its function returned an `ExitCode` that means a failure.
    ExitCode,
    /// It panicked.
    Panicked,
    /// Its future was dropped before it had finished.
    Cancelled,
    /// The process exited inside it, with success or not, or while it went on elsewhere in the program.
    Exited,
    /// A signal ended the process inside it.
    Signalled,
}

/// How a program ended that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ending {
    /// The cause in our own words. Each of them counts for the fingerprint: an exit code is no noise.
    pub(crate) cause: String,
    /// Who asked for the end, if somebody did.
    pub(crate) asked: Option<String>,
    /// What it wrote to standard error, as a terminal shows it.
    pub(crate) output: String,
    /// What it wrote to standard output, where that is kept.
    pub(crate) stdout: String,
}

/// A panic, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Panic {
    /// What was panicked with, where it was text.
    pub(crate) message: Option<String>,
    /// `file:line:column`, where the hook saw it.
    pub(crate) location: Option<String>,
    /// The panics of other threads that this one is about, as the hook saw them, where its own text names none.
    pub(crate) cause: Option<String>,
    /// The backtrace, where one was asked for (`RUST_BACKTRACE`).
    pub(crate) backtrace: Option<String>,
    /// The same for one panic that unwinds through several jobs, and different for two.
    pub(crate) identity: usize,
}

impl Outcome {
    /// Returns whether what ended the run goes on to end those around it.
    pub(crate) fn is_event(&self) -> bool {
        let ends_all = matches!(
            self,
            Self::Panicked(_) | Self::Exited(_) | Self::Signalled(_)
        );
        ends_all && self.state() == State::Error
    }

    /// Returns whether it was given up before its end, and nothing in it had failed.
    pub(crate) fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled | Self::CutShort)
    }

    /// Names it in a word; `None` where the program was not there when the run ended, or the run has not
    /// ended, or proves nothing.
    pub(crate) fn kind(&self) -> Option<OutcomeKind> {
        Some(match self {
            Self::Returned => OutcomeKind::Returned,
            Self::PassedOver(_) => OutcomeKind::PassedOver,
            Self::Failed(_) => OutcomeKind::Failed,
            Self::Ended(_) => OutcomeKind::ExitCode,
            Self::Panicked(_) => OutcomeKind::Panicked,
            Self::Cancelled => OutcomeKind::Cancelled,
            Self::CutShort | Self::Exited(_) => OutcomeKind::Exited,
            Self::Signalled(_) => OutcomeKind::Signalled,
            Self::Overdue(_)
            | Self::Missed(_)
            | Self::Overlapping
            | Self::Started
            | Self::Died(_)
            | Self::NotCounted(_) => return None,
        })
    }

    /// Returns the status that a job has after such a run.
    pub(crate) fn state(&self) -> State {
        match self {
            // A run that proves nothing sends no alert.
            Self::Returned
            | Self::PassedOver(_)
            | Self::Exited(Some(0))
            | Self::NotCounted(_)
            | Self::Overlapping
            | Self::Started => State::Ok,
            Self::Failed(_)
            | Self::Ended(_)
            | Self::Panicked(_)
            | Self::Cancelled
            | Self::CutShort
            | Self::Exited(_)
            | Self::Signalled(_)
            | Self::Overdue(_)
            | Self::Missed(_)
            | Self::Died(_) => State::Error,
        }
    }

    /// Returns how a run ended that had returned before its process did: `main` may return what becomes
    /// another exit code, and then the code is what others see.
    pub(crate) fn after_return(&self) -> Self {
        match self {
            Self::Exited(Some(code)) if *code != 0 => Self::Failed(format!("exit code {code}")),
            Self::Panicked(_) => self.clone(),
            _ => Self::Returned,
        }
    }

    /// Returns the status file's text: what went wrong, empty where nothing did.
    ///
    /// Text from outside is made readable and loses its secrets here, before anything else uses it.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        let text: Cow<'_, str> = match self {
            Self::Returned
            | Self::PassedOver(_)
            | Self::Exited(Some(0))
            | Self::NotCounted(_)
            | Self::Overlapping
            | Self::Started => return "".into(),
            Self::Ended(ending) => said(&ending.text()).into_owned().into(),
            Self::Failed(text) | Self::Overdue(text) | Self::Missed(text) | Self::Died(text) => {
                said(text)
            }
            Self::Panicked(panic) => panic.text().into(),
            Self::Cancelled => "cancelled: its future was dropped before it had finished".into(),
            Self::CutShort => {
                "cut short: the program exited with code 0 before this run had ended".into()
            }
            // What clap and most others end with after a mistake in the command line.
            Self::Exited(Some(2)) => {
                "The program called exit(2), often a wrong option: see the program's own output."
                    .into()
            }
            Self::Exited(Some(code)) => format!(
                "The program called exit({code}). The reason is in its own output, not here."
            )
            .into(),
            Self::Signalled(signal) => format!("{signal} ended the process while this ran").into(),
            Self::Exited(None) => {
                "The program called exit. The reason is in its own output, not here.".into()
            }
        };
        let text = redact::hide_in_error(text);
        if text.ends_with('\n') {
            text
        } else {
            text + "\n"
        }
    }

    pub(crate) fn fingerprint(&self, text: &str) -> String {
        match self {
            Self::Ended(ending) => ending.fingerprint(),
            Self::Exited(_) => letters(text, ""),
            Self::Died(_) => letters(known_of_death(text), ""),
            _ => fingerprint::of(text),
        }
    }

    /// Returns the fingerprint that an earlier failure would have, of which the text is known, had it ended in the
    /// same way as this one.
    pub(crate) fn fingerprint_of_earlier(&self, text: &str) -> String {
        match self {
            Self::Ended(ending) => {
                let (said, output) = text.split_once("\n\n").unwrap_or((text, ""));
                if said.trim_end().ends_with(&ending.cause) {
                    ending_fingerprint(&ending.cause, output)
                } else {
                    fingerprint::of(text)
                }
            }
            _ => self.fingerprint(text),
        }
    }
}

impl Ending {
    pub(crate) fn of(cause: String) -> Self {
        Self {
            cause,
            ..Self::default()
        }
    }

    fn text(&self) -> String {
        let mut text = self.asked.as_ref().map_or_else(String::new, |asked| {
            // The sender first: the person who stopped it knows why.
            format!("{asked}; ")
        });
        text += &self.cause;
        // Standard error last: its last line is most likely the reason.
        for output in [&self.stdout, &self.output] {
            if !output.is_empty() {
                text += "\n\n";
                text += output;
            }
        }
        text
    }

    fn fingerprint(&self) -> String {
        // What is done is on standard output, unless errors are there, too.
        let output = if self.output.is_empty() {
            &self.stdout
        } else {
            &self.output
        };
        ending_fingerprint(&self.cause, &redact::hide_in_error(&**output))
    }
}

/// Returns what is known of a death, without what may have caused it: that is another for each kind of process, and where
/// and when it was differs each time.
fn known_of_death(text: &str) -> &str {
    text.split(" (").next().unwrap_or(text)
}

/// Returns the fingerprint of an end that left this output.
fn ending_fingerprint(cause: &str, output: &str) -> String {
    let lines = output.lines().filter(|line| !line.trim().is_empty());
    let mut last: Vec<_> = lines.rev().take(LAST_LINES).collect();
    last.reverse();
    // Below the line that names the fault there may be frames of a trace, or advice, which are always the same.
    if let Some(fault) = headline::fault(output)
        && !last.iter().any(|line| line.contains(fault))
    {
        last.insert(0, fault);
    }
    letters(cause, &last.join("\n"))
}

/// Distinguishes two failures by each letter of what we say of them, and by what they say but for noise.
fn letters(ours: &str, theirs: &str) -> String {
    let both = format!("{ours}\n{}", fingerprint::of(theirs));
    format!("{:08x}", hash::hash(&both) >> 32)
}

/// Returns what can be read of an error's text, never nothing.
fn said(text: &str) -> Cow<'_, str> {
    match readable(text) {
        said if said.trim().is_empty() => NO_TEXT.into(),
        said => said,
    }
}

impl Panic {
    /// A panic of which nothing is known but what it panicked with.
    pub(crate) fn new(message: Option<String>, identity: usize) -> Self {
        Self {
            message,
            location: None,
            cause: None,
            backtrace: None,
            identity,
        }
    }

    pub(crate) fn text(&self) -> String {
        let message = match self.message.as_deref() {
            None => "(the panic's payload is no text)".into(),
            Some(message) => said(message),
        };
        let mut text = format!("panicked: {message}");
        if let Some(location) = &self.location {
            text += &format!("\n  at {location}");
        }
        if let Some(cause) = &self.cause {
            text += cause;
        }
        if let Some(backtrace) = &self.backtrace {
            text += &format!("\n\n{backtrace}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(cause: &str, output: &str) -> String {
        let outcome = Outcome::Ended(Ending {
            output: output.to_owned(),
            ..Ending::of(cause.to_owned())
        });
        outcome.fingerprint(&outcome.text())
    }

    /// Issue 12, point 4.
    #[test]
    fn of_a_command_the_exit_code_and_the_last_three_lines_of_its_output_are_the_error() {
        let code = |code: i32, output: &str| ended(&format!("exited with code {code}"), output);
        let reset = code(12, "connection reset");
        for (other, what) in [
            (code(3, "connection reset"), "another code"),
            (code(12, "repository is corrupt"), "other words"),
            (code(12, ""), "no words"),
            (ended("killed by SIGKILL", "connection reset"), "a signal"),
            (code(12, "a\nconnection reset\n\nb\n"), "a line more"),
        ] {
            assert_ne!(reset, other, "{what}");
        }
        assert_eq!(reset, code(12, "\n\nconnection reset\n\n"));
        // The fingerprint leaves out what stands before the last three lines, and numbers.
        assert_eq!(
            code(
                1,
                "copying a\n\n17 files\n\nno route\n\ngiving up after 3 s"
            ),
            code(1, "copying b\n18 files\nno route\ngiving up after 12 s\n"),
        );
        assert_ne!(code(1, "a\nb\nc\nd"), code(1, "a\nx\nc\nd"));
    }

    /// Issue 12, point 4: all failures of a program would be the same error.
    #[test]
    fn what_names_the_fault_counts_above_the_frames_of_a_trace_and_above_advice() {
        for trace in [
            "Exception in thread \"main\" java.lang.RuntimeException: FAULT\n\tat a.B.c(B.java:3)\n\tat a.B.d(B.java:4)\n\tat a.B.main(B.java:5)\n",
            "/srv/a.js:3\n    throw error;\n    ^\n\nError: FAULT\n    at f (/srv/a.js:3:11)\n    at g (/srv/a.js:4:1)\n    at node:internal/main/run_main_module:23:47\n\nNode.js v18.19.0\n",
            "panic: FAULT\n\ngoroutine 1 [running]:\nmain.f()\n\t/x/x.go:4 +0x18\nmain.main()\n\t/x/x.go:9 +0x18\nexit status 2\n",
            "PHP Fatal error:  Uncaught Exception: FAULT in /a.php:3\nStack trace:\n#0 /a.php(9): f()\n#1 {main}\n  thrown in /a.php on line 3\n",
            "error: FAULT\nPlease make sure that you have the rights\nand that the folder is there.\nBye.\n",
        ] {
            let of = |fault| ended("exited with code 1", &trace.replace("FAULT", fault));
            assert_ne!(of("no such role"), of("disk full"), "{trace}");
            assert_eq!(of("no such role"), of("no such role"), "{trace}");
            assert_eq!(of("no answer in 3 s"), of("no answer in 12 s"), "{trace}");
        }
    }

    /// Issue 12, point 4.
    #[test]
    fn the_exit_code_of_a_program_is_no_noise_either() {
        let exited = |code| {
            let outcome = Outcome::Exited(Some(code));
            outcome.fingerprint(&outcome.text())
        };
        assert_ne!(exited(3), exited(12));
        assert_eq!(exited(3), exited(3));
        assert_ne!(ended("exit code 3", ""), ended("exit code 4", ""));
    }

    #[test]
    fn who_asked_for_the_end_stands_first_and_is_no_other_error() {
        let asked = Outcome::Ended(Ending {
            cause: "killed by SIGTERM".to_owned(),
            asked: Some("asked to end: SIGTERM from init, pid 1".to_owned()),
            output: "bye".to_owned(),
            stdout: String::new(),
        });
        let text = asked.text();
        assert_eq!(
            text,
            "asked to end: SIGTERM from init, pid 1; killed by SIGTERM\n\nbye\n"
        );
        assert_eq!(asked.fingerprint(&text), ended("killed by SIGTERM", "bye"));
    }

    /// On a fleet each host was an error of its own.
    #[test]
    fn a_process_that_was_killed_is_one_error_wherever_and_whenever_that_was() {
        let died = |known: &str, process: &str| {
            let text = format!("{known}\n  Started 20:46:07, gone by 20:46:09 UTC.\n  {process}");
            let outcome = Outcome::Died(text);
            outcome.fingerprint(&outcome.text())
        };
        let killed = died(
            "died: the process disappeared (kill -9, out of memory, a crash, or power loss)",
            "process 6175 on alpha, /usr/local/bin/pipeline-notify",
        );
        for causes in [
            "(SIGTERM, SIGINT, SIGHUP, kill -9, out of memory, a crash, or power loss)",
            "(kill -9, or a crash), or it ended while it could not reach the store",
        ] {
            let known = format!("died: the process disappeared {causes}");
            assert_eq!(killed, died(&known, "process 17 on beta, /srv/etl"));
        }
        let lost = "lost contact: the connection of the process to the store is gone (killed, or its network)";
        assert_ne!(killed, died(lost, "process 6175 on alpha, /srv/etl"));
    }

    fn panicked(message: &str) -> Outcome {
        Outcome::Panicked(Panic {
            location: Some("src/a.rs:1:2".to_owned()),
            ..Panic::new(Some(message.to_owned()), 1)
        })
    }

    /// Issue 12, point 27.
    #[test]
    fn an_error_without_a_text_is_called_that() {
        for text in ["", " \n", "\x1b[0m"] {
            assert_eq!(
                Outcome::Failed(text.to_owned()).text(),
                "an error without a text\n"
            );
        }
        assert_eq!(
            panicked("").text(),
            "panicked: an error without a text\n  at src/a.rs:1:2\n"
        );
    }

    /// Issue 12, point 23.
    #[test]
    fn of_a_text_for_a_terminal_is_left_what_that_would_show() {
        let text =
            "\x1b[31mred\x1b[0m \x1b]8;;http://a\x07link\x1b]8;;\x07 10%\r99%\r\ndone \u{202e}now";
        assert_eq!(
            Outcome::Failed(text.to_owned()).text(),
            "99% link 10%\ndone now\n"
        );
        // What is said of the panic is not overwritten.
        assert_eq!(
            panicked("\rno\x1b[1m route").text(),
            "panicked: no route\n  at src/a.rs:1:2\n"
        );
    }
}
