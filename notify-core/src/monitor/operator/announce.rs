//! Whether people are told of what a person does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::{setup, tell_problems};
use crate::dispatch::dispatcher;
use crate::format::time::to_micros;
use crate::message::alert::{Alert, Kind};
use crate::os::random;
use crate::settings::route::{Routes, Way};
use crate::state::{Committed, Queued};
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

/// Finds where a channel's alerts go, and what its alert says beside the error.
pub(crate) fn way(channel: &str, note: String) -> (Option<Arc<Routes>>, Vec<String>) {
    let found = match setup().way(channel, State::Error) {
        Way::To(routes) => (Some(routes), vec![note]),
        Way::Instead(routes, instead) => (Some(routes), vec![note, instead]),
        Way::Silent => (None, Vec::new()),
        Way::Nowhere(warning) => {
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
) -> Box<Alert> {
    Box::new(Alert {
        notes,
        ..Alert::new(
            random::number(),
            kind,
            job,
            &routes.channel,
            to_micros(Utc::now()),
            status,
        )
    })
}

/// Sends an alert that was queued, and tells what became of it.
pub(super) fn send(channel: &str, routes: Option<&Routes>, committed: Committed) -> Told {
    let (Some(routes), Some((alert, queued))) = (routes, committed.alert) else {
        return if channel.is_empty() {
            Told::Nobody
        } else {
            Told::Nowhere(channel.to_owned())
        };
    };
    dispatcher::accept(&routes.all, &alert, &queued);
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
