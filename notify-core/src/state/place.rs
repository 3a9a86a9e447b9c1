//! Where jobs are looked at, in whichever engine. Nothing here makes or changes anything.

#[cfg(feature = "postgres")]
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::Store;
use super::history::Event;
use super::local::lease_scan::Seen;
use super::local::look;
use super::local::silences::Silences;
#[cfg(feature = "postgres")]
use super::shared::Shared;
use crate::format::time::Time;
#[cfg(feature = "postgres")]
use crate::os::ffi;

/// A notify directory, or a shared store.
#[derive(Debug, Clone)]
pub struct Place(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Local(PathBuf),
    #[cfg(feature = "postgres")]
    Shared(&'static Shared),
}

/// The alerts of a destination that were not delivered, by their names.
pub(crate) struct Waiting {
    /// The user whose they are, as a number; empty where they are the fleet's.
    pub(crate) user: String,
    pub(crate) name: String,
    pub(crate) unsent: Vec<String>,
    pub(crate) held: Vec<String>,
    pub(crate) rejected: Vec<String>,
    /// Where the rejected ones are.
    pub(crate) rejected_folder: PathBuf,
}

/// What reads status files.
pub(crate) enum Reader<'a> {
    Folder(&'a Path),
    #[cfg(feature = "postgres")]
    Rows(HashMap<String, String>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        either!(Kind: &self.0, folder => folder.display().fmt(f); shared => f.write_str(&shared.address()))
    }
}

impl From<&Path> for Place {
    fn from(folder: &Path) -> Self {
        Self(Kind::Local(folder.to_owned()))
    }
}

impl From<&'static Store> for Place {
    fn from(store: &'static Store) -> Self {
        match store {
            Store::Local(local) => local.directory().into(),
            #[cfg(feature = "postgres")]
            Store::Shared(shared) => Self(Kind::Shared(shared)),
        }
    }
}

impl Place {
    /// Has this process make nothing in a shared store where that is missing.
    pub(crate) fn only_look() {
        #[cfg(feature = "postgres")]
        Shared::only_look();
    }

    /// Returns the notify directory, where it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        either!(Kind: &self.0, folder => Some(folder); _ => None)
    }

    /// Returns the names of all jobs that have a file, whether it is a status file or not.
    pub(crate) fn files(&self) -> io::Result<Vec<String>> {
        either!(Kind: &self.0, folder => look::files(folder); shared => shared.files())
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        match &self.0 {
            Kind::Local(folder) => look::has(folder, file),
            #[cfg(feature = "postgres")]
            Kind::Shared(shared) => shared
                .texts(&[file.to_owned()])
                .is_ok_and(|texts| !texts.is_empty()),
        }
    }

    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unnecessary_wraps, reason = "a server may not answer")
    )]
    pub(crate) fn reader(&self, files: &[String]) -> io::Result<Reader<'_>> {
        match &self.0 {
            Kind::Local(folder) => {
                let _ = files;
                Ok(Reader::Folder(folder))
            }
            #[cfg(feature = "postgres")]
            Kind::Shared(shared) => shared.texts(files).map(Reader::Rows),
        }
    }

    /// Reads a status file; `None` where it is gone.
    pub(crate) fn text(&self, file: &str) -> io::Result<Option<String>> {
        self.reader(&[file.to_owned()])?.text(file)
    }

    /// Returns the user whose a job is: of a shared store, whoever asks.
    pub(crate) fn owner(&self, file: &str) -> io::Result<u32> {
        either!(Kind: &self.0, folder => look::owner(folder, file); _ => Ok(ffi::user_id()))
    }

    /// Returns the processes with runs under way, and how many users' records cannot be read.
    pub(crate) fn live_runs(&self) -> io::Result<(Vec<Seen>, usize)> {
        either!(Kind: &self.0, folder => look::live_runs(folder); shared => Ok((shared.look_at_runs()?, 0)))
    }

    /// Returns whether a process of which the lock is free is dead, wherever it ran.
    pub(crate) fn judges_all(&self) -> bool {
        !matches!(self.0, Kind::Local(_))
    }

    /// Returns the queues, and how many users' queues cannot be read.
    pub(crate) fn queues(&self) -> io::Result<(Vec<Waiting>, usize)> {
        either!(Kind: &self.0, folder => look::queues(folder); shared => Ok((shared.all_queues()?, 0)))
    }

    /// Reads what the users' histories say of a job, each in order, and counts those that cannot be read.
    pub(crate) fn histories(&self, file: &str) -> io::Result<(Vec<Vec<Event>>, usize)> {
        either!(Kind: &self.0, folder => look::histories(folder, file); shared => Ok((vec![shared.history(file)?], 0)))
    }

    /// Reads the lines of the jobs that should run, and since when they stand, where they stand in the store.
    pub(crate) fn expected(&self) -> io::Result<(String, Time)> {
        either!(Kind: &self.0, _ => Err(io::ErrorKind::Unsupported.into()); shared => shared.expected())
    }

    /// Changes those lines: `change` may be asked again, where others were faster.
    pub(crate) fn change_expected(&self, change: &mut dyn FnMut(&str) -> String) -> io::Result<()> {
        match &self.0 {
            Kind::Local(_) => {
                let _ = change;
                Err(io::ErrorKind::Unsupported.into())
            }
            #[cfg(feature = "postgres")]
            Kind::Shared(shared) => shared.change_expected(change),
        }
    }

    pub(crate) fn silences(&self) -> Silences {
        either!(Kind: &self.0, folder => Silences::read(folder); shared => shared.silences())
    }
}

impl Reader<'_> {
    /// Reads a status file; `None` where it is gone.
    pub(crate) fn text(&self, file: &str) -> io::Result<Option<String>> {
        match self {
            Self::Folder(folder) => look::text(folder, file),
            #[cfg(feature = "postgres")]
            Self::Rows(rows) => Ok(rows.get(file).cloned()),
        }
    }
}
