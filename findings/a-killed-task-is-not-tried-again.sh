#!/usr/bin/env bash
# Guess: a task that may be tried again three times is begun four times when its process is killed each time, as for want of memory.
# Seen: so it is in RQ and BullMQ. Celery, with `autoretry_for=(Exception,)` and also with `acks_late`, begins it once and logs a `WorkerLostError`. Huey with its pool of
# processes begins it once, and logs that a worker died, but not whose task that was: it sends no signal of an error. A Dramatiq of two processes
# ends both, and itself with 1. All begin a task that raises an error four times.
# Why it matters: the retries that were set do not come on the day when memory is short; of Huey's task nothing is heard at all, and with
# Dramatiq one task takes the whole worker with it.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/redis.bash"

redis
unset LD_LIBRARY_PATH # of Redis alone
python celery==5.7.0 dramatiq==2.2.1 rq==3.0.0 huey==3.5.4 redis==7.0.1 packaging==25.0
node_modules bullmq@6.7.0 ioredis@5.8.2
cd "$work"
cat > jobs.py << 'PYTHON'
import os, signal
import celery, dramatiq, dramatiq.brokers.redis, huey, huey.signals

url = f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/"

def load(name, end):
    with open(f"{name}.{end}", "a") as file:
        file.write("x")
    if end == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    raise ValueError(end)

app = celery.Celery("jobs", broker=url + "1", backend=url + "2")
app.conf.update(broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)
retries = {"autoretry_for": (Exception,), "retry_kwargs": {"max_retries": 3, "countdown": 0}}
with_celery = app.task(name="celery", **retries)(load)
with_celery_late = app.task(name="celery-late", acks_late=True, **retries)(load)
dramatiq.set_broker(dramatiq.brokers.redis.RedisBroker(url=url + "3"))
with_dramatiq = dramatiq.actor(max_retries=3, min_backoff=100, max_backoff=200)(load)
queue = huey.RedisHuey("jobs", url=url + "5")
with_huey = queue.task(retries=3)(load)

@queue.signal(huey.signals.SIGNAL_ERROR, huey.signals.SIGNAL_INTERRUPTED)
def heard(signal, task, error=None):
    print("signal", signal, flush=True)
PYTHON
cat > enqueue.py << 'PYTHON'
import sys, redis, rq, jobs

name, end = sys.argv[1:]
if name == "rq":
    rq.Queue(connection=redis.Redis.from_url(jobs.url + "4")).enqueue(jobs.load, name, end, retry=rq.Retry(max=3))
elif name == "huey":
    jobs.with_huey(name, end)
elif name == "dramatiq":
    jobs.with_dramatiq.send(name, end)
else:
    (jobs.with_celery if name == "celery" else jobs.with_celery_late).delay(name, end)
PYTHON
cat > load.cjs << 'NODE'
const { appendFileSync } = require("fs");
module.exports = async ({ data: { end } }) => {
    appendFileSync(`bullmq.${end}`, "x");
    if (end === "raised") throw Error(end);
    process.kill(process.pid, "SIGKILL");
    await new Promise((done) => setTimeout(done, 5000));
};
NODE
cat > bullmq.mjs << 'NODE'
import bullmq from "bullmq";
const connection = { host: "127.0.0.1", port: Number(process.env.REDIS_PORT) };
await new bullmq.Queue("jobs", { connection }).add("load", { end: process.argv[2] }, { attempts: 4 });
const worker = new bullmq.Worker("jobs", new URL("load.cjs", import.meta.url), { connection });
worker.on("failed", (job, error) => console.log(error.message));
NODE
export REDIS_PORT=$redis_port PYTHONPATH=$work C_FORCE_ROOT=1
begun() { [ "$(cat "$1" 2> /dev/null | wc -c)" -ge "$2" ]; }
run() { # the name, how often it is begun when killed, the worker
    local name=$1 killed=$2 end times wait worker ended
    shift 2
    for end in raised killed; do
        times=4 wait=3 ended=''
        [ $end = raised ] || { times=$killed wait=15; } # for one more; Huey has a new process after 10 s
        local command=("$@")
        if [ "$name" = bullmq ]; then command+=($end); else timeout 60 python3 enqueue.py "$name" $end; fi
        timeout 120 "${command[@]}" > "$name.$end.log" 2>&1 < /dev/null &
        worker=$!
        started+=("$worker")
        within 60 begun "$name.$end" "$times"
        sleep $wait
        kill "$worker" 2> /dev/null || ended=', and the worker has ended'
        wait "$worker" || ended=${ended:+$ended with $?}
        echo "$name, $end: begun $(wc -c < "$name.$end")$ended" >> seen
    done
}
run rq 4 rq worker --url "redis://127.0.0.1:$redis_port/4"
run bullmq 4 node bullmq.mjs
run celery 1 celery -A jobs worker --pool prefork --concurrency 1 --loglevel ERROR
run celery-late 1 celery -A jobs worker --pool prefork --concurrency 1 --loglevel ERROR
run huey 1 huey_consumer jobs.queue --worker-type process --workers 1
run dramatiq 1 dramatiq jobs --processes 2 --threads 1
for end in raised killed; do echo "Huey's signals, $end: $(grep -c ^signal huey.$end.log || true)"; done >> seen
expect 'rq, raised: begun 4
rq, killed: begun 4
bullmq, raised: begun 4
bullmq, killed: begun 4
celery, raised: begun 4
celery, killed: begun 1
celery-late, raised: begun 4
celery-late, killed: begun 1
huey, raised: begun 4
huey, killed: begun 1
dramatiq, raised: begun 4
dramatiq, killed: begun 1, and the worker has ended with 1
Huey'"'"'s signals, raised: 4
Huey'"'"'s signals, killed: 0' "$(cat seen)"
