#!/usr/bin/env bash
# Guess: Apprise's program says on standard error why a message could not be sent, and tells a receiver
# that is down from an address that is wrong by its exit code.
# Seen: a closed port gives exit code 1 and not one word on either stream; -v prints the reason. An
# address that it cannot read gives 1, too.
# Why it matters: whoever calls it from a script cannot know whether to try again, and a cron job that
# alerts by it loses alerts without a trace.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python apprise==2.3.0
port=$(free_port)
call() {
    local code=0
    timeout 60 apprise "$@" > "$work/out" 2> "$work/err" || code=$?
    echo "${*//$port/PORT}: $code, says $([ -s "$work/out" ] || [ -s "$work/err" ] && echo something || echo nothing)"
}
expect '-b failed json://127.0.0.1:PORT/: 1, says nothing
-v -b failed json://127.0.0.1:PORT/: 1, says something
-b failed nonsense: 1, says something' \
    "$(call -b failed "json://127.0.0.1:$port/"; call -v -b failed "json://127.0.0.1:$port/"; call -b failed nonsense)"
