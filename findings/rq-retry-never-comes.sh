#!/usr/bin/env bash
# Guess: `Retry(max=2, interval=1)` lets a plain `rq worker` try a failed job again after a second.
# Seen: never. A wait needs a scheduler, which runs under `rq worker --with-scheduler` alone. Without it the job stays
# "scheduled", and is not in the registry of failed jobs. Nothing says so but the absence of a run. Without `interval`, and
# with the scheduler, it is tried three times and fails.
# Why it matters: whoever alerts on the failed registry hears nothing; the job's first failure is its last sign of life.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/redis.bash"

redis
python rq==3.0.0
cd "$work"
cat > jobs.py << 'PYTHON'
def load(name):
    open(name, "a").write("x\n")
    raise OSError("disk full")
PYTHON
cat > enqueue.py << 'PYTHON'
import sys, redis, rq, jobs

port, name, interval = sys.argv[1:]
queue = rq.Queue(name, connection=redis.Redis(port=int(port)))
queue.enqueue(jobs.load, name, job_id=name, retry=rq.Retry(max=2, interval=int(interval)))
PYTHON
cat > state.py << 'PYTHON'
import sys, redis, rq

port, name = sys.argv[1:]
queue = rq.Queue(name, connection=redis.Redis(port=int(port)))
failed = "in" if name in queue.failed_job_registry.get_job_ids() else "not in"
print(f"{name}: {queue.fetch_job(name).get_status().value}, tries {len(open(name).readlines())}, {failed} the failed registry")
PYTHON
export PYTHONPATH=$work
tries() { # the name, the interval, options of the worker
    local name=$1 interval=$2
    shift 2
    timeout 60 python3 enqueue.py "$redis_port" "$name" "$interval"
    start "worker-$name" rq worker --url "redis://127.0.0.1:$redis_port" "$@" "$name"
}
tries wait 1
tries at-once 0
tries with-scheduler 1 --with-scheduler
within 60 test -e wait
thrice() { [ "$(wc -l < "$1")" = 3 ]; }
within 60 thrice at-once
within 60 thrice with-scheduler
sleep 3
expect 'wait: scheduled, tries 1, not in the failed registry
at-once: failed, tries 3, in the failed registry
with-scheduler: failed, tries 3, in the failed registry' "$(for name in wait at-once with-scheduler; do timeout 60 python3 state.py "$redis_port" "$name"; done)"
