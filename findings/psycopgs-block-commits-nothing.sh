#!/usr/bin/env bash
# Guess: what is written within psycopg's `with connection.transaction():` is committed when the block is over.
# Seen: it is where the block comes first. After any statement, a SELECT, the block is a savepoint of the transaction which that has begun: nothing is
# committed at its end, and all is rolled back when the program ends, with 0. psycopg 3 alone does so without a word: SQLAlchemy's `begin()` raises there,
# psycopg2's `with connection:` commits, asyncpg's and pg8000's statement has begun nothing. It is as guessed with `autocommit=True`, and within
# `with psycopg.connect():` and `with pool.connection():`, which commit at their own end.
# Why it matters: the job that first reads what it did last time writes nothing, says that it has, and does the same work again the next night; and while
# it runs, nobody else sees its "committed" progress, and its locks stay.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

python 'psycopg[binary,pool]==3.3.9' psycopg2-binary==2.9.13 pg8000==1.31.6 asyncpg==0.32.0 sqlalchemy==2.1.9
pooled_postgres
export PGPORT=$server_port
cd "$work"
psql --quiet --command='CREATE TABLE done (job text)'
cat > job.py << 'PYTHON'
import asyncio, os, sys

name = sys.argv[1]
read, write = "SELECT count(*) FROM done", f"INSERT INTO done VALUES ('{name}')"
where = dict(host="127.0.0.1", port=int(os.environ["PGPORT"]), user="job", database="postgres")

def psycopg_blocks(connection, first=None):
    if first:
        connection.execute(first)
    with connection.transaction():
        connection.execute(write)

if name.startswith("psycopg 3"):
    import psycopg
    if name == "psycopg 3, the block first":
        psycopg_blocks(psycopg.connect())
    elif name == "psycopg 3, a SELECT first":
        psycopg_blocks(psycopg.connect(), read)
    elif name == "psycopg 3, async":
        async def job():
            connection = await psycopg.AsyncConnection.connect()
            await connection.execute(read)
            async with connection.transaction():
                await connection.execute(write)
        asyncio.run(job())
    elif name == "psycopg 3, autocommit":
        psycopg_blocks(psycopg.connect(autocommit=True), read)
    elif name == "psycopg 3, with":
        with psycopg.connect() as connection:
            psycopg_blocks(connection, read)
    else:
        import psycopg_pool
        with psycopg_pool.ConnectionPool(min_size=1) as pool, pool.connection() as connection:
            psycopg_blocks(connection, read)
elif name == "psycopg2":
    import psycopg2
    connection = psycopg2.connect("")
    cursor = connection.cursor()
    cursor.execute(read)
    with connection:
        cursor.execute(write)
elif name == "SQLAlchemy":
    import sqlalchemy
    connection = sqlalchemy.create_engine("postgresql+psycopg://").connect()
    connection.execute(sqlalchemy.text(read))
    with connection.begin():
        connection.execute(sqlalchemy.text(write))
elif name == "pg8000":
    import pg8000.native
    connection = pg8000.native.Connection(**where)
    connection.run(read)
    connection.run("START TRANSACTION")
    connection.run(write)
    connection.run("COMMIT")
else:
    import asyncpg
    async def job():
        connection = await asyncpg.connect(**where)
        await connection.fetch(read)
        async with connection.transaction():
            await connection.execute(write)
    asyncio.run(job())
PYTHON
end() { # the name
    local code=0
    timeout 60 python3 job.py "$1" > out 2>&1 < /dev/null || code=$?
    echo "$1: exit code $code, $(psql --no-psqlrc --tuples-only --no-align --command="SELECT count(*) FROM done WHERE job = '$1'") row"
}
seen=$(
    for way in 'the block first' 'a SELECT first' async autocommit with pool; do end "psycopg 3, $way"; done
    for name in psycopg2 SQLAlchemy pg8000 asyncpg; do end "$name"; done
)
expect 'psycopg 3, the block first: exit code 0, 1 row
psycopg 3, a SELECT first: exit code 0, 0 row
psycopg 3, async: exit code 0, 0 row
psycopg 3, autocommit: exit code 0, 1 row
psycopg 3, with: exit code 0, 1 row
psycopg 3, pool: exit code 0, 1 row
psycopg2: exit code 0, 1 row
SQLAlchemy: exit code 1, 0 row
pg8000: exit code 0, 1 row
asyncpg: exit code 0, 1 row' "$seen"
