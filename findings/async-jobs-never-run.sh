#!/usr/bin/env bash
# Guess: a job that is written `async def` runs, or is refused, by what runs jobs of Python.
# Seen: Click, Typer, Invoke, schedule, APScheduler's BackgroundScheduler, retry, retrying and Celery call it, throw away what it returns, and go on:
# not one line of the job has run. The commands exit with 0, APScheduler's event says "executed", Celery's log says "succeeded".
# Python's warning "was never awaited" is all there is. Fire and Cyclopts run the job; Huey, Dramatiq and doit refuse it.
# Why it matters: one word added to a job, or a wrapper changed for another, and the job is well each night and does nothing.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python click==8.5.1 typer==0.29.2 invoke==3.0.3 schedule==1.2.2 apscheduler==3.11.0 retry==0.9.2 retrying==1.4.2 celery==5.7.0 \
    fire==0.7.1 cyclopts==5.5.2 huey==3.5.4 dramatiq==2.2.1 doit==0.37.0
cd "$work"
export PYTHONPATH=$work PYTHONDONTWRITEBYTECODE=1
cat > job.py << 'PYTHON'
async def load():
    open("begun", "w").close()
    raise RuntimeError("no connection")
PYTHON
cat > tasks.py << 'PYTHON'
import invoke
from job import load as job

@invoke.task
async def load(context):
    await job()
PYTHON
cat > dodo.py << 'PYTHON'
from job import load

def task_load():
    return {"actions": [load]}
PYTHON
cat > by.py << 'PYTHON'
import sys, time
from job import load

def click():
    import click
    click.command()(load)(args=[])

def typer():
    import typer
    app = typer.Typer()
    app.command()(load)
    app(args=[])

def fire():
    import fire
    fire.Fire(load, command=[])

def cyclopts():
    import cyclopts
    cyclopts.App(default_command=load)([])

def schedule():
    import schedule
    schedule.every(1).seconds.do(load)
    time.sleep(1.1)
    schedule.run_pending()

def apscheduler():
    from apscheduler import events
    from apscheduler.schedulers.background import BackgroundScheduler
    scheduler = BackgroundScheduler()
    scheduler.add_listener(lambda _: print("event: executed"), events.EVENT_JOB_EXECUTED)
    scheduler.add_job(load)
    scheduler.start()
    time.sleep(1)
    scheduler.shutdown()

def retry():
    import retry
    retry.retry(tries=3)(load)()

def retrying():
    import retrying
    retrying.retry(stop_max_attempt_number=3)(load)()

def celery():
    import celery
    from celery.contrib.testing.worker import start_worker
    app = celery.Celery("jobs", broker="memory://", backend="cache+memory://")
    task = app.task(load, ignore_result=True)
    with start_worker(app, perform_ping_check=False, loglevel="INFO"):
        task.delay()
        time.sleep(2)

def huey():
    import huey
    huey.MemoryHuey(immediate=True).task()(load)

def dramatiq():
    import dramatiq
    from dramatiq.brokers.stub import StubBroker
    broker = StubBroker()
    dramatiq.set_broker(broker)
    dramatiq.actor(load, max_retries=0).send()
    worker = dramatiq.Worker(broker)
    worker.start()
    broker.join("default")
    worker.stop()
    sys.exit(len(broker.dead_letters))

globals()[sys.argv[1]]()
PYTHON
run() { # the title, the command
    local code=0 title=$1 words
    shift
    timeout 60 "$@" > out 2>&1 < /dev/null || code=$?
    words=$(grep -oE 'event: executed|succeeded' out | sort -u) || true
    echo "$title: exit code $code, the job $([ -e begun ] && echo ran || echo 'did not run')${words:+, \"$words\"}"
    rm -f begun
}
seen=$(
    for by in click typer schedule apscheduler retry retrying celery fire cyclopts huey dramatiq; do run "$by" python3 by.py "$by"; done
    run invoke inv load
    run doit doit
)
expect 'click: exit code 0, the job did not run
typer: exit code 0, the job did not run
schedule: exit code 0, the job did not run
apscheduler: exit code 0, the job did not run, "event: executed"
retry: exit code 0, the job did not run
retrying: exit code 0, the job did not run
celery: exit code 0, the job did not run, "succeeded"
fire: exit code 1, the job ran
cyclopts: exit code 1, the job ran
huey: exit code 1, the job did not run
dramatiq: exit code 1, the job did not run
invoke: exit code 0, the job did not run
doit: exit code 2, the job did not run' "$seen"
