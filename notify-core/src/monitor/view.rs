//! What a notify directory or a store shows: its jobs, the runs under way, and what waits to be sent.
//! Nothing here makes or changes a file.

mod job;
mod jobs;
mod queue;
mod run;

use std::fs;
use std::io;
use std::path::Path;

use crate::error::Error;
use crate::job::name;
use crate::settings::in_force;
use crate::settings::setup;
use crate::state::place::Place;

pub(crate) use job::fingerprint;
pub use job::{Acknowledged, Job, Silence};
pub use jobs::{Jobs, Unreadable, job_names, jobs};
pub(crate) use jobs::{find, read};
pub use queue::{Queue, queues};
pub use run::{Health, Run, runs};

/// Returns the notify directory or the store, which must be there: the one given, or the one that the library would use.
///
/// # Errors
///
/// [`Error::NoDirectory`] where there is none, [`Error::Directory`] where it is no folder.
pub fn directory(given: Option<&Path>) -> Result<Place, Error> {
    // To look elsewhere than in the store that is named would show that all is well.
    if given.is_none()
        && let Some(store) = named_store()
    {
        return store;
    }
    let path = match given {
        Some(path) => setup::meant_directory(path)?,
        None => in_force::setup_so_far().named_directory()?.to_owned(),
    };
    match fs::metadata(&path) {
        Ok(folder) if folder.is_dir() => Ok(Place::from(&*path)),
        Ok(_) => {
            let source = io::Error::from(io::ErrorKind::NotADirectory);
            Err(Error::Directory { path, source })
        }
        Err(source) => Err(Error::Directory { path, source }),
    }
}

/// Returns the shared store that the environment names, where it names one.
///
/// # Errors
///
/// [`Error::Store`] where it cannot be used.
#[must_use]
pub fn named_store() -> Option<Result<Place, Error>> {
    Place::only_look();
    let store = in_force::setup_so_far().named_store()?;
    Some(match store {
        Ok(store) => {
            let place = Place::from(store);
            let unreached = |source| Error::Store {
                store: place.to_string(),
                source,
            };
            let reached = place.expected().map_err(unreached);
            reached.map(|_| place)
        }
        Err(problem) => Err(Error::Store {
            store: "NOTIFY_STORE".into(),
            source: io::Error::other(problem),
        }),
    })
}

/// Names the job of a status file.
pub(crate) fn shown_name(file: &str) -> String {
    name::job_name(file).unwrap_or_else(|| file.to_owned())
}
