#!/usr/bin/env bash
# Guess: `ExponentialBackoff::from_millis(500)` waits for 500 ms, then 1 s, 2 s and 4 s, as it does in the crates retry and
# backoff.
# Seen: in tokio-retry and tokio-retry2 the number is the base that is raised: 500 ms, 250 s, then 35 hours, then two years.
# `from_millis(2).factor(250)` is what was meant. A test with `from_millis(10)` and two retries waits for 110 ms and shows nothing.
# Why it matters: a job that sends an alert or asks a database, with "three retries from half a second on", sleeps for
# more than a day, and seems to hang.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'tokio-retry = "=0.3.2"' 'tokio-retry2 = "=0.6.2"' 'retry = "=2.2.0"' 'backoff = "=0.4.0"' << 'RUST'
use std::time::Duration;

fn show(name: &str, waits: impl Iterator<Item = Duration>) {
    println!("{name}: {:?}", waits.take(4).collect::<Vec<_>>());
}

fn main() {
    use backoff::backoff::Backoff;
    let mut other = backoff::ExponentialBackoff {
        initial_interval: Duration::from_millis(500),
        multiplier: 2.0,
        randomization_factor: 0.0,
        ..Default::default()
    };
    show("backoff", std::iter::from_fn(|| other.next_backoff()));
    show("retry", retry::delay::Exponential::from_millis(500));
    show("tokio-retry", tokio_retry::strategy::ExponentialBackoff::from_millis(500));
    show("tokio-retry2", tokio_retry2::strategy::ExponentialBackoff::from_millis(500));
    show("tokio-retry, meant", tokio_retry::strategy::ExponentialBackoff::from_millis(2).factor(250));
}
RUST
expect 'backoff: [500ms, 1s, 2s, 4s]
retry: [500ms, 1s, 2s, 4s]
tokio-retry: [500ms, 250s, 125000s, 62500000s]
tokio-retry2: [500ms, 250s, 125000s, 62500000s]
tokio-retry, meant: [500ms, 1s, 2s, 4s]' "$(timeout 30 "$work/program")"
