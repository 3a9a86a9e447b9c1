//! Runs that died without a word: found by their records, and reported.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::change::{Ended, Place};
use crate::fields::Fields;
use crate::machine::Machine;
use crate::outcome::Outcome;
use crate::process::PerProcess;
use crate::report::{self, Report};
use crate::rules::Settings;
use crate::running::{self, Dead};
use crate::setup::Setup;
use crate::time;
use crate::warn::Warning;

/// How often a process looks: a killed job is no hurry, and a folder of many records is.
const EVERY: Duration = Duration::from_secs(60);

/// How long a run may be held up by those that died before it, after a power cut say.
const PATIENCE: Duration = Duration::from_millis(500);

/// When this process last looked, and with which settings.
static LOOKED: PerProcess<Mutex<Option<(Instant, usize)>>> = PerProcess::new();

/// Looks for the dead of the notify directory, at most once a minute, and reports them: before the
/// run that looks ends, so that an earlier death of its own job does not overtake it. The warnings are
/// to be told once that run is written down.
pub(crate) fn look_for(setup: &'static Setup, now: Instant, warnings: &mut Vec<Warning>) {
    let settings = std::ptr::from_ref(setup).addr();
    {
        let Ok(mut looked) = LOOKED.get().try_lock() else {
            return;
        };
        if looked
            .is_some_and(|(at, with)| now.saturating_duration_since(at) < EVERY && with == settings)
        {
            return;
        }
        *looked = Some((now, settings));
    }
    let Some(store) = setup.store() else { return };
    let dead = running::find_dead(&store.running(), |process| {
        Machine::this().can_judge(process)
    });
    let begun = Instant::now();
    // What does not fit is found by the next who looks.
    dead.into_iter()
        .take_while(|_| begun.elapsed() < PATIENCE)
        .for_each(|dead| bury(setup, dead, warnings));
}

/// Reports the runs of a dead process, and removes its record if each could be reported.
fn bury(setup: &Setup, dead: Dead, warnings: &mut Vec<Warning>) {
    let mut left = dead.runs.len();
    for (place, run) in &dead.runs {
        if report_death(setup, &dead, place, run, warnings) {
            left -= 1;
        }
    }
    if left == 0 {
        dead.remove();
    }
}

/// Reports one run; `false` where another program has its destination.
fn report_death(
    setup: &Setup,
    dead: &Dead,
    place: &Place,
    run: &Fields,
    warnings: &mut Vec<Warning>,
) -> bool {
    let process = &dead.process;
    let Some((mut ended, settings)) = read(run, process) else {
        return true;
    };
    let words = |fields: &Fields, key| fields.get(key).unwrap_or("?").to_owned();
    let outcome = Outcome::Died(format!(
        "died: its process ended without a word (kill -9, out of memory, abort, or power)\n  \
         process {} on {}, {}\n  last known alive {}",
        words(process, "pid"),
        words(process, "host"),
        words(process, "exe"),
        time::show(dead.seen),
    ));
    let channel = run.get("channel").unwrap_or_default();
    let route = if let Some(queue) = run.get("queue") {
        let Some(route) = setup.route(channel).filter(|route| route.is_queue(queue)) else {
            return false;
        };
        Some(route)
    } else {
        report::route(setup, channel, &mut ended, &outcome, warnings)
    };
    Report {
        ended,
        outcome: &outcome,
        settings,
        place: Some(place.clone()),
    }
    .make(
        setup.store(),
        route.as_deref(),
        || dead.is_open(place),
        warnings,
    );
    true
}

/// Reads a run back from its record; `None` where it is damaged.
fn read(run: &Fields, process: &Fields) -> Option<(Ended, Settings)> {
    let number = |key| run.get(key).and_then(|value| value.parse::<f64>().ok());
    let defaults = Settings::default();
    let settings = Settings {
        silent: number("silent").unwrap_or(defaults.silent),
        ok_silent: number("ok-silent").unwrap_or(defaults.ok_silent),
        remind: number("remind").unwrap_or(defaults.remind),
    };
    let notes = run
        .iter()
        .filter(|(key, _)| *key == "note")
        .map(|(_, note)| note.to_owned())
        .collect();
    let ended = Ended {
        run: u64::from_str_radix(run.get("run")?, 16).ok()?,
        job: run.get("job")?.to_owned().into(),
        location: run.get("location")?.to_owned().into(),
        source: run.get("source")?.to_owned().into(),
        begun: time::parse(run.get("begun")?)?,
        took: None,
        host: process.get("host").unwrap_or("unknown").to_owned().into(),
        pid: process.get("pid").and_then(|pid| pid.parse().ok()),
        exe: process.get("exe").map(|exe| exe.to_owned().into()),
        nested: false,
        was_overdue: false,
        notes,
    };
    Some((ended, settings))
}
