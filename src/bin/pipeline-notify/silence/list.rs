//! `silence --list`: what is planned, silenced and acknowledged.

use chrono::{DateTime, Utc};
use notify_core::__cli::{self as look, Acknowledged, Job, Place, Planned, Said};
use serde_json::json;

use crate::output::{self, Output};
use crate::words::{self, plain};
use crate::{Failure, json};

pub(super) fn run(place: &Place, is_json: bool, output: &mut Output) -> Result<u8, Failure> {
    let now = look::now();
    let (planned, faults) = look::planned(place, now);
    let jobs = look::jobs(place, &[]).map_err(Failure::unreadable(place))?;
    let jobs = jobs.jobs.iter();
    let silenced: Vec<_> = jobs.clone().filter(|job| has_silence(job, now)).collect();
    let acknowledged: Vec<_> = jobs
        .filter_map(|job| Some((job, job.acknowledged(now)?)))
        .collect();
    if is_json {
        output.json(&json!({
            "directory": place.to_string(),
            "planned": planned.iter().map(|window| json::planned(window, now)).collect::<Vec<_>>(),
            "silenced": silenced.iter().map(|job| json::job(job, now, &Said::default())).collect::<Vec<_>>(),
            "acknowledged": acknowledged.iter().map(|(job, _)| json::job(job, now, &Said::default())).collect::<Vec<_>>(),
            "faults": faults,
        }))?;
    } else {
        for window in &planned {
            output.say(&plain(&planned_line(window, now)))?;
        }
        for job in &silenced {
            output.say(&plain(&silenced_line(job, now)))?;
        }
        for (job, acknowledged) in &acknowledged {
            output.say(&plain(&acknowledged_line(job, acknowledged, now)))?;
        }
        if planned.is_empty() && silenced.is_empty() && acknowledged.is_empty() {
            let place = place.to_string();
            output.say(&format!("nothing is silenced in {}", plain(&place)))?;
        }
    }
    for fault in faults {
        output::complain(&plain(&fault));
    }
    Ok(0)
}

/// Returns whether a silence lasts, be it of another error than the present one.
fn has_silence(job: &Job, now: DateTime<Utc>) -> bool {
    let silence = job.silence.as_ref();
    silence.is_some_and(|silence| silence.until > now)
}

fn planned_line(window: &Planned, now: DateTime<Utc>) -> String {
    let by = window.by.as_deref();
    let by = by.map_or_else(String::new, |by| format!(", by {by}"));
    let file = window.file.display();
    format!("{}{by} ({file})", words::planned(window, now))
}

fn silenced_line(job: &Job, now: DateTime<Utc>) -> String {
    let Some(silence) = &job.silence else {
        return String::new();
    };
    let until = words::local_in_zone(silence.until, now);
    let because = words::because(silence.because.as_deref());
    format!("{}: one error silenced until {until}{because}", job.name)
}

fn acknowledged_line(job: &Job, one: &Acknowledged, now: DateTime<Utc>) -> String {
    format!("{}: {}", job.name, words::acknowledged(one, now))
}
