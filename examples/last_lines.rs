//! What the program was doing, in the alert of a failed run: its last log lines, how many rows, and the page that says
//! what to do. In place of `Silent` stands the logger that the program has.
//!
//!     cargo run --example last_lines

use log::{Log, Metadata, Record, info, warn};
use pipeline_notify::{LastLines, fact, notify, progress};

struct Silent;

impl Log for Silent {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }
    fn log(&self, _: &Record<'_>) {}
    fn flush(&self) {}
}

#[notify(runbook = "https://wiki.example.com/orders")]
fn load(orders: &[&str]) -> Result<(), std::num::ParseIntError> {
    info!("{} orders", orders.len());
    for (rows, order) in orders.iter().enumerate() {
        fact("rows", rows);
        progress(rows, orders.len());
        if order.parse::<u32>()? == 0 {
            warn!("order {rows} costs nothing");
        }
    }
    Ok(())
}

fn main() -> anyhow::Result<()> {
    support::receive_alerts_here_unless_slack_is_set_up()?;
    LastLines::wrap(Silent).install()?;
    println!("{:?}", load(&["17", "0", "four"]));
    Ok(())
}
