#!/usr/bin/env bash
# Guess: `cpulimit -l 50 -- JOB` runs the job with half a processor and exits as it did, as `nice` does.
# Seen: it exits with 0 whatever the job exits with, and after a signal, too.
# Why it matters: a job that is kept slow for the sake of others never fails, says its exit code.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian cpulimit=2.8-1
seen=$(
    for job in 'sleep 1; exit 3' 'sleep 1; kill -KILL $$'; do
        for wrapper in 'nice' 'cpulimit -l 90 --'; do
            code=0
            # shellcheck disable=SC2086 # several words
            timeout 20 $wrapper sh -c "$job" > /dev/null 2>&1 || code=$?
            echo "$wrapper sh -c '$job': $code"
        done
    done
) 2> /dev/null
expect "nice sh -c 'sleep 1; exit 3': 3
cpulimit -l 90 -- sh -c 'sleep 1; exit 3': 0
nice sh -c 'sleep 1; kill -KILL \$\$': 137
cpulimit -l 90 -- sh -c 'sleep 1; kill -KILL \$\$': 0" "$seen"
