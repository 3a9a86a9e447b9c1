#!/usr/bin/env bash
# Guess: `@repeat_every` of fastapi-utils, around a function that raises, logs the error or ends with it.
# Seen: it says nothing, at no level, and runs it again. `logger=` or `raise_exceptions=True` make it heard.
# Why it matters: the job of an API's process fails each time for months, and no log has a line of it.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python fastapi-utils==0.8.0 fastapi==0.165.0 typing-inspect==0.9.0
cat > "$work/job.py" << 'PYTHON'
import asyncio, logging, sys
from fastapi_utils.tasks import repeat_every

logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(levelname)s %(name)s %(message)s")
logging.getLogger("asyncio").setLevel(logging.WARNING)
options = {"logger": logging.getLogger("jobs")} if "logger" in sys.argv else {}

@repeat_every(seconds=0.05, max_repetitions=2, **options)
async def load():
    print("load begins")
    raise OSError("disk full")

async def main():
    await load()
    await asyncio.sleep(1)

asyncio.run(main())
PYTHON
logged() { timeout 60 python3 "$work/job.py" "$@" 2>&1 | grep -oE '^load begins|^ERROR jobs|^OSError: .*' | head -n 3; }
seen=$(
    timeout 60 python3 "$work/job.py" 2>&1
    echo 'with logger=:'
    logged logger
)
expect 'load begins
load begins
with logger=:
load begins
ERROR jobs
OSError: disk full' "$seen"
