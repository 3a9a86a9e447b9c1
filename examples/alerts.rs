//! Try it: sends one alert of each kind to every channel that is set up.
//!
//!     SLACK_ALERTS_WEBHOOK_URL=https://hooks.slack.com/services/… cargo run --example alerts
//!     NOTIFY_ALERTS_URL='discord://… pagerduty://…' cargo run --example alerts
//!
//! Each says that it is a sample. With none set, a receiver on this machine prints them.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pipeline_notify::{Notifier, Slack, channels, samples};

fn main() -> anyhow::Result<()> {
    let mut all = channels();
    // Slack takes one message a second.
    let mut pause = Duration::from_secs(1);
    if all.is_empty() {
        let slack: Arc<dyn Notifier> = Arc::new(Slack::new(&support::receiver()?)?);
        all.push(("alerts".to_owned(), "the receiver here".to_owned(), slack));
        pause = Duration::ZERO;
    }
    for (channel, variable, notifier) in all {
        for alert in samples() {
            let kind = alert.kind().as_str();
            match notifier.notify(&[alert], Duration::from_secs(10)) {
                Ok(()) => println!("{channel} ({variable}): {kind}: accepted"),
                Err(refusal) => println!("{channel} ({variable}): {kind}: {refusal}"),
            }
            thread::sleep(pause);
        }
    }
    Ok(())
}
