#!/usr/bin/env bash
# Guess: a task that runs one at a time, and whose process is killed, as for want of memory, runs again when it is next sent.
# Seen: never with Huey's `lock_task` and with celery-singleton, whose locks have no end. celery-singleton answers with the id of the task that
# was killed, as it does while that runs; Huey warns in its log that it was not run. celery-once refuses for an hour, its default.
# Why it matters: one kill, and the nightly task has run for the last time. celery-singleton has a `lock_expiry` for it, and
# Huey a `flush_locks()`.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/redis.bash"

redis
ours=$LD_LIBRARY_PATH
unset LD_LIBRARY_PATH # of Redis alone
python celery==5.7.0 celery-singleton==0.3.1 celery_once==3.0.1 huey==3.5.4 redis==7.0.1 packaging==25.0
cd "$work"
cat > jobs.py << 'PYTHON'
import os, signal
import celery, celery_once, celery_singleton, huey

url = f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/"

def load(name):
    with open(name + ".begun", "a") as file:
        file.write("x")
    if not os.path.exists(name + ".may-live"):
        os.kill(os.getpid(), signal.SIGKILL)

app = celery.Celery("jobs", broker=url + "1", backend=url + "1")
once = {"backend": "celery_once.backends.Redis", "settings": {"url": url + "1", "default_timeout": 3600}}
app.conf.update(broker_connection_retry_on_startup=True, worker_hijack_root_logger=False, ONCE=once)
plain = app.task(name="celery")(load)
singleton = app.task(name="celery-singleton", base=celery_singleton.Singleton)(load)
with_once = app.task(name="celery-once", base=celery_once.QueueOnce)(load)
queue = huey.RedisHuey("jobs", url=url + "1")
with_huey = queue.task()(queue.lock_task("load")(load))
PYTHON
cat > send.py << 'PYTHON'
import sys, celery_once, jobs

name = sys.argv[1]
try:
    if name == "huey":
        jobs.with_huey(name)
    else:
        print({"celery": jobs.plain, "celery-singleton": jobs.singleton, "celery-once": jobs.with_once}[name].delay(name))
except celery_once.AlreadyQueued as refused:
    print("refused for", "an hour" if 3000 < refused.countdown <= 3600 else refused.countdown)
PYTHON
export REDIS_PORT=$redis_port PYTHONPATH=$work C_FORCE_ROOT=1
begun() { [ "$(cat "$1.begun" 2> /dev/null | wc -c)" -ge "$2" ]; }
run() { # the name, the worker; the task may live when it is sent for the second time
    local name=$1 first second worker
    shift
    first=$(timeout 60 python3 send.py "$name")
    timeout 100 "$@" > "$name.log" 2>&1 < /dev/null &
    worker=$!
    started+=("$worker")
    within 60 begun "$name" 1
    sleep 12 # Huey has a new process after 10 s
    touch "$name.may-live"
    second=$(timeout 60 python3 send.py "$name")
    sleep 8
    kill "$worker"
    wait "$worker" || true
    [ -z "$second" ] || [ "$second" != "$first" ] || second='the first id'
    [[ $second != *-*-* ]] || second='another id'
    echo "$name: begun $(wc -c < "$name.begun"), answer ${second:-none}" >> seen
}
run celery celery -A jobs worker --pool prefork --concurrency 1 --loglevel ERROR
run celery-singleton celery -A jobs worker --pool prefork --concurrency 1 --loglevel ERROR
run celery-once celery -A jobs worker --pool prefork --concurrency 1 --loglevel ERROR
run huey huey_consumer jobs.queue --worker-type process --workers 1
keys() { LD_LIBRARY_PATH=$ours redis-cli -p "$redis_port" -n 1 "$@"; }
{
    echo "celery-singleton's lock: $(keys ttl "$(keys --scan --pattern 'SINGLETONLOCK*')") s left"
    echo "Huey's lock: $(keys hkeys huey.results.jobs | grep lock), $(keys ttl huey.results.jobs) s left"
} >> seen
expect 'celery: begun 2, answer another id
celery-singleton: begun 1, answer the first id
celery-once: begun 1, answer refused for an hour
huey: begun 1, answer none
celery-singleton'"'"'s lock: -1 s left
Huey'"'"'s lock: jobs.lock.load, -1 s left' "$(cat seen)"
