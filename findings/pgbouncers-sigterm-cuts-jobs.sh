#!/usr/bin/env bash
# Guess: SIGTERM lets PgBouncer finish the transactions under way, and a job whose connection it cuts has done nothing.
# Seen: it cuts them all at once. A transaction is rolled back, and a statement by itself is worked on and committed, while its job fails with "server closed the
# connection unexpectedly". SIGINT waits for both. Debian's unit stops it with SIGINT; a container, a supervisor and `kill` send SIGTERM. PgBouncer 1.23 changed
# it: SIGTERM waits until the last client has gone.
# Why it matters: a new image of the pooler fails every job that is at work, and whoever starts the failed load once more loads it twice.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/postgres.bash"

pooled_postgres
kill "${started[-1]}" # a pooler whose process is known is started below
psql --port="$server_port" --quiet --command='CREATE TABLE loads (name text)'
stop() { # the signal, the title, the statements
    local code=0
    start pooler "${nobody[@]}" pgbouncer "$work/pooler/ini"
    local pooler=$!
    within 20 psql --port="$pooler_port" --command='SELECT 1'
    printf '%s\n' "$3" | timeout 60 psql --port="$pooler_port" --no-psqlrc --quiet --tuples-only --set=ON_ERROR_STOP=1 > "$work/job.log" 2>&1 &
    local job=$!
    at_work() { [ "$(psql --port="$server_port" --tuples-only --no-align --command="SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'")" = 1 ]; }
    within 20 at_work
    kill "-$1" "$pooler"
    wait "$job" || code=$?
    at_rest() { ! at_work; }
    within 20 at_rest
    echo "$1, $2: exit code $code$(grep -o 'server closed the connection unexpectedly' "$work/job.log" | sed 's/^/, /')," \
        "rows $(psql --port="$server_port" --tuples-only --no-align --command='SELECT count(*) FROM loads')"
    psql --port="$server_port" --quiet --command='TRUNCATE loads'
    kill "$pooler" 2> /dev/null || true
    wait "$pooler" || true
}
transaction=$'BEGIN;\nINSERT INTO loads VALUES (\'orders\');\nSELECT pg_sleep(4);\nCOMMIT;'
statement="INSERT INTO loads SELECT 'orders' FROM pg_sleep(4);"
{
    stop INT 'a transaction' "$transaction"
    stop INT 'a statement' "$statement"
    stop TERM 'a transaction' "$transaction"
    stop TERM 'a statement' "$statement"
} > "$work/seen"
expect 'INT, a transaction: exit code 0, rows 1
INT, a statement: exit code 0, rows 1
TERM, a transaction: exit code 2, server closed the connection unexpectedly, rows 0
TERM, a statement: exit code 2, server closed the connection unexpectedly, rows 1' "$(cat "$work/seen")"
