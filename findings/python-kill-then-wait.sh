#!/usr/bin/env bash
# Guess: after `kill()` on a child, `await process.wait()` (asyncio) and `communicate()` (subprocess, as
# its documentation shows for timeouts) come back at once: SIGKILL cannot be ignored.
# Seen: both wait until everything that inherited the pipe is gone. Here a grandchild keeps it for
# 6 seconds; a daemon would keep it for ever. `subprocess.run(timeout=)` does come back.
# Why it matters: a timeout of one second takes as long as the grandchild likes. The job is neither done
# nor failed, so no alert is sent, and the grandchild goes on working beside the next try.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian python3.11-minimal=3.11.2-6+deb12u9 libpython3.11-minimal=3.11.2-6+deb12u9 libpython3.11-stdlib=3.11.2-6+deb12u9
cat > "$work/job.py" << 'PYTHON'
import asyncio, subprocess, time

COMMAND = ["sh", "-c", "sleep 6 & wait"]
TIMEOUT = 1

def with_run():
    try:
        subprocess.run(COMMAND, stdout=subprocess.PIPE, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        pass

def with_popen():
    process = subprocess.Popen(COMMAND, stdout=subprocess.PIPE)
    try:
        process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()

async def with_asyncio():
    process = await asyncio.create_subprocess_exec(*COMMAND, stdout=asyncio.subprocess.PIPE)
    try:
        await asyncio.wait_for(process.communicate(), TIMEOUT)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()

for name, way in [("run", with_run), ("Popen", with_popen), ("asyncio", lambda: asyncio.run(with_asyncio()))]:
    begin = time.monotonic()
    way()
    print(f"{name}: {'with the grandchild' if time.monotonic() - begin > 5 else 'at once'}")
PYTHON
expect 'run: at once
Popen: with the grandchild
asyncio: with the grandchild' "$(timeout 60 python3.11 -I "$work/job.py")"
