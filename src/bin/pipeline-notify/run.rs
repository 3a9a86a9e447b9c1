//! `run`: runs a command as a job.

use std::ffi::OsString;

use clap::Args;
use notify_core::__cli::{
    Arguments as Settings, ClockChanges, Codes, Schedule, Wrapped, signal_named,
};

use crate::output::Output;
use crate::span::{self, Unit};
use crate::{Common, Failure};

/// As of `env`, `nice` and `timeout`, where it is they that fail.
pub(crate) const FAILURE: u8 = 125;

/// Where alerts go whose channel is none.
const ALERTS: &str = "alerts";

/// A longer value may be anything, a secret too, and is not repeated.
const SHOWN: usize = 40;

// Values are texts here: one that makes no sense must not keep the command from running.
#[derive(Debug, Args)]
#[command(
    after_help = "The command gets our standard input, output and error, and the signals that we get. When it fails, the end of what it wrote to standard error is in the alert; what it was called with is not. A time is a plain number, or such as 90s, 15min, 24h, 1d12h.

What follows `--` runs, whatever is wrong before it: an option that is not valid is ignored, and the channel gets a message about it.

Exit codes are the command's own, and:
    2  there is no command after `--`
  126  it cannot be run
  127  it is not there
Where a signal kills the command, the same signal kills this; where that would write a core, and as process 1 of a container, the exit code is 128 + the signal's number. On Linux the command is killed where this is."
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line"
)]
pub(crate) struct Arguments {
    /// The job's name [default: run. and the command's file name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Where alerts go, '' for nowhere [default: that of `NOTIFY_CHANNEL`, or alerts]
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// Send no alert for the same status within so many seconds
    #[arg(long, value_name = "SECONDS")]
    silent_seconds: Option<String>,
    /// Send an OK again when the last run began so many hours ago; `never`: recoveries only
    #[arg(long, value_name = "HOURS")]
    ok_silent_hours: Option<String>,
    /// Send a failure again after so many hours at the latest
    #[arg(long, value_name = "HOURS")]
    remind_hours: Option<String>,
    /// Send a failure at the N-th failed run in a row
    #[arg(long, value_name = "N")]
    after: Option<String>,
    /// Send an alert for a run that takes longer than so many minutes
    #[arg(long, value_name = "MINUTES")]
    overdue_minutes: Option<String>,
    /// How often it is meant to run, for `watch` and `check`
    #[arg(long, value_name = "HOURS")]
    every_hours: Option<String>,
    /// When it is meant to run, as in a crontab, such as '5 3 * * 1-5'
    #[arg(long, value_name = "SCHEDULE")]
    schedule: Option<String>,
    /// The time zone of the schedule, such as Europe/Berlin [default: the host's]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Who starts it, for what is due when clocks change: cron, systemd or kubernetes
    #[arg(long, value_name = "WHO")]
    clock_changes: Option<String>,
    /// How late it may begin, for `watch` and `check`
    #[arg(long, value_name = "MINUTES")]
    grace_minutes: Option<String>,
    /// How long it should take, such as 0.5..4, ..4 or 30min..: a run that works and ends sooner or later sends a remark
    #[arg(long, value_name = "RANGE")]
    took_hours: Option<String>,
    /// A run that begins while another goes on sends a remark
    #[arg(long)]
    no_overlap: bool,
    /// Send the beginning of each run, too
    #[arg(long)]
    start: bool,
    /// Whom a failure mentions: ids of Slack's or Discord's users and groups, names at Teams, @here, @channel
    #[arg(long, value_name = "WHOM")]
    mention: Option<String>,
    /// Exit codes that are success, such as 9,24
    #[arg(long, value_name = "CODES")]
    ok_codes: Option<String>,
    /// Exit codes that say that it did not run, such as 75,99: its status stays
    #[arg(long, value_name = "CODES")]
    skip_codes: Option<String>,
    /// Signals that stop it as it should be, such as TERM,INT: its status stays, and no alert is sent
    #[arg(long, value_name = "SIGNALS")]
    stop_signals: Option<String>,
    /// Keep the end of standard output, too, for a command that writes its errors there: it becomes a pipe
    #[arg(long)]
    stdout_tail: bool,
    /// Left out, and not shown: there is no answer but the command's own
    #[arg(long, hide = true)]
    json: bool,
    /// The command, and what it is called with
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Arguments {
    pub(crate) fn run(&self, common: &Common, _: &mut Output) -> Result<u8, Failure> {
        self.run_despite(common, Vec::new())
    }

    /// Runs the command, whatever was wrong with its options.
    pub(crate) fn run_despite(
        &self,
        common: &Common,
        mut mistakes: Vec<String>,
    ) -> Result<u8, Failure> {
        let Some((command, arguments)) = self.command.split_first() else {
            return Err("there is no command to run".into());
        };
        if self.json {
            mistakes.push(
                "`--json` is ignored: the output is the command's own; `pipeline-notify status --json` says how it ended"
                    .to_owned(),
            );
        }
        let is_named = self.name.as_ref().is_some_and(|name| !name.is_empty());
        if self.name.is_some() && !is_named {
            mistakes
                .push("`--name` is empty: the job is named after the command's file".to_owned());
        }
        let settings = self.settings(&mut mistakes);
        let texts = [&self.ok_codes, &self.skip_codes, &self.stop_signals];
        let [ok, skip, stop] = texts.map(Option::as_deref);
        let codes = Codes {
            ok: list("--ok-codes", ok, code, &mut mistakes),
            skip: list("--skip-codes", skip, code, &mut mistakes),
            stop: list("--stop-signals", stop, signal, &mut mistakes),
        };
        let wrapped = Wrapped {
            command: command.clone(),
            arguments: arguments.to_vec(),
            name: self.name.clone().filter(|_| is_named),
            settings,
            directory: common.dir.clone(),
            codes,
            stdout_tail: self.stdout_tail,
            mistakes,
        };
        Ok(wrapped.run())
    }

    /// The arguments that are texts.
    fn texts(&self, mistakes: &mut Vec<String>) -> Settings {
        type Take = fn(Settings, &str) -> Settings;
        let texts: [(_, _, Take, _, _); 3] = [
            (
                "--channel",
                &self.channel,
                |settings, text| settings.channel(|| text),
                "write ASCII letters, digits, `-` and `_`",
                "alerts go to `alerts`",
            ),
            (
                "--mention",
                &self.mention,
                |settings, text| settings.mention(|| text),
                "write ids of users (U123) and groups (S123), @here or @channel",
                "nobody is mentioned",
            ),
            (
                "--after",
                &self.after,
                |settings, text| settings.after(|| text.trim().parse().unwrap_or(0_u64)),
                "write a number of runs from 1",
                "it is ignored",
            ),
        ];
        let mut settings = Settings::new();
        for (option, text, take, write, instead) in texts {
            let Some(text) = text else { continue };
            let before = settings.problems.len();
            settings = take(settings, text);
            if settings.problems.len() == before {
                continue;
            }
            mistakes.push(mistake(option, text, write, instead));
            if option == "--channel" {
                settings = settings.channel(|| ALERTS);
            }
        }
        settings
    }

    /// The same as the attribute's arguments; what is not valid is a mistake, and ignored.
    fn settings(&self, mistakes: &mut Vec<String>) -> Settings {
        let mut settings = self.texts(mistakes);
        let mut number = |option, text: &Option<String>, unit| {
            let text = text.as_deref()?;
            match span::parse_as(text, unit) {
                Ok(number) => Some(number),
                Err(write) => {
                    mistakes.push(mistake(option, text, &write, "it is ignored"));
                    None
                }
            }
        };
        if let Some(seconds) = number("--silent-seconds", &self.silent_seconds, Unit::Seconds) {
            settings = settings.silent_seconds(|| seconds);
        }
        if let Some(hours) = number("--remind-hours", &self.remind_hours, Unit::Hours) {
            settings = settings.remind_hours(|| hours);
        }
        if let Some(minutes) = number("--overdue-minutes", &self.overdue_minutes, Unit::Minutes) {
            settings = settings.overdue_minutes(|| minutes);
        }
        if let Some(hours) = number("--every-hours", &self.every_hours, Unit::Hours) {
            settings = settings.every_hours(|| hours);
        }
        if let Some(minutes) = number("--grace-minutes", &self.grace_minutes, Unit::Minutes) {
            settings = settings.grace_minutes(|| minutes);
        }
        if self.no_overlap {
            settings = settings.overlap(|| false);
        }
        if self.start {
            settings = settings.start(|| true);
        }
        let ok_hours = match self.ok_silent_hours.as_deref().map(str::trim) {
            Some("never" | "inf") => Some(f64::INFINITY),
            _ => number("--ok-silent-hours", &self.ok_silent_hours, Unit::Hours),
        };
        if let Some(hours) = ok_hours {
            settings = settings.ok_silent_hours(|| hours);
        }
        if let Some(range) = &self.took_hours {
            settings = took_hours(settings, range, mistakes);
        }
        settings = self.plan(settings, mistakes);
        settings
    }

    /// When it should run. A schedule that is wrong is left out, and so is how often beside one.
    fn plan(&self, mut settings: Settings, mistakes: &mut Vec<String>) -> Settings {
        let clock_changes = self.clock_changes.as_deref();
        if let Some(name) = clock_changes {
            match ClockChanges::named(name) {
                Some(_) => settings.clock_changes = Some(name.to_owned()),
                None => {
                    let write = "write cron, systemd or kubernetes";
                    mistakes.push(mistake("--clock-changes", name, write, "it is cron"));
                }
            }
        }
        let Some(schedule) = self.schedule.as_deref() else {
            if self.timezone.is_some() {
                mistakes.push(
                    "`--timezone` is that of a `--schedule`, and there is none: it is ignored"
                        .to_owned(),
                );
            }
            return settings;
        };
        if settings.every_hours.take().is_some() {
            mistakes.push(
                "`--every-hours` and `--schedule` both say when it should run: `--every-hours` is left out"
                    .to_owned(),
            );
        }
        let zone = self.timezone.as_deref();
        match Schedule::new(schedule, zone.unwrap_or("UTC"), ClockChanges::Cron) {
            Ok(_) => {
                settings = settings.schedule(|| schedule);
                if let Some(zone) = zone {
                    settings = settings.timezone(|| zone);
                }
            }
            Err(fault) => mistakes.push(mistake("--schedule", schedule, &fault, "it is left out")),
        }
        settings
    }
}

/// Reads `0.5..4`, in which either end may be left out.
fn took_hours(settings: Settings, range: &str, mistakes: &mut Vec<String>) -> Settings {
    let end = |text: &str| match text.trim() {
        "" => Ok(None),
        text => span::parse_as(text, Unit::Hours).map(Some),
    };
    let ends = range.split_once("..").and_then(|(start, rest)| {
        let rest = rest.strip_prefix('=').unwrap_or(rest);
        Some((end(start).ok()?, end(rest).ok()?))
    });
    let taken = match ends {
        Some((Some(start), Some(end))) => settings.clone().took_hours(|| start..end),
        Some((Some(start), None)) => settings.clone().took_hours(|| start..),
        Some((None, Some(end))) => settings.clone().took_hours(|| ..end),
        Some((None, None)) | None => settings.clone(),
    };
    if taken.took.is_some() {
        return taken;
    }
    let write = "write the smaller number of hours first, such as 0.5..4, ..4 or 30min..";
    mistakes.push(mistake("--took-hours", range, write, "it is left out"));
    settings
}

/// Reads a list; one that holds anything else is a mistake, and ignored.
fn list<T>(
    option: &str,
    text: Option<&str>,
    read: fn(&str) -> Result<T, &'static str>,
    mistakes: &mut Vec<String>,
) -> Vec<T> {
    let Some(text) = text else {
        return Vec::new();
    };
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    match words.map(read).collect() {
        Ok(list) => list,
        Err(write) => {
            mistakes.push(mistake(option, text, write, "it is ignored"));
            Vec::new()
        }
    }
}

fn code(word: &str) -> Result<u8, &'static str> {
    word.parse()
        .map_err(|_| "write exit codes from 0 to 255, such as 9,24")
}

fn signal(word: &str) -> Result<i32, &'static str> {
    signal_named(word).ok_or("write names of signals, such as TERM,INT")
}

fn mistake(option: &str, value: &str, write: &str, instead: &str) -> String {
    if value.len() > SHOWN || value.contains("://") {
        format!("`{option}` has a value that is not valid: {write}; {instead}")
    } else {
        format!("`{option}` is `{value}`: {write}; {instead}")
    }
}
