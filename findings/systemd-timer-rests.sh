#!/usr/bin/env bash
# Guess: a timer of `*:30` elapses each half hour, also twice in the hour that comes twice when summer time
# ends; and one of 02:30 elapses at 03:00 or 03:30 on the day that has no 02:30.
# Seen: in the autumn the second 02:30 is passed over, so that two hours lie between two runs; in the
# spring 02:30 does not elapse at all, and the next is a day later.
# Why it matters: Debian's cron runs the first twice, and the second at 03:00. A monitor that knows one
# of the two misses a run that is not missed, or the other way round.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian systemd=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2
LD_LIBRARY_PATH="$work/root/usr/lib/$(uname -m)-linux-gnu/systemd:$LD_LIBRARY_PATH"
next() { # the moment, how many, the timer
    TZ=Europe/Berlin timeout 30 systemd-analyze calendar --base-time="$1" --iterations="$2" "$3" |
        sed -n 's/^ *(in UTC): ... //p' | sed "s/^/$3 /"
}
seen=$(next '2026-10-25 00:00:00' 5 '*:30:00' && next '2026-03-28 12:00:00' 2 '02:30:00')
expect '*:30:00 2026-10-24 22:30:00 UTC
*:30:00 2026-10-24 23:30:00 UTC
*:30:00 2026-10-25 00:30:00 UTC
*:30:00 2026-10-25 02:30:00 UTC
*:30:00 2026-10-25 03:30:00 UTC
02:30:00 2026-03-30 00:30:00 UTC
02:30:00 2026-03-31 00:30:00 UTC' "$seen"
