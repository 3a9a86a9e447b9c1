#!/usr/bin/env bash
# Guess: `CRON_TZ=Asia/Tokyo` in a crontab, which the manual of other crons describes, moves its lines to that
# zone, or is refused.
# Seen: Debian's cron takes it for a variable of the job, says nothing, and keeps to the host's zone; `TZ=`
# likewise. A line for the next minute in Tokyo does not run, the same line in the host's zone does.
# Why it matters: on a host of UTC the job of "three at night in Tokyo" runs at noon there, each day, without
# an error. What waits for a run must wait by the zone that the scheduler uses, not by the one that was written.
# This script needs root: it hides the host's crontabs in a mount namespace of its own.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian cron=3.0pl1-162
export work
unshare --mount bash -euc '
    for folder in /run /var/spool/cron/crontabs /etc/cron.d; do
        mkdir -p "$folder"
        mount -t tmpfs none "$folder"
    done
    touch /etc/crontab
    mount --bind /dev/null /etc/crontab
    due=$(($(date +%s) + 70))
    echo "CRON_TZ=Asia/Tokyo
TZ=Asia/Tokyo
$(TZ=Asia/Tokyo date -d "@$due" "+%M %H") * * * echo at the time in Tokyo >> $work/ran
$(TZ=UTC date -d "@$due" "+%M %H") * * * echo at the time of the host >> $work/ran" > "$work/tab"
    timeout 10 crontab "$work/tab"
    TZ=UTC timeout 130 cron -f || true
'
expect 'at the time of the host' "$(cat "$work/ran")"
