#!/bin/sh
# Measures what a build costs with pipeline-notify, with sentry and with reqwest: crates, seconds from clean, seconds
# for a user's rebuild, bytes. Prints one table.
# usage: sh benches/build.sh [rounds of builds from clean, 3] [rounds of rebuilds, 9]
# The network is needed once, to fill cargo's registry. It builds in the temp folder (TMPDIR), which needs 2 GB free.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
clean_rounds=${1:-3}
touch_rounds=${2:-9}
. "$root/benches/table.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CARGO_INCREMENTAL RUSTFLAGS
contestants="bare notify notify-no-tls sentry reqwest"

crate() { # name, dependency; the program on standard input
    mkdir -p "$work/$1/src"
    cat > "$work/$1/src/main.rs"
    cat > "$work/$1/Cargo.toml" <<TOML
[package]
name = "$1"
version = "0.0.0"
edition = "2024"
[dependencies]
$2
[profile.release]
strip = true
[workspace]
TOML
}

crate bare "" <<'RUST'
fn main() -> Result<(), std::io::Error> {
    std::fs::metadata("/").map(|_| ())
}
RUST
for features in "notify " "notify-no-tls default-features = false,"; do
    crate "${features%% *}" "pipeline-notify = { ${features#* } path = \"$root\" }" <<'RUST'
#[pipeline_notify::notify]
fn main() -> Result<(), std::io::Error> {
    std::fs::metadata("/").map(|_| ())
}
RUST
done
# What an error with its backtrace and a panic need; the transport that is beside pipeline-notify's.
crate sentry 'sentry = { version = "0.49", default-features = false, features = ["ureq", "rustls", "backtrace", "contexts", "panic"] }' <<'RUST'
fn main() -> Result<(), std::io::Error> {
    let dsn = std::env::var("SENTRY_DSN").unwrap_or_default();
    let _guard = sentry::init((dsn, sentry::ClientOptions::default()));
    std::fs::metadata("/").map(|_| ()).inspect_err(|error| {
        sentry::capture_error(error);
    })
}
RUST
crate reqwest 'reqwest = { version = "0.13", default-features = false, features = ["blocking", "rustls"] }' <<'RUST'
fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Err(error) = std::fs::metadata("/") {
        let webhook = std::env::var("WEBHOOK")?;
        let body = format!("{{\"text\":\"{error}\"}}");
        reqwest::blocking::Client::new().post(webhook).body(body).send()?;
        return Err(error.into());
    }
    Ok(())
}
RUST

milliseconds() { # a crate, what cargo is told
    (
        cd "$work/$1"
        shift
        start=$(date +%s%N)
        CARGO_TARGET_DIR=target cargo "$@" --quiet --offline
        echo $((($(date +%s%N) - start) / 1000000))
    )
}

for name in $contestants; do
    (cd "$work/$name" && cargo fetch --quiet)
done
before=$(load)
for round in $(seq "$clean_rounds"); do
    for name in $contestants; do
        rm -rf "$work/$name/target"
        milliseconds "$name" build --release >> "$work/$name/clean"
        echo "round $round of $clean_rounds: $name from clean in $(tail -n 1 "$work/$name/clean") ms" >&2
    done
done
for name in $contestants; do
    wc -c < "$work/$name/target/release/$name" > "$work/$name/bytes"
    (cd "$work/$name" && cargo tree --offline --edges normal,build --prefix none) |
        sed 's/ (.*//' | sort -u | wc -l > "$work/$name/crates"
    milliseconds "$name" build > /dev/null
done
for _ in $(seq "$touch_rounds"); do
    for name in $contestants; do
        touch "$work/$name/src/main.rs"
        milliseconds "$name" build >> "$work/$name/debug"
        touch "$work/$name/src/main.rs"
        milliseconds "$name" build --release >> "$work/$name/release"
    done
done

# What a contestant costs more than the bare program: the median of the differences of each round.
more() { # name, which
    paste "$work/$1/$2" "$work/bare/$2" | awk '{ print $1 - $2 }' | spread
}
echo "load average $before before, $(load) after; $clean_rounds builds from clean and $touch_rounds rebuilds of each, interleaved;" \
    "times and bytes are over those of the bare program (median, lowest to highest of the rounds)"
echo
echo "| program | crates | from clean, release | ratio of each round | rebuild, debug | rebuild, release | stripped |"
echo "|---|---|---|---|---|---|---|"
for name in $contestants; do
    if [ "$name" = bare ]; then
        echo "| bare, absolute | 0 | $(spread < "$work/bare/clean" | seconds) | | $(spread < "$work/bare/debug" | seconds)" \
            "| $(spread < "$work/bare/release" | seconds) | $(($(cat "$work/bare/bytes") / 1024)) KiB |"
        continue
    fi
    ratio=$(paste "$work/$name/clean" "$work/notify/clean" "$work/bare/clean" |
        awk '{ print ($1 - $3) / ($2 - $3) }' | spread |
        awk '{ printf "%.2f (%.2f to %.2f)", $1, $2, $3 }')
    bytes=$((($(cat "$work/$name/bytes") - $(cat "$work/bare/bytes")) / 1024))
    echo "| $name | $(($(cat "$work/$name/crates") - 1)) | $(more "$name" clean | seconds) | $ratio" \
        "| $(more "$name" debug | seconds) | $(more "$name" release | seconds) | $bytes KiB |"
done
echo
sh "$root/benches/check_400.sh" | sed 's/^/`cargo check` of 400 functions, /'
