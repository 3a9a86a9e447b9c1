//! The README's first program, whose outcome the README shows.

use log::{info, warn};
use pipeline_notify::{LastLines, fact, notify};

#[notify(runbook = "https://wiki.example.com/orders")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let logger = env_logger::Builder::from_default_env().build();
    log::set_max_level(logger.filter());
    LastLines::wrap(logger).install()?;
    info!("reading orders.csv");
    let orders = std::fs::read_to_string("orders.csv")?;
    info!("{} orders", orders.lines().count());
    for (rows, price) in orders.lines().enumerate() {
        fact("rows", rows);
        if price.parse::<f64>()? == 0.0 {
            warn!("order {rows} costs nothing");
        }
    }
    Ok(())
}
