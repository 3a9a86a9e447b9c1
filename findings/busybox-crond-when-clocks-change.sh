#!/usr/bin/env bash
# Guess: BusyBox's crond, the one of Alpine's images, runs a line with a fixed time once on the night when summer time ends, and once on the one when it
# begins, as other crons do.
# Seen: twice, and not at all: it goes by the clock on the wall, minute by minute. Debian's cron runs it once on both.
# Why it matters: a container with `TZ=Europe/Berlin` and `30 2 * * *` sends its bill twice in October, and in March makes no backup. It knows no
# other way: the line has to keep out of the hours that change, or the container to UTC.
# Clocks change by two minutes here, some two minutes after the start, by a rule in TZ.
set -euo pipefail
. "$(dirname "$0")/common.bash"

[ "$(id -u)" = 0 ] || { echo 'needs root, for a crond becomes the user of the crontab'; exit 2; }
debian busybox-static=1:1.35.0-4+deb12u1+b1 cron=3.0pl1-162
cd "$work"
change=$((($(date +%s) / 60 + 3) * 60))
rule_at() { TZ=UTC date -d "@$1" '+%j %H:%M' | awk '{ print $1 - 1 "/" $2 }'; } # the day of the year counts from 0
ends="WIN0SUM-0:02,0/0,$(rule_at $((change + 120)))"   # at first two minutes ahead; what it then shows for two minutes was there before
begins="WIN0SUM-0:02,$(rule_at $change),365/23:59"     # the two minutes from the change on are left out
line() { echo "$(TZ=UTC date -d "@$2" '+%M %H') * * * echo ran >> $work/$1"; }
crontab_of() { # the crond, which night
    line "$1-$2" $((change + 60))
    line "$1-$2-later" $((change + 180))
}
for night in ends begins; do
    mkdir $night
    crontab_of busybox $night > $night/root
    start busybox-$night env TZ="${!night}" "$work/root/bin/busybox" crond -f -l 8 -c "$work/$night" -L "$work/said"
done
export work
export -f line crontab_of
export change
for night in ends begins; do
    crontab_of cron $night > $night.tab
    # shellcheck disable=SC2016 # the shell within reads them
    start cron-$night env TZ="${!night}" unshare --mount bash -euc '
        for folder in /run /var/spool/cron/crontabs /etc/cron.d; do
            mkdir -p "$folder"
            mount -t tmpfs none "$folder"
        done
        touch /etc/crontab
        mount --bind /dev/null /etc/crontab
        timeout 10 crontab "$1"
        exec cron -f' crontab "$work/$night.tab"
done
sleep $((change + 195 - $(date +%s)))
runs() { [ ! -e "$1" ] || cat "$1"; }
seen=$(
    for of in busybox cron; do
        for night in ends begins; do
            echo "$of, summer time $night: $(runs $of-$night | wc -l), a line after the change: $(runs $of-$night-later | wc -l)"
        done
    done
)
expect 'busybox, summer time ends: 2, a line after the change: 1
busybox, summer time begins: 0, a line after the change: 1
cron, summer time ends: 1, a line after the change: 1
cron, summer time begins: 1, a line after the change: 1' "$seen"
