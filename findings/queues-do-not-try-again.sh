#!/usr/bin/env bash
# Guess: a task with `max_retries=3`, `max_tries=4` or the like that raises an error is begun four times.
# Seen: Celery, arq and taskiq begin it once. Celery wants `autoretry_for=` or a `raise self.retry()` besides; arq counts only what raises its `Retry`,
# or is cancelled; taskiq's retry middlewares, also with a default count, want `retry_on_error=True` at each task. Huey, Dramatiq, SAQ and RQ try it
# again, as guessed.
# Why it matters: the setting reads as a promise, and no warning says that it does nothing; each short break of the network is then a failed task, and
# an alert.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/redis.bash"

redis
python celery==5.7.0 arq==0.28.0 taskiq==0.13.0 huey==3.5.4 dramatiq==2.2.1 saq==0.26.4 rq==3.0.0
cd "$work"
cat > load.py << 'PYTHON'
runs = {}

def begin(name):
    runs[name] = runs.get(name, 0) + 1
    raise OSError("disk full")
PYTHON
cat > jobs.py << 'PYTHON'
import asyncio, functools, os, sys, time
import arq, arq.connections, celery, dramatiq, dramatiq.brokers.stub, huey, redis, rq, saq, taskiq
from celery.contrib.testing.worker import start_worker
from load import begin, runs

port = int(sys.argv[1])

def until(name, count, seconds=30):
    """Waits for that many runs, and then a while for one more."""
    end = time.monotonic() + seconds
    while runs.get(name, 0) < count and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(2)

def with_celery(name, **options):
    app = celery.Celery(broker="memory://", backend="cache+memory://")
    task = app.task(name="load", default_retry_delay=0, **options)(functools.wraps(begin)(lambda: begin(name)))
    with start_worker(app, perform_ping_check=False, pool="solo", loglevel="CRITICAL"):
        task.delay().get(timeout=60, propagate=False)

async def with_arq(name):
    settings = arq.connections.RedisSettings(port=port, database=2)
    async def load(context):
        begin(name)
    await (await arq.create_pool(settings)).enqueue_job("load")
    jobs = [arq.func(load, name="load", max_tries=4)]
    await arq.Worker(jobs, redis_settings=settings, burst=True, handle_signals=False, poll_delay=0.1).async_run()

async def with_taskiq(name, middleware, **labels):
    broker = taskiq.InMemoryBroker().with_middlewares(middleware)
    @broker.task(task_name="load", **labels)
    async def load():
        begin(name)
    await broker.startup()
    await load.kiq()
    for _ in range(30):
        await broker.wait_all()
        await asyncio.sleep(0.1)

async def with_saq(name):
    queue = saq.Queue.from_url(f"redis://127.0.0.1:{port}/3")
    await queue.connect()
    async def load(context):
        begin(name)
    worker = saq.Worker(queue, functions=[("load", load)])
    await queue.enqueue("load", retries=4)
    work = asyncio.create_task(worker.start())
    await asyncio.to_thread(until, name, 4)
    await worker.stop()
    await asyncio.wait([work], timeout=5)

def with_huey(name):
    queue = huey.MemoryHuey()
    queue.task(retries=3)(functools.wraps(begin)(lambda: begin(name)))()
    consumer = queue.create_consumer(workers=1, initial_delay=0.05, max_delay=0.1)
    consumer.start()
    until(name, 4)
    consumer.stop(graceful=True)

def with_dramatiq(name):
    broker = dramatiq.brokers.stub.StubBroker()
    actor = dramatiq.actor(broker=broker, actor_name="load", max_retries=3, min_backoff=10, max_backoff=20)(lambda: begin(name))
    worker = dramatiq.Worker(broker, worker_timeout=100)
    worker.start()
    actor.send()
    until(name, 4)
    worker.stop()

def with_rq(name):
    queue = rq.Queue(connection=redis.Redis(port=port, db=4))
    queue.enqueue(begin, name, retry=rq.Retry(max=3))
    rq.SimpleWorker([queue], connection=queue.connection).work(burst=True)

with_celery("celery, max_retries=3", max_retries=3)
with_celery("celery, max_retries=3, autoretry_for=", max_retries=3, autoretry_for=(Exception,))
asyncio.run(with_arq("arq, max_tries=4"))
asyncio.run(with_taskiq("taskiq, default_retry_count=4", taskiq.SimpleRetryMiddleware(default_retry_count=4)))
asyncio.run(with_taskiq("taskiq, max_retries=4", taskiq.SmartRetryMiddleware(default_delay=0.1, use_jitter=False), max_retries=4))
asyncio.run(with_taskiq("taskiq, retry_on_error=True", taskiq.SimpleRetryMiddleware(default_retry_count=4), retry_on_error=True))
with_huey("huey, retries=3")
with_dramatiq("dramatiq, max_retries=3")
asyncio.run(with_saq("saq, retries=4"))
with_rq("rq, max=3")
for name, count in runs.items():
    print(f"{name}: {count}")
sys.stdout.flush()
os._exit(0)
PYTHON
unset LD_LIBRARY_PATH # of Redis alone
expect 'celery, max_retries=3: 1
celery, max_retries=3, autoretry_for=: 4
arq, max_tries=4: 1
taskiq, default_retry_count=4: 1
taskiq, max_retries=4: 1
taskiq, retry_on_error=True: 4
huey, retries=3: 4
dramatiq, max_retries=3: 4
saq, retries=4: 4
rq, max=3: 4' "$(timeout 200 python3 jobs.py "$redis_port" 2> errors)"
