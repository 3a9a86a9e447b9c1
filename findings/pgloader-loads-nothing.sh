#!/usr/bin/env bash
# Guess: pgloader fails where rows, or all of them, cannot be loaded.
# Seen: exit code 0, also where not one row of the file came in, and with `truncate` the table is empty then: what is refused goes to a file below its
# root folder, and is counted, twice for each row, in the summary. A move of a whole SQLite database that leaves out a table's only row ends with 0, and
# so does a load with `--on-error-stop`. A missing file is 1.
# Why it matters: from the night on which the source has another format of dates the table is empty, and the load is well.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
debian pgloader=3.6.9-1 sqlite3=3.40.1-2+deb12u2 libsqlite3-0=3.40.1-2+deb12u2
cd "$work"
export HOME=$work
url=postgresql://job@127.0.0.1:$server_port/postgres
psql --port="$server_port" --quiet --command='CREATE TABLE orders (id int, amount int)'
printf '1,20\n2,30\n' > good.csv
printf '1,20\n2,none\n' > one.csv
printf '2026-11-01,20\n2026-11-02,30\n' > all.csv
printf "CREATE TABLE users (id int, born date); INSERT INTO users VALUES (1, '2026-13-45');" | sqlite3 users.db
load() { # the title, the options and the source
    local code=0 title=$1
    shift
    timeout 60 pgloader --root-dir "$work/pgloader" "$@" > log 2>&1 || code=$?
    echo "$title: exit code $code, $(awk '/Total import time/ { print $5 " rows" }' log)"
}
csv() {
    printf "LOAD CSV FROM '%s' (id, amount) INTO %s TARGET TABLE public.orders (id, amount) WITH truncate, fields terminated by ',';\n" "$work/$1.csv" "$url" > "$1.load"
    echo "$1.load"
}
expect 'two good rows: exit code 0, 2 rows
one of two is bad: exit code 0, 1 rows
both are bad: exit code 0, 0 rows, of which the table has 0
--on-error-stop: exit code 0, 0 rows
from SQLite: exit code 0, 0 rows
missing file: exit code 1, ' "$(
    load 'two good rows' "$(csv good)"
    load 'one of two is bad' "$(csv one)"
    load 'both are bad' "$(csv all)" | tr -d '\n'
    echo ", of which the table has $(psql --port="$server_port" -Atc 'SELECT count(*) FROM orders')"
    load '--on-error-stop' --on-error-stop "$(csv all)"
    load 'from SQLite' "sqlite://$work/users.db" "$url"
    load 'missing file' "$(csv missing)"
)"
