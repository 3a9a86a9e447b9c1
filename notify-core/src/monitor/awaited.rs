//! Jobs that should run and may never have run, in the folder `.expected` of the notify directory: a job a line.
//! One file is written by `pipeline-notify expect`, for each user, and others by deployment tools.
//!
//! ```text
//! etl.load schedule 5 3 * * 1-5 zone Europe/Berlin grace 10min channel data-alerts
//! etl.sync every 6h
//! ```

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::format::time::{Time, to_micros};
use crate::format::{span, text};
use crate::job::arguments::is_channel_byte;
use crate::monitor::expected::{Expected, Said};
use crate::monitor::schedule::ClockChanges;
use crate::os::clock;
use crate::os::ffi;
use crate::os::file::{self, Durable, Links, ROOT};
use crate::os::folder::Folder;
use crate::os::landlord;
use crate::os::lock::Lock;
use crate::os::plan_files::{self, Found};
use crate::state::place::Place;

/// How long to wait for another that writes the same file.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// A larger file is no plan.
const LIMIT: u64 = 1024 * 1024;

/// What stands above the lines that the command has written.
const HEAD: &str = "# Written by `pipeline-notify expect`; `pipeline-notify expect JOB --remove` takes out a line.\n";

/// A job that should run.
#[derive(Debug, Clone, PartialEq)]
pub struct Awaited {
    /// Its name.
    pub job: String,
    /// When it should run.
    pub said: Said,
    /// Where its alerts go; the default channel where it is `None`.
    pub channel: Option<String>,
    /// Since when that is said: what was due before is not missed.
    pub since: Time,
    /// Where it is said.
    pub file: PathBuf,
}

/// All that is expected of a user's jobs.
#[derive(Debug, Default)]
pub struct AllAwaited {
    /// In the order of the files and their lines.
    pub all: Vec<Awaited>,
    /// Files and lines that do not count, and why.
    pub faults: Vec<String>,
}

fn folder(directory: &Path) -> PathBuf {
    directory.join(".expected")
}

/// Returns the file that the command writes for this user.
fn own_file(directory: &Path) -> PathBuf {
    folder(directory).join(ffi::user_id().to_string())
}

/// Reads what is expected in a notify directory or a store. A file that does not count keeps none of the others from it.
#[must_use]
pub fn awaited(place: &Place) -> AllAwaited {
    let mut found = AllAwaited::default();
    let Some(directory) = place.folder() else {
        match place.expected() {
            Ok((content, since)) => found.add(&content, Path::new(&place.to_string()), since),
            Err(error) => found.fault(Path::new(&place.to_string()), &error.to_string()),
        }
        return found;
    };
    let of_directory = fs::metadata(directory);
    let of_directory = of_directory.map_or(ROOT, |metadata| file::owner_and_mode(&metadata).0);
    // One of root is about the jobs of whose directory it is, and any other about its owner's.
    let is_own = |owner| {
        let of = if owner == ROOT { of_directory } else { owner };
        of == ffi::user_id()
    };
    let folder = folder(directory);
    plan_files::read(&folder, LIMIT, &is_own, &mut |file| match file {
        Found::NoFolder => {
            let path = folder.display();
            let fault = format!("`{path}` is not a folder: nothing in it is expected");
            found.faults.push(fault);
        }
        Found::Fault(path, why) => found.fault(path, &why),
        Found::File(path, metadata, content) => {
            let since = metadata.modified();
            let since = since.map_or_else(|_| clock::now(), DateTime::from);
            found.add(&content, path, since);
        }
    });
    found
}

impl AllAwaited {
    fn add(&mut self, content: &str, path: &Path, since: DateTime<Utc>) {
        for (number, line) in plan_files::lines(content) {
            let awaited = Awaited::parse(line, since, path).and_then(|awaited| {
                let mut others = self.all.iter();
                match others.find(|other| other.job == awaited.job) {
                    Some(other) => Err(format!(
                        "`{}` is expected already, by `{}`",
                        awaited.job,
                        other.file.display()
                    )),
                    None => Ok(awaited),
                }
            });
            match awaited {
                Ok(awaited) => self.all.push(awaited),
                Err(error) => self.fault(path, &format!("line {number}: {error}")),
            }
        }
    }

    fn fault(&mut self, path: &Path, why: &str) {
        let path = path.display().to_string();
        self.faults.push(format!(
            "what `{}` expects does not count: {why}",
            text::readable(&path)
        ));
    }
}

/// What ends the job's name in a line.
const KEYS: [&str; 2] = [" schedule ", " every "];

impl Awaited {
    /// Reads a line.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub fn parse(line: &str, since: DateTime<Utc>, file: &Path) -> Result<Self, String> {
        let form = || {
            "write JOB schedule MINUTE HOUR DAY MONTH WEEKDAY, as in etl.load schedule 5 3 * * 1-5, or JOB every 6h"
                .to_owned()
        };
        let line = &line.replace('\t', " ");
        let at = KEYS.iter().filter_map(|key| line.find(key)).min();
        let (job, rest) = line.split_at(at.ok_or_else(form)?);
        let mut words = rest.split_whitespace().peekable();
        let mut awaited = Self {
            job: job.trim().to_owned(),
            said: Said::default(),
            channel: None,
            since: to_micros(since),
            file: file.to_owned(),
        };
        let mut seen = Vec::new();
        while let Some(key) = words.next() {
            if seen.contains(&key) {
                return Err(format!("`{key}` is said twice"));
            }
            seen.push(key);
            if key == "schedule" {
                let fields = match words.peek() {
                    Some(word) if word.starts_with('@') => 1,
                    _ => 5,
                };
                let schedule: Vec<_> = words.by_ref().take(fields).collect();
                awaited.said.schedule = Some(schedule.join(" "));
                continue;
            }
            let value = words
                .next()
                .ok_or_else(|| format!("`{key}` has no value"))?;
            let said = &mut awaited.said;
            match key {
                "every" => said.every = Some(span::parse(value)?),
                "grace" => said.grace = Some(span::parse(value)?),
                "zone" => said.timezone = Some(value.to_owned()),
                "changes" => {
                    let changes = ClockChanges::named(value);
                    let wrong = || format!("`{value}` is none of cron, systemd and kubernetes");
                    said.clock_changes = Some(changes.ok_or_else(wrong)?);
                }
                "channel" => awaited.channel = Some(value.to_owned()),
                _ => {
                    return Err(format!(
                        "`{key}` is no word of such a line: there are schedule, every, zone, grace, changes and channel"
                    ));
                }
            }
        }
        awaited.expected().map(|_| awaited)
    }

    /// Returns when it should run.
    ///
    /// # Errors
    ///
    /// What is wrong with that, in words.
    pub fn expected(&self) -> Result<Expected, String> {
        if self.job.is_empty() {
            return Err("a job has a name".to_owned());
        }
        if self.job.contains('*') {
            return Err(format!("`{}` is a pattern: name one job", self.job));
        }
        // Written down it would be read as another job's, or not at all.
        let in_line = format!("{} ", self.job);
        let is_read_so = self.job.trim() == self.job && !self.job.contains(['\n', '\r', '\t', '#']);
        if !is_read_so || KEYS.iter().any(|key| in_line.contains(key)) {
            return Err(format!(
                "`{}` is a name that no such line can hold: it has a line break, a tab, a `#`, a space at an end, or the \
                 word `schedule` or `every`; let the job say when it should run, by `schedule` or `every_hours`",
                self.job.escape_debug()
            ));
        }
        if self.said.every.is_some_and(|every| every.is_zero()) {
            return Err("give a length of time above zero".to_owned());
        }
        if self.said.schedule.is_some() && self.said.every.is_some() {
            return Err(
                "`schedule` and `every` both say when it should run: remove one".to_owned(),
            );
        }
        let mut bytes = self.channel.iter().flat_map(|channel| channel.bytes());
        if !bytes.all(is_channel_byte) {
            return Err("a channel's name has only ASCII letters, digits, `-` and `_`".to_owned());
        }
        let expected = Expected::new(None, None, &self.said)?;
        expected.ok_or_else(|| "it does not say when the job should run".to_owned())
    }

    /// Returns when it should run, with the grace and the clock changes of who looks where it says none.
    ///
    /// # Errors
    ///
    /// What is wrong with that, in words.
    pub fn expected_by(&self, said: &Said) -> Result<Expected, String> {
        let mut awaited = self.clone();
        awaited.said.grace = awaited.said.grace.or(said.grace);
        awaited.said.clock_changes = awaited.said.clock_changes.or(said.clock_changes);
        awaited.expected()
    }

    /// Adds it to the file of this user, in place of what that says of the same job, and takes a note of the file.
    ///
    /// # Errors
    ///
    /// Where that cannot be written.
    pub fn write(&mut self, place: &Place) -> io::Result<()> {
        change(place, &self.job, Some(&self.to_string()))?;
        self.file = match place.folder() {
            Some(directory) => own_file(directory),
            None => place.to_string().into(),
        };
        Ok(())
    }
}

/// Takes a job out of the file of this user; returns whether it was there.
///
/// # Errors
///
/// Where that cannot be written.
pub fn await_no_more(place: &Place, job: &str) -> io::Result<bool> {
    change(place, job, None)
}

fn change(place: &Place, job: &str, new: Option<&str>) -> io::Result<bool> {
    let mut was_there = false;
    let Some(directory) = place.folder() else {
        place.change_expected(&mut |old| {
            let edited = edited(old, Path::new(""), job, new);
            was_there = edited.1;
            edited.0
        })?;
        return Ok(was_there);
    };
    let folder = folder(directory);
    if new.is_some() {
        landlord::make_shared_folder(&folder)?;
    } else if !folder.exists() {
        return Ok(false);
    }
    let user = ffi::user_id().to_string();
    // A tool calls the command for several jobs at once.
    let lock = Lock::acquire(&folder.join(format!(".{user}.lock")), LOCK_WAIT)?;
    let _lock = lock.ok_or(io::ErrorKind::WouldBlock)?;
    let path = own_file(directory);
    let old = file::read(&path, LIMIT, Links::Refuse)?.unwrap_or_default();
    let (content, was_there) = edited(&old, &path, job, new);
    if new.is_none() && !was_there {
        return Ok(false);
    }
    let temporary = format!(".{user}.new");
    Folder::open(&folder)?.replace(&user, &temporary, &content, MODE, Durable::Yes)?;
    Ok(was_there)
}

/// Takes the line of a job out, and adds a new one; returns whether there was one.
fn edited(old: &str, path: &Path, job: &str, new: Option<&str>) -> (String, bool) {
    let (mut content, mut was_there) = (HEAD.to_owned(), false);
    for line in old.lines().filter(|line| !line.starts_with('#')) {
        // What a person has written by hand, and wrongly, is that person's to mend.
        match Awaited::parse(line, clock::now(), path) {
            Ok(awaited) if awaited.job == job => was_there = true,
            _ => content = content + line + "\n",
        }
    }
    if let Some(line) = new {
        content = content + line + "\n";
    }
    (content, was_there)
}

/// Everybody may read what is expected.
const MODE: u32 = 0o644;

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Said {
            every,
            schedule,
            timezone,
            clock_changes,
            grace,
        } = &self.said;
        f.write_str(&self.job)?;
        let seconds = |time: &Duration| format!("{}s", time.as_secs());
        let changes = clock_changes.map(|changes| changes.name().to_owned());
        for (key, value) in [
            ("schedule", schedule.clone()),
            ("every", every.as_ref().map(seconds)),
            ("zone", timezone.clone()),
            ("grace", grace.as_ref().map(seconds)),
            ("changes", changes),
            ("channel", self.channel.clone()),
        ] {
            if let Some(value) = value {
                write!(f, " {key} {value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
