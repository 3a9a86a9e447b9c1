//! What keeps an alert of a job from being sent: a hold, a silence, an acknowledgement, or a planned quiet.

use crate::format::time::{self, Time};

/// An alert that is due and held back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    /// When it is sent at the latest.
    pub(crate) until: Time,
    /// Where it waits, for each destination: the queue's folder and the file.
    pub(crate) alerts: Vec<String>,
}

/// Stands in the place of the error, where runs that are overdue were silenced.
pub(crate) const OVERDUE: &str = "overdue";

/// What a person has silenced: one error, for some time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Silence {
    pub(crate) until: Time,
    /// The error's fingerprint.
    pub(crate) error: String,
    pub(crate) because: Option<String>,
}

/// That somebody is at an error: it is not sent again until then, or while it lasts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Acknowledged {
    /// The error's fingerprint.
    pub(crate) error: String,
    pub(crate) by: String,
    pub(crate) until: Option<Time>,
    pub(crate) because: Option<String>,
}

/// A time in which alerts are withheld, by a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quiet {
    /// When it ends.
    pub until: Time,
    /// Why, as its author says.
    pub because: Option<String>,
}

impl Held {
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (alerts, until) = value.split_once(" until ")?;
        Some(Self {
            until: time::parse(until)?,
            alerts: alerts.split(' ').map(str::to_owned).collect(),
        })
    }

    pub(super) fn render(&self) -> String {
        format!("{} until {}", self.alerts.join(" "), time::show(self.until))
    }
}

/// Takes a value apart into what was said, and why.
fn split_because(value: &str) -> (&str, Option<String>) {
    match value.split_once(" because ") {
        Some((value, because)) => (value, Some(because.to_owned())),
        None => (value, None),
    }
}

fn with_because(value: String, because: Option<&String>) -> String {
    match because {
        Some(because) => value + " because " + because,
        None => value,
    }
}

impl Silence {
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (error, rest) = value.split_once(" until ")?;
        let (until, because) = split_because(rest);
        Some(Self {
            until: time::parse(until)?,
            error: error.strip_prefix("error ")?.to_owned(),
            because,
        })
    }

    pub(super) fn render(&self) -> String {
        let value = format!("error {} until {}", self.error, time::show(self.until));
        with_because(value, self.because.as_ref())
    }
}

impl Acknowledged {
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (value, because) = split_because(value);
        let (rest, by) = value.split_once(" by ")?;
        let (error, until) = match rest.split_once(" until ") {
            Some((error, until)) => (error, Some(time::parse(until)?)),
            None => (rest, None),
        };
        Some(Self {
            error: error.strip_prefix("error ")?.to_owned(),
            by: by.to_owned(),
            until,
            because,
        })
    }

    pub(super) fn render(&self) -> String {
        let until = self.until.map(time::show);
        let until = until.map_or_else(String::new, |until| format!(" until {until}"));
        let value = format!("error {}{until} by {}", self.error, self.by);
        with_because(value, self.because.as_ref())
    }

    pub(crate) fn lasts(&self, now: Time) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

impl Quiet {
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (until, because) = split_because(value);
        Some(Self {
            until: time::parse(until.strip_prefix("until ")?)?,
            because,
        })
    }

    pub(super) fn render(&self) -> String {
        with_because(
            format!("until {}", time::show(self.until)),
            self.because.as_ref(),
        )
    }
}
