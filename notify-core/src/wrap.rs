//! A program in any language, run as a job: its end is reported as that of an annotated function.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use crate::cgroup;
use crate::child::{self, Attendance};
use crate::config::Config;
use crate::job::{Arguments, Job, Site};
use crate::life;
use crate::outcome::Outcome;
use crate::panic;
use crate::setup;
use crate::shutdown;
use crate::stderr::Passage;

/// How long the end of a program waits for what it has written to standard error, where those who
/// read ours are slow.
const PATIENCE: Duration = Duration::from_secs(1);

const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;

/// A command that is a job.
#[derive(Debug)]
#[expect(missing_docs, reason = "as they say")]
pub struct Wrapped {
    pub command: OsString,
    /// What it is called with, which nobody is told.
    pub arguments: Vec<OsString>,
    /// The job's name, where it is not made from the command's.
    pub name: Option<String>,
    pub settings: Arguments,
    pub directory: Option<PathBuf>,
}

impl Wrapped {
    /// Runs the command, reports its end, and returns its exit code; or is killed as it was.
    ///
    /// No fault of ours keeps it from running.
    #[must_use]
    pub fn run(self) -> u8 {
        let mut attendance = Attendance::new();
        // Signals are the command's: what it makes of them is what is told.
        let mut config = Config::new().signals(false);
        if let Some(directory) = &self.directory {
            config = config.directory(directory);
        }
        // It cannot be settled already.
        let _ = setup::settle(config);
        let shown = Path::new(&self.command)
            .file_name()
            .unwrap_or(&self.command)
            .to_string_lossy()
            .into_owned();
        let site = site(job(self.name, &shown, self.settings));
        let run = life::is_active(site).then(|| panic::contain(|| life::begin(site, None, false)));
        let run = run.flatten();
        let kills = cgroup::memory_kills();

        let (passage, stderr) = Passage::open().ok().unzip();
        let mut command = Command::new(&self.command);
        command.args(&self.arguments);
        if let Some(stderr) = stderr {
            command.stderr(Stdio::from(stderr));
        }
        let spawned = command.spawn();
        // It holds the program's end of the pipe.
        drop(command);
        let ended = spawned.and_then(|mut child| attendance.wait(&mut child));
        let mut rest = passage.map(Passage::end);
        let outcome = match &ended {
            Ok(status) => {
                let is_short = cgroup::memory_kills() > kills && kills.is_some();
                match child::cause(*status) {
                    None => Outcome::Returned,
                    Some(cause) => {
                        let tail = rest.as_mut().map(|rest| rest.tail(PATIENCE));
                        Outcome::Failed(words(cause, is_short, &tail.unwrap_or_default()))
                    }
                }
            }
            Err(error) => {
                let message = format!("`{shown}` cannot be run: {error}");
                let _ = writeln!(io::stderr(), "pipeline-notify: {message}");
                Outcome::Failed(message)
            }
        };
        if let Some(run) = run {
            let _ = panic::contain(|| run.end(&outcome));
        }
        attendance.let_go();
        shutdown::end_with(|_| {});
        if let Some(rest) = rest {
            rest.finish();
        }
        match ended {
            Ok(status) => child::end_as(status),
            Err(error) if error.kind() == io::ErrorKind::NotFound => NOT_FOUND,
            Err(_) => NOT_RUN,
        }
    }
}

fn job(name: Option<String>, shown: &str, arguments: Arguments) -> Job {
    Job {
        name: name.unwrap_or_else(|| format!("run.{shown}")),
        location: format!("pipeline-notify run :: {shown}"),
        source: "pipeline-notify run".to_owned(),
        is_debug_build: false,
        version: None,
        arguments,
    }
}

/// Stands in for what the attribute knows of a function.
fn site(job: Job) -> &'static Site {
    // There is one in a process.
    Box::leak(Box::new(Site {
        program: None,
        module: "",
        place: Location::caller(),
        test: false,
        debug: false,
        is_wrapped: false,
        type_name: || "",
        version: "",
        arguments: Arguments::default,
        job: OnceLock::from(job),
    }))
}

fn words(mut cause: String, is_short: bool, tail: &str) -> String {
    if is_short {
        cause += ", perhaps out of memory";
    }
    if !tail.is_empty() {
        cause += "\n\n";
        cause += tail;
    }
    cause
}
