//! An alert that waits, by the name of its file alone.

use chrono::DateTime;

use crate::format::hash;
use crate::format::time::Time;
use crate::message::alert::{Alert, Kind};

/// An alert that waits: its file's name, which sorts by time and says the job, the kind and the id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Entry(String);

impl Entry {
    pub(crate) fn of(alert: &Alert) -> Self {
        let micros = alert.decided.timestamp_micros().max(0).cast_unsigned();
        let job = hash::hex(hash::hash(&alert.job));
        let kind = alert.kind.letter().encode_utf8(&mut [0; 4]).to_owned();
        // Eight digits distinguish jobs well enough: two that share them only keep to one order.
        Self([&*hash::hex(micros), &job[..8], &kind, &alert.id].join("-"))
    }

    /// Returns what a held alert is named once it waits: by what it says, or where it cannot be read, by its held name.
    pub(crate) fn of_held(name: &str, alert: Option<&Alert>) -> Option<Self> {
        match alert {
            Some(alert) => Some(Self::of(alert)),
            None => Self::parse(name.replacen('-', "-00000000-", 1)),
        }
    }

    /// Reads a file's name; `None` where it is none of an alert's. An older one does not say the kind.
    pub(crate) fn parse(name: String) -> Option<Self> {
        let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_letter =
            |part: &str| part.len() == 1 && part.bytes().all(|c| c.is_ascii_alphabetic());
        let parts: Vec<_> = name.splitn(5, '-').collect();
        let is_one = match *parts {
            [time, job, id] => is_hex(time) && is_hex(job) && is_hex(id),
            [time, job, kind, id] => is_hex(time) && is_hex(job) && is_letter(kind) && is_hex(id),
            _ => false,
        };
        is_one.then_some(Self(name))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    #[inline(never)]
    pub(crate) fn id(&self) -> &str {
        self.0.rsplit('-').next().unwrap_or_default()
    }

    /// Returns what the alerts of one job have in common.
    pub(crate) fn job(&self) -> &str {
        self.part(1)
    }

    pub(crate) fn decided(&self) -> Time {
        let micros = i64::from_str_radix(self.part(0), 16).ok();
        micros
            .and_then(DateTime::from_timestamp_micros)
            .unwrap_or_default()
    }

    /// Returns its kind, where the name says so: a version before wrote it large once it had cut the alert to its first line.
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.letter()
            .and_then(|letter| Kind::of_letter(letter.to_ascii_lowercase()))
    }

    /// Returns what stays the same when a version before cuts it.
    pub(crate) fn key(&self) -> String {
        [self.part(0), self.job(), self.id()].join("-")
    }

    /// Returns whether the other is the same alert, be one of them cut.
    pub(crate) fn is_same_alert_as(&self, other: &Self) -> bool {
        (self.part(0), self.job(), self.id()) == (other.part(0), other.job(), other.id())
    }

    fn letter(&self) -> Option<char> {
        let mut rest = self.0.splitn(4, '-').skip(2);
        let kind = rest.next()?;
        rest.next().and_then(|_| kind.chars().next())
    }

    fn part(&self, number: usize) -> &str {
        self.0.split('-').nth(number).unwrap_or_default()
    }
}
