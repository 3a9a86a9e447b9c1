#!/usr/bin/env bash
# Guess: a `finish` script, which s6 and runit run after each end of the job, may take the seconds that its alert needs.
# Seen: s6 ends it with SIGKILL after 5 seconds, and says so in its own log alone; `timeout-finish` moves that limit. With runit it may take as long as it needs.
# Its arguments differ, too: after exit code 3 both have 3; after SIGKILL s6 has 256 and 9, runit -1 and 9.
# Why it matters: an alert is late when the network is what is broken: curl tries again, or waits for its name server, for more than 5 seconds,
# and just then nothing is sent. A `finish` that was written for runit and looks for -1 takes a killed job for one of its own codes.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian s6=2.11.3.2-1 libs6-2.11=2.11.3.2-1 libskarnet2.13=2.13.1.1-1 libexecline2.9=2.9.3.0-1 execline=2.9.3.0-1 runit=2.1.2-54
cd "$work"
service() { # the name, whose beginning is its supervisor's; the last line of the job, the seconds of its alert, its limit
    mkdir "$1"
    touch "$1/down"
    printf '#!/bin/sh\n%s\n' "$2" > "$1/run"
    printf '#!/bin/sh\necho "$1 $2" > arguments\nsleep %s\ntouch sent\n' "$3" > "$1/finish"
    chmod 755 "$1/run" "$1/finish"
    [ -z "${4:-}" ] || echo "$4" > "$1/timeout-finish"
    if [ "${1%%-*}" = s6 ]; then start "$1" s6-supervise "$1"; else start "$1" runsv "$1"; fi
    within 20 test -p "$1/supervise/control"
    within 20 once "$1"
}
once() { if [ "${1%%-*}" = s6 ]; then s6-svc -o "$1"; else sv once "$work/$1"; fi; }
for by in s6 runit; do
    service $by-quick 'exit 3' 1
    service $by-late 'exit 3' 7
    service $by-killed 'kill -KILL $$' 1
done
service s6-longer 'exit 3' 7 60000
for name in s6-quick runit-quick runit-late s6-killed runit-killed s6-longer; do within 30 test -e $name/sent; done
within 30 grep -q SIGKILL s6-late.log
seen=$(
    for name in s6-quick runit-quick s6-killed runit-killed s6-late runit-late s6-longer; do
        echo "$name: $(cat $name/arguments), $([ -e $name/sent ] && echo sent || echo not sent)"
    done
    cat s6-late.log
)
expect 's6-quick: 3 0, sent
runit-quick: 3 0, sent
s6-killed: 256 9, sent
runit-killed: -1 9, sent
s6-late: 3 0, not sent
runit-late: 3 0, sent
s6-longer: 3 0, sent
s6-supervise s6-late: warning: finish script lifetime reached maximum value - sending it a SIGKILL' "$seen"
