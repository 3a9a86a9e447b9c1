#!/usr/bin/env bash
# Guess: a job of a queue that stands in PostgreSQL, whose worker is killed, is given to another worker soon: the server sees that the connection is gone.
# Seen: graphile-worker gives it away after 4 hours, pg-boss after 15 minutes, which is the time a job may take. Procrastinate never does: the job is "doing",
# its worker's last heartbeat a day old. PgQueuer gives it away, once its heartbeat is 30 seconds old.
# Why it matters: out of memory is the end that a worker does not survive. The job is no failure, no retry comes, and no
# alert.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
unset LD_LIBRARY_PATH # of PostgreSQL alone
node_modules graphile-worker@0.18.0 pg-boss@12.38.0
python procrastinate==3.10.0 psycopg==3.3.9 psycopg-binary==3.3.9 pgqueuer==1.6.0 asyncpg==0.32.0
cd "$work"
export DATABASE_URL=postgres://job@127.0.0.1:$server_port/postgres
# Each begins with add, first or second; the first worker's job takes long.
cat > graphile-worker.mjs << 'NODE'
import { makeWorkerUtils, run } from "graphile-worker";
import { appendFileSync } from "fs";

const connectionString = process.env.DATABASE_URL, mode = process.argv[2];
if (mode === "add") {
    const utils = await makeWorkerUtils({ connectionString });
    await utils.migrate();
    await utils.addJob("load", {});
    process.exit();
}
const load = async () => {
    appendFileSync("graphile-worker.runs", mode + "\n");
    if (mode === "first") await new Promise((done) => setTimeout(done, 60000));
};
// It looks for what a dead worker has locked each 8 to 10 minutes; here, more often.
const worker = { minResetLockedInterval: 500, maxResetLockedInterval: 500 };
await run({ connectionString, noHandleSignals: true, pollInterval: 500, taskList: { load }, preset: { worker } });
NODE
cat > pg-boss.mjs << 'NODE'
import { PgBoss } from "pg-boss";
import { appendFileSync } from "fs";

const mode = process.argv[2];
const boss = new PgBoss({ connectionString: process.env.DATABASE_URL, superviseIntervalSeconds: 1, monitorIntervalSeconds: 1, maintenanceIntervalSeconds: 1 });
boss.on("error", console.log);
await boss.start();
await boss.createQueue("load");
if (mode === "add") {
    await boss.send("load", {});
    process.exit();
}
await boss.work("load", { pollingIntervalSeconds: 0.5 }, async () => {
    appendFileSync("pg-boss.runs", mode + "\n");
    if (mode === "first") await new Promise((done) => setTimeout(done, 60000));
});
NODE
cat > procrastinate_jobs.py << 'PYTHON'
import asyncio, os, sys, procrastinate

mode = sys.argv[1]
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["DATABASE_URL"]))

@app.task(name="load", retry=3)
async def load():
    open("procrastinate.runs", "a").write(mode + "\n")
    if mode == "first":
        await asyncio.sleep(60)

async def main():
    async with app.open_async():
        if mode == "add":
            await app.schema_manager.apply_schema_async()
            await load.defer_async()
        else:
            await app.run_worker_async(install_signal_handlers=False, fetch_job_polling_interval=0.5)

asyncio.run(main())
PYTHON
cat > pgqueuer_jobs.py << 'PYTHON'
import asyncio, os, sys, asyncpg, pgqueuer
from pgqueuer.db import AsyncpgDriver

mode = sys.argv[1]

async def main():
    driver = AsyncpgDriver(await asyncpg.connect(os.environ["DATABASE_URL"]))
    if mode == "add":
        queries = pgqueuer.Queries(driver)
        await queries.install()
        await queries.enqueue("load", b"")
        return
    queue = pgqueuer.PgQueuer(driver)

    @queue.entrypoint("load")
    async def load(job):
        open("pgqueuer.runs", "a").write(mode + "\n")
        if mode == "first":
            await asyncio.sleep(60)

    await queue.run()

asyncio.run(main())
PYTHON
sql() { psql --port="$server_port" --quiet --tuples-only --no-align --command="$1"; }
queue() { # the name, the age in minutes at which the job is not run again, and at which it is; how it is made so old; the command
    local name=$1 young=$2 old=$3 older=$4 worker
    shift 4
    timeout 60 "$@" add > out 2>&1
    "$@" first > first.log 2>&1 < /dev/null &
    worker=$!
    started+=("$worker")
    within 60 test -s "$name.runs"
    kill -KILL "$worker"
    wait "$worker" 2> /dev/null || true
    "$@" second > second.log 2>&1 < /dev/null &
    worker=$!
    started+=("$worker")
    sleep 5
    sql "${older//AGE/$young minutes}"
    sleep 10
    echo "$name after $young minutes: $(grep -q second "$name.runs" && echo run again || echo not run)" >> seen
    if [ "$old" != never ]; then
        sql "${older//AGE/$old minutes}"
        within 60 grep -q second "$name.runs"
        echo "$name after $old minutes: run again" >> seen
    fi
    kill "$worker"
    wait "$worker" 2> /dev/null || true
}
queue graphile-worker 230 250 "UPDATE graphile_worker._private_jobs SET locked_at = now() - interval 'AGE'" node graphile-worker.mjs
queue pg-boss 14 16 "UPDATE pgboss.job SET started_on = now() - interval 'AGE' WHERE name = 'load'" node pg-boss.mjs
queue procrastinate 1440 never "UPDATE procrastinate_workers SET last_heartbeat = now() - interval 'AGE' WHERE last_heartbeat < now() - interval '3 seconds'" \
    python3 procrastinate_jobs.py
echo "procrastinate: $(sql 'SELECT status FROM procrastinate_jobs')" >> seen
queue pgqueuer 0 1 "UPDATE pgqueuer SET heartbeat = now() - interval 'AGE'" python3 pgqueuer_jobs.py
expect 'graphile-worker after 230 minutes: not run
graphile-worker after 250 minutes: run again
pg-boss after 14 minutes: not run
pg-boss after 16 minutes: run again
procrastinate after 1440 minutes: not run
procrastinate: doing
pgqueuer after 0 minutes: not run
pgqueuer after 1 minutes: run again' "$(cat seen)"
