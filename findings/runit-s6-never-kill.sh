#!/usr/bin/env bash
# Guess: to stop a service, s6 and runit send SIGTERM and, some seconds later, SIGKILL.
# Seen: SIGTERM once. A service that does not leave runs on for as long as it likes. `s6-svc -d` has
# exited with 0 long before; `sv down` waits (7 seconds unless told otherwise) and exits with 1.
# Why it matters: "stopped" in a deployment's log is only a wish. A hung job is never ended, so nobody
# hears of its death; only a check for runs that take too long sees it.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian runit=2.1.2-54 s6=2.11.3.2-1 libs6-2.11=2.11.3.2-1 libskarnet2.13=2.13.1.1-1 libexecline2.9=2.9.3.0-1
cat > "$work/deaf.py" << 'PYTHON'
import signal, sys, time
log = open(sys.argv[1], "w")
signal.signal(signal.SIGTERM, lambda *_: print("SIGTERM", file=log, flush=True))
print("works", file=log, flush=True)
for _ in range(600):
    time.sleep(0.1)
PYTHON
for kind in s6 runit; do
    mkdir "$work/$kind"
    printf '#!/bin/sh\nexec python3 %s %s\n' "$work/deaf.py" "$work/$kind/log" > "$work/$kind/run"
    chmod +x "$work/$kind/run"
done
start s6-supervise s6-supervise "$work/s6"
start runsv runsv "$work/runit"
within 20 grep -q works "$work/s6/log"
within 20 grep -q works "$work/runit/log"

seen=$(
    code=0
    s6-svc -d "$work/s6" || code=$?
    echo "s6-svc -d: $code"
    code=0
    sv -w 12 down "$work/runit" > /dev/null || code=$?
    echo "sv down: $code"
    for kind in s6 runit; do echo "$kind, 12 s later:" $(cat "$work/$kind/log"); done
    { s6-svstat "$work/s6" || true; } | grep -o '^up'
    { sv status "$work/runit" || true; } | grep -o '^run'
)
s6-svc -xk "$work/s6"
sv kill "$work/runit" > /dev/null
sv exit "$work/runit" > /dev/null 2>&1 || true
expect 's6-svc -d: 0
sv down: 1
s6, 12 s later: works SIGTERM
runit, 12 s later: works SIGTERM
up
run' "$seen"
