//! Try it: sends one alert of each kind to every channel that is set up.
//!
//!     SLACK_ALERTS_WEBHOOK_URL=https://hooks.slack.com/services/… cargo run --example alerts
//!     NOTIFY_ALERTS_URL='discord://… pagerduty://…' cargo run --example alerts
//!
//! Each says that it is a sample. With none set, a receiver on this machine prints them.

use std::thread;
use std::time::Duration;

use pipeline_notify::{Notifier, channels, samples};

/// Slack takes one message a second.
const PAUSE: Duration = Duration::from_secs(1);

fn main() -> anyhow::Result<()> {
    let all = channels();
    if all.is_empty() {
        send(
            "alerts (the receiver here)",
            &support::receiver()?,
            Duration::ZERO,
        );
    }
    for one in &all {
        let name = format!("{} ({})", one.channel(), one.variable());
        send(&name, one.notifier(), PAUSE);
    }
    Ok(())
}

fn send(name: &str, notifier: &dyn Notifier, pause: Duration) {
    for alert in samples() {
        let kind = alert.kind().as_str();
        match notifier.notify(&[alert], Duration::from_secs(10)) {
            Ok(()) => println!("{name}: {kind}: accepted"),
            Err(refusal) => println!("{name}: {kind}: {refusal}"),
        }
        thread::sleep(pause);
    }
}
