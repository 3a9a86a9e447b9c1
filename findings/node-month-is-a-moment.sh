#!/usr/bin/env bash
# Guess: a time limit of 30 days, or of `Infinity` for "none", is that, or is refused.
# Seen: Node's timers hold 24.8 days, and a longer one is over after a millisecond. So with a limit of 30 days `exec` and execa kill the
# job, and p-timeout, `AbortSignal.timeout`, axios and got say that the time is up, at once; got does so with `Infinity`, too.
# ky refuses both. There is a TimeoutOverflowWarning on standard error, but the error says "timed out after 2592000000 milliseconds".
# Why it matters: who raises a limit because the job is slow gets a job that is killed at its start, with a message that
# has everybody look for what took so long.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules execa@9.6.1 p-timeout@7.0.2 axios@1.21.1 got@14.6.6 ky@1.14.3
cat > "$work/limits.mjs" << 'NODE'
import { exec } from "node:child_process";
import http from "node:http";
import { execa } from "execa";
import pTimeout from "p-timeout";
import axios from "axios";
import got from "got";
import ky from "ky";

// Everything here takes a second and a half.
const server = http.createServer((_, answer) => setTimeout(() => answer.end("done"), 1500)).listen(0, "127.0.0.1");
await new Promise((listening) => server.once("listening", listening));
const url = `http://127.0.0.1:${server.address().port}/`;
const command = "sleep 1.5; echo done";
const ways = {
    exec: (limit) => new Promise((done, failed) => exec(command, { timeout: limit }, (error) => (error ? failed(error) : done()))),
    execa: async (limit) => execa(command, { shell: true, timeout: limit }),
    "p-timeout": (limit) => pTimeout(new Promise((done) => setTimeout(done, 1500)), { milliseconds: limit }),
    "AbortSignal.timeout": async (limit) => (await fetch(url, { signal: AbortSignal.timeout(limit) })).text(),
    axios: (limit) => axios.get(url, { timeout: limit }),
    got: (limit) => got(url, { timeout: { request: limit }, retry: { limit: 0 } }),
    ky: (limit) => ky(url, { timeout: limit, retry: 0 }).text(),
};
for (const [name, way] of Object.entries(ways)) {
    const ends = [];
    for (const limit of [60_000, 30 * 24 * 3600 * 1000, Infinity]) {
        ends.push(await way(limit).then(() => "done", (error) =>
            error.killed || /time(d )?out/i.test(error.message) && !/cannot|out of range|Expected|parse/.test(error.message) ? "timed out" : "refused"));
    }
    console.log(`${name}: ${ends.join(", ")}`);
}
process.exit();
NODE
echo 'limits of a minute, of 30 days, of Infinity'
seen=$(timeout 100 node "$work/limits.mjs" 2> /dev/null)
expect 'exec: done, timed out, refused
execa: done, timed out, refused
p-timeout: done, timed out, done
AbortSignal.timeout: done, timed out, refused
axios: done, timed out, refused
got: done, timed out, timed out
ky: done, refused, refused' "$seen"
