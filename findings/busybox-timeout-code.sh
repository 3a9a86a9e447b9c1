#!/usr/bin/env bash
# Guess: `timeout` exits with 124 when the time is up, in a slim container, too.
# Seen: BusyBox's exits with 143, as if somebody else had sent SIGTERM. (Where `-k` had to kill, both exit
# with 137.)
# Why it matters: "124 means too slow" is written into many scripts and alert rules. In such a container a job
# that is too slow looks like one that was stopped.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian busybox=1:1.35.0-4+deb12u1+b1 coreutils=9.1-1
code() {
    local code=0
    timeout 20 "$@" 2> /dev/null || code=$?
    echo "$code"
}
seen=$(
    for program in timeout "busybox timeout"; do
        # shellcheck disable=SC2086 # two words
        echo "$program: $(code $program 1 sleep 5)"
        # shellcheck disable=SC2086,SC2016
        echo "$program -k 1: $(code $program -k 1 1 sh -c 'trap "" TERM; sleep 4; exit')"
    done
) 2> /dev/null
expect 'timeout: 124
timeout -k 1: 137
busybox timeout: 143
busybox timeout -k 1: 137' "$seen"
