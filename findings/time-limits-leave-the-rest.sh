#!/usr/bin/env bash
# Guess: the tools that set a time limit end all of the job, also what its shell script has started.
# Seen: coreutils' `timeout` and `runalarm` do. BusyBox's `timeout` and `timelimit` end the script alone, and say that
# the time is up; the step that took too long goes on, and writes its result later.
# Why it matters: the alert says that the job was ended, the next run starts, and there are two of them; in an image
# with BusyBox the same line leaves a process at each timeout.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian coreutils=9.1-1 busybox=1:1.35.0-4+deb12u1+b1 timelimit=1.9.2-1 cronutils=1.9-3+b1
cat > "$work/job" << 'SH'
#!/bin/sh
sh -c 'sleep 4; touch "$0"' "$1"
exit 0
SH
chmod +x "$work/job"
limit() { # the title, the command that sets the limit
    local code=0 title=$1 rest=ended
    shift
    timeout 30 "$@" "$work/job" "$work/late" > /dev/null 2>&1 < /dev/null || code=$?
    [ ! -e "$work/late" ] || { echo "$title: no limit at all"; rm "$work/late"; return; }
    # Longer than the step takes: it has either written its file by then, or was ended.
    local left=70
    while ((left-- > 0)) && [ ! -e "$work/late" ]; do sleep 0.1; done
    [ ! -e "$work/late" ] || { rest='goes on'; rm "$work/late"; }
    echo "$title: exit code $code, its step $rest"
}
seen=$(
    limit coreutils timeout 1
    limit runalarm runalarm -t 1
    limit busybox busybox timeout 1
    limit timelimit timelimit -t 1
)
expect 'coreutils: exit code 124, its step ended
runalarm: exit code 142, its step ended
busybox: exit code 143, its step goes on
timelimit: exit code 143, its step goes on' "$seen"
