#!/usr/bin/env bash
# Guess: supervisord keeps an event for its listener until that has time: of thirty programs that crash at once, all thirty are heard of.
# Seen: eleven are. It keeps ten for a listener that is at work and throws the oldest away, which only its own log says. With `buffer_size=100` all are heard
# of.
# Why it matters: a database that goes away fells all that use it in the same second, and a listener that posts or mails each alert takes a second for
# one: most of the alerts are lost on the one day on which they matter.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python supervisor==4.3.0
cd "$work"
cat > listener.py << 'PYTHON'
import sys, time

def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()

while True:
    say("READY\n")
    head = dict(part.split(":") for part in sys.stdin.readline().split())
    sys.stdin.read(int(head["len"]))
    with open(sys.argv[1], "a") as heard:
        print("heard", file=heard)
    time.sleep(0.5)
    say("RESULT 2\nOK")
PYTHON
run() { # the title, a line for the listener
    local supervisord
    rm -f log heard
    cat > supervisord.conf << INI
[supervisord]
nodaemon=true
logfile=$work/log
pidfile=$work/pid
[program:load]
command=sh -c 'until [ -e $work/down ]; do sleep 0.1; done; exit 1'
process_name=load%(process_num)02d
numprocs=30
startsecs=0
autorestart=false
[eventlistener:alert]
command=python3 $work/listener.py $work/heard
events=PROCESS_STATE_EXITED
$2
INI
    rm -f down
    start supervisord supervisord --configuration="$work/supervisord.conf"
    supervisord=${started[-1]}
    within 30 bash -c "[ \$(grep -c 'success: load' $work/log) = 30 ]"
    sleep 2 # the listener is ready
    touch down
    within 30 bash -c "[ \$(grep -c 'exited: load' $work/log) = 30 ]"
    sleep 18
    echo "$1: heard of $(grep -c heard heard || true) of 30, thrown away $(grep -c 'discarding event' log || true)" >> seen
    kill "$supervisord"
    wait "$supervisord" || true
}
run 'as it comes' ''
run 'buffer_size=100' 'buffer_size=100'
expect 'as it comes: heard of 11 of 30, thrown away 19
buffer_size=100: heard of 30 of 30, thrown away 0' "$(cat seen)"
