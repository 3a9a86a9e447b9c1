#!/usr/bin/env bash
# Guess: a worker that asks each half second for the tasks whose time has come, `due <= now()`, finds one that is due a second later.
# Seen: never, by one connection of psycopg 3, psycopg2, pg8000's `dbapi` or SQLAlchemy that does not commit what it has read: its first SELECT begins a transaction, and
# `now()` is the time when that began. It does see new rows that were due before; `clock_timestamp()` goes on. PyMySQL sees no new row at all, for there all of
# the transaction sees what its first SELECT saw. It is as guessed with asyncpg, pg8000's `native`, `autocommit=True`, or a `commit()` after each look.
# Why it matters: a queue in a table, a check of how old the newest row is, a wait for "loaded": each works when it is tried, for the first look is
# right, and stands still from then on, without an error; the transaction that stays open keeps VACUUM from its work, too.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"
. "$(dirname "$0")/mariadb.bash"

python 'psycopg[binary]==3.3.9' psycopg2-binary==2.9.13 pg8000==1.31.6 asyncpg==0.32.0 sqlalchemy==2.1.9 pymysql==1.2.4
pooled_postgres
mariadb_server
export PGPORT=$server_port SOCKET=$work/socket
cd "$work"
psql --quiet --command='CREATE TABLE tasks (name text, due timestamptz)'
mariadb "${maria[@]}" --execute='CREATE DATABASE shop; CREATE TABLE shop.tasks (name VARCHAR(30), due TIMESTAMP(6))'
cat > worker.py << 'PYTHON'
import asyncio, os, time
import asyncpg, pg8000.dbapi, pg8000.native, psycopg, psycopg2, pymysql, sqlalchemy

where = dict(host="127.0.0.1", port=int(os.environ["PGPORT"]), user="job", database="postgres")
task = "INSERT INTO tasks VALUES ('a task', {} + INTERVAL '1' SECOND)"
due = "SELECT name FROM tasks WHERE due <= {}"
postgres = psycopg.connect(autocommit=True)
maria = dict(unix_socket=os.environ["SOCKET"], user="root", database="shop")
writer = pymysql.connect(autocommit=True, **maria)

def rows(cursor, query):
    cursor.execute(query)
    return cursor.fetchall()

def worker(name, look, write=postgres.execute, clock="now()"):
    write("DELETE FROM tasks")
    look(due.format(clock))
    write(task.format(clock))
    for _ in range(6):
        time.sleep(0.5)
        if look(due.format(clock)):
            return print(f"{name}: found")
    print(f"{name}: never")

connection = psycopg.connect()
worker("psycopg 3", lambda query: connection.execute(query).fetchall())
connection.rollback()
worker("psycopg 3, clock_timestamp()", lambda query: connection.execute(query).fetchall(), clock="clock_timestamp()")
connection.rollback()
def committed(query):
    found = connection.execute(query).fetchall()
    connection.commit()
    return found
worker("psycopg 3, commit", committed)
free = psycopg.connect(autocommit=True)
worker("psycopg 3, autocommit", lambda query: free.execute(query).fetchall())
cursor = psycopg2.connect("").cursor()
worker("psycopg2", lambda query: rows(cursor, query))
old = pg8000.dbapi.connect(**where).cursor()
worker("pg8000, dbapi", lambda query: rows(old, query))
worker("pg8000, native", pg8000.native.Connection(**where).run)
alchemy = sqlalchemy.create_engine("postgresql+psycopg://").connect()
worker("SQLAlchemy", lambda query: alchemy.execute(sqlalchemy.text(query)).fetchall())
mine = pymysql.connect(**maria).cursor()
worker("PyMySQL", lambda query: rows(mine, query), writer.cursor().execute)
mine.connection.rollback()
worker("PyMySQL, sysdate()", lambda query: rows(mine, query), writer.cursor().execute, "sysdate(6)")
own = pymysql.connect(autocommit=True, **maria).cursor()
worker("PyMySQL, autocommit", lambda query: rows(own, query), writer.cursor().execute)
loop = asyncio.new_event_loop()
quick = loop.run_until_complete(asyncpg.connect(**where))
worker("asyncpg", lambda query: loop.run_until_complete(quick.fetch(query)))
PYTHON
expect 'psycopg 3: never
psycopg 3, clock_timestamp(): found
psycopg 3, commit: found
psycopg 3, autocommit: found
psycopg2: never
pg8000, dbapi: never
pg8000, native: found
SQLAlchemy: never
PyMySQL: never
PyMySQL, sysdate(): never
PyMySQL, autocommit: found
asyncpg: found' "$(timeout 100 python3 worker.py 2> err || cat err)"
