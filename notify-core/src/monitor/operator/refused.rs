//! Why what a person asks for is not done.

use std::io;
use std::path::PathBuf;

use crate::error::Error;
use crate::state::place::Place;

/// Why something is not done.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Refused {
    #[error("no job `{job}` in `{place}`")]
    NoJob { job: String, place: Place },
    #[error(
        "`{0}` is OK: there is no error to silence; to send nothing of it whatever comes, add --all"
    )]
    IsOk(String),
    #[error("`{0}` is not silenced")]
    NotSilenced(String),
    #[error("`{0}` is OK: there is no failure to acknowledge")]
    NothingToAcknowledge(String),
    #[error("`{0}` is not acknowledged")]
    NotAcknowledged(String),
    #[error("{0}")]
    Window(String),
    #[error("the planned quiet of `{jobs}` stands in `{}`: take its line out there", file.display())]
    PlannedElsewhere { jobs: String, file: PathBuf },
    #[error("`{0}` exists already: forget it first, or choose another name")]
    Exists(String),
    #[error("`{0}` has this name already")]
    SameName(String),
    #[error("the status file of `{job}` cannot be read: fix it, or remove it")]
    Unreadable { job: String },
    #[error("`{job}` belongs to user {owner}: do this as that user (sudo -u '#{owner}' …)")]
    Foreign { job: String, owner: u32 },
    #[error("another process holds the lock of `{0}`: try again")]
    Busy(String),
    #[error("there is no queue `{name}`; the queues are: {}", list(others))]
    NoQueue { name: String, others: Vec<String> },
    #[error("channel `{channel}` has no destination to adopt them: {to_do}")]
    NoDestination { channel: String, to_do: String },
    #[error(
        "channel `{channel}` has several queues: add --into and one of {}",
        list(queues)
    )]
    ManyQueues {
        channel: String,
        queues: Vec<String>,
    },
    #[error("`{0}` is the channel's current queue: `pipeline-notify drain` sends from it")]
    IsPresent(String),
    #[error(transparent)]
    Directory(#[from] Error),
    #[error("the notify directory cannot be read or written: {0}")]
    Io(#[from] io::Error),
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
