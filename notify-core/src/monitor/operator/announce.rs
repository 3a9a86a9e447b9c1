//! The message about what a person does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Desk, Refused, setup};
use crate::dispatch::dispatcher;
use crate::message::alert::{Alert, Kind};
use crate::monitor::view;
use crate::os::clock;
use crate::os::random;
use crate::os::redact;
use crate::os::warning::Warning;
use crate::settings::route::Routes;
use crate::settings::setup::Setup;
use crate::state::change::Change;
use crate::state::{Committed, Queued};
use crate::status::{State, Status};

/// How long a person waits for an alert to be accepted.
const PATIENCE: Duration = Duration::from_secs(5);

/// What became of the message about what a person does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announcement {
    /// The channel has taken it.
    Delivered(String),
    /// The channel has refused it, for that reason.
    Refused(String, String),
    /// It waits, and is sent later.
    Waits(String),
    /// The channel has no destination; what to do about it is on standard error.
    Nowhere(String),
    /// No message was to be sent.
    Nobody,
}

/// A failure that a person has silenced or acknowledged.
#[derive(Debug)]
#[expect(missing_docs, reason = "as they say")]
pub struct Marked {
    pub job: String,
    pub error: String,
    pub announcement: Announcement,
}

/// Where an alert goes, if anywhere, and what it says beside the error.
pub(crate) type Way = (Option<Arc<Routes>>, Vec<String>);

/// Finds where a channel's alerts go, and what its alert says beside the error.
pub(crate) fn way(channel: &str, note: String) -> Way {
    let setup = setup();
    let found = setup.way(channel, State::Error);
    let found = found.map_err(Warning::warn).ok().flatten();
    setup.warn_of_problems();
    match found {
        Some(way) => (
            Some(way.routes),
            [note].into_iter().chain(way.note).collect(),
        ),
        None => (None, Vec::new()),
    }
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
    let facts = context(setup()).into_iter();
    let hidden = |(name, value): (String, String)| (name, redact::hide(&value).into_owned());
    Box::new(Alert {
        notes,
        facts: facts.map(hidden).collect(),
        ..Alert::new(
            random::number(),
            kind,
            job,
            &routes.channel,
            clock::now(),
            status,
        )
    })
}

/// Returns what each alert says of where it comes from, also one of no run.
pub(crate) fn context(setup: &Setup) -> Vec<(String, String)> {
    let facts = setup.facts.iter().filter(|(name, _)| name == "context");
    facts.cloned().collect()
}

impl Desk {
    /// Writes what a person says of a failure into its job's status, and sends a message to the channel.
    ///
    /// `deed` is given the status, and whether the message goes anywhere. It returns the new status, what kind of
    /// alert that is, and the failure in words. `focus` takes out of the alert's status what the message is not
    /// about.
    pub(super) fn mark(
        &self,
        job: &str,
        channel: Option<&str>,
        note: String,
        focus: fn(&mut Status),
        mut deed: impl FnMut(&Status, bool) -> Result<(Status, Kind, String), Refused>,
    ) -> Result<Marked, Refused> {
        let file = self.file_of(job)?;
        let channel = self.channel_of(&file, channel);
        let (routes, notes) = way(&channel, note);
        let mut error = String::new();
        let committed = self.change(&file, |past| {
            let known = self.known(past, job)?;
            let (status, kind, words) = deed(known, routes.is_some())?;
            error = words;
            // The message that says so is the first that some hear of it.
            let is_new = |error: &&String| routes.is_some() && !status.sent_errors.contains(error);
            let new = status.fingerprint.iter().filter(is_new);
            let sent_errors = status.sent_errors.iter().chain(new).cloned().collect();
            // It is the same error, of which nobody wants to hear.
            let withdrawn = status.held.map(|held| held.alerts).unwrap_or_default();
            let status = Status {
                sent_errors,
                held: None,
                // For whoever sends that the silence is over.
                channel: match (&routes, status.alerted_channel.as_deref()) {
                    (Some(_), alerted) if alerted != Some(&*channel) => {
                        Some(channel.clone().into())
                    }
                    _ => status.channel,
                },
                ..status
            };
            let alert = routes.as_deref().map(|routes| {
                let (job, mut shown) = (view::shown_name(&file), status.clone());
                focus(&mut shown);
                new_alert(kind, job, routes, notes.clone(), shown)
            });
            Ok(Change {
                status: Some(status),
                queues: queues_of(routes.as_deref()),
                withdrawn,
                alert,
                ..Change::default()
            })
        })?;
        Ok(Marked {
            job: view::shown_name(&file),
            error,
            announcement: send(&channel, routes.as_deref(), committed),
        })
    }

    /// Takes something out of a job's status, and returns it where it was there.
    pub(super) fn take_back<T>(
        &self,
        job: &str,
        take: fn(&mut Status) -> Option<T>,
    ) -> Result<Option<T>, Refused> {
        let file = self.file_of(job)?;
        let mut taken = None;
        self.change(&file, |past| {
            let mut status = self.known(past, job)?.clone();
            taken = take(&mut status);
            Ok(Change {
                noted: taken.is_some().then_some(status),
                ..Change::default()
            })
        })?;
        Ok(taken)
    }
}

/// Sends an alert that was queued, and returns what became of it.
pub(super) fn send(channel: &str, routes: Option<&Routes>, committed: Committed) -> Announcement {
    let (Some(routes), Some((alert, queued))) = (routes, committed.alert) else {
        return if channel.is_empty() {
            Announcement::Nobody
        } else {
            Announcement::Nowhere(channel.to_owned())
        };
    };
    dispatcher::accept(&routes.all, &alert, &queued);
    dispatcher::finish(Instant::now() + PATIENCE);
    let entries = queued.iter().zip(&routes.all);
    let entries = entries.filter_map(|(queued, route)| match (queued, &route.queue) {
        (Queued::Waits(entry), Some(queue)) => Some((entry, queue)),
        _ => None,
    });
    let waits = entries.clone().any(|(entry, queue)| queue.holds(entry));
    let channel = routes.channel.clone();
    if waits || dispatcher::is_waited_for() {
        return Announcement::Waits(channel);
    }
    let mut reasons = entries.filter_map(|(entry, queue)| queue.rejection(entry).ok()?);
    match reasons.next() {
        Some(reason) => Announcement::Refused(channel, reason),
        None => Announcement::Delivered(channel),
    }
}
