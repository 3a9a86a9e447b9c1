#!/bin/sh
# Runs processes of the build before write-behind beside those of this one, on one job: they must decide as one.
# usage: sh tests/beside.sh [commit]
set -eu
cd "$(dirname "$0")/.."
before=${1:-706daaa}
folder=$(mktemp -d)
trap 'git worktree remove --force "$folder/before" 2> /dev/null; rm -rf "$folder"' EXIT
git worktree add --quiet --detach "$folder/before" "$before"
# The same program, whose jobs have the same names, with the other library.
cp tests/programs/ends.rs "$folder/before/tests/programs/ends.rs"
(cd "$folder/before" && cargo build --quiet --example ends)
ENDS_BEFORE="${CARGO_TARGET_DIR:-$folder/before/target}/debug/examples/ends"
# The build of now goes to its own folder, and must not take the place of that program.
cp "$ENDS_BEFORE" "$folder/ends"
ENDS_BEFORE="$folder/ends" cargo test --test many -- --ignored --nocapture a_build_of_before
