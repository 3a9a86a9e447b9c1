//! Write whatever you like in the message: here one line, and a link.
//!
//!     cargo run --example message

use pipeline_notify::{Alert, Message, fact, notify};

fn one_line(alert: &Alert) -> Message {
    let rows = alert.fact("rows").unwrap_or("no");
    Message::new()
        .headline(format!(
            "orders: {} ({rows} rows were loaded)",
            alert.error()
        ))
        .text("")
        .link(
            "the run",
            format!("https://runs.example.com/{}", alert.id()),
        )
}

#[notify(message = one_line, runbook = "https://wiki.example.com/orders", owner = "team-data")]
fn load(orders: &[&str]) -> Result<(), std::num::ParseIntError> {
    for (row, order) in orders.iter().enumerate() {
        fact("rows", row);
        order.parse::<u32>()?;
    }
    Ok(())
}

fn main() -> anyhow::Result<()> {
    support::receive_alerts_here_unless_slack_is_set_up()?;
    println!("{:?}", load(&["17", "4", "four"]));
    Ok(())
}
