#!/usr/bin/env bash
# Guess: a task with a time limit of 1 second, that calls a command of 4 seconds, is ended after 1 second and has failed.
# Seen: so it is in RQ, and in Celery with its pool of processes. With Celery's pools `threads` and `solo` the limit is not looked at: the task
# takes its time and has succeeded. Dramatiq raises its error once the command is over: the work is done, the task has failed, and with
# one attempt more it is done twice.
# Why it matters: the limit that should find a task that hangs finds none, and nobody alerts; with Dramatiq an alert says that a task failed which
# has done its work, and does it once more.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/redis.bash"

redis
python celery==5.7.0 dramatiq==2.2.1 rq==3.0.0 redis==7.0.1 packaging==25.0
unset LD_LIBRARY_PATH # of Redis alone
cd "$work"
cat > jobs.py << 'PYTHON'
import os, subprocess, sys
import celery, dramatiq, dramatiq.brokers.redis

url = f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/"
step = "import time; time.sleep(4); open(%r, 'a').write('x')"

def slow(name):
    open(name + ".started", "a").write("x")
    subprocess.run([sys.executable, "-c", step % (name + ".done")], check=True)

app = celery.Celery("jobs", broker=url + "1", backend=url + "2")
app.conf.update(broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)

@app.task(time_limit=1)
def with_celery(name):
    slow(name)

dramatiq.set_broker(dramatiq.brokers.redis.RedisBroker(url=url + "3"))

@dramatiq.actor(time_limit=1000, max_retries=1, min_backoff=100, max_backoff=200)
def with_dramatiq(name):
    slow(name)

def with_rq(name):
    slow(name)
PYTHON
cat > enqueue.py << 'PYTHON'
import sys, redis, rq, jobs

name = sys.argv[1]
if name.startswith("celery"):
    jobs.with_celery.delay(name)
elif name == "dramatiq":
    jobs.with_dramatiq.send(name)
else:
    rq.Queue(connection=redis.Redis.from_url(jobs.url + "4")).enqueue(jobs.with_rq, name, job_timeout=1)
PYTHON
export REDIS_PORT=$redis_port PYTHONPATH=$work C_FORCE_ROOT=1
count() { if [ -e "$1" ]; then wc -c < "$1"; else echo 0; fi; }
run() { # the name, how often it is begun, the worker
    local name=$1 begun=$2
    shift 2
    timeout 60 python3 enqueue.py "$name"
    timeout 60 "$@" > "$name.log" 2>&1 < /dev/null &
    local worker=$!
    started+=("$worker")
    all_begun() { [ "$(count "$name.started")" = "$begun" ]; }
    within 40 all_begun
    sleep 7 # longer than the command takes
    kill "$worker" 2> /dev/null || true
    wait "$worker" || true
    local said=no
    ! grep -q 'TimeLimitExceeded\|JobTimeoutException' "$name.log" || said=yes
    echo "$name: begun $(count "$name.started"), worked to the end $(count "$name.done"), failed by its limit: $said" >> seen
}
run rq 1 rq worker --burst --url "redis://127.0.0.1:$redis_port/4"
run celery-prefork 1 celery -A jobs worker --pool prefork --concurrency 1 --loglevel ERROR
run celery-threads 1 celery -A jobs worker --pool threads --concurrency 1 --loglevel ERROR
run celery-solo 1 celery -A jobs worker --pool solo --loglevel ERROR
run dramatiq 2 dramatiq jobs --processes 1 --threads 1
expect 'rq: begun 1, worked to the end 0, failed by its limit: yes
celery-prefork: begun 1, worked to the end 0, failed by its limit: yes
celery-threads: begun 1, worked to the end 1, failed by its limit: no
celery-solo: begun 1, worked to the end 1, failed by its limit: no
dramatiq: begun 2, worked to the end 2, failed by its limit: yes' "$(cat seen)"
