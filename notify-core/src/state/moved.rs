//! The jobs whose alerts have left the queue of a broken channel.

use crate::format::fields::Fields;
use crate::format::hash;
use crate::message::alert::{Alert, Kind};
use crate::state::entry::Entry;
use crate::status::State;

/// The jobs whose failures have left a queue for `alerts`, by the hash of their names.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Moved(Vec<(String, Before)>);

/// What the broken channel had received of the failure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// Its first alert: its recovery goes there, too.
    Beginning,
}

impl Moved {
    pub(crate) fn parse(content: &str) -> Self {
        let fields = Fields::parse(content);
        let before = |value: &str| match value {
            "beginning" => Before::Beginning,
            _ => Before::Nothing,
        };
        let jobs = fields.iter();
        Self(
            jobs.map(|(job, value)| (job.to_owned(), before(value)))
                .collect(),
        )
    }

    pub(crate) fn render(&self) -> String {
        let mut fields = Fields::default();
        for (job, before) in &self.0 {
            let value = match before {
                Before::Nothing => "nothing",
                Before::Beginning => "beginning",
            };
            fields.put(job, value);
        }
        fields.render()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether an alert may be of one of the jobs, by its file's name alone.
    pub(crate) fn may_hold(&self, entry: &Entry) -> bool {
        self.0.iter().any(|(job, _)| job.starts_with(entry.job()))
    }

    /// Returns whether an alert follows one that has left. A failure that begins anew is tried at its
    /// own channel first.
    pub(crate) fn leads(&self, alert: &Alert) -> bool {
        alert.kind != Kind::Failed && self.place(alert).is_some()
    }

    /// Notes that an alert leaves; returns whether a copy of it stays.
    pub(crate) fn leave(&mut self, alert: &Alert) -> bool {
        if alert.status.state == State::Ok {
            let place = self.place(alert);
            return place.is_some_and(|place| self.0.remove(place).1 == Before::Beginning);
        }
        let before = match alert.kind {
            Kind::StillFailing => Before::Beginning,
            _ => Before::Nothing,
        };
        match self.place(alert) {
            None => self.0.push((key(alert), before)),
            Some(place) if alert.kind == Kind::Failed => self.0[place].1 = Before::Nothing,
            Some(_) => {}
        }
        false
    }

    /// Adds those of another, which knows the present failures of its jobs.
    pub(crate) fn add(&mut self, other: &Self) {
        self.0
            .retain(|(job, _)| other.0.iter().all(|(of, _)| of != job));
        self.0.extend_from_slice(&other.0);
    }

    fn place(&self, alert: &Alert) -> Option<usize> {
        let key = key(alert);
        self.0.iter().position(|(job, _)| *job == key)
    }
}

fn key(alert: &Alert) -> String {
    hash::hex(hash::hash(&alert.job))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn alert(kind: Kind, state: State) -> Alert {
        let mut alert = testing::alert("etl.load", "a1");
        alert.kind = kind;
        alert.status.state = state;
        alert
    }

    #[test]
    fn what_follows_a_failure_that_left_goes_after_it_until_the_job_works() {
        let mut moved = Moved::default();
        let (failed, still) = (
            alert(Kind::Failed, State::Error),
            alert(Kind::StillFailing, State::Error),
        );
        let recovered = alert(Kind::Recovered, State::Ok);
        assert!(!moved.leads(&still) && !moved.leads(&recovered));
        assert!(!moved.leave(&failed));
        let mut moved = Moved::parse(&moved.render());
        assert!(moved.leads(&still) && moved.leads(&recovered));
        assert!(
            !moved.leads(&failed),
            "a new failure is tried at its channel"
        );
        assert!(moved.may_hold(&Entry::of(&recovered)));
        assert!(!moved.leave(&still));
        assert!(!moved.leave(&recovered), "nobody else heard of it");
        assert!(moved.is_empty());
    }

    #[test]
    fn people_who_heard_of_the_beginning_hear_of_the_end_as_well() {
        let mut moved = Moved::default();
        moved.leave(&alert(Kind::StillFailing, State::Error));
        let mut moved = Moved::parse(&moved.render());
        assert!(moved.leave(&alert(Kind::Recovered, State::Ok)));
    }
}
