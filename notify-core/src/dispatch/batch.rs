//! What waits for one destination, by the names of its files alone: what leaves next, and what is
//! given up where too much waits. Of ten thousand alerts nothing but the names is ever in memory.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::message::alert::Kind;
use crate::state::entry::Entry;
use crate::state::rate::Pace;

/// How much may wait for one destination.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Beyond it repeats are given up, and of other alerts the text.
    pub(crate) first: usize,
    /// Beyond it alerts of any kind are given up.
    pub(crate) second: usize,
}

/// A thousand alerts are 25 digests, which are told within a minute and can still be read; they take
/// up 100 MB at most. Ten thousand that were shrunk take up 40 MB, in blocks of 4 KiB, and a quarter
/// of an hour to tell.
pub(crate) const BOUNDS: Bounds = Bounds {
    first: 1_000,
    second: 10_000,
};

/// What waits beyond the bounds, each the oldest first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Surplus {
    /// What is removed, and counted.
    pub(crate) given_up: Vec<Entry>,
    /// What is cut to its first line.
    pub(crate) shrunk: Vec<Entry>,
}

/// Chooses what the next message tells: all that waits, the oldest first, up to `most`.
///
/// An alert that was tried too often steps aside, and with it those of its job, so that they stay
/// in order: they are chosen when nothing else waits.
pub(crate) fn choose(waiting: &[Entry], pace: &Pace, most: usize) -> Vec<Entry> {
    let aside: HashSet<_> = waiting
        .iter()
        .filter(|entry| pace.steps_aside(entry.id()))
        .map(Entry::job)
        .collect();
    let fresh = waiting.iter().filter(|entry| !aside.contains(entry.job()));
    let chosen: Vec<_> = fresh.take(most).cloned().collect();
    if !chosen.is_empty() {
        return chosen;
    }
    let alone = |entry: &&Entry| pace.must_go_alone(entry.id());
    match waiting.first() {
        Some(first) if alone(&first) => vec![first.clone()],
        _ => waiting
            .iter()
            .take_while(|entry| !alone(entry))
            .take(most)
            .cloned()
            .collect(),
    }
}

/// Chooses what is given up of what waits, the oldest first.
///
/// Beyond the first bound repeats are, but for one that alone says that its job still fails, and
/// the oldest of what is left shrink. Beyond the second, failures go together with their
/// recoveries, for that leaves people with what is true; then what a later alert of the job
/// overtakes; then whatever is the oldest.
pub(crate) fn surplus(waiting: &[Entry], bounds: Bounds) -> Surplus {
    if waiting.len() <= bounds.first {
        return Surplus::default();
    }
    let mut gone = BTreeSet::new();
    let mut give_up = |most: usize, candidates: &mut dyn Iterator<Item = Vec<usize>>| {
        while waiting.len() - gone.len() > most
            && let Some(candidates) = candidates.next()
        {
            gone.extend(candidates);
        }
    };
    let all = || 0..waiting.len();
    let last_words = last_words(waiting);
    let mut repeats = all()
        .filter(|at| waiting[*at].kind().is_some_and(Kind::is_repeat) && !last_words.contains(at));
    give_up(bounds.first, &mut repeats.by_ref().map(|at| vec![at]));
    give_up(bounds.second, &mut pairs(waiting).into_iter());
    let newest: HashMap<_, _> = all().map(|at| (waiting[at].job(), at)).collect();
    let mut overtaken = all().filter(|at| newest.get(waiting[*at].job()) != Some(at));
    give_up(bounds.second, &mut overtaken.by_ref().map(|at| vec![at]));
    give_up(bounds.second, &mut all().map(|at| vec![at]));

    let stays = all().filter(|at| !gone.contains(at)).map(|at| &waiting[at]);
    let beyond = (waiting.len() - gone.len()).saturating_sub(bounds.first);
    Surplus {
        shrunk: stays
            .take(beyond)
            .filter(|entry| !entry.is_shrunk())
            .cloned()
            .collect(),
        given_up: gone.into_iter().map(|at| waiting[at].clone()).collect(),
    }
}

/// Returns the repeats without which nothing that waits would say that their job fails.
fn last_words(waiting: &[Entry]) -> HashSet<usize> {
    let (mut failed, mut last_words) = (HashSet::new(), HashMap::new());
    for (at, entry) in waiting.iter().enumerate() {
        let job = entry.job();
        match entry.kind() {
            Some(Kind::StillFailing) if !failed.contains(job) => {
                last_words.insert(job, at);
            }
            Some(Kind::StillFailing | Kind::Overdue) => {}
            Some(kind) if kind.is_remark() => {}
            Some(Kind::Failed) => {
                failed.insert(job);
                last_words.remove(job);
            }
            _ => {
                failed.remove(job);
                last_words.remove(job);
            }
        }
    }
    last_words.into_values().collect()
}

/// Returns the failures that wait together with their recovery, the oldest first.
fn pairs(waiting: &[Entry]) -> Vec<Vec<usize>> {
    let (mut open, mut pairs) = (HashMap::new(), Vec::new());
    for (at, entry) in waiting.iter().enumerate() {
        match entry.kind() {
            Some(Kind::Failed) => {
                open.insert(entry.job(), at);
            }
            Some(Kind::Recovered) => {
                pairs.extend(open.remove(entry.job()).map(|failure| vec![failure, at]));
            }
            _ => {}
        }
    }
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{TimeDelta, Utc};
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    /// Alerts a second apart: each a job, and the letter of the kind.
    fn waiting(alerts: &[(impl AsRef<str>, char)]) -> Vec<Entry> {
        let alerts = (0..).zip(alerts).map(|(second, (job, letter))| {
            let mut alert = testing::alert(job.as_ref(), &format!("{second:x}"));
            alert.decided += TimeDelta::seconds(second);
            alert.kind = Kind::of_letter(*letter).unwrap();
            Entry::of(&alert)
        });
        alerts.collect()
    }

    /// Returns the numbers of what is given up, and of what shrinks.
    fn numbers(waiting: &[Entry], first: usize, second: usize) -> (Vec<usize>, Vec<usize>) {
        let surplus = surplus(waiting, Bounds { first, second });
        let number = |entry: &Entry| waiting.iter().position(|other| other == entry).unwrap();
        (
            surplus.given_up.iter().map(number).collect(),
            surplus.shrunk.iter().map(number).collect(),
        )
    }

    #[test]
    fn a_name_says_what_is_needed_and_one_without_a_kind_is_read_too() {
        let alert = testing::alert("etl.load", "7f3a91c2");
        let entry = Entry::of(&alert);
        let micros = alert.decided.timestamp_micros();
        let name = format!("{micros:016x}-d6f9ad35-f-7f3a91c2");
        assert_eq!(entry.name(), name);
        assert_eq!(Entry::parse(entry.name().to_owned()), Some(entry.clone()));
        assert_eq!(
            (entry.id(), entry.job(), entry.kind(), entry.decided()),
            ("7f3a91c2", "d6f9ad35", Some(Kind::Failed), alert.decided)
        );
        let old = Entry::parse(entry.key()).unwrap();
        assert_eq!(
            (old.kind(), old.is_shrunk(), old.id()),
            (None, false, "7f3a91c2")
        );
        for cut in [entry.shrunk(Kind::Failed), old.shrunk(Kind::Failed)] {
            assert!(cut.is_shrunk() && cut.kind() == Some(Kind::Failed));
            assert_eq!((cut.key(), cut.decided()), (entry.key(), alert.decided));
            assert_eq!(Entry::parse(cut.name().to_owned()), Some(cut));
        }
        for name in [
            "",
            "1",
            "1-2",
            "1-2-x",
            "1-2-ff-3",
            "1-2-f-3-4",
            "1-2-f-x",
            "key",
        ] {
            assert_eq!(Entry::parse(name.to_owned()), None, "{name}");
        }
    }

    #[test]
    fn each_kind_has_a_small_letter_of_its_own() {
        let letters: BTreeSet<_> = Kind::ALL.iter().map(|(.., letter)| letter).collect();
        assert_eq!(letters.len(), Kind::ALL.len());
        for (kind, _, letter) in Kind::ALL {
            assert!(letter.is_ascii_lowercase());
            assert_eq!(
                (Kind::of_letter(letter), kind.letter()),
                (Some(kind), letter)
            );
        }
    }

    #[test]
    fn an_alert_that_keeps_failing_steps_aside_with_those_of_its_job() {
        let entries = waiting(&[("a", 'f'), ("b", 'f'), ("a", 'r'), ("c", 'f')]);
        let mut pace = Pace::new(Utc::now());
        assert_eq!(choose(&entries, &pace, 3), entries[..3]);
        for _ in 0..3 {
            pace.begin([entries[0].id()], Utc::now());
        }
        assert_eq!(
            choose(&entries, &pace, 9),
            [entries[1].clone(), entries[3].clone()]
        );
        assert_eq!(choose(&entries[2..3], &pace, 9), entries[2..3]);
        assert_eq!(choose(&entries[..1], &pace, 9), entries[..1]);
    }

    #[test]
    fn alerts_of_a_message_that_was_refused_leave_one_by_one() {
        let entries = waiting(&[("a", 'f'), ("b", 'f')]);
        let mut pace = Pace::new(Utc::now());
        for entry in &entries {
            pace.send_alone(entry.id());
        }
        assert_eq!(choose(&entries, &pace, 9), entries[..1]);
    }

    #[test]
    fn up_to_the_first_bound_everything_stays() {
        let entries = waiting(&[("a", 'o'), ("a", 's'), ("b", 'f')]);
        assert_eq!(numbers(&entries, 3, 3), (vec![], vec![]));
    }

    #[test]
    fn repeats_go_first_and_the_oldest_of_them_and_no_more_than_needed() {
        let entries = waiting(&[("a", 'f'), ("b", 'o'), ("a", 's'), ("c", 'd'), ("a", 's')]);
        assert_eq!(numbers(&entries, 3, 9), (vec![1, 2], vec![]));
        assert_eq!(numbers(&entries, 1, 9), (vec![1, 2, 3, 4], vec![]));
        assert_eq!(numbers(&entries, 0, 9), (vec![1, 2, 3, 4], vec![0]));
    }

    #[test]
    fn the_last_word_of_a_job_that_still_fails_stays() {
        // The failure of each was told long ago; that of the last waits.
        let entries = waiting(&[
            ("a", 's'),
            ("a", 's'),
            ("b", 'r'),
            ("b", 'f'),
            ("b", 's'),
            ("a", 'd'),
        ]);
        assert_eq!(numbers(&entries, 0, 9).0, [0, 4, 5]);
        let entries = waiting(&[("a", 's'), ("a", 'r'), ("a", 'o')]);
        assert_eq!(numbers(&entries, 0, 9).0, [0, 2]);
    }

    #[test]
    fn what_is_beyond_the_first_bound_shrinks_once_the_oldest_first() {
        let mut entries = waiting(&[("a", 'f'), ("b", 'f'), ("b", 'r'), ("c", 'f')]);
        assert_eq!(numbers(&entries, 2, 9), (vec![], vec![0, 1]));
        entries[0] = entries[0].shrunk(Kind::Failed);
        assert_eq!(numbers(&entries, 2, 9), (vec![], vec![1]));
    }

    #[test]
    fn beyond_the_second_bound_failures_go_with_their_recoveries_and_then_what_is_overtaken() {
        let entries = waiting(&[
            ("a", 'r'),
            ("b", 'f'),
            ("c", 'f'),
            ("b", 'r'),
            ("d", 'f'),
            ("a", 'f'),
        ]);
        assert_eq!(numbers(&entries, 1, 5).0, [1, 3]);
        assert_eq!(numbers(&entries, 1, 4).0, [1, 3]);
        assert_eq!(numbers(&entries, 1, 3).0, [0, 1, 3]);
        assert_eq!(numbers(&entries, 1, 2), (vec![0, 1, 2, 3], vec![4]));
    }

    proptest! {
        #[test]
        fn whatever_is_given_up_what_is_left_tells_how_each_job_is(
            failing in prop::collection::vec(any::<bool>(), 6),
            runs in prop::collection::vec((0..6_usize, any::<bool>()), 0..80),
            first in 0..40_usize,
        ) {
            use crate::status::State;
            let state = |fails| if fails { State::Error } else { State::Ok };
            let mut now: Vec<_> = failing.iter().map(|fails| state(*fails)).collect();
            let history: Vec<_> = runs.iter().map(|(job, fails)| {
                let kind = Kind::of(Some(now[*job]), state(*fails));
                now[*job] = state(*fails);
                (job.to_string(), kind.letter())
            }).collect();
            let entries = waiting(&history);
            let surplus = surplus(&entries, Bounds { first, second: 1_000 });

            let left = |entry: &&Entry| !surplus.given_up.contains(entry);
            let told: Vec<_> = entries.iter().filter(left).collect();
            prop_assert_eq!(told.len() + surplus.given_up.len(), entries.len());
            prop_assert!(told.len() >= entries.len().min(first));
            prop_assert!(surplus.given_up.iter().all(|entry| entry.kind().unwrap().is_repeat()));
            let mut believed = BTreeMap::new();
            let mut names = BTreeMap::new();
            for (entry, (job, _)) in entries.iter().zip(&history) {
                names.insert(entry.job().to_owned(), job.parse::<usize>().unwrap());
            }
            for entry in &told {
                let fails = matches!(entry.kind(), Some(Kind::Failed | Kind::StillFailing));
                believed.insert(entry.job().to_owned(), fails);
            }
            for (hash, job) in names {
                let fails = now[job] == State::Error;
                // A job that is well may go unmentioned; one that fails may not.
                prop_assert_eq!(believed.get(&hash).copied().unwrap_or(false), fails);
            }
        }

        #[test]
        fn no_more_is_left_than_the_second_bound(
            alerts in prop::collection::vec(("[a-e]", prop::sample::select(vec!['f', 's', 'r', 'o', 'd'])), 0..80),
            first in 0..40_usize,
            more in 0..40_usize,
        ) {
            let entries = waiting(&alerts);
            let bounds = Bounds { first, second: first + more };
            let surplus = surplus(&entries, bounds);
            let left = entries.len() - surplus.given_up.len();
            prop_assert!(left <= bounds.second);
            prop_assert_eq!(surplus.shrunk.len(), left.saturating_sub(first));
            prop_assert!(surplus.shrunk.iter().all(|entry| !surplus.given_up.contains(entry)));
        }
    }
}
