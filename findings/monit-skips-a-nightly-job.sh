#!/usr/bin/env bash
# Guess: Monit's `check program … every "0 3 * * *"` runs the program each night at three, as cron does; its own cycle says how soon the result is seen.
# Seen: it runs only where one of Monit's cycles falls into that minute. With `set daemon 120`, as in Debian's configuration, every second minute has none: which
# jobs ever run depends on the second at which Monit was started, and a restart changes it. Nothing is logged of the run left out. `0-1 3 * * *` runs it.
# Why it matters: the check that was to alert on the nightly job is itself not run, and its service is shown as it was.
# The clock runs 60 times as fast here.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian monit=1:5.33.0-1 libfaketime=0.9.10-2.1
cd "$work"
cat > monitrc << MONIT
set daemon 120
set pidfile $work/pid
set statefile $work/state
set idfile $work/id
set logfile $work/monit.log
check program even with path "/usr/bin/touch $work/even.ran" every "2 3 * * *"
    if status != 0 then alert
check program odd with path "/usr/bin/touch $work/odd.ran" every "3 3 * * *"
    if status != 0 then alert
check program both with path "/usr/bin/touch $work/both.ran" every "2-3 3 * * *"
    if status != 0 then alert
MONIT
chmod 600 monitrc
night() { # when Monit was started
    local monit log=$1.night
    rm -f ./*.ran state id monit.log
    FAKETIME="@2026-02-01 $1 x60" LD_PRELOAD="$work/root/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketime.so.1" start "$log" monit -c monitrc -I
    monit=${started[-1]}
    sleep 11 # until ten past three, by that clock
    kill "$monit"
    wait "$monit" || true
    echo "started at $1: ran: $(ls ./*.ran | xargs -n 1 basename -s .ran | sort | xargs), said: $(grep -cE "'(even|odd|both)'" monit.log || true)" >> seen
}
night 02:58:30
night 02:59:30
expect 'started at 02:58:30: ran: both even, said: 0
started at 02:59:30: ran: both odd, said: 0' "$(cat seen)"
