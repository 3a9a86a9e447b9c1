#!/usr/bin/env bash
# Guess: with human-panic a program that panics says more kindly what went wrong: its message is on standard error.
# Seen: in a release build the message and its place are in a file of the temporary folder alone; standard error has the file's name, and asks for an email.
# With RUST_BACKTRACE set, to 0 too, the message is there.
# Why it matters: the alert has four paragraphs of kindness and no reason, and the file of a container, or of a host with a fresh /tmp for each
# service, is gone with the job.
set -euo pipefail
. "$(dirname "$0")/common.bash"

export CARGO_PROFILE_DEV_DEBUG_ASSERTIONS=false # as in a release build
unset RUST_BACKTRACE
crates 'human-panic = "=2.0.8"' << 'RUST'
fn main() {
    human_panic::setup_panic!();
    panic!("no connection to orders");
}
RUST
run() { # the title, the environment
    local code=0 title=$1
    shift
    rm -f "$TMPDIR"/*
    env "$@" "$work/program" 2> "$work/err" || code=$?
    echo "$title: exit code $code, the message on standard error $(grep -c 'no connection to orders' "$work/err" || true)," \
        "in the file $(cat "$TMPDIR"/* 2> /dev/null | grep -c 'no connection to orders' || true)"
}
seen=$(
    run 'nothing set'
    run RUST_BACKTRACE=0 RUST_BACKTRACE=0
    run RUST_BACKTRACE=1 RUST_BACKTRACE=1
)
expect 'nothing set: exit code 101, the message on standard error 0, in the file 1
RUST_BACKTRACE=0: exit code 101, the message on standard error 1, in the file 0
RUST_BACKTRACE=1: exit code 101, the message on standard error 1, in the file 0' "$seen"
