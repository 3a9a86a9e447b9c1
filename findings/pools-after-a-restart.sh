#!/usr/bin/env bash
# Guess: when PostgreSQL has been restarted, a pool finds its connections closed and opens new ones; a program sees one error at most.
# Seen: psycopg_pool, plain and async, hands out each dead connection once: with five connections five jobs fail one after another, whenever
# they next come. SQLAlchemy fails one and then renews all. asyncpg fails none, nor do psycopg_pool with `check=` and SQLAlchemy with `pool_pre_ping`.
# Why it matters: "try it again three times" with a pool of five gives up after a restart of a second, long after that is over.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

python 'psycopg[binary]==3.3.9' psycopg_pool==3.3.3 asyncpg==0.32.0 SQLAlchemy==2.1.9
cat > "$work/pools.py" << 'PYTHON'
import asyncio, logging, os, pathlib, sys
import asyncpg, psycopg_pool, sqlalchemy
from psycopg_pool import AsyncConnectionPool, ConnectionPool

url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
FIVE = dict(min_size=5, max_size=5)
logging.disable()

def of_psycopg(**options):
    pool = ConnectionPool(url, open=True, **FIVE, **options)
    pool.wait()
    async def use():
        with pool.connection() as connection:
            connection.execute("SELECT 1")
    return use

def of_sqlalchemy(**options):
    engine = sqlalchemy.create_engine(url.replace("://", "+psycopg://"), pool_size=5, **options)
    five = [engine.connect() for _ in range(5)]
    for connection in five:
        connection.close()
    async def use():
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT 1"))
    return use

async def of_psycopg_async():
    pool = AsyncConnectionPool(url, open=False, **FIVE)
    await pool.open(wait=True)
    async def use():
        async with pool.connection() as connection:
            await connection.execute("SELECT 1")
    return use

async def of_asyncpg():
    pool = await asyncpg.create_pool(url, **FIVE)
    async def use():
        async with pool.acquire() as connection:
            await connection.execute("SELECT 1")
    return use

async def main():
    pools = {
        "psycopg_pool": of_psycopg(),
        "psycopg_pool, async": await of_psycopg_async(),
        "psycopg_pool, check=": of_psycopg(check=ConnectionPool.check_connection),
        "SQLAlchemy": of_sqlalchemy(),
        "SQLAlchemy, pool_pre_ping": of_sqlalchemy(pool_pre_ping=True),
        "asyncpg": await of_asyncpg(),
    }
    (folder / "pooled").touch()
    while not (folder / "restarted").exists():
        await asyncio.sleep(0.1)
    for name, use in pools.items():
        failed = 0
        for _ in range(10):
            try:
                await use()
            except Exception:
                failed += 1
            await asyncio.sleep(0.2)
        print(f"{name}: {failed} of 10 fail")

asyncio.run(main())
sys.stdout.flush()
os._exit(0)
PYTHON
pooled_postgres
start pools timeout 90 python3 "$work/pools.py" "postgresql://job@127.0.0.1:$server_port/postgres" "$work"
program=${started[-1]}
within 30 test -e "$work/pooled"
kill -INT "${started[0]}"
wait "${started[0]}" || true
start postgres "${nobody[@]}" postgres -D "$work/data" -p "$server_port" -h 127.0.0.1 -k '' -F
within 60 psql --port="$server_port" --command='SELECT 1'
sleep 2
touch "$work/restarted"
wait "$program"
expect 'psycopg_pool: 5 of 10 fail
psycopg_pool, async: 5 of 10 fail
psycopg_pool, check=: 0 of 10 fail
SQLAlchemy: 1 of 10 fail
SQLAlchemy, pool_pre_ping: 0 of 10 fail
asyncpg: 0 of 10 fail' "$(cat "$work/pools.log")"
