//! The jobs that somebody asks for, read in as many threads as the number of files is worth.

use std::collections::BTreeSet;
use std::io;
use std::num::NonZero;
use std::thread::{self, Builder};

use super::{Job, shown_name};
use crate::format::pattern::is_fit;
use crate::job::name;
use crate::state::place::{Place, Reader};
use crate::status::Status;

/// More threads would wait for the disk, or for each other.
const MAX_THREADS: usize = 8;

/// One thread reads this many files before a second is worth its start.
const FILES_PER_THREAD: usize = 500;

/// A status file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a name and a reason")]
pub struct Unreadable {
    pub name: String,
    pub file: String,
    pub reason: String,
}

/// What was asked for.
#[derive(Debug, Default)]
pub struct Jobs {
    /// By name.
    pub jobs: Vec<Job>,
    /// Status files that cannot be read, by name.
    pub unreadable: Vec<Unreadable>,
    /// Names and patterns that fit no job.
    pub missing: Vec<String>,
}

/// Reads the status files of the jobs that `wanted` names, of all where it names none. A name may
/// hold `*`, for any characters.
///
/// # Errors
///
/// Where the directory cannot be read.
pub fn jobs(place: &Place, wanted: &[String]) -> io::Result<Jobs> {
    let mut found = Jobs::default();
    let mut files = BTreeSet::new();
    let (patterns, plain): (Vec<_>, Vec<_>) = wanted.iter().partition(|name| name.contains('*'));
    for name in plain {
        match find(place, name) {
            Some(file) => {
                files.insert(file);
            }
            None => found.missing.push(name.clone()),
        }
    }
    if wanted.is_empty() || !patterns.is_empty() {
        let mut has_fitted = vec![false; patterns.len()];
        for file in place.files()? {
            let job = shown_name(&file);
            let mut fits = wanted.is_empty();
            for (pattern, has_fitted) in patterns.iter().zip(&mut has_fitted) {
                if is_fit(pattern, &job) || is_fit(pattern, &file) {
                    (fits, *has_fitted) = (true, true);
                }
            }
            if fits {
                files.insert(file);
            }
        }
        let unfitted = patterns
            .into_iter()
            .zip(has_fitted)
            .filter(|(_, fitted)| !fitted);
        found
            .missing
            .extend(unfitted.map(|(pattern, _)| pattern.clone()));
    }
    let files: Vec<_> = files.into_iter().collect();
    for (file, job) in files.iter().zip(read_all(place, &files)?) {
        match job {
            Ok(Some(job)) => found.jobs.push(job),
            Ok(None) => {}
            Err(reason) => found.unreadable.push(Unreadable {
                name: shown_name(file),
                file: file.clone(),
                reason,
            }),
        }
    }
    found.jobs.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// Returns the names of all jobs that have a file, whether it is a status file or not.
///
/// # Errors
///
/// Where the directory cannot be read.
pub fn job_names(place: &Place) -> io::Result<Vec<String>> {
    let files = place.files()?;
    Ok(files.iter().map(|file| shown_name(file)).collect())
}

/// Finds a job's status file, by the job's name or by its own.
pub(crate) fn find(place: &Place, name: &str) -> Option<String> {
    let is_plain = !name.is_empty() && !name.starts_with('.') && !name.contains('/');
    let as_is = is_plain.then(|| name.to_owned());
    [Some(name::file_name(name).into_owned()), as_is]
        .into_iter()
        .flatten()
        .find(|file| place.has(file))
}

/// Reads status files, in as many threads as they are worth.
fn read_all(place: &Place, files: &[String]) -> io::Result<Vec<Result<Option<Job>, String>>> {
    let reader = place.reader(files)?;
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors
        .min(MAX_THREADS)
        .min(files.len().div_ceil(FILES_PER_THREAD))
        .max(1);
    let share = files.len().div_ceil(threads).max(1);
    let read =
        |files: &[String]| -> Vec<_> { files.iter().map(|file| read_by(&reader, file)).collect() };
    Ok(thread::scope(|scope| {
        let shares = files.chunks(share).map(|files| {
            let thread = Builder::new().spawn_scoped(scope, move || read(files));
            (files, thread.ok())
        });
        let shares: Vec<_> = shares.collect();
        shares
            .into_iter()
            // Where no thread is to be had, or one fell over, this one does its work.
            .flat_map(|(files, thread)| {
                let read_by_it = thread.and_then(|thread| thread.join().ok());
                read_by_it.unwrap_or_else(|| read(files))
            })
            .collect()
    }))
}

/// Reads a status file; `None` where it is gone.
pub(crate) fn read(place: &Place, file: &str) -> Result<Option<Job>, String> {
    let reader = place.reader(&[file.to_owned()]);
    read_by(&reader.map_err(|error| error.to_string())?, file)
}

fn read_by(reader: &Reader<'_>, file: &str) -> Result<Option<Job>, String> {
    let content = reader.text(file).map_err(|error| error.to_string())?;
    let Some(content) = content else {
        return Ok(None);
    };
    let status = Status::parse(&content).ok_or("it is not a status file")?;
    Ok(Some(Job::new(file, status)))
}
