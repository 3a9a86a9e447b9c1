#!/usr/bin/env bash
# Guess: with `autorestart=false` supervisord runs a job once; a job that ends with 0 at once has worked.
# Seen: it runs it four times and calls it FATAL, "exited too quickly": an end within `startsecs`, 1 second by default, is a failed start, whatever the
# exit code is, and a failed start is tried again `startretries` times, 3 by default. A job that takes longer runs once. With `startsecs=0`
# the quick one does, too.
# Why it matters: the import that takes five seconds runs once, until the day on which there is little to do: then it runs four times, and an alert
# says that it has failed.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python supervisor==4.3.0
cd "$work"
# 5 seconds in place of 1: a busy machine makes no quick job a slow one.
cat > supervisord.conf << CONF
[supervisord]
nodaemon=true
logfile=$work/log
pidfile=$work/pid
[program:quick]
command=sh -c "echo x >> $work/quick.runs"
autorestart=false
startsecs=5
[program:slow]
command=sh -c "echo x >> $work/slow.runs; sleep 8"
autorestart=false
startsecs=5
[program:mended]
command=sh -c "echo x >> $work/mended.runs"
autorestart=false
startsecs=0
CONF
start supervisord supervisord --configuration supervisord.conf
within 60 grep -q 'gave up: quick' log
within 60 grep -q 'exited: slow' log
sleep 2
expect 'quick: runs 4, exited: (exit status 0; not expected), gave up: yes
slow: runs 1, exited: (exit status 0; expected), gave up: no
mended: runs 1, exited: (exit status 0; expected), gave up: no' "$(
    for job in quick slow mended; do
        echo "$job: runs $(wc -l < $job.runs), exited: $(grep "exited: $job" log | grep -o '(.*)' | sort -u), gave up: $(grep -q "gave up: $job" log && echo yes || echo no)"
    done
)"
