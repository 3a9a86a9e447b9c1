#!/usr/bin/env bash
# Guess: `at now + 2 hours` runs the job two hours later, and `at now + 1 month` at the end of January at the end of
# February.
# Seen: `at` adds to what the clock on the wall shows. Over the end of summer time it is three hours later,
# over its beginning one hour; minutes and days behave alike. The month's end is 3 March.
# Why it matters: who arms a check as "now + 2 hours" to see whether a job has ended by then looks too early
# once a year, and sends an alert for a job that is in time.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian at=3.2.5-1+b1 libfaketime=0.9.10-2.1
# at takes a set-uid program's care with what is preloaded, and keeps its jobs in one place.
chmod u-s,g-s "$work/root/usr/bin/at"
mkdir -p "$work/root/var/spool/cron/atjobs"
touch "$work/root/var/spool/cron/atjobs/.SEQ" "$work/at.deny"
cat > "$work/ask" << 'ASK'
mount --bind "$1/root/var/spool" /var/spool
export LD_PRELOAD=$(echo "$1"/root/usr/lib/*/faketime/libfaketime.so.1) FAKETIME="@$2"
exec "$1/root/usr/bin/at" now + $3 < /dev/null
ASK
ask() { # the time, what to add
    echo "$1, now + $2: $(TZ=Europe/Berlin timeout 30 unshare --mount sh "$work/ask" "$work" "$1" "$2" 2>&1 |
        sed -n 's/^job [0-9]* at //p')"
}
seen=$(
    ask '2026-10-25 01:15:00' '2 hours'
    ask '2026-03-29 01:15:00' '2 hours'
    ask '2026-01-31 12:00:00' '1 month'
)
expect '2026-10-25 01:15:00, now + 2 hours: Sun Oct 25 03:15:00 2026
2026-03-29 01:15:00, now + 2 hours: Sun Mar 29 03:15:00 2026
2026-01-31 12:00:00, now + 1 month: Tue Mar  3 12:00:00 2026' "$seen"
