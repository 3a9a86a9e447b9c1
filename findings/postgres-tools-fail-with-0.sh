#!/usr/bin/env bash
# Guess: PostgreSQL's own tools fail where they do not do what they were asked for; most of all `psql --single-transaction`.
# Seen: `psql --single-transaction --file` exits with 0 where a statement fails and all is rolled back, until
# `--set=ON_ERROR_STOP=1`. `psql -c BAD -c GOOD` gives the code of the last. `pg_dump` of two tables, one of which has a new
# name, dumps the other and exits with 0, without a word, until `--strict-names`. `pg_restore` of a table that is not in the
# dump restores nothing, with 0. `vacuumdb` of a table that the user may not touch warns, with 0.
# Why it matters: the nightly load has loaded nothing, the dump lacks a table, the restore did nothing, and all have worked.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
export PGPORT=$server_port
cd "$work"
psql --quiet --command='CREATE TABLE orders (id int)' --command='CREATE ROLE reader LOGIN'
printf 'INSERT INTO orders VALUES (1);\nINSERT INTO order VALUES (2);\n' > load.sql
code_of() { # the words to print, the command
    local name=$1 code=0
    shift
    timeout 60 "$@" > out 2> words || code=$?
    echo "$name: exit code $code, $(wc -l < words) lines of words"
}
rows() { echo "rows: $(psql --quiet --tuples-only --no-align --command='SELECT count(*) FROM orders')"; }
seen=$(
    code_of 'psql -1 -f' psql --quiet --single-transaction --file=load.sql
    rows
    code_of 'psql -1 -f, ON_ERROR_STOP' psql --quiet --set=ON_ERROR_STOP=1 --single-transaction --file=load.sql
    code_of 'psql -c BAD -c GOOD' psql --quiet --command='SELECT nothing' --command='SELECT 1'
    code_of 'psql -c GOOD -c BAD' psql --quiet --command='SELECT 1' --command='SELECT nothing'
    code_of 'pg_dump -t one' pg_dump --table=invoices
    code_of 'pg_dump -t two' pg_dump --table=orders --table=invoices
    echo "tables in the dump: $(grep -c '^CREATE TABLE' out)"
    code_of 'pg_dump -t two, --strict-names' pg_dump --strict-names --table=orders --table=invoices
    pg_dump --format=custom > dump
    code_of 'pg_restore -t' pg_restore --dbname=postgres --table=invoices dump
    code_of 'vacuumdb -t' vacuumdb --quiet --username=reader --table=orders
)
expect 'psql -1 -f: exit code 0, 3 lines of words
rows: 0
psql -1 -f, ON_ERROR_STOP: exit code 3, 3 lines of words
psql -c BAD -c GOOD: exit code 0, 3 lines of words
psql -c GOOD -c BAD: exit code 1, 3 lines of words
pg_dump -t one: exit code 1, 1 lines of words
pg_dump -t two: exit code 0, 0 lines of words
tables in the dump: 1
pg_dump -t two, --strict-names: exit code 1, 1 lines of words
pg_restore -t: exit code 0, 0 lines of words
vacuumdb -t: exit code 0, 1 lines of words' "$seen"
