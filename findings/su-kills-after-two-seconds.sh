#!/usr/bin/env bash
# Guess: `su` and `runuser` hand a SIGTERM on and wait until the command has ended.
# Seen: they send SIGTERM, sleep for two seconds, and send SIGKILL, however long systemd or Docker would wait.
# Both signals go to one process: of `-c`, to the shell. What the shell started gets neither and runs on.
# `setpriv`, which becomes the command, has no such limit.
# Why it matters: a job that needs five seconds to put its work away never has them, though its service says
# `TimeoutStopSec=90`. Its end looks like kill -9, or it works on beside its successor.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian util-linux=2.38.1-5+deb12u3
cat > "$work/job.sh" << 'JOB'
trap 'echo asked >> record; asked=yes' TERM
echo begun >> record
turns=0
while [ $turns -lt 50 ]; do sleep 0.1; turns=$((turns + 1)); done
echo "${asked:+put away and }finished" >> record
JOB
mkdir "$work/place"
chmod 777 "$work/place"
cd "$work/place"
stop() { # the title, the command
    local code=0 title=$1
    shift
    rm -f record
    "$@" &
    within 20 test -e record
    kill $!
    wait $! || code=$?
    within 9 grep -q finished record 2> /dev/null || true
    echo "$title: exit code $code, the job: $(paste -sd, record)"
}
seen=$(
    stop 'runuser --user=nobody' runuser --user=nobody -- sh "$work/job.sh"
    stop 'runuser -c' runuser nobody --shell=/bin/sh -c "sh $work/job.sh; true"
    stop 'su -c' su nobody --shell=/bin/sh -c "sh $work/job.sh; true"
    stop 'setpriv' setpriv --reuid=nobody --clear-groups sh "$work/job.sh"
) 2> /dev/null
expect 'runuser --user=nobody: exit code 143, the job: begun,asked
runuser -c: exit code 143, the job: begun,finished
su -c: exit code 143, the job: begun,finished
setpriv: exit code 0, the job: begun,asked,put away and finished' "$seen"
