#!/usr/bin/env bash
# Guess: APScheduler's `CronTrigger.from_crontab` reads a crontab's line as cron does: 1 is Monday.
# Seen: 1 is Tuesday, 0 is Monday, 7 (cron's other Sunday) is refused; names mean what they say. A day of
# the month and of the week must both hold, where cron takes either.
# Why it matters: a line copied from a crontab runs on another day, quietly. Whoever watches for
# missed runs with cron's reading of the same line calls a good job late once a week.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python apscheduler==3.11.0
seen=$(
    timeout 30 python3 - << 'PYTHON'
from datetime import datetime, timezone
from apscheduler.triggers.cron import CronTrigger

for line in ["0 0 * * 0", "0 0 * * 1", "0 0 * * 7", "0 0 * * mon", "0 0 1 * mon"]:
    try:
        trigger = CronTrigger.from_crontab(line, timezone="UTC")
        due = trigger.get_next_fire_time(None, datetime(2026, 1, 2, tzinfo=timezone.utc))
        print(f"{line}: {due:%a %F}")
    except ValueError:
        print(f"{line}: refused")
PYTHON
)
expect '0 0 * * 0: Mon 2026-01-05
0 0 * * 1: Tue 2026-01-06
0 0 * * 7: refused
0 0 * * mon: Mon 2026-01-05
0 0 1 * mon: Mon 2026-06-01' "$seen"
