//! What was given up and people have not been told of: how many alerts, of which kinds.

use std::collections::BTreeMap;

use crate::format::fields::Fields;
use crate::format::time::{self, Time};
use crate::message::alert::Kind;
use crate::message::digest;
use crate::state::entry::Entry;

/// How many alerts were given up since the last message that said so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Loss {
    counts: BTreeMap<What, u64>,
    /// When the oldest of them was decided.
    oldest: Option<Time>,
    /// The names of those that are counted and perhaps not removed yet.
    pub(crate) going: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Repeat,
    Failure,
    Recovery,
    Other,
}

impl What {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Repeat, "repeat", "repeats"),
        (Self::Failure, "failure", "failures"),
        (Self::Recovery, "recovery", "recoveries"),
        (Self::Other, "other", "others"),
    ];

    fn of(kind: Option<Kind>) -> Self {
        match kind {
            Some(Kind::Failed) => Self::Failure,
            Some(Kind::Recovered) => Self::Recovery,
            Some(kind) if kind.is_repeat() => Self::Repeat,
            _ => Self::Other,
        }
    }
}

impl Loss {
    /// Counts alerts that are about to be removed.
    pub(crate) fn count(&mut self, entries: &[Entry]) {
        for entry in entries {
            let count = self.counts.entry(What::of(entry.kind())).or_default();
            *count = count.saturating_add(1);
            let decided = entry.decided();
            self.oldest = Some(self.oldest.map_or(decided, |oldest| oldest.min(decided)));
        }
        self.going = entries
            .iter()
            .map(|entry| entry.name().to_owned())
            .collect();
    }

    /// Takes off what people have been told of.
    pub(crate) fn tell(&mut self, told: &Self) {
        for (what, count) in &told.counts {
            if let Some(left) = self.counts.get_mut(what) {
                *left = left.saturating_sub(*count);
            }
        }
        self.counts.retain(|_, count| *count > 0);
        if self.is_empty() {
            self.oldest = None;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Returns what the next message says of it; `None` where nothing was given up.
    pub(crate) fn line(&self) -> Option<String> {
        let counts: Vec<_> = What::ALL
            .into_iter()
            .filter_map(|(what, one, many)| {
                let count = *self.counts.get(&what)?;
                Some((count, if count == 1 { one } else { many }))
            })
            .collect();
        (!counts.is_empty()).then(|| digest::given_up(&counts, self.oldest.unwrap_or_default()))
    }

    /// Writes the queue's file.
    pub(crate) fn render(&self) -> String {
        let mut fields = Fields::default();
        for (what, _, many) in What::ALL {
            fields.put_some(many, self.counts.get(&what).map(u64::to_string));
        }
        fields.put_some("oldest", self.oldest.map(time::show));
        for name in &self.going {
            fields.put(GOING, &**name);
        }
        fields.render()
    }

    /// Reads the queue's file.
    pub(crate) fn parse(content: &str) -> Self {
        let fields = Fields::parse(content);
        let count = |key| fields.get(key).and_then(|count| count.parse().ok());
        let going = fields.iter().filter(|(key, _)| *key == GOING);
        Self {
            counts: What::ALL
                .into_iter()
                .filter_map(|(what, _, many)| Some((what, count(many)?)))
                .filter(|(_, count)| *count > 0)
                .collect(),
            oldest: fields.get("oldest").and_then(time::parse),
            going: going.map(|(_, name)| name.to_owned()).collect(),
        }
    }
}

const GOING: &str = "going";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn entries() -> Vec<Entry> {
        let kinds = [
            Kind::Failed,
            Kind::StillFailing,
            Kind::Overdue,
            Kind::Recovered,
        ];
        let alerts = kinds.map(|kind| {
            let mut alert = testing::alert("etl.load", "1");
            alert.kind = kind;
            alert
        });
        alerts.iter().map(Entry::of).collect()
    }

    #[test]
    fn what_was_given_up_is_counted_by_kind_until_it_is_told() {
        let mut loss = Loss::default();
        assert_eq!(loss.line(), None);
        loss.count(&entries());
        assert_eq!(
            loss.line().unwrap(),
            "and 4 more alerts were given up, the oldest of 2026-11-22 13:00 UTC: 2 repeats, 1 failure, 1 recovery"
        );
        assert_eq!(Loss::parse(&loss.render()), loss);
        let told = loss.clone();
        loss.count(&entries()[..1]);
        loss.tell(&told);
        assert!(loss.line().unwrap().ends_with(
            "and 1 more alert was given up, the oldest of 2026-11-22 13:00 UTC: 1 failure"
        ));
        loss.tell(&told);
        assert!(loss.is_empty() && loss.line().is_none());
    }
}
