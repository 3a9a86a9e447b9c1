#!/usr/bin/env bash
# Guess: `unshare --fork JOB` dies of the signal of which the job has died, or exits with 128 and its number;
# so does `logsave`.
# Seen: `unshare --fork` does so for SIGTERM, but for SIGKILL it trips over its own clearing up and exits with
# 1; without `--fork` it is the job. `logsave` exits with 1 after any signal.
# Why it matters: a job that the kernel killed for want of memory looks like one that found an error of its
# own. Who looks for 137 does not find it.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian util-linux=2.38.1-5+deb12u3 logsave=1.47.0-2+b2
seen=$(
    for signal in KILL TERM; do
        for wrapper in 'unshare --mount' 'unshare --mount --fork' 'logsave /dev/null'; do
            code=0
            # shellcheck disable=SC2086 # several words
            timeout 20 $wrapper sh -c "kill -$signal \$\$" > "$work/said" 2>&1 || code=$?
            echo "$wrapper, SIG$signal: $code"
            grep -o 'unblock failed.*' "$work/said" || true
        done
    done
) 2> /dev/null
expect 'unshare --mount, SIGKILL: 137
unshare --mount --fork, SIGKILL: 1
unblock failed: Invalid argument
logsave /dev/null, SIGKILL: 1
unshare --mount, SIGTERM: 143
unshare --mount --fork, SIGTERM: 143
logsave /dev/null, SIGTERM: 1' "$seen"
