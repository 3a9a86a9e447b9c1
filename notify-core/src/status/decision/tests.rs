use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn read(content: &str) -> Option<Decided> {
    Decided::parse(&Fields::parse(content))
}

fn written(decided: &Decided) -> String {
    let mut page = Page::new(0);
    decided.put(&mut page);
    page.end("")
}

#[test]
fn each_decision_is_read_back_as_it_was_and_no_two_share_a_code_or_words() {
    let (mut codes, mut words) = (BTreeSet::new(), BTreeSet::new());
    for &reason in Reason::ALL {
        for (fate, ..) in Fate::ALL {
            let decided = Decided::By(fate, reason);
            assert_eq!(read(&written(&decided)), Some(decided.clone()));
            assert!(codes.insert(decided.code()) && words.insert(decided.words()));
        }
    }
}

/// Files hold these: they may become more, and none may change.
#[test]
fn the_codes_are_those_of_the_files_that_there_are() {
    let codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    let known = "first-run unreadable-status changed recent still-failing still-ok nothing-new \
            unsent-failure reminder new-error ok-never unknown-past recovery-of-unsent was-overdue \
            overdue older-run older-run-died other-errors recovery-by-another-job known-inside \
            same-event silenced attempt-follows after flapping still-flapping steady silence-over \
            channel-mended";
    for code in known.split_whitespace() {
        assert!(codes.contains(&code), "{code}");
    }
    assert!(codes.iter().all(|code| !code.contains(' ')));
}

/// Issue 13, point 1: the code decides, in whatever words, and the words stay as they are.
#[test]
fn other_words_change_neither_the_fate_nor_the_reason() {
    for &reason in Reason::ALL {
        for (fate, ..) in Fate::ALL {
            let code = Decided::By(fate, reason).code().unwrap();
            for words in ["", "told: it is overdue", "ganz andere Worte"] {
                let decided = Decided::of(Some(&code), words).unwrap();
                assert_eq!(
                    (decided.fate(), decided.reason()),
                    (Some(fate), Some(reason))
                );
                assert_eq!(decided.words(), words);
            }
        }
    }
    let later = Decided::of(Some("sent a-later-reason"), "x").unwrap();
    assert_eq!((later.fate(), later.reason()), (Some(Fate::Sent), None));
    assert_eq!(read(&written(&later)), Some(later));
}

/// Issue 13, point 1: old files stay readable.
#[test]
fn a_line_without_a_code_is_understood_by_the_words_of_its_version() {
    for (words, fate, reason) in [
        ("told: the status changed", Some(Fate::Sent), None),
        (
            "told: it is overdue",
            Some(Fate::Sent),
            Some(Reason::Overdue),
        ),
        (
            "not told: it died, and a later run has ended",
            Some(Fate::NotSent),
            Some(Reason::Overtaken),
        ),
        (
            "due, and nobody could be told: a run that began later has ended",
            Some(Fate::Undelivered),
            Some(Reason::Older),
        ),
        (
            "told: its silence is over",
            Some(Fate::Sent),
            Some(Reason::SilenceOver),
        ),
        (
            "not told: another attempt follows (NOTIFY_ATTEMPT)",
            Some(Fate::NotSent),
            Some(Reason::Attempt),
        ),
        ("something else", None, None),
    ] {
        let decided = read(&format!("decision: {words}\n")).unwrap();
        assert_eq!((decided.fate(), decided.words()), (fate, words.to_owned()));
        if reason.is_some() {
            assert_eq!(decided.reason(), reason);
        }
        assert_eq!(written(&decided), format!("decision: {words}\n"));
    }
    assert_eq!(read("since: x\n"), None);
    // An old version that shortens a history of ours keeps the words alone.
    for &reason in Reason::ALL {
        let words = Decided::By(Fate::NotSent, reason).words();
        let decided = Decided::of(None, &words).unwrap();
        assert_eq!(
            (decided.fate(), decided.reason()),
            (Some(Fate::NotSent), Some(reason))
        );
    }
}

proptest! {
    #[test]
    fn whatever_a_file_says_is_written_again_as_it_was(
        code in prop::option::of(any::<String>()),
        words in any::<String>(),
    ) {
        if let Some(decided) = Decided::of(code.as_deref(), &words) {
            prop_assert_eq!((decided.code(), decided.words()), (code, words));
            prop_assert_eq!(read(&written(&decided)), Some(decided));
        }
    }
}
