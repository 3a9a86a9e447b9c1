use chrono::DateTime;

use super::*;

fn noon() -> Time {
    DateTime::from_timestamp(1_795_348_800, 0).unwrap()
}

fn after(seconds: i64) -> Time {
    noon() + TimeDelta::seconds(seconds)
}

#[test]
fn the_first_message_leaves_at_once_and_what_follows_gathers() {
    let mut pace = Pace::new(noon());
    assert_eq!(pace.next(noon(), false), noon());
    pace.begin(["a"], noon());
    pace.answered(noon());
    assert_eq!(pace.next(noon(), false), after(2));
    assert_eq!(
        pace.next(noon(), true),
        noon(),
        "at the exit nothing gathers"
    );
    assert_eq!(pace.next(after(3), false), after(3));
}

/// Issue 15, point 4: however slowly the machines end what fails at once.
#[test]
fn in_a_fleet_what_keeps_coming_gathers_for_longer() {
    let mut pace = Pace::new(noon());
    assert_eq!(pace.next_of_fleet(noon(), noon()), noon());
    pace.begin(["a"], noon());
    pace.answered(noon());
    let soon = noon() + TimeDelta::milliseconds(1_800);
    for (newest, next) in [
        (noon(), after(2)),
        (soon, soon + TimeDelta::seconds(1)),
        (after(4), after(4)),
        (after(100), after(4)),
    ] {
        assert_eq!(pace.next_of_fleet(soon, newest), next, "{newest}");
    }
    assert_eq!(pace.next_of_fleet(after(10), after(10)), after(10));
}

#[test]
fn five_messages_leave_at_once_and_then_one_a_second() {
    let mut pace = Pace::new(noon());
    for _ in 0..5 {
        assert_eq!(pace.next(noon(), true), noon());
        pace.begin([], noon());
    }
    assert_eq!(pace.next(noon(), true), after(1));
    pace.begin([], after(1));
    assert_eq!(pace.next(after(1), true), after(2));
}

#[test]
fn a_message_that_is_edited_and_replied_to_counts_as_two() {
    let mut pace = Pace::new(noon()).every(Duration::from_secs(5));
    for _ in 0..3 {
        assert_eq!(pace.next(noon(), true), noon());
        pace.begin([], noon());
        pace.count_another();
    }
    // Six have left, of which five are the burst.
    assert_eq!(pace.next(noon(), true), after(10));
    let kept = Pace::parse(&pace.render(), noon()).every(Duration::from_secs(5));
    assert_eq!(kept.next(noon(), true), after(10));
}

#[test]
fn a_message_that_took_long_to_arrive_does_not_bring_the_next_too_close_to_it() {
    let mut pace = Pace::new(noon());
    (0..5).for_each(|_| pace.begin([], noon()));
    pace.answered(after(1));
    assert_eq!(pace.next(after(1), true), after(2));
}

#[test]
fn a_failing_destination_is_given_longer_and_longer_pauses_up_to_15_minutes() {
    let mut pace = Pace::new(noon());
    let mut pauses = Vec::new();
    for _ in 0..12 {
        pace.failed(noon(), None, 1.0);
        pauses.push((pace.next(noon(), true) - noon()).num_seconds());
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    pace.answered(noon());
    assert_eq!(pace.next(noon(), true), noon());
}

#[test]
fn a_destination_that_asks_for_a_pause_gets_it_but_no_more_than_15_minutes() {
    let mut pace = Pace::new(noon());
    pace.failed(noon(), Some(Duration::from_secs(30)), 0.0);
    assert_eq!(pace.next(noon(), true), after(30));
    pace.failed(noon(), Some(Duration::from_secs(u64::MAX)), 0.0);
    assert_eq!(pace.next(noon(), true), after(900));
}

#[test]
fn a_clock_that_was_ahead_does_not_stop_the_queue() {
    let mut pace = Pace::new(after(999_999));
    pace.begin(["a"], after(999_999));
    pace.failed(after(999_999), None, 1.0);
    let pace = Pace::parse(&pace.render(), noon());
    assert_eq!(pace.next(noon(), false), noon());
}

// Issue 12, point 18.
#[test]
fn a_broken_destination_is_known_to_be_until_it_is_asked_again() {
    let mut pace = Pace::new(noon());
    pace.broken(noon(), "gone");
    assert_eq!(pace.broken_at(after(899)), Some("gone"));
    assert_eq!(pace.broken_at(after(900)), None);
    assert!(pace.was_broken());
    pace.answered(after(900));
    assert!(!pace.was_broken());
}

// Issue 12, point 12.
#[test]
fn what_is_in_doubt_is_tried_50_times_or_for_24_hours() {
    let mut pace = Pace::new(noon());
    let tries = (1..1000).find(|_| pace.doubt("a", after(60))).unwrap();
    assert_eq!(tries, 50);
    assert!(!pace.doubt("b", noon()));
    assert!(!pace.doubt("b", after(24 * 3600 - 1)));
    let mut pace = Pace::parse(&pace.render(), after(24 * 3600));
    assert!(pace.doubt("b", after(24 * 3600)));
    pace.forget("b");
    assert!(!pace.doubt("b", after(24 * 3600)), "it begins anew");
}

#[test]
fn the_queues_file_is_read_back_as_it_was_written() {
    let mut pace = Pace::new(noon());
    pace.begin(["a", "b"], noon());
    pace.begin(["a"], after(1));
    pace.failed(after(1), None, 0.5);
    pace.doubt("b", after(1));
    pace.put_off("a", after(1), Duration::from_secs(30));
    pace.broken(after(1), "answered 404 no_service");
    assert_eq!(Pace::parse(&pace.render(), after(1)), pace);
    assert_eq!(
        (
            pace.attempts("a"),
            pace.attempts("b"),
            pace.steps_aside("a")
        ),
        (2, 1, false)
    );
}

#[test]
fn what_is_gone_from_the_queue_is_forgotten_and_what_waits_is_not() {
    let mut pace = Pace::new(noon());
    for _ in 0..PATIENCE {
        pace.begin(["aa", "bb"], noon());
    }
    assert!(pace.steps_aside("aa") && pace.steps_aside("bb"));
    pace.forget_others_than(&[Entry::of(&crate::testing::alert("etl.load", "bb"))]);
    assert!(!pace.steps_aside("aa") && pace.steps_aside("bb"));
}

/// The file may be damaged, and a sum that is too large panics in a debug build.
#[test]
fn attempts_that_are_too_many_for_a_number_are_the_most() {
    let mut pace = Pace::parse(&format!("attempts-a1: {}\n", u32::MAX), noon());
    pace.begin(["a1"], noon());
    assert!(pace.steps_aside("a1"));
}
