#!/usr/bin/env bash
# Guess: whoever has sent LISTEN to PostgreSQL hears of each NOTIFY, or gets an error.
# Seen: LISTEN is answered without an error, and nothing is ever heard: by psycopg and pg8000 as they come, because the transaction
# that LISTEN has opened is never over, and through PgBouncer in transaction mode. A listener of asyncpg whose connection was
# ended, as by a restart of the server, gets no error, and waits on; psycopg raises one.
# Why it matters: a worker or a sender of alerts that waits for NOTIFY looks well, and does nothing, from the start or from the next
# restart of the server on. No log and no exit says so.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
python psycopg==3.3.9 psycopg-binary==3.3.9 asyncpg==0.32.0 pg8000==1.31.6
cat > "$work/listen.py" << 'PYTHON'
import asyncio, sys, time, asyncpg, pg8000.dbapi, psycopg

port, pooler = map(int, sys.argv[1:])
url = f"postgresql://job@127.0.0.1:{port}/postgres"

def send(statement):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)

def end_all_others():
    send("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'job'")

def heard(connection):
    return [note.payload for note in connection.notifies(timeout=3)]

for title, address, autocommit in [
    ("psycopg, autocommit", url, True),
    ("psycopg", url, False),
    ("psycopg, autocommit, PgBouncer", url.replace(str(port), str(pooler)), True),
]:
    with psycopg.connect(address, autocommit=autocommit) as connection:
        connection.execute("LISTEN jobs")
        send("NOTIFY jobs, 'failed'")
        print(f"{title}: {heard(connection)}")

connection = pg8000.dbapi.connect(user="job", host="127.0.0.1", port=port, database="postgres")
cursor = connection.cursor()
cursor.execute("LISTEN jobs")
send("NOTIFY jobs, 'failed'")
time.sleep(1)
cursor.execute("SELECT 1")
print(f"pg8000: {list(connection.notifications)}")
connection.close()

connection = psycopg.connect(url, autocommit=True)
connection.execute("LISTEN jobs")
end_all_others()
try:
    print(f"psycopg, its connection ended: {heard(connection)}")
except psycopg.OperationalError:
    print("psycopg, its connection ended: an error")

async def listener():
    notes = []
    connection = await asyncpg.connect(url)
    await connection.add_listener("jobs", lambda *note: notes.append(note[-1]))
    send("NOTIFY jobs, 'first'")
    await asyncio.sleep(1)
    end_all_others()
    await asyncio.sleep(1)
    send("NOTIFY jobs, 'second'")
    await asyncio.sleep(2)
    print(f"asyncpg, its connection ended after the first: {notes}, no error")

asyncio.run(listener())
PYTHON
seen=$(timeout 90 python3 "$work/listen.py" "$server_port" "$pooler_port" 2>&1)
expect "psycopg, autocommit: ['failed']
psycopg: []
psycopg, autocommit, PgBouncer: []
pg8000: []
psycopg, its connection ended: an error
asyncpg, its connection ended after the first: ['first'], no error" "$seen"
