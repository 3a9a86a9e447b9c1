//! One message that the rules decided to send.

mod kind;
mod stored;
mod wording;

use std::borrow::Cow;
use std::time::Duration;

use crate::format::clone::clone_in_one_place;
use crate::format::hash;
use crate::format::time::Time;
use crate::message::dropped::Dropped;
use crate::message::written::Message;
use crate::status::fingerprint;
use crate::status::{State, Status};

pub use kind::Kind;
pub(crate) use stored::{fact, facts};

/// One message that the rules decided to send: a job, what became of it, and its status then.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Alert, Kind, Message, State, notify, samples};
///
/// // As `#[notify(message = message)]` calls it.
/// fn message(alert: &Alert) -> Message {
///     match alert.state() {
///         State::Error => Message::new().line(format!("the last job to fail: {}", alert.job())),
///         _ => Message::new(),
///     }
/// }
///
/// #[notify(message = message)]
/// fn load() -> Result<(), String> {
///     Err("no route".to_owned())
/// }
///
/// let samples = samples();
/// let failed = samples.iter().find(|alert| alert.kind() == Kind::Failed);
/// assert_eq!(failed.map(Alert::state), Some(State::Error));
/// # let _ = load();
/// ```
#[derive(Debug, PartialEq)]
pub struct Alert {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) job: String,
    pub(crate) channel: String,
    pub(crate) decided: Time,
    pub(crate) incident: Option<String>,
    /// The first line of the run before, where that failed otherwise.
    pub(crate) earlier_error: Option<String>,
    /// What is over.
    pub(crate) outage: Option<Outage>,
    /// Whom it mentions.
    pub(crate) mention: Option<String>,
    /// Where it ran, beside what the status says: names and values.
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) notes: Vec<String>,
    /// What a function of the program has written into it.
    pub(crate) message: Message,
    /// What was dropped from the queue that it leaves, and its message is to say; no file holds it.
    pub(crate) dropped: Option<Dropped>,
    /// How many of the jobs that its message speaks of work again, of how many; no file holds it.
    pub(crate) recovered: Option<(usize, usize)>,
    pub(crate) status: Status,
}

clone_in_one_place! {
    Alert {
        id, kind, job, channel, decided, incident, earlier_error, outage, mention, facts, notes, message,
        dropped, recovered, status,
    }
}

/// What a job recovered from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outage {
    /// When the first run that failed began.
    pub(crate) since: Time,
    /// How many runs failed.
    pub(crate) runs: u64,
    /// The first line of the first error.
    pub(crate) error: String,
}

impl Alert {
    /// Makes one that says nothing beside the status.
    pub(crate) fn new(
        id: u64,
        kind: Kind,
        job: String,
        channel: &str,
        decided: Time,
        status: Status,
    ) -> Self {
        Self {
            id: hash::hex(id),
            kind,
            job,
            channel: channel.to_owned(),
            decided,
            incident: status.incident.clone(),
            earlier_error: None,
            outage: None,
            mention: None,
            facts: Vec::new(),
            notes: Vec::new(),
            message: Message::default(),
            dropped: None,
            recovered: None,
            status,
        }
    }

    /// Returns the id of this alert: two messages with one id are the same event.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns what became of the job.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the job's name, which is also its status file's.
    #[must_use]
    pub fn job(&self) -> &str {
        &self.job
    }

    /// Returns the channel that the alert was sent to.
    #[must_use]
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Returns the job's state: the status file's first line.
    #[must_use]
    pub fn state(&self) -> State {
        self.status.state
    }

    /// Returns the error's text, empty where there is none.
    #[must_use]
    pub fn error(&self) -> &str {
        self.status.text.trim_end()
    }

    /// Returns the last lines that the run has logged, oldest first, such as
    /// `13:00:00.123 INFO etl::load: reading orders.csv`; none where it works, or nothing
    /// [keeps them](crate::LastLines).
    pub fn log_lines(&self) -> impl Iterator<Item = &str> {
        self.status.log_lines.iter()
    }

    /// Returns those that belong below the error, as many as have room there, by a measure of a line with its end:
    /// none where the program has written another text.
    pub(crate) fn lines_below(
        &self,
        room: usize,
        measure: &dyn Fn(&str) -> usize,
    ) -> Vec<Cow<'_, str>> {
        match &self.message.text {
            Some(_) => Vec::new(),
            None => self.status.log_lines.within(room, measure),
        }
    }

    /// Returns the id that all alerts from a job's first failure to its recovery share.
    #[must_use]
    pub fn incident(&self) -> Option<&str> {
        self.incident.as_deref()
    }

    /// Returns how long the run took; `None` where it is not known.
    #[must_use]
    pub fn took(&self) -> Option<Duration> {
        self.status.took
    }

    /// Returns the address of the page that says what to do: the attribute's `runbook`.
    #[must_use]
    pub fn runbook(&self) -> Option<&str> {
        self.status.runbook.as_deref()
    }

    /// Returns whose job it is: the attribute's `owner`.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.status.owner.as_deref()
    }

    /// Returns the facts of an alert, by name: of where it ran, such as `context` (`NOTIFY_CONTEXT`), what the run
    /// said of itself ([`fact`](crate::fact())), and what a [`Message`] added.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &str)> {
        let place = self.facts.iter();
        let place = place.map(|(name, value)| (name.as_str(), value.as_str()));
        let run = self.status.facts.iter();
        place.chain(run).chain(self.message.facts.iter())
    }

    /// Returns the value of a fact; of several with one name, the last one's.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&str> {
        let named = self.facts().filter(|(known, _)| *known == name);
        named.last().map(|(_, value)| value)
    }

    /// Returns what two errors share that are alike but for numbers, ids and the like.
    pub(crate) fn fingerprint(&self) -> String {
        let known = self.status.fingerprint.clone();
        known.unwrap_or_else(|| fingerprint::of(&self.status.text))
    }
}

#[cfg(test)]
mod tests;
