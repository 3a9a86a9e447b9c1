//! Values of variables, each kind read in one place. A value that makes no sense is a problem, and
//! counts as not given.

use std::ffi::OsString;
use std::sync::Arc;

use crate::format::{span, text};
use crate::notifier::heartbeat::{self, Heartbeat};
use crate::os::file::PRIVATE;
use crate::os::warning::Warning;
use crate::rules::Attempt;
use crate::settings::config::{ALERTS, is_amount, is_channel_name};
use crate::settings::environment::is_yes;
use crate::state;

/// As much of a value that makes no sense is shown.
const SHOWN: usize = 40;

/// The variables of a process, and what was wrong with those that were read.
pub(super) struct Values<Environment> {
    environment: Environment,
    pub(super) problems: Vec<Warning>,
}

impl<Environment: Fn(&str) -> Option<OsString>> Values<Environment> {
    pub(super) fn of(environment: Environment) -> Self {
        Self {
            environment,
            problems: Vec::new(),
        }
    }

    /// Returns the value as it stands, which may be empty.
    pub(super) fn raw(&self, name: &str) -> Option<String> {
        let value = (self.environment)(name)?;
        Some(value.to_string_lossy().trim().to_owned())
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.raw(name).filter(|value| !value.is_empty())
    }

    pub(super) fn is_yes(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| is_yes(&value))
    }

    /// Reads a number from 0 up, of the unit that the name ends with, or a length of time; where that `may_be_infinite`,
    /// `never`, too.
    pub(super) fn number(&mut self, name: &str, may_be_infinite: bool) -> Option<f64> {
        let value = self.text(name)?;
        let (seconds, example) = unit(name);
        let number = match value.as_str() {
            "never" if may_be_infinite => Some(f64::INFINITY),
            value => value.parse().ok().or_else(|| {
                let time = span::parse(value).ok()?;
                Some(time.as_secs_f64() / seconds)
            }),
        };
        let number = number.filter(|number| is_amount(*number, may_be_infinite));
        if number.is_none() {
            let never = if may_be_infinite { ", or `never`" } else { "" };
            let message = format!(
                "{name} is not a number from 0 up (`{}`), and is ignored: write {example}{never}",
                text::first_line(&value, SHOWN)
            );
            self.problem(name, message);
        }
        number
    }

    pub(super) fn attempt(&mut self) -> Option<Attempt> {
        let name = "NOTIFY_ATTEMPT";
        let parsed = Attempt::parse(&self.text(name)?);
        if parsed.is_none() {
            let message =
                format!("{name} is ignored: write `2/3` for the second of three attempts");
            self.problem(name, message);
        }
        parsed
    }

    /// Reads the channel of jobs that name none, where the code does not give it; the empty one is nowhere.
    pub(super) fn channel(&mut self, given: Option<String>) -> String {
        let name = "NOTIFY_CHANNEL";
        let channel = given.or_else(|| self.raw(name));
        let channel = channel.unwrap_or_else(|| ALERTS.to_owned());
        if channel.is_empty() || is_channel_name(&channel) {
            return channel;
        }
        let message =
            format!("{name} is no channel name (ASCII letters, digits, `-`, `_`), and is ignored");
        self.problem(name, message);
        ALERTS.to_owned()
    }

    /// Reads where the heartbeat goes, where the code does not give it.
    pub(super) fn heartbeat(&mut self, given: Option<String>) -> Option<Arc<Heartbeat>> {
        let name = heartbeat::VARIABLE;
        let url = given.or_else(|| self.raw(name))?;
        let parsed = Heartbeat::parse(Some(&url).filter(|url| !url.is_empty())?);
        let warned = |problem| {
            let form = "https://hc-ping.com/ping-key/{job}?create=1";
            let message = format!("{name} cannot be used: {problem}; write {form}");
            self.problem(name, message);
        };
        parsed.map(Arc::new).map_err(warned).ok()
    }

    /// Returns the mode of status files: that which is asked for, or the owner's alone where nothing can
    /// be made of what is asked for.
    pub(super) fn file_mode(&mut self) -> u32 {
        let name = "NOTIFY_FILE_MODE";
        let Some(asked) = self.text(name) else {
            return state::READABLE;
        };
        octal_mode(&asked).unwrap_or_else(|| {
            let message = format!(
                "{name} is no mode of a status file (`{}`), and is taken as 0600: write it in octal digits, such \
                 as `0640`; the owner reads and writes, others may not write",
                text::first_line(&asked, SHOWN)
            );
            self.problem(name, message);
            PRIVATE
        })
    }

    fn problem(&mut self, name: &str, message: String) {
        self.problems.push(Warning::new(name, message));
    }
}

/// Returns how many seconds a variable's number counts, as the end of its name says, and what to write.
fn unit(variable: &str) -> (f64, &'static str) {
    match variable.rsplit('_').next() {
        Some("SECONDS") => (
            1.0,
            "a number of seconds, such as `60`, or a time such as `4h`",
        ),
        Some("MINUTES") => (
            60.0,
            "a number of minutes, such as `90`, or a time such as `4h`",
        ),
        _ => (
            3600.0,
            "a number of hours, such as `24`, or a time such as `90min`",
        ),
    }
}

/// Reads such as `0640`; `None` where it is no mode that a status file can have.
fn octal_mode(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let is_octal =
        (3..=4).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    let mode = u32::from_str_radix(digits, 8).ok().filter(|_| is_octal)?;
    // Nobody runs it, its owner must be able to replace it, and not everybody may forge it.
    (mode & !0o664 == 0 && mode & 0o600 == 0o600).then_some(mode)
}
