#!/usr/bin/env bash
# Guess: a log of Python's `TimedRotatingFileHandler(when="D")` is rotated once a day.
# Seen: not that of a job that runs each hour. Each run counts a day from the last change of the file, which is the last line of
# the run before; so a day is never over. With `when="midnight"` it is rotated each day. The default, `when="H"`, is spared
# where the job runs each hour to the second, and fails alike where it runs each half hour.
# Why it matters: the log of a job grows until the disk is full; the same handler in a service that keeps running rotates.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python3 --version
cd "$work"
cat > job.py << 'PYTHON'
import glob, logging.handlers, os, time

def two_weeks(when, minutes):
    for name in glob.glob("job.log*"):
        os.remove(name)
    start, real = 1_767_250_800, time.time
    for now in range(start, start + 14 * 24 * 3600, minutes * 60):
        time.time = lambda: now
        handler = logging.handlers.TimedRotatingFileHandler("job.log", when=when, utc=True)
        handler.emit(logging.makeLogRecord({"msg": "a run"}))
        handler.close()
        os.utime("job.log", (now, now)) # as the real clock would have it
    time.time = real
    lines = len(open("job.log").readlines())
    print(f"when={when}, each {minutes} minutes: {len(glob.glob('job.log*'))} files, {lines} lines in the newest")

two_weeks("midnight", 60)
two_weeks("D", 60)
two_weeks("H", 30)
PYTHON
expect 'when=midnight, each 60 minutes: 15 files, 7 lines in the newest
when=D, each 60 minutes: 1 files, 336 lines in the newest
when=H, each 30 minutes: 1 files, 672 lines in the newest' "$(timeout 60 python3 job.py)"
