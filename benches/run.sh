#!/bin/sh
# Measures what #[notify] costs, and prints one table of ratios to bare system calls.
# usage: sh benches/run.sh [folder on tmpfs] [folder on a disk]
set -eu
cd "$(dirname "$0")/.."
tmpfs=${1:-/dev/shm}
disk=${2:-${TMPDIR:-/tmp}}
CRITERION_HOME=${CRITERION_HOME:-${CARGO_TARGET_DIR:-$PWD/target}/criterion}
export CRITERION_HOME
for place in "tmpfs $tmpfs" "disk $disk"; do
    BENCH_PLACE=${place%% *} BENCH_FOLDER=${place#* } \
        cargo bench --quiet -p pipeline-notify-benches --benches >&2
done
cargo run --quiet --release -p pipeline-notify-benches --bin table
