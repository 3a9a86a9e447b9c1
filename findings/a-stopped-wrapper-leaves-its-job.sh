#!/usr/bin/env bash
# Guess: a command that runs a job within itself hands a SIGTERM on, or ends the job.
# Seen: flock, time, lckdo, chronic, mispipe, xargs and timelimit end, as they were asked to, and the job goes on; under flock and
# lckdo with the lock held. `flock --no-fork`, runlock, runalarm, setlock, nice and make end it.
# Why it matters: who stops one process, as supervisord, Python's `terminate()` and `kill` do, is rid of the wrapper alone. The job
# works on without anybody who waits for it, and every later run finds the lock taken.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian util-linux=2.38.1-5+deb12u3 time=1.9-0.2 moreutils=0.67-1 libipc-run-perl=20220807.0-1 libio-pty-perl=1:1.17-1 \
    findutils=4.9.0-4 timelimit=1.9.2-1 cronutils=1.9-3+b1 daemontools=1:0.76-8.1 coreutils=9.1-1 make=4.3-4.1
cat > "$work/job" << 'SH'
#!/bin/sh
echo $$ > "$0.pid"
exec sleep 60
SH
chmod +x "$work/job"
printf 'all:\n\t%s/job\n' "$work" > "$work/makefile"
echo x > "$work/items"
stop() { # the title, the command
    local pid job title=$1
    shift
    setsid "$@" < /dev/null > /dev/null 2>&1 &
    pid=$!
    within 20 test -s "$work/job.pid"
    job=$(cat "$work/job.pid")
    rm "$work/job.pid"
    kill -TERM "$pid"
    wait "$pid" 2> /dev/null || true
    # What is handed on arrives at once; a job that is still there after 2 seconds was not asked to end.
    local left=20
    while ((left-- > 0)) && kill -0 "$job" 2> /dev/null; do sleep 0.1; done
    if kill -KILL "$job" 2> /dev/null; then echo "$title: goes on"; else echo "$title: ended"; fi
}
seen=$(
    stop flock flock "$work/lock" "$work/job"
    stop 'flock --no-fork' flock --no-fork "$work/lock4" "$work/job"
    stop time "$work/root/usr/bin/time" "$work/job"
    stop lckdo lckdo "$work/lock" "$work/job"
    stop chronic chronic "$work/job"
    stop mispipe mispipe "$work/job" cat
    stop xargs xargs --arg-file="$work/items" "$work/job"
    stop timelimit timelimit -t 60 "$work/job"
    stop runlock runlock -f "$work/lock2" "$work/job"
    stop runalarm runalarm -t 60 "$work/job"
    stop setlock setlock "$work/lock3" "$work/job"
    stop nice nice "$work/job"
    stop make make -f "$work/makefile"
)
expect 'flock: goes on
flock --no-fork: ended
time: goes on
lckdo: goes on
chronic: goes on
mispipe: goes on
xargs: goes on
timelimit: goes on
runlock: ended
runalarm: ended
setlock: ended
nice: ended
make: ended' "$seen"
