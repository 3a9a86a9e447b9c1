//! A program in any language, run as a job: its end is reported as that of an annotated function.

pub(crate) mod child;
mod memory_kills;
pub(crate) mod mistake;
mod output;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::format::hash;
use crate::job::{self, Arguments, Job, Site, name};
use crate::monitor::command::child::Attendance;
use crate::monitor::command::output::{Passage, Rest, Stream};
use crate::os::ffi;
use crate::os::isolate;
use crate::os::once::Once;
use crate::os::unrunnable;
use crate::runs::run;
use crate::runs::shutdown;
use crate::settings::config::Config;
use crate::settings::in_force;
use crate::status::outcome::{Ending, Outcome};

/// How long the end of a program waits for what it has written, where those who read our outputs are slow.
const OUTPUT_WAIT: Duration = Duration::from_secs(1);

const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;

/// A command that is a job.
#[derive(Debug)]
#[expect(missing_docs, reason = "as they say")]
pub struct Wrapped {
    pub command: OsString,
    /// Its arguments, which no alert shows.
    pub arguments: Vec<OsString>,
    /// The job's name, where it is not made from the command's.
    pub name: Option<String>,
    pub settings: Arguments,
    pub directory: Option<PathBuf>,
    pub codes: Codes,
    /// Whether the end of standard output is kept, too, which becomes a pipe then.
    pub stdout_tail: bool,
    /// What was wrong with the options, for the channel.
    pub mistakes: Vec<String>,
}

/// Ends that are no failure.
#[derive(Debug, Default)]
pub struct Codes {
    /// Exit codes that are success.
    pub ok: Vec<u8>,
    /// Exit codes that say that it did not run.
    pub skip: Vec<u8>,
    /// Signals that stop it without a word on whether it works.
    pub stop: Vec<i32>,
}

impl Wrapped {
    /// Runs the command, reports its end, and returns its exit code; or is killed as it was.
    ///
    /// No fault of ours keeps it from running, and this does not return before it has ended.
    #[must_use]
    pub fn run(self) -> u8 {
        let mut attendance = Attendance::new();
        self.settle();
        let called = unrunnable::name(&self.command).into_owned();
        let file = Path::new(&called).file_name();
        let shown = file.unwrap_or(called.as_ref()).to_string_lossy();
        let (codes, mistakes) = (self.codes, self.mistakes);
        let name = self.name.map(name::bounded);
        let site = site(job(name, &shown, self.settings));
        let run = run::is_active(site).then(|| isolate::contain(|| run::begin(site, None, false)));
        let run = run.flatten();
        let kills = memory_kills::memory_kills();

        let open = |stream| Passage::open(stream).ok().unzip();
        let (passage, stderr) = open(Stream::stderr(self.stdout_tail));
        let (passage_of_stdout, stdout) = if self.stdout_tail {
            open(Stream::stdout())
        } else {
            (None, None)
        };
        let spawned = spawn(&self.command, &self.arguments, stdout, stderr);
        if run.is_some() && !mistakes.is_empty() {
            let _ = isolate::contain(|| warn_of_mistakes(site, &mistakes));
        }
        let ended = spawned.map(|mut child| attendance.wait(&mut child));
        let mut rest = passage.map(Passage::end);
        let mut rest_of_stdout = passage_of_stdout.map(Passage::end);
        // Where that panics, the next run reports that this one died.
        let _ = isolate::contain(|| {
            let outcome = match &ended {
                Ok(Ok(status)) => codes.judge(*status, &attendance, || Left {
                    output: tail(&mut rest),
                    stdout: tail(&mut rest_of_stdout),
                    is_short: memory_kills::memory_kills() > kills && kills.is_some(),
                }),
                Ok(Err(error)) => Outcome::Failed(format!("how it ended is not known: {error}")),
                Err(error) => {
                    let message = unrunnable::words(&self.command, error);
                    let _ = writeln!(io::stderr(), "pipeline-notify: {message}");
                    Outcome::Failed(message)
                }
            };
            if let Some(run) = run {
                run.end(&outcome);
                // Whether earlier ones are mended is no reason to wait while the command may end.
                if mistakes.is_empty() {
                    warn_of_mistakes(site, &mistakes);
                }
            }
        });
        attendance.unless_asked(move || {
            shutdown::end_with(|_| {});
            [rest_of_stdout, rest]
                .into_iter()
                .flatten()
                .for_each(Rest::finish);
        });
        match ended {
            Ok(Ok(status)) => child::end_as(status),
            Ok(Err(_)) => u8::MAX,
            Err(error) if error.kind() == io::ErrorKind::NotFound => NOT_FOUND,
            Err(_) => NOT_RUN,
        }
    }

    /// Settles the configuration: signals are the command's, and what it makes of them is what is sent.
    fn settle(&self) {
        let config = Config::new().signals(false);
        let config = config.in_folder(self.directory.as_deref());
        // It cannot be settled already.
        let _ = in_force::settle(config);
    }
}

/// Starts a command, and lets go of the program's ends of the pipes.
fn spawn(
    command: &OsStr,
    arguments: &[OsString],
    stdout: Option<impl Into<Stdio>>,
    stderr: Option<impl Into<Stdio>>,
) -> io::Result<Child> {
    let mut command = Command::new(command);
    command.args(arguments);
    if let Some(stdout) = stdout {
        command.stdout(stdout);
    }
    if let Some(stderr) = stderr {
        command.stderr(stderr);
    }
    ffi::end_with_us(&mut command);
    ffi::pass_on_ignored_pipe(&mut command);
    command.spawn()
}

/// Returns the end of what came.
fn tail(rest: &mut Option<Rest>) -> String {
    let tail = rest.as_mut().map(|rest| rest.tail(OUTPUT_WAIT));
    tail.unwrap_or_default()
}

/// What a command that has failed leaves for the report.
struct Left {
    /// The end of standard error.
    output: String,
    stdout: String,
    /// Whether memory was short.
    is_short: bool,
}

impl Codes {
    /// Returns what an end comes to; `left` is asked where it is a failure.
    fn judge(
        &self,
        status: ExitStatus,
        attendance: &Attendance,
        left: impl FnOnce() -> Left,
    ) -> Outcome {
        let Some(mut cause) = child::cause(status) else {
            return Outcome::Returned;
        };
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        if let Some(code) = code {
            if self.ok.contains(&code) {
                return Outcome::PassedOver(cause);
            }
            if self.skip.contains(&code) {
                return Outcome::NotCounted(format!("{cause}, which says that it did not run"));
            }
        }
        if let Some(stop) = attendance.stop(status, &self.stop) {
            return Outcome::NotCounted(stop);
        }
        let Left {
            output,
            stdout,
            is_short,
        } = left();
        if is_short {
            cause += ", perhaps out of memory";
        }
        Outcome::Ended(Ending {
            cause,
            asked: attendance.asked(status),
            output,
            stdout,
        })
    }
}

/// Says what was wrong with the options, or that it is fixed.
fn warn_of_mistakes(site: &'static Site, mistakes: &[String]) {
    for mistake in mistakes {
        let _ = writeln!(io::stderr(), "pipeline-notify: {mistake}");
    }
    if let Some(job) = site.job.get() {
        let setup = in_force::setup_so_far();
        let channel = job.arguments.channel.as_ref();
        let channel = channel.unwrap_or(&setup.default_channel);
        mistake::report(&job.name, channel, mistakes, setup);
    }
}

fn job(name: Option<String>, shown: &str, arguments: Arguments) -> Job {
    let name = name.unwrap_or_else(|| format!("run.{shown}"));
    let file = name::file_name(&name).into_owned();
    Job {
        file_hash: hash::hash(&file),
        file,
        name,
        location: format!("pipeline-notify run :: {shown}"),
        source: job::SOURCE_OF_RUN.to_owned(),
        is_debug_build: false,
        version: None,
        plan: arguments.plan(),
        arguments,
    }
}

/// Stands in for what the attribute knows of a function.
fn site(job: Job) -> &'static Site {
    // There is one in a process.
    Box::leak(Box::new(Site {
        job: Once::from(job),
        ..Site::new::<()>("", false, false, "")
    }))
}
