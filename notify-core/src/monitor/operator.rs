//! What a person does in a notify directory: silences an error, renames or forgets a job, has what
//! waits sent elsewhere, and tests the channels.

mod acknowledge;
mod announce;
mod forget;
mod plan;
mod refused;
mod silence;
mod test;

use std::io;
use std::time::{Duration, Instant};

pub use self::announce::{Announcement, Marked};
pub(crate) use self::announce::{context, new_alert, queues_of, way};
pub use self::forget::Forgotten;
pub use self::plan::{Moment, Plan, Written};
pub use self::refused::Refused;
pub use self::test::{Answer, channels, test};
use crate::dispatch::{dispatcher, thread};
use crate::error::Error;
use crate::job::name;
use crate::monitor::view::{self, Health};
use crate::os::ffi;
use crate::os::redact;
use crate::rules::Past;
use crate::settings::config::Config;
use crate::settings::destinations;
use crate::settings::in_force;
use crate::settings::setup::Setup;
use crate::state::change::Change;
use crate::state::place::Place;
use crate::state::{Access, Committed, JobKey, Renamed, Seen, Store, channel_of};
use crate::status::Status;

/// Acts in one notify directory.
#[derive(Debug)]
pub struct Desk {
    place: Place,
    /// Who acts, as the message says.
    by: String,
}

impl Desk {
    /// Takes a place in a directory or a store.
    ///
    /// # Errors
    ///
    /// Where the settings of this process are settled already.
    pub fn at(place: &Place, by: String) -> Result<Self, Error> {
        in_force::settle(Config::new().in_folder(place.folder()))?;
        let place = place.clone();
        Ok(Self { place, by })
    }

    /// Returns where it is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Gives a job another name: the next run under it goes on where the last one ended.
    ///
    /// # Errors
    ///
    /// Where the job is not there, or another has that name.
    pub fn rename(&self, old: &str, new: &str) -> Result<(), Refused> {
        let file = self.file_of(old)?;
        let new_file = name::file_name(new).into_owned();
        if file == new_file {
            return Err(Refused::SameName(new.to_owned()));
        }
        let keys = [&file, &new_file].map(|file| JobKey::listed(file));
        let job = old.to_owned();
        let store = self.store()?;
        match store.rename(&keys[0], &keys[1])? {
            Renamed::Yes => {
                let renamed = store.read(&keys[1]);
                if let Some(incident) = renamed.status().and_then(|status| status.incident.as_ref())
                {
                    let [from, to] = [&file, &new_file]
                        .map(|file| name::job_name(file).unwrap_or_else(|| file.clone()));
                    for queue in store.queues() {
                        thread::rename(&queue, incident, &from, &to);
                    }
                }
                Ok(())
            }
            Renamed::Busy => Err(Refused::Busy(job)),
            Renamed::Missing => Err(self.no_job(old)),
            Renamed::Unreadable => Err(Refused::Unreadable { job }),
            Renamed::Exists => Err(Refused::Exists(new.to_owned())),
        }
    }

    /// Moves the alerts of a queue whose destination was replaced to the channel's present queue,
    /// what is held there too, and returns how many there were.
    ///
    /// # Errors
    ///
    /// Where there is no such queue, or the channel has no destination, or several.
    pub fn adopt(&self, name: &str, into: Option<&str>) -> Result<usize, Refused> {
        let all = self.store()?.queues();
        let Some(old) = all.iter().find(|queue| queue.name() == name) else {
            return Err(Refused::NoQueue {
                name: name.to_owned(),
                others: all.iter().map(|queue| queue.name().to_owned()).collect(),
            });
        };
        let channel = old.channel();
        let routes = setup().routes(channel);
        setup().warn_of_problems();
        let routes = routes.iter().flat_map(|routes| &routes.all);
        let queues: Vec<_> = routes.filter_map(|route| route.queue.as_ref()).collect();
        if queues.iter().any(|queue| queue.name() == name) {
            return Err(Refused::IsPresent(name.to_owned()));
        }
        let new = match (&*queues, into) {
            ([], _) => {
                return Err(Refused::NoDestination {
                    channel: channel.to_owned(),
                    to_do: destinations::to_do(channel),
                });
            }
            ([queue], None) => queue,
            (queues, into) => {
                let mut named = queues.iter().filter(|queue| Some(queue.name()) == into);
                named.next().ok_or_else(|| Refused::ManyQueues {
                    channel: channel.to_owned(),
                    queues: queues.iter().map(|queue| queue.name().to_owned()).collect(),
                })?
            }
        };
        Ok(new.adopt(old)?)
    }

    /// Sends what waits for the channels that the environment names, for at most so long.
    ///
    /// # Errors
    ///
    /// Where the directory cannot be used.
    pub fn drain(&self, patience: Duration) -> Result<(), Refused> {
        self.store()?;
        dispatcher::ask_anew();
        dispatcher::drain(patience)?;
        setup().warn_of_problems();
        Ok(())
    }

    /// Returns whether a queue's alerts are for a destination that the environment names.
    #[must_use]
    pub fn sends_from(&self, queue: &str) -> bool {
        let routes = setup().routes(channel_of(queue));
        queues_of(routes.as_deref())
            .iter()
            .any(|name| name == queue)
    }

    fn store(&self) -> Result<&'static Store, Refused> {
        let store = setup().store();
        store.ok_or_else(|| {
            setup().warn_of_problems();
            let path = self.place.to_string().into();
            let source = io::Error::from(io::ErrorKind::PermissionDenied);
            Refused::Directory(Error::Directory { path, source })
        })
    }

    /// Finds the status file of a job, which must be this user's: the locks of another are not ours.
    fn file_of(&self, job: &str) -> Result<String, Refused> {
        let file = view::find(&self.place, job);
        let file = file.ok_or_else(|| self.no_job(job))?;
        let owner = self.place.owner(&file)?;
        if cfg!(unix) && owner != ffi::user_id() {
            let job = job.to_owned();
            return Err(Refused::Foreign { job, owner });
        }
        Ok(file)
    }

    /// Changes a job that nobody else holds, or says why not.
    fn change(
        &self,
        file: &str,
        mut decide: impl FnMut(&Past) -> Result<Change, Refused>,
    ) -> Result<Committed, Refused> {
        let mut refused = None;
        let mut answer = |seen: &Seen<'_>| {
            let change = if seen.access == Access::PassedBy {
                Err(Refused::Busy(view::shown_name(file)))
            } else {
                decide(seen.past)
            };
            change.map_err(|reason| refused = Some(reason)).ok()
        };
        let job = JobKey::listed(file);
        let mut committed = self
            .store()?
            .update(&job, Instant::now(), &mut answer, None)?;
        match (refused, committed.status_error.take()) {
            (Some(refused), _) => Err(refused),
            (None, Some(error)) => Err(error.into()),
            (None, None) => Ok(committed),
        }
    }

    fn no_job(&self, job: &str) -> Refused {
        Refused::NoJob {
            job: job.to_owned(),
            place: self.place.clone(),
        }
    }

    /// Returns the status that is about to be changed.
    fn known<'a>(&self, past: &'a Past, job: &str) -> Result<&'a Status, Refused> {
        match past {
            Past::Known(status) => Ok(status),
            Past::Missing => Err(self.no_job(job)),
            Past::Unreadable | Past::Unknown => Err(Refused::Unreadable {
                job: job.to_owned(),
            }),
        }
    }

    /// Finds the channel of a job: that of the incident's last alert, else its own, which the record of a run
    /// says, and some status files do.
    fn channel_of(&self, file: &str, given: Option<&str>) -> String {
        if let Some(given) = given {
            return given.to_owned();
        }
        let status = view::read(&self.place, file).ok().flatten();
        let alerted = status.as_ref().map(|status| &status.alerted_channel);
        if let Some(Some(alerted)) = alerted {
            return alerted.clone();
        }
        let runs = view::runs(&self.place, &[view::shown_name(file)]);
        let runs = runs.map(|(runs, _)| runs).unwrap_or_default();
        let run = runs.into_iter().rfind(|run| run.health != Health::Unknown);
        run.map(|run| run.channel)
            .or_else(|| status?.channel)
            .unwrap_or_else(|| setup().default_channel.clone())
    }
}

/// Returns the user of this process, as a number.
#[must_use]
pub fn user() -> String {
    ffi::user_id().to_string()
}

fn setup() -> &'static Setup {
    in_force::setup_so_far()
}

/// Returns what a person has said, who may have quoted an error, without what is secret: it is for all to read.
fn without_secrets(said: Option<&str>) -> Option<String> {
    // Who knows the secrets is asked once there are settings.
    let _ = setup();
    said.map(|said| redact::hide(said).into_owned())
}

/// Adds why a person does something to a note of it.
pub(crate) fn with_reason(note: String, because: Option<&str>) -> String {
    match because {
        Some(because) => note + ": " + because,
        None => note,
    }
}
