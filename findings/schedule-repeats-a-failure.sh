#!/usr/bin/env bash
# Guess: a loop around `schedule.run_pending()` that catches and logs errors keeps the timetable: the job of
# 03:00 that fails is next tried tomorrow, and the other jobs run.
# Seen: the failing job stays due. It runs again in each turn of the loop, and no job that was due after it
# ever runs.
# Why it matters: a nightly job that fails once is started each second until morning, with an alert for each
# start, and the jobs behind it are missed without a failure.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python schedule==1.2.2
cat > "$work/job.py" << 'PYTHON'
from datetime import datetime, timedelta
import schedule

def load():
    print("load: disk full")
    raise OSError("disk full")

def report():
    print("report: sent")

# Both are due, as they are at 03:00.
for seconds, job in ((2, load), (1, report)):
    schedule.every().day.at("03:00").do(job).next_run = datetime.now() - timedelta(seconds=seconds)
for turn in (1, 2, 3):
    try:
        schedule.run_pending()
    except OSError:
        pass
PYTHON
expect 'load: disk full
load: disk full
load: disk full' "$(timeout 30 python3 "$work/job.py")"
