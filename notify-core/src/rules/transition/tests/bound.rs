//! Issue 12, point 5: however bad a text is, people get a handful of messages within one silence.

use super::*;
use crate::status::Silence;

const PATIENT: Settings = Settings {
    silent: Duration::from_secs(4 * 3600),
    ok_silent: None,
    remind: time::HOUR,
    after: 1,
    flapping: false,
};

/// An error that is another one each time.
fn odd(number: u8) -> Outcome {
    failed(&format!("{}{0} is odd", char::from(b'a' + number)))
}

#[test]
fn after_the_third_other_error_the_rest_wait_for_the_reminder_which_counts_them() {
    let mut job = Job::new(PATIENT);
    job.run(0, &Outcome::Returned);
    for number in 0..12 {
        job.run(60, &odd(number));
    }
    assert_eq!(job.delivered.len(), 4, "the first, and three others");
    assert_eq!(job.run(60, &odd(12)), Reason::OtherErrors);
    assert_eq!(job.run(4 * 3600, &odd(13)), Reason::Reminder);
    let notes = &job.delivered[4].notes;
    assert_eq!(notes[..], ["12 other errors meanwhile, 9 of them not sent"]);
    // A silence begins with it, and has a bound of its own.
    for number in 14..22 {
        job.run(60, &odd(number));
    }
    assert_eq!(job.delivered.len(), 5 + 3);
    // The recovery says how many there were as well.
    job.run(60, &Outcome::Returned);
    let recovered = job.delivered.last().unwrap();
    assert_eq!(recovered.kind, Kind::Recovered);
    assert_eq!(
        recovered.notes[..],
        ["8 other errors meanwhile, 5 of them not sent"]
    );
}

#[test]
fn the_same_error_that_waits_is_counted_once() {
    let mut job = Job::new(PATIENT);
    for number in 0..4 {
        job.run(60, &odd(number));
    }
    for _ in 0..50 {
        assert_eq!(job.run(10, &odd(4)), Reason::OtherErrors);
        assert_eq!(job.run(10, &odd(5)), Reason::OtherErrors);
    }
    let Past::Known(status) = &job.past else {
        unreachable!()
    };
    assert_eq!(status.other_errors.waiting, 2);
}

#[test]
fn under_a_persons_silence_the_bound_counts_per_silence_and_nothing_waits_longer_than_the_reminder()
{
    // By the defaults each failure is due.
    let mut job = Job::new(Settings::default());
    job.run(0, &failed("disk full"));
    let silence = Silence {
        until: at(20_000),
        error: fingerprint::of("disk full\n"),
        because: None,
    };
    let Past::Known(status) = &mut job.past else {
        unreachable!()
    };
    status.silence = Some(silence);
    let before = job.delivered.len();
    for number in 0..12 {
        job.run(60, &odd(number));
        assert_eq!(job.run(60, &failed("disk full")), Reason::Silenced);
    }
    assert_eq!(job.delivered.len() - before, 3, "three others of twelve");
    // One that was sent, and comes and goes, is sent no more often than the settings say.
    job.settings.silent = 4 * time::HOUR;
    for _ in 0..10 {
        assert_eq!(job.run(60, &odd(0)), Reason::Recent);
        assert_eq!(job.run(60, &failed("disk full")), Reason::Silenced);
    }
    job.settings.silent = Duration::from_secs(1);
    // The reminder says how many waited; the bound lasts as long as the silence.
    assert_eq!(job.run(3600, &odd(12)), Reason::Reminder);
    let notes = &job.delivered.last().unwrap().notes;
    assert_eq!(notes[..], ["12 other errors meanwhile, 9 of them not sent"]);
    assert_eq!(job.run(60, &odd(13)), Reason::OtherErrors);
    // Once the silence is over, what was withheld is sent.
    assert_eq!(job.run(20_000, &odd(14)), Reason::UnsentFailure);
}
