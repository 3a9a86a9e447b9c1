//! A small pipeline: reads orders, checks them, sums them up in euros, and writes the totals.
//!
//!     cargo run --example pipeline
//!     cargo run --example pipeline -- examples/data/orders-damaged.csv
//!
//! No account is needed: without `SLACK_ALERTS_WEBHOOK_URL` a receiver on this machine stands in
//! for Slack, and prints each alert as it arrives and the status file as it then stands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context as _, bail, ensure};
use pipeline_notify::notify;

struct Order {
    country: String,
    quantity: i32,
    unit_price: f64,
    currency: String,
}

#[derive(Debug, thiserror::Error)]
#[error("no exchange rate for {currency}")]
struct NoRate {
    currency: String,
}

#[notify]
fn main() -> anyhow::Result<()> {
    support::receive_alerts_here_unless_slack_is_set_up()?;

    let input = env::args()
        .nth(1)
        .unwrap_or("examples/data/orders.csv".to_owned());
    let orders = read(&input)?;
    let (totals, left_out) = sum(&orders);
    let output = write(&totals)?;

    println!(
        "{} orders summed up in {}, {left_out} left out",
        orders.len() - left_out,
        output.display()
    );
    Ok(())
}

fn read(path: &str) -> anyhow::Result<Vec<Order>> {
    let orders = fs::read_to_string(path).with_context(|| format!("failed to read `{path}`"))?;
    orders.lines().skip(1).map(order).collect()
}

fn order(row: &str) -> anyhow::Result<Order> {
    let fields: Vec<_> = row.split(',').collect();
    let [id, _, country, _, quantity, unit_price, currency] = fields[..] else {
        bail!("`{row}` is no order");
    };
    let order = Order {
        country: country.to_owned(),
        quantity: quantity
            .parse()
            .with_context(|| format!("order {id} has the quantity {quantity}"))?,
        unit_price: unit_price
            .parse()
            .with_context(|| format!("order {id} has the price {unit_price}"))?,
        currency: currency.to_owned(),
    };
    ensure!(order.quantity > 0, "order {id} has the quantity {quantity}");
    ensure!(
        order.unit_price.is_finite(),
        "order {id} has the price {unit_price}"
    );
    Ok(order)
}

/// Returns the euros per country, and how many orders had to be left out.
fn sum(orders: &[Order]) -> (BTreeMap<&str, f64>, usize) {
    let currencies: BTreeSet<_> = orders.iter().map(|order| order.currency.as_str()).collect();
    // People hear of a rate that is missing, and the other orders are summed up all the same.
    let rates: BTreeMap<_, _> = currencies
        .into_iter()
        .filter_map(|currency| Some((currency, euros_per(currency).ok()?)))
        .collect();
    let mut totals = BTreeMap::new();
    let mut left_out = 0;
    for order in orders {
        match rates.get(order.currency.as_str()) {
            Some(rate) => {
                let amount = f64::from(order.quantity) * order.unit_price * rate;
                *totals.entry(order.country.as_str()).or_default() += amount;
            }
            None => left_out += 1,
        }
    }
    (totals, left_out)
}

// A job for each currency; of those that work nobody needs to hear.
#[notify(name = format!("rates.{currency}"), errors(NoRate), ok_silent_hours = f64::INFINITY)]
fn euros_per(currency: &str) -> Result<f64, NoRate> {
    match currency {
        "EUR" => Ok(1.0),
        "USD" => Ok(0.91),
        "GBP" => Ok(1.16),
        _ => Err(NoRate {
            currency: currency.to_owned(),
        }),
    }
}

fn write(totals: &BTreeMap<&str, f64>) -> anyhow::Result<PathBuf> {
    let path = env::temp_dir().join("pipeline-notify-totals.csv");
    let mut lines = "country,euros\n".to_owned();
    for (country, euros) in totals {
        lines += &format!("{country},{euros:.2}\n");
    }
    fs::write(&path, lines).with_context(|| format!("failed to write `{}`", path.display()))?;
    Ok(path)
}
