#!/bin/sh
# Measures what #[notify] on `main` costs a whole process, from start to exit, and prints one table.
# usage: sh benches/processes.sh [folder on tmpfs] [folder on a disk]
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --quiet --release -p pipeline-notify-benches --bin bare --bin annotated --bin driver
"$target/release/driver" processes "$target/release" "${1:-/dev/shm}" "${2:-${TMPDIR:-/tmp}}"
