#!/usr/bin/env bash
# Guess: an advisory lock of PostgreSQL that a job takes on a connection out of a pool is free once the connection is given back.
# Seen: only asyncpg's pool frees it. In the pools of psycopg, SQLAlchemy and node's pg the connection lies idle with the
# lock, for as long as its program lives.
# Why it matters: the lock is there so that a job does not run twice at once. In a worker that goes on after the job, no other
# worker ever gets it again: every further run says "is running already", and leaves itself out.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
python psycopg==3.3.9 psycopg-binary==3.3.9 psycopg-pool==3.3.3 SQLAlchemy==2.1.9 asyncpg==0.32.0
node_modules pg@8.23.1
cd "$work"
cat > pools.py << 'PYTHON'
import asyncio, sys, asyncpg, psycopg, psycopg_pool, sqlalchemy

port = sys.argv[1]
url = f"postgresql://job@127.0.0.1:{port}/postgres"
take = "SELECT pg_advisory_lock(7)"

def say(pool):
    with psycopg.connect(url) as other:
        free = other.execute("SELECT pg_try_advisory_lock(7)").fetchone()[0]
    print(f"{pool}: {'free' if free else 'held'}")

with psycopg_pool.ConnectionPool(url, min_size=1) as pool:
    with pool.connection() as connection:
        connection.execute(take)
    say("psycopg_pool")

engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
with engine.connect() as connection:
    connection.execute(sqlalchemy.text(take))
say("SQLAlchemy")
engine.dispose()

async def main():
    async with asyncpg.create_pool(url, min_size=1) as pool:
        async with pool.acquire() as connection:
            await connection.execute(take)
        say("asyncpg")

asyncio.run(main())
PYTHON
cat > pools.cjs << 'NODE'
const { Pool } = require("pg");
const server = { host: "127.0.0.1", port: +process.argv[2], user: "job", database: "postgres" };
(async () => {
    const pool = new Pool(server), other = new Pool(server);
    const connection = await pool.connect();
    await connection.query("SELECT pg_advisory_lock(7)");
    connection.release();
    const answer = await other.query("SELECT pg_try_advisory_lock(7) AS free");
    console.log(`pg: ${answer.rows[0].free ? "free" : "held"}`);
    await pool.end();
    await other.end();
})();
NODE
seen=$(
    timeout 60 python3 pools.py "$server_port"
    timeout 60 node pools.cjs "$server_port"
)
expect 'psycopg_pool: held
SQLAlchemy: held
asyncpg: free
pg: held' "$seen"
