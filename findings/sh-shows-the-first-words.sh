#!/usr/bin/env bash
# Guess: the error of Python's `sh` for a command that failed has the end of its standard error, where the reason is.
# Seen: it has the first 750 bytes, and says how many it left out. Of a command that reports its progress
# there, the reason is not in the text.
# Why it matters: each failure of a talkative job has the same text, its greeting; two causes look like one.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python sh==2.4.0
cat > "$work/job.py" << 'PYTHON'
import sh

try:
    sh.sh("-c", 'for row in $(seq 100); do echo "reading row $row" >&2; done; echo "disk full" >&2; exit 3')
except sh.ErrorReturnCode as error:
    text = str(error).split("STDERR:")[1]
    print("first row:", "reading row 1\n" in text)
    print("last row:", "reading row 100\n" in text)
    print("reason:", "disk full" in text)
    print("reason in error.stderr:", b"disk full" in error.stderr)
PYTHON
expect 'first row: True
last row: False
reason: False
reason in error.stderr: True' "$(timeout 30 python3 "$work/job.py")"
