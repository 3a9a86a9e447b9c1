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

/// Returns the notify directory or the store: the one given, or the one that the library would use.
///
/// # Errors
///
/// [`Error::NoDirectory`] where there is none, [`Error::Directory`] where it is no folder.
pub fn directory(given: Option<&Path>) -> Result<Place, Error> {
    if given.is_none() {
        match in_force::setup_so_far().named_store() {
            Some(Ok(store)) => {
                let place = Place::from(store);
                let unreached = |source| Error::Store {
                    store: place.to_string(),
                    source,
                };
                place.expected().map_err(unreached)?;
                return Ok(place);
            }
            // To look elsewhere would show that all is well.
            Some(Err(problem)) => {
                let source = io::Error::other(problem);
                let store = "NOTIFY_STORE".into();
                return Err(Error::Store { store, source });
            }
            None => {}
        }
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

/// Names the job of a status file.
pub(crate) fn shown_name(file: &str) -> String {
    name::job_name(file).unwrap_or_else(|| file.to_owned())
}
