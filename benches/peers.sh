#!/bin/sh
# Measures the library beside a hand-written version, the article's decorator under Python 3, and sentry, each against
# the same floor, and prints one table.
# usage: sh benches/peers.sh [folder on tmpfs] [folder on a disk]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
python=$("${PYTHON:-python3}" -c 'import sys; print(sys.executable)') # not a version manager's script, which starts slowly
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/Cargo.toml" <<TOML
[package]
name = "peers"
version = "0.0.0"
edition = "2024"
autobins = false
[dependencies]
pipeline-notify = { path = "$root" }
sentry = { version = "0.49", default-features = false, features = ["ureq", "rustls", "backtrace", "contexts", "panic"] }
serde_json = "1"
ureq = { version = "3.5", default-features = false, features = ["rustls"] }
[workspace]
TOML
for name in floor library by_hand sentry; do
    printf '[[bin]]\nname = "%s"\npath = "%s"\n' "$name" "$root/benches/peers/$name.rs" >> "$work/Cargo.toml"
done
(cd "$work" && CARGO_TARGET_DIR="$target/peers" cargo build --quiet --release)
cd "$root"
cargo build --quiet --release -p pipeline-notify-benches --bin driver
"$target/release/driver" peers "$target/peers/release" "$python" "$root/benches/peers/article.py" \
    "${1:-/dev/shm}" "${2:-${TMPDIR:-/tmp}}"
