#!/usr/bin/env bash
# Guess: a task that is given `datetime.now() + timedelta(seconds=20)` as its time runs in 20 seconds; one that is given it as its end is dropped after
# that, not before.
# Seen: Celery and taskiq take a time without a zone for one of UTC: in Berlin the task runs an hour or two late, in New York at once; Celery's
# `expires=` lets it live for as much longer in Berlin, and in New York it has expired before it is sent, and never runs. RQ, arq, Huey and APScheduler
# take it for the host's, as guessed.
# Why it matters: on a developer's machine in London, or in a container, all is well until the summer; elsewhere a task that never ran is "revoked",
# which is no failure and alerts nobody.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/redis.bash"

redis
python celery==5.7.0 taskiq==0.13.0 rq==3.0.0 arq==0.28.0 huey==3.5.4 apscheduler==3.11.0
cd "$work"
cat > times.py << 'PYTHON'
import asyncio, datetime, os, sys, time
import arq, arq.connections, celery, huey, redis, rq
from apscheduler.schedulers.background import BackgroundScheduler
from celery.contrib.testing.worker import start_worker
from taskiq.cli.scheduler.run import is_time_task_now

port = int(sys.argv[1])

def soon(seconds=20):
    return datetime.datetime.now() + datetime.timedelta(seconds=seconds)

def say(name, moment):
    late = moment - time.time()
    print(f"{name}: {'at once' if late < -3000 else 'late' if late > 3000 else 'in 20 seconds'}")

app = celery.Celery(broker="memory://", backend="cache+memory://")

@app.task(name="load")
def load():
    return time.time()

with start_worker(app, perform_ping_check=False, pool="solo", loglevel="CRITICAL"):
    due, dropped = load.apply_async(eta=soon()), load.apply_async(expires=soon())
    try:
        due.get(timeout=10)
        print("celery, eta: at once")
    except celery.exceptions.TimeoutError:
        try:
            due.get(timeout=30)
            print("celery, eta: in 20 seconds")
        except celery.exceptions.TimeoutError:
            print("celery, eta: not within 40 seconds")
    print(f"celery, expires: {(dropped.get(timeout=10, propagate=False), dropped.state)[1]}")

now = datetime.datetime.now(datetime.timezone.utc)
moments = [minutes * 60 for minutes in range(-600, 600, 10)]
first = next(m for m in moments if is_time_task_now(soon(), now + datetime.timedelta(seconds=m + 21)))
say("taskiq", time.time() + (first if abs(first) > 600 else 20))

queue = rq.Queue(connection=redis.Redis(port=port, db=1))
job = queue.enqueue_at(soon(), print)
say("rq", queue.scheduled_job_registry.get_scheduled_time(job).timestamp())

async def with_arq():
    pool = await arq.create_pool(arq.connections.RedisSettings(port=port, database=2))
    await pool.enqueue_job("load", _defer_until=soon())
    [(_, score)] = await pool.zrange("arq:queue", 0, -1, withscores=True)
    say("arq", score / 1000)

asyncio.run(with_arq())
tasks = huey.MemoryHuey()
tasks.task()(load.run).schedule(eta=soon())
say("huey", tasks.pending()[0].eta.replace(tzinfo=datetime.timezone.utc).timestamp())
scheduler = BackgroundScheduler()
scheduler.start(paused=True)
say("apscheduler", scheduler.add_job(print, "date", run_date=soon()).next_run_time.timestamp())
sys.stdout.flush()
os._exit(0)
PYTHON
seen=$(
    for zone in Europe/Berlin America/New_York; do
        echo "$zone"
        TZ=$zone timeout 120 env -u LD_LIBRARY_PATH python3 times.py "$redis_port" 2> errors
        redis-cli -p "$redis_port" flushall > /dev/null
    done
)
expect 'Europe/Berlin
celery, eta: not within 40 seconds
celery, expires: SUCCESS
taskiq: late
rq: in 20 seconds
arq: in 20 seconds
huey: in 20 seconds
apscheduler: in 20 seconds
America/New_York
celery, eta: at once
celery, expires: REVOKED
taskiq: at once
rq: in 20 seconds
arq: in 20 seconds
huey: in 20 seconds
apscheduler: in 20 seconds' "$seen"
