#!/usr/bin/env bash
# Guess: `cronic job` in a crontab is silent where the job is well, reports where it is not, and exits as the job did.
# Seen: it reports, and exits with 0 whatever the job did, also where a signal killed it. chronic of moreutils, which does the same work, exits as the job did.
# Why it matters: whatever stands around it, or goes by its exit code, `cronic job && next` as much as a monitor, sees a success.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian cronic=3-2.1 moreutils=0.67-1 libipc-run-perl=20220807.0-1 libio-pty-perl=1:1.17-1
run() { # the tool, the job
    local code=0
    "$1" sh -c "$2" > "$work/out" 2>&1 < /dev/null || code=$?
    echo "$1 sh -c '$2': exit code $code, $([ -s "$work/out" ] && echo reported || echo silent)"
}
seen=$(
    run cronic 'exit 3'
    run cronic 'echo careful >&2'
    run cronic 'kill -KILL $$'
    run cronic 'echo fine'
    run chronic 'echo wrong >&2; exit 3'
    run chronic 'echo fine'
) 2> /dev/null
expect "cronic sh -c 'exit 3': exit code 0, reported
cronic sh -c 'echo careful >&2': exit code 0, reported
cronic sh -c 'kill -KILL \$\$': exit code 0, reported
cronic sh -c 'echo fine': exit code 0, silent
chronic sh -c 'echo wrong >&2; exit 3': exit code 3, reported
chronic sh -c 'echo fine': exit code 0, silent" "$seen"
