//! A job as its definition says it: what is the same at each of its runs.

use std::collections::HashMap;

use crate::format::hash;
use crate::job::{Job, Site, name};
use crate::os::engine::{Part, Slot};
use crate::os::mutex::Mutex;
use crate::os::warning::Warning;

/// Which definition has which status file.
pub(super) static NAMES: Part<Mutex<HashMap<String, String>>> =
    Part::beginning(Slot::Names, |parents| {
        let names = parents.and_then(|parents| Some(parents.try_lock()?.clone()));
        Mutex::new(names.unwrap_or_default())
    });

/// Works out what is the same at each run of a job, and warns where two share a status file.
pub(super) fn find_job(
    site: &'static Site,
    name: Option<&str>,
    warnings: &mut Vec<Warning>,
) -> Job {
    let arguments = (site.arguments)();
    let own_name = name::of(site);
    let file = name::file_name(&own_name).into_owned();
    let job = Job {
        file_hash: hash::hash(&file),
        file,
        name: own_name,
        location: name::location(site),
        source: format!("{}:{}", site.place.file(), site.place.line()),
        is_debug_build: site.debug,
        version: Some(site.version.to_owned()).filter(|version| !version.is_empty()),
        plan: arguments.plan(),
        arguments,
    };
    let source = &job.source;
    for problem in &job.arguments.problems {
        let message = format!("#[notify] at {source}: {problem}");
        warnings.push(Warning::new(message.clone(), message));
    }
    let claimed = name.unwrap_or(&job.name);
    let names = NAMES.get();
    let other = names.lock().insert(claimed.to_owned(), source.clone());
    if let Some(other) = other {
        let message = format!(
            "two jobs share the status file `{claimed}`, at {other} and at {source}: give one a name = \"…\" of its own"
        );
        warnings.push(Warning::new(message.clone(), message));
    }
    job
}
