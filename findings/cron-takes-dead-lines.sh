#!/usr/bin/env bash
# Guess: `crontab -n FILE`, which checks the syntax, refuses a range that runs backwards, a date that no
# year has, and the `5#3` that other schedulers read as "the third Friday".
# Seen: Debian's cron takes all of them without a word, though it refuses `5/15` and hour 25. It never
# runs the first three, and reads `5#3` as each Friday (seen under a shifted clock; this script shows
# what is taken).
# Why it matters: a job that never starts fails nowhere. Who waits for its failure waits for ever; only
# a check of "has it run?" notices.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian cron=3.0pl1-162
seen=$(
    while read -r line; do
        echo "$line true" > "$work/tab"
        timeout 10 crontab -n "$work/tab" > /dev/null 2>&1 && echo "taken: $line" || echo "refused: $line"
    done << 'LINES'
0 22-2 * * *
0 0 * * fri-sun
0 0 31 2 *
0 0 * * 5#3
5/15 * * * *
0 25 * * *
LINES
)
expect 'taken: 0 22-2 * * *
taken: 0 0 * * fri-sun
taken: 0 0 31 2 *
taken: 0 0 * * 5#3
refused: 5/15 * * * *
refused: 0 25 * * *' "$seen"
