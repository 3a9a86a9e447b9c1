//! What waits for one destination, by the names of its files alone: what leaves next, and what is
//! dropped where too much waits. Of ten thousand alerts nothing but the names is ever in memory.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::format::time::Time;
use crate::message::alert::Kind;
use crate::state::entry::Entry;
use crate::state::rate::Pace;

/// How many alerts may wait for one destination: most take a block of 4 KiB, and in 250 digests, one a second,
/// all of them leave within five minutes.
pub(crate) const MOST: usize = 10_000;

/// What is to be dropped of what waits.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Surplus {
    /// They say what an earlier alert of their job said.
    pub(crate) repeats: Vec<Entry>,
    /// Of these nobody has heard, and their jobs are to count so.
    pub(crate) others: Vec<Entry>,
}

/// Chooses the alerts of the next message: all that waits, the oldest first, up to `most`.
///
/// An alert that was tried too often steps aside, and with it those of its job, so that they stay
/// in order: they are chosen when nothing else waits.
pub(crate) fn choose(waiting: &[Entry], pace: &Pace, most: usize) -> Vec<Entry> {
    let tried = waiting.iter();
    let tried = tried.filter(|entry| pace.steps_aside(entry.id()));
    let aside: HashSet<_> = tried.map(Entry::job).collect();
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

/// Leaves out what waits by itself, with what is of its job; and returns when the first of that may leave.
pub(crate) fn due<'a>(
    waiting: &'a [Entry],
    pace: &Pace,
    now: Time,
) -> (Cow<'a, [Entry]>, Option<Time>) {
    let (mut put_off, mut first) = (HashSet::new(), None);
    for entry in waiting {
        if let Some(until) = pace.is_put_off(entry.id(), now) {
            put_off.insert(entry.job());
            first = Some(first.map_or(until, |first: Time| first.min(until)));
        }
    }
    if put_off.is_empty() {
        return (Cow::Borrowed(waiting), None);
    }
    let is_due = |entry: &&Entry| !put_off.contains(entry.job());
    (waiting.iter().filter(is_due).cloned().collect(), first)
}

/// Chooses what is dropped, so that no more than `most` wait.
///
/// Repeats go first, the oldest first, but for one that alone says that its job still fails. Where that is not
/// enough, the newest of the others go, and a failure together with its recovery. The recovery of a
/// failure that was sent stays, however many wait: people would believe for ever that the job fails.
pub(crate) fn surplus(waiting: &[Entry], most: usize) -> Surplus {
    let Some(mut beyond) = waiting.len().checked_sub(most).filter(|beyond| *beyond > 0) else {
        return Surplus::default();
    };
    let last_words = last_words(waiting);
    let mut surplus = Surplus::default();
    let mut goes = vec![false; waiting.len()];
    for (at, entry) in waiting.iter().enumerate() {
        let is_last = || last_words.get(entry.job()) == Some(&at);
        if beyond > 0 && entry.kind().is_some_and(Kind::is_repeat) && !is_last() {
            goes[at] = true;
            beyond -= 1;
            surplus.repeats.push(entry.clone());
        }
    }
    let failures = failures_of_recoveries(waiting);
    let is_repeat = goes.clone();
    for at in (0..waiting.len()).rev() {
        if beyond == 0 {
            break;
        }
        let others: &[usize] = match (waiting[at].kind(), failures[at]) {
            (Some(Kind::Recovered), Some(failure)) => &[failure, at],
            (Some(Kind::Recovered) | None, _) => &[],
            (Some(_), _) => &[at],
        };
        for other in others {
            let goes_too = !std::mem::replace(&mut goes[*other], true);
            beyond = beyond.saturating_sub(usize::from(goes_too));
        }
    }
    for (at, entry) in waiting.iter().enumerate() {
        if goes[at] && !is_repeat[at] {
            surplus.others.push(entry.clone());
        }
    }
    surplus
}

/// Returns the repeats without which nothing that waits would say that their job fails, by their jobs.
fn last_words(waiting: &[Entry]) -> HashMap<&str, usize> {
    let (mut failed, mut last_words) = (HashSet::new(), HashMap::new());
    for (at, entry) in waiting.iter().enumerate() {
        let job = entry.job();
        match entry.kind() {
            Some(Kind::StillFailing) if !failed.contains(job) => {
                last_words.insert(job, at);
            }
            Some(Kind::StillFailing | Kind::Overdue | Kind::Started) => {}
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
    last_words
}

/// Returns where the failure of each recovery stands, if that waits, too.
fn failures_of_recoveries(waiting: &[Entry]) -> Vec<Option<usize>> {
    let (mut open, mut failures) = (HashMap::new(), vec![None; waiting.len()]);
    for (at, entry) in waiting.iter().enumerate() {
        match entry.kind() {
            Some(Kind::Failed) => {
                open.entry(entry.job()).or_insert(at);
            }
            Some(Kind::Recovered) => {
                failures[at] = open.remove(entry.job());
            }
            _ => {}
        }
    }
    failures
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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

    /// Returns the numbers of the repeats that are dropped, and of the others.
    fn numbers(waiting: &[Entry], most: usize) -> (Vec<usize>, Vec<usize>) {
        let surplus = surplus(waiting, most);
        let number = |entry: &Entry| waiting.iter().position(|other| other == entry).unwrap();
        (
            surplus.repeats.iter().map(number).collect(),
            surplus.others.iter().map(number).collect(),
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
        assert_eq!((old.kind(), old.id()), (None, "7f3a91c2"));
        // A version before cut alerts to their first line, and wrote the letter of the kind large.
        let cut = Entry::parse(name.replace("-f-", "-F-")).unwrap();
        assert_eq!(
            (cut.kind(), cut.key(), cut.decided()),
            (Some(Kind::Failed), entry.key(), alert.decided)
        );
        for name in [
            "", "1", "1-2", "1-2-x", "1-2-ff-3", "1-2-f-3-4", "1-2-f-x", "key", "x-2-3", "1-x-3",
            "x-2-f-3", "1-x-f-3", "1-2-7-3",
        ] {
            assert_eq!(Entry::parse(name.to_owned()), None, "{name}");
        }
    }

    #[test]
    fn each_kind_has_a_small_letter_of_its_own() {
        let letters: BTreeSet<_> = Kind::ALL.iter().map(|(_, _, letter, _)| letter).collect();
        assert_eq!(letters.len(), Kind::ALL.len());
        for (kind, _, letter, _) in Kind::ALL {
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
        // Those that do leave together, where nothing else waits.
        for _ in 0..3 {
            pace.begin([entries[1].id()], Utc::now());
        }
        assert_eq!(choose(&entries[..2], &pace, 9), entries[..2]);
    }

    #[test]
    fn alerts_of_a_message_that_was_refused_leave_one_by_one() {
        let entries = waiting(&[("a", 'f'), ("b", 'f')]);
        let mut pace = Pace::new(Utc::now());
        for entry in &entries {
            pace.send_alone(entry.id());
        }
        assert_eq!(choose(&entries, &pace, 9), entries[..1]);
        // Nor with one that was only tried too often.
        let mut pace = Pace::new(Utc::now());
        for _ in 0..3 {
            pace.begin([entries[0].id()], Utc::now());
        }
        pace.send_alone(entries[1].id());
        assert_eq!(choose(&entries, &pace, 9), entries[..1]);
    }

    #[test]
    fn up_to_the_bound_everything_stays() {
        let entries = waiting(&[("a", 'o'), ("a", 's'), ("b", 'f')]);
        assert_eq!(numbers(&entries, 3), (vec![], vec![]));
    }

    #[test]
    fn repeats_go_first_and_the_oldest_of_them_and_no_more_than_needed() {
        let entries = waiting(&[("a", 'f'), ("b", 'o'), ("a", 's'), ("c", 'd'), ("a", 's')]);
        assert_eq!(numbers(&entries, 3), (vec![1, 2], vec![]));
        assert_eq!(numbers(&entries, 1), (vec![1, 2, 3, 4], vec![]));
        assert_eq!(numbers(&entries, 0), (vec![1, 2, 3, 4], vec![0]));
    }

    #[test]
    fn the_last_word_of_a_job_that_still_fails_goes_after_all_other_repeats() {
        // The failure of each was sent long ago; that of the last waits.
        let entries = waiting(&[
            ("a", 's'),
            ("a", 's'),
            ("b", 'r'),
            ("b", 'f'),
            ("b", 's'),
            ("a", 'd'),
        ]);
        assert_eq!(numbers(&entries, 3), (vec![0, 4, 5], vec![]));
        assert_eq!(numbers(&entries, 2), (vec![0, 4, 5], vec![3]));
        assert_eq!(numbers(&entries, 1), (vec![0, 4, 5], vec![1, 3]));
        let entries = waiting(&[("a", 's'), ("a", 'r'), ("a", 'o')]);
        assert_eq!(numbers(&entries, 1), (vec![0, 2], vec![]));
        // That another run has begun, or two overlap, says nothing of how the job is.
        let entries = waiting(&[("a", 's'), ("a", 'v'), ("a", 'b'), ("b", 'o')]);
        assert_eq!(numbers(&entries, 2), (vec![2, 3], vec![]));
    }

    #[test]
    fn of_the_others_the_newest_go_and_the_recovery_of_a_failure_that_was_sent_stays() {
        let entries = waiting(&[
            ("a", 'r'),
            ("b", 'f'),
            ("c", 'f'),
            ("b", 'r'),
            ("d", 'f'),
            ("a", 'f'),
        ]);
        assert_eq!(numbers(&entries, 5).1, [5]);
        assert_eq!(numbers(&entries, 4).1, [4, 5]);
        assert_eq!(numbers(&entries, 3).1, [1, 3, 4, 5]);
        assert_eq!(numbers(&entries, 1).1, [1, 2, 3, 4, 5]);
        assert_eq!(numbers(&entries, 0).1, [1, 2, 3, 4, 5]);
    }

    proptest! {
        /// What the channel has heard in the end, and what is to be sent anew, is how each job is.
        #[test]
        fn whatever_is_dropped_what_is_left_says_how_each_job_is_or_the_job_says_it_anew(
            failing in prop::collection::vec(any::<bool>(), 6),
            runs in prop::collection::vec((0..6_usize, any::<bool>()), 0..80),
            most in 0..40_usize,
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
            let Surplus { repeats, others } = surplus(&entries, most);

            let recoveries = entries.iter().filter(|entry| entry.kind() == Some(Kind::Recovered));
            let left = entries.len() - repeats.len() - others.len();
            prop_assert!(left <= most + recoveries.count());
            prop_assert!(left >= entries.len().min(most).saturating_sub(1), "one goes with its failure");
            prop_assert!(repeats.iter().all(|entry| entry.kind().unwrap().is_repeat()));
            for job in 0..6 {
                let (mut believed, mut is_anew) = (failing[job], false);
                for (entry, _) in entries.iter().zip(&runs).filter(|(_, (of, _))| *of == job) {
                    let fails = match entry.kind() {
                        Some(Kind::Failed | Kind::StillFailing) => true,
                        Some(Kind::Recovered) => false,
                        _ => continue,
                    };
                    if others.contains(entry) {
                        is_anew = fails;
                    } else if !repeats.contains(entry) {
                        (believed, is_anew) = (fails, false);
                    }
                }
                prop_assert!(is_anew || believed == (now[job] == State::Error), "job {}", job);
            }
        }
    }
}
