//! Jobs that should run and may never have run, in the folder `.expected` of the notify directory: a job a line.
//! One file is written by `pipeline-notify expect`, for each user, and others by deployment tools.
//!
//! ```text
//! etl.load schedule 5 3 * * 1-5 zone Europe/Berlin grace 10min channel data-alerts
//! etl.sync every 6h
//! ```

use std::fmt;
use std::fs::{self, OpenOptions};
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
use crate::os::file::{self, Durable, Links};
use crate::os::folder;
use crate::state::place::Place;

/// More files, or larger ones, are no plan.
const FILES: usize = 100;
const LIMIT: u64 = 1024 * 1024;

/// What stands above the lines that the command has written.
const HEAD: &str = "# Written by `pipeline-notify expect`; `pipeline-notify expect JOB --remove` takes out a line.\n";

const ROOT: u32 = 0;

/// Those who may write to a file beside its owner.
const OTHERS_WRITE: u32 = 0o022;

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
    let folder = folder(directory);
    // A link in its place would make others' files plans.
    match fs::symlink_metadata(&folder) {
        Ok(folder) if folder.is_dir() => {}
        Ok(_) => {
            let path = folder.display();
            found.faults.push(format!(
                "`{path}` is not a folder: nothing in it is expected"
            ));
            return found;
        }
        Err(_) => return found,
    }
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()),
        Err(error) => {
            found.fault(&folder, &error.to_string());
            return found;
        }
    };
    // A tool writes a file under such a name before it is whole.
    let is_hidden = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        name.as_encoded_bytes().starts_with(b".")
    };
    let mut files: Vec<_> = entries.filter(|path| !is_hidden(path)).collect();
    files.sort();
    if files.len() > FILES {
        found.fault(&folder, &format!("of its files only {FILES} count"));
    }
    let owner = fs::metadata(directory).map_or(ROOT, |folder| file::owner_and_mode(&folder).0);
    for path in files.into_iter().take(FILES) {
        if let Err(error) = found.read(&path, owner) {
            found.fault(&path, &error.to_string());
        }
    }
    found
}

impl AllAwaited {
    fn read(&mut self, path: &Path, of_directory: u32) -> io::Result<()> {
        let options = &mut OpenOptions::new();
        let (file, metadata) = file::open_known(path, options.read(true), Links::Refuse)?;
        let (owner, mode) = file::owner_and_mode(&metadata);
        if mode & OTHERS_WRITE != 0 {
            let why = "other users may write to it: say chmod go-w";
            return Err(io::Error::other(why));
        }
        if metadata.len() > LIMIT {
            return Err(io::Error::other(format!("it has more than {LIMIT} bytes")));
        }
        // One of root is about the jobs of whose directory it is, and any other about its owner's.
        let of = if owner == ROOT { of_directory } else { owner };
        if of != ffi::user_id() {
            return Ok(());
        }
        let since = metadata
            .modified()
            .map_or_else(|_| clock::now(), DateTime::from);
        self.add(&file::read_open(&file, LIMIT)?, path, since);
        Ok(())
    }

    fn add(&mut self, content: &str, path: &Path, since: DateTime<Utc>) {
        for (number, line) in file::without_mark(content).lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
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
                Err(error) => self.fault(path, &format!("line {}: {error}", number + 1)),
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
        if self.job.is_empty() || self.job.contains(['\n', '\r', '#']) {
            return Err(format!("`{}` is no name of a job", self.job.escape_debug()));
        }
        if self.job.contains('*') {
            return Err(format!("`{}` is a pattern: name one job", self.job));
        }
        // Written down it would be read as another job's.
        let in_line = format!("{} ", self.job);
        let is_read_so = self.job.trim() == self.job && !self.job.contains('\t');
        if !is_read_so || KEYS.iter().any(|key| in_line.contains(key)) {
            return Err(format!(
                "`{}` is a name that no such line can hold: it has the word `schedule` or `every`, or a space at its end",
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
        if !self
            .channel
            .iter()
            .all(|channel| channel.bytes().all(is_channel_byte))
        {
            return Err("a channel's name has only ASCII letters, digits, `-` and `_`".to_owned());
        }
        let expected = Expected::new(None, None, &self.said)?;
        expected.ok_or_else(|| "it does not say when the job should run".to_owned())
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
    let path = own_file(directory);
    let old = file::read(&path, LIMIT, Links::Refuse)?.unwrap_or_default();
    let (content, was_there) = edited(&old, &path, job, new);
    if new.is_none() && !was_there {
        return Ok(false);
    }
    match fs::create_dir(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let temporary = folder.join(format!(".{}.new", ffi::user_id()));
    folder::replace(&path, &temporary, &content, MODE, Durable::Yes)?;
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
        let changes = ClockChanges::ALL.into_iter();
        let changes = changes.filter(|(_, changes)| Some(*changes) == *clock_changes);
        let changes = changes.map(|(name, _)| name.to_owned()).next();
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
