//! Whether people are told of what a person does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::{Desk, Refused, setup, tell_problems};
use crate::dispatch::dispatcher;
use crate::format::time::to_micros;
use crate::message::alert::{Alert, Kind};
use crate::monitor::view;
use crate::os::random;
use crate::settings::route::{self, Routes};
use crate::state::change::Change;
use crate::state::local::{Locked, Queued};
use crate::status::{State, Status};

/// How long a person waits for an alert to be accepted.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether people were told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The channel has taken it.
    Delivered(String),
    /// It waits, and is sent later.
    Waits(String),
    /// The channel has no destination; what to do about it is on standard error.
    Nowhere(String),
    /// Nobody was to be told.
    Nobody,
}

/// Where an alert goes, if anywhere, and what it says beside the error.
pub(crate) type Way = (Option<Arc<Routes>>, Vec<String>);

/// Finds where a channel's alerts go, and what its alert says beside the error.
pub(crate) fn way(channel: &str, note: String) -> Way {
    let found = match setup().way(channel, State::Error) {
        route::Way::To(routes) => (Some(routes), vec![note]),
        route::Way::Instead(routes, instead) => (Some(routes), vec![note, instead]),
        route::Way::Silent => (None, Vec::new()),
        route::Way::Nowhere(warning) => {
            warning.tell();
            (None, Vec::new())
        }
    };
    tell_problems();
    found
}

pub(crate) fn queues_of(routes: Option<&Routes>) -> Vec<String> {
    routes
        .map(|routes| routes.queues.clone())
        .unwrap_or_default()
}

pub(crate) fn new_alert(
    kind: Kind,
    job: String,
    routes: &Routes,
    notes: Vec<String>,
    status: Status,
) -> Alert {
    Alert {
        notes,
        ..Alert::new(
            random::number(),
            kind,
            job,
            &routes.channel,
            to_micros(Utc::now()),
            status,
        )
    }
}

impl Desk {
    /// Writes what a person has made of a job's status, and tells the channel.
    pub(super) fn write_and_tell(
        &self,
        mut locked: Locked<'_>,
        file: &str,
        status: Status,
        kind: Kind,
        channel: &str,
        (routes, notes): Way,
    ) -> Result<Told, Refused> {
        let mut told_errors = status.told_errors.clone();
        // The message that says so is the first that some hear of it.
        let is_new = |error: &&String| routes.is_some() && !status.told_errors.contains(error);
        told_errors.extend(status.fingerprint.iter().filter(is_new).cloned());
        // It is the same error, of which nobody wants to hear.
        let withdrawn = status.held.map(|held| held.alerts).unwrap_or_default();
        let status = Status {
            told_errors,
            held: None,
            // For whoever tells that the silence is over.
            channel: routes
                .as_ref()
                .map(|_| channel.to_owned().into())
                .or(status.channel),
            ..status
        };
        let alert = routes.as_ref().map(|routes| {
            let job = view::shown_name(file);
            new_alert(kind, job, routes, notes, status.clone())
        });
        let change = Change {
            file: file.to_owned(),
            status: Some(status),
            queues: queues_of(routes.as_deref()),
            withdrawn,
            alert,
            ..Change::default()
        };
        let written = locked.change(&change);
        drop(locked);
        if let Some(error) = written.status_error {
            return Err(error.into());
        }
        let told = send(channel, routes.as_deref(), change.alert, &written.queued);
        Ok(told)
    }
}

/// Sends an alert that was queued, and tells what became of it.
pub(super) fn send(
    channel: &str,
    routes: Option<&Routes>,
    alert: Option<Alert>,
    queued: &[Queued],
) -> Told {
    let (Some(routes), Some(alert)) = (routes, alert) else {
        return if channel.is_empty() {
            Told::Nobody
        } else {
            Told::Nowhere(channel.to_owned())
        };
    };
    for (number, route) in routes.all.iter().enumerate() {
        match queued.get(number) {
            Some(Queued::Waits(entry)) => dispatcher::queued(route, entry),
            _ => dispatcher::from_memory(route, alert.clone()),
        }
    }
    dispatcher::finish(Instant::now() + PATIENCE);
    let waits = routes.all.iter().enumerate().any(|(number, route)| {
        matches!((queued.get(number), &route.queue), (Some(Queued::Waits(entry)), Some(queue)) if queue.holds(entry))
    });
    let channel = routes.channel.clone();
    if waits || dispatcher::is_waited_for() {
        Told::Waits(channel)
    } else {
        Told::Delivered(channel)
    }
}
