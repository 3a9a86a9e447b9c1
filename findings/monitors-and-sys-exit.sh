#!/usr/bin/env bash
# Guess: a monitor's decorator around a Python job takes `sys.exit(0)` for its success and `sys.exit(1)` for its failure.
# Seen: Sentry's `monitor` sends "error" for both. Cronitor's `job` sends nothing at the end for either: it has started a run that
# is never over. Both send what is right where the function returns, or raises.
# Why it matters: `sys.exit(main())` is how a Python job ends. Put inside, each good run is an incident with the one, and a failure is
# found with the other when the run is overdue, without its reason.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python sentry-sdk==2.75.0 cronitor==4.9.0
cat > "$work/job.py" << 'PYTHON'
import sys
import cronitor, cronitor.monitor, sentry_sdk, sentry_sdk.transport

sent = {"Sentry": [], "Cronitor": []}

class Kept(sentry_sdk.transport.Transport):
    def capture_envelope(self, envelope):
        sent["Sentry"] += [item.payload.json["status"] for item in envelope.items if item.type == "check_in"]

cronitor.api_key = "key"
cronitor.monitor.Monitor.ping = lambda self, **words: sent["Cronitor"].append(words["state"])
sentry_sdk.init("http://key@127.0.0.1/1", transport=Kept)

def job(end):
    if end == "return":
        return
    if end == "raise":
        raise OSError("disk full")
    sys.exit(int(end[-1]))

for end in ["return", "raise", "exit 0", "exit 1"]:
    for name, decorator in [("Sentry", sentry_sdk.monitor(monitor_slug="load")), ("Cronitor", cronitor.job("load"))]:
        sent[name].clear()
        try:
            decorator(job)(end)
        except (OSError, SystemExit):
            pass
        print(f"{name}, {end}: {', '.join(sent[name])}")
PYTHON
seen=$(timeout 60 python3 "$work/job.py" 2> /dev/null)
expect 'Sentry, return: in_progress, ok
Cronitor, return: run, complete
Sentry, raise: in_progress, error
Cronitor, raise: run, fail
Sentry, exit 0: in_progress, error
Cronitor, exit 0: run
Sentry, exit 1: in_progress, error
Cronitor, exit 1: run' "$seen"
