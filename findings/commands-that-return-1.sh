#!/usr/bin/env bash
# Guess: `return 1` at the end of a command of Click, Typer or Fire is exit code 1, as it is of a function that an entry point calls.
# Seen: the exit code is 0; Fire prints the number as the result, Click and Typer leave it out or do the same. Cyclopts exits
# with it. `raise SystemExit(1)` works in all.
# Why it matters: a job that was moved from argparse to one of them fails with 0 from that day on, and cron, systemd and
# whoever alerts by the code see success.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python click==8.5.1 typer==0.29.2 fire==0.7.1 cyclopts==5.5.2
cat > "$work/job.py" << 'PYTHON'
import sys, click, cyclopts, fire, typer

def job():
    return 3

name = sys.argv.pop(1)
if name == "entry point":
    sys.exit(job())
elif name == "Click":
    click.command()(job)()
elif name == "Typer":
    typer.run(job)
elif name == "Fire":
    fire.Fire(job)
else:
    cyclopts.run(job)
PYTHON
seen=$(
    for name in 'entry point' Click Typer Fire Cyclopts; do
        code=0
        timeout 60 python3 "$work/job.py" "$name" > /dev/null 2>&1 || code=$?
        echo "$name: $code"
    done
)
expect 'entry point: 3
Click: 0
Typer: 0
Fire: 0
Cyclopts: 3' "$seen"
