#!/usr/bin/env bash
# Guess: a statement that PostgreSQL does not carry out is an error, and psql with ON_ERROR_STOP=1 ends with a code.
# Seen: VACUUM and ANALYZE of another role's table, GRANT and REVOKE without the right to, and SET LOCAL outside a transaction do nothing, with a
# warning and 0. CREATE INDEX CONCURRENTLY IF NOT EXISTS, which fails, is well the next time: the index is there, and invalid. REINDEX, TRUNCATE and LOCK fail.
# Why it matters: the nightly clean-up got a role of its own, and has vacuumed nothing since; the statement that was to have a limit of its own has none; the migration
# that failed is green when it is tried again, and its index is not used. What is a job wants to ask what is so: pg_stat_user_tables, pg_index.indisvalid.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
export PGPORT=$server_port
cd "$work"
psql --quiet --command='CREATE ROLE nightly LOGIN; CREATE ROLE reader; CREATE TABLE orders (id integer);
    INSERT INTO orders VALUES (1); GRANT SELECT ON orders TO nightly;
    CREATE TABLE own (id integer); INSERT INTO own VALUES (1), (1); ALTER TABLE own OWNER TO nightly; GRANT CREATE ON SCHEMA public TO nightly'
export PGUSER=nightly
end() { # the title, the command
    local code=0 title=$1
    shift
    timeout 30 "$@" > out 2>&1 < /dev/null || code=$?
    echo "$title: exit code $code"
}
sql() { end "$1" psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --command="$1"; }
seen=$(
    sql 'VACUUM orders'
    sql 'ANALYZE orders'
    echo "vacuumed: $(psql --no-psqlrc --tuples-only --no-align --command="SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'orders'") times"
    sql 'GRANT SELECT ON orders TO reader'
    sql 'REVOKE SELECT ON orders FROM nightly'
    sql "SET LOCAL statement_timeout = '1s'"
    sql 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS one ON own (id)'
    sql 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS one ON own (id)'
    echo "valid: $(psql --no-psqlrc --tuples-only --no-align --command="SELECT indisvalid FROM pg_index WHERE indexrelid = 'one'::regclass")"
    sql 'REINDEX TABLE orders'
    sql 'TRUNCATE orders'
    sql 'LOCK TABLE orders'
)
expect "VACUUM orders: exit code 0
ANALYZE orders: exit code 0
vacuumed: 0 times
GRANT SELECT ON orders TO reader: exit code 0
REVOKE SELECT ON orders FROM nightly: exit code 0
SET LOCAL statement_timeout = '1s': exit code 0
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS one ON own (id): exit code 1
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS one ON own (id): exit code 0
valid: f
REINDEX TABLE orders: exit code 1
TRUNCATE orders: exit code 1
LOCK TABLE orders: exit code 1" "$seen"
