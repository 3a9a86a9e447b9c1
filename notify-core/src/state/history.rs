//! What happened to a job, a line each: its runs, the rule that decided, and what became of alerts.
//!
//! It is for people who ask why an alert was sent, or not. Nothing is decided by it. What cannot be
//! written is missing there and nowhere else.

mod event;

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

use crate::os::ffi;
use crate::os::file::{self, Durable, Links, PRIVATE};
use crate::os::folder::{self, Folder};
use crate::state::change::Change;

pub(crate) use event::{Answered, Event, Ran};
#[cfg(feature = "postgres")]
pub(in crate::state) use event::{line_of, line_of_answer};

/// A history that has grown to this many bytes is made shorter.
const MAX_BYTES: u64 = 64 * 1024;

/// The most bytes that are kept then.
const KEPT_BYTES: usize = 32 * 1024;

/// The latest runs that are kept one by one; earlier runs that were alike are counted.
const RECENT_RUNS: usize = 50;

/// The histories of a user's jobs in a notify directory.
#[derive(Debug, Clone)]
pub(crate) struct History {
    folder: PathBuf,
}

impl History {
    pub(crate) fn new(hidden: &Path) -> Self {
        Self {
            folder: hidden.join("history"),
        }
    }

    /// Adds a change that was made. Its job is locked.
    pub(crate) fn add_change(&self, file: &str, change: &Change) {
        let Some(ran) = Ran::new(change) else { return };
        let event = Event::Ran(ran);
        if let Ok(length) = self.add(file, &event)
            && length > MAX_BYTES
        {
            let _ = self.shorten(file);
        }
    }

    pub(crate) fn add_answer(&self, file: &str, answered: Answered) {
        let _ = self.add(file, &Event::Answered(answered));
    }

    /// Reads a job's history, the oldest first.
    pub(crate) fn read(&self, file: &str) -> Vec<Event> {
        self.content(file)
            .lines()
            .filter_map(Event::parse)
            .collect()
    }

    /// Removes a job's history.
    pub(crate) fn forget(&self, file: &str) -> io::Result<()> {
        file::if_there(std::fs::remove_file(self.path(file))).map(drop)
    }

    /// Gives a job's history to another name.
    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        file::if_there(std::fs::rename(self.path(from), self.path(to))).map(drop)
    }

    /// Adds a line, and returns the file's length.
    fn add(&self, file: &str, event: &Event) -> io::Result<u64> {
        let mut line = event.render();
        line.push('\n');
        let open = || file::open_private(&self.path(file), OpenOptions::new().append(true));
        let make = || folder::make_private(&self.folder, ffi::user_id());
        let (file, before) = folder::made_if_missing(make, open)?;
        file::append(file, &before, line.as_bytes())
    }

    fn shorten(&self, file: &str) -> io::Result<()> {
        let content = self.content(file);
        let lines = shortened(content.lines());
        let mut first = 0;
        let mut length: usize = lines.iter().map(|line| line.len() + 1).sum();
        while length > KEPT_BYTES {
            length -= lines[first].len() + 1;
            first += 1;
        }
        let content = lines[first..].join("\n") + "\n";
        let temporary = format!(".{file}");
        Folder::open(&self.folder)?.replace(file, &temporary, &content, PRIVATE, Durable::No)
    }

    fn content(&self, file: &str) -> String {
        let content = file::read(&self.path(file), 2 * MAX_BYTES, Links::Refuse);
        content.ok().flatten().unwrap_or_default()
    }

    fn path(&self, file: &str) -> PathBuf {
        folder::path_in(&self.folder, file)
    }
}

/// Counts runs that were alike, but for the latest, and leaves out what is no event.
fn shortened<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Cow<'a, str>> {
    let events = lines.filter_map(|line| Some((Cow::from(line), Event::parse(line)?)));
    let events: Vec<_> = events.collect();
    let runs = events
        .iter()
        .filter(|(_, event)| matches!(event, Event::Ran(_)));
    let mut earlier = runs.count().saturating_sub(RECENT_RUNS);
    let mut kept: Vec<(Cow<'_, str>, Event)> = Vec::with_capacity(events.len());
    for (line, event) in events {
        let is_recent = earlier == 0;
        if let Event::Ran(ran) = &event {
            earlier = earlier.saturating_sub(1);
            if let Some((line, Event::Ran(last))) = kept.last_mut().filter(|_| !is_recent)
                && last.is_like(ran)
            {
                last.runs = last.runs.saturating_add(ran.runs);
                last.took = ran.took;
                last.last = ran.last.or(Some(ran.begun));
                last.settings = ran.settings;
                last.facts.clone_from(&ran.facts);
                // Written once it is known how many they are.
                *line = Cow::Borrowed("");
                continue;
            }
        }
        kept.push((line, event));
    }
    let rendered = |(line, event): (Cow<'a, str>, Event)| match &*line {
        "" => Cow::from(event.render()),
        _ => line,
    };
    kept.into_iter().map(rendered).collect()
}

#[cfg(test)]
mod tests;
