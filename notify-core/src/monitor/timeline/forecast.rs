//! What would happen next, as the rules say.

use chrono::TimeDelta;

use crate::format::time::Time;
use crate::monitor::view;
use crate::rules::flapping::STEADY;
use crate::rules::transition::{self, Address, End, Ended};
use crate::rules::{Past, Settings};
use crate::status::outcome::Outcome;
use crate::status::{Quiet, State, Status};

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

/// What would happen if a run ended so now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// How it would end.
    pub chance: Chance,
    /// Whether an alert would be sent.
    pub is_sent: bool,
    /// The rule.
    pub reason: &'static str,
    /// Until when the alert would be held back at the latest.
    pub held: Option<Time>,
    /// When one would be sent that is not now, if ever.
    pub until: Option<Time>,
}

/// Works out what would happen next, by asking the rules; `quiet` is the planned quiet that is on, and `was_overdue`
/// says whether the run that ends next is one of which it was sent that it is overdue.
pub(super) fn outlooks(
    status: &Status,
    settings: Settings,
    quiet: Option<&Quiet>,
    was_overdue: bool,
    now: Time,
) -> Vec<Outlook> {
    let chances: &[Chance] = match status.state {
        State::Ok => &[Chance::Fails, Chance::Works],
        State::Error => &[Chance::Fails, Chance::FailsOtherwise, Chance::Works],
    };
    // Nobody waits for what changes sooner.
    let soon = now + TimeDelta::seconds(1);
    let mut times = turns(status, &settings);
    times.extend(quiet.map(|quiet| quiet.until));
    times.retain(|time| *time > soon);
    times.sort_unstable();
    let ask = |chance, time| {
        let quiet = quiet.filter(|quiet| time < quiet.until);
        outlook(status, settings, quiet, was_overdue, chance, time)
    };
    let outlooks = chances.iter().filter_map(|&chance| {
        let mut next = ask(chance, soon)?;
        if next.is_sent {
            return Some(next);
        }
        for time in times.iter().map(|time| *time + TimeDelta::microseconds(1)) {
            let later = ask(chance, time)?;
            if later.is_sent {
                next.until = Some(time);
                break;
            }
            // What withholds it longest is the reason: a silence may end after `silent_seconds`, or before.
            if next.held.is_none() && later.held.is_none() {
                next.reason = later.reason;
            }
        }
        Some(next)
    });
    outlooks.collect()
}

/// Lists the times from which the rules may say otherwise.
fn turns(status: &Status, settings: &Settings) -> Vec<Time> {
    let longest = settings.longest_silence();
    let after = |time: Option<Time>, span| {
        let span = TimeDelta::from_std(span).ok()?;
        time?.checked_add_signed(span)
    };
    let (begun, last_of_others) = (Some(status.begun), status.other_errors.last);
    let flapping = status.flapping.as_ref();
    let times = [
        after(begun, settings.silent),
        settings.ok_silent.and_then(|silent| after(begun, silent)),
        after(status.alerted, longest),
        after(status.withheld_since, longest),
        status.held.as_ref().map(|held| held.until),
        status.silence.as_ref().map(|silence| silence.until),
        after(last_of_others, longest),
        after(last_of_others, settings.silent),
        after(flapping.and_then(|flapping| flapping.sent), longest),
        after(flapping.map(|_| status.since), STEADY),
    ];
    times.into_iter().flatten().collect()
}

fn outlook(
    status: &Status,
    settings: Settings,
    quiet: Option<&Quiet>,
    was_overdue: bool,
    chance: Chance,
    at: Time,
) -> Option<Outlook> {
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
            was_overdue,
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
        quiet,
        answer: None,
    };
    let transition = transition::of(&end)?;
    let held = transition.status.and_then(|status| status.held);
    Some(Outlook {
        chance,
        is_sent: transition.decision.send,
        reason: transition.decision.reason.words(),
        held: held.filter(|_| transition.is_held).map(|held| held.until),
        until: None,
    })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::format::time;
    use crate::rules::Reason;
    use crate::status::{Acknowledged, Silence};

    fn noon() -> Time {
        DateTime::from_timestamp(1_795_348_800, 0).unwrap()
    }

    fn minutes(minutes: i64) -> Time {
        noon() + TimeDelta::minutes(minutes)
    }

    /// A job that has failed since noon, when its alert was sent.
    fn failing() -> Status {
        let since =
            "since: 2026-11-22 12:00:00:000000 UTC\nalerted: 2026-11-22 12:00:00:000000 UTC";
        let status = format!("ERROR\n2026-11-22 12:00:00:000000 UTC\nx\n{since}\n\nno\n");
        let status = Status::parse(&status).unwrap();
        let fingerprint = view::fingerprint(&status);
        Status {
            sent_errors: fingerprint.iter().cloned().collect(),
            fingerprint,
            ..status
        }
    }

    fn of(chance: Chance, outlooks: &[Outlook]) -> (bool, Reason, Option<Time>) {
        let next = outlooks.iter().find(|next| next.chance == chance).unwrap();
        let reason = [
            Reason::Recent,
            Reason::StillFailing,
            Reason::NewError,
            Reason::Changed,
            Reason::Silenced,
            Reason::OkNever,
            Reason::NothingNew,
            Reason::StillOk,
            Reason::After,
            Reason::Quiet,
            Reason::Acknowledged,
        ];
        let mut reason = reason.into_iter();
        let reason = reason.find(|reason| reason.words() == next.reason);
        (next.is_sent, reason.unwrap(), next.until)
    }

    fn just_after(time: Time) -> Time {
        time + TimeDelta::microseconds(1)
    }

    #[test]
    fn what_comes_next_is_what_the_rules_say() {
        let hourly = Settings {
            silent: time::HOUR,
            remind: 2 * time::HOUR,
            ..Settings::default()
        };
        let next = outlooks(&failing(), hourly, None, false, minutes(10));
        let hour = Some(just_after(minutes(60)));
        assert_eq!(of(Chance::Fails, &next), (false, Reason::Recent, hour));
        let new = (true, Reason::NewError, None);
        assert_eq!(of(Chance::FailsOtherwise, &next), new);
        let works = (true, Reason::Changed, None);
        assert_eq!(of(Chance::Works, &next), works);
        let later = outlooks(&failing(), hourly, None, false, minutes(61));
        let again = (true, Reason::StillFailing, None);
        assert_eq!(of(Chance::Fails, &later), again);
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
        let next = outlooks(&silenced, Settings::default(), None, false, minutes(10));
        let half = Some(just_after(minutes(30)));
        assert_eq!(of(Chance::Fails, &next), (false, Reason::Silenced, half));

        let works = Status {
            state: State::Ok,
            ..failing
        };
        let never = Settings {
            ok_silent: None,
            ..Settings::default()
        };
        let next = outlooks(&works, never, None, false, minutes(1));
        assert_eq!(of(Chance::Works, &next), (false, Reason::OkNever, None));
        let next = outlooks(&works, Settings::default(), None, false, minutes(1));
        let hour = Some(just_after(noon() + TimeDelta::seconds(3564)));
        assert_eq!(of(Chance::Works, &next), (false, Reason::NothingNew, hour));
        let next = outlooks(&works, Settings::default(), None, false, minutes(61));
        assert_eq!(of(Chance::Works, &next), (true, Reason::StillOk, None));
    }

    /// Of what withholds an alert, the words named what ends first, and the time what ends last.
    #[test]
    fn the_reason_is_what_withholds_it_longest() {
        let hourly = Settings {
            silent: time::HOUR,
            ..Settings::default()
        };
        let failing = failing();
        let error = view::fingerprint(&failing).unwrap();
        let silenced = |until| Status {
            silence: Some(Silence {
                until,
                error: error.clone(),
                because: None,
            }),
            ..failing.clone()
        };
        let fails = |status: &Status| {
            let next = outlooks(status, hourly, None, false, minutes(10));
            of(Chance::Fails, &next)
        };
        let until = |minute| Some(just_after(minutes(minute)));
        assert_eq!(
            fails(&silenced(minutes(90))),
            (false, Reason::Silenced, until(90))
        );
        assert_eq!(
            fails(&silenced(minutes(30))),
            (false, Reason::Recent, until(60))
        );
        let acknowledged = Status {
            acknowledged: Some(Acknowledged {
                by: "anna".to_owned(),
                error,
                until: None,
                because: None,
            }),
            ..failing
        };
        assert_eq!(fails(&acknowledged), (false, Reason::Acknowledged, None));
    }

    #[test]
    fn while_a_planned_quiet_is_on_nothing_is_sent_but_a_recovery() {
        let quiet = Quiet {
            until: minutes(120),
            because: None,
        };
        let failing = failing();
        let next = outlooks(
            &failing,
            Settings::default(),
            Some(&quiet),
            false,
            minutes(10),
        );
        let until = Some(just_after(minutes(120)));
        for chance in [Chance::Fails, Chance::FailsOtherwise] {
            assert_eq!(of(chance, &next), (false, Reason::Quiet, until));
        }
        assert_eq!(of(Chance::Works, &next), (true, Reason::Changed, None));
        let works = Status {
            state: State::Ok,
            ..failing
        };
        let next = outlooks(
            &works,
            Settings::default(),
            Some(&quiet),
            false,
            minutes(10),
        );
        assert_eq!(of(Chance::Fails, &next), (false, Reason::Quiet, until));
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
        let next = outlooks(&works, patient, None, false, minutes(1));
        let fails = next.iter().find(|next| next.chance == Chance::Fails);
        let longest = minutes(1) + TimeDelta::seconds(1 + 3564);
        assert_eq!(fails.unwrap().held, Some(longest));
        assert_eq!(of(Chance::Fails, &next), (false, Reason::After, None));
    }
}
