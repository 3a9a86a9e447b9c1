#!/usr/bin/env bash
# Guess: a job that wants a connection of its pool while all are out gets an error after half a minute or so.
# Seen: of asyncpg, and of pg, postgres and generic-pool (npm), it waits on, without a limit and without a word; of psycopg2 and peewee the error comes
# at once, of SQLAlchemy and psycopg_pool after 30 seconds, of knex and aiopg after 60. pg has `connectionTimeoutMillis`, asyncpg the `timeout` of
# `acquire()`.
# Why it matters: a step that takes a second connection while it holds one works until as many run side by side as the pool has connections; then all of
# them wait for each other, and nothing fails, so nothing alerts but a limit on the job's time.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
python asyncpg==0.32.0 psycopg==3.3.9 psycopg-binary==3.3.9 psycopg-pool==3.3.3 SQLAlchemy==2.1.9 aiopg==1.4.0 psycopg2-binary==2.9.13 peewee==4.5.3
node_modules pg@8.23.1 postgres@3.4.9 knex@3.3.0 generic-pool@3.9.0
cd "$work"
cat > pools.py << 'PYTHON'
import asyncio, sys, threading, time
import aiopg, asyncpg, playhouse.pool, psycopg2.pool, psycopg_pool, sqlalchemy

url, port = sys.argv[1], int(sys.argv[2])

def say(name, get):
    begin = time.monotonic()
    try:
        get()
        seen = "served"
    except Exception as error:
        took = time.monotonic() - begin
        seen = "an error at once" if took < 10 else "an error after 30 s" if took < 45 else "an error after 60 s"
    print(f"{name}: {seen}", flush=True)

def with_asyncio(name, create, **options):
    async def main():
        pool = await create(url, **options)
        await pool.acquire()
        begin = time.monotonic()
        waits = asyncio.ensure_future(pool.acquire())
        await asyncio.wait([waits], timeout=75)
        print(f"{name}: {'an error after 60 s' if waits.done() else 'still waits after 75 s'}", flush=True)
    asyncio.run(main())

def with_psycopg2():
    pool = psycopg2.pool.ThreadedConnectionPool(1, 1, url)
    pool.getconn()
    say("psycopg2", pool.getconn)

def with_peewee():
    database = playhouse.pool.PooledPostgresqlDatabase("postgres", user="job", host="127.0.0.1", port=port, max_connections=1)
    database.connect()
    second = threading.Thread(target=say, args=("peewee", database.connect))
    second.start()
    second.join()

def with_sqlalchemy():
    engine = sqlalchemy.create_engine(url.replace("postgres:", "postgresql+psycopg:"), pool_size=1, max_overflow=0)
    held = engine.connect()
    say("SQLAlchemy", engine.connect)

def with_psycopg_pool():
    pool = psycopg_pool.ConnectionPool(url, min_size=1, max_size=1, open=True)
    pool.getconn()
    say("psycopg_pool", pool.getconn)

each = [
    with_psycopg2, with_peewee, with_sqlalchemy, with_psycopg_pool,
    lambda: with_asyncio("asyncpg", asyncpg.create_pool, min_size=1, max_size=1),
    lambda: with_asyncio("aiopg", aiopg.create_pool, minsize=1, maxsize=1),
]
threads = [threading.Thread(target=one, daemon=True) for one in each]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(100)
PYTHON
cat > pools.cjs << 'NODE'
const url = process.argv[2];

async function say(name, get) {
    const begin = Date.now();
    const error = () => `an error after ${Date.now() - begin < 45000 ? 30 : 60} s`;
    const late = new Promise((done) => setTimeout(() => done("still waits after 75 s"), 75000));
    console.log(`${name}: ${await Promise.race([get().then(() => "served", error), late])}`);
}

(async () => {
    const pool = new (require("pg").Pool)({ connectionString: url, max: 1 });
    await pool.connect();
    const sql = require("postgres")(url, { max: 1 });
    await sql.reserve();
    const knex = require("knex")({ client: "pg", connection: url, pool: { min: 0, max: 1 }, log: { warn() {}, error() {} } });
    await knex.transaction();
    const generic = require("generic-pool").createPool({ create: async () => ({}), destroy: async () => {} }, { max: 1 });
    await generic.acquire();
    await Promise.all([
        say("pg", () => pool.connect()),
        say("postgres", () => sql`SELECT 1`.execute()),
        say("knex", () => knex.raw("SELECT 1")),
        say("generic-pool", () => generic.acquire()),
    ]);
    process.exit();
})();
NODE
url=postgres://job@127.0.0.1:$server_port/postgres
unset LD_LIBRARY_PATH # of PostgreSQL alone
start node timeout 150 node pools.cjs "$url"
node=$!
timeout 150 python3 pools.py "$url" "$server_port" > python.log 2> errors
wait "$node"
expect 'SQLAlchemy: an error after 30 s
aiopg: an error after 60 s
asyncpg: still waits after 75 s
generic-pool: still waits after 75 s
knex: an error after 60 s
peewee: an error at once
pg: still waits after 75 s
postgres: still waits after 75 s
psycopg2: an error at once
psycopg_pool: an error after 30 s' "$(cat node.log python.log | grep ': \(an error\|still\|served\)' | sort)"
