#!/usr/bin/env bash
# Guess: a task of Huey that calls `sys.exit(1)`, as a program's own `main` does, is a failed task: it is tried again,
# and the error signal is sent.
# Seen: it ends the worker's thread. The task counts neither as failed nor as done, is not tried again, and its
# signals end at `executing`. The worker is restarted within some ten seconds; until then its other
# tasks wait.
# Why it matters: an alert that hangs on `SIGNAL_ERROR` never comes, and the task is gone.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python huey==3.5.4
cat > "$work/jobs.py" << 'PYTHON'
import sys
from huey import SqliteHuey

huey = SqliteHuey(filename=sys.path[0] + "/jobs.db")

@huey.signal()
def heard(signal, task, error=None):
    print("signal:", task.name, signal, flush=True)

@huey.task(retries=2)
def raises():
    raise OSError("disk full")

@huey.task(retries=2)
def exits():
    sys.exit(1)

@huey.task()
def report():
    pass
PYTHON
cd "$work"
timeout 30 python3 -c 'import sys; sys.path.insert(0, "."); import jobs; jobs.raises(); jobs.exits(); jobs.report()' > /dev/null
PYTHONPATH=$work start huey python3 -c 'import sys; sys.path.insert(0, "."); from huey.bin.huey_consumer import consumer_main; consumer_main()' jobs.huey --workers=1
within 60 grep -q 'report complete' huey.log
expect 'signal: exits executing
signal: raises error
signal: raises error
signal: raises error
signal: raises executing
signal: raises executing
signal: raises executing
signal: raises retrying
signal: raises retrying
signal: report complete
signal: report executing' "$(grep -o '^signal: .*' huey.log | grep -v enqueued | sort)"
