#!/usr/bin/env bash
# What real schedulers do when clocks change: Debian's cron under a clock that this script moves,
# `systemd-analyze calendar`, and the cron library of Kubernetes (golang-github-robfig-cron-dev). Each line
# of tests/schedules/lines.tsv, from midnight to five o'clock on the two days of change in three zones.
# It fails where that differs from tests/schedules/observed.tsv, to which a test of the command holds the
# command's own times; with --write it writes that file anew. It needs root and Linux; a scheduler
# that is not installed is passed over with a word, and so is all without the tools that the rest needs.
#
#     tests/schedules.sh [--write]
set -euo pipefail
cd "$(dirname "$0")/schedules"

[ "$(id -u)" = 0 ] && unshare --mount true 2> /dev/null || { echo "passed over: it needs root, and Linux"; exit 0; }
for tool in cron crontab systemd-analyze cc go; do
    command -v "$tool" > /dev/null || { echo "passed over: install $tool"; exit 0; }
done
[ -d /usr/share/gocode/src/github.com/robfig/cron ] || { echo "passed over: install golang-github-robfig-cron-dev"; exit 0; }

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cc -shared -fPIC -O1 -o "$work/clock.so" clock.c
mkdir -p "$work/go"
cp kubernetes.go "$work/go/main.go"
(cd "$work/go" && GOPATH=/usr/share/gocode GO111MODULE=off GOCACHE="$work/cache" go build -o "$work/kubernetes" main.go)

# Six days, from midnight to five.
days="Europe/Berlin 2026-03-29
Europe/Berlin 2026-10-25
America/New_York 2026-03-08
America/New_York 2026-11-01
Australia/Lord_Howe 2026-04-05
Australia/Lord_Howe 2026-10-04"
at() {
    TZ="$1" date -d "$2" +%s
}
# Seconds, one a line, as the times of day of UTC; a minute early is the day before.
utc() {
    sed '/^$/d; s/^/@/' | sort | TZ=UTC date -f - +%H:%M | paste -s -d ' '
}
# cron waits ten seconds between what it starts at one time: only the minute is compared.
real_cron() {
    unshare --mount bash -euc '
        mount -t tmpfs none /run
        mount -t tmpfs none /var/spool/cron/crontabs
        mount -t tmpfs none /etc/cron.d
        mount --bind /dev/null /etc/crontab
        printf "%s due\n" "$1" | crontab -
        : > "$5/log"
        TZ="$2" CLOCK_FROM="$3" CLOCK_TO="$4" CLOCK_LOG="$5/log" LD_PRELOAD="$5/clock.so" cron -f -L 0
    ' - "$1" "$2" "$(($3 - 3540))" "$4" "$work"
    awk -v from="$3" -v to="$4" '$1 >= from && $1 < to { print $1 }' "$work/log" | utc
}
systemd_timer() {
    local zone="$1" from="$2" to="$3" calendar
    tr ';' '\n' <<< "$4" | while read -r calendar; do
        TZ="$zone" systemd-analyze calendar --base-time="@$((from - 1))" --iterations=400 "$calendar"
    done | sed -n 's/^ *(in UTC): //p' | sort -u | date -f - +%s |
        awk -v from="$from" -v to="$to" '$1 >= from && $1 < to' | utc
}

printf 'zone\tday\tline\tcron\tsystemd\tkubernetes\n' > "$work/observed.tsv"
while read -r zone day; do
    from="$(at "$zone" "$day 00:00")" to="$(at "$zone" "$day 05:00")"
    while IFS=$'\t' read -r line calendar; do
        # It has no 7 for Sunday.
        kubernetes="$(printf '%s\t%s\t%s\t%s\n' "$zone" "$from" "$to" "${line/%7/0}" | "$work/kubernetes" | tr ' ' '\n' | sed '/^$/d')"
        [ "$kubernetes" = refused ] || kubernetes="$(utc <<< "$kubernetes")"
        printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$zone" "$day" "$line" \
            "$(real_cron "$line" "$zone" "$from" "$to")" "$(systemd_timer "$zone" "$from" "$to" "$calendar")" "$kubernetes"
    done < lines.tsv
done <<< "$days" >> "$work/observed.tsv"
if [ "${1:-}" = --write ]; then
    cp "$work/observed.tsv" observed.tsv
    awk -f table.awk observed.tsv > ../../docs/schedules-table.md
else
    awk -f table.awk observed.tsv | diff ../../docs/schedules-table.md - || { echo "the docs differ from observed.tsv: --write"; exit 1; }
    diff observed.tsv "$work/observed.tsv" || { echo "real schedulers do otherwise than observed.tsv says"; exit 1; }
fi
