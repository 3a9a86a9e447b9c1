//! Try it: sends one alert of each kind to every Slack channel that is set up.
//!
//!     SLACK_ALERTS_WEBHOOK_URL=https://hooks.slack.com/services/… cargo run --example alerts
//!
//! Each says that it is a sample. With no webhook set, a receiver on this machine prints them.

use std::time::Duration;
use std::{env, thread};

use pipeline_notify::{Notifier as _, Slack, samples};

mod support;

fn main() -> anyhow::Result<()> {
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let variables = variables.filter(|(name, value)| {
        name.starts_with("SLACK_") && name.ends_with("_WEBHOOK_URL") && !value.is_empty()
    });
    let mut webhooks: Vec<_> = variables.collect();
    // Slack takes one message a second.
    let mut pause = Duration::from_secs(1);
    if webhooks.is_empty() {
        webhooks.push(("the receiver here".to_owned(), support::receiver()?));
        pause = Duration::ZERO;
    }
    for (name, webhook) in webhooks {
        let slack = Slack::new(&webhook)?;
        for alert in samples() {
            match slack.notify(std::slice::from_ref(&alert), Duration::from_secs(10)) {
                Ok(()) => println!("{name}: {}: accepted", alert.kind().as_str()),
                Err(refusal) => println!("{name}: {}: {refusal}", alert.kind().as_str()),
            }
            thread::sleep(pause);
        }
    }
    Ok(())
}
