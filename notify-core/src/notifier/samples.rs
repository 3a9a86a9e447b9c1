//! Alerts to try a channel with: nothing of what they say has happened.

use std::time::Duration;

use chrono::TimeDelta;

use crate::format::time::Time;
use crate::message::alert::{Alert, Kind};
use crate::os::clock;
use crate::os::machine::Machine;
use crate::os::random;
use crate::rules::took::Took;
use crate::rules::transition::{self, Address, End, Ended};
use crate::rules::{Past, Settings};
use crate::status::heard::Heard;
use crate::status::log_lines::LogLines;
use crate::status::outcome::Outcome;
use crate::status::{State, Status};

/// Makes one alert of each kind, marked as a sample and mentioning nobody: what the rules send for a
/// job that fails, works again and flaps.
///
/// # Examples
///
/// ```
/// use pipeline_notify::{Kind, samples};
///
/// let samples = samples();
/// assert!(samples.iter().any(|alert| alert.kind() == Kind::Recovered));
/// assert!(samples.iter().all(|alert| alert.text().contains("a sample: nothing has happened")));
/// ```
#[must_use]
pub fn samples() -> Vec<Alert> {
    let now = clock::now();
    let mut past = Past::Missing;
    let mut samples: Vec<Alert> = Vec::new();
    let should_take = |shortest: u64, longest: u64| {
        let minutes = |minutes| Some(Duration::from_secs(60 * minutes));
        Some(Took {
            shortest: minutes(shortest),
            longest: minutes(longest),
        })
    };
    let works = || Outcome::Returned;
    let beside = [
        (660, works(), None),
        (650, works(), should_take(10, 20)),
        (640, works(), None),
        (630, works(), should_take(1, 2)),
    ];
    let life = life().into_iter();
    let life = life.map(|(minutes_ago, outcome)| (minutes_ago, outcome, None));
    for (minutes_ago, outcome, should_take) in beside.into_iter().chain(life) {
        let begun = now - TimeDelta::minutes(minutes_ago);
        let alert = alert_of_end(&mut past, begun, &outcome, should_take);
        samples.extend(alert.filter(|alert| samples.iter().all(|known| known.kind != alert.kind)));
    }
    samples
}

/// Makes an alert that tests a channel and says so, of the kind [`Kind::Ok`].
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
/// use pipeline_notify::{Notifier, Slack, test_alert};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let slack = Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?;
/// slack.notify(&[test_alert("alerts")], Duration::from_secs(10))?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn test_alert(channel: &str) -> Alert {
    let note = format!("a test of the channel `{channel}`: nothing has happened");
    test(channel, Kind::Ok, "", note)
}

/// Makes a failure, which also reaches people where only failures do, and its recovery, so that
/// nothing stays open.
pub(crate) fn test_incident(channel: &str, by: &str) -> [Alert; 2] {
    let words = format!("this is a test by {by}: nothing is broken");
    let recovery = format!("{words}; a recovery looks like this");
    let incident = format!("{:08x}", random::number() >> 32);
    let mut failed = test(channel, Kind::Failed, &words, String::new());
    let mut recovered = test(channel, Kind::Recovered, "", recovery);
    failed.notes.clear();
    for alert in [&mut failed, &mut recovered] {
        alert.incident = Some(incident.clone());
    }
    failed.status.incident = Some(incident);
    [failed, recovered]
}

fn test(channel: &str, kind: Kind, error: &str, note: String) -> Alert {
    let now = clock::now();
    let is_error = kind == Kind::Failed;
    let status = Status {
        location: "pipeline-notify :: test".into(),
        first_error: is_error.then(|| error.to_owned()),
        host: Some(host().into()),
        pid: Some(std::process::id()),
        channel: Some(channel.to_owned().into()),
        text: error.to_owned(),
        ..Status::new(if is_error { State::Error } else { State::Ok }, now)
    };
    let job = "pipeline-notify.test".to_owned();
    Alert {
        notes: vec![note],
        ..Alert::new(random::number(), kind, job, channel, now, status)
    }
}

/// How long ago the runs of the samples' job began, in minutes, and how they ended.
fn life() -> Vec<(i64, Outcome)> {
    let refused = "connection refused (db-1:5432)\n  caused by: no route to host";
    let failed = |text: &str| Outcome::Failed(text.to_owned());
    let overdue = "still running after 90 minutes".to_owned();
    vec![
        (600, Outcome::Returned),
        (580, Outcome::Started),
        (570, Outcome::Overlapping),
        (540, failed(refused)),
        (480, failed("the table `orders` is locked")),
        (420, Outcome::Overdue(overdue)),
        (330, Outcome::Returned),
        (320, Outcome::Missed("No run for 10 minutes.".to_owned())),
        (300, Outcome::Returned),
        (270, failed(refused)),
        (210, Outcome::Returned),
        (150, failed(refused)),
        (90, Outcome::Returned),
        (50, Outcome::Returned),
        (20, Outcome::Returned),
    ]
}

/// What a run that fails has logged.
const LINES: [&str; 3] = [
    "13:00:00.118 INFO sample::load: reading orders.csv",
    "13:00:01.402 INFO sample::load: 44 rows",
    "13:00:01.403 WARN sample::db: the pool has no connection left waiting=3",
];

fn alert_of_end(
    past: &mut Past,
    begun: Time,
    outcome: &Outcome,
    should_take: Option<Took>,
) -> Option<Alert> {
    let minutes = if matches!(outcome, Outcome::Overdue(_)) {
        90
    } else {
        4
    };
    let log_lines = if outcome.state() == State::Error {
        LINES.map(str::to_owned).to_vec()
    } else {
        Vec::new()
    };
    let heard = Heard {
        log_lines: LogLines::new(log_lines),
        ..Heard::default()
    };
    let run = Ended {
        heard,
        location: "sample :: load".into(),
        source: "src/load.rs:42".into(),
        took: Some(Duration::from_secs(60 * minutes)),
        host: host().into(),
        pid: Some(std::process::id()),
        version: Some("1.4.2".into()),
        channel: "alerts".into(),
        should_take,
        due: Some(begun),
        is_in_time: true,
        facts: vec![("context".to_owned(), "env=sample".to_owned())].into(),
        notes: vec!["a sample: nothing has happened".to_owned()],
        ..Ended::new(random::number(), "sample.load", begun)
    };
    let transition = transition::of(&End {
        past,
        run: &run,
        outcome,
        now: begun + TimeDelta::minutes(minutes.cast_signed()),
        settings: Settings {
            flapping: true,
            ..Settings::default()
        },
        address: Some(Address {
            channel: "alerts",
            queues: &[],
        }),
        cover: None,
        quiet: None,
        answer: None,
    })?;
    if let Some(status) = transition.left.map(|left| *left).or(transition.status) {
        *past = Past::Known(Box::new(status));
    }
    transition.alert.map(|alert| *alert)
}

fn host() -> String {
    let host = Machine::this().host.clone();
    host.unwrap_or_else(|| "this-host".to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_is_a_sample_of_each_kind_with_an_id_of_its_own_that_mentions_nobody() {
        let samples = samples();
        let kinds: BTreeSet<_> = samples.iter().map(Alert::kind).collect();
        assert_eq!(
            kinds,
            Kind::ALL.into_iter().map(|(kind, ..)| kind).collect()
        );
        let ids: BTreeSet<_> = samples.iter().map(Alert::id).collect();
        assert_eq!((ids.len(), samples.len()), (kinds.len(), kinds.len()));
        assert!(samples.iter().all(|alert| alert.mention.is_none()));
    }

    #[test]
    fn a_test_says_that_it_is_one_and_survives_the_outbox() {
        let alert = test_alert("night-shift");
        let note = "a test of the channel `night-shift`: nothing has happened";
        assert!(alert.text().contains(note), "{}", alert.text());
        assert_ne!(alert.id(), test_alert("night-shift").id());
        assert_eq!(Alert::parse(&alert.render()), Some(alert));
    }
}
