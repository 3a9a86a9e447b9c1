#!/usr/bin/env bash
# Guess: where one of several tasks fails, a job sees that task's error: `except OSError` and a retry on OSError take it, and a logger's `%s` says it.
# Seen: asyncio's TaskGroup, anyio's and trio's raise an ExceptionGroup, also around a single error: `except OSError` passes it by, tenacity, backoff
# and stamina begin the step once, not three times, and its text is "unhandled errors in a TaskGroup (1 sub-exception)". With `asyncio.gather` all is as
# guessed.
# Why it matters: the step that was retried for years is rewritten with a group, fails in the first short break of the network, and the alert does not
# say why.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python tenacity==9.2.1 backoff==2.2.1 stamina==26.1.0 anyio==4.16.0 trio==0.35.0
cd "$work"
cat > groups.py << 'PYTHON'
import asyncio, logging, anyio, backoff, stamina, tenacity, trio

runs = 0

async def load():
    global runs
    runs += 1
    raise ConnectionRefusedError("orders: connection refused")

async def gather():
    await asyncio.gather(load())

async def task_group():
    async with asyncio.TaskGroup() as group:
        group.create_task(load())

async def anyio_group():
    async with anyio.create_task_group() as group:
        group.start_soon(load)

async def trio_nursery():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(load)

retries = {
    "tenacity": tenacity.retry(retry=tenacity.retry_if_exception_type(OSError), stop=tenacity.stop_after_attempt(3), reraise=True),
    "backoff": backoff.on_exception(backoff.constant, OSError, interval=0.1, max_tries=3),
    "stamina": stamina.retry(on=OSError, attempts=3, wait_initial=0.1, wait_max=0.1),
}
logging.getLogger("backoff").disabled = True
for step in gather, task_group, anyio_group, trio_nursery:
    run = trio.run if step is trio_nursery else lambda step: asyncio.run(step())
    try:
        run(step)
    except OSError as error:
        said = f"except OSError: {error}"
    except Exception as error:
        said = f"except Exception: {error}"
    begun = []
    for name, retry in retries.items():
        runs = 0
        try:
            run(retry(step))
        except Exception:
            begun.append(f"{name} {runs}")
    print(f"{step.__name__}: {said}; begun: {', '.join(begun)}")
PYTHON
expect 'gather: except OSError: orders: connection refused; begun: tenacity 3, backoff 3, stamina 3
task_group: except Exception: unhandled errors in a TaskGroup (1 sub-exception); begun: tenacity 1, backoff 1, stamina 1
anyio_group: except Exception: unhandled errors in a TaskGroup (1 sub-exception); begun: tenacity 1, backoff 1, stamina 1
trio_nursery: except Exception: Exceptions from Trio nursery (1 sub-exception); begun: tenacity 1, backoff 1, stamina 1' "$(timeout 60 python3 groups.py 2> errors)"
