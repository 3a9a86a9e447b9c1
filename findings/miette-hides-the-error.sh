#!/usr/bin/env bash
# Guess: an error that miette's `into_diagnostic()` took in is found again by walking `source()` with
# `downcast_ref`, as with anyhow.
# Seen: it is not. A private type stands in its place, whose `source()` is the source of the error, not the
# error itself.
# Why it matters: a rule such as "a timeout is no reason to call somebody" never finds its timeout, and
# each one calls.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'anyhow = "=1.0.105"' 'miette = "=7.6.0"' << 'RUST'
use miette::{IntoDiagnostic, WrapErr};
use std::io::{Error, ErrorKind};

fn found<'a>(mut error: Option<&'a (dyn std::error::Error + 'static)>) -> bool {
    while let Some(one) = error {
        if one.downcast_ref::<Error>().is_some() {
            return true;
        }
        error = one.source();
    }
    false
}

fn main() {
    let timeout = || Err::<(), _>(Error::from(ErrorKind::TimedOut));
    let report = anyhow::Context::context(timeout(), "load").unwrap_err();
    println!("anyhow: {}", found(Some(report.as_ref())));
    let report = timeout().into_diagnostic().wrap_err("load").unwrap_err();
    println!("miette: {}, though its text says \"{}\"", found(Some(report.as_ref())), report.root_cause());
}
RUST
expect 'anyhow: true
miette: false, though its text says "timed out"' "$(timeout 30 "$work/program")"
