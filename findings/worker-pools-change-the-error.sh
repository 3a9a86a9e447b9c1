#!/usr/bin/env bash
# Guess: an error that a job throws in a pool of workers reaches its caller with its `code`, its `cause` and that one's `code`, and an AggregateError with its errors.
# Seen: of piscina, tinypool and `postMessage` it has its message and the cause's, but no `code`, and an AggregateError is an Error without errors; of threads and
# comlink there is the message alone. jest-worker drops the cause, and makes an AggregateError without a message, whose "errors" are the letters of it.
# tinypool's processes reject with a plain object, which is no Error. workerpool, and the `error` event of Node's own Worker, have it all.
# Why it matters: "ECONNREFUSED is tried again, all else calls somebody" works until the job is moved into a pool, and the alert loses its reason. A job that catches
# the error and returns what the caller needs is safe with all of them.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules piscina@5.3.2 tinypool@2.2.0 workerpool@10.0.3 threads@1.7.0 comlink@4.4.2 jest-worker@30.5.1
cd "$work"
cat > jobs.cjs << 'NODE'
const refused = () => Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
exports.load = () => {
    throw Object.assign(new Error("load", { cause: refused() }), { code: "E_LOAD" });
};
exports.both = () => {
    throw new AggregateError([refused(), refused()], "both hosts");
};
NODE
cat > by-name.cjs << 'NODE'
module.exports = (name) => require("./jobs.cjs")[name]();
NODE
cat > own.cjs << 'NODE'
require("./jobs.cjs")[require("worker_threads").workerData]();
NODE
cat > posting.cjs << 'NODE'
const { parentPort, workerData } = require("worker_threads");
try {
    require("./jobs.cjs")[workerData]();
} catch (error) {
    parentPort.postMessage(error);
}
NODE
echo 'require("workerpool").worker(require("./jobs.cjs"));' > of-workerpool.cjs
echo 'require("threads/worker").expose(require("./jobs.cjs"));' > of-threads.cjs
echo 'require("comlink").expose(require("./jobs.cjs"), require("comlink/dist/umd/node-adapter")(require("worker_threads").parentPort));' > of-comlink.cjs
cat > caller.mjs << 'NODE'
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import Tinypool from "tinypool";

const require = createRequire(import.meta.url);

async function say(name, call) {
    const seen = [];
    for (const job of ["load", "both"]) {
        try {
            await call(job);
            seen.push("no error");
        } catch (error) {
            const has = [
                error.message || "no message",
                error instanceof Error || "no Error",
                job === "both" || (error.code ?? "no code"),
                job === "both" || (error.cause ? `cause ${error.cause.message} ${error.cause.code ?? "without a code"}` : "no cause"),
                job === "load" || (error.errors ? `errors ${error.errors.length}` : "no errors"),
            ];
            seen.push(has.filter((word) => word !== true).join(", "));
        }
    }
    console.log(`${name}: ${seen.join("; ")}`);
}

const own = (file, event) => (job) => new Promise((_, reject) => new Worker(resolve(file), { workerData: job }).on(event, reject));
await say("in place", async (job) => require("./jobs.cjs")[job]());
await say("Worker", own("own.cjs", "error"));
await say("postMessage", own("posting.cjs", "message"));

const piscina = new (require("piscina").Piscina)({ filename: resolve("by-name.cjs") });
await say("piscina", (job) => piscina.run(job));

for (const runtime of ["worker_threads", "child_process"]) {
    const tinypool = new Tinypool({ filename: resolve("by-name.cjs"), runtime });
    await say(`tinypool, ${runtime}`, (job) => tinypool.run(job));
}
for (const workerType of ["thread", "process"]) {
    const workerpool = require("workerpool").pool(resolve("of-workerpool.cjs"), { workerType });
    await say(`workerpool, ${workerType}`, (job) => workerpool.exec(job));
}
const threads = require("threads");
const thread = await threads.spawn(new threads.Worker("./of-threads.cjs"));
await say("threads", (job) => thread[job]());

const linked = require("comlink").wrap(require("comlink/dist/umd/node-adapter")(new Worker(resolve("of-comlink.cjs"))));
await say("comlink", (job) => linked[job]());

for (const enableWorkerThreads of [true, false]) {
    const jest = new (require("jest-worker").Worker)(resolve("jobs.cjs"), { enableWorkerThreads, exposedMethods: ["load", "both"] });
    await say(`jest-worker, ${enableWorkerThreads ? "threads" : "processes"}`, (job) => jest[job]());
}
process.exit();
NODE
expect 'in place: load, E_LOAD, cause refused ECONNREFUSED; both hosts, errors 2
Worker: load, E_LOAD, cause refused ECONNREFUSED; both hosts, errors 2
postMessage: load, no code, cause refused without a code; both hosts, no errors
piscina: load, no code, cause refused without a code; both hosts, no errors
tinypool, worker_threads: load, no code, cause refused without a code; both hosts, no errors
tinypool, child_process: load, no Error, E_LOAD, no cause; both hosts, no Error, no errors
workerpool, thread: load, E_LOAD, cause refused ECONNREFUSED; both hosts, errors 2
workerpool, process: load, E_LOAD, cause refused ECONNREFUSED; both hosts, errors 2
threads: load, no code, no cause; both hosts, no errors
comlink: load, no code, no cause; both hosts, no errors
jest-worker, threads: load, E_LOAD, no cause; no message, errors 10
jest-worker, processes: load, E_LOAD, no cause; no message, errors 10' "$(timeout 60 node caller.mjs 2> errors)"
