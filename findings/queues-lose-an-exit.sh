#!/usr/bin/env bash
# Guess: a task that calls `sys.exit(1)`, as a program's own `main` does, is a failed task: the signal for failures
# is sent, and it is tried again where that was asked for.
# Seen: Dramatiq does so, and so does Celery with processes, which calls the worker lost. With Celery's pool of threads
# and with Huey the task counts neither as failed nor as done: no signal follows its start. Huey does not try it
# again; its worker is dead, and the other tasks wait for some ten seconds.
# Why it matters: an alert that hangs on the signal for failures never comes, and the task is gone.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python huey==3.5.4 celery==5.7.0 dramatiq==2.2.1
cat > "$work/with_huey.py" << 'PYTHON'
import sys
from huey import SqliteHuey

app = SqliteHuey(filename="huey.db")

@app.signal("error", "complete")
def heard(signal, task, error=None):
    print("heard:", task.name, "worked" if error is None else "failed", flush=True)

@app.task(retries=1)
def raises():
    raise OSError("disk full")

@app.task(retries=1)
def exits():
    sys.exit(1)

@app.task()
def last():
    pass
PYTHON
cat > "$work/with_celery.py" << 'PYTHON'
import sys
from celery import Celery, signals

app = Celery(broker="filesystem://")
app.conf.broker_transport_options = dict.fromkeys(["data_folder_in", "data_folder_out"], "queue")

@signals.task_failure.connect
def failed(sender, **rest):
    print("heard:", sender.name.split(".")[1], "failed", file=sys.__stdout__, flush=True)

@signals.task_success.connect
def worked(sender, **rest):
    print("heard:", sender.name.split(".")[1], "worked", file=sys.__stdout__, flush=True)

@app.task
def raises():
    raise OSError("disk full")

@app.task
def exits():
    sys.exit(1)

@app.task
def last():
    pass
PYTHON
cat > "$work/with_dramatiq.py" << 'PYTHON'
import sys, time
import dramatiq
from dramatiq.brokers.stub import StubBroker

class Heard(dramatiq.Middleware):
    def after_process_message(self, broker, message, *, result=None, exception=None):
        print("heard:", message.actor_name, "failed" if exception else "worked", flush=True)

broker = StubBroker(middleware=[Heard(), dramatiq.middleware.Retries(max_retries=1, min_backoff=10, max_backoff=10)])
dramatiq.set_broker(broker)

@dramatiq.actor
def raises():
    raise OSError("disk full")

@dramatiq.actor
def exits():
    sys.exit(1)

@dramatiq.actor
def last():
    pass

worker = dramatiq.Worker(broker, worker_timeout=100)
worker.start()
for task in raises, exits, last:
    task.send()
time.sleep(4)
worker.stop()
PYTHON
cd "$work"
export PYTHONPATH=$work
heard() { # the title, the log
    echo "$1:$(grep -o '^heard: .*' "$2" | sed 's/^heard: //' | sort | uniq -c | tr -s ' ' | paste -sd,)"
}
run_celery() { # the pool
    mkdir -p queue
    timeout 60 python3 -c 'from with_celery import *; [task.delay() for task in (raises, exits, last)]'
    start "celery-$1" celery --app=with_celery worker --concurrency=1 --pool="$1" --loglevel=CRITICAL
    within 60 grep -q 'last worked' "celery-$1.log"
    kill "${started[-1]}"
    wait "${started[-1]}" || true
    heard "Celery, $1" "celery-$1.log"
}
timeout 60 python3 -c 'from with_huey import *; [task() for task in (raises, exits, last)]' > /dev/null
start huey huey_consumer with_huey.app --workers=1
within 60 grep -q 'last worked' huey.log
timeout 60 python3 with_dramatiq.py > dramatiq.log 2> /dev/null
seen=$(
    heard Dramatiq dramatiq.log
    run_celery prefork
    run_celery threads
    heard Huey huey.log
)
expect 'Dramatiq: 2 exits failed, 1 last worked, 2 raises failed
Celery, prefork: 1 exits failed, 1 last worked, 1 raises failed
Celery, threads: 1 last worked, 1 raises failed
Huey: 1 last worked, 2 raises failed' "$seen"
