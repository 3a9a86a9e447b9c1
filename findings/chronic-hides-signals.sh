#!/usr/bin/env bash
# Guess: `chronic`, put before a command in a crontab, exits as the command did: 137 after SIGKILL.
# Seen: a command that a signal ended gives exit code 1; a command's own codes are kept.
# Why it matters: exit code 1 reads like an ordinary error. "Killed, perhaps out of memory" is lost
# for whoever judges by the code.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian moreutils=0.67-1 libipc-run-perl=20220807.0-1 libio-pty-perl=1:1.17-1
seen=$(
    for end in 'exit 0' 'exit 7' 'kill -TERM $$' 'kill -KILL $$'; do
        code=0
        timeout 20 chronic sh -c "$end" > /dev/null 2>&1 || code=$?
        echo "$end: $code"
    done
)
expect 'exit 0: 0
exit 7: 7
kill -TERM $$: 1
kill -KILL $$: 1' "$seen"
