#!/usr/bin/env bash
# Guess: a task for which nobody has set a limit is let finish.
# Seen: SAQ ends it after 10 s, RQ after 3 minutes, arq after 5 and Dramatiq after 10, which then does it again. Celery and Huey let it finish.
# Here SAQ's and the last two's are waited for; of the others the task itself reads the time that it has left.
# Why it matters: the load that took two minutes for a year takes three with the data of the Christmas trade, and from then on fails each night, half done,
# with an error of time that nobody has asked for. Set each task's limit yourself: `timeout=`, `job_timeout=`, `time_limit=`.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/redis.bash"

redis
python saq==0.26.4 redis==5.3.1 rq==3.0.0 arq==0.28.0 dramatiq==2.2.1 huey==3.5.4 celery==5.7.0
cd "$work"
export PYTHONPATH=$work REDIS_URL=redis://127.0.0.1:$redis_port
cat > with_saq.py << 'PYTHON'
import asyncio, os
import saq

queue = saq.Queue.from_url(os.environ["REDIS_URL"])

async def load(context):
    await asyncio.sleep(20)

settings = {"queue": queue, "functions": [load]}

async def ask():
    job = await queue.enqueue("load")
    await job.refresh(30)
    print(f"SAQ: {job.status.value} after {round((job.completed - job.started) / 1000)} s")

if __name__ == "__main__":
    asyncio.run(ask())
PYTHON
cat > with_rq.py << 'PYTHON'
import os, signal
import redis, rq

def load():
    print(f"RQ: ended after {round(signal.getitimer(signal.ITIMER_REAL)[0])} s", flush=True)

if __name__ == "__main__":
    from with_rq import load
    connection = redis.Redis.from_url(os.environ["REDIS_URL"])
    queue = rq.Queue(connection=connection)
    queue.enqueue(load)
    rq.Worker([queue], connection=connection).work(burst=True, logging_level="ERROR")
PYTHON
cat > with_arq.py << 'PYTHON'
import asyncio, os
import arq, arq.worker

async def load(context):
    loop = asyncio.get_running_loop() # the latest of its timers is the task's
    print("arq: ended after", round(max(timer.when() for timer in loop._scheduled) - loop.time()), "s", flush=True)

async def main():
    settings = arq.connections.RedisSettings.from_dsn(os.environ["REDIS_URL"])
    pool = await arq.create_pool(settings)
    await pool.enqueue_job("load")
    await arq.worker.Worker([load], redis_settings=settings, burst=True, handle_signals=False).main()

asyncio.run(main())
PYTHON
cat > with_dramatiq.py << 'PYTHON'
import threading, time
import dramatiq
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import TimeLimit

broker = StubBroker()
dramatiq.set_broker(broker)

@dramatiq.actor
def load():
    limit = next(part for part in broker.middleware if isinstance(part, TimeLimit))
    print("Dramatiq: ended after", round(limit.manager.deadlines[threading.get_ident()] - time.monotonic()), "s", flush=True)

worker = dramatiq.Worker(broker, worker_timeout=100)
worker.start()
load.send()
broker.join("default")
worker.stop()
PYTHON
cat > with_huey.py << 'PYTHON'
import time
from huey import SqliteHuey

app = SqliteHuey(filename="huey.db")

@app.task()
def load():
    time.sleep(20)
    print("Huey: finished", flush=True)
PYTHON
cat > with_celery.py << 'PYTHON'
import sys, time
from celery import Celery

app = Celery(broker="filesystem://")
app.conf.broker_transport_options = dict.fromkeys(["data_folder_in", "data_folder_out"], "queue")

@app.task
def load():
    time.sleep(20)
    print("Celery: finished", file=sys.__stdout__, flush=True)
PYTHON
mkdir queue
timeout 60 python3 -c 'import with_celery; with_celery.load.delay()'
timeout 60 python3 -c 'import with_huey; with_huey.load()'
start celery celery --app=with_celery worker --concurrency=1 --loglevel=CRITICAL
start huey huey_consumer with_huey.app
start saq saq with_saq.settings
sleep 3 # SAQ's worker sweeps at its start
seen=$(
    timeout 60 python3 with_saq.py
    timeout 60 python3 with_rq.py
    timeout 60 python3 with_arq.py
    timeout 60 python3 with_dramatiq.py
    within 60 grep -q finished celery.log
    within 60 grep -q finished huey.log
    grep -ho '[A-Z][a-z]*: finished' celery.log huey.log
)
expect 'SAQ: failed after 10 s
RQ: ended after 180 s
arq: ended after 300 s
Dramatiq: ended after 600 s
Celery: finished
Huey: finished' "$seen"
