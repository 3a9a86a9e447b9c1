#!/usr/bin/env bash
# Guess: a job that is awaited from a pool of workers, and whose worker calls `process.exit(1)`, is an error, and has been begun once.
# Seen: with tinypool, threads and comlink it neither resolves nor rejects: nothing keeps the program from ending, and it ends with 0, in the middle.
# With jest-worker it is an error, after the job was begun four times. It is as guessed with piscina and workerpool.
# Why it matters: a library that a job uses gives up by `process.exit(1)`, as many a command-line tool does, and the night is green; where a timer or a
# connection keeps the program alive, it hangs. A `process.exitCode = 1` at the program's beginning, and 0 at its end, shows the first.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules tinypool@2.2.0 threads@1.7.0 comlink@4.4.2 jest-worker@30.5.1 piscina@5.3.2 workerpool@10.0.3
cd "$work"
cat > job.js << 'JS'
// Gives up a moment after it was begun.
module.exports = async () => new Promise(() => {
    require("fs").appendFileSync("begun", "x");
    setTimeout(() => process.exit(1), 200);
});
JS
cat > for-threads.js << 'JS'
require("threads/worker").expose(require("./job.js"));
JS
cat > for-comlink.js << 'JS'
const adapter = require("comlink/dist/umd/node-adapter.js");
require("comlink").expose(require("./job.js"), adapter(require("worker_threads").parentPort));
JS
cat > for-jest-worker.js << 'JS'
exports.job = require("./job.js");
JS
cat > for-workerpool.js << 'JS'
require("workerpool").worker({ job: require("./job.js") });
JS
cat > program.js << 'JS'
const { resolve } = require("path");
const { Worker } = require("worker_threads");
const ways = {
    tinypool: async () => new (await import("tinypool")).Tinypool({ filename: resolve("job.js") }).run({}),
    threads: async () => (await require("threads").spawn(new (require("threads").Worker)("./for-threads.js")))(),
    comlink: async () => require("comlink").wrap(require("comlink/dist/umd/node-adapter.js")(new Worker("./for-comlink.js")))(),
    "jest-worker": async () => new (require("jest-worker").Worker)(resolve("for-jest-worker.js"), { numWorkers: 1 }).job(),
    "jest-worker, threads": async () =>
        new (require("jest-worker").Worker)(resolve("for-jest-worker.js"), { numWorkers: 1, enableWorkerThreads: true }).job(),
    piscina: async () => new (require("piscina").Piscina)({ filename: resolve("job.js") }).run({}),
    workerpool: async () => require("workerpool").pool(resolve("for-workerpool.js"), { workerType: "thread" }).exec("job"),
    "workerpool, processes": async () => require("workerpool").pool(resolve("for-workerpool.js"), { workerType: "process" }).exec("job"),
};
(async () => {
    try {
        console.log("it went well:", await ways[process.argv[2]]());
        process.exit(0);
    } catch (error) {
        console.log("failed");
        process.exit(1);
    }
})();
JS
end() { # the name
    local code=0
    : > begun
    timeout 10 node program.js "$1" > out 2> err < /dev/null || code=$?
    echo "$1: exit code $code, $(grep . out || echo 'not a word'), begun $(wc -c < begun) times"
}
seen=$(
    for name in tinypool threads comlink jest-worker 'jest-worker, threads' piscina workerpool 'workerpool, processes'; do
        end "$name"
    done
)
expect 'tinypool: exit code 0, not a word, begun 1 times
threads: exit code 0, not a word, begun 1 times
comlink: exit code 0, not a word, begun 1 times
jest-worker: exit code 1, failed, begun 4 times
jest-worker, threads: exit code 1, failed, begun 4 times
piscina: exit code 1, failed, begun 1 times
workerpool: exit code 1, failed, begun 1 times
workerpool, processes: exit code 1, failed, begun 1 times' "$seen"
