//! What was dropped from a queue and no message has said yet, in the queue's file.

use crate::format::fields::Fields;
use crate::format::{text, time};
use crate::message::alert::Kind;
use crate::message::dropped::Dropped;
use crate::state::entry::Entry;

/// The alerts that were dropped since the last message that said so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) dropped: Dropped,
    /// The names of those that are counted and perhaps not removed yet.
    pub(crate) going: Vec<String>,
}

const REPEATS: &str = "repeats";
const OTHERS: &str = "others";
/// What versions before counted apart from [`OTHERS`].
const OLD_OTHERS: [&str; 2] = ["failures", "recoveries"];
const OLDEST: &str = "oldest";
const GOING: &str = "going";

impl Loss {
    /// Counts alerts that are about to be removed.
    pub(crate) fn count(&mut self, entries: &[Entry]) {
        let Dropped {
            repeats,
            others,
            oldest,
        } = &mut self.dropped;
        for entry in entries {
            let is_repeat = entry.kind().is_some_and(Kind::is_repeat);
            let count = if is_repeat {
                &mut *repeats
            } else {
                &mut *others
            };
            *count = count.saturating_add(1);
            let decided = entry.decided();
            *oldest = Some(oldest.map_or(decided, |oldest| oldest.min(decided)));
        }
        let names = entries.iter().map(|entry| entry.name().to_owned());
        self.going = names.collect();
    }

    pub(crate) fn take_off(&mut self, said: &Dropped) {
        let dropped = &mut self.dropped;
        dropped.repeats = dropped.repeats.saturating_sub(said.repeats);
        dropped.others = dropped.others.saturating_sub(said.others);
        if self.is_empty() {
            self.dropped.oldest = None;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.dropped.count() == 0
    }

    /// Writes the queue's file.
    pub(crate) fn render(&self) -> String {
        let mut fields = Fields::default();
        let Dropped {
            repeats,
            others,
            oldest,
        } = &self.dropped;
        for (key, count) in [(REPEATS, repeats), (OTHERS, others)] {
            fields.put(key, count.to_string());
        }
        fields.put_some(OLDEST, oldest.map(time::show));
        for name in &self.going {
            fields.put(GOING, &**name);
        }
        fields.render()
    }

    /// Reads the queue's file.
    pub(crate) fn parse(content: &str) -> Self {
        let fields = Fields::parse(content);
        let count = |key| -> u64 {
            let count = fields.get(key).and_then(text::number);
            count.unwrap_or_default()
        };
        let others = OLD_OTHERS.into_iter().map(count);
        Self {
            dropped: Dropped {
                repeats: count(REPEATS),
                others: others.fold(count(OTHERS), u64::saturating_add),
                oldest: fields.get(OLDEST).and_then(time::parse),
            },
            going: fields.all(GOING),
        }
    }
}

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
    fn what_was_dropped_is_counted_until_a_message_has_said_it() {
        let mut loss = Loss::default();
        assert_eq!(loss.dropped.words(), None);
        loss.count(&entries());
        assert_eq!(
            loss.dropped.words().unwrap(),
            "and 4 more alerts were dropped, the oldest of 2026-11-22 13:00 UTC: 2 repeats, 2 others"
        );
        assert_eq!(Loss::parse(&loss.render()), loss);
        let said = loss.dropped.clone();
        loss.count(&entries()[..1]);
        loss.take_off(&said);
        assert_eq!(
            loss.dropped.words().unwrap(),
            "and 1 more alert was dropped, the oldest of 2026-11-22 13:00 UTC: 1 others"
        );
        loss.take_off(&said);
        assert_eq!(
            loss.dropped,
            Dropped::default(),
            "the next is the oldest again"
        );
    }

    /// Issue 13, point 1: a file of the version before counted by four kinds.
    #[test]
    fn an_older_file_is_understood() {
        let loss = Loss::parse(
            "repeats: 7\nfailures: 2\nrecoveries: 3\nothers: 1\n\
             oldest: 2026-11-22 13:00:00:000000 UTC\ngoing: a\n",
        );
        assert_eq!((loss.dropped.repeats, loss.dropped.others), (7, 6));
        assert_eq!(loss.going, ["a"]);
    }
}
