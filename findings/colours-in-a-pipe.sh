#!/usr/bin/env bash
# Guess: libraries colour their text on a terminal alone, so what a pipe or a log receives is plain.
# Seen: error-stack, color-eyre and tracing-subscriber write colour codes into a pipe; none asks
# whether a terminal is there. NO_COLOR helps with tracing-subscriber alone.
# Why it matters: the last lines of a job's output go into an alert. The codes are shown as rubbish
# there, and a rule that looks for "ERROR" at the start of a line does not find it.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'error-stack = "=0.8.0"' 'color-eyre = "=0.6.5"' 'tracing-subscriber = "=0.3.23"' 'tracing = "=0.1.44"' << 'RUST'
fn main() {
    match std::env::args().nth(1).unwrap().as_str() {
        "error-stack" => println!("{:?}", error_stack::Report::new(std::io::Error::other("disk full"))),
        "color-eyre" => {
            color_eyre::install().unwrap();
            println!("{:?}", color_eyre::eyre::eyre!("disk full"));
        }
        _ => {
            tracing_subscriber::fmt().init();
            tracing::error!("disk full");
        }
    }
}
RUST
seen=$(
    for library in error-stack color-eyre tracing-subscriber; do
        for colour in '' NO_COLOR=1; do
            text=$(env -u NO_COLOR $colour timeout 10 "$work/program" "$library")
            [[ "$text" == *$'\e['* ]] && codes=yes || codes=no
            echo "$library${colour:+ with $colour}: $codes"
        done
    done
)
expect 'error-stack: yes
error-stack with NO_COLOR=1: yes
color-eyre: yes
color-eyre with NO_COLOR=1: yes
tracing-subscriber: yes
tracing-subscriber with NO_COLOR=1: no' "$seen"
