#!/usr/bin/env bash
# Guess: once the stream of `tokio::signal` is dropped, or its runtime, the signal has its default effect
# again: SIGTERM ends the program.
# Seen: the handler stays for as long as the process lives, and SIGTERM does nothing any more.
# Why it matters: a job that listened for SIGTERM once, in one of its parts, can later be stopped only
# by SIGKILL, and so dies without a word to whoever watches it.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'tokio = { version = "=1.54.1", features = ["rt", "signal"] }' << 'RUST'
use std::{thread::sleep, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

fn main() {
    if std::env::args().nth(1).as_deref() == Some("listen") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { drop(signal(SignalKind::terminate()).unwrap()) });
        drop(runtime);
    }
    println!("ready");
    sleep(Duration::from_secs(5));
}
RUST
try() {
    : > "$work/out"
    "$work/program" "$1" > "$work/out" &
    local code=0 program=$!
    within 20 grep -q ready "$work/out"
    kill -TERM "$program"
    wait "$program" || code=$?
    echo "$1: exit code $code"
}
expect 'never: exit code 143
listen: exit code 0' "$(try never; try listen)"
