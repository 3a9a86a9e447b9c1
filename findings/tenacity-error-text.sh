#!/usr/bin/env bash
# Guess: when tenacity gives up, its error's text is that of the last attempt: "disk full".
# Seen: the text names a Future at an address in memory and the class, never the words, and is another
# one in each process. `reraise=True` gives the last error itself.
# Why it matters: each failure looks like a new error, so "the same as before" is never true and a
# night of retries becomes a night of alerts, none of which says what is wrong.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python tenacity==9.1.2
cat > "$work/job.py" << 'PYTHON'
import sys
from tenacity import retry, stop_after_attempt

@retry(stop=stop_after_attempt(2), reraise=sys.argv[1] == "reraise")
def load():
    raise OSError("disk full")

try:
    load()
except Exception as error:
    print(error)
PYTHON
seen=$(
    first=$(timeout 30 python3 "$work/job.py" default)
    second=$(PYTHONHASHSEED=1 timeout 30 python3 "$work/job.py" default)
    sed -E 's/0x[0-9a-f]+/0x…/' <<< "$first"
    [[ "$first" == *0x* && "$first" != *'disk full'* ]] && echo 'no word of the error'
    [[ "$first" == "$second" ]] && echo 'by chance the same address twice' >&2
    timeout 30 python3 "$work/job.py" reraise
)
expect 'RetryError[<Future at 0x… state=finished raised OSError>]
no word of the error
disk full' "$seen"
