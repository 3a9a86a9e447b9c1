#!/usr/bin/env bash
# Guess: `unbuffer`, which lets a job print line by line into a log, exits as the job did, 128 and the number
# after a signal.
# Seen: an exit code is passed on, but after any signal it exits with 0. With `-p`, as in a pipeline, it exits
# with 0 always.
# Why it matters: a job that runs out of memory has worked, says its exit code.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian expect=5.45.4-2+b1 tcl-expect=5.45.4-2+b1
library=$work/root/usr/lib/tcltk/x86_64-linux-gnu/expect5.45.4
# The package looks for its library below /usr alone.
sed -i "s|file join /usr|file join $work/root/usr|" "$library/pkgIndex.tcl"
export TCLLIBPATH=$library
code() {
    local code=0
    timeout 20 "$@" < /dev/null > /dev/null || code=$?
    echo "$code"
}
seen=$(
    for job in 'exit 3' 'kill -KILL $$' 'kill -TERM $$'; do
        echo "$job: unbuffer $(code unbuffer sh -c "$job"), unbuffer -p $(code unbuffer -p sh -c "$job")"
    done
)
expect 'exit 3: unbuffer 3, unbuffer -p 0
kill -KILL $$: unbuffer 0, unbuffer -p 0
kill -TERM $$: unbuffer 0, unbuffer -p 0' "$seen"
