#!/usr/bin/env bash
# Guess: a Python job that takes SIGTERM by `signal.signal(SIGTERM, lambda *_: sys.exit(143))` ends at once, whatever it waits for.
# Seen: not before the query of psycopg2 or sqlite3 is over, sqlite3's wait for a lock, `os.system`, or the task of a thread pool: Python runs the handler
# between two of its own steps, and there is none meanwhile. DuckDB ends its query, but with a RuntimeError and 1. It is as guessed with psycopg 3, pg8000, asyncpg,
# `subprocess.run`, `Thread.join`, `time.sleep`.
# Why it matters: systemd and Docker wait for 90 and 10 seconds, then comes SIGKILL: the handler that was to clean up, free the lock and send "stopped" never ran. The
# job without a handler ends at once.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

python 'psycopg[binary]==3.3.9' psycopg2-binary==2.9.13 pg8000==1.31.6 asyncpg==0.32.0 duckdb==1.5.6
pooled_postgres
export PGPORT=$server_port
cd "$work"
cat > job.py << 'PYTHON'
import asyncio, concurrent.futures, os, signal, sqlite3, subprocess, sys, threading, time

where = dict(host="127.0.0.1", port=int(os.environ["PGPORT"]), user="job", database="postgres")
query = "SELECT pg_sleep(5)"

def begun():
    print("begun", flush=True)

def in_psycopg2():
    import psycopg2
    cursor = psycopg2.connect("").cursor()
    begun()
    cursor.execute(query)

def in_psycopg():
    import psycopg
    connection = psycopg.connect()
    begun()
    connection.execute(query)

def in_pg8000():
    import pg8000.native
    connection = pg8000.native.Connection(**where)
    begun()
    connection.run(query)

def in_asyncpg():
    import asyncpg
    async def job():
        connection = await asyncpg.connect(**where)
        begun()
        await connection.execute(query)
    asyncio.run(job())

def in_sqlite3():
    shop = sqlite3.connect(":memory:")
    begun()
    shop.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 60000000) SELECT sum(i) FROM n").fetchall()

def in_sqlite3_lock():
    holder = sqlite3.connect("shop.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    shop = sqlite3.connect("shop.db", isolation_level=None)
    begun()
    try:
        shop.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        pass

def in_duckdb():
    import duckdb
    begun()
    duckdb.sql("SELECT count(*) FROM range(3000000) a, range(200000) b WHERE a.range % 7 = b.range % 5").fetchall()

def in_sleep():
    begun()
    time.sleep(5)

def in_join():
    thread = threading.Thread(target=time.sleep, args=[5], daemon=True)
    thread.start()
    begun()
    thread.join()

def in_pool():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        begun()
        pool.submit(time.sleep, 5).result()

def in_run():
    begun()
    subprocess.run(["sleep", "5"])

def in_system():
    begun()
    os.system("sleep 5")

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
globals()[f"in_{sys.argv[1]}"]()
print("over")
PYTHON
end() { # the name
    local code=0 begin pid how='at once'
    : > out
    timeout --foreground --kill-after=120 30 python3 job.py "$1" >> out 2>> err < /dev/null &
    pid=$!
    within 20 grep -q begun out
    sleep 0.3
    begin=$SECONDS
    kill "$pid"
    wait "$pid" || code=$?
    ((SECONDS - begin < 3)) || how='when it is over'
    echo "$1: $how, exit code $code"
}
seen=$(for name in psycopg2 sqlite3 sqlite3_lock system pool duckdb psycopg pg8000 asyncpg run join sleep; do end $name; done)
expect 'psycopg2: when it is over, exit code 143
sqlite3: when it is over, exit code 143
sqlite3_lock: when it is over, exit code 143
system: when it is over, exit code 143
pool: when it is over, exit code 143
duckdb: at once, exit code 1
psycopg: at once, exit code 143
pg8000: at once, exit code 143
asyncpg: at once, exit code 143
run: at once, exit code 143
join: at once, exit code 143
sleep: at once, exit code 143' "$seen"
