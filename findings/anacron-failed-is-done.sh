#!/usr/bin/env bash
# Guess: anacron, which makes up for runs that were missed, runs a job again that has failed.
# Seen: it writes the day down whatever the exit code, says nothing but "exit status: 1", itself exits with 0,
# and leaves the job alone until its period is over: a week, for one of 7 days.
# Why it matters: a monthly job that fails once is next tried a month later. Whoever waits for a retry waits
# for nothing; the failure must be heard of, or the job must try again itself.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian anacron=2.3-36
mkdir "$work/spool"
cat > "$work/tab" << TAB
SHELL=/bin/sh
7 0 weekly echo ran >> $work/ran; exit 1
TAB
seen=$(
    for start in first second; do
        code=0
        timeout 20 anacron -d -n -s -t "$work/tab" -S "$work/spool" 2> "$work/said" || code=$?
        echo "$start start: exit code $code, $(sed -n 's/^Normal exit //p' "$work/said")"
    done
    echo "runs: $(wc -l < "$work/ran")"
)
expect 'first start: exit code 0, (1 job run)
second start: exit code 0, (0 jobs run)
runs: 1' "$seen"
