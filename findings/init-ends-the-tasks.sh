#!/usr/bin/env bash
# Guess: a worker of a queue in a container, under tini or dumb-init, that is stopped with SIGTERM finishes its task first, as it does without them.
# Seen: under tini it does. dumb-init, and `tini -g`, send SIGTERM to the whole group: Celery's process that works on the task ends at once, the worker exits
# with 0, and the task has failed, and is not given to the next worker. RQ gives each job a group of its own, and finishes it. `dumb-init --single-child` is
# as guessed.
# Why it matters: each deployment ends the tasks that run then, while the worker exits with 0, as after a stop that went well.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/redis.bash"

redis
debian tini=0.19.0-1+b3 dumb-init=1.2.5-2
unset LD_LIBRARY_PATH # of Redis alone
python celery==5.7.0 rq==3.0.0 redis==7.0.1 packaging==25.0
cd "$work"
cat > jobs.py << 'PYTHON'
import os, time
import celery

url = f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/"

def work(name):
    open(name + ".begun", "a").write("x")
    time.sleep(4)
    open(name + ".done", "a").write("x")

app = celery.Celery("jobs", broker=url + "1", backend=url + "2")
app.conf.update(broker_connection_retry_on_startup=True)
by_celery = app.task(work)
PYTHON
cat > enqueue.py << 'PYTHON'
import sys, redis, rq, jobs

queue, name = sys.argv[1:]
if queue == "celery":
    print(jobs.by_celery.delay(name).id)
else:
    print(rq.Queue(connection=redis.Redis.from_url(jobs.url + "3")).enqueue(jobs.work, name).id)
PYTHON
cat > state.py << 'PYTHON'
import sys, redis, rq.job, jobs

queue, job = sys.argv[1:]
if queue == "celery":
    print(jobs.app.AsyncResult(job).state)
else:
    print(rq.job.Job.fetch(job, connection=redis.Redis.from_url(jobs.url + "3")).get_status().name)
PYTHON
export REDIS_PORT=$redis_port PYTHONPATH=$work C_FORCE_ROOT=1
count() { if [ -e "$1" ]; then wc -c < "$1"; else echo 0; fi; }
worker() { # the queue, the name, the init
    local queue=$1 name=$2
    shift 2
    local command=(celery -A jobs worker --pool prefork --concurrency 1 --loglevel ERROR)
    [ "$queue" = celery ] || command=(rq worker --url "redis://127.0.0.1:$redis_port/3")
    setsid "$@" "${command[@]}" >> "$name.log" 2>&1 < /dev/null &
    started+=("$!")
}
stop() { # the queue, the init
    local code=0 queue=$1 job name
    shift
    name="$queue-${*//[^a-z]/}"
    job=$(timeout 60 python3 enqueue.py "$queue" "$name")
    worker "$queue" "$name" "$@"
    within 40 test -e "$name.begun"
    kill -TERM "${started[-1]}"
    wait "${started[-1]}" || code=$?
    echo "$queue, ${*:-no init}: exit code $code, done $(count "$name.done"), state $(timeout 60 python3 state.py "$queue" "$job")" >> seen
}
for queue in celery rq; do
    stop "$queue"
    stop "$queue" tini -s --
    stop "$queue" tini -s -g --
    stop "$queue" dumb-init
    stop "$queue" dumb-init --single-child
done
worker celery next
sleep 6 # longer than a task takes
echo "celery, dumb-init, after the next worker: begun $(count celery-dumbinit.begun), done $(count celery-dumbinit.done)" >> seen
expect 'celery, no init: exit code 0, done 1, state SUCCESS
celery, tini -s --: exit code 0, done 1, state SUCCESS
celery, tini -s -g --: exit code 0, done 0, state FAILURE
celery, dumb-init: exit code 0, done 0, state FAILURE
celery, dumb-init --single-child: exit code 0, done 1, state SUCCESS
rq, no init: exit code 0, done 1, state FINISHED
rq, tini -s --: exit code 0, done 1, state FINISHED
rq, tini -s -g --: exit code 0, done 1, state FINISHED
rq, dumb-init: exit code 0, done 1, state FINISHED
rq, dumb-init --single-child: exit code 0, done 1, state FINISHED
celery, dumb-init, after the next worker: begun 1, done 0' "$(cat seen)"
