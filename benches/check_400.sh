#!/bin/sh
# Measures what `cargo check` of 400 functions costs: bare, with `#[notify]`, and with
# `#[tracing::instrument(err)]`. Best of three, in one run.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/src"
cat > "$work/Cargo.toml" <<TOML
[package]
name = "check-400"
version = "0.0.0"
edition = "2024"
[dependencies]
pipeline-notify = { path = "$root" }
tracing = { version = "0.1", default-features = false, features = ["attributes", "std"] }
[workspace]
TOML
cp "$root/Cargo.lock" "$work/Cargo.lock"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}/check-400"

functions() { # attribute
    echo '//! Four hundred functions.'
    for number in $(seq 100); do
        cat <<RUST
$1
pub fn plain_$number(value: u64) -> Result<u64, std::num::ParseIntError> {
    let mut sum = value;
    for text in ["1", "2", "3"] {
        sum += text.parse::<u64>()?;
    }
    Ok(sum)
}
$1
pub fn boxed_$number(text: &str) -> Result<String, Box<dyn std::error::Error>> {
    let number: u64 = text.trim().parse()?;
    if number > 10 {
        return Err("too many".into());
    }
    Ok(format!("{number}"))
}
$1
pub async fn later_$number(text: String) -> Result<usize, std::num::ParseIntError> {
    std::future::ready(()).await;
    Ok(text.parse::<usize>()?)
}
$1
pub fn listed_$number(values: &mut Vec<u64>, first: u64) -> Result<u64, String> {
    values.push(first);
    values.iter().copied().reduce(|a, b| a + b).ok_or_else(|| "empty".to_owned())
}
RUST
    done
}

measure() { # title, attribute
    functions "$2" > "$work/src/lib.rs"
    best=999999
    for _ in 1 2 3; do
        touch "$work/src/lib.rs"
        start=$(date +%s%N)
        (cd "$work" && cargo check --quiet)
        took=$((($(date +%s%N) - start) / 1000000))
        [ "$took" -lt "$best" ] && best=$took
    done
    echo "$1: $best ms"
}
functions "" > "$work/src/lib.rs"
(cd "$work" && CARGO_INCREMENTAL=0 cargo check --quiet) # the dependencies
export CARGO_INCREMENTAL=0
measure "bare" ""
measure "#[notify]" "#[pipeline_notify::notify]"
measure "#[tracing::instrument(err)]" "#[tracing::instrument(err)]"
