//! A program that informs `SERVICE` at `URL`, or what its environment names, of one job's runs, one for each argument: `ok`, `slow`,
//! `storm`, which is a dozen jobs that fail, `outage`, which is forty, `calm`, which is forty that work, `long`, which is an error of a megabyte, `train` and an outcome, which says how far it is until the file `HOLD` is there, `pipeline` and an outcome, which is the same inside of others, or the text of
//! an error.

use std::error::Error;
use std::time::Duration;
use std::{env, thread};

use pipeline_notify::{Config, Discord, PagerDuty, Teams, notify, progress};

fn main() -> Result<(), Box<dyn Error>> {
    let [url, key, service] =
        ["URL", "KEY", "SERVICE"].map(|name| env::var(name).unwrap_or_default());
    // Each failure that follows another is a reminder, unless the test says otherwise.
    let remind_hours = env::var("REMIND_HOURS").map_or(Ok(0.0), |hours| hours.parse())?;
    let config = Config::new().silent_seconds(0.0).remind_hours(remind_hours);
    let config = match service.as_str() {
        "" => config,
        "discord" => config.channel("alerts", Discord::new(&url)?),
        "teams" => config.channel("alerts", Teams::new(&url)?),
        _ => config.channel("alerts", PagerDuty::at(&url, &key)?),
    };
    let config = match env::var("OVERDUE_MINUTES") {
        Ok(minutes) => config.overdue_minutes(minutes.parse()?),
        Err(_) => config,
    };
    config.flapping(true).install()?;
    for outcome in env::args().skip(1) {
        match outcome.as_str() {
            "calm" => {
                for number in 0..40 {
                    let _ = load(&format!("storm-{number}"), "ok");
                }
            }
            "storm" | "outage" => {
                let all = if outcome == "storm" { 12 } else { 40 };
                for number in 0..all {
                    let _ = load(&format!("storm-{number}"), "the disk is full");
                }
            }
            outcome => {
                let _ = match outcome.split_once(' ') {
                    Some(("train", outcome)) => train(outcome),
                    Some(("pipeline", outcome)) => pipeline(outcome),
                    _ => load("load", outcome),
                };
            }
        }
    }
    Ok(())
}

/// A run of hours, as far as anybody sees.
#[notify(name = "train", start = true)]
fn train(outcome: &str) -> Result<(), String> {
    epochs();
    load_of(outcome)
}

/// The same in the middle of others, of which the innermost knows how far it is.
#[notify(channel = "")]
fn pipeline(outcome: &str) -> Result<(), String> {
    #[notify(name = "train", start = true)]
    fn train_inside(outcome: &str) -> Result<(), String> {
        epochs_inside();
        load_of(outcome)
    }
    train_inside(outcome)
}

#[notify(channel = None)]
fn epochs_inside() {
    epochs();
}

fn epochs() {
    let hold = env::var_os("HOLD").unwrap_or_default();
    for turn in 0..1_200 {
        progress(45_000 + turn, 100_000);
        if std::fs::exists(&hold).unwrap_or(true) {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

#[notify(name = name.to_owned())]
fn load(name: &str, outcome: &str) -> Result<(), String> {
    if outcome == "long" {
        let rest = "``` <@1> ".repeat(120_000);
        return Err(format!("the first line of {name}\n{rest}"));
    }
    load_of(outcome)
}

fn load_of(outcome: &str) -> Result<(), String> {
    match outcome {
        "ok" => Ok(()),
        "slow" => {
            thread::sleep(Duration::from_millis(500));
            Ok(())
        }
        error => Err(error.to_owned()),
    }
}
