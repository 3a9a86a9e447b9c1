#!/usr/bin/env bash
# Guess: the panic of a thread in a scope comes out of the scope with its message, as it does out of `join`.
# Seen: out of rayon's scope it does. std's panics anew with "a scoped thread panicked", and crossbeam returns a list
# of payloads as the payload, which is no text to any of the usual ways to read one.
# Why it matters: the alert of a parallel job has no reason. It stands on standard error alone.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'crossbeam-utils = "=0.8.21"' 'rayon = "=1.12.0"' << 'RUST'
use std::{any::Any, panic::catch_unwind, thread};

fn load(row: usize) {
    panic!("row {row} costs nothing");
}

fn show(from: &str, outcome: Result<(), Box<dyn Any + Send>>) {
    let payload = outcome.unwrap_err();
    let text = payload.downcast_ref::<String>().cloned();
    let text = text.or(payload.downcast_ref::<&str>().map(|text| text.to_string()));
    println!("{from}: {}", text.as_deref().unwrap_or("no text"));
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    show("std, join", thread::spawn(|| load(44)).join());
    show("std, scope", catch_unwind(|| thread::scope(|s| { s.spawn(|| load(44)); })));
    show("crossbeam, scope", crossbeam_utils::thread::scope(|s| { s.spawn(|_| load(44)); }));
    show("rayon, scope", catch_unwind(|| rayon::scope(|s| s.spawn(|_| load(44)))));
}
RUST
expect 'std, join: row 44 costs nothing
std, scope: a scoped thread panicked
crossbeam, scope: no text
rayon, scope: row 44 costs nothing' "$(timeout 20 "$work/program")"
