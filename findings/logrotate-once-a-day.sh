#!/usr/bin/env bash
# Guess: a log with `size 1k` and `dateext`, which is looked at each hour, is rotated each time when it is larger.
# Seen: the first time of a day. Then the name with the day is taken, logrotate leaves the log as it is, exits with 1, and the log
# grows. With `dateformat -%Y%m%d-%s` it is rotated each time.
# Why it matters: `size` is there for the job that writes much on a bad day, and on that day it does nothing: the disk fills.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian logrotate=3.21.0-1 libpopt0=1.19+dfsg-1
mkdir "$work/logs"
owner=$(id -un)
look() { # the lines of the configuration; three times that a kilobyte and more is written and looked at
    local code name=$1
    shift
    printf '%s/logs/%s {\n    su %s %s\n    rotate 5\n' "$work" "$name" "$owner" "$(id -gn)" > "$work/conf"
    printf '    %s\n' "$@" '}' >> "$work/conf"
    chmod 644 "$work/conf"
    for _ in 1 2 3; do
        printf 'x%.0s' {1..2000} >> "$work/logs/$name"
        code=0
        timeout 20 logrotate --state "$work/$name.state" "$work/conf" > "$work/out" 2>&1 || code=$?
        echo "  exit code $code, $(find "$work/logs" -name "$name-*" | wc -l) old logs, $(stat -c %s "$work/logs/$name" 2> /dev/null || echo 0) bytes in the new one"
        sleep 1.1 # the name by %s is another one then
    done
}
seen=$(
    echo 'size 1k, dateext:'
    look by-day 'size 1k' dateext
    echo 'size 1k, dateext, dateformat -%Y%m%d-%s:'
    look by-second 'size 1k' dateext 'dateformat -%Y%m%d-%s'
)
expect 'size 1k, dateext:
  exit code 0, 1 old logs, 0 bytes in the new one
  exit code 1, 1 old logs, 2000 bytes in the new one
  exit code 1, 1 old logs, 4000 bytes in the new one
size 1k, dateext, dateformat -%Y%m%d-%s:
  exit code 0, 1 old logs, 0 bytes in the new one
  exit code 0, 2 old logs, 0 bytes in the new one
  exit code 0, 3 old logs, 0 bytes in the new one' "$seen"
