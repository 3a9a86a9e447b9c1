#!/usr/bin/env bash
# Guess: a job with an id of its own, `load-orders`, that has failed is run again when it is enqueued again.
# Seen: RQ does so. In arq, BullMQ and Bee-Queue the old, failed one is in the way, and no error is raised: arq answers
# `None`, for an hour; Bee-Queue gives a job whose id is null; BullMQ gives a job with the id that was asked for, whose state
# is "failed", and keeps it so for ever.
# Why it matters: whoever names jobs so that none is enqueued twice has after the first failure a job that never runs
# again, and neither fails nor alerts.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/redis.bash"

redis
python rq==3.0.0 arq==0.28.0
node_modules bullmq@6.7.0 ioredis@6.0.0 bee-queue@2.0.0
cd "$work"
cat > jobs.py << 'PYTHON'
def load():
    open("ran", "a").write("x\n")
    raise OSError("disk full")
PYTHON
cat > with_rq.py << 'PYTHON'
import sys, redis, rq, jobs

queue = rq.Queue(connection=redis.Redis(port=int(sys.argv[1])))
for _ in range(2):
    job = queue.enqueue(jobs.load, job_id="load-orders")
    rq.SimpleWorker([queue], connection=queue.connection).work(burst=True)
print(f"rq: {job.id}, ran {len(open('ran').readlines())} of 2 times")
PYTHON
cat > with_arq.py << 'PYTHON'
import asyncio, sys, arq, arq.connections

runs = []

async def load(context):
    runs.append(1)
    raise OSError("disk full")

async def main():
    settings = arq.connections.RedisSettings(port=int(sys.argv[1]))
    pool = await arq.create_pool(settings)
    for _ in range(2):
        job = await pool.enqueue_job("load", _job_id="load-orders")
        worker = arq.Worker([load], redis_settings=settings, burst=True, handle_signals=False, poll_delay=0.1)
        await worker.async_run()
    print(f"arq: {job}, ran {len(runs)} of 2 times")

asyncio.run(main())
PYTHON
cat > with_bullmq.cjs << 'NODE'
const { Queue, Worker } = require("bullmq");
const connection = { host: "127.0.0.1", port: +process.argv[2], maxRetriesPerRequest: null };
let runs = 0;
const queue = new Queue("jobs", { connection });
const worker = new Worker("jobs", async () => { runs++; throw new Error("disk full"); }, { connection });
(async () => {
    const failed = new Promise((done) => worker.once("failed", done));
    await queue.add("load", {}, { jobId: "load-orders" });
    await failed;
    const job = await queue.add("load", {}, { jobId: "load-orders" });
    await new Promise((done) => setTimeout(done, 4000));
    console.log(`bullmq: ${job.id} (${await job.getState()}), ran ${runs} of 2 times`);
    process.exit();
})();
NODE
cat > with_bee.cjs << 'NODE'
const Queue = require("bee-queue");
const queue = new Queue("jobs", { redis: { host: "127.0.0.1", port: +process.argv[2] } });
let runs = 0;
(async () => {
    const failed = new Promise((done) => queue.once("failed", done));
    queue.process(async () => { runs++; throw new Error("disk full"); });
    await queue.createJob({}).setId("load-orders").save();
    await failed;
    const job = await queue.createJob({}).setId("load-orders").save();
    await new Promise((done) => setTimeout(done, 4000));
    console.log(`bee-queue: ${job.id}, ran ${runs} of 2 times`);
    process.exit();
})();
NODE
seen=$(
    timeout 60 python3 with_rq.py "$redis_port" 2> rq.log | grep "^rq:"
    timeout 60 python3 with_arq.py "$redis_port" 2> arq.log
    timeout 60 node with_bullmq.cjs "$redis_port"
    timeout 60 node with_bee.cjs "$redis_port"
)
expect 'rq: load-orders, ran 2 of 2 times
arq: None, ran 1 of 2 times
bullmq: load-orders (failed), ran 1 of 2 times
bee-queue: null, ran 1 of 2 times' "$seen"
