#!/usr/bin/env bash
# Guess: `parallel --resume --joblog` leaves out the items that the log says are done, and runs those that are new.
# Seen: it goes by the number of the line. Where a new item stands first in the list, the last of the old ones runs once more, and the
# new one never does; of a list of other items as long as the log none runs. The exit code is 0.
# Why it matters: the list of tonight's files, sorted by name, is another one than yesterday's. With a log that is kept, files
# are left out for ever, and nothing fails.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian parallel=20221122+ds-2
export PARALLEL_HOME="$work/parallel"
mkdir "$PARALLEL_HOME"
touch "$PARALLEL_HOME/will-cite"
run() { # the items
    local code=0 ran
    ran=$(printf '%s\n' "$@" | timeout 30 parallel --keep-order --resume --joblog "$work/log" echo) || code=$?
    echo "$* -> ran: ${ran:+$(paste -sd ' ' <<< "$ran")}, exit code $code"
}
seen=$(
    run b c d
    run a b c d
    run e f g h
)
expect 'b c d -> ran: b c d, exit code 0
a b c d -> ran: d, exit code 0
e f g h -> ran: , exit code 0' "$seen"
