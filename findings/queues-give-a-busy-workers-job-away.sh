#!/usr/bin/env bash
# Guess: while a worker lives and works on a job, no other worker is given that job; and a job that was done counts as done.
# Seen: a job of Bee-Queue that computes for 25 s is given to a second worker meanwhile, and both do it. One of BullMQ that computes for 45 s is done,
# done again by a second worker, and then counts as failed: "job stalled more than allowable limit". RQ, whose worker watches over a child, does it once.
# Why it matters: the renewal of the lock runs in the thread that computes. The nightly report goes out twice, and the alert says that it
# failed; a small test never shows it. A job that computes wants a process of its own: BullMQ's `new Worker(name, "/path/of/a/file.js")`.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/redis.bash"

redis
node_modules bullmq@6.7.0 ioredis@6.0.0 bee-queue@2.0.0
python redis==5.3.1 rq==3.0.0
cd "$work"
export REDIS_PORT=$redis_port
cat > work.js << 'JS'
const fs = require("fs");
module.exports = (log, seconds) => { // computes, and says when it begins and ends
    fs.appendFileSync(log, "begun\n");
    for (const end = Date.now() + seconds * 1000; Date.now() < end; );
    fs.appendFileSync(log, "done\n");
};
JS
cat > bullmq.js << 'JS'
const { Queue, Worker } = require("bullmq");
const connection = { host: "127.0.0.1", port: Number(process.env.REDIS_PORT) };
if (process.argv[2] === "add") {
    const queue = new Queue("orders", { connection });
    queue.add("load", {}).then(() => queue.close());
} else {
    new Worker("orders", async () => require("./work")("bullmq.seen", 45), { connection })
        .on("failed", (job, error) => require("fs").appendFileSync("bullmq.seen", `${error.message}\n`));
}
JS
cat > bee.js << 'JS'
const Queue = require("bee-queue");
const redis = { host: "127.0.0.1", port: Number(process.env.REDIS_PORT) };
if (process.argv[2] === "add") {
    const queue = new Queue("orders", { redis, isWorker: false });
    queue.createJob({}).save().then(() => queue.close());
} else {
    const queue = new Queue("orders", { redis });
    queue.checkStalledJobs(5000);
    queue.process(async () => require("./work")("bee.seen", 25));
}
JS
cat > with_rq.py << 'PYTHON'
import time

def load():
    with open("rq.seen", "a") as log:
        print("begun", file=log, flush=True)
        end = time.monotonic() + 45
        while time.monotonic() < end:
            pass
        print("done", file=log)
PYTHON
for tool in bullmq bee; do
    timeout 30 node $tool.js add
    start $tool-1 node $tool.js
    start $tool-2 node $tool.js
done
export PYTHONPATH=$work
timeout 60 rq enqueue --url "redis://127.0.0.1:$redis_port" with_rq.load > /dev/null
for number in 1 2; do start rq-$number rq worker --url "redis://127.0.0.1:$redis_port"; done
seen=$(
    within 150 grep -q limit bullmq.seen
    for tool in bullmq bee rq; do echo "$tool: $(paste -sd, "$tool.seen")"; done
)
expect 'bullmq: begun,done,begun,done,job stalled more than allowable limit
bee: begun,begun,done,done
rq: begun,done' "$seen"
