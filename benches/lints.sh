#!/bin/sh
# Compiles tests/corpus-like functions with and without `#[notify]`, and prints which lint findings
# come and go. A finding is its lint and its line. lints.md explains those that go.
#
#   benches/lints.sh [file]     the file marks functions with `#[notify]`, each on a line of its own
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
input=${1:-$root/benches/lints/input.rs}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/src"
cat > "$work/Cargo.toml" <<TOML
[package]
name = "lints"
version = "0.0.0"
edition = "2024"
[dependencies]
pipeline-notify = { path = "$root" }
[workspace]
TOML
cp "$root/Cargo.lock" "$work/Cargo.lock"
# Not in the repository's folder: its clippy.toml softens some lints.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}/lints"

findings() { # file, flags
    cp "$1" "$work/src/lib.rs"
    shift
    touch "$work/src/lib.rs"
    (cd "$work" && cargo clippy --quiet --message-format=json -- --cap-lints=warn "$@") > "$work/json" 2> "$work/errors" ||
        { cat "$work/errors" >&2; exit 1; }
    python3 -c '
import json, sys
for line in sys.stdin:
    message = json.loads(line).get("message")
    if message and message["code"] and message["spans"]:
        span = next(span for span in message["spans"] if span["is_primary"])
        print(span["line_start"], message["code"]["code"])
' < "$work/json" | sort -n | uniq
}

# The same lines, so that findings can be compared.
sed 's/^\( *\)#\[notify.*\]$/\1#[rustfmt::skip]/; s/^use pipeline_notify.*/use std as _;/' "$input" > "$work/bare.rs"
rustc_lints="-Wunused -Wunreachable-pub -Wunused-qualifications -Wunused-lifetimes -Wunused-import-braces
    -Wlet-underscore-drop -Wsingle-use-lifetimes -Welided-lifetimes-in-paths -Wexplicit-outlives-requirements
    -Wtrivial-casts -Wtrivial-numeric-casts -Wmissing-debug-implementations -Wmissing-docs -Wunsafe-code
    -Wunused-results -Wvariant-size-differences -Wredundant-lifetimes -Wmeta-variable-misuse
    -Wmissing-copy-implementations -Wnon-ascii-idents -Wunit-bindings -Wabsolute-paths-not-starting-with-crate"
compare() { # title, flags
    title=$1
    shift
    findings "$work/bare.rs" "$@" > "$work/bare"
    findings "$input" "$@" > "$work/annotated"
    echo "$title: $(wc -l < "$work/bare") without, $(diff "$work/bare" "$work/annotated" | grep -c '^>') added, $(diff "$work/bare" "$work/annotated" | grep -c '^<') lost"
    diff "$work/bare" "$work/annotated" | sed -n 's/^> /  added: line /p; s/^< /  lost: line /p' |
        awk '{ key = $1 " " $4; lines[key] = lines[key] " " $3 } END { for (key in lines) print "  " key ", at" lines[key] }' | sort
}
compare "clippy's default" -Wclippy::all
compare "and pedantic, nursery" -Wclippy::all -Wclippy::pedantic -Wclippy::nursery
# shellcheck disable=SC2086
compare "all of clippy, and rustc's strict ones" -Wclippy::all -Wclippy::pedantic -Wclippy::nursery -Wclippy::restriction $rustc_lints
