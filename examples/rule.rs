//! A rule in code: the third failure, on weekdays between 8 and 18 h; and each failure by a full disk.
//!
//!     cargo run --example rule

use chrono::{DateTime, Datelike as _, Local, Timelike as _};
use pipeline_notify::{Decision, Occasion, notify};

#[derive(Debug, thiserror::Error)]
#[error("the disk is full")]
struct DiskFull;

fn at_work(occasion: &Occasion<'_>) -> Decision {
    if occasion.is::<DiskFull>() {
        return Decision::send("a full disk is urgent");
    }
    let now = DateTime::<Local>::from(occasion.now());
    let at_work = now.weekday().num_days_from_monday() < 5 && (8..18).contains(&now.hour());
    match occasion.failures() {
        3 if at_work => Decision::send("the third failure, and people are at work"),
        3 => Decision::silent("the third failure, and nobody is at work"),
        _ => Decision::silent("not the third failure"),
    }
}

#[notify(rule = at_work)]
fn load(day: u32) -> anyhow::Result<()> {
    match day {
        4 => Err(DiskFull.into()),
        _ => anyhow::bail!("the shop does not answer"),
    }
}

fn main() -> anyhow::Result<()> {
    support::receive_alerts_here_unless_slack_is_set_up()?;
    for day in 1..=4 {
        println!("{day}: {:?}", load(day).map_err(|error| error.to_string()));
    }
    Ok(())
}
