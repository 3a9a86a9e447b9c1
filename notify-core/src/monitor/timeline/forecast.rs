//! What would happen next, as the rules say.

use std::time::Duration;

use chrono::TimeDelta;

use crate::format::time::{self, Time};
use crate::monitor::view;
use crate::rules::flapping::STEADY;
use crate::rules::transition::{self, Address, End, Ended};
use crate::rules::{Past, Settings};
use crate::status::outcome::Outcome;
use crate::status::{State, Status};

/// How a next run might end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chance {
    /// It works.
    Works,
    /// It fails as it does now, or at all if it works now.
    Fails,
    /// It fails, with another error than now.
    FailsOtherwise,
}

/// What would happen if the next run ended so, in that time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// How it would end.
    pub chance: Chance,
    /// Until when this holds; for ever where there is no other.
    pub until: Option<Time>,
    /// Whether people would be told.
    pub is_told: bool,
    /// How long the alert would be held back.
    pub held: Option<Hold>,
    /// The rule.
    pub reason: &'static str,
}

/// How long an alert would be held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Until then, for an earlier one was held already.
    Until(Time),
    /// For so long from the end of its run.
    For(Duration),
}

/// Works out what would happen next, by asking the rules at each time from which they may say
/// otherwise.
pub(super) fn outlooks(status: &Status, settings: Settings, now: Time) -> Vec<Outlook> {
    let chances: &[Chance] = match status.state {
        State::Ok => &[Chance::Fails, Chance::Works],
        State::Error => &[Chance::Fails, Chance::FailsOtherwise, Chance::Works],
    };
    let mut times = turns(status, &settings);
    times.retain(|time| *time > now);
    times.sort_unstable();
    times.dedup();
    let mut outlooks: Vec<Outlook> = Vec::new();
    for &chance in chances {
        let Some(mut last) = outlook(status, settings, chance, now) else {
            continue;
        };
        for &time in &times {
            let just_after = time + TimeDelta::microseconds(1);
            let next = outlook(status, settings, chance, just_after);
            let Some(next) = next.filter(|next| *next != last) else {
                continue;
            };
            last.until = Some(time);
            outlooks.push(std::mem::replace(&mut last, next));
        }
        outlooks.push(last);
    }
    outlooks
}

/// Lists the times from which the rules may say otherwise.
fn turns(status: &Status, settings: &Settings) -> Vec<Time> {
    let longest = settings.longest_silence();
    let after = |time: Time, span| time.checked_add_signed(TimeDelta::from_std(span).ok()?);
    let flapping = status.flapping.as_ref();
    let times = [
        after(status.begun, settings.silent),
        settings
            .ok_silent
            .and_then(|ok_silent| after(status.begun, ok_silent)),
        status.alerted.and_then(|alerted| after(alerted, longest)),
        status
            .withheld_since
            .and_then(|since| after(since, longest)),
        status.held.as_ref().map(|held| held.until),
        status.silence.as_ref().map(|silence| silence.until),
        status
            .other_errors
            .last
            .and_then(|last| after(last, longest)),
        status
            .other_errors
            .last
            .and_then(|last| after(last, settings.silent)),
        flapping.and_then(|flapping| after(flapping.told?, longest)),
        flapping.and_then(|_| after(status.since, STEADY)),
    ];
    times.into_iter().flatten().collect()
}

fn outlook(status: &Status, settings: Settings, chance: Chance, at: Time) -> Option<Outlook> {
    let mut status = status.clone();
    if let Some(held) = status.held.clone().filter(|held| held.until <= at) {
        status = status.after_leaving(&held);
    }
    let outcome = match (chance, status.state) {
        (Chance::Works, _) => Outcome::Returned,
        (Chance::Fails, State::Error) => {
            // An error of the article's file has no fingerprint of its own.
            status.fingerprint = view::fingerprint(&status);
            Outcome::Failed(status.text.clone())
        }
        (Chance::Fails | Chance::FailsOtherwise, _) => {
            Outcome::Failed("an error that nobody has met".to_owned())
        }
    };
    let queues = ["a queue".to_owned()];
    let end = End {
        past: &Past::Known(Box::new(status)),
        // A run that begins and ends then.
        run: &Ended {
            is_in_time: true,
            ..Ended::new(0, "", at)
        },
        outcome: &outcome,
        now: at,
        settings,
        address: Some(Address {
            channel: "alerts",
            queues: &queues,
        }),
        cover: None,
        answer: None,
        named_channel: None,
    };
    let transition = transition::of(&end)?;
    let held = transition.status.and_then(|status| status.held);
    let held = held.filter(|_| transition.is_held).map(|held| {
        let longest = time::between(at, held.until);
        if longest.as_millis() == settings.longest_silence().as_millis() {
            Hold::For(longest)
        } else {
            Hold::Until(held.until)
        }
    });
    Some(Outlook {
        chance,
        until: None,
        is_told: transition.decision.send,
        held,
        reason: transition.decision.reason.as_str(),
    })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::rules::Reason;
    use crate::status::Silence;

    fn noon() -> Time {
        DateTime::from_timestamp(1_795_348_800, 0).unwrap()
    }

    fn minutes(minutes: i64) -> Time {
        noon() + TimeDelta::minutes(minutes)
    }

    /// A job that fails since noon, as was told then.
    fn failing() -> Status {
        let since =
            "since: 2026-11-22 12:00:00:000000 UTC\nalerted: 2026-11-22 12:00:00:000000 UTC";
        let status = format!("ERROR\n2026-11-22 12:00:00:000000 UTC\nx\n{since}\n\nno\n");
        let status = Status::parse(&status).unwrap();
        let fingerprint = view::fingerprint(&status);
        Status {
            told_errors: fingerprint.iter().cloned().collect(),
            fingerprint,
            ..status
        }
    }

    fn of(chance: Chance, outlooks: &[Outlook]) -> Vec<(Option<Time>, bool, &'static str)> {
        let outlooks = outlooks.iter().filter(|outlook| outlook.chance == chance);
        outlooks
            .map(|outlook| (outlook.until, outlook.is_told, outlook.reason))
            .collect()
    }

    #[test]
    fn what_comes_next_is_what_the_rules_say_then() {
        let hourly = Settings {
            silent: time::HOUR,
            remind: 2 * time::HOUR,
            ..Settings::default()
        };
        let next = outlooks(&failing(), hourly, minutes(10));
        assert_eq!(
            of(Chance::Fails, &next),
            [
                (Some(minutes(60)), false, Reason::Recent.as_str()),
                (Some(minutes(120)), true, Reason::StillFailing.as_str()),
                (None, true, Reason::Reminder.as_str()),
            ]
        );
        assert_eq!(
            of(Chance::FailsOtherwise, &next)[0],
            (Some(minutes(60)), true, Reason::NewError.as_str())
        );
        assert_eq!(
            of(Chance::Works, &next),
            [(None, true, Reason::Changed.as_str())]
        );
    }

    #[test]
    fn a_silence_and_ok_silent_hours_end_when_they_say() {
        let failing = failing();
        let silenced = Status {
            silence: Some(Silence {
                until: minutes(30),
                error: view::fingerprint(&failing).unwrap(),
                because: None,
            }),
            ..failing.clone()
        };
        let next = outlooks(&silenced, Settings::default(), minutes(10));
        assert_eq!(
            of(Chance::Fails, &next)[..2],
            [
                (Some(minutes(30)), false, Reason::Silenced.as_str()),
                (
                    Some(noon() + TimeDelta::seconds(3564)),
                    true,
                    Reason::StillFailing.as_str()
                ),
            ]
        );

        let works = Status {
            state: State::Ok,
            ..failing
        };
        let never = Settings {
            ok_silent: None,
            ..Settings::default()
        };
        assert_eq!(
            of(Chance::Works, &outlooks(&works, never, minutes(1))),
            [(None, false, Reason::OkNever.as_str())]
        );
        let next = outlooks(&works, Settings::default(), minutes(1));
        assert_eq!(
            of(Chance::Works, &next),
            [
                (
                    Some(noon() + TimeDelta::seconds(3564)),
                    false,
                    Reason::NothingNew.as_str()
                ),
                (None, true, Reason::StillOk.as_str()),
            ]
        );
    }

    #[test]
    fn what_is_held_says_until_when() {
        let patient = Settings {
            after: 3,
            ..Settings::default()
        };
        let works = Status {
            state: State::Ok,
            ..failing()
        };
        let next = outlooks(&works, patient, minutes(1));
        let fails = next.iter().find(|next| next.chance == Chance::Fails);
        let fails = fails.unwrap();
        assert_eq!(
            (fails.is_told, fails.reason),
            (false, Reason::After.as_str())
        );
        let longest = Duration::from_secs(3564);
        assert_eq!((fails.held, fails.until), (Some(Hold::For(longest)), None));
    }
}
