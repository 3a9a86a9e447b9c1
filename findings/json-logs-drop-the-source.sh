#!/usr/bin/env bash
# Guess: a program that logs an error with tracing says the same as text and, with `.json()`, as JSON.
# Seen: text and `.pretty()` have the error and its sources ("connection refused"); JSON has the error's own words alone.
# Why it matters: JSON is what is set in production, and what alerts are made of: "orders not loaded", and the reason was on the developer's terminal alone.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'tracing = "=0.1.44"' 'tracing-subscriber = { version = "=0.3.23", features = ["json"] }' << 'RUST'
use std::error::Error;

#[derive(Debug)]
struct NotLoaded(std::io::Error);

impl std::fmt::Display for NotLoaded {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "orders not loaded")
    }
}

impl Error for NotLoaded {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn main() {
    let format = tracing_subscriber::fmt().with_ansi(false);
    match std::env::args().nth(1).unwrap().as_str() {
        "json" => format.json().init(),
        "pretty" => format.pretty().init(),
        "compact" => format.compact().init(),
        _ => format.init(),
    }
    let error = NotLoaded(std::io::Error::other("connection refused"));
    tracing::error!(error = &error as &(dyn Error + 'static), "failed");
}
RUST
seen=$(
    for format in full compact pretty json; do
        "$work/program" "$format" > "$work/out"
        echo "$format: error $(grep -c 'orders not loaded' "$work/out" || true), source $(grep -c 'connection refused' "$work/out" || true)"
    done
)
expect 'full: error 1, source 1
compact: error 1, source 1
pretty: error 1, source 1
json: error 1, source 0' "$seen"
