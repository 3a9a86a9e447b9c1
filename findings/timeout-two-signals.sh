#!/usr/bin/env bash
# Guess: `timeout` sends the command one SIGTERM when the time is up.
# Seen: it sends two, one to the child and at once another to the whole group, the child in it.
# Why it matters: a job that takes a first SIGTERM for "finish your work" and a second for "leave
# now" leaves at once, before it has said why. A supervisor that hands signals on doubles them.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian coreutils=9.1-1 strace=6.1-0.1
strace -qq -e signal=none -e trace=kill -o "$work/trace" timeout 0.5 sleep 20 || true
seen=$(sed -E 's/kill\([1-9][0-9]*, /kill(child, /; s/kill\(0, /kill(group, /; s/ +=.*//' "$work/trace")
expect 'kill(child, SIGTERM)
kill(group, SIGTERM)
kill(child, SIGCONT)
kill(group, SIGCONT)' "$seen"
