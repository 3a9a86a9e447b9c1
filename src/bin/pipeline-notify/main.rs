//! The command `pipeline-notify`: shows a notify directory, and changes it.
//!
//! A subcommand is one file, with its arguments and their `run`, and one line in the list below; what
//! it alone needs beside them stands in a folder of its name.

mod by_whom;
mod despite;
mod json;
mod moment;
mod output;
mod span;
mod suggest;
mod table;
mod whole_file;
mod words;

mod ack;
mod check;
mod drain;
mod expect;
mod explain;
mod forget;
mod metrics;
mod page;
mod rename;
mod run;
mod silence;
mod status;
mod store;
mod test;
mod unack;
mod unsilence;
mod watch;

use std::env;
use std::error::Error as _;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use notify_core::__cli::{Place, Refused};

use crate::output::Output;

macro_rules! subcommands {
    ($($(#[doc = $about:literal])+ $name:ident: $module:ident,)+) => {
        #[derive(Debug, Subcommand)]
        #[expect(clippy::large_enum_variant, reason = "there is one in all")]
        enum Command {
            $($(#[doc = $about])+ $name($module::Arguments),)+
        }

        impl Command {
            fn run(&self, common: &Common, output: &mut Output) -> Result<u8, Failure> {
                match self {
                    $(Self::$name(arguments) => arguments.run(common, output),)+
                }
            }

            /// The code with which it ends where it cannot do what it is for.
            fn failure_code(&self) -> u8 {
                match self {
                    $(Self::$name(_) => $module::FAILURE,)+
                }
            }
        }
    };
}

subcommands! {
    /// Shows all jobs, those that fail first
    Status: status,
    /// Checks all jobs, as a plugin of Icinga, Nagios and their like
    Check: check,
    /// Says why an alert was sent or not, and what comes next
    Explain: explain,
    /// Writes all jobs to one HTML page
    Page: page,
    /// Writes what is known of all jobs, for Prometheus
    Metrics: metrics,
    /// Sends no alerts for the error of a failing job for some time, or plans a quiet of many
    Silence: silence,
    /// Ends a silence, or a planned quiet, before its time
    Unsilence: unsilence,
    /// Says that somebody is at a failure: no reminder is sent
    Ack: ack,
    /// Takes back that somebody is at a failure
    Unack: unack,
    /// Gives a job another name, as when its function moved
    Rename: rename,
    /// Removes the status of a job that no longer exists
    Forget: forget,
    /// Sends the alerts that wait
    Drain: drain,
    /// Sends a test alert to each channel
    Test: test,
    /// Runs a command as a job, like an annotated function
    Run: run,
    /// Says when a job should run that may never have run
    Expect: expect,
    /// Stays, and reports runs that die and runs that are missed
    Watch: watch,
    /// Makes the tables of a store that many hosts share
    Store: store,
}

/// Shows a notify directory, and changes it.
#[derive(Debug, Parser)]
#[command(
    name = "pipeline-notify",
    version,
    arg_required_else_help = true,
    after_help = "Woken by an alert? `status` shows what fails, and `explain JOB` what was sent and what comes next. `ack JOB --because TEXT` says that you are at it, and ends its reminders; `silence JOB --for 2h` ends its alerts for a while."
)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Behind the options of the subcommand itself.
const LAST: usize = 100;

/// What every subcommand understands.
#[derive(Debug, Args)]
struct Common {
    /// The notify directory [default: the store of `NOTIFY_STORE`, $NOTIFYDIR, or pipeline-notify in the user's state folder]
    #[arg(long, global = true, value_name = "FOLDER", display_order = LAST)]
    dir: Option<PathBuf>,
    /// Answer in JSON, for programs
    #[arg(long, global = true, display_order = LAST)]
    json: bool,
}

impl Common {
    /// Finds the notify directory, which must be there, or the store.
    fn place(&self) -> Result<Place, Failure> {
        notify_core::__cli::directory(self.dir.as_deref()).map_err(|error| {
            let hint = match &error {
                notify_core::Error::Directory { path, source }
                    if source.kind() == io::ErrorKind::NotFound =>
                {
                    let what = if path.is_symlink() {
                        format!("`{}` is a link that leads to no folder: ", path.display())
                    } else {
                        format!(
                            "there is no folder `{}` yet: make it, or let the first run of a job make it; or ",
                            path.display()
                        )
                    };
                    return format!("{what}name another with --dir or NOTIFYDIR").into();
                }
                notify_core::Error::Directory { source, .. } => {
                    format!(": {source}; name another with --dir or NOTIFYDIR")
                }
                notify_core::Error::Store { source, .. } => format!(": {source}"),
                _ => ", or name it with --dir".to_owned(),
            };
            format!("{error}{hint}").into()
        })
    }
}

/// Takes the name of a channel. One that cannot be one may be a webhook, and is not shown.
fn channel(name: Option<&str>) -> Result<Option<&str>, Failure> {
    let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.is_some_and(|name| !name.bytes().all(is_of_a_name)) {
        return Err("that is no channel: its name has only ASCII letters, digits, `-` and `_`. A webhook goes into SLACK_<CHANNEL>_WEBHOOK_URL, such as SLACK_ALERTS_WEBHOOK_URL".into());
    }
    Ok(name)
}

/// Why a subcommand could not do what it is for.
#[derive(Debug)]
enum Failure {
    /// What went wrong, and what to do about it.
    Message(String),
    /// The answer cannot be written.
    Output(io::Error),
}

impl Failure {
    /// Says that something of a place cannot be read.
    fn unreadable(place: &Place) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Message(format!("`{place}` cannot be read: {error}"))
    }

    /// Says that a file cannot be written.
    fn unwritable(file: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Message(format!("`{}` cannot be written: {error}", file.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => f.write_str(message),
            Self::Output(error) => write!(f, "the answer cannot be written: {error}"),
        }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Self::Message(message.to_owned())
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let message = match &refused {
            Refused::NoJob { job, place } => suggest::no_job(place, job),
            Refused::Directory(error) => with_reason(error),
            _ => refused.to_string(),
        };
        Self::Message(words::plain(&message).into_owned())
    }
}

impl From<notify_core::Error> for Failure {
    fn from(error: notify_core::Error) -> Self {
        Self::Message(with_reason(&error))
    }
}

/// Writes an error with what is behind it: `failed to use the notify directory` alone helps nobody.
fn with_reason(error: &notify_core::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

fn main() -> ExitCode {
    let line: Vec<_> = env::args_os().collect();
    let (arguments, mistakes) = match Arguments::try_parse_from(&line) {
        Ok(arguments) => (arguments, Vec::new()),
        Err(error) => match despite::read(&line, &error) {
            Some(despite) => (despite.arguments, despite.mistakes),
            None => return wrong(&line, &error),
        },
    };
    let mut output = Output::new();
    let command = &arguments.command;
    let code = match command {
        Command::Run(run) => run.run_despite(&arguments.common, mistakes),
        _ => command.run(&arguments.common, &mut output),
    };
    let ended = code.and_then(|code| Ok(output.flush().map(|()| code)?));
    match ended {
        Ok(code) => ExitCode::from(code),
        // Who reads no further has seen enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::from(output.code_so_far())
        }
        Err(failure) => {
            output::complain(&failure.to_string());
            ExitCode::from(command.failure_code())
        }
    }
}

/// Shows the help that was asked for, or what is wrong with the arguments.
fn wrong(line: &[OsString], error: &clap::Error) -> ExitCode {
    let words = line.iter().skip(1);
    let before: Vec<_> = words.take_while(|word| *word != "--").collect();
    let is = |name| despite::subcommand(&before).is_some_and(|word| word == name);
    let is_check = is("check");
    // Where nobody reads it, the exit code says it.
    let asks = |word: &&OsString| despite::asks(word);
    if before.len() + 1 < line.len() && before.iter().any(asks) && error.use_stderr() {
        // Beside a mistake, too, it is help that is wanted.
        return help(&before);
    }
    if is(despite::RUN) && names_a_word(error) {
        // Not shown: it may be a secret.
        output::complain(
            "there is no `--` before the command: write `pipeline-notify run -- COMMAND`",
        );
        return ExitCode::from(2);
    }
    let _ = error.print();
    match error.kind() {
        // A monitor that is set up so by mistake must not show that all is well.
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion if is_check => {
            ExitCode::from(check::FAILURE)
        }
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        // To a monitor 2 would be an alarm, and it shows standard output alone.
        _ if is_check => {
            let mut output = Output::new();
            let shown = error.to_string();
            let first = shown.lines().take_while(|line| !line.is_empty());
            let first: Vec<_> = first.map(str::trim).collect();
            let what = first.join(" ");
            let what = what.trim_start_matches("error: ");
            let what = format!("{what}: see `pipeline-notify check --help`");
            let json = before.iter().any(|word| *word == "--json");
            let _ = check::unknown(&what, json, &mut output);
            let _ = output.flush();
            ExitCode::from(check::FAILURE)
        }
        _ => ExitCode::from(2),
    }
}

/// Returns whether it is of a word that is there and is no option.
fn names_a_word(error: &clap::Error) -> bool {
    let word = error.get(ContextKind::InvalidArg);
    error.kind() == ErrorKind::UnknownArgument
        && matches!(word, Some(ContextValue::String(word)) if !word.starts_with('-'))
}

/// Shows the version, or the help of `run`.
fn help(before: &[&OsString]) -> ExitCode {
    let mut all = Arguments::command();
    let is_version = before
        .iter()
        .any(|word| *word == "--version" || *word == "-V");
    if is_version {
        let _ = write!(io::stdout(), "{}", all.render_version());
    } else {
        all.build();
        let run = all.find_subcommand_mut("run");
        let _ = run.map(clap::Command::print_long_help);
    }
    ExitCode::SUCCESS
}

/// Names who acts, as the system knows them.
fn user() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| {
            let name = env::var(name).ok()?;
            (!name.trim().is_empty()).then(|| name.trim().to_owned())
        });
    name.unwrap_or_else(|| format!("user {}", notify_core::__cli::user()))
}
