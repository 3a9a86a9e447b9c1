#!/usr/bin/env bash
# Guess: a retry leaves alone what is no failure: `sys.exit(1)`, a SIGTERM handled by `sys.exit`, Ctrl-C, the cancel of an asyncio task that is over its limit.
# Seen: tenacity tries all of them again where it was told what not to retry, `retry_if_not_exception_type(ValueError)`, or asks a predicate. A SIGTERM starts
# the work anew, and what leaves in the end is a RetryError, not the exit code. Work that is over the limit of `asyncio.timeout` is begun again and is done
# beyond it, without a TimeoutError. With `retry_if_exception_type(OSError)` and by default all leave at once, as of backoff, stamina, retry and retrying.
# Why it matters: a job that is asked to end begins again, until its supervisor kills it; its cleaning up, its exit code and its reason are lost.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python tenacity==9.2.1 backoff==2.2.1 stamina==26.1.0 retry==0.9.2 retrying==1.4.2
cat > "$work/stop.py" << 'PYTHON'
import asyncio, logging, os, signal, sys
import backoff, retry, retrying, stamina, tenacity

logging.disable()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
three = tenacity.stop_after_attempt(3)
retries = {
    "tenacity": tenacity.retry(stop=three),
    "tenacity, if OSError": tenacity.retry(stop=three, retry=tenacity.retry_if_exception_type(OSError)),
    "tenacity, if not ValueError": tenacity.retry(stop=three, retry=tenacity.retry_if_not_exception_type(ValueError)),
    "tenacity, predicate": tenacity.retry(stop=three, retry=tenacity.retry_if_exception(lambda e: not isinstance(e, ValueError))),
    "backoff": backoff.on_exception(backoff.constant, Exception, max_tries=3, interval=0),
    "stamina": stamina.retry(on=Exception, attempts=3, wait_initial=0),
    "retry": retry.retry(tries=3),
    "retrying": retrying.retry(stop_max_attempt_number=3),
}

def ended(tries, call):
    try:
        call()
    except BaseException as error:
        return f"{type(error).__name__} after {len(tries)}"
    return f"done after {len(tries)}"

for name, decorate in retries.items():
    tries = []

    @decorate
    def load(how):
        tries.append(1)
        how()

    def interrupted():
        raise KeyboardInterrupt

    said = []
    for how in (lambda: os.kill(os.getpid(), signal.SIGTERM) or signal.pause(), interrupted):
        tries.clear()
        said.append(ended(tries, lambda: load(how)))
    if name.startswith("tenacity"):
        @decorate
        async def wait():
            tries.append(1)
            await asyncio.sleep(1)

        async def limited():
            async with asyncio.timeout(0.5):
                await wait()

        tries.clear()
        said.append(ended(tries, lambda: asyncio.run(limited())))
    print(f"{name}: {', '.join(said)}")
PYTHON
expect 'tenacity: SystemExit after 1, KeyboardInterrupt after 1, TimeoutError after 1
tenacity, if OSError: SystemExit after 1, KeyboardInterrupt after 1, TimeoutError after 1
tenacity, if not ValueError: RetryError after 3, RetryError after 3, done after 2
tenacity, predicate: RetryError after 3, RetryError after 3, done after 2
backoff: SystemExit after 1, KeyboardInterrupt after 1
stamina: SystemExit after 1, KeyboardInterrupt after 1
retry: SystemExit after 1, KeyboardInterrupt after 1
retrying: SystemExit after 1, KeyboardInterrupt after 1' "$(timeout 60 python3 "$work/stop.py")"
