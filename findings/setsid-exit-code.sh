#!/usr/bin/env bash
# Guess: `setsid false` exits with 1, wherever it is written.
# Seen: in a script 1. Where the shell gives each command a group of its own (a terminal, `set -m`,
# some runners of jobs) setsid must fork, does not wait, and exits with 0.
# Why it matters: a line that was tried out in a script tells success in a terminal, and the other way
# round; the job that failed is taken for done. `setsid --wait` exits as the command everywhere.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian util-linux=2.38.1-5+deb12u3
seen=$(
    for line in 'setsid false' 'set -m; setsid false' 'set -m; setsid --wait false'; do
        code=0
        timeout 20 bash -c "$line; exit \$?" || code=$?
        echo "$line: $code"
    done
)
expect 'setsid false: 1
set -m; setsid false: 0
set -m; setsid --wait false: 1' "$seen"
